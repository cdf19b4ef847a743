//! Yandex's ranking-oriented two-tower transformer: titles, behaviour and web searches.

use crate::knob::{Group, Knob, wholly};
use crate::learning::{self, Learning, Setting};
use crate::part::Part;
use crate::shared::{RETRIEVER as RETRIEVED_BY, options};
use crate::{Attends, Retriever};

/// What all who name it know of it.
pub static RETRIEVER: Retriever = Retriever {
    key: "yandex",
    knobs: &[&STAGE, &HISTORY_LENGTH, &WEB_SEARCHES],
    networks: &[&STAGE],
    objectives: &[],
    attends: Attends::Whole,
    has_vectors: true,
    reads: &["query", "behaviour", "web searches"],
    blocks: &["searches", "towers"],
    parts: PARTS,
    coarse_stands_on: [&[], &[]],
    learns: Some(&LEARNING),
};

/// Its training in the tab: the second stage.
pub static LEARNING: Learning = Learning {
    key: RETRIEVER.key,
    knob: &RETRIEVED_BY,
    knobs: &[],
    unit: "days",
    settings: &[
        &SHOPPERS_LEARNED,
        &BEGINS,
        &EPOCHS,
        &BATCH,
        &learning::OPTIMISER,
        &RATE,
        &PAIRWISE,
        &POINTWISE,
        &CONTEXT,
        &learning::SEED,
    ],
    measures: &["ndcg", "ndcg-new", "ndcg-click", "recall-click", "promised"],
    gates: &[],
    curves: &[],
};

static SHOPPERS_LEARNED: Setting = learning::SHOPPERS.at(400.0);
static EPOCHS: Setting = learning::EPOCHS.at(1.0);
static BATCH: Setting = learning::BATCH.at(32.0);
static RATE: Setting = learning::RATE.at(0.001);

/// What it begins with: nothing, or what the first stage has made.
pub static BEGINS: Setting = Setting::choice("from", &["nothing", "pre-trained"]).at(1.0);

/// Form of the pairwise losses (3.5, equation 1).
pub static PAIRWISE: Setting = Setting::choice("pairwise", &["calibrated", "plain"]);

/// Weight of the pointwise loss of clicks.
pub static POINTWISE: Setting = Setting::new("pointwise", "", &[0.0, 0.01, 0.1, 1.0], 0.1);

/// Whether a context tower explains what surface and device do (3.4).
pub static CONTEXT: Setting = Setting::choice("context", &["with", "without"]);

const INPUT: &str = "src/nets/models/yandex/input.rs";
const MODEL: &str = "src/nets/models/yandex.rs";

/// Its two towers, and the third that training alone reads.
const PARTS: &[Part] = &[
    Part::input("behaviour", "b", "3.2", INPUT),
    Part::input("title", "c_i", "3.1", INPUT).terms(&["embedding"]),
    Part::input("context", "r_ctx", "3.4", MODEL),
    Part::of(&["behaviour"], "attention", "A", "3.2", "src/nets/nn/attention.rs")
        .formula("A = softmax(QKᵀ/√d)")
        .terms(&["attention"]),
    Part::of(&["behaviour", "attention"], "user", "v_u", "3.2", MODEL)
        .formula("v_u = T([CLS], b)_CLS / ‖T([CLS], b)_CLS‖")
        .terms(&["query-tower"]),
    Part::of(&["title"], "item", "v_i", "3.1", MODEL)
        .formula("v_i = FFN(c_i) / ‖FFN(c_i)‖")
        .terms(&["item-tower"]),
    Part::of(&["user", "item"], "relevance", "r_ui", "3.3", "src/engine/retrieval/exact.rs")
        .formula("r_ui = v_u · v_i")
        .terms(&["cosine"]),
    Part::of(&["relevance", "context"], "chance", "ŷ", "3.5", MODEL)
        .formula("σ(γ r_ui + γ_ctx r_ctx + β) → r_ui")
        .terms(&["softmax", "temperature"]),
];

options! {
    /// Which of the two stages of training its towers stand at (3.5).
    TrainingStage of STAGE {
        /// After the second: fine-tuned to rank what is shown together.
        FineTuned = "fine-tuned",
        /// After the first: trained to retrieve.
        PreTrained = "pre-trained",
    }
}

/// Which stage of training: [`TrainingStage`].
pub static STAGE: Knob = Knob::choice("stage", Group::Retrieval, TrainingStage::KEYS)
    .testid("training-stage")
    .section("towers");

/// Most behaviours that are read, the newest first.
pub static HISTORY_LENGTH: Knob = Knob::whole("history-length", Group::Retrieval, [0.0, 64.0], 1.0)
    .at(64.0)
    .unit("behaviours")
    .idle(|set, facts| {
        let read = facts.history
            + u32::from(set.is_on(&WEB_SEARCHES) && facts.web_searches)
            + u32::from(facts.asked);
        wholly(read == 0, word!("idle.no-history"))
    });

/// Read web searches too (3.2).
pub static WEB_SEARCHES: Knob = Knob::switch("web-searches", Group::Retrieval)
    .on()
    .idle(|_, facts| wholly(!facts.web_searches, word!("idle.no-web-searches")));
