//! Phase 13: the step is counted, and at the end a replication's numbers are read off.

use super::desk::WAIT_BINS;
use super::layout::Kernel;
use super::observe::{Count, LONGEST_LAG, NO_STOP};
use super::price::MARKETS;
use super::scratch::{Row, State, add, more, rows};
use crate::summary::Outcome;

/// A reported stop: output at least this share below calm …
pub const STOP_SHORTFALL: f64 = 0.05;

/// … on this many consecutive days. Fixed before anything was fitted; a reading of the result, not physics.
pub const STOP_DAYS: f64 = 3.0;

/// Accumulators of L replications.
pub(crate) struct Tally<const L: usize> {
    cells: Vec<Row<L>>,
    week_output: Vec<Row<L>>,
    week_calm: Vec<Row<L>>,
    total_output: Vec<Row<L>>,
    total_calm: Vec<Row<L>>,
    fortnight_calm: Vec<Row<L>>,
    /// What left in this step, by series of exports.
    gates: Vec<Row<L>>,
    streak: Vec<Row<L>>,
    stop_days: Vec<Row<L>>,
    first_stop: Vec<Row<L>>,
    peak: Row<L>,
    /// ln of the highest price relative to calm.
    price_peak: Vec<Row<L>>,
    pending_peak: Row<L>,
    /// Days until customs record what left.
    lag: [usize; L],
    /// Tonnes released from stockpiles.
    pub(crate) released: Row<L>,
}

impl<const L: usize> Tally<L> {
    pub(crate) fn new(kernel: &Kernel) -> Self {
        let observe = &kernel.observe;
        let lines = kernel.lines.pool.len();
        Self {
            cells: rows(observe.cells),
            week_output: rows(lines),
            week_calm: rows(lines),
            total_output: rows(lines),
            total_calm: rows(lines),
            fortnight_calm: rows(observe.counts.len() * observe.weeks.div_ceil(2)),
            gates: rows(observe.counts.iter().filter(|count| matches!(count, Count::Exports(_))).count()),
            streak: rows(observe.makers.len()),
            stop_days: rows(observe.makers.len()),
            first_stop: rows(observe.makers.len()),
            peak: [0.0; L],
            price_peak: rows(MARKETS.len()),
            pending_peak: [0.0; L],
            lag: [0; L],
            released: [0.0; L],
        }
    }

    pub(crate) fn reset(&mut self, customs_lag: &Row<L>) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = |lag: f64| (libm::round(lag).max(0.0) as usize).min(LONGEST_LAG - 1);
        self.lag = customs_lag.map(whole);
        for rows in [
            &mut self.cells,
            &mut self.week_output,
            &mut self.week_calm,
            &mut self.total_output,
            &mut self.total_calm,
            &mut self.fortnight_calm,
            &mut self.streak,
            &mut self.stop_days,
        ] {
            rows.fill([0.0; L]);
        }
        self.first_stop.fill([NO_STOP; L]);
        self.price_peak.fill([0.0; L]);
        self.peak = [0.0; L];
        self.pending_peak = [0.0; L];
        self.released = [0.0; L];
    }
}

/// Phase 13: counts the step.
#[inline(always)]
pub(crate) fn tally<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let dt = kernel.dt;
    let day = step as usize * kernel.scenario.step_days as usize;
    let Tally { week_output, week_calm, .. } = &mut state.tally;
    let made = week_output.iter_mut().zip(&state.output);
    let calm = week_calm.iter_mut().zip(&state.calm_demand).zip(&state.base_output);
    for (((made, output), ((calm, demand), base)), sink) in made.zip(calm).zip(&kernel.lines.sink) {
        add(made, output);
        if *sink {
            add(calm, demand);
        } else {
            let (mut sum, base) = (*calm, *base);
            for lane in 0..L {
                sum[lane] += base[lane] * dt;
            }
            *calm = sum;
        }
    }
    stops(kernel, day, state);
    exports(kernel, step, day, state);
    for lane in 0..L {
        state.tally.pending_peak[lane] = state.tally.pending_peak[lane].max(state.desk.counts[lane].pending);
        for market in 0..MARKETS.len() {
            let peak = &mut state.tally.price_peak[market][lane];
            *peak = more(*peak, state.price[market][lane]);
        }
    }
    let next = day + kernel.scenario.step_days as usize;
    if next.is_multiple_of(7) || step + 1 == kernel.steps {
        close_week(kernel, day / 7, state);
    }
}

#[inline(always)]
fn stops<const L: usize>(kernel: &Kernel, day: usize, state: &mut State<L>) {
    let dt = kernel.dt;
    for (m, (_, lines)) in kernel.observe.makers.iter().enumerate() {
        let (mut made, mut calm) = ([0.0; L], [0.0; L]);
        for &line in lines {
            for lane in 0..L {
                made[lane] += state.output[line as usize][lane];
                calm[lane] += state.calm_demand[line as usize][lane];
            }
        }
        let mut low = false;
        for lane in 0..L {
            low |= made[lane] <= (1.0 - STOP_SHORTFALL) * calm[lane];
        }
        if !low {
            state.tally.streak[m] = [0.0; L];
            continue;
        }
        for lane in 0..L {
            if made[lane] > (1.0 - STOP_SHORTFALL) * calm[lane] {
                state.tally.streak[m][lane] = 0.0;
                continue;
            }
            let before = state.tally.streak[m][lane];
            let streak = before + dt;
            state.tally.streak[m][lane] = streak;
            if streak >= STOP_DAYS {
                let counted = if before >= STOP_DAYS { dt } else { streak };
                state.tally.stop_days[m][lane] += counted;
                if state.tally.first_stop[m][lane] < 0.0 {
                    #[allow(clippy::cast_precision_loss)]
                    let begin = day as f64 + dt - streak - kernel.observe.origin;
                    state.tally.first_stop[m][lane] = begin.max(0.0);
                }
            }
        }
    }
}

#[inline(always)]
fn exports<const L: usize>(kernel: &Kernel, step: u32, day: usize, state: &mut State<L>) {
    let observe = &kernel.observe;
    let mut gates = std::mem::take(&mut state.tally.gates);
    gates.fill([0.0; L]);
    for (r, series) in &observe.exporting {
        let leaving = super::event::openly(kernel, state, *r as usize);
        series.iter().for_each(|place| add(&mut gates[*place as usize], &leaving));
    }
    let counted =
        observe.counts.iter().enumerate().filter_map(|(s, count)| {
            if let Count::Exports(routes) = count { Some((s, routes)) } else { None }
        });
    for ((s, routes), gate) in counted.zip(&gates) {
        for lane in 0..L {
            let whole = state.tally.lag[lane];
            if step == 0 {
                // Goods that passed the gate before the run are recorded in its first days.
                let before: f64 = routes.iter().map(|r| state.routes[*r as usize].base_flow[lane]).sum();
                #[allow(clippy::cast_precision_loss)]
                for late in 0..whole {
                    let month = observe.month[late];
                    if month < observe.months {
                        state.tally.cells[observe.offsets[s] + month][lane] += before;
                    }
                }
            }
            // A step of a week may lie in two months, and each gets the days that are its own.
            for late in whole..whole + kernel.scenario.step_days as usize {
                let month = observe.month.get(day + late).copied().unwrap_or(usize::MAX);
                if month < observe.months {
                    state.tally.cells[observe.offsets[s] + month][lane] += gate[lane] / kernel.dt;
                }
            }
        }
    }
    state.tally.gates = gates;
}

/// Moves the week's sums into series and totals.
#[inline(always)]
fn close_week<const L: usize>(kernel: &Kernel, week: usize, state: &mut State<L>) {
    let observe = &kernel.observe;
    for (s, count) in observe.counts.iter().enumerate() {
        let offset = observe.offsets[s];
        match count {
            Count::Output(lines) => {
                let Tally { cells, week_output, .. } = &mut state.tally;
                for &line in lines {
                    add(&mut cells[offset + week], &week_output[line as usize]);
                }
            }
            Count::Lost(lines) => {
                // Holds lost output until the fortnight is over; `outcome` divides by calm output.
                let calm = s * observe.weeks.div_ceil(2) + week / 2;
                let Tally { cells, week_output, week_calm, fortnight_calm, .. } = &mut state.tally;
                for &line in lines {
                    let (made, usual) = (week_output[line as usize], week_calm[line as usize]);
                    add(&mut cells[offset + week / 2], &std::array::from_fn(|lane| usual[lane] - made[lane]));
                    add(&mut fortnight_calm[calm], &usual);
                }
            }
            Count::Cover(routes) => state.tally.cells[offset + week] = cover(kernel, routes, state),
            Count::Price(market) => state.tally.cells[offset + week] = state.price[*market].map(libm::exp),
            Count::Licences(which) => {
                for lane in 0..L {
                    let counts = &state.desk.counts[lane];
                    state.tally.cells[offset + week][lane] = counts.stack()[*which];
                }
            }
            Count::ClassLicences(rule, class, which) => {
                for lane in 0..L {
                    let counts = state.desk.class_counts(*rule, *class, lane);
                    state.tally.cells[offset + week][lane] = counts.stack()[*which];
                }
            }
            Count::Waits(rule, class, which) if week + 1 == observe.weeks => {
                let (now, place) = (f64::from(kernel.steps) * kernel.dt, (*rule, *class));
                for lane in 0..L {
                    let open = if *which == 2 {
                        state.desk.open(place, lane, now, kernel.dt)
                    } else {
                        [0.0; WAIT_BINS]
                    };
                    let bins = if *which == 2 { &open } else { state.desk.waits(place, *which == 1, lane) };
                    for (bin, cases) in bins.iter().enumerate() {
                        state.tally.cells[offset + bin][lane] = *cases;
                    }
                }
            }
            // Exports are counted by month; waits once, at the end.
            Count::Exports(_) | Count::ExportsOfCalm | Count::Waits(..) => {}
        }
    }
    let (mut made, mut calm) = ([0.0; L], [0.0; L]);
    for (_, lines) in &observe.makers {
        for &line in lines {
            for lane in 0..L {
                made[lane] += state.tally.week_output[line as usize][lane];
                calm[lane] += state.tally.week_calm[line as usize][lane];
            }
        }
    }
    for lane in 0..L {
        if calm[lane] > 0.0 {
            state.tally.peak[lane] = state.tally.peak[lane].max(1.0 - made[lane] / calm[lane]);
        }
    }
    let Tally { week_output, week_calm, total_output, total_calm, .. } = &mut state.tally;
    for (total, week) in total_output.iter_mut().zip(week_output).chain(total_calm.iter_mut().zip(week_calm))
    {
        add(total, week);
    }
    state.tally.week_output.fill([0.0; L]);
    state.tally.week_calm.fill([0.0; L]);
}

/// Days of use that the stocks of a set of routes cover: Σ stock ÷ Σ expected use.
#[inline(always)]
fn cover<const L: usize>(kernel: &Kernel, routes: &[u32], state: &State<L>) -> Row<L> {
    let (mut stock, mut flow) = ([0.0; L], [0.0; L]);
    for &r in routes {
        let r = r as usize;
        let buyer = kernel.routes.to[r] as usize;
        for lane in 0..L {
            stock[lane] += state.routes[r].stock[lane];
            flow[lane] += state.amount_of(kernel, r)[lane]
                * state.routes[r].share[lane]
                * state.base_output[buyer][lane];
        }
    }
    std::array::from_fn(|lane| if flow[lane] > 0.0 { stock[lane] / flow[lane] } else { 0.0 })
}

/// The numbers of one lane, in the order of the design.
pub(crate) fn outcome<const L: usize>(
    kernel: &Kernel,
    state: &State<L>,
    lane: usize,
    replication: u64,
) -> Outcome {
    let observe = &kernel.observe;
    let tally = &state.tally;
    let lost_by = |lines: &[u32]| -> f64 {
        lines
            .iter()
            .map(|line| tally.total_calm[*line as usize][lane] - tally.total_output[*line as usize][lane])
            .sum()
    };
    let mut metrics = Vec::with_capacity(observe.design.metrics.len());
    if !observe.makers.is_empty() {
        let each: Vec<f64> = observe.makers.iter().map(|(_, lines)| lost_by(lines)).collect();
        let calm: f64 = observe
            .makers
            .iter()
            .flat_map(|(_, lines)| lines)
            .map(|line| tally.total_calm[*line as usize][lane])
            .sum();
        let lost: f64 = each.iter().sum();
        let firsts: Vec<f64> = tally.first_stop.iter().map(|row| row[lane]).collect();
        let stopped = firsts.iter().filter(|day| **day >= 0.0).count();
        let first = firsts.iter().copied().filter(|day| *day >= 0.0).fold(f64::INFINITY, f64::min);
        metrics.push(lost);
        metrics.push(if calm > 0.0 { lost / calm } else { 0.0 });
        metrics.push(tally.peak[lane]);
        metrics.push(f64::from(u8::from(stopped > 0)));
        metrics.push(if stopped > 0 { first } else { NO_STOP });
        metrics.push(f64::from(u32::try_from(stopped).unwrap_or(u32::MAX)));
        for (_, members) in &observe.maker_regions {
            metrics.push(members.iter().map(|m| each[*m]).sum());
        }
        for m in 0..observe.makers.len() {
            metrics.push(each[m]);
            metrics.push(f64::from(u8::from(firsts[m] >= 0.0)));
            metrics.push(firsts[m]);
            metrics.push(tally.stop_days[m][lane]);
        }
    }
    for (_, lines) in &observe.stage_lines {
        metrics.push(lost_by(lines));
    }
    let mut of_calm = Vec::new();
    if let Some(total) = observe.exports_total {
        let months = &tally.cells[observe.offsets[total]..observe.offsets[total] + observe.months];
        let Count::Exports(routes) = &observe.counts[total] else {
            unreachable!("the series was found by its name")
        };
        let daily: f64 = routes.iter().map(|r| state.routes[*r as usize].base_flow[lane]).sum();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let from = observe.month.get(observe.origin as usize).copied().unwrap_or(0);
        let share =
            |(tonnes, days): (&Row<L>, &f64)| if daily > 0.0 { tonnes[lane] / (daily * days) } else { 0.0 };
        of_calm.extend(months.iter().zip(&observe.month_days).map(share));
        let trough = of_calm.iter().skip(from).copied().fold(f64::INFINITY, f64::min);
        metrics.push(months.iter().map(|row| row[lane]).sum());
        metrics.push(if trough.is_finite() { trough } else { 1.0 });
    }
    for market in 0..MARKETS.len() {
        if !observe.markets[market].crossing.is_empty() {
            metrics.push(libm::exp(tally.price_peak[market][lane]));
        }
    }
    if !kernel.rules.is_empty() {
        let counts = &state.desk.counts[lane];
        metrics.extend([
            counts.filed,
            counts.approved,
            counts.returned,
            counts.rejected,
            tally.pending_peak[lane],
        ]);
        metrics.push(if counts.approved > 0.0 { counts.waited / counts.approved } else { 0.0 });
    }
    metrics.push(tally.released[lane]);
    // What metrics alone need stands behind the series that are written.
    let written = &tally.cells[..observe.design.cells()];
    let mut series: Vec<f64> = written.iter().map(|row| row[lane]).collect();
    for (s, count) in observe.counts.iter().enumerate() {
        if matches!(count, Count::ExportsOfCalm)
            && let Some(cells) = series.get_mut(observe.offsets[s]..observe.offsets[s] + of_calm.len())
        {
            cells.copy_from_slice(&of_calm);
        }
        if matches!(count, Count::Lost(_)) {
            for period in 0..observe.weeks.div_ceil(2) {
                let calm = tally.fortnight_calm[s * observe.weeks.div_ceil(2) + period][lane];
                let cell = &mut series[observe.offsets[s] + period];
                *cell = if calm > 0.0 { *cell / calm } else { 0.0 };
            }
        }
    }
    Outcome { replication, metrics, series }
}
