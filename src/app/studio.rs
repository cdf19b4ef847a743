//! Where the studio stands: a program of its own, fetched when it is first opened.

use leptos::prelude::*;

use super::language::say;
use super::parts::{click, when};
use super::picture::Mark;
use super::store::store;
use crate::language::Message;
use crate::share::view::Panel;

/// Opens and closes the studio.
#[component]
pub fn StudioButton() -> impl IntoView {
    let store = store();
    // Where the person was last.
    let last = StoredValue::new(Panel::ALL[0].0);
    let open = move || store.view.with(|view| view.panel.is_some());
    let turn = move || {
        store.view.update(|view| {
            view.panel = match view.panel.take() {
                Some(panel) => {
                    last.set_value(panel);
                    None
                }
                None => Some(last.get_value()),
            };
        });
    };
    view! {
        <button
            type="button"
            class="outlined"
            data-testid="studio-button"
            aria-controls="studio"
            aria-expanded=move || open().to_string()
            on:click=click(turn)
        >
            <Mark name="studio" />
            <span>{say("studio-frame.name")}</span>
        </button>
    }
}

/// The place that the studio fills once it has arrived.
#[component]
pub fn StudioFrame() -> impl IntoView {
    let store = store();
    let wanted = RwSignal::new(false);
    let open = move || {
        let open = store.view.with(|view| view.panel.is_some());
        if open {
            wanted.set(true);
        }
        open
    };
    let failed = move |_| {
        store.tell("studio-missing", Message::new("notices.studio-missing"));
    };
    let program = move || {
        view! {
            <link rel="stylesheet" href="studio.css" />
            <script type="module" src="studio-loader.js" on:error=failed></script>
        }
        .into_any()
    };
    view! {
        <section id="studio" data-testid="studio" aria-label=move || say("studio-frame.name").to_string() hidden=move || !open()>
            <p class="empty" role="status">{move || say("studio-frame.fetching").to_string()}</p>
        </section>
        {when(move || wanted.get(), program)}
    }
}
