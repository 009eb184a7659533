//! Nothing is made of nothing: every step of every random case, per route, line, material and element.

use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::line::{Criticality, Stage};
use coercivity::policy::response::Production;
use coercivity::policy::shock::Kind;
use proptest::prelude::*;

use crate::agree::cases;
use crate::graphs;

/// Largest error allowed, relative to what is held.
const TOLERANCE: f64 = 1.0e-10;

/// What one lane held at the end of the step before.
#[derive(Clone, Default)]
struct Held {
    stock: Vec<f64>,
    /// Goods due in the next step, per route.
    due: Vec<f64>,
    finished: Vec<f64>,
    amount: Vec<f64>,
    circuit: Vec<f64>,
    tailings: Vec<f64>,
    unrecovered: Vec<f64>,
    deferred: Vec<f64>,
    lost: Vec<f64>,
    stockpiles: Vec<f64>,
    /// Most that each route and line has held or moved so far: rounding is measured by it.
    route_peak: Vec<f64>,
    line_peak: Vec<f64>,
}

/// Mass in and out since the start, for one element or material.
#[derive(Clone, Default, Debug)]
struct Account {
    name: String,
    at_start: f64,
    made: f64,
    used: f64,
}

struct Ledger<const L: usize> {
    held: Vec<Held>,
    accounts: Vec<Vec<Account>>,
}

fn in_transit<const L: usize>(kernel: &Kernel, state: &State<L>, r: usize, lane: usize) -> f64 {
    [kernel.routes.surface[r], kernel.routes.air[r]]
        .iter()
        .flat_map(|ring| (0..ring.slots).map(move |ahead| state.due(kernel, ring, ahead)[lane]))
        .sum()
}

fn hold<const L: usize>(kernel: &Kernel, state: &State<L>, lane: usize) -> Held {
    let of = |rows: &[[f64; L]]| rows.iter().map(|row| row[lane]).collect::<Vec<f64>>();
    let due = |r: usize| {
        let rings = [kernel.routes.surface[r], kernel.routes.air[r]];
        rings.iter().map(|ring| state.due(kernel, ring, 0)[lane]).sum()
    };
    let shocks = kernel.scenario().shocks.iter().zip(&state.shock_left);
    let route_peak = |r: usize| {
        state.routes[r].stock[lane].max(in_transit(kernel, state, r, lane)).max(state.routes[r].book[lane])
    };
    let line_peak = |i: usize| state.finished[i][lane] + state.output[i][lane] + state.wanted[i][lane];
    Held {
        route_peak: (0..state.routes.len()).map(route_peak).collect(),
        line_peak: (0..state.output.len()).map(line_peak).collect(),
        stock: of(&state.column(|route| route.stock)),
        due: (0..state.routes.len()).map(due).collect(),
        finished: of(&state.finished),
        amount: (0..state.routes.len()).map(|r| state.amount_of(kernel, r)[lane]).collect(),
        circuit: of(&state.circuit),
        tailings: of(&state.tailings),
        unrecovered: of(&state.unrecovered),
        deferred: of(&state.deferred),
        lost: of(&state.lost),
        stockpiles: shocks
            .filter(|(s, _)| matches!(s.kind, Kind::StockpileRelease { .. }))
            .map(|(_, left)| left[lane])
            .collect(),
    }
}

/// Tonnes that stockpiles gave since, without what they bought back.
fn released(before: &[f64], now: &[f64]) -> f64 {
    before.iter().zip(now).map(|(before, now)| (before - now).max(0.0)).sum()
}

/// Contents of a line's product: NdPr, Dy and Tb. Ore counts by what its buyers get out of it, route by route.
fn content(kernel: &Kernel, element: usize, line: usize) -> f64 {
    let graph = &kernel.scenario().lines;
    let material = &graph.materials[graph.lines[line].product.index()];
    if element == 0 { material.ndpr } else { material.dytb }
}

/// Stocks, transit and finished goods of one material, weighed.
fn weighed<const L: usize>(
    kernel: &Kernel,
    state: &State<L>,
    lane: usize,
    weight: &dyn Fn(usize) -> f64,
) -> f64 {
    let graph = &kernel.scenario().lines;
    let mut sum = 0.0;
    for (r, route) in graph.routes.iter().enumerate() {
        sum +=
            weight(route.from.index()) * (state.routes[r].stock[lane] + in_transit(kernel, state, r, lane));
    }
    for line in 0..graph.lines.len() {
        sum += weight(line) * state.finished[line][lane];
    }
    sum
}

impl<const L: usize> Watch<L> for Ledger<L> {
    fn start(&mut self, kernel: &Kernel, state: &State<L>) {
        let materials = &kernel.scenario().lines.materials;
        self.held = (0..L).map(|lane| hold(kernel, state, lane)).collect();
        self.accounts = (0..L)
            .map(|lane| {
                let mut accounts = Vec::new();
                for (m, material) in materials.iter().enumerate() {
                    let at_start = weighed(kernel, state, lane, &|line| is_of(kernel, line, m));
                    accounts.push(Account { name: material.name.clone(), at_start, ..Account::default() });
                }
                for (element, name) in ["NdPr", "Dy and Tb"].into_iter().enumerate() {
                    let at_start = weighed(kernel, state, lane, &|line| content(kernel, element, line));
                    accounts.push(Account { name: name.into(), at_start, ..Account::default() });
                }
                accounts
            })
            .collect();
    }

    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<L>) {
        for lane in 0..L {
            let mut now = hold(kernel, state, lane);
            for (now, before) in now.route_peak.iter_mut().zip(&self.held[lane].route_peak) {
                *now = now.max(*before);
            }
            for (now, before) in now.line_peak.iter_mut().zip(&self.held[lane].line_peak) {
                *now = now.max(*before);
            }
            let mut before = std::mem::replace(&mut self.held[lane], now);
            (before.route_peak, before.line_peak) =
                (self.held[lane].route_peak.clone(), self.held[lane].line_peak.clone());
            let used = routes_balance(kernel, step, state, lane, &before);
            lines_balance(kernel, step, state, lane, &before, &used);
            circuits_balance(kernel, step, state, lane, &before, &used);
            self.materials(kernel, step, state, lane, &before, &used);
        }
    }
}

fn is_of(kernel: &Kernel, line: usize, material: usize) -> f64 {
    f64::from(u8::from(kernel.scenario().lines.lines[line].product.index() == material))
}

fn close(a: f64, b: f64, scale: f64, what: &str, step: u32) {
    assert!(
        (a - b).abs() <= TOLERANCE * scale.abs().max(a.abs()).max(b.abs()),
        "step {step}: {what}: {a:e} against {b:e}"
    );
}

/// Stock changes by what arrives and is used; nothing is below zero; transit is what the rings hold. Gives
/// what each route's stock lost to production, tonnes.
fn routes_balance<const L: usize>(
    kernel: &Kernel,
    step: u32,
    state: &State<L>,
    lane: usize,
    before: &Held,
) -> Vec<f64> {
    let graph = &kernel.scenario().lines;
    let mut into_stock = vec![0.0; graph.routes.len()];
    let released = released(&before.stockpiles, &hold(kernel, state, lane).stockpiles);
    let piles: Vec<usize> = kernel
        .scenario()
        .shocks
        .iter()
        .filter_map(|shock| match &shock.kind {
            Kind::StockpileRelease { routes, .. } => Some(routes.iter().map(|r| r.index())),
            _ => None,
        })
        .flatten()
        .collect();
    for (r, route) in graph.routes.iter().enumerate() {
        let id = &route.id;
        for (name, rows) in [
            ("stock", &state.column(|route| route.stock)),
            ("book", &state.column(|route| route.book)),
            ("transit", &state.column(|route| route.transit)),
            ("leaving", &state.column(|route| route.leaving)),
            ("owed", &state.column(|route| route.owed)),
            ("forgone", &state.column(|route| route.forgone)),
        ] {
            assert!(
                rows[r][lane] >= 0.0 && rows[r][lane].is_finite(),
                "step {step}: {name} of {id} is {}",
                rows[r][lane]
            );
        }
        let transit = in_transit(kernel, state, r, lane);
        let scale = before.route_peak[r];
        close(transit, state.routes[r].transit[lane], scale, "goods in transit and the rings", step);
        into_stock[r] = before.stock[r] + before.due[r] - state.routes[r].stock[lane];
        if piles.contains(&r) && released > 0.0 {
            // Released to this route and others together: checked per material below.
            continue;
        }
        assert!(
            into_stock[r] >= -TOLERANCE * scale,
            "step {step}: {id} gained {} from nowhere",
            -into_stock[r]
        );
    }
    into_stock
}

/// Output is matched by inputs; finished stock changes by output less what left; demand is served, deferred
/// or lost.
fn lines_balance<const L: usize>(
    kernel: &Kernel,
    step: u32,
    state: &State<L>,
    lane: usize,
    before: &Held,
    used: &[f64],
) {
    let scenario = kernel.scenario();
    let graph = &scenario.lines;
    let pile = |r: usize| {
        scenario.shocks.iter().any(|s| matches!(&s.kind, Kind::StockpileRelease { routes, .. } if routes.iter().any(|id| id.index() == r)))
    };
    for (i, line) in graph.lines.iter().enumerate() {
        let output = state.output[i][lane];
        let base = before.line_peak[i];
        assert!(
            output >= 0.0 && state.finished[i][lane] >= 0.0,
            "step {step}: output {output}, stock {} of {}",
            state.finished[i][lane],
            line.id
        );
        for input in &line.inputs {
            let routes: Vec<usize> = input.routes.iter().map(|r| r.index()).collect();
            if routes.is_empty() || routes.iter().any(|r| pile(*r) || before.amount[*r] <= 0.0) {
                continue;
            }
            let made_of: f64 = routes.iter().map(|r| used[*r] / before.amount[*r]).sum();
            let held: f64 = routes.iter().map(|r| before.stock[*r] / before.amount[*r]).sum();
            let scale = held + base;
            let binds = match input.criticality {
                Criticality::Essential => true,
                Criticality::NonEssential { .. } => scenario.switches.production != Production::Critical,
                Criticality::Negligible => false,
            };
            if binds {
                close(made_of, output, scale, &format!("inputs and output of {}", line.id), step);
            } else {
                assert!(
                    made_of <= output + TOLERANCE * scale,
                    "step {step}: {} uses more than it makes",
                    line.id
                );
            }
        }
        let left: f64 = line.outgoing.iter().map(|r| state.routes[r.index()].leaving[lane]).sum();
        let served = if line.final_demand > 0.0 { state.served[i][lane] } else { 0.0 };
        let expected = before.finished[i] + output - left - served;
        close(
            state.finished[i][lane],
            expected,
            before.finished[i] + base,
            &format!("finished stock of {}", line.id),
            step,
        );
        if line.final_demand > 0.0 {
            let waiting = state.deferred[i][lane] - before.deferred[i] + state.lost[i][lane] - before.lost[i];
            close(
                state.final_demand[i][lane] - served,
                waiting,
                base + state.lost[i][lane] + state.deferred[i][lane],
                &format!("demand of {}", line.id),
                step,
            );
        }
    }
}

/// Heavy oxide: what the ore used held is made, kept in the circuit or in tailings, or was not recovered.
fn circuits_balance<const L: usize>(
    kernel: &Kernel,
    step: u32,
    state: &State<L>,
    lane: usize,
    before: &Held,
    used: &[f64],
) {
    let graph = &kernel.scenario().lines;
    let mut feeds: Vec<usize> = Vec::new();
    for line in &graph.lines {
        if let Some(feed) = line.coproduct_of.map(|feed| feed.index()).filter(|feed| !feeds.contains(feed)) {
            feeds.push(feed);
        }
    }
    let mut contents = state.content.iter().map(|row| row[lane]);
    let pile = |r: usize| {
        kernel.scenario().shocks.iter().any(|s| matches!(&s.kind, Kind::StockpileRelease { routes, .. } if routes.iter().any(|id| id.index() == r)))
    };
    for (g, &feed) in feeds.iter().enumerate() {
        let ores = graph.lines[feed].inputs.iter().flat_map(|input| &input.routes);
        let ores: Vec<usize> = ores.map(|r| r.index()).collect();
        let held: f64 = ores.iter().map(|r| used[*r] * contents.next().unwrap()).sum();
        let held = if ores.is_empty() { state.output[feed][lane] } else { held };
        if ores.iter().any(|r| pile(*r)) {
            // Of these stocks it is not known here what was used.
            continue;
        }
        let heavy: f64 = (0..graph.lines.len())
            .filter(|i| graph.lines[*i].coproduct_of.is_some_and(|parent| parent.index() == feed))
            .map(|i| state.output[i][lane])
            .sum();
        let lost = state.unrecovered[g][lane] - before.unrecovered[g];
        // Circuits recover no more than the ore holds, but where it is on record that the feed is not.
        let of_nothing = state.recovery[g][lane] > 1.0 + 1.0e-9;
        assert!(
            of_nothing || lost >= -TOLERANCE * (held.abs() + before.circuit[g] + before.line_peak[feed]),
            "step {step}: heavy oxide of nothing, {lost} of {held}"
        );
        let kept =
            lost + state.circuit[g][lane] - before.circuit[g] + state.tailings[g][lane] - before.tailings[g];
        close(
            held - heavy,
            kept,
            before.circuit[g]
                + held.abs()
                + state.tailings[g][lane]
                + state.unrecovered[g][lane].abs()
                + state.circuit_most[g][lane]
                + before.line_peak[feed],
            "heavy oxide of a group",
            step,
        );
    }
}

impl<const L: usize> Ledger<L> {
    /// Per material and element, since the start: held now = held then + made − used − sold.
    fn materials(
        &mut self,
        kernel: &Kernel,
        step: u32,
        state: &State<L>,
        lane: usize,
        before: &Held,
        used: &[f64],
    ) {
        let graph = &kernel.scenario().lines;
        let released = released(&before.stockpiles, &self.held[lane].stockpiles);
        if released > 0.0
            && kernel
                .scenario()
                .shocks
                .iter()
                .filter(|s| matches!(s.kind, Kind::StockpileRelease { .. }))
                .count()
                > 0
        {
            // What a pile gives its buyers is what it loses.
            let gained: f64 = used.iter().map(|u| (-u).max(0.0)).sum();
            assert!(
                gained <= released * (1.0 + 1.0e-9),
                "step {step}: stocks gained {gained} of {released} released"
            );
        }
        let count = graph.materials.len();
        for k in 0..self.accounts[lane].len() {
            let weight = |line: usize| {
                if k < count { is_of(kernel, line, k) } else { content(kernel, k - count, line) }
            };
            let account = &mut self.accounts[lane][k];
            for (i, line) in graph.lines.iter().enumerate() {
                account.made += weight(i) * state.output[i][lane];
                if line.final_demand > 0.0 {
                    account.used += weight(i) * state.served[i][lane];
                }
            }
            for (r, route) in graph.routes.iter().enumerate() {
                account.used += weight(route.from.index()) * used[r];
            }
            let held = weighed(kernel, state, lane, &weight);
            let expected = account.at_start + account.made - account.used;
            let scale = account.at_start + account.made;
            close(held, expected, scale, &account.name, step);
        }
    }
}

/// Contents that agree with the recipes, so that what ore brings can be followed to the user: each line's
/// product holds what its inputs held, no more.
fn no_element_from_nowhere<const L: usize>(kernel: &Kernel, state: &State<L>, lane: usize) {
    let graph = &kernel.scenario().lines;
    for (i, line) in graph.lines.iter().enumerate().filter(|(_, line)| line.stage == Stage::Separation) {
        for input in &line.inputs {
            for r in &input.routes {
                if let Some(yield_) = &graph.routes[r.index()].yield_per_tonne {
                    let amount = state.amount_of(kernel, r.index())[lane];
                    let central: Vec<f64> = graph.coefficients.iter().map(|c| c.band.central).collect();
                    let ratio = amount * yield_.value(&central);
                    assert!(
                        ratio > 0.5 && ratio < 2.0,
                        "ore of line {i}: a tonne of oxide needs {amount} t of ore"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_material_and_element_is_accounted_for(plan in graphs::plans()) {
        let kernel = Kernel::compile(&plan.scenario());
        let mut state = State::<2>::new(&kernel);
        kernel.watch(0, &mut state, &mut Ledger::<2> { held: Vec::new(), accounts: Vec::new() });
        no_element_from_nowhere(&kernel, &state, 0);
    }
}
