//! The real network as a graph of facilities and routes, and the lines the simulator makes of it.
//!
//! Life cycle: [`Network::embedded`] or [`Network::load`] reads CSV texts into records, validates them
//! together and gives a [`Network`]; [`Network::lines`] expands it once into the [`line::LineGraph`] that
//! the simulator steps through. Questions about the graph itself are in [`criticality`] and [`baseline`].

pub mod applicant;
pub mod baseline;
pub mod codes;
pub mod country;
pub mod criticality;
mod doubt;
mod expand;
pub mod export;
pub mod facility;
mod findings;
mod gain;
pub mod line;
mod load;
pub mod material;
pub mod ore;
mod product;
pub mod project;
mod records;
pub mod route;
mod rules;
mod table;
pub mod template;
pub mod transit;

use crate::diagnostic::Diagnostics;
use country::CountryFigure;
use facility::Facility;
use findings::Findings;
use line::LineGraph;
use material::{CoefficientRow, Recipe};
use petgraph::graph::DiGraph;
use project::Project;
use route::Route;
use transit::{LeadTime, LeadTimes};

/// Facilities, the routes between them, and the numbers beside them.
#[derive(Clone, Debug)]
pub struct Network {
    /// Name: that of a shipped network, or of the folder.
    pub name: String,
    /// Facilities and routes, both in the order of the files.
    pub graph: DiGraph<Facility, Route>,
    /// Technical coefficients, prices, delays.
    pub coefficients: Vec<CoefficientRow>,
    /// Announced projects and policies.
    pub projects: Vec<Project>,
    /// National figures.
    pub countries: Vec<CountryFigure>,
    /// Days from door to door by pair of regions; empty when the routes' own lead times hold.
    pub lead_times: Vec<LeadTime>,
    /// Products and recipes of facilities that the built-in chain does not know.
    pub recipes: Vec<Recipe>,
}

impl Network {
    /// Recipes by facility.
    fn recipe_book(&self) -> std::collections::BTreeMap<&str, Vec<&Recipe>> {
        let mut book = std::collections::BTreeMap::<&str, Vec<&Recipe>>::new();
        for recipe in &self.recipes {
            book.entry(&recipe.facility).or_default().push(recipe);
        }
        book
    }

    /// Expands every facility into lines, with the default lead times.
    ///
    /// ```
    /// # use coercivity::network::Network;
    /// let graph = Network::embedded("world-2024")?.lines()?;
    /// // A carmaker has a line for electrified vehicles and one for the others.
    /// let lines = graph.lines.iter().filter(|line| line.id.starts_with("auto-ford-nam:"));
    /// assert_eq!(lines.count(), 2);
    /// # Ok::<(), coercivity::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Networks that were embedded or loaded always expand; one changed afterwards may lack a coefficient,
    /// a supplier or a lead time, or contain a cycle that needs as much as it makes.
    pub fn lines(&self) -> Result<LineGraph, Diagnostics> {
        self.lines_with(LeadTimes::default())
    }

    /// Expands every facility into lines, with the lead times chosen.
    ///
    /// # Errors
    /// As [`Network::lines`].
    pub fn lines_with(&self, lead_times: LeadTimes) -> Result<LineGraph, Diagnostics> {
        let mut findings = Findings::default();
        let graph = expand::expand(self, lead_times, &mut findings);
        findings.finish().into_result(graph).map(|(graph, _)| graph)
    }
}

#[cfg(test)]
mod tests;
