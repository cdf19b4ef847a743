//! The softmax over candidates (MOPPR 15).

/// Probabilities of candidates at a temperature, `exp(z_i / tau) / sum over j of exp(z_j / tau)`.
///
/// ```
/// use engine::retrieval::Softmax;
///
/// let even = Softmax::new(&[0.3; 8], 0.02);
/// assert_eq!(even.probability(0.3), 0.125);
/// assert!((even.effective_candidates() - 8.0).abs() < 1e-9);
/// let sharp = Softmax::new(&[0.5, 0.1], 0.0);
/// assert_eq!((sharp.probability(0.5), sharp.probability(0.1)), (1.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    largest: f64,
    tau: f64,
    /// Of the weights exp((z - largest) / tau).
    sum: f64,
    entropy: f64,
}

impl Softmax {
    /// The softmax of scores at temperature tau. At 0, its limit: the best share everything.
    pub fn new(scores: &[f32], tau: f32) -> Self {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Not 0, for 0 / 0 is no number; nothing that is not the largest survives it either.
        let tau = f64::from(tau.max(f32::MIN_POSITIVE));
        let mut softmax = Self { largest: f64::from(largest), tau, sum: 0.0, entropy: 0.0 };
        // With w = exp(x) and p = w / sum, the entropy is ln(sum) less the mean of x.
        let mut weighted = 0.0;
        for &score in scores {
            let (x, weight) = softmax.weight(score);
            softmax.sum += weight;
            if weight > 0.0 {
                weighted += weight * x;
            }
        }
        if softmax.sum > 0.0 {
            softmax.entropy = (libm::log(softmax.sum) - weighted / softmax.sum).max(0.0);
        }
        softmax
    }

    /// How far a score is below the largest, in temperatures, and the weight exp of it.
    fn weight(&self, score: f32) -> (f64, f64) {
        let x = (f64::from(score) - self.largest) / self.tau;
        (x, libm::exp(x))
    }

    /// Probability of a candidate, one of those that the softmax is over, by its score.
    pub fn probability(&self, score: f32) -> f64 {
        self.weight(score).1 / self.sum
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        self.entropy
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
    use market::metrics::entropy;

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_follow_the_scores(
            scores in prop::collection::vec(-1.0..1.0_f32, 1..50),
            tau in 0.0..2.0_f32,
        ) {
            let softmax = Softmax::new(&scores, tau);
            let p: Vec<f64> = scores.iter().map(|&score| softmax.probability(score)).collect();
            prop_assert!((softmax.entropy() - entropy(&p)).abs() < 1e-9);
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
        let far = Softmax::new(&[1024.25, 1024.5], 0.25);
        assert_eq!(near.probability(0.25), far.probability(1024.25));
        assert_eq!(near.entropy(), far.entropy());
        assert!((near.probability(0.5) / near.probability(0.25) - 1.0_f64.exp()).abs() < 1e-12);
    }

    #[test]
    fn nothing_has_no_probability() {
        let nothing = Softmax::new(&[], 0.1);
        assert_eq!((nothing.entropy(), nothing.effective_candidates()), (0.0, 1.0));
    }
}
