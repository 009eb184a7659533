//! How good a forecast is: errors, probability scores, bands.

use serde::Serialize;

/// Mean absolute error relative to what was observed; NaN without observations.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mape(forecast: &[f64], observed: &[f64]) -> f64 {
    let sum: f64 = forecast.iter().zip(observed).map(|(f, o)| ((f - o) / o).abs()).sum();
    sum / observed.len().min(forecast.len()) as f64
}

/// Continuous ranked probability score of an ensemble, in the unit of the values: mean |x − y| less half the mean
/// |x − x′|. For a single value the absolute error. Lower is better; NaN for an empty ensemble.
///
/// Gneiting and Raftery 2007, doi 10.1198/016214506000001437.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn crps(ensemble: &[f64], observed: f64) -> f64 {
    let mut sorted = ensemble.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let error = sorted.iter().map(|x| (x - observed).abs()).sum::<f64>() / n;
    // Σ over pairs of |x − x′| from ranks: each value is above i others and below n − 1 − i.
    let spread: f64 = sorted.iter().enumerate().map(|(i, x)| x * (2.0 * i as f64 - n + 1.0)).sum();
    error - spread / (n * n)
}

/// Quantile `p` of values in any order, between neighbours in proportion; NaN without values.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = p.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// Bands that are scored, in per cent.
pub const BANDS: [u8; 3] = [50, 80, 95];

/// An ensemble and what was observed, for one month.
#[derive(Clone, PartialEq, Debug)]
pub struct Pair {
    /// One value per member.
    pub ensemble: Vec<f64>,
    /// What happened.
    pub observed: f64,
}

impl Pair {
    /// Whether the central band of so many per cent holds the observation.
    #[must_use]
    pub fn within(&self, band: u8) -> bool {
        let tail = 0.5 * (1.0 - f64::from(band) / 100.0);
        (quantile(&self.ensemble, tail)..=quantile(&self.ensemble, 1.0 - tail)).contains(&self.observed)
    }
}

/// The score of a forecast over some months.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Score {
    /// Months compared.
    pub months: usize,
    /// Mean absolute error of the median, relative.
    pub mape: f64,
    /// Mean continuous ranked probability score, tonnes.
    pub crps: f64,
    /// Months inside the central bands of 50, 80 and 95 %; `None` for a forecast without bands.
    pub inside: Option<[usize; 3]>,
}

impl Score {
    /// Of an ensemble forecast.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn of(pairs: &[Pair]) -> Self {
        let medians: Vec<f64> = pairs.iter().map(|pair| quantile(&pair.ensemble, 0.5)).collect();
        let observed: Vec<f64> = pairs.iter().map(|pair| pair.observed).collect();
        let crps =
            pairs.iter().map(|pair| crps(&pair.ensemble, pair.observed)).sum::<f64>() / pairs.len() as f64;
        let inside = BANDS.map(|band| pairs.iter().filter(|pair| pair.within(band)).count());
        Self { months: pairs.len(), mape: mape(&medians, &observed), crps, inside: Some(inside) }
    }

    /// Of single values.
    #[must_use]
    pub fn of_values(forecast: &[f64], observed: &[f64]) -> Self {
        let pairs: Vec<Pair> =
            forecast.iter().zip(observed).map(|(f, o)| Pair { ensemble: vec![*f], observed: *o }).collect();
        Self { inside: None, ..Self::of(&pairs) }
    }

    /// Skill against another forecast: 1 − ratio of probability scores; 1 is perfect, 0 no better.
    #[must_use]
    pub fn skill(&self, against: &Self) -> f64 {
        1.0 - self.crps / against.crps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_made_scores() {
        assert!((mape(&[110.0, 90.0], &[100.0, 120.0]) - 0.175).abs() < 1e-12);
        assert_eq!(crps(&[3.0], 5.0), 2.0, "one value: the absolute error");
        // Mean |x − y| is 1; mean |x − x′| over all four pairs is 1.
        assert_eq!(crps(&[4.0, 2.0], 3.0), 0.5);
        assert_eq!((quantile(&[3.0, 1.0, 2.0], 0.5), quantile(&[1.0, 2.0], 0.25)), (2.0, 1.25));
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn crps_of_a_normal_ensemble_is_the_closed_form() {
        // Normal forecast with mean 0, deviation 1, observation z: z(2Φ(z) − 1) + 2φ(z) − 1/√π.
        let ensemble: Vec<f64> = (0..4000)
            .map(|i| crate::random::special::normal_quantile((f64::from(i) + 0.5) / 4000.0))
            .collect();
        for z in [0.0_f64, 0.7, -2.0] {
            let phi = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
            let cdf = crate::random::special::normal_cdf(z);
            let exact = z * (2.0 * cdf - 1.0) + 2.0 * phi - 1.0 / std::f64::consts::PI.sqrt();
            assert!((crps(&ensemble, z) - exact).abs() < 2e-3, "{z}");
        }
    }

    #[test]
    fn bands_and_skill() {
        let ensemble: Vec<f64> = (0..=100).map(f64::from).collect();
        let pair = |observed| Pair { ensemble: ensemble.clone(), observed };
        let score = Score::of(&[pair(50.0), pair(20.0), pair(5.0), pair(1.0)]);
        assert_eq!(score.inside, Some([1, 2, 3]));
        let perfect = Score::of_values(&[5.0], &[5.0]);
        let poor = Score::of_values(&[8.0], &[5.0]);
        assert_eq!((perfect.skill(&poor), poor.skill(&poor)), (1.0, 0.0));
    }
}
