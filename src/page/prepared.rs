//! What is on show before the engine has answered: the page as it opens, which was prepared when the
//! page was built. `www/early.js` sends for it where a link asks for nothing else.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::language::{say, say_arrived};
use super::store::{Store, store};
use super::{browser, wire};
use link::State;
use protocol::prepared::Prepared;
use protocol::supervisor::Readiness;

/// Shows it once it is there, unless the engine was sooner or something else is asked for by then. A
/// file that is missing or cannot be read is as none: the engine's answer comes in any case.
pub fn show(store: Store) {
    let Some(file) = browser::early_file() else { return };
    spawn_local(async move {
        let Ok(file) = JsFuture::from(file).await else { return };
        let Ok(prepared) = wire::read_as::<Prepared>(&file) else { return };
        let wanted = store.state.with_untracked(|state| *state == State::default());
        if !wanted || store.answer.with_untracked(Option::is_some) {
            return;
        }
        let (shop, answer) = prepared.open();
        if store.shop.with_untracked(Option::is_none) {
            store.open(shop);
        }
        store.accept(answer);
        browser::after_paint(move || store.show_insides());
    });
}

/// Says of what is on show that it was prepared, and how far the engine is.
#[component]
pub fn PreparedMark() -> impl IntoView {
    let store = store();
    // Answers of the engine are numbered from 1.
    let shown = move || store.answer.with(|answer| answer.as_ref().is_some_and(|a| a.run == 0));
    let progress = move || store.status.with(|status| status.progress);
    let text = move || {
        if store.status.with(|status| status.readiness == Readiness::Failed) {
            return say(word!("prepared.alone")).to_string();
        }
        match progress() {
            Some(p) if p.loaded < p.total => say_arrived(word!("prepared.fetching"), p),
            _ => say(word!("prepared.starting")).into(),
        }
    };
    view! {
        <p class="prepared" data-testid="prepared" hidden=move || !shown() prop:textContent=text></p>
    }
}
