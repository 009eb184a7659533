//! What the program and the documents say one can type is typed.
//!
//! In documents, blocks marked `console` hold commands behind `$ `; those of the program itself are run in
//! one folder, in order, with few runs each.

use std::path::Path;

#[path = "../../examples/quickstart.rs"]
#[allow(dead_code)] // its `main`
mod quickstart;

use crate::program::{parts, run, succeed};

/// The arguments of `coercivity …` or `cargo run --release -- …`; `None` for other commands.
fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.split('#').next().unwrap_or(line).trim();
    let line = line.strip_prefix("/usr/bin/time -v ").unwrap_or(line);
    let rest = line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("coercivity "))?;
    Some(rest.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect())
}

/// What `printf 'text' > file` writes, and where.
fn printed(line: &str) -> Option<(String, &str)> {
    let (text, name) = line.strip_prefix("printf '")?.split_once("' > ")?;
    Some((text.replace("\\n", "\n"), name.trim()))
}

/// Runs one command with few runs.
fn try_out(folder: &Path, mut arguments: Vec<String>, place: &str) {
    if matches!(arguments.first().map(String::as_str), Some("run" | "compare")) {
        if let Some(at) = arguments.iter().position(|word| word == "-n" || word == "--replications") {
            arguments.drain(at..(at + 2).min(arguments.len()));
        }
        arguments.extend(["--replications", "8"].map(str::to_owned));
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, _, stderr) = parts(&run(folder, &words));
    assert_eq!(code, Some(0), "{place}: `coercivity {}`: {stderr}", arguments.join(" "));
}

#[test]
fn first_steps_work_as_printed() {
    let here = tempfile::tempdir().expect("a folder");
    let text = succeed(here.path(), &[]);
    let steps: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(steps.len() >= 3, "{text}");
    for line in steps {
        // Commands and what they do stand apart by at least two spaces.
        let command = line.split("  ").next().unwrap_or(line);
        try_out(here.path(), arguments(command).expect("a command of the program"), "first steps");
    }
    try_out(here.path(), vec!["run".to_owned(), "full-embargo.toml".to_owned()], "first steps");
}

#[test]
fn commands_in_documents_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md")];
    for folder in ["docs", "docs/src"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the documents are there");
        documents.extend(entries.flatten().map(|entry| entry.path()));
    }
    documents.sort();
    for document in documents.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    {
        let Ok(text) = std::fs::read_to_string(&document) else { continue };
        let here = tempfile::tempdir().expect("a folder");
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("```") {
                inside = line.trim() == "```console";
            } else if inside && let Some(typed) = line.strip_prefix("$ ") {
                if let Some((text, name)) = printed(typed) {
                    std::fs::write(here.path().join(name), text).expect("written");
                } else if let Some(found) = arguments(typed) {
                    try_out(here.path(), found, &document.display().to_string());
                }
            }
        }
    }
}

/// A change of the model that alters numbers alters the README: paste what the message shows.
#[test]
fn the_readme_quotes_what_quickstart_prints() {
    let printed = quickstart::headlines().expect("a bundled scenario");
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("it is there");
    let quoted = format!("```text\n{printed}```\n");
    assert!(readme.contains(&quoted), "README.md does not quote:\n{printed}");
}

/// Targets of the links and pictures of a text, without those that lead out of the repository.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"))
}

/// Name of a heading in links, as mdBook and GitHub make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Says where a link of `document`, read as if it stood in `folder`, leads nowhere.
fn dead(document: &Path, folder: &Path, link: &str) -> Option<String> {
    let (target, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = if target.is_empty() { document.to_owned() } else { folder.join(target) };
    if !path.exists() {
        return Some(format!("{}: `{link}` leads nowhere from {}", document.display(), folder.display()));
    }
    let text = if heading.is_empty() { String::new() } else { std::fs::read_to_string(&path).expect("text") };
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    let there = heading.is_empty() || headings.any(|line| anchor(line.trim_start_matches('#')) == heading);
    (!there).then(|| format!("{}: no heading of {} is `#{heading}`", document.display(), path.display()))
}

/// Links from one file of the repository to another lead somewhere, and to a heading that is there.
#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<_> = ["README.md", "CHANGELOG.md", "scenarios/README.md", "benches/README.md"]
        .map(|name| root.join(name))
        .to_vec();
    for folder in ["docs", "docs/src"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the book is there");
        let paths = entries.flatten().map(|entry| entry.path());
        documents.extend(paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    let (mut checked, mut wrong) = (0, Vec::new());
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("text");
        let folder = document.parent().unwrap_or(root);
        for link in targets(&text) {
            checked += 1;
            wrong.extend(dead(&document, folder, link));
        }
    }
    assert!(checked > 10, "{checked} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every file of the book is a chapter, every chapter is a file, and what chapters include from elsewhere
/// holds links that work in the book as well as where the file lies.
#[test]
fn the_book_is_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    let summary = std::fs::read_to_string(folder.join("SUMMARY.md")).expect("the book has a summary");
    let mut chapters: Vec<&str> = targets(&summary).collect();
    chapters.sort_unstable();
    let entries = std::fs::read_dir(&folder).expect("the book is there");
    let mut files: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.retain(|name| name != "SUMMARY.md");
    files.sort_unstable();
    assert_eq!(chapters, files, "docs/src/SUMMARY.md and the files of docs/src differ");
    let (mut included, mut wrong) = (0, Vec::new());
    for chapter in &files {
        let text = std::fs::read_to_string(folder.join(chapter)).expect("text");
        assert!(!text.trim().is_empty(), "{chapter} is empty");
        for target in text.split("{{#include ").skip(1).filter_map(|rest| rest.split("}}").next()) {
            included += 1;
            let path = folder.join(target.trim());
            let text = std::fs::read_to_string(&path);
            let text = text.unwrap_or_else(|error| panic!("{chapter} includes {target}: {error}"));
            wrong.extend(targets(&text).filter_map(|link| dead(&path, &folder, link)));
        }
    }
    assert!(included > 0, "no chapter includes a file: this test looks for the wrong word");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
