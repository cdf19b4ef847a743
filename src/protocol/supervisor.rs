//! Which engine runs, which one answers, and what happens when one is lost: a state machine
//! without a browser in it. The page (`src/page/engine.rs`) feeds it messages, errors and the
//! clock, and does what it says.
//!
//! The CPU engine is started first and answers first. Behind its first answer the WebGPU engine
//! is started, put on trial against the CPU on fixed requests, and takes over if it computes
//! the same and, where the person leaves the choice to us, is not slower by more than a frame.

mod trial;

use self::trial::Trial;
use crate::{
    Answer, Backend, FromEngine, Growing, Notice, PROTOCOL_VERSION, Progress, Shop, ToEngine,
};
use link::State;
use market::language::Message;
use systems::shared::{BackendChoice, ShopSize};

/// Milliseconds between two calls of [`Supervisor::tick`].
pub const TICK: f64 = 3_000.0;
/// Longest a ready engine may be silent, in milliseconds.
const SILENCE: f64 = 10_000.0;
/// Longest a loading engine, or one on trial or at a larger shop, may be silent: compiling takes its time,
/// and so does making what a model reads of many products.
const SILENCE_LOADING: f64 = 60_000.0;
/// Longest a run may take while the engine answers pings; where a larger shop is made for it, from when
/// the engine last told how far that is.
const OVERDUE: f64 = 60_000.0;
/// Milliseconds that a run is left to finish though a newer state waits: so long, a slider that
/// is being dragged shows what it does on the way. A run that takes longer is dropped.
pub const PATIENCE: f64 = 120.0;
/// Starts in a row without an answer after which an engine is given up.
const MOST_STARTS: u32 = 3;
/// How much later than the CPU, in milliseconds, WebGPU may answer and still be chosen: a frame.
pub const FRAME: f64 = 16.7;
/// What the key of a notice about a file begins with.
const ASSET: &str = "asset-";

/// What the caller must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start the worker of this engine.
    Spawn(Backend),
    /// End the worker of this engine.
    Terminate(Backend),
    /// Post a message to it.
    Send(Backend, ToEngine),
    /// Tell the person.
    Tell(Notice),
    /// Take this notice back: it no longer holds.
    Withdraw(&'static str),
    /// The shop has arrived.
    Open(Box<Shop>),
    /// Show this answer.
    Show(Box<Answer>),
}

/// How far the playground is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing can be computed yet.
    #[default]
    Loading,
    /// States are being answered.
    Ready,
    /// No engine works.
    Failed,
}

/// Where WebGPU stands, for the person to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gpu {
    /// The browser has none.
    Missing,
    /// Not asked for yet.
    #[default]
    Waiting,
    /// Being fetched and started.
    Loading,
    /// Being compared with the CPU.
    OnTrial,
    /// Computes the same as the CPU; may serve.
    Passed,
    /// Computes something else, or broke.
    Refused,
    /// Not on this device, and the host can't be reached.
    Unreachable,
}

/// Everything the page shows about the engines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// How far the playground is.
    pub readiness: Readiness,
    /// Who answers.
    pub serving: Option<Backend>,
    /// Bytes of the engine that is loading.
    pub progress: Option<Progress>,
    /// Bytes that the run that is waited for still fetches: the weights of another system.
    pub fetching: Option<Progress>,
    /// How far the larger shop is that the run that is waited for has made first.
    pub growing: Option<Growing>,
    /// Where WebGPU stands.
    pub gpu: Gpu,
    /// Why it is refused.
    pub refusal: Option<Message>,
    /// Bytes of the WebGPU engine while it loads.
    pub gpu_progress: Option<Progress>,
    /// Name of the GPU's adapter.
    pub adapter: String,
    /// Median answer time on the trial's requests, in milliseconds: CPU, WebGPU.
    pub trial: Option<(f64, f64)>,
}

/// How an engine was lost.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    /// It reported an error that it did not catch.
    Broke,
    /// It stopped answering.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Job {
    /// The person's state.
    Serve,
    /// A request of the trial.
    Trial(usize),
}

#[derive(Clone, Copy, Debug)]
struct Busy {
    run: u64,
    job: Job,
    sent: f64,
    /// When it was last told how far it is; before that, when it was sent.
    moved: f64,
    /// It complained during this run and may not answer it.
    complained: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Not started.
    Absent,
    /// Started, not ready.
    Loading,
    /// Answers runs.
    Ready,
    /// Given up.
    Gone,
}

#[derive(Debug)]
struct Engine {
    phase: Phase,
    heard: f64,
    /// Something was heard since it was started: its script was there.
    spoke: bool,
    starts: u32,
    busy: Option<Busy>,
    progress: Option<Progress>,
    /// How far a larger shop is, from when it begins one until it answers.
    growing: Option<Growing>,
}

impl Engine {
    fn new() -> Self {
        Self {
            phase: Phase::Absent,
            heard: 0.0,
            spoke: false,
            starts: 0,
            busy: None,
            progress: None,
            growing: None,
        }
    }

    /// Whether it can take a job now: it is idle, or busy with a state that a newer one may
    /// make it drop.
    fn free_for(&self, job: Job, now: f64) -> bool {
        let given_up = |busy: Busy| {
            let stale = busy.job == Job::Serve && now - busy.sent > PATIENCE;
            job == Job::Serve && (busy.complained || stale)
        };
        self.phase == Phase::Ready && self.busy.is_none_or(given_up)
    }
}

/// The state machine. Times are milliseconds on any steady clock.
#[derive(Debug)]
pub struct Supervisor {
    state: State,
    /// The state has not been sent since it last changed.
    unsent: bool,
    next_run: u64,
    last_tick: f64,
    cpu: Engine,
    gpu: Engine,
    gpu_stands: Gpu,
    /// WebGPU waits until someone touches the page.
    gpu_held: bool,
    refusal: Option<Message>,
    answered: bool,
    /// The last answer lacks a file.
    lacking: bool,
    adapter: String,
    /// The trial that is on, or comes.
    results: Trial,
    trial: Option<(f64, f64)>,
}

impl Supervisor {
    /// `gpu` tells whether the browser knows WebGPU at all.
    pub fn new(gpu: bool, state: State) -> Self {
        Self {
            state,
            unsent: true,
            next_run: 1,
            last_tick: 0.0,
            cpu: Engine::new(),
            gpu: Engine::new(),
            gpu_stands: if gpu { Gpu::Waiting } else { Gpu::Missing },
            gpu_held: false,
            refusal: None,
            answered: false,
            lacking: false,
            adapter: String::new(),
            results: Trial::default(),
            trial: None,
        }
    }

    /// What the page shows about the engines.
    pub fn status(&self) -> Status {
        let serving = self.serving();
        let server = serving.map(|backend| match backend {
            Backend::Cpu => &self.cpu,
            Backend::Webgpu => &self.gpu,
        });
        Status {
            readiness: match serving {
                Some(_) => Readiness::Ready,
                None if self.cpu.phase == Phase::Gone => Readiness::Failed,
                None => Readiness::Loading,
            },
            serving,
            progress: self.cpu.progress,
            fetching: server
                .and_then(|engine| engine.busy.and(engine.progress).filter(|p| p.loaded < p.total)),
            growing: server.and_then(|engine| engine.busy.and(engine.growing)),
            gpu: self.gpu_stands.clone(),
            refusal: self.refusal.clone(),
            gpu_progress: self.gpu.progress,
            adapter: self.adapter.clone(),
            trial: self.trial,
        }
    }

    /// Whether what is on show is not yet the answer to the newest state.
    pub fn waits(&self) -> bool {
        let serves = |engine: &Engine| engine.busy.is_some_and(|busy| busy.job == Job::Serve);
        self.unsent || serves(&self.cpu) || serves(&self.gpu)
    }

    /// Starts the CPU engine; also after the person asked to try again.
    pub fn start(&mut self, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        self.last_tick = now;
        self.unsent = true;
        self.cpu.starts = 0;
        self.spawn(Backend::Cpu, now, &mut todo);
        if self.gpu_stands == Gpu::Missing {
            todo.push(Action::Tell(Notice::new(word!("notices.no-webgpu"))));
        }
        todo
    }

    /// The person changed something.
    pub fn set_state(&mut self, state: State, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        let asks_for_gpu = state.backend() == BackendChoice::Webgpu
            && self.state.backend() != BackendChoice::Webgpu
            && matches!(self.gpu_stands, Gpu::Refused | Gpu::Unreachable);
        self.state = state;
        self.unsent = true;
        if asks_for_gpu {
            self.await_gpu();
        }
        self.pump(now, &mut todo);
        todo
    }

    /// WebGPU waits until the page is touched: it may be one of many that nobody looks at.
    pub fn hold_gpu(&mut self) {
        self.gpu_held = true;
    }

    /// Someone touched the page.
    pub fn touched(&mut self, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        if std::mem::take(&mut self.gpu_held) {
            self.pump(now, &mut todo);
        }
        todo
    }

    /// The line is back: what was missing is asked for again.
    pub fn online(&mut self, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        self.unsent |= self.lacking;
        if self.gpu_stands == Gpu::Unreachable {
            self.await_gpu();
        }
        self.pump(now, &mut todo);
        todo
    }

    fn await_gpu(&mut self) {
        self.gpu.starts = 0;
        self.gpu.phase = Phase::Absent;
        self.gpu_stands = Gpu::Waiting;
        self.refusal = None;
    }

    /// Time has passed: a state that still waits behind a run may now displace it.
    pub fn press(&mut self, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        if self.unsent {
            self.pump(now, &mut todo);
        }
        todo
    }

    /// A message arrived.
    pub fn heard(&mut self, from: Backend, message: FromEngine, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        let engine = self.engine(from);
        if matches!(engine.phase, Phase::Absent | Phase::Gone) {
            return todo;
        }
        engine.heard = now;
        engine.spoke = true;
        match message {
            FromEngine::Hello { version, .. } if version != PROTOCOL_VERSION => {
                self.give_up(from, &mut todo);
                todo.push(Action::Tell(Notice::new(word!("notices.engine-version"))));
            }
            FromEngine::Hello { .. } => {
                todo.push(Action::Send(from, ToEngine::Start { version: PROTOCOL_VERSION }));
            }
            FromEngine::Progress(progress) => engine.progress = Some(progress),
            FromEngine::Shop(shop) => {
                if from == Backend::Cpu {
                    todo.push(Action::Open(shop));
                }
            }
            FromEngine::Ready { adapter } => {
                engine.phase = Phase::Ready;
                engine.progress = None;
                if from == Backend::Webgpu {
                    self.adapter = adapter;
                    self.gpu_stands = Gpu::OnTrial;
                    self.results = Trial::default();
                }
            }
            FromEngine::Growing(growing) => {
                engine.growing = Some(growing);
                if let Some(busy) = &mut engine.busy {
                    busy.moved = now;
                }
            }
            FromEngine::Answer(answer) => self.answer(from, answer, now, &mut todo),
            FromEngine::Notice(said) => {
                engine.growing = None;
                if let Some(busy) = &mut engine.busy {
                    busy.complained = true;
                }
                todo.push(Action::Tell(said));
            }
            FromEngine::Failed(said) if from == Backend::Webgpu && is_unreachable(&said) => {
                self.gpu_is_unreachable(&mut todo);
            }
            FromEngine::Failed(said) => {
                // What can't be loaded can't be loaded a moment later either.
                let hopeless = engine.phase == Phase::Loading;
                let Notice { key, says } = said;
                let says = match from {
                    Backend::Cpu => says,
                    Backend::Webgpu => {
                        self.refusal = Some(says.clone());
                        Message::new(word!("notices.cpu-computes")).with("said", says)
                    }
                };
                todo.push(Action::Tell(Notice { key, says }));
                self.lost(from, hopeless, now, &mut todo);
            }
            // The page evaluates nothing: that is for the studio's own engine.
            FromEngine::Alive | FromEngine::Evaluated(_) | FromEngine::Told(_) => {}
        }
        self.pump(now, &mut todo);
        todo
    }

    /// The worker reported an error that it did not catch.
    pub fn broke(&mut self, backend: Backend, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        let engine = self.engine(backend);
        // Its script never ran.
        let absent = engine.phase == Phase::Loading && !engine.spoke;
        if absent && backend == Backend::Webgpu {
            self.gpu_is_unreachable(&mut todo);
        } else if matches!(engine.phase, Phase::Loading | Phase::Ready) {
            self.say_lost(backend, Loss::Broke, &mut todo);
            self.lost(backend, false, now, &mut todo);
            self.pump(now, &mut todo);
        }
        todo
    }

    /// Called every [`TICK`]: pings, and notices silence.
    pub fn tick(&mut self, now: f64) -> Vec<Action> {
        let mut todo = vec![];
        // After a sleep of the machine, or in a tab that was put aside, nobody is to blame.
        let slept = now - self.last_tick > 3.0 * TICK;
        self.last_tick = now;
        for backend in [Backend::Cpu, Backend::Webgpu] {
            // A step over a million products may take long, with nothing to tell of it.
            let sells_more = self.sells_more();
            let on_trial = self.gpu_stands == Gpu::OnTrial && backend == Backend::Webgpu;
            let engine = self.engine(backend);
            if !matches!(engine.phase, Phase::Loading | Phase::Ready) {
                continue;
            }
            if slept {
                engine.heard = now;
                if let Some(busy) = &mut engine.busy {
                    (busy.sent, busy.moved) = (now, now);
                }
            }
            let starts = engine.phase == Phase::Loading || on_trial;
            let patient = starts || engine.growing.is_some() || sells_more;
            let silent = now - engine.heard > if patient { SILENCE_LOADING } else { SILENCE };
            let overdue = engine.busy.is_some_and(|b| now - b.moved > OVERDUE && !starts);
            if silent || overdue {
                self.say_lost(backend, Loss::Silent, &mut todo);
                self.lost(backend, false, now, &mut todo);
            } else {
                todo.push(Action::Send(backend, ToEngine::Ping));
            }
        }
        self.pump(now, &mut todo);
        todo
    }

    fn engine(&mut self, backend: Backend) -> &mut Engine {
        match backend {
            Backend::Cpu => &mut self.cpu,
            Backend::Webgpu => &mut self.gpu,
        }
    }

    /// Who answers the person's states now.
    fn serving(&self) -> Option<Backend> {
        let cpu = self.cpu.phase == Phase::Ready;
        let gpu = self.gpu.phase == Phase::Ready && self.gpu_stands == Gpu::Passed;
        let (cpu_ms, gpu_ms) = self.trial.unwrap_or_default();
        let gpu_wanted = match self.state.backend() {
            BackendChoice::Cpu => false,
            BackendChoice::Webgpu => true,
            BackendChoice::Auto => gpu_ms <= cpu_ms + FRAME,
        };
        match (cpu, gpu) {
            (_, true) if gpu_wanted || !cpu => Some(Backend::Webgpu),
            (true, _) => Some(Backend::Cpu),
            _ => None,
        }
    }

    fn answer(&mut self, from: Backend, answer: Box<Answer>, now: f64, todo: &mut Vec<Action>) {
        let engine = self.engine(from);
        // Whatever it answers, nothing is being made any more.
        engine.growing = None;
        let Some(busy) = engine.busy.take_if(|busy| busy.run == answer.run) else { return };
        engine.starts = 0;
        match busy.job {
            Job::Serve => {
                self.answered = true;
                self.lacking = answer.notices.iter().any(|notice| notice.key.starts_with(ASSET));
                todo.push(Action::Withdraw("engine-lost"));
                todo.push(Action::Show(answer));
            }
            Job::Trial(request) => {
                if let Some(verdict) = self.results.put(request, from, answer, now - busy.sent) {
                    self.follow(verdict, todo);
                }
            }
        }
    }

    /// All requests of the trial are answered by both.
    fn follow(&mut self, verdict: Result<(f64, f64), Message>, todo: &mut Vec<Action>) {
        match verdict {
            Ok(times) => {
                self.trial = Some(times);
                self.gpu_stands = Gpu::Passed;
                // So that what is on show is what the new engine says.
                self.unsent |= self.serving() == Some(Backend::Webgpu);
            }
            Err(how) => {
                self.give_up(Backend::Webgpu, todo);
                let notice = Notice::new(word!("notices.webgpu-differs")).with("how", how);
                self.refusal = Some(notice.says.clone());
                todo.push(Action::Tell(notice));
            }
        }
    }

    /// Sends what can be sent: the newest state waits for a run that is soon done, and makes the
    /// engine drop one that is not.
    fn pump(&mut self, now: f64, todo: &mut Vec<Action>) {
        let wants_gpu = self.state.backend() != BackendChoice::Cpu;
        if self.answered && wants_gpu && !self.gpu_held && self.gpu_stands == Gpu::Waiting {
            self.spawn(Backend::Webgpu, now, todo);
        }
        if let Some(serving) = self.serving()
            && self.unsent
            && self.engine(serving).free_for(Job::Serve, now)
        {
            self.unsent = false;
            let state = Box::new(self.state.clone());
            self.send(serving, Job::Serve, state, now, todo);
        }
        self.pump_trial(now, todo);
    }

    /// Whether a larger shop is asked for than the one that ships.
    fn sells_more(&self) -> bool {
        ShopSize::of(&self.state.settings) != ShopSize::Shipped
    }

    /// Sends the trial's next request: one after the other, for two at once would slow each
    /// other down.
    fn pump_trial(&mut self, now: f64, todo: &mut Vec<Action>) {
        let tries =
            |engine: &Engine| engine.busy.is_some_and(|busy| matches!(busy.job, Job::Trial(_)));
        // The trial is of the shop that ships: an engine that sells more would have to make all of it again
        // for the person's next request.
        if self.gpu_stands != Gpu::OnTrial
            || tries(&self.cpu)
            || tries(&self.gpu)
            || self.sells_more()
        {
            return;
        }
        let Some((request, backend)) = self.results.due() else { return };
        let job = Job::Trial(request);
        if self.engine(backend).free_for(job, now) {
            self.send(backend, job, Box::new(trial::state(request)), now, todo);
        }
    }

    fn send(&mut self, to: Backend, job: Job, state: Box<State>, now: f64, todo: &mut Vec<Action>) {
        let run = self.next_run;
        self.next_run += 1;
        self.engine(to).busy = Some(Busy { run, job, sent: now, moved: now, complained: false });
        todo.push(Action::Send(to, ToEngine::Run { run, state }));
    }

    fn spawn(&mut self, backend: Backend, now: f64, todo: &mut Vec<Action>) {
        if backend == Backend::Webgpu {
            self.gpu_stands = Gpu::Loading;
        }
        let engine = self.engine(backend);
        engine.phase = Phase::Loading;
        engine.heard = now;
        engine.spoke = false;
        engine.busy = None;
        engine.progress = None;
        engine.growing = None;
        engine.starts += 1;
        todo.push(Action::Spawn(backend));
    }

    fn say_lost(&mut self, backend: Backend, how: Loss, todo: &mut Vec<Action>) {
        let key = if backend == Backend::Cpu { "engine-lost" } else { "webgpu-lost" };
        let says = Message::new(match (backend, how) {
            (Backend::Cpu, Loss::Broke) => word!("notices.engine-broke"),
            (Backend::Cpu, Loss::Silent) => word!("notices.engine-silent"),
            (Backend::Webgpu, Loss::Broke) => word!("notices.webgpu-broke"),
            (Backend::Webgpu, Loss::Silent) => word!("notices.webgpu-silent"),
        });
        if backend == Backend::Webgpu {
            self.refusal = Some(says.clone());
        }
        todo.push(Action::Tell(Notice { key: key.into(), says }));
    }

    /// An engine is no more: the CPU engine is started again unless that is hopeless, WebGPU
    /// gives way to it.
    fn lost(&mut self, backend: Backend, hopeless: bool, now: f64, todo: &mut Vec<Action>) {
        let served = self.engine(backend).busy.is_some_and(|busy| busy.job == Job::Serve);
        self.unsent |= served;
        if backend == Backend::Webgpu || hopeless || self.cpu.starts >= MOST_STARTS {
            self.give_up(backend, todo);
            if self.status().readiness == Readiness::Failed {
                todo.push(Action::Withdraw("engine-lost"));
                todo.push(Action::Tell(Notice::new(word!("notices.engine-failed"))));
            }
            return;
        }
        todo.push(Action::Terminate(backend));
        // The trial's requests that it still owed are asked anew.
        self.unsent = true;
        self.spawn(backend, now, todo);
    }

    /// The WebGPU engine is not here and can't be had: nothing broke, and only who asked for it by
    /// name is told.
    fn gpu_is_unreachable(&mut self, todo: &mut Vec<Action>) {
        self.give_up(Backend::Webgpu, todo);
        self.gpu_stands = Gpu::Unreachable;
        if self.state.backend() == BackendChoice::Webgpu {
            let says = Message::new(word!("notices.webgpu-unreachable"));
            todo.push(Action::Tell(Notice { key: "webgpu-lost".into(), says }));
        }
    }

    fn give_up(&mut self, backend: Backend, todo: &mut Vec<Action>) {
        let engine = self.engine(backend);
        engine.phase = Phase::Gone;
        engine.busy = None;
        engine.progress = None;
        engine.growing = None;
        todo.push(Action::Terminate(backend));
        if backend == Backend::Webgpu {
            self.gpu_stands = Gpu::Refused;
            self.trial = None;
            self.results = Trial::default();
            self.unsent = true;
        }
    }
}

/// Whether an engine failed for want of a line alone.
fn is_unreachable(said: &Notice) -> bool {
    said.key == "engine-unreachable" || said.says.key == word!("notices.asset-unreachable")
}

#[cfg(test)]
mod tests;
