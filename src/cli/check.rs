//! `check`: all problems, without running.

use clap::Args;

use super::session::Changes;
use super::words::date;
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
                .or_else(|| coercivity::network::codes::explain(&upper));
            let Some(paragraph) = known.or(own) else {
                return Err(Failure::Usage(format!(
                    "there is no code `{code}`; codes stand in brackets behind `error` and `warning`"
                )));
            };
            terminal::print(&format!("{}\n", paragraph.trim_end()));
        }
        if let Some(name) = &self.scenario {
            let (scenario, kernel) = self.changes.open(name)?;
            terminal::print(&format!(
                "{}: no problem found. {} shocks, {} facilities, {} routes between production lines, {} to {}, {} runs.\n",
                scenario.name,
                scenario.shocks.len(),
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
