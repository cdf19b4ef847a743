//! Choosing K products by their scores.

use std::cmp::Ordering;

use rand::distr::{Distribution, Open01};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Hit;

/// The K products with the highest scores, which are in product order. Falling; of equal scores
/// the lower product first; scores that are NaN are left out.
///
/// ```
/// use engine::retrieval::top_k;
///
/// let products: Vec<u32> = top_k(&[0.1, 0.9, 0.5, 0.9], 3).iter().map(|hit| hit.product).collect();
/// assert_eq!(products, [1, 3, 2]);
/// ```
pub fn top_k(scores: &[f32], k: usize) -> Vec<Hit> {
    let keys = scores.iter().map(|&score| f64::from(score));
    largest(scores, keys, k)
}

/// Draws K products without replacement from the softmax of the scores at temperature tau, in
/// the order drawn (Gumbel top-K): the K largest `z + tau * g`, g being a standard Gumbel number
/// for each product.
///
/// A seed gives a product the same number at every temperature, so moving tau changes the page
/// no more than it must, and tau = 0 is [`top_k`].
///
/// ```
/// use engine::retrieval::{gumbel_top_k, top_k};
///
/// let scores = [0.1, 0.9, 0.5, 0.7];
/// assert_eq!(gumbel_top_k(&scores, 0.3, 2, 7), gumbel_top_k(&scores, 0.3, 2, 7));
/// assert_eq!(gumbel_top_k(&scores, 0.0, 2, 7), top_k(&scores, 2));
/// ```
pub fn gumbel_top_k(scores: &[f32], tau: f32, k: usize, seed: u64) -> Vec<Hit> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let keys = scores.iter().map(|&score| {
        let uniform: f64 = Open01.sample(&mut random);
        let gumbel = -libm::log(-libm::log(uniform));
        f64::from(score) + f64::from(tau) * gumbel
    });
    largest(scores, keys, k)
}

/// Products that room is taken for at once, at most: whoever asks for all of them takes it as it goes.
const ROOM: usize = 8_192;

/// The K products with the largest keys, with their scores.
fn largest(scores: &[f32], keys: impl Iterator<Item = f64>, k: usize) -> Vec<Hit> {
    let k = k.min(scores.len());
    if k == 0 {
        return Vec::new();
    }
    let by_key = |a: &(f64, u32), b: &(f64, u32)| {
        b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1))
    };
    // K is small beside a catalogue of a million: of the best so far no more than twice K are kept, and
    // whatever is not above the K-th of them is passed over. Of equal keys the earlier product comes first.
    let mut order: Vec<(f64, u32)> = Vec::with_capacity((2 * k).min(ROOM));
    let mut floor = f64::NEG_INFINITY;
    let mut has_floor = false;
    for (key, product) in keys.zip(0..) {
        if key.is_nan() || has_floor && key <= floor {
            continue;
        }
        order.push((key, product));
        if order.len() == 2 * k {
            let (_, last, _) = order.select_nth_unstable_by(k - 1, by_key);
            (floor, has_floor) = (last.0, true);
            order.truncate(k);
        }
    }
    order.sort_unstable_by(by_key);
    order.truncate(k);
    order.into_iter().map(|(_, product)| Hit { product, score: scores[product as usize] }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::retrieval::Softmax;

    fn products(hits: &[Hit]) -> Vec<u32> {
        hits.iter().map(|hit| hit.product).collect()
    }

    proptest! {
        #[test]
        fn top_k_is_the_head_of_a_stable_sort(
            scores in prop::collection::vec((-4..4_i8).prop_map(f32::from), 0..50),
            k in 0..60_usize,
        ) {
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
            order.truncate(k);
            prop_assert_eq!(products(&top_k(&scores, k)), order);
        }

        #[test]
        fn draws_are_different_products_with_their_scores(
            scores in prop::collection::vec(-1.0..1.0_f32, 0..50),
            tau in 0.0..2.0_f32,
            k in 0..60_usize,
            seed in any::<u64>(),
        ) {
            let hits = gumbel_top_k(&scores, tau, k, seed);
            prop_assert_eq!(hits.len(), k.min(scores.len()));
            prop_assert!(hits.iter().all(|hit| hit.score == scores[hit.product as usize]));
            let mut different = products(&hits);
            different.sort_unstable();
            different.dedup();
            prop_assert_eq!(different.len(), hits.len());
        }

        #[test]
        fn a_cold_draw_takes_the_best(seed in any::<u64>(), k in 0..12_usize) {
            // A step of 0.1 is a thousand temperatures: no noise reaches that far.
            let scores: Vec<f32> = (0..10).map(|i| (i * 7 % 10) as f32 / 10.0).collect();
            prop_assert_eq!(gumbel_top_k(&scores, 1e-4, k, seed), top_k(&scores, k));
        }
    }

    #[test]
    fn scores_that_are_no_numbers_are_left_out() {
        assert_eq!(products(&top_k(&[f32::NAN, 0.5, f32::NEG_INFINITY], 3)), [1, 2]);
        assert_eq!(products(&gumbel_top_k(&[f32::NAN, 0.5], 0.1, 2, 1)), [1]);
    }

    /// Shares of the first two draws over many seeds, against the softmax without replacement.
    #[test]
    fn draws_follow_the_softmax() {
        const DRAWS: u64 = 40_000;
        let (scores, tau) = ([0.10_f32, 0.05, 0.0, -0.08], 0.06);
        let softmax = Softmax::new(&scores, tau);
        let p = scores.map(|score| softmax.probability(score));
        let mut counts = [[0_u32; 4]; 2];
        for seed in 0..DRAWS {
            for (place, hit) in gumbel_top_k(&scores, tau, 2, seed).iter().enumerate() {
                counts[place][hit.product as usize] += 1;
            }
        }
        for i in 0..4 {
            let second: f64 =
                (0..4).filter(|&first| first != i).map(|j| p[j] * p[i] / (1.0 - p[j])).sum();
            for (place, expected) in [p[i], second].into_iter().enumerate() {
                let share = f64::from(counts[place][i]) / DRAWS as f64;
                // Four standard deviations.
                let tolerance = 4.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt();
                assert!((share - expected).abs() < tolerance, "{place} {i}: {share} {expected}");
            }
        }
    }
}
