//! Shocks in force, capacities, caps, prices, and slow adaptation.

use coercivity::id::{Place, RouteId};
use coercivity::network::line::Stage;
use coercivity::policy::parameter::Parameter;
use coercivity::policy::shock::{Kind, RecoveryShape};
use coercivity::random::philox::{Entity, Purpose};
use coercivity::scenario::Scenario;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Reason, Simulator};

/// A candidate's clock: shortage below `WAITING`, qualification up to `QUALIFIED`.
const WAITING: f64 = 1.0e5;
pub(super) const QUALIFIED: f64 = 1.0e6;

/// Lunar New Year, days since 1970-01-01.
const NEW_YEARS: [i32; 8] = [19_379, 19_763, 20_117, 20_501, 20_855, 21_209, 21_593, 21_948];

/// Routes behind a price, with their content.
pub(super) struct Market {
    crossing: Vec<(EdgeIndex, f64)>,
    home: Vec<(EdgeIndex, f64)>,
}

/// Heavy outside and inside the control, light outside and inside.
pub(super) fn markets(scenario: &Scenario) -> Vec<Market> {
    let graph = &scenario.lines;
    let central: Vec<f64> = graph.coefficients.iter().map(|c| c.band.central).collect();
    let content = |route: usize, heavy: bool| -> f64 {
        let route = &graph.routes[route];
        let seller = &graph.lines[route.from.index()];
        let material = &graph.materials[route.material.index()];
        if seller.stage != Stage::Mine {
            return if heavy { material.dytb } else { material.ndpr };
        }
        if heavy {
            let id = format!("dytb-per-reo:{}", graph.sites[seller.facility.index()].id);
            return graph.coefficients.iter().find(|c| c.id == id).map_or(0.0, |c| c.band.central);
        }
        route.yield_per_tonne.as_ref().map_or(0.0, |y| y.value(&central))
    };
    [(true, false), (true, true), (false, false), (false, true)]
        .into_iter()
        .map(|(heavy, inside)| {
            let mut market = Market { crossing: Vec::new(), home: Vec::new() };
            for (r, route) in graph.routes.iter().enumerate() {
                let from = &graph.lines[route.from.index()];
                let to = &graph.lines[route.to.index()];
                let content = content(r, heavy);
                if content <= 0.0 || (to.country == Place::CHN) != inside {
                    continue;
                }
                let entry = (EdgeIndex::new(r), content);
                if (from.country == Place::CHN) != inside {
                    market.crossing.push(entry);
                } else if from.stage == if inside { Stage::Mine } else { Stage::Separation } {
                    market.home.push(entry);
                }
            }
            market
        })
        .collect()
}

fn edges(routes: &[RouteId]) -> Vec<EdgeIndex> {
    routes.iter().map(|r| EdgeIndex::new(r.index())).collect()
}

impl Simulator {
    /// Closures, holds, tariffs, slow lanes, demand: from the shocks in force alone.
    pub(super) fn shocks(&mut self) {
        for route in self.graph.edge_weights_mut() {
            (route.closures, route.exempt, route.tariff, route.extra_lead, route.growth) =
                (0.0, 0.0, 1.0, 0.0, 1.0);
            route.shut = 0.0;
        }
        for line in self.graph.node_weights_mut() {
            line.demand_factor = 1.0;
        }
        let scenario = self.scenario.clone();
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let (active, size) = (self.active(s), self.events[s].size);
            match &shock.kind {
                Kind::OverCompliance { routes } => {
                    if self.events[s].start == f64::from(self.step) {
                        self.hold(&shock.id, routes, self.events[s].end);
                    }
                }
                Kind::Quota { period_days, .. } => {
                    let since = (f64::from(self.step) - self.events[s].start) * self.dt;
                    if !active {
                        self.events[s].quota_left = f64::INFINITY;
                    } else {
                        // Every day of the step on which a period begins brings its tonnes.
                        let (since, days) = (since as u32, self.scenario.step_days);
                        let begins = (since..since + days).filter(|day| day % (*period_days).max(1) == 0);
                        match begins.count() {
                            0 => {}
                            periods => self.events[s].quota_left = size * periods as f64,
                        }
                    }
                }
                _ if !active => {}
                Kind::Embargo { routes } => {
                    edges(routes).into_iter().for_each(|r| self.graph[r].closures += 1.0);
                }
                Kind::PortClosure { routes } => {
                    for r in edges(routes) {
                        self.graph[r].closures += 1.0;
                        self.graph[r].shut += 1.0;
                    }
                }
                Kind::GeneralLicence { routes } => {
                    edges(routes).into_iter().for_each(|r| self.graph[r].exempt += 1.0);
                }
                Kind::Tariff { routes, .. } => {
                    let factor = libm::pow(1.0 + size, -self.p(Parameter::TariffElasticity));
                    edges(routes).into_iter().for_each(|r| self.graph[r].tariff *= factor);
                }
                Kind::LaneDelay { routes, .. } => {
                    let steps = libm::round(size / self.dt).max(0.0);
                    edges(routes).into_iter().for_each(|r| self.graph[r].extra_lead += steps);
                }
                Kind::DemandChange { lines, .. } => {
                    for line in lines {
                        self.graph[NodeIndex::new(line.index())].demand_factor *= size;
                    }
                }
                _ => {}
            }
        }
        for route in self.graph.edge_weights_mut() {
            route.extra_lead = route.extra_lead.min(route.slowest);
        }
    }

    fn hold(&mut self, shock: &str, routes: &[RouteId], end: f64) {
        let episode = Entity::of(shock).0;
        let (low, high) = (self.p(Parameter::HoldLow), self.p(Parameter::HoldHigh));
        for r in edges(routes) {
            let entity = Entity::of(&self.scenario.lines.routes[r.index()].id);
            if self.streams.uniform(Purpose::OverCompliance, entity, 0, episode)
                < self.p(Parameter::OverCompliance)
            {
                let days =
                    low + (high - low).max(0.0) * self.streams.uniform(Purpose::Hold, entity, 0, episode);
                let until = (f64::from(self.step) + (days / self.dt).ceil()).min(end);
                self.graph[r].held_until = self.graph[r].held_until.max(until);
            }
        }
    }

    pub(super) fn capacities(&mut self) {
        let scenario = self.scenario.clone();
        let day = scenario.start + (self.step * scenario.step_days) as i32;
        let holiday = NEW_YEARS.iter().any(|eve| *eve <= day && day < eve + 14);
        for p in 0..self.pools.len() {
            let chinese =
                scenario.lines.sites[scenario.lines.pools[p].facility.index()].country == Place::CHN;
            let dip = if holiday && chinese { self.p(Parameter::NewYearDip) } else { 0.0 };
            let pool = &mut self.pools[p];
            pool.loss = dip;
            // Nothing stands before the date; a project may build a share of the nameplate before.
            pool.added = if (self.step as i32) < pool.opens { -1.0 } else { 0.0 };
        }
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let since = (f64::from(self.step) - self.events[s].start) * self.dt;
            let size = self.events[s].size;
            match &shock.kind {
                Kind::CapacityLoss { pools, recovery, .. } => {
                    let lost = self.lost(s, *recovery);
                    for pool in pools {
                        let pool = &mut self.pools[pool.index()];
                        pool.loss = 1.0 - (1.0 - pool.loss) * (1.0 - lost);
                    }
                }
                Kind::NewCapacity { pools, routes, .. } if self.active(s) => {
                    let ramp = (since / self.events[s].time.max(self.dt)).clamp(0.0, 1.0);
                    for pool in pools {
                        let pool = &mut self.pools[pool.index()];
                        // Begun before the plant opens, it builds that plant.
                        if self.events[s].start < f64::from(pool.opens) {
                            pool.added = pool.added.max(size * ramp - 1.0);
                        } else {
                            pool.added += size * ramp;
                        }
                    }
                    edges(routes).into_iter().for_each(|r| self.graph[r].growth += size * ramp);
                }
                Kind::Subsidy { pools, .. } if self.active(s) => {
                    for pool in pools {
                        let pool = &mut self.pools[pool.index()];
                        pool.added +=
                            if (self.step as i32) < pool.opens { 0.0 } else { size * (since / 365.0) };
                    }
                }
                _ => {}
            }
        }
        self.recover();
    }

    fn lost(&self, s: usize, recovery: RecoveryShape) -> f64 {
        let (event, at) = (&self.events[s], f64::from(self.step));
        let loss = event.size.clamp(0.0, 1.0);
        let since = (at - event.end) * self.dt;
        if at < event.start {
            0.0
        } else if at < event.end {
            loss
        } else if event.time <= 0.0 {
            0.0
        } else {
            loss * match recovery {
                RecoveryShape::Instant => 0.0,
                RecoveryShape::Linear => (1.0 - since / event.time).max(0.0),
                RecoveryShape::Exponential => libm::exp(-since / event.time),
                RecoveryShape::Logistic => 1.0 / (1.0 + libm::exp(8.0 * (since / event.time - 0.5))),
            }
        }
    }

    /// Recovery: that of the start, and what heavy lines that open, or grow, can make beyond it, up to all that the ore
    /// holds.
    fn recover(&mut self) {
        for group in &mut self.groups {
            group.recovery = group.recovery_calm;
            for line in &group.lines {
                let pool = &self.pools[self.scenario.lines.lines[*line].pool.index()];
                let gained = if pool.opens > 0 { 1.0 + pool.added } else { pool.added };
                if gained > 0.0 && group.held > 0.0 {
                    let most = if group.known { group.recovery.max(1.0) } else { group.recovery };
                    group.recovery = (group.recovery + pool.capacity * gained / group.held).min(most);
                }
            }
            group.circuit_most = 30.0 * group.recovery * group.held;
        }
    }

    /// What the law lets leave on each route, goods or no goods.
    pub(super) fn caps(&mut self) {
        let at = f64::from(self.step);
        let (days, share) = (self.p(Parameter::BypassDays), self.p(Parameter::BypassCap));
        for r in self.routes() {
            let allowance = self.allowance(r);
            let dt = self.dt;
            let quota =
                self.scenario.shocks.iter().zip(&self.events).map(|(shock, event)| match &shock.kind {
                    Kind::Quota { routes, .. } if edges(routes).contains(&r) => event.quota_left,
                    _ => f64::INFINITY,
                });
            let quota = quota.fold(f64::INFINITY, f64::min);
            let seller = self.ends(r).0.index();
            let magnets = self.scenario.lines.lines[seller].stage == Stage::Magnet;
            let route = &mut self.graph[r];
            let exempt = route.exempt > 0.0;
            route.cap = if route.closures > 0.0 || (at < route.held_until && !exempt) {
                0.0
            } else if exempt {
                f64::INFINITY
            } else {
                allowance
            }
            .min(quota);
            let blocked = route.cap < route.base_flow * dt && route.shut == 0.0;
            route.blocked_days = if blocked { route.blocked_days + dt } else { 0.0 };
            route.openly = route.cap;
            if self.scenario.switches.bypass && magnets && route.blocked_days > days {
                route.cap = route.cap.max(share * route.base_flow * dt);
            }
        }
    }

    /// Routes under a quota share what is left of the period, in proportion to what they ask.
    pub(super) fn quotas(&mut self) {
        let scenario = self.scenario.clone();
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let Kind::Quota { routes, .. } = &shock.kind else { continue };
            // What goes round the control inside motors uses up none of it.
            let asked: f64 =
                edges(routes).into_iter().map(|r| self.graph[r].leaving.min(self.graph[r].openly)).sum();
            if asked > self.events[s].quota_left {
                let ratio = self.events[s].quota_left / asked;
                for r in edges(routes) {
                    let route = &mut self.graph[r];
                    let hidden = (route.leaving - route.openly).max(0.0);
                    route.openly = route.leaving.min(route.openly) * ratio;
                    route.leaving = route.openly + hidden;
                }
            }
        }
    }

    /// What the law keeps back of the usual flow, as far as it was asked for.
    pub(super) fn keep_back(&mut self) {
        let ratio = self.p(Parameter::GateRatio).min(1.0);
        for r in self.routes() {
            let dt = self.dt;
            let route = &mut self.graph[r];
            route.kept_back = (route.book.min(ratio * route.base_flow * dt) - route.leaving).max(0.0);
        }
    }

    /// What was shipped comes off quotas and licences.
    pub(super) fn used_up(&mut self) {
        let scenario = self.scenario.clone();
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let Kind::Quota { routes, .. } = &shock.kind else { continue };
            for r in edges(routes) {
                let tonnes = self.graph[r].leaving.min(self.graph[r].openly);
                self.events[s].quota_left = (self.events[s].quota_left - tonnes).max(0.0);
            }
        }
        self.licences_used();
    }

    pub(super) fn prices(&mut self) {
        let month = self.pace(30.0);
        let cushion = self.p(Parameter::PriceCushion);
        let slope =
            1.0 / (self.p(Parameter::PriceDemandElasticity) - self.p(Parameter::PriceSupplyElasticity));
        for (m, market) in self.markets.iter().enumerate() {
            let sum = |list: &[(EdgeIndex, f64)], what: &dyn Fn(&super::Route) -> f64| -> f64 {
                list.iter().map(|(r, content)| content * what(&self.graph[*r])).sum()
            };
            let kept = sum(&market.crossing, &|r| r.kept_back / self.dt);
            let stock = sum(&market.crossing, &|r| r.stock);
            let calm = sum(&market.crossing, &|r| r.target_days * r.base_flow);
            let supply: f64 =
                [&market.crossing, &market.home].iter().map(|list| sum(list, &|r| r.base_flow)).sum();
            let gone = if supply > 0.0 { kept / supply } else { 0.0 };
            self.withheld[m] += month * (gone - self.withheld[m]);
            let cover = if calm > 0.0 { (stock / calm).min(1.0) } else { 0.0 };
            let effective = (self.withheld[m] * (1.0 - (1.0 - cushion) * cover)).min(0.95);
            let goal = slope * libm::log(1.0 - effective);
            self.price[m] += self.pace(self.p(Parameter::PriceDays)) * (goal - self.price[m]);
        }
    }

    pub(super) fn qualification(&mut self) {
        for r in self.routes().filter(|r| self.graph[*r].candidate).collect::<Vec<_>>() {
            let input = self.scenario.lines.routes[r.index()].input;
            let short = self.graph[self.ends(r).1].reason == Reason::Input(input);
            let (trigger, days) =
                (self.p(Parameter::QualificationTrigger), self.p(Parameter::QualificationDays));
            let dt = self.dt;
            let clock = &mut self.graph[r].clock;
            if *clock < WAITING {
                *clock = if short { *clock + dt } else { 0.0 };
                if *clock >= trigger {
                    *clock = WAITING;
                }
            } else {
                *clock += dt;
                if *clock >= WAITING + days && *clock < QUALIFIED {
                    *clock = QUALIFIED;
                }
            }
        }
    }

    /// Weekly: heavy magnets give way to heavy-free ones at the drawn rate, no faster than the cap.
    pub(super) fn substitution(&mut self) {
        let week = (7 / self.scenario.step_days).max(1);
        if self.step % week != 0 {
            return;
        }
        let scenario = self.scenario.clone();
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let Kind::Substitution { lines, limit, .. } = &shock.kind else { continue };
            if !self.active(s) {
                continue;
            }
            let years = (f64::from(self.step) - self.events[s].start) * self.dt / 365.0;
            let now = (self.events[s].size.min(self.p(Parameter::SubstitutionCap)) * years).min(*limit);
            let before = self.events[s].left;
            if now <= before || before >= 1.0 {
                continue;
            }
            self.events[s].left = now;
            for line in lines {
                let inputs = &scenario.lines.lines[line.index()].inputs;
                let of_kind = |heavy| {
                    inputs.iter().find(|i| scenario.lines.materials[i.material.index()].heavy == heavy)
                };
                let (Some(heavy), Some(light)) = (of_kind(true), of_kind(false)) else { continue };
                let Some(first) = heavy.routes.first() else { continue };
                let moved =
                    self.graph[EdgeIndex::new(first.index())].amount * (now - before) / (1.0 - before);
                edges(&heavy.routes).into_iter().for_each(|r| self.graph[r].amount -= moved);
                edges(&light.routes).into_iter().for_each(|r| self.graph[r].amount += moved);
            }
        }
    }

    pub(super) fn stockpiles(&mut self) {
        let scenario = self.scenario.clone();
        for (s, shock) in scenario.shocks.iter().enumerate() {
            let Kind::StockpileRelease { routes, rate, trigger_cover, .. } = &shock.kind else { continue };
            if !self.active(s) {
                continue;
            }
            let above = |r: EdgeIndex, days: f64| {
                let trend = self.graph[self.ends(r).1].trend;
                let route = &self.graph[r];
                route.stock - days * (route.amount * route.share * trend)
            };
            let gaps: Vec<f64> =
                edges(routes).into_iter().map(|r| (-above(r, *trigger_cover)).max(0.0)).collect();
            let whole: f64 = gaps.iter().sum();
            let needed: f64 =
                edges(routes).into_iter().map(|r| self.graph[r].stock - above(r, *trigger_cover)).sum();
            if whole <= 1.0e-9 * needed {
                // Nobody is short by more than rounding: the pile is filled again from what stands above nine tenths of targets.
                let spare: Vec<f64> = edges(routes)
                    .into_iter()
                    .map(|r| above(r, trigger_cover.max(0.9 * self.graph[r].target_days)).max(0.0))
                    .collect();
                let offered: f64 = spare.iter().sum();
                let bought = offered.min(rate * self.dt).min(self.events[s].size - self.events[s].left);
                if bought > 0.0 {
                    for (r, spare) in edges(routes).into_iter().zip(&spare) {
                        let route = &mut self.graph[r];
                        route.stock = (route.stock - bought * spare / offered).max(0.0);
                    }
                    self.events[s].left += bought;
                }
                continue;
            }
            let released = whole.min(rate * self.dt).min(self.events[s].left);
            if released > 0.0 {
                for (r, gap) in edges(routes).into_iter().zip(&gaps) {
                    self.graph[r].stock += released * gap / whole;
                }
                self.events[s].left -= released;
            }
        }
    }
}
