//! Phase 10: two markets, outside and inside the control.
//!
//! φ, the share of a market's supply that is withheld at the border, is smoothed over 30 days and cushioned
//! by stocks: `φ_e = min(0.95, φ·[1 − (1 − κ)·min(1, cover ÷ cover⁰)])`. The price tends to
//! `(1 − φ_e)^{1/(η − ε)}` times its base within τ days.

use super::compile::Kernel;
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;

/// Largest share of supply that counts as withheld.
const MOST_WITHHELD: f64 = 0.95;

/// Positions in [`State::price`]: heavy (Dy, Tb) outside and inside, light (Nd, Pr) outside and inside.
pub(crate) const MARKETS: [&str; 4] = ["dytb:outside", "dytb:inside", "ndpr:outside", "ndpr:inside"];

pub(crate) fn start<const L: usize>(state: &mut State<L>) {
    state.price.fill([0.0; L]);
    state.withheld.fill([0.0; L]);
}

/// Target price relative to base for an effective share withheld.
pub(crate) fn target(withheld: f64, demand_elasticity: f64, supply_elasticity: f64) -> f64 {
    libm::pow(1.0 - withheld, 1.0 / (demand_elasticity - supply_elasticity))
}

/// Moves every price towards its target.
pub(crate) fn relax<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let smooth = (kernel.dt / 30.0).min(1.0);
    for (market, routes) in kernel.observe.markets.iter().enumerate() {
        let mut usual = [0.0; L];
        let mut came = [0.0; L];
        let mut stock = [0.0; L];
        let mut calm_stock = [0.0; L];
        for &(r, content) in &routes.crossing {
            let r = r as usize;
            for lane in 0..L {
                usual[lane] += content * state.base_flow[r][lane];
                came[lane] += content * state.leaving[r][lane] / kernel.dt;
                stock[lane] += content * state.stock[r][lane];
                calm_stock[lane] += content * state.target_days[r][lane] * state.base_flow[r][lane];
            }
        }
        let mut home = [0.0; L];
        for &(r, content) in &routes.home {
            for lane in 0..L {
                home[lane] += content * state.base_flow[r as usize][lane];
            }
        }
        for lane in 0..L {
            let supply = usual[lane] + home[lane];
            let gone = if supply > 0.0 { ((usual[lane] - came[lane]) / supply).max(0.0) } else { 0.0 };
            state.withheld[market][lane] += smooth * (gone - state.withheld[market][lane]);
            let cushion = state.parameters[Parameter::PriceCushion as usize][lane];
            let cover = if calm_stock[lane] > 0.0 { (stock[lane] / calm_stock[lane]).min(1.0) } else { 0.0 };
            let effective =
                (state.withheld[market][lane] * (1.0 - (1.0 - cushion) * cover)).min(MOST_WITHHELD);
            if effective == 0.0 && state.price[market][lane] == 0.0 {
                continue;
            }
            let demand = state.parameters[Parameter::PriceDemandElasticity as usize][lane];
            let supply = state.parameters[Parameter::PriceSupplyElasticity as usize][lane];
            let goal = libm::log(target(effective, demand, supply));
            let days = state.parameters[Parameter::PriceDays as usize][lane];
            state.price[market][lane] += (kernel.dt / days).min(1.0) * (goal - state.price[market][lane]);
        }
    }
}

/// Factor on final demand from prices: other users outside the control cut back with the elasticity of
/// demand; off unless the scenario switches price feedback on.
pub(crate) fn demand_factor<const L: usize>(kernel: &Kernel, state: &State<L>, other_user: bool) -> Row<L> {
    if !kernel.switches.price_feedback || !other_user {
        return [1.0; L];
    }
    let elasticity = &state.parameters[Parameter::PriceDemandElasticity as usize];
    std::array::from_fn(|lane| libm::exp(elasticity[lane] * state.price[0][lane]).min(1.0))
}
