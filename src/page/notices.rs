//! What the person should know, one line each.

use leptos::prelude::*;

use super::language::{self, say, worded};
use super::parts::{click, follow, when};
use super::picture::Mark;
use super::rows::keyed;
use super::store::store;
use protocol::Notice;
use protocol::supervisor::Readiness;

/// The notices that stand.
#[component]
pub fn Notices() -> impl IntoView {
    let store = store();
    // What they say comes behind the first ranking, of which there may be none.
    follow(move |_| {
        if store.notices.with(|all| !all.is_empty()) {
            language::ask_for_all();
        }
    });
    let failed = move || store.status.with(|s| s.readiness == Readiness::Failed);
    let numbers = move || store.notices.with(|all| all.iter().map(|shown| shown.number).collect());
    let notice = move |number: u64| {
        let shown = store.notices.with_untracked(|all| {
            all.iter().find(|shown| shown.number == number).map(|shown| shown.notice.clone())
        });
        let Some(Notice { key, says }) = shown else { return ().into_any() };
        let close = key.clone();
        view! {
            <div class="notice" data-testid="notice" data-key=key>
                <Mark name="info" />
                <p prop:textContent=move || worded(&says)></p>
                <button
                    type="button"
                    class="icon"
                    aria-label=say(word!("notices-panel.dismiss"))
                    on:click=click(move || store.dismiss(&close))
                >
                    <Mark name="close" />
                </button>
            </div>
        }
        .into_any()
    };
    let again = move || {
        store.withdraw("engine-failed");
        store.retries.update(|n| *n += 1);
    };
    let retry = move || {
        view! {
            <div class="notice strong">
                <p>{say(word!("notices-panel.no-engine"))}</p>
                <button type="button" class="solid" data-testid="retry" on:click=click(again)>
                    {say(word!("try-again"))}
                </button>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="notices" role="status" aria-live="polite">
            {keyed(numbers, notice)}
            {when(failed, retry)}
        </div>
    }
}
