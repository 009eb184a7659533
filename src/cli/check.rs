//! `check`: all problems, without running.

use clap::Args;
use coercivity::policy::shock::Kind;
use coercivity::scenario::Scenario;

use super::session::Changes;
use super::words::{counted, date};
use super::{Ending, Failure, terminal};

const METRIC: &str = "A metric is named that this network does not have. Names of metrics are those of `summary.json`: totals such as `vehicles_lost`, parts such as `vehicles_lost:NAM` (a region) or `stopped@auto-ford-nam` (a facility). Which there are depends on the network.";

/// Find all problems of a scenario.
#[derive(Args, Debug)]
pub struct Check {
    /// Bundled name or path of a scenario file
    #[arg(required_unless_present = "explain")]
    scenario: Option<String>,
    #[command(flatten)]
    changes: Changes,
    /// Say more about a code such as E0203
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

impl Check {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        if let Some(code) = &self.explain {
            let upper = code.to_uppercase();
            let own = (upper == "E0701").then_some(METRIC);
            let known = coercivity::scenario::explain_code(&upper)
                .or_else(|| coercivity::network::codes::explain(&upper))
                .or_else(|| coercivity::firms::codes::explain(&upper));
            let Some(paragraph) = known.or(own) else {
                return Err(Failure::Usage(format!(
                    "there is no code `{code}`; codes stand in brackets behind `error` and `warning`"
                )));
            };
            terminal::print(&format!("{}\n", paragraph.trim_end()));
        }
        if let Some(name) = &self.scenario {
            let (scenario, kernel) = self.changes.open(name)?;
            if let Some(note) = uncalibrated(&scenario) {
                terminal::note(&note);
            }
            terminal::print(&format!(
                "{}: no problem found. {}, {} facilities, {} routes between production lines, {} to {}, {} runs.\n",
                scenario.name,
                counted(scenario.shocks.len(), "shock"),
                scenario.lines.sites.len(),
                kernel.edges(),
                date(f64::from(scenario.start)),
                date(f64::from(scenario.start) + f64::from(scenario.days)),
                scenario.plan.replications
            ));
        }
        Ok(Ending::Done)
    }
}

/// A licence desk with default numbers is nobody's desk: a note, as it may be meant.
fn uncalibrated(scenario: &Scenario) -> Option<String> {
    let rule = scenario.shocks.iter().find(|shock| matches!(shock.kind, Kind::Licensing(_)))?;
    let sets = coercivity::scenario::bundled::parameter_sets().collect::<Vec<_>>().join("\" or \"");
    scenario.parameter_set.is_none().then(|| {
        format!(
            "note: the desk of `{}` works with documented defaults, which no record was fitted to; calibrated ones: parameter_set = \"{sets}\"",
            rule.id
        )
    })
}
