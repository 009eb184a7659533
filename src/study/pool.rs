//! Workers that take batches in ascending order and a collector that adds them up in ascending order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::batch::{Portion, is_milestone};
use super::{Options, Progress, Replicate, StudyResult};
use crate::error::Error;
use crate::summary::{Outcome, Summary, converged};

/// What all workers share.
struct Shared<'a> {
    options: &'a Options,
    /// What is left to do.
    rest: Portion,
    /// Index of the next batch of `rest`.
    next: AtomicU64,
    /// No batch is to be started any more: interrupted, converged, or failed.
    over: AtomicBool,
    collector: Mutex<Collector>,
}

struct Collector {
    /// The prefix.
    summary: Summary,
    /// Batches of `rest` in the prefix.
    batches: u64,
    /// Batches finished ahead of their turn.
    early: BTreeMap<u64, Result<Summary, Error>>,
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
    let mut collector =
        Collector { summary, batches: 0, early: BTreeMap::new(), converged: false, failure: None };
    collector.ask(options);
    let over = AtomicBool::new(collector.converged);
    let shared = Shared { options, rest, next: AtomicU64::new(0), over, collector: Mutex::new(collector) };

    let wanted = usize::try_from(rest.batches()).unwrap_or(usize::MAX);
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

/// Refuses a summary to go on from that is not a prefix of whole batches of the portion.
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
    if summary.count() != portion.count() && !summary.count().is_multiple_of(super::batch::SIZE) {
        return refuse("it ends in the middle of a batch");
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
            if index >= self.rest.batches() {
                return;
            }
            let result =
                batch(source, self.rest.batch(index), &self.options.scenario, &mut scratch, &mut outcomes);
            let mut collector = self.lock();
            collector.early.insert(index, result);
            if collector.advance(self.options, progress) {
                self.over.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl Collector {
    /// Adds the batches whose turn has come. True when no more are wanted.
    fn advance(&mut self, options: &Options, progress: &(dyn Fn(Progress<'_>) + Sync)) -> bool {
        while !self.converged && self.failure.is_none() {
            let Some(result) = self.early.remove(&self.batches) else { return false };
            match result.and_then(|batch| self.summary.merge(batch).map_err(mismatch)) {
                Ok(()) => self.batches += 1,
                Err(error) => self.failure = Some(error),
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

fn mismatch(mismatch: crate::summary::DesignMismatch) -> Error {
    Error::Result { path: "a batch".to_owned(), problem: mismatch.to_string() }
}

/// One batch, from the first replication to the last.
fn batch<R: Replicate>(
    source: &R,
    portion: Portion,
    scenario: &str,
    scratch: &mut R::Scratch,
    outcomes: &mut Vec<Outcome>,
) -> Result<Summary, Error> {
    let mut summary = Summary::new(source.design().clone());
    let mut first = portion.first;
    while first < portion.end {
        let count = usize::try_from(portion.end - first).unwrap_or(usize::MAX).min(source.lanes().max(1));
        outcomes.clear();
        source.replicate(first, count, scratch, outcomes);
        summary.push_all(outcomes).map_err(|(replication, problem)| Error::NotFinite {
            scenario: scenario.to_owned(),
            replication,
            metric: problem.metric,
        })?;
        first += count as u64;
    }
    Ok(summary)
}
