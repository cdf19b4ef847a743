//! Metrics by blocks of shoppers, so that two models can be held against each other in pairs.

use serde::{Deserialize, Serialize};

use super::Mean;

/// Number of blocks.
pub const BLOCKS: usize = 20;

/// The block that a shopper is in.
pub fn block_of(shopper: u32) -> usize {
    shopper as usize % BLOCKS
}

/// One metric of a model on held-out page views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Name of the metric, for example "click AUC".
    pub name: String,
    /// Over all page views; none where the metric exists in none of them.
    pub whole: Option<f64>,
    /// Over the page views of each block's shoppers; none where it does not exist there, which
    /// is for the page views to say and not for the model: it is the same blocks for every model.
    pub blocks: [Option<f64>; BLOCKS],
}

/// Averages a metric over everything, and over each block of shoppers: those whose numbers leave
/// the same remainder.
///
/// ```
/// use market::metrics::Blocks;
///
/// let mut ndcg = Blocks::default();
/// ndcg.add(3, Some(1.0));
/// ndcg.add(23, Some(0.5));
/// ndcg.add(4, Some(0.0));
/// assert_eq!(ndcg.whole(), 0.5);
/// let figure = ndcg.figure("nDCG@10");
/// assert_eq!(figure.blocks[3..5], [Some(0.75), Some(0.0)]);
/// // Nothing is known of block 0.
/// assert_eq!(figure.blocks[0], None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Blocks([Mean; BLOCKS]);

impl Blocks {
    /// Counts one page view of a shopper; none of it if the metric does not exist there.
    pub fn add(&mut self, shopper: u32, value: Option<f64>) {
        self.0[block_of(shopper)].add(value);
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

    /// As a figure of this name; none where the metric does not exist.
    pub fn figure(&self, name: impl Into<String>) -> Figure {
        let whole = (!self.is_empty()).then(|| self.whole());
        Figure { name: name.into(), whole, blocks: self.0.map(|block| block.value()) }
    }
}
