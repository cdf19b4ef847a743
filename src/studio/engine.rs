//! The studio's own engine: one worker on the CPU that answers one state after another.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

use link::State;
use market::language::Message;
use page::store::Store;
use page::worker::{self, Running};
use page::{browser, wire};
use protocol::{Answer, Evaluated, FromEngine, PROTOCOL_VERSION, Progress, ToEngine};
use systems::shared::{BACKEND, BackendChoice};

/// Milliseconds between two looks at whether the engine still speaks.
const TICK: u64 = 3_000;
/// Longest that it may be silent over a job, in milliseconds.
const SILENCE: f64 = 60_000.0;
/// Answers that are kept.
const KEPT: usize = 12;

/// Why there is no answer.
pub type Lost = Message;

type Reply<T> = oneshot::Sender<Result<T, Lost>>;

/// How it stands with the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not asked for yet.
    Resting,
    /// On its way.
    Loading(Option<Progress>),
    /// It answers.
    Ready,
}

/// The studio's engine. It is started by the first question, and again by the first after it was
/// lost.
#[derive(Clone)]
pub struct Engine {
    inner: SendWrapper<Rc<Inner>>,
    /// How it stands.
    pub standing: RwSignal<Standing>,
    /// Rises when it has other learned weights.
    pub weighed: RwSignal<u32>,
}

/// A question: the answer to a state.
struct Question {
    state: State,
    reply: Reply<Arc<Answer>>,
}

/// A part of an evaluation, which waits for every question.
struct Slice {
    state: State,
    from: u32,
    count: u32,
    reply: Reply<Evaluated>,
}

/// Something else that is wanted to be known, which waits for every question too.
struct Inquiry {
    about: About,
    reply: Reply<protocol::Told>,
}

/// What an inquiry is about.
enum About {
    /// A state.
    State(State, protocol::Question),
    /// A file of weights, in base 64.
    Weights(String),
}

/// What the engine computes.
enum Job {
    Question(Question),
    Slice(Slice),
    Inquiry(Inquiry),
}

impl Job {
    /// There will be no answer.
    fn lose(self, why: &Message) {
        // Whoever asked may have gone.
        match self {
            Self::Question(question) => drop(question.reply.send(Err(why.clone()))),
            Self::Slice(slice) => drop(slice.reply.send(Err(why.clone()))),
            Self::Inquiry(inquiry) => drop(inquiry.reply.send(Err(why.clone()))),
        }
    }
}

struct Inner {
    store: Store,
    standing: RwSignal<Standing>,
    worker: RefCell<Option<Running>>,
    waiting: RefCell<VecDeque<Question>>,
    /// What waits for them.
    behind: RefCell<VecDeque<Job>>,
    /// What it computes now.
    current: RefCell<Option<Job>>,
    run: Cell<u64>,
    heard: Cell<f64>,
    answers: RefCell<VecDeque<(State, Arc<Answer>)>>,
    /// Learned weights, by the file that they take the place of.
    brought: RefCell<Vec<(String, ToEngine)>>,
}

impl Engine {
    /// An engine that rests.
    pub fn new(store: Store) -> Self {
        let standing = RwSignal::new(Standing::Resting);
        let inner = Rc::new(Inner {
            store,
            standing,
            worker: RefCell::default(),
            waiting: RefCell::default(),
            behind: RefCell::default(),
            current: RefCell::default(),
            run: Cell::new(0),
            heard: Cell::new(0.0),
            answers: RefCell::default(),
            brought: RefCell::default(),
        });
        let watched = inner.clone();
        set_interval(move || watched.watch(), Duration::from_millis(TICK));
        Self { inner: SendWrapper::new(inner), standing, weighed: RwSignal::new(0) }
    }

    /// Where a state asks for learned weights, ranks with these, in base 64, in place of a file's.
    pub fn weigh(&self, file: &str, weights: &str) {
        let message = ToEngine::Weigh { file: file.into(), weights: weights.into() };
        self.inner.answers.borrow_mut().clear();
        self.inner.send(&message);
        let mut brought = self.inner.brought.borrow_mut();
        brought.retain(|(other, _)| other != file);
        brought.push((file.into(), message));
        drop(brought);
        self.weighed.update(|times| *times += 1);
    }

    /// The answer to a state, kept or computed. Questions wait for those before them.
    ///
    /// # Errors
    /// Where the engine is lost over it; the next question starts another.
    pub async fn answer(&self, state: &State) -> Result<Arc<Answer>, Lost> {
        // Where to compute, and whose insides are shown, changes no order.
        let state = state.clone().with(&BACKEND, BackendChoice::Cpu.value());
        if let Some(answer) = self.inner.kept(&state) {
            return Ok(answer);
        }
        let (reply, answered) = oneshot::channel();
        self.inner.waiting.borrow_mut().push_back(Question { state, reply });
        self.inner.pump();
        answered.await.unwrap_or_else(|_| Err(Message::new(word!("studio.engine.closed"))))
    }

    /// What is measured of a state on some held-out page views. Every question goes first.
    ///
    /// # Errors
    /// Where the engine is lost over it; the next question starts another.
    pub async fn evaluate(
        &self,
        state: &State,
        from: usize,
        count: usize,
    ) -> Result<Evaluated, Lost> {
        let (reply, answered) = oneshot::channel();
        let (state, from, count) = (state.clone(), from as u32, count as u32);
        let slice = Job::Slice(Slice { state, from, count, reply });
        self.inner.behind.borrow_mut().push_back(slice);
        self.inner.pump();
        answered.await.unwrap_or_else(|_| Err(Message::new(word!("studio.engine.closed"))))
    }

    /// What else is to be known of a state. Every question goes first.
    ///
    /// # Errors
    /// Where something is missing for it, and where the engine is lost over it; the next question
    /// starts another.
    pub async fn ask(
        &self,
        state: &State,
        about: protocol::Question,
    ) -> Result<protocol::Reply, Lost> {
        let state = State { selected: None, ..state.clone() };
        let state = state.with(&BACKEND, BackendChoice::Cpu.value());
        self.inquire(About::State(state, about)).await
    }

    /// What a file of weights is of, in base 64. Every question goes first.
    ///
    /// # Errors
    /// Says what is wrong with it; and where the engine is lost over it.
    pub async fn open(&self, weights: String) -> Result<protocol::Opened, Lost> {
        match self.inquire(About::Weights(weights)).await? {
            protocol::Reply::Weights(opened) => Ok(opened),
            _ => Err(Message::new(word!("studio.engine.other"))),
        }
    }

    async fn inquire(&self, about: About) -> Result<protocol::Reply, Lost> {
        let (reply, answered) = oneshot::channel();
        let inquiry = Job::Inquiry(Inquiry { about, reply });
        self.inner.behind.borrow_mut().push_back(inquiry);
        self.inner.pump();
        let told =
            answered.await.unwrap_or_else(|_| Err(Message::new(word!("studio.engine.closed"))))?;
        told.reply.ok_or_else(|| {
            let why = told.notices.into_iter().next();
            why.map_or_else(|| Message::new(word!("studio.engine.other")), |notice| notice.says)
        })
    }
}

impl Inner {
    fn kept(&self, state: &State) -> Option<Arc<Answer>> {
        let answers = self.answers.borrow();
        answers.iter().find(|(of, _)| of == state).map(|(_, answer)| answer.clone())
    }

    /// Gives the engine its next job, if it is free; starts it, if there is none.
    fn pump(self: &Rc<Self>) {
        let nothing = self.waiting.borrow().is_empty() && self.behind.borrow().is_empty();
        if nothing || self.current.borrow().is_some() {
            return;
        }
        if self.worker.borrow().is_none() {
            self.start();
            return;
        }
        if self.standing.get_untracked() != Standing::Ready {
            return;
        }
        let question = self.waiting.borrow_mut().pop_front();
        if let Some(question) = question {
            if let Some(answer) = self.kept(&question.state) {
                // Whoever asked may have gone.
                let _ = question.reply.send(Ok(answer));
                self.pump();
                return;
            }
            let run = self.next_run();
            let state = Box::new(question.state.clone());
            *self.current.borrow_mut() = Some(Job::Question(question));
            self.send(&ToEngine::Run { run, state });
            return;
        }
        let Some(next) = self.behind.borrow_mut().pop_front() else { return };
        let job = self.next_run();
        let message = match &next {
            // It is no question: those wait elsewhere.
            Job::Question(_) => return,
            Job::Slice(Slice { state, from, count, .. }) => {
                let (state, from, count) = (Box::new(state.clone()), *from, *count);
                ToEngine::Evaluate { job, state, from, count }
            }
            Job::Inquiry(Inquiry { about: About::State(state, question), .. }) => {
                let (state, question) = (Box::new(state.clone()), question.clone());
                ToEngine::Ask { job, state, question }
            }
            Job::Inquiry(Inquiry { about: About::Weights(weights), .. }) => {
                ToEngine::Open { job, weights: weights.clone() }
            }
        };
        *self.current.borrow_mut() = Some(next);
        self.send(&message);
    }

    fn next_run(&self) -> u64 {
        self.run.set(self.run.get() + 1);
        self.heard.set(browser::now());
        self.run.get()
    }

    fn start(self: &Rc<Self>) {
        self.standing.set(Standing::Loading(None));
        self.heard.set(browser::now());
        let loader = browser::versioned("engine-cpu-loader.js");
        let Ok(worker) = worker::start("engine-studio", &loader) else {
            self.lose(&Message::new(word!("studio.engine.forbidden")));
            return;
        };
        let inner = Rc::downgrade(self);
        let hear = move |data| {
            let Some(inner) = inner.upgrade() else { return };
            match wire::read_all(&data) {
                Ok(message) => inner.hear(message),
                Err(part) => {
                    inner.lose(&Message::new(word!("studio.engine.unreadable")).with("part", part));
                }
            }
        };
        let inner = Rc::downgrade(self);
        let broke = move |_| {
            if let Some(inner) = inner.upgrade() {
                inner.lose(&Message::new(word!("studio.engine.stopped")));
            }
        };
        *self.worker.borrow_mut() = Some(Running::new(worker, hear, broke));
    }

    fn hear(self: &Rc<Self>, message: FromEngine) {
        self.heard.set(browser::now());
        match message {
            FromEngine::Hello { version: PROTOCOL_VERSION, .. } => {
                self.send(&ToEngine::Start { version: PROTOCOL_VERSION });
                for (_, brought) in &*self.brought.borrow() {
                    self.send(brought);
                }
            }
            FromEngine::Hello { .. } => {
                self.lose(&Message::new(word!("studio.engine.version")));
            }
            FromEngine::Progress(progress) => {
                if self.standing.get_untracked() != Standing::Ready {
                    self.standing.set(Standing::Loading(Some(progress)));
                }
            }
            FromEngine::Shop(shop) => self.store.open(*shop),
            FromEngine::Ready { .. } => {
                self.standing.set(Standing::Ready);
                self.pump();
            }
            FromEngine::Answer(answer) => {
                let Some(Job::Question(question)) = self.finished(answer.run) else { return };
                // Whoever asked finds its products in the shop.
                self.store.learn(&answer.others);
                let answer = Arc::new(*answer);
                let mut answers = self.answers.borrow_mut();
                answers.push_back((question.state, answer.clone()));
                if answers.len() > KEPT {
                    answers.pop_front();
                }
                drop(answers);
                let _ = question.reply.send(Ok(answer));
                self.pump();
            }
            FromEngine::Evaluated(evaluated) => {
                let Some(Job::Slice(slice)) = self.finished(evaluated.job) else { return };
                let _ = slice.reply.send(Ok(evaluated));
                self.pump();
            }
            FromEngine::Told(told) => {
                let Some(Job::Inquiry(inquiry)) = self.finished(told.job) else { return };
                self.store.learn(&told.others);
                let _ = inquiry.reply.send(Ok(told));
                self.pump();
            }
            FromEngine::Failed(notice) => self.lose(&notice.says),
            // What goes for an answer comes with it; the others are signs of life.
            FromEngine::Notice(_) | FromEngine::Growing(_) | FromEngine::Alive => {}
        }
    }

    /// The job of a number, if it is the one that is waited for.
    fn finished(&self, number: u64) -> Option<Job> {
        (number == self.run.get()).then(|| self.current.borrow_mut().take()).flatten()
    }

    fn watch(self: &Rc<Self>) {
        let busy = self.current.borrow().is_some()
            || matches!(self.standing.get_untracked(), Standing::Loading(_));
        if busy && browser::now() - self.heard.get() > SILENCE {
            self.lose(&Message::new(word!("studio.engine.silent")));
        }
    }

    /// The engine is gone: whoever waits is told why.
    fn lose(self: &Rc<Self>, why: &Message) {
        let running = self.worker.borrow_mut().take();
        self.standing.set(Standing::Resting);
        running.into_iter().for_each(Running::end);
        let (current, waiting, behind) =
            (self.current.take(), self.waiting.take(), self.behind.take());
        let waiting = waiting.into_iter().map(Job::Question);
        current.into_iter().chain(waiting).chain(behind).for_each(|job| job.lose(why));
    }

    fn send(&self, message: &ToEngine) {
        if let Some(running) = &*self.worker.borrow() {
            running.send(message);
        }
    }
}
