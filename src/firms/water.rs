//! Water-filling: one level for all buyers of a firm.
//!
//! The level λ solves Σ wₖ min(rₖ, λ) = supply, where rₖ are the relative orders and wₖ the base flows of the
//! buyers. The left side is concave and piecewise linear in λ, so Newton's steps rise to the solution from
//! below and end on it exactly, from any guess. The last step's level is so good a guess that mostly no
//! buyer lies between it and the solution: then the sums that give the demand have found the level too.

/// A relative order and the base flow it is relative to.
pub(super) type Buyer = (f64, f64);

/// What buyers come to on either side of a level, in L sums side by side: those of L firms, or of every
/// L-th buyer of one.
pub(super) struct Sums<const L: usize> {
    /// Orders at or below the level, and those above.
    pub met: [f64; L],
    pub above: [f64; L],
    /// Base flow of the buyers above.
    pub open: [f64; L],
    /// Largest relative order at or below the level, and the smallest above.
    pub floor: [f64; L],
    pub ceiling: [f64; L],
}

impl<const L: usize> Sums<L> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { met: [0.0; L], above: [0.0; L], open: [0.0; L], floor: [0.0; L], ceiling: [f64::INFINITY; L] }
    }

    /// One buyer more in every sum.
    #[inline(always)]
    pub(super) fn add(&mut self, relative: &[f64; L], flow: &[f64; L], level: &[f64; L]) {
        // Without a choice between two paths, so that lanes share instructions. Numbers are finite: to
        // multiply by 0 or 1 is exact.
        let mut above = [0.0; L];
        for lane in 0..L {
            above[lane] = if relative[lane] > level[lane] { 1.0 } else { 0.0 };
        }
        for lane in 0..L {
            self.met[lane] += relative[lane] * flow[lane] * (1.0 - above[lane]);
        }
        for lane in 0..L {
            self.above[lane] += relative[lane] * flow[lane] * above[lane];
        }
        for lane in 0..L {
            self.open[lane] += flow[lane] * above[lane];
        }
        for lane in 0..L {
            let low = relative[lane] * (1.0 - above[lane]);
            self.floor[lane] = if low > self.floor[lane] { low } else { self.floor[lane] };
        }
        for lane in 0..L {
            let high = relative[lane] + OUT_OF_REACH * (1.0 - above[lane]);
            self.ceiling[lane] = if high < self.ceiling[lane] { high } else { self.ceiling[lane] };
        }
    }

    /// Everything that is ordered.
    #[inline(always)]
    pub(super) fn demand(&self) -> [f64; L] {
        std::array::from_fn(|lane| self.met[lane] + self.above[lane])
    }

    /// Newton's step: the level at which these buyers would get the supply if all stayed on their side.
    #[inline(always)]
    pub(super) fn next(&self, supply: &[f64; L]) -> [f64; L] {
        std::array::from_fn(|lane| {
            let level = (supply[lane] - self.met[lane]) / self.open[lane];
            if level > 0.0 { level } else { 0.0 }
        })
    }

    /// Whether they do stay at this level, so that the step was exact.
    #[inline(always)]
    pub(super) fn stay(&self, lane: usize, level: f64) -> bool {
        self.open[lane] > 0.0
            && level >= self.floor[lane] * (1.0 - SLACK)
            && level <= self.ceiling[lane] * (1.0 + SLACK)
    }

    /// The sums of one lane.
    #[inline(always)]
    pub(super) fn lane(&self, lane: usize) -> Sums<1> {
        Sums {
            met: [self.met[lane]],
            above: [self.above[lane]],
            open: [self.open[lane]],
            floor: [self.floor[lane]],
            ceiling: [self.ceiling[lane]],
        }
    }

    /// All lanes in one.
    #[inline(always)]
    pub(super) fn total(&self) -> Sums<1> {
        let mut total = self.lane(0);
        for lane in 1..L {
            total.met[0] += self.met[lane];
            total.above[0] += self.above[lane];
            total.open[0] += self.open[lane];
            total.floor[0] =
                if self.floor[lane] > total.floor[0] { self.floor[lane] } else { total.floor[0] };
            total.ceiling[0] =
                if self.ceiling[lane] < total.ceiling[0] { self.ceiling[lane] } else { total.ceiling[0] };
        }
        total
    }
}

/// The level at which buyers get `supply`, which is less than their demand; `sums` are theirs at `guess`, and
/// `at` gives those at another level.
///
/// O(d log d) in the number of buyers whatever the numbers: should Newton's steps take long, sorting
/// settles it.
pub(super) fn level(
    mut sums: Sums<1>,
    guess: f64,
    supply: f64,
    at: impl Fn(f64) -> Sums<1>,
    buyers: impl FnOnce() -> Vec<Buyer>,
) -> f64 {
    let mut level = guess;
    for round in 0..ROUNDS {
        if sums.open[0] > 0.0 {
            [level] = sums.next(&[supply]);
            if sums.stay(0, level) {
                return level;
            }
        } else if round == 0 {
            // Every order lies below a guess that was too high: begin at the bottom.
            level = 0.0;
        } else {
            // Supply is all but demand, and rounding has put the level on the largest order.
            return level;
        }
        sums = at(level);
    }
    sorted(buyers(), supply)
}

/// Newton's steps before sorting takes over.
const ROUNDS: usize = 24;

/// More than any relative order.
const OUT_OF_REACH: f64 = 1e300;

/// A level this close to an order, relatively, is on it: rounding must not send the search to and fro.
const SLACK: f64 = 4.0 * f64::EPSILON;

/// The same level from sorted orders.
fn sorted(mut buyers: Vec<Buyer>, supply: f64) -> f64 {
    buyers.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Flows still open above each place, added from the top: differences would lose the small ones.
    let mut open: Vec<f64> = buyers.iter().map(|buyer| buyer.1).collect();
    for at in (1..open.len()).rev() {
        open[at - 1] += open[at];
    }
    let (mut left, mut floor) = (supply, 0.0);
    for ((relative, _), open) in buyers.iter().zip(open) {
        let rise = (relative - floor) * open;
        if rise >= left && open > 0.0 {
            return floor + left / open;
        }
        left -= rise;
        floor = *relative;
    }
    floor
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reference::by_bisection;
    use super::*;

    /// The level as a supplier finds it.
    fn found(buyers: &[Buyer], supply: f64, guess: f64) -> f64 {
        let at = |level: f64| {
            let mut sums = Sums::<1>::new();
            buyers.iter().for_each(|(relative, flow)| sums.add(&[*relative], &[*flow], &[level]));
            sums
        };
        level(at(guess), guess, supply, at, || buyers.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn the_level_hands_out_the_supply(
            buyers in proptest::collection::vec((prop_oneof![Just(0.0), Just(1.0), 0.0_f64..4.0], 0.0_f64..2.0), 1..40),
            share in 0.0_f64..1.0,
            guess in prop_oneof![Just(0.0), Just(1.0), 0.0_f64..5.0],
        ) {
            let demand: f64 = buyers.iter().map(|(r, w)| r * w).sum();
            prop_assume!(demand > 1e-9);
            let supply = share * demand;
            let plain = by_bisection(&buyers, supply, demand);
            for ours in [found(&buyers, supply, guess), sorted(buyers.clone(), supply)] {
                let given: f64 = buyers.iter().map(|(r, w)| w * r.min(ours)).sum();
                prop_assert!((given - supply).abs() <= 1e-12 * demand, "{given} of {supply} at {ours}");
                let theirs: f64 = buyers.iter().map(|(r, w)| w * r.min(plain)).sum();
                prop_assert!((given - theirs).abs() <= 1e-12 * demand);
            }
        }

        /// Orders that double from one buyer to the next, flows that halve: one buyer a round leaves the list,
        /// and sorting has to step in.
        #[test]
        fn long_descents_are_cut_short(share in 0.01_f64..0.99) {
            let buyers: Vec<Buyer> = (0..60).map(|k| (libm::ldexp(1.0, k), libm::ldexp(1.0, -k))).collect();
            let supply = share * 60.0;
            let ours = found(&buyers, supply, 0.0);
            let given: f64 = buyers.iter().map(|(r, w)| w * r.min(ours)).sum();
            prop_assert!((given - supply).abs() <= 1e-12 * 60.0, "{} of {}", given, supply);
        }
    }
}
