//! The same bytes, however the work is cut and whenever it is interrupted.

use std::time::Duration;

use crate::program::{command, files, parts, run, succeed};

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn threads_leave_no_trace() {
    let here = place();
    for (out, threads) in [("one", "1"), ("two", "2"), ("five", "5")] {
        let arguments = [
            "run",
            "2025-april-controls",
            "-n",
            "100",
            "--set",
            "end=2025-09-01",
            "--threads",
            threads,
            "--out",
            out,
        ];
        succeed(here.path(), &arguments);
    }
    let one = files(&here.path().join("one"));
    assert!(one.len() > 10);
    for other in ["two", "five"] {
        assert!(files(&here.path().join(other)) == one, "{other} threads gave other files");
    }
}

/// Where three parts are written.
const PARTS: [&str; 3] = [
    "shards/2025-april-controls-1-of-3.shard",
    "shards/2025-april-controls-2-of-3.shard",
    "shards/2025-april-controls-3-of-3.shard",
];

#[test]
fn shards_add_up_and_wrong_ones_are_refused_by_name() {
    let here = place();
    let common = ["2025-april-controls", "-n", "100", "--set", "end=2025-07-01"];
    let with = |before: &[&'static str], after: &[&'static str]| -> Vec<&'static str> {
        before.iter().chain(&common).chain(after).copied().collect()
    };
    succeed(here.path(), &with(&["run"], &["--no-charts"]));
    for index in ["1", "2", "3"] {
        succeed(here.path(), &with(&["shard", "run"], &["--of", "3", "--index", index, "--quiet"]));
    }
    succeed(
        here.path(),
        &with(&["shard", "merge"], &[PARTS[2], PARTS[0], PARTS[1], PARTS[0], "--out", "merged"]),
    );
    for name in ["summary.json", "series.csv"] {
        let whole = std::fs::read(here.path().join("out/2025-april-controls").join(name)).expect("written");
        assert_eq!(std::fs::read(here.path().join("merged").join(name)).expect("written"), whole, "{name}");
    }
    let refused = |arguments: &[&'static str], expected: &[&str]| {
        let (code, _, stderr) = parts(&run(here.path(), &with(&["shard", "merge"], arguments)));
        assert_eq!(code, Some(1), "{stderr}");
        for text in expected {
            assert!(stderr.contains(text), "`{text}`: {stderr}");
        }
    };
    refused(&[PARTS[0], PARTS[2], "--out", "x"], &["3-of-3", "in no part"]);
    refused(&[PARTS[0], PARTS[1], "--out", "x"], &["2-of-3", "in no part"]);
    succeed(here.path(), &with(&["shard", "run"], &["--of", "2", "--index", "1", "--quiet"]));
    refused(
        &[PARTS[0], PARTS[1], PARTS[2], "shards/2025-april-controls-1-of-2.shard", "--out", "x"],
        &["1-of-", "also in"],
    );
    succeed(
        here.path(),
        &["shard", "run", "full-embargo", "-n", "100", "--of", "3", "--index", "2", "--quiet"],
    );
    refused(
        &[PARTS[0], "shards/full-embargo-2-of-3.shard", PARTS[2], "--out", "x"],
        &["full-embargo-2-of-3", "holds scenario"],
    );
    let mut damaged = std::fs::read(here.path().join(PARTS[1])).expect("written");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(here.path().join("damaged.shard"), &damaged).expect("written");
    refused(&[PARTS[0], "damaged.shard", PARTS[2], "--out", "x"], &["damaged.shard", "checksum"]);
    assert!(!here.path().join("x").exists());
}

#[cfg(unix)]
#[test]
fn interrupted_and_resumed_is_uninterrupted() {
    let arguments = ["run", "2025-april-controls", "-n", "640", "--set", "end=2025-07-01", "--no-charts"];
    let here = place();
    let whole = here.path().join("whole");
    let cut = here.path().join("cut");
    succeed(here.path(), &[&arguments[..], &["--out", "whole"]].concat());

    // How long the first batch takes depends on the machine: wait longer until something was kept.
    let interrupted = [300, 600, 1_200, 2_400, 4_800].into_iter().find_map(|milliseconds| {
        let with = [&arguments[..], &["--out", "cut"]].concat();
        let child = command(here.path(), &with)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_millis(milliseconds));
        let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(signal.is_ok());
        let (code, stdout, stderr) = parts(&child.wait_with_output().expect("ends"));
        if !cut.exists() {
            // Before the first batch: nothing may be written.
            assert!(code == Some(130) || code.is_none(), "{stderr}");
            return None;
        }
        Some((code, stdout, stderr))
    });
    let (code, stdout, stderr) = interrupted.expect("some batches were finished");
    assert_eq!(code, Some(130), "the machine finished 640 runs before the signal: {stderr}");
    assert!(stdout.contains("runs, seed") && stderr.contains("--resume"), "{stdout}{stderr}");
    let partial: serde_json::Value =
        serde_json::from_slice(&std::fs::read(cut.join("summary.json")).expect("kept")).expect("JSON");
    assert_eq!(partial["complete"], false);
    let done = partial["replications"].as_u64().expect("a number");
    assert!(done > 0 && done < 640 && done.is_multiple_of(32), "{done}");

    // Not over it, not with another seed, not with fewer runs.
    for (more, expected) in [
        (&[][..], "--resume"),
        (&["--resume", "--seed", "1"], "seed"),
        (&["--resume", "--set", "parameters.panic=1"], "changed"),
    ] {
        let (code, _, stderr) = parts(&run(here.path(), &[&arguments[..], &["--out", "cut"], more].concat()));
        assert!(matches!(code, Some(1 | 2)) && stderr.contains(expected), "{more:?}: {stderr}");
    }
    succeed(here.path(), &[&arguments[..], &["--out", "cut", "--resume"]].concat());
    assert!(files(&cut) == files(&whole), "resumed and uninterrupted differ");
}
