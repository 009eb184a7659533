//! What scenarios claim about their effects, held against what the model says.

use coercivity::kernel::Kernel;
use coercivity::scenario::bundled;
use coercivity::study::difference::differences;

use crate::program::succeed;
use crate::studies::{MANY, Study, replications, study};

/// Scenarios whose effect is small beside the noise that licences add, with the replications they need.
const NEED_MORE: [(&str, u64); 3] =
    [("lane-delay-on-top", 96), ("second-source", 144), ("heavy-free-magnets", 240)];

/// The 95 % interval of the paired difference (same luck in both) lies on the side the scenario names. A
/// claim of no effect is kept to the letter: no difference in any replication, or `explain` says why there is
/// nothing to see.
#[test]
fn scenarios_do_what_they_claim() {
    let mut broken = Vec::new();
    let mut claims = 0;
    for name in bundled::names() {
        let of = study(name);
        let Some(claim) = &of.scenario.expectation else { continue };
        claims += 1;
        let parent = study(&claim.parent);
        let all = match NEED_MORE.iter().find(|(own, _)| *own == name) {
            None => differences(&of.many, &parent.many),
            Some((_, count)) => {
                let more = |study: &Study| {
                    let mut summary = study.many.clone();
                    let kernel = Kernel::compile(&study.scenario);
                    summary.merge(replications(&kernel, MANY, *count)).expect("same design");
                    summary
                };
                differences(&more(of), &more(parent))
            }
        };
        let Some(found) = all.iter().find(|difference| difference.metric == claim.metric) else {
            broken.push(format!("{name}: no metric `{}` in both it and {}", claim.metric, claim.parent));
            continue;
        };
        let statistics = &found.difference;
        let (low, high) = statistics.mean_ci;
        println!(
            "{name}: {} − {}: {} {:+.4} [{low:+.4}, {high:+.4}] {} (of {:.4})",
            claim.metric, claim.parent, claim.sign, statistics.mean, found.unit, found.base
        );
        let kept = if claim.sign == 0 {
            let nowhere = statistics.min == 0.0 && statistics.max == 0.0;
            nowhere || {
                let here = tempfile::tempdir().expect("a folder");
                succeed(here.path(), &["explain", name]).contains("changes nothing")
            }
        } else {
            found.sign() == claim.sign
        };
        if !kept {
            broken.push(format!(
                "{name} claims {} of {} against {}, because {}; but the difference is {:+.4} [{low:+.4}, {high:+.4}]{}",
                ["less", "no change", "more"][usize::try_from(claim.sign + 1).expect("−1 to 1")],
                claim.metric,
                claim.parent,
                claim.because,
                statistics.mean,
                found.unit,
            ));
        }
    }
    assert!(claims > 10, "only {claims} scenarios claim anything");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
