//! Keys of the draws that every replication makes, hashed once from the names they belong to.

use super::layout::{NONE, Routes};
use crate::id::Place;
use crate::policy::parameter::Parameter;
use crate::random::philox::Entity;
use crate::scenario::Scenario;

/// What picks the set of parameters that are drawn together; no parameter has this key.
pub(crate) const TOGETHER: Entity = Entity::of("drawn together");

/// Keys of draws; those of a route in kernel order.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Parameters, in the order of [`Parameter::ALL`].
    pub parameters: Vec<Entity>,
    /// Technical coefficients.
    pub coefficients: Vec<Entity>,
    /// Those that may have to be drawn again, see [`super::heavy::contents_only`].
    pub contents: Vec<bool>,
    /// Share of a route's supplier.
    pub share: Vec<Entity>,
    /// Days of stock that a route's buyer keeps.
    pub cover: Vec<Entity>,
    /// Odds that all imports of a good from China into one region share: each key once.
    pub odds: Vec<Entity>,
    /// Position of each route's key among those of the odds, or `NONE` for other routes.
    pub odds_of: Vec<u32>,
}

impl Keys {
    pub(crate) fn of(scenario: &Scenario, routes: &Routes) -> Self {
        let graph = &scenario.lines;
        let entry = |id: &crate::id::RouteId| &graph.routes[id.index()];
        let odds = |id| {
            let route = entry(id);
            let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
            (from.region == Place::CHN && to.region != Place::CHN).then(|| {
                Entity::of(&format!("{}:{}", to.region, graph.materials[route.material.index()].name))
            })
        };
        let of_routes: Vec<Option<Entity>> = routes.id.iter().map(odds).collect();
        let mut odds: Vec<Entity> = of_routes.iter().copied().flatten().collect();
        odds.sort_unstable();
        odds.dedup();
        let position = |key: &Option<Entity>| {
            let found = key.and_then(|key| odds.binary_search(&key).ok());
            found.and_then(|found| u32::try_from(found).ok()).unwrap_or(NONE)
        };
        Self {
            odds_of: of_routes.iter().map(position).collect(),
            odds,
            parameters: Parameter::ALL.iter().map(|one| Entity::of(one.describe().key)).collect(),
            coefficients: graph.coefficients.iter().map(|one| Entity::of(&one.id)).collect(),
            contents: super::heavy::contents_only(graph),
            share: routes.id.iter().map(|id| Entity::of(&entry(id).share_key)).collect(),
            cover: routes.id.iter().map(|id| Entity::of(&entry(id).cover_key)).collect(),
        }
    }
}
