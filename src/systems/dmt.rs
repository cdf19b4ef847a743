//! DMT: the variants that there are weights for.

use serde::{Deserialize, Serialize};

/// How DMT's tasks share parameters (DMT table 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MultiTask {
    /// A gate a task over shared experts.
    #[default]
    Mmoe,
    /// One bottom under both towers.
    SharedBottom,
    /// A network of its own for each task.
    SingleTask,
}

/// What the bias network reads (DMT 4.4 and table 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BiasFeatures {
    /// Index of the product in the list ("position_index").
    pub position: bool,
    /// Page number ("position_page").
    pub page: bool,
    /// Categories of the target and of its six nearest neighbours ("neighboring").
    pub neighbours: bool,
}

impl BiasFeatures {
    /// What the bias network of the model that opens reads.
    pub const SHIPPED: Self = Self { position: true, page: false, neighbours: true };
}
