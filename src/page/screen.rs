//! The screen that canvases are drawn for: dark or light, and how dense.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::AddEventListenerOptions;

use super::lasting::Lasting;
use super::store::Store;
use super::{bridge, browser};

/// How page and studio tell each other that the theme has turned.
const TURNED: &str = "vitrine-theme";

/// Keeps the store's screen as the screen is, for as long as the page lives.
pub fn follow(store: Store) {
    bridge::listen(TURNED, move |_| store.dark.set(browser::is_dark()));
    follow_density(store.density);
}

/// Turns dark or light when the system does.
pub fn follow_system() {
    let media = browser::window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let Some(media) = media else { return };
    let turned = Closure::<dyn Fn()>::new(move || {
        browser::follow_system_theme();
        bridge::say(TURNED, "");
    });
    media.set_onchange(Some(turned.as_ref().unchecked_ref()));
    // The page listens for as long as it lives.
    turned.forget();
}

/// Turns dark or light.
pub fn turn(dark: bool) {
    browser::set_dark(dark);
    bridge::say(TURNED, "");
}

/// A window that is taken to another screen, or zoomed, has another number of device pixels to
/// one of the style sheet's. The browser tells only that the number is no longer this one.
fn follow_density(density: Lasting<RwSignal<f64>>) {
    let now = browser::window().device_pixel_ratio();
    let media = browser::window().match_media(&format!("(resolution: {now}dppx)")).ok().flatten();
    let Some(media) = media else { return };
    let changed = Closure::once_into_js(move || {
        density.set(browser::window().device_pixel_ratio());
        follow_density(density);
    });
    let once = AddEventListenerOptions::new();
    once.set_once(true);
    // To listen to a media query does not fail.
    let _ = media.add_event_listener_with_callback_and_add_event_listener_options(
        "change",
        changed.unchecked_ref(),
        &once,
    );
}
