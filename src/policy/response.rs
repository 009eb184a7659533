//! Switches of behaviour: which rule firms follow. They are uncertain inputs of a sensitivity study.

use crate::network::line::Stage;

/// How output follows from inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Production {
    /// Output is limited by what the stocks allow (Leontief).
    #[default]
    Hard,
    /// Output is scaled down already when stocks fall below a share ψ of target (BoARIO), capped by hard.
    Psi,
    /// Essential inputs limit, non-essential subtract by cost share, negligible never bind (Pichler et al. 2022).
    Critical,
}

/// How a line's suppliers of one material stand in for each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sourcing {
    /// Perfect substitutes.
    Pooled,
    /// Each supplier's goods serve their own share of output.
    Dedicated,
    /// Every supplier is necessary.
    AllNeeded,
}

/// Who is served when a supplier is short.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rationing {
    /// The same share of every request.
    #[default]
    Proportional,
    /// By end use, in the order of [`Switches::priority`].
    Priority,
    /// The smallest relative request first (water-filling on request ÷ base flow; Inoue and Todo 2019).
    LeastHurtFirst,
    /// Base flows first, the rest in proportion.
    ContractFirst,
    /// Buyers in the supplier's country first.
    DomesticFirst,
    /// Requests weighted by the price of the buyer's market.
    Price,
}

/// All switches.
#[derive(Clone, PartialEq, Debug)]
pub struct Switches {
    /// Production function.
    pub production: Production,
    /// Sourcing rule of each stage, in the order of [`Stage::ALL`].
    pub sourcing: [Sourcing; 7],
    /// Rationing rule.
    pub rationing: Rationing,
    /// End uses from first served to last, for rationing by priority; others come last.
    pub priority: Vec<crate::network::line::EndUse>,
    /// Whether network bands (shares, coefficients, stocks) are drawn; otherwise central values.
    pub sample_network: bool,
    /// Whether prices feed back on final demand of other users.
    pub price_feedback: bool,
    /// Whether blocked routes are bypassed by shipping sub-assemblies.
    pub bypass: bool,
}

impl Default for Switches {
    fn default() -> Self {
        let mut sourcing = [Sourcing::Pooled; 7];
        sourcing[Stage::Component as usize] = Sourcing::Dedicated;
        sourcing[Stage::Automaker as usize] = Sourcing::Dedicated;
        Self {
            production: Production::Hard,
            sourcing,
            rationing: Rationing::Proportional,
            priority: Vec::new(),
            sample_network: true,
            price_feedback: false,
            bypass: false,
        }
    }
}
