//! `scenarios`: the bundled ones.

use std::path::PathBuf;

use clap::Subcommand;
use coercivity::diagnostic::nearest;
use coercivity::scenario::bundled;

use super::{Ending, Failure, report, terminal};

/// List, show or copy the bundled scenarios.
#[derive(Subcommand, Debug)]
pub enum Scenarios {
    /// Names and titles
    List,
    /// The text of one, with its sources
    Show {
        /// Bundled name
        name: String,
    },
    /// Write one to a file to edit
    Copy {
        /// Bundled name
        name: String,
        /// File to write [default: NAME.toml]
        file: Option<PathBuf>,
    },
}

impl Scenarios {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        match self {
            Self::List => {
                let mut table = report::table(&["Scenario", "Title"]);
                if let Some(titles) = table.column_mut(1) {
                    titles.set_cell_alignment(comfy_table::CellAlignment::Left);
                }
                for name in bundled::names() {
                    table.add_row([name.to_owned(), bundled::title(name).unwrap_or_default()]);
                }
                terminal::print(&format!("{table}\n"));
            }
            Self::Show { name } => terminal::print(text(&name)?),
            Self::Copy { name, file } => {
                let text = text(&name)?;
                let file = file.unwrap_or_else(|| PathBuf::from(format!("{name}.toml")));
                let shown = file.display().to_string();
                let written = std::fs::File::create_new(&file)
                    .and_then(|mut new| std::io::Write::write_all(&mut new, text.as_bytes()));
                written.map_err(|source| {
                    if source.kind() == std::io::ErrorKind::AlreadyExists {
                        Failure::Usage(format!("`{shown}` exists and is not replaced; name another file"))
                    } else {
                        Failure::Library(coercivity::error::Error::File { path: shown.clone(), source })
                    }
                })?;
                terminal::note(&format!("Written to {shown}. Edit it, then: coercivity check {shown}"));
            }
        }
        Ok(Ending::Done)
    }
}

fn text(name: &str) -> Result<&'static str, Failure> {
    bundled::text(name).ok_or_else(|| {
        let near = nearest(name, bundled::names());
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Usage(format!(
            "no scenario `{name}` is bundled{near} (`coercivity scenarios list` names all)"
        ))
    })
}
