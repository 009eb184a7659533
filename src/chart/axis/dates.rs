//! Axes of dates, and dates for people.

use super::{Axis, Tick, sound};
use crate::chart::drawing::text_width;

impl Axis {
    /// Date axis over days since 1970-01-01: months where they fit, days on short ranges, years on long ones.
    pub fn dates(low: f64, high: f64, from: f64, to: f64, size: f64) -> Self {
        let (low, high) = (low.clamp(-2.2e9, 2.2e9), high.clamp(-2.2e9, 2.2e9));
        // A single day stands in the middle of some weeks.
        let (low, high) = if high - low < 1.0 { (low - 20.0, high + 20.0) } else { (low, high) };
        let (low, high) = sound(low, high);
        let room = (to - from).abs() / (text_width("Nov 2025", size, false) * 1.2);
        let mut ticks = Vec::new();
        let days = high - low;
        if days < 50.0 {
            let step = [1.0, 2.0, 5.0, 7.0, 10.0, 14.0, 28.0]
                .into_iter()
                .find(|s| days / s + 1.0 <= room.max(2.0))
                .unwrap_or(28.0);
            let mut day = low.ceil();
            while day <= high && ticks.len() < 60 {
                ticks.push(Tick { value: day, label: short_date(day as i32) });
                day += step;
            }
        } else {
            let months = days / 30.44;
            let step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 12_000]
                .into_iter()
                .find(|s| (months / *s as f64).floor() + 1.0 <= room.max(2.0))
                .unwrap_or_else(|| (1 + (months / 12_000.0 / room.max(2.0)) as i64) * 12_000);
            let full =
                |year: i64, month| if step % 12 == 0 { year.to_string() } else { month_label(year, month) };
            ticks = firsts(low, high, step, full);
            // In a narrow picture one date says little: then more of them, shorter.
            let apart = text_width(&short_month(2025, 11), size, false) * 1.2 / (to - from).abs() * months;
            let closer = [1, 2, 3, 4, 6].into_iter().find(|s| *s as f64 >= apart);
            if let Some(step) = closer.filter(|_| ticks.len() < 2) {
                let short = firsts(low, high, step, short_month);
                if short.len() > ticks.len() {
                    ticks = short;
                }
            }
        }
        Self { low, high, log: false, from, to, ticks, multiple: "" }
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Ticks on the first days of every so many months.
fn firsts(low: f64, high: f64, step: i64, label: impl Fn(i64, u32) -> String) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let (year, month, _) = civil(low as i32);
    let mut index = (year * 12 + i64::from(month) - 1).div_euclid(step) * step;
    for _ in 0..400 {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
        let day = days_from_civil(year, month, 1);
        if day > high {
            break;
        }
        if day >= low {
            ticks.push(Tick { value: day, label: label(year, month) });
        }
        index += step;
    }
    ticks
}

/// As in `Jul ’25`.
fn short_month(year: i64, month: u32) -> String {
    format!("{} ’{:02}", MONTHS[(month as usize + 11) % 12], year.rem_euclid(100))
}

fn month_label(year: i64, month: u32) -> String {
    format!("{} {year}", MONTHS[(month as usize + 11) % 12])
}

/// "4 Apr".
fn short_date(day: i32) -> String {
    let (_, month, day) = civil(day);
    format!("{day} {}", MONTHS[(month as usize + 11) % 12])
}

/// "4 Apr 2025".
pub(in crate::chart) fn long_date(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{day} {}", month_label(year, month))
}

/// Year, month and day of the proleptic Gregorian calendar from days since 1970-01-01
/// (years are counted from March, so that the leap day comes last).
fn civil(day: i32) -> (i64, u32, u32) {
    let shifted = i64::from(day) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * from_march + 2) / 5 + 1) as u32;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day)
}

fn days_from_civil(year: i64, month: u32, day: u32) -> f64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_agrees_with_jiff() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for day in (-800_000..800_000).step_by(997) {
            let there = epoch.checked_add(jiff::Span::new().days(i64::from(day))).unwrap();
            let (year, month, of_month) = civil(day);
            assert_eq!(
                (year, month, of_month),
                (i64::from(there.year()), there.month() as u32, there.day() as u32)
            );
            assert!((days_from_civil(year, month, of_month) - f64::from(day)).abs() < 0.5);
        }
    }

    #[test]
    fn dates_read_well() {
        assert_eq!(short_date(20_182), "4 Apr");
        assert_eq!(long_date(20_182), "4 Apr 2025");
    }

    /// One date would not say how long the picture is; labels never touch.
    #[test]
    fn a_narrow_axis_of_a_year_and_a_half_has_more_than_one_date() {
        let labels = |to: f64| -> Vec<String> {
            let axis = Axis::dates(20_092.0, 20_630.0, 0.0, to, 15.0);
            let places: Vec<f64> = axis.ticks.iter().map(|tick| axis.place(tick.value)).collect();
            let widest =
                axis.ticks.iter().map(|tick| text_width(&tick.label, 15.0, false)).fold(0.0, f64::max);
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= widest), "{to}: {:?}", axis.ticks);
            axis.ticks.into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(245.0), ["Jul ’25", "Jan ’26"]);
        assert_eq!(labels(440.0), ["Jul 2025", "Jan 2026"]);
        assert_eq!(labels(150.0), ["2026"], "no room for more");
        let month = Axis::dates(20_105.0, 20_135.0 + 22.0, 0.0, 245.0, 15.0);
        let labels: Vec<&str> = month.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["Feb 2025", "Mar 2025"]);
        let one = Axis::dates(20_094.0, 20_146.0, 0.0, 90.0, 15.0);
        let labels: Vec<&str> = one.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["Feb 2025"], "nothing is won by a shorter one");
    }
}
