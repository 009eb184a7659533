//! Every bundled scenario simulated once, for all tests that ask for its numbers.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use coercivity::kernel::Kernel;
use coercivity::scenario::{Scenario, bundled};
use coercivity::study::StudyResult;
use coercivity::summary::Summary;

/// Replications that golden summaries count.
pub const FEW: u64 = 16;
/// Replications that claims are tested with.
pub const MANY: u64 = 48;

/// A simulated scenario.
pub struct Study {
    /// The scenario, with [`FEW`] replications as its plan.
    pub scenario: Scenario,
    /// Replications `0..FEW`.
    pub few: StudyResult,
    /// Replications `0..MANY`.
    pub many: Summary,
}

/// The study of a bundled scenario; the first who asks waits for it.
pub fn study(name: &str) -> &'static Study {
    static ALL: LazyLock<BTreeMap<&str, OnceLock<Study>>> =
        LazyLock::new(|| bundled::names().map(|name| (name, OnceLock::new())).collect());
    ALL[name].get_or_init(|| {
        let (mut scenario, _) = Scenario::bundled(name).expect("bundled scenarios resolve");
        scenario.plan.replications = FEW;
        let kernel = Kernel::compile(&scenario);
        let few = replications(&kernel, 0, FEW);
        let mut many = few.clone();
        many.merge(replications(&kernel, FEW, MANY)).expect("same design");
        let few = StudyResult { summary: few, replications_done: FEW, complete: true, converged: None };
        Study { scenario, few, many }
    })
}

/// Replications `first..end` of a compiled scenario.
pub fn replications(kernel: &Kernel, first: u64, end: u64) -> Summary {
    let mut scratch = kernel.scratch();
    let mut summary = Summary::new(kernel.design().clone());
    let mut outcomes = Vec::new();
    for first in (first..end).step_by(Kernel::LANES) {
        let count = Kernel::LANES.min(usize::try_from(end - first).expect("few"));
        kernel.replicate(first, count, &mut scratch, &mut outcomes);
        for outcome in outcomes.drain(..) {
            summary.push(&outcome).expect("finite");
        }
    }
    summary
}
