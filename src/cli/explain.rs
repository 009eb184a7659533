//! `explain`: what a scenario touches and which numbers it uses, before anything is simulated.

use std::fmt::Write as _;

use clap::Args;
use coercivity::kernel::Kernel;
use coercivity::policy::parameter::Parameter;
use coercivity::scenario::Scenario;
use coercivity::scenario::spell::{Key, switches};
use coercivity::study::exposure::{Exposure, Touched, exposures};

use super::session::Subject;
use super::words::{counted, date, number};
use super::{Ending, Failure, terminal};

/// Names listed per shock and material, unless all are wanted.
const MOST_NAMES: usize = 6;

/// Say what a scenario touches.
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    subject: Subject,
    /// Name all facilities with their ids, not the largest only
    #[arg(long)]
    all: bool,
}

impl Explain {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let (scenario, kernel) = self.subject.changes.open(&self.subject.scenario)?;
        let most = if self.all { usize::MAX } else { MOST_NAMES };
        let exposures = exposures(&kernel);
        let mut text = about(&scenario);
        text.push_str("\nShocks\n");
        if exposures.is_empty() {
            text.push_str("  none: every run is calm, with its own draw of the network\n");
        }
        for exposure in &exposures {
            text.push_str(&shock(&scenario, exposure, most));
        }
        text.push_str(&idle(&exposures));
        text.push_str(&loads(&scenario, &kernel));
        text.push_str(&parameters(&scenario));
        terminal::print(&text);
        Ok(Ending::Done)
    }
}

fn about(scenario: &Scenario) -> String {
    let mut text = format!("{}: {}\n\n{}\n", scenario.name, scenario.title, scenario.description.trim());
    let last = f64::from(scenario.start) + f64::from(scenario.days);
    let _ = writeln!(
        text,
        "\n{} to {}, steps of {} d; network {}: {} facilities, {} routes; {} runs at most, seed {}",
        date(f64::from(scenario.start)),
        date(last),
        scenario.step_days,
        scenario.network,
        scenario.lines.sites.len(),
        scenario.lines.routes.len(),
        scenario.plan.replications,
        scenario.plan.seed
    );
    if let Some(claim) = &scenario.expectation {
        let than = match claim.sign {
            1 => "higher than in",
            -1 => "lower than in",
            _ => "the same as in",
        };
        let _ = writeln!(
            text,
            "It claims: {} is {than} {}, because {}",
            claim.metric, claim.parent, claim.because
        );
    }
    for source in &scenario.sources {
        let _ = writeln!(text, "Source: {} <{}>", source.title, source.url);
    }
    text
}

/// Names of facilities, with their ids where all are wanted: then somebody looks for one.
fn names(scenario: &Scenario, sites: &[usize], most: usize) -> String {
    let name = |site: &usize| {
        let site = &scenario.lines.sites[*site];
        if most == usize::MAX { format!("{} [{}]", site.name, site.id) } else { site.name.clone() }
    };
    let listed = sites.iter().take(most).map(name).collect::<Vec<_>>().join(", ");
    let left = sites.len().saturating_sub(most);
    if left > 0 { format!("{listed} and {left} more") } else { listed }
}

fn keys(keys: &[Key]) -> String {
    keys.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("; ")
}

fn amount(goods: &Touched) -> String {
    let routes = counted(goods.routes, "route");
    format!("{}: {routes}, {} t a month in calm", goods.material, number(goods.per_month))
}

fn shock(scenario: &Scenario, exposure: &Exposure, most: usize) -> String {
    let start =
        exposure.start.map_or("when triggered".to_owned(), |day| format!("from {}", date(f64::from(day))));
    let end = exposure.end.map_or(String::new(), |day| format!(" to {}", date(f64::from(day))));
    let mut text = format!("  {} ({}, {start}{end}): {}\n", exposure.id, exposure.kind, exposure.title);
    let _ = writeln!(text, "    {}", keys(&exposure.keys));
    // Customers of a general licence are what it is about: all of them are named.
    let buyers = if exposure.kind == "general licence" { most.max(scenario.lines.sites.len()) } else { most };
    for goods in &exposure.goods {
        let _ = writeln!(
            text,
            "    {}\n      from {}\n      to {}",
            amount(goods),
            names(scenario, &goods.suppliers, most),
            names(scenario, &goods.buyers, buyers)
        );
    }
    if !exposure.facilities.is_empty() {
        let _ = writeln!(text, "    facilities: {}", names(scenario, &exposure.facilities, most));
    }
    for section in &exposure.sections {
        let _ = writeln!(text, "    {}: {}", section.name, keys(&section.keys));
        for goods in &section.goods {
            let _ = writeln!(text, "      {}", amount(goods));
        }
    }
    text
}

/// How busy desks with officers are, and a warning where they cannot keep up.
fn loads(scenario: &Scenario, kernel: &Kernel) -> String {
    let mut text = String::new();
    for load in kernel.desk_loads() {
        let when = load
            .regime
            .map_or_else(|| "from the start".to_owned(), |r| format!("under `{}`", scenario.shocks[r].id));
        let _ = writeln!(
            text,
            "  desk of `{}` {when}: {} officers, {:.2} reviews a day in calm, load {:.2}",
            scenario.shocks[load.rule].id,
            number(load.officers),
            load.reviews_per_day,
            load.load
        );
        if load.overloaded() {
            text.push_str("  warning: at a load of 1 or more the backlog grows without end\n");
        }
    }
    text
}

/// Warnings about shocks, or a scenario, that change nothing.
fn idle(exposures: &[Exposure]) -> String {
    let mut text = String::new();
    for exposure in exposures {
        if let Some(reason) = &exposure.idle {
            let _ = writeln!(text, "  warning: `{}` changes nothing, because {reason}", exposure.id);
        }
    }
    // A regime alone has no desk to act on.
    let acts =
        |exposure: &&Exposure| exposure.idle.is_none() && exposure.kind != "regime of the licence desk";
    if !exposures.is_empty() && exposures.iter().find(acts).is_none() {
        text.push_str("  warning: this scenario changes nothing, because none of its shocks does\n");
    }
    text
}

/// A title in the middle of a sentence.
fn lower_first(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn parameters(scenario: &Scenario) -> String {
    let mut text = String::new();
    if let Some(set) = &scenario.parameter_set {
        let _ = writeln!(text, "\nParameter set `{}`: {}\n{}", set.name, set.title, set.basis);
        if set.rows > 0 {
            let _ = writeln!(text, "Each run takes one of its {} sets of values whole.", set.rows);
        }
    }
    text.push_str("\nNumbers (* set by the scenario, + by its parameter set; all others are defaults)\n");
    for parameter in Parameter::ALL {
        let description = parameter.describe();
        let value = scenario.parameters.get(*parameter);
        let set = scenario.parameter_set.as_ref().filter(|set| set.parameters.contains(parameter));
        let own = match set {
            Some(_) => '+',
            None if *value == parameter.default_value() => ' ',
            None => '*',
        };
        let basis = set.map_or_else(
            || format!("basis of the default: {}", description.basis),
            |set| format!("basis: {}, see parameter set `{}`", lower_first(&set.title), set.name),
        );
        let _ = writeln!(
            text,
            "{own} {} = {value} {}\n      {}\n      {basis}",
            description.key, description.unit, description.meaning
        );
    }
    text.push_str("\nRules of behaviour (* set by the scenario; all others are defaults)\n");
    for switch in switches(&scenario.switches) {
        let own = if switch.set { '*' } else { ' ' };
        let _ = writeln!(
            text,
            "{own} {} = {}\n      {}\n      basis of the default: {}",
            switch.key, switch.value, switch.meaning, switch.basis
        );
    }
    text
}
