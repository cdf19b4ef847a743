//! Everything a person can set, as one value.

use serde::{Deserialize, Serialize};

use market::catalogue::ProductId;
use market::history::{EventKind, PageDevice};
use systems::Task;
use systems::dmt::{BiasFeatures, MultiTask};

/// Everything a person can set. Two equal states give the same ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Where the products are shown.
    pub surface: Surface,
    /// Query as typed; not read on the feed.
    pub query: String,
    /// Key of the shopper in `assets/shoppers.json`, for example "mara".
    pub shopper: String,
    /// Changes made to that shopper's history, in the order they were made.
    pub history: Vec<HistoryEdit>,
    /// Which system retrieves.
    pub retriever: Retriever,
    /// Settings of the retriever.
    pub retrieval: RetrievalKnobs,
    /// Which system ranks.
    pub ranker: Ranker,
    /// Settings of the ranker.
    pub ranking: RankingKnobs,
    /// Settings of the page on which results are shown.
    pub page: PageKnobs,
    /// Where to compute.
    pub backend: BackendChoice,
    /// Product whose insides are shown.
    pub selected: Option<ProductId>,
}

/// Where products are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// Results of a query.
    #[default]
    Search,
    /// Recommendations without a query.
    Feed,
}

/// Systems that retrieve candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retriever {
    /// Multi-objective personalised product retrieval: two towers, four objectives.
    #[default]
    Moppr,
    /// Yandex's ranking-oriented two-tower transformer: titles, behaviour and web searches.
    Yandex,
}

/// Systems that rank the candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ranker {
    /// Deep Multifaceted Transformers with MMoE and a bias network.
    #[default]
    Dmt,
    /// Multi-task learning for product ranking with BERT: two stages of experts, and
    /// probabilities handed on from click to cart to order.
    Mlpr,
    /// No ranker: what was retrieved stands in the order of retrieval.
    None,
}

/// Which of the two stages of training Yandex's towers stand at (Yandex 3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingStage {
    /// After the second: fine-tuned to rank what is shown together.
    #[default]
    FineTuned,
    /// After the first: trained to retrieve.
    PreTrained,
}

impl Ranker {
    /// The tasks that it predicts, in the order of its utilities.
    pub fn tasks(self) -> &'static [Task] {
        match self {
            Self::Dmt => &[Task::Click, Task::Order],
            Self::Mlpr => &[Task::Click, Task::Cart, Task::Order],
            Self::None => &[],
        }
    }

    /// How its tasks are blended; none where it has no tasks, and the score is the retriever's.
    pub fn blend(self, knobs: &RankingKnobs) -> Option<Blend> {
        (!self.tasks().is_empty()).then_some(knobs.blend)
    }
}

/// One change to a shopper's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryEdit {
    /// The person did this now.
    Add {
        /// What was done.
        kind: EventKind,
        /// To which product.
        product: ProductId,
    },
    /// Take out the entry with this number, counted over the shopper's own history, oldest
    /// first, and on through the entries added.
    Remove {
        /// Number of the entry.
        entry: u32,
    },
    /// Take out every entry there is so far; web searches too, where no kind is named.
    Forget {
        /// Only those of this kind.
        kind: Option<EventKind>,
    },
}

/// Longest query that is read, in characters; what is beyond is cut with a notice.
pub const MAX_QUERY_CHARS: usize = 200;
/// Longest shopper key that a link may carry.
pub const MAX_SHOPPER_CHARS: usize = 32;
/// Most edits of a history.
pub const MAX_HISTORY_EDITS: usize = 200;

/// MOPPR's four objectives, in the order of equation 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The judge finds the product relevant to the query.
    Relevance,
    /// The product was shown.
    Exposure,
    /// The product was clicked.
    Click,
    /// The product was bought.
    Purchase,
}

impl Objective {
    /// All four, in the order of [`RetrievalKnobs::weights`].
    pub const ALL: [Objective; 4] =
        [Objective::Relevance, Objective::Exposure, Objective::Click, Objective::Purchase];
}

/// Settings of the retrievers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalKnobs {
    /// MOPPR: w_o, a weight for each of [`Objective::ALL`]; 0 to 1, only the proportions matter.
    pub weights: [f32; 4],
    /// tau, temperature of the softmax over candidates (equation 15).
    pub temperature: f32,
    /// Number of products handed to the ranker.
    pub candidates: u32,
    /// Rank by expected GMV (equations 22 to 24).
    pub gmv: bool,
    /// sigma of equation 22.
    pub sigma: f32,
    /// Draw the candidates by Gumbel top-K at `temperature` in place of taking the best.
    pub sample: bool,
    /// Seed of that draw.
    pub seed: u32,
    /// Search int8 vectors in place of f32.
    pub quantised: bool,
    /// MOPPR: keep only the behaviours of categories that the query is predicted to mean (4.1.2).
    pub category_filter: bool,
    /// Yandex: which stage of training.
    pub stage: TrainingStage,
    /// Yandex: most behaviours that are read, the newest first.
    pub history_length: u32,
    /// Yandex: read web searches too (3.2).
    pub web_searches: bool,
    /// Cut what was retrieved to fewer by the coarse ranker before it is ranked (MOPPR 7.3).
    pub coarse: bool,
    /// Products that the coarse ranker lets through, at most.
    pub coarse_keep: u32,
    /// Hand on only products of categories that the query is predicted to mean: the relevance
    /// control between retrieval and ranking (MOPPR 1, figure 1).
    pub relevance_control: bool,
}

/// How the probabilities y_k of the ranker's tasks become one score; w are the weights' shares and
/// b_k is the base rate of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blend {
    /// Sum of w_k y_k (DMT equation 6): what is frequent outweighs what is rare.
    Sum,
    /// Sum of w_k y_k / b_k: each task counts by how far it is above the usual.
    Lift,
    /// Product of (y_k / b_k)^w_k: the same, with the weights as exponents.
    #[default]
    Product,
}

/// Settings of the rankers; equation numbers are DMT's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingKnobs {
    /// How the tasks' probabilities are blended.
    pub blend: Blend,
    /// w_click of equation 6.
    pub weight_click: f32,
    /// The same for the cart, which only MLPR predicts.
    pub weight_cart: f32,
    /// w_order of equation 6.
    pub weight_order: f32,
    /// Temperature of the gates' softmax; 1 is the paper.
    pub gate_temperature: f32,
    /// MLPR: look the products' vectors up in place of computing them on the spot (table 5).
    pub precomputed: bool,
    /// DMT: how the tasks share parameters.
    pub multi_task: MultiTask,
    /// DMT: what the bias network was trained to read.
    pub bias: BiasFeatures,
    /// DMT: serve with sigmoid(u + y_b) of equation 5 in place of equation 6.
    pub bias_at_serving: bool,
}

impl RankingKnobs {
    /// w_k, the task's weight in the blend: 0 where it is negative or no number.
    pub fn weight(&self, task: Task) -> f32 {
        let weight = match task {
            Task::Click => self.weight_click,
            Task::Cart => self.weight_cart,
            Task::Order => self.weight_order,
        };
        if weight > 0.0 { weight } else { 0.0 }
    }
}

/// Settings of the page that shows the results; the bias network's context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageKnobs {
    /// Products a page.
    pub size: u32,
    /// Page shown, from 0.
    pub number: u32,
    /// Device.
    pub device: PageDevice,
}

/// Where the person wants it computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendChoice {
    /// WebGPU where it is there and not slower than the CPU by more than a frame.
    #[default]
    Auto,
    /// WebGPU.
    Webgpu,
    /// CPU.
    Cpu,
}

impl Default for State {
    fn default() -> Self {
        Self {
            surface: Surface::Search,
            query: "shoes".into(),
            shopper: "clara".into(),
            history: Vec::new(),
            retriever: Retriever::Moppr,
            retrieval: RetrievalKnobs {
                weights: [1.0; 4],
                temperature: 0.02,
                candidates: 30,
                gmv: false,
                sigma: 0.02,
                sample: false,
                seed: 1,
                quantised: true,
                category_filter: true,
                stage: TrainingStage::FineTuned,
                history_length: 64,
                web_searches: true,
                coarse: false,
                coarse_keep: 20,
                relevance_control: true,
            },
            ranker: Ranker::Dmt,
            ranking: RankingKnobs {
                blend: Blend::default(),
                weight_click: 1.0,
                weight_cart: 1.0,
                weight_order: 1.0,
                gate_temperature: 1.0,
                precomputed: true,
                multi_task: MultiTask::Mmoe,
                bias: BiasFeatures::SHIPPED,
                bias_at_serving: false,
            },
            page: PageKnobs { size: 20, number: 0, device: PageDevice::Desktop },
            backend: BackendChoice::Auto,
            selected: None,
        }
    }
}
