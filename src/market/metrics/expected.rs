//! Metrics of scores against the probabilities that labels are drawn from: what [`auc`],
//! [`precision_at`] and [`mrr_at`] come to on average over the draws of the labels, so that what is
//! measured is the same and the chance of the draw is not in it. Only a market that knows the
//! probabilities can tell.
//!
//! [`auc`]: super::auc
//! [`precision_at`]: super::precision_at
//! [`mrr_at`]: super::mrr_at

use std::cmp::Ordering;

/// AUC where each product is a positive with its probability p and a negative with 1 - p: the mean
/// over pairs of `P(s+ > s-) + P(s+ = s-) / 2`, each pair weighing `p_i (1 - p_j)`. None if nothing
/// can be a positive, or nothing a negative, or a score is NaN.
///
/// ```
/// use market::metrics::{auc, expected_auc};
///
/// let scores = [0.9, 0.5, 0.4, 0.1];
/// let certain = expected_auc(&scores, &[1.0, 0.0, 1.0, 0.0]);
/// assert_eq!(certain, auc(&scores, &[true, false, true, false]));
/// // Of two products, the likelier one on top: 0.8 * 0.7 the right way, 0.3 * 0.2 the other.
/// let two = expected_auc(&[2.0, 1.0], &[0.8, 0.3]).unwrap();
/// assert!((two - 0.56 / 0.62).abs() < 1e-6);
/// ```
///
/// # Panics
/// If there is not one probability for each score.
pub fn expected_auc(scores: &[f32], probabilities: &[f32]) -> Option<f64> {
    let order = descending(scores, probabilities)?;
    let (mut above, mut right, mut itself) = (0.0_f64, 0.0, 0.0);
    let (mut positives, mut negatives) = (0.0, 0.0);
    for equal in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let p = || equal.iter().map(|&i| f64::from(probabilities[i]));
        let positive: f64 = p().sum();
        let negative: f64 = p().map(|p| 1.0 - p).sum();
        // A product is not a pair with itself.
        let own: f64 = p().map(|p| p * (1.0 - p)).sum();
        right += negative * above + (positive * negative - own) / 2.0;
        itself += own;
        above += positive;
        positives += positive;
        negatives += negative;
    }
    let pairs = positives * negatives - itself;
    (pairs > 0.0).then(|| right / pairs)
}

/// One page view's part of Precision@K and MRR@K.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExpectedPage {
    /// Probability that it has a positive at all: what it weighs in a mean over page views that have
    /// one.
    pub any: f64,
    /// Mean of Precision@K over the draws, 0 where there is no positive.
    pub precision: f64,
    /// Mean of MRR@K over the draws, 0 where there is no positive.
    pub mrr: f64,
}

/// Precision@K and MRR@K of a page view whose products are positives with these probabilities, each
/// on its own. Of equal scores the less likely come first. None if a score is NaN.
///
/// ```
/// use market::metrics::expected_page;
///
/// let page = expected_page(1, &[2.0, 1.0], &[0.5, 0.2]).unwrap();
/// assert!((page.any - (1.0 - 0.5 * 0.8)).abs() < 1e-6);
/// assert!((page.precision - 0.5).abs() < 1e-6 && (page.mrr - 0.5).abs() < 1e-6);
/// ```
///
/// # Panics
/// If there is not one probability for each score.
pub fn expected_page(k: usize, scores: &[f32], probabilities: &[f32]) -> Option<ExpectedPage> {
    let order = descending(scores, probabilities)?;
    let mut page = ExpectedPage::default();
    let mut none = 1.0;
    for (place, &i) in order.iter().enumerate() {
        let p = f64::from(probabilities[i]);
        if place < k {
            page.precision += p / k as f64;
            page.mrr += none * p / (place as f64 + 1.0);
        }
        none *= 1.0 - p;
    }
    page.any = 1.0 - none;
    Some(page)
}

/// Indices by falling score, the less likely first among equals. None if a score is NaN.
fn descending(scores: &[f32], probabilities: &[f32]) -> Option<Vec<usize>> {
    assert_eq!(scores.len(), probabilities.len(), "one probability for each score");
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| {
        let by_score = scores[b].partial_cmp(&scores[a]).unwrap_or(Ordering::Equal);
        by_score.then(probabilities[a].total_cmp(&probabilities[b]))
    });
    Some(order)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::metrics::{auc, mrr_at, precision_at};

    /// Over many draws of the labels the metrics of drawn labels come to these.
    #[test]
    fn what_is_drawn_comes_to_this_on_average() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let page = |random: &mut ChaCha8Rng| -> Vec<(f32, f32)> {
            (0..10).map(|_| (random.random(), 0.3 * random.random::<f32>())).collect()
        };
        let pages: Vec<Vec<(f32, f32)>> = (0..60).map(|_| page(&mut random)).collect();
        let (scores, chances): (Vec<f32>, Vec<f32>) = pages.iter().flatten().copied().unzip();
        let mut whole = ExpectedPage::default();
        for page in &pages {
            let (scores, chances): (Vec<f32>, Vec<f32>) = page.iter().copied().unzip();
            let page = expected_page(4, &scores, &chances).unwrap();
            whole.any += page.any;
            whole.precision += page.precision;
            whole.mrr += page.mrr;
        }
        let (mut area, mut precision, mut mrr, mut views) = (0.0, 0.0, 0.0, 0.0);
        const DRAWS: usize = 2000;
        for _ in 0..DRAWS {
            let labels: Vec<bool> =
                chances.iter().map(|&chance| random.random::<f32>() < chance).collect();
            area += auc(&scores, &labels).unwrap() / DRAWS as f64;
            for (scores, labels) in scores.chunks(10).zip(labels.chunks(10)) {
                precision += precision_at(4, scores, labels).unwrap_or(0.0);
                mrr += mrr_at(4, scores, labels).unwrap_or(0.0);
                views += f64::from(u8::from(labels.contains(&true)));
            }
        }
        // Standard errors of the draws: 0.0009, 0.0004 and 0.0007.
        let expected = expected_auc(&scores, &chances).unwrap();
        assert!((area - expected).abs() < 0.004, "{area} {expected}");
        let (drawn, expected) = (precision / views, whole.precision / whole.any);
        assert!((drawn - expected).abs() < 0.002, "{drawn} {expected}");
        let (drawn, expected) = (mrr / views, whole.mrr / whole.any);
        assert!((drawn - expected).abs() < 0.004, "{drawn} {expected}");
    }

    #[test]
    fn scoring_everything_alike_is_guessing() {
        assert_eq!(expected_auc(&[1.0; 4], &[0.1, 0.9, 0.5, 0.2]), Some(0.5));
        assert_eq!(expected_auc(&[1.0, 2.0], &[0.0, 0.0]), None);
        assert_eq!(expected_auc(&[1.0, f32::NAN], &[0.5, 0.5]), None);
        assert_eq!(expected_page(4, &[f32::NAN], &[0.5]), None);
        // The less likely first.
        let page = expected_page(1, &[1.0, 1.0], &[0.5, 0.0]).unwrap();
        assert_eq!((page.any, page.precision), (0.5, 0.0));
    }
}
