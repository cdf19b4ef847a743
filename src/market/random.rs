//! Randomness that agrees on every platform: ChaCha streams, and the distributions the market
//! draws from, on `libm` where they need logarithms or exponentials.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Two purposes never share a stream, so that drawing
/// more for one leaves the others as they were.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Hidden strength of brands, shops and types.
    Names = 1,
    /// What the offers of one article have in common: the article with this number.
    Articles = 2,
    /// Queries.
    Queries = 3,
    /// Taste of the shopper with this number.
    Taste = 4,
    /// Behaviour of the shopper with this number.
    Behaviour = 5,
    /// Under-impressions, of the shopper with this number, that the market is told to log on top.
    UnderImpressions = 6,
    /// Which held-out page views are written down for evaluation.
    HeldOut = 7,
    /// The offer that is the product with this number.
    Offers = 8,
    /// What a shop does by lot to answer a request; the seed is the request's.
    Request = 9,
    /// What a query brings for no reason: the query with this number.
    Strays = 10,
    /// A part of a day of a shopper who takes part in a trial, and who falls into which arm.
    Trial = 11,
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of one purpose and number under one seed.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        let mut chacha = ChaCha8Rng::seed_from_u64(seed);
        chacha.set_stream(((purpose as u64) << 48) | number);
        Self(chacha)
    }

    /// Uniform in [0, 1), on a grid of 2^-24, so that it is exact in f32.
    pub fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Uniform over 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // Lemire's multiplication; the bias for n below 2^32 is under 2^-32 and the same everywhere.
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f32 {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.uniform()));
        radius * libm::cosf(core::f32::consts::TAU * self.uniform())
    }

    /// exp of a normal with this mean and deviation.
    pub fn log_normal(&mut self, mean: f32, deviation: f32) -> f32 {
        libm::expf(mean + deviation * self.normal())
    }

    /// Standard Gumbel: the maximum of scores plus this noise is a draw from their softmax.
    pub fn gumbel(&mut self) -> f32 {
        -libm::logf(1e-9 - libm::logf(1.0 - self.uniform()))
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f32) -> f32 {
        -mean * libm::logf(1.0 - self.uniform())
    }

    /// Poisson with a small mean (Knuth's product of uniforms).
    pub fn poisson(&mut self, mean: f32) -> u32 {
        let floor = libm::expf(-mean);
        let mut product = self.uniform();
        let mut count = 0;
        while product > floor && count < 1_000 {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Index drawn in proportion to the weights; `None` where they sum to nothing.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f32> + Clone) -> Option<usize> {
        let total: f32 = weights.clone().sum();
        if total.is_nan() || total <= 0.0 {
            return None;
        }
        let mut left = self.uniform() * total;
        let mut last = None;
        for (index, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = Some(index);
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last
    }

    /// One of the items; `None` of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Uniformly shuffles (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Mixes a key into 64 well spread bits (SplitMix64).
pub(crate) fn mix(key: u64) -> u64 {
    let mut z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Noise that belongs to a key: near a standard normal (four uniforms summed, within ±3.47), the
/// same whenever and in whatever order it is asked for.
pub(crate) fn noise(key: u64) -> f32 {
    let bits = mix(key);
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    // Each part has mean 32767.5 and deviation 65536 / sqrt(12); four of them twice that.
    (sum as f32 - 131_070.0) * (1.0 / 37_837.227)
}

/// Uniform in [0, 1) that belongs to a key.
pub(crate) fn share(key: u64) -> f32 {
    (mix(key) >> 40) as f32 * (1.0 / 16_777_216.0)
}

/// Joins two numbers to a key for [`noise`] and [`mix`].
pub(crate) fn key(a: u64, b: u64) -> u64 {
    mix(a).wrapping_add(b)
}

/// Logistic function.
pub(crate) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-logit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut random = Random::new(7, Purpose::Names, 0);
        let n = 40_000;
        let moments = |draws: &mut dyn FnMut() -> f32| {
            let draws: Vec<f32> = (0..n).map(|_| draws()).collect();
            let mean = draws.iter().sum::<f32>() / n as f32;
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n as f32;
            (mean, variance)
        };
        let (mean, variance) = moments(&mut || random.normal());
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let (mean, variance) = moments(&mut || random.gumbel());
        assert!((mean - 0.577).abs() < 0.03 && (variance - 1.645).abs() < 0.1, "{mean} {variance}");
        let (mean, variance) = moments(&mut || random.poisson(2.5) as f32);
        assert!((mean - 2.5).abs() < 0.05 && (variance - 2.5).abs() < 0.1, "{mean} {variance}");
        let mut number = 0;
        let (mean, variance) = moments(&mut || {
            number += 1;
            noise(number)
        });
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn weights_are_kept_in_proportion() {
        let mut random = Random::new(7, Purpose::Names, 1);
        let weights = [1.0, 0.0, 3.0];
        let mut counts = [0; 3];
        for _ in 0..8_000 {
            counts[random.weighted(weights.iter().copied()).expect("weights are positive")] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((counts[2] as f32 / counts[0] as f32 - 3.0).abs() < 0.25, "{counts:?}");
        assert_eq!(random.weighted([0.0].into_iter()), None);
    }

    #[test]
    fn streams_do_not_overlap() {
        let draw = |purpose, number| {
            let mut random = Random::new(1, purpose, number);
            (0..8).map(|_| random.below(1 << 30)).collect::<Vec<_>>()
        };
        assert_eq!(draw(Purpose::Taste, 3), draw(Purpose::Taste, 3));
        assert_ne!(draw(Purpose::Taste, 3), draw(Purpose::Taste, 4));
        assert_ne!(draw(Purpose::Taste, 3), draw(Purpose::Behaviour, 3));
    }
}
