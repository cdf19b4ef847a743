//! The paired t-test that tells a difference from chance.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Differences of at least this probability are not significant.
pub const LEVEL: f64 = 0.05;

/// Mean of paired differences, and the probability of one this far from zero, either way, were
/// there no difference: a two-sided t-test with one degree of freedom less than there are pairs.
/// None for fewer than two pairs. Differences that are all alike are no chance: probability 0, or
/// 1 where they are all zero.
pub fn paired_t_test(differences: &[f64]) -> Option<(f64, f64)> {
    let count = differences.len() as f64;
    if count < 2.0 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    if error == 0.0 {
        return Some((mean, if mean == 0.0 { 1.0 } else { 0.0 }));
    }
    let t = mean / error;
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    Some((mean, 2.0 * student.cdf(-t.abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty differences with this mean and standard error.
    fn with(mean: f64, error: f64) -> Vec<f64> {
        let deviation = error * 20.0_f64.sqrt() * (19.0_f64 / 20.0).sqrt();
        (0..20).map(|n| mean + if n % 2 == 0 { deviation } else { -deviation }).collect()
    }

    #[test]
    fn probabilities_are_those_of_the_tables_of_students_t() {
        // Critical values of t for 19 degrees of freedom, two-sided.
        for (t, expected) in [(1.729_133, 0.10), (2.093_024, 0.05), (2.860_935, 0.01)] {
            let (mean, p) = paired_t_test(&with(t * 0.5, 0.5)).unwrap();
            assert!((mean - t * 0.5).abs() < 1e-12);
            assert!((p - expected).abs() < 1e-6, "{t}: {p}");
        }
    }

    #[test]
    fn by_hand() {
        // Mean 2, variance 5/2, error sqrt(1/2), so t^2 = 8. With 4 degrees of freedom Student's
        // distribution has a closed form: F(t) = 1/2 + 3/4 (s - s^3 / 3), s = t / sqrt(4 + t^2).
        let s = (8.0_f64 / 12.0).sqrt();
        let below = 0.5 + 0.75 * (s - s.powi(3) / 3.0);
        let (mean, p) = paired_t_test(&[0.0, 1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(mean, 2.0);
        assert!((p - 2.0 * (1.0 - below)).abs() < 1e-9, "{p}");
    }

    #[test]
    fn the_other_way_round_is_as_probable() {
        let there: Vec<f64> = [0.3, -0.1, 0.7, 0.2].into();
        let back: Vec<f64> = there.iter().map(|d| -d).collect();
        let (there, back) = (paired_t_test(&there).unwrap(), paired_t_test(&back).unwrap());
        assert!((there.0 + back.0).abs() < 1e-12 && (there.1 - back.1).abs() < 1e-12);
    }

    #[test]
    fn without_spread_or_pairs() {
        assert_eq!(paired_t_test(&[0.5]), None);
        assert_eq!(paired_t_test(&[0.0; 20]), Some((0.0, 1.0)));
        assert_eq!(paired_t_test(&[0.5; 20]), Some((0.5, 0.0)));
    }
}
