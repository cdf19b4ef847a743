//! How far two orders of the same things agree.

use std::cmp::Ordering;
use std::collections::HashSet;

/// Kendall's tau-b: `(concordant - discordant) / sqrt((pairs - ties in a)(pairs - ties in b))`
/// over all pairs of things. None if a side is constant, holds a NaN or fewer than two things.
///
/// ```
/// use market::metrics::kendall_tau;
///
/// // Of three pairs two agree.
/// let tau = kendall_tau(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap();
/// assert!((tau - 1.0 / 3.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the sides differ in length.
pub fn kendall_tau(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "two values for each thing");
    let (mut agreement, mut untied_a, mut untied_b) = (0_i64, 0_i64, 0_i64);
    for i in 0..a.len() {
        for j in 0..i {
            let (in_a, in_b) = (a[i].partial_cmp(&a[j])?, b[i].partial_cmp(&b[j])?);
            untied_a += i64::from(in_a != Ordering::Equal);
            untied_b += i64::from(in_b != Ordering::Equal);
            agreement += in_a as i64 * in_b as i64;
        }
    }
    let scale = (untied_a as f64 * untied_b as f64).sqrt();
    (scale > 0.0).then(|| agreement as f64 / scale)
}

/// Spearman's rho: the correlation of the ranks, equal values sharing their mean rank. None if a
/// side is constant, holds a NaN or fewer than two things.
///
/// ```
/// use market::metrics::spearman;
///
/// // 1 - 6 * sum of squared rank differences / (n (n^2 - 1)) = 1 - 6 * 2 / 24
/// let rho = spearman(&[1.0, 2.0, 3.0], &[0.1, 0.9, 0.5]).unwrap();
/// assert!((rho - 0.5).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the sides differ in length.
pub fn spearman(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "two values for each thing");
    let (a, b) = (ranks(a)?, ranks(b)?);
    // Ranks have the same mean on both sides, ties or not.
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let moment = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    let scale = (moment(&a, &a) * moment(&b, &b)).sqrt();
    (scale > 0.0).then(|| moment(&a, &b) / scale)
}

/// overlap@K: the share of the first K of one list that is among the first K of the other; of
/// lists shorter than K, the share of the shorter one. 1 if there is nothing to compare.
///
/// ```
/// use market::metrics::overlap_at;
///
/// assert_eq!(overlap_at(2, &[1, 2, 3], &[2, 3, 1]), 0.5);
/// ```
pub fn overlap_at(k: usize, a: &[u32], b: &[u32]) -> f64 {
    let first: HashSet<&u32> = a.iter().take(k).collect();
    let other: HashSet<&u32> = b.iter().take(k).collect();
    match first.len().min(other.len()) {
        0 => 1.0,
        most => first.intersection(&other).count() as f64 / most as f64,
    }
}

/// Rank-biased overlap of two lists (Webber, Moffat and Zobel 2010): the overlap of their first d,
/// `A_d`, averaged over the depths d with the weight `p^(d-1)`, so that the top counts most. Taken to
/// the depth of the shorter list, and 1 for equal lists. 1 if there is nothing to compare.
///
/// ```
/// use market::metrics::rank_biased_overlap;
///
/// // A_1 = 0 and A_2 = 1, with the weights 1 and 0.5.
/// let rbo = rank_biased_overlap(0.5, &[1, 2], &[2, 1]);
/// assert!((rbo - 0.5 / 1.5).abs() < 1e-12);
/// ```
pub fn rank_biased_overlap(p: f64, a: &[u32], b: &[u32]) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for depth in 1..=a.len().min(b.len()) {
        sum += weight * overlap_at(depth, a, b);
        weights += weight;
        weight *= p;
    }
    if weights > 0.0 { sum / weights } else { 1.0 }
}

/// Rank of each value from 0, equal values sharing their mean. None if a value is NaN.
fn ranks(values: &[f32]) -> Option<Vec<f64>> {
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].partial_cmp(&values[j]).unwrap_or(Ordering::Equal));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let shared = before as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&i| ranks[i] = shared);
        before += equal.len();
    }
    Some(ranks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sides() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        prop::collection::vec((-5..5_i8, -5..5_i8), 0..25)
            .prop_map(|rows| rows.into_iter().map(|(a, b)| (f32::from(a), f32::from(b))).unzip())
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), Some(vec![2.5, 0.0, 2.5, 1.0]));
    }

    #[test]
    fn what_does_not_vary_agrees_with_nothing() {
        for measure in [kendall_tau, spearman] {
            assert_eq!(measure(&[1.0, 1.0], &[1.0, 2.0]), None);
            assert_eq!(measure(&[1.0], &[1.0]), None);
            assert_eq!(measure(&[], &[]), None);
            assert_eq!(measure(&[1.0, f32::NAN], &[1.0, 2.0]), None);
        }
    }

    #[test]
    fn lists_of_different_lengths_overlap() {
        assert_eq!(overlap_at(10, &[1, 2], &[2, 3, 1]), 1.0);
        assert_eq!(overlap_at(10, &[], &[]), 1.0);
    }

    #[test]
    fn the_top_counts_most() {
        let list: Vec<u32> = (0..20).collect();
        let swapped = |i: usize| {
            let mut other = list.clone();
            other.swap(i, i + 1);
            rank_biased_overlap(0.9, &list, &other)
        };
        assert_eq!(rank_biased_overlap(0.9, &list, &list), 1.0);
        assert_eq!(rank_biased_overlap(0.9, &list, &[]), 1.0);
        assert_eq!(rank_biased_overlap(0.9, &[1, 2], &[3, 4]), 0.0);
        assert!(swapped(0) < swapped(5) && swapped(5) < swapped(15) && swapped(15) < 1.0);
    }

    proptest! {
        #[test]
        fn a_side_agrees_with_itself_and_against_its_opposite((a, _) in sides()) {
            let opposite: Vec<f32> = a.iter().map(|x| -x).collect();
            for measure in [kendall_tau, spearman] {
                if let Some(same) = measure(&a, &a) {
                    prop_assert!((same - 1.0).abs() < 1e-12);
                    prop_assert!((measure(&a, &opposite).unwrap() + 1.0).abs() < 1e-12);
                }
            }
        }

        #[test]
        fn agreement_has_two_equal_sides((a, b) in sides()) {
            for measure in [kendall_tau, spearman] {
                prop_assert_eq!(measure(&a, &b), measure(&b, &a));
                prop_assert!(measure(&a, &b).is_none_or(|value| value.abs() <= 1.0 + 1e-12));
            }
        }
    }
}
