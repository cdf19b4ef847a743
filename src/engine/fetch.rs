//! Files over the network, with the bytes counted as they come.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, ReadableStreamDefaultReader, Response};

use crate::pipeline::assets::{AssetError, AssetSource};
use crate::protocol::Progress;

/// The assets folder behind an address.
#[derive(Clone, Debug)]
pub struct Network {
    scope: DedicatedWorkerGlobalScope,
    base: String,
    received: Rc<Cell<u64>>,
    expected: Rc<Cell<u64>>,
    on_progress: fn(&DedicatedWorkerGlobalScope, Progress),
}

impl Network {
    /// Files below `base` (an address with a slash at its end).
    pub fn new(
        scope: DedicatedWorkerGlobalScope,
        base: String,
        on_progress: fn(&DedicatedWorkerGlobalScope, Progress),
    ) -> Self {
        Self { scope, base, received: Rc::default(), expected: Rc::default(), on_progress }
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, JsValue> {
        let address = format!("{}{name}", self.base);
        let response: Response =
            JsFuture::from(self.scope.fetch_with_str(&address)).await?.dyn_into()?;
        if !response.ok() {
            return Err(JsValue::from_str(&format!("the host answered {}", response.status())));
        }
        let body = response.body().ok_or("the host sent no body")?;
        let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
        let mut bytes = Vec::new();
        loop {
            let chunk = JsFuture::from(reader.read()).await?;
            if Reflect::get(&chunk, &"done".into())?.is_truthy() {
                return Ok(bytes);
            }
            let part: Uint8Array = Reflect::get(&chunk, &"value".into())?.dyn_into()?;
            let start = bytes.len();
            bytes.resize(start + part.length() as usize, 0);
            part.copy_to(&mut bytes[start..]);
            self.received.set(self.received.get() + u64::from(part.length()));
            let (loaded, total) = (self.received.get(), self.expected.get());
            (self.on_progress)(&self.scope, Progress { file: name.into(), loaded, total });
        }
    }
}

impl AssetSource for Network {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>, AssetError> {
        self.read(name)
            .await
            .map_err(|error| AssetError::Missing { name: name.into(), why: said(&error) })
    }

    fn expect(&self, bytes: u64) {
        self.expected.set(self.received.get() + bytes);
    }
}

/// What JavaScript said went wrong.
pub fn said(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}
