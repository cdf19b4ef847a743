//! What the person should know, one line each.

use leptos::prelude::*;

use super::parts::{click, keyed, when};
use super::picture::Mark;
use super::store::store;
use super::supervisor::Readiness;
use crate::protocol::Notice;

/// The notices that stand.
#[component]
pub fn Notices() -> impl IntoView {
    let store = store();
    let failed = move || store.status.with(|s| s.readiness == Readiness::Failed);
    let numbers = move || store.notices.with(|all| all.iter().map(|shown| shown.number).collect());
    let notice = move |number: u64| {
        let shown = store.notices.with_untracked(|all| {
            all.iter().find(|shown| shown.number == number).map(|shown| shown.notice.clone())
        });
        let Some(Notice { key, text }) = shown else { return ().into_any() };
        let close = key.clone();
        view! {
            <div class="notice" data-testid="notice" data-key=key>
                <Mark name="info" />
                <p>{text}</p>
                <button
                    type="button"
                    class="icon"
                    aria-label="Dismiss"
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
                <p>"No engine is running."</p>
                <button type="button" class="solid" data-testid="retry" on:click=click(again)>
                    "Try again"
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
