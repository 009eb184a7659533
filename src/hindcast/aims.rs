//! What was aimed at before calibration, what came of it, and where the model is wrong.

use super::score::Score;
use super::scorecard::{Aim, MonthRow, Scorecard, Window};
use super::stops::Usage;

/// Months whose median is off by more than this share of the observation are named.
const NOTABLE: f64 = 0.10;

fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "–".to_owned() }
}

fn window<'a>(card: &'a Scorecard, name: &str) -> Option<&'a Window> {
    card.windows.iter().find(|window| window.name == name)
}

fn mape(card: &Scorecard, name: &str) -> f64 {
    window(card, name).map_or(f64::NAN, |window| window.model.mape)
}

fn inside_80(score: Option<&Score>) -> Option<(usize, usize)> {
    score.and_then(|score| Some((score.inside?[1], score.months)))
}

/// The aims.
pub(crate) fn aims(card: &Scorecard) -> Vec<Aim> {
    let mut list = Vec::new();
    let mut aim = |what, aim, reached: String, met| list.push(Aim { what, aim, reached, met });
    let world = |month: &str| card.world.iter().find(|row| row.month.to_string() == month);
    let trough = card.world.iter().min_by(|a, b| a.share.total_cmp(&b.share));
    aim(
        "Month of the trough",
        "May 2025",
        trough.map_or_else(String::new, |row| format!("{}, {} of calm", row.month, percent(row.share))),
        trough.is_some_and(|row| row.month.to_string() == "2025-05"),
    );
    let us = card.destinations.iter().find(|d| d.destination == "USA");
    let us_may = us
        .and_then(|d| d.rows.iter().find(|row| row.month.to_string() == "2025-05"))
        .map_or(f64::NAN, |row| row.share);
    let may = world("2025-05").map_or(f64::NAN, |row| row.share);
    aim(
        "To the United States in May",
        "≤ 15 % of normal, below all destinations",
        format!("{}, all destinations {}", percent(us_may), percent(may)),
        us_may <= 0.15 && us_may < may,
    );
    let surge = card
        .world
        .iter()
        .filter(|row| row.month >= super::scorecard::VALIDATED[0])
        .map(|row| row.share)
        .fold(f64::NAN, f64::max);
    aim(
        "Highest month of August to November",
        "≤ 1.15 × normal",
        format!("{surge:.2} × normal"),
        surge <= 1.15,
    );
    for (name, title, limit, words) in [
        ("fit", "MAPE April to July (fitted)", 0.10, "≤ 10 %"),
        ("validation", "MAPE August to November (validation)", 0.08, "≤ 8 %"),
    ] {
        let reached = mape(card, name);
        aim(title, words, percent(reached), reached <= limit);
    }
    for (name, title) in [
        ("fit", "Months inside the 80 % band, April to July"),
        ("validation", "Months inside the 80 % band, August to November"),
    ] {
        let inside = inside_80(window(card, name).map(|window| &window.model));
        aim(
            title,
            "≥ 3 of 4",
            inside.map_or_else(String::new, |(inside, of)| format!("{inside} of {of}")),
            inside.is_some_and(|(inside, _)| inside >= 3),
        );
    }
    if let Some(both) = window(card, "both") {
        let skills: Vec<String> = both.baselines.iter().map(|b| percent(b.skill)).collect();
        aim(
            "CRPS against the baselines, April to November",
            "below all three",
            format!("lower by {}", skills.join(", ")),
            both.baselines.iter().all(|b| b.skill > 0.0),
        );
    }
    let first = card.stops.first_between;
    aim(
        "First automaker stop between day 35 and day 70",
        "in ≥ 80 % of runs",
        format!("{} of runs; middle day {:.0}", percent(first.estimate), card.stops.first_stop[1]),
        first.estimate >= 0.8,
    );
    let outside = card.prices.outside[1];
    aim(
        "Peak price of Dy and Tb outside",
        "× 2 to × 4",
        format!("× {outside:.2}"),
        (2.0..=4.0).contains(&outside),
    );
    let inside = card.prices.inside[1];
    aim("Peak price of Dy and Tb inside", "< × 1.3", format!("× {inside:.2}"), inside < 1.3);
    if let Some(licences) = &card.licences {
        let ratio = licences.pending_to_rejected[1];
        aim("Pending ÷ rejected on 19 September", "≥ 10", format!("{ratio:.0}"), ratio >= 10.0);
    }
    list.extend(stops(card));
    if let Some(licences) = &card.licences {
        let clepa =
            licences.shares.iter().filter(|s| s.jurisdiction == "EU" && s.date.starts_with("2025-06"));
        let told: Vec<(f64, f64)> = clepa.map(|share| (share.model[1], share.observed)).collect();
        let words: Vec<String> = told
            .iter()
            .map(|(own, record)| format!("{} against {}", percent(*own), percent(*record)))
            .collect();
        list.push(Aim {
            what: "Applications approved on 4 and 30 June, all against the EU's",
            aim: "within 15 points",
            reached: words.join(", "),
            met: !told.is_empty() && told.iter().all(|(own, record)| (own - record).abs() <= 0.15),
        });
    }
    list
}

/// Aims on who stops. Two automakers are reported by name; not every stop is (an assumption: one in two).
fn stops(card: &Scorecard) -> Vec<Aim> {
    let own = &card.stops;
    let middle = own.stopped[1];
    let days = own.mean_days[1];
    let halts = &own.halts;
    vec![
        Aim {
            what: "Automakers that stop by 30 September",
            aim: "2 to 8; two are reported by name",
            reached: format!(
                "{middle:.0} of {} ({:.0} to {:.0})",
                own.makers, own.stopped[0], own.stopped[2]
            ),
            met: (2.0..=8.0).contains(&middle),
        },
        Aim {
            what: "Days that a stop lasts",
            aim: "7 to 28; 7 and 21 are reported",
            reached: format!("{days:.0} ({:.0} to {:.0})", own.mean_days[0], own.mean_days[2]),
            met: (7.0..=28.0).contains(&days),
        },
        Aim {
            what: "Who stops: area under the curve, firms with a halt against firms without",
            aim: "95 % interval above 0.5",
            reached: format!("{:.2} ({:.2} to {:.2})", halts.area, halts.interval.0, halts.interval.1),
            met: halts.interval.0 > 0.5,
        },
    ]
}

/// Where the model is wrong, in sentences.
pub(crate) fn wrong(card: &Scorecard) -> Vec<String> {
    let mut list: Vec<String> = card
        .aims
        .iter()
        .filter(|aim| !aim.met)
        .map(|aim| format!("{}: aimed at {}, reached {}.", aim.what, aim.aim, aim.reached))
        .collect();
    list.extend(off("All destinations", &card.world));
    for destination in &card.destinations {
        list.extend(off(&destination.destination, &destination.rows));
    }
    if let Some(validation) = window(card, "validation") {
        for baseline in validation.baselines.iter().filter(|baseline| baseline.skill <= 0.0) {
            list.push(format!(
                "August to November: \"{}\" is better than the model (CRPS {:.0} t against {:.0} t); these months are close to normal, and a normal needs no model.",
                baseline.name, baseline.score.crps, validation.model.crps
            ));
        }
    }
    list.extend(choices(card));
    list.extend(spared(card));
    let halts = &card.stops.halts_and_cuts;
    if halts.interval.0 < 0.5 {
        list.push(format!(
            "Which firms stop is not told apart: area {:.2}, 95 % interval {:.2} to {:.2}, from {} firms with a halt or cut and {} controls.",
            halts.area, halts.interval.0, halts.interval.1, halts.stopped, halts.controls
        ));
    }
    for firm in &card.stops.firms {
        // Where a cut of a half year began is not reported.
        if let (Usage::Halt, Some((earliest, latest)), Some([low, _, high])) =
            (firm.usage, firm.onset, firm.first_stop)
            && (latest < low || earliest > high)
        {
            list.push(format!(
                "{}: reported from day {earliest:.0} to {latest:.0}, in the model day {low:.0} to {high:.0} (10 to 90 % of runs with a stop).",
                firm.firm
            ));
        }
        if let (Some(length), Some(days)) = (firm.length, firm.stop_days)
            && (days > 2.0 * length || days < 0.5 * length)
        {
            list.push(format!(
                "{}: {length:.0} days reported, {days:.0} days below 95 % of calm in the model.",
                firm.firm
            ));
        }
    }
    for price in &card.prices.observed {
        if !(price.model[0]..=price.model[2]).contains(&price.ratio) {
            list.push(format!(
                "{}: × {:.2} of the last quote before the controls on {}, × {:.2} in the model that week.",
                price.item, price.ratio, price.date, price.model[1]
            ));
        }
    }
    if let Some(licences) = &card.licences {
        for share in &licences.shares {
            if !(share.model[0]..=share.model[2]).contains(&share.observed) {
                list.push(format!(
                    "Approved by {}: {} of {} applications published, {} to {} of all in the model; associations count their own members.",
                    share.date,
                    percent(share.observed),
                    share.jurisdiction,
                    percent(share.model[0]),
                    percent(share.model[2])
                ));
            }
        }
    }
    list
}

/// Choices of the model without which August to November would be closer by more than a hundredth: less does not show in
/// the figures that are printed.
fn choices(card: &Scorecard) -> Vec<String> {
    let Some(central) = card.variants.first() else { return Vec::new() };
    let worse = card
        .variants
        .iter()
        .filter(|v| v.validation_choice && v.validation.crps < 0.99 * central.validation.crps);
    worse
        .map(|v| {
            format!(
                "With {}, August to November would be closer (CRPS {:.0} t instead of {:.0} t): these months do not support it.",
                v.title, v.validation.crps, central.validation.crps
            )
        })
        .collect()
}

/// Firms that reported no halt and stop in the model all the same.
fn spared(card: &Scorecard) -> Option<String> {
    let stopped =
        card.stops.firms.iter().filter(|firm| firm.usage == Usage::Control && firm.stops.estimate > 0.5);
    let names: Vec<String> =
        stopped.map(|firm| format!("{} ({})", firm.firm, percent(firm.stops.estimate))).collect();
    let lost = card.variants.first().map_or(f64::NAN, |central| central.vehicles_lost);
    (!names.is_empty()).then(|| {
        format!(
            "Too many stop: {} reported none but stop in the model; {:.1} million vehicles are lost in it by the end of November (central set), where the record has single plants and models.",
            names.join(", "),
            lost / 1.0e6
        )
    })
}

/// One sentence on the months in which the median is far off, if any.
fn off(name: &str, rows: &[MonthRow]) -> Option<String> {
    let months: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let error = row.tonnes[4] / row.observed - 1.0;
            let band = if row.inside { "" } else { ", outside the 80 % band" };
            (error.abs() > NOTABLE).then(|| format!("{} by {:+.0} %{band}", row.month, 100.0 * error))
        })
        .collect();
    (!months.is_empty()).then(|| format!("{name}: the median is off in {}.", months.join("; ")))
}
