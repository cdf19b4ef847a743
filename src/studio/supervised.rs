//! A worker of the studio's from its start to its loss, as its engine and the trainer have it: started when
//! it is first wanted, watched for silence, and started again after it was lost. What it is asked, and what
//! becomes of what it was asked, is its own file's matter.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use market::language::Message;
use page::browser;
use page::worker::{self, Running, Wire};
use protocol::{PROTOCOL_VERSION, Progress};

/// Time between two looks at whether it still speaks.
pub const TICK: Duration = Duration::from_secs(3);
/// Longest that it may be silent while it has something to do, in milliseconds.
const SILENCE: f64 = 60_000.0;

/// How it stands with a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not asked for yet.
    Resting,
    /// On its way.
    Loading(Option<Progress>),
    /// It answers.
    Ready,
}

/// Which worker it is.
pub struct Script<M> {
    /// What the browser calls it.
    pub name: &'static str,
    /// File of its loader.
    pub loader: &'static str,
    /// Reads one of its messages, or names the part that is wrong.
    pub read: fn(&JsValue) -> Result<M, &'static str>,
    /// Key of what is said when it breaks.
    pub stopped: &'static str,
}

/// A worker, where there is one.
pub struct Supervised {
    /// How it stands.
    pub standing: RwSignal<Standing>,
    running: RefCell<Option<Running>>,
    /// When it was heard last, or last got something to do.
    heard: Cell<f64>,
}

impl Supervised {
    /// None yet.
    pub fn new() -> Self {
        Self {
            standing: RwSignal::new(Standing::Resting),
            running: RefCell::default(),
            heard: Cell::new(0.0),
        }
    }

    /// Whether there is one, on its way or ready.
    pub fn is_there(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Whether it answers.
    pub fn is_ready(&self) -> bool {
        self.standing.get_untracked() == Standing::Ready
    }

    /// Starts it. From then on `told` gets each of its messages, or why it is lost: then it is to be
    /// [ended](Self::end).
    pub fn start<M: 'static>(
        &self,
        script: &Script<M>,
        told: impl Fn(Result<M, Message>) + 'static,
    ) {
        self.standing.set(Standing::Loading(None));
        self.attend();
        let loader = browser::versioned(script.loader);
        let Ok(worker) = worker::start(script.name, &loader) else {
            told(Err(Message::new(word!("studio.engine.forbidden"))));
            return;
        };
        let (read, stopped) = (script.read, script.stopped);
        let told = Rc::new(told);
        let hears = told.clone();
        let unreadable =
            |part: &'static str| Message::new(word!("studio.engine.unreadable")).with("part", part);
        let hear = move |data: JsValue| hears(read(&data).map_err(unreadable));
        let broke = move |_| told(Err(Message::new(stopped)));
        *self.running.borrow_mut() = Some(Running::new(worker, hear, broke));
    }

    /// Its silence counts from now.
    pub fn attend(&self) {
        self.heard.set(browser::now());
    }

    /// It said hello: it is told to begin.
    ///
    /// # Errors
    /// Where it is of another version than the studio.
    pub fn greet(&self, version: u32, start: &impl Wire) -> Result<(), Message> {
        if version != PROTOCOL_VERSION {
            return Err(Message::new(word!("studio.engine.version")));
        }
        self.send(start);
        Ok(())
    }

    /// It said how far its loading is.
    pub fn progress(&self, progress: Progress) {
        if !self.is_ready() {
            self.standing.set(Standing::Loading(Some(progress)));
        }
    }

    /// Whether it has been silent for too long, while it loads or has something else to do.
    pub fn is_silent(&self, busy: bool) -> bool {
        let loading = matches!(self.standing.get_untracked(), Standing::Loading(_));
        (busy || loading) && browser::now() - self.heard.get() > SILENCE
    }

    /// Posts a message to it, where there is one.
    pub fn send(&self, message: &impl Wire) {
        if let Some(running) = &*self.running.borrow() {
            running.send(message);
        }
    }

    /// Ends it, where there is one; it may be started again.
    pub fn end(&self) {
        let running = self.running.borrow_mut().take();
        running.into_iter().for_each(Running::end);
        self.standing.set(Standing::Resting);
    }
}
