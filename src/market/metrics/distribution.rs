//! How spread a distribution over candidates is.

/// Entropy in nats, `-sum of p ln p`, of probabilities that sum to one.
///
/// ```
/// use market::metrics::entropy;
///
/// assert_eq!(entropy(&[1.0, 0.0]), 0.0);
/// assert!((entropy(&[0.25; 4]) - 4.0_f64.ln()).abs() < 1e-12);
/// ```
pub fn entropy(probabilities: &[f64]) -> f64 {
    let terms = probabilities.iter().filter(|&&p| p > 0.0).map(|p| p * p.ln());
    // Not -sum: the entropy of a certainty is 0, not -0.
    0.0 - terms.sum::<f64>()
}

/// Effective number of candidates, `exp(entropy)`: the size of the uniform distribution that is
/// as spread.
///
/// ```
/// use market::metrics::effective_number;
///
/// assert!((effective_number(&[0.25; 4]) - 4.0).abs() < 1e-12);
/// ```
pub fn effective_number(probabilities: &[f64]) -> f64 {
    entropy(probabilities).exp()
}

/// Effective number of kinds in a list, `exp` of the entropy of their shares: how many kinds a
/// list would hold that holds as many of each and is as mixed. None of an empty list.
///
/// ```
/// use market::metrics::effective_number_of;
///
/// assert_eq!(effective_number_of([7, 7, 7]), Some(1.0));
/// assert!((effective_number_of([7, 3, 7, 3]).unwrap() - 2.0).abs() < 1e-12);
/// ```
pub fn effective_number_of(kinds: impl IntoIterator<Item = u16>) -> Option<f64> {
    let mut counts = std::collections::BTreeMap::new();
    kinds.into_iter().for_each(|kind| *counts.entry(kind).or_insert(0.0) += 1.0);
    let all: f64 = counts.values().sum();
    let shares: Vec<f64> = counts.values().map(|count| count / all).collect();
    (all > 0.0).then(|| effective_number(&shares))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn between_one_candidate_and_all(weights in prop::collection::vec(0.0..1.0_f64, 1..20)) {
            let sum: f64 = weights.iter().sum();
            prop_assume!(sum > 0.0);
            let p: Vec<f64> = weights.iter().map(|w| w / sum).collect();
            let number = effective_number(&p);
            prop_assert!((1.0 - 1e-9..=p.len() as f64 + 1e-9).contains(&number));
            // Two equal halves in place of each candidate compete twice as much.
            let halves: Vec<f64> = p.iter().flat_map(|p| [p / 2.0; 2]).collect();
            prop_assert!((effective_number(&halves) - 2.0 * number).abs() < 1e-9 * number);
        }
    }
}
