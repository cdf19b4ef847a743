//! Messages between page and engine: plain data with a protocol version and a run number.
//!
//! The page sends its whole [`State`]; the newest wins. The engine answers with everything the
//! page shows; nothing on screen is computed from anything else. Errors travel as data.

use serde::{Deserialize, Serialize};

use crate::language::{Message, Value};
use crate::market::catalogue::{Catalogue, ProductId, ProductTypeId};
use crate::market::history::{Event, Profile, WebSearch};
use crate::metrics::measure::Values;
use crate::share::{Ranker, Retriever, State};

/// Raised with every change to this file: a cached engine of another version is refused.
pub const PROTOCOL_VERSION: u32 = 6;

/// Page to engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToEngine {
    /// Load the assets and answer [`FromEngine::Ready`].
    Start {
        /// [`PROTOCOL_VERSION`] of the page.
        version: u32,
    },
    /// Compute this state. A newer one makes it stale.
    Run {
        /// Number of the run, rising.
        run: u64,
        /// What to compute.
        state: Box<State>,
    },
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
    },
    /// Answer [`FromEngine::Alive`].
    Ping,
    /// Lose the GPU, for tests of what follows.
    LoseDevice,
}

/// Engine to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromEngine {
    /// The program has loaded and listens.
    Hello {
        /// [`PROTOCOL_VERSION`] of the engine.
        version: u32,
        /// Where it computes.
        backend: Backend,
    },
    /// Bytes arrived, before the engine is ready or while a run waits for weights that were not
    /// asked for before. The loader says so, not the engine.
    Progress(Progress),
    /// What is on sale and who shops: sent as soon as it is read, before the weights are.
    Shop(Box<Shop>),
    /// Ready to run.
    Ready {
        /// Adapter as the browser names it; empty on the CPU.
        adapter: String,
    },
    /// The answer to a run.
    Answer(Box<Answer>),
    /// What was measured on some held-out page views.
    Evaluated(Evaluated),
    /// Something went wrong that leaves the engine working.
    Notice(Notice),
    /// Something went wrong that the engine does not survive.
    Failed(Notice),
    /// The answer to a ping.
    Alive,
}

/// Where a run was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Burn flex, in WebAssembly.
    Cpu,
    /// Burn on WebGPU.
    Webgpu,
}

/// How far loading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes that have arrived: of the engine's program and of the assets of a first ranking, and
    /// later of the files that are fetched side by side.
    pub loaded: u64,
    /// Bytes of all of them.
    pub total: u64,
}

/// A message to the person: what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable key, for example "query-too-long": one notice of each kind is shown at a time.
    pub key: String,
    /// What it says.
    pub says: Message,
}

impl Notice {
    /// A notice of this kind; its words are under "notices." and its key.
    pub fn new(key: &str) -> Self {
        Self { key: key.into(), says: Message::new(format!("notices.{key}")) }
    }

    /// With a value in a placeholder of what it says.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.says = self.says.with(name, value);
        self
    }
}

/// What the page needs to show products and shoppers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shop {
    /// What is on sale.
    pub catalogue: Catalogue,
    /// Who can be played.
    pub shoppers: Vec<Shopper>,
    /// Queries for suggestions, most frequent first.
    pub queries: Vec<String>,
}

/// A shopper one can take the place of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Everything one run computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the run.
    pub run: u64,
    /// Where it was computed.
    pub backend: Backend,
    /// Which system retrieved the candidates.
    pub retriever: Retriever,
    /// Which system ranked them; it says what their utilities are of ([`Ranker::tasks`]).
    pub ranker: Ranker,
    /// Time of each stage.
    pub timings: Vec<StageTime>,
    /// What the person should know about this run: a query cut short, an unknown product.
    pub notices: Vec<Notice>,
    /// The history the models saw, oldest first, edits applied.
    pub history: Vec<HistoryEntry>,
    /// What the retriever thought.
    pub retrieval: RetrievalInsides,
    /// What the ranker's gates choose among, in the order of [`Candidate::gates`].
    pub gatings: Vec<Gating>,
    /// Every product that was ranked, best retrieval score first. The page blends and orders.
    pub candidates: Vec<Candidate>,
    /// Examination by place, learned and true.
    pub examination: Examination,
    /// Insides for the chosen product, if it is among the candidates.
    pub detail: Option<Detail>,
}

/// What was measured on some held-out page views.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// A stage of the funnel and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// "retrieve", "coarse", "prepare", "encode", "rank", "bias", "explain".
    pub stage: String,
    /// Milliseconds.
    pub milliseconds: f32,
    /// The stage's last answer was used again.
    pub cached: bool,
}

/// One entry of the history shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Number by which [`crate::share::HistoryEdit::Remove`] names it.
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

/// What the retrieval stage did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalInsides {
    /// Word pieces of the query.
    pub pieces: Vec<String>,
    /// MOPPR's personalised attention on each piece (equation 6); empty without MOPPR.
    pub personal_attention: Vec<f32>,
    /// Predicted categories with their probabilities, most likely first.
    pub categories: Vec<(ProductTypeId, f32)>,
    /// Entropy in nats of the softmax over the whole catalogue at tau.
    pub entropy: f32,
    /// exp(entropy): how many products effectively compete.
    pub effective_candidates: f32,
    /// Softmax probability of the best products, falling.
    pub softmax: Vec<f32>,
    /// Products in the catalogue that were scored.
    pub searched: u32,
    /// Products that were retrieved, before relevance control.
    pub retrieved: u32,
    /// Products in the catalogue that relevance control lets pass.
    pub relevant: u32,
    /// What Yandex's towers did; none without them.
    pub towers: Option<TowerInsides>,
}

/// What Yandex's towers did, beside the attention on each [`HistoryEntry`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TowerInsides {
    /// Behaviours that were read, web searches among them.
    pub read: u32,
    /// Attention of `CLS` on itself in the last layer.
    pub own_attention: f32,
    /// Web searches that were read, newest first, with the attention on each.
    pub searches: Vec<(String, f32)>,
    /// tau, the learned temperature that similarities are multiplied by (3.5.1).
    pub temperature: f32,
    /// r_ctx of the present surface and of the present device (3.4): detached in serving.
    pub context: (f32, f32),
}

/// A layer of experts, of which each task's gate makes a mixture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gating {
    /// What the page names the layer by; empty where it is the only one.
    pub name: String,
    /// A task's experts in the order of its gate weights: whose they are and a number, "expert 1",
    /// "shared 2".
    pub experts: Vec<String>,
}

/// One ranked product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which product.
    pub product: ProductId,
    /// Score the retriever ordered by: inner product, or the GMV score.
    pub retrieval_score: f32,
    /// Softmax probability at tau over the catalogue (equation 15).
    pub probability: f32,
    /// Utility logits u_k of the ranker's tasks (DMT equation 3).
    pub utility: Vec<f32>,
    /// Gate weights: by gating, by task, by expert; empty where the ranker has no gates.
    pub gates: Vec<f32>,
    /// Bias logit y_b (equation 4) at the place it takes in the present order.
    pub bias: f32,
}

/// Examination by index on the list, relative to the first place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// What the bias network learned: exp(y_b(index) - y_b(0)); empty if it reads no position.
    pub learned: Vec<f32>,
    /// What the market does.
    pub truth: Vec<f32>,
}

/// The insides for one product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Which product.
    pub product: ProductId,
    /// DMT's decoder attention of the target item over the three sequences.
    pub attention: Vec<SequenceAttention>,
    /// The features that are farthest from their mean, farthest first.
    pub features: Vec<Feature>,
    /// What MLPR hands on from task to task; empty without MLPR.
    pub transfer: Vec<Transfer>,
    /// What each expert of the last gating adds to each task, by task and expert: the utility
    /// (DMT) or the conditional's logit (MLPR), less what it would be were the expert's gate
    /// weight zero.
    pub expert_contribution: Vec<Vec<f32>>,
    /// Bias logit with only one of the features present: position, page, neighbours; NaN-free,
    /// absent where the network does not read it.
    pub bias_terms: Vec<(String, f32)>,
}

/// A feature of a product (DMT 4.1.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What one of MLPR's tasks takes from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// p of equation 7: the chance of this step once the steps before it were taken (pCTR, pAVR,
    /// pCVR).
    pub conditional: f32,
    /// y of equation 8: the chance of this step from the impression on.
    pub joint: f32,
    /// The attention unit's weight on the former task (equation 6), against that on the task's
    /// own tower.
    pub from_former: f32,
}

/// Attention over one behaviour sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceAttention {
    /// "clicks", "carts" or "orders".
    pub sequence: String,
    /// Entry number in the history and attention averaged over heads; sums to one.
    pub weights: Vec<(u32, f32)>,
}
