//! The one table of everything that can be turned: the page draws its controls from it, links
//! are checked against it, and "back to the default" reads it.

use super::{Control, Group, Knob, Of};
use crate::market::history::PageDevice;
use crate::share::{
    BackendChoice, BiasFeatures, MultiTask, Ranker, Retriever, Surface, TrainingStage,
};

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
    },
    Knob {
        key: "w-relevance",
        testid: "weight-relevance",
        symbol: "w_relevance",
        unit: "",
        group: Group::Retrieval,
        section: "objectives",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[0]),
    },
    Knob {
        key: "w-exposure",
        testid: "weight-exposure",
        symbol: "w_exposure",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[1]),
    },
    Knob {
        key: "w-retrieval-click",
        testid: "weight-retrieval-click",
        symbol: "w_click",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[2]),
    },
    Knob {
        key: "w-purchase",
        testid: "weight-purchase",
        symbol: "w_purchase",
        unit: "",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[3]),
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
        ),
    },
    Knob {
        key: "w-click",
        testid: "weight-click",
        symbol: "w_click",
        unit: "",
        group: Group::Ranking,
        section: "blend",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_click),
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
    },
    Knob {
        key: "w-order",
        testid: "weight-order",
        symbol: "w_order",
        unit: "",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_order),
    },
    Knob {
        key: "gate-temperature",
        testid: "gate-temperature",
        symbol: "T",
        unit: "",
        group: Group::Ranking,
        section: "experts",
        of: Of::All,
        control: number!(0.1..=5.0, 0.1, ranking.gate_temperature),
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
    },
];
