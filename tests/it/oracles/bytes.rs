//! The same bytes for any number of threads, any split and merge, any neighbours, and beside a new facility.

use coercivity::id::RouteId;
use coercivity::kernel::{Blind, Kernel, State};
use coercivity::network::line::Stage;
use coercivity::policy::licence::{ReviewLaw, Use};
use coercivity::policy::shock::{Kind, Shock};
use coercivity::scenario::Scenario;
use coercivity::study::batch::Portion;
use coercivity::study::{self, Options};
use coercivity::summary::Summary;

use super::build::{Capacity, Way, licensing, outage, run_of, shock};
use super::rest::{drawn, small_world};

/// Fire, licences, holds: every kind of luck.
fn lively() -> Vec<Shock> {
    let (net, lines) = small_world();
    let abroad: Vec<_> = (0..net.graph.routes.len())
        .filter(|r| {
            let route = &net.graph.routes[*r];
            net.graph.lines[route.from.index()].country.as_str() == "CHN"
                && net.graph.lines[route.to.index()].country.as_str() != "CHN"
        })
        .map(RouteId::new)
        .collect();
    let (held, controlled) = abroad.split_at(abroad.len() / 2);
    let control = licensing(controlled, ReviewLaw::default(), Use::Multi);
    vec![
        outage(vec![net.pool(lines[6])], 0.7, 20, 30),
        shock("control", control, 40, None),
        shock("hold", Kind::OverCompliance { routes: held.to_vec() }, 40, None),
    ]
}

fn summary(kernel: &Kernel, portion: Portion, threads: usize) -> Summary {
    let options = Options { scenario: "test".into(), threads, portion, until: None };
    study::run(kernel, &options, &|_| {}, &|| false, None).expect("finite numbers").summary
}

#[test]
fn threads_and_splits_do_not_show() {
    let mut scenario = drawn(182, lively());
    scenario.plan.replications = 150;
    let kernel = Kernel::compile(&scenario);
    let whole = Portion { first: 0, end: 150 };
    let one = summary(&kernel, whole, 1).to_bytes();
    for threads in [2, 5] {
        assert!(summary(&kernel, whole, threads).to_bytes() == one, "{threads} threads");
    }
    let parts: Vec<_> = (0..3).map(|i| summary(&kernel, whole.part(i, 3), 2)).collect();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
        let mut merged = Summary::new(kernel.design().clone());
        for i in order {
            merged.merge(parts[i].clone()).expect("the same design");
        }
        assert!(merged.to_bytes() == one, "merged in the order {order:?}");
    }
}

/// A replication does not see who runs beside it, nor what ran in its memory before.
#[test]
fn neighbours_and_used_memory_do_not_show() {
    let kernel = Kernel::compile(&drawn(182, lively()));
    let (mut fresh, mut used) = (Vec::new(), Vec::new());
    kernel.replicate(8, 8, &mut kernel.scratch(), &mut fresh);
    let mut scratch = kernel.scratch();
    kernel.replicate(40, 8, &mut scratch, &mut Vec::new());
    kernel.replicate(8, 8, &mut scratch, &mut used);
    for (lane, (fresh, used)) in fresh.iter().zip(&used).enumerate() {
        let replication = 8 + lane as u64;
        let mut alone = State::<1>::new(&kernel);
        kernel.watch(replication, &mut alone, &mut Blind);
        let alone = kernel.outcome(&alone, 0, replication);
        for other in [used, &alone] {
            assert_eq!(fresh.replication, other.replication);
            let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&fresh.metrics), bits(&other.metrics));
            assert_eq!(bits(&fresh.series), bits(&other.series));
        }
    }
    assert!(fresh[0].metrics != fresh[1].metrics, "replications differ");
}

/// A facility nobody trades with changes no number of anybody else.
#[test]
fn an_isolated_facility_changes_no_path() {
    let small = drawn(182, lively());
    let mut net = small_world().0;
    let (lines, routes) = (net.graph.lines.len(), net.graph.routes.len());
    let mine = net.facility("island", Stage::Mine, "CHN", Capacity::Tight, 0.0);
    let user = net.facility("islander", Stage::Automaker, "DEU", Capacity::Tight, 3.0);
    net.route(mine, user, "island goods", Way::default());
    let mut large = Scenario { lines: std::sync::Arc::new(net.graph.clone()), ..small.clone() };
    large.shocks.push(outage(vec![net.pool(mine)], 0.5, 10, 30));
    large.shocks[3].id = "island fire".into();
    for replication in [0, 9] {
        let (small, large) = (run_of(&small, replication), run_of(&large, replication));
        for (t, (a, b)) in small.steps.iter().zip(&large.steps).enumerate() {
            assert!(a.output[..] == b.output[..lines] && a.stock[..] == b.stock[..routes], "step {t}");
            assert!(a.left[..] == b.left[..routes] && a.share[..] == b.share[..routes], "step {t}");
            assert!(a.price == b.price, "step {t}");
        }
    }
}
