//! Every rule has a paragraph, a broken file, and the message that file gets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::resolve::resolve;
use super::tests::find_tiny;
use super::{names, overlay, plausible, rules};
use crate::diagnostic::Diagnostics;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

/// What a file is told, with the folder's path cut off.
fn message(path: &Path, sets: &[String]) -> (String, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let layers = overlay::open(&path.display().to_string(), sets, &mut diagnostics);
    let scenario = layers.and_then(|layers| {
        let scenario = resolve(&layers, &find_tiny, &mut diagnostics)?;
        names::check(&layers, &scenario, &mut diagnostics);
        plausible::check(&layers, &scenario, &mut diagnostics);
        (diagnostics.error_count() == 0).then_some(scenario)
    });
    assert_eq!(
        scenario.is_none(),
        diagnostics.error_count() > 0,
        "{}:\n{}",
        path.display(),
        diagnostics.render(false)
    );
    let text = diagnostics.render(false).replace(&format!("{}/", folder().display()), "");
    (text, diagnostics)
}

#[test]
fn every_broken_file_gets_the_message_beside_it() {
    let rewrite = std::env::var_os("UPDATE_DIAGNOSTICS").is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let (text, diagnostics) = message(&path, &[]);
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some((code, _)) = stem.split_once('-').filter(|(code, _)| code.len() == 5) {
            let said: Vec<&str> = diagnostics.list().iter().map(|diagnostic| diagnostic.code).collect();
            assert!(said.contains(&code), "{stem} is not told {code}, but:\n{text}");
        }
        let beside = path.with_extension("txt");
        if rewrite {
            std::fs::write(&beside, &text).unwrap();
        } else if std::fs::read_to_string(&beside).ok().as_deref() != Some(&text) {
            wrong.push(format!("{stem} is told:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "set UPDATE_DIAGNOSTICS=1 to accept:\n{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_paragraph_and_a_case() {
    let mut used = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenario")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if name == "rules.rs" || name.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("\"E02").chain(text.match_indices("\"W02")) {
                if let Some(code) = text.get(at + 1..at + 6) {
                    used.insert(code.to_owned());
                }
            }
        }
    }
    let known: BTreeSet<String> = rules::RULES.iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(used, known, "codes in use and codes with a paragraph differ");
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for path in files() {
        shown.extend(message(&path, &[]).1.list().iter().map(|diagnostic| diagnostic.code.to_owned()));
    }
    // Three need no file, or one too large to keep: tested below.
    shown.extend(["E0201", "E0202", "E0210"].map(str::to_owned));
    let missing: Vec<&String> = known.difference(&shown).collect();
    assert!(missing.is_empty(), "no broken file shows {missing:?}");
}

#[test]
fn missing_files_and_folders_are_named() {
    let (text, _) = message(&folder().join("no-such.toml"), &[]);
    assert!(text.contains("E0201") && text.contains("there is no such file"), "{text}");
    let (text, _) = message(&folder(), &[]);
    assert!(text.contains("E0201") && text.contains("it is a folder"), "{text}");
    let (text, _) = message(Path::new("2025-april-control"), &[]);
    assert!(text.contains("E0209") && text.contains("did you mean `2025-april-controls`?"), "{text}");
}

#[test]
fn a_file_of_a_gigabyte_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.toml");
    std::fs::File::create(&path).unwrap().set_len(1_000_000_000).unwrap(); // sparse
    let started = std::time::Instant::now();
    let (text, _) = message(&path, &[]);
    assert!(text.contains("E0202"), "{text}");
    assert!(started.elapsed().as_millis() < 500, "it was read");
}

#[test]
fn hostile_megabytes_are_answered_soon_and_briefly() {
    let line = |part: &str| part.repeat(990_000 / part.len());
    for (name, text) in [
        ("brackets", line("[")),
        ("braces", format!("a = {}", line("{a="))),
        ("dots", format!("{} = 1", line("a."))),
        ("no TOML on any line", line("x\n")),
        ("unknown keys", (0..60_000).map(|n| format!("k{n} = 1\n")).collect()),
        ("one long text", format!("title = \"{}\"\nfoo = 1", line("é"))),
        ("quotes", line("\"")),
        ("shocks", line("[[shock]]\n")),
        ("commas", format!("sources = [{}]", line("1,"))),
        ("carriage returns", line("a = 1\r")),
    ] {
        let started = std::time::Instant::now();
        let mut diagnostics = Diagnostics::new();
        let layers = overlay::open_text("hostile.toml", &text, &mut diagnostics);
        let scenario = layers.and_then(|layers| resolve(&layers, &find_tiny, &mut diagnostics));
        assert!(scenario.is_none());
        let parsed = started.elapsed();
        let message = diagnostics.render(false);
        println!("{name}: {parsed:?}, then {:?}, {} bytes", started.elapsed() - parsed, message.len());
        assert!(started.elapsed().as_secs() < 20, "{name} took {:?}", started.elapsed());
        assert!(message.len() < 500_000, "{name}: {} bytes of messages", message.len());
    }
}

#[test]
fn sets_that_mean_nothing_are_refused_with_their_own_source() {
    let path = Path::new("2025-april-controls");
    for (set, code) in [
        ("parameters.panic", "E0210"),
        ("=1", "E0210"),
        ("shock=1", "E0210"),
        ("shock.geneva=1", "E0210"),
        ("shock.genva.start=2025-05-01", "E0211"),
        ("parameters.panic=[1", "E0210"),
        ("parameters.panik=1", "E0219"),
        ("parameters.panic=-1", "E0215"),
        ("shock.geneva.end=2025-05-01", "E0221"),
        ("shock.april-controls.where.to=ZZZ", "E0230"),
    ] {
        let (text, diagnostics) = message(path, &[set.to_owned()]);
        assert!(diagnostics.list().iter().any(|diagnostic| diagnostic.code == code), "{set}:\n{text}");
        assert!(text.contains(" --set:1:"), "{set}:\n{text}");
    }
}
