//! The page's engines: starts them, posts to them, listens to them, as the [`Supervisor`] says.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::logging::error;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Worker;

use super::parts::follow;
use super::store::Store;
use super::worker::{self, Running, Weights};
use super::{bridge, browser, memory, wire};
use protocol::supervisor::{Action, Gpu, PATIENCE, Readiness, Supervisor, TICK};
use protocol::{Backend, Notice, ToEngine};
use systems::shared::BackendChoice;

/// What a browser or its GPU can't do is told on the first visit; after that it stands in the backend's
/// menu.
const TOLD_ONCE: [&str; 3] = ["no-webgpu", "webgpu-refused", "webgpu-differs"];

struct Client {
    supervisor: RefCell<Supervisor>,
    workers: RefCell<[Option<Running>; 2]>,
    /// Learned weights that the studio brought.
    brought: Weights,
    store: Store,
}

/// Starts the engines and keeps them in step with the store for as long as the page lives.
pub fn start(store: Store) {
    let state = memory::bounded(store, store.state.get_untracked());
    let mut supervisor = Supervisor::new(browser::has_webgpu(), state);
    let embedded = browser::is_embedded();
    if embedded {
        supervisor.hold_gpu();
    }
    let client = Rc::new(Client {
        supervisor: RefCell::new(supervisor),
        workers: RefCell::default(),
        brought: Weights::default(),
        store,
    });
    client.drive(|supervisor, now| supervisor.start(now));

    let on_state = client.clone();
    follow(move |first| {
        store.every_size.track();
        let state = store.state.get();
        // The supervisor was made with the first one.
        if !first {
            let state = memory::bounded(store, state);
            on_state.drive(|supervisor, now| supervisor.set_state(state, now));
        }
    });
    let on_weights = client.clone();
    bridge::listen(bridge::WEIGHTS, move |text| on_weights.weigh(&text));
    let on_retry = client.clone();
    follow(move |first| {
        store.retries.track();
        if !first {
            on_retry.drive(|supervisor, now| supervisor.start(now));
        }
    });
    let on_patience = client.clone();
    follow(move |_| {
        store.state.track();
        // A state that waits behind a slow run is sent once patience with that run is over.
        let client = on_patience.clone();
        set_timeout(
            move || client.drive(|supervisor, now| supervisor.press(now)),
            Duration::from_millis(PATIENCE as u64 + 1),
        );
    });
    if embedded {
        let touched = client.clone();
        let touch = move || touched.drive(|supervisor, now| supervisor.touched(now));
        let keyed = touch.clone();
        // They listen for as long as the page lives.
        window_event_listener(ev::pointerdown, move |_| touch());
        window_event_listener(ev::keydown, move |_| keyed());
    }
    let online = client.clone();
    window_event_listener(ev::online, move |_| {
        online.drive(|supervisor, now| supervisor.online(now));
    });
    set_interval(
        move || client.drive(|supervisor, now| supervisor.tick(now)),
        Duration::from_millis(TICK as u64),
    );
}

impl Client {
    /// Lets the supervisor decide, and does what it says.
    fn drive(self: &Rc<Self>, decide: impl FnOnce(&mut Supervisor, f64) -> Vec<Action>) {
        let actions = decide(&mut self.supervisor.borrow_mut(), browser::now());
        let status = self.supervisor.borrow().status();
        if self.store.status.with_untracked(|shown| *shown != status) {
            browser::mark(
                "engine",
                match status.readiness {
                    Readiness::Loading => "loading",
                    Readiness::Ready => "ready",
                    Readiness::Failed => "failed",
                },
            );
            self.store.status.set(status);
        }
        let waits = self.supervisor.borrow().waits();
        if self.store.waits.get_untracked() != waits {
            self.store.waits.set(waits);
            browser::mark("waits", if waits { "answer" } else { "" });
        }
        for action in actions {
            self.perform(action);
        }
    }

    fn perform(self: &Rc<Self>, action: Action) {
        match action {
            Action::Spawn(Backend::Cpu) => self.spawn(Backend::Cpu),
            // It comes behind what the other has just answered, on screen too.
            Action::Spawn(Backend::Webgpu) => {
                let client = self.clone();
                browser::after_paint(move || {
                    let wanted = client.supervisor.borrow().status().gpu == Gpu::Loading;
                    let runs = client.workers.borrow()[Backend::Webgpu as usize].is_some();
                    if wanted && !runs {
                        client.spawn(Backend::Webgpu);
                    }
                });
            }
            Action::Terminate(backend) => self.terminate(backend),
            Action::Send(backend, message) => {
                self.send(backend, &message);
                if let ToEngine::Start { .. } = &message {
                    self.brought.send_all(|brought| self.send(backend, brought));
                }
            }
            Action::Tell(notice) => self.tell(notice),
            Action::Withdraw(key) => self.store.withdraw(key),
            Action::Open(shop) => self.store.open(*shop),
            Action::Show(answer) => {
                let (run, store) = (answer.run, self.store);
                store.accept(*answer);
                browser::after_paint(move || {
                    store.show_insides();
                    // Once what follows from the answer is painted, too.
                    browser::after_paint(move || browser::mark("run", &run.to_string()));
                });
            }
        }
    }

    /// Hands on learned weights that the studio brings.
    fn weigh(self: &Rc<Self>, text: &str) {
        let Some((file, weights)) = text.split_once('\n') else { return };
        self.brought.bring(file, weights, |message| {
            for backend in [Backend::Cpu, Backend::Webgpu] {
                self.send(backend, message);
            }
        });
        // Even where it is not ranked with: that there are some is part of the answer.
        let state = memory::bounded(self.store, self.store.state.get_untracked());
        self.drive(|supervisor, now| supervisor.set_state(state, now));
    }

    fn tell(&self, notice: Notice) {
        let once = TOLD_ONCE.contains(&notice.key.as_str());
        let asked =
            || self.store.state.with_untracked(|state| state.backend() == BackendChoice::Webgpu);
        if !once || browser::is_news(&notice.key) || asked() {
            self.store.show(notice, false);
        }
    }

    fn spawn(self: &Rc<Self>, backend: Backend) {
        let name = match backend {
            Backend::Cpu => "engine-cpu",
            Backend::Webgpu => "engine-webgpu",
        };
        let early = match backend {
            Backend::Cpu => browser::early_engine(),
            Backend::Webgpu => None,
        };
        let (worker, heard) = match early {
            Some((worker, heard)) => (Ok(worker), heard),
            None => (self.start_worker(name), vec![]),
        };
        let Ok(worker) = worker else {
            self.drive(|supervisor, now| supervisor.broke(backend, now));
            return;
        };
        let client = Rc::downgrade(self);
        let hear = move |data| {
            let Some(client) = client.upgrade() else { return };
            match wire::read(&data) {
                Ok(message) => {
                    client.drive(|supervisor, now| supervisor.heard(backend, message, now))
                }
                Err(part) => error!("a message of {name} can't be read: {part} is wrong"),
            }
        };
        let client = Rc::downgrade(self);
        let broke = move |why| {
            error!("{name}: {why}");
            if let Some(client) = client.upgrade() {
                client.drive(|supervisor, now| supervisor.broke(backend, now));
            }
        };
        let running = Running::new(worker.clone(), hear, broke);
        self.workers.borrow_mut()[backend as usize] = Some(running);
        for event in heard {
            // An event that has been heard once may be sent again.
            let _ = worker.dispatch_event(&event);
        }
    }

    fn start_worker(&self, name: &str) -> Result<Worker, JsValue> {
        let script = browser::versioned(&format!("{name}-loader.js"));
        worker::start(name, &browser::again(script, self.store.retries.get_untracked()))
    }

    fn terminate(&self, backend: Backend) {
        let running = self.workers.borrow_mut()[backend as usize].take();
        running.into_iter().for_each(Running::end);
    }

    fn send(&self, backend: Backend, message: &ToEngine) {
        if let Some(running) = &self.workers.borrow()[backend as usize] {
            running.send(message);
        }
    }
}
