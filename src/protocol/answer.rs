//! The answer to a run: everything that the page shows of it.

use wire::message;

use crate::block::Block;
use crate::shop::{Listed, listed};
use crate::{Backend, Notice};
use market::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use market::history::Event;
use systems::knob::Facts;
use systems::{Ranker, Retriever};

message! {
    /// Everything one run computed.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Answer {
        /// Number of the run.
        pub run: u64,
        /// Where it was computed.
        pub backend: Backend,
        /// Which system retrieved the candidates.
        pub retriever: &'static Retriever,
        /// Which system ranked them, if any; it says what their utilities are of ([`Ranker::tasks`](systems::Ranker)).
        pub ranker: &'static Ranker,
        /// Base rate of each of its tasks: the share of what the shop showed, on the days that its
        /// statistics were counted, that the task's behaviour came of.
        pub base_rates: Vec<f32>,
        /// Time of each stage.
        pub timings: Vec<StageTime>,
        /// What the person should know about this run: a query cut short, an unknown product.
        pub notices: Vec<Notice>,
        /// The history the models saw, oldest first, edits applied.
        pub history: Vec<HistoryEntry>,
        /// What the retriever thought.
        pub retrieval: RetrievalInsides,
        /// What is shown beside that and is of no one product, in the order in which it is read.
        pub blocks: Vec<Block>,
        /// Whether there are learned weights for the ranker that is chosen, whatever it ranked with.
        pub learned: bool,
        /// Whether there are learned weights for the retriever that is chosen, whatever it retrieved with. They
        /// are for the shop that ships: in a larger one there are none.
        pub learned_towers: bool,
        /// Every product that was ranked, in the order of retrieval. The page blends and orders.
        pub candidates: Vec<Candidate>,
        /// Products that the shop sells or sold.
        pub products: u32,
        /// Those of a larger shop than the one that ships that are named, by their numbers, rising.
        pub others: Vec<Listed>,
        /// Insides for the chosen product, if it is among the candidates.
        pub detail: Option<Detail>,
    }
}

impl Answer {
    /// What decides whether a knob does anything.
    pub fn facts(&self) -> Facts {
        let RetrievalInsides { retrieved, recent_searches, .. } = self.retrieval;
        Facts {
            asked: !self.retrieval.pieces.is_empty(),
            understood: !self.retrieval.categories.is_empty(),
            history: self.history.len() as u32,
            web_searches: recent_searches.is_some_and(|searches| searches > 0),
            retrieved,
            ranked: self.candidates.len() as u32,
            learned: self.learned,
            learned_towers: self.learned_towers,
        }
    }

    /// A product that it names: those that ship are in the catalogue, the rows of others come with it.
    pub fn product<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        product: ProductId,
    ) -> Option<&'a Product> {
        let shipped = catalogue.products.get(product as usize);
        shipped.or_else(|| listed(&self.others, product))
    }
}

message! {
    /// A stage of the funnel and how long it took.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StageTime {
        /// "score", "retrieve", "coarse", "prepare", "encode", "rank", "bias", "explain".
        pub stage: String,
        /// Milliseconds.
        pub milliseconds: f32,
        /// The stage's last answer was used again.
        pub cached: bool,
    }
}

message! {
    /// One entry of the history shown.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct HistoryEntry {
        /// Number by which [`link::HistoryEdit::Remove`] names it.
        pub entry: u32,
        /// What was done, to what, when.
        pub event: Event,
        /// Read by the retriever: kept by MOPPR's category filter, or among the newest that Yandex's
        /// user tower takes.
        pub kept: bool,
        /// The retriever's attention on it, 0 if not kept: MOPPR's query attention (equation 7)
        /// within its own window, or that of Yandex's `CLS` in the last layer, over all heads.
        pub attention: f32,
    }
}

message! {
    /// What the retrieval stage did.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RetrievalInsides {
        /// Word pieces of the query.
        pub pieces: Vec<String>,
        /// The retriever's attention on each piece, of none without a query; none of a retriever that does
        /// not weigh them one by one.
        pub attention: Option<Vec<f32>>,
        /// Predicted categories with their probabilities, most likely first.
        pub categories: Vec<(ProductTypeId, f32)>,
        /// Entropy in nats of the softmax over all that is on sale at tau.
        pub entropy: f32,
        /// exp(entropy): how many products effectively compete.
        pub effective_candidates: f32,
        /// Softmax probability of the best products, falling.
        pub softmax: Vec<f32>,
        /// Products on sale.
        pub searched: u32,
        /// Products of types that the query is likely to mean.
        pub relevant: u32,
        /// Products that relevance control lets pass: those, and the next likely where they are too
        /// few for a page.
        pub admitted: u32,
        /// Products that were retrieved of those.
        pub retrieved: u32,
        /// Web searches that are recent enough for the retriever to read, whether or not its knobs let it;
        /// none of a retriever that has no use for any.
        pub recent_searches: Option<u32>,
        /// What the retriever shows of itself beside that, in the order in which it is read.
        pub blocks: Vec<Block>,
    }
}

message! {
    /// One ranked product.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Candidate {
        /// Which product.
        pub product: ProductId,
        /// Score the retriever ordered by: inner product, or the GMV score.
        pub retrieval_score: f32,
        /// Softmax probability at tau over what is on sale (equation 15).
        pub probability: f32,
        /// Relevance tier: products of a lower one stand before it, whatever their scores. 0 with all
        /// that was asked for, one more for each word that the product does not answer to, after all of
        /// these where that is the name of a thing, and 255 where the type is not likely meant and only
        /// fills the page.
        pub tier: u8,
        /// Utility logits u_k of the ranker's tasks (DMT equation 3).
        pub utility: Vec<f32>,
        /// Bias logit y_b (equation 4) at the place it takes in the present order.
        pub bias: f32,
    }
}

message! {
    /// The insides for one product.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Detail {
        /// Which product.
        pub product: ProductId,
        /// What the ranker shows of itself, in the order in which it is read.
        pub blocks: Vec<Block>,
    }
}

message! {
    /// A feature of a product (DMT 4.1.2).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Feature {
        /// What the page names it by, for example "clicks-on-the-product-type-in-7-days".
        pub name: String,
        /// What the page names its kind by, for example "user-item-interaction".
        pub kind: String,
        /// As it is counted.
        pub value: f32,
        /// In standard deviations from its mean: as the experts read it.
        pub z_score: f32,
    }
}
