//! The production shop's ranker: a logistic regression over what a shop counts, fitted to an
//! earlier log, so that places follow from features (DMT 4.4). It never sees the truth.

use super::random::sigmoid;

/// Features of a product that do not depend on the shopper: see [`Feature`].
pub(crate) const FIXED: usize = 7;
/// Features of a shopper and a product.
pub(crate) const PERSONAL: usize = 7;
/// All of them.
pub(crate) const FEATURES: usize = FIXED + PERSONAL;

/// The same with the place and the neighbours of the same type.
pub(crate) const FITTED_ON: usize = FEATURES + 2;

/// Names of the features, in their order.
pub(crate) const NAMES: [&str; FEATURES] = [
    "words",
    "relevance",
    "popularity",
    "rating",
    "reviews",
    "price",
    "new",
    "brand",
    "type",
    "colour",
    "price-distance",
    "seen",
    "audience",
    "linked",
];

/// The fitted weights of both surfaces, as text.
const FITTED: &str = include_str!("data/ranker.txt");

/// Weights of one surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranker {
    pub(crate) weights: [f32; FEATURES],
}

impl Ranker {
    /// By hand: what ranked the log that the first ranker was fitted to.
    pub(crate) const BY_HAND: Self =
        Self { weights: [1.0, 2.0, 0.6, 0.3, 0.1, 0.0, 0.0, 0.3, 0.4, 0.1, -0.2, 0.2, 0.5, 0.2] };

    /// The fitted rankers of the search and of the feed, in this order.
    pub(crate) fn fitted() -> [Self; 2] {
        let mut rankers = [Self { weights: [0.0; FEATURES] }; 2];
        for line in FITTED.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split_whitespace();
            let place = parts.next().and_then(|name| NAMES.iter().position(|n| *n == name));
            let Some(place) = place else { continue };
            for (ranker, weight) in rankers.iter_mut().zip(parts) {
                ranker.weights[place] = weight.parse().unwrap_or(0.0);
            }
        }
        rankers
    }

    /// The part of the score that a product has for everyone.
    pub(crate) fn fixed(&self, features: &[f32; FIXED]) -> f32 {
        self.weights.iter().zip(features).map(|(weight, value)| weight * value).sum()
    }

    /// The part that a shopper adds.
    pub(crate) fn personal(&self, features: &[f32; PERSONAL]) -> f32 {
        self.weights[FIXED..].iter().zip(features).map(|(weight, value)| weight * value).sum()
    }

    /// Fits it to products that were shown: features with the place and the neighbours of the same
    /// type, and 0 for nothing, 1 for a click, more for an order. Newton's steps; intercept, place
    /// and neighbours are left out of the ranker.
    pub(crate) fn fit(samples: &[([f32; FITTED_ON], f32)]) -> Self {
        const COUNT: usize = FITTED_ON + 1;
        let mut weights = [0.0_f64; COUNT];
        for _ in 0..STEPS {
            let mut slope = [0.0_f64; COUNT];
            let mut curve = [[0.0_f64; COUNT]; COUNT];
            for (features, gain) in samples {
                let value = |place: usize| features.get(place).map_or(1.0, |x| f64::from(*x));
                let values: [f64; COUNT] = std::array::from_fn(value);
                let sum: f64 = weights.iter().zip(values).map(|(w, x)| w * x).sum();
                let expected = f64::from(sigmoid(sum as f32));
                // A sample with a gain above 1 counts as so many clicks.
                let (label, heavy) = if *gain > 0.0 { (1.0, f64::from(*gain)) } else { (0.0, 1.0) };
                let bend = heavy * expected * (1.0 - expected);
                let sums = slope.iter_mut().zip(&mut curve).zip(values);
                for ((slope, row), own) in sums {
                    *slope += heavy * (label - expected) * own;
                    row.iter_mut().zip(values).for_each(|(sum, other)| *sum += bend * own * other);
                }
            }
            // What never varies stays at nothing.
            let ridge = 1e-5 * samples.len() as f64 + 1e-9;
            for (place, row) in curve.iter_mut().enumerate() {
                row[place] += ridge;
                slope[place] -= ridge * weights[place];
            }
            let step = solve(curve, slope);
            weights.iter_mut().zip(step).for_each(|(weight, step)| *weight += step);
        }
        Self { weights: std::array::from_fn(|place| weights[place] as f32) }
    }
}

/// Newton's steps of a fit.
const STEPS: usize = 8;

/// Solves a system of equations with a positive definite matrix, by elimination.
fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for pivot in 0..N {
        let above = matrix[pivot];
        let known = right[pivot];
        for (row, right) in matrix.iter_mut().zip(&mut right).skip(pivot + 1) {
            let factor = row[pivot] / above[pivot];
            row.iter_mut().zip(above).for_each(|(own, above)| *own -= factor * above);
            *right -= factor * known;
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Random};

    #[test]
    fn a_fit_finds_the_weights_that_clicks_were_drawn_from() {
        let mut random = Random::new(1, Purpose::Names, 0);
        let samples: Vec<([f32; FITTED_ON], f32)> = (0..40_000)
            .map(|_| {
                let shared = random.normal();
                let features = std::array::from_fn(|_| 0.7 * shared + 0.7 * random.normal());
                let logit = -2.5 + 0.8 * features[0] - 0.5 * features[8] - features[FITTED_ON - 1];
                (features, if random.chance(sigmoid(logit)) { 1.0 } else { 0.0 })
            })
            .collect();
        let fitted = Ranker::fit(&samples);
        for (place, weight) in fitted.weights.iter().enumerate() {
            let wanted = [(0, 0.8), (8, -0.5)];
            let wanted = wanted.iter().find(|(one, _)| *one == place).map_or(0.0, |(_, w)| *w);
            assert!((weight - wanted).abs() < 0.12, "{place}: {weight} for {wanted}");
        }
    }

    #[test]
    fn the_fitted_weights_are_read() {
        let [search, feed] = Ranker::fitted();
        let of = |ranker: &Ranker, name: &str| {
            ranker.weights[NAMES.iter().position(|n| *n == name).expect("a feature")]
        };
        assert!(of(&search, "relevance") > 0.3 && of(&feed, "relevance") == 0.0);
        for ranker in [search, feed] {
            assert!(of(&ranker, "brand") > 0.0 && of(&ranker, "type") > 0.0);
        }
    }
}
