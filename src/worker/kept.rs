//! Files in the origin's private file system, which outlive the visit. What is asked of it goes by names: web-sys
//! calls what a browser may lack, or does not give to every page, as if it could not fail.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::fetch::{kind, said};
use engine::pipeline::kept::{Keeps, KeptFile, NotKept, Opening};

/// The origin's private file system.
#[derive(Clone, Copy, Debug)]
pub struct Private;

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
            match opened(name).await {
                Ok(handle) => {
                    let file: Box<dyn KeptFile> = Box::new(Handle(handle));
                    Ok(file)
                }
                // Another tab has it open, or another engine of this one.
                Err(error) if kind(&error) == "NoModificationAllowedError" => Err(NotKept::Taken),
                Err(error) => Err(NotKept::Refused(said(&error))),
            }
        })
    }
}

/// A handle to a file, for whoever holds it alone.
async fn opened(name: &str) -> Result<JsValue, JsValue> {
    let navigator = property(&js_sys::global(), "navigator")?;
    let storage = property(&navigator, "storage")?;
    let folder = awaited(call(&storage, "getDirectory", &[])?).await?;
    let create = options("create", true.into())?;
    let file = awaited(call(&folder, "getFileHandle", &[&name.into(), &create])?).await?;
    awaited(call(&file, "createSyncAccessHandle", &[])?).await
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
struct Handle(JsValue);

impl Handle {
    /// Reads into an array, or writes it, from a place on: how many bytes.
    fn moved(&self, how: &str, array: &JsValue, at: u64) -> Result<usize, String> {
        let moved = options("at", (at as f64).into());
        let moved = moved.and_then(|at| call(&self.0, how, &[array, &at]));
        let moved = moved.map_err(|error| said(&error))?;
        Ok(moved.as_f64().unwrap_or_default() as usize)
    }
}

impl KeptFile for Handle {
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<usize, String> {
        let array = Uint8Array::new_with_length(bytes.len() as u32);
        let read = self.moved("read", &array, at)?;
        array.copy_to(bytes);
        Ok(read)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), String> {
        let written = self.moved("write", &Uint8Array::from(bytes), at)?;
        let all = bytes.len();
        if written == all { Ok(()) } else { Err(format!("{written} B < {all} B")) }
    }

    fn cut(&mut self, at: u64) -> Result<(), String> {
        let cut = call(&self.0, "truncate", &[&(at as f64).into()]);
        cut.map(drop).map_err(|error| said(&error))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // What can't be closed is closed with the worker.
        let _ = call(&self.0, "close", &[]);
    }
}
