//! The pictures of `hindcast`.

use coercivity::chart::{
    Event, FanChart, FanPanel, Format, LicencePanel, LicenceStack, Observed, ParameterDensity, Provenance,
    ScoreChart,
};
use coercivity::error::Error;
use coercivity::export::json::day_of;
use coercivity::hindcast::WORLD;
use coercivity::hindcast::ensemble::Ensemble;
use coercivity::hindcast::evidence::quotes;
use coercivity::hindcast::fit::FITTED;
use coercivity::hindcast::fitted::Fitted;
use coercivity::hindcast::record::{Month, Record};
use coercivity::hindcast::score::quantile;
use coercivity::hindcast::scorecard::{Scorecard, VALIDATED};
use coercivity::hindcast::space::dimensions;
use coercivity::id::Place;
use coercivity::scenario::Scenario;

use super::words::place;

const BANDS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Values that stand for a uniform prior.
const PRIOR_SAMPLES: u16 = 600;

/// Name and bytes of every picture, SVG and PNG.
pub fn all(
    scenario: &Scenario,
    card: &Scorecard,
    ensemble: &Ensemble,
    fitted: &Fitted,
) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let record = Record::embedded()?;
    let provenance = Provenance {
        scenario: format!("{}, calibrated on April to July 2025", scenario.name),
        runs: card.replications,
        seed: card.seed,
        band: "5–95 % and 25–75 % of runs".to_owned(),
        vintage: format!("{}; customs data to November 2025", scenario.vintage),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let fit_ends = Event { day: VALIDATED[0].first_day(), label: "fit | validation".to_owned() };
    let marks = scenario.marks.iter().filter(|(day, _)| *day < VALIDATED[1].plus(1).first_day());
    let mut events: Vec<Event> =
        marks.map(|(day, label)| Event { day: *day, label: label.clone() }).collect();
    events.push(fit_ends);
    let world = exports(card, ensemble, &record, WORLD);
    let others: Vec<FanPanel> =
        card.destinations.iter().map(|d| exports(card, ensemble, &record, &d.destination)).collect();
    let subtitle = "Calibrated on the total of April to July; August to November is validation";
    let fan = |caption: &str, subtitle: &str, quantity: &str, panels: Vec<FanPanel>| FanChart {
        caption: caption.to_owned(),
        subtitle: subtitle.to_owned(),
        quantity: quantity.to_owned(),
        panels,
        baseline_label: format!("normal: the same month of 2024 × {:.3}", card.normal.growth),
        events: events.clone(),
        shared_scale: false,
        off_zero: false,
        provenance: provenance.clone(),
    };
    let tonnes = "magnet exports, t per month of the customs record";
    let charts = [
        ("hindcast", fan("China's magnet exports in 2025, model and record", subtitle, tonnes, vec![world])),
        (
            "hindcast-by-destination",
            fan(
                "By destination: none was used to calibrate",
                "Normal levels of single destinations are uncertain",
                tonnes,
                others,
            ),
        ),
        (
            "price-gap",
            fan(
                "Prices of dysprosium and terbium outside and inside the control",
                "Quoted: the middle of each range relative to the last before April 2025",
                "price, calm = 1",
                prices(ensemble, &record),
            ),
        ),
    ];
    let mut files = Vec::new();
    let mut add = |name: &str, draw: &dyn Fn(Format) -> Result<Vec<u8>, Error>| -> Result<(), Error> {
        for (ending, format) in [("svg", Format::Svg), ("png", Format::Png)] {
            files.push((format!("{name}.{ending}"), draw(format)?));
        }
        Ok(())
    };
    for (name, chart) in &charts {
        add(name, &|format| chart.render(format))?;
    }
    let posterior = posterior(fitted, &provenance);
    add("posterior", &|format| posterior.render(format))?;
    if let Some(stack) = licences(scenario, card, ensemble, &events, &provenance) {
        add("licences", &|format| stack.render(format))?;
    }
    Ok(files)
}

fn title(destination: &str) -> String {
    match destination {
        WORLD => "All destinations".to_owned(),
        "EU" => "European Union".to_owned(),
        code => Place::parse(code).map_or_else(|| code.to_owned(), place),
    }
}

/// Bands of a destination from April on, with every published month of 2025.
fn exports(card: &Scorecard, ensemble: &Ensemble, record: &Record, destination: &str) -> FanPanel {
    let mut panel = FanPanel { title: title(destination), ..FanPanel::default() };
    let mut normal = Vec::new();
    for month in FITTED[0].to(VALIDATED[1]) {
        let (Some(tonnes), Some(level)) =
            (ensemble.tonnes(&card.normal, destination, month), card.normal.tonnes(destination, month))
        else {
            continue;
        };
        // A month's total spans the month, as in the pictures of `run`.
        for day in [month.first_day(), month.plus(1).first_day()] {
            push(&mut panel, day, &tonnes);
            normal.push(level);
        }
    }
    panel.baseline = Some(normal);
    let year = Month::new(2025, 1).to(VALIDATED[1]);
    let points =
        year.filter_map(|month| Some((month.first_day() + 14, record.exported(destination, month)?)));
    panel.observed = vec![Observed { label: "customs record".to_owned(), points: points.collect() }];
    panel
}

fn push(panel: &mut FanPanel, day: i32, values: &[f64]) {
    let [p05, p25, p50, p75, p95] = BANDS.map(|p| quantile(values, p));
    panel.dates.push(day);
    panel.p05.push(p05);
    panel.p25.push(p25);
    panel.p50.push(p50);
    panel.p75.push(p75);
    panel.p95.push(p95);
}

fn prices(ensemble: &Ensemble, record: &Record) -> Vec<FanPanel> {
    let sides =
        [("Outside China (Europe, delivered)", "Europe_delivered"), ("Inside China", "China_domestic")];
    let last = VALIDATED[1].plus(1).first_day();
    sides
        .into_iter()
        .enumerate()
        .map(|(side, (title, market))| {
            let mut panel = FanPanel { title: title.to_owned(), ..FanPanel::default() };
            for (week, day) in ensemble.frame.weeks.iter().enumerate() {
                let values: Vec<f64> = ensemble
                    .members
                    .iter()
                    .filter_map(|member| member.prices[side].get(week).copied())
                    .collect();
                // A price is that of the week's last day.
                push(&mut panel, *day + 7, &values);
            }
            let first = ensemble.frame.weeks.first().copied().unwrap_or(0);
            let kinds = [("dysprosium oxide, quoted", "Dy_oxide"), ("terbium oxide, quoted", "Tb_oxide")];
            panel.observed = kinds
                .map(|(label, item)| {
                    let quotes = quotes(record, item, market).into_iter();
                    let points = quotes.filter(|(day, _)| (first..last).contains(day)).collect();
                    Observed { label: label.to_owned(), points }
                })
                .into();
            panel
        })
        .collect()
}

fn posterior(fitted: &Fitted, provenance: &Provenance) -> ScoreChart {
    let all = dimensions();
    let parameters = all.iter().enumerate().map(|(d, dimension)| {
        let at = |i: u16| {
            dimension.low + (dimension.high - dimension.low) * (f64::from(i) + 0.5) / f64::from(PRIOR_SAMPLES)
        };
        ParameterDensity {
            label: dimension.key().replace('_', " "),
            unit: dimension.unit().to_owned(),
            prior: (0..PRIOR_SAMPLES).map(at).collect(),
            posterior: fitted.sets.iter().map(|set| set[d]).collect(),
        }
    });
    ScoreChart {
        caption: "What exports and stops of April to July 2025 say about twelve numbers".to_owned(),
        subtitle: format!(
            "History matching; before: every value of the range alike; after: the {} sets that runs draw from. Cover factor, cover spread and stand-in days by reported stops alone, all others by exports alone.",
            fitted.sets.len()
        ),
        parameters: parameters.collect(),
        // Sets, not runs.
        provenance: Provenance { band: String::new(), runs: 0, ..provenance.clone() },
    }
}

#[allow(clippy::cast_precision_loss)]
fn licences(
    scenario: &Scenario,
    card: &Scorecard,
    ensemble: &Ensemble,
    events: &[Event],
    provenance: &Provenance,
) -> Option<LicenceStack> {
    // Shares of one firm's applications would say nothing of the whole.
    let shares =
        card.licences.iter().flat_map(|licences| &licences.shares).filter(|share| share.jurisdiction == "EU");
    let published = shares.filter_map(|share| Some((day_of(&share.date)?, share.observed))).collect();
    let count = ensemble.members.len() as f64;
    let mean = |state: usize| -> Option<Vec<f64>> {
        let weeks = 0..ensemble.frame.weeks.len();
        weeks
            .map(|week| {
                let sum: Option<f64> =
                    ensemble.members.iter().map(|m| m.licences[state].get(week).copied()).sum();
                sum.map(|sum| sum / count)
            })
            .collect()
    };
    let mut panel = LicencePanel {
        title: "All applications".to_owned(),
        // Read off at the end of each week.
        dates: ensemble.frame.weeks.iter().map(|day| day + 7).collect(),
        pending: mean(0)?,
        approved: mean(1)?,
        rejected: mean(3)?,
        published,
    };
    super::charts::begin(scenario, &mut panel);
    Some(LicenceStack {
        caption: "Licence applications in the calibrated model".to_owned(),
        subtitle: "Published: EU part makers on 4 and 30 June; troubled cases of the EU Chamber, 19 September; \"properly addressed\" of 2,000, 21 October. Returned ones stay pending.".to_owned(),
        quantity: "applications, mean of all runs".to_owned(),
        panels: vec![panel],
        events: events.to_vec(),
        provenance: Provenance { band: String::new(), ..provenance.clone() },
    })
}
