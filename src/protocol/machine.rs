//! The machine at work: the real numbers in every part of the systems for one product.

use wire::message;

use crate::answer::Candidate;
use crate::trace::Trace;
use market::catalogue::ProductId;
use market::language::Value;

message! {
    /// What every part of both systems made of a product, or of a page's products in the mean.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Machine {
        /// Its way through the funnel.
        pub trace: Trace,
        /// The product as a candidate; where it did not get that far, as the one that it would be.
        pub candidate: Candidate,
        /// What the retriever's parts made, in their order, and the coarse ranker's behind them where it is
        /// switched on.
        pub retriever: Vec<Activity>,
        /// What the ranker's parts made, in their order.
        pub ranker: Vec<Activity>,
        /// The tree that was searched, from below its root to the leaves; empty where every product was
        /// looked at.
        pub levels: Vec<Level>,
    }
}

/// Most cells of a [`Level`]: what a telephone's 390 pixels have room for.
pub const MOST_CELLS: usize = 48;

message! {
    /// A level of a tree of clusters, in cells: clusters beside each other that are too many to be told
    /// apart share one.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Level {
        /// Clusters in each cell.
        pub clusters: Vec<u32>,
        /// Those of them that were opened.
        pub opened: Vec<u32>,
        /// Products in each cell.
        pub products: Vec<u32>,
        /// Score of the centre that was opened, the best of several; no number where none was.
        pub scores: Vec<f32>,
        /// The cell of the level above that each is a part of; 0 on the first level.
        pub above: Vec<u32>,
        /// The cell with the product's cluster, which it shares with no other; none where it is of no
        /// one product.
        pub own: Option<u32>,
    }
}

message! {
    /// What a part of a system made.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Activity {
        /// Key of the [`Part`](systems::part::Part).
        pub part: String,
        /// Its numbers, one vector after another.
        pub rows: Vec<Strip>,
    }
}

message! {
    /// A vector, or how things stand to each other: a square of numbers.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Strip {
        /// What it is of; an empty text where it is the only one.
        pub name: Value,
        /// What each of its numbers is of; empty where they have no names.
        pub columns: Vec<Value>,
        /// The product of each of its numbers, where they are of behaviours; else empty.
        pub products: Vec<ProductId>,
        /// The numbers: one of each thing that is named, or one of each such thing on each, row by row.
        pub values: Vec<f32>,
    }
}

impl Strip {
    /// How many things it tells of that stand to each other, a row of numbers each; none where it is a
    /// vector.
    pub fn among(&self) -> Option<usize> {
        let things = self.columns.len().max(self.products.len());
        (things > 1 && self.values.len() == things * things).then_some(things)
    }
}
