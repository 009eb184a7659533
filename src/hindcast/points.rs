//! Points of a calibration, and the file they are kept in.

use std::fmt::Write as _;

use serde::Serialize;

use super::fit::{FITTED, MONTHS};
use super::space::dimensions;
use crate::error::Error;

/// A point and what the model gives there.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Point {
    /// 1 and 2 are the waves, 3 the finalists, 4 the candidates for stocks and sourcing.
    pub wave: u8,
    /// Number in the wave, from 0.
    pub number: u32,
    /// One value per dimension.
    pub values: Vec<f64>,
    /// Mean exports of April to July, share of calm.
    pub mean: [f64; MONTHS],
    /// Standard deviation over replications.
    pub deviation: [f64; MONTHS],
    /// Logarithm of the likelihood of the exports, up to a constant that all points share.
    pub likelihood: f64,
    /// Mean number of automakers that have stopped by the end of July.
    pub stopped: f64,
    /// Logarithm of the likelihood of the number of reported stops.
    pub halts: f64,
}

/// Points as CSV: wave, number, the values, mean and deviation of each month, likelihood.
#[must_use]
pub fn to_csv(points: &[Point]) -> String {
    let mut text = "wave,point".to_owned();
    for dimension in dimensions() {
        let _ = write!(text, ",{}", dimension.key());
    }
    for kind in ["mean", "sd"] {
        for month in FITTED[0].to(FITTED[1]) {
            let _ = write!(text, ",{kind}:{month}");
        }
    }
    text.push_str(",likelihood,stopped,halts\n");
    for point in points {
        let _ = write!(text, "{},{}", point.wave, point.number);
        let last = [&point.likelihood, &point.stopped, &point.halts];
        for number in point.values.iter().chain(&point.mean).chain(&point.deviation).chain(last) {
            // The shortest text that reads back as the same number.
            let _ = write!(text, ",{number}");
        }
        text.push('\n');
    }
    text
}

/// Reads what [`to_csv`] wrote.
///
/// # Errors
/// [`Error::Result`] when it is something else.
pub fn parse_csv(path: &str, text: &str) -> Result<Vec<Point>, Error> {
    let failed = |problem: String| Error::Result { path: path.to_owned(), problem };
    let own = to_csv(&[]);
    let mut lines = text.lines();
    if lines.next() != own.lines().next() {
        return Err(failed("these are not the points of a calibration with the same dimensions".to_owned()));
    }
    let width = dimensions().len();
    let mut points = Vec::new();
    for (line, row) in lines.enumerate() {
        let numbers: Option<Vec<f64>> = row.split(',').map(|cell| cell.parse().ok()).collect();
        let numbers =
            numbers.filter(|n| n.len() == 5 + width + 2 * MONTHS && n.iter().all(|x| x.is_finite()));
        let numbers = numbers.ok_or_else(|| failed(format!("line {} is damaged", line + 2)))?;
        let tail = &numbers[2 + width..];
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        points.push(Point {
            wave: numbers[0] as u8,
            number: numbers[1] as u32,
            values: numbers[2..2 + width].to_vec(),
            mean: std::array::from_fn(|m| tail[m]),
            deviation: std::array::from_fn(|m| tail[MONTHS + m]),
            likelihood: tail[2 * MONTHS],
            stopped: tail[2 * MONTHS + 1],
            halts: tail[2 * MONTHS + 2],
        });
    }
    Ok(points)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn point(number: u32, mean: [f64; MONTHS]) -> Point {
        let values = dimensions().iter().map(|d| d.at(f64::from(number) / 10.0)).collect();
        Point {
            wave: 1,
            number,
            values,
            mean,
            deviation: [0.04; MONTHS],
            likelihood: -0.5 * f64::from(number),
            stopped: 3.0,
            halts: -1.0,
        }
    }

    #[test]
    fn points_survive_storage() {
        let points = vec![point(0, [0.1, 1.0 / 3.0, 0.5, 0.9]), point(7, [0.2; MONTHS])];
        let text = to_csv(&points);
        assert_eq!(parse_csv("x", &text).expect("readable"), points);
        assert!(parse_csv("x", &text.replace("0.9", "NaN")).is_err());
        assert!(parse_csv("x", "a,b\n1,2\n").is_err());
        assert!(parse_csv("x", "").is_err());
    }
}
