//! What is allowed but seldom meant: a tariff in per cent, a stockpile in kilograms, a switch without effect.

use super::Scenario;
use super::document::{Item, Node};
use super::overlay::Layers;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kernel::Kernel;
use crate::network::line::Criticality;
use crate::policy::parameter::Value;
use crate::policy::response::Production;
use crate::policy::shock::Kind;
use crate::study::exposure::central_flows;

/// Above the highest duty there was, 145 % on all goods from China in April 2025, with room for those before it.
const HIGHEST_RATE: f64 = 3.0;
/// No market of the network grew threefold at once.
const HIGHEST_FACTOR: f64 = 3.0;

/// Warns of sizes beyond anything seen, and of a production function that has nothing to work on.
pub fn check(layers: &Layers, scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let inputs = || scenario.lines.lines.iter().flat_map(|line| &line.inputs);
    let spared = inputs().any(|input| matches!(input.criticality, Criticality::NonEssential { .. }));
    if scenario.switches.production == Production::Critical && !spared {
        let what = "`production = \"critical\"` changes nothing: no input of this network is non-essential";
        let diagnostic = Diagnostic::warning("W0268", what);
        let typed = match layers.root.get("switches").map(|item| &item.node) {
            Some(Node::Table(switches)) => switches.get("production").map(|item| item.span),
            _ => None,
        };
        let diagnostic = match typed {
            Some(span) => diagnostic.at(span, "same as `hard` here"),
            None => diagnostic,
        };
        diagnostics.push(diagnostic.help("recipes.csv of a network says so: column `criticality`"));
    }
    let mean = |value: &Value| value.distribution(&scenario.parameters).mean();
    let stocked = |kind: &Kind| matches!(kind, Kind::StockpileRelease { .. });
    // Flows need a kernel, and a kernel takes time: only where a stockpile is compared with them.
    let flows = scenario.shocks.iter().any(|shock| stocked(&shock.kind)).then(|| {
        let kernel = Kernel::compile(scenario);
        central_flows(&kernel)
    });
    for shock in &scenario.shocks {
        let found = match &shock.kind {
            Kind::Tariff { rate, .. } if mean(rate) > HIGHEST_RATE => {
                let rate = mean(rate);
                Some(("rate", format!("a rate of {rate} is a duty of {} %", rate * 100.0), "25 % is 0.25"))
            }
            Kind::DemandChange { factor, .. } if mean(factor) > HIGHEST_FACTOR => {
                let said = format!("a factor of {} multiplies final demand", mean(factor));
                Some(("factor", said, "a tenth more is 1.1"))
            }
            Kind::StockpileRelease { routes, tonnes, .. } => {
                let flows = flows.as_deref().unwrap_or_default();
                let a_year: f64 = routes.iter().map(|route| flows[route.index()]).sum::<f64>() * 365.0;
                (mean(tonnes) > a_year).then(|| {
                    let said = format!(
                        "{} t in store are more than the {a_year:.0} t that its routes carry in a year of calm",
                        mean(tonnes)
                    );
                    ("tonnes", said, "tonnes of the good that the routes carry, not of ore or kilograms")
                })
            }
            _ => None,
        };
        let Some((key, said, help)) = found else { continue };
        let diagnostic = Diagnostic::warning("W0267", format!("shock `{}`: {said}", shock.id));
        let diagnostic = match layers.key_of_shock(&shock.id, key) {
            Some(span) => diagnostic.at(span, "larger than anything seen"),
            None => diagnostic,
        };
        diagnostics.push(diagnostic.help(help));
    }
}

impl Layers {
    /// Where a key of a shock was typed.
    fn key_of_shock(&self, id: &str, key: &str) -> Option<Span> {
        let Node::List(shocks) = &self.root.get("shock")?.node else { return None };
        let tables = shocks.iter().filter_map(|Item { node, .. }| match node {
            Node::Table(table) => Some(table),
            _ => None,
        });
        let shock = tables.into_iter().find(|table| table.text("id") == Some(id))?;
        shock.get(key).map(|item| item.span)
    }
}
