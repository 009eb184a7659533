//! Variance-based indices: which share of the result's variance an input explains alone, and with others.
//!
//! First order after Saltelli and others (Computer Physics Communications 181:259, 2010), total order after
//! Jansen (Computer Physics Communications 117:35, 1999), with V the variance over A and B:
//! `S_i = mean(f(B)·(f(AB_i) − f(A))) / V` on centred f, `ST_i = mean((f(A) − f(AB_i))²) / 2V`.

use super::Estimate;

/// Indices of one input.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Indices {
    /// Share of the variance explained by the input alone.
    pub first: Estimate,
    /// Share that would vanish last if everything else were known: alone and in interaction.
    pub total: Estimate,
}

/// Indices of each input from the results of [`super::design::saltelli`], in its order of rows.
///
/// All indices are 0 where the result does not vary. `points` is that of the design.
#[must_use]
pub fn indices(results: &[f64], points: usize, seed: u64) -> Vec<Indices> {
    if points == 0 || results.len() < 2 * points {
        return Vec::new();
    }
    let mean = results[..2 * points].iter().sum::<f64>() / (2 * points) as f64;
    let f: Vec<f64> = results.iter().map(|result| result - mean).collect();
    let (a, b) = (&f[..points], &f[points..2 * points]);
    let variance = |rows: &[usize]| {
        let count = 2.0 * rows.len() as f64;
        let mean = rows.iter().map(|row| a[*row] + b[*row]).sum::<f64>() / count;
        rows.iter()
            .map(|row| (a[*row] - mean) * (a[*row] - mean) + (b[*row] - mean) * (b[*row] - mean))
            .sum::<f64>()
            / count
    };
    let share = |part: f64, variance: f64| if variance > 0.0 { part / variance } else { 0.0 };
    f[2 * points..]
        .chunks_exact(points)
        .map(|mixed| {
            let first = |rows: &[usize]| {
                let sum: f64 = rows.iter().map(|row| b[*row] * (mixed[*row] - a[*row])).sum();
                share(sum / rows.len() as f64, variance(rows))
            };
            let total = |rows: &[usize]| {
                let sum: f64 = rows.iter().map(|row| (a[*row] - mixed[*row]) * (a[*row] - mixed[*row])).sum();
                share(0.5 * sum / rows.len() as f64, variance(rows))
            };
            Indices {
                first: Estimate::bootstrap(points, seed, first),
                total: Estimate::bootstrap(points, seed, total),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitivity::design::saltelli;

    fn ishigami(u: &[f64]) -> f64 {
        let x = |i: usize| std::f64::consts::PI * (2.0 * u[i] - 1.0);
        let s = libm::sin(x(0));
        s + 7.0 * libm::sin(x(1)) * libm::sin(x(1)) + 0.1 * x(2) * x(2) * x(2) * x(2) * s
    }

    #[test]
    fn the_function_of_ishigami_has_the_known_indices() {
        let points = 4096;
        let results: Vec<f64> = saltelli(3, points, 7).iter().map(|u| ishigami(u)).collect();
        let found = indices(&results, points, 7);
        let known = [(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)];
        assert_eq!(found.len(), 3);
        for (found, (first, total)) in found.iter().zip(known) {
            assert!((found.first.value - first).abs() < 0.01, "{found:?} is not {first}");
            assert!((found.total.value - total).abs() < 0.01, "{found:?} is not {total}");
            assert!(found.first.low <= first + 0.01 && found.first.high >= first - 0.01, "{found:?}");
            assert!(found.total.low <= total && found.total.high >= total, "{found:?}");
        }
    }

    #[test]
    fn what_does_not_vary_has_no_indices() {
        let found = indices(&[2.0; 40], 8, 1);
        assert!(found.len() == 3 && found.iter().all(|one| *one == Indices::default()));
        assert!(indices(&[], 8, 1).is_empty());
    }
}
