//! Random numbers that agree on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers under a seed.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut chacha = ChaCha8Rng::seed_from_u64(seed);
        chacha.set_stream(stream);
        Self(chacha)
    }

    /// Uniform over 0..n; 0 where n is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        // Lemire's multiplication; the bias for n below 2^32 is under 2^-32 and the same everywhere.
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// Uniform in [0, 1), on a grid of 2^-24.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Two standard normals (Box and Muller).
    pub(crate) fn normals(&mut self) -> [f32; 2] {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.uniform()));
        let (sine, cosine) = libm::sincosf(core::f32::consts::TAU * self.uniform());
        [radius * cosine, radius * sine]
    }

    /// `count` different numbers below `n`, in random order; all of them where there are no more.
    pub(crate) fn sample(&mut self, n: usize, count: usize) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..n as u32).collect();
        for place in 0..count.min(n) {
            numbers.swap(place, place + self.below(n - place));
        }
        numbers.truncate(count);
        numbers
    }
}
