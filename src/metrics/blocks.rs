//! A metric for blocks of shoppers, so that two models can be compared block by block.

use serde::{Deserialize, Serialize};

use super::Mean;

/// Averages a metric over everything, and over each block of shoppers: those whose numbers leave
/// the same remainder.
///
/// ```
/// use vitrine::metrics::Blocks;
///
/// let mut ndcg = Blocks::default();
/// ndcg.add(3, Some(1.0));
/// ndcg.add(23, Some(0.5));
/// ndcg.add(4, Some(0.0));
/// assert_eq!(ndcg.whole(), 0.5);
/// assert_eq!(ndcg.values()[3], 0.75);
/// // Nothing is known of block 0.
/// assert_eq!(ndcg.values()[0], 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blocks([Mean; Blocks::COUNT]);

impl Blocks {
    /// Number of blocks.
    pub const COUNT: usize = 20;

    /// Counts one page view of a shopper; none of it if the metric does not exist there.
    pub fn add(&mut self, shopper: u32, value: Option<f64>) {
        self.0[shopper as usize % Self::COUNT].add(value);
    }

    /// Whether the metric existed nowhere.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|block| block.count() == 0)
    }

    /// The mean over everything; 0 before the first value.
    pub fn whole(&self) -> f64 {
        let mut whole = Mean::default();
        self.0.iter().for_each(|block| whole.merge(block));
        whole.value().unwrap_or(0.0)
    }

    /// The mean of each block; [`Blocks::whole`] of one without a value.
    pub fn values(&self) -> [f64; Self::COUNT] {
        let whole = self.whole();
        self.0.map(|block| block.value().unwrap_or(whole))
    }
}
