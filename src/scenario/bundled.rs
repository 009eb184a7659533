//! The scenarios inside the program.

/// Name and text of every bundled scenario, in the order they are listed.
const FILES: &[(&str, &str)] = &[
    ("baseline", include_str!("../../scenarios/baseline.toml")),
    ("2025-april-controls", include_str!("../../scenarios/2025-april-controls.toml")),
    ("full-embargo", include_str!("../../scenarios/full-embargo.toml")),
];

/// The text of a bundled scenario.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The names of all bundled scenarios, in the order they are listed.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The title a bundled scenario gives itself.
#[must_use]
pub fn title(name: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text(name)?).ok()?;
    table.get("title")?.as_str().map(str::to_owned)
}

/// The JSON schema of scenario files that editors use.
pub const SCHEMA: &str = include_str!("../../scenarios/schema.json");
