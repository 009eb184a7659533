//! Demand, shares in use, wanted output, capacity, output and the use of inputs.

use coercivity::id::Place;
use coercivity::network::line::{Criticality, Stage};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::response::{Production, Sourcing};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::policy::QUALIFIED;
use super::{Reason, Simulator, water_fill};

/// What a stock allows, in units of output.
fn allows(stock: f64, amount: f64) -> f64 {
    if amount > 0.0 { stock / amount } else { f64::INFINITY }
}

impl Simulator {
    pub(super) fn arrivals(&mut self) {
        let now = self.step;
        for route in self.graph.edge_weights_mut() {
            let due: f64 = route.under_way.iter().filter(|s| s.due == now).map(|s| s.tonnes).sum();
            route.under_way.retain(|s| s.due != now);
            route.stock += due;
        }
    }

    pub(super) fn demand(&mut self) {
        let day = f64::from(self.scenario.start) + f64::from(self.step) * self.dt;
        let wave = libm::cos((day - 334.0) / 365.25 * std::f64::consts::TAU);
        let season = 1.0 + self.p(Parameter::SeasonAmplitude) * wave;
        let elasticity = self.p(Parameter::PriceDemandElasticity);
        let (fast, slow) =
            (self.pace(self.p(Parameter::ExpectationDays)), self.pace(self.p(Parameter::TrendDays)));
        for i in 0..self.lines() {
            let mut new: f64 = 0.0;
            for r in self.graph[NodeIndex::new(i)].outgoing.clone() {
                new += self.graph[r].placed;
            }
            let entry = &self.scenario.lines.lines[i];
            let line = &mut self.graph[NodeIndex::new(i)];
            if entry.final_demand > 0.0 {
                let answers = self.scenario.switches.price_feedback && entry.stage == Stage::OtherDemand;
                // Heavy outside, heavy inside, light outside, light inside.
                let holds_heavy = entry.inputs.iter().any(|input| {
                    let good = &self.scenario.lines.materials[input.material.index()];
                    good.heavy || (good.ndpr <= 0.0 && good.dytb > 0.0)
                });
                let price = match (holds_heavy, entry.country == Place::CHN) {
                    (true, false) => self.price[0],
                    (true, true) => self.price[1],
                    (false, false) => self.price[2],
                    (false, true) => self.price[3],
                };
                let feedback = if answers { libm::exp(elasticity * price).min(1.0) } else { 1.0 };
                line.calm_demand = line.base_final * self.dt * season;
                line.final_demand = line.calm_demand * line.demand_factor * feedback;
                new += line.final_demand;
            }
            line.expected += fast * (new / self.dt - line.expected);
            line.trend += slow * (new / self.dt - line.trend);
            line.demand = new;
        }
    }

    /// v: base shares moved by tariffs, growth and (pooled) deliveries; newcomers take theirs from the others
    /// as far as they deliver.
    pub(super) fn shares(&mut self) {
        let exponent = self.p(Parameter::AdaptationExponent);
        for i in 0..self.lines() {
            let pooled = self.sourcing(i) == Sourcing::Pooled;
            for input in self.graph[NodeIndex::new(i)].inputs.clone() {
                let (mut sum, mut taken) = (0.0, 0.0);
                for &r in &input {
                    let route = &self.graph[r];
                    let delivered = if route.ordered_month > 0.0 {
                        (route.sent_month / route.ordered_month).min(1.0)
                    } else {
                        0.0
                    };
                    if route.late {
                        let reached = if route.candidate {
                            f64::from(u8::from(route.clock >= QUALIFIED))
                        } else {
                            let days = (f64::from(self.step) - f64::from(route.opens)) * self.dt;
                            (days / self.p(Parameter::RampDays)).max(route.growth - 1.0).clamp(0.0, 1.0)
                        };
                        let share = route.weight * route.tariff * reached;
                        taken += share * delivered;
                        self.graph[r].share = share;
                    } else {
                        let credit = if pooled { libm::pow(delivered.max(0.05), exponent) } else { 1.0 };
                        let grown = 1.0 + (route.growth - 1.0) * delivered;
                        let raw = route.weight * route.tariff * grown * credit;
                        sum += raw;
                        self.graph[r].share = raw;
                    }
                }
                let rest = if sum > 0.0 { (1.0 - taken).max(0.0) / sum } else { 0.0 };
                for &r in input.iter() {
                    if !self.graph[r].late {
                        self.graph[r].share *= rest;
                    }
                }
            }
        }
    }

    fn sourcing(&self, line: usize) -> Sourcing {
        self.scenario.switches.sourcing[self.scenario.lines.lines[line].stage as usize]
    }

    pub(super) fn production(&mut self) {
        for i in 0..self.lines() {
            self.want(i);
        }
        for pool in 0..self.pools.len() {
            self.cap_wanted(pool);
        }
        for i in 0..self.lines() {
            if self.scenario.lines.lines[i].coproduct_of.is_none() {
                self.make(i);
            }
        }
        for group in 0..self.groups.len() {
            self.separate(group);
        }
    }

    /// X°: orders that may ship soon, final demand with catch-up, and the gap of finished stock.
    fn want(&mut self, i: usize) {
        let blocked = self.p(Parameter::BlockedBookDays);
        let catch_up = self.pace(self.p(Parameter::DeferDays));
        let mut orders = 0.0;
        for r in self.graph[NodeIndex::new(i)].outgoing.clone() {
            let route = &self.graph[r];
            orders += route.book.min(route.cap.max(blocked * route.base_flow));
        }
        let line = &mut self.graph[NodeIndex::new(i)];
        let gap = line.stock_target - line.stock;
        let new_orders = line.demand - line.final_demand;
        line.owing = (orders + gap - new_orders).max(0.0) + line.deferred;
        line.wanted = (orders + line.final_demand + line.deferred * catch_up + gap).max(0.0);
        line.reason = Reason::Demand;
    }

    fn cap_wanted(&mut self, pool: usize) {
        let most = self.p(Parameter::OverproductionMax);
        let pace = self.pace(self.p(Parameter::OverproductionDays));
        let members = self.scenario.lines.pools[pool].lines.clone();
        let mut wanted = 0.0;
        for line in &members {
            wanted += self.graph[NodeIndex::new(line.index())].wanted;
        }
        let entry = &mut self.pools[pool];
        let available =
            entry.overproduction * (entry.capacity * (1.0 - entry.loss) * (1.0 + entry.added)) * self.dt;
        if wanted > available {
            // What differs from capacity by rounding is no scarcity.
            if entry.capacity > 0.0 && wanted - available > 1.0e-9 * entry.capacity * self.dt {
                let scarcity = (wanted - available) / wanted;
                entry.overproduction += (most - entry.overproduction) * scarcity * pace;
            } else {
                entry.overproduction += (1.0 - entry.overproduction) * pace;
            }
            for line in &members {
                let line = &mut self.graph[NodeIndex::new(line.index())];
                line.wanted *= available / wanted;
                if available / wanted < 1.0 {
                    line.reason = Reason::Capacity;
                }
            }
        } else {
            entry.overproduction += (1.0 - entry.overproduction) * pace;
        }
    }

    fn make(&mut self, i: usize) {
        let node = NodeIndex::new(i);
        let inputs = self.graph[node].inputs.clone();
        let rule = self.scenario.switches.production;
        let kinds: Vec<Criticality> =
            self.scenario.lines.lines[i].inputs.iter().map(|input| input.criticality).collect();
        let limits: Vec<(f64, Vec<f64>)> = inputs.iter().map(|input| self.limit(i, input)).collect();
        let mut output = self.graph[node].wanted;
        if rule == Production::Psi {
            output *= self.scarcest(&inputs, &kinds, output);
        }
        if rule == Production::Critical {
            let mut missing = 0.0;
            for (kind, limit) in kinds.iter().zip(&limits) {
                if let Criticality::NonEssential { cost_share } = kind
                    && output > 0.0
                {
                    missing += cost_share * (1.0 - limit.0 / output).max(0.0);
                }
            }
            output *= (1.0 - missing).max(0.0);
        }
        for k in 0..inputs.len() {
            let binds = kinds[k] == Criticality::Essential
                || (matches!(kinds[k], Criticality::NonEssential { .. }) && rule != Production::Critical);
            let limit = limits[k].0;
            if binds && limit < output {
                // A limit that differs by rounding alone is no reason.
                let rounding = 1.0e-9 * output.max(self.graph[node].base_output * self.dt);
                if limit < output - rounding {
                    self.graph[node].reason = Reason::Input(k as u32);
                }
                output = limit;
            }
        }
        let wanted = self.graph[node].wanted;
        if wanted > 0.0 && !inputs.is_empty() {
            // A twentieth missing makes a whole day of shortage.
            let missing = (wanted - output).max(0.0) / (0.05 * wanted);
            self.graph[node].short_days += self.dt * missing.min(1.0);
        }
        self.graph[node].output = output;
        self.stop(i);
        for (input, (_, can)) in inputs.iter().zip(&limits) {
            self.consume(i, input, can);
        }
    }

    /// Share of the pooled rule in the mix: what it always is, and what the line has learned in shortage.
    fn stand_in(&self, i: usize) -> f64 {
        let (mix, days) = (self.p(Parameter::PooledMix), self.p(Parameter::StandInDays));
        if days <= 0.0 {
            return mix;
        }
        mix + (1.0 - mix) * (self.graph[NodeIndex::new(i)].short_days / days).min(1.0)
    }

    /// What one input allows, and what each of its routes can do for it (dedicated sourcing).
    fn limit(&mut self, i: usize, input: &[EdgeIndex]) -> (f64, Vec<f64>) {
        let rule = self.sourcing(i);
        let mix = if rule == Sourcing::Pooled { 1.0 } else { self.stand_in(i) };
        let pooled: f64 = input.iter().map(|r| allows(self.graph[*r].stock, self.graph[*r].amount)).sum();
        // Who learned in want to do without its own suppliers still has accounts with them.
        if rule == Sourcing::Pooled || self.p(Parameter::PooledMix) >= 1.0 {
            return (pooled, Vec::new());
        }
        let (own, can) = if rule == Sourcing::AllNeeded {
            // No supplier can be missed, and what newcomers do not bring must be there all the same.
            let mut least = pooled;
            for r in input.iter().map(|r| &self.graph[*r]).filter(|r| !r.late && r.amount * r.share > 0.0) {
                least = least.min(r.stock / (r.amount * r.share));
            }
            (least, Vec::new())
        } else {
            let can = self.dedicated(i, input);
            (can.iter().sum(), can)
        };
        let wanted = self.graph[NodeIndex::new(i)].wanted;
        (if mix > 0.0 { (1.0 - mix) * own.min(wanted) + mix * pooled.min(wanted) } else { own }, can)
    }

    /// Each route serves its own share of new demand and of what is owed on its account. A newcomer serves
    /// what it can and owes nothing; all together owe no more than the line owes.
    fn dedicated(&mut self, i: usize, input: &[EdgeIndex]) -> Vec<f64> {
        let (demand, owing) = (self.graph[NodeIndex::new(i)].demand, self.graph[NodeIndex::new(i)].owing);
        let mut can = vec![0.0; input.len()];
        let mut late = 0.0;
        for (k, r) in input.iter().enumerate() {
            let route = &self.graph[*r];
            if route.late {
                can[k] = (route.share * demand).min(allows(route.stock, route.amount));
                late += can[k];
            }
        }
        let shares: f64 = input.iter().map(|r| &self.graph[*r]).filter(|r| !r.late).map(|r| r.share).sum();
        let owed: f64 = input.iter().map(|r| self.graph[*r].owed).sum();
        for (k, r) in input.iter().enumerate() {
            let route = &mut self.graph[*r];
            if !route.late {
                let fresh = if shares > 0.0 { route.share / shares * (demand - late).max(0.0) } else { 0.0 };
                route.owed = fresh + route.owed * if owed > owing { owing / owed } else { 1.0 };
                can[k] = route.owed.min(allows(route.stock, route.amount));
            }
        }
        can
    }

    /// BoARIO: the scarcest stock relative to ψ of its target at this output, at most 1.
    fn scarcest(&self, inputs: &[Vec<EdgeIndex>], kinds: &[Criticality], output: f64) -> f64 {
        let psi = self.p(Parameter::Psi);
        let mut least: f64 = 1.0;
        for (input, _) in inputs.iter().zip(kinds).filter(|(_, kind)| **kind != Criticality::Negligible) {
            let days: f64 = input.iter().map(|r| self.graph[*r].share * self.graph[*r].target_days).sum();
            let stock: f64 = input.iter().map(|r| allows(self.graph[*r].stock, self.graph[*r].amount)).sum();
            let needed = psi * days / self.dt * output;
            if psi * days >= self.dt && needed > 0.0 {
                least = least.min(stock / needed);
            }
        }
        least
    }

    fn stop(&mut self, i: usize) {
        let node = NodeIndex::new(i);
        let base = self.graph[node].base_output;
        let least = self.p(Parameter::MinimumRun) * base * self.dt;
        if least <= 0.0 {
            return;
        }
        let cover = self.p(Parameter::RestartCover);
        let ready = self.graph[node].inputs.iter().all(|input| {
            input.iter().map(|r| allows(self.graph[*r].stock, self.graph[*r].amount)).sum::<f64>()
                >= cover * base
        });
        let restart = self.p(Parameter::RestartDays).max(self.dt);
        let dt = self.dt;
        let line = &mut self.graph[node];
        if line.restart > 0.0 {
            if ready {
                line.restart = (line.restart - dt).max(0.0);
            }
        } else if line.output < least * (1.0 - 1.0e-9) {
            line.restart = restart;
        } else {
            return;
        }
        line.output = 0.0;
        line.reason = Reason::Stopped;
    }

    /// Takes inputs from stock: by share (or by what each route can do), and what is missing in proportion to
    /// what is left.
    fn consume(&mut self, i: usize, input: &[EdgeIndex], can: &[f64]) {
        // With nothing of the own rule left in the mix, inputs are used by share.
        let dedicated = !can.is_empty();
        let output = self.graph[NodeIndex::new(i)].output;
        let whole: f64 = can.iter().sum();
        let mut used: Vec<f64> = Vec::new();
        for (k, r) in input.iter().enumerate() {
            let route = &self.graph[*r];
            let part = if !dedicated {
                route.share * output
            } else if whole > 0.0 {
                output * can[k] / whole
            } else {
                0.0
            };
            used.push(part.min(allows(route.stock, route.amount)));
        }
        // Shares add up to more than one while a newcomer is on trial; use does not.
        let taken: f64 = used.iter().sum();
        if taken > output && input.iter().any(|r| self.graph[*r].late) {
            used.iter_mut().for_each(|used| *used *= output / taken);
        }
        let missing = (output - used.iter().sum::<f64>()).max(0.0);
        let rest: Vec<f64> = input
            .iter()
            .zip(&used)
            .map(|(r, used)| allows(self.graph[*r].stock, self.graph[*r].amount) - used)
            // A route of which nothing is needed can make up for anything.
            .map(|rest| if rest.is_finite() { rest } else { 1.0e200 })
            .collect();
        let left: f64 = rest.iter().sum();
        for (k, r) in input.iter().enumerate() {
            if left > 0.0 {
                used[k] += rest[k] * (missing / left).min(1.0);
            }
            let route = &mut self.graph[*r];
            for group in self.groups.iter_mut().filter(|group| group.feed == i && group.known) {
                let content =
                    group.ores.iter().find(|(own, _)| own == r).map_or(0.0, |(_, content)| *content);
                group.fed += used[k] * route.amount * content;
            }
            route.stock = (route.stock - used[k] * route.amount).max(0.0);
            if dedicated {
                route.owed = (route.owed - used[k]).max(0.0);
            }
        }
    }

    /// Heavy oxide from the feed's ore and from the circuit, split by capacity when short.
    fn separate(&mut self, g: usize) {
        let group = self.groups[g].clone();
        let output = self.graph[NodeIndex::new(group.feed)].output;
        let fed = if group.known { std::mem::take(&mut self.groups[g].fed) } else { output };
        let available = group.circuit + group.recovery * fed;
        let wanted: Vec<f64> = group.lines.iter().map(|l| self.graph[NodeIndex::new(*l)].wanted).collect();
        let whole: f64 = wanted.iter().sum();
        let made = if whole <= available {
            wanted
        } else {
            let capacity = |l: &usize| self.pools[self.scenario.lines.lines[*l].pool.index()].capacity;
            let weights: Vec<f64> = group.lines.iter().map(capacity).collect();
            // As of any input: a difference by rounding alone is no reason.
            if whole - available > 1.0e-9 * whole {
                for l in &group.lines {
                    self.graph[NodeIndex::new(*l)].reason = Reason::Input(0);
                }
            }
            water_fill(&wanted, &weights, available)
        };
        for (l, made) in group.lines.iter().zip(&made) {
            self.graph[NodeIndex::new(*l)].output = *made;
        }
        let rest = (available - made.iter().sum::<f64>()).max(0.0);
        self.groups[g].circuit = rest.min(group.circuit_most);
        self.groups[g].tailings += rest - self.groups[g].circuit;
    }
}
