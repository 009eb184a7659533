//! Points of the unit cube: pairs of quasi-random matrices, and trajectories on a grid.

use super::below;
use crate::random::philox::{Entity, Purpose, Streams};

/// Most points of a quasi-random sequence.
pub const MOST_POINTS: usize = 1 << 16;
/// Most inputs: two matrices share 256 dimensions.
pub const MOST_INPUTS: usize = 128;

/// Levels of Morris's grid.
const LEVELS: u32 = 4;
/// Its step: half the grid's width and one level, so that all levels are equally frequent.
pub const STEP: f64 = 2.0 / 3.0;

/// Points of a variance-based study: rows of A, of B, then of A with column i from B, for each i.
///
/// `points` × (`inputs` + 2) rows. A and B are Owen-scrambled Sobol' points in 2 × `inputs` dimensions; `points`
/// beyond [`MOST_POINTS`] and `inputs` beyond [`MOST_INPUTS`] are cut off there.
#[must_use]
pub fn saltelli(inputs: usize, points: usize, seed: u64) -> Vec<Vec<f64>> {
    let (inputs, points) = (inputs.min(MOST_INPUTS), points.min(MOST_POINTS));
    #[expect(clippy::cast_possible_truncation, reason = "folded to 32 bits on purpose")]
    let seed = (seed ^ (seed >> 32)) as u32;
    let matrix = |first: usize| -> Vec<Vec<f64>> {
        let row = |point: usize| {
            let dimension = |input: usize| {
                let [point, dimension] =
                    [point, first + input].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
                f64::from(sobol_burley::sample(point, dimension, seed))
            };
            (0..inputs).map(dimension).collect()
        };
        (0..points).map(row).collect()
    };
    let (a, b) = (matrix(0), matrix(inputs));
    let mut rows = a.clone();
    rows.extend(b.iter().cloned());
    for input in 0..inputs {
        rows.extend(a.iter().zip(&b).map(|(a, b)| {
            let mut row = a.clone();
            row[input] = b[input];
            row
        }));
    }
    rows
}

/// One-at-a-time paths after Morris: each of `trajectories` starts at a random grid point and moves every
/// input once, in random order, by [`STEP`] up or down.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trajectories {
    /// `inputs` + 1 points per trajectory, one after the other.
    pub points: Vec<Vec<f64>>,
    /// The input each step of each trajectory moves, and its direction (+1 or −1).
    pub moves: Vec<Vec<(usize, f64)>>,
}

/// Draws trajectories.
#[must_use]
pub fn trajectories(inputs: usize, trajectories: usize, seed: u64) -> Trajectories {
    let mut design = Trajectories::default();
    for trajectory in 0..trajectories {
        let streams = Streams::new(seed, trajectory as u64);
        let uniform = |what: u32, number: usize| {
            streams.uniform(Purpose::Design, Entity(2), what, u32::try_from(number).unwrap_or(u32::MAX))
        };
        let half = LEVELS as usize / 2;
        let mut moves = Vec::with_capacity(inputs);
        let mut point: Vec<f64> = (0..inputs)
            .map(|input| {
                // The lower half of the grid steps up, the upper half down.
                let low = below(uniform(0, input), half) as f64 / f64::from(LEVELS - 1);
                let up = uniform(1, input) < 0.5;
                moves.push((input, if up { 1.0 } else { -1.0 }));
                if up { low } else { low + STEP }
            })
            .collect();
        for last in (1..inputs).rev() {
            moves.swap(last, below(uniform(2, last), last + 1));
        }
        design.points.push(point.clone());
        for (input, direction) in &moves {
            point[*input] = (point[*input] + direction * STEP).clamp(0.0, 1.0);
            design.points.push(point.clone());
        }
        design.moves.push(moves);
    }
    design
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_have_the_stated_form() {
        let rows = saltelli(3, 8, 1);
        assert_eq!(rows.len(), 8 * 5);
        for point in 0..8 {
            for input in 0..3 {
                let mixed = &rows[8 * (2 + input) + point];
                for column in 0..3 {
                    let from = if column == input { &rows[8 + point] } else { &rows[point] };
                    assert!((mixed[column] - from[column]).abs() < 1e-15);
                }
            }
        }
        assert!(rows.iter().flatten().all(|u| (0.0..1.0).contains(u)));
        let design = trajectories(5, 7, 3);
        assert_eq!((design.points.len(), design.moves.len()), (7 * 6, 7));
        for (path, moves) in design.points.chunks(6).zip(&design.moves) {
            let mut moved: Vec<usize> = moves.iter().map(|(input, _)| *input).collect();
            moved.sort_unstable();
            assert_eq!(moved, [0, 1, 2, 3, 4]);
            for (pair, (input, direction)) in path.windows(2).zip(moves) {
                assert!((pair[1][*input] - pair[0][*input] - direction * STEP).abs() < 1e-12);
                assert!(pair[0].iter().all(|u| (0.0..=1.0).contains(u)));
            }
        }
    }
}
