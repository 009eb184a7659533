//! Water-filling: one level for all buyers of a firm.

/// Level λ with Σ wₖ min(rₖ, λ) = `supply`, where rₖ are the relative orders and wₖ the base flows of the
/// buyers; 0 if there is nothing to give. Call it only when the supply is less than Σ wₖ rₖ.
///
/// The left side is concave and piecewise linear in λ, so Newton's steps rise to the solution from below and
/// end on it exactly, from any `guess` (the last step's level is a good one); in practice after two or
/// three. Should they take long, sorting settles it: O(d log d) in the number of buyers whatever the numbers.
pub(super) fn level(relative: &[f64], weight: &[f64], supply: f64, guess: f64) -> f64 {
    if supply <= 0.0 {
        return 0.0;
    }
    let mut level = if guess.is_finite() { guess } else { 0.0 };
    let mut below = !guess.is_finite();
    let mut last_open = f64::NAN;
    for _ in 0..ROUNDS {
        let (met, open) = split(relative, weight, level);
        if open <= 0.0 && !below {
            // Every order lies below a guess that was too high: begin at the bottom.
            (level, below) = (0.0, true);
            continue;
        }
        // The same buyers are open as a step ago, so the step was exact. (Nobody open: supply is all but
        // demand, and rounding has put the level on the largest order.)
        #[expect(clippy::float_cmp, reason = "equal sets have equal sums")]
        if open == last_open || open <= 0.0 {
            return level;
        }
        level = ((supply - met) / open).max(0.0);
        (below, last_open) = (true, open);
    }
    sorted(relative, weight, supply)
}

/// Newton's steps before sorting takes over.
const ROUNDS: usize = 24;

/// What buyers at or below a level get in full, and the base flow of the others.
#[inline]
fn split(relative: &[f64], weight: &[f64], level: f64) -> (f64, f64) {
    // Four sums side by side: the additions need not wait for one another, and their order is fixed.
    let (mut met, mut open) = ([0.0; 4], [0.0; 4]);
    let (relatives, weights) = (relative.chunks_exact(4), weight.chunks_exact(4));
    for (lane, (relative, weight)) in relatives.remainder().iter().zip(weights.remainder()).enumerate() {
        let above = *relative > level;
        met[lane] = if above { 0.0 } else { relative * weight };
        open[lane] = if above { *weight } else { 0.0 };
    }
    for (relative, weight) in relatives.zip(weights) {
        for lane in 0..4 {
            let above = relative[lane] > level;
            met[lane] += if above { 0.0 } else { relative[lane] * weight[lane] };
            open[lane] += if above { weight[lane] } else { 0.0 };
        }
    }
    let sum = |parts: [f64; 4]| (parts[0] + parts[1]) + (parts[2] + parts[3]);
    (sum(met), sum(open))
}

/// The same level from sorted orders.
fn sorted(relative: &[f64], weight: &[f64], supply: f64) -> f64 {
    let mut buyers: Vec<(f64, f64)> = relative.iter().copied().zip(weight.iter().copied()).collect();
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn the_level_hands_out_the_supply(
            buyers in proptest::collection::vec((prop_oneof![Just(0.0), Just(1.0), 0.0_f64..4.0], 0.0_f64..2.0), 1..40),
            share in 0.0_f64..1.0,
            guess in prop_oneof![Just(f64::INFINITY), 0.0_f64..5.0],
        ) {
            let (relative, weight): (Vec<f64>, Vec<f64>) = buyers.iter().copied().unzip();
            let demand: f64 = buyers.iter().map(|(r, w)| r * w).sum();
            prop_assume!(demand > 1e-9);
            let supply = share * demand;
            let plain = by_bisection(&buyers, supply, demand);
            for ours in [level(&relative, &weight, supply, guess), sorted(&relative, &weight, supply)] {
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
            let relative: Vec<f64> = (0..60).map(|k| libm::ldexp(1.0, k)).collect();
            let weight: Vec<f64> = (0..60).map(|k| libm::ldexp(1.0, -k)).collect();
            let supply = share * 60.0;
            let ours = level(&relative, &weight, supply, 0.0);
            let given: f64 = relative.iter().zip(&weight).map(|(r, w)| w * r.min(ours)).sum();
            prop_assert!((given - supply).abs() <= 1e-12 * 60.0, "{} of {}", given, supply);
        }
    }
}
