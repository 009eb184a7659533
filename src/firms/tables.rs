//! Plain tables of a firm network: `edges.csv` and `nodes.csv`.
//!
//! | file | columns | meaning |
//! |---|---|---|
//! | `edges.csv` | `from,to,weight` | supplier's id, customer's id, money per step (finite, ≥ 0) |
//! | `nodes.csv` | `id,sector,output,final_demand,delta` | firm, its sector, sales in all, sales to households, share of capacity lost (0 to 1) |
//! | `criticality.csv` (optional) | `supplier_sector,customer_sector,class` | 0 negligible, 1 non-essential, 2 essential |
//!
//! Ids are any non-negative whole numbers. Columns may stand in any order, further columns are passed over,
//! cells are not quoted. Every mistake is reported with file, line and column, the first [`SHOWN`] of a file
//! one by one and the rest as a count.
//!
//! A file is read as a whole, cut at line ends into pieces of fixed size, and the pieces are parsed side by
//! side: the result does not depend on the number of threads.

use std::path::Path;

use super::cells::{Cell, Problem, Table, amount, whole_number};
use super::{Firm, FirmNetwork, Flow};
use crate::diagnostic::Diagnostics;
use crate::error::Error;

pub use super::cells::SHOWN;

/// A sector pair's class, as [`super::esri`] uses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Criticality {
    /// A lost input of this kind does not hinder production.
    Negligible,
    /// Lost inputs of this kind hinder in proportion to their share of all purchases.
    #[default]
    NonEssential,
    /// Production falls as far as the scarcest input of this kind.
    Essential,
}

/// One row of `criticality.csv`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SectorPair {
    /// Sector that supplies, as named in `nodes.csv`.
    pub supplier: u64,
    /// Sector that buys.
    pub customer: u64,
    /// How much the customer depends on the input.
    pub class: Criticality,
}

/// Loads `nodes.csv` and `edges.csv` from a folder. The second value holds warnings.
///
/// # Errors
/// [`Error::File`] if a file cannot be read; [`Error::Input`] with every mistake found.
pub fn load(folder: &Path) -> Result<(FirmNetwork, Diagnostics), Error> {
    let (nodes, edges) = rayon::join(|| read(&folder.join("nodes.csv")), || read(&folder.join("edges.csv")));
    let (nodes_name, nodes) = nodes?;
    let (edges_name, edges) = edges?;
    Ok(parse(&nodes_name, &nodes, &edges_name, &edges)?)
}

/// Loads `criticality.csv` from the folder; `None` if there is no such file.
///
/// # Errors
/// As [`load`].
pub fn load_criticality(folder: &Path) -> Result<Option<Vec<SectorPair>>, Error> {
    let path = folder.join("criticality.csv");
    if !path.exists() {
        return Ok(None);
    }
    let (name, text) = read(&path)?;
    Ok(Some(parse_criticality(&name, &text)?))
}

/// Parses the two tables from memory; names are what messages call them.
///
/// # Errors
/// Every mistake found.
pub fn parse(
    nodes_name: &str,
    nodes: &[u8],
    edges_name: &str,
    edges: &[u8],
) -> Result<(FirmNetwork, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let mut node_table = Table::new(nodes_name, nodes);
    let firms = parse_nodes(&mut node_table);
    let index = Index::new(&firms);
    // Whether the id of every row could be read. Otherwise places would be wrong, as rows are numbered as
    // kept, and a firm that is missing may only be misspelt: no second complaint about it.
    let ids_are_whole = node_table.problems.is_empty() || firms.len() == node_table.row_count();
    let repeated = if ids_are_whole { &index.repeated[..] } else { &[] };
    node_table.hidden += repeated.len().saturating_sub(SHOWN);
    for (earlier, later) in repeated.iter().copied().take(SHOWN) {
        let id = firms[later].id;
        let first = node_table.row(earlier);
        let problem = Problem::new("E643", node_table.row(later), format!("firm {id} is listed twice"));
        node_table.add(
            problem
                .help(format!("the other row is line {}; each firm has one row", node_table.line(first.0))),
        );
    }
    if firms.is_empty() && node_table.problems.is_empty() {
        let problem = Problem::new("E646", (0, 0), "there is no firm in the table".to_owned());
        node_table.add(problem.help("one row per firm, below the line that names the columns"));
    }
    let mut edge_table = Table::new(edges_name, edges);
    let flows = parse_edges(&mut edge_table, &index, ids_are_whole);
    let whole = node_table.problems.is_empty() && edge_table.problems.is_empty();
    node_table.report(&mut diagnostics);
    if !whole {
        edge_table.report(&mut diagnostics);
        return Err(diagnostics);
    }
    match FirmNetwork::new(&firms, &flows) {
        Ok(network) => {
            warn_of_outputs(&mut node_table, &network, nodes);
            node_table.report(&mut diagnostics);
            warn_of_loops(&mut edge_table, &firms, &flows);
            edge_table.report(&mut diagnostics);
            diagnostics.into_result(network)
        }
        Err(pairs) => {
            edge_table.hidden += pairs.len().saturating_sub(SHOWN);
            for (earlier, later) in pairs.into_iter().take(SHOWN) {
                let first = edge_table.row(earlier);
                let (from, to) =
                    (firms[flows[later].supplier as usize].id, firms[flows[later].customer as usize].id);
                let problem = Problem::new(
                    "E643",
                    edge_table.row(later),
                    format!("the flow from {from} to {to} is listed twice"),
                );
                let line = edge_table.line(first.0);
                edge_table.add(
                    problem.help(format!("the other row is line {line}; add the two weights into one row")),
                );
            }
            edge_table.report(&mut diagnostics);
            Err(diagnostics)
        }
    }
}

/// Parses `criticality.csv` from memory.
///
/// # Errors
/// Every mistake found, among them a pair that is listed twice.
pub fn parse_criticality(name: &str, text: &[u8]) -> Result<Vec<SectorPair>, Diagnostics> {
    let mut table = Table::new(name, text);
    let rows = table.rows(["supplier_sector", "customer_sector", "class"], |cells, problems| {
        let supplier = whole_number(cells[0], "a sector", problems);
        let customer = whole_number(cells[1], "a sector", problems);
        let class = match cells[2].text {
            b"0" => Some(Criticality::Negligible),
            b"1" => Some(Criticality::NonEssential),
            b"2" => Some(Criticality::Essential),
            _ => {
                problems.push(
                    cells[2]
                        .problem("E642", "is not a class")
                        .help("0 negligible, 1 non-essential, 2 essential"),
                );
                None
            }
        };
        Some(SectorPair { supplier: supplier?, customer: customer?, class: class? })
    });
    if table.problems.is_empty() {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| (rows[*at].supplier, rows[*at].customer));
        for pair in order.windows(2) {
            let (a, b) = (rows[pair[0]], rows[pair[1]]);
            if (a.supplier, a.customer) == (b.supplier, b.customer) {
                let message = format!("the pair {} → {} is listed twice", a.supplier, a.customer);
                table.add(
                    Problem::new("E643", table.row(pair[1]), message)
                        .help("each pair of sectors has one row"),
                );
            }
        }
    }
    let mut diagnostics = Diagnostics::new();
    table.report(&mut diagnostics);
    diagnostics.into_result(rows).map(|(rows, _)| rows)
}

fn read(path: &Path) -> Result<(String, Vec<u8>), Error> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(source) => Err(Error::File { path: name, source }),
    }
}

fn parse_nodes(table: &mut Table<'_>) -> Vec<Firm> {
    let firms = table.rows(["id", "sector", "output", "final_demand", "delta"], |cells, problems| {
        let id = whole_number(cells[0], "an id", problems);
        let sector = whole_number(cells[1], "a sector", problems);
        let output = amount(cells[2], problems);
        let final_demand = amount(cells[3], problems);
        let delta = amount(cells[4], problems);
        if delta.is_some_and(|share| share > 1.0) {
            problems.push(
                cells[4].problem("E642", "is more than the whole capacity").help("a share from 0 to 1"),
            );
        }
        // A row with a mistake is refused later, but flows may name its firm. (Outputs are only compared.)
        let _ = output;
        Some(Firm {
            id: id?,
            sector: sector.unwrap_or_default(),
            final_demand: final_demand.unwrap_or_default(),
            delta: delta.unwrap_or_default(),
        })
    });
    if u32::try_from(firms.len()).is_err() {
        table.add(Problem::new("E645", (0, 0), "more than 2^32 - 1 firms".into()));
    }
    firms
}

fn parse_edges(table: &mut Table<'_>, index: &Index, complain_of_strangers: bool) -> Vec<Flow> {
    let flows = table.rows(["from", "to", "weight"], |cells, problems| {
        let mut end = |cell: &Cell<'_>, role: &str| {
            let id = whole_number(*cell, "an id", problems)?;
            let at = index.find(id);
            if at.is_none() && complain_of_strangers {
                problems.push(
                    cell.problem("E644", &format!("is not the id of a firm; it stands here as {role}"))
                        .help("ids are those of nodes.csv"),
                );
            }
            at
        };
        let supplier = end(&cells[0], "supplier");
        let customer = end(&cells[1], "customer");
        let weight = amount(cells[2], problems);
        Some(Flow { supplier: supplier?, customer: customer?, weight: weight? })
    });
    if u32::try_from(flows.len()).is_err() {
        table.add(Problem::new("E645", (0, 0), "more than 2^32 - 1 flows".into()));
    }
    flows
}

/// Output is what a firm sells in all; the models compute it from the flows, so a file that says otherwise
/// probably lacks flows.
fn warn_of_outputs(table: &mut Table<'_>, network: &FirmNetwork, text: &[u8]) {
    let mut again = Table::new(table.name, text);
    let outputs = again.rows(["output"], |cells, problems| amount(cells[0], problems));
    let sales = network.sales();
    let stated = outputs.iter().zip(sales.iter().zip(network.final_demand()));
    let differs = |output: f64, sold: f64| (output - sold).abs() > 1e-3 * (1.0 + output.abs().max(sold));
    let wrong: Vec<_> = stated
        .enumerate()
        .filter(|(_, (output, (to_firms, to_final)))| differs(**output, **to_firms + **to_final))
        .collect();
    let Some((row, (output, (to_firms, to_final)))) = wrong.first() else { return };
    let others = wrong.len() - 1;
    let message = format!(
        "output {output} of firm {} is not what it sells: {to_firms} to firms and {to_final} to final demand{}",
        network.ids()[*row],
        if others == 0 { String::new() } else { format!(" (and {others} firms more)") }
    );
    let mut problem = Problem::new("W641", table.row(*row), message).help("the sum of sales is used");
    problem.warning = true;
    table.add(problem);
}

/// A firm that buys from itself is computed as it stands, but mostly is a mistake of whoever merged the data.
fn warn_of_loops(table: &mut Table<'_>, firms: &[Firm], flows: &[Flow]) {
    let mut loops = flows.iter().enumerate().filter(|(_, flow)| flow.supplier == flow.customer);
    let Some((row, flow)) = loops.next() else { return };
    let message = match loops.count() {
        0 => format!("firm {} buys from itself", firms[flow.supplier as usize].id),
        more => {
            format!("firm {} buys from itself (and {more} firms more do)", firms[flow.supplier as usize].id)
        }
    };
    let mut problem = Problem::new("W642", table.row(row), message)
        .help("the flow is kept; leave the row out if it is none");
    problem.warning = true;
    table.add(problem);
}

/// From id to position.
struct Index {
    /// `direct[id]` is the position plus one; empty when ids are too far apart for that.
    direct: Vec<u32>,
    /// Otherwise ids in order, each with its position.
    sorted: Vec<(u64, u32)>,
    /// Pairs of rows with one id.
    repeated: Vec<(usize, usize)>,
}

impl Index {
    #[expect(clippy::cast_possible_truncation, reason = "the caller has refused more than 2^32 - 1 firms")]
    fn new(firms: &[Firm]) -> Self {
        let mut index = Self { direct: Vec::new(), sorted: Vec::new(), repeated: Vec::new() };
        let largest = firms.iter().map(|firm| firm.id).max().unwrap_or(0);
        let room = 8 * firms.len() as u64 + 1024;
        if largest < room {
            index.direct = vec![0; largest as usize + 1];
            for (row, firm) in firms.iter().enumerate() {
                let entry = &mut index.direct[firm.id as usize];
                if *entry == 0 {
                    *entry = row as u32 + 1;
                } else {
                    index.repeated.push((*entry as usize - 1, row));
                }
            }
        } else {
            index.sorted = firms.iter().enumerate().map(|(row, firm)| (firm.id, row as u32)).collect();
            index.sorted.sort_unstable();
            let same = index.sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0);
            index.repeated = same.map(|pair| (pair[0].1 as usize, pair[1].1 as usize)).collect();
        }
        index
    }

    fn find(&self, id: u64) -> Option<u32> {
        if self.sorted.is_empty() {
            let entry = usize::try_from(id).ok().and_then(|at| self.direct.get(at)).copied();
            return entry.and_then(|entry| entry.checked_sub(1));
        }
        let at = self.sorted.binary_search_by_key(&id, |entry| entry.0).ok()?;
        Some(self.sorted[at].1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NODES: &str = "id,sector,output,final_demand,delta\n7,3,2.5,0.5,0\n1000000000000,3,1,1,0.25\n";

    fn refuse(nodes: &str, edges: &str) -> String {
        match parse("nodes.csv", nodes.as_bytes(), "edges.csv", edges.as_bytes()) {
            Ok(_) => panic!("accepted"),
            Err(diagnostics) => diagnostics.render(false),
        }
    }

    #[test]
    fn columns_may_stand_in_any_order_and_ids_may_be_large() {
        let edges = "note,weight,to,from\r\nx, 2.0 ,1000000000000,7\r\n\r\n";
        let (network, warnings) = parse("n", NODES.as_bytes(), "e", edges.as_bytes()).unwrap();
        assert!(warnings.list().is_empty(), "{}", warnings.render(false));
        assert_eq!(network.ids(), [7, 1_000_000_000_000]);
        assert_eq!(network.purchases(1), (&[0_u32][..], &[2.0][..]));
        assert_eq!(network.purchases(0).0.len(), 0);
        assert_eq!((network.sector_ids(), network.delta()), (&[3_u64][..], &[0.0, 0.25][..]));
        assert_eq!(network.find(1_000_000_000_000), Some(1));
        assert_eq!(network.find(8), None);
    }

    #[test]
    fn every_mistake_is_shown_with_its_place() {
        let text = refuse(
            "id,sector,output,final_demand,delta\n0,0,1,1,0\n1,x,1,-1,1.5\n2,0,1\n",
            "from,to,weight\n0,1,nan\n0,,1\n0,5,1,9\n",
        );
        for place in [
            "nodes.csv:3:3",
            "nodes.csv:3:7",
            "nodes.csv:3:10",
            "nodes.csv:4:1",
            "edges.csv:2:5",
            "edges.csv:3:3",
            "edges.csv:4:1",
        ] {
            assert!(text.contains(place), "{place} is not in\n{text}");
        }
        // A firm whose row has a mistake is known all the same, and one that has no row is named too.
        let nodes = "id,sector,output,final_demand,delta\n1,1,1,nan,0\n2,1,1,1,2\n2,1,1,1,0\n";
        let text = refuse(nodes, "from,to,weight\n1,2,1\n1,9,1\n2,1,-1\n");
        for place in ["nodes.csv:2:7", "nodes.csv:3:9", "nodes.csv:4:1", "edges.csv:3:3", "edges.csv:4:5"] {
            assert!(text.contains(place), "{place} is not in\n{text}");
        }
        assert!(!text.contains("edges.csv:2"), "{text}");
        // Where an id cannot be read, strangers may be that firm.
        let text =
            refuse("id,sector,output,final_demand,delta\n1,1,1,1,0\nx,1,1,1,0\n", "from,to,weight\n1,2,1\n");
        assert!(text.contains("nodes.csv:3:1") && !text.contains("edges.csv"), "{text}");
        for nodes in ["", "id,sector,output,final_demand,delta\n"] {
            assert!(refuse(nodes, "from,to,weight\n").contains("nodes.csv:1:1"));
        }
        let text = refuse(NODES, "from,to,weight\n7,8,1\n7,1000000000000,1\n7,1000000000000,2\n");
        assert!(text.contains("edges.csv:2:3") && text.contains("`8` is not the id of a firm"), "{text}");
        let text = refuse(NODES, "from,to,weight\n7,1000000000000,1\n7,1000000000000,2\n");
        assert!(
            text.contains("edges.csv:3:1") && text.contains("listed twice") && text.contains("line 2"),
            "{text}"
        );
        let text = refuse("id,sector,output,final_demand,delta\n1,0,1,1,0\n1,0,1,1,0\n", "from,to,weight\n");
        assert!(text.contains("nodes.csv:3:1") && text.contains("firm 1 is listed twice"), "{text}");
        let text = refuse("id,sektor,output,final_demand,delta\n", "from,to\n");
        assert!(
            text.contains("`sektor` looks like it") && text.contains("column `weight` is missing"),
            "{text}"
        );
    }

    #[test]
    fn a_flood_of_mistakes_is_counted() {
        let edges = format!("from,to,weight\n{}", "7,7,-1\n".repeat(60));
        let Err(diagnostics) = parse("n", NODES.as_bytes(), "e", edges.as_bytes()) else {
            panic!("accepted")
        };
        assert_eq!(diagnostics.list().len(), SHOWN + 1);
        assert!(diagnostics.render(false).contains("10 problems more in e"));
    }

    #[test]
    fn mistakes_in_large_files_keep_their_line() {
        let good = "7,1000000000000,1\n".repeat(200_000);
        let edges = format!("from,to,weight\n{good}7,what,1\n{good}");
        let text = refuse(NODES, &edges);
        assert!(text.contains("line 200002, column 3: `what` is not an id"), "{text}");
    }

    #[test]
    fn outputs_that_are_not_sales_are_warned_of() {
        let (_, warnings) = parse("n", NODES.as_bytes(), "e", b"from,to,weight\n").unwrap();
        assert!(warnings.render(false).contains("output 2.5 of firm 7"), "{}", warnings.render(false));
    }

    #[test]
    fn a_firm_that_buys_from_itself_is_warned_of() {
        let nodes = "id,sector,output,final_demand,delta\n7,1,2,1,0\n";
        let (network, warnings) = parse("n", nodes.as_bytes(), "e", b"from,to,weight\n7,7,1\n").unwrap();
        assert_eq!(network.flow_count(), 1);
        let text = warnings.render(false);
        assert!(text.contains("e:2:1") && text.contains("firm 7 buys from itself"), "{text}");
    }

    #[test]
    fn criticality_is_read_and_checked() {
        let rows = parse_criticality("c", b"supplier_sector,customer_sector,class\n1,2,0\n2,2,2\n").unwrap();
        assert_eq!(rows[1], SectorPair { supplier: 2, customer: 2, class: Criticality::Essential });
        let bad = parse_criticality("c", b"supplier_sector,customer_sector,class\n1,2,3\n").unwrap_err();
        assert!(bad.render(false).contains("c:2:5"));
        assert!(parse_criticality("c", b"supplier_sector,customer_sector,class\n1,2,1\n1,2,1\n").is_err());
    }

    #[test]
    fn a_file_without_line_ends_is_refused_soon_and_briefly() {
        let started = std::time::Instant::now();
        let noise = vec![0_u8; 100 << 20];
        let line = [b"from,to,weight\n0,1,".to_vec(), vec![b'7'; 20 << 20]].concat();
        for (nodes, edges, said) in [
            (&noise[..], &b"from,to,weight\n"[..], "names no columns"),
            (NODES.as_bytes(), &line, "is not an amount"),
        ] {
            let message = parse("n", nodes, "e", edges).unwrap_err().render(false);
            assert!(message.contains(said) && message.len() < 1 << 20, "{} bytes", message.len());
        }
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn no_bytes_cause_a_panic(nodes in proptest::collection::vec(any::<u8>(), 0..300), edges in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse("n", &nodes, "e", &edges).map_err(|diagnostics| diagnostics.render(false));
            let _ = parse_criticality("c", &edges).map_err(|diagnostics| diagnostics.render(false));
        }

        #[test]
        fn broken_rows_cause_no_panic(nodes in "(id|sector|output|final_demand|delta|[0-9.,\\-e\n é\r]){0,80}", edges in "([0-9.,\\-\n é]){0,60}") {
            let nodes = format!("id,sector,output,final_demand,delta\n0,0,1,1,0\n1,1,1,1,0\n{nodes}");
            let edges = format!("from,to,weight\n0,1,1\n{edges}");
            let _ = parse("n", nodes.as_bytes(), "e", edges.as_bytes()).map_err(|diagnostics| diagnostics.render(false));
        }

        #[test]
        fn numbers_are_read_as_the_standard_library_reads_them(value in "[0-9]{1,20}(\\.[0-9]{0,20})?(e-?[0-9]{1,2})?") {
            let edges = format!("from,to,weight\n7,7,{value}\n");
            let (network, _) = parse("n", NODES.as_bytes(), "e", edges.as_bytes()).unwrap();
            prop_assert_eq!(network.purchases(0).1[0], value.parse::<f64>().unwrap());
        }
    }
}
