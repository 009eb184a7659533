//! Numbers, dates and places as people read them.

use coercivity::id::Place;
use coercivity::network::line::Stage;

/// A day as `27 May 2025`.
pub fn date(day: f64) -> String {
    use jiff::ToSpan as _;
    #[allow(clippy::cast_possible_truncation)]
    let whole = day.round() as i64;
    let date = jiff::civil::date(1970, 1, 1).checked_add(whole.days());
    date.map_or_else(|_| format!("day {whole}"), |date| date.strftime("%-d %b %Y").to_string())
}

/// A month as `May 2025`.
pub fn month(day: i32) -> String {
    let full = date(f64::from(day));
    full.split_once(' ').map_or(full.clone(), |(_, rest)| rest.to_owned())
}

/// A number with three significant digits at most and groups of thousands.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size < 1e-9 {
        return "0".to_owned();
    }
    #[allow(clippy::cast_possible_truncation)]
    let magnitude = libm::log10(size).floor() as i32;
    if magnitude >= 2 {
        let step = 10_f64.powi(magnitude - 2);
        return grouped((value / step).round() * step);
    }
    let decimals = usize::try_from((2 - magnitude).min(6)).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A whole number with groups of thousands.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// A large number in words: `2.41 million`.
pub fn large(value: f64) -> String {
    let size = value.abs();
    if size >= 999_500.0 { format!("{} million", number(value / 1e6)) } else { number(value) }
}

/// A share as a percentage; never "0 %" or "100 %" of what is merely rare or frequent.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    let points = share * 100.0;
    match points.abs() {
        zero if zero < 1e-9 => "0 %".to_owned(),
        small if small < 0.1 => "< 0.1 %".to_owned(),
        below if below < 9.95 => format!("{points:.1} %"),
        almost if (99.5..100.0).contains(&almost) => "> 99 %".to_owned(),
        _ => format!("{points:.0} %"),
    }
}

/// `1 shock`, `2 shocks`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `low – high`.
pub fn between(low: &str, high: &str) -> String {
    if low == high { low.to_owned() } else { format!("{low} – {high}") }
}

/// A region or country of the shipped network; the code itself for others.
pub fn place(place: Place) -> String {
    let known = match place.as_str() {
        "CHN" => "China",
        "NAM" => "North America",
        "EUR" => "Europe",
        "JPN" => "Japan",
        "KOR" => "South Korea",
        "IND" => "India",
        "ASN" => "South-East Asia",
        "ROW" | "XRW" => "Rest of the world",
        "XEU" => "Europe, several countries",
        "AFR" => "Africa",
        "AUS" => "Australia",
        "USA" => "United States",
        "DEU" => "Germany",
        "DNK" => "Denmark",
        "SVK" => "Slovakia",
        "SVN" => "Slovenia",
        "GBR" => "United Kingdom",
        "FRA" => "France",
        "VNM" => "Vietnam",
        "THA" => "Thailand",
        "MYS" => "Malaysia",
        "MMR" => "Myanmar",
        "LAO" => "Laos",
        "RUS" => "Russia",
        "BRA" => "Brazil",
        "MEX" => "Mexico",
        "CAN" => "Canada",
        "EST" => "Estonia",
        other => other,
    };
    known.to_owned()
}

/// Name of a stage.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Mine => "Mines",
        Stage::Separation => "Separation",
        Stage::Metal => "Metal and alloy",
        Stage::Magnet => "Magnets",
        Stage::Component => "Parts",
        Stage::Automaker => "Automakers",
        Stage::OtherDemand => "Other users",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(2_412_345.0), "2,410,000");
        assert_eq!(number(-1234.0), "-1,230");
        assert_eq!(
            (number(0.0), number(0.5), number(99.96), number(3.0)),
            ("0".into(), "0.5".into(), "100".into(), "3".into())
        );
        assert_eq!(number(f64::NAN), "–");
        assert_eq!((large(2_412_345.0), large(12_345.0)), ("2.41 million".into(), "12,300".into()));
        assert_eq!(
            (percent(0.0), percent(0.0003), percent(0.031), percent(0.42)),
            ("0 %".into(), "< 0.1 %".into(), "3.1 %".into(), "42 %".into())
        );
        assert_eq!((percent(0.997), percent(1.0)), ("> 99 %".into(), "100 %".into()));
        assert_eq!((grouped(-0.3), grouped(1e6)), ("0".into(), "1,000,000".into()));
        assert_eq!((date(20_182.0), month(20_182)), ("4 Apr 2025".into(), "Apr 2025".into()));
    }
}
