//! The trainer's worker as the studio has it: started when the first run is asked for, and again after
//! it was lost. It goes on while its panel is closed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use send_wrapper::SendWrapper;

use super::record::Record;
use crate::engine::{Engine, Standing};
use link::State;
use link::recipe::Recipe;
use market::language::Message;
use page::parts::follow;
use page::worker::{self, Running};
use page::{bridge, browser, wire};
use protocol::PROTOCOL_VERSION;
use protocol::learn::{FromTrainer, Look, ToTrainer};

/// Milliseconds between two looks at whether the trainer still speaks.
const TICK: u64 = 3_000;
/// Longest that it may be silent while it has something to do, in milliseconds.
const SILENCE: f64 = 60_000.0;

/// Runs that are kept.
pub const KEPT: usize = 8;

/// The trainer, with the runs of this visit.
#[derive(Clone)]
pub struct Trainer {
    inner: SendWrapper<Rc<Inner>>,
    /// How it stands.
    pub standing: RwSignal<Standing>,
    /// Runs, the newest last.
    pub runs: RwSignal<Vec<Record>>,
    /// Whether steps are made.
    pub goes: RwSignal<bool>,
    /// Why there is no trainer.
    pub trouble: RwSignal<Option<Message>>,
    /// Which look at the newest run is on show; none: the newest.
    pub at: RwSignal<Option<usize>>,
    /// Whether the shelf is ranked with the weights of the look on show.
    pub on_shelf: RwSignal<bool>,
}

struct Inner {
    worker: RefCell<Option<Running>>,
    /// What is sent once it is ready.
    waiting: RefCell<Vec<ToTrainer>>,
    run: Cell<u64>,
    /// How many steps are wanted in all.
    until: Cell<u32>,
    /// When it was heard last.
    heard: Cell<f64>,
}

impl Trainer {
    /// None yet.
    pub fn new(engine: Engine) -> Self {
        let inner = Rc::new(Inner {
            worker: RefCell::default(),
            waiting: RefCell::default(),
            run: Cell::new(0),
            until: Cell::new(0),
            heard: Cell::new(0.0),
        });
        let trainer = Self {
            inner: SendWrapper::new(inner),
            standing: RwSignal::new(Standing::Resting),
            runs: RwSignal::new(Vec::new()),
            goes: RwSignal::new(false),
            trouble: RwSignal::new(None),
            at: RwSignal::new(None),
            on_shelf: RwSignal::new(false),
        };
        trainer.rank_with(engine);
        let watched = trainer.clone();
        set_interval(move || watched.watch(), Duration::from_millis(TICK));
        trainer
    }

    /// Keeps the shelf's weights those of the look on show for as long as that is wanted.
    fn rank_with(&self, engine: Engine) {
        let (runs, at, on_shelf) = (self.runs, self.at, self.on_shelf);
        let weights = Memo::new(move |_| {
            if !on_shelf.get() {
                return None;
            }
            runs.with(|runs| {
                let run = runs.last()?;
                let look = look_at(run, at.get())?;
                let file = run.begun.as_ref()?.file.clone();
                (!look.weights.is_empty()).then(|| (file, look.weights.clone()))
            })
        });
        let mut before = None::<String>;
        follow(move |first| {
            let now = weights.get();
            let file = now.as_ref().map(|(file, _)| file.clone());
            // What another variant was ranked with is taken back.
            if let Some(before) = before.take().filter(|before| Some(before) != file.as_ref()) {
                weigh(&engine, &before, "");
            }
            if let Some((file, weights)) = &now {
                weigh(&engine, file, weights);
            }
            if !first || file.is_some() {
                before = file;
            }
        });
    }

    /// Begins a run; it makes no step before it is told to go.
    pub fn begin(&self, state: &State, recipe: &Recipe) {
        let run = self.inner.run.get() + 1;
        self.inner.run.set(run);
        self.runs.update(|runs| {
            runs.iter_mut().for_each(Record::lighten);
            if runs.len() == KEPT {
                runs.remove(0);
            }
            runs.push(Record::new(run, state, recipe));
        });
        self.at.set(None);
        self.goes.set(false);
        self.trouble.set(None);
        let state = State { selected: None, ..state.clone() };
        self.send(ToTrainer::Begin { run, state: Box::new(state), recipe: recipe.values() });
    }

    /// Makes steps of the newest run until there were so many.
    pub fn go(&self, until: u32) {
        self.goes.set(true);
        self.inner.until.set(until);
        self.at.set(None);
        self.send(ToTrainer::Go { run: self.inner.run.get(), until });
    }

    /// Makes no further step.
    pub fn pause(&self) {
        self.goes.set(false);
        self.send(ToTrainer::Go { run: self.inner.run.get(), until: 0 });
    }

    fn send(&self, message: ToTrainer) {
        self.inner.heard.set(browser::now());
        if self.standing.get_untracked() == Standing::Ready {
            if let Some(worker) = &*self.inner.worker.borrow() {
                worker.send(&message);
            }
            return;
        }
        self.inner.waiting.borrow_mut().push(message);
        if self.inner.worker.borrow().is_none() {
            self.start();
        }
    }

    fn start(&self) {
        self.standing.set(Standing::Loading(None));
        let Ok(worker) = worker::start("trainer", &browser::versioned("trainer-loader.js")) else {
            self.lose(Message::new(word!("studio.engine.forbidden")));
            return;
        };
        let trainer = self.clone();
        let hear = move |data| match wire::read_as::<FromTrainer>(&data) {
            Ok(message) => trainer.hear(message),
            Err(part) => {
                let says = Message::new(word!("studio.engine.unreadable"));
                trainer.lose(says.with("part", part));
            }
        };
        let trainer = self.clone();
        let broke = move |_| trainer.lose(Message::new(word!("learn.lost")));
        *self.inner.worker.borrow_mut() = Some(Running::new(worker, hear, broke));
    }

    fn watch(&self) {
        let loading = matches!(self.standing.get_untracked(), Standing::Loading(_));
        let busy = self.goes.get_untracked() || loading;
        if busy && browser::now() - self.inner.heard.get() > SILENCE {
            self.lose(Message::new(word!("learn.lost")));
        }
    }

    fn hear(&self, message: FromTrainer) {
        self.inner.heard.set(browser::now());
        match message {
            FromTrainer::Hello { version: PROTOCOL_VERSION } => {
                let worker = self.inner.worker.borrow();
                if let Some(worker) = &*worker {
                    worker.send(&ToTrainer::Start { version: PROTOCOL_VERSION });
                }
            }
            FromTrainer::Hello { .. } => self.lose(Message::new(word!("studio.engine.version"))),
            FromTrainer::Progress(progress) => {
                if self.standing.get_untracked() != Standing::Ready {
                    self.standing.set(Standing::Loading(Some(progress)));
                }
            }
            FromTrainer::Ready => {
                self.standing.set(Standing::Ready);
                let waiting = std::mem::take(&mut *self.inner.waiting.borrow_mut());
                waiting.into_iter().for_each(|message| self.send(message));
            }
            FromTrainer::Failed(notice) => self.lose(notice.says),
            of_a_run => {
                if matches!(of_a_run, FromTrainer::Halted { .. }) {
                    self.goes.set(false);
                }
                self.runs.update(|runs| {
                    if let Some(run) = runs.last_mut() {
                        run.hear(of_a_run);
                    }
                });
                let until = self.inner.until.get();
                let done = |runs: &Vec<Record>| {
                    runs.last().is_some_and(|run| run.step() >= until || run.is_over())
                };
                if self.goes.get_untracked() && self.runs.with_untracked(done) {
                    self.goes.set(false);
                }
            }
        }
    }

    /// The trainer is gone. What was seen of its runs stays.
    fn lose(&self, why: Message) {
        let running = self.inner.worker.borrow_mut().take();
        running.into_iter().for_each(Running::end);
        self.inner.waiting.borrow_mut().clear();
        self.standing.set(Standing::Resting);
        self.goes.set(false);
        // It can't go on: the next run begins anew.
        self.inner.run.set(self.inner.run.get() + 1);
        self.trouble.set(Some(why));
    }

    /// Whether the newest run can go on.
    pub fn can_go_on(&self, run: &Record) -> bool {
        run.number == self.inner.run.get() && !run.is_over()
    }
}

/// The look at a run that is on show: of this number, or the newest.
pub fn look_at(run: &Record, at: Option<usize>) -> Option<&Look> {
    at.map_or_else(|| run.looks.last(), |at| run.looks.get(at))
}

/// Has the page and the studio rank with these weights; with none, as they ship.
fn weigh(engine: &Engine, file: &str, weights: &str) {
    engine.weigh(file, weights);
    bridge::say(bridge::WEIGHTS, &format!("{file}\n{weights}"));
}
