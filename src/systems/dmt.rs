//! DMT, deep multifaceted transformers with MMoE and a bias network (JD), and the variants that there
//! are weights for.

use serde::{Deserialize, Serialize};

use crate::knob::{Group, Knob, Settings};
use crate::shared::unless_unweighted;
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
};

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
