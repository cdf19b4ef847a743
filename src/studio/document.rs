//! A document of the project, read in the page: Markdown with tables.

use leptos::prelude::*;

use super::browser;
use super::markdown::{Part, parts};
use crate::app::language::{self, say_with, text, worded};
use crate::app::parts::{click, live};
use crate::language::{Language, Message};

/// Fetches a document and shows it, with a way to each of its parts.
#[component]
pub fn Document(address: &'static str) -> impl IntoView {
    let read = RwSignal::new(None::<Result<Vec<Part>, Message>>);
    let fetch = move || {
        read.set(None);
        leptos::task::spawn_local(async move {
            let text = browser::fetch_text(address).await;
            // The panel may have been closed meanwhile.
            let _ = read.try_set(Some(text.map(|text| parts(&text))));
        });
    };
    fetch();
    let failed = move |why: Message| {
        view! {
            <p data-testid="notice" role="alert">
                {move || {
                    say_with("studio.document.missing", &[("name", address), ("why", &worded(&why))])
                }}
            </p>
            <button type="button" class="outlined" on:click=click(fetch)>{text("try-again")}</button>
        }
        .into_any()
    };
    // The document has one language.
    let own = move || language::shown() == Language::English;
    let shown = move |parts: Vec<Part>| {
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
            <p class="note" hidden=own>{text("studio.document.english")}</p>
            <article class="document" lang="en" data-testid="document">
                {first}
                <nav aria-label=text("studio.document.parts")>{ways}</nav>
                {sections.collect_view()}
            </article>
        }
        .into_any()
    };
    live(move || match read.get() {
        None => view! { <p class="empty" role="status">{text("studio.fetching")}</p> }.into_any(),
        Some(Err(why)) => failed(why),
        Some(Ok(parts)) => shown(parts),
    })
}
