//! Axes: from values to places on the page, with ticks a reader would have chosen.

mod dates;

pub(super) use dates::long_date;

/// One labelled mark.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// A range of values laid along a stretch of the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    log: bool,
    from: f64,
    to: f64,
    pub ticks: Vec<Tick>,
    /// Word that goes before the unit when the labels were shortened: "million".
    pub multiple: &'static str,
}

impl Axis {
    /// Round-numbered linear axis holding `low..=high`, with about `wanted` ticks.
    pub fn linear(low: f64, high: f64, from: f64, to: f64, wanted: usize) -> Self {
        let (low, high) = sound(low, high);
        let step = round_step((high - low) / wanted.max(2) as f64);
        let low = (low / step + 1e-9).floor() * step;
        let high = (high / step - 1e-9).ceil() * step;
        Self::marked(low, high, step, from, to)
    }

    /// As [`Axis::linear`], but the ends may lie half-way between ticks: for small panels with few ticks,
    /// where a whole step beyond the data would leave a third of the panel empty.
    pub fn close(low: f64, high: f64, from: f64, to: f64, wanted: usize) -> Self {
        let (low, high) = sound(low, high);
        let step = round_step((high - low) / wanted.max(2) as f64);
        let half = step / 2.0;
        let low = (low / half + 1e-9).floor() * half;
        let high = (high / half - 1e-9).ceil() * half;
        Self::marked(low, high, step, from, to)
    }

    /// Linear axis that keeps the given ends and only puts round ticks inside.
    pub fn exact(low: f64, high: f64, from: f64, to: f64, wanted: usize) -> Self {
        let (low, high) = sound(low, high);
        Self::marked(low, high, round_step((high - low) / wanted.max(2) as f64), from, to)
    }

    /// Linear axis with ticks `step` apart.
    pub fn with_step(low: f64, high: f64, step: f64, from: f64, to: f64) -> Self {
        let (low, high) = sound(low, high);
        Self::marked(low, high, step.max((high - low) / 50.0), from, to)
    }

    fn marked(low: f64, high: f64, step: f64, from: f64, to: f64) -> Self {
        let largest = low.abs().max(high.abs());
        let (factor, multiple) = shortening(largest);
        let first = (low / step - 1e-9).ceil();
        let count = ((high / step + 1e-9).floor() - first).clamp(0.0, 100.0) as usize;
        let ticks = (0..=count)
            .map(|i| {
                let value = (first + i as f64) * step;
                Tick { value, label: stepped(value / factor, step / factor) }
            })
            .collect();
        Self { low, high, log: false, from, to, ticks, multiple }
    }

    /// Logarithmic axis over whole decades (or 1–2–5 marks when few); both ends must be positive.
    pub fn logarithmic(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = sound(low.max(1e-300), high.max(1e-300));
        let low = low.max(high * 1e-9).max(1e-300);
        let (first, last) = (libm::floor(libm::log10(low) + 1e-9), libm::ceil(libm::log10(high) - 1e-9));
        let last = last.max(first + 1.0);
        let (factor, multiple) = shortening(libm::exp10(last));
        let decades = (last - first) as usize;
        let every = decades.div_ceil(6).max(1);
        let mut ticks = Vec::new();
        for (i, decade) in (0..=decades).enumerate() {
            let power = libm::exp10(first + decade as f64);
            let steps: &[f64] = if decades <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            for step in steps {
                let value = power * step;
                if i % every == 0 && value <= libm::exp10(last) * 1.000_001 {
                    ticks.push(Tick { value, label: stepped(value / factor, value / factor) });
                }
            }
        }
        Self { low: libm::exp10(first), high: libm::exp10(last), log: true, from, to, ticks, multiple }
    }

    /// Place of a value on the page; values outside are moved to the nearer end, gaps stay gaps.
    pub fn place(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        let value = value.clamp(self.low, self.high);
        let share = if self.log {
            (libm::log10(value) - libm::log10(self.low)) / (libm::log10(self.high) - libm::log10(self.low))
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// The unit with the multiple before it: "million t".
    pub fn unit(&self, unit: &str) -> String {
        match (self.multiple, unit) {
            ("", unit) => unit.to_string(),
            (multiple, "") => multiple.to_string(),
            // A percentage of a million would be nonsense, and never gets that large.
            (multiple, unit) => format!("{multiple} {unit}"),
        }
    }
}

/// Smallest and largest finite value.
pub(super) fn range<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, &v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((v.min(low), v.max(high))),
    })
}

/// A range with finite ends, the second above the first, and within what arithmetic can bear.
fn sound(low: f64, high: f64) -> (f64, f64) {
    let tame = |v: f64| if v.is_finite() { v.clamp(-1e100, 1e100) } else { 0.0 };
    let (low, high) = (tame(low), tame(high));
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    let gap = high - low;
    if gap > low.abs().max(high.abs()) * 1e-9 && gap > 1e-200 {
        (low, high)
    } else if low == 0.0 || high.abs() < 1e-100 {
        (0.0, 1.0)
    } else {
        (low - low.abs() * 0.5, high + high.abs() * 0.5)
    }
}

/// The next of 1, 2, 5 × 10ⁿ.
fn round_step(step: f64) -> f64 {
    let power = libm::exp10(libm::floor(libm::log10(step)));
    let lead = step / power;
    let lead = if lead <= 1.000_001 {
        1.0
    } else if lead <= 2.000_001 {
        2.0
    } else if lead <= 5.000_001 {
        5.0
    } else {
        10.0
    };
    power * lead
}

fn shortening(largest: f64) -> (f64, &'static str) {
    if largest >= 2e12 {
        (1e12, "trillion")
    } else if largest >= 2e9 {
        (1e9, "billion")
    } else if largest >= 2e6 {
        (1e6, "million")
    } else {
        (1.0, "")
    }
}

/// A number with as many decimals as `step` needs, and thousand separators.
fn stepped(value: f64, step: f64) -> String {
    let digits = -libm::floor(libm::log10(step.abs().max(1e-300)) + 1e-9);
    if value.abs() < step.abs() * 1e-6 {
        return "0".to_string();
    }
    if digits > 4.0 || value.abs() >= 1e15 {
        return scientific(value);
    }
    let text = format!("{value:.*}", digits.max(0.0) as usize);
    tidy(&text)
}

/// A number for a label: three significant digits, thousand separators, a multiple if large.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_string();
    }
    if value == 0.0 {
        return "0".to_string();
    }
    let (factor, multiple) = shortening(value.abs());
    let scaled = value / factor;
    // Digits beyond the third say more than a simulation knows.
    let unit = libm::exp10(libm::floor(libm::log10(scaled.abs())) - 2.0);
    let scaled = if unit >= 1.0 { (scaled / unit).round() * unit } else { scaled };
    let digits = 2.0 - libm::floor(libm::log10(scaled.abs()));
    if digits > 6.0 || scaled.abs() >= 1e15 {
        return scientific(value);
    }
    let mut text = format!("{scaled:.*}", digits.max(0.0) as usize);
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    let text = tidy(&text);
    if multiple.is_empty() { text } else { format!("{text} {multiple}") }
}

/// A whole number with thousand separators.
pub(super) fn whole(value: f64) -> String {
    if value.is_finite() && value.abs() < 1e15 { tidy(&format!("{value:.0}")) } else { number(value) }
}

fn tidy(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("−", rest));
    let (whole, rest) = text.split_once('.').map_or((text, String::new()), |(w, r)| (w, format!(".{r}")));
    let zero = text.chars().all(|c| c == '0' || c == '.');
    format!("{}{}{rest}", if zero { "" } else { sign }, grouped(whole))
}

/// Digits in groups of three.
pub(super) fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.chars().count() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let text = format!("{value:.1e}");
    let (lead, power) = text.split_once('e').unwrap_or((&text, "0"));
    let lead = lead.trim_end_matches('0').trim_end_matches('.').replace('-', "−");
    let power: String = power
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' | '4'..='9' => char::from_u32(0x2070 + (c as u32 - '0' as u32)).unwrap_or(c),
            other => other,
        })
        .collect();
    if lead == "1" { format!("10{power}") } else { format!("{lead}×10{power}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.0), "1,230,000");
        assert_eq!(number(1e8), "100 million");
        assert_eq!(number(0.001), "0.001");
        assert_eq!(number(-0.5), "−0.5");
        assert_eq!(number(f64::NAN), "n/a");
        assert_eq!(number(3e-9), "3×10⁻⁹");
        assert_eq!(whole(43_210.4), "43,210");
    }

    #[test]
    fn linear_ticks_are_round_and_cover_the_data() {
        let axis = Axis::linear(0.0, 9300.0, 0.0, 100.0, 5);
        let labels: Vec<_> = axis.ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels, ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]);
        let axis = Axis::close(0.0, 108.0, 0.0, 100.0, 3);
        let labels: Vec<_> = axis.ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!((labels, axis.high), (vec!["0", "50", "100"], 125.0));
        let axis = Axis::linear(0.0, 1e8, 0.0, 100.0, 5);
        assert_eq!(axis.unit("t"), "million t");
        assert_eq!(axis.ticks.last().unwrap().label, "100");
        let axis = Axis::linear(0.0, 0.0012, 0.0, 100.0, 5);
        assert_eq!(axis.ticks[1].label, "0.0005");
    }

    #[test]
    fn no_range_however_odd_breaks_an_axis() {
        let odd =
            [0.0, -0.0, 1.0, -1.0, 1e-320, 1e308, -1e308, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-9];
        for low in odd {
            for high in odd {
                for axis in [
                    Axis::linear(low, high, 0.0, 100.0, 5),
                    Axis::close(low, high, 0.0, 100.0, 3),
                    Axis::exact(low, high, 0.0, 100.0, 5),
                    Axis::logarithmic(low, high, 0.0, 100.0),
                    Axis::dates(low, high, 0.0, 100.0, 18.0),
                ] {
                    assert!(axis.low < axis.high, "{low} {high} {axis:?}");
                    assert!(axis.ticks.len() < 500);
                    for value in odd.into_iter().filter(|v| !v.is_nan()) {
                        let place = axis.place(value);
                        assert!((-0.01..=100.01).contains(&place), "{low} {high} {value} {place}");
                    }
                }
            }
        }
    }
}
