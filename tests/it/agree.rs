//! The kernel agrees with the reference step by step.

use coercivity::kernel::{Kernel, State, Watch};
use coercivity::policy::shock::Kind;
use coercivity::scenario::Scenario;
use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef as _;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::graphs;
use crate::reference::{Line as OwnLine, Reason, Route as OwnRoute, Simulator};

/// Largest difference allowed, relative to the larger number or the scale of the row in calm.
const TOLERANCE: f64 = 1.0e-12;

/// Settings of a property test: the same cases in every run. `PROPTEST_CASES` asks for another number of
/// cases, and for new ones.
pub fn cases(count: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(count),
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(2025) },
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

/// Runs a reference beside each lane.
struct Beside<const L: usize> {
    first: u64,
    own: Vec<Simulator>,
    peaks: Vec<Peaks>,
}

/// Most that each route and line has held or moved so far: what rounding is measured by where nothing is
/// held in calm.
#[derive(Clone, Default)]
struct Peaks {
    routes: Vec<f64>,
    lines: Vec<f64>,
    /// Tonnes licensed or applied for: desk by desk, controlled route by controlled route.
    licences: Vec<Vec<f64>>,
    /// Most that each route has ordered over a month.
    ordered: Vec<f64>,
    /// How much larger than elsewhere differences may be: see [`Peaks::slack`].
    slack: f64,
}

/// Most that [`Peaks::slack`] may be.
const MOST_SLACK: f64 = 1.0e3;

impl Peaks {
    /// Shares follow what was sent ÷ what was ordered. Orders are differences of stocks: where they have
    /// fallen to a thousandth, their ratio is known a thousand times less well than they were, and so is what
    /// is ordered by it from then on.
    fn slack(&mut self, kernel: &Kernel, own: &Simulator) {
        self.ordered.resize(own.graph.edge_count(), 0.0);
        self.slack = self.slack.max(1.0);
        for (r, route) in own.graph.edge_weights().enumerate() {
            self.ordered[r] = self.ordered[r].max(route.ordered_month);
            if kernel.routes.links[r].adapting != u32::MAX && route.ordered_month > 0.0 {
                self.slack = self.slack.max(self.ordered[r] / route.ordered_month).min(MOST_SLACK);
            }
        }
    }

    fn see(&mut self, own: &Simulator) {
        self.routes.resize(own.graph.edge_count(), 0.0);
        self.lines.resize(own.graph.node_count(), 0.0);
        for (peak, route) in self.routes.iter_mut().zip(own.graph.edge_weights()) {
            *peak = peak.max(route.stock).max(route.book).max(route.leaving).max(route.cap.min(route.book));
        }
        for (peak, line) in self.lines.iter_mut().zip(own.graph.node_weights()) {
            *peak = peak.max(line.wanted).max(line.output).max(line.stock).max(line.demand);
        }
        // Heavy oxide is taken from a circuit that may hold very much more than is taken: what is made is known
        // as well as what there was.
        for group in &own.groups {
            let available = group.circuit + group.recovery * group.held;
            for line in group.lines.iter().copied() {
                self.lines[line] = self.lines[line].max(available);
                for route in own.graph.edges_directed(NodeIndex::new(line), Direction::Outgoing) {
                    let peak = &mut self.routes[route.id().index()];
                    *peak = peak.max(available);
                }
            }
        }
        // A balance of licences is a sum of what was licensed and shipped: where much was held, what is left is
        // known as well as that.
        self.licences.resize(own.desks.len(), Vec::new());
        for (peaks, desk) in self.licences.iter_mut().zip(&own.desks) {
            peaks.resize(desk.largest_lot.len(), 0.0);
            for (c, peak) in peaks.iter_mut().enumerate() {
                let (licensed, pending) = desk.tonnes(c);
                *peak = peak.max(3.0 * desk.largest_lot[c]).max(licensed).max(pending);
            }
        }
    }
}

impl<const L: usize> Watch<L> for Beside<L> {
    fn start(&mut self, kernel: &Kernel, state: &State<L>) {
        self.own = (0..L).map(|lane| Simulator::start(kernel, state, self.first, lane)).collect();
        self.peaks = vec![Peaks::default(); L];
        for (lane, own) in self.own.iter().enumerate() {
            self.peaks[lane].see(own);
            self.peaks[lane].slack(kernel, own);
            compare(kernel, state, own, &self.peaks[lane], lane, None);
        }
    }

    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<L>) {
        for (lane, own) in self.own.iter_mut().enumerate() {
            own.advance();
            self.peaks[lane].see(own);
            self.peaks[lane].slack(kernel, own);
            compare(kernel, state, own, &self.peaks[lane], lane, Some(step));
        }
    }
}

/// Everything one lane holds must be what its reference holds.
fn compare<const L: usize>(
    kernel: &Kernel,
    state: &State<L>,
    own: &Simulator,
    peaks: &Peaks,
    lane: usize,
    step: Option<u32>,
) {
    let tolerance = TOLERANCE * peaks.slack;
    let check = |name: &str, entity: &str, kernel: f64, own: f64, scale: f64| {
        let same =
            kernel == own || (kernel - own).abs() <= tolerance * kernel.abs().max(own.abs()).max(scale);
        assert!(
            same,
            "step {step:?}, lane {lane}, {name} of {entity}: kernel {kernel:e}, reference {own:e} (scale {scale:e})"
        );
    };
    let graph = &own.scenario.lines;
    let dt = f64::from(own.scenario.step_days);
    // What is left of a quota is known as well as the quota itself, however little a route carries.
    let sizes = own.events.iter().zip(&own.scenario.shocks);
    let quotas = sizes.filter(|(_, shock)| matches!(shock.kind, Kind::Quota { .. }));
    let quotas = quotas.map(|(event, _)| event.size.abs()).fold(0.0, f64::max);
    for r in 0..own.graph.edge_count() {
        assert_eq!(kernel.routes.id[r].index(), r, "test networks list routes in the kernel's order");
        let id = graph.routes[r].id.as_str();
        let route = &own.graph[EdgeIndex::new(r)];
        let (_, buyer) = own.graph.edge_endpoints(EdgeIndex::new(r)).unwrap();
        let flow = (route.weight * route.amount * own.graph[buyer].base_output).max(route.base_flow) * dt;
        let goods = (flow * (1.0 + route.target_days / dt + f64::from(route.lead))).max(peaks.routes[r]);
        let flow = flow.max(peaks.routes[r]);
        let transit: f64 = route.under_way.iter().map(|s| s.tonnes).sum();
        let held = &state.routes[r];
        // Orders of this step are in the kernel's smoothed orders already.
        let fortnight = (dt / 14.0).min(1.0);
        let ordered = route.ordered_fortnight + fortnight * (route.placed - route.ordered_fortnight);
        let owed_scale = peaks.lines[buyer.index()] * (1.0 + route.target_days / dt);
        let mut rows: Vec<(&str, f64, f64, f64)> = vec![
            ("base flow", held.base_flow[lane], route.base_flow, 0.0),
            ("stock", held.stock[lane], route.stock, goods),
            ("transit", held.transit[lane], transit, goods),
            ("book", held.book[lane], route.book, goods),
            ("owed", held.owed[lane], route.owed, owed_scale),
            ("forgone", held.forgone[lane], route.forgone, goods),
            ("ordered, fortnight", held.ordered_fortnight[lane], ordered, goods),
            ("sent, fortnight", held.sent_fortnight[lane], route.sent_fortnight, flow),
            ("share", held.share[lane], route.share, 1.0),
            ("amount", state.amount_of(kernel, r)[lane], route.amount, 0.0),
            ("tariff", state.tariff[r][lane], route.tariff, 0.0),
            ("growth", state.growth[r][lane], route.growth, 0.0),
            // Discrete: equal to the last bit.
            ("extra lead", state.extra_lead[r][lane], route.extra_lead, -1.0),
            ("candidate's clock", state.candidate_days[r][lane], route.clock, -1.0),
            ("weight", state.weight[r][lane], route.weight, -1.0),
            ("target days", held.target_days[lane], route.target_days, -1.0),
        ];
        if step.is_some() {
            rows.push(("leaving", held.leaving[lane], route.leaving, flow));
        }
        if let Some(memory) = state.adapting.get(kernel.routes.links[r].adapting as usize) {
            rows.push(("placed", memory.placed[lane], route.placed, goods));
            rows.push(("ordered, month", memory.ordered_month[lane], route.ordered_month, goods));
            rows.push(("sent, month", memory.sent_month[lane], route.sent_month, flow));
        }
        for (name, found, own, scale) in rows {
            if scale < 0.0 {
                assert_eq!(found.to_bits(), own.to_bits(), "step {step:?}, lane {lane}, {name} of {id}");
            } else {
                check(name, id, found, own, scale);
            }
        }
        arrivals(kernel, state, route, (r, lane), step, |kernel, own| {
            check("goods due", id, kernel, own, flow)
        });
        let governed = kernel.routes.governed[r];
        if let (Some(_), true) = (step, governed != u32::MAX) {
            let g = governed as usize;
            check("cap", id, state.cap[g][lane], route.cap, (flow * 30.0).max(quotas));
            assert_eq!(state.closures[g][lane], route.closures, "step {step:?}, closures of {id}");
            assert_eq!(state.exempt[g][lane], route.exempt, "step {step:?}, general licences of {id}");
            assert_eq!(state.held[g][lane], route.held_until, "step {step:?}, hold of {id}");
        } else if step.is_some() {
            assert_eq!(route.cap, f64::INFINITY, "a route no shock names is capped: {id}");
        }
    }
    for i in 0..own.graph.node_count() {
        let id = graph.lines[i].id.as_str();
        let line = &own.graph[NodeIndex::new(i)];
        line_rows(state, line, peaks.lines[i], (i, lane), step, &|name, kernel, own, scale| {
            check(name, id, kernel, own, scale)
        });
    }
    for (p, pool) in own.pools.iter().enumerate() {
        check("capacity", "a pool", state.capacity[p][lane], pool.capacity, 0.0);
        check("capacity lost", "a pool", state.loss[p][lane], pool.loss, 1.0);
        check("capacity added", "a pool", state.added[p][lane], pool.added, 1.0);
        check("over-production", "a pool", state.overproduction[p][lane], pool.overproduction, 1.0);
    }
    for (g, group) in own.groups.iter().enumerate() {
        let scale = group.circuit_most;
        check("circuit", "a group", state.circuit[g][lane], group.circuit, scale);
        check("circuit's most", "a group", state.circuit_most[g][lane], group.circuit_most, 0.0);
        check("recovery", "a group", state.recovery[g][lane], group.recovery, 0.0);
        check("tailings", "a group", state.tailings[g][lane], group.tailings, scale);
    }
    for (s, event) in own.events.iter().enumerate() {
        let id = own.scenario.shocks[s].id.as_str();
        check("left", id, state.shock_left[s][lane], event.left, event.size.abs());
        check("quota", id, state.quota_left[s][lane], event.quota_left, event.size.abs());
    }
    for m in 0..4 {
        check("price", "a market", state.price[m][lane], own.price[m], 1.0);
        check("withheld", "a market", state.withheld[m][lane], own.withheld[m], 1.0);
    }
    desks(kernel, state, own, peaks, lane, step);
}

/// Goods due in each of the next steps, route by route.
fn arrivals<const L: usize>(
    kernel: &Kernel,
    state: &State<L>,
    route: &OwnRoute,
    (r, lane): (usize, usize),
    step: Option<u32>,
    check: impl Fn(f64, f64),
) {
    let next = step.map_or(0, |step| step + 1);
    let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
    for due in next..next + surface.slots.max(air.slots) {
        let mut own_due = 0.0;
        for ring in [&surface, &air] {
            own_due += state.due(kernel, ring, due - next)[lane];
        }
        let own = route.under_way.iter().filter(|s| s.due == due).map(|s| s.tonnes).sum();
        check(own_due, own);
    }
}

fn line_rows<const L: usize>(
    state: &State<L>,
    line: &OwnLine,
    peak: f64,
    (i, lane): (usize, usize),
    step: Option<u32>,
    check: &dyn Fn(&str, f64, f64, f64),
) {
    check("base output", state.base_output[i][lane], line.base_output, 0.0);
    check("base final demand", state.base_final[i][lane], line.base_final, 0.0);
    check("stock target", state.finished_target[i][lane], line.stock_target, peak);
    check("finished stock", state.finished[i][lane], line.stock, 30.0 * peak);
    check("deferred", state.deferred[i][lane], line.deferred, 30.0 * peak);
    check("lost", state.lost[i][lane], line.lost, 30.0 * peak);
    check("expected", state.expected[i][lane], line.expected, peak);
    check("trend", state.trend[i][lane], line.trend, peak);
    if step.is_none() {
        return;
    }
    check("output", state.output[i][lane], line.output, peak);
    check("wanted", state.wanted[i][lane], line.wanted, 10.0 * peak);
    check("owing", state.owing[i][lane], line.owing, 10.0 * peak);
    check("demand", state.demand[i][lane], line.demand, peak);
    if line.base_final > 0.0 {
        check("calm demand", state.calm_demand[i][lane], line.calm_demand, 0.0);
        check("final demand", state.final_demand[i][lane], line.final_demand, 0.0);
        check("served", state.served[i][lane], line.served, peak);
    }
    assert_eq!(state.demand_factor[i][lane], line.demand_factor);
    assert_eq!(
        state.restart[i][lane],
        line.restart,
        "step {step:?}: restart of line {i}, whose output is {:e} and {:e}, wanted {:e} and {:e}, base {:e} and {:e}",
        state.output[i][lane],
        line.output,
        state.wanted[i][lane],
        line.wanted,
        state.base_output[i][lane],
        line.base_output
    );
    let reason = match line.reason {
        Reason::Demand => u32::MAX,
        Reason::Capacity => u32::MAX - 1,
        Reason::Stopped => u32::MAX - 2,
        Reason::Input(input) => input,
    };
    // What binds is told apart at 1e-9 of what is wanted: where so little is wanted that this is less than
    // the tolerance, rounding decides.
    let idle = 1.0e-9 * line.wanted.max(state.wanted[i][lane]) <= TOLERANCE * peak;
    assert!(
        idle || state.bound[i][lane] == reason,
        "step {step:?}, lane {lane}: {} bound line {i}, reference {reason}; wanted {:e} ({:e}), made {:e} ({:e})",
        state.bound[i][lane],
        state.wanted[i][lane],
        line.wanted,
        state.output[i][lane],
        line.output
    );
}

fn desks<const L: usize>(
    kernel: &Kernel,
    state: &State<L>,
    own: &Simulator,
    peaks: &Peaks,
    lane: usize,
    step: Option<u32>,
) {
    let licences = state.licences(kernel, lane);
    let mut filed = [0.0; 5];
    for (d, desk) in own.desks.iter().enumerate() {
        let Some(Kind::Licensing(rule)) = own.scenario.shocks.get(desk.shock).map(|shock| &shock.kind) else {
            unreachable!()
        };
        for (r, licensed, pending) in &licences[d] {
            let c = rule.controlled.iter().position(|id| id == r).unwrap();
            let scale = peaks.licences[d][c];
            let tonnes = desk.tonnes(c);
            for (kernel, own) in [(*licensed, tonnes.0), (*pending, tonnes.1)] {
                let close = (kernel - own).abs() <= TOLERANCE * peaks.slack * scale.max(own);
                assert!(
                    close,
                    "step {step:?}, lane {lane}, licences of route {r:?}: kernel {kernel:e}, reference {own:e}"
                );
            }
        }
        let counts = &desk.counts;
        for (sum, count) in filed.iter_mut().zip([
            counts.filed,
            counts.approved,
            counts.returned,
            counts.rejected,
            counts.waited,
        ]) {
            *sum += count;
        }
    }
    let counts = state.desk_counts(lane);
    assert_eq!(counts[..4], filed[..4], "step {step:?}, lane {lane}: filed, approved, returned, rejected");
    assert!((counts[4] - filed[4]).abs() <= 1.0e-9 * filed[4].abs(), "step {step:?}: days waited");
}

fn beside<const L: usize>(scenario: &Scenario, first: u64) {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<L>::new(&kernel);
    kernel.watch(first, &mut state, &mut Beside::<L> { first, own: Vec::new(), peaks: Vec::new() });
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn kernel_and_reference_agree_at_every_step(plan in graphs::plans()) {
        beside::<2>(&plan.scenario(), 3);
    }
}
