//! What each feature adds to a product's utilities: Shapley values, sampled.
//!
//! The model is nonlinear, so what a feature adds depends on which others are already there. A
//! Shapley value is the mean over all orders in which the features can be put in, one after
//! another, in place of their training means. There are too many orders: some are drawn, each with
//! itself backwards, and how far the draw may be off is said. Whatever is drawn, the sum over the
//! features is the utility less that of the means, for along each order the steps add up to it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use protocol::Feature;

/// Pairs of orders that are drawn.
const PAIRS: usize = 16;
/// Seed of the draw: the same for every product, so that products can be compared.
const SEED: u64 = 1;

/// What each feature adds to a product's utilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    /// Utilities with every feature at its mean, by task.
    pub base: Vec<f32>,
    /// What each feature adds to each task's utility, with its standard error.
    pub features: Vec<(Feature, Vec<(f32, f32)>)>,
}

/// Orders in which features are put in, an order and the same backwards next to each other.
pub fn orders(features: usize) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut orders = Vec::with_capacity(2 * PAIRS);
    for _ in 0..PAIRS {
        let mut order: Vec<usize> = (0..features).collect();
        for last in (1..features).rev() {
            order.swap(last, random.next_u32() as usize % (last + 1));
        }
        let backwards = order.iter().rev().copied().collect();
        orders.push(order);
        orders.push(backwards);
    }
    orders
}

/// The features that the model must be asked about, row by row: the means, for each order all
/// that lies between, the product's own.
pub fn rows(orders: &[Vec<usize>], means: &[f32], values: &[f32]) -> Vec<f32> {
    let mut rows = means.to_vec();
    for order in orders {
        let mut row = means.to_vec();
        for &feature in order.iter().take(order.len().saturating_sub(1)) {
            row[feature] = values[feature];
            rows.extend(&row);
        }
    }
    rows.extend(values);
    rows
}

/// What each feature adds to each task, with its standard error, from the utilities of
/// [`rows`], row by row.
pub fn shares(orders: &[Vec<usize>], utilities: &[f32], tasks: usize) -> Vec<Vec<(f32, f32)>> {
    let features = orders.first().map_or(0, Vec::len);
    let last = utilities.len() / tasks.max(1) - 1;
    // Mean of each pair, and of the squares.
    let mut sums = vec![vec![(0.0_f32, 0.0_f32); tasks]; features];
    for (number, pair) in orders.chunks(2).enumerate() {
        let mut of_pair = vec![vec![0.0; tasks]; features];
        for (second, order) in pair.iter().enumerate() {
            let first_row = 1 + (2 * number + second) * (features - 1);
            let mut before = 0;
            for (step, &feature) in order.iter().enumerate() {
                let after = if step + 1 == features { last } else { first_row + step };
                for task in 0..tasks {
                    let added = utilities[after * tasks + task] - utilities[before * tasks + task];
                    of_pair[feature][task] += added / pair.len() as f32;
                }
                before = after;
            }
        }
        for (sums, of_pair) in sums.iter_mut().flatten().zip(of_pair.iter().flatten()) {
            *sums = (sums.0 + of_pair, sums.1 + of_pair * of_pair);
        }
    }
    let pairs = (orders.len() / 2) as f32;
    for sums in sums.iter_mut().flatten() {
        let mean = sums.0 / pairs;
        let variance = (sums.1 / pairs - mean * mean).max(0.0);
        *sums = (mean, (variance / (pairs - 1.0)).sqrt());
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tasks: one a sum, one with a product in it.
    fn model(x: &[f32]) -> [f32; 2] {
        [x[0] + 2.0 * x[1] - x[2], x[0] * x[1] + 0.5 * x[3]]
    }

    fn found(means: &[f32], values: &[f32]) -> Vec<Vec<(f32, f32)>> {
        let orders = orders(values.len());
        let rows = rows(&orders, means, values);
        let utilities: Vec<f32> = rows.chunks(values.len()).flat_map(model).collect();
        shares(&orders, &utilities, 2)
    }

    #[test]
    fn a_sum_is_taken_apart_exactly_and_a_product_of_two_is_halved() {
        let found = found(&[0.0; 4], &[3.0, 2.0, 5.0, 4.0]);
        for (share, expected) in found.iter().zip([3.0, 4.0, -5.0, 0.0]) {
            assert!((share[0].0 - expected).abs() < 1e-5 && share[0].1 < 1e-4, "{share:?}");
        }
        // An order and the same backwards give each of the two all of it once.
        for (share, expected) in found.iter().zip([3.0, 3.0, 0.0, 2.0]) {
            assert!((share[1].0 - expected).abs() < 1e-5, "{share:?}");
        }
    }

    #[test]
    fn the_shares_sum_to_the_difference_from_the_means() {
        let (means, values) = ([0.5, -1.0, 2.0, 0.0], [3.0, 2.0, 5.0, 4.0]);
        let found = found(&means, &values);
        for task in 0..2 {
            let sum: f32 = found.iter().map(|share| share[task].0).sum();
            let difference = model(&values)[task] - model(&means)[task];
            assert!((sum - difference).abs() < 1e-4, "{sum} {difference}");
        }
    }

    #[test]
    fn orders_hold_every_feature_once_and_come_in_pairs() {
        for pair in orders(9).chunks(2) {
            assert!(pair[0].iter().eq(pair[1].iter().rev()));
            let mut sorted = pair[0].clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..9).collect::<Vec<_>>());
        }
    }
}
