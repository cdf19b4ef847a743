//! The studio's own engine: one worker on the CPU that answers one state after another.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use futures::channel::oneshot;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

pub use super::supervised::Standing;
use super::supervised::{Script, Supervised, TICK};
use link::State;
use market::language::Message;
use page::memory;
use page::parts::follow;
use page::store::Store;
use page::wire;
use page::worker::Weights;
use protocol::{Answer, Evaluated, FromEngine, PROTOCOL_VERSION, ToEngine};
use systems::shared::{BACKEND, BackendChoice};

/// The engine on the CPU, as the page has it.
const SCRIPT: Script<FromEngine> = Script {
    name: "engine-studio",
    loader: "engine-cpu-loader.js",
    read: wire::read_all,
    stopped: word!("studio.engine.stopped"),
};
/// Answers that are kept.
const KEPT: usize = 12;

/// Why there is no answer.
pub type Lost = Message;

type Reply<T> = oneshot::Sender<Result<T, Lost>>;

/// The studio's engine. It is started by the first question, and again by the first after it was
/// lost.
#[derive(Clone)]
pub struct Engine {
    inner: SendWrapper<Rc<Inner>>,
    /// How it stands.
    pub standing: RwSignal<Standing>,
    /// Rises when the same state may have another answer: it has other learned weights, or shops of every size
    /// are wanted.
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
    worker: Supervised,
    waiting: RefCell<VecDeque<Question>>,
    /// What waits for them.
    behind: RefCell<VecDeque<Job>>,
    /// What it computes now.
    current: RefCell<Option<Job>>,
    run: Cell<u64>,
    answers: RefCell<VecDeque<(State, Arc<Answer>)>>,
    /// Learned weights.
    brought: Weights,
}

impl Engine {
    /// An engine that rests.
    pub fn new(store: Store) -> Self {
        let worker = Supervised::new();
        let standing = worker.standing;
        let inner = Rc::new(Inner {
            store,
            worker,
            waiting: RefCell::default(),
            behind: RefCell::default(),
            current: RefCell::default(),
            run: Cell::new(0),
            answers: RefCell::default(),
            brought: Weights::default(),
        });
        let watched = inner.clone();
        set_interval(move || watched.watch(), TICK);
        let weighed = RwSignal::new(0);
        follow(move |first| {
            store.every_size.track();
            if !first {
                weighed.update(|times| *times += 1);
            }
        });
        Self { inner: SendWrapper::new(inner), standing, weighed }
    }

    /// Where a state asks for learned weights, ranks with these, in base 64, in place of a file's.
    pub fn weigh(&self, file: &str, weights: &str) {
        self.inner.answers.borrow_mut().clear();
        self.inner.brought.bring(file, weights, |message| self.inner.worker.send(message));
        self.weighed.update(|times| *times += 1);
    }

    /// The answer to a state, kept or computed. Questions wait for those before them.
    ///
    /// # Errors
    /// Where the engine is lost over it; the next question starts another.
    pub async fn answer(&self, state: &State) -> Result<Arc<Answer>, Lost> {
        // Where to compute, and whose insides are shown, changes no order.
        let state = memory::bounded(self.inner.store, state.clone());
        let state = state.with(&BACKEND, BackendChoice::Cpu.value());
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
        let state = memory::bounded(self.inner.store, state.clone());
        let (from, count) = (from as u32, count as u32);
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
        let state = memory::bounded(self.inner.store, State { selected: None, ..state.clone() });
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
        if !self.worker.is_there() {
            self.start();
            return;
        }
        if !self.worker.is_ready() {
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
            self.worker.send(&ToEngine::Run { run, state });
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
        self.worker.send(&message);
    }

    fn next_run(&self) -> u64 {
        self.run.set(self.run.get() + 1);
        self.worker.attend();
        self.run.get()
    }

    fn start(self: &Rc<Self>) {
        let inner = Rc::downgrade(self);
        self.worker.start(&SCRIPT, move |told| {
            let Some(inner) = inner.upgrade() else { return };
            match told {
                Ok(message) => inner.hear(message),
                Err(why) => inner.lose(&why),
            }
        });
    }

    fn hear(self: &Rc<Self>, message: FromEngine) {
        self.worker.attend();
        match message {
            FromEngine::Hello { version, .. } => {
                match self.worker.greet(version, &ToEngine::Start { version: PROTOCOL_VERSION }) {
                    Ok(()) => self.brought.send_all(|brought| self.worker.send(brought)),
                    Err(why) => self.lose(&why),
                }
            }
            FromEngine::Progress(progress) => self.worker.progress(progress),
            FromEngine::Shop(shop) => self.store.open(*shop),
            FromEngine::Ready { .. } => {
                self.worker.standing.set(Standing::Ready);
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
        if self.worker.is_silent(self.current.borrow().is_some()) {
            self.lose(&Message::new(word!("studio.engine.silent")));
        }
    }

    /// The engine is gone: whoever waits is told why.
    fn lose(self: &Rc<Self>, why: &Message) {
        self.worker.end();
        let (current, waiting, behind) =
            (self.current.take(), self.waiting.take(), self.behind.take());
        let waiting = waiting.into_iter().map(Job::Question);
        current.into_iter().chain(waiting).chain(behind).for_each(|job| job.lose(why));
    }
}
