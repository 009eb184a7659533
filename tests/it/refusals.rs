//! The command line: what it refuses, and that it then writes nothing.

use crate::cli::{is_empty, place, quick};
use crate::program::{files, parts, run, succeed};

#[test]
fn results_are_replaced_only_on_demand_and_foreign_folders_never() {
    let here = place();
    succeed(here.path(), &quick(&["--no-charts"]));
    let before = files(here.path());
    let (code, _, stderr) = parts(&run(here.path(), &quick(&["--no-charts", "--seed", "5"])));
    assert!(code == Some(2) && stderr.contains("--force"), "{stderr}");
    assert_eq!(files(here.path()), before, "untouched");
    succeed(here.path(), &quick(&["--no-charts", "--seed", "5", "--force"]));
    assert_ne!(files(here.path()), before, "replaced");

    let home = here.path().join("home");
    std::fs::create_dir(&home).expect("made");
    std::fs::write(home.join("letter.txt"), "dear").expect("written");
    for flags in [&["--out", "home"][..], &["--out", "home", "--force"], &["--out", "home", "--resume"]] {
        let (code, _, stderr) = parts(&run(here.path(), &quick(flags)));
        assert!(code == Some(2) && stderr.contains("never replaced"), "{stderr}");
    }
    assert_eq!(files(&home), [("letter.txt".to_owned(), b"dear".to_vec())]);
}

#[test]
fn a_place_that_cannot_hold_results_is_refused_before_the_work() {
    let here = place();
    std::fs::write(here.path().join("letter.txt"), "dear").expect("written");
    let long = format!("new/deeper/{}", "x".repeat(300));
    for (out, said) in [
        ("letter.txt", "is no folder"),
        ("letter.txt/results", "cannot be written"),
        (&long, "cannot be written"),
    ] {
        // So many runs that a refusal after them would not be overlooked.
        let flags = ["run", "full-embargo", "-n", "1000000", "--no-charts", "--out", out];
        let (code, _, stderr) = parts(&run(here.path(), &flags));
        assert!(code == Some(2) && stderr.contains(said) && stderr.contains("--out"), "{out}: {stderr}");
    }
    assert_eq!(files(here.path()), [("letter.txt".to_owned(), b"dear".to_vec())]);
    assert!(!here.path().join("new").exists(), "folders made to try a place are left behind");
}

#[test]
fn wrong_input_is_refused_and_nothing_is_written() {
    let here = place();
    let inputs = place();
    let file = |name: &str, bytes: &[u8]| {
        let path = inputs.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.display().to_string()
    };
    let unknown_key = file("unknown-key.toml", b"extends = \"baseline\"\ntitle = \"x\"\nshok = 3\n");
    let not_utf8 = file("not-utf8.toml", b"title = \"\xff\"\n");
    let not_toml = file("not-toml.toml", b"title = \n");
    let deep = file("deep.toml", format!("title = {}", "[".repeat(100_000)).as_bytes());
    let empty = file("empty.toml", b"");
    let large = file("large.toml", &vec![b'#'; 2_000_000]);
    let folder = inputs.path().display().to_string();
    let cases: &[(&[&str], &str)] = &[
        (&["run"], "SCENARIO"),
        (&["runn"], "run"),
        (&["run", "2025-april-control"], "did you mean `2025-april-controls`?"),
        (&["run", "no/such/file.toml"], "no such file"),
        (&["run", &unknown_key], "shok"),
        (&["run", &not_utf8], "UTF-8"),
        (&["run", &not_toml], "TOML"),
        (&["run", &deep], "E0204"),
        (&["run", &empty], "E0213"),
        (&["run", &large], "E0202"),
        (&["run", &folder], "folder"),
        (&["run", "baseline", "--set", "parameters.panicc=1"], "panic"),
        (&["run", "baseline", "--set", "parameters.panic=-1"], "E0215"),
        (&["run", "baseline", "--set", "parameters.panic=nan"], "E02"),
        (&["run", "baseline", "--set", "panic"], "E0210"),
        (&["run", "baseline", "--replications", "0"], "replications"),
        (&["run", "baseline", "--replications", "-3"], "-3"),
        (&["run", "baseline", "--threads", "0"], "threads"),
        (&["run", "baseline", "--seed", "x"], "seed"),
        (&["run", "baseline", "--format", "xml"], "table"),
        (&["run", "baseline", "--resume"], "no interrupted run"),
        (&["check", &unknown_key], "shok"),
        (&["check", "--explain", "E9999"], "E9999"),
        (&["explain", "nothing"], "nothing"),
        (&["compare", "baseline"], "2"),
        (&["compare", "baseline", "full-embargo", "-n", "8", "--metric", "vehicle_lost"], "vehicles_lost"),
        (&["why", "auto-ford-na"], "did you mean `auto-ford-nam` (Ford North America)?"),
        (&["scenarios", "show", "baselin"], "baseline"),
        (&["network", "show", "world-2025"], "world-2024"),
        (&["network", "show", &folder], "nodes.csv"),
        (&["shard", "run", "baseline", "--index", "3", "--of", "2"], "no part 3"),
        (&["completions", "tcsh9"], "bash"),
    ];
    for (arguments, expected) in cases {
        let (code, stdout, stderr) = parts(&run(here.path(), arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?} should say `{expected}`: {stderr}");
        assert!(stdout.is_empty(), "{arguments:?} printed {stdout}");
        assert!(is_empty(here.path()), "{arguments:?} wrote {:?}", files(here.path()));
    }
}

/// Every `--set` that cannot be read is told where, what is wrong and what is allowed, all at once.
#[test]
fn values_that_cannot_be_read_are_told_apart() {
    let here = place();
    let sets = [
        "--set",
        "parameters.panic=[1",
        "--set",
        "parameters.us_sped=0..5",
        "--set",
        "start=2025-02-30",
        "--set",
        "study.replications",
        "--set",
        "parameters..panic=1",
        "--set",
        "outputs.groups=[\"covers\"]",
    ];
    let (code, _, stderr) = parts(&run(here.path(), &quick(&sets)));
    assert_eq!(code, Some(2), "{stderr}");
    for expected in [
        "the value of `parameters.panic` cannot be read: `[1`",
        "`parameters.panic` lies in",
        "did you mean `us_speed`?",
        "the value of `start` cannot be read: `2025-02-30`",
        "this is not key=value",
        "`parameters..panic` is no key",
        "did you mean `cover`?",
    ] {
        assert!(stderr.contains(expected), "`{expected}` is missing:\n{stderr}");
    }
    assert!(is_empty(here.path()));
}
