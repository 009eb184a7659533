//! A replication's luck: coefficients, shares, stocks and shocks drawn, and the baseline they imply.

use super::keys::TOGETHER;
use super::layout::Kernel;
use super::scratch::{Row, State, rows};
use super::share::ramp;
use crate::network::line::{Amount, Band};
use crate::policy::parameter::{Parameter, Value};
use crate::random::philox::{Entity, Purpose, Streams};
use crate::random::sample::Distribution;

/// Times that contents are drawn for a replication before its heavy oxide is let have ore that is not on record.
const MOST_DRAWS: u32 = 64;

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
    draw_covers(kernel, streams, state);
    let shares = balanced(kernel, streams, state);
    super::settle::settle(kernel, &shares, state);
    super::origin::start(kernel, state);
    super::timing::start(kernel, streams, state);
    state.desk.reset();
    state.tally.reset(&state.parameters[Parameter::CustomsLag as usize]);
    super::price::start(kernel, state);
    state.stale = true;
}

/// Draws coefficients and shares and solves the baseline; contents of Dy and Tb again until every lane's heavy oxide
/// can come out of its ores. Returns the shares in use as the run starts.
///
/// A draw is refused by what the network is as the run starts, never by what a scenario does to it; all other luck is
/// that of the first draw.
fn balanced<const L: usize>(kernel: &Kernel, streams: &[Streams; L], state: &mut State<L>) -> Vec<Row<L>> {
    let sampled = kernel.switches.sample_network;
    let growth = state.parameters[Parameter::Growth as usize];
    let drawn = draw_shares(kernel, streams);
    let mut again = [true; L];
    let mut number = 0;
    loop {
        for lane in (0..L).filter(|lane| again[*lane]) {
            let coefficients = coefficients(kernel, sampled.then_some((&streams[lane], number)));
            route_rows(kernel, lane, &coefficients, &mut state.weight, &mut state.amount, &drawn);
            super::heavy::contents(kernel, lane, &coefficients, state);
        }
        let shares = start_shares(kernel, &state.parameters[Parameter::RampDays as usize], &state.weight);
        solve_rows(kernel, &growth, &shares, &state.amount, &mut state.base_final, &mut state.base_output);
        again = super::heavy::refused(kernel, &again, &shares, state);
        number += 1;
        if !sampled || !again.contains(&true) || number >= MOST_DRAWS {
            return shares;
        }
    }
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
    let drawn: Vec<Row<1>> = (0..routes).map(|r| [undrawn_share(kernel, r)]).collect();
    route_rows(kernel, 0, &coefficients, &mut weight, &mut amount, &drawn);
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

fn coefficients(kernel: &Kernel, draw: Option<(&Streams, u32)>) -> Vec<f64> {
    kernel
        .graph()
        .coefficients
        .iter()
        .zip(kernel.keys.coefficients.iter().zip(&kernel.keys.contents))
        .map(|(coefficient, (key, content))| match draw {
            None => coefficient.band.central,
            Some((streams, number)) => {
                let number = if *content { number } else { 0 };
                triangle(coefficient.band, streams.uniform(Purpose::Coefficient, *key, 0, number))
            }
        })
        .collect()
}

/// Weights (shares of output) and amounts of every route of one lane, from `drawn` shares of tonnes.
///
/// The data give shares of tonnes carried. Where routes of one input have their own yields (ore), a tonne
/// of one makes more output than a tonne of another: the share of output is share·yield, renormalised.
fn route_rows<const L: usize>(
    kernel: &Kernel,
    lane: usize,
    coefficients: &[f64],
    weight: &mut [Row<L>],
    amount: &mut [Row<L>],
    drawn: &[Row<L>],
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
                amount[position][lane] = per_tonne.map_or(common, |per_tonne| 1.0 / per_tonne);
                weight[r][lane] = drawn[r][lane] * per_tonne.unwrap_or(1.0);
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

fn share_band(kernel: &Kernel, r: usize) -> Band {
    kernel.graph().routes[kernel.routes.id[r].index()].share
}

/// Share of tonnes of a route that draws none. A plant that opens later works towards its high share; what it reaches is
/// decided by its ramp and by what it delivers.
fn undrawn_share(kernel: &Kernel, r: usize) -> f64 {
    let band = share_band(kernel, r);
    if is_newcomer(kernel, r) { band.high } else { band.central }
}

/// Shares of tonnes as they are drawn, with the odds that imports of a good from China into one region have in common.
fn draw_shares<const L: usize>(kernel: &Kernel, streams: &[Streams; L]) -> Vec<Row<L>> {
    let sampled = kernel.switches.sample_network;
    let band = kernel.scenario.parameters.get(Parameter::RegionOdds);
    let odds = |key: &Entity| -> Row<L> {
        streams.each_ref().map(|streams| draw(band, streams, Purpose::RegionFactor, *key, 0))
    };
    let odds: Vec<Row<L>> = if sampled { kernel.keys.odds.iter().map(odds).collect() } else { Vec::new() };
    let share = |r: usize| -> Row<L> {
        let share = if sampled && !is_newcomer(kernel, r) {
            let (band, key) = (share_band(kernel, r), kernel.keys.share[r]);
            streams.each_ref().map(|streams| triangle(band, streams.uniform(Purpose::Share, key, 0, 0)))
        } else {
            [undrawn_share(kernel, r); L]
        };
        let odds = odds.get(kernel.keys.odds_of[r] as usize).copied().unwrap_or([1.0; L]);
        std::array::from_fn(|lane| share[lane] * odds[lane])
    };
    (0..kernel.routes.from.len()).map(share).collect()
}

/// Days of stock that each route's buyer aims at.
fn draw_covers<const L: usize>(kernel: &Kernel, streams: &[Streams; L], state: &mut State<L>) {
    let graph = kernel.graph();
    let sampled = kernel.switches.sample_network;
    let spread = kernel.scenario.parameters.get(Parameter::CoverSpread);
    let no_spread = matches!(spread, Distribution::Fixed(v) if *v == 0.0) || !sampled;
    let (mut last, mut luck) = (None, [0.0; L]);
    for r in 0..kernel.routes.from.len() {
        let route = &graph.routes[kernel.routes.id[r].index()];
        let key = kernel.keys.cover[r];
        if sampled && last.replace(key) != Some(key) {
            // Routes of one input mostly share their key.
            luck = streams.each_ref().map(|streams| streams.uniform(Purpose::Cover, key, 0, 0));
        }
        for lane in 0..L {
            let days = if sampled { triangle(route.cover, luck[lane]) } else { route.cover.central };
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
