//! Metrics by blocks of shoppers, so that two models can be held against each other in pairs.

use serde::{Deserialize, Serialize};

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
