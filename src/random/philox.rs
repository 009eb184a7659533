//! Counter-based random numbers: every draw is a function of what it is for.
//!
//! ```text
//! key     = first 64 bits of Philox(key = seed; counter = (replication, domain tag))
//! counter = (step, entity, purpose, draw)
//! draw    = Philox4x32-10(key; counter)         4 words of 32 bits = 2 uniforms
//! ```
//!
//! There is no generator object and nothing advances. A new facility, a new rule or another order of
//! evaluation therefore shifts no other draw, and the same replication of two scenarios has the same
//! luck, which is what makes paired differences between scenarios sharp.
//!
//! The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
//! as 1, 2, 3" (SC'11); the tests hold it to the known answers published with Random123.

use std::collections::BTreeMap;

use rand_philox::philox4x32_10;

/// What a draw is for. The numbers are part of the definition of every published result: never
/// change or reuse one.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Share of a supplier in a buyer's purchases.
    Share = 1,
    /// Technical coefficient (input per output).
    Coefficient = 2,
    /// Days of stock a line keeps.
    Cover = 3,
    /// Capacity of a line or pool.
    Capacity = 4,
    /// Growth of demand.
    Growth = 5,
    /// Season of demand.
    Season = 6,
    /// Share of a flow that travels by air.
    AirShare = 7,
    /// Factor common to a region.
    RegionFactor = 8,
    /// Any other uncertain parameter of the scenario.
    Parameter = 9,
    /// Time at which a shock starts.
    ShockTime = 10,
    /// Size of a shock.
    ShockSize = 11,
    /// Time at which a shock ends.
    ShockEnd = 12,
    /// Whether a conditional event happens.
    Trigger = 13,
    /// Registration of a licence application at the desk.
    Intake = 14,
    /// Time the desk takes to review.
    Review = 15,
    /// Approved, returned or rejected.
    Decision = 16,
    /// Time the applicant takes to answer a question.
    ApplicantDelay = 17,
    /// Goods held though they need no licence.
    Hold = 18,
    /// Exporters who stop shipping what is still legal.
    OverCompliance = 19,
    /// Lag between shipment and customs record.
    CustomsLag = 20,
    /// Change of regime.
    Regime = 21,
    /// Noise of prices.
    PriceNoise = 22,
    /// Points of an experimental design.
    Design = 23,
    /// A made-up firm network.
    Network = 24,
    /// Tests.
    Test = 99,
}

/// Third counter word under which keys are made; no key made with it is ever used with it.
const KEY_DOMAIN: u32 = 0x434f_4552; // "COER"

/// All random numbers of one replication.
///
/// ```
/// use coercivity::random::philox::{Entity, Purpose, Streams};
///
/// let luck = Streams::new(2025, 7);
/// let mine = Entity::of("mine-hill");
/// // Not a sequence: whoever asks for a number gets the same one, in any order.
/// let first = luck.uniform(Purpose::Test, mine, 3, 0);
/// let other = luck.uniform(Purpose::Test, Entity::of("mine-vale"), 3, 0);
/// assert_eq!(first, Streams::new(2025, 7).uniform(Purpose::Test, mine, 3, 0));
/// assert!(first != other && 0.0 < first && first < 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    key: [u32; 2],
}

impl Streams {
    /// The streams of replication `replication` (counted from 0) under `seed`.
    #[must_use]
    pub fn new(seed: u64, replication: u64) -> Self {
        let [r0, r1] = halves(replication);
        let [k0, k1, ..] = philox4x32_10([r0, r1, KEY_DOMAIN, 0], halves(seed));
        Self { key: [k0, k1] }
    }

    /// One uniform on the open interval (0, 1): the first of [`Self::block`].
    ///
    /// `draw` numbers the draws of one entity for one purpose in one step (0 unless there are several).
    #[inline]
    #[must_use]
    pub fn uniform(&self, purpose: Purpose, entity: Entity, step: u32, draw: u32) -> f64 {
        self.block(purpose, entity, step, draw)[0]
    }

    /// Two independent uniforms on the open interval (0, 1), at the price of one.
    ///
    /// Each is an odd 53-bit integer times 2⁻⁵³: never 0 or 1, symmetric about ½, exact in `f64`.
    #[inline]
    #[must_use]
    pub fn block(&self, purpose: Purpose, entity: Entity, step: u32, draw: u32) -> [f64; 2] {
        let [a, b, c, d] = philox4x32_10([step, entity.0, purpose as u32, draw], self.key);
        [unit(a, b), unit(c, d)]
    }
}

/// Low and high 32 bits.
#[inline]
#[allow(clippy::cast_possible_truncation)] // halving is the point
const fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// 52 of 64 random bits to the centre of one of 2⁵² equal cells of (0, 1).
#[inline]
#[allow(clippy::cast_precision_loss)] // the numerator has 53 bits: exact
fn unit(low: u32, high: u32) -> f64 {
    const STEP: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
    let word = u64::from(low) | (u64::from(high) << 32);
    ((word >> 11) | 1) as f64 * STEP
}

/// A stable 32-bit number for a textual id, so that draws belong to names and not to positions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Entity(pub u32);

impl Entity {
    /// Hashes the bytes of `id`: FNV-1a over 64 bits, a 64-bit finaliser (two multiply-xorshift
    /// rounds, so that ids differing in the last letter differ in every bit), then high xor low half.
    ///
    /// Two ids may meet by chance (about 1 in 8,600 for 1,000 ids); [`collisions`] finds them.
    #[must_use]
    pub const fn of(id: &str) -> Self {
        let bytes = id.as_bytes();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        let [low, high] = halves(hash ^ (hash >> 33));
        Self(low ^ high)
    }
}

/// The first two *different* ids that would share their draws, in the order given; `None` if all is
/// well. The same id twice is not a collision.
pub fn collisions<I>(ids: I) -> Option<(String, String)>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut seen = BTreeMap::<Entity, String>::new();
    for id in ids {
        let id = id.as_ref();
        match seen.get(&Entity::of(id)) {
            Some(other) if other != id => return Some((other.clone(), id.to_owned())),
            Some(_) => {}
            None => {
                seen.insert(Entity::of(id), id.to_owned());
            }
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use super::*;

    /// The three vectors for `philox4x32 10` in Random123's known-answer file.
    #[test]
    fn known_answers() {
        assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox4x32_10([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32_10([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn interval_is_open_and_symmetric() {
        let (least, most) = (unit(0, 0), unit(u32::MAX, u32::MAX));
        assert_eq!(least.to_bits(), (0.5 * f64::EPSILON).to_bits());
        assert_eq!(most.to_bits(), (1.0 - 0.5 * f64::EPSILON).to_bits());
        assert_eq!((1.0 - most).to_bits(), least.to_bits());
    }

    /// Computed by a second implementation written in another language. Published results depend on
    /// these: if this test fails, every golden file is void.
    #[test]
    fn pinned() {
        assert_eq!(Entity::of(""), Entity(0x5549_3646));
        assert_eq!(Entity::of("a"), Entity(0x2b1c_6703));
        assert_eq!(Entity::of("b"), Entity(0x182d_e058));
        assert_eq!(Entity::of("shin-etsu@JPN"), Entity(0x78a2_6d44));
        assert_eq!(Entity::of("Dysprosium · αβ"), Entity(0x9f33_2fbe));
        let drawn = Streams::new(20_250_404, 17).block(Purpose::Test, Entity::of("shin-etsu@JPN"), 120, 3);
        assert_eq!(drawn.map(f64::to_bits), [0x3fd0_86e4_ebe3_8a2a, 0x3fc5_8afa_1741_740c]);
    }

    #[test]
    fn every_word_of_the_counter_matters() {
        let s = Streams::new(1, 0);
        let base = s.uniform(Purpose::Test, Entity(7), 3, 0).to_bits();
        let others = [
            s.uniform(Purpose::Share, Entity(7), 3, 0),
            s.uniform(Purpose::Test, Entity(8), 3, 0),
            s.uniform(Purpose::Test, Entity(7), 4, 0),
            s.uniform(Purpose::Test, Entity(7), 3, 1),
            s.block(Purpose::Test, Entity(7), 3, 0)[1],
            Streams::new(1, 1).uniform(Purpose::Test, Entity(7), 3, 0),
            Streams::new(1, 1 << 32).uniform(Purpose::Test, Entity(7), 3, 0),
            Streams::new(2, 0).uniform(Purpose::Test, Entity(7), 3, 0),
            Streams::new(1 << 32, 0).uniform(Purpose::Test, Entity(7), 3, 0),
        ];
        assert!(others.iter().all(|u| u.to_bits() != base));
    }

    /// Mean, variance, neighbour correlation and a χ² over 256 cells, for consecutive values of each
    /// counter word and of the replication: bounds at about 5 standard errors.
    #[test]
    fn uniform_along_every_axis() {
        const N: u32 = 65_536;
        let s = Streams::new(42, 0);
        let axes: [&dyn Fn(u32) -> f64; 4] = [
            &|i| s.uniform(Purpose::Test, Entity(1), i, 0),
            &|i| s.uniform(Purpose::Test, Entity(i), 0, 0),
            &|i| s.uniform(Purpose::Test, Entity(1), 0, i),
            &|i| Streams::new(42, u64::from(i)).uniform(Purpose::Test, Entity(1), 0, 0),
        ];
        for (axis, draw) in axes.iter().enumerate() {
            let (mut sum, mut square, mut product, mut last) = (0.0, 0.0, 0.0, 0.5);
            let mut cells = [0_u32; 256];
            for i in 0..N {
                let u = draw(i);
                sum += u - 0.5;
                square += (u - 0.5) * (u - 0.5);
                product += (u - 0.5) * (last - 0.5);
                last = u;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let cell = (u * 256.0) as usize;
                cells[cell] += 1;
            }
            let n = f64::from(N);
            let expected = n / 256.0;
            let chi: f64 = cells.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
            assert!((sum / n).abs() < 5.0 * (1.0 / 12.0 / n).sqrt(), "axis {axis}: mean");
            assert!(
                (square / n - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180.0 / n).sqrt(),
                "axis {axis}: variance"
            );
            assert!((product / n).abs() < 5.0 / 12.0 / n.sqrt(), "axis {axis}: correlation");
            assert!((chi - 255.0).abs() < 5.0 * (2.0 * 255.0_f64).sqrt(), "axis {axis}: chi square {chi}");
        }
    }

    #[test]
    fn collisions_are_found_and_repeats_are_not() {
        assert_eq!(collisions(["a", "b", "a"]), None);
        // Among enough ids a 32-bit hash must collide; search for the first and ask for it.
        let ids: Vec<String> = (0..400_000).map(|i| format!("id{i}")).collect();
        let (a, b) = collisions(&ids).expect("4·10⁵ ids collide with probability 1 − 10⁻⁸");
        assert_ne!(a, b);
        assert_eq!(Entity::of(&a), Entity::of(&b));
    }
}
