//! When a shock starts, ends, and what sets it off.

use super::calendar::date_text;
use super::document::{Item, Node};
use super::fields::{Fields, Placed, wrong_type};
use super::quantity::{DAYS, value};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::policy::parameter::Value;
use crate::policy::shock::{End, When};

/// First and one-past-last day of the run, days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// First day.
    pub start: i32,
    /// One past the last day.
    pub end: i32,
}

/// When a shock happens, as typed.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Start; for a triggered shock the first day of the run.
    pub start: When,
    /// End.
    pub end: End,
    /// What sets it off, with the other shock's id not yet looked up.
    pub trigger: Option<Cause>,
    /// Where the start was typed.
    pub start_span: Span,
    /// Where the end was typed.
    pub end_span: Option<Span>,
}

/// The trigger of a shock as typed.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Id of the other shock.
    pub after: String,
    /// Where it was typed.
    pub span: Span,
    /// Whether the other's end counts.
    pub on_end: bool,
    /// Days between.
    pub delay: Value,
    /// Probability.
    pub probability: f64,
}

/// A plain date.
pub fn date(item: &Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Placed<i32>> {
    match &item.node {
        Node::Date(day) => Some(Placed { value: *day, span: item.span }),
        Node::Text(text) => {
            let diagnostic = Diagnostic::error("E0220", format!("`{key}` is a text, but a date is wanted"));
            let diagnostic = diagnostic.at(item.span, "not a date");
            diagnostics.push(diagnostic.help(format!("write dates without quotes: {key} = {text}")));
            None
        }
        _ => wrong_type(item, key, "a date such as 2025-04-04", diagnostics),
    }
}

/// `2025-04-04` or `{ date = 2025-04-04, delay = … }`.
fn when(item: &Item, key: &str, diagnostics: &mut Diagnostics) -> Option<When> {
    let Node::Table(table) = &item.node else {
        let day = date(item, key, diagnostics)?;
        return Some(When { date: day.value, delay: Value::fixed(0.0) });
    };
    let mut fields = Fields::new(table, format!("`{key}`"), item.span);
    let day = fields.need("date", diagnostics).and_then(|item| date(item, "date", diagnostics));
    let delay = match fields.take("delay") {
        Some(item) => value(item, "delay", DAYS, diagnostics),
        None => Some(Value::fixed(0.0)),
    };
    fields.finish(diagnostics);
    Some(When { date: day?.value, delay: delay? })
}

/// Reads `start`, `end`, `duration` and `trigger` of a shock.
pub fn timing(fields: &mut Fields<'_>, run: Run, diagnostics: &mut Diagnostics) -> Option<Timing> {
    let what = fields.what().to_owned();
    let (start, trigger) = (fields.take("start"), fields.take("trigger"));
    let (end, duration) = (fields.take("end"), fields.take("duration"));
    let start_span = start.or(trigger).map_or(fields.span(), |item| item.span);
    let end_span = end.or(duration).map(|item| item.span);
    if let (Some(start), Some(trigger)) = (start, trigger) {
        diagnostics.push(
            Diagnostic::error("E0243", format!("{what} has both `start` and `trigger`"))
                .at(trigger.span, "a shock starts on a date or because of another")
                .at(start.span, "first said here"),
        );
        return None;
    }
    if let (Some(end), Some(duration)) = (end, duration) {
        diagnostics.push(
            Diagnostic::error("E0253", format!("{what} has both `end` and `duration`"))
                .at(duration.span, "one of the two is enough")
                .at(end.span, "first said here"),
        );
        return None;
    }
    let cause = trigger.map(|item| cause(item, diagnostics));
    let first = match (start, trigger) {
        (Some(item), _) => when(item, "start", diagnostics),
        (None, Some(_)) => Some(When { date: run.start, delay: Value::fixed(0.0) }),
        (None, None) => {
            fields.missing("start", diagnostics);
            None
        }
    };
    let last = match (end, duration) {
        (Some(item), _) => when(item, "end", diagnostics).map(End::At),
        (None, Some(item)) => value(item, "duration", DAYS, diagnostics).map(End::After),
        (None, None) => Some(End::Never),
    };
    let cause = match cause {
        Some(None) => return None,
        Some(Some(cause)) => Some(cause),
        None => None,
    };
    let made = Timing { start: first?, end: last?, trigger: cause, start_span, end_span };
    check(&made, &what, run, diagnostics);
    Some(made)
}

fn cause(item: &Item, diagnostics: &mut Diagnostics) -> Option<Cause> {
    let Node::Table(table) = &item.node else {
        return wrong_type(item, "trigger", "a table such as { after = \"other-id\" }", diagnostics);
    };
    let mut fields = Fields::new(table, "`trigger`", item.span);
    let after = fields.need_text("after", diagnostics);
    let moments = [("start", false), ("end", true)];
    let on_end = match fields.take("on") {
        Some(item) => super::fields::choice(item, "on", &moments, diagnostics),
        None => Some(false),
    };
    let delay = match fields.take("delay") {
        Some(item) => value(item, "delay", DAYS, diagnostics),
        None => Some(Value::fixed(0.0)),
    };
    let probability = fields.number("probability", 0.0..=1.0, diagnostics).map_or(1.0, |number| number.value);
    fields.finish(diagnostics);
    let after = after?;
    Some(Cause {
        after: after.value.to_owned(),
        span: after.span,
        on_end: on_end?,
        delay: delay?,
        probability,
    })
}

fn check(timing: &Timing, what: &str, run: Run, diagnostics: &mut Diagnostics) {
    if timing.trigger.is_some() {
        return;
    }
    let start = timing.start.date;
    if let (End::At(end), Some(span)) = (&timing.end, timing.end_span)
        && end.date <= start
    {
        let problem = format!("{what} ends on {} but starts on {}", date_text(end.date), date_text(start));
        diagnostics.push(
            Diagnostic::error("E0221", problem)
                .at(span, "not after the start")
                .at(timing.start_span, "the start")
                .help("the end is the first day without the shock, so it comes after the start"),
        );
    }
    if start < run.start {
        let problem = format!(
            "{what} starts on {}, before the run's first day {}",
            date_text(start),
            date_text(run.start)
        );
        diagnostics.push(
            Diagnostic::error("E0222", problem)
                .at(timing.start_span, "before the run")
                .help("a run begins at rest: let it start earlier, or the shock later"),
        );
    } else if start >= run.end {
        let problem = format!(
            "{what} starts on {}, after the run's last day {}",
            date_text(start),
            date_text(run.end - 1)
        );
        diagnostics.push(
            Diagnostic::warning("W0223", problem)
                .at(timing.start_span, "changes nothing")
                .help("let the run end later"),
        );
    }
}
