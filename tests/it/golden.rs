//! Exact summaries of the bundled scenarios. A change of numbers is a change of these files, seen in review.
//!
//! The files are what `run NAME -n 16 --format json` prints, without the metrics of single facilities.
//! `UPDATE_GOLDEN=1 cargo test --test it golden` writes them anew.

use std::path::{Path, PathBuf};

use coercivity::export::json::SummaryFile;
use coercivity::scenario::bundled;

use crate::program;
use crate::studies::{FEW, study};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).join("summary.json")
}

/// A summary's text without the metrics of single facilities (those with `@` in their names), byte for byte
/// otherwise.
fn reduce(text: &str) -> String {
    let (head, rest) = text.split_once("\"metrics\": [\n").expect("a summary");
    let (list, tail) = rest.rsplit_once("\n  ]").expect("a summary");
    let entries: Vec<&str> = list.split(",\n    {").collect();
    let kept: Vec<&str> = entries.into_iter().filter(|entry| !entry_name(entry).contains('@')).collect();
    assert!(kept.len() > 10, "a summary without totals");
    format!("{head}\"metrics\": [\n{}\n  ]{tail}", kept.join(",\n    {"))
}

/// The name in one entry of a summary's list of metrics.
fn entry_name(entry: &str) -> &str {
    let rest = entry.split_once("\"name\": \"").expect("a name").1;
    &rest[..rest.find('"').expect("the end of a name")]
}

/// The first place where two summaries differ: the metric and both lines.
fn first_difference(expected: &str, got: &str) -> Option<String> {
    let mut metric = "the head";
    let mut lines = (expected.lines(), got.lines());
    loop {
        match (lines.0.next(), lines.1.next()) {
            (None, None) => return (expected != got).then(|| "line ends differ".to_owned()),
            (before, now) if before == now => {
                if let Some(name) = before.and_then(|line| line.trim().strip_prefix("\"name\": ")) {
                    metric = name.trim_end_matches(',');
                }
            }
            (before, now) => {
                let show = |line: Option<&str>| line.map_or("nothing", str::trim).to_owned();
                return Some(format!("{metric}: golden {} now {}", show(before), show(now)));
            }
        }
    }
}

/// Compares with the golden file, or writes it when asked to.
fn hold(name: &str, text: &str, differing: &mut Vec<String>) {
    let path = file(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("can be made");
        std::fs::write(&path, text).expect("can be written");
        return;
    }
    match std::fs::read_to_string(&path) {
        Err(problem) => differing.push(format!("{name}: {}: {problem}", path.display())),
        Ok(golden) => differing
            .extend(first_difference(&golden, text).map(|difference| format!("{name}: {difference}"))),
    }
}

fn verdict(differing: &[String]) {
    assert!(
        differing.is_empty(),
        "numbers changed; if they were meant to, UPDATE_GOLDEN=1 writes the files anew (and CHANGELOG.md \
         says `changes results`):\n{}",
        differing.join("\n")
    );
}

#[test]
fn bundled_scenarios_give_their_golden_summaries() {
    let mut differing = Vec::new();
    for name in bundled::names() {
        let study = study(name);
        let text = String::from_utf8(SummaryFile::new(&study.scenario, &study.few).to_json()).expect("UTF-8");
        hold(name, &reduce(&text), &mut differing);
    }
    verdict(&differing);
}

/// The program gives the golden summary too. With `GOLDEN_PROGRAM` set to another build of it (release), all
/// scenarios are compared, which shows that optimisation changes no bit.
#[test]
fn the_program_gives_golden_summaries() {
    let other = std::env::var_os("GOLDEN_PROGRAM");
    let count = if other.is_some() { usize::MAX } else { 2 };
    let mut differing = Vec::new();
    for name in bundled::names().take(count) {
        let here = tempfile::tempdir().expect("a folder");
        let arguments = ["run", name, "-n", &FEW.to_string(), "--format", "json", "--no-charts", "--quiet"];
        let mut command = program::command(here.path(), &arguments);
        if let Some(other) = &other {
            let mut same = std::process::Command::new(other);
            same.current_dir(here.path()).args(arguments);
            command = same;
        }
        let output = command.output().expect("the program starts");
        let (code, stdout, stderr) = program::parts(&output);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        match std::fs::read_to_string(file(name)) {
            // Written by the test above, at the same time.
            _ if std::env::var_os("UPDATE_GOLDEN").is_some() => {}
            Err(problem) => differing.push(format!("{name}: {problem}")),
            Ok(golden) => differing.extend(
                first_difference(&golden, &reduce(&stdout)).map(|difference| format!("{name}: {difference}")),
            ),
        }
    }
    verdict(&differing);
}

#[test]
fn a_difference_is_named() {
    let text = |mean: &str| {
        format!(
            "{{\n  \"metrics\": [\n    {{\n      \"name\": \"lost\",\n      \"mean\": {mean}\n    }}\n  ]\n}}\n"
        )
    };
    let found = first_difference(&text("1.5"), &text("1.25"));
    assert_eq!(found.as_deref(), Some("\"lost\": golden \"mean\": 1.5 now \"mean\": 1.25"));
    assert_eq!(first_difference(&text("1.5"), &text("1.5")), None);
    assert!(first_difference(&text("1.5"), text("1.5").trim_end()).is_some());
}
