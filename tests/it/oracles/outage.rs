//! One facility fails: when its customers stop, for how long, what is lost, how stocks refill.

use coercivity::kernel::Kernel;
use coercivity::network::line::Stage;
use coercivity::policy::parameter::Parameter;
use coercivity::policy::shock::{End, Kind, RecoveryShape};
use coercivity::random::sample::Distribution;

use super::build::{Capacity, Net, Way, chain, close, fixed, outage, parallel, run, scenario, set, shock};

const DEMAND: f64 = 8.0;
const FROM: i32 = 10;

/// Cover s, outage T: the user is down for T − s days from t₀ + ℓ + s on, whatever the lead ℓ.
#[test]
fn an_outage_costs_what_the_cover_does_not_bridge() {
    for cover in [0, 1, 5, 20] {
        for days in [0, 1, 5, 6, 30] {
            for lead in [1, 3, 17] {
                let (net, lines) = chain(DEMAND, &[f64::from(cover)], lead);
                let run = run(&scenario(&net, 150, vec![outage(vec![net.pool(lines[0])], 1.0, FROM, days)]));
                let down = (days - cover).max(0);
                let user = lines[1];
                assert_eq!(run.idle_days(user), down as usize, "cover {cover}, outage {days}, lead {lead}");
                assert_eq!(run.lost(user), DEMAND * f64::from(down));
                let onset = (down > 0).then_some((FROM + lead as i32 + cover) as usize);
                assert_eq!(run.first_loss(user), onset);
            }
        }
    }
}

/// Finished stock of F days at the supplier adds to the cover.
#[test]
fn finished_stock_counts_like_cover() {
    for finished in [0_i32, 4, 9, 12] {
        let (net, lines) = chain(DEMAND, &[3.0], 2);
        let mut scenario = scenario(&net, 120, vec![outage(vec![net.pool(lines[0])], 1.0, FROM, 12)]);
        set(&mut scenario, Parameter::FinishedDays, f64::from(finished));
        let run = run(&scenario);
        assert_eq!(run.lost(lines[1]), DEMAND * f64::from((12 - 3 - finished).max(0)), "finished {finished}");
    }
}

/// A cut of φ uses the cover up after s/φ days; lost is max(0, φT − s) days of demand.
#[test]
fn a_partial_cut_drains_the_cover_slower() {
    for (cut, cover, days) in [(0.25, 5, 40), (0.5, 5, 40), (0.5, 20, 40), (0.75, 9, 40), (0.25, 11, 40)] {
        let (net, lines) = chain(DEMAND, &[f64::from(cover)], 3);
        let run = run(&scenario(&net, 150, vec![outage(vec![net.pool(lines[0])], cut, FROM, days)]));
        let lost = (cut * f64::from(days) - f64::from(cover)).max(0.0);
        assert_eq!(run.lost(lines[1]), DEMAND * lost, "cut {cut}, cover {cover}");
        let whole = (f64::from(cover) / cut) as usize; // days that can still be served in full
        let onset = (lost > 0.0).then_some(FROM as usize + 3 + whole);
        assert_eq!(run.first_loss(lines[1]), onset, "cut {cut}, cover {cover}");
    }
}

/// Covers of a chain add up.
#[test]
fn covers_in_series_add_up() {
    for covers in [vec![4.0, 7.0], vec![3.0, 0.0, 5.0], vec![2.0, 3.0, 4.0, 1.0, 2.0, 3.0]] {
        let (net, lines) = chain(DEMAND, &covers, 2);
        for days in [5, 11, 40] {
            let run = run(&scenario(&net, 150, vec![outage(vec![net.pool(lines[0])], 1.0, FROM, days)]));
            let down = (f64::from(days) - covers.iter().sum::<f64>()).max(0.0);
            let user = lines[covers.len()];
            assert!((run.lost(user) - DEMAND * down).abs() < 1.0e-9, "covers {covers:?}, outage {days}");
            assert_eq!(run.idle_days(user), down as usize, "covers {covers:?}, outage {days}");
        }
    }
}

/// A user that needs two inputs is down for the longer of the two gaps, from the earlier one on.
#[test]
fn inputs_that_fail_together_cost_the_longest_gap() {
    for (times, covers, leads) in [
        ([30, 20], [5, 3], [2, 6]),
        ([30, 20], [25, 3], [6, 2]),
        ([20, 20], [4, 9], [9, 1]),
        ([3, 20], [5, 30], [1, 1]),
    ] {
        let mut net = Net::default();
        let user = net.user("user", DEMAND);
        let mut shocks = Vec::new();
        for k in 0..2 {
            let mine = net.mine(&format!("mine-{k}"));
            let way = Way { cover: f64::from(covers[k]), lead: leads[k], ..Way::default() };
            net.route(mine, user, &format!("goods-{k}"), way);
            let mut entry = outage(vec![net.pool(mine)], 1.0, FROM, times[k]);
            entry.id = format!("outage-{k}");
            shocks.push(entry);
        }
        let run = run(&scenario(&net, 150, shocks));
        let down = (0..2).map(|k| (times[k] - covers[k]).max(0)).max().unwrap();
        assert_eq!(run.idle_days(user), down as usize, "{times:?} {covers:?} {leads:?}");
        assert_eq!(run.lost(user), DEMAND * f64::from(down));
        let first = (0..2)
            .filter(|k| times[*k] > covers[*k])
            .map(|k| (FROM + leads[k] as i32 + covers[k]) as usize)
            .min();
        assert_eq!(run.first_loss(user), first);
    }
}

/// With spare capacity (α − 1)·c, stocks are whole again min(s, T)/(α − 1) days after the first delivery.
#[test]
fn spare_capacity_refills_the_stock() {
    for (spare, cover, days) in [(0.25, 12, 8), (0.25, 6, 20), (0.5, 12, 8), (1.0, 7, 30)] {
        let lead = 3;
        let (mut net, lines) = chain(DEMAND, &[f64::from(cover)], lead);
        net.set_capacity(lines[0], Capacity::Of(DEMAND * (1.0 + spare)));
        let run = run(&scenario(&net, 200, vec![outage(vec![net.pool(lines[0])], 1.0, FROM, days)]));
        let full = DEMAND * f64::from(cover);
        let back = (FROM + days) as usize + lead as usize; // first arrival after the outage
        // Smoothing of orders is slow but not endless: a hundredth of a day's use may be missing.
        let refilled = (back..200).find(|t| run.steps[*t].stock[0] >= full - 0.01 * DEMAND).expect("refills");
        let needed = f64::from(cover.min(days)) / spare;
        assert_eq!(
            refilled + 1 - back,
            needed.ceil() as usize,
            "spare {spare}, cover {cover}, outage {days}"
        );
    }
}

/// T ~ Exp(m), rounded to whole days: E[lost] = c·Σⱼ P(T ≥ s + j − ½), P(stop) = P(T ≥ s + ½), both within
/// 1/(24 m²) of c·m·e^{−s/m}·… for the unrounded law.
#[test]
fn exponential_outages_lose_their_tail() {
    let (mean, cover, replications) = (20.0, 12.0, 4000_u64);
    let (net, lines) = chain(DEMAND, &[cover], 2);
    let mut shock = outage(vec![net.pool(lines[0])], 1.0, 5, 1);
    shock.end = End::After(Distribution::Exponential { mean }.into());
    let mut scenario = scenario(&net, 280, vec![shock]);
    scenario.plan.replications = replications;
    let kernel = Kernel::compile(&scenario);
    let design = kernel.design();
    let lost =
        design.metrics.iter().position(|m| m.name == "lost_output:other_demand").expect("a stage of users");
    let (mut scratch, mut out) = (kernel.scratch(), Vec::new());
    for first in (0..replications).step_by(Kernel::LANES) {
        kernel.replicate(first, Kernel::LANES, &mut scratch, &mut out);
    }
    let losses: Vec<f64> = out.iter().map(|outcome| outcome.metrics[lost]).collect();
    let n = losses.len() as f64;
    let average = losses.iter().sum::<f64>() / n;
    let deviation = (losses.iter().map(|x| (x - average).powi(2)).sum::<f64>() / n).sqrt();
    let expected = DEMAND * mean * libm::exp(-cover / mean);
    let rounded = DEMAND * libm::exp(-(cover + 0.5) / mean) / (1.0 - libm::exp(-1.0 / mean));
    close(rounded, expected, 1.0e-3);
    assert!((average - expected).abs() < 4.0 * deviation / n.sqrt(), "{average} against {expected}");
    let stopped = losses.iter().filter(|x| **x > 0.0).count() as f64 / n;
    let chance = libm::exp(-(cover + 0.5) / mean);
    assert!(
        (stopped - chance).abs() < 4.0 * (chance * (1.0 - chance) / n).sqrt(),
        "{stopped} against {chance}"
    );
}

/// After the end of an outage capacity comes back along the path that was asked for.
#[test]
fn capacity_recovers_along_its_path() {
    let (net, lines) = chain(DEMAND, &[0.0], 1);
    for (recovery, at_half) in [
        (RecoveryShape::Instant, 0.0),
        (RecoveryShape::Linear, 0.5),
        (RecoveryShape::Exponential, libm::exp(-0.5)),
        (RecoveryShape::Logistic, 0.5),
    ] {
        let kind = Kind::CapacityLoss {
            pools: vec![net.pool(lines[0])],
            loss: fixed(0.5),
            recovery,
            recovery_days: fixed(20.0),
        };
        let run = run(&scenario(&net, 60, vec![shock("fire", kind, 5, Some(15))]));
        assert_eq!(run.steps[4].output[0], DEMAND);
        assert_eq!(run.steps[14].output[0], 0.5 * DEMAND);
        close(run.steps[25].output[0], DEMAND * (1.0 - 0.5 * at_half), 1.0e-12);
    }
}

/// Parallel suppliers with spare capacity β, failed set 𝓕: under pooled sourcing the lasting deficit is
/// max(0, Σ w of the failed − Σ β·w of the others); under dedicated sourcing Σ w of the failed whatever the spare.
#[test]
fn survivors_help_only_where_goods_are_substitutes() {
    let shares = [0.5, 0.25, 0.125, 0.125];
    for (failed, spare) in
        [(vec![1], 0.25), (vec![1], 0.5), (vec![0], 0.5), (vec![2, 3], 0.1), (vec![0, 1], 1.0)]
    {
        let way = Way { cover: 40.0, lead: 3, ..Way::default() };
        let (net, lines) = parallel(DEMAND, &shares, |c| Capacity::Of(c * (1.0 + spare)), way);
        let pools = failed.iter().map(|f| net.pool(lines[*f])).collect();
        let shock = outage(pools, 1.0, FROM, 5000);
        let missing: f64 = failed.iter().map(|f| shares[*f]).sum();
        let helped = (missing - spare * (1.0 - missing)).max(0.0);
        for (stage, dedicated) in [(Stage::OtherDemand, false), (Stage::Component, true)] {
            let mut scenario = scenario(&net, 2000, vec![shock.clone()]);
            set(&mut scenario, Parameter::AdjustmentDays, 30.0);
            if dedicated {
                scenario.switches.sourcing[Stage::OtherDemand as usize] =
                    coercivity::policy::response::Sourcing::Dedicated;
            }
            let run = run(&scenario);
            let last = &run.steps[1999];
            let user = lines[shares.len()].index();
            let deficit = 1.0 - last.served[user] / last.asked[user];
            let expected = if dedicated { missing } else { helped };
            assert!(
                (deficit - expected).abs() < 1.0e-6,
                "{stage:?} {failed:?} {spare}: {deficit} {expected}"
            );
        }
    }
}

/// Two suppliers of half each, the first fails for good: once its goods are used up the line serves the other half
/// alone, and one more of `stand_in_days` parts of the rest with every day short; the other's stock bears it.
#[test]
fn a_supplier_is_stood_in_for_after_days_of_want() {
    for days in [5.0, 20.0] {
        let way = Way { cover: 60.0, lead: 3, ..Way::default() };
        let (net, lines) = parallel(DEMAND, &[0.5, 0.5], |c| Capacity::Of(4.0 * c), way);
        let shock = outage(vec![net.pool(lines[0])], 1.0, FROM, 5000);
        let mut scenario = scenario(&net, 200, vec![shock]);
        set(&mut scenario, Parameter::StandInDays, days);
        scenario.switches.sourcing[Stage::OtherDemand as usize] =
            coercivity::policy::response::Sourcing::Dedicated;
        let run = run(&scenario);
        let user = lines[2].index();
        let share = |step: usize| run.steps[step].output[user] / run.steps[0].output[user];
        let first = (0..200).find(|step| share(*step) < 1.0 - 1.0e-9).expect("it runs short");
        assert_eq!(first, 1 + FROM as usize + 3 + 60 - 1, "after the goods on their way and in stock");
        let mut short = 0.0_f64;
        for step in first..first + 2 * days as usize {
            let expected = 0.5 + 0.5 * (short / days).min(1.0);
            assert!(
                (share(step) - expected).abs() < 1.0e-9,
                "{days}, day {step}: {} {expected}",
                share(step)
            );
            short += ((1.0 - expected) / 0.05).min(1.0);
        }
    }
}
