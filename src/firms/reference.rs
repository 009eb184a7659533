//! The models written straight from their equations, with nothing clever: what the fast ones are tested against.

use super::FirmNetwork;
use super::esri;
use super::inoue::{Options, Rationing, Totals};
use super::tables::{Criticality, SectorPair};

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

/// The systemic index's fixed point, every firm at every step.
pub(super) fn esri(
    network: &FirmNetwork,
    pairs: &[SectorPair],
    size: esri::Size,
    hits: &[esri::Hit],
    options: &esri::Options,
) -> esri::Loss {
    let n = network.len();
    let mut w = vec![vec![0.0; n]; n];
    for i in 0..n {
        let (suppliers, weights) = network.purchases(i);
        for (j, weight) in suppliers.iter().zip(weights) {
            w[*j as usize][i] = *weight;
        }
    }
    let p = network.sectors();
    let mut s: Vec<f64> = w.iter().map(|row| row.iter().sum()).collect();
    if size == esri::Size::Revenue {
        s.iter_mut().zip(network.final_demand()).for_each(|(s, c)| *s += c);
    }
    let class = |j: usize, i: usize| {
        let names = (network.sector_ids()[p[j] as usize], network.sector_ids()[p[i] as usize]);
        let pair = pairs.iter().find(|pair| (pair.supplier, pair.customer) == names);
        pair.map_or(Criticality::NonEssential, |pair| pair.class)
    };
    let mut psi = vec![1.0_f64; n];
    for hit in hits {
        psi[hit.firm as usize] = psi[hit.firm as usize].min(1.0 - hit.loss);
    }
    let lambda = |j: usize, i: usize| {
        let sum = |of: &dyn Fn(usize) -> bool| (0..n).filter(|l| of(*l)).map(|l| w[l][i]).sum::<f64>();
        match class(j, i) {
            _ if w[j][i] == 0.0 => 0.0,
            Criticality::Negligible => 0.0,
            Criticality::NonEssential => w[j][i] / sum(&|_| true),
            Criticality::Essential => w[j][i] / sum(&|l| p[l] == p[j]),
        }
    };
    let weight: Vec<Vec<f64>> = (0..n).map(|j| (0..n).map(|i| lambda(j, i)).collect()).collect();
    let (mut hd, mut hu) = (psi.clone(), psi.clone());
    let all: f64 = s.iter().sum();
    let lost = |of: &dyn Fn(usize) -> f64| {
        if all > 0.0 { (0..n).map(|j| s[j] / all * (1.0 - of(j))).sum::<f64>() } else { 0.0 }
    };
    let mut steps = 0;
    loop {
        steps += 1;
        let before = lost(&|j| hd[j].min(hu[j]));
        let sigma: Vec<f64> = (0..n)
            .map(|j| {
                let left: f64 = (0..n).filter(|l| p[*l] == p[j]).map(|l| s[l] * hd[l]).sum();
                let left = if left <= 1e-10 { 1.0 } else { left };
                if options.replaceability { (s[j] / left).min(1.0) } else { 1.0 }
            })
            .collect();
        let next_down = |i: usize| {
            let (mut least, mut missing) = (psi[i], 0.0);
            for k in 0..network.sector_count() {
                let of_sector = |wanted: Criticality| {
                    (0..n)
                        .filter(|j| p[*j] as usize == k && class(*j, i) == wanted)
                        .map(|j| sigma[j] * weight[j][i] * (1.0 - hd[j]))
                        .sum::<f64>()
                };
                least = least.min(1.0 - of_sector(Criticality::Essential));
                missing += of_sector(Criticality::NonEssential);
            }
            least.min(1.0 - missing).max(0.0)
        };
        let next_up = |i: usize| {
            let missing: f64 =
                (0..n).filter(|j| w[i][*j] > 0.0).map(|j| w[i][j] / s[i] * (1.0 - hu[j])).sum();
            psi[i].min(1.0 - missing).max(0.0)
        };
        let (down, up): (Vec<f64>, Vec<f64>) = (0..n).map(|i| (next_down(i), next_up(i))).unzip();
        let fall = (0..n).map(|i| (hd[i] - down[i]).max(hu[i] - up[i])).fold(0.0, f64::max);
        (hd, hu) = (down, up);
        let both = lost(&|j| hd[j].min(hu[j]));
        if fall <= options.eps || both <= (1.0 + options.eps) * before || steps == options.most_steps {
            return esri::Loss { both, downstream: lost(&|j| hd[j]), upstream: lost(&|j| hu[j]), steps };
        }
    }
}
