//! A paragraph on every code a network's files can be refused or warned with.

/// Code and explanation, ascending.
pub const EXPLANATIONS: [(&str, &str); 52] = [
    (
        "E0100",
        "The scenario names a network that is not shipped with the program. Use a shipped name or the path of a folder.",
    ),
    (
        "E0101",
        "A network is a folder with at least nodes.csv and edges.csv, and both must be ordinary files.",
    ),
    (
        "E0102",
        "Files above 64 MB are refused before they are read: a network of this size is a mistake more often than not.",
    ),
    (
        "E0103",
        "The files are read as UTF-8 text without control characters. The message names the line of the first byte that is none of it; spreadsheets save UTF-8 as \"CSV UTF-8\".",
    ),
    ("E0104", "A file may have at most 100,000 rows."),
    (
        "E0105",
        "A column the file cannot do without is missing, appears twice, or there are more columns than any network has; or cells are not separated by commas.",
    ),
    (
        "E0107",
        "A row has more or fewer cells than the header, and is read no further; or a quotation mark opens a cell that nothing closes. Cells that contain a comma, a quote or a line end must stand in double quotes.",
    ),
    (
        "E0108",
        "A cell that must be filled is empty, or one that must be a number is not: digits with a decimal point, no separators, no unit.",
    ),
    (
        "E0109",
        "Numbers are finite, not negative and at most 1e15: anything else would make the results meaningless.",
    ),
    ("E0110", "A band is low ≤ central ≤ high. Leave low and high empty if the number is known."),
    (
        "E0111",
        "Ids are kebab-case: lower-case letters and digits in words joined by single hyphens. They name random numbers and files, so they must be plain.",
    ),
    (
        "E0112",
        "Two rows have the same id, or the same facility, product and input. The second cannot be told from the first.",
    ),
    (
        "E0113",
        "The stage of a facility is one of mine, separation, metal, magnet, component, automaker, other_demand.",
    ),
    (
        "E0114",
        "Each stage counts in its own unit, so that amounts per unit mean the same everywhere. Facilities with a recipe of their own may use any unit.",
    ),
    (
        "E0115",
        "Countries and regions are codes of three capital letters; controls, export destinations and lead times go by them.",
    ),
    (
        "E0116",
        "Utilisation is output divided by capacity, between 0 and 1. The value 1 means that spare capacity is not known.",
    ),
    (
        "E0117",
        "Output and capacity × utilisation disagree by more than 0.2 %. Leave one of them empty, and it follows from the other.",
    ),
    (
        "E0118",
        "Shares of a facility's output: those by drive (battery, plug-in, hybrid, combustion) sum to 1, pm_share and hre_share lie between 0 and 1, and users of magnets need hre_share.",
    ),
    ("E0119", "A route or recipe names a facility that nodes.csv does not have."),
    ("E0120", "Two routes join the same facilities with the same material. Add their shares in one row."),
    (
        "E0121",
        "The supplier does not make this material or the buyer does not use it. Outside recipes.csv goods go from mine to separation, metal, magnet, component and automaker; magnets and oxides also to other_demand, by its unit.",
    ),
    ("E0122", "The material of a route is neither one of the built-in chain nor named in recipes.csv."),
    ("E0123", "A share of a buyer's use lies between 0 and 1, its band included."),
    (
        "E0124",
        "Nothing says how many days goods travel, or the number is above ten years. Days come from lead_times.csv, or else from the route's lead_time_days.",
    ),
    (
        "E0125",
        "crosses_border is 0 or 1 and must agree with the countries of both ends, since controls act on borders. Leave the column out, and the countries decide.",
    ),
    (
        "E0126",
        "The central shares of all suppliers of one material to one buyer must sum to 1 within 0.02; what is left is renormalised.",
    ),
    (
        "E0127",
        "A facility needs an input that no route brings, or only from plants that are not at work yet. It could never produce.",
    ),
    ("E0128", "A facility above the final users sells to nobody. Add a route or remove the facility."),
    ("E0129", "Confidence is high, medium, low or estimate."),
    (
        "E0130",
        "Provenance that is given must be usable: source_url starts with http, source_date with a year, and an estimate has a note on how it was derived.",
    ),
    (
        "E0131",
        "The coefficient leaves the range in which it has a meaning: yields are above 0 and at most 1, shares between 0 and 1.",
    ),
    ("E0132", "A recipe of the built-in chain needs a coefficient that materials.csv does not give."),
    (
        "E0133",
        "The name of a product gives no usable short form, or two products of a facility give the same.",
    ),
    (
        "E0134",
        "What final users take is a facility's output, so at most one of its products may have no route that carries it away.",
    ),
    (
        "E0135",
        "Around a cycle, amounts × shares multiply to at least 1: every unit made needs a unit or more of itself, and no production level could meet any demand. Precisely, the spectral radius of the input matrix of the lines in the cycle is not below 1, at the central values or somewhere in the bands.",
    ),
    ("E0136", "Dates are written year-month-day, as in 2025-09-19."),
    (
        "E0137",
        "end_use is automotive, wind, industry, consumer, defence or other; vehicle is car or two-wheeler.",
    ),
    (
        "E0138",
        "A plant that starts after the base year supplied nothing in it: its central share is 0, and share_high is its share once it works.",
    ),
    ("E0140", "Years lie between 1900 and 2200."),
    (
        "E0141",
        "A row of lead_times.csv joins two region codes, or says same-country or same-region in both columns; its mode is sea or road.",
    ),
    (
        "E0142",
        "A separation plant works from one kind of concentrate here. A company with two circuits is two facilities.",
    ),
    ("E0143", "nodes.csv has a header and no rows."),
    (
        "E0144",
        "In recipes.csv criticality is essential (or empty), non-essential or negligible; a non-essential input, and no other, has a cost_share from 0 to 1, and those of one product sum to at most 1. They matter where a scenario says `production = \"critical\"`.",
    ),
    (
        "E0145",
        "Dy and Tb oxide come out of the ores that a separation group works. More is asked of the group than its ores hold even at the upper ends of dytb-per-reo.",
    ),
    (
        "E0146",
        "The numbers of materials.csv are read in fixed units: kg/vehicle, kg/t, t/t, t/yr, USD/kg or fraction, by what the row is. Another unit in the column `unit` would be misread.",
    ),
    (
        "E0147",
        "`ndpr-per-reo:` and `dytb-per-reo:` are followed by the id of a mine of nodes.csv. A misspelt mine would leave the ore without contents.",
    ),
    (
        "W0148",
        "A row of lead_times.csv joins a region in which no facility stands. It may be misspelt; otherwise nothing is lost.",
    ),
    ("E0199", "Only the first 200 errors are shown. Correct those and check again."),
    ("W0106", "A column is not read. Its name may be misspelt; otherwise nothing is lost."),
    (
        "W0130",
        "None of the columns source_url, publisher, source_date, confidence and note is there. Results will rest on numbers whose origin nobody can look up.",
    ),
    ("W0144", "A route carries nothing, because its buyer has no product that needs the material."),
    ("W0199", "Only the first 200 warnings are shown."),
];

/// The paragraph on a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    EXPLANATIONS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}
