//! The schema, the chapter and the catalogue are fresh; schema and reader agree; no input panics.

use std::path::Path;

use proptest::prelude::*;

use super::resolve::resolve;
use super::schema::ScenarioFile;
use super::shocks::KINDS;
use super::tests::find_tiny;
use super::{bundled, format, overlay, schema};
use crate::diagnostic::Diagnostics;

/// Compares a checked-in file with what it is made from; `UPDATE_DOCS=1` rewrites it.
fn fresh(path: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == made, "{} is stale: set UPDATE_DOCS=1 and run this test again", path.display());
}

#[test]
fn schema_is_fresh() {
    fresh("scenarios/schema.json", &schema::json());
    let made: serde_json::Value = serde_json::from_str(&schema::json()).unwrap();
    assert_eq!(made["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(made["required"], serde_json::json!(["title"]), "a diff need say nothing but its title");
    assert!(!schema::json().contains("null"), "TOML has no null");
}

#[test]
fn chapter_is_fresh() {
    fresh("docs/scenario-format.md", &format::chapter());
}

#[test]
fn catalogue_is_fresh_and_lists_the_files() {
    fresh("scenarios/README.md", &format::catalogue().unwrap());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = bundled::names().collect();
    names.sort_unstable();
    assert_eq!(files, names, "a file is not bundled, and so not in the catalogue");
}

#[test]
fn every_kind_reads_exactly_the_keys_the_chapter_lists() {
    assert_eq!(format::KEYS_OF_KIND.map(|(kind, ..)| kind), KINDS);
    for (kind, needs, may) in format::KEYS_OF_KIND {
        let text = format!(
            "title = \"Keys\"\nextends = \"baseline\"\n[[shock]]\nid = \"x\"\nkind = \"{kind}\"\nstart = 2025-04-04\nno-such-key = 1\n"
        );
        let mut diagnostics = Diagnostics::new();
        let layers = overlay::open_text("keys.toml", &text, &mut diagnostics).unwrap();
        assert!(resolve(&layers, &find_tiny, &mut diagnostics).is_none());
        let missing: Vec<&str> = needs
            .iter()
            .copied()
            .filter(|key| diagnostics.list().iter().any(|d| d.message.contains(&format!("lacks `{key}`"))))
            .collect();
        assert_eq!(missing, needs, "{kind} needs other keys:\n{}", diagnostics.render(false));
        let unknown = diagnostics.list().iter().find(|d| d.code == "E0212").unwrap();
        let listed = unknown.help.iter().find_map(|line| line.strip_prefix("keys: ")).unwrap();
        let mut listed: Vec<&str> = listed.split(", ").skip(8).collect();
        let mut expected = [needs, may].concat();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected, "{kind}");
    }
}

#[test]
fn schema_and_reader_accept_the_same_files() {
    for name in bundled::names() {
        let read = toml::from_str::<ScenarioFile>(bundled::text(name).unwrap());
        assert!(read.is_ok(), "{name}: {}", read.unwrap_err());
    }
    // What is wrong in shape, both refuse; what is wrong in meaning, only the reader can see.
    let shape = ["E0205", "E0212", "E0214", "E0216", "E0217"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut refused = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".toml") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let read = toml::from_str::<ScenarioFile>(&text);
        if shape.iter().any(|code| name.starts_with(code)) {
            assert!(read.is_err(), "the schema accepts {name}");
            refused += 1;
        } else if name.starts_with('W') {
            assert!(read.is_ok(), "the schema refuses {name}: {}", read.unwrap_err());
        }
    }
    assert!(refused >= 6);
}

/// Reads a text in every way there is; whether it is refused does not matter.
fn read(text: &str) {
    let mut diagnostics = Diagnostics::new();
    let layers = overlay::open_text("random.toml", text, &mut diagnostics);
    let scenario = layers.and_then(|layers| resolve(&layers, &find_tiny, &mut diagnostics));
    if scenario.is_none() {
        assert!(diagnostics.error_count() > 0, "refused without a reason:\n{text}");
    }
    let _ = diagnostics.render(false);
    let _ = diagnostics.render(true);
}

const WORDS: [&str; 40] = [
    "title",
    "extends",
    "\"baseline\"",
    "start",
    "end",
    "days",
    "=",
    "=",
    "=",
    "\n",
    "\n",
    "\n",
    "[[shock]]",
    "[parameters]",
    "[switches]",
    "[study]",
    "[expect]",
    "id",
    "kind",
    "\"embargo\"",
    "\"licensing\"",
    "\"regime\"",
    "where",
    "{",
    "}",
    "[",
    "]",
    ",",
    "from",
    "\"CHN\"",
    "2025-04-04",
    "1e308",
    "-1",
    "0.5",
    "nan",
    "9223372036854775807",
    "growth",
    "uniform",
    "\"ü\u{0}\"",
    ".",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_random_text_panics(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn no_sentence_of_toml_panics(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        read(&words.join(" "));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut diagnostics = Diagnostics::new();
        if let Some(text) = super::document::text_of("bytes", bytes, &mut diagnostics) {
            read(&text);
        }
        let _ = diagnostics.render(false);
    }

    #[test]
    fn no_mutation_of_a_bundled_file_panics(
        which in 0..20_usize,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(&WORDS[..])), 1..6),
    ) {
        let name = bundled::names().nth(which).unwrap();
        let mut letters: Vec<char> = bundled::text(name).unwrap().chars().collect();
        for (at, length, word) in cuts {
            let from = at.index(letters.len().max(1)).min(letters.len());
            let to = (from + length).min(letters.len());
            letters.splice(from..to, word.chars());
        }
        read(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn no_set_panics(set in "\\PC{0,60}", words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..8)) {
        for set in [set, words.concat()] {
            let mut diagnostics = Diagnostics::new();
            let layers = overlay::open("2025-april-controls", &[set], &mut diagnostics);
            let _ = layers.and_then(|layers| resolve(&layers, &find_tiny, &mut diagnostics));
            let _ = diagnostics.render(false);
        }
    }
}
