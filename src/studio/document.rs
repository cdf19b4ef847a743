//! A document of the project, read in the page: Markdown with tables.

use leptos::prelude::*;

use super::browser;
use super::markdown::{Part, parts};
use crate::app::parts::{click, live};

/// Fetches a document and shows it, with a way to each of its parts.
#[component]
pub fn Document(address: &'static str) -> impl IntoView {
    let read = RwSignal::new(None::<Result<Vec<Part>, String>>);
    let fetch = move || {
        read.set(None);
        leptos::task::spawn_local(async move {
            let text = browser::fetch_text(address).await;
            // The panel may have been closed meanwhile.
            let _ = read.try_set(Some(text.map(|text| parts(&text))));
        });
    };
    fetch();
    let failed = move |why: String| {
        view! {
            <p data-testid="notice" role="alert">
                {format!("{address} could not be fetched: {why}. The rest works without it.")}
            </p>
            <button type="button" class="outlined" on:click=click(fetch)>"Try again"</button>
        }
        .into_any()
    };
    let shown = |parts: Vec<Part>| {
        let ways = parts.iter().enumerate().filter(|(_, part)| !part.name.is_empty());
        let ways = ways
            .map(|(number, part)| {
                view! {
                    <button
                        type="button"
                        class="chip"
                        on:click=click(move || browser::focus(&format!("part-{number}")))
                    >
                        {part.name.clone()}
                    </button>
                }
            })
            .collect_view();
        let mut sections = parts.into_iter().enumerate().map(|(number, part)| {
            view! { <section id=format!("part-{number}") tabindex="-1" inner_html=part.html></section> }
        });
        let first = sections.next();
        view! {
            <article class="document" data-testid="document">
                {first}
                <nav aria-label="Parts">{ways}</nav>
                {sections.collect_view()}
            </article>
        }
        .into_any()
    };
    live(move || match read.get() {
        None => view! { <p class="empty" role="status">"Fetching…"</p> }.into_any(),
        Some(Err(why)) => failed(why),
        Some(Ok(parts)) => shown(parts),
    })
}
