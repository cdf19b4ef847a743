//! A worker that an engine runs in, with what listens to it: the page's own, and the studio's. And the
//! learned weights that engines are to have, whenever they are started.

use std::cell::RefCell;

use leptos::logging::error;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::{browser, wire};
// What can be sent, for who writes a function that sends.
pub use ::wire::Wire;
use protocol::ToEngine;

/// A worker with the functions that listen to it.
pub struct Running {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// Starts the worker of a loader, an address of this version of the page.
///
/// # Errors
/// Where the browser forbids it.
pub fn start(name: &str, loader: &str) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    Worker::new_with_options(&browser::address(loader), &options)
}

impl Running {
    /// Listens to a worker: to its messages, and to errors that it did not catch, with why.
    pub fn new(
        worker: Worker,
        mut hear: impl FnMut(JsValue) + 'static,
        mut broke: impl FnMut(String) + 'static,
    ) -> Self {
        let on_message = Closure::new(move |event: MessageEvent| hear(event.data()));
        let on_error = Closure::new(move |event: Event| {
            // A script that cannot be fetched is told of without a message.
            let why = js_sys::Reflect::get(&event, &"message".into()).ok();
            broke(why.and_then(|why| why.as_string()).unwrap_or_else(|| "it did not load".into()));
        });
        // By web-sys: gloo's worker wants a loader and messages of its own, and its listeners, too, would be
        // dropped while one of them may be on the stack.
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Self { worker, _on_message: on_message, _on_error: on_error }
    }

    /// Posts a message to it.
    pub fn send(&self, message: &impl Wire) {
        if let Err(why) = self.worker.post_message(&wire::write(message)) {
            error!("a message could not be sent: {why:?}");
        }
    }

    /// Ends it.
    pub fn end(self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
        // One of its functions may be on the stack: they are dropped after it has returned.
        leptos::task::spawn_local(async move { drop(self) });
    }
}

/// Learned weights that were brought, by the file that they take the place of: for engines that are started
/// later.
#[derive(Default)]
pub struct Weights(RefCell<Vec<(String, ToEngine)>>);

impl Weights {
    /// Sends weights, in base 64, and keeps them in place of others of this file.
    pub fn bring(&self, file: &str, weights: &str, send: impl FnOnce(&ToEngine)) {
        let message = ToEngine::Weigh { file: file.into(), weights: weights.into() };
        send(&message);
        let mut brought = self.0.borrow_mut();
        brought.retain(|(other, _)| other != file);
        brought.push((file.into(), message));
    }

    /// Sends all that were brought: an engine is ready for them before it is ready for a state.
    pub fn send_all(&self, send: impl Fn(&ToEngine)) {
        self.0.borrow().iter().for_each(|(_, message)| send(message));
    }
}
