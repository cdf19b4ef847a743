//! The top of the page: surface, query with suggestions, backend, theme, share.

mod backend;
mod query;
mod steps;

use std::time::Duration;

use leptos::prelude::*;

use self::backend::BackendBadge;
pub use self::backend::growing;
use self::query::QueryBox;
use self::steps::UndoButtons;
use super::knobs::Segments;
use super::language::{self, say};
use super::parts::{click, live};
use super::picture::{Mark, drawing};
use super::store::store;
use super::studio::StudioButton;
use super::undo::Steps;
use super::{browser, screen};
use market::language::Message;
use systems::shared::SURFACE;

/// The bar at the top.
#[component]
pub fn Header(steps: StoredValue<Steps>) -> impl IntoView {
    view! {
        <header class="top">
            <a class="wordmark" href="." aria-label=say(word!("header.start"))>
                <svg viewBox="0 0 28 28" aria-hidden="true">
                    <use href=drawing("ui-vitrine") />
                </svg>
                "Vitrine"
            </a>
            <Segments knob=&SURFACE />
            <QueryBox />
            <div class="tools">
                <UndoButtons steps />
                <StudioButton />
                <BackendBadge />
                <LanguageButton />
                <ThemeButton />
                <ShareButton />
            </div>
        </header>
    }
}

/// The way to the next language, called as its speakers call it.
#[component]
fn LanguageButton() -> impl IntoView {
    let store = store();
    let next = language::shown().next();
    let turn = move || store.view.update(|view| view.language = Some(next));
    view! {
        <button
            type="button"
            class="icon language"
            data-testid="language"
            lang=next.tag()
            aria-label=format!("{}, {}", next.sign(), next.name())
            title=next.name()
            on:click=click(turn)
        >
            {next.sign()}
        </button>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let store = store();
    let turn = move || screen::turn(!browser::is_dark());
    let name = move || {
        say(if store.dark.get() { word!("header.light") } else { word!("header.dark") }).to_string()
    };
    view! {
        <button
            type="button"
            class="icon"
            data-testid="theme"
            aria-label=name
            title=name
            on:click=click(turn)
        >
            {live(move || view! { <Mark name=if store.dark.get() { "sun" } else { "moon" } /> }.into_any())}
        </button>
    }
}

#[component]
fn ShareButton() -> impl IntoView {
    let store = store();
    let done = RwSignal::new(false);
    let share = move || {
        let link = store.link.get_untracked();
        browser::set_link(&link, false);
        // Of the state, and not of the page: where the history may not be written they differ.
        let address = browser::address_of(&link);
        leptos::task::spawn_local(async move {
            if browser::copy(&address).await {
                let _ = done.try_set(true);
                let end = move || {
                    let _ = done.try_set(false);
                };
                set_timeout(end, Duration::from_secs(2));
            } else {
                browser::offer_to_copy(&address, say(word!("page.to-copy")));
                store.tell("clipboard-refused", Message::new(word!("notices.clipboard-refused")));
            }
        });
    };
    view! {
        <button type="button" class="solid share" data-testid="share" on:click=click(share)>
            {live(move || view! { <Mark name=if done.get() { "check" } else { "link" } /> }.into_any())}
            <span aria-live="polite" prop:textContent=move || say(if done.get() { word!("header.copied") } else { word!("header.share") })></span>
        </button>
    }
}
