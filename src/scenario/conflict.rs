//! Shocks that contradict each other or change nothing.

use super::calendar::date_text;
use super::shocks::Draft;
use super::timing::Run;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::id::RouteId;
use crate::network::line::LineGraph;
use crate::policy::parameter::Value;
use crate::policy::shock::{End, Kind};
use crate::random::sample::Distribution;

/// Compares every pair of shocks.
pub fn check(drafts: &[Draft], graph: &LineGraph, run: Run, diagnostics: &mut Diagnostics) {
    let route_count = graph.routes.len();
    for (position, draft) in drafts.iter().enumerate() {
        match &draft.kind {
            Kind::Licensing(rule) => {
                for other in &drafts[..position] {
                    if let Kind::Licensing(first) = &other.kind
                        && together(draft, other, run).unwrap_or(false)
                        && let Some(shared) = shared(&rule.controlled, &first.controlled)
                    {
                        diagnostics.push(twice_licensed(draft, other, shared, route_count));
                    }
                }
            }
            Kind::GeneralLicence { routes } => {
                let of_use = drafts.iter().any(|other| match &other.kind {
                    Kind::Licensing(rule) => {
                        together(draft, other, run).unwrap_or(true)
                            && shared(routes, &rule.controlled).is_some()
                    }
                    Kind::OverCompliance { routes: held } => {
                        together(draft, other, run).unwrap_or(true) && shared(routes, held).is_some()
                    }
                    _ => false,
                });
                if !of_use {
                    let problem =
                        format!("general licence `{}` exempts routes that need no licence", draft.id);
                    let diagnostic =
                        Diagnostic::warning("W0245", problem).at(draft.id_span, "changes nothing");
                    diagnostics.push(
                        diagnostic.help("no licensing rule and no over-compliance covers them at that time"),
                    );
                }
            }
            Kind::OverCompliance { routes } => over_compliance(draft, routes, drafts, run, diagnostics),
            Kind::Embargo { routes } => embargo(draft, routes, drafts, run, diagnostics),
            Kind::Tariff { routes, .. } => tariff(draft, routes, &drafts[..position], run, diagnostics),
            Kind::Quota { routes, tonnes, .. } => quota(draft, routes, tonnes, drafts, run, diagnostics),
            _ => {}
        }
    }
}

/// An embargo within another, which holds at least as long, changes nothing. Of two that are alike the later
/// one is named.
fn embargo(draft: &Draft, routes: &[RouteId], drafts: &[Draft], run: Run, diagnostics: &mut Diagnostics) {
    let Some((start, end)) = window(draft, run) else { return };
    let mut after = false;
    for other in drafts {
        if std::ptr::eq(other, draft) {
            after = true;
            continue;
        }
        let Kind::Embargo { routes: closed } = &other.kind else { continue };
        let Some((from, to)) = window(other, run) else { continue };
        let alike = (from, to) == (start, end) && closed == routes;
        // A drawn date may fall on either side.
        let fixed = [draft, other].iter().all(|draft| is_fixed(draft));
        if fixed && from <= start && end <= to && within(routes, closed) && !(alike && after) {
            diagnostics.push(
                Diagnostic::warning(
                    "W0264",
                    format!("embargo `{}` lies within embargo `{}`", draft.id, other.id),
                )
                .at(draft.id_span, "changes nothing")
                .at(other.id_span, "closes the same routes at least as long")
                .help("remove one of them, or narrow a `where`"),
            );
            return;
        }
    }
}

/// Tariffs on the same goods add up, which is rarely meant when both begin on one day.
fn tariff(draft: &Draft, routes: &[RouteId], before: &[Draft], run: Run, diagnostics: &mut Diagnostics) {
    for other in before {
        if let Kind::Tariff { routes: taxed, .. } = &other.kind
            && taxed == routes
            && let (Some(own), Some(first)) = (window(draft, run), window(other, run))
            && own.0 == first.0
        {
            diagnostics.push(
                Diagnostic::warning("W0265", format!("tariffs `{}` and `{}` begin on one day on the same routes", other.id, draft.id))
                    .at(draft.id_span, "comes on top of the first")
                    .at(other.id_span, "the first")
                    .help("each makes the goods dearer by its own `rate`; write one shock with the rate that is meant"),
            );
            return;
        }
    }
}

fn twice_licensed(draft: &Draft, other: &Draft, shared: usize, route_count: usize) -> Diagnostic {
    let problem = format!(
        "licensing rules `{}` and `{}` control {shared} of the {route_count} routes at the same time",
        other.id, draft.id
    );
    Diagnostic::error("E0244", problem)
        .at(draft.id_span, "the second rule")
        .at(other.id_span, "the first rule")
        .help("one desk decides on a route: let one rule end before the other starts, or narrow a `where`")
}

fn over_compliance(
    draft: &Draft,
    routes: &[RouteId],
    drafts: &[Draft],
    run: Run,
    diagnostics: &mut Diagnostics,
) {
    for other in drafts {
        if let Kind::Licensing(rule) = &other.kind
            && rule.de_minimis.is_none()
            && together(draft, other, run).unwrap_or(false)
            && let Some(shared) = shared(routes, &rule.controlled)
        {
            let problem = format!(
                "over-compliance `{}` holds {shared} routes that `{}` licenses anyway",
                draft.id, other.id
            );
            diagnostics.push(
                Diagnostic::warning("W0251", problem)
                    .at(draft.id_span, "meant for unlisted goods")
                    .help("add control = \"not-heavy\" to its `where`"),
            );
        }
    }
}

fn quota(
    draft: &Draft,
    routes: &[RouteId],
    tonnes: &Value,
    drafts: &[Draft],
    run: Run,
    diagnostics: &mut Diagnostics,
) {
    if *tonnes == Value::Drawn(Distribution::Fixed(0.0)) {
        let problem = format!("quota `{}` allows nothing", draft.id);
        let diagnostic = Diagnostic::warning("W0247", problem).at(draft.id_span, "0 tonnes");
        diagnostics.push(diagnostic.help("kind = \"embargo\" says the same more plainly"));
    }
    for other in drafts {
        if let Kind::Embargo { routes: closed } = &other.kind
            && together(draft, other, run).unwrap_or(false)
            && within(routes, closed)
        {
            let problem = format!("quota `{}` lies within embargo `{}`", draft.id, other.id);
            diagnostics.push(
                Diagnostic::warning("W0246", problem)
                    .at(draft.id_span, "changes nothing while the embargo lasts")
                    .at(other.id_span, "the embargo")
                    .help(format!(
                        "both hold on {}",
                        date_text(draft.timing.start.date.max(other.timing.start.date))
                    )),
            );
        }
    }
}

/// Whether the first of two ascending lists is part of the second.
fn within(a: &[RouteId], b: &[RouteId]) -> bool {
    a.iter().all(|route| b.binary_search(route).is_ok())
}

/// Whether both ends of a shock are dates and not drawn.
fn is_fixed(draft: &Draft) -> bool {
    let fixed = |value: &Value| matches!(value, Value::Drawn(law) if law.is_fixed());
    let end = match &draft.timing.end {
        End::Never => true,
        End::At(when) => fixed(&when.delay),
        End::After(duration) => fixed(duration),
    };
    end && fixed(&draft.timing.start.delay)
}

/// How many routes two ascending lists share, if any.
fn shared(a: &[RouteId], b: &[RouteId]) -> Option<usize> {
    let count = a.iter().filter(|route| b.binary_search(route).is_ok()).count();
    (count > 0).then_some(count)
}

/// Whether two shocks hold at once on some day. Drawn dates count at their mean; `None` when one of them
/// waits for another shock or for a parameter's draw, so that nothing is certain.
fn together(a: &Draft, b: &Draft, run: Run) -> Option<bool> {
    let ((start, end), (other_start, other_end)) = (window(a, run)?, window(b, run)?);
    Some(start < other_end && other_start < end)
}

/// First and one-past-last day.
fn window(draft: &Draft, run: Run) -> Option<(i32, i32)> {
    if draft.timing.trigger.is_some() {
        return None;
    }
    let start = draft.timing.start.date.saturating_add(days(&draft.timing.start.delay)?);
    let end = match &draft.timing.end {
        End::Never => run.end.max(start.saturating_add(1)),
        End::At(when) => when.date.saturating_add(days(&when.delay)?),
        End::After(duration) => start.saturating_add(days(duration)?),
    };
    Some((start, end))
}

#[expect(clippy::cast_possible_truncation, reason = "durations are at most a century")]
fn days(value: &Value) -> Option<i32> {
    match value {
        Value::Drawn(distribution) => Some(distribution.mean().clamp(0.0, 1.0e6) as i32),
        Value::Parameter(_) | Value::Scaled { .. } => None,
    }
}
