//! Each shock and each slow adaptation changes a number that can be worked out by hand.

use coercivity::id::{LineId, RouteId};
use coercivity::network::line::{Band, Stage};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::shock::Kind;

use super::build::{Capacity, Net, Way, chain, close, fixed, outage, parallel, run, scenario, set, shock};

const DEMAND: f64 = 8.0;

/// Goods dispatched while a lane is slow come later: a gap of so many days, less the cover.
#[test]
fn a_slow_lane_leaves_a_gap_of_its_delay() {
    for (delay, cover) in [(10, 4), (10, 12), (25, 0)] {
        let (net, lines) = chain(DEMAND, &[f64::from(cover)], 6);
        let slow = Kind::LaneDelay { routes: vec![RouteId::new(0)], days: fixed(f64::from(delay)) };
        let run = run(&scenario(&net, 150, vec![shock("slow", slow, 20, Some(60))]));
        let gap = (delay - cover).max(0);
        assert_eq!(run.lost(lines[1]), DEMAND * f64::from(gap), "delay {delay}, cover {cover}");
        assert_eq!(run.first_loss(lines[1]), (gap > 0).then_some((20 + 6 + cover) as usize));
        // What was late arrives together with what was not, once the lane is fast again.
        let most = run.steps.iter().map(|step| step.transit[0]).fold(0.0, f64::max);
        close(most, DEMAND * f64::from(6 + delay), 0.01);
    }
}

/// A closed port costs the days it is closed less the cover.
#[test]
fn a_closed_port_costs_its_days_less_the_cover() {
    let (net, lines) = chain(DEMAND, &[4.0], 6);
    let port = Kind::PortClosure { routes: vec![RouteId::new(0)] };
    let run = run(&scenario(&net, 100, vec![shock("port", port, 20, Some(33))]));
    assert_eq!(run.lost(lines[1]), DEMAND * 9.0);
}

/// A tariff of 25 % with elasticity 1 takes a fifth off a route's weight: ½ : ½ becomes 4⁄9 : 5⁄9.
#[test]
fn a_tariff_moves_shares_by_its_elasticity() {
    let (net, _) = parallel(9.0, &[0.5, 0.5], |c| Capacity::Of(2.0 * c), Way::default());
    let tariff = Kind::Tariff { routes: vec![RouteId::new(0)], rate: fixed(0.25) };
    let mut scenario = scenario(&net, 900, vec![shock("tariff", tariff, 20, Some(600))]);
    set(&mut scenario, Parameter::AdjustmentDays, 30.0);
    let run = run(&scenario);
    close(run.steps[20].share[0], 4.0 / 9.0, 1.0e-12);
    close(run.steps[599].share[1], 5.0 / 9.0, 1.0e-9);
    close(run.steps[599].left[0], 4.0, 1.0e-3);
    close(run.steps[599].left[1], 5.0, 1.0e-3);
    close(run.steps[899].left[0], 4.5, 1.0e-3);
}

/// Final demand is multiplied while a change lasts, no longer and no shorter.
#[test]
fn a_demand_change_lasts_its_days() {
    let (net, lines) = chain(DEMAND, &[4.0], 6);
    let half = Kind::DemandChange { lines: vec![lines[1]], factor: fixed(0.5) };
    let run = run(&scenario(&net, 100, vec![shock("slump", half, 20, Some(30))]));
    let made: f64 = run.steps.iter().map(|step| step.output[lines[1].index()]).sum();
    assert_eq!(made, DEMAND * 100.0 - 0.5 * DEMAND * 10.0);
}

/// Two tight mines and a user that wants half as much again.
fn short_of_capacity() -> (Net, Vec<LineId>, Vec<coercivity::policy::shock::Shock>) {
    let (net, lines) = parallel(DEMAND, &[0.5, 0.5], |_| Capacity::Tight, Way::default());
    let boom = Kind::DemandChange { lines: vec![lines[2]], factor: fixed(1.5) };
    (net, lines, vec![shock("boom", boom, 0, None)])
}

/// Half as much capacity again, over ten days: 5 % of the base capacity more each day.
#[test]
fn new_capacity_ramps_up() {
    let (mut net, lines, mut shocks) = short_of_capacity();
    net.set_capacity(lines[2], Capacity::Of(100.0));
    let pools = vec![net.pool(lines[0])];
    let project = Kind::NewCapacity { pools, added: fixed(0.5), ramp_days: fixed(10.0), routes: Vec::new() };
    shocks.push(shock("project", project, 60, None));
    let mut scenario = scenario(&net, 400, shocks);
    set(&mut scenario, Parameter::ExpectationDays, 1.0);
    set(&mut scenario, Parameter::AdaptationExponent, 0.0);
    let run = run(&scenario);
    for (day, made) in [(59, 4.0), (60, 4.0), (61, 4.2), (65, 5.0), (70, 6.0), (399, 6.0)] {
        close(run.steps[day].output[lines[0].index()], made, 1.0e-12);
        close(run.steps[day].output[lines[1].index()], 4.0, 1.0e-12);
    }
}

/// A buyer moves its shares as fast as a supplier grows: ½ : ½ becomes 0.6 : 0.4, and back when it ends.
#[test]
fn buyers_follow_a_growing_supplier() {
    let (net, lines) = parallel(DEMAND, &[0.5, 0.5], |c| Capacity::Of(2.0 * c), Way::default());
    let routes = vec![RouteId::new(0)];
    let project = Kind::NewCapacity {
        pools: vec![net.pool(lines[0])],
        added: fixed(0.5),
        ramp_days: fixed(10.0),
        routes,
    };
    let run = run(&scenario(&net, 400, vec![shock("project", project, 60, Some(200))]));
    for (day, share) in [(59, 0.5), (60, 0.5), (65, 0.625 / 1.125), (70, 0.6), (199, 0.6), (200, 0.5)] {
        assert!((run.steps[day].share[0] - share).abs() < 0.002, "day {day}: {}", run.steps[day].share[0]);
    }
}

/// A subsidy that makes capacity grow by 10 % a year has added 10 % after a year, and nothing once it ends.
#[test]
fn a_subsidy_adds_its_growth() {
    let (mut net, lines, mut shocks) = short_of_capacity();
    net.set_capacity(lines[2], Capacity::Of(100.0));
    let pools = vec![net.pool(lines[1])];
    shocks.push(shock("floor", Kind::Subsidy { pools, growth: fixed(0.1) }, 60, Some(426)));
    let mut scenario = scenario(&net, 460, shocks);
    set(&mut scenario, Parameter::ExpectationDays, 1.0);
    let run = run(&scenario);
    for (day, made) in [(59, 4.0), (60, 4.0), (60 + 73, 4.08), (425, 4.4), (426, 4.0)] {
        close(run.steps[day].output[lines[1].index()], made, 1.0e-12);
    }
}

/// A stockpile of three days' use shortens the loss by three days.
#[test]
fn a_stockpile_bridges_its_days() {
    for (tonnes, rate, bridged) in
        [(24.0, 8.0, 24.0), (24.0, 100.0, 24.0), (24.0, 2.0, 20.0), (400.0, 8.0, 80.0)]
    {
        let (net, lines) = chain(DEMAND, &[5.0], 3);
        let routes = vec![RouteId::new(0)];
        let release = Kind::StockpileRelease { routes, tonnes: fixed(tonnes), rate, trigger_cover: 1.0 };
        let shocks = vec![outage(vec![net.pool(lines[0])], 1.0, 10, 15), shock("reserve", release, 0, None)];
        let run = run(&scenario(&net, 100, shocks));
        // The outage leaves the user ten days without goods; ten evenings bring at most the rate.
        close(
            run.lost(lines[1]) + bridged,
            DEMAND * 10.0,
            1.0e-12 + f64::from(u8::from(bridged == 80.0)) * 1.0e-9,
        );
    }
}

/// A stockpile that gave 24 t takes back at most 2 t a day once nobody is short and its buyer holds nine tenths
/// of its target, and no more than it gave.
#[test]
fn a_stockpile_is_bought_back_in_calm() {
    let (mut net, lines) = chain(DEMAND, &[5.0], 3);
    net.set_capacity(lines[0], Capacity::Of(2.0 * DEMAND));
    let release = Kind::StockpileRelease {
        routes: vec![RouteId::new(0)],
        tonnes: fixed(24.0),
        rate: 2.0,
        trigger_cover: 1.0,
    };
    let shocks = vec![outage(vec![net.pool(lines[0])], 1.0, 10, 15), shock("reserve", release, 0, None)];
    let run = run(&scenario(&net, 500, shocks));
    let left: Vec<f64> = run.piles.iter().map(|piles| piles[1]).collect();
    assert_eq!(left[9], 24.0, "at rest it is full and takes nothing");
    let lowest = left.iter().copied().fold(f64::INFINITY, f64::min);
    // The stock is empty on eleven evenings, from that before the first day without goods on.
    assert_eq!(lowest, 24.0 - 11.0 * 2.0);
    let filling: Vec<usize> = (1..left.len()).filter(|t| left[*t] > left[t - 1]).collect();
    let first = filling[0];
    // It leaves its buyer nine tenths of the target of 40 t.
    assert!(run.steps[first].stock[0] >= 36.0 - 1.0e-9, "{}", run.steps[first].stock[0]);
    assert!(filling.iter().all(|t| left[*t] - left[t - 1] <= 2.0 + 1.0e-12));
    close(*left.last().unwrap(), 24.0, 1.0e-9);
}

/// A quota of nothing slows its producer as an embargo does: it makes what it counts of the blocked book, here
/// three days of base flow, and stands still.
#[test]
fn a_quota_slows_its_producer() {
    let (net, lines) = chain(DEMAND, &[5.0], 3);
    let routes = vec![RouteId::new(0)];
    let quota = Kind::Quota { routes: routes.clone(), tonnes: fixed(0.0), period_days: 1000 };
    let embargo = Kind::Embargo { routes };
    let outputs = [quota, embargo].map(|kind| {
        let mut scenario = scenario(&net, 200, vec![shock("control", kind, 10, None)]);
        set(&mut scenario, Parameter::BlockedBookDays, 3.0);
        let run = run(&scenario);
        run.steps.iter().map(|step| step.output[lines[0].index()]).collect::<Vec<f64>>()
    });
    assert_eq!(outputs[0], outputs[1]);
    let made: f64 = outputs[0][10..].iter().sum();
    close(made, 3.0 * DEMAND, 1.0e-9);
    assert_eq!(outputs[0][199], 0.0);
}

/// After 20 blocked days a tenth … here a quarter … of the base flow finds a way round.
#[test]
fn a_bypass_carries_its_share_after_its_days() {
    let (mut net, lines) = chain(DEMAND, &[5.0], 3);
    // Magnets alone can go round, as motors.
    net.graph.lines[lines[0].index()].stage = Stage::Magnet;
    for bypass in [false, true] {
        let embargo = Kind::Embargo { routes: vec![RouteId::new(0)] };
        let mut scenario = scenario(&net, 100, vec![shock("embargo", embargo, 10, None)]);
        scenario.switches.bypass = bypass;
        set(&mut scenario, Parameter::BypassDays, 20.0);
        set(&mut scenario, Parameter::BypassCap, 0.25);
        let run = run(&scenario);
        // Day 18 is the first without goods: 82 days lost; from day 30 on 2 t a day leave, 67 days of arrivals.
        let saved = if bypass { 67.0 * 2.0 } else { 0.0 };
        assert_eq!(run.steps[29].left[0], 0.0);
        assert_eq!(run.steps[30].left[0], if bypass { 2.0 } else { 0.0 });
        assert_eq!(run.lost(lines[1]), 82.0 * DEMAND - saved);
        // Past a closed port nothing goes round.
        let port = Kind::PortClosure { routes: vec![RouteId::new(0)] };
        scenario.shocks = vec![shock("port", port, 10, None)];
        let run = super::build::run(&scenario);
        assert_eq!(run.lost(lines[1]), 82.0 * DEMAND);
    }
}

/// A candidate is qualified 14 days of shortage and 30 days of tests after its buyer ran dry.
#[test]
fn a_candidate_qualifies_on_its_day() {
    let mut net = Net::default();
    let (old, new) = (net.mine("old"), net.facility("new", Stage::Mine, "AUS", Capacity::Of(4.0), 0.0));
    let user = net.user("user", DEMAND);
    net.route(old, user, "goods", Way { cover: 5.0, lead: 3, ..Way::default() });
    let candidate = net.route(new, user, "goods", Way { cover: 5.0, lead: 2, ..Way::default() });
    net.graph.routes[candidate.index()].share = Band { low: 0.0, central: 0.0, high: 0.5 };
    for switched_on in [true, false] {
        let mut scenario = scenario(&net, 300, vec![outage(vec![net.pool(old)], 1.0, 10, 5000)]);
        set(&mut scenario, Parameter::QualificationTrigger, if switched_on { 14.0 } else { 3650.0 });
        set(&mut scenario, Parameter::QualificationDays, 30.0);
        let run = run(&scenario);
        let dry = 10 + 3 + 5; // the first day without goods
        let first = (0..300).find(|t| run.steps[*t].left[1] > 0.0);
        // Dry on days 18 … 31, tested on days 32 … 61, ordered from on day 62, ships on day 63.
        assert_eq!(first, switched_on.then_some(dry + 14 + 30 + 1));
        let supplied = if switched_on { 4.0 } else { 0.0 };
        assert_eq!(run.steps[299].served[user.index()], supplied);
    }
}

/// Heavy-free magnets replace heavy ones at the slower of the scenario's rate and the cap, up to the limit.
#[test]
fn substitution_moves_the_recipe() {
    for (rate, limit, years_of) in [(0.08, 1.0, 0.08), (0.30, 1.0, 0.10), (0.10, 0.05, 0.0)] {
        let mut net = Net::default();
        let (heavy, light) = (net.mine("heavy"), net.mine("light"));
        let user = net.user("user", DEMAND);
        net.route(heavy, user, "heavy magnets", Way { amount: 0.5, ..Way::default() });
        net.route(light, user, "magnets", Way { amount: 0.25, ..Way::default() });
        net.set_capacity(light, Capacity::Of(20.0));
        let change = Kind::Substitution { lines: vec![user], rate: fixed(rate), limit };
        let run = run(&scenario(&net, 735, vec![shock("thrift", change, 0, None)]));
        let replaced = if years_of > 0.0 { years_of * 728.0 / 365.0 } else { limit };
        let last = &run.steps[734];
        close(last.amount[0], 0.5 * (1.0 - replaced), 1.0e-12);
        close(last.amount[1], 0.25 + 0.5 * replaced, 1.0e-12);
        assert_eq!(run.lost(user), 0.0);
        let heavy_used: f64 = run
            .steps
            .windows(2)
            .map(|w| w[0].stock[0] + w[0].transit[0] + w[1].left[0] - w[1].stock[0] - w[1].transit[0])
            .sum();
        let whole = 0.5 * DEMAND * 734.0;
        assert!(heavy_used < whole * (1.0 - 0.9 * replaced / 2.0) && heavy_used > whole * (1.0 - replaced));
    }
}

/// Half of a market's supply withheld and nothing to cushion it: (1 − ½)^{1/(η − ε)} = 2.905 outside, 1 inside.
#[test]
fn half_the_supply_withheld_nearly_triples_the_price() {
    let mut net = Net::default();
    let abroad = net.facility("abroad", Stage::Separation, "AUS", Capacity::Tight, 0.0);
    let china = net.facility("china", Stage::Magnet, "CHN", Capacity::Tight, 0.0);
    let user = net.user("user", DEMAND);
    net.route(abroad, user, "heavy goods", Way { share: 0.5, ..Way::default() });
    let closed = net.route(china, user, "heavy goods", Way { share: 0.5, ..Way::default() });
    let embargo = shock("embargo", Kind::Embargo { routes: vec![closed] }, 10, None);
    let mut scenario = scenario(&net, 1500, vec![embargo]);
    set(&mut scenario, Parameter::PriceCushion, 1.0);
    let run = run(&scenario);
    let [outside, inside] = [run.steps[1499].price[0], run.steps[1499].price[1]];
    assert!((libm::exp(outside) - 2.905).abs() < 5.0e-4, "{}", libm::exp(outside));
    close(outside, libm::log(0.5) / (-0.5 - 0.15), 1.0e-9);
    assert_eq!(inside, 0.0);
    assert_eq!(run.steps[9].price[0], 0.0);
}

/// Half the demand gone, a supplier stopped, or orders cancelled: nothing is withheld, and no price rises.
/// Withheld is what a control keeps back of what is asked for: with half the demand gone, a quarter here.
#[test]
fn only_what_a_control_keeps_back_moves_the_price() {
    let mut net = Net::default();
    let abroad = net.facility("abroad", Stage::Separation, "AUS", Capacity::Tight, 0.0);
    let china = net.facility("china", Stage::Magnet, "CHN", Capacity::Tight, 0.0);
    let user = net.user("user", DEMAND);
    net.route(abroad, user, "heavy goods", Way { share: 0.5, ..Way::default() });
    let closed = net.route(china, user, "heavy goods", Way { share: 0.5, ..Way::default() });
    let slump = Kind::DemandChange { lines: vec![user], factor: fixed(0.5) };
    // A rule that lets everything through all the same: the route is one that a control may stop.
    let idle = Kind::Quota { routes: vec![closed], tonnes: fixed(1.0e9), period_days: 30 };
    let calm = [shock("rule", idle, 0, None)];
    let with = |more: Vec<coercivity::policy::shock::Shock>| {
        let mut scenario = scenario(&net, 1500, calm.iter().cloned().chain(more).collect());
        set(&mut scenario, Parameter::PriceCushion, 1.0);
        set(&mut scenario, Parameter::Cancellation, 0.03);
        set(&mut scenario, Parameter::ExpectationDays, 7.0);
        set(&mut scenario, Parameter::TrendDays, 120.0);
        set(&mut scenario, Parameter::AdaptationExponent, 0.0);
        run(&scenario)
    };
    let slump = || shock("slump", slump.clone(), 10, None);
    let fire = || outage(vec![net.pool(china)], 1.0, 10, 400);
    for more in [vec![slump()], vec![fire()], vec![slump(), fire()]] {
        let run = with(more);
        assert!(run.steps[300].left[1] < 0.51 * 0.5 * DEMAND, "less leaves China");
        assert!(run.steps.iter().all(|step| step.price.iter().all(|price| *price == 0.0)));
    }
    // A fire on top of an embargo changes nothing: it is the control that keeps the goods back.
    let embargo = || shock("embargo", Kind::Embargo { routes: vec![closed] }, 10, None);
    for more in [vec![embargo()], vec![embargo(), fire()]] {
        close(with(more).steps[1499].price[0], libm::log(0.5) / (-0.5 - 0.15), 1.0e-9);
    }
}

/// Periods of a quota that are shorter than a step bring as much as in daily steps: seven days' tonnes a week.
#[test]
fn a_daily_quota_is_worth_as_much_in_weekly_steps() {
    let (net, _) = chain(DEMAND, &[20.0], 7);
    let shipped = [1, 7].map(|step_days| {
        let quota = Kind::Quota { routes: vec![RouteId::new(0)], tonnes: fixed(3.0), period_days: 1 };
        let mut scenario = scenario(&net, 140, vec![shock("quota", quota, 14, None)]);
        scenario.step_days = step_days;
        let left = |step: &super::build::Snapshot| step.left[0];
        run(&scenario).steps.iter().skip((14 / step_days) as usize).map(left).sum::<f64>()
    });
    assert_eq!(shipped, [3.0 * 126.0; 2]);
}

/// A project for a plant that is still to open builds it earlier: from then on there is that plant and no second one.
#[test]
fn a_project_builds_the_plant_that_is_to_open() {
    let (mut net, lines) = parallel(DEMAND, &[0.5, 0.5], |_| Capacity::Of(4.0), Way::default());
    let plant = net.facility("late", Stage::Mine, "AUS", Capacity::Of(3.0), 0.0);
    let route = net.route(plant, lines[2], "goods", Way { share: 0.5, ..Way::default() });
    net.graph.routes[route.index()].opens = Some(super::build::START + 100);
    let pool = net.pool(plant);
    net.graph.pools[pool.index()].opens = Some(super::build::START + 100);
    let project = Kind::NewCapacity {
        pools: vec![pool],
        added: fixed(1.0),
        ramp_days: fixed(20.0),
        routes: vec![route],
    };
    // The others fail, so that the plant makes all it can.
    let fire = outage(vec![net.pool(lines[0]), net.pool(lines[1])], 1.0, 40, 300);
    let mut scenario = scenario(&net, 200, vec![shock("project", project, 20, None), fire]);
    set(&mut scenario, Parameter::AdaptationExponent, 0.0);
    let run = run(&scenario);
    let made = |day: usize| run.steps[day].output[plant.index()];
    assert!(made(60) > 0.99 * 3.0, "built before its date: {}", made(60));
    assert!((60..200).all(|day| made(day) <= 3.0 + 1.0e-9), "no second plant: {}", made(150));
}
