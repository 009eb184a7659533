//! The models written straight from their equations, with nothing clever: what the fast ones are tested against.

use super::FirmNetwork;
use super::inoue::{Options, Rationing, Totals};

/// Inoue and Todo's model, one number per flow and step, rules in the order of the module's text.
pub(super) fn inoue(network: &FirmNetwork, options: &Options) -> Totals {
    let n = network.len();
    let rows: Vec<Vec<(usize, f64)>> = (0..n)
        .map(|i| {
            let (suppliers, weights) = network.purchases(i);
            suppliers
                .iter()
                .map(|j| *j as usize)
                .zip(weights.iter().copied())
                .filter(|(_, a)| *a > 0.0)
                .collect()
        })
        .collect();
    let c = network.final_demand();
    let sector = |j: usize| network.sectors()[j] as usize;
    let sectors = network.sector_count();
    let mut p0 = c.to_vec();
    for row in &rows {
        for (j, a) in row {
            p0[*j] += a;
        }
    }
    let days = options.target_days;
    let mut stock: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().map(|(_, a)| days * a).collect()).collect();
    let mut order: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|(_, a)| *a).collect()).collect();
    let mut arrive = order.clone();
    let mut p = p0.clone();
    let pooled = |row: &[(usize, f64)], values: &[f64]| {
        let mut sums = vec![0.0; sectors];
        for ((j, _), value) in row.iter().zip(values) {
            sums[sector(*j)] += value;
        }
        sums
    };
    let needs: Vec<Vec<f64>> =
        rows.iter().map(|row| pooled(row, &row.iter().map(|(_, a)| *a).collect::<Vec<_>>())).collect();
    let value_added = |p: &[f64]| {
        let share = |i: usize| (p0[i] - rows[i].iter().map(|(_, a)| a).sum::<f64>()) / p0[i];
        (0..n).filter(|i| p0[*i] > 1e-20).map(|i| share(i) * p[i]).sum::<f64>()
    };
    let mut totals = Totals { production: vec![p.iter().sum()], value_added: vec![value_added(&p)] };
    for step in 0..options.steps {
        for i in (0..n).filter(|i| p0[*i] > 1e-20) {
            let x = p[i] / p0[i];
            let held = pooled(&rows[i], &stock[i]);
            for (e, (j, a)) in rows[i].iter().enumerate() {
                let s = sector(*j);
                let use_share = if held[s].abs() <= 1e-20 { 0.0 } else { x * needs[i][s] / held[s] };
                stock[i][e] = (stock[i][e] + arrive[i][e] - use_share * stock[i][e]).max(0.0);
                order[i][e] = (a * x + (days * a * x - stock[i][e]) / options.adjustment).max(0.0);
            }
        }
        let mut demand = c.to_vec();
        for (row, orders) in rows.iter().zip(&order) {
            for ((j, _), o) in row.iter().zip(orders) {
                demand[*j] += o;
            }
        }
        for i in 0..n {
            let capacity =
                if step >= options.shock_from { (1.0 - network.delta()[i]) * p0[i] } else { p0[i] };
            let held = pooled(&rows[i], &stock[i]);
            let most = rows[i]
                .iter()
                .map(|(j, _)| p0[i] * held[sector(*j)] / needs[i][sector(*j)])
                .fold(capacity, f64::min);
            p[i] = most.min(demand[i]);
        }
        match options.rationing {
            Rationing::Proportional => {
                for i in 0..n {
                    for (e, (j, _)) in rows[i].iter().enumerate() {
                        arrive[i][e] = if demand[*j] > 0.0 { order[i][e] * p[*j] / demand[*j] } else { 0.0 };
                    }
                }
            }
            Rationing::WaterFilling => {
                let mut book: Vec<Vec<(f64, f64)>> = c.iter().map(|c| vec![(1.0, *c)]).collect();
                for (row, orders) in rows.iter().zip(&order) {
                    for ((j, a), o) in row.iter().zip(orders) {
                        book[*j].push((o / a, *a));
                    }
                }
                let levels: Vec<f64> = (0..n).map(|j| by_bisection(&book[j], p[j], demand[j])).collect();
                for i in 0..n {
                    for (e, (j, a)) in rows[i].iter().enumerate() {
                        arrive[i][e] = a * (order[i][e] / a).min(levels[*j]);
                    }
                }
            }
        }
        totals.production.push(p.iter().sum());
        totals.value_added.push(value_added(&p));
    }
    totals
}

/// Level λ with Σ w min(r, λ) = supply, by halving an interval until it cannot be halved.
pub(super) fn by_bisection(buyers: &[(f64, f64)], supply: f64, demand: f64) -> f64 {
    if supply >= demand {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, buyers.iter().map(|buyer| buyer.0).fold(0.0, f64::max));
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        let given: f64 = buyers.iter().map(|(r, w)| w * r.min(middle)).sum();
        if given < supply { low = middle } else { high = middle }
    }
}
