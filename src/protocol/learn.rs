//! Messages between the studio and the trainer: a run of a training, made step by step.

use wire::message;

use super::{Notice, Progress};
use link::State;

message! {
    /// Studio to trainer.
    #[derive(Clone, Debug, PartialEq)]
    pub enum ToTrainer {
        /// Load what every run reads, and answer [`FromTrainer::Ready`].
        Start {
            /// [`PROTOCOL_VERSION`](super::PROTOCOL_VERSION) of the studio.
            version: u32,
        } = "start",
        /// Begin a run in place of the last one, and answer [`FromTrainer::Begun`]. It makes no step yet.
        Begin {
            /// Number of the run, rising.
            run: u64,
            /// Its settings say which variant of the system learns, or what for.
            state: Box<State>,
            /// Values of a [`Recipe`](link::recipe::Recipe).
            recipe: Vec<f32>,
        } = "begin",
        /// Make steps until so many were made; a number that was passed pauses.
        Go {
            /// Number of the run.
            run: u64,
            /// How many steps in all.
            until: u32,
        } = "go",
        /// Measure weights that no run made on what is held out, and answer [`FromTrainer::Measured`]: once
        /// no step is made, or sooner where samples of their system are at hand.
        Measure {
            /// Number of what was brought.
            number: u64,
            /// Which system, and which variant of it.
            state: Box<State>,
            /// A [`Recipe`](link::recipe::Recipe) of the system.
            recipe: Vec<f32>,
            /// They themselves, in base 64.
            weights: String,
        } = "measure",
    }
}

message! {
    /// Trainer to studio.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FromTrainer {
        /// The program has loaded and listens.
        Hello {
            /// [`PROTOCOL_VERSION`](super::PROTOCOL_VERSION) of the trainer.
            version: u32,
        } = "hello",
        /// Bytes arrived. The loader says so, not the trainer.
        Progress(Progress) = "progress",
        /// Ready for a run.
        Ready = "ready",
        /// Samples of so many shoppers are gathered.
        Gathered(Gathered) = "gathered",
        /// A run can make its first step; said again once everyone is there whom it is tested on.
        Begun(Begun) = "begun",
        /// Steps were made.
        Went(Went) = "went",
        /// The model was looked at. Of a look from before everyone was there whom the run is tested on there
        /// is a second, later one.
        Looked(Box<Look>) = "looked",
        /// Something of a run went wrong; it stands at the step that is said.
        Halted {
            /// Number of the run.
            run: u64,
            /// Steps made.
            step: u32,
            /// What happened and what to do.
            notice: Notice,
        } = "halted",
        /// Weights that no run made were measured.
        Measured(Measured) = "measured",
        /// Something went wrong that the trainer does not survive. The loader says so, too.
        Failed(Notice) = "failed",
    }
}

message! {
    /// How far gathering is.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Gathered {
        /// Number of the run.
        pub run: u64,
        /// Shoppers whose days are over.
        pub done: u32,
        /// All of them.
        pub of: u32,
    }
}

message! {
    /// What there is of a run but for its steps.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Begun {
        /// Number of the run.
        pub run: u64,
        /// Samples that are learned from: page views, days of a shopper, or pairs of query and product.
        pub views: u32,
        /// Those that it is tested on; 0 before they are gathered.
        pub held_out: u32,
        /// Steps of the run.
        pub steps: u32,
        /// Name of the file that weights of this variant lie in where they ship.
        pub file: String,
        /// What is measured over those held out with the weights that ship in its place; empty where none
        /// do, and before those are gathered.
        pub shipped: Vec<Measure>,
    }
}

message! {
    /// Steps that were made.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Went {
        /// Number of the run.
        pub run: u64,
        /// Steps made in all.
        pub step: u32,
        /// Loss of each step since the last message, the newest last.
        pub losses: Vec<f32>,
        /// Samples a second over those.
        pub speed: f32,
    }
}

message! {
    /// Something that is measured of a model; words under "learn.measure." and its key.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Measure {
        /// Its name.
        pub key: String,
        /// Over samples that it learns from; none where it is not measured on those.
        pub training: Option<f32>,
        /// Over samples held out; none where there are too few of them to say.
        pub held_out: Option<f32>,
    }
}

message! {
    /// What weights that no run made come to.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Measured {
        /// Number of what was brought.
        pub number: u64,
        /// What is measured over samples held out; empty where it could not be.
        pub measures: Vec<Measure>,
        /// Why it could not be.
        pub notice: Option<Notice>,
    }
}

message! {
    /// A gate; words under "learn.gate." and its key.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Gate {
        /// Its name.
        pub key: String,
        /// Mean weight of each expert over what is held out.
        pub shares: Vec<f32>,
        /// The same by department of the catalogue; empty of one that nothing held out is of.
        pub departments: Vec<Vec<f32>>,
    }
}

message! {
    /// What a model has found out beside what is so; words under "learn.curve." and its key.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Curve {
        /// Its name.
        pub key: String,
        /// As the model has it.
        pub learned: Vec<f32>,
        /// As the market has it.
        pub truth: Vec<f32>,
    }
}

message! {
    /// A model after some steps.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Look {
        /// Number of the run.
        pub run: u64,
        /// Steps made.
        pub step: u32,
        /// What is measured, in the order in which the system declares it; nothing, like all that is seen
        /// but the weights, before everyone is there whom it is tested on.
        pub measures: Vec<Measure>,
        /// How its gates choose; none without gates.
        pub gates: Vec<Gate>,
        /// What it has found out; none where it reads nothing of the kind.
        pub curves: Vec<Curve>,
        /// Its weights as a file, in base 64.
        pub weights: String,
    }
}

impl Look {
    /// A measure over what is held out.
    pub fn held_out(&self, key: &str) -> Option<f32> {
        self.measure(key)?.held_out
    }

    /// The measure of this name.
    pub fn measure(&self, key: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.key == key)
    }
}
