//! What the papers found, beside what comes out here: a document of the project.

use leptos::html::custom;
use leptos::prelude::*;

use super::parts::when;
use super::store::store;

/// The papers' tables, fetched when they are first looked at.
#[component]
pub fn Papers() -> impl IntoView {
    let store = store();
    let opened = RwSignal::new(false);
    let failed = move |_| {
        store.tell(
            "reader-missing",
            "What shows documents (reader.js) could not be fetched. Load the page again to read them; the rest works without.",
        );
    };
    let tables = move || {
        view! {
            <script type="module" src="reader.js" on:error=failed></script>
            {custom("vitrine-document").attr("src", "docs/tables.md")}
        }
        .into_any()
    };
    view! {
        <details class="panel papers" data-testid="papers" on:toggle=move |_| opened.set(true)>
            <summary>
                <h2>"The papers’ tables, beside ours"</h2>
                <p>
                    "Every comparison that the four papers make, made again on this market: which come out, which do not."
                </p>
            </summary>
            {when(move || opened.get(), tables)}
        </details>
    }
}
