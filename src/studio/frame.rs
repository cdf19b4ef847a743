//! The studio as a whole: its frame, and the panel that is open.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::browser::{focus, reveal_shelf, show_in_row};
use super::engine::Engine;
use super::glossary::glossary;
use super::learn::trainer::Trainer;
use super::meter::Meter;
use super::panels::{PANELS, Panel, by_key};
use page::language::{self, say, text};
use page::parts::{click, follow, heard, is_composing, live};
use page::picture::Mark;
use page::store::Store;
use page::{bridge, browser, screen};

/// Fills the place that the page keeps for the studio.
pub fn mount() {
    console_error_panic_hook::set_once();
    // What the host has by now may be the studio of another version.
    if !bridge::fits() {
        return;
    }
    let place = browser::document().get_element_by_id("studio");
    let Some(place) = place.and_then(|place| place.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return;
    };
    language::start(move || {
        // What stood there while the studio was fetched.
        place.replace_children_with_node_0();
        leptos::mount::mount_to(place, Studio).forget();
    });
    language::ask_for_all();
}

#[component]
fn Studio() -> impl IntoView {
    let store = Store::new();
    provide_context(store);
    bridge::couple(store, bridge::STUDIO);
    language::follow_link(store);
    screen::follow(store);
    let engine = Engine::new(store);
    provide_context(Meter::new(engine.clone()));
    provide_context(Trainer::new(engine.clone(), store));
    provide_context(engine);
    // Within another page it is one panel, without what leads to the others.
    let alone = bridge::embedded_panel();
    let open = Memo::new(move |_| alone.or_else(|| store.view.with(|view| view.panel)));
    let panel = move || open.get().and_then(by_key);
    let close = move || store.view.update(|view| view.panel = None);
    let wide = RwSignal::new(false);
    heard("keydown", move |event: &KeyboardEvent| {
        let free = !event.default_prevented() && !is_composing(event);
        if event.key() == "Escape" && free && open.get_untracked().is_some() {
            close();
        }
    });
    // The page's last rows can be scrolled to from under the studio.
    follow(move |_| {
        let height = match (panel(), wide.get()) {
            _ if alone.is_some() => "alone",
            (None, _) => "closed",
            (Some(_), true) => "wide",
            (Some(panel), false) if store.view.with(panel.is_beside_shelf) => "lesson",
            (Some(_), false) => "open",
        };
        browser::mark("studio", height);
        if height == "open" {
            browser::after_paint(reveal_shelf);
        }
    });
    // On a narrow page not all tabs are on show, and their names make them as wide as they are.
    follow(move |_| {
        language::shown();
        if let Some(key) = open.get() {
            browser::after_paint(move || show_in_row(&format!("tab-{key}")));
        }
    });
    let tab = move |of: &&'static Panel| {
        let (key, title) = (of.key, of.title);
        let chosen = move || open.get() == Some(key);
        view! {
            <button
                type="button"
                role="tab"
                id=format!("tab-{key}")
                aria-controls="studio-panel"
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }.to_string()
                on:click=click(move || store.view.update(|view| view.panel = Some(key)))
                prop:textContent=text(title)
            ></button>
        }
        .into_any()
    };
    let step = move |event: leptos::ev::KeyboardEvent| {
        let to = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => PANELS.len() - 1,
            _ => return,
        };
        let Some(now) = open.get() else { return };
        event.prevent_default();
        let at = PANELS.iter().position(|of| of.key == now).unwrap_or(0);
        let key = PANELS[(at + to) % PANELS.len()].key;
        store.view.update(|view| view.panel = Some(key));
        focus(&format!("tab-{key}"));
    };
    let shown = live(move || match panel() {
        None => ().into_any(),
        Some(panel) => view! { {(panel.view)()} {glossary(panel.key)} }.into_any(),
    });
    let said =
        move |key: fn(&Panel) -> &'static str| move || panel().map_or("", |panel| say(key(panel)));
    let header = alone.is_none().then(|| {
        view! {
            <header>
                <div role="tablist" aria-label=text(word!("studio-frame.name")) on:keydown=step>
                    {PANELS.iter().map(tab).collect_view()}
                </div>
                <p prop:textContent=said(|panel| panel.about)></p>
                <button
                    type="button"
                    class="icon wide"
                    aria-label=text(word!("studio.whole-height"))
                    aria-pressed=move || wide.get().to_string()
                    on:click=click(move || wide.update(|wide| *wide = !*wide))
                >
                    <Mark name="wide" />
                </button>
                <button
                    type="button"
                    class="icon"
                    data-testid="studio-close"
                    aria-label=text(word!("studio.close"))
                    on:click=click(close)
                >
                    <Mark name="close" />
                </button>
            </header>
        }
        .into_any()
    });
    view! {
        {header}
        <div
            class="studio-panel"
            id="studio-panel"
            role=alone.is_none().then_some("tabpanel")
            aria-labelledby=move || {
                open.get().filter(|_| alone.is_none()).map(|key| format!("tab-{key}"))
            }
            tabindex="-1"
        >
            <h2 class="hidden" prop:textContent=said(|panel| panel.title)></h2>
            {shown}
        </div>
    }
}
