//! MLPR, multi-task learning for product ranking with BERT (Walmart): two stages of experts, and
//! probabilities handed on from click to cart to order. Its paper is not personalised.

use crate::knob::{Group, Knob};
use crate::learning::{self, Learning, Setting, Side};
use crate::part::Part;
use crate::shared::RANKER as RANKED_BY;
use crate::{Ranker, Task};

/// What all who name it know of it.
pub static RANKER: Ranker = Ranker {
    key: "mlpr",
    tasks: &[Task::Click, Task::Cart, Task::Order],
    knobs: &[&PRECOMPUTED],
    networks: &[],
    gates: |_| true,
    is_personal: false,
    bias: None,
    blocks: &["chain", "contributions", "features-panel"],
    parts: PARTS,
    learns: Some(&LEARNING),
};

/// Its training in the tab: everything above the encoders that ship.
pub static LEARNING: Learning = Learning {
    key: RANKER.key,
    knob: &RANKED_BY,
    knobs: &[],
    unit: "pairs",
    settings: &[
        &SHOPPERS_LEARNED,
        &learning::SHIPPED,
        &SHARING,
        &EPOCHS,
        &BATCH,
        &learning::OPTIMISER,
        &RATE,
        &WEIGHTING,
        &LAMBDAS[0],
        &LAMBDAS[1],
        &LAMBDAS[2],
        &BALANCE,
        &learning::NOISE,
        &DROPOUT,
        &learning::SEED,
    ],
    measures: &[
        "auc-click",
        "auc-cart",
        "auc-order",
        "ndcg-5-click",
        "ndcg-5-cart",
        "ndcg-5-order",
    ],
    gates: &["click-1", "cart-1", "order-1", "click-2", "cart-2", "order-2"],
    curves: &[],
};

static SHOPPERS_LEARNED: Setting = learning::SHOPPERS.at(400.0);
static EPOCHS: Setting = learning::EPOCHS.at(2.0);
static BATCH: Setting = learning::BATCH.of(&[128.0, 256.0, 512.0, 1024.0], 256.0);
static RATE: Setting = learning::RATE.at(0.002);
static BALANCE: Setting = learning::BALANCE.of(&[0.0, 0.01, 0.1, 1.0], 0.01);

/// MLPR, or the models of tables 2 and 4 that have fewer parts.
pub static SHARING: Setting = Setting::choice("sharing", &["mlpr", "ple", "mmoe", "esm2", "mlp"]);

/// How the tasks' losses become one: equation 10, or equation 9 with [`LAMBDAS`].
pub static WEIGHTING: Setting = Setting::choice("weighting", &["uncertainty", "fixed"]);

/// Weights of the tasks in equation 9, in their order.
pub static LAMBDAS: [Setting; 3] = [
    lambda("lambda-click", "λ_click"),
    lambda("lambda-cart", "λ_cart"),
    lambda("lambda-order", "λ_order"),
];

const fn lambda(key: &'static str, symbol: &'static str) -> Setting {
    Setting::new(key, symbol, &[0.0, 0.25, 1.0, 4.0, 16.0, 64.0], 1.0)
        .breaks(Side::Above)
        .only_at(&WEIGHTING, 1.0)
}

/// Share of an expert's values that are dropped while it learns (figure 3).
pub static DROPOUT: Setting = learning::DROPOUT.of(&[0.0, 0.2, 0.4, 0.6, 0.8], 0.2);

const MODEL: &str = "src/nets/models/mlpr.rs";
const BERT: &str = "src/nets/models/mlpr/bert.rs";
const STAGES: &str = "src/nets/models/mlpr/extraction.rs";

/// Its five stages.
const PARTS: &[Part] = &[
    Part::input("features", "r", "3.1", "src/market/features/wide.rs")
        .terms(&["dense-feature"])
        .adds(),
    Part::input("query", "φ(q)", "3.1", BERT),
    Part::input("item", "ψ(i)", "3.1", BERT),
    Part::of(&["query", "item"], "interactions", "φ∘ψ", "(2)", MODEL)
        .formula("cos(φ, ψ), φ ∘ ψ")
        .terms(&["cosine"]),
    Part::of(&["query", "item", "interactions", "features"], "joined", "x", "(2)", MODEL)
        .formula("x = [φ; ψ; cos(φ, ψ); φ ∘ ψ; r]"),
    Part::of(&["joined"], "gates-1", "w_1", "(3)", STAGES)
        .formula("w_1^k = softmax(W_1^k x/T)")
        .terms(&["gate", "softmax", "temperature"])
        .flow("gates-1"),
    Part::of(&["joined", "gates-1"], "stage-1", "v^k", "(3)", STAGES)
        .formula("v^k = Σ_e w_1^k_e H_e(x)")
        .terms(&["expert", "gate"])
        .flow("gates-1"),
    Part::of(&["stage-1"], "gates-2", "w_2", "(4)", STAGES)
        .formula("w_2^k = softmax(W_2^k v^k/T)")
        .terms(&["gate", "softmax", "temperature"])
        .flow("gates-2"),
    Part::of(&["stage-1", "gates-2"], "stage-2", "g^k", "(4)", STAGES)
        .formula("g^k = Σ_e w_2^k_e H^k_e(v^k)")
        .terms(&["expert", "gate"])
        .flow("gates-2"),
    Part::of(&["stage-2"], "towers", "t^k", "(5)", MODEL)
        .formula("t^k = MLP^k(g^k)")
        .terms(&["task-tower"]),
    Part::of(&["towers"], "attention", "a^k", "(6)", MODEL)
        .formula("K, V = [t^k; a^(k−1)]; a^k = softmax(⟨Q, K⟩/√d) V")
        .terms(&["attention"]),
    Part::of(&["attention"], "steps", "p^k", "(7)", MODEL)
        .formula("p^k = σ(MLP^k(a^k))")
        .terms(&["conditional"]),
    Part::of(&["steps"], "chance", "y^k", "(8)", MODEL).formula("y^k = p^1 · … · p^k"),
];

/// Look the products' vectors up in place of computing them on the spot (table 5).
pub static PRECOMPUTED: Knob = Knob::switch("precomputed", Group::Ranking)
    .on()
    .symbol("ψ(i)")
    .section("encoders")
    .for_time_alone();
