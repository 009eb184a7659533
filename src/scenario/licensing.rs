//! Licensing rules and the regimes that change them.

use super::document::{Item, Node};
use super::fields::{Fields, meant, wrong_type};
use super::overlay;
use super::quantity::{DAYS, Limits, POSITIVE, SHARE, value};
use super::select::Selector;
use super::shocks::Draft;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::id::RouteId;
use crate::network::line::LineGraph;
use crate::policy::licence::{Capacity, Class, LicenceQuota, Licensing, Regime, ReviewLaw, Use};
use crate::policy::parameter::Value;
use crate::policy::shock::Kind;

/// The class of every controlled route that no class asks for.
pub const OTHER: &str = "other";

/// Most exporter–customer pairs behind a route: each has licences of its own to keep.
const MOST_PAIRS: i64 = 64;

/// Reads the keys of a licensing rule; `controlled` is what its `where` selected.
pub fn licensing(
    fields: &mut Fields<'_>,
    controlled: Option<Vec<RouteId>>,
    graph: &LineGraph,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Licensing> {
    let laws = [
        ("shifted-exponential", ReviewLaw::ShiftedExponential),
        ("gamma", ReviewLaw::Gamma),
        ("deterministic", ReviewLaw::Deterministic),
        ("exponential", ReviewLaw::Exponential),
    ];
    let law = fields.choice("law", &laws, diagnostics).unwrap_or_default();
    let use_ = fields
        .choice("use", &[("single", Use::Single), ("multi", Use::Multi)], diagnostics)
        .unwrap_or_default();
    let pairs = if fields.take("pairs").is_some() {
        fields.whole("pairs", 1..=MOST_PAIRS, diagnostics).and_then(|pairs| u32::try_from(pairs.value).ok())
    } else {
        Some(1)
    };
    let capacity = match fields.take("capacity") {
        Some(item) => capacity(item, diagnostics),
        None => Some(Capacity::Infinite),
    };
    let de_minimis = match fields.take("de_minimis") {
        Some(item) => value(item, "de_minimis", SHARE, diagnostics).map(Some),
        None => Some(None),
    };
    let quotas = quotas(fields, graph, what, diagnostics);
    let list = fields.list("classes", diagnostics).unwrap_or_default();
    let controlled = controlled?;
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of: Vec<Option<u16>> = vec![None; controlled.len()];
    let mut other: Option<u16> = None;
    for item in list {
        let Some((class, routes, name_span)) = class(item, graph, what, diagnostics) else { continue };
        let Ok(position) = u16::try_from(classes.len()) else { break };
        if classes.iter().any(|own| own.name == class.name) {
            let problem = format!("two classes of {what} are called `{}`", class.name);
            diagnostics.push(Diagnostic::error("E0251", problem).at(name_span, "again here"));
        }
        match routes {
            None if other.is_some() => diagnostics.push(
                Diagnostic::error("E0252", format!("two classes of {what} have no `where`"))
                    .at(item.span, "the second one")
                    .help("only one class can take what the others leave"),
            ),
            None => other = Some(position),
            Some(routes) => {
                let mut any = false;
                for (own, place) in controlled.iter().zip(&mut class_of) {
                    if place.is_none() && routes.binary_search(own).is_ok() {
                        *place = Some(position);
                        any = true;
                    }
                }
                if !any {
                    let problem =
                        format!("class `{}` of {what} takes none of the controlled routes", class.name);
                    diagnostics.push(
                        Diagnostic::warning("W0250", problem)
                            .at(item.span, "changes nothing")
                            .help("the first class that fits takes a route"),
                    );
                }
            }
        }
        classes.push(class);
    }
    if other.is_none() && class_of.contains(&None) {
        other = u16::try_from(classes.len()).ok();
        let name = OTHER.to_owned();
        classes.push(Class {
            name,
            speed: Value::fixed(1.0),
            reject: None,
            returned: None,
            priority: 1,
            eligible_after: Value::fixed(0.0),
        });
    }
    let class_of = class_of.into_iter().map(|class| class.or(other).unwrap_or(0)).collect();
    Some(Licensing {
        controlled,
        class_of,
        classes,
        law,
        capacity: capacity?,
        use_,
        pairs: pairs?,
        de_minimis: de_minimis?,
        quotas: quotas?,
    })
}

/// `[{ where = …, tonnes = 500, period_days = 30 }, …]`; routes outside the rule do no harm. `None` when one is
/// wrong.
fn quotas(
    fields: &mut Fields<'_>,
    graph: &LineGraph,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<LicenceQuota>> {
    let mut whole = Some(Vec::new());
    for item in fields.list("quotas", diagnostics).unwrap_or_default() {
        let Node::Table(table) = &item.node else {
            wrong_type::<()>(item, "quotas", "a list of tables", diagnostics);
            whole = None;
            continue;
        };
        let of = format!("a quota of {what}");
        let mut fields = Fields::new(table, of.clone(), item.span);
        let routes = fields.need("where", diagnostics);
        let routes = routes.and_then(|item| Selector { graph }.routes(item, &of, diagnostics));
        let tonnes = fields.need("tonnes", diagnostics);
        let tonnes = tonnes.and_then(|item| value(item, "tonnes", POSITIVE, diagnostics));
        let period = if table.get("period_days").is_some() {
            fields.whole("period_days", 1..=3650, diagnostics).and_then(|days| u32::try_from(days.value).ok())
        } else {
            fields.take("period_days");
            Some(30)
        };
        fields.finish(diagnostics);
        match (routes, tonnes, period, &mut whole) {
            (Some(routes), Some(tonnes), Some(period_days), Some(list)) => {
                list.push(LicenceQuota { routes, tonnes, period_days });
            }
            (Some(_), Some(_), Some(_), None) => {}
            _ => whole = None,
        }
    }
    whole
}

/// `"infinite"` or `{ officers = 30, officer_days = 8 }`.
fn capacity(item: &Item, diagnostics: &mut Diagnostics) -> Option<Capacity> {
    let Node::Table(table) = &item.node else {
        super::fields::choice(item, "capacity", &[("infinite", ())], diagnostics)?;
        return Some(Capacity::Infinite);
    };
    let mut fields = Fields::new(table, "`capacity`", item.span);
    let officers =
        fields.need("officers", diagnostics).and_then(|item| value(item, "officers", POSITIVE, diagnostics));
    let effort = fields.need("officer_days", diagnostics);
    let effort = effort.and_then(|item| value(item, "officer_days", Limits(0.001, 36_500.0), diagnostics));
    fields.finish(diagnostics);
    Some(Capacity::Servers { officers: officers?, officer_days: effort? })
}

/// A class, the routes it asks for (`None`: whatever is left), and where its name stands.
fn class(
    item: &Item,
    graph: &LineGraph,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<(Class, Option<Vec<RouteId>>, Span)> {
    let Node::Table(table) = &item.node else {
        return wrong_type(item, "classes", "a list of tables", diagnostics);
    };
    let of = table
        .text("name")
        .map_or_else(|| format!("a class of {what}"), |name| format!("class `{name}` of {what}"));
    let mut fields = Fields::new(table, of.clone(), item.span);
    let name = fields.need_text("name", diagnostics);
    let routes = match fields.take("where") {
        Some(item) => Selector { graph }.routes(item, &of, diagnostics).map(Some),
        None => Some(None),
    };
    let speed = match fields.take("speed") {
        Some(item) => value(item, "speed", SPEED, diagnostics),
        None => Some(Value::fixed(1.0)),
    };
    let reject = maybe(&mut fields, "reject", SHARE, diagnostics);
    let returned = maybe(&mut fields, "return", SHARE, diagnostics);
    let priority = fields.whole("priority", 0..=255, diagnostics).map_or(1, |number| number.value);
    let eligible_after = match fields.take("eligible_after") {
        Some(item) => value(item, "eligible_after", DAYS, diagnostics),
        None => Some(Value::fixed(0.0)),
    };
    fields.finish(diagnostics);
    let name = name?;
    let class = Class {
        name: name.value.to_owned(),
        speed: speed?,
        reject: reject?,
        returned: returned?,
        priority: u8::try_from(priority).ok()?,
        eligible_after: eligible_after?,
    };
    Some((class, routes?, name.span))
}

/// A speed of 0 would be a desk that never decides: that is an embargo.
const SPEED: Limits = Limits(0.001, 1000.0);

/// An optional number: `Some(None)` when it is missing, `None` when it is wrong.
#[expect(clippy::option_option, reason = "missing and wrong are told apart")]
fn maybe(
    fields: &mut Fields<'_>,
    key: &'static str,
    limits: Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Option<Value>> {
    match fields.take(key) {
        Some(item) => value(item, key, limits, diagnostics).map(Some),
        None => Some(None),
    }
}

/// What a regime says before its licensing rule is known.
pub struct RegimeDraft {
    /// Id of the rule.
    of: String,
    /// Where it was typed.
    of_span: Span,
    /// Speed of every class.
    speed: Value,
    /// Speeds of single classes.
    class_speed: Vec<(String, Span, Value)>,
}

/// Reads the keys of a regime.
pub fn regime(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<(Regime, RegimeDraft)> {
    let of = fields.need_text("of", diagnostics);
    let speed = match fields.take("speed") {
        Some(item) => value(item, "speed", SPEED, diagnostics),
        None => Some(Value::fixed(1.0)),
    };
    let mut class_speed = Vec::new();
    if let Some((table, _)) = fields.table("class_speed", diagnostics) {
        for entry in &table.entries {
            if let Some(speed) = value(&entry.item, &entry.key, SPEED, diagnostics) {
                class_speed.push((entry.key.clone(), entry.key_span, speed));
            }
        }
    }
    let reject = maybe(fields, "reject", SHARE, diagnostics);
    let returned = maybe(fields, "return", SHARE, diagnostics);
    let officers = maybe(fields, "officers", POSITIVE, diagnostics);
    let (of, speed) = (of?, speed?);
    let draft = RegimeDraft { of: of.value.to_owned(), of_span: of.span, speed, class_speed };
    // Position and speeds are filled in by `connect`, when all shocks are known.
    let regime = Regime {
        licensing: usize::MAX,
        speed: Vec::new(),
        reject: reject?,
        returned: returned?,
        officers: officers?,
    };
    Some((regime, draft))
}

/// Gives every regime the position of its licensing rule and the speed of each of the rule's classes.
pub fn connect(drafts: &mut [Draft], ids: &[&str], diagnostics: &mut Diagnostics) {
    type Rule = (String, usize, Vec<String>, bool);
    let rules: Vec<Rule> = drafts
        .iter()
        .enumerate()
        .filter_map(|(position, draft)| match &draft.kind {
            Kind::Licensing(rule) => {
                let classes = rule.classes.iter().map(|class| class.name.clone()).collect();
                Some((draft.id.clone(), position, classes, rule.capacity == Capacity::Infinite))
            }
            _ => None,
        })
        .collect();
    for draft in drafts {
        let (Kind::Regime(regime), Some(said)) = (&mut draft.kind, &draft.regime) else { continue };
        let Some((_, position, classes, infinite)) = rules.iter().find(|(id, ..)| *id == said.of) else {
            // A rule that exists but is itself wrong was reported already.
            if !ids.contains(&said.of.as_str()) {
                diagnostics.push(overlay::no_such_shock(&said.of, ids, said.of_span));
            } else if !rules.is_empty() || diagnostics.error_count() == 0 {
                let names: Vec<&str> = rules.iter().map(|(id, ..)| id.as_str()).collect();
                let problem =
                    format!("regime `{}` changes `{}`, which is no licensing rule", draft.id, said.of);
                let diagnostic =
                    Diagnostic::error("E0248", problem).at(said.of_span, "not of kind `licensing`");
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                diagnostics.push(diagnostic.help(format!("licensing rules: {names}")));
            }
            continue;
        };
        regime.licensing = *position;
        regime.speed = vec![said.speed.clone(); classes.len()];
        for (name, span, speed) in &said.class_speed {
            if let Some(class) = classes.iter().position(|class| class == name) {
                regime.speed[class] = speed.clone();
            } else {
                let problem = format!("licensing rule `{}` has no class `{name}`", said.of);
                let diagnostic = Diagnostic::error("E0249", problem).at(*span, "unknown class");
                let diagnostic = match meant(name, classes.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic,
                };
                diagnostics.push(diagnostic.help(format!("classes: {}", classes.join(", "))));
            }
        }
        // A regime may say both what officers do and what that is worth to a desk without any.
        let only_officers = regime.speed.iter().all(|speed| *speed == Value::fixed(1.0))
            && regime.reject.is_none()
            && regime.returned.is_none();
        if *infinite && regime.officers.is_some() && only_officers {
            let problem =
                format!("regime `{}` sets officers, but `{}` handles every case at once", draft.id, said.of);
            let diagnostic =
                Diagnostic::warning("W0249", problem).at(said.of_span, "this rule has no officers");
            diagnostics
                .push(diagnostic.help("give the rule `capacity = { officers = 30, officer_days = 8 }`"));
        }
    }
}
