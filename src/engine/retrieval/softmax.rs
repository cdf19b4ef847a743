//! The softmax over candidates (MOPPR 15).

use market::metrics::entropy;

/// Probabilities of candidates at a temperature, `exp(z_i / tau) / sum over j of exp(z_j / tau)`.
///
/// ```
/// use engine::retrieval::Softmax;
///
/// let even = Softmax::new(&[0.3; 8], 0.02);
/// assert_eq!(even.probabilities(), [0.125; 8]);
/// assert!((even.effective_candidates() - 8.0).abs() < 1e-9);
/// let sharp = Softmax::new(&[0.5, 0.1], 0.0);
/// assert_eq!(sharp.probabilities(), [1.0, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    probabilities: Vec<f64>,
}

impl Softmax {
    /// The softmax of scores at temperature tau. At 0, its limit: the best share everything.
    pub fn new(scores: &[f32], tau: f32) -> Self {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Not 0, for 0 / 0 is no number; nothing that is not the largest survives it either.
        let tau = f64::from(tau.max(f32::MIN_POSITIVE));
        let weights: Vec<f64> = scores
            .iter()
            .map(|&score| libm::exp((f64::from(score) - f64::from(largest)) / tau))
            .collect();
        let sum: f64 = weights.iter().sum();
        Self { probabilities: weights.into_iter().map(|weight| weight / sum).collect() }
    }

    /// Probability of each candidate, in the order of the scores.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        entropy(&self.probabilities)
    }

    /// exp(entropy): how many candidates effectively compete.
    pub fn effective_candidates(&self) -> f64 {
        libm::exp(self.entropy())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_follow_the_scores(
            scores in prop::collection::vec(-1.0..1.0_f32, 1..50),
            tau in 0.0..2.0_f32,
        ) {
            let softmax = Softmax::new(&scores, tau);
            let p = softmax.probabilities();
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for (i, a) in scores.iter().enumerate() {
                for (j, b) in scores.iter().enumerate() {
                    prop_assert!(a < b || p[i] >= p[j]);
                }
            }
        }

        #[test]
        fn warmer_is_more_spread(
            scores in prop::collection::vec(-1.0..1.0_f32, 1..50),
            tau in 0.01..1.0_f32,
        ) {
            let (cold, warm) = (Softmax::new(&scores, tau), Softmax::new(&scores, 2.0 * tau));
            prop_assert!(cold.entropy() <= warm.entropy() + 1e-9);
            prop_assert!(warm.effective_candidates() <= scores.len() as f64 * (1.0 + 1e-9));
        }
    }

    #[test]
    fn shifting_scores_changes_nothing_however_far() {
        let near = Softmax::new(&[0.25, 0.5], 0.25);
        assert_eq!(near, Softmax::new(&[1024.25, 1024.5], 0.25));
        assert!((near.probabilities()[1] / near.probabilities()[0] - 1.0_f64.exp()).abs() < 1e-12);
    }

    #[test]
    fn nothing_has_no_probability() {
        let nothing = Softmax::new(&[], 0.1);
        assert_eq!((nothing.probabilities().len(), nothing.entropy()), (0, 0.0));
    }
}
