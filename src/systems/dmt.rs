//! DMT, deep multifaceted transformers with MMoE and a bias network (JD), and the variants that there
//! are weights for.

use serde::{Deserialize, Serialize};

use crate::knob::{Group, Knob, Settings};
use crate::learning::{self, Learning, Setting};
use crate::part::Part;
pub use crate::shared::BiasFeatures;
use crate::shared::{RANKER as RANKED_BY, unless_unweighted};
use crate::{Ranker, Task};

/// What all who name it know of it.
pub static RANKER: Ranker = Ranker {
    key: "dmt",
    tasks: &[Task::Click, Task::Order],
    knobs: &[&MULTI_TASK, &BIAS_POSITION, &BIAS_PAGE, &BIAS_NEIGHBOURS],
    networks: &[&MULTI_TASK, &BIAS_POSITION, &BIAS_PAGE, &BIAS_NEIGHBOURS],
    gates: |settings| MultiTask::of(settings) == MultiTask::Mmoe,
    is_personal: true,
    bias: Some(|settings| BiasFeatures::of(settings) != BiasFeatures::default()),
    blocks: &["contributions", "attention", "bias", "features-panel"],
    parts: PARTS,
    learns: Some(&LEARNING),
};

/// Its training in the tab: the variant that the knobs choose.
pub static LEARNING: Learning = Learning {
    key: RANKER.key,
    knob: &RANKED_BY,
    knobs: RANKER.networks,
    unit: "views",
    settings: &[
        &SHOPPERS_LEARNED,
        &learning::SHIPPED,
        &CLICKS,
        &CARTS,
        &ORDERS,
        &learning::EXPERTS,
        &learning::EPOCHS,
        &learning::BATCH,
        &learning::OPTIMISER,
        &learning::RATE,
        &learning::LAMBDA,
        &learning::BALANCE,
        &learning::NOISE,
        &learning::DROPOUT,
        &learning::SEED,
    ],
    measures: &["auc-click", "auc-order", "truth-click", "truth-order"],
    gates: &["click", "order"],
    curves: &["examination"],
};

/// So many that the learner's AUC comes near to what ships, and the shelf still moves within seconds (docs/learning.md).
static SHOPPERS_LEARNED: Setting = learning::SHOPPERS.at(800.0);

/// Whether what was clicked is read (4.2 and table 4).
pub static CLICKS: Setting = sequence("clicks");

/// The same of what was put in the cart.
pub static CARTS: Setting = sequence("carts");

/// The same of what was ordered.
pub static ORDERS: Setting = sequence("orders");

const fn sequence(key: &'static str) -> Setting {
    Setting::choice(key, &["with", "without"])
}

const MODEL: &str = "src/nets/models/dmt.rs";
const INTEREST: &str = "src/nets/models/dmt/interest.rs";
const EXPERTS: &str = "src/nets/nn/experts.rs";
const BIAS: &str = "src/nets/nn/bias.rs";

/// Three transformers, the mixture of experts, and the bias network beside it.
const PARTS: &[Part] = &[
    Part::input("sequences", "S", "4.1.1", "src/nets/models/dmt/input.rs"),
    Part::input("target", "e_t", "4.1.1", "src/nets/models/dmt/input.rs").terms(&["target-item"]),
    Part::input("features", "x_d", "4.1.2", "src/market/features/dense.rs")
        .terms(&["dense-feature"])
        .adds(),
    Part::input("place", "p", "4.4", "src/market/features/places.rs")
        .where_it(learns_places)
        .terms(&["position-bias"]),
    Part::of(&["sequences"], "encoder", "E", "(1), (2)", INTEREST)
        .formula("E = FFN(softmax(SSᵀ/√d) S)")
        .terms(&["self-attention"]),
    Part::of(&["encoder", "target"], "attention", "A", "(1)", INTEREST)
        .formula("A = softmax(e_t Eᵀ/√d)")
        .terms(&["attention"]),
    Part::of(&["encoder", "attention"], "interests", "h", "(1), (2)", INTEREST)
        .formula("h = FFN(A E)"),
    Part::of(&["interests", "target", "features"], "joined", "x", "4.3", MODEL)
        .formula("x = [h_clicks; h_carts; h_orders; e_t; x_d]"),
    Part::of(&["joined"], "experts", "e_i", "(3)", EXPERTS)
        .formula("e_i = NN_i(x)")
        .terms(&["expert"]),
    Part::of(&["joined"], "gates", "w^k", "(3)", EXPERTS)
        .formula("w^k = softmax(NN^k(x)/T)")
        .where_it(|settings| MultiTask::of(settings) == MultiTask::Mmoe)
        .terms(&["gate", "softmax", "temperature"])
        .flow("gates"),
    Part::of(&["experts", "gates"], "mixture", "f^k", "(3)", EXPERTS)
        .formula("f^k = Σ_i w^k_i e_i")
        .terms(&["expert", "gate"])
        .flow("gates"),
    Part::of(&["mixture"], "utility", "u_k", "(3)", EXPERTS)
        .formula("u_k = NN_k(f^k)")
        .terms(&["task-tower", "logit"]),
    Part::of(&["place"], "bias", "y_b", "(4)", BIAS)
        .formula("y_b = NN_b(p)")
        .where_it(learns_places)
        .terms(&["position-bias", "propensity"]),
    Part::of(&["utility", "bias"], "chance", "y_k", "(5), (6)", "src/protocol/blend.rs")
        .formula("σ(u_k + y_b) → y_k = σ(u_k)")
        .terms(&["logit"]),
];

fn learns_places(settings: &Settings) -> bool {
    BiasFeatures::of(settings) != BiasFeatures::default()
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

impl MultiTask {
    /// All, in the order of [`MULTI_TASK`]'s options.
    pub const ALL: [Self; 3] = [Self::Mmoe, Self::SharedBottom, Self::SingleTask];

    /// The one that is chosen.
    pub fn of(settings: &Settings) -> Self {
        Self::ALL[settings.option(&MULTI_TASK)]
    }

    /// Its value as a setting.
    pub const fn value(self) -> f32 {
        self as u8 as f32
    }
}

impl BiasFeatures {
    /// What the bias network of the model that opens reads.
    pub const SHIPPED: Self = Self { position: true, page: false, neighbours: true };

    /// What is chosen.
    pub fn of(settings: &Settings) -> Self {
        Self {
            position: settings.is_on(&BIAS_POSITION),
            page: settings.is_on(&BIAS_PAGE),
            neighbours: settings.is_on(&BIAS_NEIGHBOURS),
        }
    }

    /// Sets its knobs, and nothing else.
    pub fn choose(self, settings: &mut Settings) {
        settings.switch(&BIAS_POSITION, self.position);
        settings.switch(&BIAS_PAGE, self.page);
        settings.switch(&BIAS_NEIGHBOURS, self.neighbours);
    }
}

/// How the tasks share parameters: [`MultiTask`].
pub static MULTI_TASK: Knob =
    Knob::choice("multi-task", Group::Ranking, &["mmoe", "shared-bottom", "single-task"])
        .idle(unless_unweighted)
        .brings(|settings| {
            if MultiTask::of(settings) != MultiTask::Mmoe {
                BiasFeatures::SHIPPED.choose(settings);
            }
        });

/// The bias network reads the product's index.
pub static BIAS_POSITION: Knob = bias("bias-position").on().section("the-bias-network-reads");

/// The bias network reads the page's number.
pub static BIAS_PAGE: Knob = bias("bias-page");

/// The bias network reads the neighbours' categories.
pub static BIAS_NEIGHBOURS: Knob = bias("bias-neighbours").on();

/// A feature of the bias network. Every set of them is trained for the experts, and only one for the
/// other ways to share: another set brings the experts back.
const fn bias(key: &'static str) -> Knob {
    Knob::switch(key, Group::Ranking).idle(unless_unweighted).brings(|settings| {
        if BiasFeatures::of(settings) != BiasFeatures::SHIPPED {
            settings.set(&MULTI_TASK, MultiTask::Mmoe.value());
        }
    })
}
