//! The map of the network: who ships to whom, and what is missing.

use coercivity::chart::{MapBox, MapFlow, NetworkMap, Provenance};
use coercivity::id::Place;
use coercivity::network::line::Stage;
use coercivity::study::flows::{Flow, Noting};

use super::super::words::{place, stage};
use super::Source;

impl Source<'_> {
    pub(super) fn map(&self, noting: &Noting<'_>) -> NetworkMap {
        let flows = noting.flows(self.summary.count());
        let stages: Vec<Stage> =
            Stage::ALL.into_iter().filter(|stage| flows.boxes.iter().any(|of| of.stage == *stage)).collect();
        let mut sizes: Vec<(Place, f64)> = Vec::new();
        for of in &flows.boxes {
            match sizes.iter_mut().find(|(region, _)| *region == of.region) {
                Some((_, size)) => *size += of.calm,
                None => sizes.push((of.region, of.calm)),
            }
        }
        sizes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let regions: Vec<Place> = sizes.into_iter().map(|(region, _)| region).collect();
        let missing =
            |calm: f64, shocked: f64| if calm > 0.0 { (1.0 - shocked / calm).clamp(0.0, 1.0) } else { 0.0 };
        let per_year = 365.0 / f64::from(self.scenario.days.max(1));
        let boxes = flows.boxes.iter().map(|of| MapBox {
            stage: stages.iter().position(|stage| *stage == of.stage).unwrap_or(0),
            region: regions.iter().position(|region| *region == of.region).unwrap_or(0),
            output: of.calm * per_year,
            shortfall: missing(of.calm, of.shocked),
        });
        let flow = |flow: &Flow| MapFlow {
            from: flow.from,
            to: flow.to,
            tonnes: flow.calm * per_year,
            shortfall: missing(flow.calm, flow.shocked),
        };
        NetworkMap {
            caption: "Who ships to whom, and what is missing".to_owned(),
            subtitle: format!(
                "{}. Widths: calm flows; colours: share of them missing over the whole run.",
                self.scenario.title.trim_end_matches('.')
            ),
            stages: stages.iter().map(|of| stage(*of).to_owned()).collect(),
            regions: regions.iter().map(|region| place(*region)).collect(),
            boxes: boxes.collect(),
            flows: flows.flows.iter().map(flow).collect(),
            unit: "t of NdPr carried per year".to_owned(),
            least_share: 0.002,
            provenance: Provenance {
                runs: flows.runs,
                band: "none, means of the first runs".to_owned(),
                ..self.provenance.clone()
            },
        }
    }
}
