//! Workers that take pieces of batches in ascending order and a collector that counts them in ascending order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::batch::{Pieces, Portion, is_milestone};
use super::{Options, Progress, Replicate, StudyResult};
use crate::error::Error;
use crate::summary::{Outcome, Rounded, Summary, converged};

/// What all workers share.
struct Shared<'a> {
    options: &'a Options,
    /// What is left to do.
    rest: Pieces,
    /// Index of the next piece of `rest`.
    next: AtomicU64,
    /// No piece is to be started any more: interrupted, converged, or failed.
    over: AtomicBool,
    collector: Mutex<Collector>,
}

struct Collector {
    /// The prefix.
    summary: Summary,
    /// Pieces of `rest` in the prefix.
    pieces: u64,
    /// Pieces finished ahead of their turn.
    early: BTreeMap<u64, Result<Rounded, Error>>,
    converged: bool,
    failure: Option<Error>,
}

pub(super) fn run<R: Replicate>(
    source: &R,
    options: &Options,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: &(dyn Fn() -> bool + Sync),
    resume: Option<Summary>,
) -> Result<StudyResult, Error> {
    let summary = match resume {
        Some(summary) => {
            check_prefix(&summary, source, options)?;
            summary
        }
        None => Summary::new(source.design().clone()),
    };
    let rest = Portion { first: options.portion.first + summary.count(), end: options.portion.end };
    let rest = rest.pieces(source.lanes());
    let mut collector =
        Collector { summary, pieces: 0, early: BTreeMap::new(), converged: false, failure: None };
    collector.ask(options);
    let over = AtomicBool::new(collector.converged);
    let shared = Shared { options, rest, next: AtomicU64::new(0), over, collector: Mutex::new(collector) };

    let wanted = usize::try_from(rest.count()).unwrap_or(usize::MAX);
    let threads = options.threads.clamp(1, wanted.max(1));
    let work = || shared.work(source, progress, stop);
    // Where threads cannot be had (some WebAssembly hosts), the calling one does the work alone.
    match (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build()) {
        Some(Ok(pool)) => {
            pool.broadcast(|_| work());
        }
        _ => work(),
    }

    let collector = shared.collector.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(failure) = collector.failure {
        return Err(failure);
    }
    let replications_done = collector.summary.count();
    let complete = collector.converged || replications_done == options.portion.count();
    let converged = options.until.map(|_| collector.converged);
    Ok(StudyResult { summary: collector.summary, replications_done, complete, converged })
}

/// Refuses a summary to go on from that is not a prefix of the portion.
fn check_prefix<R: Replicate>(summary: &Summary, source: &R, options: &Options) -> Result<(), Error> {
    let refuse =
        |problem: &str| Err(Error::Result { path: "the checkpoint".to_owned(), problem: problem.to_owned() });
    if summary.design().digest() != source.design().digest() {
        return refuse("it counts other metrics or series than this run");
    }
    let portion = options.portion;
    let expected = portion.first..portion.first.saturating_add(summary.count());
    if !summary.replications().into_iter().eq(expected) {
        return refuse("its replications are not the first ones of this run");
    }
    if summary.count() > portion.count() {
        return refuse("it holds more replications than this run asks for");
    }
    Ok(())
}

impl Shared<'_> {
    fn lock(&self) -> MutexGuard<'_, Collector> {
        // A poisoned lock means that another worker panicked; rayon passes that panic on.
        self.collector.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What one worker does.
    fn work<R: Replicate>(
        &self,
        source: &R,
        progress: &(dyn Fn(Progress<'_>) + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        let mut scratch = source.scratch();
        let mut outcomes = Vec::with_capacity(source.lanes());
        loop {
            if stop() {
                self.over.store(true, Ordering::Relaxed);
            }
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.rest.get(index) else { return };
            let result = compute(source, piece, &self.options.scenario, &mut scratch, &mut outcomes);
            let mut collector = self.lock();
            collector.early.insert(index, result);
            if collector.advance(self.options, progress) {
                self.over.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl Collector {
    /// Counts the pieces whose turn has come. True when no more are wanted.
    fn advance(&mut self, options: &Options, progress: &(dyn Fn(Progress<'_>) + Sync)) -> bool {
        while !self.converged && self.failure.is_none() {
            let Some(result) = self.early.remove(&self.pieces) else { return false };
            match result {
                Ok(piece) => {
                    self.summary.add(&piece);
                    self.pieces += 1;
                }
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
            self.ask(options);
            let done = self.summary.count();
            progress(Progress { done, wanted: options.portion.count(), summary: &self.summary });
        }
        true
    }

    /// Asks whether the prefix has converged, if this is the moment to ask.
    fn ask(&mut self, options: &Options) {
        let done = self.summary.count();
        if let Some(until) = options.until
            && options.portion.first == 0
            && done >= until.at_least
            && is_milestone(done)
        {
            self.converged = converged(&self.summary.metric(until.metric), until.relative_half_width);
        }
    }
}

/// One piece, rounded, so that what is left to do under the lock is to count.
fn compute<R: Replicate>(
    source: &R,
    piece: Portion,
    scenario: &str,
    scratch: &mut R::Scratch,
    outcomes: &mut Vec<Outcome>,
) -> Result<Rounded, Error> {
    outcomes.clear();
    let count = usize::try_from(piece.count()).unwrap_or(usize::MAX);
    source.replicate(piece.first, count, scratch, outcomes);
    Rounded::of(source.design(), outcomes).map_err(|(replication, problem)| Error::NotFinite {
        scenario: scenario.to_owned(),
        replication,
        metric: problem.metric,
    })
}
