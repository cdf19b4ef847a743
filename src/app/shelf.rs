//! The shelf: product cards in the present order, and the way to the next page.

use leptos::html::Ul;
use leptos::prelude::*;

use super::flip;
use super::picture::{Mark, Picture};
use super::store::store;
use super::supervisor::Readiness;
use super::words;
use crate::market::catalogue::ProductId;
use crate::market::history::EventKind;
use crate::pipeline::blend;
use crate::share::{HistoryEdit, Surface};

/// Queries offered where there is none.
const HINTS: usize = 5;

#[component]
pub fn Shelf() -> impl IntoView {
    let store = store();
    let shelf = NodeRef::<Ul>::new();
    let shown = Memo::new(move |_| store.shown());
    flip::glide(shelf, "data-product-id", shown);
    let there =
        Memo::new(move |_| store.answer.with(Option::is_some) && store.shop.with(Option::is_some));
    let nothing = move || there.get() && shown.with(Vec::is_empty);
    let failed = move || store.status.with(|s| s.readiness == Readiness::Failed);
    let asks = move || {
        there.get()
            && store.state.with(|s| s.surface == Surface::Search && s.query.trim().is_empty())
    };
    view! {
        <section class="shelf-area" aria-label="Shelf">
            <ShelfHeading />
            <Show when=asks>
                <Hint />
            </Show>
            <Show when=move || !there.get() && !failed()>
                <Loading />
            </Show>
            <Show when=move || nothing() && !asks()>
                <p class="hint">"Nothing was retrieved for this request."</p>
            </Show>
            <ul class="shelf" data-testid="shelf" node_ref=shelf>
                <For each=move || if there.get() { shown.get() } else { vec![] } key=|product| *product let:product>
                    <Card product />
                </For>
            </ul>
            <Pager />
        </section>
    }
}

#[component]
fn ShelfHeading() -> impl IntoView {
    let store = store();
    let name = move || {
        store.state.with(|state| {
            store.shop.with(|shop| {
                let shoppers = shop.iter().flat_map(|shop| &shop.shoppers);
                shoppers.into_iter().find(|s| s.key == state.shopper).map(|s| s.name.clone())
            })
        })
    };
    let what = move || {
        store.state.with(|state| match state.surface {
            Surface::Feed => "The feed".to_string(),
            Surface::Search if state.query.trim().is_empty() => "No query yet".into(),
            Surface::Search => format!("“{}”", state.query),
        })
    };
    view! {
        <div class="heading">
            <h1>{what}</h1>
            <p>{move || name().map(|name| format!("for {name}"))}</p>
            <p class="legend" hidden=move || store.order.with(|order| order.is_empty()) title="The bar on each card: what each task puts into its blended score">
                <span class="key">"click"</span>
                <span class="key order">"order"</span>
            </p>
            <Pager />
        </div>
    }
}

#[component]
fn Pager() -> impl IntoView {
    let store = store();
    let total = move || store.order.with(|order| order.len());
    let size = move || store.state.with(|s| s.page.size.max(1)) as usize;
    let from = move || store.page.get() * size();
    let last = move || total().saturating_sub(1) / size();
    let turn = move |to: usize| store.state.update(|state| state.page.number = to as u32);
    view! {
        <nav class="pager" aria-label="Pages" hidden=move || total() == 0>
            <button
                type="button"
                class="icon"
                aria-label="Previous page"
                disabled=move || store.page.get() == 0
                on:click=move |_| turn(store.page.get().saturating_sub(1))
            >
                <Mark name="left" />
            </button>
            <span>
                {move || format!("{}–{} of {}", from() + 1, (from() + size()).min(total()), total())}
            </span>
            <button
                type="button"
                class="icon"
                aria-label="Next page"
                disabled=move || { store.page.get() >= last() }
                on:click=move |_| turn(store.page.get() + 1)
            >
                <Mark name="right" />
            </button>
        </nav>
    }
}

/// An empty query is no error: a word, and a few ways on.
#[component]
fn Hint() -> impl IntoView {
    let store = store();
    let search = move |query: String| {
        store.state.update(|state| {
            state.query = query;
            state.page.number = 0;
        });
    };
    let queries = move || {
        store.shop.with(|shop| {
            let queries = shop.iter().flat_map(|shop| shop.queries.iter().take(HINTS).cloned());
            queries
                .map(|query| {
                    let text = query.clone();
                    view! {
                        <button type="button" class="chip" on:click=move |_| search(query.clone())>
                            {text}
                        </button>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <div class="hint">
            <p>"Without a query only the shopper speaks. Type one above, or take one of these:"</p>
            <div class="row">{queries}</div>
        </div>
    }
}

/// Empty cards, and how many bytes have come.
#[component]
fn Loading() -> impl IntoView {
    let store = store();
    let progress = move || store.status.with(|status| status.progress.clone());
    view! {
        <div class="loading">
            <p>
                {move || match progress() {
                    Some(p) if p.total > 0 => {
                        format!(
                            "Fetching the {}: {} of {}",
                            p.file,
                            words::bytes(p.loaded),
                            words::bytes(p.total),
                        )
                    }
                    Some(p) => format!("Fetching the {}: {}", p.file, words::bytes(p.loaded)),
                    None => "Starting the engine".into(),
                }}
            </p>
            <progress
                data-testid="progress"
                max=move || progress().map(|p| p.total.max(1).to_string())
                value=move || progress().map(|p| p.loaded.to_string())
            ></progress>
            <div class="shelf" aria-hidden="true">
                {(0..8).map(|_| view! { <div class="card ghost"></div> }).collect_view()}
            </div>
        </div>
    }
}

#[component]
fn Card(product: ProductId) -> impl IntoView {
    let store = store();
    let place = Memo::new(move |_| store.places.with(|places| places.get(&product).copied()));
    let rose = Memo::new(move |_| store.moves.with(|moves| moves.get(&product).copied()));
    let chosen = move || store.state.with(|state| state.selected == Some(product));
    let read = move |field: fn(&crate::market::catalogue::Product) -> String| {
        store.shop.with(|shop| {
            let products = &shop.as_ref()?.catalogue.products;
            products.get(product as usize).map(field)
        })
    };
    let title = move || read(|p| p.title.clone()).unwrap_or_default();
    // What click and order put into the score, by the best score there is.
    let shares = Memo::new(move |_| {
        let place = place.get()?;
        let best = store.order.with(|order| Some(order.first()?.score))?;
        store.answer.with(|answer| {
            let candidate = answer.as_ref()?.candidates.get(place.candidate)?;
            Some((store.ranking.with(|knobs| blend::shares(candidate, knobs)), best))
        })
    });
    let share = move |task: usize| match shares.get() {
        Some((shares, best)) if best > 0.0 => format!("{:.2}%", 100.0 * shares[task] / best),
        _ => "0%".into(),
    };
    let score = move || {
        shares.get().map(|([click, order], _)| {
            let [sum, click, order] = [click + order, click, order].map(words::percent);
            format!("Score {sum}: click puts in {click}, order {order}")
        })
    };
    let act = move |kind| store.edit_history(HistoryEdit::Add { kind, product });
    let deed = move |kind: EventKind, label: &'static str| {
        view! {
            <button
                type="button"
                class="icon"
                data-act=label.to_lowercase()
                title=format!("{label}: adds to the history")
                aria-label=move || format!("{label}: {}", title())
                on:click=move |_| act(kind)
            >
                <Mark name=super::shopper::kind_mark(kind) />
            </button>
        }
    };
    let look = move |_| {
        store.state.update(|state| {
            state.selected = if state.selected == Some(product) { None } else { Some(product) };
        });
    };
    view! {
        <li
            class="card"
            class:chosen=chosen
            data-testid="product"
            data-product-id=product
            data-rank=move || place.get().map(|place| place.rank + 1)
            data-score=move || place.get().map(|place| place.score)
        >
            <button
                type="button"
                class="face"
                title="Click: adds to the history"
                data-act="click"
                on:click=move |_| act(EventKind::Click)
            >
                <Picture product />
                <span class="title">{title}</span>
            </button>
            <span class="place">{move || place.get().map(|place| place.rank + 1)}</span>
            {move || {
                let (class, text, title) = match rose.get() {
                    Some(0) => return None,
                    Some(by) if by > 0 => ("move up", format!("↑{by}"), "Places risen"),
                    Some(by) => ("move down", format!("↓{}", -by), "Places fallen"),
                    None => ("move new", "new".into(), "Was not among the candidates before"),
                };
                Some(view! { <span class=class title=title>{text}</span> })
            }}
            <p class="facts">
                <span class="price">{move || read(|p| words::price(p.price_cents))}</span>
                <span class="rating" title=move || read(|p| format!("{} reviews", words::count(p.reviews as usize)))>
                    <Mark name="star" />
                    {move || read(|p| format!("{:.1}", p.rating))}
                </span>
            </p>
            <span class="score" title=score>
                <i style:width=move || share(0)></i>
                <i class="order" style:width=move || share(1)></i>
            </span>
            <div class="deeds">
                {deed(EventKind::Favourite, "Favourite")}
                {deed(EventKind::Cart, "Cart")}
                {deed(EventKind::Order, "Order")}
                <button
                    type="button"
                    class="look"
                    data-testid="look-inside"
                    aria-pressed=move || chosen().to_string()
                    on:click=look
                >
                    <Mark name="look" />
                    <span>"Look inside"</span>
                </button>
            </div>
        </li>
    }
}
