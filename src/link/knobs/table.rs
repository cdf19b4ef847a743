//! The one table of everything that can be turned: the page draws its controls from it, links
//! are checked against it, and "back to the default" reads it.

use super::{Control, Facts, Group, Idle, Knob, Of};
use crate::{BackendChoice, Blend, Ranker, Retriever, State, Surface, TrainingStage};
use market::history::PageDevice;
use systems::Task;
use systems::dmt::{BiasFeatures, MultiTask};

/// A number that is stored as f32.
macro_rules! number {
    ($min:literal ..= $max:literal, $step:literal, $($place:tt)+) => {
        Control::Number {
            min: $min, max: $max, step: $step, whole: false,
            get: |state| f64::from(state.$($place)+),
            set: |state, value| state.$($place)+ = value as f32,
        }
    };
}

/// A number that is stored as u32.
macro_rules! whole {
    ($min:literal ..= $max:literal, $step:literal, $($place:tt)+) => {
        Control::Number {
            min: $min, max: $max, step: $step, whole: true,
            get: |state| f64::from(state.$($place)+),
            set: |state, value| state.$($place)+ = value as u32,
        }
    };
}

/// On or off.
macro_rules! switch {
    ($($place:tt)+) => {
        Control::Switch {
            get: |state| state.$($place)+,
            set: |state, value| state.$($place)+ = value,
        }
    };
}

/// One of an enum's variants.
macro_rules! choice {
    ($($place:ident).+ : $($variant:path = $name:literal);+ $(;)?) => {
        Control::Choice {
            options: &[$($name),+],
            get: |state| [$($variant),+].iter().position(|v| *v == state.$($place).+).unwrap_or(0),
            set: |state, option| {
                if let Some(&variant) = [$($variant),+].get(option) {
                    state.$($place).+ = variant;
                }
            },
        }
    };
}

/// A feature of the bias network. Every set of them is trained for the experts, and only one for
/// the other ways to share (see `multi-task`): another set brings the experts back.
macro_rules! bias_feature {
    ($feature:ident) => {
        Control::Switch {
            get: |state| state.ranking.bias.$feature,
            set: |state, value| {
                state.ranking.bias.$feature = value;
                if state.ranking.bias != BiasFeatures::SHIPPED {
                    state.ranking.multi_task = MultiTask::Mmoe;
                }
            },
        }
    };
}

/// For a knob that always does something.
const ALWAYS: fn(&State, &Facts) -> Option<Idle> = |_, _| None;

/// Does nothing at all while this holds.
fn wholly(holds: bool, why: &'static str) -> Option<Idle> {
    holds.then_some(Idle::Wholly(why))
}

/// A number that bounds how many there are, of `all` that there are: beyond them it bounds nothing.
fn enough(value: u32, least: u32, all: u32, why: &'static str) -> Option<Idle> {
    match all {
        all if all <= least => Some(Idle::Wholly(why)),
        all => (value >= all).then_some(Idle::Beyond(why)),
    }
}

/// A weight among others: only the proportions count, so the size of one that stands alone does
/// not.
fn alone(weights: &[f32], own: usize) -> Option<Idle> {
    let others = weights.iter().enumerate().all(|(n, &weight)| n == own || weight <= 0.0);
    (others && weights[own] > 0.0).then_some(Idle::Beyond("idle.alone"))
}

/// Weights of the blend, by task; 0 for what the ranker does not predict.
fn task_weights(state: &State) -> [f32; 3] {
    [Task::Click, Task::Cart, Task::Order].map(|task| {
        let predicted = state.ranker.tasks().contains(&task);
        if predicted { state.ranking.weight(task) } else { 0.0 }
    })
}

/// A ranker whose tasks all weigh nothing orders nothing.
fn unweighted(state: &State) -> Option<Idle> {
    wholly(task_weights(state).iter().all(|weight| *weight == 0.0), "idle.no-weights")
}

/// Ways for tasks to share, in the order of the knob's options.
const SHARING: [MultiTask; 3] = [MultiTask::Mmoe, MultiTask::SharedBottom, MultiTask::SingleTask];

/// Every knob, in the order in which the page shows them.
pub const KNOBS: &[Knob] = &[
    Knob {
        key: "surface",
        testid: "surface",
        symbol: "",
        unit: "",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(surface:
            Surface::Search = "search";
            Surface::Feed = "feed";
        ),
        idle: ALWAYS,
    },
    Knob {
        key: "backend",
        testid: "backend-choice",
        symbol: "",
        unit: "",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(backend:
            BackendChoice::Auto = "auto";
            BackendChoice::Webgpu = "webgpu";
            BackendChoice::Cpu = "cpu";
        ),
        idle: ALWAYS,
    },
    Knob {
        key: "retriever",
        testid: "retriever",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: choice!(retriever:
            Retriever::Moppr = "moppr";
            Retriever::Yandex = "yandex";
        ),
        idle: ALWAYS,
    },
    Knob {
        key: "w-relevance",
        testid: "weight-relevance",
        symbol: "w_relevance",
        unit: "",
        group: Group::Retrieval,
        section: "objectives",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=5.0, 0.05, retrieval.weights[0]),
        idle: |state, _| alone(&state.retrieval.weights, 0),
    },
    Knob {
        key: "w-exposure",
        testid: "weight-exposure",
        symbol: "w_exposure",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=5.0, 0.05, retrieval.weights[1]),
        idle: |state, _| alone(&state.retrieval.weights, 1),
    },
    Knob {
        key: "w-retrieval-click",
        testid: "weight-retrieval-click",
        symbol: "w_click",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=5.0, 0.05, retrieval.weights[2]),
        idle: |state, _| alone(&state.retrieval.weights, 2),
    },
    Knob {
        key: "w-purchase",
        testid: "weight-purchase",
        symbol: "w_purchase",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=5.0, 0.05, retrieval.weights[3]),
        idle: |state, _| alone(&state.retrieval.weights, 3),
    },
    Knob {
        key: "stage",
        testid: "training-stage",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "towers",
        of: Of::Retriever(Retriever::Yandex),
        control: choice!(retrieval.stage:
            TrainingStage::FineTuned = "fine-tuned";
            TrainingStage::PreTrained = "pre-trained";
        ),
        idle: ALWAYS,
    },
    Knob {
        key: "history-length",
        testid: "history-length",
        symbol: "",
        unit: "behaviours",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: whole!(0.0..=64.0, 1.0, retrieval.history_length),
        idle: |state, facts| {
            let read = facts.history
                + u32::from(state.retrieval.web_searches && facts.web_searches)
                + u32::from(facts.asked);
            wholly(read == 0, "idle.no-history")
        },
    },
    Knob {
        key: "web-searches",
        testid: "web-searches",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: switch!(retrieval.web_searches),
        idle: |_, facts| wholly(!facts.web_searches, "idle.no-web-searches"),
    },
    Knob {
        key: "tau",
        testid: "temperature",
        symbol: "τ",
        unit: "",
        group: Group::Retrieval,
        section: "candidates",
        of: Of::All,
        control: number!(0.005..=0.2, 0.005, retrieval.temperature),
        idle: |state, _| wholly(!state.retrieval.sample, "idle.until-sampling"),
    },
    Knob {
        key: "candidates",
        testid: "candidates",
        symbol: "K",
        unit: "products",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=1000.0, 10.0, retrieval.candidates),
        idle: |state, facts| {
            // Fewer than were asked for: there are no more.
            let all = facts.retrieved < state.retrieval.candidates;
            all.then(|| enough(state.retrieval.candidates, 10, facts.retrieved, "idle.all-in"))?
        },
    },
    Knob {
        key: "category-filter",
        testid: "category-filter",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: switch!(retrieval.category_filter),
        idle: |_, facts| {
            let nothing = wholly(!facts.understood, "idle.no-category");
            nothing.or(wholly(facts.history == 0, "idle.no-history"))
        },
    },
    Knob {
        key: "relevance-control",
        testid: "relevance-control",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: switch!(retrieval.relevance_control),
        idle: |_, facts| wholly(!facts.asked, "idle.no-query"),
    },
    Knob {
        key: "coarse",
        testid: "coarse-ranker",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "cascade",
        of: Of::All,
        control: switch!(retrieval.coarse),
        idle: |state, facts| {
            wholly(facts.retrieved <= state.retrieval.coarse_keep, "idle.nothing-to-cut")
        },
    },
    Knob {
        key: "coarse-keep",
        testid: "coarse-keep",
        symbol: "",
        unit: "products",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=500.0, 10.0, retrieval.coarse_keep),
        idle: |state, facts| {
            let off = wholly(!state.retrieval.coarse, "idle.until-coarse");
            off.or(enough(state.retrieval.coarse_keep, 10, facts.retrieved, "idle.nothing-to-cut"))
        },
    },
    Knob {
        key: "gmv",
        testid: "gmv",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "expected-gmv",
        of: Of::All,
        control: switch!(retrieval.gmv),
        idle: ALWAYS,
    },
    Knob {
        key: "sigma",
        testid: "sigma",
        symbol: "σ",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: number!(0.0..=0.5, 0.01, retrieval.sigma),
        idle: |state, _| wholly(!state.retrieval.gmv, "idle.until-gmv"),
    },
    Knob {
        key: "sample",
        testid: "sample",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "sampling",
        of: Of::All,
        control: switch!(retrieval.sample),
        idle: ALWAYS,
    },
    Knob {
        key: "seed",
        testid: "seed",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(0.0..=999.0, 1.0, retrieval.seed),
        idle: |state, _| wholly(!state.retrieval.sample, "idle.until-sampling"),
    },
    Knob {
        key: "int8",
        testid: "quantised",
        symbol: "",
        unit: "",
        group: Group::Retrieval,
        section: "index",
        of: Of::All,
        control: switch!(retrieval.quantised),
        idle: ALWAYS,
    },
    Knob {
        key: "ranker",
        testid: "ranker",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: choice!(ranker:
            Ranker::Dmt = "dmt";
            Ranker::Mlpr = "mlpr";
            Ranker::None = "none";
        ),
        idle: ALWAYS,
    },
    Knob {
        key: "blend",
        testid: "blend",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "blend",
        of: Of::AnyRanker,
        control: choice!(ranking.blend:
            Blend::Sum = "sum";
            Blend::Lift = "lift";
            Blend::Product = "product";
        ),
        idle: |state, _| unweighted(state),
    },
    Knob {
        key: "w-click",
        testid: "weight-click",
        symbol: "w_click",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::AnyRanker,
        control: number!(0.0..=1.0, 0.01, ranking.weight_click),
        idle: |state, _| alone(&task_weights(state), 0),
    },
    Knob {
        key: "w-cart",
        testid: "weight-cart",
        symbol: "w_cart",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Mlpr),
        control: number!(0.0..=1.0, 0.01, ranking.weight_cart),
        idle: |state, _| alone(&task_weights(state), 1),
    },
    Knob {
        key: "w-order",
        testid: "weight-order",
        symbol: "w_order",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::AnyRanker,
        control: number!(0.0..=1.0, 0.01, ranking.weight_order),
        idle: |state, _| alone(&task_weights(state), 2),
    },
    Knob {
        key: "gate-temperature",
        testid: "gate-temperature",
        symbol: "T",
        unit: "",
        group: Group::Ranking,
        section: "experts",
        of: Of::AnyRanker,
        control: number!(0.1..=5.0, 0.1, ranking.gate_temperature),
        idle: |state, _| {
            let shared =
                state.ranker == Ranker::Mlpr || state.ranking.multi_task == MultiTask::Mmoe;
            unweighted(state).or(wholly(!shared, "idle.no-gates"))
        },
    },
    Knob {
        key: "multi-task",
        testid: "multi-task",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: Control::Choice {
            options: &["mmoe", "shared-bottom", "single-task"],
            get: |state| {
                SHARING.iter().position(|way| *way == state.ranking.multi_task).unwrap_or(0)
            },
            set: |state, option| {
                if let Some(&way) = SHARING.get(option) {
                    state.ranking.multi_task = way;
                    if way != MultiTask::Mmoe {
                        state.ranking.bias = BiasFeatures::SHIPPED;
                    }
                }
            },
        },
        idle: |state, _| unweighted(state),
    },
    Knob {
        key: "bias-position",
        testid: "bias-position",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "the-bias-network-reads",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(position),
        idle: |state, _| unweighted(state),
    },
    Knob {
        key: "bias-page",
        testid: "bias-page",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(page),
        idle: |state, _| unweighted(state),
    },
    Knob {
        key: "bias-neighbours",
        testid: "bias-neighbours",
        symbol: "",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(neighbours),
        idle: |state, _| unweighted(state),
    },
    Knob {
        key: "bias-at-serving",
        testid: "bias-at-serving",
        symbol: "y_b",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: switch!(ranking.bias_at_serving),
        idle: |state, _| {
            let reads = state.ranking.bias;
            let nothing = !(reads.position || reads.page || reads.neighbours);
            unweighted(state).or(wholly(nothing, "idle.no-bias"))
        },
    },
    Knob {
        key: "precomputed",
        testid: "precomputed",
        symbol: "ψ(i)",
        unit: "",
        group: Group::Ranking,
        section: "encoders",
        of: Of::Ranker(Ranker::Mlpr),
        control: switch!(ranking.precomputed),
        idle: |_, _| Some(Idle::Wholly("idle.time-alone")),
    },
    Knob {
        key: "size",
        testid: "page-size",
        symbol: "",
        unit: "products",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(4.0..=60.0, 4.0, page.size),
        idle: |state, facts| {
            let size = state.page.size;
            // A page that retrieval could not fill, or that is as large as it was asked to be.
            let full = facts.retrieved < size || state.retrieval.candidates <= size;
            (full && facts.ranked <= size).then_some(Idle::Beyond("idle.all-shown"))
        },
    },
    Knob {
        key: "page",
        testid: "page-number",
        symbol: "",
        unit: "",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(0.0..=249.0, 1.0, page.number),
        idle: |state, facts| {
            let last = facts.ranked.saturating_sub(1) / state.page.size.max(1);
            enough(state.page.number, 0, last, "idle.last-page")
        },
    },
    Knob {
        key: "device",
        testid: "device",
        symbol: "",
        unit: "",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: choice!(page.device:
            PageDevice::Desktop = "desktop";
            PageDevice::Phone = "phone";
        ),
        idle: |_, _| Some(Idle::Wholly("idle.curves-alone")),
    },
];
