//! Whose place is taken: the shopper, and the history that the models read, with their attention
//! on it.

use std::collections::HashMap;

use leptos::prelude::*;

use super::picture::{Mark, Picture};
use super::store::store;
use super::words;
use crate::market::history::EventKind;
use crate::protocol::{HistoryEntry, Shopper};
use crate::share::HistoryEdit;

/// The shopper and the history.
#[component]
pub fn ShopperBand() -> impl IntoView {
    view! {
        <section class="band" aria-label="Shopper">
            <Who />
            <History />
        </section>
    }
}

#[component]
fn Who() -> impl IntoView {
    let store = store();
    let shopper = Memo::new(move |_| {
        store.state.with(|state| {
            store.shop.with(|shop| {
                shop.as_ref()?.shoppers.iter().find(|s| s.key == state.shopper).cloned()
            })
        })
    });
    let options = move || {
        store.shop.with(|shop| {
            let shoppers = shop.iter().flat_map(|shop| &shop.shoppers);
            let option =
                |s: &Shopper| view! { <option value=s.key.clone()>{s.name.clone()}</option> };
            shoppers.map(option).collect_view()
        })
    };
    let pick = move |event| {
        let key = event_target_value(&event);
        store.state.update(|state| {
            state.shopper = key;
            // The edits name entries of the other shopper's history.
            state.history.clear();
            state.page.number = 0;
        });
    };
    // The options arrive after the state: the chosen one is set again once they are there.
    let chosen = move || {
        store.shop.track();
        store.state.with(|state| state.shopper.clone())
    };
    let initial = move || shopper.get().and_then(|s| s.name.chars().next());
    view! {
        <div class="who">
            <span class="avatar" aria-hidden="true">{initial}</span>
            <div>
                <label class="hidden" for="shopper">"Shopper"</label>
                <select id="shopper" data-testid="shopper" prop:value=chosen on:change=pick>
                    {options}
                </select>
                <p class="about">{move || shopper.get().map(|s| s.about)}</p>
                <ul class="chips">
                    {move || {
                        shopper
                            .get()
                            .map(|s| {
                                let chip = |word| view! { <li>{word}</li> };
                                words::profile(&s.profile).into_iter().map(chip).collect_view()
                            })
                    }}
                </ul>
            </div>
        </div>
    }
}

/// Attention on one entry, each relative to the strongest of its model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Attention {
    retriever: f32,
    ranker: f32,
}

#[component]
fn History() -> impl IntoView {
    let store = store();
    let entries = Memo::new(move |_| {
        store.answer.with(|answer| {
            let mut entries = answer.as_ref().map(|a| a.history.clone()).unwrap_or_default();
            entries.reverse();
            entries
        })
    });
    let attention = Memo::new(move |_| {
        store.answer.with(|answer| {
            let mut all = HashMap::<u32, Attention>::new();
            let Some(answer) = answer else { return all };
            for entry in &answer.history {
                all.entry(entry.entry).or_default().retriever = entry.attention;
            }
            for sequence in answer.detail.iter().flat_map(|detail| &detail.attention) {
                for (entry, weight) in &sequence.weights {
                    all.entry(*entry).or_default().ranker = *weight;
                }
            }
            all
        })
    });
    let now = Memo::new(move |_| {
        store.state.with(|state| {
            store.shop.with(|shop| {
                let shoppers = &shop.as_ref()?.shoppers;
                shoppers.iter().find(|s| s.key == state.shopper).map(|s| s.now)
            })
        })
    });
    let edited = move || store.state.with(|state| !state.history.is_empty());
    let inside = move || store.answer.with(|a| a.as_ref().is_some_and(|a| a.detail.is_some()));
    view! {
        <div class="history" data-testid="history">
            <div class="heading">
                <h2>"History"</h2>
                <p>
                    {move || entries.with(|e| (!e.is_empty()).then(|| format!("{} behaviours, newest first", e.len())))}
                </p>
                <p class="legend">
                    <span class="key retriever">"MOPPR’s attention"</span>
                    <Show when=inside>
                        <span class="key ranker">"DMT’s, for the chosen product"</span>
                    </Show>
                </p>
                <Show when=edited>
                    <button
                        type="button"
                        class="quiet"
                        data-testid="history-reset"
                        on:click=move |_| store.state.update(|state| state.history.clear())
                    >
                        <Mark name="reset" />
                        "Reset"
                    </button>
                </Show>
            </div>
            <ol class="strip">
                <Show when=move || store.answer.with(Option::is_none)>
                    {(0..24).map(|_| view! { <li class="entry ghost" aria-hidden="true"></li> }).collect_view()}
                </Show>
                <For each=move || entries.get() key=|entry| (entry.entry, entry.event.product) let:entry>
                    <Entry
                        entry
                        now
                        kept=Memo::new(move |_| {
                            entries.with(|all| all.iter().any(|e| e.entry == entry.entry && e.kept))
                        })
                        attention=Memo::new(move |_| {
                            attention.with(|all| all.get(&entry.entry).copied().unwrap_or_default())
                        })
                    />
                </For>
            </ol>
        </div>
    }
}

/// The mark of a kind of behaviour.
pub fn kind_mark(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Click => "click",
        EventKind::Favourite => "heart",
        EventKind::Cart => "cart",
        EventKind::Order => "bag",
    }
}

#[component]
fn Entry(
    entry: HistoryEntry,
    now: Memo<Option<i32>>,
    kept: Memo<bool>,
    attention: Memo<Attention>,
) -> impl IntoView {
    let store = store();
    let HistoryEntry { entry: number, event, .. } = entry;
    let title = move || {
        store.shop.with(|shop| {
            let products = &shop.as_ref()?.catalogue.products;
            Some(products.get(event.product as usize)?.title.clone())
        })
    };
    let when = move || now.get().map(|now| words::ago(now, event.time)).unwrap_or_default();
    let sentence = move || {
        let Attention { retriever, ranker } = attention.get();
        let mut sentence =
            format!("{} {}, {}", words::deed(event.kind), title().unwrap_or_default(), when());
        if kept.get() {
            sentence += &format!(" · MOPPR’s attention {}", words::percent(retriever));
        } else {
            sentence += " · left out by category filtering";
        }
        if ranker > 0.0 {
            sentence += &format!(" · DMT’s attention {}", words::percent(ranker));
        }
        sentence
    };
    let bar = |share: f32| format!("{:.1}%", (100.0 * share.clamp(0.0, 1.0).sqrt()));
    view! {
        <li class="entry" class:left-out=move || !kept.get() title=sentence data-entry=number>
            <Picture product=event.product />
            <span class="kind"><Mark name=kind_mark(event.kind) /></span>
            <span class="hidden">{sentence}</span>
            <span class="when" aria-hidden="true">{when}</span>
            <span class="bar retriever" style=("--share", move || bar(attention.get().retriever))></span>
            <span class="bar ranker" style=("--share", move || bar(attention.get().ranker))></span>
            <button
                type="button"
                class="remove"
                aria-label=move || format!("Remove: {}", title().unwrap_or_default())
                on:click=move |_| store.edit_history(HistoryEdit::Remove { entry: number })
            >
                <Mark name="close" />
            </button>
        </li>
    }
}
