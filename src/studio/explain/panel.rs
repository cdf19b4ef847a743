//! The panel: a product is chosen, asked about, and shown.

use std::sync::Arc;

use leptos::prelude::*;

use super::changes::{changes, lost};
use super::find::find;
use super::found::Found;
use super::texts;
use super::tries::{Tries, WhatWouldChangeIt};
use super::way::{attention, features, gates, split, way};
use crate::again::ask_again;
use crate::engine::{Engine, Lost, Standing};
use crate::panels::Panel;
use crate::rest::at_rest;
use lessons::sources::linked;
use link::State;
use market::catalogue::ProductId;
use page::browser;
use page::insides::product::{Apart, Chosen};
use page::language::{say, text};
use page::parts::{click, is_composing, live, written};
use page::picture::Picture;
use page::spoken::spoken;
use page::store::{Place, Store, store};
use protocol::block::Blocks;
use protocol::words;
use systems::shared::ShopSize;

/// Products that a search shows.
const FOUND: usize = 8;

/// One product: why it stands where it stands, and what would change it.
pub const PANEL: Panel = Panel::new(
    "explain",
    word!("studio.panels.explain"),
    word!("studio.panels.explain.about"),
    || view! { <Explain /> }.into_any(),
);

#[component]
fn Explain() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let tries = Tries::new(engine.clone());
    let found = RwSignal::new(None::<Result<Arc<Found>, Lost>>);
    let asking = RwSignal::new(false);
    let retry = RwSignal::new(0_u32);
    let standing = engine.standing;
    let product = Memo::new(move |_| store.state.with(|state| state.selected));
    let begun = tries.clone();
    at_rest(move |turn| {
        retry.track();
        let state = store.state.get();
        begun.begin(None);
        let Some(product) = state.selected else {
            found.set(None);
            asking.set(false);
            let engine = engine.clone();
            // The engine brings the catalogue, which a product is looked for in. Where it is lost,
            // whoever asks next is told.
            leptos::task::spawn_local(async move { drop(engine.answer(&state).await) });
            return None;
        };
        asking.set(true);
        let (engine, tries) = (engine.clone(), begun.clone());
        Some(Box::pin(async move {
            let wanted = || turn.is_latest();
            let answered = Found::ask(&engine, state, product, wanted).await.map(Arc::new);
            if !turn.is_latest() {
                return;
            }
            asking.set(false);
            if let Ok(found) = &answered {
                // What the page's own views of a product read.
                store.answer.set(Some(found.answer.clone()));
                tries.begin(Some((found.clone(), planned(found))));
            }
            found.set(Some(answered));
        }))
    });
    let said = move || match (product.get(), asking.get(), standing.get()) {
        (Some(_), true, Standing::Loading(_)) => say(texts::STARTING).to_string(),
        (Some(_), true, _) => say(texts::ASKING).into(),
        (Some(product), false, _) => found.with(|found| match found {
            Some(Ok(found)) if found.trace.product == product => {
                texts::stands(&found.trace, lost(&found.trace))
            }
            _ => String::new(),
        }),
        (None, ..) => String::new(),
    };
    let shown = move || match (product.get(), found.get()) {
        (None, _) => none_chosen(store),
        (Some(product), Some(Ok(found))) if found.trace.product == product => taken_apart(&found),
        (Some(_), Some(Err(why))) if !asking.get() => ask_again("explain", why, retry),
        _ => ().into_any(),
    };
    let tried = move || {
        let known = found.with(|found| matches!(found, Some(Ok(_)))) && product.get().is_some();
        if known {
            view! { <WhatWouldChangeIt tries=tries.clone() /> }.into_any()
        } else {
            ().into_any()
        }
    };
    view! {
        <div class="explain" data-testid="explain" class:stale=move || asking.get()>
            <div class="actions">
                <PickProduct />
                <p class="note" data-testid="explain-status" prop:textContent=said></p>
                {spoken(move || (!asking.get()).then(said))}
            </div>
            {live(shown)}
            {live(tried)}
        </div>
    }
}

/// The changes that are tried for a product.
fn planned(found: &Found) -> Vec<super::changes::Change> {
    let detail = found.parts.detail.as_ref();
    let attention: Vec<(u32, f32)> =
        detail.iter().flat_map(|d| d.blocks.sequences()).flat_map(|s| s.weights.clone()).collect();
    let (features, history) = (found.parts.features.len(), &found.answer.history);
    changes(&found.state, features, history, &attention)
}

fn none_chosen(store: Store) -> AnyView {
    let engine: Engine = expect_context();
    let first = move || {
        let (engine, state) = (engine.clone(), store.state.get_untracked());
        leptos::task::spawn_local(async move {
            let state = State { selected: None, ..state };
            // Where the engine is lost, whoever asks next is told.
            let Ok(answer) = engine.answer(&state).await else { return };
            let order =
                protocol::blend::order(&answer.candidates, answer.predicted(), &state.settings);
            let first = order.first().map(|first| answer.candidates[first.candidate].product);
            let _ = store.state.try_update(|state| state.selected = first);
        });
    };
    view! {
        <p class="empty" prop:textContent=text(texts::NONE_CHOSEN)></p>
        <button type="button" class="outlined" data-testid="explain-first" on:click=click(first) prop:textContent=text(texts::FIRST)></button>
    }
    .into_any()
}

/// A search box over the catalogue, and what is chosen.
#[component]
fn PickProduct() -> impl IntoView {
    let store = store();
    let typed = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        typed.with(|typed| {
            store.shop.with(|shop| {
                let shop = shop.as_ref()?;
                Some(find(shop, &browser::as_seen(typed), FOUND))
                    .filter(|_| !typed.trim().is_empty())
            })
        })
    });
    let hear = move |event: &web_sys::Event| {
        if let Some(text) = written(event) {
            typed.set(text);
        }
    };
    let choose = move |product: ProductId| {
        typed.set(String::new());
        store.state.update(|state| state.selected = Some(product));
    };
    let told = move || {
        let count = found.with(|found| found.as_ref().map(|(shown, all)| (shown.len(), *all)));
        Some(count.map_or_else(String::new, |(shown, all)| texts::found(shown, all)))
    };
    let list = move || {
        let Some((products, _)) = found.get() else { return ().into_any() };
        let rows = products.into_iter().map(|product| {
            view! {
                <li>
                    <button type="button" data-product-id=product on:click=click(move || choose(product))>
                        {named(store, product)}
                    </button>
                </li>
            }
        });
        view! { <ul data-testid="picked">{rows.collect_view()}</ul> }.into_any()
    };
    let chosen = move || match store.state.with(|state| state.selected) {
        None => ().into_any(),
        Some(product) => {
            view! { <div class="chosen" data-product-id=product>{named(store, product)}</div> }
                .into_any()
        }
    };
    view! {
        <div class="pick">
            {live(chosen)}
            <label>
                <span prop:textContent=text(texts::FIND)></span>
                <input
                    type="search"
                    data-testid="pick"
                    autocomplete="off"
                    placeholder=text(texts::FIND_HINT)
                    prop:value=move || typed.get()
                    on:input=move |event| hear(&event)
                    on:compositionend=move |event| hear(&event)
                    on:keydown=move |event| {
                        if is_composing(&event) {
                            return;
                        }
                        let first = found.with_untracked(|f| f.as_ref().and_then(|(all, _)| all.first().copied()));
                        match (event.key().as_str(), first) {
                            ("Enter", Some(first)) => choose(first),
                            ("Escape", _) if !typed.with_untracked(String::is_empty) => {
                                event.prevent_default();
                                typed.set(String::new());
                            }
                            _ => {}
                        }
                    }
                />
            </label>
            {spoken(told)}
            {live(list)}
        </div>
    }
}

/// A product's picture, title, price and number.
fn named(store: Store, product: ProductId) -> AnyView {
    let text = store.shop.with(|shop| {
        let row = shop.as_ref()?.product(product)?;
        Some((row.title.clone(), words::price(row.price_cents)))
    });
    // What the shop has the engine names once it is asked.
    let sold = store.state.with(|state| ShopSize::of(&state.settings).products());
    let (title, price) = text.unwrap_or_else(|| match sold.is_some_and(|sold| product < sold) {
        true => (texts::unnamed(product), String::new()),
        false => (say(texts::UNKNOWN).into(), String::new()),
    });
    view! {
        <Picture product />
        <span class="title" translate="no">{title}<small>{price} " · " {product}</small></span>
    }
    .into_any()
}

/// The moment that the shopper of a state is in.
fn now(state: &State) -> Option<i32> {
    store().shop.with_untracked(|shop| {
        let shoppers = &shop.as_ref()?.shoppers;
        shoppers.iter().find(|shopper| shopper.key == state.shopper).map(|shopper| shopper.now)
    })
}

fn taken_apart(found: &Arc<Found>) -> AnyView {
    let (trace, parts, answer) = (&found.trace, &found.parts, &found.answer);
    let tasks = answer.ranker.tasks;
    let place = answer.candidates.iter().position(|c| c.product == trace.product);
    let retrieved = trace.passages.iter().find(|passage| passage.stage == "retrieve");
    let retrieved = retrieved.and_then(|passage| passage.place).unwrap_or(0) as usize;
    let chosen = Chosen {
        candidate: parts.candidate.clone(),
        place: Place {
            product: trace.product,
            rank: trace.rank as usize,
            score: trace.score,
            candidate: place.unwrap_or(retrieved),
        },
        ranker: answer.ranker,
        base_rates: answer.base_rates.clone(),
        settings: found.state.settings.clone(),
        detail: parts.detail.clone(),
    };
    let task = RwSignal::new(0_usize);
    let option = |(number, of): (usize, &systems::Task)| {
        let name = word!("tasks.{}", of.name());
        view! {
            <label>
                <input
                    type="radio"
                    name="explain-task"
                    prop:checked=move || task.get() == number
                    on:change=move |_| task.set(number)
                />
                <span prop:textContent=move || say(&name)></span>
            </label>
        }
    };
    let of_features = found.clone();
    // Without a ranker there is no feature to take apart, and nothing that a product would have got
    // there.
    let ranks = !answer.ranker.tasks.is_empty();
    let of_ranker = if ranks {
        view! {
            <p class="note" inner_html=move || linked(say(texts::FEATURES_ABOUT))></p>
            <fieldset class="segments">
                <legend prop:textContent=text(texts::TASK)></legend>
                {tasks.iter().enumerate().map(option).collect_view()}
            </fieldset>
            {live(move || features(&of_features.parts, task.get()))}
        }
        .into_any()
    } else {
        view! { <p class="empty" prop:textContent=text(texts::NO_FEATURES)></p> }.into_any()
    };
    view! {
        <section class="across" aria-labelledby="explain-way">
            <h3 id="explain-way" prop:textContent=text(texts::WAY)></h3>
            <p class="note" prop:textContent=text(texts::WAY_ABOUT)></p>
            {way(trace, &found.state)}
        </section>
        <div class="columns-of-three">
            <section aria-labelledby="explain-score">
                <h3 id="explain-score" prop:textContent=text(texts::SCORE)></h3>
                {(ranks && lost(trace).is_some()).then(|| view! { <p class="note" prop:textContent=text(texts::NOT_RANKED)></p> })}
                <Apart chosen />
                {gates(parts)}
            </section>
            <section aria-labelledby="explain-split">
                <h3 id="explain-split" prop:textContent=text(texts::RETRIEVAL)></h3>
                {split(parts, answer.retriever)}
                {attention(answer, now(&found.state))}
            </section>
            <section aria-labelledby="explain-features">
                <h3 id="explain-features" prop:textContent=text(texts::FEATURES)></h3>
                {of_ranker}
            </section>
        </div>
    }
    .into_any()
}
