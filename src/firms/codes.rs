//! A paragraph on every code that tables of firms can be refused or warned with.

/// Code and explanation, ascending.
const EXPLANATIONS: [(&str, &str); 7] = [
    (
        "E640",
        "A table has more problems than anybody would read. The first ones are shown; mend them, and the rest is probably the same mistake.",
    ),
    (
        "E641",
        "A table lacks its header or a column, or names one that there is none of. nodes.csv holds id, sector, output, final_demand and delta, edges.csv from, to and weight, criticality.csv supplier_sector, customer_sector and class.",
    ),
    (
        "E642",
        "A cell is not what its column holds. Ids and sectors are whole numbers from 0; amounts are finite and not negative; delta is a share from 0 to 1; a class is 0, 1 or 2. Cells are parted by commas and not quoted.",
    ),
    (
        "E643",
        "Something is listed twice, or cannot be: a firm's row, a pair of sectors, a firm that buys from itself.",
    ),
    ("E644", "A flow names a firm that nodes.csv does not list."),
    ("E645", "More than 2^32 − 1 firms or flows, which positions of 32 bits cannot tell apart."),
    ("E646", "A number that a network is generated from lies outside its range, or a table has no firm."),
];

/// What a code means; the letter may be that of an error or a warning.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    let digits = code.get(1..)?;
    EXPLANATIONS.iter().find(|(own, _)| own[1..] == *digits).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes in the sources of this module and codes with a paragraph are the same.
    #[test]
    fn every_code_in_use_has_a_paragraph() {
        let mut used = std::collections::BTreeSet::new();
        for text in [include_str!("cells.rs"), include_str!("tables.rs"), include_str!("generate.rs")] {
            for (at, _) in text.match_indices("\"E6").chain(text.match_indices("\"W6")) {
                used.insert(&text[at + 1..at + 5]);
            }
        }
        let known: Vec<&str> = EXPLANATIONS.iter().map(|(code, _)| *code).collect();
        for code in &used {
            assert!(explain(code).is_some(), "{code}");
        }
        let unused = known.iter().filter(|code| !used.iter().any(|own| own[1..] == code[1..]));
        assert_eq!(unused.count(), 0, "{used:?}");
    }
}
