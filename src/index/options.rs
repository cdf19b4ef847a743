//! How a tree is to be.

use crate::IndexError;

/// How a tree is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Levels below the root, from 1 to 4.
    pub levels: usize,
    /// Vectors that a leaf should have. None has more than twice as many.
    pub leaf: usize,
    /// The weight that queries mostly give to the further value, which counts as much where distances are
    /// measured: 0 divides by the values alone. Whatever it is, queries may give another.
    pub further: f32,
    /// What random draws come from.
    pub seed: u64,
}

impl Options {
    /// What suits so many vectors: leaves grow with the root of their number, as the number of leaves
    /// does, from 8 for the smallest indexes to 256 for a million.
    pub fn new(vectors: usize) -> Self {
        let leaf = (vectors.isqrt() / 4).next_power_of_two().max(8);
        Self { levels: 2, leaf, further: 0.0, seed: 1 }
    }

    pub(crate) fn check(&self) -> Result<(), IndexError> {
        if !(1..=4).contains(&self.levels) {
            Err(IndexError::Options("a tree has from 1 to 4 levels"))
        } else if !(1..=1 << 20).contains(&self.leaf) {
            Err(IndexError::Options("a leaf is of 1 to 1,048,576 vectors"))
        } else if !(0.0..=1_000.0).contains(&self.further) {
            Err(IndexError::Options("the further value's weight is from 0 to 1,000"))
        } else {
            Ok(())
        }
    }

    /// Square of the further value's weight.
    pub(crate) fn weight(&self) -> f32 {
        self.further * self.further
    }

    /// The most vectors in a leaf.
    pub(crate) fn most(&self) -> usize {
        2 * self.leaf
    }
}
