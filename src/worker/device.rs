//! Opens the device that this build of the engine computes on.

use burn::prelude::Device;
#[cfg(feature = "webgpu")]
use burn_wgpu::{RuntimeOptions, WgpuDevice, graphics::AutoGraphicsApi, try_init_setup_async};

#[cfg(feature = "webgpu")]
use market::language::{Message, Value};
use protocol::{Backend, Notice};

/// Where this build computes.
pub const BACKEND: Backend = if cfg!(feature = "webgpu") { Backend::Webgpu } else { Backend::Cpu };

/// The device and the name the browser gives it.
///
/// # Errors
/// A notice for the person where the browser has no WebGPU or hands out no adapter.
#[cfg(not(feature = "webgpu"))]
pub async fn open() -> Result<(Device, String), Notice> {
    Ok((Device::flex(), String::new()))
}

/// The device and the name the browser gives it.
///
/// # Errors
/// A notice for the person where the browser has no WebGPU or hands out no adapter.
#[cfg(feature = "webgpu")]
pub async fn open() -> Result<(Device, String), Notice> {
    let refused = |why: Value| Notice {
        key: "no-webgpu".into(),
        says: Message::new(word!("notices.webgpu-refused")).with("why", why),
    };
    // wgpu panics where the browser has no WebGPU, so the browser is asked first.
    let said = |error| refused(super::fetch::said(&error).into());
    let adapter = adapter_name().await.map_err(said)?;
    let adapter = adapter.map_err(|key| refused(Message::new(key).into()))?;
    // The adapter of the highest power, with all limits and features that it has.
    let device = WgpuDevice::default();
    let options = RuntimeOptions::try_default();
    let set_up = async { try_init_setup_async::<AutoGraphicsApi>(&device, options?).await };
    set_up.await.map_err(|error| refused(error.to_string().into()))?;
    Ok((device.into(), adapter))
}

/// What the browser calls its adapter, or key of the words that say why it has none. wgpu, which asks for
/// one of its own, hands on only a description, which most browsers leave empty.
#[cfg(feature = "webgpu")]
async fn adapter_name() -> Result<Result<String, &'static str>, wasm_bindgen::JsValue> {
    use js_sys::{Function, Promise, Reflect};
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;

    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let gpu = Reflect::get(&navigator, &"gpu".into())?;
    if gpu.is_undefined() {
        return Ok(Err(word!("notices.webgpu-refused.missing")));
    }
    let request: Function = Reflect::get(&gpu, &"requestAdapter".into())?.dyn_into()?;
    let adapter = JsFuture::from(request.call0(&gpu)?.dyn_into::<Promise>()?).await?;
    if adapter.is_null() {
        return Ok(Err(word!("notices.webgpu-refused.no-adapter")));
    }
    let info = Reflect::get(&adapter, &"info".into())?;
    let part = |name: &str| {
        Reflect::get(&info, &name.into())
            .ok()
            .and_then(|value| value.as_string())
            .unwrap_or_default()
    };
    let parts = [part("vendor"), part("architecture"), part("description")];
    let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(Ok(known.join(" ")))
}

/// Loses the GPU, so that what follows can be tested. The loader keeps the device for this, and
/// tells the page when it is lost, by whatever cause.
pub fn lose() {
    #[cfg(feature = "webgpu")]
    {
        use wasm_bindgen::JsCast;

        let device = js_sys::Reflect::get(&js_sys::global(), &"gpuDevice".into());
        let destroy = device.as_ref().map(|device| js_sys::Reflect::get(device, &"destroy".into()));
        if let (Ok(device), Ok(Ok(destroy))) = (&device, destroy)
            && let Some(destroy) = destroy.dyn_ref::<js_sys::Function>()
        {
            // A device that cannot be destroyed is lost already.
            let _ = destroy.call0(device);
        }
    }
}
