//! Gate, rationing, dispatch, cancellation, orders.

use coercivity::id::Place;
use coercivity::network::line::EndUse;
use coercivity::policy::parameter::Parameter;
use coercivity::policy::response::Rationing;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Shipment, Simulator, water_fill};

impl Simulator {
    /// e = min(book, what may leave, r_max · usual flow).
    pub(super) fn gate(&mut self) {
        for r in self.routes() {
            let most = self.p(Parameter::GateRatio) * self.usual(r);
            let route = &mut self.graph[r];
            route.leaving = route.book.min(most).min(route.cap);
        }
    }

    /// Shares a line's goods among final demand and its customers; requests become shipments.
    pub(super) fn ration(&mut self, i: usize) {
        let node = NodeIndex::new(i);
        let sink = self.scenario.lines.lines[i].final_demand > 0.0;
        let catch_up = self.pace(self.p(Parameter::DeferDays));
        let customers: Vec<Option<EdgeIndex>> = sink
            .then_some(None)
            .into_iter()
            .chain(self.graph[node].outgoing.iter().copied().map(Some))
            .collect();
        let line = &self.graph[node];
        let own = line.final_demand + line.deferred * catch_up;
        let requests: Vec<f64> = customers.iter().map(|c| c.map_or(own, |r| self.graph[r].leaving)).collect();
        let asked: f64 = requests.iter().sum();
        let have = line.stock + line.output;
        let granted = if asked <= have { requests } else { self.share_out(i, &customers, &requests, have) };
        for (customer, granted) in customers.iter().zip(&granted) {
            match customer {
                Some(r) => self.graph[*r].leaving = *granted,
                None => self.graph[node].served = *granted,
            }
        }
        let defer = self.p(Parameter::DeferFraction);
        let line = &mut self.graph[node];
        line.stock = (have - asked).max(0.0);
        if sink {
            let short = line.final_demand - line.served;
            if short >= 0.0 {
                line.deferred += defer * short;
                line.lost += (1.0 - defer) * short;
            } else {
                line.deferred = (line.deferred + short).max(0.0);
            }
        }
    }

    fn share_out(&self, i: usize, customers: &[Option<EdgeIndex>], requests: &[f64], have: f64) -> Vec<f64> {
        let switches = &self.scenario.switches;
        let seller = &self.scenario.lines.lines[i];
        let usual: Vec<f64> = customers
            .iter()
            .map(|c| c.map_or(self.graph[NodeIndex::new(i)].base_final * self.dt, |r| self.usual(r)))
            .collect();
        let buyer = |customer: &Option<EdgeIndex>| {
            customer.map_or(seller, |r| &self.scenario.lines.lines[self.ends(r).1.index()])
        };
        let in_turn = |classes: Vec<usize>| -> Vec<f64> {
            let mut granted = vec![0.0; requests.len()];
            let mut left = have;
            for class in 0..=classes.iter().copied().max().unwrap_or(0) {
                let of_class: Vec<f64> = (0..requests.len())
                    .map(|k| if classes[k] == class { requests[k] } else { 0.0 })
                    .collect();
                for (k, grant) in water_fill(&of_class, &of_class, left).into_iter().enumerate() {
                    granted[k] += grant;
                }
                left = (have - granted.iter().sum::<f64>()).max(0.0);
            }
            granted
        };
        match switches.rationing {
            Rationing::Proportional => {
                requests.iter().map(|e| e * (have / requests.iter().sum::<f64>())).collect()
            }
            Rationing::LeastHurtFirst => water_fill(requests, &usual, have),
            Rationing::Price => {
                let good = &self.scenario.lines.materials[seller.product.index()];
                let first = if good.heavy || (good.dytb > 0.0 && good.ndpr <= 0.0) { 0 } else { 2 };
                let bids: Vec<f64> = customers
                    .iter()
                    .zip(requests)
                    .map(|(c, e)| {
                        let outside = buyer(c).country != Place::CHN;
                        e * libm::exp(self.price[if outside { first } else { first + 1 }])
                    })
                    .collect();
                water_fill(requests, &bids, have)
            }
            Rationing::ContractFirst => {
                let contract: Vec<f64> = requests.iter().zip(&usual).map(|(e, o)| e.min(*o)).collect();
                let more: Vec<f64> = requests.iter().zip(&contract).map(|(e, c)| e - c).collect();
                let first = water_fill(&contract, &contract, have);
                let left = (have - first.iter().sum::<f64>()).max(0.0);
                let second = water_fill(&more, &more, left);
                first.iter().zip(&second).map(|(a, b)| a + b).collect()
            }
            Rationing::Priority => {
                let rank = |end_use: EndUse| {
                    switches.priority.iter().position(|u| *u == end_use).unwrap_or(switches.priority.len())
                };
                in_turn(customers.iter().map(|c| rank(buyer(c).end_use)).collect())
            }
            Rationing::DomesticFirst => {
                in_turn(customers.iter().map(|c| usize::from(buyer(c).country != seller.country)).collect())
            }
        }
    }

    /// Share of a route's goods that flies.
    fn flying(&self, r: EdgeIndex) -> f64 {
        let route = &self.graph[r];
        if route.air_lead == 0 {
            return 0.0;
        }
        let flow = route.amount * route.share * self.graph[self.ends(r).1].trend;
        let low = self.p(Parameter::AirTrigger) * route.target_days * flow;
        self.p(if route.stock < low { Parameter::AirShareShort } else { Parameter::AirShare })
    }

    pub(super) fn dispatch(&mut self) {
        let (month, fortnight) = (self.pace(30.0), self.pace(14.0));
        for r in self.routes() {
            let flying = self.flying(r);
            let step = self.step;
            let route = &mut self.graph[r];
            let slow = route.extra_lead as u32;
            route
                .under_way
                .push(Shipment { due: step + route.lead + slow, tonnes: route.leaving * (1.0 - flying) });
            if route.air_lead > 0 {
                route.under_way.push(Shipment { due: step + route.air_lead, tonnes: route.leaving * flying });
            }
            route.book = (route.book - route.leaving).max(0.0);
            route.ordered_month += month * (route.placed - route.ordered_month);
            route.sent_month += month * (route.leaving - route.sent_month);
            route.ordered_fortnight += fortnight * (route.placed - route.ordered_fortnight);
            route.sent_fortnight += fortnight * (route.leaving - route.sent_fortnight);
        }
    }

    /// Part of the old book is cancelled; then O = Δ·a·v·X̂ + min(1, Δ/τ)·[a·v·X̄·(n* + L) − S − T − B].
    pub(super) fn orders(&mut self) {
        let close = self.pace(self.p(Parameter::AdjustmentDays));
        let cancel = (self.p(Parameter::Cancellation) * self.dt).min(1.0);
        let (lost, fade) = (self.p(Parameter::LostFraction), self.pace(self.p(Parameter::LostDays)));
        for r in self.routes() {
            let flying = self.flying(r);
            let buyer = self.graph[self.ends(r).1].clone();
            let (dt, panic) = (self.dt, self.p(Parameter::Panic));
            let route = &mut self.graph[r];
            let cancelled = route.book * cancel;
            route.book -= cancelled;
            route.forgone = route.forgone * (1.0 - fade) + lost * cancelled;
            let on_time = if route.ordered_fortnight > 0.0 {
                route.sent_fortnight / route.ordered_fortnight
            } else {
                1.0
            };
            let target = route.target_days * (1.0 + panic * (1.0 - on_time).clamp(0.0, 1.0));
            let lead = (f64::from(route.lead) + route.extra_lead) * (1.0 - flying)
                + f64::from(route.air_lead) * flying;
            let use_ = route.amount * route.share;
            let under_way: f64 = route.under_way.iter().map(|s| s.tonnes).sum();
            let have = route.stock + under_way + route.book + route.forgone;
            let gap = use_ * buyer.trend * (target + lead * dt) - have;
            route.placed = (dt * use_ * buyer.expected + close * gap).max(0.0);
            route.book += route.placed;
        }
    }
}
