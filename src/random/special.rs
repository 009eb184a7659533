//! The few special functions that draws and confidence intervals need, on `libm` only.
//!
//! `libm` computes in software, so the bits are the same on every machine; loops have fixed caps, so
//! no argument makes them run on.

/// Evaluates a polynomial, constant term first.
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Cumulative distribution of the standard normal.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Inverse of the standard normal distribution for `u` in (0, 1); ±∞ at the ends.
///
/// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied
/// Statistics 37 (1988) 477–484; relative error about 10⁻¹⁶.
#[must_use]
#[allow(clippy::excessive_precision, clippy::unreadable_literal)] // the published constants
pub fn normal_quantile(u: f64) -> f64 {
    const A: [f64; 8] = [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ];
    const B: [f64; 8] = [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ];
    const C: [f64; 8] = [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ];
    const E: [f64; 8] = [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ];
    if u <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if u >= 1.0 {
        return f64::INFINITY;
    }
    let centred = u - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180625 - centred * centred;
        return centred * polynomial(r, &A) / polynomial(r, &B);
    }
    let tail = if centred < 0.0 { u } else { 1.0 - u };
    let r = (-libm::log(tail)).sqrt();
    let z = if r <= 5.0 {
        polynomial(r - 1.6, &C) / polynomial(r - 1.6, &D)
    } else {
        polynomial(r - 5.0, &E) / polynomial(r - 5.0, &F)
    };
    if centred < 0.0 { -z } else { z }
}

/// Logarithm of the beta function.
fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// Cumulative distribution of Beta(a, b) at x: the regularised incomplete beta function.
///
/// Shapes must be positive; up to 10⁶ the continued fraction (Abramowitz & Stegun 26.5.8, evaluated by
/// the modified Lentz method) converges well within its cap.
#[must_use]
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    beta_cdf_scaled(a, b, x, log_beta(a, b))
}

/// As [`beta_cdf`], for callers that know the logarithm of the beta function of the shapes.
fn beta_cdf_scaled(a: f64, b: f64, x: f64, norm: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean; above it, use the mirror image.
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - norm);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

#[allow(clippy::many_single_char_names)] // the symbols of the literature
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..20_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let step = d * c;
        result *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// Inverse of the Beta(a, b) distribution for `u` in [0, 1]; shapes positive.
#[must_use]
pub fn beta_quantile(a: f64, b: f64, u: f64) -> f64 {
    if u <= 0.0 {
        return 0.0;
    }
    if u >= 1.0 {
        return 1.0;
    }
    // Solve in the tail that is small, where nothing cancels.
    if u <= 0.5 { beta_lower(a, b, u) } else { 1.0 - beta_lower(b, a, 1.0 - u) }
}

/// Solves `beta_cdf(a, b, x) = u` for `u` at most ½: Newton's steps on log(cdf) as a function of
/// log x (nearly a straight line in the lower tail), kept inside a bracket that shrinks every time.
fn beta_lower(a: f64, b: f64, u: f64) -> f64 {
    let log_u = libm::log(u);
    let norm = log_beta(a, b);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // First term of the series in x, an upper tail bound for b ≥ 1, capped near the mean.
    let mut x = libm::exp((log_u + libm::log(a) + norm) / a).min(a / (a + b));
    if x < 1e-290 {
        return x; // the series' other terms vanish, and so would x itself below
    }
    for _ in 0..200 {
        let cdf = beta_cdf_scaled(a, b, x, norm);
        if cdf > u {
            high = x;
        } else {
            low = x;
        }
        let density = libm::exp((a - 1.0) * libm::log(x) + (b - 1.0) * libm::log1p(-x) - norm);
        let slope = density * x / cdf;
        let mut next = x * libm::exp((log_u - libm::log(cdf)) / slope);
        let inside = next > low && next < high;
        if !inside {
            next = 0.5 * (low + high);
        }
        let change = (next - x).abs();
        x = next;
        // Newton squares its error: after a step of 10⁻⁹ the next would be rounding.
        if change <= if inside { 1e-9 } else { 2.0 * f64::EPSILON } * x || x <= 0.0 {
            break;
        }
    }
    x
}

/// Inverse of Student's t distribution with `degrees` > 0 degrees of freedom.
#[must_use]
pub fn student_t_quantile(degrees: f64, u: f64) -> f64 {
    if u <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if u >= 1.0 {
        return f64::INFINITY;
    }
    if degrees > 1e6 {
        return normal_quantile(u); // the difference is below 3·10⁻⁶ at 97.5 %
    }
    // x = ν/(ν+t²) has Beta(ν/2, ½); y = 1 − x is solved for directly so that small t stay exact.
    let tail = if u < 0.5 { u } else { 1.0 - u };
    let y = beta_quantile(0.5, 0.5 * degrees, 1.0 - 2.0 * tail);
    let x = if y < 0.5 { 1.0 - y } else { beta_quantile(0.5 * degrees, 0.5, 2.0 * tail) };
    let y = if y < 0.5 { y } else { 1.0 - x };
    let t = (degrees * y / x).sqrt();
    if u < 0.5 { -t } else { t }
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use super::*;

    #[test]
    fn normal_quantile_inverts_the_distribution() {
        for i in 1..4_000 {
            let z = -8.0 + f64::from(i) * 0.002; // lower half: nothing cancels in erfc
            let back = normal_quantile(normal_cdf(z));
            assert!((back - z).abs() < 2e-14 * z.abs().max(1.0), "{z}: {back}");
            assert!((normal_quantile(1.0 - normal_cdf(z)) + z).abs() < 1e-9 || z < -5.0);
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
        assert!((normal_quantile(1e-16) + 8.222_082_216_130_435).abs() < 1e-13);
    }

    #[test]
    fn beta_distribution_closed_forms() {
        for i in 1..100 {
            let x = f64::from(i) / 100.0;
            let cases = [
                (beta_cdf(1.0, 1.0, x), x),
                (beta_cdf(3.0, 1.0, x), x * x * x),
                (beta_cdf(2.0, 2.0, x), x * x * (3.0 - 2.0 * x)),
                (beta_cdf(0.5, 0.5, x), libm::asin(x.sqrt()) * std::f64::consts::FRAC_2_PI),
            ];
            for (k, (got, want)) in cases.iter().enumerate() {
                assert!((got - want).abs() < 1e-14, "case {k} at {x}: {got} {want}");
            }
        }
    }

    /// Values computed with 30 digits elsewhere. Large shapes (ranks of 10⁷ values) lose digits in the
    /// logarithm of the gamma function, far fewer than an interval needs.
    #[test]
    fn beta_distribution_high_precision() {
        let table = [
            (400.0, 3.0, 0.99, 0.233_716_203_641_088, 1e-12),
            (0.05, 30.0, 1e-9, 0.431_690_678_507_037_3, 1e-13),
            (2.5, 3.5, 0.2, 0.132_817_309_778_049_13, 1e-14),
            (1e4, 1e4, 0.497, 0.198072781140493, 1e-10),
            (5e6, 5e6, 0.4998, 0.1029516019649089, 1e-7),
        ];
        for (a, b, x, want, tolerance) in table {
            let got = beta_cdf(a, b, x);
            assert!((got / want - 1.0).abs() < tolerance, "Beta({a}, {b}) at {x}: {got}");
        }
    }

    #[test]
    fn beta_quantile_inverts_the_distribution() {
        for &(a, b) in &[
            (0.05, 0.05),
            (0.05, 30.0),
            (1.0, 5.0),
            (5.0, 1.0),
            (2.5, 3.5),
            (0.5, 8.0),
            (400.0, 3.0),
            (1e4, 1e4),
        ] {
            for &u in &[1e-16, 1e-9, 0.01, 0.2, 0.5, 0.7, 0.99, 1.0 - 1e-9] {
                let x = beta_quantile(a, b, u);
                assert!((0.0..=1.0).contains(&x));
                if x > 1e-290 && x < 1.0 - 1e-10 {
                    let back = beta_cdf(a, b, x);
                    assert!((back - u).abs() < 1e-10 * u, "Beta({a}, {b}) at {u}: x = {x}, back {back}");
                }
            }
        }
    }

    /// Printed tables of Student's t at 97.5 %.
    #[test]
    fn student_t_table() {
        let table = [
            (1.0, 12.706_204_736_174_7),
            (2.0, 4.302_652_729_749_46),
            (5.0, 2.570_581_835_636_31),
            (10.0, 2.228_138_851_986_27),
            (30.0, 2.042_272_456_301_24),
            (100.0, 1.983_971_518_523_55),
        ];
        for (degrees, t) in table {
            assert!(
                (student_t_quantile(degrees, 0.975) - t).abs() < 1e-11,
                "{degrees}: {}",
                student_t_quantile(degrees, 0.975)
            );
            assert!((student_t_quantile(degrees, 0.025) + t).abs() < 1e-11);
        }
        assert!(student_t_quantile(7.0, 0.5).abs() < 1e-12);
        assert!((student_t_quantile(1e6, 0.975) - normal_quantile(0.975)).abs() < 3e-6);
    }
}
