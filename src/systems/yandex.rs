//! Yandex's ranking-oriented two-tower transformer: titles, behaviour and web searches.

use crate::knob::{Group, Knob, wholly};
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
    reads_device: true,
    reads: &["query", "behaviour", "web searches"],
};

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
