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
    ($($place:ident).+ : $($variant:path = $name:literal, $label:literal);+ $(;)?) => {
        Control::Choice {
            options: &[$(($name, $label)),+],
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
        name: "Surface",
        symbol: "",
        unit: "",
        explanation: "Results of a query, or recommendations without one.",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(surface:
            Surface::Search = "search", "Search";
            Surface::Feed = "feed", "Feed";
        ),
    },
    Knob {
        key: "backend",
        testid: "backend-choice",
        name: "Compute on",
        symbol: "",
        unit: "",
        explanation: "Auto takes WebGPU unless it answers later than the CPU by more than a frame (16.7 ms).",
        group: Group::Setting,
        section: "",
        of: Of::All,
        control: choice!(backend:
            BackendChoice::Auto = "auto", "Auto";
            BackendChoice::Webgpu = "webgpu", "WebGPU";
            BackendChoice::Cpu = "cpu", "CPU";
        ),
    },
    Knob {
        key: "retriever",
        testid: "retriever",
        name: "Retriever",
        symbol: "",
        unit: "",
        explanation: "The system that picks candidates out of the catalogue.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: choice!(retriever:
            Retriever::Moppr = "moppr", "MOPPR two towers";
            Retriever::Yandex = "yandex", "Yandex two towers";
        ),
    },
    Knob {
        key: "w-relevance",
        testid: "weight-relevance",
        name: "Relevance",
        symbol: "w_relevance",
        unit: "",
        explanation: "Pull towards products that a judge finds relevant to the query.",
        group: Group::Retrieval,
        section: "Objectives",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[0]),
    },
    Knob {
        key: "w-exposure",
        testid: "weight-exposure",
        name: "Exposure",
        symbol: "w_exposure",
        unit: "",
        explanation: "Pull towards products that the shop's ranking has shown.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[1]),
    },
    Knob {
        key: "w-retrieval-click",
        testid: "weight-retrieval-click",
        name: "Click",
        symbol: "w_click",
        unit: "",
        explanation: "Pull towards products that people like this shopper click.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[2]),
    },
    Knob {
        key: "w-purchase",
        testid: "weight-purchase",
        name: "Purchase",
        symbol: "w_purchase",
        unit: "",
        explanation: "Pull towards products that people like this shopper buy.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: number!(0.0..=1.0, 0.05, retrieval.weights[3]),
    },
    Knob {
        key: "stage",
        testid: "training-stage",
        name: "Training",
        symbol: "",
        unit: "",
        explanation: "Towers after the first stage, which learns to retrieve, or after the second, which learns to rank what is shown together.",
        group: Group::Retrieval,
        section: "Towers",
        of: Of::Retriever(Retriever::Yandex),
        control: choice!(retrieval.stage:
            TrainingStage::FineTuned = "fine-tuned", "Fine-tuned";
            TrainingStage::PreTrained = "pre-trained", "Pre-trained";
        ),
    },
    Knob {
        key: "history-length",
        testid: "history-length",
        name: "History",
        symbol: "",
        unit: "behaviours",
        explanation: "How many behaviours the user tower reads, the newest first.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: whole!(0.0..=64.0, 1.0, retrieval.history_length),
    },
    Knob {
        key: "web-searches",
        testid: "web-searches",
        name: "Web searches",
        symbol: "",
        unit: "",
        explanation: "Read what the shopper searched for on the web, in one sequence with the behaviour in the shop.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Yandex),
        control: switch!(retrieval.web_searches),
    },
    Knob {
        key: "tau",
        testid: "temperature",
        name: "Temperature",
        symbol: "τ",
        unit: "",
        explanation: "Sharpness of the softmax over the catalogue: low lets few products compete, high many.",
        group: Group::Retrieval,
        section: "Candidates",
        of: Of::All,
        control: number!(0.005..=0.2, 0.005, retrieval.temperature),
    },
    Knob {
        key: "candidates",
        testid: "candidates",
        name: "Candidates",
        symbol: "K",
        unit: "products",
        explanation: "How many products are handed to the ranker.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=1000.0, 10.0, retrieval.candidates),
    },
    Knob {
        key: "category-filter",
        testid: "category-filter",
        name: "Category filtering",
        symbol: "",
        unit: "",
        explanation: "Keep only the behaviours in categories that the query is predicted to mean.",
        group: Group::Retrieval,
        section: "",
        of: Of::Retriever(Retriever::Moppr),
        control: switch!(retrieval.category_filter),
    },
    Knob {
        key: "relevance-control",
        testid: "relevance-control",
        name: "Relevance control",
        symbol: "",
        unit: "",
        explanation: "Hand on to the ranker only products of categories that the query is predicted to mean.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: switch!(retrieval.relevance_control),
    },
    Knob {
        key: "coarse",
        testid: "coarse-ranker",
        name: "Coarse ranking",
        symbol: "",
        unit: "",
        explanation: "Let a small two-tower model, trained to tell relevant products apart, cut what was retrieved to fewer before the ranker sees them.",
        group: Group::Retrieval,
        section: "Cascade",
        of: Of::All,
        control: switch!(retrieval.coarse),
    },
    Knob {
        key: "coarse-keep",
        testid: "coarse-keep",
        name: "Handed on",
        symbol: "",
        unit: "products",
        explanation: "How many products the coarse ranker hands to the ranker, at most.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(10.0..=500.0, 10.0, retrieval.coarse_keep),
    },
    Knob {
        key: "gmv",
        testid: "gmv",
        name: "Order by expected GMV",
        symbol: "",
        unit: "",
        explanation: "Extend the vectors by (σ, ln price), so that what is dear rises.",
        group: Group::Retrieval,
        section: "Expected GMV",
        of: Of::All,
        control: switch!(retrieval.gmv),
    },
    Knob {
        key: "sigma",
        testid: "sigma",
        name: "Scale",
        symbol: "σ",
        unit: "",
        explanation: "How strongly the price pulls when retrieving by expected GMV.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: number!(0.0..=0.5, 0.01, retrieval.sigma),
    },
    Knob {
        key: "sample",
        testid: "sample",
        name: "Sample the candidates",
        symbol: "",
        unit: "",
        explanation: "Draw the candidates by Gumbel top-K at temperature τ in place of taking the best.",
        group: Group::Retrieval,
        section: "Sampling",
        of: Of::All,
        control: switch!(retrieval.sample),
    },
    Knob {
        key: "seed",
        testid: "seed",
        name: "Seed of the draw",
        symbol: "",
        unit: "",
        explanation: "The same seed draws the same candidates.",
        group: Group::Retrieval,
        section: "",
        of: Of::All,
        control: whole!(0.0..=999.0, 1.0, retrieval.seed),
    },
    Knob {
        key: "int8",
        testid: "quantised",
        name: "Search int8 vectors",
        symbol: "",
        unit: "",
        explanation: "A quarter of the memory of f32; switch it off to see what rounding costs.",
        group: Group::Retrieval,
        section: "Index",
        of: Of::All,
        control: switch!(retrieval.quantised),
    },
    Knob {
        key: "ranker",
        testid: "ranker",
        name: "Ranker",
        symbol: "",
        unit: "",
        explanation: "The system that scores the candidates.",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: choice!(ranker:
            Ranker::Dmt = "dmt", "DMT transformers";
            Ranker::Mlpr = "mlpr", "MLPR with BERT";
        ),
    },
    Knob {
        key: "w-click",
        testid: "weight-click",
        name: "Click",
        symbol: "w_click",
        unit: "",
        explanation: "Share of the click utility in the blended score.",
        group: Group::Ranking,
        section: "Blend",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_click),
    },
    Knob {
        key: "w-cart",
        testid: "weight-cart",
        name: "Cart",
        symbol: "w_cart",
        unit: "",
        explanation: "Share of the probability of the cart in the blended score.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Mlpr),
        control: number!(0.0..=1.0, 0.01, ranking.weight_cart),
    },
    Knob {
        key: "w-order",
        testid: "weight-order",
        name: "Order",
        symbol: "w_order",
        unit: "",
        explanation: "Share of the order utility in the blended score.",
        group: Group::Ranking,
        section: "",
        of: Of::All,
        control: number!(0.0..=1.0, 0.01, ranking.weight_order),
    },
    Knob {
        key: "gate-temperature",
        testid: "gate-temperature",
        name: "Gate temperature",
        symbol: "T",
        unit: "",
        explanation: "Softness of the gates: 1 is the paper, lower trusts one expert, higher mixes all.",
        group: Group::Ranking,
        section: "Experts",
        of: Of::All,
        control: number!(0.1..=5.0, 0.1, ranking.gate_temperature),
    },
    Knob {
        key: "multi-task",
        testid: "multi-task",
        name: "Tasks share",
        symbol: "",
        unit: "",
        explanation: "How click and order share parameters: experts behind gates, one bottom, or nothing. The last two come with the bias network of the start, position and neighbours.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: Control::Choice {
            options: &[("mmoe", "MMoE"), ("shared-bottom", "Bottom"), ("single-task", "Nothing")],
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
        name: "Position on the list",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the product's index on the list.",
        group: Group::Ranking,
        section: "The bias network reads",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(position),
    },
    Knob {
        key: "bias-page",
        testid: "bias-page",
        name: "Page number",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the number of the page.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(page),
    },
    Knob {
        key: "bias-neighbours",
        testid: "bias-neighbours",
        name: "Neighbours",
        symbol: "",
        unit: "",
        explanation: "The bias network reads the categories of the six nearest neighbours.",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: bias_feature!(neighbours),
    },
    Knob {
        key: "bias-at-serving",
        testid: "bias-at-serving",
        name: "Serve with the bias",
        symbol: "y_b",
        unit: "",
        explanation: "Keep the bias logit in the score (equation 5), as serving never should (equation 6).",
        group: Group::Ranking,
        section: "",
        of: Of::Ranker(Ranker::Dmt),
        control: switch!(ranking.bias_at_serving),
    },
    Knob {
        key: "precomputed",
        testid: "precomputed",
        name: "Products’ vectors ready",
        symbol: "ψ(i)",
        unit: "",
        explanation: "Look the products' vectors up in place of putting their texts through the BERT on the spot; the time of the stage shows the difference.",
        group: Group::Ranking,
        section: "Encoders",
        of: Of::Ranker(Ranker::Mlpr),
        control: switch!(ranking.precomputed),
    },
    Knob {
        key: "size",
        testid: "page-size",
        name: "Products a page",
        symbol: "",
        unit: "products",
        explanation: "How many products one page shows.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(4.0..=60.0, 4.0, page.size),
    },
    Knob {
        key: "page",
        testid: "page-number",
        name: "Page",
        symbol: "",
        unit: "",
        explanation: "Page that is shown; links count from 0.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: whole!(0.0..=249.0, 1.0, page.number),
    },
    Knob {
        key: "device",
        testid: "device",
        name: "Device",
        symbol: "",
        unit: "",
        explanation: "What the page is seen on: people look down a phone's two columns otherwise than along a desktop's five.",
        group: Group::Page,
        section: "",
        of: Of::All,
        control: choice!(page.device:
            PageDevice::Desktop = "desktop", "Desktop";
            PageDevice::Phone = "phone", "Phone";
        ),
    },
];
