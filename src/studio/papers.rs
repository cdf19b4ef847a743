//! The papers' tables: a document of the project, read in the page. It is Markdown, a file in each language. Above
//! it the words of the field that it is written in.

use leptos::prelude::*;

use super::browser;
use super::glossary::{ALL, glossary};
use super::panels::Panel;
use lessons::markdown::{Part, parts};
use market::language::{Language, Message};
use page::language::{self, say_with, text, worded};
use page::latest::Latest;
use page::parts::{click, follow, live};

/// The papers' tables.
pub const PANEL: Panel = Panel::new(
    "papers",
    word!("studio.panels.papers"),
    word!("studio.panels.papers.about"),
    || view! { <Papers /> }.into_any(),
);

/// Address of the document, without its ending.
const NAME: &str = "assets/tables";

/// Fetches the document in the language that is shown and shows it, with a way to each of its parts.
#[component]
fn Papers() -> impl IntoView {
    let read = RwSignal::new(None::<Result<Vec<Part>, Message>>);
    let address = move || match language::shown() {
        Language::English => format!("{NAME}.md"),
        other => format!("{NAME}.{}.md", other.key()),
    };
    let address = Memo::new(move |_| address());
    let latest = Latest::new();
    let fetch = move || {
        let (wanted, turn) = (address.get_untracked(), latest.begin());
        read.set(None);
        leptos::task::spawn_local(async move {
            let text = browser::fetch_text(&wanted).await;
            if turn.is_latest() {
                read.set(Some(text.map(|text| parts(&text))));
            }
        });
    };
    follow(move |_| {
        address.track();
        fetch();
    });
    let failed = move |why: Message| {
        view! {
            <p
                data-testid="notice"
                role="alert"
                prop:textContent=move || {
                    let (name, why) = (address.get(), worded(&why));
                    say_with(word!("studio.document.missing"), &[("name", &name), ("why", &why)])
                }
            ></p>
            <button type="button" class="outlined" on:click=click(fetch) prop:textContent=text(word!("try-again"))></button>
        }
        .into_any()
    };
    let shown = move |parts: Vec<Part>| {
        let ways = parts.iter().enumerate().filter(|(_, part)| !part.name.is_empty());
        let ways = ways
            .map(|(number, part)| {
                view! {
                    <button
                        type="button"
                        class="chip"
                        on:click=click(move || browser::focus(&format!("part-{number}")))
                        prop:textContent=part.name.clone()
                    ></button>
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
                <nav aria-label=text(word!("studio.document.parts"))>{ways}</nav>
                {sections.collect_view()}
            </article>
        }
        .into_any()
    };
    let document = live(move || {
        match read.get() {
        None => {
            view! { <p class="empty" role="status" prop:textContent=text(word!("studio.fetching"))></p> }.into_any()
        }
        Some(Err(why)) => failed(why),
        Some(Ok(parts)) => shown(parts),
    }
    });
    view! {
        {glossary(ALL)}
        {document}
    }
}
