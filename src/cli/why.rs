//! `why`: one run again, and what bound one facility day by day.

use std::fmt::Write as _;

use clap::Args;
use coercivity::diagnostic::nearest;
use coercivity::network::line::LineGraph;
use coercivity::study::replay::{Gate, Limit, Link, Spell, replay, spells};

use super::session::Changes;
use super::words::{date, percent};
use super::{Ending, Failure, terminal};

/// Facilities proposed for part of a name.
const MOST_MEANT: usize = 6;

/// Replay one run and name, day by day, what bound a facility's output.
#[derive(Args, Debug)]
pub struct Why {
    /// Id or name of a facility, e.g. auto-ford-nam (`network show --facilities` lists all)
    facility: String,
    /// Index of the run, from 0
    #[arg(long, default_value_t = 0)]
    replication: u64,
    /// Bundled name or path of a scenario file
    #[arg(long, default_value = "2025-april-controls")]
    scenario: String,
    #[command(flatten)]
    changes: Changes,
}

impl Why {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let (scenario, kernel) = self.changes.open(&self.scenario)?;
        let graph = &scenario.lines;
        let site = site(graph, &self.facility)?;
        let days = replay(&kernel, self.replication, site);
        let mut text = format!(
            "{} in run {} of {} (seed {})\n\n",
            graph.sites[site].name, self.replication, scenario.name, scenario.plan.seed
        );
        let spells = spells(&days, scenario.step_days);
        if spells.iter().all(|spell| spell.chain.is_empty()) {
            text.push_str("Its output never falls short of calm in this run.\n");
        }
        for spell in &spells {
            text.push_str(&paragraph(graph, spell));
        }
        terminal::print(&text);
        Ok(Ending::Done)
    }
}

/// Position of a facility, by id, or by name if that is what was typed.
fn site(graph: &LineGraph, typed: &str) -> Result<usize, Failure> {
    let alike =
        |site: &coercivity::network::line::Site| site.id == typed || site.name.eq_ignore_ascii_case(typed);
    graph.sites.iter().position(alike).ok_or_else(|| {
        // Part of a name is the likeliest thing to type; a slip of the fingers the next.
        let part = typed.to_lowercase();
        let holds = |site: &&coercivity::network::line::Site| {
            site.id.contains(&part) || site.name.to_lowercase().contains(&part)
        };
        let found: Vec<String> =
            graph.sites.iter().filter(holds).map(|site| format!("`{}` ({})", site.id, site.name)).collect();
        let near = nearest(typed, graph.sites.iter().map(|site| site.id.as_str()));
        let meant = match (found.len(), near) {
            (0, Some(near)) => format!("; did you mean `{near}`?"),
            (0, None) => String::new(),
            (1..=MOST_MEANT, _) => format!("; did you mean {}?", found.join(", ")),
            (many, _) => {
                format!("; {many} have `{typed}` in their name, {} first", found[..MOST_MEANT].join(", "))
            }
        };
        Failure::Usage(format!(
            "the network has no facility `{typed}`{meant}\n`coercivity network show --facilities` lists all"
        ))
    })
}

fn paragraph(graph: &LineGraph, spell: &Spell) -> String {
    let days = if spell.first == spell.last {
        date(f64::from(spell.first))
    } else {
        format!("{} – {}", date(f64::from(spell.first)), date(f64::from(spell.last)))
    };
    if spell.chain.is_empty() {
        return format!("{days}: as in calm\n");
    }
    let mut text = format!("{days}: {} below calm\n", percent(spell.shortfall));
    for link in &spell.chain {
        let _ = writeln!(text, "    {}", sentence(graph, link));
    }
    text
}

fn sentence(graph: &LineGraph, link: &Link) -> String {
    let own = &graph.sites[link.site].name;
    let product = &link.product;
    match &link.limit {
        Limit::Demand => {
            format!("{own} ({product}): nothing binds now; goods ordered are being made or under way")
        }
        Limit::Border { share } => format!(
            "{own} ({product}): {} of its usual sales cannot leave (licences, holds or closures), and it makes what can",
            percent(*share)
        ),
        Limit::Asked { less } => {
            format!("{own} ({product}): asked for {} less than in calm", percent(*less))
        }
        Limit::Capacity => format!("{own} ({product}): at its capacity"),
        Limit::Stopped => format!("{own} ({product}): line stopped or restarting"),
        Limit::Input { material, supplier, sent, gate } => {
            let why = match gate {
                Gate::Open => "",
                Gate::Closed => "; the route is closed",
                Gate::Held => "; customs hold it",
                Gate::Licence => "; it waits for licences",
                Gate::Rejected => "; its applications are rejected",
            };
            let supplier = &graph.sites[*supplier].name;
            format!(
                "{own} ({product}) lacks {material}: {supplier} sent {} of the usual in 30 days{why}",
                percent(*sent)
            )
        }
    }
}
