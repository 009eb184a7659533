//! A replication's luck: coefficients, shares, stocks and shocks drawn, and the baseline they imply.

use super::compile::{Kernel, NONE};
use super::keys::TOGETHER;
use super::scratch::{AdaptingRows, Customers, RouteRows, Row, State, rows};
use super::share::ramp;
use crate::network::line::{Amount, Band};
use crate::policy::parameter::{Parameter, Value};
use crate::random::philox::{Entity, Purpose, Streams};
use crate::random::sample::Distribution;

/// Days of base output that a separation circuit holds of heavy oxide.
pub(crate) const CIRCUIT_DAYS: f64 = 30.0;

/// Share of its nameplate that a capacity never exceeds in calm (where the balance says otherwise, the
/// difference is unrecorded supply).
pub(crate) const CALM_LIMIT: f64 = 0.95;

/// Draws lanes and sets every state to its calm value.
pub(crate) fn start<const L: usize>(kernel: &Kernel, streams: &[Streams; L], state: &mut State<L>) {
    for (&parameter, &entity) in Parameter::ALL.iter().zip(&kernel.keys.parameters) {
        let distribution = kernel.scenario.parameters.get(parameter);
        state.parameters[parameter as usize] =
            std::array::from_fn(|lane| draw(distribution, &streams[lane], Purpose::Parameter, entity, 0));
    }
    if let Some(joint) = kernel.scenario.parameters.joint() {
        for (lane, streams) in streams.iter().enumerate() {
            let uniform = streams.uniform(Purpose::Parameter, TOGETHER, 0, 0);
            for (parameter, value) in joint.set(joint.pick(uniform)) {
                state.parameters[parameter as usize][lane] = value;
            }
        }
    }
    let sampled = kernel.switches.sample_network;
    let coefficients: Vec<Vec<f64>> =
        (0..L).map(|lane| coefficients(kernel, sampled.then_some(&streams[lane]))).collect();
    draw_routes(kernel, streams, &coefficients, state);
    let shares = start_shares(kernel, &state.parameters[Parameter::RampDays as usize], &state.weight);
    let growth = state.parameters[Parameter::Growth as usize];
    solve_rows(kernel, &growth, &shares, &state.amount, &mut state.base_final, &mut state.base_output);
    settle(kernel, &shares, state);
    super::origin::start(kernel, state);
    super::timing::start(kernel, streams, state);
    state.desk.reset();
    state.tally.reset(&state.parameters[Parameter::CustomsLag as usize]);
    super::price::start(kernel, state);
    state.stale = true;
}

/// The chain in calm at the central values and growth 1, at the start of the run.
#[derive(Debug, Default)]
pub(crate) struct Central {
    /// Output of each line per day: what capacities are measured against.
    pub output: Vec<f64>,
    /// Flow on each route per day.
    pub flow: Vec<f64>,
}

pub(crate) fn central_baseline(kernel: &Kernel) -> Central {
    let lines = kernel.lines.pool.len();
    let routes = kernel.routes.from.len();
    let coefficients = coefficients(kernel, None);
    let mut weight = rows::<1>(routes);
    let mut amount = rows::<1>(kernel.routes.amount.last().map_or(0, |last| *last as usize + 1));
    let share = |_: usize, band: Band, newcomer: bool| if newcomer { band.high } else { band.central };
    route_rows(kernel, 0, &coefficients, &mut weight, &mut amount, &share, &|_| 1.0);
    let shares = start_shares(kernel, &[kernel.scenario.parameters.get(Parameter::RampDays).mean()], &weight);
    let mut output = rows::<1>(lines);
    let mut base_final = rows::<1>(lines);
    solve_rows(kernel, &[1.0], &shares, &amount, &mut base_final, &mut output);
    let flow = |r: usize| match shares[r][0] {
        0.0 => 0.0,
        share => {
            amount[kernel.routes.amount[r] as usize][0] * share * output[kernel.routes.to[r] as usize][0]
        }
    };
    Central { flow: (0..routes).map(flow).collect(), output: output.iter().map(|row| row[0]).collect() }
}

/// Shares in use as the run starts. Plants that open or qualify later have none yet; of one that is still
/// growing into its share, the others keep what it has not reached.
fn start_shares<const L: usize>(kernel: &Kernel, ramp_days: &Row<L>, weight: &[Row<L>]) -> Vec<Row<L>> {
    let mut shares = weight.to_vec();
    for slot in 0..kernel.lines.slot_changes.len() {
        if !kernel.lines.slot_changes[slot] {
            continue;
        }
        for lane in 0..L {
            let (mut reached, mut others) = (0.0, 0.0);
            for r in kernel.routes_of(slot) {
                if kernel.routes.late[r] {
                    let opened = kernel.routes.opens[r] < 0 && !kernel.routes.candidate[r];
                    let ramp = if opened { ramp(kernel, 0, r, ramp_days[lane]).min(1.0) } else { 0.0 };
                    shares[r][lane] = weight[r][lane] * ramp;
                    reached += shares[r][lane];
                } else {
                    others += weight[r][lane];
                }
            }
            if reached <= 0.0 {
                continue;
            }
            for r in kernel.routes_of(slot).filter(|r| !kernel.routes.late[*r]) {
                shares[r][lane] *= (1.0 - reached).max(0.0) / others;
            }
        }
    }
    shares
}

/// One draw; a fixed number costs nothing.
pub(crate) fn draw(
    distribution: &Distribution,
    streams: &Streams,
    purpose: Purpose,
    entity: Entity,
    number: u32,
) -> f64 {
    match distribution {
        Distribution::Fixed(value) => *value,
        other => other.quantile(streams.uniform(purpose, entity, 0, number)),
    }
}

/// A policy's number: its own draw, or the very draw of a parameter.
pub(crate) fn value<const L: usize>(
    value: &Value,
    streams: &[Streams; L],
    parameters: &[Row<L>],
    (purpose, entity, number): (Purpose, Entity, u32),
) -> Row<L> {
    match value {
        Value::Parameter(parameter) => parameters[*parameter as usize],
        Value::Scaled { parameter, power, times } => {
            parameters[*parameter as usize].map(|drawn| Value::scaled(drawn, *power, *times))
        }
        Value::Drawn(distribution) => {
            std::array::from_fn(|lane| draw(distribution, &streams[lane], purpose, entity, number))
        }
    }
}

/// Inverse of the triangular distribution function over a band.
fn triangle(band: Band, uniform: f64) -> f64 {
    let width = band.high - band.low;
    if width <= 0.0 {
        return band.central;
    }
    let tip = band.central - band.low;
    if uniform * width < tip {
        band.low + (uniform * width * tip).sqrt()
    } else {
        band.high - ((1.0 - uniform) * width * (band.high - band.central)).sqrt()
    }
}

fn coefficients(kernel: &Kernel, streams: Option<&Streams>) -> Vec<f64> {
    kernel
        .graph()
        .coefficients
        .iter()
        .zip(&kernel.keys.coefficients)
        .map(|(coefficient, key)| match streams {
            None => coefficient.band.central,
            Some(streams) => triangle(coefficient.band, streams.uniform(Purpose::Coefficient, *key, 0, 0)),
        })
        .collect()
}

/// Weights (shares of output) and amounts of every route of one lane.
///
/// The data give shares of tonnes carried. Where routes of one input have their own yields (ore), a tonne
/// of one makes more output than a tonne of another: the share of output is share·yield, renormalised.
fn route_rows<const L: usize>(
    kernel: &Kernel,
    lane: usize,
    coefficients: &[f64],
    weight: &mut [Row<L>],
    amount: &mut [Row<L>],
    share: &dyn Fn(usize, Band, bool) -> f64,
    odds: &dyn Fn(usize) -> f64,
) {
    let graph = kernel.graph();
    for (line, entry) in graph.lines.iter().enumerate() {
        for slot in kernel.slots_of(line) {
            let input = &entry.inputs[slot - kernel.lines.slots[line] as usize];
            let common = input.amount.value(coefficients);
            let range = kernel.routes_of(slot);
            let mut sum = 0.0;
            for r in range.clone() {
                let route = &graph.routes[kernel.routes.id[r].index()];
                let position = kernel.routes.amount[r] as usize;
                let per_tonne =
                    route.yield_per_tonne.as_ref().map(|amount: &Amount| amount.value(coefficients));
                let newcomer = is_newcomer(kernel, r);
                let drawn = share(r, route.share, newcomer) * odds(r);
                amount[position][lane] = per_tonne.map_or(common, |per_tonne| 1.0 / per_tonne);
                weight[r][lane] = drawn * per_tonne.unwrap_or(1.0);
                if !newcomer {
                    sum += weight[r][lane];
                }
            }
            let mut settled = 0.0;
            for r in range.clone() {
                if !is_newcomer(kernel, r) {
                    if sum > 0.0 {
                        weight[r][lane] /= sum;
                    }
                    continue;
                }
                if sum > 0.0 && graph.routes[kernel.routes.id[r].index()].yield_per_tonne.is_some() {
                    // A late ore route's share of tonnes becomes a share of output on the scale of the others.
                    weight[r][lane] /= sum + weight[r][lane];
                }
                if !kernel.routes.late[r] {
                    settled += weight[r][lane];
                }
            }
            if settled > 0.0 {
                // Plants that have grown into their shares before the run displace the others in proportion.
                let left = if sum > 0.0 { (1.0 - settled).max(0.0) } else { 0.0 };
                for r in range.filter(|r| !kernel.routes.late[*r]) {
                    weight[r][lane] *= if is_newcomer(kernel, r) { 1.0 } else { left };
                    weight[r][lane] /= settled + left;
                }
            }
        }
    }
}

/// Whether the route carried nothing in the base year: its supplier opened after it, or must qualify first.
fn is_newcomer(kernel: &Kernel, r: usize) -> bool {
    kernel.routes.candidate[r] || kernel.graph().routes[kernel.routes.id[r].index()].opens.is_some()
}

fn draw_routes<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    coefficients: &[Vec<f64>],
    state: &mut State<L>,
) {
    let graph = kernel.graph();
    let sampled = kernel.switches.sample_network;
    for lane in 0..L {
        let stream = &streams[lane];
        let odds_band = kernel.scenario.parameters.get(Parameter::RegionOdds);
        let odds = |r: usize| -> f64 {
            let key = kernel.keys.odds[r].filter(|_| sampled);
            key.map_or(1.0, |key| draw(odds_band, stream, Purpose::RegionFactor, key, 0))
        };
        let share = |r: usize, band: Band, newcomer: bool| -> f64 {
            if newcomer {
                // A plant that opens later works towards its high share; what it reaches is decided by its
                // ramp and by what it delivers.
                return band.high;
            }
            if !sampled {
                return band.central;
            }
            triangle(band, stream.uniform(Purpose::Share, kernel.keys.share[r], 0, 0))
        };
        route_rows(kernel, lane, &coefficients[lane], &mut state.weight, &mut state.amount, &share, &odds);
    }
    let spread = kernel.scenario.parameters.get(Parameter::CoverSpread);
    let no_spread = matches!(spread, Distribution::Fixed(v) if *v == 0.0) || !sampled;
    for r in 0..kernel.routes.from.len() {
        let route = &graph.routes[kernel.routes.id[r].index()];
        let key = kernel.keys.cover[r];
        for lane in 0..L {
            let days = if sampled {
                triangle(route.cover, streams[lane].uniform(Purpose::Cover, key, 0, 0))
            } else {
                route.cover.central
            };
            let cv = state.parameters[Parameter::CoverSpread as usize][lane];
            let factor = if no_spread || cv <= 0.0 {
                1.0
            } else {
                let uniform = streams[lane].uniform(Purpose::Cover, kernel.routes.entity[r], 0, 0);
                Distribution::LogNormal { mean: 1.0, cv }.quantile(uniform)
            };
            state.routes[r].target_days[lane] =
                days * factor * state.parameters[Parameter::CoverFactor as usize][lane];
        }
    }
}

/// x = A x + f by fixed sweeps, buyers first.
fn solve_rows<const L: usize>(
    kernel: &Kernel,
    growth: &Row<L>,
    share: &[Row<L>],
    amount: &[Row<L>],
    base_final: &mut [Row<L>],
    output: &mut [Row<L>],
) {
    for (line, entry) in kernel.graph().lines.iter().enumerate() {
        base_final[line] = std::array::from_fn(|lane| entry.final_demand * growth[lane]);
        output[line] = base_final[line];
    }
    for _ in 0..kernel.lines.sweeps {
        for &line in &kernel.lines.sweep {
            let line = line as usize;
            let mut sum = base_final[line];
            for &r in kernel.outgoing(line) {
                let r = r as usize;
                if kernel.routes.late[r] && (kernel.routes.opens[r] >= 0 || kernel.routes.candidate[r]) {
                    continue;
                }
                let buyer = kernel.routes.to[r] as usize;
                let position = kernel.routes.amount[r] as usize;
                for lane in 0..L {
                    sum[lane] += amount[position][lane] * share[r][lane] * output[buyer][lane];
                }
            }
            output[line] = sum;
        }
    }
}

/// Stocks, goods in transit, books and capacities of a chain at rest.
fn settle<const L: usize>(kernel: &Kernel, shares: &[Row<L>], state: &mut State<L>) {
    let dt = kernel.dt;
    state.reset_wheels(kernel);
    state.invert_amounts();
    state.owed.fill([0.0; L]);
    for customers in &mut state.customers {
        *customers = Customers { placed: [0.0; L], books: [0.0; L], asked: [0.0; L], ratio: [1.0; L] };
    }
    let air = state.parameters[Parameter::AirShare as usize];
    for r in 0..kernel.routes.from.len() {
        let buyer = kernel.routes.to[r] as usize;
        let amount = *state.amount_of(kernel, r);
        let share = shares[r];
        let (mut flow, mut sent) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            flow[lane] = amount[lane] * share[lane] * state.base_output[buyer][lane];
            sent[lane] = flow[lane] * dt;
        }
        let transit = load(kernel, r, &sent, &air, state);
        let rows = &mut state.routes[r];
        let target_days = rows.target_days;
        *rows = RouteRows {
            stock: std::array::from_fn(|lane| target_days[lane] * flow[lane]),
            share,
            owed: [0.0; L],
            base_flow: flow,
            book: sent,
            leaving: [0.0; L],
            transit,
            target_days,
            forgone: [0.0; L],
            ordered_fortnight: sent,
            sent_fortnight: sent,
        };
        let link = &kernel.routes.links[r];
        if let Some(memory) = state.adapting.get_mut(link.adapting as usize) {
            *memory = AdaptingRows { placed: sent, ordered_month: sent, sent_month: sent };
        }
        let customers = &mut state.customers[link.from as usize];
        for lane in 0..L {
            customers.placed[lane] += sent[lane];
            customers.books[lane] += sent[lane];
        }
        state.extra_lead[r] = [0.0; L];
        state.tariff[r] = [1.0; L];
        state.pull[r] = state.weight[r];
        state.growth[r] = [1.0; L];
        state.candidate_days[r] = [0.0; L];
    }
    for rows in [&mut state.cap, &mut state.closures, &mut state.shut, &mut state.exempt, &mut state.held] {
        rows.fill([0.0; L]);
    }
    state.short_days.fill([0.0; L]);
    let finished_days = state.parameters[Parameter::FinishedDays as usize];
    for line in 0..kernel.lines.pool.len() {
        for lane in 0..L {
            let output = state.base_output[line][lane];
            let sold = output - state.base_final[line][lane];
            state.finished_target[line][lane] = finished_days[lane] * sold.max(0.0);
            state.finished[line][lane] = state.finished_target[line][lane];
            state.expected[line][lane] = output;
            state.trend[line][lane] = output;
            state.output[line][lane] = output * dt;
        }
        state.demand_factor[line] = [1.0; L];
        state.deferred[line] = [0.0; L];
        state.lost[line] = [0.0; L];
        state.restart[line] = [0.0; L];
    }
    settle_capacities(kernel, state);
}

/// Fills a route's rings as if it had always sent so much a step; returns what is under way.
fn load<const L: usize>(
    kernel: &Kernel,
    r: usize,
    sent: &Row<L>,
    air: &Row<L>,
    state: &mut State<L>,
) -> Row<L> {
    let (surface, plane) = (kernel.routes.surface[r], kernel.routes.air[r]);
    let flying = if plane.slots > 0 { *air } else { [0.0; L] };
    let mut transit = [0.0; L];
    let by_surface: Row<L> = std::array::from_fn(|lane| sent[lane] * (1.0 - flying[lane]));
    let flown: Row<L> = std::array::from_fn(|lane| sent[lane] * flying[lane]);
    for (ring, part) in [(surface, by_surface), (plane, flown)] {
        // Goods due in steps 0..lead: a ring longer than its lead has free slots behind them.
        for ahead in 0..ring.lead {
            let slot = kernel.routes.wheels[ring.wheel as usize].slot(0, ahead);
            state.ring[slot + ring.member as usize] = part;
        }
        for lane in 0..L {
            transit[lane] += part[lane] * f64::from(ring.lead);
        }
    }
    transit
}

fn settle_capacities<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let headroom = state.parameters[Parameter::Headroom as usize];
    for pool in 0..kernel.pools.opens.len() {
        let central = kernel.pools.central[pool];
        for lane in 0..L {
            let drawn: f64 =
                kernel.pool_lines(pool).iter().map(|&line| state.base_output[line as usize][lane]).sum();
            state.capacity[pool][lane] = if kernel.pools.dated[pool] {
                // What a plant that opened after the base year has reached differs from draw to draw; its
                // nameplate does not.
                kernel.pools.capacity[pool].max(drawn / CALM_LIMIT)
            } else if central <= 0.0 {
                kernel.pools.capacity[pool]
            } else {
                let nameplate = if kernel.pools.unknown[pool] {
                    central / headroom[lane]
                } else {
                    kernel.pools.capacity[pool].max(central / CALM_LIMIT)
                };
                nameplate * drawn / central
            };
        }
        state.added[pool] = [0.0; L];
        state.loss[pool] = [0.0; L];
        state.overproduction[pool] = [1.0; L];
    }
    for (g, group) in kernel.groups.iter().enumerate() {
        for lane in 0..L {
            let feed = state.base_output[group.feed as usize][lane];
            let of_base_year: f64 = group
                .lines
                .iter()
                .filter(|line| !kernel.pools.dated[kernel.lines.pool[**line as usize] as usize])
                .map(|line| state.base_output[*line as usize][lane])
                .sum();
            state.recovery[g][lane] = if feed > 0.0 { of_base_year / feed } else { 0.0 };
            state.circuit_most[g][lane] = CIRCUIT_DAYS * of_base_year;
        }
        for &line in &group.lines {
            let pool = kernel.lines.pool[line as usize] as usize;
            if kernel.pools.dated[pool] && kernel.pools.opens[pool] == 0 {
                super::capacity::heavy_recovery(kernel, pool, state);
            }
        }
        for lane in 0..L {
            // What calm asks of the circuit is there whatever the grade says.
            let feed = state.base_output[group.feed as usize][lane];
            let calm: f64 = group.lines.iter().map(|line| state.base_output[*line as usize][lane]).sum();
            if feed > 0.0 && calm > state.recovery[g][lane] * feed {
                state.recovery[g][lane] = calm / feed;
                state.circuit_most[g][lane] = CIRCUIT_DAYS * calm;
            }
            state.circuit[g][lane] = state.circuit_most[g][lane];
        }
        state.tailings[g] = [0.0; L];
    }
    debug_assert!(kernel.lines.group.iter().all(|g| *g == NONE || (*g as usize) < kernel.groups.len()));
}
