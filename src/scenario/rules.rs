//! What each code of a message about a scenario means, for `check --explain CODE`.

/// A rule that scenario files must keep, or a doubt worth a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// `E…` for errors, `W…` for warnings.
    pub code: &'static str,
    /// What it is about and what to do.
    pub text: &'static str,
}

/// The paragraph on a code of this module; `None` for codes of other modules and unknown ones.
#[must_use]
pub fn explain_code(code: &str) -> Option<&'static str> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code)).map(|rule| rule.text)
}

const fn rule(code: &'static str, text: &'static str) -> Rule {
    Rule { code, text }
}

/// Every rule, by code.
pub const RULES: &[Rule] = &[
    rule(
        "E0201",
        "A scenario file could not be read: it does not exist, is a folder, or the system refuses. Give a path that exists, or one of the names `scenarios list` prints.",
    ),
    rule(
        "E0202",
        "A scenario file is larger than 1,000,000 bytes. The largest shipped one has about 4,000. Nothing of it was read; probably the path names something else, such as a table of results.",
    ),
    rule(
        "E0203",
        "A scenario file is not UTF-8 text. The message names the line and column of the first byte that is none. Save the file as UTF-8.",
    ),
    rule(
        "E0204",
        "Brackets, braces or the parts of a dotted key are nested deeper than 32. A scenario needs at most five levels. This is checked before parsing, so that no file can exhaust memory.",
    ),
    rule(
        "E0205",
        "The text is not TOML. Usual reasons: a text without double quotes, a date in quotes, an inline table broken over lines with a missing comma, a key written twice. All places are reported at once; the first may cause the others.",
    ),
    rule(
        "E0206",
        "A number is not finite (`nan`, `inf`) or too large for its kind. Every number of a scenario is finite; to switch a limit off, the parameter's description says which large number does so.",
    ),
    rule(
        "E0207",
        "Scenarios extend each other in a circle, so none of them is a base. The message names the chain. Let one of them extend `baseline` or nothing.",
    ),
    rule(
        "E0208",
        "More than 8 scenarios extend one another. Such a chain can no longer be read; flatten it.",
    ),
    rule(
        "E0209",
        "`extends`, or the command line, names a scenario that is neither bundled nor a file. Paths in `extends` are relative to the file that says so.",
    ),
    rule(
        "E0210",
        "A `--set` is not `key=value`. The key is a dotted path (`parameters.panic`, `study.seed`, `shock.ID.start`), the value is TOML; a bare word may stand for a text. Shocks are set one key at a time.",
    ),
    rule(
        "E0211",
        "A shock is named that does not exist: by `remove = true`, by `--set shock.ID…`, by the `of` of a regime, or by the `shock` of a mark. Ids are those of this file and of everything it extends.",
    ),
    rule(
        "E0212",
        "A key that means nothing here. The message lists the keys that do and the nearest spelling. Which keys a shock has depends on its `kind`.",
    ),
    rule(
        "E0213",
        "A key that must be there is missing. A scenario needs `title`, `start` and `end` (or `days`), its own or those of the base; a shock needs `id`, `kind`, `start` (or `trigger`) and what its kind demands.",
    ),
    rule(
        "E0214",
        "A value of the wrong type, for example a text where a number is wanted. Numbers and dates stand without quotes, texts with.",
    ),
    rule(
        "E0215",
        "A number, or a value that a distribution can draw, lies outside the range in which the model means anything. Shares and probabilities lie between 0 and 1; distributions without an upper end are refused for them.",
    ),
    rule("E0216", "A word that is not one of those allowed. The message lists them."),
    rule(
        "E0217",
        "A distribution that is none: an unknown law, the wrong count of numbers, a low end above the high end, weights that do not fit the values, or two laws at once.",
    ),
    rule(
        "E0219",
        "An unknown parameter, under `[parameters]` or in `{ parameter = … }`. The scenario format chapter lists all with meaning, unit and basis.",
    ),
    rule(
        "E0220",
        "Not a date: a text in quotes, a date that the calendar does not have, a time of day, or a year outside 1990 to 2199. Dates are written 2025-04-04.",
    ),
    rule("E0221", "A shock ends on or before the day it starts. The end is the first day without it."),
    rule(
        "E0222",
        "A shock starts before the run does. A run begins at rest, in balance with the base year; what happened before cannot be part of it. Let the run start earlier.",
    ),
    rule(
        "W0223",
        "A shock starts after the last day of the run and so changes nothing. Let the run end later or the shock start earlier.",
    ),
    rule("W0224", "A mark lies outside the run, so that no chart shows it."),
    rule("E0224", "The run ends before it starts, or lasts longer than 36,500 days."),
    rule("E0225", "A step is 1 day or 7 days; nothing between was tested."),
    rule(
        "E0226",
        "The length of the run is no multiple of its step. Runs that are a multiple of 7 days can be made with either step.",
    ),
    rule(
        "E0230",
        "A selector names a place where no facility stands. Places are ISO 3166-1 alpha-3 countries, the regions of the network, or EU for the 27 states.",
    ),
    rule(
        "E0231",
        "A selector names a material or product that the network does not have. Names may be typed as in the data or with hyphens, `ndfeb-magnet-heavy-re`.",
    ),
    rule(
        "E0232",
        "A selector names a facility that the network does not have; `network show --facilities` lists all.",
    ),
    rule(
        "E0233",
        "A selector names a company that the network does not have. Companies are spelt as in the data; several under one name belong together.",
    ),
    rule(
        "E0234",
        "The conditions of a `where` are each fine, but nothing meets all of them. The help says how much each condition alone would match: the smallest number is usually the culprit.",
    ),
    rule(
        "E0235",
        "A condition is an empty list and can match nothing. Leave the key out to allow everything.",
    ),
    rule(
        "E0236",
        "A `where` selects lines that this kind of shock cannot change: demand changes need lines with final demand, substitution needs lines that use heavy-rare-earth goods.",
    ),
    rule(
        "E0240",
        "Two shocks of one file have the same id. To change a shock of the base, repeat its id in the file that extends it, once.",
    ),
    rule("E0241", "A trigger names a shock that does not exist."),
    rule(
        "E0242",
        "Shocks wait for each other in a circle, so that none of them ever starts. One needs a `start`.",
    ),
    rule(
        "E0243",
        "A shock has both a `start` and a `trigger`. It begins on a date or because of another shock, not both.",
    ),
    rule(
        "E0244",
        "Two licensing rules control the same route at the same time. One desk decides on a shipment; let one rule end before the other starts, or narrow one `where`.",
    ),
    rule(
        "W0245",
        "A general licence exempts routes that neither a licensing rule nor over-compliance touches at that time, and so changes nothing.",
    ),
    rule(
        "W0246",
        "A quota lies entirely within an embargo that holds at the same time and so changes nothing while it lasts.",
    ),
    rule("W0247", "A quota of 0 tonnes is an embargo; say so."),
    rule(
        "E0248",
        "A regime's `of` names a shock that is no licensing rule. Regimes re-parameterise a licence desk.",
    ),
    rule(
        "E0249",
        "`class_speed` of a regime names a class that its licensing rule does not have. Routes that no class asks for are in the class `other`.",
    ),
    rule(
        "W0249",
        "A regime changes only the number of officers, but the rule it changes decides every case at once and has none. Give the rule `capacity = { officers = …, officer_days = … }`.",
    ),
    rule(
        "W0250",
        "A class of a licensing rule takes no route: its `where` matches none of the controlled ones, or earlier classes took them. The first class that fits takes a route.",
    ),
    rule(
        "W0251",
        "Over-compliance holds routes that are licensed anyway. It is meant for goods of the same tariff code that need no licence.",
    ),
    rule(
        "E0251",
        "Two classes of a licensing rule have the same name, so that a regime could not tell them apart.",
    ),
    rule(
        "E0252",
        "Two classes of a licensing rule have no `where`. Only one can take what the others leave.",
    ),
    rule(
        "E0253",
        "Two keys that say the same thing in different ways: `end` and `days`, or `end` and `duration`. Keep one.",
    ),
    rule(
        "E0254",
        "`network` names neither a shipped network nor a folder. A folder is given by its path, relative to the file that says so.",
    ),
    rule(
        "E0255",
        "An unknown metric under `[expect]` or `converge`. The message lists the metrics of this version.",
    ),
    rule("E0256", "`parent` of `[expect]` names no bundled scenario and is no path."),
    rule(
        "E0257",
        "The id of a shock has other characters than lower-case letters, digits and hyphens. Ids are typed on command lines and in dotted keys.",
    ),
    rule("E0258", "`priority` names an end use twice. It is an order from first served to last."),
    rule(
        "W0259",
        "A study that stops when converged, but not before more replications than it has: it never stops early.",
    ),
    rule(
        "E0260",
        "`parameter_set` names neither a bundled parameter set nor a file. A file is given by its path, relative to the file that says so; `none` stands for the documented defaults.",
    ),
    rule(
        "E0261",
        "The `[joint]` table of a parameter set cannot be drawn from: it has no row, a row of another length than `parameters`, a parameter named twice, or one without a central value under `[parameters]`.",
    ),
    rule(
        "E0262",
        "A name under `series` of `[outputs]` that this run does not count. Names are those of the column `series` of series.csv, such as `exports:USA`; what there is depends on the network and on whether the scenario has a licensing rule.",
    ),
    rule(
        "E0263",
        "Two different ids (of shocks, routes, facilities or coefficients) have the same 32-bit hash. Random numbers are keyed by it, so the two would have the same luck. Rename one of them; one more letter is enough. By chance this happens to one network of 1,500 routes in about 4,000.",
    ),
    rule(
        "W0264",
        "An embargo closes only routes that another embargo closes at least as long: it changes nothing. Remove one, or say in `where` or in the dates what the second adds.",
    ),
    rule(
        "W0265",
        "Two tariffs begin on the same day on the same routes. Both hold: goods become dearer by one after the other. If one was meant, write one shock with that rate.",
    ),
    rule(
        "W0267",
        "A size beyond anything seen: a tariff above 300 %, final demand more than tripled, or a stockpile of more than its routes carry in a year. Rates are shares (0.25 for 25 %), factors are relative to calm (1.1 for a tenth more), stockpiles are tonnes of the good that the routes carry. The run uses the number as it stands.",
    ),
    rule(
        "W0268",
        "The production function `critical` spares inputs that are not essential, and this network has none: it is `hard` by another name. A network of one's own names them in the columns `criticality` and `cost_share` of recipes.csv; the built-in chain has none, as nobody builds a motor without its magnets.",
    ),
];
