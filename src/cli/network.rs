//! `network`: look at one, export it, begin one's own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use coercivity::error::Error;
use coercivity::network::criticality::hhi;
use coercivity::network::line::{LineGraph, Stage};
use coercivity::network::ore::heavy_balance;
use coercivity::network::{Network as Graph, template};

use super::words::{number, percent, place, stage};
use super::{Ending, Failure, report, terminal};

/// The network most scenarios use.
const SHIPPED: &str = "world-2024";

/// Show or export a network, or write a template.
#[derive(Subcommand, Debug)]
pub enum Network {
    /// Stages, totals, concentration and the balance of supply and demand
    Show {
        /// Shipped name or folder
        #[arg(default_value = SHIPPED)]
        network: String,
        /// Also the balance of every country
        #[arg(long)]
        countries: bool,
        /// Also every facility with its id, as `why` and the conditions of shocks want it
        #[arg(long)]
        facilities: bool,
    },
    /// Write the graph for other programs
    Export {
        /// Shipped name or folder
        #[arg(default_value = SHIPPED)]
        network: String,
        /// What to write
        #[arg(long, value_enum, default_value_t)]
        format: Form,
        /// File to write [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write a commented folder to fill with a network of one's own
    Template {
        /// Folder to make
        folder: PathBuf,
    },
}

/// A graph format.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// Graphviz
    #[default]
    Dot,
    /// Read by Gephi, yEd, networkx
    Graphml,
}

impl Network {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        match self {
            Self::Show { network, countries, facilities } => {
                let graph = open(&network)?;
                terminal::print(&show(&graph, countries)?);
                if facilities {
                    terminal::print(&format!("\n{}\n", facility_table(&graph)));
                }
            }
            Self::Export { network, format, out } => {
                let graph = open(&network)?;
                let text = match format {
                    Form::Dot => graph.to_dot(),
                    Form::Graphml => graph.to_graphml(),
                };
                match out {
                    None => terminal::print(&text),
                    Some(file) => {
                        write_new(&file, &text)?;
                        terminal::note(&format!("Written to {}", file.display()));
                    }
                }
            }
            Self::Template { folder } => {
                let failed = |source| Error::File { path: folder.display().to_string(), source };
                if folder.exists() {
                    return Err(Failure::Usage(format!(
                        "`{}` exists and is not touched; name a new folder",
                        folder.display()
                    )));
                }
                std::fs::create_dir_all(&folder).map_err(failed)?;
                for (name, text) in template::FILES {
                    write_new(&folder.join(name), text)?;
                }
                let shown = folder.display();
                terminal::note(&format!(
                    "Written to {shown}. Fill it, look at it with `coercivity network show {shown}`, and name it in a scenario: network = \"{shown}\""
                ));
            }
        }
        Ok(Ending::Done)
    }
}

/// A shipped network by name, or a folder; warnings go to stderr.
fn open(name: &str) -> Result<Graph, Failure> {
    if Graph::embedded_names().any(|shipped| shipped == name) || !Path::new(name).exists() {
        return Ok(Graph::embedded(name)?);
    }
    if Path::new(name).is_file() {
        return Err(Failure::Usage(format!(
            "`{name}` is a file; a network is a folder with nodes.csv and edges.csv"
        )));
    }
    let (network, warnings) = Graph::load(Path::new(name))?;
    terminal::diagnostics(&warnings);
    Ok(network)
}

/// Writes a file that must not exist.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::File::create_new(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|source| {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::Usage(format!("`{}` exists and is not replaced; name another file", path.display()))
        } else {
            Failure::Library(Error::File { path: path.display().to_string(), source })
        }
    })
}

/// Ids and what they stand for, in the order of the data.
fn facility_table(network: &Graph) -> comfy_table::Table {
    let mut table = report::table(&["Id", "Facility", "Stage", "Company", "Where"]);
    for facility in network.graph.node_weights() {
        table.add_row([
            facility.id.clone(),
            facility.name.clone(),
            facility.stage.as_str().to_owned(),
            facility.company.clone(),
            facility.country.as_str().to_owned(),
        ]);
    }
    table
}

/// What separation groups are asked for of Dy and Tb, and what their ores hold.
fn ores(lines: &LineGraph) -> String {
    let balances = heavy_balance(lines);
    if balances.is_empty() {
        return String::new();
    }
    let mut ores =
        report::table(&["Dy and Tb oxide, t a year", "asked for", "in the ores used", "low to high"]);
    for balance in balances {
        let line = &lines.lines[balance.feed.index()];
        let [low, central, high] = balance.held.map(|held| number(held * 365.0));
        ores.add_row([
            lines.sites[line.facility.index()].name.clone(),
            number(balance.asked * 365.0),
            central,
            format!("{low} to {high}"),
        ]);
    }
    format!(
        "\nDraws that ask for more than the ores hold take contents nearer to the upper ends, and are made again where that is not enough.\n{}\n",
        ores.trim_fmt()
    )
}

fn show(network: &Graph, countries: bool) -> Result<String, Failure> {
    let lines = network.lines().map_err(Error::Input)?;
    let mut text = format!(
        "{}: {} facilities, {} routes between them; {} production lines, {} routes between lines\n\n",
        network.name,
        network.graph.node_count(),
        network.graph.edge_count(),
        lines.lines.len(),
        lines.routes.len()
    );
    let mut stages = report::table(&["Stage", "facilities", "countries", "concentration", "largest"]);
    for of in Stage::ALL {
        let members = network.graph.node_weights().filter(|facility| facility.stage == of).count();
        if members == 0 {
            continue;
        }
        let output = network.output_by_country(of);
        let all: f64 = output.values().sum();
        let largest = output.iter().max_by(|a, b| a.1.total_cmp(b.1));
        let largest = largest
            .filter(|_| all > 0.0)
            .map_or("–".to_owned(), |(country, own)| format!("{} {}", place(*country), percent(own / all)));
        stages.add_row([
            stage(of).to_owned(),
            members.to_string(),
            output.len().to_string(),
            if all > 0.0 { number(hhi(output.values().map(|own| own / all))) } else { "–".to_owned() },
            largest,
        ]);
    }
    let _ = write!(
        text,
        "Concentration: Herfindahl–Hirschman index of recorded output by country (1: one country makes all)\n{}\n\n",
        stages.trim_fmt()
    );
    let mut balance =
        report::table(&["Balance of the base year", "unit", "recorded", "asked for", "difference"]);
    for row in network.balance().map_err(Error::Input)? {
        if row.country.is_some() && !countries {
            continue;
        }
        let name = row.country.map_or(stage(row.stage).to_owned(), |country| format!("  {}", place(country)));
        balance.add_row([
            name,
            row.unit.clone(),
            number(row.supply),
            number(row.pulled),
            row.residual().map_or("–".to_owned(), percent),
        ]);
    }
    let _ = write!(
        text,
        "Asked for: final demand pulled upstream at the central values. The simulator covers what is missing with supply it lists as unrecorded.\n{}\n",
        balance.trim_fmt()
    );
    text.push_str(&ores(&lines));
    let splitting = network.articulation_points();
    if !splitting.is_empty() {
        let names: Vec<String> = splitting
            .iter()
            .filter_map(|id| network.graph.node_weights().nth(id.index()))
            .map(|facility| facility.id.clone())
            .collect();
        let _ = write!(text, "\nFacilities whose loss splits the network: {}\n", names.join(", "));
    }
    Ok(text)
}
