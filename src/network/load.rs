//! From files or embedded texts to a [`Network`]: one path, every problem at once.

use super::findings::Findings;
use super::{Network, records, rules};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};
use crate::error::Error;
use std::io::Read;
use std::path::Path;

/// Files above this are refused before they are read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The files of a network folder; the first two must be there.
pub(super) const FILES: [&str; 7] = [
    "nodes.csv",
    "edges.csv",
    "materials.csv",
    "policy_projects.csv",
    "production_by_country.csv",
    "lead_times.csv",
    "recipes.csv",
];

/// Networks shipped with the program, by name.
const EMBEDDED: [(&str, [Option<&str>; 7]); 1] = [(
    "world-2024",
    [
        Some(include_str!("../../scenarios/networks/world-2024/nodes.csv")),
        Some(include_str!("../../scenarios/networks/world-2024/edges.csv")),
        Some(include_str!("../../scenarios/networks/world-2024/materials.csv")),
        Some(include_str!("../../scenarios/networks/world-2024/policy_projects.csv")),
        Some(include_str!("../../scenarios/networks/world-2024/production_by_country.csv")),
        Some(include_str!("../../scenarios/networks/world-2024/lead_times.csv")),
        None,
    ],
)];

/// A file of a network: the name messages use, and its text if there is such a file.
pub(super) struct File {
    /// Path as the user gave it, or `<embedded>/…`.
    pub name: String,
    /// The text.
    pub text: Option<String>,
}

impl Network {
    /// Names of the networks shipped with the program.
    pub fn embedded_names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// A network shipped with the program, such as `world-2024`.
    ///
    /// ```
    /// use coercivity::network::Network;
    ///
    /// assert_eq!(Network::embedded("world-2024")?.graph.node_count(), 148);
    /// let Err(coercivity::error::Error::Input(said)) = Network::embedded("world-2042") else { panic!() };
    /// assert!(said.render(false).contains("did you mean `world-2024`?"));
    /// # Ok::<(), coercivity::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] when no network of this name is shipped.
    pub fn embedded(name: &str) -> Result<Self, Error> {
        let Some((name, texts)) = EMBEDDED.iter().find(|(known, _)| *known == name) else {
            let mut error =
                Diagnostic::error("E0100", format!("no network `{name}` is shipped with the program"))
                    .help(format!("shipped: {}", Self::embedded_names().collect::<Vec<_>>().join(", ")));
            if let Some(near) = nearest(name, Self::embedded_names()) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            let mut diagnostics = Diagnostics::new();
            diagnostics.push(error);
            return Err(diagnostics.into());
        };
        let files = FILES
            .iter()
            .zip(texts)
            .map(|(file, text)| File {
                name: format!("<embedded>/{name}/{file}"),
                text: text.map(str::to_owned),
            })
            .collect::<Vec<_>>();
        let (network, _) = parse(name, &files, Findings::default())?;
        Ok(network)
    }

    /// A network from a folder of CSV files, with the warnings that remain.
    ///
    /// Needed are `nodes.csv` and `edges.csv`; `materials.csv`, `policy_projects.csv`,
    /// `production_by_country.csv`, `lead_times.csv` and `recipes.csv` are read if they are there.
    ///
    /// ```
    /// use coercivity::network::{Network, template};
    ///
    /// let folder = std::env::temp_dir().join(format!("coercivity-doc-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder).unwrap();
    /// for (name, text) in template::FILES {
    ///     std::fs::write(folder.join(name), text).unwrap();
    /// }
    /// let (network, warnings) = Network::load(&folder)?;
    /// assert!(warnings.list().is_empty() && network.graph.edge_count() > 10);
    ///
    /// // One cell wrong: the message names file, line and column.
    /// let nodes = std::fs::read_to_string(folder.join("nodes.csv")).unwrap();
    /// std::fs::write(folder.join("nodes.csv"), nodes.replace("Hill mine,mine,", "Hill mine,mime,")).unwrap();
    /// let Err(coercivity::error::Error::Input(said)) = Network::load(&folder) else { panic!() };
    /// let message = said.render(false);
    /// assert!(message.contains("nodes.csv:6:21") && message.contains("did you mean `mine`?"), "{message}");
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), coercivity::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] with every problem of every file; [`Error::File`] when a file exists and the
    /// operating system does not let it be read.
    pub fn load(dir: &Path) -> Result<(Self, Diagnostics), Error> {
        let mut findings = Findings::default();
        let mut files = Vec::new();
        for (index, file) in FILES.into_iter().enumerate() {
            let path = dir.join(file);
            let before = findings.errors();
            let text = read(&path, &mut findings)?;
            if findings.errors() > before {
                findings.doubt.file(index);
            }
            files.push(File { name: path.display().to_string(), text });
        }
        let name =
            dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(parse(&name, &files, findings)?)
    }
}

/// The text of a file; `None` if there is none or it was refused (and reported).
fn read(path: &Path, findings: &mut Findings) -> Result<Option<String>, Error> {
    let shown = path.display().to_string();
    let failed = |source| Error::File { path: shown.clone(), source };
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Pipes and devices have no end that could be checked before reading.
    if !about.is_file() {
        findings.push(Diagnostic::error("E0101", format!("{shown} is not a file")));
        return Ok(None);
    }
    if about.len() > MAX_BYTES {
        findings.push(
            Diagnostic::error("E0102", format!("{shown} has {} bytes", about.len()))
                .help(format!("at most {MAX_BYTES} bytes are read")),
        );
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let source = findings.add_source(&shown, &String::from_utf8_lossy(error.as_bytes()));
            findings.push(
                Diagnostic::error("E0103", format!("{shown} is not valid UTF-8"))
                    .at(Span { source, start: at, end: at + 1 }, "the first byte that is not")
                    .help("save the file as UTF-8 (spreadsheets call it \"CSV UTF-8\")"),
            );
            Ok(None)
        }
    }
}

/// Reads all files and checks them together.
pub(super) fn parse(
    name: &str,
    files: &[File],
    mut findings: Findings,
) -> Result<(Network, Diagnostics), Diagnostics> {
    let refused = findings.errors() > 0;
    for (file, known) in files.iter().zip(FILES).take(2) {
        // A file that was refused has been reported already.
        if file.text.is_none() && !refused {
            findings.push(Diagnostic::error("E0101", format!("{} does not exist", file.name)).help(format!(
                "a network is a folder with {known} and {}",
                if known == FILES[0] { FILES[1] } else { FILES[0] }
            )));
        }
    }
    let network = records::read(name, files, &mut findings);
    if !findings.doubt.structure {
        rules::check(&network, &mut findings);
        // Whatever the rules let pass must also expand, so that `lines` cannot fail later.
        super::expand::expand(&network, super::transit::LeadTimes::Table, &mut findings);
    }
    findings.finish().into_result(network)
}
