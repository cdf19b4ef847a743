//! The studio as a whole: its frame, and the panel that is open.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::browser::{focus, reveal_shelf, show_in_row};
use super::compare::Compare;
use super::document::Document;
use super::engine::Engine;
use super::explain::Explain;
use super::lessons::Lessons;
use super::map::MapOfTheCatalogue;
use super::meter::Meter;
use super::metrics::Metrics;
use super::positions::Positions;
use super::share::Share;
use link::view::Panel;
use page::language::{self, say, text};
use page::parts::{click, follow, is_composing, live};
use page::picture::Mark;
use page::store::Store;
use page::{bridge, browser, screen};

/// Fills the place that the page keeps for the studio.
pub fn mount() {
    console_error_panic_hook::set_once();
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

/// What a panel is called.
fn title(panel: Panel) -> &'static str {
    say(&format!("studio.panels.{}", panel.key()))
}

/// What a panel is for.
fn about(panel: Panel) -> &'static str {
    say(&format!("studio.panels.{}.about", panel.key()))
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
    provide_context(engine);
    let panel = Memo::new(move |_| store.view.with(|view| view.panel));
    let close = move || store.view.update(|view| view.panel = None);
    let wide = RwSignal::new(false);
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let free = !event.default_prevented() && !is_composing(&event);
        if event.key() == "Escape" && free && panel.get_untracked().is_some() {
            close();
        }
    });
    on_cleanup(move || keys.remove());
    // The page's last rows can be scrolled to from under the studio.
    follow(move |_| {
        let lesson = store.view.with(|view| view.lesson.is_some());
        let height = match (panel.get(), wide.get()) {
            (None, _) => "closed",
            (Some(_), true) => "wide",
            // A lesson is read beside the shelf that it is about.
            (Some(Panel::Lessons), false) if lesson => "lesson",
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
        if let Some(of) = panel.get() {
            browser::after_paint(move || show_in_row(&format!("tab-{}", of.key())));
        }
    });
    let tab = move |(of, _): (Panel, &'static str)| {
        let chosen = move || panel.get() == Some(of);
        view! {
            <button
                type="button"
                role="tab"
                id=format!("tab-{}", of.key())
                aria-controls="studio-panel"
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }.to_string()
                on:click=click(move || store.view.update(|view| view.panel = Some(of)))
            >
                {move || title(of)}
            </button>
        }
        .into_any()
    };
    let step = move |event: leptos::ev::KeyboardEvent| {
        let to = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => Panel::ALL.len() - 1,
            _ => return,
        };
        let Some(now) = panel.get() else { return };
        event.prevent_default();
        let at = Panel::ALL.iter().position(|(of, _)| *of == now).unwrap_or(0);
        let (of, key) = Panel::ALL[(at + to) % Panel::ALL.len()];
        store.view.update(|view| view.panel = Some(of));
        focus(&format!("tab-{key}"));
    };
    let shown = live(move || match panel.get() {
        None => ().into_any(),
        Some(Panel::Lessons) => view! { <Lessons /> }.into_any(),
        Some(Panel::Explain) => view! { <Explain /> }.into_any(),
        Some(Panel::Positions) => view! { <Positions /> }.into_any(),
        Some(Panel::Map) => view! { <MapOfTheCatalogue /> }.into_any(),
        Some(Panel::Compare) => view! { <Compare /> }.into_any(),
        Some(Panel::Share) => view! { <Share /> }.into_any(),
        Some(Panel::Metrics) => view! { <Metrics /> }.into_any(),
        Some(Panel::Papers) => view! { <Document name="assets/tables" /> }.into_any(),
    });
    view! {
        <header>
            <div role="tablist" aria-label=text("studio-frame.name") on:keydown=step>
                {Panel::ALL.map(tab).into_iter().collect_view()}
            </div>
            <p prop:textContent=move || panel.get().map(about).unwrap_or_default()></p>
            <button
                type="button"
                class="icon wide"
                aria-label=text("studio.whole-height")
                aria-pressed=move || wide.get().to_string()
                on:click=click(move || wide.update(|wide| *wide = !*wide))
            >
                <Mark name="wide" />
            </button>
            <button
                type="button"
                class="icon"
                data-testid="studio-close"
                aria-label=text("studio.close")
                on:click=click(close)
            >
                <Mark name="close" />
            </button>
        </header>
        <div
            class="studio-panel"
            id="studio-panel"
            role="tabpanel"
            aria-labelledby=move || panel.get().map(|of| format!("tab-{}", of.key()))
            tabindex="-1"
        >
            <h2 class="hidden" prop:textContent=move || panel.get().map(title).unwrap_or_default()></h2>
            {shown}
        </div>
    }
}
