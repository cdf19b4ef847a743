//! Everything a person can set, as one value.

use serde::{Deserialize, Serialize};

use crate::market::catalogue::ProductId;
use crate::market::history::{EventKind, PageDevice};

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
}

/// Systems that rank the candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ranker {
    /// Deep Multifaceted Transformers with MMoE and a bias network.
    #[default]
    Dmt,
}

/// What a ranker predicts for a product that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// It is clicked (CTR).
    Click,
    /// It is ordered (CTCVR).
    Order,
}

impl Task {
    /// Its name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Click => "Click",
            Self::Order => "Order",
        }
    }
}

impl Ranker {
    /// The tasks that it predicts, in the order of its utilities.
    pub fn tasks(self) -> &'static [Task] {
        match self {
            Self::Dmt => &[Task::Click, Task::Order],
        }
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

/// Settings of MOPPR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalKnobs {
    /// w_o, a weight for each of [`Objective::ALL`]; 0 to 1, only the proportions matter.
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
    /// Keep only the behaviours of categories that the query is predicted to mean (MOPPR 4.1.2).
    pub category_filter: bool,
    /// Hand on only products of categories that the query is predicted to mean: the relevance
    /// control between retrieval and ranking (MOPPR 1, figure 1).
    pub relevance_control: bool,
}

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

/// Settings of DMT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingKnobs {
    /// w_click of equation 6.
    pub weight_click: f32,
    /// w_order of equation 6.
    pub weight_order: f32,
    /// Temperature of the gates' softmax; 1 is the paper.
    pub gate_temperature: f32,
    /// How the tasks share parameters.
    pub multi_task: MultiTask,
    /// What the bias network was trained to read.
    pub bias: BiasFeatures,
    /// Serve with sigmoid(u + y_b) of equation 5 in place of equation 6.
    pub bias_at_serving: bool,
}

impl RankingKnobs {
    /// w_k, the task's weight in the blend: 0 where it is negative or no number.
    pub fn weight(&self, task: Task) -> f32 {
        let weight = match task {
            Task::Click => self.weight_click,
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
                sigma: 0.1,
                sample: false,
                seed: 1,
                quantised: true,
                category_filter: true,
                relevance_control: true,
            },
            ranker: Ranker::Dmt,
            ranking: RankingKnobs {
                weight_click: 1.0,
                weight_order: 1.0,
                gate_temperature: 1.0,
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
