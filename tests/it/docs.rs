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
    let rest = line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("coercivity "))?;
    Some(rest.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect())
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
            } else if inside && let Some(found) = line.strip_prefix("$ ").and_then(arguments) {
                try_out(here.path(), found, &document.display().to_string());
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

/// Links from one file of the repository to another lead somewhere.
#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md")];
    let entries = std::fs::read_dir(root.join("docs/src")).expect("the book is there");
    documents.extend(entries.flatten().map(|entry| entry.path()));
    let mut checked = 0;
    for document in documents.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    {
        let text = std::fs::read_to_string(&document).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or(link);
            if target.is_empty() || target.contains("://") {
                continue;
            }
            checked += 1;
            let folder = document.parent().unwrap_or(root);
            assert!(folder.join(target).exists(), "{}: `{link}` leads nowhere", document.display());
        }
    }
    assert!(checked > 10, "{checked} links");
}
