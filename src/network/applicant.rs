//! How large those are who apply for licences together: the exporter and its customer on one route.
//!
//! Licences are given customer by customer, so the applicant is the pair. Routes of one material that cross a
//! border are ranked by the tonnes they carry in the base year: the largest that together carry half are `large`,
//! the smallest that together carry a tenth are `small`, the others `medium`. Routes inside a country and routes
//! that carry nothing in the base year (suppliers that open later, candidates) are `small`.

use super::baseline::pulled;
use super::line::LineGraph;

/// Size of an applicant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApplicantSize {
    /// Among the largest, which together carry half of the material's trade.
    Large,
    /// Neither.
    Medium,
    /// Among the smallest, which together carry a tenth.
    Small,
}

/// Share of a material's trade that the large applicants carry together.
const LARGE: f64 = 0.5;
/// Share that the large and the medium ones carry together.
const NOT_SMALL: f64 = 0.9;

/// The size of the applicant on each route.
#[must_use]
pub fn applicant_sizes(graph: &LineGraph) -> Vec<ApplicantSize> {
    let central: Vec<f64> = graph.coefficients.iter().map(|coefficient| coefficient.band.central).collect();
    let output = pulled(graph);
    let tonnes: Vec<f64> = graph
        .routes
        .iter()
        .map(|route| {
            let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
            let amount = to.inputs[route.input as usize].amount.value(&central);
            let crosses = from.country != to.country;
            if crosses { output[route.to.index()] * amount * route.share.central } else { 0.0 }
        })
        .collect();
    let mut sizes = vec![ApplicantSize::Small; graph.routes.len()];
    for material in 0..graph.materials.len() {
        let mut ranked: Vec<usize> = (0..graph.routes.len())
            .filter(|r| graph.routes[*r].material.index() == material && tonnes[*r] > 0.0)
            .collect();
        ranked.sort_by(|a, b| {
            tonnes[*b].total_cmp(&tonnes[*a]).then_with(|| graph.routes[*a].id.cmp(&graph.routes[*b].id))
        });
        let all: f64 = ranked.iter().map(|r| tonnes[*r]).sum();
        // Whoever makes a share full still belongs to it.
        let mut before = 0.0;
        for r in ranked {
            sizes[r] = if before < LARGE * all {
                ApplicantSize::Large
            } else if before < NOT_SMALL * all {
                ApplicantSize::Medium
            } else {
                ApplicantSize::Small
            };
            before += tonnes[r];
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn large_applicants_carry_half_of_each_materials_trade() {
        let graph = Network::embedded("world-2024").expect("shipped").lines().expect("lines");
        let sizes = applicant_sizes(&graph);
        let central: Vec<f64> = graph.coefficients.iter().map(|c| c.band.central).collect();
        let output = pulled(&graph);
        let heavy =
            graph.materials.iter().position(|m| m.name == "NdFeB magnet (heavy RE)").expect("a material");
        let mut sums = [(0, 0.0); 3];
        for (r, route) in graph.routes.iter().enumerate() {
            let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
            let tonnes = output[route.to.index()]
                * to.inputs[route.input as usize].amount.value(&central)
                * route.share.central;
            if route.material.index() == heavy && from.country != to.country && tonnes > 0.0 {
                let sum = &mut sums[sizes[r] as usize];
                *sum = (sum.0 + 1, sum.1 + tonnes);
            } else if from.country == to.country {
                assert_eq!(sizes[r], ApplicantSize::Small);
            }
        }
        let all: f64 = sums.iter().map(|sum| sum.1).sum();
        let share = |size: ApplicantSize| sums[size as usize].1 / all;
        assert!((0.5..0.6).contains(&share(ApplicantSize::Large)), "{sums:?}");
        assert!((0.04..=0.1).contains(&share(ApplicantSize::Small)), "{sums:?}");
        // A few pairs carry half of the trade, many carry a tenth.
        assert!(3 * sums[0].0 < sums[2].0, "{sums:?}");
    }
}
