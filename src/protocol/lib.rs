//! Messages between page and engine: plain data with a protocol version and a run number.
//!
//! The page sends its whole [`State`]; the newest wins. The engine answers with everything the
//! page shows; nothing on screen is computed from anything else but the blend, which both sides
//! compute as [`blend`] has it. Errors travel as data.
//!
//! It knows the link and the market's plain data, no tensor and no browser.

#[macro_use]
extern crate keys;

pub mod blend;
pub mod block;
pub mod learn;
pub mod machine;
pub mod memory;
pub mod prepared;
pub mod supervisor;
mod version;
pub mod words;

pub use version::PROTOCOL_VERSION;

use wire::message;

use block::Block;
use link::State;
use machine::Machine;
use market::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use market::history::{Event, Profile, WebSearch};
use market::language::{Message, Value};
use market::metrics::measure::Values;
use systems::knob::{Facts, Settings};
use systems::{Ranker, Retriever};

message! {
    /// Page to engine.
    #[derive(Clone, Debug, PartialEq)]
    pub enum ToEngine {
        /// Load the assets and answer [`FromEngine::Ready`].
        Start {
            /// [`PROTOCOL_VERSION`] of the page.
            version: u32,
        } = "start",
        /// Compute this state. A newer one makes it stale.
        Run {
            /// Number of the run, rising.
            run: u64,
            /// What to compute.
            state: Box<State>,
        } = "run",
        /// Measure this state on some held-out page views, and answer [`FromEngine::Evaluated`]. A run
        /// that waits goes first.
        Evaluate {
            /// Number of the job.
            job: u64,
            /// What to measure. Its surface says on which views; query, shopper, history and device
            /// are the views'.
            state: Box<State>,
            /// The first view, counted over those of the surface.
            from: u32,
            /// How many, at most.
            count: u32,
        } = "evaluate",
        /// Answer a question about this state with [`FromEngine::Told`]. A run that waits goes first.
        Ask {
            /// Number of the job.
            job: u64,
            /// What it is about.
            state: Box<State>,
            /// What is asked.
            question: Question,
        } = "ask",
        /// Where a state asks for learned weights, rank with these in place of the file's of this name,
        /// from the next run on.
        Weigh {
            /// Name of the file.
            file: String,
            /// Its bytes, in base 64; an empty text takes them back.
            weights: String,
        } = "weigh",
        /// Say of a file of weights which variant of which ranker it is of, with [`FromEngine::Told`] and
        /// [`Reply::Weights`]. A run that waits goes first.
        Open {
            /// Number of the job.
            job: u64,
            /// Its bytes, in base 64.
            weights: String,
        } = "open",
        /// Answer [`FromEngine::Alive`].
        Ping = "ping",
        /// Lose the GPU, for tests of what follows.
        LoseDevice = "lose-device",
    }
}

message! {
    /// Engine to page.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FromEngine {
        /// The program has loaded and listens.
        Hello {
            /// [`PROTOCOL_VERSION`] of the engine.
            version: u32,
            /// Where it computes.
            backend: Backend,
        } = "hello",
        /// Bytes arrived, before the engine is ready or while a run waits for weights that were not
        /// asked for before. The loader says so, not the engine.
        Progress(Progress) = "progress",
        /// What is on sale and who shops: sent as soon as it is read, before the weights are.
        Shop(Box<Shop>) = "shop",
        /// Ready to run.
        Ready {
            /// Adapter as the browser names it; empty on the CPU.
            adapter: String,
        } = "ready",
        /// A larger shop is being made for a run.
        Growing(Growing) = "growing",
        /// The answer to a run.
        Answer(Box<Answer>) = "answer",
        /// What was measured on some held-out page views.
        Evaluated(Evaluated) = "evaluated",
        /// What came of a question.
        Told(Told) = "told",
        /// Something went wrong that leaves the engine working.
        Notice(Notice) = "notice",
        /// Something went wrong that the engine does not survive.
        Failed(Notice) = "failed",
        /// The answer to a ping.
        Alive = "alive",
    }
}

message! {
    /// Where a run was computed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Backend {
        /// Burn flex, in WebAssembly.
        Cpu = "cpu",
        /// Burn on WebGPU.
        Webgpu = "webgpu",
    }
}

message! {
    /// How far loading is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Progress {
        /// Bytes that have arrived: of the engine's program and of the assets of a first ranking, and
        /// later of the files that are fetched side by side.
        pub loaded: u64,
        /// Bytes of all of them.
        pub total: u64,
    }
}

message! {
    /// How far a larger shop is that is being made.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Growing {
        /// What is being made.
        pub what: Making,
        /// For how many products it is there.
        pub made: u32,
        /// Products that there are to be.
        pub of: u32,
        /// For how many of them it was taken from what an earlier visit kept.
        pub taken: u32,
    }
}

message! {
    /// What is made of a larger shop, one after the other.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Making {
        /// The products.
        Products = "products",
        /// Their vectors.
        Vectors = "vectors",
        /// The tree that vectors are searched in.
        Tree = "tree",
    }
}

message! {
    /// A message to the person: what happened and what to do.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Notice {
        /// Stable key, for example "query-too-long": one notice of each kind is shown at a time.
        pub key: String,
        /// What it says.
        pub says: Message,
    }
}

impl Notice {
    /// A notice that says this, of the kind that stands behind "notices." in the key of its words.
    pub fn new(words: &str) -> Self {
        let key = words.strip_prefix("notices.").unwrap_or(words);
        Self { key: key.into(), says: Message::new(words) }
    }

    /// With a value in a placeholder of what it says.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.says = self.says.with(name, value);
        self
    }
}

message! {
    /// What the page needs to show products and shoppers.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Shop {
        /// What is on sale.
        pub catalogue: Catalogue,
        /// Who can be played.
        pub shoppers: Vec<Shopper>,
        /// Queries for suggestions, most frequent first.
        pub queries: Vec<String>,
        /// Products of a larger shop that answers named, by their numbers, rising. An engine has none to
        /// tell of as it loads.
        pub others: Vec<Listed>,
    }
}

impl Shop {
    /// A product that is known here: of those that ship each is, of others those that were named.
    pub fn product(&self, product: ProductId) -> Option<&Product> {
        let shipped = self.catalogue.products.get(product as usize);
        shipped.or_else(|| listed(&self.others, product))
    }

    /// Which of these products are not known yet.
    pub fn unknown<'a>(&self, others: &'a [Listed]) -> Vec<&'a Listed> {
        others.iter().filter(|listed| self.product(listed.product).is_none()).collect()
    }

    /// Takes in products that were not known.
    pub fn learn(&mut self, others: Vec<Listed>) {
        self.others.extend(others);
        self.others.sort_unstable_by_key(|listed| listed.product);
        self.others.dedup_by_key(|listed| listed.product);
    }
}

message! {
    /// A product of a larger shop than the one that ships.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Listed {
        /// Its number, behind those of the catalogue that ships.
        pub product: ProductId,
        /// The product.
        pub row: Product,
    }
}

/// The product of a number among some that are listed by their numbers, rising.
fn listed(others: &[Listed], product: ProductId) -> Option<&Product> {
    let place = others.binary_search_by_key(&product, |listed| listed.product);
    place.ok().map(|place| &others[place].row)
}

message! {
    /// A shopper one can take the place of.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Shopper {
        /// Key in links, for example "mara".
        pub key: String,
        /// Name, for example "Mara".
        pub name: String,
        /// A few sentences about the person.
        pub about: Vec<Message>,
        /// Profile features.
        pub profile: Profile,
        /// Behaviour, oldest first.
        pub events: Vec<Event>,
        /// Web searches made outside the shop, oldest first.
        #[serde(default)]
        pub web_searches: Vec<WebSearch>,
        /// "Now" for this shopper, in minutes.
        pub now: i32,
    }
}

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
    /// What was measured on some held-out page views.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Evaluated {
        /// Number of the job.
        pub job: u64,
        /// How many views there are on the surface.
        pub views: u32,
        /// What was measured of each view asked for, in their order; empty where something is missing.
        pub values: Vec<Values>,
        /// What is missing, and what to do.
        pub notices: Vec<Notice>,
    }
}

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
        /// Which ranker, and which variant of it.
        pub settings: Settings,
        /// What made it, as it says itself.
        pub command: String,
    }
}

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
        /// that was asked for, one more for each word that the title lacks, and 255 where the type is
        /// not likely meant and only fills the page.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str) -> Product {
        Product {
            title: title.into(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents: 100,
            rating: 4.0,
            reviews: 3,
        }
    }

    fn other(product: ProductId, title: &str) -> Listed {
        Listed { product, row: row(title) }
    }

    #[test]
    fn a_shop_knows_what_ships_and_of_a_larger_one_what_was_named() {
        let catalogue = Catalogue {
            seed: 1,
            departments: vec![],
            product_types: vec![],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            products: ["lamp", "rug"].map(row).into(),
            newcomers: 0,
        };
        let mut shop = Shop { catalogue, shoppers: vec![], queries: vec![], others: vec![] };
        let named = [other(3, "desk"), other(9, "sofa")];
        assert_eq!(shop.unknown(&named).len(), 2);
        shop.learn(named.to_vec());
        let title = |shop: &Shop, product| shop.product(product).map(|row| row.title.clone());
        assert_eq!(title(&shop, 1).as_deref(), Some("rug"));
        assert_eq!(title(&shop, 9).as_deref(), Some("sofa"));
        assert_eq!([2, 4, 10].map(|product| title(&shop, product)), [None, None, None]);

        // What comes later may stand between them, and be known in part.
        let more = [other(3, "desk"), other(5, "vase")];
        let new: Vec<Listed> = shop.unknown(&more).into_iter().cloned().collect();
        assert_eq!(new, more[1..]);
        shop.learn(more.to_vec());
        let known: Vec<ProductId> = shop.others.iter().map(|listed| listed.product).collect();
        assert_eq!(known, [3, 5, 9]);
        assert_eq!(title(&shop, 5).as_deref(), Some("vase"));
        assert!(shop.unknown(&more).is_empty());
    }
}
