//! Selectors: `where = { from = ["CHN"], to_not = ["CHN"], control = "heavy" }`.
//!
//! All conditions of one table must hold; in a list of tables any one of them. What matches nothing is an
//! error that says how much each condition alone would match.

use std::collections::BTreeSet;

use super::document::{Item, Node, Table};
use super::fields::{Fields, Placed, with_choices, wrong_type};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::id::{LineId, Place, PoolId, RouteId, in_european_union};
use crate::network::applicant::{ApplicantSize, applicant_sizes};
use crate::network::line::{EndUse, Line, LineGraph, LineRoute, Stage};

/// Words for the stages.
pub const STAGES: [(&str, Stage); 7] = [
    ("mine", Stage::Mine),
    ("separation", Stage::Separation),
    ("metal", Stage::Metal),
    ("magnet", Stage::Magnet),
    ("component", Stage::Component),
    ("automaker", Stage::Automaker),
    ("other_demand", Stage::OtherDemand),
];

/// Words for the end uses.
pub const END_USES: [(&str, EndUse); 6] = [
    ("automotive", EndUse::Automotive),
    ("wind", EndUse::Wind),
    ("industry", EndUse::Industry),
    ("consumer", EndUse::Consumer),
    ("defence", EndUse::Defence),
    ("other", EndUse::Other),
];

/// Words for the sizes of applicants.
const APPLICANTS: [(&str, ApplicantSize); 3] =
    [("large", ApplicantSize::Large), ("medium", ApplicantSize::Medium), ("small", ApplicantSize::Small)];

/// A name as it may be typed instead of the data's: lower case, one hyphen for what is no letter or digit.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A place as typed: a country, a region, or the European Union.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Area {
    Code(Place),
    EuropeanUnion,
}

impl Area {
    fn holds(self, line: &Line) -> bool {
        match self {
            Self::Code(code) => line.country == code || line.region == code,
            Self::EuropeanUnion => in_european_union(line.country),
        }
    }
}

type Test<'g, T> = (&'static str, Box<dyn Fn(&T) -> bool + 'g>);

/// Selects among the lines and routes of one graph.
pub struct Selector<'g> {
    /// The graph.
    pub graph: &'g LineGraph,
}

impl<'g> Selector<'g> {
    /// The routes a `where` selects, ascending.
    pub fn routes(&self, item: &Item, what: &str, diagnostics: &mut Diagnostics) -> Option<Vec<RouteId>> {
        let found = self.choose(item, what, "routes", &self.graph.routes, Self::route_tests, diagnostics)?;
        Some(found.into_iter().map(RouteId::new).collect())
    }

    /// The lines a `where` selects, ascending.
    pub fn lines(&self, item: &Item, what: &str, diagnostics: &mut Diagnostics) -> Option<Vec<LineId>> {
        let found = self.choose(item, what, "lines", &self.graph.lines, Self::line_tests, diagnostics)?;
        Some(found.into_iter().map(LineId::new).collect())
    }

    /// The capacities of the lines a `where` selects, ascending.
    pub fn pools(&self, item: &Item, what: &str, diagnostics: &mut Diagnostics) -> Option<Vec<PoolId>> {
        let lines = self.lines(item, what, diagnostics)?;
        let mut pools: Vec<PoolId> =
            lines.into_iter().map(|line| self.graph.lines[line.index()].pool).collect();
        pools.sort_unstable();
        pools.dedup();
        Some(pools)
    }

    fn choose<T>(
        &self,
        item: &Item,
        what: &str,
        noun: &str,
        among: &[T],
        tests: fn(&Self, &mut Fields<'_>, &mut Diagnostics) -> Vec<Test<'g, T>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let tables: Vec<(&Table, Span)> = match &item.node {
            Node::Table(table) => vec![(table, item.span)],
            Node::List(list) => {
                let mut tables = Vec::new();
                for item in list {
                    match &item.node {
                        Node::Table(table) => tables.push((table, item.span)),
                        _ => return wrong_type(item, "where", "a table", diagnostics),
                    }
                }
                tables
            }
            _ => return wrong_type(item, "where", "a table or a list of tables", diagnostics),
        };
        let mut chosen = vec![false; among.len()];
        let before = diagnostics.error_count();
        for (table, span) in tables {
            let earlier = diagnostics.error_count();
            let mut fields = Fields::new(table, format!("`where` of {what}"), span);
            let tests = tests(self, &mut fields, diagnostics);
            fields.finish(diagnostics);
            if diagnostics.error_count() > earlier {
                continue;
            }
            let mut any = false;
            for (position, thing) in among.iter().enumerate() {
                if tests.iter().all(|(_, test)| test(thing)) {
                    chosen[position] = true;
                    any = true;
                }
            }
            if !any {
                diagnostics.push(matches_nothing(&tests, among, noun, what, span));
            }
        }
        if diagnostics.error_count() > before {
            return None;
        }
        let found: Vec<usize> = (0..among.len()).filter(|position| chosen[*position]).collect();
        if found.is_empty() {
            diagnostics.push(matches_nothing::<T>(&[], among, noun, what, item.span));
            return None;
        }
        Some(found)
    }

    fn route_tests(
        &self,
        fields: &mut Fields<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Test<'g, LineRoute>> {
        let graph = self.graph;
        let mut tests: Vec<Test<'g, LineRoute>> = Vec::new();
        let from = |route: &LineRoute| &graph.lines[route.from.index()];
        let to = |route: &LineRoute| &graph.lines[route.to.index()];
        for (key, at_buyer, wanted) in
            [("from", false, true), ("from_not", false, false), ("to", true, true), ("to_not", true, false)]
        {
            if let Some(areas) = self.areas(fields, key, diagnostics) {
                tests.push((
                    key,
                    Box::new(move |route| {
                        let line = if at_buyer { to(route) } else { from(route) };
                        areas.iter().any(|area| area.holds(line)) == wanted
                    }),
                ));
            }
        }
        if let Some(materials) = self.materials(fields, "material", diagnostics) {
            tests.push(("material", Box::new(move |route| materials.contains(&route.material.index()))));
        }
        if let Some(crosses) = fields.switch("crosses_border", diagnostics) {
            tests.push((
                "crosses_border",
                Box::new(move |route| (from(route).country != to(route).country) == crosses),
            ));
        }
        let controls = [("heavy", true), ("not-heavy", false)];
        if let Some(heavy) = fields.choice("control", &controls, diagnostics) {
            tests.push((
                "control",
                Box::new(move |route| graph.materials[route.material.index()].heavy == heavy),
            ));
        }
        for (key, at_buyer) in [("stage_from", false), ("stage_to", true)] {
            if let Some(stages) = words(fields, key, &STAGES, diagnostics) {
                tests.push((
                    key,
                    Box::new(move |route| {
                        stages.contains(if at_buyer { &to(route).stage } else { &from(route).stage })
                    }),
                ));
            }
        }
        for (key, supplier, buyer) in
            [("facility", true, true), ("from_facility", true, false), ("to_facility", false, true)]
        {
            if let Some(sites) = self.facilities(fields, key, diagnostics) {
                tests.push((
                    key,
                    Box::new(move |route| {
                        supplier && sites.contains(&from(route).facility.index())
                            || buyer && sites.contains(&to(route).facility.index())
                    }),
                ));
            }
        }
        for (key, supplier, buyer) in
            [("company", true, true), ("from_company", true, false), ("to_company", false, true)]
        {
            if let Some(sites) = self.companies(fields, key, diagnostics) {
                tests.push((
                    key,
                    Box::new(move |route| {
                        supplier && sites.contains(&from(route).facility.index())
                            || buyer && sites.contains(&to(route).facility.index())
                    }),
                ));
            }
        }
        if let Some(uses) = words(fields, "end_use", &END_USES, diagnostics) {
            tests.push(("end_use", Box::new(move |route| uses.contains(&to(route).end_use))));
        }
        if let Some(wanted) = words(fields, "applicant", &APPLICANTS, diagnostics) {
            let sizes = applicant_sizes(graph);
            let chosen: BTreeSet<&str> = (graph.routes.iter().zip(sizes))
                .filter(|(_, size)| wanted.contains(size))
                .map(|(route, _)| route.id.as_str())
                .collect();
            tests.push(("applicant", Box::new(move |route| chosen.contains(route.id.as_str()))));
        }
        tests
    }

    fn line_tests(&self, fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Test<'g, Line>> {
        let mut tests: Vec<Test<'g, Line>> = Vec::new();
        for (key, wanted) in [("in", true), ("in_not", false)] {
            if let Some(areas) = self.areas(fields, key, diagnostics) {
                tests.push((key, Box::new(move |line| areas.iter().any(|area| area.holds(line)) == wanted)));
            }
        }
        if let Some(materials) = self.materials(fields, "product", diagnostics) {
            tests.push(("product", Box::new(move |line| materials.contains(&line.product.index()))));
        }
        if let Some(materials) = self.materials(fields, "uses", diagnostics) {
            tests.push((
                "uses",
                Box::new(move |line| {
                    line.inputs.iter().any(|input| materials.contains(&input.material.index()))
                }),
            ));
        }
        if let Some(stages) = words(fields, "stage", &STAGES, diagnostics) {
            tests.push(("stage", Box::new(move |line| stages.contains(&line.stage))));
        }
        if let Some(sites) = self.facilities(fields, "facility", diagnostics) {
            tests.push(("facility", Box::new(move |line| sites.contains(&line.facility.index()))));
        }
        if let Some(sites) = self.companies(fields, "company", diagnostics) {
            tests.push(("company", Box::new(move |line| sites.contains(&line.facility.index()))));
        }
        if let Some(uses) = words(fields, "end_use", &END_USES, diagnostics) {
            tests.push(("end_use", Box::new(move |line| uses.contains(&line.end_use))));
        }
        tests
    }

    fn areas(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Area>> {
        let typed = list(fields, key, diagnostics)?;
        let mut known: Vec<String> = self
            .graph
            .sites
            .iter()
            .flat_map(|site| [site.country.to_string(), site.region.to_string()])
            .collect();
        known.push("EU".to_owned());
        known.sort_unstable();
        known.dedup();
        let mut areas = Vec::new();
        for place in typed {
            if !known.iter().any(|known| known == place.value) {
                let problem = format!("no facility stands in `{}`", place.value);
                let diagnostic = Diagnostic::error("E0230", problem).at(place.span, "unknown place");
                let words: Vec<&str> = known.iter().map(String::as_str).collect();
                diagnostics.push(with_choices(diagnostic, place.value, &words));
            } else if place.value == "EU" {
                areas.push(Area::EuropeanUnion);
            } else if let Some(code) = Place::parse(place.value) {
                areas.push(Area::Code(code));
            }
        }
        Some(areas)
    }

    fn materials(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let names: Vec<&str> = self.graph.materials.iter().map(|material| material.name.as_str()).collect();
        named(fields, key, "E0231", "material", &names, diagnostics)
    }

    fn facilities(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let names: Vec<&str> = self.graph.sites.iter().map(|site| site.id.as_str()).collect();
        named(fields, key, "E0232", "facility", &names, diagnostics)
    }

    /// Facilities by company; a company of the data may be several, separated by commas or slashes.
    fn companies(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let names: Vec<&str> = self.graph.sites.iter().map(|site| site.company.as_str()).collect();
        named(fields, key, "E0233", "company", &names, diagnostics)
    }
}

/// Texts of a list that must not be empty.
fn list<'a>(
    fields: &mut Fields<'a>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Placed<&'a str>>> {
    let item = fields.take(key)?;
    let typed = super::fields::texts(item, key, diagnostics)?;
    if typed.is_empty() && matches!(&item.node, Node::List(list) if list.is_empty()) {
        let diagnostic =
            Diagnostic::error("E0235", format!("`{key}` is an empty list")).at(item.span, "names nothing");
        diagnostics.push(diagnostic.help("leave the key out to allow everything"));
        return None;
    }
    Some(typed)
}

/// Positions of everything whose name (or its slug) is listed.
fn named(
    fields: &mut Fields<'_>,
    key: &'static str,
    code: &'static str,
    noun: &str,
    names: &[&str],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<usize>> {
    let typed = list(fields, key, diagnostics)?;
    let slugs: Vec<String> = names.iter().map(|name| slug(name)).collect();
    let mut positions = Vec::new();
    for wanted in typed {
        let matches =
            |position: &usize| names[*position] == wanted.value || slugs[*position] == slug(wanted.value);
        let found: Vec<usize> = (0..names.len()).filter(matches).collect();
        if found.is_empty() {
            let diagnostic = Diagnostic::error(code, format!("there is no {noun} `{}`", wanted.value));
            let mut words: Vec<&str> = names.to_vec();
            words.sort_unstable();
            words.dedup();
            diagnostics.push(with_choices(
                diagnostic.at(wanted.span, format!("unknown {noun}")),
                wanted.value,
                &words,
            ));
        }
        positions.extend(found);
    }
    Some(positions)
}

fn words<T: Copy>(
    fields: &mut Fields<'_>,
    key: &'static str,
    allowed: &[(&'static str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<T>> {
    let typed = list(fields, key, diagnostics)?;
    let mut found = Vec::new();
    for word in typed {
        let item = Item { span: word.span, node: Node::Text(word.value.to_owned()) };
        found.extend(super::fields::choice(&item, key, allowed, diagnostics));
    }
    Some(found)
}

fn matches_nothing<T>(tests: &[Test<'_, T>], among: &[T], noun: &str, what: &str, span: Span) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error("E0234", format!("`where` of {what} matches none of the {} {noun}", among.len()))
            .at(span, "matches nothing");
    for (key, test) in tests {
        let alone = among.iter().filter(|thing| test(thing)).count();
        diagnostic = diagnostic.help(format!("`{key}` alone matches {alone} {noun}"));
    }
    diagnostic
}
