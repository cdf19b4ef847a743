//! Files in the origin's private file system, which outlive the visit. What is asked of it goes by names: web-sys
//! calls what a browser may lack, or does not give to every page, as if it could not fail.
//!
//! Whoever wants nothing to be kept says so to a script beside the page (`www/offline.js`). It takes the
//! files away, leaves one that says so to engines to come, and tells those at work, which close theirs.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget, MessageEvent};

use super::fetch::{kind, said};
use engine::pipeline::kept::{Keeps, KeptFile, NotKept, Opening};

/// The channel on which the script tells what is to be kept: "all", "used" or "nothing".
const WISH: &str = "vitrine-keep";
/// The file that says to engines to come that nothing is to be.
const NOTHING: &str = "keep-nothing";

/// The origin's private file system.
#[derive(Clone, Debug)]
pub struct Private {
    /// Nothing is to be kept from now on.
    is_unwanted: Rc<Cell<bool>>,
}

impl Private {
    /// That of this worker's origin; it hears of the person's wish from now on.
    pub fn of_origin() -> Self {
        let is_unwanted = Rc::new(Cell::new(false));
        let heard = is_unwanted.clone();
        let hear = move |event: &Event| {
            let wish = event.unchecked_ref::<MessageEvent>().data().as_string();
            heard.set(wish.as_deref() == Some("nothing"));
        };
        // Without a channel a wish counts from the next file on.
        if let Ok(channel) = channel() {
            EventListener::new(&channel, "message", hear).forget();
        }
        Self { is_unwanted }
    }
}

fn channel() -> Result<EventTarget, JsValue> {
    let class: Function = property(&js_sys::global(), "BroadcastChannel")?.dyn_into()?;
    Ok(Reflect::construct(&class, &Array::of1(&WISH.into()))?.unchecked_into())
}

impl Keeps for Private {
    /// The build that the page asked for: the loader's address has it (`versioned` in www/early.js).
    fn version(&self) -> String {
        let search = property(&js_sys::global(), "location")
            .and_then(|location| property(&location, "search"));
        let search = search.ok().and_then(|search| search.as_string()).unwrap_or_default();
        let build = search.split(['?', '&']).find_map(|part| part.strip_prefix("build="));
        build.unwrap_or_default().to_owned()
    }

    fn open<'a>(&'a self, name: &'a str) -> Opening<'a> {
        Box::pin(async move {
            if self.is_unwanted.get() {
                return Err(NotKept::Unwanted);
            }
            match opened(name).await {
                Ok(Some(handle)) => {
                    let is_unwanted = self.is_unwanted.clone();
                    let file: Box<dyn KeptFile> = Box::new(Handle { handle, is_unwanted });
                    Ok(file)
                }
                Ok(None) => Err(NotKept::Unwanted),
                // Another tab has it open, or another engine of this one.
                Err(error) if kind(&error) == "NoModificationAllowedError" => Err(NotKept::Taken),
                Err(error) => Err(refused(error)),
            }
        })
    }
}

/// A handle to a file, for whoever holds it alone; none where nothing is to be kept.
async fn opened(name: &str) -> Result<Option<JsValue>, JsValue> {
    let navigator = property(&js_sys::global(), "navigator")?;
    let storage = property(&navigator, "storage")?;
    let folder = awaited(call(&storage, "getDirectory", &[])?).await?;
    if awaited(call(&folder, "getFileHandle", &[&NOTHING.into()])?).await.is_ok() {
        return Ok(None);
    }
    let create = options("create", true.into())?;
    let file = awaited(call(&folder, "getFileHandle", &[&name.into(), &create])?).await?;
    Ok(Some(awaited(call(&file, "createSyncAccessHandle", &[])?).await?))
}

fn refused(error: JsValue) -> NotKept {
    NotKept::Refused(said(&error))
}

fn property(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(of, &name.into())
}

/// Calls a method; the error of one that is missing is its name.
fn call(of: &JsValue, name: &str, with: &[&JsValue]) -> Result<JsValue, JsValue> {
    let method = property(of, name).and_then(|method| method.dyn_into::<Function>());
    let method = method.map_err(|_| JsValue::from(name))?;
    method.apply(of, &with.iter().collect::<Array>())
}

async fn awaited(promise: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.dyn_into::<Promise>()?).await
}

fn options(name: &str, value: JsValue) -> Result<JsValue, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &name.into(), &value)?;
    Ok(options.into())
}

/// A FileSystemSyncAccessHandle.
struct Handle {
    handle: JsValue,
    is_unwanted: Rc<Cell<bool>>,
}

impl Handle {
    /// Calls a method of it, unless nothing is to be kept by now.
    fn called(&self, name: &str, with: &[&JsValue]) -> Result<JsValue, NotKept> {
        match self.is_unwanted.get() {
            true => Err(NotKept::Unwanted),
            false => call(&self.handle, name, with).map_err(refused),
        }
    }

    /// Reads into an array, or writes it, from a place on: how many bytes.
    fn moved(&self, how: &str, array: &JsValue, at: u64) -> Result<usize, NotKept> {
        let at = options("at", (at as f64).into()).map_err(refused)?;
        let moved = self.called(how, &[array, &at])?;
        Ok(moved.as_f64().unwrap_or_default() as usize)
    }
}

impl KeptFile for Handle {
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<usize, NotKept> {
        let array = Uint8Array::new_with_length(bytes.len() as u32);
        let read = self.moved("read", &array, at)?;
        array.copy_to(bytes);
        Ok(read)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), NotKept> {
        let written = self.moved("write", &Uint8Array::from(bytes), at)?;
        let all = bytes.len();
        match written == all {
            true => Ok(()),
            false => Err(NotKept::Refused(format!("{written} B < {all} B"))),
        }
    }

    fn cut(&mut self, at: u64) -> Result<(), NotKept> {
        self.called("truncate", &[&(at as f64).into()]).map(drop)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // What can't be closed is closed with the worker.
        let _ = call(&self.handle, "close", &[]);
    }
}
