//! Messages between page and engine: plain data with a protocol version and a run number.
//!
//! The page sends its whole [`State`]; the newest wins. The engine answers with everything the
//! page shows; nothing on screen is computed from anything else but the blend, which both sides
//! compute as [`blend`] has it. Errors travel as data.
//!
//! It knows the link and the market's plain data, no tensor and no browser.

#[macro_use]
extern crate keys;

mod answer;
pub mod blend;
pub mod block;
pub mod learn;
pub mod machine;
pub mod memory;
pub mod prepared;
mod question;
mod shop;
pub mod supervisor;
mod trace;
mod version;
pub mod words;

pub use answer::{Answer, Candidate, Detail, Feature, HistoryEntry, RetrievalInsides, StageTime};
pub use question::{Map, Opened, Parts, Question, Reply, Seat, Told};
pub use shop::{Listed, Shop, Shopper};
pub use trace::{Passage, Trace};
pub use version::PROTOCOL_VERSION;

use wire::message;

use link::State;
use market::language::{Message, Value};
use market::metrics::measure::Values;

message! {
    /// Page to engine.
    #[derive(Clone, Debug, PartialEq)]
    pub enum ToEngine {
        /// Load the assets and answer [`FromEngine::Ready`].
        Start {
            /// [`PROTOCOL_VERSION`] of the page.
            version: u32,
        } = "start",
        /// Compute this state. A newer one makes it stale.
        Run {
            /// Number of the run, rising.
            run: u64,
            /// What to compute.
            state: Box<State>,
        } = "run",
        /// Measure this state on some held-out page views, and answer [`FromEngine::Evaluated`]. A run
        /// that waits goes first.
        Evaluate {
            /// Number of the job.
            job: u64,
            /// What to measure. Its surface says on which views; query, shopper, history and device
            /// are the views'.
            state: Box<State>,
            /// The first view, counted over those of the surface.
            from: u32,
            /// How many, at most.
            count: u32,
        } = "evaluate",
        /// Answer a question about this state with [`FromEngine::Told`]. A run that waits goes first.
        Ask {
            /// Number of the job.
            job: u64,
            /// What it is about.
            state: Box<State>,
            /// What is asked.
            question: Question,
        } = "ask",
        /// Where a state asks for learned weights, rank or retrieve with these in place of the file's of this
        /// name, from the next run on.
        Weigh {
            /// Name of the file.
            file: String,
            /// Its bytes, in base 64; an empty text takes them back.
            weights: String,
        } = "weigh",
        /// Say of a file of weights which variant of which system it is of, with [`FromEngine::Told`] and
        /// [`Reply::Weights`]. A run that waits goes first.
        Open {
            /// Number of the job.
            job: u64,
            /// Its bytes, in base 64.
            weights: String,
        } = "open",
        /// Answer [`FromEngine::Alive`].
        Ping = "ping",
        /// Lose the GPU, for tests of what follows.
        LoseDevice = "lose-device",
    }
}

message! {
    /// Engine to page.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FromEngine {
        /// The program has loaded and listens.
        Hello {
            /// [`PROTOCOL_VERSION`] of the engine.
            version: u32,
            /// Where it computes.
            backend: Backend,
        } = "hello",
        /// Bytes arrived, before the engine is ready or while a run waits for weights that were not
        /// asked for before. The loader says so, not the engine.
        Progress(Progress) = "progress",
        /// What is on sale and who shops: sent as soon as it is read, before the weights are.
        Shop(Box<Shop>) = "shop",
        /// Ready to run.
        Ready {
            /// Adapter as the browser names it; empty on the CPU.
            adapter: String,
        } = "ready",
        /// A larger shop is being made for a run.
        Growing(Growing) = "growing",
        /// The answer to a run.
        Answer(Box<Answer>) = "answer",
        /// What was measured on some held-out page views.
        Evaluated(Evaluated) = "evaluated",
        /// What came of a question.
        Told(Told) = "told",
        /// Something went wrong that leaves the engine working.
        Notice(Notice) = "notice",
        /// Something went wrong that the engine does not survive.
        Failed(Notice) = "failed",
        /// The answer to a ping.
        Alive = "alive",
    }
}

message! {
    /// Where a run was computed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Backend {
        /// Burn flex, in WebAssembly.
        Cpu = "cpu",
        /// Burn on WebGPU.
        Webgpu = "webgpu",
    }
}

message! {
    /// How far loading is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Progress {
        /// Bytes that have arrived: of the engine's program and of the assets of a first ranking, and
        /// later of the files that are fetched side by side.
        pub loaded: u64,
        /// Bytes of all of them.
        pub total: u64,
    }
}

impl Progress {
    /// The part of the bytes that has arrived.
    pub fn share(self) -> f32 {
        self.loaded as f32 / self.total.max(1) as f32
    }
}

message! {
    /// How far a larger shop is that is being made.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Growing {
        /// What is being made.
        pub what: Making,
        /// For how many products it is there.
        pub made: u32,
        /// Products that there are to be.
        pub of: u32,
        /// For how many of them it was taken from what an earlier visit kept.
        pub taken: u32,
    }
}

message! {
    /// What is made of a larger shop, one after the other.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Making {
        /// The products.
        Products = "products",
        /// Their vectors.
        Vectors = "vectors",
        /// The tree that vectors are searched in.
        Tree = "tree",
    }
}

message! {
    /// A message to the person: what happened and what to do.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Notice {
        /// Stable key, for example "query-too-long": one notice of each kind is shown at a time.
        pub key: String,
        /// What it says.
        pub says: Message,
    }
}

impl Notice {
    /// A notice that says this, of the kind that stands behind "notices." in the key of its words.
    pub fn new(words: &str) -> Self {
        let key = words.strip_prefix("notices.").unwrap_or(words);
        Self { key: key.into(), says: Message::new(words) }
    }

    /// With a value in a placeholder of what it says.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.says = self.says.with(name, value);
        self
    }
}

message! {
    /// What was measured on some held-out page views.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Evaluated {
        /// Number of the job.
        pub job: u64,
        /// How many views there are on the surface.
        pub views: u32,
        /// What was measured of each view asked for, in their order; empty where something is missing.
        pub values: Vec<Values>,
        /// What is missing, and what to do.
        pub notices: Vec<Notice>,
    }
}
