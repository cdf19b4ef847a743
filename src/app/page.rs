//! The page as a whole, and its link.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;

use super::funnel::Funnel;
use super::header::Header;
use super::insides::Insides;
use super::knobs::Knobs;
use super::notices::Notices;
use super::parts::{click, follow};
use super::shelf::Shelf;
use super::shopper::ShopperBand;
use super::store::{Store, store};
use super::studio::StudioFrame;
use super::{bridge, browser, engine};
use crate::share::State;

/// Milliseconds of rest after which the address follows the state.
const REST: u64 = 250;

/// Opens the link, shows the page and starts the engines.
pub fn mount() {
    console_error_panic_hook::set_once();
    browser::mark("engine", "loading");
    leptos::mount::mount_to_body(Page);
}

#[component]
fn Page() -> impl IntoView {
    let store = Store::new();
    provide_context(store);
    store.go(&browser::link());
    if !browser::remembers() {
        store.tell(
            "storage-forbidden",
            "The browser lets this page remember nothing, so the theme is not kept between visits.",
        );
    }
    follow_link(store);
    follow_theme(store);
    engine::start(store);
    bridge::couple(store, bridge::PAGE);
    view! {
        <Header />
        <Notices />
        <main>
            <ShopperBand />
            <Funnel />
            <div class="stage">
                <Sheets />
                <Shelf />
            </div>
        </main>
        <StudioFrame />
    }
}

/// The two side columns; where there is no room for both they are sheets behind tabs.
#[component]
fn Sheets() -> impl IntoView {
    let store = store();
    // None: what the width makes of it, knobs beside the shelf or nothing over it.
    let open = RwSignal::new(None::<&'static str>);
    // What is asked to be looked into is looked at.
    let selected = Memo::new(move |_| store.state.with(|state| state.selected));
    follow(move |_| {
        if selected.get().is_some() {
            open.set(Some("insides"));
        }
    });
    let tab = move |name: &'static str, label: &'static str| {
        let turn = move || open.update(|open| *open = (*open != Some(name)).then_some(name));
        view! {
            <button
                type="button"
                data-tab=name
                aria-pressed=move || (open.get() == Some(name)).to_string()
                on:click=click(turn)
            >
                {label}
            </button>
        }
        .into_any()
    };
    view! {
        <aside class="side left" aria-label="Knobs" class:open=move || open.get() == Some("knobs")>
            <Knobs />
        </aside>
        <aside class="side right" aria-label="Insides" class:open=move || open.get() == Some("insides")>
            <Insides />
        </aside>
        <nav class="tabs" aria-label="Side sheets">{tab("knobs", "Knobs")} {tab("insides", "Insides")}</nav>
    }
}

/// Keeps the address and the state the same, both ways. Another query, shopper or surface is a
/// step that "back" returns from; anything else changes the present step.
fn follow_link(store: Store) {
    let step_of = |s: &State| (s.query.clone(), s.shopper.clone(), s.surface);
    let last = StoredValue::new(store.state.with_untracked(step_of));
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let write = move || {
        let (link, step) = (store.link.get_untracked(), store.state.with_untracked(step_of));
        if link != browser::link() {
            browser::set_link(&link, last.with_value(|last| *last != step));
        }
        last.set_value(step);
    };
    follow(move |first| {
        store.link.track();
        if first {
            return;
        }
        if let Some(Some(timer)) = pending.try_update_value(Option::take) {
            timer.clear();
        }
        pending.set_value(set_timeout_with_handle(write, Duration::from_millis(REST)).ok());
    });
    let back = window_event_listener(ev::popstate, move |_| {
        store.go(&browser::link());
        last.set_value(store.state.with_untracked(step_of));
    });
    on_cleanup(move || back.remove());
}

/// Canvases are drawn again when the system turns dark or light.
fn follow_theme(store: Store) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    let media = browser::window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let Some(media) = media else { return };
    let turned = Closure::<dyn Fn()>::new(move || {
        browser::follow_system_theme();
        store.dark.set(browser::is_dark());
    });
    media.set_onchange(Some(turned.as_ref().unchecked_ref()));
    // The page listens for as long as it lives.
    turned.forget();
}
