//! The mass balance of the base year: final demand pulled upstream at the central values, beside what
//! the data record as made.
//!
//! The two differ, because supply and demand were compiled from different sources. The simulator covers
//! the difference with supply it lists as unrecorded; these rows say how large it is and where.

use super::line::{LineGraph, Stage};
use super::{Network, material};
use crate::diagnostic::Diagnostics;
use crate::id::{LineId, Place};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

/// Sweeps through lines that feed each other in a cycle.
const SWEEPS: usize = 10_000;

/// One line of the balance.
#[derive(Clone, PartialEq, Debug)]
pub struct BalanceRow {
    /// Stage.
    pub stage: Stage,
    /// What is counted, such as `t NdPr oxide/yr`.
    pub unit: String,
    /// Country, or `None` for the whole network.
    pub country: Option<Place>,
    /// Recorded output of the base year, per year.
    pub supply: f64,
    /// Output that final demand asks for, per year.
    pub pulled: f64,
}

impl BalanceRow {
    /// (supply − pulled) ÷ supply; `None` where nothing is recorded.
    #[must_use]
    pub fn residual(&self) -> Option<f64> {
        (self.supply > 0.0).then(|| (self.supply - self.pulled) / self.supply)
    }
}

/// Output per day that final demand asks of each line, at the central values and with the shares as the
/// data have them (they sum to one within 2 %).
#[must_use]
pub fn pulled(graph: &LineGraph) -> Vec<f64> {
    let centrals = graph.central_values();
    let mut tree = DiGraph::<(), ()>::with_capacity(graph.lines.len(), graph.routes.len());
    for _ in &graph.lines {
        tree.add_node(());
    }
    for route in &graph.routes {
        tree.add_edge(NodeIndex::new(route.to.index()), NodeIndex::new(route.from.index()), ());
    }
    // Tonnes of the supplier's product per unit of the buyer's output, by supplier.
    let mut asked: Vec<Vec<(LineId, f64)>> = vec![Vec::new(); graph.lines.len()];
    for (buyer, line) in graph.lines.iter().enumerate() {
        for input in &line.inputs {
            let routes = || input.routes.iter().map(|r| &graph.routes[r.index()]);
            // Ore: shares are of tonnes of concentrate, so one tonne of output needs 1 ÷ the mean yield.
            let yields = || routes().filter_map(|r| r.yield_per_tonne.as_ref().map(|y| (r, y)));
            let ore = yields().next().is_some();
            let grade: f64 = yields().map(|(r, y)| r.share.central * y.value(&centrals)).sum();
            let amount = if !ore {
                input.amount.value(&centrals)
            } else if grade > 0.0 {
                1.0 / grade
            } else {
                0.0
            };
            for route in routes() {
                asked[route.from.index()].push((LineId::new(buyer), amount * route.share.central));
            }
        }
    }
    let mut output: Vec<f64> = graph.lines.iter().map(|line| line.final_demand).collect();
    // Buyers before suppliers; kosaraju gives the reverse, since edges point from buyer to supplier.
    for component in petgraph::algo::kosaraju_scc(&tree).into_iter().rev() {
        let sweeps = if component.len() == 1 && tree.find_edge(component[0], component[0]).is_none() {
            1
        } else {
            SWEEPS
        };
        for _ in 0..sweeps {
            let mut moved = 0.0_f64;
            for node in &component {
                let line = node.index();
                let wanted = graph.lines[line].final_demand
                    + asked[line].iter().map(|(buyer, amount)| amount * output[buyer.index()]).sum::<f64>();
                moved = moved.max((wanted - output[line]).abs() / wanted.abs().max(1e-300));
                output[line] = wanted;
            }
            if moved < 1e-14 {
                break;
            }
        }
    }
    output
}

impl Network {
    /// The balance by stage and unit: the whole network first, then its countries from the largest down.
    ///
    /// # Errors
    /// As [`Network::lines`].
    pub fn balance(&self) -> Result<Vec<BalanceRow>, Diagnostics> {
        let graph = self.lines()?;
        let per_day = pulled(&graph);
        let mut of_facility = vec![0.0; graph.sites.len()];
        for (line, output) in graph.lines.iter().zip(&per_day) {
            // Use of DyTb oxide is counted in tonnes of its own and not in the facility's unit.
            if graph.materials[line.product.index()].name != "goods with DyTb oxide" {
                of_facility[line.facility.index()] += output * 365.0;
            }
        }
        let mut groups: BTreeMap<(Stage, &str), BTreeMap<Place, (f64, f64)>> = BTreeMap::new();
        for (facility, pulled) in self.graph.node_weights().zip(of_facility) {
            let entry = groups
                .entry((facility.stage, facility.unit.as_str()))
                .or_default()
                .entry(facility.country)
                .or_default();
            entry.0 += facility.recorded_output;
            entry.1 += pulled;
        }
        let mut rows = Vec::new();
        for ((stage, unit), countries) in groups {
            let row = |country, (supply, pulled): (f64, f64)| BalanceRow {
                stage,
                unit: unit.to_owned(),
                country,
                supply,
                pulled,
            };
            let all = countries.values().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            rows.push(row(None, all));
            let mut list: Vec<_> = countries.into_iter().collect();
            list.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.0.cmp(&b.0)));
            rows.extend(
                list.into_iter()
                    .filter(|(_, (s, p))| *s > 0.0 || *p > 0.0)
                    .map(|(country, both)| row(Some(country), both)),
            );
        }
        Ok(rows)
    }
}

/// Tonnes a year of magnets by maker's country and buyer's region, at the central values.
#[must_use]
pub fn magnet_trade(graph: &LineGraph) -> BTreeMap<(Place, Place), f64> {
    let centrals = graph.central_values();
    let output = pulled(graph);
    let mut trade = BTreeMap::new();
    for route in &graph.routes {
        let name = graph.materials[route.material.index()].name.as_str();
        if name == material::HEAVY_MAGNET || name == material::LIGHT_MAGNET {
            let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
            let amount = to.inputs[route.input as usize].amount.value(&centrals);
            *trade.entry((from.country, to.region)).or_default() +=
                365.0 * output[route.to.index()] * amount * route.share.central;
        }
    }
    trade
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Network {
        Network::embedded("world-2024").unwrap()
    }

    #[track_caller]
    fn find(rows: &[BalanceRow], unit: &str, country: Option<&str>) -> BalanceRow {
        let country = country.map(|c| Place::parse(c).unwrap());
        rows.iter()
            .find(|r| r.unit == unit && r.country == country && !matches!(r.stage, Stage::OtherDemand))
            .unwrap()
            .clone()
    }

    /// The table of the data's own balance, computed independently with a script from the same files.
    #[test]
    fn the_balance_is_that_of_the_data() {
        let rows = shipped().balance().unwrap();
        let totals = [
            ("t REO/yr", 411_815.0, 427_506.0),
            ("t NdPr oxide/yr", 71_652.0, 74_974.0),
            ("t DyTb oxide/yr", 3_070.0, 3_112.0),
            ("t RE metal/yr", 58_150.0, 58_382.0),
            ("t magnet/yr", 198_150.0, 200_536.0),
        ];
        for (unit, supply, pulled) in totals {
            let row = find(&rows, unit, None);
            assert!((row.supply - supply).abs() < 0.51, "{row:?}");
            // The script's total of magnets is what buyers use; shares into them sum to one within 1e-5 only.
            let rounding = if unit == "t magnet/yr" { 1.5 } else { 0.51 };
            assert!((row.pulled - pulled).abs() < rounding, "{row:?}");
        }
        let countries = [
            ("t magnet/yr", "CHN", -0.009),
            ("t magnet/yr", "JPN", -0.012),
            ("t magnet/yr", "VNM", -0.100),
            ("t magnet/yr", "DEU", -0.256),
            ("t magnet/yr", "KOR", -0.112),
            ("t magnet/yr", "USA", -0.021),
            ("t magnet/yr", "SVN", -0.258),
            ("t NdPr oxide/yr", "CHN", -0.071),
            ("t NdPr oxide/yr", "MYS", 0.077),
            ("t NdPr oxide/yr", "USA", 0.270),
            ("t NdPr oxide/yr", "EST", 0.461),
            ("t NdPr oxide/yr", "IND", 0.545),
            ("t NdPr oxide/yr", "VNM", -0.201),
            ("t REO/yr", "CHN", -0.076),
            ("t REO/yr", "USA", 0.092),
            ("t REO/yr", "MMR", -0.060),
            ("t REO/yr", "AUS", 0.078),
            ("t REO/yr", "RUS", 0.541),
            ("t REO/yr", "VNM", -1.119),
        ];
        for (unit, country, residual) in countries {
            let row = find(&rows, unit, Some(country));
            assert!((row.residual().unwrap() - residual).abs() < 0.00051, "{row:?} {:?}", row.residual());
        }
    }

    #[test]
    fn magnets_from_china_go_where_the_data_say() {
        let trade = magnet_trade(&shipped().lines().unwrap());
        let from_china = |region: &str| trade[&(Place::CHN, Place::parse(region).unwrap())];
        for (region, tonnes) in [
            ("EUR", 24_446.0),
            ("ROW", 13_704.0),
            ("JPN", 3_217.0),
            ("NAM", 7_469.0),
            ("KOR", 5_104.0),
            ("IND", 2_141.0),
            ("ASN", 2_032.0),
        ] {
            assert!((from_china(region) - tonnes).abs() < 0.51, "{region} {}", from_china(region));
        }
        let exports: f64 = trade
            .iter()
            .filter(|((from, to), _)| *from == Place::CHN && *to != Place::CHN)
            .map(|(_, t)| t)
            .sum();
        assert!((exports - 58_112.0).abs() < 0.51, "{exports}");
    }
}
