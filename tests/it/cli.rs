//! The command line: what it prints and writes. What it refuses is in `refusals.rs`.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use crate::program::{command, files, parts, run, succeed};

const QUICK: [&str; 6] = ["run", "full-embargo", "-n", "8", "--set", "end=2025-08-01"];

pub(crate) fn quick(more: &[&'static str]) -> Vec<&'static str> {
    QUICK.iter().chain(more).copied().collect()
}

pub(crate) fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(crate) fn is_empty(folder: &Path) -> bool {
    files(folder).is_empty()
}

#[test]
fn alone_it_says_what_to_type_next() {
    let here = place();
    let text = succeed(here.path(), &[]);
    assert!(text.contains("coercivity run 2025-april-controls") && text.contains("who stops"), "{text}");
    assert!(is_empty(here.path()));
}

#[test]
fn a_run_prints_tables_and_writes_files() {
    let here = place();
    let (code, stdout, stderr) = parts(&run(here.path(), &quick(&["--outcomes"])));
    assert_eq!(code, Some(0), "{stderr}");
    for expected in ["Vehicles not built", "automaker", "magnet exports", "8 runs, seed", "estimated"] {
        assert!(stdout.contains(expected), "`{expected}` is missing:\n{stdout}");
    }
    assert!(!stdout.contains('\u{1b}') && !stderr.contains('\u{1b}'), "no colours in pipes");
    let out = here.path().join("out/full-embargo");
    let names: Vec<String> = files(&out).into_iter().map(|(name, _)| name).collect();
    for expected in [
        "summary.json",
        "series.csv",
        "outcomes.csv",
        "manifest.json",
        "charts/exports.svg",
        "charts/network-map.png",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} is missing: {names:?}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).expect("written")).expect("JSON");
    assert_eq!(summary["format_version"], 1);
    assert_eq!(summary["replications"], 8);
    for metric in summary["metrics"].as_array().expect("a list") {
        for key in [
            "name",
            "unit",
            "meaning",
            "mean",
            "mean_ci95",
            "q05",
            "q25",
            "median",
            "q75",
            "q95",
            "median_ci95",
        ] {
            assert!(metric.get(key).is_some(), "{key} is missing of {metric}");
        }
    }
    let manifest = std::fs::read_to_string(out.join("manifest.json")).expect("written");
    assert!(!manifest.contains(&here.path().display().to_string()), "no path of the machine");
    let outcomes = std::fs::read_to_string(out.join("outcomes.csv")).expect("written");
    assert_eq!(outcomes.lines().count(), 9, "a head and one row per run");
}

#[test]
fn json_is_the_summary_file() {
    let here = place();
    let printed = succeed(here.path(), &quick(&["--format", "json", "--no-charts", "--quiet"]));
    let written =
        std::fs::read_to_string(here.path().join("out/full-embargo/summary.json")).expect("written");
    assert_eq!(printed, written);
    let table = succeed(here.path(), &quick(&["--format", "csv", "--no-charts", "--force"]));
    assert!(
        table.starts_with("metric,unit,runs,mean,") && table.contains("\nvehicles_lost,vehicles,"),
        "{table}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_bug() {
    let here = place();
    for arguments in
        [&["network", "export"][..], &["explain", "full-embargo", "--all"], &["schema"], &["--help"]]
    {
        let mut child = command(here.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut first = [0; 10];
        child.stdout.take().expect("piped").read_exact(&mut first).expect("ten bytes");
        let (code, _, stderr) = parts(&child.wait_with_output().expect("ends"));
        assert!(code == Some(0) && stderr.is_empty(), "{arguments:?}: {code:?} {stderr}");
    }
}

#[test]
fn scenarios_are_listed_shown_and_copied() {
    let here = place();
    let list = succeed(here.path(), &["scenarios", "list"]);
    assert!(
        list.contains("2025-april-controls") && list.contains("Export licensing of April 2025"),
        "{list}"
    );
    let shown = succeed(here.path(), &["scenarios", "show", "full-embargo"]);
    succeed(here.path(), &["scenarios", "copy", "full-embargo"]);
    let copied = std::fs::read_to_string(here.path().join("full-embargo.toml")).expect("copied");
    assert_eq!(shown, copied);
    let (code, _, stderr) = parts(&run(here.path(), &["scenarios", "copy", "full-embargo"]));
    assert!(code == Some(2) && stderr.contains("not replaced"), "{stderr}");
    let checked = succeed(here.path(), &["check", "full-embargo.toml"]);
    assert!(checked.contains("no problem found"), "{checked}");
}

#[test]
fn every_bundled_scenario_passes_its_check() {
    let here = place();
    let list = succeed(here.path(), &["scenarios", "list"]);
    let names: Vec<&str> = list
        .lines()
        .skip(3)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !name.starts_with('─'))
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let text = succeed(here.path(), &["check", name]);
        assert!(text.contains("no problem found"), "{text}");
    }
}

#[test]
fn explain_names_what_is_touched_and_every_basis() {
    let here = place();
    let text = succeed(here.path(), &["explain", "2025-april-controls"]);
    for expected in [
        "april-controls (licensing, from 4 Apr 2025)",
        "NdFeB magnet (heavy RE)",
        "a month in calm",
        "+ us_speed = empirical(64 values",
        "see parameter set `2025-fitted`",
        "basis of the default: ",
    ] {
        assert!(text.contains(expected), "`{expected}` is missing:\n{text}");
    }
    assert!(!text.contains("changes nothing"), "{text}");
    for said in [
        "law = \"shifted-exponential\"; use = \"multi\"",
        "class `united-states`: speed = { parameter = \"us_speed\" }",
        "of = \"april-controls\"; speed = 0.8; return = 0.45",
        "  rationing = \"proportional\"\n      Who is served",
    ] {
        assert!(text.contains(said), "`{said}` is missing:\n{text}");
    }
    // What one scenario changes about another shows in the difference of what is said of them.
    let refused = succeed(here.path(), &["explain", "defence-cut-off"]);
    let class = "class `defence`: speed = 1; reject = 1; return = 0";
    assert!(refused.contains(class) && !text.contains(class), "{refused}");
    let late = "extends = \"baseline\"\ntitle = \"late\"\n[[shock]]\nid = \"late\"\nkind = \"embargo\"\nstart = 2190-01-01\nwhere = { from = [\"CHN\"], to_not = [\"CHN\"] }\n";
    std::fs::write(here.path().join("late.toml"), late).expect("written");
    let text = succeed(here.path(), &["explain", "late.toml"]);
    assert!(text.contains("`late` changes nothing, because it starts after the end of the run"), "{text}");
    assert!(text.contains("this scenario changes nothing"), "{text}");
}

#[test]
fn compare_warns_of_what_is_not_alike() {
    let here = place();
    let arguments = ["compare", "baseline", "full-embargo", "-n", "2", "--metric", "exports"];
    let (_, _, stderr) = parts(&run(here.path(), &arguments));
    assert!(!stderr.contains("warning"), "{stderr}");
    let short =
        "title = \"short\"\nextends = \"baseline\"\nend = 2025-04-02\nparameter_set = \"2025-fitted\"\n";
    std::fs::write(here.path().join("short.toml"), short).expect("written");
    let bare = "title = \"bare\"\nextends = \"baseline\"\nend = 2025-05-07\nparameter_set = \"none\"\n";
    std::fs::write(here.path().join("bare.toml"), bare).expect("written");
    let arguments = ["compare", "short.toml", "bare.toml", "-n", "2", "--metric", "exports"];
    let (code, _, stderr) = parts(&run(here.path(), &arguments));
    assert!(code == Some(0) && stderr.contains("different lengths"), "{stderr}");
    assert!(
        stderr.contains("parameter set `2025-fitted`") && stderr.contains("documented defaults"),
        "{stderr}"
    );
}

#[test]
fn part_of_a_name_finds_facilities() {
    let here = place();
    let (code, _, stderr) = parts(&run(here.path(), &["why", "Ford"]));
    assert!(code == Some(2) && stderr.contains("`auto-ford-nam` (Ford North America)"), "{stderr}");
    assert!(stderr.contains("network show --facilities"), "{stderr}");
}

#[test]
fn baseline_is_at_its_calm_before_anything_happens() {
    let here = place();
    let short = ["run", "baseline", "-n", "8", "--set", "end=2025-05-07", "--no-charts"];
    for step in ["1", "7"] {
        let with = format!("step_days={step}");
        let folder = format!("by-{step}");
        succeed(here.path(), &[&short[..], &["--set", &with, "--out", &folder]].concat());
        let text = std::fs::read_to_string(here.path().join(folder).join("series.csv")).expect("written");
        let shares: Vec<&str> = text.lines().filter(|line| line.contains("exports_of_calm:WORLD")).collect();
        assert_eq!(shares.len(), 4, "{text}");
        for line in &shares {
            let numbers: Vec<f64> = line.split(',').filter_map(|cell| cell.parse().ok()).collect();
            let near = numbers.iter().filter(|number| (**number - 1.0).abs() < 0.03).count();
            assert!(near >= 5, "{line}");
        }
    }
}

#[test]
fn why_follows_a_shortage_to_the_gate() {
    let here = place();
    let text =
        succeed(here.path(), &["why", "auto-ford-nam", "--scenario", "full-embargo", "--replication", "3"]);
    assert!(text.starts_with("Ford North America in run 3 of full-embargo"), "{text}");
    assert!(text.contains("below calm") && text.contains("the route is closed"), "{text}");
    let calm = succeed(here.path(), &["why", "auto-ford-nam", "--scenario", "baseline"]);
    assert!(calm.contains("never falls short"), "{calm}");
}

#[test]
fn compare_finds_the_embargo_worse_and_itself_the_same() {
    let here = place();
    let text = succeed(
        here.path(),
        &[
            "compare",
            "baseline",
            "full-embargo",
            "-n",
            "16",
            "--out",
            "both",
            "--metric",
            "vehicles_lost",
            "--metric",
            "exports",
        ],
    );
    let row =
        |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).expect("a row").to_owned();
    assert!(row("vehicles_lost [vehicles]").trim_end().ends_with("higher"), "{text}");
    assert!(row("exports [t]").trim_end().ends_with("lower"), "{text}");
    assert!(here.path().join("both/charts/vehicles-lost.svg").is_file());
    let picture = std::fs::read_to_string(here.path().join("both/charts/differences.svg")).expect("written");
    assert!(picture.contains("All regions") && picture.contains("95 % interval of the mean difference"));
    let json =
        succeed(here.path(), &["compare", "full-embargo", "full-embargo", "-n", "8", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    for entry in json[0]["differences"].as_array().expect("a list") {
        assert_eq!(entry["difference"]["mean"], 0.0, "{entry}");
    }
}

#[test]
fn a_network_is_shown_exported_and_begun() {
    let here = place();
    let text = succeed(here.path(), &["network", "show"]);
    assert!(text.contains("148 facilities, 1108 routes") && text.contains("Separation"), "{text}");
    assert!(succeed(here.path(), &["network", "export"]).starts_with("digraph"));
    succeed(here.path(), &["network", "export", "--format", "graphml", "--out", "net.graphml"]);
    assert!(std::fs::read_to_string(here.path().join("net.graphml")).expect("written").contains("<graphml"));
    succeed(here.path(), &["network", "template", "mine"]);
    assert!(succeed(here.path(), &["network", "show", "mine"]).contains("facilities"));
    let (code, _, stderr) = parts(&run(here.path(), &["network", "template", "mine"]));
    assert!(code == Some(2) && stderr.contains("not touched"), "{stderr}");
}

#[test]
fn schema_and_completions_are_printed() {
    let here = place();
    let schema: serde_json::Value = serde_json::from_str(&succeed(here.path(), &["schema"])).expect("JSON");
    assert!(schema.get("$schema").is_some());
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(succeed(here.path(), &["completions", shell]).contains("coercivity"));
    }
    assert!(succeed(here.path(), &["check", "--explain", "e0204"]).contains("nested"));
    assert!(succeed(here.path(), &["check", "--explain", "E642"]).contains("whole numbers"));
    let (_, stdout, stderr) =
        parts(&run(here.path(), &["check", "desk-with-officers", "--set", "parameter_set=none"]));
    assert!(stdout.contains("no problem") && stderr.contains("parameter_set = \"2025-fitted\""), "{stderr}");
}

#[test]
fn facilities_are_listed_by_id_and_a_file_is_no_network() {
    let here = place();
    let text = succeed(here.path(), &["network", "show", "--facilities"]);
    assert!(text.contains("auto-ford-nam") && text.contains("mag-jl-mag"), "{text}");
    std::fs::write(here.path().join("a.csv"), "id\n").expect("written");
    let (code, _, stderr) = parts(&run(here.path(), &["network", "show", "a.csv"]));
    assert!(code == Some(2) && stderr.contains("a network is a folder"), "{stderr}");
}

#[test]
fn one_run_claims_no_interval() {
    let here = place();
    let text =
        succeed(here.path(), &["run", "full-embargo", "-n", "1", "--set", "end=2025-08-01", "--no-charts"]);
    assert!(text.contains("unknown from so few runs") && !text.contains("– million"), "{text}");
}

#[test]
fn a_part_without_runs_says_so() {
    let here = place();
    let part =
        ["shard", "run", "full-embargo", "-n", "40", "--index", "1", "--of", "5", "--set", "end=2025-08-01"];
    let (code, _, stderr) = parts(&run(here.path(), &part));
    assert!(code == Some(0) && stderr.contains("No runs (more"), "{stderr}");
}

/// `[outputs]` decides which series are observed, written and drawn; metrics stay as they are.
#[test]
fn only_the_outputs_asked_for_are_written_and_drawn() {
    let here = place();
    succeed(here.path(), &quick(&["--no-charts", "--out", "all", "--outcomes"]));
    let asked = [
        "--set",
        "outputs.groups=[\"output:region\"]",
        "--set",
        "outputs.series=[\"exports:USA\", \"lost@auto-ford-nam\"]",
        "--outcomes",
        "--out",
        "some",
    ];
    let (code, stdout, stderr) = parts(&run(here.path(), &quick(&asked)));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("Vehicles not built, by region"), "{stdout}");
    assert!(
        stderr.contains("Not drawn") && stderr.contains("cover-automakers, cover-other-users"),
        "{stderr}"
    );
    let rows = |folder: &str| -> Vec<String> {
        let text = std::fs::read_to_string(here.path().join(folder).join("series.csv")).expect("written");
        text.lines().map(str::to_owned).collect()
    };
    let (all, some) = (rows("all"), rows("some"));
    let wanted = |row: &&String| {
        let mut fields = row.split(',').skip(1);
        let (group, series) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        ["group", "output:region"].contains(&group) || ["exports:USA", "lost@auto-ford-nam"].contains(&series)
    };
    assert_eq!(some, all.iter().filter(wanted).cloned().collect::<Vec<_>>());
    assert!(some.len() > 100 && all.len() > 2 * some.len());
    let read =
        |folder: &str, file: &str| std::fs::read(here.path().join(folder).join(file)).expect("written");
    assert!(read("all", "summary.json") == read("some", "summary.json"), "metrics are complete either way");
    assert!(read("all", "outcomes.csv") == read("some", "outcomes.csv"));
    let names: Vec<String> = files(&here.path().join("some/charts")).into_iter().map(|file| file.0).collect();
    for drawn in ["output-by-region.svg", "exports-by-destination.svg", "lost-output.png", "first-stop.svg"] {
        assert!(names.iter().any(|name| name == drawn), "{drawn} is missing: {names:?}");
    }
    assert!(!names.iter().any(|name| name.starts_with("cover") || name == "exports.svg"), "{names:?}");
}
