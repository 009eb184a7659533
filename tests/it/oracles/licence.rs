//! Licences, holds and exemptions: delays whose cost is known beforehand.

use coercivity::id::RouteId;
use coercivity::kernel::Kernel;
use coercivity::policy::licence::{Regime, ReviewLaw, Use};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::shock::{Kind, Shock, Trigger};
use coercivity::random::sample::Distribution;
use coercivity::scenario::Scenario;

use super::build::{Run, chain, fixed, outage, run, run_of, scenario, set, shock};
use super::rest::{drawn, small_world};

const DEMAND: f64 = 8.0;
const FROM: i32 = 20;

fn licensing(routes: &[RouteId], use_: Use) -> Kind {
    super::build::licensing(routes, ReviewLaw::Deterministic, use_)
}

/// A desk that says yes after exactly `days`.
fn desk(scenario: &mut Scenario, days: f64) {
    for (parameter, value) in [
        (Parameter::DeskDeadTime, 0.0),
        (Parameter::DeskMean, days),
        (Parameter::DeskReject, 0.0),
        (Parameter::DeskReturn, 0.0),
        (Parameter::IntakeLow, 0.0),
        (Parameter::IntakeHigh, 0.0),
        (Parameter::LicensedRate, 1.0e9),
    ] {
        set(scenario, parameter, value);
    }
}

/// Routes that leave Chinese magnet makers of the small world.
fn exports() -> Vec<RouteId> {
    let graph = small_world().0.graph;
    let abroad = |r: &usize| {
        let route = &graph.routes[*r];
        let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
        from.country.as_str() == "CHN"
            && to.country.as_str() != "CHN"
            && graph.materials[route.material.index()].name.contains("magnets")
    };
    (0..graph.routes.len()).filter(abroad).map(RouteId::new).collect()
}

/// A fire and a wave of demand: something for orders to react to.
fn turmoil() -> Vec<Shock> {
    let (net, lines) = small_world();
    let wave = Kind::DemandChange { lines: lines.clone(), factor: fixed(1.2) };
    vec![outage(vec![net.pool(lines[6])], 0.7, 40, 30), shock("wave", wave, 60, Some(120))]
}

#[track_caller]
fn same(found: &Run, expected: &Run, what: &str) {
    for (t, (found, expected)) in found.steps.iter().zip(&expected.steps).enumerate() {
        assert!(found == expected, "{what}: step {t} differs");
    }
}

/// A desk that approves everything at once is no control, in every bit of every step.
#[test]
fn approval_without_delay_is_no_control() {
    for use_ in [Use::Multi, Use::Single] {
        for replication in [0, 5] {
            let free = drawn(300, turmoil());
            let mut controlled = drawn(300, turmoil());
            controlled.shocks.push(shock("control", licensing(&exports(), use_), FROM, None));
            desk(&mut controlled, 0.0);
            same(
                &run_of(&controlled, replication),
                &run_of(&free, replication),
                &format!("{use_:?} {replication}"),
            );
        }
    }
}

/// A desk that rejects everything is an embargo.
#[test]
fn rejection_of_everything_is_an_embargo() {
    let mut embargo = drawn(300, turmoil());
    embargo.shocks.push(shock("control", Kind::Embargo { routes: exports() }, FROM, None));
    let mut rejected = drawn(300, turmoil());
    rejected.shocks.push(shock("control", licensing(&exports(), Use::Multi), FROM, None));
    set(&mut rejected, Parameter::DeskReject, 1.0);
    let (embargo, rejected) = (run_of(&embargo, 2), run_of(&rejected, 2));
    same(&rejected, &embargo, "rejection");
    assert!(embargo.steps[100].left[exports()[0].index()] == 0.0);
}

/// A review of exactly D days stops a route for D days; a user with cover s loses D − s days of demand.
#[test]
fn a_review_costs_its_days_less_the_cover() {
    for (days, cover, lead) in [(30, 12, 5), (12, 12, 1), (45, 0, 9)] {
        for use_ in [Use::Multi, Use::Single] {
            let (net, lines) = chain(DEMAND, &[f64::from(cover)], lead);
            let control = shock("control", licensing(&[RouteId::new(0)], use_), FROM, None);
            let mut scenario = scenario(&net, 120, vec![control]);
            desk(&mut scenario, f64::from(days));
            let run = run(&scenario);
            let (first, last) = (FROM as usize, (FROM + days) as usize);
            assert!((first..last).all(|t| run.steps[t].left[0] == 0.0));
            assert!(run.steps[first - 1].left[0] > 0.0 && run.steps[last].left[0] > 0.0);
            if use_ == Use::Multi {
                assert_eq!(run.lost(lines[1]), DEMAND * f64::from((days - cover).max(0)));
            }
        }
    }
}

/// A regime that doubles the speed halves what is left of a pending review.
#[test]
fn a_faster_regime_halves_what_is_left_of_a_review() {
    let (net, _) = chain(DEMAND, &[12.0], 5);
    let mut scenario =
        scenario(&net, 120, vec![shock("control", licensing(&[RouteId::new(0)], Use::Multi), FROM, None)]);
    let regime =
        Regime { licensing: 0, speed: vec![fixed(2.0)], reject: None, returned: None, officers: None };
    scenario.shocks.push(shock("talks", Kind::Regime(regime), FROM + 10, None));
    desk(&mut scenario, 30.0);
    let run = run(&scenario);
    let opened = (FROM as usize..120).find(|t| run.steps[*t].left[0] > 0.0);
    assert_eq!(opened, Some(FROM as usize + 10 + 10));
}

/// Over any 30 days a licensed route ships at most κ times its base flow, however long its book.
#[test]
fn the_licensed_rate_caps_any_thirty_days() {
    let (mut net, _) = chain(DEMAND, &[12.0], 5);
    net.set_capacity(coercivity::id::LineId::new(0), super::build::Capacity::Of(80.0));
    let mut scenario =
        scenario(&net, 300, vec![shock("control", licensing(&[RouteId::new(0)], Use::Multi), FROM, None)]);
    desk(&mut scenario, 50.0);
    set(&mut scenario, Parameter::LicensedRate, 1.2);
    let run = run(&scenario);
    let month = |t: usize| run.steps[t..t + 30].iter().map(|step| step.left[0]).sum::<f64>();
    let most = (FROM as usize..270).map(month).fold(0.0, f64::max);
    assert!((most - 1.2 * 30.0 * DEMAND).abs() < 1.0e-9, "{most}");
}

/// A general licence lets its routes through a control and a hold.
#[test]
fn a_general_licence_exempts() {
    let (net, lines) = chain(DEMAND, &[6.0], 3);
    let route = vec![RouteId::new(0)];
    for (from, lost) in [(None, 40.0 - 6.0), (Some(FROM), 0.0), (Some(FROM + 16), 16.0 - 6.0)] {
        for held in [false, true] {
            let control = if held {
                Kind::OverCompliance { routes: route.clone() }
            } else {
                licensing(&route, Use::Multi)
            };
            let mut shocks = vec![shock("control", control, FROM, None)];
            shocks.extend(
                from.map(|day| shock("general", Kind::GeneralLicence { routes: route.clone() }, day, None)),
            );
            let mut scenario = scenario(&net, 120, shocks);
            desk(&mut scenario, 40.0);
            set(&mut scenario, Parameter::OverCompliance, 1.0);
            set(&mut scenario, Parameter::HoldLow, 40.0);
            set(&mut scenario, Parameter::HoldHigh, 40.0);
            assert_eq!(
                run(&scenario).lost(lines[1]),
                DEMAND * lost,
                "general licence from {from:?}, held {held}"
            );
        }
    }
}

/// Customs hold a route for the drawn days or not at all, with the probability that was set.
#[test]
fn a_hold_lasts_its_days_for_its_share_of_replications() {
    let (net, lines) = chain(DEMAND, &[6.0], 3);
    let mut scenario = scenario(
        &net,
        90,
        vec![shock("hold", Kind::OverCompliance { routes: vec![RouteId::new(0)] }, FROM, None)],
    );
    set(&mut scenario, Parameter::HoldLow, 20.0);
    set(&mut scenario, Parameter::HoldHigh, 20.0);
    set(&mut scenario, Parameter::OverCompliance, 0.25);
    let losses: Vec<f64> =
        (0..400).map(|replication| run_of(&scenario, replication).lost(lines[1])).collect();
    let held = losses.iter().filter(|lost| **lost == DEMAND * 14.0).count();
    assert_eq!(held + losses.iter().filter(|lost| **lost == 0.0).count(), 400);
    // 100 ± 4 standard deviations of a binomial count.
    assert!((65..=135).contains(&held), "{held} of 400");
}

/// A hold is over when its episode is, whatever was drawn.
#[test]
fn a_hold_ends_with_its_episode() {
    let (net, lines) = chain(DEMAND, &[6.0], 3);
    let hold = Kind::OverCompliance { routes: vec![RouteId::new(0)] };
    let mut scenario = scenario(&net, 90, vec![shock("hold", hold, FROM, Some(FROM + 9))]);
    set(&mut scenario, Parameter::HoldLow, 20.0);
    set(&mut scenario, Parameter::HoldHigh, 20.0);
    set(&mut scenario, Parameter::OverCompliance, 1.0);
    assert_eq!(run(&scenario).lost(lines[1]), DEMAND * 3.0);
}

/// Shipments under a quota never exceed it in any period, and reach it when it binds.
#[test]
fn a_quota_is_never_exceeded() {
    let routes = exports();
    let (tonnes, period) = (120.0, 30);
    for replication in 0..4 {
        let mut scenario = drawn(400, turmoil());
        scenario.shocks.push(shock(
            "quota",
            Kind::Quota { routes: routes.clone(), tonnes: fixed(tonnes), period_days: period },
            FROM,
            None,
        ));
        let run = run_of(&scenario, replication);
        let mut reached = 0;
        for steps in run.steps[FROM as usize..].chunks(period as usize) {
            let shipped: f64 =
                steps.iter().flat_map(|step| routes.iter().map(|r| step.left[r.index()])).sum();
            assert!(shipped <= tonnes * (1.0 + 1.0e-12), "{shipped}");
            reached += usize::from(shipped > tonnes * (1.0 - 1.0e-9));
        }
        assert!(reached > 3, "the quota bound in {reached} periods only");
    }
}

/// Under a quota of half the flow a user loses the other half once stocks and goods at sea are gone.
#[test]
fn a_quota_of_half_the_flow_costs_the_other_half() {
    let (net, lines) = chain(DEMAND, &[6.0], 3);
    let quota = Kind::Quota { routes: vec![RouteId::new(0)], tonnes: fixed(40.0), period_days: 10 };
    let run = run(&scenario(&net, FROM as u32 + 100, vec![shock("quota", quota, FROM, None)]));
    // 100 days want 800 t; 10 periods bring 400 t, the stock 48 t, the sea 24 t.
    super::build::close(run.lost(lines[1]), 800.0 - 400.0 - 48.0 - 24.0, 1.0e-12);
}

/// A closed border costs the days it is closed less the cover; a trigger sets when.
#[test]
fn a_triggered_embargo_comes_after_its_cause() {
    let (net, lines) = chain(DEMAND, &[4.0], 3);
    for (on_end, delay, probability) in [(false, 7, 1.0), (true, 5, 1.0), (true, 5, 0.0)] {
        let mut embargo = shock("embargo", Kind::Embargo { routes: vec![RouteId::new(0)] }, 0, None);
        embargo.end = coercivity::policy::shock::End::After(fixed(15.0));
        embargo.trigger = Some(Trigger { after: 1, on_end, delay: fixed(f64::from(delay)), probability });
        // The cause stands later in the file and costs nothing itself.
        let cause = shock(
            "talks",
            Kind::Tariff { routes: vec![RouteId::new(0)], rate: fixed(0.1) },
            FROM,
            Some(FROM + 30),
        );
        let run = run(&scenario(&net, 150, vec![embargo, cause]));
        if probability == 0.0 {
            assert_eq!(run.lost(lines[1]), 0.0);
            continue;
        }
        let begin = (FROM + delay + if on_end { 30 } else { 0 }) as usize;
        let closed: Vec<usize> = (0..150).filter(|t| run.steps[*t].left[0] == 0.0).collect();
        assert_eq!(closed, (begin..begin + 15).collect::<Vec<_>>());
        assert_eq!(run.lost(lines[1]), DEMAND * 11.0);
    }
}

/// What never began never ends: nothing follows from the end of an embargo that was not imposed.
#[test]
fn nothing_follows_from_the_end_of_what_never_began() {
    let (net, lines) = chain(DEMAND, &[4.0], 3);
    let routes = vec![RouteId::new(0)];
    let mut never = shock("never", Kind::Embargo { routes: routes.clone() }, 0, Some(FROM + 10));
    never.trigger = Some(Trigger { after: 2, on_end: false, delay: fixed(0.0), probability: 0.0 });
    let mut after = shock("after", Kind::Embargo { routes: routes.clone() }, 0, None);
    after.trigger = Some(Trigger { after: 0, on_end: true, delay: fixed(0.0), probability: 1.0 });
    let cause = shock("cause", Kind::Tariff { routes, rate: fixed(0.0) }, FROM, None);
    assert_eq!(run(&scenario(&net, 100, vec![never, after, cause])).lost(lines[1]), 0.0);
}

/// A trigger of probability p fires in a share p of the replications.
#[test]
fn a_trigger_fires_with_its_probability() {
    let (net, _) = chain(DEMAND, &[4.0], 3);
    let mut embargo = shock("embargo", Kind::Embargo { routes: vec![RouteId::new(0)] }, 0, None);
    embargo.trigger = Some(Trigger { after: 1, on_end: false, delay: fixed(0.0), probability: 0.3 });
    let cause = shock("cause", Kind::Tariff { routes: vec![RouteId::new(0)], rate: fixed(0.0) }, 5, None);
    let mut scenario = scenario(&net, 28, vec![embargo, cause]);
    scenario.parameters.set(Parameter::Growth, Distribution::Fixed(1.0));
    let kernel = Kernel::compile(&scenario);
    let (mut scratch, mut out) = (kernel.scratch(), Vec::new());
    (0..1000).step_by(8).for_each(|first| kernel.replicate(first, 8, &mut scratch, &mut out));
    let lost =
        kernel.design().metrics.iter().position(|m| m.name == "lost_output:other_demand").expect("users");
    let fired = out.iter().filter(|outcome| outcome.metrics[lost] > 0.0).count();
    assert!((242..=358).contains(&fired), "{fired} of 1000"); // 300 ± 4 standard deviations
}
