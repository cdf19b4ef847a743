//! Metrics of one retrieved list (MOPPR 5.4).

use std::collections::HashSet;

/// recall@K (MOPPR 19): the share of the targets that is among the first K retrieved,
/// `|{i in I : i in T}| / N`. None without targets.
///
/// ```
/// use market::metrics::recall_at;
///
/// // Of the two products bought, one is among the first three.
/// assert_eq!(recall_at(3, &[4, 9, 2, 5], &[5, 9]), Some(0.5));
/// ```
pub fn recall_at(k: usize, retrieved: &[u32], targets: &[u32]) -> Option<f64> {
    let targets: HashSet<u32> = targets.iter().copied().collect();
    let found = hits(k, retrieved, &targets).count();
    (!targets.is_empty()).then(|| found as f64 / targets.len() as f64)
}

/// nDCG@K (MOPPR 20): `sum over k <= K of I(i_k in T) / log2(k + 1)`, divided by the same sum
/// for a list that begins with the targets. None without targets, or if K is 0.
///
/// The paper's denominator sums over all N targets, for its K is 6,000; here over the first
/// min(N, K), so that the best list scores 1 at any K.
///
/// ```
/// use market::metrics::ndcg_at;
///
/// assert_eq!(ndcg_at(3, &[9, 4, 2], &[9]), Some(1.0));
/// // The only target in the third place: 1 / log2(4).
/// assert_eq!(ndcg_at(3, &[4, 2, 9], &[9]), Some(0.5));
/// ```
pub fn ndcg_at(k: usize, retrieved: &[u32], targets: &[u32]) -> Option<f64> {
    let targets: HashSet<u32> = targets.iter().copied().collect();
    let gain = |index: usize| 1.0 / (index as f64 + 2.0).log2();
    let best: f64 = (0..k.min(targets.len())).map(gain).sum();
    (best > 0.0).then(|| hits(k, retrieved, &targets).map(gain).sum::<f64>() / best)
}

/// P_good (MOPPR 21): the share of the first K places that hold a product of good relevance,
/// `sum over i in I of R(i) / K`. A place left empty counts as not good. None if K is 0.
///
/// ```
/// use market::metrics::p_good;
///
/// let even = |product| product % 2 == 0;
/// assert_eq!(p_good(4, &[2, 3, 4, 6, 8], even), Some(0.75));
/// assert_eq!(p_good(4, &[2], even), Some(0.25));
/// ```
pub fn p_good(k: usize, retrieved: &[u32], is_good: impl Fn(u32) -> bool) -> Option<f64> {
    let good = retrieved.iter().take(k).filter(|&&product| is_good(product)).count();
    (k > 0).then(|| good as f64 / k as f64)
}

/// Places, from 0, of the targets among the first K.
fn hits(k: usize, retrieved: &[u32], targets: &HashSet<u32>) -> impl Iterator<Item = usize> {
    let first = retrieved.iter().take(k).enumerate();
    first.filter(|(_, product)| targets.contains(product)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A retrieved list without repeats and some targets of it and others.
    fn lists() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
        let list = Just((0..20).collect::<Vec<u32>>()).prop_shuffle();
        (list, prop::collection::hash_set(0..30_u32, 1..8))
            .prop_map(|(list, targets)| (list, targets.into_iter().collect()))
    }

    #[test]
    fn nothing_to_find_is_no_recall() {
        assert_eq!(recall_at(3, &[1, 2], &[]), None);
        assert_eq!(ndcg_at(3, &[1, 2], &[]), None);
        assert_eq!(ndcg_at(0, &[1, 2], &[1]), None);
        assert_eq!(p_good(0, &[1], |_| true), None);
    }

    #[test]
    fn ndcg_by_hand() {
        // Targets in places 1 and 3 of at most 3: (1 + 1/2) / (1 + 1/log2(3)).
        let expected = 1.5 / (1.0 + 1.0 / 3.0_f64.log2());
        assert!((ndcg_at(3, &[5, 1, 6], &[5, 6]).unwrap() - expected).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_larger_k_never_finds_less((list, targets) in lists(), k in 0..20_usize) {
            prop_assert!(recall_at(k, &list, &targets) <= recall_at(k + 1, &list, &targets));
        }

        #[test]
        fn targets_first_is_best((list, targets) in lists(), k in 1..20_usize) {
            let mut best = list.clone();
            best.sort_by_key(|product| !targets.contains(product));
            let (ndcg, most) = (ndcg_at(k, &list, &targets), ndcg_at(k, &best, &targets));
            prop_assert!(ndcg <= most && most <= Some(1.0 + 1e-12));
            if targets.iter().all(|target| list.contains(target)) {
                prop_assert!((most.unwrap() - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn p_good_is_recall_over_places((list, targets) in lists(), k in 1..20_usize) {
            let good = p_good(k, &list, |product| targets.contains(&product)).unwrap();
            let recall = recall_at(k, &list, &targets).unwrap();
            prop_assert!((good * k as f64 - recall * targets.len() as f64).abs() < 1e-9);
        }
    }
}
