//! `[[shock]]` entries: from what was typed to [`Shock`]s.

use super::document::{Item, Node, Table};
use super::fields::{Fields, meant, wrong_type};
use super::quantity::{DAYS, Limits, POSITIVE, SHARE, value};
use super::select::Selector;
use super::timing::{Run, Timing, timing};
use super::{chain, conflict, licensing, overlay};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::id::{LineId, RouteId};
use crate::network::line::LineGraph;
use crate::policy::parameter::{Parameter, Value};
use crate::policy::shock::{Kind, RecoveryShape, Shock, Trigger};

/// Every kind of shock as scenario files spell it.
pub const KINDS: [&str; 16] = [
    "capacity-loss",
    "embargo",
    "quota",
    "licensing",
    "regime",
    "regimes",
    "general-licence",
    "over-compliance",
    "tariff",
    "lane-delay",
    "port-closure",
    "demand-change",
    "stockpile-release",
    "new-capacity",
    "subsidy",
    "substitution",
];

/// A shock with the places it was typed in, until all have been compared.
pub struct Draft {
    /// Id.
    pub id: String,
    /// Where the id was typed.
    pub id_span: Span,
    /// Title.
    pub title: String,
    /// When.
    pub timing: Timing,
    /// What.
    pub kind: Kind,
    /// For a regime: the id of the licensing rule, its place, and what is said per class.
    pub regime: Option<licensing::RegimeDraft>,
    /// For a chain of regimes: its states, with names not looked up.
    pub chain: Option<chain::ChainDraft>,
}

/// Reads all shocks; `None` when any is wrong.
pub fn shocks(
    list: &[Item],
    graph: &LineGraph,
    run: Run,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Shock>> {
    let before = diagnostics.error_count();
    let mut drafts: Vec<Draft> =
        list.iter().filter_map(|item| draft(item, graph, run, diagnostics)).collect();
    let mut named: Vec<(&str, Span)> = Vec::new();
    for item in list {
        if let Node::Table(table) = &item.node
            && let (Some(id), Some(place)) = (table.text("id"), table.get("id"))
        {
            match named.iter().find(|(own, _)| *own == id) {
                Some((_, first)) => diagnostics.push(
                    Diagnostic::error("E0240", format!("two shocks have the id `{id}`"))
                        .at(place.span, "again here")
                        .at(*first, "first here")
                        .help("ids are unique: they key a shock's random numbers, and diffs and `--set` name shocks by them"),
                ),
                None => named.push((id, place.span)),
            }
        }
    }
    super::names::shock_collisions(&named, diagnostics);
    let ids: Vec<&str> = named.iter().map(|(id, _)| *id).collect();
    licensing::connect(&mut drafts, &ids, diagnostics);
    chain::connect(&mut drafts, &ids, diagnostics);
    let triggers = triggers(&drafts, &ids, diagnostics);
    conflict::check(&drafts, graph, run, diagnostics);
    if diagnostics.error_count() > before {
        return None;
    }
    let made = drafts.into_iter().zip(triggers).map(|(draft, trigger)| Shock {
        id: draft.id,
        title: draft.title,
        kind: draft.kind,
        start: draft.timing.start,
        end: draft.timing.end,
        trigger,
    });
    Some(made.collect())
}

/// Looks up what each shock waits for and refuses circles.
fn triggers(drafts: &[Draft], ids: &[&str], diagnostics: &mut Diagnostics) -> Vec<Option<Trigger>> {
    let mut found = Vec::new();
    for draft in drafts {
        let Some(cause) = &draft.timing.trigger else {
            found.push(None);
            continue;
        };
        let after = drafts.iter().position(|other| other.id == cause.after);
        if after.is_none() && !ids.contains(&cause.after.as_str()) {
            let diagnostic = Diagnostic::error(
                "E0241",
                format!("shock `{}` waits for `{}`, which does not exist", draft.id, cause.after),
            );
            let diagnostic = diagnostic.at(cause.span, "no shock has this id");
            let diagnostic = match meant(&cause.after, ids.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            };
            diagnostics.push(diagnostic.help(format!("shocks: {}", ids.join(", "))));
        }
        found.push(after.map(|after| Trigger {
            after,
            on_end: cause.on_end,
            delay: cause.delay.clone(),
            probability: cause.probability,
        }));
    }
    for (position, draft) in drafts.iter().enumerate() {
        let mut at = position;
        for _ in 0..drafts.len() {
            match &found[at] {
                Some(trigger) => at = trigger.after,
                None => break,
            }
            if at == position {
                let span = draft.timing.trigger.as_ref().map_or(draft.id_span, |cause| cause.span);
                diagnostics.push(
                    Diagnostic::error("E0242", format!("shock `{}` waits for itself", draft.id))
                        .at(span, "this link closes the circle")
                        .help("one shock of the circle needs a `start`"),
                );
                break;
            }
        }
    }
    found
}

fn draft(item: &Item, graph: &LineGraph, run: Run, diagnostics: &mut Diagnostics) -> Option<Draft> {
    let Node::Table(table) = &item.node else {
        return wrong_type(item, "shock", "a table `[[shock]]`", diagnostics);
    };
    if let Some(Item { span, node: Node::Switch(true) }) = table.get("remove") {
        diagnostics.push(overlay::no_such_shock(table.text("id").unwrap_or_default(), &[], *span));
        return None;
    }
    let what = table.text("id").map_or_else(|| "a shock".to_owned(), |id| format!("shock `{id}`"));
    let mut fields = Fields::new(table, what.clone(), item.span);
    let id = fields.need_text("id", diagnostics);
    if let Some(id) = id
        && !is_id(id.value)
    {
        let diagnostic = Diagnostic::error("E0257", format!("`{}` cannot be the id of a shock", id.value));
        diagnostics.push(
            diagnostic
                .at(id.span, "not an id")
                .help("lower-case letters, digits and hyphens: `april-controls`"),
        );
    }
    let words: Vec<(&'static str, usize)> =
        KINDS.iter().enumerate().map(|(position, kind)| (*kind, position)).collect();
    let kind = match fields.need("kind", diagnostics) {
        Some(item) => super::fields::choice(item, "kind", &words, diagnostics),
        None => None,
    };
    let title = fields.text("title", diagnostics);
    fields.switch("remove", diagnostics);
    let time = timing(&mut fields, run, diagnostics);
    // Without its kind no further key can be told right from wrong.
    let kind_name = KINDS[kind?];
    let (mut regime, mut chain) = (None, None);
    let made = Maker {
        fields: &mut fields,
        table,
        graph,
        what: &what,
        diagnostics,
        regime: &mut regime,
        chain: &mut chain,
    }
    .kind(kind_name);
    fields.finish(diagnostics);
    let (id, timing, kind) = (id?, time?, made?);
    let title = title.map_or_else(|| id.value.to_owned(), |title| title.value.to_owned());
    Some(Draft { id: id.value.to_owned(), id_span: id.span, title, timing, kind, regime, chain })
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

struct Maker<'m, 'a> {
    fields: &'m mut Fields<'a>,
    table: &'a Table,
    graph: &'m LineGraph,
    what: &'m str,
    diagnostics: &'m mut Diagnostics,
    regime: &'m mut Option<licensing::RegimeDraft>,
    chain: &'m mut Option<chain::ChainDraft>,
}

impl Maker<'_, '_> {
    fn kind(&mut self, name: &str) -> Option<Kind> {
        match name {
            "capacity-loss" => self.capacity_loss(),
            "embargo" => Some(Kind::Embargo { routes: self.routes()? }),
            "quota" => self.quota(),
            "licensing" => {
                let routes = self.routes();
                licensing::licensing(self.fields, routes, self.graph, self.what, self.diagnostics)
                    .map(Kind::Licensing)
            }
            "regime" => {
                let (kind, draft) = licensing::regime(self.fields, self.diagnostics)?;
                *self.regime = Some(draft);
                Some(Kind::Regime(kind))
            }
            "regimes" => {
                *self.chain = Some(chain::chain(self.fields, self.what, self.diagnostics)?);
                Some(Kind::Regimes(chain::empty()))
            }
            "general-licence" => Some(Kind::GeneralLicence { routes: self.routes()? }),
            "over-compliance" => Some(Kind::OverCompliance { routes: self.routes()? }),
            "tariff" => {
                let (routes, rate) = (self.routes(), self.need("rate", Limits(0.0, 100.0)));
                Some(Kind::Tariff { routes: routes?, rate: rate? })
            }
            "lane-delay" => {
                let (routes, days) = (self.routes(), self.need("days", Limits(0.0, 120.0)));
                Some(Kind::LaneDelay { routes: routes?, days: days? })
            }
            "port-closure" => Some(Kind::PortClosure { routes: self.routes()? }),
            "demand-change" => self.demand_change(),
            "stockpile-release" => self.stockpile_release(),
            "new-capacity" => self.new_capacity(),
            "subsidy" => {
                let (pools, growth) = (self.pools(), self.need("growth", Limits(0.0, 10.0)));
                Some(Kind::Subsidy { pools: pools?, growth: growth? })
            }
            _ => self.substitution(),
        }
    }

    fn capacity_loss(&mut self) -> Option<Kind> {
        let pools = self.pools();
        let loss = self.need("loss", SHARE);
        let shapes = [
            ("instant", RecoveryShape::Instant),
            ("linear", RecoveryShape::Linear),
            ("exponential", RecoveryShape::Exponential),
            ("logistic", RecoveryShape::Logistic),
        ];
        let recovery = self.fields.choice("recovery", &shapes, self.diagnostics).unwrap_or_default();
        let recovery_days = self.optional("recovery_days", DAYS, Value::fixed(0.0));
        Some(Kind::CapacityLoss { pools: pools?, loss: loss?, recovery, recovery_days: recovery_days? })
    }

    fn quota(&mut self) -> Option<Kind> {
        let routes = self.routes();
        let tonnes = self.need("tonnes", POSITIVE);
        let period = if self.table.get("period_days").is_some() {
            self.fields.whole("period_days", 1..=3650, self.diagnostics)
        } else {
            self.fields.take("period_days");
            Some(super::fields::Placed { value: 30, span: self.fields.span() })
        };
        let period_days = u32::try_from(period?.value).ok()?;
        Some(Kind::Quota { routes: routes?, tonnes: tonnes?, period_days })
    }

    fn demand_change(&mut self) -> Option<Kind> {
        let lines = self.lines();
        let factor = self.need("factor", Limits(0.0, 100.0));
        let graph = self.graph;
        let lines: Vec<LineId> =
            lines?.into_iter().filter(|line| graph.lines[line.index()].final_demand > 0.0).collect();
        let lines = self.some(lines, "lines with final demand (automakers and other users)")?;
        Some(Kind::DemandChange { lines, factor: factor? })
    }

    fn stockpile_release(&mut self) -> Option<Kind> {
        let routes = self.routes();
        let tonnes = self.need("tonnes", POSITIVE);
        let rate = self.need_number("rate", 0.0..=1.0e9);
        let trigger_cover = self.need_number("trigger_cover", 0.0..=36_500.0);
        Some(Kind::StockpileRelease {
            routes: routes?,
            tonnes: tonnes?,
            rate: rate?,
            trigger_cover: trigger_cover?,
        })
    }

    fn new_capacity(&mut self) -> Option<Kind> {
        let lines = self.lines();
        let pools = lines.map(|lines| {
            let mut pools: Vec<_> =
                lines.into_iter().map(|line| self.graph.lines[line.index()].pool).collect();
            pools.sort_unstable();
            pools.dedup();
            pools
        });
        let added = self.need("added", Limits(0.0, 1000.0));
        let ramp_days = self.optional("ramp_days", DAYS, Value::Parameter(Parameter::RampDays));
        let opens = self.fields.switch("opens_routes", self.diagnostics).unwrap_or(true);
        let pools = pools?;
        let mut routes: Vec<RouteId> = Vec::new();
        if opens {
            let members = pools.iter().flat_map(|pool| &self.graph.pools[pool.index()].lines);
            routes.extend(members.flat_map(|line| &self.graph.lines[line.index()].outgoing));
            routes.sort_unstable();
            routes.dedup();
        }
        Some(Kind::NewCapacity { pools, added: added?, ramp_days: ramp_days?, routes })
    }

    fn substitution(&mut self) -> Option<Kind> {
        let lines = self.lines();
        let rate = self.optional("rate", Limits(0.0, 1.0), Value::Parameter(Parameter::SubstitutionCap));
        let limit = self.fields.number("limit", 0.0..=1.0, self.diagnostics).map_or(1.0, |limit| limit.value);
        let graph = self.graph;
        let lines: Vec<LineId> = lines?
            .into_iter()
            .filter(|line| {
                let inputs = &graph.lines[line.index()].inputs;
                inputs.iter().any(|input| graph.materials[input.material.index()].heavy)
            })
            .collect();
        let lines = self.some(lines, "lines that use heavy-rare-earth goods")?;
        Some(Kind::Substitution { lines, rate: rate?, limit })
    }

    /// Refuses an empty choice of lines.
    fn some(&mut self, lines: Vec<LineId>, noun: &str) -> Option<Vec<LineId>> {
        if lines.is_empty() {
            let span = self.table.get("where").map_or(self.fields.span(), |item| item.span);
            let problem = format!("`where` of {} holds no {noun}", self.what);
            self.diagnostics.push(Diagnostic::error("E0236", problem).at(span, "nothing here can change"));
            return None;
        }
        Some(lines)
    }

    fn routes(&mut self) -> Option<Vec<RouteId>> {
        let item = self.fields.need("where", self.diagnostics)?;
        Selector { graph: self.graph }.routes(item, self.what, self.diagnostics)
    }

    fn lines(&mut self) -> Option<Vec<LineId>> {
        let item = self.fields.need("where", self.diagnostics)?;
        Selector { graph: self.graph }.lines(item, self.what, self.diagnostics)
    }

    fn pools(&mut self) -> Option<Vec<crate::id::PoolId>> {
        let item = self.fields.need("where", self.diagnostics)?;
        Selector { graph: self.graph }.pools(item, self.what, self.diagnostics)
    }

    fn need(&mut self, key: &'static str, limits: Limits) -> Option<Value> {
        let item = self.fields.need(key, self.diagnostics)?;
        value(item, key, limits, self.diagnostics)
    }

    fn optional(&mut self, key: &'static str, limits: Limits, default: Value) -> Option<Value> {
        match self.fields.take(key) {
            Some(item) => value(item, key, limits, self.diagnostics),
            None => Some(default),
        }
    }

    fn need_number(&mut self, key: &'static str, limits: std::ops::RangeInclusive<f64>) -> Option<f64> {
        if self.table.get(key).is_none() {
            self.fields.take(key);
            self.fields.missing(key, self.diagnostics);
            return None;
        }
        self.fields.number(key, limits, self.diagnostics).map(|number| number.value)
    }
}
