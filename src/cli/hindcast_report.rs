//! The tables of `hindcast`.

use std::fmt::Write as _;

use coercivity::hindcast::fit::{FITTED, Fit};
use coercivity::hindcast::record::Month;
use coercivity::hindcast::score::Score;
use coercivity::hindcast::scorecard::{
    DestinationScore, MonthRow, Scorecard, VALIDATED, VariantScore, Window,
};
use coercivity::hindcast::stops::{Discrimination, Usage};
use comfy_table::Table;

use super::report::table;
use super::words::{between, large, number, percent};

/// All of it.
pub fn text(card: &Scorecard, calibration: Option<&Fit>) -> String {
    let mut out = "The record of 2025 against the model\n\n".to_owned();
    let _ = writeln!(
        out,
        "The desk is calibrated on China's total magnet exports of April to July 2025 alone, stocks and sourcing on the\n\
         automakers' stops reported in these months. Scenario: {}, the controls of April with June's\n\
         licences for suppliers of three automakers. August to November was seen while the mechanisms were chosen: it is\n\
         validation, not prediction. Normal: same month of 2024 × {:.3}, the growth of the\n\
         first quarter (standard error {}; a single month scatters by {}).\n",
        coercivity::hindcast::SCENARIO,
        card.normal.growth,
        percent(card.normal.growth_error),
        percent(card.normal.month_error)
    );
    if let Some(fit) = calibration {
        let _ = writeln!(
            out,
            "Calibration: {} points in each of two waves, {} runs a point; {} points of the first wave are not implausible,\n\
             {:.0} effective points stand behind the posterior.\n",
            fit.effort.points, fit.effort.replications, fit.plausible, fit.effective
        );
    }
    section(&mut out, "All destinations, by month of the customs record, tonnes", &months(card));
    section(&mut out, "Scores, all destinations", &scores(card));
    section(&mut out, "Aims and what was reached", &aims(card));
    section(&mut out, "By destination (none is in the calibration)", &destinations(card));
    section(&mut out, "Exports as a share of normal, record / median of the model", &shares(card));
    section(
        &mut out,
        "One mechanism less at a time, without calibrating anew (* choices made with August to November in view); changes in points of per cent and in tonnes",
        &variants(card),
    );
    section(&mut out, "Calibrated numbers", &calibrated(card));
    section(&mut out, "Stops by named firm, 4 April to 30 September", &stops(card));
    let [few, middle, many] = card.stops.stopped.map(|count| format!("{count:.0}"));
    let [short, days, long] = card.stops.mean_days.map(|days| format!("{days:.0}"));
    let _ = writeln!(
        out,
        "Automakers that stop by 30 September: {middle} of {} in the middle run ({} in 8 of 10), for {days} days each on\n\
         average until the end of the run ({}). Reported: halts of {} of the firms above, {:.0} days at most on average.\n\
         A stop of the model is 5 % of a company's output in a region, on three days or more, and several may add up.\n",
        card.stops.makers,
        between(&few, &many),
        between(&short, &long),
        card.stops.reported,
        card.stops.reported_days
    );
    let _ = writeln!(out, "{}\n", discrimination("Halts against controls", &card.stops.halts));
    let _ =
        writeln!(out, "{}\n", discrimination("Halts and cuts against controls", &card.stops.halts_and_cuts));
    section(&mut out, "Prices of Dy and Tb and licences", &evidence(card));
    out.push_str("Where the model is wrong\n");
    for sentence in &card.wrong {
        let _ = writeln!(out, "- {sentence}");
    }
    let _ = write!(
        out,
        "\n{} runs scored, {} of each variant, seed {}. CRPS: continuous ranked probability score in tonnes, lower is better;\n\
         for a forecast without bands it is the absolute error. Skill: share of the baseline's CRPS that the model saves.\n",
        card.replications, card.variant_replications, card.seed
    );
    out
}

fn section(out: &mut String, title: &str, table: &Table) {
    let _ = write!(out, "{title}\n{}\n\n", table.trim_fmt());
}

fn months(card: &Scorecard) -> Table {
    let mut table =
        table(&["Month", "", "observed", "of normal", "model", "of calm", "80 % of runs", "inside"]);
    for row in &card.world {
        table.add_row([
            row.month.to_string(),
            if row.month < VALIDATED[0] { "fit" } else { "validation" }.to_owned(),
            number(row.observed),
            percent(row.observed / row.normal),
            number(row.tonnes[4]),
            percent(row.share),
            between(&number(row.tonnes[2]), &number(row.tonnes[6])),
            if row.inside { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

fn inside(score: &Score) -> String {
    score.inside.map_or_else(|| "–".to_owned(), |[a, b, c]| format!("{a}, {b}, {c} of {}", score.months))
}

fn scores(card: &Scorecard) -> Table {
    let mut table =
        table(&["Months", "forecast", "MAPE", "CRPS, t", "skill of the model", "in 50, 80, 95 % bands"]);
    for window in &card.windows {
        table.add_row([
            months_of(window),
            "model".to_owned(),
            percent(window.model.mape),
            number(window.model.crps),
            String::new(),
            inside(&window.model),
        ]);
        for baseline in &window.baselines {
            table.add_row([
                String::new(),
                baseline.name.to_owned(),
                percent(baseline.score.mape),
                number(baseline.score.crps),
                percent(baseline.skill),
                String::new(),
            ]);
        }
    }
    table
}

fn months_of(window: &Window) -> String {
    format!(
        "{} to {} ({})",
        window.first,
        window.last,
        if window.name == "both" { "all" } else { window.name }
    )
}

fn aims(card: &Scorecard) -> Table {
    let mut table = table(&["What", "aim", "reached", ""]);
    for aim in &card.aims {
        let met = if aim.met { "met" } else { "MISSED" };
        table.add_row([aim.what, aim.aim, aim.reached.as_str(), met]);
    }
    table
}

fn destinations(card: &Scorecard) -> Table {
    let mut table = table(&[
        "Destination",
        "MAPE to July",
        "MAPE from August",
        "the same, 2024 × growth",
        "in 80 % band",
    ]);
    let mape = |score: &Option<Score>| {
        score.as_ref().map_or_else(|| "–".to_owned(), |s| format!("{} ({})", percent(s.mape), s.months))
    };
    for entry in &card.destinations {
        table.add_row([
            name(entry),
            mape(&entry.fit_months),
            mape(&entry.validation),
            mape(&entry.baseline),
            band(entry),
        ]);
    }
    table
}

/// Shares of normal, record and model side by side.
fn shares(card: &Scorecard) -> Table {
    let months: Vec<Month> = FITTED[0].to(VALIDATED[1]).collect();
    let names: Vec<String> = months.iter().map(Month::to_string).collect();
    let head: Vec<&str> = std::iter::once("Destination").chain(names.iter().map(String::as_str)).collect();
    let mut table = table(&head);
    let mut row = |name: &str, rows: &[MonthRow]| {
        let cell = |month: &Month| {
            rows.iter().find(|row| row.month == *month).map_or_else(
                || "–".to_owned(),
                |row| format!("{:.2} / {:.2}", row.observed / row.normal, row.share),
            )
        };
        table.add_row(std::iter::once(name.to_owned()).chain(months.iter().map(cell)));
    };
    row("All", &card.world);
    for entry in &card.destinations {
        row(&entry.destination, &entry.rows);
    }
    table
}

fn name(entry: &DestinationScore) -> String {
    if entry.complete {
        format!("{} (all of Aug–Nov)", entry.destination)
    } else {
        entry.destination.clone()
    }
}

fn band(entry: &DestinationScore) -> String {
    let inside = entry.rows.iter().filter(|row| row.inside).count();
    format!("{inside} of {}", entry.rows.len())
}

fn variants(card: &Scorecard) -> Table {
    let mut table = table(&[
        "",
        "MAPE to July",
        "from Aug",
        "CRPS to July",
        "from Aug",
        "MAPE, USA",
        "share of calm, April to November",
        "stop, day",
        "vehicles lost",
    ]);
    let central = card.variants.first();
    for variant in &card.variants {
        let first = central.is_some_and(|central| central.key == variant.key);
        let change = |value: f64, of: &dyn Fn(&VariantScore) -> f64| match central {
            Some(central) if !first => format!("{:+.1}", 100.0 * (value - of(central))),
            _ => percent(value),
        };
        let tonnes = |value: f64, of: &dyn Fn(&VariantScore) -> f64| match central {
            Some(central) if !first => format!("{:+.0}", value - of(central)),
            _ => format!("{value:.0} t"),
        };
        let title =
            if variant.validation_choice { format!("* {}", variant.title) } else { variant.title.to_owned() };
        table.add_row([
            title,
            change(variant.fit.mape, &|v| v.fit.mape),
            change(variant.validation.mape, &|v| v.validation.mape),
            tonnes(variant.fit.crps, &|v| v.fit.crps),
            tonnes(variant.validation.crps, &|v| v.validation.crps),
            change(variant.united_states_mape, &|v| v.united_states_mape),
            variant
                .shares
                .iter()
                .map(|share| format!("{share:.2}").trim_start_matches('0').to_owned())
                .collect::<Vec<_>>()
                .join(" "),
            format!("{:.0}", variant.first_stop),
            large(variant.vehicles_lost),
        ]);
    }
    table
}

fn calibrated(card: &Scorecard) -> Table {
    let mut table = table(&["Number", "unit", "before", "after, 80 %", "after, middle", "central set"]);
    for entry in &card.calibrated {
        table.add_row([
            entry.key.to_owned(),
            entry.unit.to_owned(),
            between(&entry.prior.0.to_string(), &entry.prior.1.to_string()),
            between(&entry.posterior[0].to_string(), &entry.posterior[2].to_string()),
            entry.posterior[1].to_string(),
            entry.central.to_string(),
        ]);
    }
    table
}

fn stops(card: &Scorecard) -> Table {
    let mut table = table(&[
        "Firm",
        "record",
        "reported, day",
        "stops in",
        "first stop, day (80 %)",
        "days reported",
        "days, model",
    ]);
    for firm in &card.stops.firms {
        let usage = match firm.usage {
            Usage::Halt => "halt",
            Usage::Cut => "cut",
            Usage::Control => "no halt",
            Usage::LeftOut => "left out",
        };
        let dash = || "–".to_owned();
        table.add_row([
            firm.firm.clone(),
            usage.to_owned(),
            firm.onset.map_or_else(dash, |(a, b)| between(&format!("{a:.0}"), &format!("{b:.0}"))),
            format!(
                "{} ({})",
                percent(firm.stops.estimate),
                between(&percent(firm.stops.low), &percent(firm.stops.high))
            ),
            firm.first_stop.map_or_else(dash, |[a, b, c]| format!("{b:.0} ({a:.0} – {c:.0})")),
            firm.length.map_or_else(dash, number),
            firm.stop_days.map_or_else(dash, number),
        ]);
    }
    table
}

fn discrimination(title: &str, found: &Discrimination) -> String {
    format!(
        "{title}: area under the ROC curve {:.2} (95 % interval {:.2} to {:.2}; {} firms against {}).",
        found.area, found.interval.0, found.interval.1, found.stopped, found.controls
    )
}

fn evidence(card: &Scorecard) -> Table {
    let mut table = table(&["What", "record", "model, middle", "model, 9 of 10 runs"]);
    let times = |x: f64| format!("× {x:.2}");
    for (side, peaks, market) in
        [("outside", card.prices.outside, "Europe"), ("inside", card.prices.inside, "China")]
    {
        let observed: Vec<String> = card
            .prices
            .observed
            .iter()
            .filter(|ratio| ratio.item.contains(market))
            .map(|ratio| format!("{} {}", &ratio.item[..2], times(ratio.ratio)))
            .collect();
        table.add_row([
            format!("Peak price of Dy and Tb {side} the control"),
            observed.join(", "),
            times(peaks[1]),
            between(&times(peaks[0]), &times(peaks[2])),
        ]);
    }
    if let Some(licences) = &card.licences {
        for share in &licences.shares {
            table.add_row([
                format!("Approved by {} ({})", share.date, share.jurisdiction),
                percent(share.observed),
                percent(share.model[1]),
                between(&percent(share.model[0]), &percent(share.model[2])),
            ]);
        }
        let [low, middle, high] = licences.pending_to_rejected.map(|x| format!("{x:.0}"));
        let observed = licences.observed_pending_to_rejected.map_or_else(|| "–".to_owned(), number);
        table.add_row([
            "Pending ÷ rejected, 19 September".to_owned(),
            observed,
            middle,
            between(&low, &high),
        ]);
    }
    table
}
