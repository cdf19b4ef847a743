//! MOPPR, multi-objective personalised product retrieval (Taobao): two towers, four objectives.

use crate::knob::{Group, Knob, Settings, alone, wholly};
use crate::learning::{self, Learning, Setting, Side};
use crate::part::Part;
use crate::shared::{RETRIEVER as RETRIEVED_BY, one_set};
use crate::{Attends, Objective, Retriever};

/// What all who name it know of it.
pub static RETRIEVER: Retriever = Retriever {
    key: "moppr",
    knobs: &[
        &WEIGHT_RELEVANCE,
        &WEIGHT_EXPOSURE,
        &WEIGHT_CLICK,
        &WEIGHT_PURCHASE,
        &CATEGORY_FILTER,
    ],
    networks: &[],
    objectives: &[
        Objective { key: "relevance", weight: &WEIGHT_RELEVANCE },
        Objective { key: "exposure", weight: &WEIGHT_EXPOSURE },
        Objective { key: "click", weight: &WEIGHT_CLICK },
        Objective { key: "purchase", weight: &WEIGHT_PURCHASE },
    ],
    attends: Attends::BySpan,
    has_vectors: true,
    reads: &["query", "behaviour", "profile"],
    blocks: &[],
    parts: PARTS,
    coarse_stands_on: [&["joined"], &["product"]],
    learns: Some(&LEARNING),
};

/// Its training in the tab: on objectives that weigh what their sliders say.
pub static LEARNING: Learning = Learning {
    key: RETRIEVER.key,
    knob: &RETRIEVED_BY,
    knobs: &[&WEIGHT_RELEVANCE, &WEIGHT_EXPOSURE, &WEIGHT_CLICK, &WEIGHT_PURCHASE],
    unit: "views",
    settings: &[
        &SHOPPERS_LEARNED,
        &learning::SHIPPED,
        &PARTS_TRAINED,
        &EPOCHS,
        &BATCH,
        &NEGATIVES,
        &TAU,
        &OPTIMISER,
        &RATE,
        &learning::SEED,
    ],
    measures: &[
        "recall-click",
        "recall-order",
        "good",
        "candidates",
        "loss-relevance",
        "loss-exposure",
        "loss-click",
        "loss-purchase",
        "agreement",
    ],
    gates: &[],
    curves: &[],
};

static SHOPPERS_LEARNED: Setting = learning::SHOPPERS.at(800.0);
static EPOCHS: Setting = learning::EPOCHS.of(&[1.0, 2.0, 4.0, 8.0, 16.0], 8.0);
static BATCH: Setting = learning::BATCH.of(&[32.0, 64.0, 128.0, 256.0], 64.0);
static OPTIMISER: Setting = learning::OPTIMISER.at(1.0);
static RATE: Setting = learning::RATE.of(&[0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 1.0], 0.01);

/// What of it learns: all, or the towers above the embeddings, as the copies that ship were tuned.
pub static PARTS_TRAINED: Setting = Setting::choice("part", &["whole", "towers"]);

/// tau of equation 15.
pub static TAU: Setting =
    Setting::new("tau", "τ", &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5], 0.02).breaks(Side::Below);

/// L, random negatives a step.
pub static NEGATIVES: Setting =
    Setting::new("negatives", "L", &[0.0, 64.0, 256.0, 512.0, 1024.0], 512.0);

const INPUT: &str = "src/market/features/search.rs";
const MODEL: &str = "src/nets/models/moppr.rs";
const TOWER: &str = "src/nets/nn/tower.rs";

/// Its two towers, unit by unit.
const PARTS: &[Part] = &[
    Part::input("pieces", "e^w", "4.1.1", INPUT).terms(&["embedding"]),
    Part::input("profile", "e^u", "4.1", INPUT).terms(&["embedding"]),
    Part::input("meaning", "e^q", "4.1.1", INPUT),
    Part::input("behaviour", "b", "4.1.2", INPUT),
    Part::input("product", "e^i", "4.2", INPUT),
    Part::of(&["pieces", "profile"], "query", "Q_o", "(3) – (6)", MODEL)
        .formula("Q_o = [mean(e^w); max(softmax(e^w e^wᵀ/√d) e^w); softmax(e^u W e^wᵀ/√d) e^w]")
        .terms(&["attention"]),
    Part::of(&["query", "meaning", "profile", "behaviour"], "history", "H_B", "(7) – (9)", MODEL)
        .formula("H_t = softmax([Q_o; e^q; e^u] W_t bᵀ/√d) b, H_B = [H_r; H_s; H_l]")
        .terms(&["attention", "softmax"]),
    Part::of(&["profile", "meaning", "query", "history"], "joined", "e^uq", "(11)", MODEL)
        .formula("e^uq = [e^u; e^q; Q_o; H_B]"),
    Part::of(&["joined"], "request", "H_uq", "(10)", TOWER)
        .formula("H_uq = MLP_uq(e^uq) / ‖MLP_uq(e^uq)‖")
        .terms(&["query-tower"]),
    Part::of(&["product"], "item", "H_i", "(13)", TOWER)
        .formula("H_i = MLP_i(e^i) / ‖MLP_i(e^i)‖")
        .terms(&["item-tower"]),
    Part::of(&["request", "item"], "score", "z", "4.3", "src/engine/retrieval/exact.rs")
        .formula("z = H_uq · H_i")
        .terms(&["cosine"]),
    Part::of(&["score"], "chance", "ŷ", "(15)", "src/engine/retrieval/softmax.rs")
        .formula("ŷ = exp(z/τ) / Σ exp(z/τ)")
        .terms(&["softmax", "temperature"]),
];

/// w_o of the judge's relevance: 0 and up, only the proportions of the four matter (equation 18).
pub static WEIGHT_RELEVANCE: Knob = weight("w-relevance")
    .testid("weight-relevance")
    .symbol("w_relevance")
    .section("objectives")
    .idle(|set, facts| one_set(set, facts).or_else(|| alone(&weights(set), 0)));

/// w_o of what was shown.
pub static WEIGHT_EXPOSURE: Knob = weight("w-exposure")
    .testid("weight-exposure")
    .symbol("w_exposure")
    .idle(|set, facts| one_set(set, facts).or_else(|| alone(&weights(set), 1)));

/// w_o of what was clicked.
pub static WEIGHT_CLICK: Knob = weight("w-retrieval-click")
    .testid("weight-retrieval-click")
    .symbol("w_click")
    .idle(|set, facts| one_set(set, facts).or_else(|| alone(&weights(set), 2)));

/// w_o of what was bought.
pub static WEIGHT_PURCHASE: Knob = weight("w-purchase")
    .testid("weight-purchase")
    .symbol("w_purchase")
    .idle(|set, facts| one_set(set, facts).or_else(|| alone(&weights(set), 3)));

/// Keep only the behaviours of categories that the query is predicted to mean (4.1.2).
pub static CATEGORY_FILTER: Knob =
    Knob::switch("category-filter", Group::Retrieval).on().idle(|_, facts| {
        let nothing = wholly(!facts.understood, word!("idle.no-category"));
        nothing.or(wholly(facts.history == 0, word!("idle.no-history")))
    });

const fn weight(key: &'static str) -> Knob {
    Knob::number(key, Group::Retrieval, [0.0, 5.0], 0.05).at(1.0)
}

/// w_o, in the order of equation 18: relevance, exposure, click, purchase.
pub fn weights(settings: &Settings) -> [f32; 4] {
    [&WEIGHT_RELEVANCE, &WEIGHT_EXPOSURE, &WEIGHT_CLICK, &WEIGHT_PURCHASE]
        .map(|weight| settings.number(weight))
}
