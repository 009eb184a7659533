//! A chain at rest stays at rest, whatever the rules; nothing happening is nothing, bit for bit.

use coercivity::id::LineId;
use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::line::{Band, Criticality, EndUse, Stage};
use coercivity::policy::licence::{ReviewLaw, Use};
use coercivity::policy::parameter::{Parameter, Parameters};
use coercivity::policy::response::{Production, Rationing, Sourcing, Switches};
use coercivity::policy::shock::{Kind, RecoveryShape, Shock};
use coercivity::scenario::Scenario;

use super::build::{Capacity, Net, Way, chain, fixed, licensing, run, run_of, scenario, set, shock};

/// A small world with everything in it: two countries, two inputs, a shared supplier, a separation group,
/// recycling, bands on every number that is drawn.
pub fn small_world() -> (Net, Vec<LineId>) {
    let mut net = Net::default();
    let mines = [net.mine("mine-a"), net.mine("mine-b")];
    let oxide = net.facility("oxide", Stage::Separation, "CHN", Capacity::Tight, 0.0);
    let heavy = net.facility("heavy-oxide", Stage::Separation, "CHN", Capacity::Tight, 0.0);
    net.graph.lines[heavy.index()].coproduct_of = Some(oxide);
    let recycler = net.facility("recycler", Stage::Metal, "JPN", Capacity::Tight, 0.0);
    let makers = [
        net.facility("magnet-cn", Stage::Magnet, "CHN", Capacity::Of(40.0), 0.0),
        net.facility("magnet-jp", Stage::Magnet, "JPN", Capacity::Tight, 0.0),
    ];
    let motors = [
        net.facility("motor-cn", Stage::Component, "CHN", Capacity::Tight, 0.0),
        net.facility("motor-de", Stage::Component, "DEU", Capacity::Of(30.0), 0.0),
    ];
    let cars = [
        net.facility("cars-de", Stage::Automaker, "DEU", Capacity::Tight, 7.0),
        net.facility("cars-us", Stage::Automaker, "USA", Capacity::Tight, 5.0),
    ];
    let wind = net.facility("wind", Stage::OtherDemand, "DEU", Capacity::Tight, 2.5);
    net.graph.lines[wind.index()].end_use = EndUse::Wind;
    let way = Way::default();
    net.route(mines[0], oxide, "ore", Way { share: 0.7, amount: 1.7, ..way });
    net.route(mines[1], oxide, "ore", Way { share: 0.3, amount: 1.7, lead: 9, ..way });
    for maker in makers {
        net.route(oxide, maker, "oxide", Way { share: 0.9, amount: 0.33, cover: 17.0, ..way });
        net.route(recycler, maker, "oxide", Way { share: 0.1, amount: 0.33, cover: 11.0, ..way });
        net.route(heavy, maker, "heavy oxide", Way { amount: 0.013, ..way });
    }
    net.route(makers[1], recycler, "swarf", Way { amount: 0.4, ..way });
    for motor in motors {
        net.route(makers[0], motor, "heavy magnets", Way { share: 0.85, amount: 1.1, lead: 11, ..way });
        net.route(makers[1], motor, "heavy magnets", Way { share: 0.15, amount: 1.1, lead: 5, cover: 21.0 });
    }
    for car in cars {
        net.route(motors[0], car, "motors", Way { share: 0.4, amount: 1.3, lead: 20, ..way });
        net.route(motors[1], car, "motors", Way { share: 0.6, amount: 1.3, lead: 2, ..way });
        net.route(makers[0], car, "magnets", Way { amount: 0.2, lead: 13, cover: 30.0, ..way });
    }
    net.route(makers[0], wind, "magnets", Way { share: 0.5, amount: 0.6, ..way });
    net.route(makers[1], wind, "magnets", Way { share: 0.5, amount: 0.6, ..way });
    for route in &mut net.graph.routes {
        let (share, cover) = (route.share.central, route.cover.central);
        route.share = Band { low: 0.7 * share, central: share, high: (1.2 * share).min(1.0) };
        route.cover = Band { low: 0.5 * cover, central: cover, high: 2.0 * cover };
    }
    for line in &mut net.graph.lines {
        if line.inputs.len() > 1 {
            line.inputs[1].criticality = Criticality::NonEssential { cost_share: 0.3 };
        }
    }
    let mut lines = vec![oxide, heavy, recycler, wind];
    lines.extend(mines.into_iter().chain(makers).chain(motors).chain(cars));
    (net, lines)
}

/// The small world with the program's own defaults and everything drawn.
pub fn drawn(days: u32, shocks: Vec<Shock>) -> Scenario {
    let mut scenario = scenario(&small_world().0, days, shocks);
    scenario.parameters = Parameters::default();
    scenario.switches = Switches::default();
    scenario
}

/// Largest relative distance from the first step's state.
struct Drift<const L: usize> {
    first: Option<Vec<Vec<[f64; L]>>>,
    worst: f64,
}

impl<const L: usize> Watch<L> for Drift<L> {
    fn step(&mut self, _: &Kernel, _: u32, state: &State<L>) {
        let now = [
            &state.output,
            &state.finished,
            &state.expected,
            &state.trend,
            &state.column(|route| route.stock),
            &state.column(|route| route.transit),
            &state.column(|route| route.book),
            &state.column(|route| route.ordered_fortnight),
            &state.column(|route| route.leaving),
            &state.column(|route| route.share),
            &state.overproduction,
            &state.circuit,
        ];
        let Some(first) = &self.first else {
            self.first = Some(now.into_iter().cloned().collect());
            return;
        };
        for (rows, before) in now.into_iter().zip(first) {
            for (row, old) in rows.iter().zip(before) {
                for lane in 0..L {
                    let apart = (row[lane] - old[lane]).abs() / old[lane].abs().max(1.0e-6);
                    self.worst = if apart > self.worst || apart.is_nan() { apart } else { self.worst };
                }
            }
        }
    }
}

/// No shock and growth fixed: every state stays where it was for 1,000 steps, for every production,
/// sourcing and rationing rule and every draw.
#[test]
fn without_a_shock_nothing_moves() {
    let mut scenario = drawn(1000, Vec::new());
    set(&mut scenario, Parameter::Growth, 1.1);
    for production in [Production::Hard, Production::Psi, Production::Critical] {
        for sourcing in [Sourcing::Pooled, Sourcing::Dedicated, Sourcing::AllNeeded] {
            for rationing in [
                Rationing::Proportional,
                Rationing::Priority,
                Rationing::LeastHurtFirst,
                Rationing::ContractFirst,
                Rationing::DomesticFirst,
                Rationing::Price,
            ] {
                for mix in [0.0, 0.5] {
                    let switches = &mut scenario.switches;
                    (switches.production, switches.rationing) = (production, rationing);
                    switches.sourcing = [sourcing; 7];
                    switches.priority = vec![EndUse::Wind];
                    switches.price_feedback = true;
                    switches.bypass = true;
                    set(&mut scenario, Parameter::PooledMix, mix);
                    let kernel = Kernel::compile(&scenario);
                    let mut state = State::<4>::new(&kernel);
                    let mut drift = Drift { first: None, worst: 0.0 };
                    kernel.watch(0, &mut state, &mut drift);
                    assert!(
                        drift.worst < 1.0e-11,
                        "{production:?} {sourcing:?} {rationing:?} {mix}: {}",
                        drift.worst
                    );
                }
            }
        }
    }
}

/// Weeks as steps rest as well.
#[test]
fn without_a_shock_nothing_moves_by_the_week() {
    let mut scenario = drawn(7000, Vec::new());
    scenario.step_days = 7;
    let kernel = Kernel::compile(&scenario);
    let mut state = State::<4>::new(&kernel);
    let mut drift = Drift { first: None, worst: 0.0 };
    kernel.watch(0, &mut state, &mut drift);
    assert!(drift.worst < 1.0e-11, "{}", drift.worst);
}

/// Shocks of no size leave every number of every step as it is without them.
#[test]
fn a_shock_of_no_size_changes_no_bit() {
    let (net, lines) = small_world();
    let routes: Vec<_> = (0..net.graph.routes.len()).map(coercivity::id::RouteId::new).collect();
    let pools: Vec<_> = lines.iter().map(|line| net.pool(*line)).collect();
    let kinds = [
        Kind::CapacityLoss {
            pools: pools.clone(),
            loss: fixed(0.0),
            recovery: RecoveryShape::Linear,
            recovery_days: fixed(30.0),
        },
        Kind::Quota { routes: routes.clone(), tonnes: fixed(1.0e9), period_days: 30 },
        Kind::Tariff { routes: routes.clone(), rate: fixed(0.0) },
        Kind::LaneDelay { routes: routes.clone(), days: fixed(0.0) },
        Kind::DemandChange { lines: lines.clone(), factor: fixed(1.0) },
        Kind::StockpileRelease { routes: routes.clone(), tonnes: fixed(0.0), rate: 5.0, trigger_cover: 90.0 },
        Kind::StockpileRelease { routes: routes.clone(), tonnes: fixed(9.0), rate: 5.0, trigger_cover: 0.0 },
        Kind::NewCapacity {
            pools: pools.clone(),
            added: fixed(0.0),
            ramp_days: fixed(10.0),
            routes: routes.clone(),
        },
        Kind::Subsidy { pools, growth: fixed(0.0) },
        Kind::Substitution { lines, rate: fixed(0.0), limit: 1.0 },
        Kind::GeneralLicence { routes: routes.clone() },
        Kind::Embargo { routes: Vec::new() },
    ];
    // A fire makes the run lively, so that the shock has something to disturb.
    let fire = || {
        let pool = net.pool(LineId::new(5));
        super::build::outage(vec![pool], 0.6, 30, 40)
    };
    let calm = run_of(&drawn(200, vec![fire()]), 3);
    for (k, kind) in kinds.into_iter().enumerate() {
        let run = run_of(&drawn(200, vec![fire(), shock("nothing", kind.clone(), 20, Some(150))]), 3);
        for (t, (found, expected)) in run.steps.iter().zip(&calm.steps).enumerate() {
            assert!(found == expected, "shock {k} {kind:?} moves step {t}");
        }
    }
    let empty = licensing(&[], ReviewLaw::default(), Use::Multi);
    let run = run_of(&drawn(200, vec![fire(), shock("nothing", empty, 20, None)]), 3);
    assert!(run.steps == calm.steps);
}

/// One week of 1 % more demand raises orders six stages up by at most 5 %: no bullwhip.
#[test]
fn a_small_pulse_stays_small_upstream() {
    let (net, lines) = chain(8.0, &[20.0, 20.0, 20.0, 20.0, 20.0, 20.0], 10);
    let pulse = Kind::DemandChange { lines: vec![lines[6]], factor: fixed(1.01) };
    let mut scenario = scenario(&net, 600, vec![shock("pulse", pulse, 30, Some(37))]);
    scenario.parameters = Parameters::default();
    set(&mut scenario, Parameter::Growth, 1.0);
    let run = run(&scenario);
    // Orders of each step, from what they do to their mean over 14 days.
    let ordered: Vec<f64> = run.steps.iter().map(|step| step.ordered[0]).collect();
    let placed = ordered.windows(2).map(|pair| pair[0] + 14.0 * (pair[1] - pair[0]));
    let most = placed.fold(0.0, f64::max);
    assert!(most > 8.0 && most <= 8.0 * 1.05, "orders at the mine rise to {most}");
}
