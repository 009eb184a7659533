//! Regimes that follow each other by chance: Markov chains, and what is known of them in closed form.

use crate::policy::parameter::Value;

/// One regime of a chain.
#[derive(Clone, PartialEq, Debug)]
pub struct ChainState {
    /// Name.
    pub name: String,
    /// Days it lasts, drawn at each visit and rounded up to whole steps (at least one). An exponential
    /// distribution makes the chain a Markov chain.
    pub dwell: Value,
    /// Weights of the states that follow, one per state of the chain; all zero: it lasts for ever.
    pub next: Vec<f64>,
    /// Positions of the shocks in force during it: regimes of a desk, tariffs, lane delays, any kind.
    pub shocks: Vec<usize>,
}

/// A chain of regimes. A shock that a state names is in force exactly during the visits to the states that
/// name it; its own dates are not used.
#[derive(Clone, PartialEq, Debug)]
pub struct Chain {
    /// States; the first is the one it starts in.
    pub states: Vec<ChainState>,
}

impl Chain {
    /// The state after `from`, chosen by a uniform number on (0, 1); `None` when `from` has no successor.
    #[must_use]
    pub fn successor(&self, from: usize, uniform: f64) -> Option<usize> {
        let weights = &self.states.get(from)?.next;
        let total: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
        let mut left = uniform * total;
        let mut last = None;
        for (state, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            last = Some(state);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last.filter(|state| *state < self.states.len())
    }
}

/// The stationary distribution π of a row-stochastic matrix P: πP = π, Σπ = 1. `None` when it is not unique
/// (the chain falls into parts) or the matrix is not square.
#[must_use]
pub fn stationary(transition: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = transition.len();
    if n == 0 || transition.iter().any(|row| row.len() != n) {
        return None;
    }
    // (Pᵀ − I)π = 0 with the last equation, which the others imply, replaced by Σπ = 1.
    let mut matrix = vec![vec![0.0; n]; n];
    for (i, row) in transition.iter().enumerate() {
        for (j, probability) in row.iter().enumerate() {
            matrix[j][i] = probability - if i == j { 1.0 } else { 0.0 };
        }
    }
    matrix[n - 1] = vec![1.0; n];
    let mut right = vec![0.0; n];
    right[n - 1] = 1.0;
    solve(matrix, right)
}

/// Mean number of steps in a state that is left with probability 1 − `stay` at each: 1/(1 − p). Infinite
/// for a state that is never left.
#[must_use]
pub fn mean_dwell(stay: f64) -> f64 {
    if stay < 1.0 { 1.0 / (1.0 - stay) } else { f64::INFINITY }
}

/// Mean number of steps from each state until one of `targets` is first reached: 0 at the targets, and
/// (I − Q)⁻¹1 elsewhere, with Q the part of P that avoids them. `None` when some state may never get there
/// or the matrix is not square.
#[must_use]
pub fn hitting_times(transition: &[Vec<f64>], targets: &[usize]) -> Option<Vec<f64>> {
    let n = transition.len();
    if transition.iter().any(|row| row.len() != n) {
        return None;
    }
    let others: Vec<usize> = (0..n).filter(|state| !targets.contains(state)).collect();
    let matrix = others
        .iter()
        .map(|&i| others.iter().map(|&j| f64::from(u8::from(i == j)) - transition[i][j]).collect())
        .collect();
    let solved = solve(matrix, vec![1.0; others.len()])?;
    let mut times = vec![0.0; n];
    others.iter().zip(solved).for_each(|(state, time)| times[*state] = time);
    Some(times)
}

/// Gaussian elimination with partial pivoting; `None` for a singular matrix.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot =
            (column..n).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column].is_nan() || matrix[pivot][column].abs() < 1.0e-13 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (above, below) = matrix.split_at_mut(column + 1);
        for (row, line) in below.iter_mut().enumerate() {
            let factor = line[column] / above[column][column];
            line.iter_mut()
                .zip(&above[column])
                .skip(column)
                .for_each(|(cell, pivot)| *cell -= factor * pivot);
            right[column + 1 + row] -= factor * right[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::philox::{Entity, Purpose, Streams};

    fn close(found: f64, exact: f64, tolerance: f64) {
        assert!((found - exact).abs() <= tolerance, "{found} is not {exact}");
    }

    #[test]
    fn two_states_by_hand() {
        // π = (b, a)/(a + b) for leaving probabilities a and b; hitting time 1/a.
        let (a, b) = (0.2, 0.05);
        let p = vec![vec![1.0 - a, a], vec![b, 1.0 - b]];
        let pi = stationary(&p).expect("irreducible");
        close(pi[0], 0.2, 1e-14);
        close(pi[1], 0.8, 1e-14);
        let times = hitting_times(&p, &[1]).expect("reachable");
        close(times[0], 5.0, 1e-13);
        close(times[1], 0.0, 0.0);
        close(mean_dwell(1.0 - b), 20.0, 1e-12);
        assert!(mean_dwell(1.0).is_infinite());
    }

    #[test]
    fn gambler_s_ruin_by_hand() {
        // A fair walk on 0..=4 absorbed at both ends: mean duration from k is k(4 − k).
        let mut p = vec![vec![0.0; 5]; 5];
        (p[0][0], p[4][4]) = (1.0, 1.0);
        for k in 1..4 {
            (p[k][k - 1], p[k][k + 1]) = (0.5, 0.5);
        }
        let times = hitting_times(&p, &[0, 4]).expect("absorbed");
        for (found, exact) in times.iter().zip([0.0, 3.0, 4.0, 3.0, 0.0]) {
            close(*found, exact, 1e-12);
        }
        assert_eq!(hitting_times(&p, &[4]), None, "from 0 it never gets there");
        assert_eq!(stationary(&p), None, "two places to end");
        assert_eq!(stationary(&[vec![0.5, 0.5]]), None, "not square");
    }

    #[test]
    fn simulated_chain_agrees() {
        let p = vec![vec![0.9, 0.08, 0.02], vec![0.3, 0.6, 0.1], vec![0.05, 0.15, 0.8]];
        let pi = stationary(&p).expect("irreducible");
        for j in 0..3 {
            close((0..3).map(|i| pi[i] * p[i][j]).sum(), pi[j], 1e-14);
        }
        let states = p.iter().map(|row| ChainState {
            name: String::new(),
            dwell: Value::fixed(1.0),
            next: row.clone(),
            shocks: Vec::new(),
        });
        let chain = Chain { states: states.collect() };
        let streams = Streams::new(21, 0);
        let (mut at, mut visits, mut since, mut runs, mut hits) = (0, [0.0; 3], None, (0.0, 0.0), (0.0, 0.0));
        let steps = 400_000_u32;
        let mut entered = 0.0;
        for step in 0..steps {
            let now = f64::from(step);
            visits[at] += 1.0;
            // Time from entering state 0 to the next visit of state 2.
            if at == 0 && since.is_none() {
                since = Some(now);
            }
            if at == 2
                && let Some(from) = since.take()
            {
                hits = (hits.0 + now - from, hits.1 + 1.0);
            }
            let luck = streams.uniform(Purpose::Test, Entity::of("chain"), step, 0);
            let next = chain.successor(at, luck).expect("always goes on");
            if next != at {
                if at == 0 {
                    runs = (runs.0 + now + 1.0 - entered, runs.1 + 1.0);
                }
                entered = now + 1.0;
            }
            at = next;
        }
        for (visited, share) in visits.iter().zip(&pi) {
            close(visited / f64::from(steps), *share, 0.01);
        }
        close(runs.0 / runs.1, mean_dwell(0.9), 0.2);
        let exact = hitting_times(&p, &[2]).expect("reachable")[0];
        close(hits.0 / hits.1 / exact, 1.0, 0.03);
    }

    #[test]
    fn successors_of_odd_weights() {
        let state = |next: &[f64]| ChainState {
            name: String::new(),
            dwell: Value::fixed(1.0),
            next: next.to_vec(),
            shocks: Vec::new(),
        };
        let chain = Chain {
            states: vec![
                state(&[0.0, 0.0]),
                state(&[f64::NAN, -1.0]),
                state(&[]),
                state(&[0.0, 5.0, 0.0, 0.0, 9.0]),
            ],
        };
        assert_eq!(chain.successor(0, 0.5), None);
        assert_eq!(chain.successor(1, 0.5), None);
        assert_eq!(chain.successor(2, 0.5), None);
        assert_eq!(chain.successor(3, 0.1), Some(1));
        assert_eq!(chain.successor(3, 0.9), None, "a state that does not exist");
        assert_eq!(chain.successor(9, 0.9), None);
    }
}
