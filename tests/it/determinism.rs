//! The same bytes, however the work is cut and whenever it is interrupted.

use std::sync::Arc;
use std::time::Duration;

use coercivity::id::{FacilityId, PoolId};
use coercivity::kernel::{Blind, Kernel, State, Watch};
use coercivity::network::line::Line;
use coercivity::scenario::Scenario;
use coercivity::study::batch::{self, Portion};
use coercivity::study::{self, Options};
use coercivity::summary::{Outcome, Summary};

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
        assert_eq!(code, Some(2), "{stderr}");
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
    // Something else, of more bytes (none of them on disk) than a machine may have memory.
    let large = std::fs::File::create(here.path().join("large.shard")).expect("created");
    large.set_len(15 << 30).expect("sparse");
    refused(&[PARTS[0], "large.shard", "--out", "x"], &["large.shard", "not a file of stored replications"]);
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

    // How long the first runs take depends on the machine: wait longer until something was kept.
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
            // Before the first runs: nothing may be written.
            assert!(code == Some(130) || code.is_none(), "{stderr}");
            return None;
        }
        Some((code, stdout, stderr))
    });
    let (code, stdout, stderr) = interrupted.expect("some runs were finished");
    assert_eq!(code, Some(130), "the machine finished 640 runs before the signal: {stderr}");
    assert!(
        stdout.contains("of 640 runs, interrupted, seed") && stderr.contains("--resume"),
        "{stdout}{stderr}"
    );
    let partial: serde_json::Value =
        serde_json::from_slice(&std::fs::read(cut.join("summary.json")).expect("kept")).expect("JSON");
    assert_eq!(partial["complete"], false);
    let done = partial["replications"].as_u64().expect("a number");
    // Whole pieces, whatever is being counted in batches.
    assert!(done > 0 && done < 640 && done.is_multiple_of(Kernel::LANES as u64), "{done}");

    // Not over it, not with another seed, not with fewer runs.
    for (more, expected) in [
        (&[][..], "--resume"),
        (&["--resume", "--seed", "1"], "seed"),
        (&["--resume", "--set", "parameters.panic=1"], "changed"),
    ] {
        let (code, _, stderr) = parts(&run(here.path(), &[&arguments[..], &["--out", "cut"], more].concat()));
        assert!(matches!(code, Some(1 | 2)) && stderr.contains(expected), "{more:?}: {stderr}");
    }
    // Nor to end before it was to: the checkpoint would be gone.
    let mut fewer = arguments;
    fewer[3] = "639";
    let (code, _, stderr) = parts(&run(here.path(), &[&fewer[..], &["--out", "cut", "--resume"]].concat()));
    assert!(code == Some(2) && stderr.contains("go on with -n 640 or more"), "{stderr}");
    succeed(here.path(), &[&arguments[..], &["--out", "cut", "--resume"]].concat());
    assert!(files(&cut) == files(&whole), "resumed and uninterrupted differ");
}

/// The April scenario, cut short, with the given changes.
fn april(sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Scenario::open("2025-april-controls", &sets).expect("resolves").0
}

/// Bits of all numbers of an outcome.
fn bits(outcome: &Outcome) -> Vec<u64> {
    outcome.metrics.iter().chain(&outcome.series).map(|value| value.to_bits()).collect()
}

#[test]
fn lanes_and_instruction_sets_leave_no_trace() {
    for name in ["2025-april-controls", "october-2025-package"] {
        let sets = ["end=2026-01-01".to_owned()];
        let (scenario, _) = Scenario::open(name, &sets).expect("resolves");
        let kernel = Kernel::compile(&scenario);
        let mut wide = State::<8>::new(&kernel);
        kernel.watch(8, &mut wide, &mut Blind);
        let mut plain = State::<8>::new(&kernel);
        kernel.watch_plain(8, &mut plain, &mut Blind);
        let expected: Vec<Vec<u64>> =
            (0..8).map(|lane| bits(&kernel.outcome(&wide, lane, 8 + lane as u64))).collect();
        assert!(expected[0] != expected[1], "{name}: two replications are the same");
        for (lane, expected) in expected.iter().enumerate() {
            let index = 8 + lane as u64;
            let other = bits(&kernel.outcome(&plain, lane, index));
            assert!(&other == expected, "{name}, replication {index}: the plain path differs");
        }
        let mut alone = State::<1>::new(&kernel);
        for lane in [0, 5, 7] {
            let index = 8 + lane as u64;
            kernel.watch(index, &mut alone, &mut Blind);
            let other = bits(&kernel.outcome(&alone, 0, index));
            assert!(other == expected[lane], "{name}, replication {index}: one lane differs from eight");
        }
    }
}

/// Threads {1, 2, 5} × shards {1, 3, 7} × orders of merging: one summary, byte for byte.
#[test]
fn threads_shards_and_merges_leave_no_trace() {
    let scenario = april(&["step_days=7", "end=2025-12-31"]);
    let kernel = Kernel::compile(&scenario);
    let whole = Portion { first: 0, end: 7 * batch::SIZE };
    let part = |portion, threads| {
        let options = Options { scenario: scenario.name.clone(), threads, portion, until: None };
        study::run(&kernel, &options, &|_| {}, &|| false, None).expect("finite").summary
    };
    let expected = part(whole, 1).to_bytes();
    for threads in [1, 2, 5] {
        for shards in [1, 3, 7] {
            let parts: Vec<Summary> =
                (0..shards).map(|index| part(whole.part(index, shards), threads)).collect();
            // Forwards, backwards, and by strides that visit each once (1, 3 and 7 have no factor 2).
            for (start, stride) in [(0, 1), (shards - 1, shards - 1), (shards / 2, 2)] {
                let mut merged = Summary::new(kernel.design().clone());
                for k in 0..shards {
                    let at = usize::try_from((start + k * stride) % shards).expect("few");
                    merged.merge(parts[at].clone()).expect("same design");
                }
                assert_eq!(merged.count(), whole.count());
                assert!(
                    merged.to_bytes() == expected,
                    "{threads} threads, {shards} shards, from {start} by {stride}: other bytes"
                );
            }
        }
    }
}

/// What every step of the first lines and routes looked like, as one number a step.
struct Traces {
    lines: usize,
    routes: usize,
    steps: Vec<u64>,
}

impl Watch<8> for Traces {
    fn step(&mut self, _: &Kernel, _: u32, state: &State<8>) {
        let of_routes = [
            &state.column(|route| route.stock),
            &state.column(|route| route.book),
            &state.column(|route| route.transit),
            &state.column(|route| route.ordered_fortnight),
            &state.column(|route| route.leaving),
        ];
        let of_lines = [&state.output, &state.finished, &state.expected, &state.trend, &state.demand];
        let numbers = of_routes
            .into_iter()
            .flat_map(|rows| &rows[..self.routes])
            .chain(of_lines.into_iter().flat_map(|rows| &rows[..self.lines]))
            .flatten();
        // FNV-1a, over words.
        let fold = |hash: u64, value: &f64| (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3);
        self.steps.push(numbers.fold(0xcbf2_9ce4_8422_2325, fold));
    }
}

/// A facility without routes changes no path of the others.
#[test]
fn an_isolated_facility_changes_no_other_path() {
    let scenario = april(&["end=2025-10-01"]);
    let mut larger = scenario.clone();
    let graph = Arc::make_mut(&mut larger.lines);
    let model = graph.lines.iter().find(|line| line.final_demand > 0.0).expect("a sink").clone();
    let mut site = graph.sites[model.facility.index()].clone();
    "island".clone_into(&mut site.id);
    graph.sites.push(site);
    let mut pool = graph.pools[model.pool.index()].clone();
    pool.facility = FacilityId::new(graph.sites.len() - 1);
    pool.lines.clear();
    graph.pools.push(pool);
    graph.push_line(Line {
        id: "island:goods".to_owned(),
        facility: FacilityId::new(graph.sites.len() - 1),
        pool: PoolId::new(graph.pools.len() - 1),
        inputs: Vec::new(),
        coproduct_of: None,
        ..model
    });
    let (lines, routes) = (scenario.lines.lines.len(), scenario.lines.routes.len());
    let traces = |scenario: &Scenario| {
        let kernel = Kernel::compile(scenario);
        let mut traces = Traces { lines, routes, steps: Vec::new() };
        let mut state = State::new(&kernel);
        kernel.watch(0, &mut state, &mut traces);
        (traces.steps, state.output.last().copied())
    };
    let ((before, _), (after, island)) = (traces(&scenario), traces(&larger));
    assert!(island.expect("lines").iter().all(|output| *output > 0.0), "the island makes nothing");
    assert_eq!(before.len(), 273);
    assert_ne!(before[0], before[200]);
    let differs = before.iter().zip(&after).position(|(one, other)| one != other);
    assert_eq!(differs, None, "the first step that differs");
}
