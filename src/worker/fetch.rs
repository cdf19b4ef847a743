//! Files over the network. The loader fetches them (which is why gloo does not), most of them before they
//! are asked for, and counts their bytes for the page.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use engine::pipeline::assets::{AssetError, AssetSource};

/// The assets folder beside the engine's program.
#[derive(Clone, Copy, Debug)]
pub struct Network;

async fn read(name: &str) -> Result<Vec<u8>, JsValue> {
    let fetch: Function = Reflect::get(&js_sys::global(), &"fetchAsset".into())?.dyn_into()?;
    let bytes: Promise = fetch.call1(&JsValue::NULL, &name.into())?.dyn_into()?;
    let bytes: Uint8Array = JsFuture::from(bytes).await?.dyn_into()?;
    Ok(bytes.to_vec())
}

impl AssetSource for Network {
    async fn fetch(&self, name: &str) -> Result<Vec<u8>, AssetError> {
        read(name).await.map_err(|error| {
            let name = name.into();
            match kind(&error).as_str() {
                "unreachable" => AssetError::Unreachable { name },
                "outdated" => AssetError::Outdated { name },
                _ => AssetError::Missing { name, why: said(&error) },
            }
        })
    }
}

/// What the loader calls an error.
pub fn kind(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|error| error.name().into()).unwrap_or_default()
}

/// What JavaScript said went wrong.
pub fn said(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}
