//! Pictures of the licence desk: what becomes of applications, and how long they wait.

use coercivity::chart::{LicencePanel, LicenceStack, Provenance, WaitingChart, WaitingClass};
use coercivity::export::json::day_of;
use coercivity::policy::shock::Kind;
use coercivity::scenario::Scenario;
use coercivity::study::reading::group;

use super::Source;

/// Days of a bin of waiting times.
const WAIT_BIN_DAYS: usize = 10;

impl Source<'_> {
    pub(super) fn licences(&self) -> Option<LicenceStack> {
        let all = group(self.summary, "licences");
        let of = |name: &str| -> Option<Vec<f64>> {
            let (i, _) = all.iter().find(|(_, own)| *own == name)?;
            Some(self.summary.series(*i).iter().map(|point| point.mean).collect())
        };
        let (first, _) = all.first()?;
        let dates = &self.summary.design().series[*first].dates;
        let mut panel = LicencePanel {
            title: String::new(),
            dates: dates
                .iter()
                .filter_map(|label| day_of(label))
                .flat_map(|day| self.places("licences", day))
                .collect(),
            approved: of("approved")?,
            pending: of("pending")?,
            rejected: of("rejected")?,
            published: Vec::new(),
        };
        begin(self.scenario, &mut panel);
        Some(LicenceStack {
            caption: "What has become of licence applications".to_owned(),
            subtitle: format!(
                "{}. In a run applications are returned for information {} times, and stay pending.",
                self.scenario.title.trim_end_matches('.'),
                of("returned")?.last().copied().unwrap_or(0.0).round()
            ),
            quantity: "applications, mean of runs".to_owned(),
            panels: vec![panel],
            events: self.events.clone(),
            provenance: Provenance { band: "none, means of runs".to_owned(), ..self.provenance.clone() },
        })
    }

    /// How long applications wait until they are approved or rejected, in all runs together.
    pub(super) fn waiting(&self) -> Option<WaitingChart> {
        let all = group(self.summary, "waits");
        let mut classes: Vec<WaitingClass> = Vec::new();
        for (i, name) in &all {
            let Some(class) = name.strip_prefix("approved:") else { continue };
            let of = |fate: &str| {
                let name = format!("{fate}:{class}");
                all.iter().find(|(_, own)| *own == name).map(|(i, _)| self.by_bin(*i))
            };
            let (mut approved, mut rejected) = (self.by_bin(*i), of("rejected")?);
            let mut open = of("open")?;
            // The last bin has no end: whoever is in it waited at least so long, which is all that is drawn.
            let longest = approved.pop()? + rejected.pop()? + open.pop()?;
            let mut open = by_day(&open);
            open.push(longest * WAIT_BIN_DAYS as u64);
            let (mut approved, mut rejected) = (by_day(&approved), by_day(&rejected));
            // Beyond the longest wait that was seen nothing is known: the curves end there.
            for cases in [&mut approved, &mut rejected, &mut open] {
                let seen = cases.iter().rposition(|cases| *cases > 0).map_or(0, |last| last + 1);
                cases.truncate(seen);
            }
            classes.push(WaitingClass { label: class_name(class), approved, rejected, open });
        }
        if classes.is_empty() {
            return None;
        }
        Some(WaitingChart {
            caption: "How long applications for licences wait".to_owned(),
            subtitle: format!(
                "{}. From first filing to the decision. Applications that are open when the run ends count until then (Aalen–Johansen).",
                self.scenario.title.trim_end_matches('.')
            ),
            classes,
            provenance: Provenance { band: "none, all runs together".to_owned(), ..self.provenance.clone() },
        })
    }

    /// Applications of a series of waits by bin, of all runs.
    fn by_bin(&self, series: usize) -> Vec<u64> {
        self.summary.series(series).iter().map(|point| self.in_all_runs(point.mean)).collect()
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn in_all_runs(&self, mean: f64) -> u64 {
        (mean * self.provenance.runs as f64).round().max(0.0) as u64
    }
}

/// Readings are a week apart, and a line between them would begin to rise before anybody can apply: on the first day
/// of the first rule the stack still stands where it stood.
pub(in crate::cli) fn begin(scenario: &Scenario, panel: &mut LicencePanel) {
    let rules = scenario.shocks.iter().filter(|shock| matches!(shock.kind, Kind::Licensing(_)));
    let Some(start) = rules.map(|shock| shock.start.date).min() else { return };
    let Some(after) = panel.dates.iter().position(|day| *day > start) else { return };
    let LicencePanel { dates, approved, pending, rejected, .. } = panel;
    if after == 0 || dates[after - 1] == start {
        return;
    }
    dates.insert(after, start);
    for values in [approved, pending, rejected] {
        values.insert(after, values[after - 1]);
    }
}

/// Spreads the cases of a bin evenly over its days; all bins alike, every case counts as often as a bin has days.
fn by_day(bins: &[u64]) -> Vec<u64> {
    bins.iter().flat_map(|cases| std::iter::repeat_n(*cases, WAIT_BIN_DAYS)).collect()
}

/// A class of applications for people.
fn class_name(name: &str) -> String {
    if let Some((rule, class)) = name.split_once('/') {
        // With several rules, whose class it is.
        return format!("{}: {}", class_name(rule), class_name(class));
    }
    match name {
        "united-states" => "United States".to_owned(),
        "other" => "All others".to_owned(),
        _ => {
            let words = name.replace('-', " ");
            let mut chars = words.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    }
}
