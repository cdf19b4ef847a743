//! The worker's conversation with the page. It is not gloo's worker: a loader fetches this program, of
//! which there are two, www/early.js starts one before the page's is there, and the messages are text that a
//! small reader of the page's can read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use super::device::{self, BACKEND};
use super::fetch::Network;
use engine::pipeline::Funnel;
use engine::pipeline::caller::Caller;
use link::State;
use protocol::{FromEngine, Notice, PROTOCOL_VERSION, Question, ToEngine};

/// Starts to listen to the page, and says so.
pub fn listen() {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let inbox = Rc::new(Inbox::default());
    let to = scope.clone();
    let hear = move |event: &web_sys::Event| {
        receive(&to, &inbox, event.unchecked_ref::<MessageEvent>().data());
    };
    // The worker listens for as long as it lives.
    EventListener::new(&scope, "message", hear).forget();
    post(&scope, &FromEngine::Hello { version: PROTOCOL_VERSION, backend: BACKEND });
}

fn receive(scope: &DedicatedWorkerGlobalScope, inbox: &Rc<Inbox>, data: JsValue) {
    match serde_json::from_str(&data.as_string().unwrap_or_default()) {
        Ok(ToEngine::Ping) => post(scope, &FromEngine::Alive),
        Ok(ToEngine::LoseDevice) => device::lose(),
        Ok(ToEngine::Run { run, state }) => inbox.put(run, *state),
        Ok(ToEngine::Evaluate { job, state, from, count }) => {
            inbox.queue(Job { job, state: *state, wanted: Wanted::Slice(from, count) });
        }
        Ok(ToEngine::Ask { job, state, question }) => {
            inbox.queue(Job { job, state: *state, wanted: Wanted::Reply(question) });
        }
        Ok(ToEngine::Start { version }) if version == PROTOCOL_VERSION => {
            let (scope, inbox) = (scope.clone(), inbox.clone());
            spawn_local(async move {
                if let Err(notice) = serve(&scope, &inbox).await {
                    post(&scope, &FromEngine::Failed(notice));
                }
            });
        }
        Ok(ToEngine::Start { version }) => {
            post(scope, &FromEngine::Failed(other_version(format!("speaks version {version}"))));
        }
        Err(error) => post(scope, &FromEngine::Failed(other_version(error.to_string()))),
    }
}

fn other_version(why: String) -> Notice {
    Notice::new(word!("notices.protocol")).with("why", why)
}

async fn serve(scope: &DedicatedWorkerGlobalScope, inbox: &Rc<Inbox>) -> Result<(), Notice> {
    let (device, adapter) = device::open().await?;
    let mut funnel = Funnel::load(BACKEND, device, Network, |shop| {
        post(scope, &FromEngine::Shop(Box::new(shop)));
    })
    .await?;
    post(scope, &FromEngine::Ready { adapter });
    loop {
        match inbox.next().await {
            Next::Run(run, state) => {
                let caller = Page { run: Some(run), inbox: inbox.clone() };
                match funnel.run(run, &state, &caller).await {
                    Ok(Some(answer)) => post(scope, &FromEngine::Answer(Box::new(answer))),
                    Ok(None) => {}
                    Err(notice) => post(scope, &FromEngine::Notice(notice)),
                }
                funnel.fetch_behind().await;
            }
            Next::Job(Job { job, state, wanted }) => {
                // Whoever waits for a slice or a reply waits for all of it.
                let caller = Page { run: None, inbox: inbox.clone() };
                let done = match wanted {
                    Wanted::Slice(from, count) => {
                        let evaluated = funnel.evaluate(job, &state, from, count, &caller).await;
                        FromEngine::Evaluated(evaluated)
                    }
                    Wanted::Reply(question) => {
                        FromEngine::Told(funnel.ask(job, &state, &question, &caller).await)
                    }
                };
                post(scope, &done);
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
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        scope.performance().map_or(0.0, |clock| clock.now())
    }
}

/// What waits behind the runs.
struct Job {
    job: u64,
    state: State,
    wanted: Wanted,
}

/// What a job asks for.
enum Wanted {
    /// A slice of an evaluation: its first view, and how many.
    Slice(u32, u32),
    /// The answer to a question.
    Reply(Question),
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
    wake: RefCell<Option<js_sys::Function>>,
}

impl Inbox {
    fn put(&self, run: u64, state: State) {
        *self.newest.borrow_mut() = Some((run, state));
        self.wake();
    }

    fn queue(&self, job: Job) {
        self.jobs.borrow_mut().push_back(job);
        self.wake();
    }

    fn wake(&self) {
        if let Some(wake) = self.wake.borrow_mut().take() {
            // The waiting promise cannot refuse to be resolved.
            let _ = wake.call0(&JsValue::NULL);
        }
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
            let woken = Promise::new(&mut |resolve, _| *self.wake.borrow_mut() = Some(resolve));
            let _ = JsFuture::from(woken).await;
        }
    }
}

/// Waits for a task of its own, so that messages that have come are received. A timer would
/// do the same and take four milliseconds.
async fn let_messages_in() {
    let turn = Promise::new(&mut |resolve, _| {
        if let Ok(channel) = MessageChannel::new() {
            channel.port1().set_onmessage(Some(&resolve));
            // A message to oneself cannot fail to be cloned.
            let _ = channel.port2().post_message(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(turn).await;
}

fn post(scope: &DedicatedWorkerGlobalScope, message: &FromEngine) {
    // As text: a call into JavaScript for each of its ten thousand values takes far longer.
    match serde_json::to_string(message) {
        Ok(text) => {
            if let Err(error) = scope.post_message(&text.into()) {
                web_sys::console::error_1(&error);
            }
        }
        Err(error) => web_sys::console::error_1(&error.to_string().into()),
    }
}
