//! What can be asked about a state beyond its ranking, and what is told of it.

use wire::message;

use crate::Notice;
use crate::answer::{Candidate, Detail, Feature};
use crate::block::Block;
use crate::machine::Machine;
use crate::shop::Listed;
use crate::trace::Trace;
use market::catalogue::ProductId;
use systems::knob::Settings;

message! {
    /// What can be asked about a state beyond its ranking.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Question {
        /// Where a product of the catalogue goes in the funnel: [`Reply::Trace`]. With a number of one
        /// of the ranker's features, that feature is held at its training mean for every candidate.
        Trace {
            /// Which product.
            product: ProductId,
            /// The feature that is held.
            held: Option<u32>,
        } = "trace",
        /// What a product's scores are made of: [`Reply::Parts`].
        Parts(ProductId) = "parts",
        /// What the places of the page on show do to the products of this order:
        /// [`Reply::Seats`].
        Seats(Vec<ProductId>) = "seats",
        /// The item vectors in two dimensions: [`Reply::Map`].
        Map = "map",
        /// What every part of the systems makes of a product: [`Reply::Machine`].
        Machine {
            /// Which product.
            product: ProductId,
            /// Whether the mean over the products of the page on show is wanted in place of it.
            of_page: bool,
        } = "machine",
    }
}

impl Question {
    /// The products that it names.
    pub fn products(&self) -> Vec<ProductId> {
        match self {
            Self::Trace { product, .. } | Self::Machine { product, .. } | Self::Parts(product) => {
                vec![*product]
            }
            Self::Seats(order) => order.clone(),
            Self::Map => Vec::new(),
        }
    }
}

message! {
    /// What came of a question.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Told {
        /// Number of the job.
        pub job: u64,
        /// The answer; none where something is missing.
        pub reply: Option<Reply>,
        /// Products of a larger shop than the one that ships that the question or the answer to it names, by
        /// their numbers, rising.
        pub others: Vec<Listed>,
        /// What is missing, and what to do.
        pub notices: Vec<Notice>,
    }
}

message! {
    /// The answer to a [`Question`], or to a file that was opened.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Reply {
        /// A product's way through the funnel.
        Trace(Trace) = "trace",
        /// What its scores are made of.
        Parts(Box<Parts>) = "parts",
        /// The places of the page on show, in their order.
        Seats(Vec<Seat>) = "seats",
        /// The item vectors in two dimensions.
        Map(Map) = "map",
        /// What every part of the systems makes of a product.
        Machine(Box<Machine>) = "machine",
        /// What a file of weights is of.
        Weights(Opened) = "weights",
    }
}

message! {
    /// What a file of weights is of.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Opened {
        /// Name of the file of the same variant that ships, or would.
        pub file: String,
        /// Key of the system: as its training has it.
        pub system: String,
        /// That system, and which variant of it.
        pub settings: Settings,
        /// What made it, as it says itself.
        pub command: String,
    }
}

message! {
    /// What a product's scores are made of.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Parts {
        /// The product as a candidate; where it did not get that far, as the one that it would be.
        pub candidate: Candidate,
        /// What the answer's blocks hold of the product.
        pub blocks: Vec<Block>,
        /// The ranker's insides.
        pub detail: Option<Detail>,
        /// What the retriever reads, in groups.
        pub groups: Vec<String>,
        /// Retrieval score of the product where the retriever reads only some of the groups: those
        /// whose bits are set in the place on this list. The last is the score itself.
        pub coalitions: Vec<f32>,
        /// Utilities of the product with every feature at its training mean, by task.
        pub base: Vec<f32>,
        /// Each of the ranker's dense features with what it adds to each task's utility: the sampled
        /// Shapley value and its standard error. With [`Self::base`] they sum to the utility.
        pub features: Vec<(Feature, Vec<(f32, f32)>)>,
    }
}

message! {
    /// What a place does to the product that stands there.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Seat {
        /// The product that stands there.
        pub product: ProductId,
        /// Bias logit y_b there; 0 without a bias network.
        pub bias: f32,
        /// What the neighbours do to it: y_b less its mean over neighbours drawn from the catalogue;
        /// none where no network reads neighbours.
        pub neighbours: Option<f32>,
        /// Examination, attraction and competition, whose product is the market's chance of a click;
        /// empty where the market does not know what the query asks for.
        pub truth: Vec<f32>,
    }
}

message! {
    /// The item vectors in two dimensions: their two principal components.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Map {
        /// x and y of each product that ships, one after another, and behind them of [`Map::others`].
        pub points: Vec<f32>,
        /// Products of a larger shop that were retrieved.
        pub others: Vec<ProductId>,
        /// x and y of the query vector.
        pub query: (f32, f32),
        /// Share of the item vectors' variance along each axis.
        pub variance: (f32, f32),
    }
}
