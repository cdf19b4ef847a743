//! Where the studio stands: a program of its own, fetched when it is first opened.

use leptos::prelude::*;

use super::language::say;
use super::parts::{click, when};
use super::picture::Mark;
use super::rows::keyed;
use super::store::store;
use super::{bridge, browser};
use link::PANELS;

/// Opens and closes the studio.
#[component]
pub fn StudioButton() -> impl IntoView {
    let store = store();
    // Where the person was last.
    let last = StoredValue::new(PANELS[0]);
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
            <span>{say(word!("studio-frame.name"))}</span>
        </button>
    }
}

/// The place that the studio fills once it has arrived.
#[component]
pub fn StudioFrame() -> impl IntoView {
    let store = store();
    let wanted = RwSignal::new(false);
    // Within another page a panel is open from the start: it is sent for once someone may look at it.
    let embedded = bridge::embedded_panel().is_some();
    let seen = RwSignal::new(!embedded || !browser::marked("seen").is_empty());
    bridge::listen(bridge::SEEN, move |_| seen.set(true));
    let open = move || {
        let open = embedded || store.view.with(|view| view.panel.is_some());
        if open && seen.get() {
            wanted.set(true);
        }
        open
    };
    // How often it was asked for in vain.
    let attempts = RwSignal::new(0_u32);
    let failed = RwSignal::new(false);
    // It came, and is of another version than the page.
    let outdated = RwSignal::new(false);
    bridge::listen(bridge::OUTDATED, move |_| outdated.set(true));
    let again = move || {
        failed.set(false);
        outdated.set(false);
        attempts.update(|n| *n += 1);
    };
    let program = move |_| {
        let fails = move |_| failed.set(true);
        let of = |name| browser::again(browser::versioned(name), attempts.get_untracked());
        view! {
            // By its hash: the host may have another version's by now.
            <link rel="stylesheet" integrity=browser::marked("styles") href=of("studio.css") on:error=fails />
            <script type="module" src=of("studio-loader.js") on:error=fails></script>
        }
        .into_any()
    };
    let programs = move || if wanted.get() { vec![attempts.get().into()] } else { vec![] };
    let close = move || store.view.update(|view| view.panel = None);
    let retry = move || {
        view! {
            <button
                type="button"
                class="solid"
                data-testid="studio-again"
                on:click=click(again)
                prop:textContent=move || say(word!("try-again"))
            ></button>
        }
        .into_any()
    };
    let stands = move || {
        say(if outdated.get() {
            word!("studio-frame.outdated")
        } else if failed.get() {
            word!("studio-frame.missing")
        } else {
            word!("studio-frame.fetching")
        })
    };
    view! {
        <section id="studio" data-testid="studio" aria-label=move || say(word!("studio-frame.name")).to_string() hidden=move || !open()>
            // The studio takes the place of this.
            <div class="arriving">
                <p role="status" prop:textContent=stands></p>
                {when(move || failed.get() || outdated.get(), retry)}
                <button
                    type="button"
                    class="outlined"
                    data-testid="studio-close"
                    on:click=click(close)
                    prop:textContent=move || say(word!("studio-frame.close"))
                ></button>
            </div>
        </section>
        {keyed(programs, program)}
    }
}
