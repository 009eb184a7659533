//! Made-up firm networks of any size with the shape of real ones.
//!
//! - Purchases: 1 + Poisson(mean − 1) suppliers per firm.
//! - Suppliers are drawn with probability ∝ (rank + 1)^−α over a random ranking, so that the number of
//!   customers has a power-law tail with exponent 1 + 1/α (α = 0.77: 2.3, about what is reported for Japan's
//!   firms). Loops and second flows of a pair are dropped.
//! - Flows are lognormal(0, 0.5), rounded to six decimals.
//! - Output is max(1.05 × sales to firms, 2 × purchases, 0.1), so that a firm adds at least half of its
//!   output's value, and final demand is output − sales to firms: accounts balance, and nothing moves
//!   without a shock.
//! - A stated share of firms, drawn without replacement, loses a stated share of capacity.
//!
//! Every draw is a function of the seed, the firm and what it is for: a firm's draws stay what they are on
//! any number of threads.

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use super::{Firm, FirmNetwork, Flow};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::error::Error;
use crate::random::philox::{Entity, Purpose, Streams};
use crate::random::special::normal_quantile;

/// What network to make.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Recipe {
    /// Number of firms.
    pub firms: u32,
    /// Mean number of suppliers before loops and repetitions are dropped, 1 to 500.
    pub mean_in: f64,
    /// Exponent of the preference for firms of low rank, 0 to 5.
    pub alpha: f64,
    /// Number of sectors (no more than firms), at least 1.
    pub sectors: u32,
    /// Share of firms that are hit, 0 to 1.
    pub shock_share: f64,
    /// Share of capacity that those lose, 0 to 1.
    pub delta: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self { firms: 1000, mean_in: 4.5, alpha: 0.77, sectors: 50, shock_share: 0.1, delta: 0.5, seed: 331 }
    }
}

/// What a draw is for: the step of the counter.
mod draw {
    pub const RANK: u32 = 0;
    pub const DEGREE: u32 = 1;
    pub const SUPPLIER: u32 = 2;
    pub const SECTOR: u32 = 3;
    pub const SHOCK: u32 = 4;
}

/// Makes the network; same recipe, same network.
///
/// # Errors
/// A diagnostic for every number of the recipe that is out of range.
pub fn generate(recipe: &Recipe) -> Result<FirmNetwork, Diagnostics> {
    check(recipe)?;
    let streams = Streams::new(recipe.seed, 0);
    let uniform =
        |firm: u32, what: u32, number: u32| streams.uniform(Purpose::Network, Entity(firm), what, number);
    let n = recipe.firms;
    let ranked = order(n, |firm| uniform(firm, draw::RANK, 0));
    let mut below = 0.0;
    let cumulative: Vec<f64> = (0..n)
        .map(|rank| {
            below += libm::pow(f64::from(rank) + 1.0, -recipe.alpha);
            below
        })
        .collect();
    let flows: Vec<Flow> = (0..n)
        .into_par_iter()
        .flat_map_iter(|customer| {
            let degree = 1 + poisson(recipe.mean_in - 1.0, uniform(customer, draw::DEGREE, 0));
            let mut row: Vec<Flow> = (0..degree)
                .map(|number| {
                    let [a, b] = streams.block(Purpose::Network, Entity(customer), draw::SUPPLIER, number);
                    let rank = cumulative.partition_point(|sum| *sum <= a * below).min(ranked.len() - 1);
                    let weight = rounded(libm::exp(0.5 * normal_quantile(b)));
                    Flow { supplier: ranked[rank], customer, weight }
                })
                .filter(|flow| flow.supplier != customer)
                .collect();
            row.sort_by_key(|flow| flow.supplier);
            row.dedup_by_key(|flow| flow.supplier);
            row
        })
        .collect();
    let (mut sold, mut bought) = (vec![0.0; n as usize], vec![0.0; n as usize]);
    for flow in &flows {
        sold[flow.supplier as usize] += flow.weight;
        bought[flow.customer as usize] += flow.weight;
    }
    let mut delta = vec![0.0; n as usize];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of firms"
    )]
    let hit = (recipe.shock_share * f64::from(n)).round() as usize;
    for firm in order(n, |firm| uniform(firm, draw::SHOCK, 0)).into_iter().take(hit) {
        delta[firm as usize] = recipe.delta;
    }
    let sectors = recipe.sectors.min(n);
    let firm = |id: u32| {
        let (sold, bought) = (sold[id as usize], bought[id as usize]);
        let output = f64::max(1.05 * sold, 2.0 * bought).max(0.1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below the number of sectors"
        )]
        let drawn = (uniform(id, draw::SECTOR, 0) * f64::from(sectors)) as u32;
        // Every sector has a firm.
        let sector = if id < sectors { id } else { drawn };
        Firm {
            id: id.into(),
            sector: sector.into(),
            final_demand: rounded(output - sold),
            delta: delta[id as usize],
        }
    };
    let firms: Vec<Firm> = (0..n).map(firm).collect();
    Ok(FirmNetwork::new(&firms, &flows).unwrap_or_default())
}

/// Writes `nodes.csv` and `edges.csv`; [`super::tables::load`] gives the same network back, bit by bit.
///
/// # Errors
/// [`Error::File`] if the folder or a file cannot be written.
pub fn write(network: &FirmNetwork, folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    let sales = network.sales();
    let node = |firm: usize, out: &mut Vec<u8>| {
        let sector = network.sector_ids[network.sector[firm] as usize];
        let (demand, delta) = (network.final_demand[firm], network.delta[firm]);
        writeln!(out, "{},{sector},{},{demand},{delta}", network.ids[firm], rounded(sales[firm] + demand))
    };
    let edges = |customer: usize, out: &mut Vec<u8>| {
        let (suppliers, weights) = network.purchases(customer);
        suppliers.iter().zip(weights).try_for_each(|(supplier, weight)| {
            writeln!(out, "{},{},{weight}", network.ids[*supplier as usize], network.ids[customer])
        })
    };
    let path = folder.join("nodes.csv");
    table(&path, "id,sector,output,final_demand,delta\n", network.len(), node)
        .map_err(|source| failed(&path, source))?;
    let path = folder.join("edges.csv");
    table(&path, "from,to,weight\n", network.len(), edges).map_err(|source| failed(&path, source))
}

/// Writes the rows of all firms, formatting pieces of the table side by side.
fn table(
    path: &Path,
    header: &str,
    firms: usize,
    row: impl Fn(usize, &mut Vec<u8>) -> std::io::Result<()> + Sync,
) -> std::io::Result<()> {
    const PIECE: usize = 1 << 14;
    let mut file = std::fs::File::create(path)?;
    file.write_all(header.as_bytes())?;
    let starts: Vec<usize> = (0..firms).step_by(PIECE).collect();
    for group in starts.chunks(64) {
        let texts: std::io::Result<Vec<Vec<u8>>> = group
            .par_iter()
            .map(|start| {
                let mut text = Vec::new();
                (*start..firms.min(start + PIECE)).try_for_each(|firm| row(firm, &mut text))?;
                Ok(text)
            })
            .collect();
        for text in texts? {
            file.write_all(&text)?;
        }
    }
    file.flush()
}

fn check(recipe: &Recipe) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let mut demand = |name: &str, value: f64, least: f64, most: f64| {
        if !(value >= least && value <= most) {
            let message = format!("`{name}` of the network to generate is {value}");
            diagnostics
                .push(Diagnostic::error("E646", message).help(format!("a number from {least} to {most}")));
        }
    };
    demand("firms", recipe.firms.into(), 1.0, 1e8);
    demand("mean-in", recipe.mean_in, 1.0, 500.0);
    demand("alpha", recipe.alpha, 0.0, 5.0);
    demand("sectors", recipe.sectors.into(), 1.0, 1e8);
    demand("shock-share", recipe.shock_share, 0.0, 1.0);
    demand("delta", recipe.delta, 0.0, 1.0);
    demand("firms × mean-in", f64::from(recipe.firms) * recipe.mean_in, 1.0, 3e9);
    diagnostics.into_result(()).map(|_| ())
}

/// Firms by rising key; equal keys by number.
fn order(count: u32, key: impl Fn(u32) -> f64 + Sync) -> Vec<u32> {
    let mut keyed: Vec<(f64, u32)> = (0..count).into_par_iter().map(|firm| (key(firm), firm)).collect();
    keyed.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|entry| entry.1).collect()
}

/// Inverse of the Poisson distribution.
fn poisson(mean: f64, uniform: f64) -> u32 {
    let mut probability = libm::exp(-mean);
    let (mut sum, mut count) = (probability, 0_u32);
    while sum < uniform && probability > 0.0 {
        count += 1;
        probability *= mean / f64::from(count);
        sum += probability;
    }
    // Rounding may leave the sum below the uniform for ever; the last count with a probability stands for that.
    count
}

/// To six decimals.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::tables;
    use super::*;

    #[test]
    fn accounts_balance_and_degrees_are_as_asked() {
        let network = generate(&Recipe { firms: 20_000, ..Recipe::default() }).unwrap();
        let mean = network.flow_count() as f64 / 20_000.0;
        assert!((4.4..4.5).contains(&mean), "{mean}");
        assert_eq!(network.sector_count(), 50);
        assert_eq!(network.delta().iter().filter(|delta| **delta > 0.0).count(), 2000);
        let (mut customers, sales) = (vec![0; 20_000], network.sales());
        for firm in 0..20_000 {
            let (suppliers, weights) = network.purchases(firm);
            assert!(suppliers.iter().all(|supplier| *supplier as usize != firm));
            let bought: f64 = weights.iter().sum();
            let output = sales[firm] + network.final_demand()[firm];
            assert!(weights.iter().all(|weight| *weight > 0.0));
            assert!(
                network.final_demand()[firm] > 0.0
                    && output >= 2.0 * bought - 1e-6
                    && output >= 1.05 * sales[firm] - 1e-6
            );
            suppliers.iter().for_each(|supplier| customers[*supplier as usize] += 1);
        }
        // Share of the first rank: 1 / Σ k^-0.77 over 20 000 ranks, times all flows before repetitions fall out.
        let most = *customers.iter().max().unwrap();
        assert!((1600..2400).contains(&most), "{most}");
    }

    #[test]
    fn what_is_written_loads_as_it_was() {
        let network = generate(&Recipe { firms: 300, seed: 7, ..Recipe::default() }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write(&network, folder.path()).unwrap();
        let (loaded, warnings) = tables::load(folder.path()).unwrap();
        assert!(warnings.list().is_empty(), "{}", warnings.render(false));
        assert_eq!(loaded, network);
    }

    #[test]
    fn the_seed_matters_and_threads_do_not() {
        let recipe = Recipe { firms: 500, ..Recipe::default() };
        let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let one = pool(1).install(|| generate(&recipe).unwrap());
        assert_eq!(one, pool(3).install(|| generate(&recipe).unwrap()));
        assert_ne!(one, generate(&Recipe { seed: 1, ..recipe }).unwrap());
    }

    #[test]
    fn recipes_out_of_range_are_refused() {
        let bad = Recipe {
            firms: 0,
            mean_in: f64::NAN,
            alpha: -1.0,
            sectors: 0,
            shock_share: 2.0,
            delta: -0.1,
            seed: 0,
        };
        let Err(diagnostics) = generate(&bad) else { panic!("accepted") };
        assert_eq!(diagnostics.error_count(), 7);
        for firms in 1..5 {
            generate(&Recipe { firms, ..Recipe::default() }).unwrap();
        }
    }
}
