//! Elementary effects after Morris (Technometrics 33:161, 1991) with the mean of absolute values of
//! Campolongo and others (Environmental Modelling & Software 22:1509, 2007): few runs, many inputs.

use super::Estimate;
use super::design::{STEP, Trajectories};

/// Effects of one input over its whole range, in the unit of the result.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Effects {
    /// Mean effect: how far the result rises from the low to the high end.
    pub mean: f64,
    /// μ*, the mean of the effects' sizes, with its interval over trajectories.
    pub size: Estimate,
    /// σ: the effects' standard deviation; large where the input's effect depends on others or is curved.
    pub deviation: f64,
}

/// Effects of each input from the results of a design, one per point.
#[must_use]
pub fn effects(design: &Trajectories, results: &[f64], seed: u64) -> Vec<Effects> {
    let inputs = design.moves.first().map_or(0, Vec::len);
    let mut by_input: Vec<Vec<f64>> = vec![Vec::with_capacity(design.moves.len()); inputs];
    for (path, moves) in results.chunks_exact(inputs + 1).zip(&design.moves) {
        for (pair, (input, direction)) in path.windows(2).zip(moves) {
            by_input[*input].push((pair[1] - pair[0]) / (direction * STEP));
        }
    }
    by_input
        .into_iter()
        .map(|effects| {
            let count = effects.len() as f64;
            let mean = effects.iter().sum::<f64>() / count;
            let squares: f64 = effects.iter().map(|effect| (effect - mean) * (effect - mean)).sum();
            let size =
                |rows: &[usize]| rows.iter().map(|row| effects[*row].abs()).sum::<f64>() / rows.len() as f64;
            Effects {
                mean,
                size: Estimate::bootstrap(effects.len(), seed, size),
                deviation: if effects.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitivity::design::trajectories;

    #[test]
    fn a_linear_map_has_its_coefficients_as_effects() {
        let coefficients = [3.0, -2.0, 0.0, 0.5];
        let design = trajectories(4, 6, 11);
        let results: Vec<f64> = design
            .points
            .iter()
            .map(|u| 1.0 + u.iter().zip(coefficients).map(|(u, c)| u * c).sum::<f64>())
            .collect();
        for (found, coefficient) in effects(&design, &results, 1).iter().zip(coefficients) {
            assert!((found.size.value - coefficient.abs()).abs() < 1e-12, "{found:?}");
            assert!((found.mean - coefficient).abs() < 1e-12 && found.deviation < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn interaction_shows_as_deviation() {
        let design = trajectories(2, 20, 11);
        let results: Vec<f64> = design.points.iter().map(|u| u[0] * u[1]).collect();
        assert!(effects(&design, &results, 1).iter().all(|found| found.deviation > 0.1 && found.mean > 0.0));
    }
}
