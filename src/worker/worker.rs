//! The worker's conversation with the page. It is not gloo's worker: a loader fetches this program, of
//! which there are two, www/early.js starts one before the page's is there, and the messages are text that a
//! small reader of the page's can read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::device::{self, BACKEND};
use super::fetch::Network;
use super::kept::Private;
use super::scope::{Bell, hear, let_messages_in, milliseconds, other_version, post};
use engine::pipeline::Funnel;
use engine::pipeline::caller::Caller;
use link::State;
use protocol::{FromEngine, Growing, Notice, PROTOCOL_VERSION, Question, Reply, ToEngine, Told};

/// Starts to listen to the page, and says so.
pub fn listen() {
    console_error_panic_hook::set_once();
    let inbox = Rc::new(Inbox::default());
    hear(move |data| receive(&inbox, data));
    post(&FromEngine::Hello { version: PROTOCOL_VERSION, backend: BACKEND });
}

fn receive(inbox: &Rc<Inbox>, data: JsValue) {
    match serde_json::from_str(&data.as_string().unwrap_or_default()) {
        Ok(ToEngine::Ping) => post(&FromEngine::Alive),
        Ok(ToEngine::LoseDevice) => device::lose(),
        Ok(ToEngine::Weigh { file, weights }) => match STANDARD.decode(weights) {
            Ok(weights) => inbox.weigh(file, weights),
            Err(error) => post(&FromEngine::Failed(other_version(error.to_string()))),
        },
        Ok(ToEngine::Run { run, state }) => inbox.put(run, *state),
        Ok(ToEngine::Evaluate { job, state, from, count }) => {
            inbox.queue(Job::Slice { job, state: *state, from, count });
        }
        Ok(ToEngine::Ask { job, state, question }) => {
            inbox.queue(Job::Reply { job, state: *state, question });
        }
        Ok(ToEngine::Open { job, weights }) => match STANDARD.decode(weights) {
            Ok(weights) => inbox.queue(Job::Open(job, weights)),
            Err(error) => post(&FromEngine::Failed(other_version(error.to_string()))),
        },
        Ok(ToEngine::Start { version }) if version == PROTOCOL_VERSION => {
            let inbox = inbox.clone();
            spawn_local(async move {
                if let Err(notice) = serve(&inbox).await {
                    post(&FromEngine::Failed(notice));
                }
            });
        }
        Ok(ToEngine::Start { version }) => {
            post(&FromEngine::Failed(other_version(format!("speaks version {version}"))));
        }
        Err(error) => post(&FromEngine::Failed(other_version(error.to_string()))),
    }
}

async fn serve(inbox: &Rc<Inbox>) -> Result<(), Notice> {
    let (device, adapter) = device::open().await?;
    let mut funnel = Funnel::load(BACKEND, device, Network, |shop| {
        post(&FromEngine::Shop(Box::new(shop)));
    })
    .await?;
    funnel.keep(Box::new(Private::of_origin()));
    post(&FromEngine::Ready { adapter });
    loop {
        let next = inbox.next().await;
        for (file, weights) in inbox.weights.borrow_mut().drain(..) {
            funnel.weigh(&file, Some(weights).filter(|weights| !weights.is_empty()));
        }
        match next {
            Next::Run(run, state) => {
                let caller = Page { run: Some(run), inbox: inbox.clone() };
                match funnel.run(run, &state, &caller).await {
                    Ok(Some(answer)) => post(&FromEngine::Answer(Box::new(answer))),
                    Ok(None) => {}
                    Err(notice) => post(&FromEngine::Notice(notice)),
                }
                funnel.fetch_behind().await;
            }
            Next::Job(wanted) => {
                // Whoever waits for a slice or a reply waits for all of it.
                let caller = Page { run: None, inbox: inbox.clone() };
                let done = match wanted {
                    Job::Slice { job, state, from, count } => {
                        let evaluated = funnel.evaluate(job, &state, from, count, &caller).await;
                        FromEngine::Evaluated(evaluated)
                    }
                    Job::Reply { job, state, question } => {
                        FromEngine::Told(funnel.ask(job, &state, &question, &caller).await)
                    }
                    Job::Open(job, weights) => {
                        let (reply, notices) = match funnel.open(&weights) {
                            Ok(opened) => (Some(Reply::Weights(opened)), Vec::new()),
                            Err(notice) => (None, vec![notice]),
                        };
                        FromEngine::Told(Told { job, reply, others: Vec::new(), notices })
                    }
                };
                post(&done);
            }
        }
    }
}

/// The page as it waits for one run, or for something that no run makes stale.
struct Page {
    run: Option<u64>,
    inbox: Rc<Inbox>,
}

impl Caller for Page {
    async fn still_wanted(&self) -> bool {
        let_messages_in().await;
        self.run.is_none_or(|run| !self.inbox.has_newer_than(run))
    }

    fn milliseconds(&self) -> f64 {
        milliseconds()
    }

    fn growing(&self, growing: Growing) {
        post(&FromEngine::Growing(growing));
    }
}

/// What waits behind the runs.
enum Job {
    /// A slice of an evaluation: its first view, and how many.
    Slice { job: u64, state: State, from: u32, count: u32 },
    /// The answer to a question.
    Reply { job: u64, state: State, question: Question },
    /// What a file of weights is of.
    Open(u64, Vec<u8>),
}

/// What the engine does next.
enum Next {
    Run(u64, State),
    Job(Job),
}

/// The newest state that has come, jobs that wait behind it, and whoever waits for either.
#[derive(Default)]
struct Inbox {
    newest: RefCell<Option<(u64, State)>>,
    jobs: RefCell<VecDeque<Job>>,
    /// Weights that came, by the name of their file.
    weights: RefCell<Vec<(String, Vec<u8>)>>,
    bell: Bell,
}

impl Inbox {
    fn put(&self, run: u64, state: State) {
        *self.newest.borrow_mut() = Some((run, state));
        self.bell.ring();
    }

    fn weigh(&self, file: String, weights: Vec<u8>) {
        self.weights.borrow_mut().push((file, weights));
    }

    fn queue(&self, job: Job) {
        self.jobs.borrow_mut().push_back(job);
        self.bell.ring();
    }

    fn has_newer_than(&self, run: u64) -> bool {
        self.newest.borrow().as_ref().is_some_and(|(newest, _)| *newest > run)
    }

    async fn next(&self) -> Next {
        loop {
            if let Some((run, state)) = self.newest.borrow_mut().take() {
                return Next::Run(run, state);
            }
            if let Some(job) = self.jobs.borrow_mut().pop_front() {
                return Next::Job(job);
            }
            self.bell.rung().await;
        }
    }
}
