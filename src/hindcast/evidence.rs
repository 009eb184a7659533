//! Prices and licences: what else the record says, none of it used to calibrate.

use serde::Serialize;

use super::ensemble::Ensemble;
use super::record::Record;
use super::score::quantile;
use super::stops::CONTROLS;
use crate::export::json::day_of;

/// A ratio of prices read off the record.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ObservedRatio {
    /// Item and market.
    pub item: String,
    /// Highest price after the controls ÷ last before them (middles of ranges).
    pub ratio: f64,
    /// Day of the highest price.
    pub date: String,
    /// Price in the model in that week, relative to calm: 5 %, median, 95 % of runs.
    pub model: [f64; 3],
}

/// Dysprosium and terbium, inside and outside the control.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PriceGap {
    /// Peak outside, relative to calm: 5 %, median, 95 % of runs.
    pub outside: [f64; 3],
    /// Peak inside.
    pub inside: [f64; 3],
    /// What was observed.
    pub observed: Vec<ObservedRatio>,
}

/// Share of applications approved on a day.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ApprovedShare {
    /// Day.
    pub date: String,
    /// Whose applications.
    pub jurisdiction: String,
    /// Published share, and who says so.
    pub observed: f64,
    /// Share approved in the model, all destinations: 5 %, median, 95 % of runs.
    pub model: [f64; 3],
    /// What to know about the observation.
    pub note: String,
}

/// The licence desk.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Licences {
    /// Approved shares by date.
    pub shares: Vec<ApprovedShare>,
    /// Pending ÷ rejected on 19 September 2025 in the model, 5 %, median, 95 % of runs (rejections counted
    /// as at least one).
    pub pending_to_rejected: [f64; 3],
    /// The same in the record: 121 pending, 1 rejected.
    pub observed_pending_to_rejected: Option<f64>,
}

/// Three quantiles of values.
fn band(values: &[f64]) -> [f64; 3] {
    [0.05, 0.5, 0.95].map(|p| quantile(values, p))
}

impl PriceGap {
    /// Compares.
    #[must_use]
    pub fn of(record: &Record, ensemble: &Ensemble) -> Self {
        let peak = |market: usize| -> Vec<f64> {
            ensemble
                .members
                .iter()
                .map(|member| member.prices[market].iter().copied().fold(1.0, f64::max))
                .collect()
        };
        let mut observed = Vec::new();
        for item in ["Dy_oxide", "Tb_oxide"] {
            for market in ["Europe_delivered", "China_domestic"] {
                observed.extend(ratio(record, ensemble, item, market));
            }
        }
        Self { outside: band(&peak(0)), inside: band(&peak(1)), observed }
    }
}

/// Quotes of an item in a market relative to the last one before the controls, by day.
#[must_use]
pub fn quotes(record: &Record, item: &str, market: &str) -> Vec<(i32, f64)> {
    let Some(controls) = day_of(CONTROLS) else { return Vec::new() };
    let rows = middles(record, item, market);
    let Some(before) = rows.iter().rev().find(|row| row.0 < controls) else { return Vec::new() };
    rows.iter().map(|row| (row.0, row.1 / before.1)).collect()
}

/// Day, middle of the range and date of each quote, by day.
fn middles<'a>(record: &'a Record, item: &str, market: &str) -> Vec<(i32, f64, &'a str)> {
    let mut rows: Vec<(i32, f64, &str)> = record
        .prices
        .iter()
        .filter(|row| row.item == item && row.market == market)
        .filter_map(|row| Some((day_of(&row.date)?, 0.5 * (row.low + row.high), row.date.as_str())))
        .collect();
    rows.sort_by_key(|row| row.0);
    rows
}

/// Highest middle of a range after the controls ÷ last middle before.
fn ratio(record: &Record, ensemble: &Ensemble, item: &str, market: &str) -> Option<ObservedRatio> {
    let controls = day_of(CONTROLS)?;
    let rows = middles(record, item, market);
    let before = rows.iter().rev().find(|row| row.0 < controls)?.1;
    let highest = rows.iter().filter(|row| row.0 >= controls).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let side = usize::from(market == "China_domestic");
    let week = ensemble.week(highest.0);
    let then: Vec<f64> =
        ensemble.members.iter().filter_map(|member| member.prices[side].get(week?).copied()).collect();
    Some(ObservedRatio {
        model: band(&then),
        item: format!("{item}, {market}").replace('_', " "),
        ratio: highest.1 / before,
        date: highest.2.to_owned(),
    })
}

impl Licences {
    /// Compares; `None` when the scenario has no desk.
    #[must_use]
    pub fn of(record: &Record, ensemble: &Ensemble) -> Option<Self> {
        if ensemble.members.iter().any(|member| member.licences.iter().any(Vec::is_empty)) {
            return None;
        }
        let stack = |day: i32| -> Vec<[f64; 4]> {
            let week = ensemble.week(day).unwrap_or(0);
            ensemble.members.iter().map(|m| std::array::from_fn(|state| m.licences[state][week])).collect()
        };
        let mut shares = Vec::new();
        for row in record.licences.iter().filter(|row| row.unit == "pct_of_applications") {
            let Ok(pct) = row.value.parse::<f64>() else { continue };
            let Some(day) = day_of(&row.date) else { continue };
            let model: Vec<f64> = stack(day)
                .into_iter()
                .map(|[pending, approved, _, rejected]| approved / (pending + approved + rejected).max(1.0))
                .collect();
            shares.push(ApprovedShare {
                date: row.date.clone(),
                jurisdiction: row.jurisdiction.clone(),
                observed: pct / 100.0,
                model: band(&model),
                note: row.note.clone(),
            });
        }
        let day = day_of("2025-09-19")?;
        let ratios: Vec<f64> =
            stack(day).into_iter().map(|[pending, _, _, rejected]| pending / rejected.max(1.0)).collect();
        let chamber = record.licences.iter().find(|row| row.date == "2025-09-19" && !row.rejected.is_empty());
        let observed = chamber
            .and_then(|row| Some(row.pending.parse::<f64>().ok()? / row.rejected.parse::<f64>().ok()?));
        Some(Self { shares, pending_to_rejected: band(&ratios), observed_pending_to_rejected: observed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_the_record() {
        let record = Record::embedded().expect("readable");
        let none =
            Ensemble { frame: crate::hindcast::ensemble::Frame::default(), seed: 0, members: Vec::new() };
        let outside = ratio(&record, &none, "Dy_oxide", "Europe_delivered").expect("published");
        assert!((outside.ratio - 850.0 / 280.0).abs() < 1e-12, "{outside:?}");
        let inside = ratio(&record, &none, "Dy_oxide", "China_domestic").expect("published");
        assert!(inside.ratio > 0.9 && inside.ratio < 1.1, "flat in China: {inside:?}");
        assert!(ratio(&record, &none, "Dy_oxide", "Mars").is_none());
    }
}
