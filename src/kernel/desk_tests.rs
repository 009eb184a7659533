//! The desk inside the step: limits it must reproduce exactly, quotas, staff, general licences, extremes.

#![allow(clippy::pedantic)] // tests compare, count and cast

use super::ledger::{Held, Ledger};
use super::{Kernel, State, Watch};
use crate::id::RouteId;
use crate::policy::licence::{Capacity, LicenceQuota, Licensing};
use crate::policy::parameter::Value;
use crate::policy::shock::Kind;
use crate::scenario::Scenario;

/// A run of the shipped network to the end of October 2025 with one shock on 4 April.
fn scenario(shock: &str, parameters: &str) -> Scenario {
    let text = format!(
        "title = \"t\"\nextends = \"baseline\"\nparameter_set = \"none\"\nend = 2025-10-28\n[parameters]\n{parameters}\n[[shock]]\nid = \"control\"\nstart = 2025-04-04\n{shock}\n"
    );
    match Scenario::parse("test", &text) {
        Ok((scenario, _)) => scenario,
        Err(error) => panic!("{error}\n{text}"),
    }
}

const WHERE: &str = r#"where = { from = ["CHN"], to_not = ["CHN"], control = "heavy" }"#;
const OPEN_DESK: &str = "intake_low = 0\nintake_high = 0\ndesk_dead_time = 0\ndesk_mean = 0\ndesk_reject = 0\ndesk_return = 0\nlicensed_rate = 1e9";

/// Bits of every physical state after each step.
#[derive(Default, PartialEq, Eq, Debug)]
struct Path(Vec<u64>);

impl<const L: usize> Watch<L> for Path {
    fn step(&mut self, _: &Kernel, _: u32, state: &State<L>) {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for rows in [
            &state.column(|route| route.stock),
            &state.column(|route| route.book),
            &state.column(|route| route.transit),
            &state.column(|route| route.ordered_fortnight),
            &state.column(|route| route.leaving),
            &state.column(|route| route.share),
            &state.ring,
            &state.output,
            &state.finished,
            &state.expected,
            &state.lost,
            &state.deferred,
            &state.price,
            &state.overproduction,
            &state.circuit,
        ] {
            for number in rows.iter().flatten() {
                hash = (hash ^ number.to_bits()).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        self.0.push(hash);
    }
}

fn path(scenario: &Scenario) -> Path {
    let kernel = Kernel::compile(scenario);
    let mut path = Path::default();
    kernel.watch::<2>(5, &mut State::new(&kernel), &mut path);
    path
}

/// The outcome of one replication, by name of metric.
fn outcome(scenario: &Scenario) -> impl Fn(&str) -> f64 + use<> {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<1>::new(&kernel);
    kernel.watch(0, &mut state, &mut super::Blind);
    let values = kernel.outcome(&state, 0, 0).metrics;
    let names: Vec<String> = kernel.design().metrics.iter().map(|metric| metric.name.clone()).collect();
    move |name| values[names.iter().position(|own| own == name).expect(name)]
}

fn rule(scenario: &mut Scenario) -> &mut Licensing {
    match &mut scenario.shocks.iter_mut().find(|shock| shock.id == "control").expect("the control").kind {
        Kind::Licensing(licensing) => licensing,
        _ => panic!("no licensing rule"),
    }
}

#[test]
fn everything_approved_at_once_is_no_control() {
    let control = format!("kind = \"licensing\"\n{WHERE}");
    // A tariff of nothing on the same day: the same dates, no effect.
    let nothing = format!("kind = \"tariff\"\nrate = 0\n{WHERE}");
    for use_ in ["multi", "single"] {
        let control = scenario(&format!("{control}\nuse = \"{use_}\""), OPEN_DESK);
        assert_eq!(path(&control), path(&scenario(&nothing, OPEN_DESK)), "{use_}");
    }
    // Officers who need no time are no different from none.
    let mut officers = scenario(&control, OPEN_DESK);
    rule(&mut officers).capacity =
        Capacity::Servers { officers: Value::fixed(1.0), officer_days: Value::fixed(0.0) };
    assert_eq!(path(&officers), path(&scenario(&nothing, OPEN_DESK)));
}

#[test]
fn nothing_approved_is_an_embargo() {
    let control = scenario(&format!("kind = \"licensing\"\n{WHERE}"), "desk_reject = 1\ndesk_return = 0");
    let embargo = scenario(&format!("kind = \"embargo\"\n{WHERE}"), "desk_reject = 1\ndesk_return = 0");
    assert_eq!(path(&control), path(&embargo));
    let none = scenario(&format!("kind = \"tariff\"\nrate = 0\n{WHERE}"), "desk_reject = 1\ndesk_return = 0");
    assert_ne!(path(&control), path(&none), "the control does something");
}

/// Shipments on controlled routes since the control began, per step and lane.
#[derive(Default)]
struct Shipped(Vec<f64>);

impl Watch<1> for Shipped {
    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<1>) {
        let on = f64::from(step) >= state.shock_start[0][0];
        let sum: f64 = kernel.rules[0].routes.iter().map(|r| state.routes[*r as usize].leaving[0]).sum();
        self.0.push(if on { sum } else { 0.0 });
    }
}

#[test]
fn quotas_are_never_exceeded() {
    for (cap, lot_days, period_days) in
        [(300.0, 90.0, 30_u32), (50.0, 3650.0, 7), (1.0e-3, 1.0, 10), (120.0, 90.0, 1)]
    {
        let mut scenario = scenario(
            &format!("kind = \"licensing\"\n{WHERE}"),
            &format!("{OPEN_DESK}\nlot_days = {lot_days}"),
        );
        let rule = rule(&mut scenario);
        let routes = rule.controlled.clone();
        rule.quotas.push(LicenceQuota { routes, tonnes: Value::fixed(cap), period_days });
        let kernel = Kernel::compile(&scenario);
        let mut shipped = Shipped::default();
        kernel.watch::<1>(0, &mut State::new(&kernel), &mut shipped);
        let begin = shipped.0.iter().position(|tonnes| *tonnes > 0.0).expect("something is licensed");
        let mut sum = 0.0;
        for (day, tonnes) in shipped.0.iter().enumerate() {
            sum += tonnes;
            let periods = (day.saturating_sub(begin) / period_days as usize + 1) as f64;
            assert!(
                sum <= cap * periods * (1.0 + 1e-9),
                "{sum} t on day {day}, {periods} periods of {cap} t"
            );
        }
        assert!(sum > 0.0);
    }
}

/// A kernel whose ledger is tested on its own.
fn ledger(quotas: Vec<LicenceQuota>) -> (Ledger<1>, Licensing) {
    let mut scenario = scenario(&format!("kind = \"licensing\"\n{WHERE}"), "");
    rule(&mut scenario).quotas = quotas;
    let licensing = rule(&mut scenario).clone();
    let kernel = Kernel::compile(&scenario);
    (Ledger::new(&kernel, &kernel.rules[0], &licensing), licensing)
}

#[test]
fn approvals_beyond_a_quota_wait_for_the_next_period() {
    let mut probe = scenario(&format!("kind = \"licensing\"\n{WHERE}"), "");
    let routes: Vec<RouteId> = rule(&mut probe).controlled.clone();
    let kernel = Kernel::compile(&probe);
    // Both of the rule's first two routes share 100 t; the second also stands under 10 t of its own.
    let id = |c: usize| kernel.routes.id[kernel.rules[0].routes[c] as usize];
    let quotas = vec![
        LicenceQuota { routes: routes.clone(), tonnes: Value::fixed(100.0), period_days: 30 },
        LicenceQuota { routes: vec![id(1)], tonnes: Value::fixed(10.0), period_days: 30 },
    ];
    let (mut ledger, licensing) = ledger(quotas);
    let caps = [[100.0], [10.0]];
    assert!(ledger.renew(&licensing, &caps, 0.0, 1.0, 0));
    let lot = |route, tonnes| Held { route, pair: 0, tonnes, step: 0, filed: 0.0 };
    assert_eq!(ledger.approve(lot(1, 25.0), 0, 180.0), (10.0, false));
    assert_eq!(ledger.approve(lot(0, 80.0), 0, 180.0), (80.0, true));
    assert_eq!(ledger.approve(lot(0, 40.0), 0, 180.0), (10.0, false));
    assert_eq!((ledger.balance(0, 0), ledger.balance(1, 0)), (90.0, 10.0));
    assert!(!ledger.renew(&licensing, &caps, 29.0, 1.0, 0));
    assert!(ledger.renew(&licensing, &caps, 30.0, 1.0, 0));
    let mut heard = Vec::new();
    ledger.release(0, 210.0, |held, tonnes, whole| heard.push((held.route, tonnes, whole)));
    assert_eq!(heard, [(1, 10.0, false), (0, 30.0, true)], "in order of approval");
    assert!(ledger.renew(&licensing, &caps, 60.0, 1.0, 0));
    heard.clear();
    ledger.release(0, 240.0, |held, tonnes, whole| heard.push((held.route, tonnes, whole)));
    assert_eq!(heard, [(1, 5.0, true)]);
    assert_eq!((ledger.balance(0, 0), ledger.balance(1, 0)), (120.0, 25.0));
    // Validity counts from each part's own day.
    ledger.expire(180.0, 0);
    assert_eq!((ledger.balance(0, 0), ledger.balance(1, 0)), (30.0, 15.0));
    ledger.expire(210.0, 0);
    assert_eq!((ledger.balance(0, 0), ledger.balance(1, 0)), (0.0, 5.0));
}

const OFFICERS: &str =
    "kind = \"licensing\"\ncapacity = { officers = 3, officer_days = 8 }\nlaw = \"exponential\"";

#[test]
fn more_officers_decide_more_and_the_load_says_so() {
    let staff = "\n[[shock]]\nid = \"staff\"\nkind = \"regime\"\nof = \"control\"\nofficers = 6\nspeed = 5\nstart = 2025-06-05";
    let few = scenario(&format!("{OFFICERS}\n{WHERE}"), "");
    let more = scenario(&format!("{OFFICERS}\n{WHERE}{staff}"), "");
    let (few_out, more_out) = (outcome(&few), outcome(&more));
    assert!(more_out("licences_approved") > 1.2 * few_out("licences_approved"));
    assert!(more_out("licences_filed") > 0.0);
    let kernel = Kernel::compile(&more);
    let loads = kernel.desk_loads();
    assert_eq!((loads.len(), loads[0].regime, loads[1].regime), (2, None, Some(1)));
    let open = kernel.rules[0].routes.iter().filter(|r| !kernel.routes.late[**r as usize]).count();
    // λ = routes/180 d, each reviewed 1/(1 − 0.3) times, 8 officer-days each, 3 officers.
    let expected = open as f64 / 180.0 / 0.7 * 8.0 / 3.0;
    assert!((loads[0].load - expected).abs() < 1e-12, "{} against {expected}", loads[0].load);
    assert!((loads[1].load - expected / 2.0).abs() < 1e-12);
    assert!(loads[0].overloaded(), "three officers are far too few");
    // With the load above 1 decisions come at the officers' rate: at most c/8 a day.
    let decided = few_out("licences_approved") + few_out("licences_rejected") + few_out("licences_returned");
    let capacity: f64 = 207.0 * 3.0 / 8.0;
    assert!(decided < capacity + 4.0 * capacity.sqrt(), "{decided} decisions, capacity {capacity}");
    assert!(decided > 0.8 * capacity, "{decided} decisions, capacity {capacity}");
}

#[test]
fn extremes_end_and_do_not_panic() {
    let parameters = [
        "desk_return = 1\nintake_low = 0\nintake_high = 0\ndesk_dead_time = 0\ndesk_mean = 0\napplicant_days = 0",
        "lot_days = 3650\nlicence_horizon = 3650",
        "lot_days = 1\nlicence_horizon = 365",
        "licensed_rate = 0",
        "validity_single = 1",
    ];
    for parameters in parameters {
        for servers in [None, Some((0.0, 8.0)), Some((1.0, 0.0)), Some((1.0e9, 1.0e9)), Some((0.4, 1.0))] {
            for speed in [0.0, 1.0e-300, 1.0, 1.0e300] {
                let mut scenario = scenario(&format!("kind = \"licensing\"\n{WHERE}"), parameters);
                scenario.days = 140;
                let rule = rule(&mut scenario);
                rule.classes[0].speed = Value::fixed(speed);
                if let Some((officers, days)) = servers {
                    rule.capacity = Capacity::Servers {
                        officers: Value::fixed(officers),
                        officer_days: Value::fixed(days),
                    };
                }
                let out = outcome(&scenario);
                let never = servers.is_some_and(|(officers, _)| officers < 0.5)
                    || speed < 1e-200
                        && servers.is_none_or(|s| s.1 > 0.0)
                        && !parameters.contains("desk_mean = 0");
                if never {
                    assert_eq!(out("licences_approved"), 0.0, "{parameters} {servers:?} {speed}");
                }
                assert!(out("licences_filed") > 0.0 && out("licences_pending_peak") <= out("licences_filed"));
            }
        }
    }
}

#[test]
fn general_licences_end_with_their_validity() {
    let general =
        format!("\n[[shock]]\nid = \"general\"\nkind = \"general-licence\"\nstart = 2025-05-01\n{WHERE}");
    let control = format!("kind = \"licensing\"\n{WHERE}");
    let none = "desk_reject = 1\ndesk_return = 0";
    let lost = |parameters: &str, general: &str| {
        outcome(&scenario(&format!("{control}{general}"), parameters))("exports")
    };
    let without = lost(none, "");
    let short = lost(&format!("{none}\nvalidity_general = 60"), &general);
    let long = lost(&format!("{none}\nvalidity_general = 365"), &general);
    assert!(without < short && short < long, "{without} {short} {long}");
    let dated = lost(&format!("{none}\nvalidity_general = 365"), &format!("{general}\nduration = 60"));
    assert_eq!(dated.to_bits(), short.to_bits(), "sixty days by validity or by date");
}

#[test]
fn the_ineligible_wait() {
    let classes = |days: u32| {
        format!("kind = \"licensing\"\n{WHERE}\nclasses = [{{ name = \"all\", eligible_after = {days} }}]")
    };
    let filed = |days| outcome(&scenario(&classes(days), ""))("licences_filed");
    assert!(filed(0) > 0.0);
    assert_eq!(filed(300), 0.0, "nobody may file in this run");
    let path = |days| path(&scenario(&classes(days), "validity_single = 1"));
    assert_ne!(path(0), path(100));
}

/// Open cases of the first two classes after the first day of the control.
#[derive(Default)]
struct FirstDay([f64; 2]);

impl Watch<1> for FirstDay {
    fn step(&mut self, _: &Kernel, step: u32, state: &State<1>) {
        if step == 93 {
            self.0 = [0, 1].map(|class| state.desk.class_counts(0, class, 0).filed);
        }
    }
}

#[test]
fn applicants_are_told_apart_by_size() {
    let shock = format!(
        "kind = \"licensing\"\n{WHERE}\nclasses = [{{ name = \"large\", where = {{ applicant = \"large\" }} }}, {{ name = \"other\", eligible_after = 60 }}]"
    );
    let mut own = scenario(&shock, "lot_days = 30");
    let licensing = rule(&mut own);
    let large = licensing.class_of.iter().filter(|class| **class == 0).count();
    assert!(large > 0 && 3 * large < licensing.class_of.len(), "few are large: {large}");
    let kernel = Kernel::compile(&own);
    let mut seen = FirstDay::default();
    kernel.watch::<1>(0, &mut State::new(&kernel), &mut seen);
    assert!(seen.0[0] >= large as f64 && seen.0[1] == 0.0, "only the large may file: {:?}", seen.0);
}

#[test]
fn series_by_class_add_up() {
    let mut scenario = scenario(
        &format!(
            "kind = \"licensing\"\n{WHERE}\nclasses = [{{ name = \"usa\", where = {{ to = [\"USA\"] }} }}, {{ name = \"other\" }}]"
        ),
        "",
    );
    scenario.plan.seed = 3;
    let kernel = Kernel::compile(&scenario);
    let mut out = Vec::new();
    kernel.replicate(0, 3, &mut kernel.scratch(), &mut out);
    for outcome in &out {
        let mut offset = 0;
        let mut cells = std::collections::BTreeMap::new();
        for series in &kernel.design().series {
            let length = series.dates.len();
            cells.insert(series.id.as_str(), &outcome.series[offset..offset + length]);
            offset += length;
        }
        for name in ["pending", "approved", "returned", "rejected"] {
            let total = cells[format!("licences:{name}").as_str()];
            let (usa, other) = (
                cells[format!("licences:{name}:usa").as_str()],
                cells[format!("licences:{name}:other").as_str()],
            );
            assert!(
                total.iter().zip(usa.iter().zip(other)).all(|(all, (a, b))| (all - a - b).abs() < 1e-9),
                "{name}"
            );
        }
        for class in ["usa", "other"] {
            let last =
                |name: &str| *cells[format!("licences:{name}:{class}").as_str()].last().expect("weeks");
            let waited = |fate: &str| -> f64 { cells[format!("wait:{fate}:{class}").as_str()].iter().sum() };
            for (fate, name) in [("approved", "approved"), ("rejected", "rejected"), ("open", "pending")] {
                assert_eq!(waited(fate), last(name), "{class}");
            }
            assert!(waited("approved") > 0.0);
        }
        // Nothing is decided before the dead time of 20 days.
        assert_eq!(cells["wait:approved:other"][0] + cells["wait:approved:other"][1], 0.0);
    }
}

/// A truce in which a tariff holds by turns with a stricter desk.
const TALKS: &str = r#"
[[shock]]
id = "talks"
kind = "regimes"
start = 2025-05-01
states = [
    { name = "truce", dwell = { exponential = { mean = 20 } }, next = { crisis = 1.0 } },
    { name = "crisis", dwell = { exponential = { mean = 10 } }, next = { truce = 1.0, worse = 1.0 }, shocks = ["strict"] },
    { name = "worse", dwell = 5, next = { truce = 1.0 }, shocks = ["strict", "tariff"] },
]
[[shock]]
id = "strict"
kind = "regime"
of = "control"
start = 2025-05-01
speed = 0.001
[[shock]]
id = "tariff"
kind = "tariff"
rate = 1.0
start = 2025-05-01
where = { from = ["CHN"], to_not = ["CHN"] }
"#;

/// Days on which each shock is in force, and spells that begin, over lanes.
#[derive(Default)]
struct Spells {
    strict: f64,
    tariff: f64,
    tariff_spells: f64,
    factor_days: f64,
}

impl Watch<8> for Spells {
    fn step(&mut self, _: &Kernel, step: u32, state: &State<8>) {
        let at = f64::from(step);
        for lane in 0..8 {
            let on = |shock: usize| at >= state.shock_start[shock][lane] && at < state.shock_end[shock][lane];
            self.strict += f64::from(u8::from(on(2)));
            self.tariff += f64::from(u8::from(on(3)));
            self.tariff_spells += f64::from(u8::from(on(3) && at == state.shock_start[3][lane]));
            self.factor_days += f64::from(u8::from(state.tariff.iter().any(|row| row[lane] != 1.0)));
            assert!(!on(3) || on(2), "the worst state keeps the desk strict");
        }
    }
}

#[test]
fn chains_of_regimes_turn_shocks_on_and_off() {
    let shocks = format!("kind = \"licensing\"\n{WHERE}\n{TALKS}");
    let mut chained = scenario(&shocks, "");
    chained.days = 2_100;
    let kernel = Kernel::compile(&chained);
    let (mut spells, mut state) = (Spells::default(), State::new(&kernel));
    for batch in 0..2 {
        kernel.watch::<8>(8 * batch, &mut state, &mut spells);
    }
    let days = 16.0 * (2_100.0 - 120.0);
    // A cycle is truce, crisis, and worse half of the time. Dwells are rounded up to whole days, which adds
    // half a day to an exponential one: 20.5 + 10.5 + 5/2 with the crisis's loop through truce.
    let (truce, crisis, worse) =
        (1.0 / (1.0 - libm::exp(-1.0 / 20.0)), 1.0 / (1.0 - libm::exp(-1.0 / 10.0)), 2.5);
    let cycle = truce + crisis + worse;
    let near = |found: f64, exact: f64| (found / exact - 1.0).abs() < 0.1;
    assert!(near(spells.strict / days, (crisis + worse) / cycle), "strict {}", spells.strict / days);
    assert!(near(spells.tariff / days, worse / cycle), "tariff {}", spells.tariff / days);
    assert!(
        near(spells.tariff / spells.tariff_spells, 5.0),
        "a spell lasts {}",
        spells.tariff / spells.tariff_spells
    );
    assert_eq!(spells.factor_days, spells.tariff, "what is in force is felt, and nothing else");
    // A chain that never leaves a state without shocks changes nothing.
    let quiet = scenario(&shocks.replace("next = { crisis = 1.0 }", "next = {}"), "");
    let none = scenario(&format!("kind = \"licensing\"\n{WHERE}"), "");
    assert_eq!(path(&quiet), path(&none));
}

/// What applicants of the only class reckon with at the end of each step, and what they have applied for or hold.
#[derive(Default)]
struct Reckoned(Vec<(f64, f64)>);

impl Watch<1> for Reckoned {
    fn step(&mut self, kernel: &Kernel, _: u32, state: &State<1>) {
        let days = state.desk.lead(0, 0, 0);
        let held = state.licences(kernel, 0)[0].iter().map(|(_, held, pending)| held + pending).sum();
        self.0.push((days, held));
    }
}

#[test]
fn applicants_learn_how_long_the_desk_takes() {
    // No intake, no returns, and 100 days of review for everybody: applicants count on 63 days, until the cases
    // of the first day, which have then waited as long, tell them more; from the first decision on they know.
    let parameters = "intake_low = 0\nintake_high = 0\ndesk_dead_time = 100\ndesk_mean = 0\ndesk_reject = 0\ndesk_return = 0\nlicensed_rate = 1e9\nlot_days = 1\npanic = 0\nsubstitution_cap = 0";
    let shock = format!("kind = \"licensing\"\nlaw = \"deterministic\"\n{WHERE}");
    let watch = |memory: &str| {
        let kernel = Kernel::compile(&scenario(&shock, &format!("{parameters}\nwait_memory = {memory}")));
        let mut seen = Reckoned::default();
        kernel.watch::<1>(0, &mut State::new(&kernel), &mut seen);
        seen.0
    };
    let (learning, deaf) = (watch("90"), watch("0"));
    let first = 93; // 4 April
    for day in 0..200 {
        assert_eq!(deaf[first + day].0, 63.0);
        let known = learning[first + day].0;
        assert!((63.0..=100.0 + 1e-9).contains(&known), "day {day}: {known}");
        if day >= 101 {
            assert!((known - 100.0).abs() < 1e-9, "day {day}: {known}");
        }
    }
    // Nobody waits more than 100 days and nobody less.
    assert_eq!(learning[first + 40].0, 63.0);
    assert!(learning[first + 95].0 > 63.0, "the news of open cases comes before any decision");
    // Who plans with 100 days has applied for or holds licences for 37 days more.
    assert!(learning[first + 199].1 > 1.2 * deaf[first + 199].1);
}
