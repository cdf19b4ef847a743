//! The trainer's worker as the studio has it: started when the first run is asked for, and again after
//! it was lost. It goes on while its panel is closed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use gloo_events::EventListener;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

use super::kept::Kept;
use super::mine::{Brought, Meant, meant};
use super::record::{KEPT, Record};
use crate::engine::Engine;
use crate::supervised::{Script, Standing, Supervised, TICK};
use link::State;
use link::recipe::Recipe;
use market::language::Message;
use page::parts::follow;
use page::store::Store;
use page::{bridge, browser, wire};
use protocol::PROTOCOL_VERSION;
use protocol::learn::{FromTrainer, ToTrainer};
use systems::knob::Settings;
use systems::learning::{Learning, Role};

/// The worker that a training runs in.
const SCRIPT: Script<FromTrainer> = Script {
    name: "trainer",
    loader: "trainer-loader.js",
    read: wire::read_as,
    stopped: word!("learn.lost"),
};
/// Milliseconds between two times that steps are shown: nobody reads faster, and each time charts are drawn.
const SHOWN: f64 = 250.0;

/// The trainer, with the runs of this visit.
#[derive(Clone)]
pub struct Trainer {
    inner: SendWrapper<Rc<Inner>>,
    /// How it stands.
    pub standing: RwSignal<Standing>,
    /// Runs, the newest last.
    pub runs: RwSignal<Vec<Record>>,
    /// Raised whenever more of them changed than their steps.
    turned: RwSignal<u32>,
    /// Whether steps are made.
    pub goes: RwSignal<bool>,
    /// Why there is no trainer.
    pub trouble: RwSignal<Option<Message>>,
    /// Which look at the newest run is on show; none: the newest.
    pub at: RwSignal<Option<usize>>,
    /// Numbers of the runs whose curves are laid over the newest's.
    pub overlaid: RwSignal<BTreeSet<u64>>,
    /// Weights that no run of this visit made, the newest last.
    pub brought: RwSignal<Vec<Brought>>,
    /// Numbers of the runs, or of what was brought, whose weights are meant where a state asks for learned
    /// ones, of a retriever and of a ranker; none: the newest run's of one, at the look on show.
    mine: [RwSignal<Option<u64>>; 2],
    /// A run that a closed tab or a dead trainer left behind, until the person has said what to do with it.
    pub left: RwSignal<Option<Kept>>,
    /// Whether the browser keeps the run; once it did not, that is said.
    pub keeps: RwSignal<bool>,
    /// Whether the tab is in the background.
    pub hidden: RwSignal<bool>,
    /// Steps that were made the last time that it was.
    pub away: RwSignal<Option<u32>>,
    /// Whether the learned order is held against the truth's.
    pub truth: RwSignal<bool>,
    /// Whether the machine is drawn as it learns.
    pub machine: RwSignal<bool>,
}

/// Where the numbers of what was brought begin: no visit has so many runs.
const BROUGHT: u64 = 1 << 40;

struct Inner {
    worker: Supervised,
    /// What is sent once it is ready.
    waiting: RefCell<Vec<ToTrainer>>,
    run: Cell<u64>,
    /// How many steps are wanted in all.
    until: Cell<u32>,
    /// What it said of a run and is not shown yet.
    unshown: RefCell<Vec<FromTrainer>>,
    /// When that was shown last, and whether a timer will.
    shown: Cell<f64>,
    will_show: Cell<bool>,
    /// Weights that were brought so far.
    brought: Cell<u64>,
}

/// The runs, for what steps alone do not change: whoever reads them so is not told of each message of steps.
#[derive(Clone, Copy)]
pub struct Looks {
    runs: RwSignal<Vec<Record>>,
    turned: RwSignal<u32>,
}

impl Looks {
    /// Reads them, and follows what else there is of them.
    pub fn with<T>(self, read: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.turned.track();
        self.runs.with_untracked(read)
    }

    /// Reads them once.
    pub fn with_untracked<T>(self, read: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.runs.with_untracked(read)
    }
}

impl Trainer {
    /// None yet.
    pub fn new(engine: Engine, store: Store) -> Self {
        let worker = Supervised::new();
        let standing = worker.standing;
        let inner = Rc::new(Inner {
            worker,
            waiting: RefCell::default(),
            run: Cell::new(0),
            until: Cell::new(0),
            unshown: RefCell::default(),
            shown: Cell::new(0.0),
            will_show: Cell::new(false),
            brought: Cell::new(0),
        });
        let trainer = Self {
            inner: SendWrapper::new(inner),
            standing,
            runs: RwSignal::new(Vec::new()),
            turned: RwSignal::new(0),
            goes: RwSignal::new(false),
            trouble: RwSignal::new(None),
            at: RwSignal::new(None),
            overlaid: RwSignal::default(),
            brought: RwSignal::default(),
            mine: [RwSignal::new(None), RwSignal::new(None)],
            left: RwSignal::new(Kept::recall()),
            keeps: RwSignal::new(true),
            hidden: RwSignal::new(browser::document().hidden()),
            away: RwSignal::new(None),
            truth: RwSignal::new(false),
            machine: RwSignal::new(false),
        };
        for role in Role::ALL {
            trainer.bring(role, engine.clone(), store);
        }
        trainer.follow_sight();
        let watched = trainer.clone();
        set_interval(move || watched.watch(), TICK);
        trainer
    }

    /// Hands the weights that are meant of a retriever or of a ranker to the engines: at once where a state or a
    /// pin asks for learned ones, their order is held against the truth's, or their machine is drawn, else when
    /// no step is made.
    fn bring(&self, role: Role, engine: Engine, store: Store) {
        let (goes, truth, machine) = (self.goes, self.truth, self.machine);
        let trainer = self.clone();
        let asked = Memo::new(move |_| {
            let asks = |state: &State| role.asks(&state.settings);
            let pinned = |link: &String| asks(&State::from_link(link).0);
            let is_pinned = || store.view.with(|view| view.pins.iter().any(pinned));
            let is_held = role == Role::Ranks && truth.get();
            store.state.with(asks) || is_held || machine.get() || is_pinned()
        });
        let meant = Memo::new(move |_| {
            let wanted = asked.get() || !goes.get();
            wanted.then(|| trainer.meant(role)).flatten()
        });
        let mut before = None::<Meant>;
        follow(move |_| {
            let now = meant.get();
            if let Some(Meant { file, weights, .. }) = now.as_ref().filter(|_| now != before) {
                engine.weigh(file, weights);
                bridge::say(bridge::WEIGHTS, &format!("{file}\n{weights}"));
            }
            before = now.or(before.take());
        });
    }

    /// The runs, for what steps alone do not change.
    pub fn looks(&self) -> Looks {
        Looks { runs: self.runs, turned: self.turned }
    }

    /// The weights of a retriever or of a ranker that are meant where a state asks for learned ones; follows what
    /// decides it.
    pub fn meant(&self, role: Role) -> Option<Meant> {
        let (number, at) = (self.mine(role).get(), self.at.get());
        let runs = self.looks();
        runs.with(|runs| self.brought.with(|brought| meant(role, runs, brought, number, at)))
    }

    /// Number of the run, or of what was brought, whose weights are meant; none: the newest run's.
    pub fn mine(&self, role: Role) -> RwSignal<Option<u64>> {
        let [retrieves, ranks] = self.mine;
        match role {
            Role::Retrieves => retrieves,
            Role::Ranks => ranks,
        }
    }

    /// Which variant those are of.
    pub fn meant_variant(&self, role: Role) -> Option<Settings> {
        let number = self.meant(role)?.number;
        let of_run = self.looks().with(|runs| {
            runs.iter().find(|run| run.number == number).map(|run| run.variant.clone())
        });
        let of_brought = |brought: &Vec<Brought>| {
            brought.iter().find(|of| of.number == number).map(|of| of.variant.clone())
        };
        of_run.or_else(|| self.brought.with(of_brought))
    }

    /// Has the present state rank or retrieve with the weights of a run of a system's variant, or with others
    /// that were brought; none: with the newest run's.
    pub fn serve(
        &self,
        store: Store,
        number: Option<u64>,
        (learning, variant): (&Learning, &Settings),
    ) {
        let role = learning.role();
        self.mine(role).set(number);
        store.state.update(|state| role.serve_with(&mut state.settings, variant));
    }

    /// Takes in weights that no run of this visit made; their number.
    pub fn take(&self, make: impl FnOnce(u64) -> Brought) -> u64 {
        let count = self.inner.brought.get() + 1;
        self.inner.brought.set(count);
        let number = BROUGHT + count;
        self.brought.update(|brought| {
            if brought.len() == KEPT {
                brought.remove(0);
            }
            brought.push(make(number));
        });
        number
    }

    /// Has weights that no run of this visit made measured, by their number, on what is held out.
    pub fn measure(&self, number: u64) {
        let question = self.brought.try_update(|brought| {
            let of = brought.iter_mut().find(|of| of.number == number)?;
            of.waits = true;
            Some(of.question())
        });
        question.flatten().into_iter().for_each(|question| self.send(question));
    }

    /// Notes when the tab goes to the background, and what was done there when it comes back.
    fn follow_sight(&self) {
        let (trainer, left_at) = (self.clone(), Cell::new(None::<u32>));
        let turned = move |_: &web_sys::Event| {
            let hidden = browser::document().hidden();
            trainer.hidden.set(hidden);
            trainer.show();
            let made = trainer.runs.with_untracked(|runs| runs.last().map_or(0, Record::step));
            if hidden {
                left_at.set(trainer.goes.get_untracked().then_some(made));
                trainer.away.set(None);
            } else if let Some(before) = left_at.take() {
                trainer.away.set(made.checked_sub(before));
            }
        };
        // It listens for as long as the studio lives.
        EventListener::new(&browser::document(), "visibilitychange", turned).forget();
    }

    /// Lets the browser keep the newest run. Where it does not, that is said once, and the run goes on.
    fn keep(&self) {
        let kept = self.runs.with_untracked(|runs| runs.last().and_then(Kept::of));
        if kept.is_some_and(|kept| !kept.remember()) {
            self.keeps.set(false);
        }
    }

    /// Says that no more is wanted of the run that was left behind.
    pub fn forget_left(&self) {
        let left = self.left.try_update(Option::take).flatten();
        // The browser may keep a newer one by now.
        if left.is_some() && left == Kept::recall() {
            Kept::forget();
        }
    }

    /// Begins a run; it makes no step before it is told to go.
    pub fn begin(&self, state: &State, recipe: &Recipe) {
        self.show();
        let run = self.inner.run.get() + 1;
        self.inner.run.set(run);
        self.runs.update(|runs| {
            runs.iter_mut().for_each(Record::lighten);
            if runs.len() == KEPT {
                runs.remove(0);
            }
            let record = Record::new(run, state, recipe, runs);
            runs.push(record);
        });
        self.turned.update(|turned| *turned += 1);
        self.at.set(None);
        self.goes.set(false);
        self.trouble.set(None);
        self.away.set(None);
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
        let worker = &self.inner.worker;
        worker.attend();
        if worker.is_ready() {
            worker.send(&message);
            return;
        }
        self.inner.waiting.borrow_mut().push(message);
        if !worker.is_there() {
            self.start();
        }
    }

    fn start(&self) {
        let trainer = self.clone();
        self.inner.worker.start(&SCRIPT, move |told| match told {
            Ok(message) => trainer.hear(message),
            Err(why) => trainer.lose(why),
        });
    }

    fn watch(&self) {
        // In the background a browser may hold it back for as long as it likes.
        if self.hidden.get_untracked() {
            self.inner.worker.attend();
        }
        if self.inner.worker.is_silent(self.goes.get_untracked()) {
            self.lose(Message::new(word!("learn.lost")));
        }
    }

    fn hear(&self, message: FromTrainer) {
        self.inner.worker.attend();
        match message {
            FromTrainer::Hello { version } => {
                let start = ToTrainer::Start { version: PROTOCOL_VERSION };
                if let Err(why) = self.inner.worker.greet(version, &start) {
                    self.lose(why);
                }
            }
            FromTrainer::Progress(progress) => self.inner.worker.progress(progress),
            FromTrainer::Ready => {
                self.standing.set(Standing::Ready);
                let waiting = std::mem::take(&mut *self.inner.waiting.borrow_mut());
                waiting.into_iter().for_each(|message| self.send(message));
            }
            FromTrainer::Failed(notice) => self.lose(notice.says),
            FromTrainer::Measured(measured) => {
                self.brought.update(|brought| brought.iter_mut().for_each(|b| b.hear(&measured)));
                if let Some(notice) = measured.notice {
                    self.trouble.set(Some(notice.says));
                }
            }
            of_a_run => {
                // The last step that is wanted is shown at once.
                let until = self.inner.until.get();
                let is_steps = matches!(&of_a_run, FromTrainer::Went(went) if went.step < until);
                self.inner.unshown.borrow_mut().push(of_a_run);
                let left = self.inner.shown.get() + SHOWN - browser::now();
                if !is_steps || left <= 0.0 {
                    self.show();
                } else if !self.inner.will_show.replace(true) {
                    let trainer = self.clone();
                    let show = move || {
                        trainer.inner.will_show.set(false);
                        trainer.show();
                    };
                    set_timeout(show, Duration::from_millis(left as u64 + 1));
                }
            }
        }
    }

    /// Shows what was heard of the newest run since it was shown last.
    fn show(&self) {
        let heard = std::mem::take(&mut *self.inner.unshown.borrow_mut());
        if heard.is_empty() {
            return;
        }
        self.inner.shown.set(browser::now());
        let is = |of: fn(&FromTrainer) -> bool| heard.iter().any(of);
        let has_halted = is(|said| matches!(said, FromTrainer::Halted { .. }));
        let is_kept = is(|said| matches!(said, FromTrainer::Begun(_) | FromTrainer::Looked(_)));
        if has_halted {
            self.goes.set(false);
        }
        self.runs.update(|runs| {
            if let Some(run) = runs.last_mut() {
                heard.into_iter().for_each(|said| run.hear(said));
            }
        });
        if is_kept || has_halted {
            self.turned.update(|turned| *turned += 1);
        }
        if is_kept {
            // In a task of its own: a browser takes its time to write so much.
            let trainer = self.clone();
            set_timeout(move || trainer.keep(), Duration::ZERO);
        }
        let until = self.inner.until.get();
        let done = |runs: &Vec<Record>| {
            runs.last().is_some_and(|run| run.step() >= until || run.is_over())
        };
        if self.goes.get_untracked() && self.runs.with_untracked(done) {
            self.goes.set(false);
        }
    }

    /// The trainer is gone. What was seen of its runs stays.
    fn lose(&self, why: Message) {
        self.show();
        self.inner.worker.end();
        self.inner.waiting.borrow_mut().clear();
        self.goes.set(false);
        self.brought.update(|brought| brought.iter_mut().for_each(|of| of.waits = false));
        let current = self.inner.run.get();
        let broken = self.runs.with_untracked(|runs| {
            let run = runs.last().filter(|run| run.number == current && !run.is_over())?;
            Kept::of(run)
        });
        if broken.is_some() {
            self.left.set(broken);
        }
        // It can't go on: the next run begins anew.
        self.inner.run.set(self.inner.run.get() + 1);
        self.trouble.set(Some(why));
    }

    /// Whether the newest run can go on.
    pub fn can_go_on(&self, run: &Record) -> bool {
        run.number == self.inner.run.get() && !run.is_over()
    }
}
