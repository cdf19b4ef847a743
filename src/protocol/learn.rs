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
            /// Its settings say which variant of DMT learns.
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
        /// Page views of so many shoppers are gathered.
        Gathered(Gathered) = "gathered",
        /// A run can make its first step.
        Begun(Begun) = "begun",
        /// Steps were made.
        Went(Went) = "went",
        /// The model was looked at.
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
    /// A run before its first step.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Begun {
        /// Number of the run.
        pub run: u64,
        /// Page views that are learned from.
        pub views: u32,
        /// Page views that it is tested on.
        pub held_out: u32,
        /// Steps of the run.
        pub steps: u32,
        /// Name of the file that weights of this variant lie in where they ship.
        pub file: String,
        /// AUC of each task over those held out with the weights that ship for this variant; empty where
        /// none do.
        pub shipped: Vec<f32>,
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
        /// Page views a second over those.
        pub speed: f32,
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
        /// AUC of each task over page views that it learns from.
        pub training: Vec<f32>,
        /// AUC of each task over those held out.
        pub held_out: Vec<f32>,
        /// Share of the pairs of a held-out page that u_click puts in the order of their true
        /// attraction.
        pub truth: f32,
        /// Mean weight of each expert over those held out, by task; empty without gates.
        pub gates: Vec<Vec<f32>>,
        /// Learned examination by place, relative to the first; empty where no place is read.
        pub learned: Vec<f32>,
        /// The same as the market has it.
        pub examination: Vec<f32>,
        /// Its weights as a file, in base 64.
        pub weights: String,
    }
}
