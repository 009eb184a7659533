#![allow(clippy::pedantic)] // exact comparisons and casts are what is tested

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::random::philox::{Entity, Purpose, Streams};
use crate::summary::{Metric, Series};

/// A stand-in for the kernel: lognormal-like numbers from the project's generator.
pub(crate) struct Fake {
    pub design: Arc<Design>,
    pub lanes: usize,
    /// Replication whose first metric is not a number.
    pub broken: Option<u64>,
    pub calls: AtomicU64,
}

impl Fake {
    pub(crate) fn new(lanes: usize) -> Self {
        let metric = |name: &str, quantum| Metric {
            name: name.to_owned(),
            unit: "vehicles",
            quantum,
            meaning: "for tests".to_owned(),
            absent: None,
        };
        let design = Design {
            metrics: vec![metric("vehicles_lost", 1e-3), metric("stopped@auto-x", 1.0)],
            series: vec![Series {
                id: "exports".to_owned(),
                group: "exports".to_owned(),
                unit: "t",
                dates: vec!["2025-01-01".to_owned(), "2025-02-01".to_owned()],
                reference: vec![10.0, 10.0],
                quantum: 1e-6,
            }],
        };
        Self { design: Arc::new(design), lanes, broken: None, calls: AtomicU64::new(0) }
    }
}

impl Replicate for Fake {
    type Scratch = Vec<f64>;
    fn design(&self) -> &Arc<Design> {
        &self.design
    }
    fn lanes(&self) -> usize {
        self.lanes
    }
    fn scratch(&self) -> Vec<f64> {
        Vec::new()
    }
    fn replicate(&self, first: u64, count: usize, _: &mut Vec<f64>, out: &mut Vec<Outcome>) {
        assert!(count >= 1 && count <= self.lanes);
        self.calls.fetch_add(1, Ordering::Relaxed);
        for replication in first..first + count as u64 {
            let u = |k| Streams::new(1, replication).uniform(Purpose::Test, Entity(0), k, 0);
            let loss = if self.broken == Some(replication) { f64::NAN } else { 100.0 + 100.0 * u(0) * u(1) };
            let stopped = if u(2) < 0.3 { 1.0 } else { 0.0 };
            out.push(Outcome { replication, metrics: vec![loss, stopped], series: vec![u(3) * 10.0, u(4)] });
        }
    }
}

fn options(threads: usize, replications: u64) -> Options {
    let portion = Portion { first: 0, end: replications };
    Options { scenario: "test".to_owned(), threads, portion, until: None }
}

fn whole(source: &Fake, options: &Options) -> StudyResult {
    run(source, options, &|_| (), &|| false, None).expect("finite")
}

#[test]
fn threads_and_lanes_leave_no_trace() {
    let reference = whole(&Fake::new(8), &options(1, 333));
    assert_eq!((reference.replications_done, reference.complete), (333, true));
    for (threads, lanes) in [(2, 8), (5, 8), (1, 1), (3, 32), (64, 5)] {
        let other = whole(&Fake::new(lanes), &options(threads, 333));
        assert_eq!(
            other.summary.to_bytes(),
            reference.summary.to_bytes(),
            "{threads} threads, {lanes} lanes"
        );
    }
}

#[test]
fn progress_grows_piece_by_piece() {
    let seen = Mutex::new(Vec::new());
    let note = |p: Progress<'_>| {
        assert_eq!((p.summary.count(), p.wanted), (p.done, 100));
        seen.lock().expect("not poisoned").push(p.done);
    };
    run(&Fake::new(8), &options(3, 100), &note, &|| false, None).expect("finite");
    let seen = seen.into_inner().expect("not poisoned");
    assert_eq!(seen, (1..=12).map(|piece| 8 * piece).chain([100]).collect::<Vec<_>>());
}

#[test]
fn interrupted_and_resumed_is_uninterrupted() {
    let source = Fake::new(8);
    let reference = whole(&source, &options(2, 500));
    for threads in [1, 2, 4] {
        let done = AtomicU64::new(0);
        let stop = || done.load(Ordering::Relaxed) >= 160;
        let note = |p: Progress<'_>| done.store(p.done, Ordering::Relaxed);
        let cut = run(&source, &options(threads, 500), &note, &stop, None).expect("finite");
        assert!(!cut.complete && cut.replications_done >= 160 && cut.replications_done < 500);
        assert!(cut.summary.replications().into_iter().eq(0..cut.replications_done), "a prefix");
        let resumed =
            run(&source, &options(threads, 500), &|_| (), &|| false, Some(cut.summary)).expect("finite");
        assert_eq!(resumed, reference);
    }
}

#[test]
fn convergence_does_not_depend_on_threads() {
    let until = Some(Until { metric: 0, relative_half_width: 0.01, at_least: 100 });
    let with = |threads, until| whole(&Fake::new(8), &Options { until, ..options(threads, 100_000) });
    let reference = with(1, until);
    assert_eq!(reference.converged, Some(true));
    assert!(reference.complete && reference.replications_done >= 100 && reference.replications_done < 10_000);
    for threads in [2, 7] {
        assert_eq!(with(threads, until), reference);
    }
    let never = Some(Until { metric: 0, relative_half_width: 1e-9, at_least: 10 });
    let all = whole(&Fake::new(8), &Options { until: never, ..options(2, 200) });
    assert_eq!((all.converged, all.complete, all.replications_done), (Some(false), true, 200));
}

#[test]
fn resuming_what_has_converged_adds_nothing() {
    let until = Some(Until { metric: 0, relative_half_width: 0.01, at_least: 100 });
    let options = Options { until, ..options(2, 100_000) };
    let source = Fake::new(8);
    let first = whole(&source, &options);
    let before = source.calls.load(Ordering::Relaxed);
    let again = run(&source, &options, &|_| (), &|| false, Some(first.summary.clone())).expect("finite");
    assert_eq!((&again, source.calls.load(Ordering::Relaxed)), (&first, before));
}

#[test]
fn a_number_that_is_none_names_the_first_replication() {
    let mut source = Fake::new(8);
    source.broken = Some(77);
    for threads in [1, 3] {
        let error = run(&source, &options(threads, 400), &|_| (), &|| false, None).expect_err("refused");
        assert_eq!(error.exit_code(), 1);
        let text = error.to_string();
        assert!(text.contains("replication 77") && text.contains("vehicles_lost"), "{text}");
    }
}

#[test]
fn foreign_prefixes_are_refused() {
    let source = Fake::new(8);
    let with = |summary, replications| {
        run(&source, &options(1, replications), &|_| (), &|| false, Some(summary))
            .map(|result| result.replications_done)
    };
    let prefix = whole(&source, &options(1, 64)).summary;
    assert_eq!(with(prefix.clone(), 100).expect("a prefix"), 100);
    assert!(with(prefix.clone(), 32).is_err(), "longer than the run");
    let part = Options { portion: Portion { first: 32, end: 64 }, ..options(1, 0) };
    assert!(with(whole(&source, &part).summary, 100).is_err(), "not from the start");
}

#[test]
fn a_prefix_of_any_length_leaves_no_trace() {
    let source = Fake::new(8);
    let until = Some(Until { metric: 0, relative_half_width: 0.01, at_least: 100 });
    let options = |end| Options { until, ..options(2, end) };
    let reference = whole(&source, &options(10_000));
    for length in [1, 50, 97] {
        let prefix = whole(&source, &options(length)).summary;
        let resumed = run(&source, &options(10_000), &|_| (), &|| false, Some(prefix)).expect("finite");
        assert_eq!(resumed, reference, "converged after as many");
    }
}

#[test]
fn parts_add_up() {
    let source = Fake::new(8);
    let reference = whole(&source, &options(2, 333)).summary;
    for of in [1, 3, 7, 20] {
        let mut sum = Summary::new(source.design.clone());
        for index in (0..of).rev() {
            let portion = Portion { first: 0, end: 333 }.part(index, of);
            let part = whole(&source, &Options { portion, ..options(2, 0) });
            assert!(part.complete);
            sum.merge(part.summary).expect("same design");
        }
        assert_eq!(sum, reference);
    }
}

#[test]
fn unknown_metrics_are_named() {
    let Error::Input(found) = metric_position(&Fake::new(8).design, "vehicle_lost").expect_err("unknown")
    else {
        panic!("an input error")
    };
    assert!(found.render(false).contains("did you mean `vehicles_lost`?"));
}
