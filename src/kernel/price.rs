//! Phase 10: two markets, outside and inside the control.
//!
//! φ, the share of a market's supply that is withheld at the border, is smoothed over 30 days and cushioned
//! by stocks: `φ_e = min(0.95, φ·[1 − (1 − κ)·min(1, cover ÷ cover⁰)])`. The price tends to
//! `(1 − φ_e)^{1/(η − ε)}` times its base within τ days.
//!
//! Withheld is what was asked for, up to the usual flow, and might have left but for the gate. Orders that
//! were not placed, goods that were not made and catching up are no part of it.

use super::layout::Kernel;
use super::scratch::{RouteRows, Row, State, less, more};
use crate::id::Place;
use crate::network::line::{Line, LineGraph, Material, Stage};
use crate::policy::parameter::Parameter;

/// Largest share of supply that counts as withheld.
const MOST_WITHHELD: f64 = 0.95;

/// Positions in [`State::price`]: heavy (Dy, Tb) outside and inside, light (Nd, Pr) outside and inside.
pub(crate) const MARKETS: [&str; 4] = ["dytb:outside", "dytb:inside", "ndpr:outside", "ndpr:inside"];

/// What a market is like in calm: constant in a replication. In tonnes of the element.
#[derive(Clone)]
pub(crate) struct Calm<const L: usize> {
    /// All supply per day: over the border of the control, and the market's own.
    supply: Row<L>,
    /// Stocks of what came over the border.
    stock: Row<L>,
}

impl<const L: usize> Calm<L> {
    pub(crate) const NONE: Self = Self { supply: [0.0; L], stock: [0.0; L] };
}

/// Markets at rest; the chain must be.
pub(crate) fn start<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    state.price.fill([0.0; L]);
    state.withheld.fill([0.0; L]);
    for (market, calm) in kernel.observe.markets.iter().zip(&mut state.markets) {
        *calm = Calm::NONE;
        for &(r, content) in &market.crossing {
            let rows = &state.routes[r as usize];
            for lane in 0..L {
                let flow = content * rows.base_flow[lane];
                calm.supply[lane] += flow;
                calm.stock[lane] += rows.target_days[lane] * flow;
            }
        }
        for &(r, content) in &market.home {
            let rows = &state.routes[r as usize];
            for lane in 0..L {
                calm.supply[lane] += content * rows.base_flow[lane];
            }
        }
    }
}

/// ln π*, the target price relative to base for an effective share withheld.
fn log_target(withheld: f64, demand_elasticity: f64, supply_elasticity: f64) -> f64 {
    libm::log(1.0 - withheld) / (demand_elasticity - supply_elasticity)
}

/// Between gate and rationing: what of each market's usual supply the gate keeps back in this step.
///
/// Measured against the book, so that a fall in demand withholds nothing; up to the usual flow and no more, as
/// a blocked book grows by what is ordered anew although nobody's supply was ever that large.
#[inline(always)]
pub(crate) fn withhold<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let most = state.parameters[Parameter::GateRatio as usize].map(|ratio| less(ratio, 1.0) * kernel.dt);
    for (market, routes) in kernel.observe.markets.iter().enumerate() {
        let mut kept = [0.0; L];
        for &(r, content) in &routes.gated {
            let RouteRows { book, base_flow, leaving, .. } = state.routes[r as usize];
            for lane in 0..L {
                let might = less(book[lane], most[lane] * base_flow[lane]);
                kept[lane] += content * more(might - leaving[lane], 0.0);
            }
        }
        state.kept[market] = kept;
    }
}

/// Moves every price towards its target.
#[inline(always)]
pub(crate) fn relax<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let smooth = (kernel.dt / 30.0).min(1.0);
    let cushion = state.parameters[Parameter::PriceCushion as usize];
    for (market, routes) in kernel.observe.markets.iter().enumerate() {
        if routes.gated.is_empty() {
            continue;
        }
        let still = [state.kept[market], state.withheld[market], state.price[market]];
        if still.as_flattened().iter().all(|value| *value == 0.0) {
            // Nothing is kept back, nothing was, and the price has never moved: stocks need not be looked at.
            continue;
        }
        let mut stock = [0.0; L];
        for &(r, content) in &routes.crossing {
            let held = state.routes[r as usize].stock;
            for lane in 0..L {
                stock[lane] += content * held[lane];
            }
        }
        let kept = state.kept[market];
        let Calm { supply, stock: calm_stock } = state.markets[market];
        let (mut withheld, mut effective) = (state.withheld[market], [0.0; L]);
        for lane in 0..L {
            let gone = if supply[lane] > 0.0 { kept[lane] / kernel.dt / supply[lane] } else { 0.0 };
            withheld[lane] += smooth * (gone - withheld[lane]);
            let cover = if calm_stock[lane] > 0.0 { less(stock[lane] / calm_stock[lane], 1.0) } else { 0.0 };
            effective[lane] = less(withheld[lane] * (1.0 - (1.0 - cushion[lane]) * cover), MOST_WITHHELD);
        }
        state.withheld[market] = withheld;
        for lane in 0..L {
            if effective[lane] == 0.0 && state.price[market][lane] == 0.0 {
                continue;
            }
            let demand = state.parameters[Parameter::PriceDemandElasticity as usize][lane];
            let supply = state.parameters[Parameter::PriceSupplyElasticity as usize][lane];
            let goal = log_target(effective[lane], demand, supply);
            let days = state.parameters[Parameter::PriceDays as usize][lane];
            state.price[market][lane] += (kernel.dt / days).min(1.0) * (goal - state.price[market][lane]);
        }
    }
}

/// Whether a good is priced by its Dy and Tb: magnets and parts with them, their oxide and their metal.
pub(crate) fn heavy(material: &Material) -> bool {
    material.heavy || material.is_heavy_alone()
}

/// Position in [`MARKETS`] of what a buyer in a country pays.
pub(crate) fn market(heavy: bool, country: Place) -> usize {
    usize::from(!heavy) * 2 + usize::from(country == Place::CHN)
}

/// The market whose price a line's final users heed, a position in [`MARKETS`]: that of their side of the border,
/// and of the heavy element where the line buys goods that hold it. Automakers pass prices on; makers of goods on
/// the way have no final users.
pub(crate) fn heeded(graph: &LineGraph, line: &Line) -> Option<usize> {
    let heavy = line.inputs.iter().any(|input| heavy(&graph.materials[input.material.index()]));
    (line.stage == Stage::OtherDemand).then(|| market(heavy, line.country))
}

/// Factor on final demand from a market's price: users cut back with the elasticity of demand.
#[inline(always)]
pub(crate) fn demand_factor<const L: usize>(state: &State<L>, market: usize) -> Row<L> {
    let elasticity = &state.parameters[Parameter::PriceDemandElasticity as usize];
    std::array::from_fn(|lane| libm::exp(elasticity[lane] * state.price[market][lane]).min(1.0))
}
