//! Metrics of scores against labels (DMT 5.3).

/// AUC: the probability that a positive is scored above a negative, a tie counting half.
/// `P(s+ > s-) + P(s+ = s-) / 2`. None if one of the classes is missing or a score is NaN.
///
/// ```
/// use market::metrics::auc;
///
/// // Of the four pairs of a positive and a negative, three are the right way round.
/// assert_eq!(auc(&[0.9, 0.5, 0.4, 0.1], &[true, false, true, false]), Some(0.75));
/// ```
///
/// # Panics
/// If there is not one label for each score.
pub fn auc(scores: &[f32], positives: &[bool]) -> Option<f64> {
    let order = descending(scores, positives)?;
    let (mut above, mut pairs) = (0.0_f64, 0.0);
    for equal in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let positive = equal.iter().filter(|&&i| positives[i]).count() as f64;
        let negative = equal.len() as f64 - positive;
        pairs += negative * (above + positive / 2.0);
        above += positive;
    }
    let negatives = scores.len() as f64 - above;
    (above > 0.0 && negatives > 0.0).then(|| pairs / (above * negatives))
}

/// RelaImpr: how much further than the base model a model is from guessing,
/// `(AUC - 0.5) / (AUC_base - 0.5) - 1`; 0.1 means 10 %. None if the base guesses.
///
/// ```
/// use market::metrics::rela_impr;
///
/// let gain = rela_impr(0.6855, 0.6703).unwrap();
/// assert_eq!((gain * 1e4).round(), 893.0); // 8.93 %, the last row of DMT's table 1
/// ```
pub fn rela_impr(auc: f64, base: f64) -> Option<f64> {
    (base != 0.5).then(|| (auc - 0.5) / (base - 0.5) - 1.0)
}

/// Precision@K of one page view: the share of positives among its K best scores. None without
/// a positive (the paper's numbers only come out over page views that have one), if K is 0 or
/// if a score is NaN. A page of fewer than K products is still divided by K.
///
/// Of equal scores the negatives come first: one who scores everything alike earns nothing
/// from the order in which the page was logged.
///
/// ```
/// use market::metrics::precision_at;
///
/// assert_eq!(precision_at(2, &[0.9, 0.1, 0.5], &[true, true, false]), Some(0.5));
/// ```
///
/// # Panics
/// If there is not one label for each score.
pub fn precision_at(k: usize, scores: &[f32], positives: &[bool]) -> Option<f64> {
    let order = descending(scores, positives)?;
    let found = order.iter().take(k).filter(|&&i| positives[i]).count();
    (k > 0 && positives.contains(&true)).then(|| found as f64 / k as f64)
}

/// MRR@K of one page view: one over the place of the first positive by score, 0 if that is
/// beyond K. None without a positive or if a score is NaN. Ties as in [`precision_at`].
///
/// ```
/// use market::metrics::mrr_at;
///
/// let scores = [0.9, 0.5, 0.4, 0.1];
/// assert_eq!(mrr_at(4, &scores, &[false, true, false, true]), Some(0.5));
/// assert_eq!(mrr_at(2, &scores, &[false, false, true, false]), Some(0.0));
/// ```
///
/// # Panics
/// If there is not one label for each score.
pub fn mrr_at(k: usize, scores: &[f32], positives: &[bool]) -> Option<f64> {
    let order = descending(scores, positives)?;
    let place = order.iter().position(|&i| positives[i])?;
    Some(if place < k { 1.0 / (place as f64 + 1.0) } else { 0.0 })
}

/// nDCG@K of one page view with graded labels: `sum over k <= K of g_k / log2(k + 1)`, g_k being
/// the gain of the product with the k-th best score, divided by the same sum of the best order.
/// None without a gain, if K is 0 or if a score is NaN. Of equal scores the smaller gains come
/// first, as in [`precision_at`].
///
/// ```
/// use market::metrics::graded_ndcg_at;
///
/// // An order (4) in the second place and a click (1) in the first; best is the other way round.
/// let ndcg = graded_ndcg_at(10, &[0.9, 0.5], &[1.0, 4.0]).unwrap();
/// assert!((ndcg - (1.0 + 4.0 / 3f64.log2()) / (4.0 + 1.0 / 3f64.log2())).abs() < 1e-12);
/// ```
///
/// # Panics
/// If there is not one gain for each score.
pub fn graded_ndcg_at(k: usize, scores: &[f32], gains: &[f64]) -> Option<f64> {
    assert_eq!(scores.len(), gains.len(), "one gain for each score");
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let sum = |order: &[usize]| dcg_at(k, order.iter().map(|&i| gains[i]));
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| gains[b].total_cmp(&gains[a]));
    let best = sum(&order);
    order.sort_by(|&a, &b| {
        let by_score = scores[b].partial_cmp(&scores[a]).unwrap_or(std::cmp::Ordering::Equal);
        by_score.then(gains[a].total_cmp(&gains[b]))
    });
    (best > 0.0).then(|| sum(&order) / best)
}

/// DCG@K of gains in the order of a list: `sum over k <= K of g_k / log2(k + 1)`.
///
/// ```
/// use market::metrics::dcg_at;
///
/// assert_eq!(dcg_at(3, [2.0, 0.0, 4.0, 9.0]), 2.0 + 4.0 / 2.0);
/// ```
pub fn dcg_at(k: usize, gains: impl IntoIterator<Item = f64>) -> f64 {
    let discounted = |(place, gain): (usize, f64)| gain / (place as f64 + 2.0).log2();
    gains.into_iter().take(k).enumerate().map(discounted).sum()
}

/// Indices by falling score, negatives first among equals. None if a score is NaN.
fn descending(scores: &[f32], positives: &[bool]) -> Option<Vec<usize>> {
    assert_eq!(scores.len(), positives.len(), "one label for each score");
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // partial_cmp, for which -0 equals 0; NaN is out.
    order.sort_by(|&a, &b| {
        let by_score = scores[b].partial_cmp(&scores[a]).unwrap_or(std::cmp::Ordering::Equal);
        by_score.then(positives[a].cmp(&positives[b]))
    });
    Some(order)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Scores of few values, so that ties are common, with labels.
    fn page() -> impl Strategy<Value = (Vec<f32>, Vec<bool>)> {
        prop::collection::vec((-4..4_i8, any::<bool>()), 0..40)
            .prop_map(|rows| rows.into_iter().map(|(s, l)| (f32::from(s) / 2.0, l)).unzip())
    }

    fn auc_by_pairs(scores: &[f32], positives: &[bool]) -> Option<f64> {
        let (mut right, mut pairs) = (0.0, 0.0);
        for i in (0..scores.len()).filter(|&i| positives[i]) {
            for j in (0..scores.len()).filter(|&j| !positives[j]) {
                pairs += 1.0;
                right += match scores[i].total_cmp(&scores[j]) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        (pairs > 0.0).then(|| right / pairs)
    }

    #[test]
    fn scoring_everything_alike_earns_nothing() {
        let labels = [true, false, true, false, false, false];
        assert_eq!(auc(&[1.0; 6], &labels), Some(0.5));
        assert_eq!(precision_at(4, &[1.0; 6], &labels), Some(0.0));
        assert_eq!(mrr_at(4, &[1.0; 6], &labels), Some(0.0));
        // Not even where zero comes in two signs.
        assert_eq!(precision_at(1, &[0.0, -0.0], &[true, false]), Some(0.0));
    }

    #[test]
    fn pages_without_a_positive_and_scores_that_are_no_numbers_have_no_metric() {
        for (scores, labels) in
            [(vec![1.0, 2.0], [false, false]), (vec![1.0, f32::NAN], [false, true])]
        {
            assert_eq!(auc(&scores, &labels), None);
            assert_eq!(precision_at(1, &scores, &labels), None);
            assert_eq!(mrr_at(1, &scores, &labels), None);
        }
    }

    proptest! {
        #[test]
        fn auc_counts_pairs((scores, labels) in page()) {
            match (auc(&scores, &labels), auc_by_pairs(&scores, &labels)) {
                (Some(fast), Some(slow)) => prop_assert!((fast - slow).abs() < 1e-12),
                (fast, slow) => prop_assert_eq!(fast, slow),
            }
        }

        #[test]
        fn graded_ndcg_of_two_grades_is_ndcg_of_the_list((scores, labels) in page(), k in 1..10_usize) {
            let gains: Vec<f64> = labels.iter().map(|&l| f64::from(u8::from(l))).collect();
            let order = descending(&scores, &labels).unwrap();
            let list: Vec<u32> = order.iter().map(|&i| i as u32).collect();
            let targets: Vec<u32> = list.iter().copied().filter(|&i| labels[i as usize]).collect();
            match (graded_ndcg_at(k, &scores, &gains), crate::metrics::ndcg_at(k, &list, &targets)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                (a, b) => prop_assert_eq!(a, b),
            }
        }

        #[test]
        fn auc_turns_over_with_the_scores((scores, labels) in page()) {
            let turned: Vec<f32> = scores.iter().map(|s| -s).collect();
            if let Some(there) = auc(&scores, &labels) {
                prop_assert!((there + auc(&turned, &labels).unwrap() - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn only_the_order_of_scores_matters((scores, labels) in page(), k in 1..10_usize) {
            let stretched: Vec<f32> = scores.iter().map(|s| 3.0 * s.exp() + 1.0).collect();
            prop_assert_eq!(auc(&scores, &labels), auc(&stretched, &labels));
            prop_assert_eq!(precision_at(k, &scores, &labels), precision_at(k, &stretched, &labels));
            prop_assert_eq!(mrr_at(k, &scores, &labels), mrr_at(k, &stretched, &labels));
        }

        #[test]
        fn the_logged_order_does_not_matter((scores, labels) in page(), k in 1..10_usize) {
            let turned: (Vec<f32>, Vec<bool>) =
                scores.iter().copied().zip(labels.iter().copied()).rev().unzip();
            prop_assert_eq!(precision_at(k, &scores, &labels), precision_at(k, &turned.0, &turned.1));
            prop_assert_eq!(mrr_at(k, &scores, &labels), mrr_at(k, &turned.0, &turned.1));
        }
    }
}
