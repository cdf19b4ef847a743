//! The box that a query is typed into, with suggestions below it.

use gloo_timers::callback::Timeout;
use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::language::say;
use crate::parts::{click, follow, is_composing, live, when, written};
use crate::picture::Mark;
use crate::store::store;
use link::MAX_QUERY_CHARS;
use link::cut_query;
use market::language::Message;
use protocol::words;
use systems::shared::{PAGE_NUMBER, Surface};

/// Most suggestions shown.
const SUGGESTIONS: usize = 8;
/// Milliseconds of rest after which what was typed is searched.
const REST: u32 = 140;

/// Queries that begin with what was typed, then those that have a word beginning with it.
fn suggestions(queries: &[String], typed: &str) -> Vec<String> {
    // The queries are in ASCII.
    let typed = typed.trim().to_ascii_lowercase();
    let within = format!(" {typed}");
    let mut found = vec![];
    for begins in [true, false] {
        for query in queries {
            let fits = query.starts_with(&typed) == begins && (begins || query.contains(&within));
            if fits && *query != typed && found.len() < SUGGESTIONS {
                found.push(query.clone());
            }
        }
    }
    found
}

/// What is searched for, as it is typed.
#[component]
pub fn QueryBox() -> impl IntoView {
    let store = store();
    let typed = RwSignal::new(store.state.with_untracked(|s| s.query.clone()));
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let pending = StoredValue::new_local(None::<Timeout>);

    // The state may change from elsewhere: a link, back, a suggestion on the shelf.
    follow(move |_| {
        let query = store.state.with(|s| s.query.clone());
        if cut_query(&typed.get_untracked()).0 != query {
            typed.set(query);
        }
    });
    let search = move || {
        pending.set_value(None);
        let text = typed.get_untracked();
        let (query, cut) = cut_query(&text);
        match cut {
            Some(chars) => store.tell(
                "query-too-long",
                Message::new(word!("notices.query-too-long"))
                    .with("chars", words::count(chars))
                    .with("most", MAX_QUERY_CHARS.to_string()),
            ),
            None => store.withdraw("query-too-long"),
        }
        if store.state.with_untracked(|s| s.query != query) {
            store.state.update(|state| {
                state.query = query.into();
                state.settings.set(&PAGE_NUMBER, 0.0);
            });
        }
    };
    // The box may go, for another language, before what was typed is searched for.
    on_cleanup(move || {
        if let Some(Some(_)) = pending.try_update_value(Option::take) {
            search();
        }
    });
    let type_in = move |event: &web_sys::Event| {
        let Some(text) = written(event) else { return };
        typed.set(text);
        open.set(true);
        active.set(None);
        pending.set_value(Some(Timeout::new(REST, search)));
    };
    let found = Memo::new(move |_| {
        store.shop.with(|shop| match shop {
            Some(shop) => suggestions(&shop.queries, &browser::as_seen(&typed.read())),
            None => vec![],
        })
    });
    let choose = move |query: String| {
        typed.set(query);
        open.set(false);
        active.set(None);
        search();
    };
    let press = move |event: ev::KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let count = found.with(Vec::len);
        let is_open = open.get() && count > 0;
        match event.key().as_str() {
            "ArrowDown" if count > 0 => {
                event.prevent_default();
                open.set(true);
                active.update(|at| *at = Some(at.map_or(0, |at| (at + 1) % count)));
            }
            "ArrowUp" if count > 0 => {
                event.prevent_default();
                open.set(true);
                active.update(|at| *at = Some(at.map_or(count - 1, |at| (at + count - 1) % count)));
            }
            "Enter" => match active.get().and_then(|at| found.with(|f| f.get(at).cloned())) {
                Some(query) if is_open => choose(query),
                _ => {
                    open.set(false);
                    search();
                }
            },
            "Escape" if is_open => {
                open.set(false);
                active.set(None);
            }
            _ => {}
        }
    };
    let shows = move || open.get() && found.with(|found| !found.is_empty());
    let feed = move || store.state.with(|s| s.surface() == Surface::Feed);
    let clear = move || {
        view! {
            <button
                type="button"
                class="icon"
                aria-label=say(word!("header.clear-query"))
                on:click=click(move || choose(String::new()))
            >
                <Mark name="close" />
            </button>
        }
        .into_any()
    };
    let option = move |(at, query): (usize, String)| {
        let chosen = query.clone();
        view! {
            <li
                role="option"
                id=format!("suggestion-{at}")
                aria-selected=move || (active.get() == Some(at)).to_string()
                on:click=click(move || choose(chosen.clone()))
            >
                <span translate="no">{query}</span>
            </li>
        }
    };
    let options =
        live(move || found.get().into_iter().enumerate().map(option).collect_view().into_any());
    view! {
        <div class="query" role="search" class:off=feed>
            <Mark name="search" />
            <input
                type="text"
                role="combobox"
                data-testid="query"
                aria-label=say(word!("header.query"))
                aria-autocomplete="list"
                aria-expanded=move || shows().to_string()
                aria-controls="suggestions"
                aria-activedescendant=move || {
                    active.get().filter(|_| shows()).map(|at| format!("suggestion-{at}"))
                }
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=move || {
                    let key =
                        if feed() { word!("header.feed-needs-no-query") } else { word!("header.query-placeholder") };
                    say(key).to_string()
                }
                disabled=feed
                prop:value=move || if feed() { String::new() } else { typed.get() }
                on:input=move |event| type_in(&event)
                on:compositionend=move |event| type_in(&event)
                on:keydown=press
                on:focus=move |_| open.set(true)
                on:blur=move |_| open.set(false)
            />
            {when(move || !feed() && !typed.read().is_empty(), clear)}
            <ul
                id="suggestions"
                role="listbox"
                aria-label=say(word!("header.suggestions"))
                hidden=move || !shows()
                // The box keeps the focus, or the list would close under the press.
                on:mousedown=move |event| event.prevent_default()
            >
                {options}
            </ul>
        </div>
    }
}
