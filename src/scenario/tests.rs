//! Tests of the whole path from a text to a scenario, on a tiny network with the shipped one's names.

use std::path::Path;
use std::sync::Arc;

use super::resolve::{Ground, NoNetwork, resolve};
use super::{Scenario, bundled, overlay, tiny};
use crate::diagnostic::Diagnostics;
use crate::policy::shock::Kind;

/// Finds the tiny network under the shipped one's name.
pub(super) fn find_tiny(name: &str, _: &Path) -> Result<Ground, NoNetwork> {
    if name == "world-2024" {
        Ok(Ground {
            lines: Arc::new(tiny::graph()),
            vintage: "a tiny network".to_owned(),
            warnings: Diagnostics::new(),
        })
    } else {
        Err(NoNetwork::Unknown(vec!["world-2024".to_owned()]))
    }
}

pub(super) fn open_tiny(name: &str, sets: &[&str]) -> Result<Scenario, String> {
    let mut diagnostics = Diagnostics::new();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let layers = overlay::open(name, &sets, &mut diagnostics);
    let scenario = layers.and_then(|layers| resolve(&layers, &find_tiny, &mut diagnostics));
    scenario.filter(|_| diagnostics.error_count() == 0).ok_or_else(|| diagnostics.render(false))
}

#[test]
fn every_bundled_scenario_resolves() {
    for name in bundled::names() {
        let scenario = open_tiny(name, &[]).unwrap_or_else(|problems| panic!("{name}:\n{problems}"));
        assert_eq!(scenario.name, name);
        assert_eq!(Some(scenario.title), bundled::title(name));
    }
}

#[test]
fn every_bundled_scenario_opens_on_the_shipped_network_without_a_warning() {
    for name in bundled::names() {
        let (scenario, warnings) = Scenario::bundled(name).unwrap_or_else(|error| match error {
            crate::error::Error::Input(problems) => panic!("{name}:\n{}", problems.render(false)),
            other => panic!("{name}: {other}"),
        });
        assert!(warnings.list().is_empty(), "{name}:\n{}", warnings.render(false));
        assert!(scenario.expectation.is_some() || name == "baseline", "{name} claims nothing");
        assert!(!scenario.sources.is_empty() && !scenario.description.is_empty(), "{name} has no sources");
        assert_eq!(scenario.lines.sites.len(), 148);
    }
}

#[test]
fn april_controls_license_what_the_announcement_lists() {
    let scenario = open_tiny("2025-april-controls", &[]).unwrap();
    assert_eq!(scenario.steps(), 546);
    let Kind::Licensing(rule) = &scenario.shocks[0].kind else { panic!("the first shock is the rule") };
    let graph = &scenario.lines;
    for route in 0..graph.routes.len() {
        let (from, to) =
            (&graph.lines[graph.routes[route].from.index()], &graph.lines[graph.routes[route].to.index()]);
        let listed = graph.materials[graph.routes[route].material.index()].heavy
            && from.country.as_str() == "CHN"
            && to.country.as_str() != "CHN";
        let position = rule.controlled.iter().position(|own| own.index() == route);
        assert_eq!(position.is_some(), listed, "{}", graph.routes[route].id);
        if let Some(position) = position {
            let class = &rule.classes[usize::from(rule.class_of[position])].name;
            assert_eq!(class == "united-states", to.country.as_str() == "USA", "{}", graph.routes[route].id);
        }
    }
    let Kind::Regime(london) = &scenario.shocks[4].kind else { panic!("the fifth shock is London") };
    assert_eq!(london.licensing, 0);
    assert_eq!(london.speed.len(), rule.classes.len());
}

#[test]
fn set_reaches_every_corner() {
    let sets = [
        "parameters.panic=1.0",
        "parameters.growth={uniform=[1.0,1.1]}",
        "shock.april-controls.start=2025-05-01",
        "shock.geneva.remove=true",
        "study.replications=100",
        "switches.production=psi",
        "switches.sourcing.component=all-needed",
    ];
    let scenario = open_tiny("2025-april-controls", &sets).unwrap();
    use crate::policy::parameter::Parameter;
    use crate::policy::response::{Production, Sourcing};
    use crate::random::sample::Distribution;
    assert_eq!(scenario.parameters.get(Parameter::Panic), &Distribution::Fixed(1.0));
    assert_eq!(scenario.parameters.get(Parameter::Growth), &Distribution::Uniform { low: 1.0, high: 1.1 });
    assert_eq!(super::calendar::date_text(scenario.shocks[0].start.date), "2025-05-01");
    assert!(scenario.shocks.iter().all(|shock| shock.id != "geneva"));
    assert_eq!(scenario.plan.replications, 100);
    assert_eq!(scenario.switches.production, Production::Psi);
    assert_eq!(scenario.switches.sourcing[4], Sourcing::AllNeeded);
    assert_eq!(scenario.switches.sourcing[5], Sourcing::Dedicated);
    // Two scenarios, the parameter set, and what was set.
    assert_eq!(scenario.inputs.len(), 3 + sets.len());
}

#[test]
fn digest_follows_what_decides_the_numbers() {
    let plain = open_tiny("baseline", &[]).unwrap();
    assert_eq!(plain.digest(), open_tiny("baseline", &["title=other"]).unwrap().digest());
    assert_ne!(plain.digest(), open_tiny("baseline", &["parameters.panic=0.6"]).unwrap().digest());
    assert_ne!(plain.digest(), open_tiny("baseline", &["study.seed=1"]).unwrap().digest());
    assert_eq!(plain.digest().len(), 64);
}
