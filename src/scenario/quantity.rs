//! Numbers and distributions: `0.5`, `{ uniform = [1, 2] }`, `{ parameter = "us_speed" }`,
//! `{ parameter = "desk_easing", power = 0.4 }`.

use super::document::{Item, Node};
use super::fields::{Fields, out_of_range, plain_number, with_choices, wrong_type};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::policy::parameter::{Parameter, Value};
use crate::random::sample::Distribution;

/// The smallest and largest number allowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits(pub f64, pub f64);

/// Shares and probabilities.
pub const SHARE: Limits = Limits(0.0, 1.0);
/// Durations in days, up to a century.
pub const DAYS: Limits = Limits(0.0, 36_500.0);
/// Factors and other numbers that cannot be negative.
pub const POSITIVE: Limits = Limits(0.0, 1.0e9);

/// The forms of a distribution, in the order the documentation lists them.
pub const FORMS: [&str; 7] =
    ["uniform", "triangular", "pert", "lognormal", "beta", "exponential", "empirical"];

/// A number, a distribution, or the draw of a parameter.
pub fn value(item: &Item, key: &str, limits: Limits, diagnostics: &mut Diagnostics) -> Option<Value> {
    if let Node::Table(table) = &item.node
        && let Some(named) = table.get("parameter")
    {
        let mut fields = Fields::new(table, format!("`{key}`"), item.span);
        let typed = fields.text("parameter", diagnostics);
        let plain = table.entries.len() == 1;
        let mut factor = |key, (least, most): (f64, f64), fields: &mut Fields<'_>| match table.get(key) {
            None => Some(1.0),
            Some(_) => fields.number(key, least..=most, diagnostics).map(|number| number.value),
        };
        let (power, times) =
            (factor("power", (-10.0, 10.0), &mut fields), factor("times", (0.001, 1000.0), &mut fields));
        fields.take("power");
        fields.take("times");
        fields.finish(diagnostics);
        let parameter = parameter(typed?.value, named.span, diagnostics)?;
        let span = table.get("power").map_or(item.span, |power| power.span);
        if power == Some(0.0) {
            return out_of_range(
                span,
                "power",
                "0",
                "other than 0, which makes 1 of any number",
                diagnostics,
            );
        }
        if power.is_some_and(|power| power < 0.0) && parameter.describe().low <= 0.0 {
            let above = "above 0, as this parameter may be 0";
            return out_of_range(span, "power", &power.unwrap_or_default().to_string(), above, diagnostics);
        }
        if !plain && (power.is_none() || times.is_none()) {
            return None;
        }
        let scaled = |number: f64| Value::scaled(number, power.unwrap_or(1.0), times.unwrap_or(1.0));
        let describe = parameter.describe();
        let ends =
            if plain { [describe.low, describe.high] } else { [scaled(describe.low), scaled(describe.high)] };
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        if low < limits.0 || high > limits.1 {
            let said = format!("what `{}` may be, {low} to {high}", describe.key);
            return out_of_range(item.span, key, &said, &allowed(limits), diagnostics);
        }
        return Some(if plain {
            Value::Parameter(parameter)
        } else {
            Value::Scaled { parameter, power: power?, times: times? }
        });
    }
    distribution(item, key, limits, diagnostics).map(Value::Drawn)
}

/// The parameter of this name.
pub fn parameter(name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Parameter> {
    let found = Parameter::ALL.iter().copied().find(|parameter| parameter.describe().key == name);
    if found.is_none() {
        let keys: Vec<&str> = Parameter::ALL.iter().map(|parameter| parameter.describe().key).collect();
        let diagnostic = Diagnostic::error("E0219", format!("there is no parameter `{name}`"))
            .at(span, "unknown parameter");
        let diagnostic = match super::fields::meant(name, keys.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        };
        diagnostics.push(diagnostic.help(format!("parameters: {}", keys.join(", "))));
    }
    found
}

/// A number or a distribution within limits.
pub fn distribution(
    item: &Item,
    key: &str,
    limits: Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Distribution> {
    if let Some(number) = plain_number(item) {
        if !(limits.0..=limits.1).contains(&number) {
            return out_of_range(item.span, key, &number.to_string(), &allowed(limits), diagnostics);
        }
        return Some(Distribution::Fixed(number));
    }
    let Node::Table(table) = &item.node else {
        return wrong_type(item, key, "a number or a distribution", diagnostics);
    };
    let [entry] = table.entries.as_slice() else {
        let problem =
            format!("`{key}` has {} keys, but a distribution has one: its law", table.entries.len());
        diagnostics.push(malformed(item.span, problem));
        return None;
    };
    if !FORMS.contains(&entry.key.as_str()) {
        let problem = format!("`{}` is no law of a distribution", entry.key);
        let diagnostic = Diagnostic::error("E0217", problem).at(entry.key_span, "unknown law");
        diagnostics.push(with_choices(diagnostic, &entry.key, &FORMS));
        return None;
    }
    let made = law(&entry.key, &entry.item, key, diagnostics)?;
    if let Err(problem) = made.validate() {
        diagnostics.push(malformed(entry.item.span, format!("`{key}`: {problem}")));
        return None;
    }
    within(&made, entry.item.span, key, limits, diagnostics)?;
    Some(made)
}

fn allowed(limits: Limits) -> String {
    if limits.1 >= 1.0e9 {
        format!("at least {}", limits.0)
    } else {
        format!("between {} and {}", limits.0, limits.1)
    }
}

fn malformed(span: Span, problem: String) -> Diagnostic {
    Diagnostic::error("E0217", problem).at(span, "not a distribution").help(
        "forms: 0.5, { uniform = [low, high] }, { triangular = [low, mode, high] }, { pert = [low, mode, high] }, \
         { lognormal = { mean, cv } }, { beta = { alpha, beta, low, high } }, { exponential = { mean } }, \
         { empirical = { values, weights } }",
    )
}

/// Every draw must be allowed. Laws without an upper end are accepted where the limit is there to catch
/// slips of the pen, but not for shares, where a draw above 1 has no meaning.
fn within(
    made: &Distribution,
    span: Span,
    key: &str,
    limits: Limits,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let (low, high) = made.support();
    let top = if high.is_infinite() && limits.1 > 1.0 { made.mean() } else { high };
    if low < limits.0 || top > limits.1 {
        let worst = if low < limits.0 { low } else { top };
        let number =
            if worst.is_infinite() { "without upper end".to_owned() } else { format!("as much as {worst}") };
        let number = if low < limits.0 { format!("as little as {worst}") } else { number };
        return out_of_range(span, key, &number, &allowed(limits), diagnostics);
    }
    Some(())
}

fn law(form: &str, item: &Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Distribution> {
    match form {
        "uniform" => {
            let [low, high] = numbers::<2>(item, key, "[low, high]", diagnostics)?;
            Some(Distribution::Uniform { low, high })
        }
        "triangular" => {
            let [low, mode, high] = numbers::<3>(item, key, "[low, mode, high]", diagnostics)?;
            Some(Distribution::Triangular { low, mode, high })
        }
        "pert" => {
            let [low, mode, high] = numbers::<3>(item, key, "[low, mode, high]", diagnostics)?;
            Some(Distribution::Pert { low, mode, high })
        }
        "lognormal" => {
            let [mean, cv] = named(item, key, ["mean", "cv"], diagnostics)?;
            Some(Distribution::LogNormal { mean, cv })
        }
        "beta" => {
            let [alpha, beta, low, high] = named(item, key, ["alpha", "beta", "low", "high"], diagnostics)?;
            Some(Distribution::Beta { alpha, beta, low, high })
        }
        "exponential" => {
            let [mean] = named(item, key, ["mean"], diagnostics)?;
            Some(Distribution::Exponential { mean })
        }
        _ => empirical(item, key, diagnostics),
    }
}

/// A list of exactly so many numbers.
fn numbers<const N: usize>(
    item: &Item,
    key: &str,
    shape: &str,
    diagnostics: &mut Diagnostics,
) -> Option<[f64; N]> {
    let Node::List(list) = &item.node else { return wrong_type(item, key, shape, diagnostics) };
    if list.iter().any(|item| item.node == Node::Refused) {
        return None;
    }
    let found: Option<Vec<f64>> = list.iter().map(plain_number).collect();
    let array = found.and_then(|found| <[f64; N]>::try_from(found).ok());
    if array.is_none() {
        diagnostics.push(malformed(item.span, format!("`{key}` wants {shape}")));
    }
    array
}

/// A table with exactly these numbers.
fn named<const N: usize>(
    item: &Item,
    key: &str,
    names: [&'static str; N],
    diagnostics: &mut Diagnostics,
) -> Option<[f64; N]> {
    let Node::Table(table) = &item.node else {
        let shape = format!("a table with {}", names.join(", "));
        return wrong_type(item, key, &shape, diagnostics);
    };
    let mut fields = Fields::new(table, format!("`{key}`"), item.span);
    let mut found = [0.0; N];
    let mut whole = true;
    for (place, name) in found.iter_mut().zip(names) {
        if fields.need(name, diagnostics).is_none() {
            whole = false;
        } else {
            match fields.number(name, f64::MIN..=f64::MAX, diagnostics) {
                Some(number) => *place = number.value,
                None => whole = false,
            }
        }
    }
    fields.finish(diagnostics);
    whole.then_some(found)
}

fn empirical(item: &Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Distribution> {
    let Node::Table(table) = &item.node else {
        return wrong_type(item, key, "a table with values and weights", diagnostics);
    };
    let mut fields = Fields::new(table, format!("`{key}`"), item.span);
    let values = fields.need("values", diagnostics).and_then(|item| all_numbers(item, "values", diagnostics));
    let weights = match fields.take("weights") {
        Some(item) => all_numbers(item, "weights", diagnostics),
        None => values.as_ref().map(|values| vec![1.0; values.len()]),
    };
    fields.finish(diagnostics);
    match Distribution::empirical(&values?, &weights?) {
        Ok(made) => Some(made),
        Err(problem) => {
            diagnostics.push(malformed(item.span, format!("`{key}`: {problem}")));
            None
        }
    }
}

fn all_numbers(item: &Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Vec<f64>> {
    let Node::List(list) = &item.node else { return wrong_type(item, key, "a list of numbers", diagnostics) };
    let found: Option<Vec<f64>> = list
        .iter()
        .map(|item| plain_number(item).or_else(|| wrong_type(item, key, "a number", diagnostics)))
        .collect();
    found
}
