//! What happened in 2025, as published: typed rows of the files in `scenarios/hindcast`.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::export::json::day_of;

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month(i32);

impl Month {
    /// A month of a year, 1 to 12.
    #[must_use]
    pub const fn new(year: i32, month: i32) -> Self {
        Self(year * 12 + month - 1)
    }

    /// The month of `2025-04` or `2025-04-30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year: i32 = parts.next()?.parse().ok()?;
        let month: i32 = parts.next()?.parse().ok()?;
        ((1..=12).contains(&month) && (0..=9999).contains(&year)).then(|| Self::new(year, month))
    }

    /// The month so many months later.
    #[must_use]
    pub const fn plus(self, months: i32) -> Self {
        Self(self.0 + months)
    }

    /// All months from `self` to `last`, both included.
    pub fn to(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }

    /// Its first day, days since 1970-01-01.
    #[must_use]
    pub fn first_day(self) -> i32 {
        day_of(&self.to_string()).unwrap_or(0)
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> f64 {
        f64::from(self.plus(1).first_day() - self.first_day())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no month such as 2025-04")))
    }
}

/// China's exports of rare-earth permanent magnets (HS 8505 11 10) to one destination in one month.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Magnets {
    /// Month of the customs record (the later one when `period_months` is 2).
    pub month: Month,
    /// Months that the figure covers, 1 or 2.
    pub period_months: u8,
    /// ISO 3166 code, `WORLD`, `EU`, or `R_…` for a continent.
    pub destination: String,
    /// Tonnes; not always published.
    pub tonnes: Option<f64>,
    /// Change on the same month of the year before, per cent.
    pub yoy_pct: Option<f64>,
    /// 1 for the one row to use of several of one month and destination.
    pub preferred: u8,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// `reported` or `derived`.
    pub kind: String,
    /// Where it was read.
    pub source_url: String,
}

/// A year-to-date or other total.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Total {
    /// First month.
    pub period_start: Month,
    /// Last month.
    pub period_end: Month,
    /// `magnets` or `all_rare_earths`.
    pub product: String,
    /// As in [`Magnets`].
    pub destination: String,
    /// Tonnes; not always published.
    pub tonnes: Option<f64>,
    /// Change on the same period of the year before, per cent.
    pub yoy_pct: Option<f64>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// Where it was read.
    pub source_url: String,
}

/// China's exports of all rare earths but magnets.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct RareEarths {
    /// Month of the customs record (the later one when `period_months` is 2).
    pub month: Month,
    /// Months that the figure covers, 1 or 2.
    pub period_months: u8,
    /// Tonnes.
    pub tonnes: f64,
    /// 1 for the one row to use.
    pub preferred: u8,
}

/// Exports of dysprosium or terbium.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Heavy {
    /// Month.
    pub month: Month,
    /// `Dy` or `Tb`.
    pub element: String,
    /// Kilograms.
    pub kg: f64,
}

/// A halt, a cut, a forecast, or a report that nothing happened.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Halt {
    /// First day or month, as precisely as reported.
    pub start: String,
    /// Last day or month; may be empty.
    pub end: String,
    /// Firm.
    pub firm: String,
    /// Plant; may be empty.
    pub plant: String,
    /// ISO 3166 code or `EU`.
    pub country: String,
    /// `halt`, `cut`, `slowdown`, `forecast` or `no_halt`.
    pub kind: String,
    /// Days, where reported.
    pub duration_days: Option<f64>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// Where it was read.
    pub source_url: String,
}

/// A dated observation of the licence desk.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Observation {
    /// Day.
    pub date: String,
    /// Who applied (`EU`, `USA`), or `CHN` for the desk itself.
    pub jurisdiction: String,
    /// What was observed.
    pub metric: String,
    /// The value as published, often a text.
    pub value: String,
    /// Unit of `value`.
    pub unit: String,
    /// Applications, often a text.
    pub applications: String,
    /// Approved.
    pub approved: String,
    /// Pending.
    pub pending: String,
    /// Rejected.
    pub rejected: String,
    /// Where it was read.
    pub source_url: String,
    /// What to know about it.
    pub note: String,
}

/// A price, or a ratio of prices.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Price {
    /// Day.
    pub date: String,
    /// For example `Dy_oxide`.
    pub item: String,
    /// Low end of the range.
    pub low: f64,
    /// High end.
    pub high: f64,
    /// Unit.
    pub unit: String,
    /// Market, for example `China_domestic` or `Europe_delivered`.
    pub market: String,
    /// Where it was read.
    pub source_url: String,
}

/// A dated event of policy.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct PolicyEvent {
    /// Day.
    pub date: String,
    /// Who acted.
    pub actor: String,
    /// What happened.
    pub event: String,
    /// `tighten`, `ease`, `signal`, `trigger` or `other`.
    pub effect: String,
}

/// All goods that China exported to the United States.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct AllGoods {
    /// Month.
    pub month: Month,
    /// Change on the year before, per cent.
    pub yoy_pct: Option<f64>,
}

/// Everything published.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Magnets by month and destination.
    pub magnets: Vec<Magnets>,
    /// Totals, to check the months with.
    pub totals: Vec<Total>,
    /// All other rare earths.
    pub rare_earths: Vec<RareEarths>,
    /// Dysprosium and terbium.
    pub heavy: Vec<Heavy>,
    /// Halts, cuts, and firms that reported none.
    pub halts: Vec<Halt>,
    /// The licence desk.
    pub licences: Vec<Observation>,
    /// Prices.
    pub prices: Vec<Price>,
    /// Policy.
    pub timeline: Vec<PolicyEvent>,
    /// All goods to the United States.
    pub all_goods: Vec<AllGoods>,
}

/// The rows of one file.
///
/// # Errors
/// [`Error::Result`] with the file and line that cannot be read.
pub(crate) fn rows<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, Error> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Result<Vec<T>, _> = reader.deserialize().collect();
    rows.map_err(|problem| Error::Result { path: file.to_owned(), problem: problem.to_string() })
}

macro_rules! embedded {
    ($file:literal) => {
        rows(
            concat!("<embedded>/hindcast/", $file),
            include_str!(concat!("../../scenarios/hindcast/", $file)),
        )?
    };
}

impl Record {
    /// The record inside the program.
    ///
    /// # Errors
    /// When a file is damaged; a test reads them all.
    pub fn embedded() -> Result<Self, Error> {
        Ok(Self {
            magnets: embedded!("magnet_exports_monthly.csv"),
            totals: embedded!("exports_cumulative.csv"),
            rare_earths: embedded!("ree_exports_monthly.csv"),
            heavy: embedded!("dy_tb_exports_monthly.csv"),
            halts: embedded!("halts.csv"),
            licences: embedded!("licences.csv"),
            prices: embedded!("prices.csv"),
            timeline: embedded!("timeline.csv"),
            all_goods: embedded!("china_us_total_exports.csv"),
        })
    }

    /// Tonnes of magnets exported to a destination in a month; `None` where not published.
    #[must_use]
    pub fn exported(&self, destination: &str, month: Month) -> Option<f64> {
        self.row(destination, month)?.tonnes
    }

    /// The preferred row of a month and destination.
    #[must_use]
    pub fn row(&self, destination: &str, month: Month) -> Option<&Magnets> {
        self.magnets.iter().find(|row| {
            row.preferred == 1
                && row.period_months == 1
                && row.month == month
                && row.destination == destination
        })
    }

    /// Tonnes of magnets over a period, from the totals (the first row where several disagree).
    #[must_use]
    pub fn total(&self, destination: &str, first: Month, last: Month) -> Option<f64> {
        self.totals
            .iter()
            .find(|row| {
                row.product == "magnets"
                    && row.destination == destination
                    && row.period_start == first
                    && row.period_end == last
            })
            .and_then(|row| row.tonnes)
    }

    /// Destinations with magnets in at least one of the months, in alphabetical order; no continents.
    #[must_use]
    pub fn destinations(&self, first: Month, last: Month) -> Vec<String> {
        let names: std::collections::BTreeSet<&str> = self
            .magnets
            .iter()
            .filter(|row| {
                (first..=last).contains(&row.month)
                    && row.tonnes.is_some()
                    && !row.destination.starts_with("R_")
            })
            .map(|row| row.destination.as_str())
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::embedded().expect("readable")
    }

    #[test]
    fn months() {
        let may = Month::parse("2025-05-26").expect("a month");
        assert_eq!((may, may.to_string(), may.days()), (Month::new(2025, 5), "2025-05".to_owned(), 31.0));
        assert_eq!(Month::new(2024, 12).plus(2), Month::new(2025, 2));
        assert_eq!(Month::new(2024, 2).days(), 29.0);
        assert_eq!(Month::new(2025, 4).to(Month::new(2025, 7)).count(), 4);
        assert!(Month::parse("2025-13").is_none() && Month::parse("2025").is_none());
    }

    #[test]
    fn months_add_up_to_the_published_totals() {
        let record = record();
        for total in record
            .totals
            .iter()
            .filter(|t| t.product == "magnets" && t.destination == WORLD && t.period_start == JANUARY)
        {
            let Some(tonnes) = total.tonnes else { continue };
            let sum: f64 =
                JANUARY.to(total.period_end).filter_map(|month| record.exported(WORLD, month)).sum();
            assert!(
                (sum - tonnes).abs() <= 2.0,
                "to {}: {sum} t by month, {tonnes} t in total",
                total.period_end
            );
        }
        let checked = record.totals.iter().filter(|t| {
            t.product == "magnets"
                && t.destination == WORLD
                && t.period_start == JANUARY
                && t.tonnes.is_some()
        });
        assert!(checked.count() >= 6);
        let months =
            JANUARY.to(Month::new(2025, 11)).filter(|month| record.exported(WORLD, *month).is_some());
        assert_eq!(months.count(), 11);
    }

    #[test]
    fn all_rare_earths_add_up_to_the_published_totals() {
        let record = record();
        let mut checked = 0;
        for total in record.totals.iter().filter(|t| t.product == "all_rare_earths") {
            let Some(tonnes) = total.tonnes else { continue };
            let inside = |row: &&RareEarths| {
                row.preferred == 1 && (total.period_start..=total.period_end).contains(&row.month)
            };
            let sum: f64 = record.rare_earths.iter().filter(inside).map(|row| row.tonnes).sum();
            assert!(
                (sum - tonnes).abs() <= 1.0,
                "to {}: {sum} t by month, {tonnes} t in total",
                total.period_end
            );
            checked += 1;
        }
        assert!(checked >= 10);
    }

    #[test]
    fn one_row_is_preferred_and_every_row_has_a_source() {
        let record = record();
        for row in &record.magnets {
            let same = |other: &&Magnets| other.month == row.month && other.destination == row.destination;
            let preferred = record.magnets.iter().filter(same).filter(|other| other.preferred == 1).count();
            // A growth rate alone is no figure to prefer.
            let figures = record.magnets.iter().filter(same).filter(|other| other.tonnes.is_some()).count();
            assert_eq!(preferred, figures.min(1), "{row:?}");
            assert!(!row.source_url.is_empty());
        }
        assert!(record.halts.iter().all(|row| row.source_url.starts_with("http")));
        assert!(record.licences.iter().all(|row| day_of(&row.date).is_some()));
        assert!(record.prices.iter().all(|row| row.low <= row.high && day_of(&row.date).is_some()));
        assert!(!record.heavy.is_empty() && !record.timeline.is_empty() && !record.all_goods.is_empty());
    }

    use crate::hindcast::WORLD;
    const JANUARY: Month = Month::new(2025, 1);
}
