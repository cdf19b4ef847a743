//! What a worker's conversation is made of, whoever it talks to.

use std::cell::RefCell;

use gloo_events::EventListener;
use js_sys::{Function, Promise};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use protocol::Notice;

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Hears messages for as long as the worker lives.
pub fn hear(mut act: impl FnMut(JsValue) + 'static) {
    let hear = move |event: &web_sys::Event| act(event.unchecked_ref::<MessageEvent>().data());
    EventListener::new(&scope(), "message", hear).forget();
}

/// Posts a message to whoever started the worker.
pub fn post(message: &impl Serialize) {
    // As text: a call into JavaScript for each of its ten thousand values takes far longer.
    match serde_json::to_string(message) {
        Ok(text) => {
            if let Err(error) = scope().post_message(&text.into()) {
                web_sys::console::error_1(&error);
            }
        }
        Err(error) => web_sys::console::error_1(&error.to_string().into()),
    }
}

/// What is said to whoever speaks another version of the messages.
pub fn other_version(why: String) -> Notice {
    Notice::new(word!("notices.protocol")).with("why", why)
}

/// The worker's clock.
pub fn milliseconds() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// Waits for a task of its own, so that messages that have come are received. A timer would
/// do the same and take four milliseconds, and of channels gloo has none.
pub async fn let_messages_in() {
    let turn = Promise::new(&mut |resolve, _| {
        if let Ok(channel) = MessageChannel::new() {
            channel.port1().set_onmessage(Some(&resolve));
            // A message to oneself cannot fail to be cloned.
            let _ = channel.port2().post_message(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(turn).await;
}

/// Wakes the one that waits for something to do.
#[derive(Default)]
pub struct Bell(RefCell<Option<Function>>);

impl Bell {
    /// There is something to do.
    pub fn ring(&self) {
        if let Some(wake) = self.0.borrow_mut().take() {
            // The waiting promise cannot refuse to be resolved.
            let _ = wake.call0(&JsValue::NULL);
        }
    }

    /// Waits until it rings.
    pub async fn rung(&self) {
        let woken = Promise::new(&mut |resolve, _| *self.0.borrow_mut() = Some(resolve));
        let _ = JsFuture::from(woken).await;
    }
}
