//! What the person should know, one line each.

use leptos::prelude::*;

use super::picture::Mark;
use super::store::store;
use super::supervisor::Readiness;

/// The notices that stand.
#[component]
pub fn Notices() -> impl IntoView {
    let store = store();
    let failed = move || store.status.with(|s| s.readiness == Readiness::Failed);
    view! {
        <div class="notices" role="status" aria-live="polite">
            <For
                each=move || store.notices.get()
                key=|shown| (shown.notice.key.clone(), shown.notice.text.clone())
                let:shown
            >
                {
                    let key = shown.notice.key.clone();
                    let close = key.clone();
                    view! {
                        <div class="notice" data-testid="notice" data-key=key>
                            <Mark name="info" />
                            <p>{shown.notice.text.clone()}</p>
                            <button
                                type="button"
                                class="icon"
                                aria-label="Dismiss"
                                on:click=move |_| store.dismiss(&close)
                            >
                                <Mark name="close" />
                            </button>
                        </div>
                    }
                }
            </For>
            <Show when=failed>
                <div class="notice strong">
                    <p>"No engine is running."</p>
                    <button
                        type="button"
                        class="solid"
                        data-testid="retry"
                        on:click=move |_| {
                            store.withdraw("engine-failed");
                            store.retries.update(|n| *n += 1);
                        }
                    >
                        "Try again"
                    </button>
                </div>
            </Show>
        </div>
    }
}
