//! The screen that canvases are drawn for: dark or light, and how dense.

use gloo_events::EventListener;
use leptos::prelude::*;

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
    let turned = |_: &_| {
        browser::follow_system_theme();
        bridge::say(TURNED, "");
    };
    // The page listens for as long as it lives.
    EventListener::new(&media, "change", turned).forget();
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
    let changed = move |_: &_| {
        density.set(browser::window().device_pixel_ratio());
        follow_density(density);
    };
    EventListener::once(&media, "change", changed).forget();
}
