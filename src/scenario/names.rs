//! Names that depend on what is simulated (metrics, series), and ids that must not share their luck.

use super::document::{Item, Node};
use super::fields::{text, texts, with_many_choices};
use super::overlay::Layers;
use super::{Outputs, Scenario};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kernel::Kernel;
use crate::network::line::LineGraph;
use crate::random::philox;

/// Checks the metrics of `[expect]` and `converge` and the series of `[outputs]` against what the scenario
/// counts. Where none is named nothing is compiled.
pub fn check(layers: &Layers, scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let metrics = [&["expect", "metric"][..], &["study", "converge", "metric"]].map(|path| layers.item(path));
    let series = layers.item(&["outputs", "series"]);
    if series.is_none() && metrics.iter().all(Option::is_none) {
        return;
    }
    let everything = Scenario { outputs: Outputs::default(), ..scenario.clone() };
    let kernel = Kernel::compile(&everything);
    let design = kernel.design();
    let names: Vec<&str> = design.metrics.iter().map(|metric| metric.name.as_str()).collect();
    for item in metrics.into_iter().flatten() {
        let Some(typed) = text(item, "metric", diagnostics) else { continue };
        if !names.contains(&typed.value) {
            let diagnostic = Diagnostic::error("E0255", format!("there is no metric `{}`", typed.value));
            let diagnostic = diagnostic.at(typed.span, "unknown metric");
            diagnostics.push(with_many_choices(diagnostic, typed.value, &names, "`summary.json` lists them"));
        }
    }
    let names: Vec<&str> = design.series.iter().map(|series| series.id.as_str()).collect();
    for typed in series.and_then(|item| texts(item, "series", diagnostics)).unwrap_or_default() {
        if !names.contains(&typed.value) {
            let diagnostic = Diagnostic::error("E0262", format!("there is no series `{}`", typed.value));
            let diagnostic = diagnostic.at(typed.span, "this run does not count it");
            diagnostics.push(with_many_choices(diagnostic, typed.value, &names, "`series.csv` lists them"));
        }
    }
}

/// Refuses two different ids of a network that would draw the same random numbers. `place`: where the network
/// was named.
pub fn collisions(graph: &LineGraph, place: Option<Span>, diagnostics: &mut Diagnostics) {
    let routes = || graph.routes.iter();
    let kinds: [(&str, Vec<&str>); 3] = [
        // Stock targets are drawn by buyer and by route.
        ("routes", routes().flat_map(|route| [route.id.as_str(), &route.cover_key]).collect()),
        ("shares", routes().map(|route| route.share_key.as_str()).collect()),
        ("coefficients", graph.coefficients.iter().map(|coefficient| coefficient.id.as_str()).collect()),
    ];
    for (kind, ids) in kinds {
        if let Some((one, other)) = philox::collisions(ids) {
            let diagnostic = collision(&format!("of {kind} of the network "), &one, &other);
            diagnostics.push(match place {
                Some(span) => diagnostic.at(span, "of this network"),
                None => diagnostic,
            });
        }
    }
}

/// Refuses two shocks that would draw the same random numbers.
pub fn shock_collisions(named: &[(&str, Span)], diagnostics: &mut Diagnostics) {
    if let Some((one, other)) = philox::collisions(named.iter().map(|(id, _)| id)) {
        let place = |id: &str| named.iter().find(|(own, _)| *own == id).map(|(_, span)| *span);
        let mut diagnostic = collision("of shocks ", &one, &other);
        for (id, label) in [(&other, "this one"), (&one, "and this one")] {
            if let Some(span) = place(id) {
                diagnostic = diagnostic.at(span, label);
            }
        }
        diagnostics.push(diagnostic);
    }
}

fn collision(of: &str, one: &str, other: &str) -> Diagnostic {
    Diagnostic::error("E0263", format!("the ids {of}`{one}` and `{other}` would share their random numbers"))
        .help("both have the same 32-bit hash, which keys what is drawn for them; rename one of them")
}

impl Layers {
    /// What was typed at a path of keys; `None` where nothing was.
    fn item(&self, path: &[&str]) -> Option<&Item> {
        let (last, tables) = path.split_last()?;
        let mut table = &self.root;
        for key in tables {
            let Node::Table(inner) = &table.get(key)?.node else { return None };
            table = inner;
        }
        table.get(last)
    }

    /// Where it was typed.
    pub(super) fn place(&self, path: &[&str]) -> Option<Span> {
        self.item(path).map(|item| item.span)
    }
}
