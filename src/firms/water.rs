//! Water-filling: one level for all buyers of a firm.

/// Level λ with Σ wₖ min(rₖ, λ) = `supply`, where (rₖ, wₖ) are the relative orders and base flows of the
/// buyers; 0 if there is nothing to give. Call it only when the supply is less than Σ wₖ rₖ.
///
/// The left side is concave and piecewise linear in λ, so Newton's steps rise to the solution from below and
/// end on it exactly, from any `guess` (the last step's level is a good one); in practice after two or
/// three. Should they take long, sorting settles it: O(d log d) in the number of buyers whatever the numbers.
pub(super) fn level(buyers: &mut [(f64, f64)], supply: f64, guess: f64) -> f64 {
    if supply <= 0.0 {
        return 0.0;
    }
    let mut level = if guess.is_finite() { guess } else { 0.0 };
    let mut below = !guess.is_finite();
    let mut last_open = usize::MAX;
    for _ in 0..ROUNDS {
        let (met, open, open_count) = split(buyers, level);
        if open_count == 0 && !below {
            // Every order lies below a guess that was too high: begin at the bottom.
            (level, below) = (0.0, true);
            continue;
        }
        // The same buyers are open as a step ago, so the step was exact. (Nobody open: supply is all but
        // demand, and rounding has put the level on the largest order.)
        if open_count == last_open || open_count == 0 {
            return level;
        }
        level = ((supply - met) / open).max(0.0);
        (below, last_open) = (true, open_count);
    }
    sorted(buyers, supply)
}

/// Newton's steps before sorting takes over.
const ROUNDS: usize = 24;

/// What buyers at or below a level get in full, the base flow of the others, and how many those are.
fn split(buyers: &[(f64, f64)], level: f64) -> (f64, f64, usize) {
    // Four sums side by side: the additions need not wait for one another, and their order is fixed.
    let (mut met, mut open, mut count) = ([0.0; 4], [0.0; 4], [0_usize; 4]);
    let mut add = |lane: usize, (relative, weight): (f64, f64)| {
        let above = relative > level;
        met[lane] += if above { 0.0 } else { relative * weight };
        open[lane] += if above { weight } else { 0.0 };
        count[lane] += usize::from(above);
    };
    let fours = buyers.chunks_exact(4);
    let rest = fours.remainder();
    for four in fours {
        for lane in 0..4 {
            add(lane, four[lane]);
        }
    }
    for (lane, buyer) in rest.iter().enumerate() {
        add(lane, *buyer);
    }
    let sum = |parts: [f64; 4]| (parts[0] + parts[1]) + (parts[2] + parts[3]);
    (sum(met), sum(open), count.iter().sum())
}

/// The same level from sorted orders.
fn sorted(buyers: &mut [(f64, f64)], supply: f64) -> f64 {
    buyers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut open: f64 = buyers.iter().map(|buyer| buyer.1).sum();
    let mut left = supply;
    let mut floor = 0.0;
    for (relative, weight) in buyers.iter() {
        let rise = (relative - floor) * open;
        if rise >= left && open > 0.0 {
            return floor + left / open;
        }
        left -= rise;
        floor = *relative;
        open -= weight;
    }
    floor
}
