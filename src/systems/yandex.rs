//! Yandex's ranking-oriented two-tower transformer: titles, behaviour and web searches.

use crate::knob::{Group, Knob, wholly};
use crate::part::Part;
use crate::shared::options;
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
};

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
