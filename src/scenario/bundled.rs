//! The scenarios inside the program.

/// Name and text of every bundled scenario, in the order they are listed.
const FILES: &[(&str, &str)] = &[
    ("baseline", include_str!("../../scenarios/baseline.toml")),
    ("2025-april-controls", include_str!("../../scenarios/2025-april-controls.toml")),
    ("full-embargo", include_str!("../../scenarios/full-embargo.toml")),
    ("myanmar-border-closure", include_str!("../../scenarios/myanmar-border-closure.toml")),
    ("lane-delay", include_str!("../../scenarios/lane-delay.toml")),
    ("tariff-escalation", include_str!("../../scenarios/tariff-escalation.toml")),
    ("geneva-only", include_str!("../../scenarios/geneva-only.toml")),
    ("london-framework", include_str!("../../scenarios/london-framework.toml")),
    ("talks-collapse", include_str!("../../scenarios/talks-collapse.toml")),
    ("big-three-temporary-licences", include_str!("../../scenarios/big-three-temporary-licences.toml")),
    ("october-2025-package", include_str!("../../scenarios/october-2025-package.toml")),
    ("truce-extended", include_str!("../../scenarios/truce-extended.toml")),
    ("truce-lapses", include_str!("../../scenarios/truce-lapses.toml")),
    ("general-licences", include_str!("../../scenarios/general-licences.toml")),
    ("allied-white-list", include_str!("../../scenarios/allied-white-list.toml")),
    ("desk-with-officers", include_str!("../../scenarios/desk-with-officers.toml")),
    ("defence-cut-off", include_str!("../../scenarios/defence-cut-off.toml")),
    ("lane-delay-on-top", include_str!("../../scenarios/lane-delay-on-top.toml")),
    ("tariff-war", include_str!("../../scenarios/tariff-war.toml")),
    ("stockpile-release", include_str!("../../scenarios/stockpile-release.toml")),
    ("second-source", include_str!("../../scenarios/second-source.toml")),
    ("heavy-free-magnets", include_str!("../../scenarios/heavy-free-magnets.toml")),
];

/// Name and text of every bundled parameter set.
const PARAMETER_SETS: &[(&str, &str)] =
    &[("2025-fitted", include_str!("../../scenarios/parameters/2025-fitted.toml"))];

/// The text of a bundled parameter set.
#[must_use]
pub fn parameter_set(name: &str) -> Option<&'static str> {
    PARAMETER_SETS.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The names of all bundled parameter sets.
pub fn parameter_sets() -> impl Iterator<Item = &'static str> {
    PARAMETER_SETS.iter().map(|(name, _)| *name)
}

/// The text of a bundled scenario.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The names of all bundled scenarios, in the order they are listed.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// A bundled scenario's own table, before anything it extends.
fn own(name: &str) -> Option<toml::Table> {
    toml::from_str(text(name)?).ok()
}

/// The title a bundled scenario gives itself.
#[must_use]
pub fn title(name: &str) -> Option<String> {
    own(name)?.get("title")?.as_str().map(str::to_owned)
}

/// The scenario a bundled scenario extends.
#[must_use]
pub fn extends(name: &str) -> Option<String> {
    own(name)?.get("extends")?.as_str().map(str::to_owned)
}

/// How many sources a bundled scenario names itself.
#[must_use]
pub fn source_count(name: &str) -> usize {
    own(name).and_then(|table| table.get("sources")?.as_array().map(Vec::len)).unwrap_or(0)
}

/// The JSON schema of scenario files that editors use.
pub const SCHEMA: &str = include_str!("../../scenarios/schema.json");
