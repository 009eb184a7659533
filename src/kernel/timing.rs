//! When each shock begins and ends, and how large it is: drawn once per replication.

use super::event::steps_after;
use super::layout::Kernel;
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;
use crate::policy::shock::{End, Kind, Shock};
use crate::random::philox::{Purpose, Streams};

/// Draws dates and sizes of every shock.
pub(crate) fn start<const L: usize>(kernel: &Kernel, streams: &[Streams; L], state: &mut State<L>) {
    let shocks = &kernel.scenario.shocks;
    for position in 0..shocks.len() {
        let (size, time) = sizes(kernel, streams, position, &state.parameters);
        state.shock_size[position] = size;
        state.shock_time[position] = time;
        // A stockpile starts full; a substitution with nothing replaced.
        let stockpile = matches!(shocks[position].kind, Kind::StockpileRelease { .. });
        state.shock_left[position] = if stockpile { size } else { [0.0; L] };
        state.quota_left[position] = [f64::INFINITY; L];
        state.shock_start[position] = [f64::NAN; L];
    }
    // A trigger may name a later entry: as many rounds as there are shocks settle every chain.
    for _ in 0..=shocks.len() {
        for (position, shock) in shocks.iter().enumerate() {
            if kernel.chained && super::chain::ruled(kernel, position) {
                continue;
            }
            let begin = begins(kernel, streams, position, shock, state);
            let end = ends(kernel, streams, position, shock, &begin, state);
            // What never began has no end that others could wait for, and nothing ends before it begins.
            state.shock_end[position] = std::array::from_fn(|lane| end[lane].max(begin[lane]));
            state.shock_start[position] = begin;
            if kernel.chained {
                let end = state.shock_end[position];
                super::chain::start(kernel, streams, position, (&begin, &end), state);
            }
        }
    }
    for position in 0..shocks.len() {
        for lane in 0..L {
            if state.shock_start[position][lane].is_nan() {
                state.shock_start[position][lane] = f64::INFINITY;
                state.shock_end[position][lane] = f64::INFINITY;
            }
        }
    }
    state.turned = true;
    state.blocked_days.fill([0.0; L]);
}

fn begins<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    shock: &Shock,
    state: &State<L>,
) -> Row<L> {
    let entity = kernel.shock_entity[position];
    let draw = |value, purpose, number| {
        super::draw::value(value, streams, &state.parameters, (purpose, entity, number))
    };
    if let Some(trigger) = &shock.trigger {
        let delay = draw(&trigger.delay, Purpose::ShockTime, 1);
        return std::array::from_fn(|lane| {
            let cause = if trigger.on_end {
                state.shock_end[trigger.after]
            } else {
                state.shock_start[trigger.after]
            };
            let luck = streams[lane].uniform(Purpose::Trigger, entity, 0, 0);
            if luck < trigger.probability {
                (cause[lane] + steps_after(kernel, libm::round(delay[lane]))).max(0.0)
            } else {
                f64::INFINITY
            }
        });
    }
    let delay = draw(&shock.start.delay, Purpose::ShockTime, 0);
    let days = f64::from(shock.start.date) - f64::from(kernel.scenario.start);
    delay.map(|delay| steps_after(kernel, days + libm::round(delay)).max(0.0))
}

fn ends<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    shock: &Shock,
    begin: &Row<L>,
    state: &State<L>,
) -> Row<L> {
    let entity = kernel.shock_entity[position];
    let draw = |value| super::draw::value(value, streams, &state.parameters, (Purpose::ShockEnd, entity, 0));
    let end: Row<L> = match &shock.end {
        End::Never => [f64::INFINITY; L],
        End::At(when) => {
            let days = f64::from(when.date) - f64::from(kernel.scenario.start);
            draw(&when.delay).map(|delay| steps_after(kernel, days + libm::round(delay)).max(0.0))
        }
        End::After(duration) => {
            let duration = draw(duration);
            std::array::from_fn(|lane| {
                begin[lane] + steps_after(kernel, libm::round(duration[lane].max(0.0)))
            })
        }
    };
    if !matches!(shock.kind, Kind::GeneralLicence { .. }) {
        return end;
    }
    // A general licence is given on the first day and holds no longer than it is valid.
    let validity = &state.parameters[Parameter::ValidityGeneral as usize];
    std::array::from_fn(|lane| end[lane].min(begin[lane] + steps_after(kernel, validity[lane])))
}

/// The drawn size of a shock and its second number.
fn sizes<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    parameters: &[Row<L>],
) -> (Row<L>, Row<L>) {
    let entity = kernel.shock_entity[position];
    let draw =
        |value, number| super::draw::value(value, streams, parameters, (Purpose::ShockSize, entity, number));
    match &kernel.scenario.shocks[position].kind {
        Kind::CapacityLoss { loss, recovery_days, .. } => (draw(loss, 0), draw(recovery_days, 1)),
        Kind::Quota { tonnes, .. } | Kind::StockpileRelease { tonnes, .. } => (draw(tonnes, 0), [0.0; L]),
        Kind::Tariff { rate, .. } | Kind::Substitution { rate, .. } => (draw(rate, 0), [0.0; L]),
        Kind::LaneDelay { days, .. } => (draw(days, 0), [0.0; L]),
        Kind::DemandChange { factor, .. } => (draw(factor, 0), [0.0; L]),
        Kind::NewCapacity { added, ramp_days, .. } => (draw(added, 0), draw(ramp_days, 1)),
        Kind::Subsidy { growth, .. } => (draw(growth, 0), [0.0; L]),
        _ => ([0.0; L], [0.0; L]),
    }
}
