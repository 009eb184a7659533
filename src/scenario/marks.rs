//! Dated words on charts: of a day, or of a shock's first or last day.

use super::document::Node;
use super::fields::{Fields, wrong_type};
use super::overlay::no_such_shock;
use super::timing::{self, Run};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::policy::parameter::{Parameters, Value};
use crate::policy::shock::{End, Shock};

/// A mark as typed: its day may be that of a shock.
pub(super) struct DraftMark<'a> {
    when: MarkDay<'a>,
    span: Span,
    label: String,
}

enum MarkDay<'a> {
    Date(i32),
    /// First or last day of a shock.
    Shock {
        id: &'a str,
        span: Span,
        end: bool,
    },
}

/// Marks in the order of the layers.
pub(super) fn marks<'a>(fields: &mut Fields<'a>, diagnostics: &mut Diagnostics) -> Vec<DraftMark<'a>> {
    let mut marks = Vec::new();
    for item in fields.list("mark", diagnostics).unwrap_or_default() {
        let Node::Table(table) = &item.node else {
            wrong_type::<()>(item, "mark", "a table `[[mark]]`", diagnostics);
            continue;
        };
        let mut own = Fields::new(table, "a mark", item.span);
        let label = own.need_text("label", diagnostics).map(|text| text.value.to_owned());
        let shock = own.text("shock", diagnostics);
        let when = if let Some(shock) = shock {
            let end = own.choice("at", &[("start", false), ("end", true)], diagnostics).unwrap_or(false);
            Some((shock.span, MarkDay::Shock { id: shock.value, span: shock.span, end }))
        } else {
            let date = own.need("date", diagnostics).and_then(|item| timing::date(item, "date", diagnostics));
            date.map(|date| (date.span, MarkDay::Date(date.value)))
        };
        own.finish(diagnostics);
        if let (Some((span, when)), Some(label)) = (when, label) {
            marks.push(DraftMark { when, span, label });
        }
    }
    marks
}

/// Days of marks: those of shocks at the means of what is drawn. One that begins by a trigger, or never ends, has no
/// day. (Marks of removed shocks went with them: see `overlay::merge`.)
pub(super) fn dated(
    drafts: Vec<DraftMark<'_>>,
    (shocks, parameters): (&[Shock], &Parameters),
    run: Run,
    diagnostics: &mut Diagnostics,
) -> Vec<(i32, String)> {
    let mut marks = Vec::new();
    for DraftMark { when, span, label } in drafts {
        let day = match when {
            MarkDay::Date(day) => {
                if !(run.start..run.end).contains(&day) {
                    let problem = format!("mark `{label}` lies outside the run");
                    diagnostics.push(Diagnostic::warning("W0224", problem).at(span, "no chart shows it"));
                }
                Some(day)
            }
            MarkDay::Shock { id, span, end } => {
                let shock = shocks.iter().find(|shock| shock.id == id);
                if shock.is_none() {
                    let ids: Vec<&str> = shocks.iter().map(|shock| shock.id.as_str()).collect();
                    diagnostics.push(no_such_shock(id, &ids, span));
                }
                shock.and_then(|shock| day_of(shock, end, parameters))
            }
        };
        let Some(day) = day.filter(|day| (run.start..run.end).contains(day)) else { continue };
        marks.push((day, label));
    }
    marks.sort();
    marks
}

/// First day of a shock, or the day it ends.
fn day_of(shock: &Shock, end: bool, parameters: &Parameters) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "days of at most a century")]
    let after = |date: i32, value: &Value| date + value.distribution(parameters).mean().round() as i32;
    let start = shock.trigger.is_none().then(|| after(shock.start.date, &shock.start.delay));
    match (end, &shock.end) {
        (false, _) => start,
        (true, End::At(when)) => Some(after(when.date, &when.delay)),
        (true, End::After(duration)) => start.map(|start| after(start, duration)),
        (true, End::Never) => None,
    }
}
