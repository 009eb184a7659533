//! Dates as whole days since 1970-01-01.

use jiff::civil::{Date, date};

/// First and last year a scenario may speak of.
pub const YEARS: std::ops::RangeInclusive<i16> = 1990..=2199;

/// Days from 1970-01-01 to a date of the calendar; `None` if there is no such date or it is out of range.
#[must_use]
pub fn day_number(year: u16, month: u8, day: u8) -> Option<i32> {
    let year = i16::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(days_of(date))
}

/// Days from 1970-01-01.
#[must_use]
pub fn days_of(day: Date) -> i32 {
    date(1970, 1, 1).until(day).map_or(0, |span| span.get_days())
}

/// The date so many days after 1970-01-01, as `2025-04-04`.
#[must_use]
pub fn date_text(days: i32) -> String {
    date_of(days).map_or_else(|| format!("day {days}"), |date| date.to_string())
}

/// The date so many days after 1970-01-01; `None` beyond the calendar.
#[must_use]
pub fn date_of(days: i32) -> Option<Date> {
    let span = jiff::Span::new().try_days(i64::from(days)).ok()?;
    date(1970, 1, 1).checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day_number(2025, 4, 4), Some(20_182));
        assert_eq!(day_number(2024, 2, 29).map(date_text).as_deref(), Some("2024-02-29"));
        assert_eq!(day_number(2025, 2, 29), None);
        assert_eq!(day_number(1969, 1, 1), None);
        assert_eq!(date_text(0), "1970-01-01");
    }
}
