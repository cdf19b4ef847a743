//! Vectors that are nobody's: mixtures of Gaussians, projected to length one, from a seed.

use crate::random::Random;

/// A mixture of Gaussians in D dimensions, all of the same weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Values of a vector, D.
    pub dimension: usize,
    /// Gaussians, whose centres are drawn evenly from directions; 0 draws vectors evenly.
    pub centres: usize,
    /// Length of what is added to a centre, in the mean: at 1 as long as the centre is.
    pub spread: f32,
    /// What all is drawn from.
    pub seed: u64,
}

impl Mixture {
    /// The vectors under these numbers: each is drawn for itself, so that any part of a mixture can be had
    /// without the rest.
    pub fn vectors(&self, numbers: std::ops::Range<u32>) -> impl Iterator<Item = Vec<f32>> {
        let centres: Vec<Vec<f32>> = (0..self.centres as u64)
            .map(|centre| unit(direction(self.dimension, &mut Random::new(self.seed, centre))))
            .collect();
        let (mixture, scale) = (self.clone(), self.spread / (self.dimension as f32).sqrt());
        numbers.map(move |number| {
            let mut random = Random::new(mixture.seed, (1 << 32) | u64::from(number));
            let mut vector = direction(mixture.dimension, &mut random);
            if !centres.is_empty() {
                let centre = &centres[random.below(centres.len())];
                let values = vector.iter_mut().zip(centre);
                values.for_each(|(value, centre)| *value = centre + scale * *value);
            }
            unit(vector)
        })
    }
}

/// Standard normals.
fn direction(dimension: usize, random: &mut Random) -> Vec<f32> {
    let mut values: Vec<f32> = (0..dimension.div_ceil(2)).flat_map(|_| random.normals()).collect();
    values.truncate(dimension);
    values
}

/// The vector at length one.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length.max(f32::MIN_POSITIVE));
    vector
}
