//! A product's way through the funnel, stage by stage.

use wire::message;

use market::catalogue::ProductId;

message! {
    /// A product's way through the funnel.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Trace {
        /// Which product.
        pub product: ProductId,
        /// The stages before the ranker, in their order.
        pub passages: Vec<Passage>,
        /// Its place, from 0, in the blended order of what was ranked; where it did not get that far,
        /// the place it would have taken.
        pub rank: u32,
        /// Products that were ranked, without it where it did not get that far.
        pub ranked: u32,
        /// Its blended score; without a ranker the retriever's.
        pub score: f32,
    }
}

message! {
    /// A stage of the funnel before the ranker, and what became of a product in it. Where the product
    /// was lost before, what would have become of it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Passage {
        /// "stock", "relevance", "retrieve" or "coarse".
        pub stage: String,
        /// Products that came in.
        pub entered: u32,
        /// Products that went on.
        pub left: u32,
        /// What the stage judges the product by: the retriever's score, the probability of its
        /// category, the coarse ranker's score; no number where it is on sale or not.
        pub value: f32,
        /// The least value that was enough; no number where the candidates were drawn by lot.
        pub least: f32,
        /// The product's place among those that came in, from 0; none where the stage orders nothing.
        pub place: Option<u32>,
        /// Whether the product passes.
        pub passed: bool,
    }
}
