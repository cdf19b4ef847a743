//! Pinned states side by side: their pages, joined product by product, and how far they agree.

use std::sync::Arc;

use leptos::prelude::*;

use super::engine::{Engine, Standing};
use super::learn::mine::lacks;
use super::panels::Panel;
use super::rest::at_rest;
use lessons::order::{Expected, Order};
use lessons::sources::linked;
use link::State;
use link::differences::differences;
use link::view::MAX_PINS;
use market::catalogue::ProductId;
use market::language::Message;
use page::language::{say, say_with, text, worded};
use page::parts::{click, live};
use page::picture::{Mark, Picture};
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::words;

/// Products of each state that are shown.
const SHOWN: usize = 20;
/// Height of a row and width of the gap between two columns, in pixels: the style sheet has them
/// too.
const ROW: f64 = 46.0;
const GAP: f64 = 56.0;

/// A state that is shown, and what came of it.
#[derive(Clone)]
struct Column {
    name: &'static str,
    state: State,
    order: Option<Result<Arc<Order>, Message>>,
    /// It asks for learned weights, and there are none: what ships took their place.
    lacks: bool,
}

/// The present state first, then the pins.
pub fn states(store: Store) -> Vec<(&'static str, State)> {
    let now = std::iter::once(("Now", store.state.get()));
    let pins = store.view.with(|view| view.pins.clone());
    // What could not be used was said when the link was opened.
    let pins = pins.iter().map(|link| State::from_link(link).0);
    now.chain(["A", "B", "C", "D"].into_iter().zip(pins)).collect()
}

/// What a state is called: the present one, or a pin by its letter.
pub fn state_name(name: &'static str) -> &'static str {
    if name == "Now" { say(word!("studio.now")) } else { name }
}

/// Pinned states side by side.
pub const PANEL: Panel = Panel::new(
    "compare",
    word!("studio.panels.compare"),
    word!("studio.panels.compare.about"),
    || view! { <Compare /> }.into_any(),
);

#[component]
fn Compare() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let columns = RwSignal::new(Vec::<Column>::new());
    let retry = RwSignal::new(0_u32);
    let standing = engine.standing;
    at_rest(move |turn| {
        retry.track();
        // From the past on the left to the present on the right.
        let mut states = states(store);
        states.rotate_left(1);
        // What is known of a state stays until it is known anew.
        columns.update(|columns| {
            let known = std::mem::take(columns);
            *columns = states
                .into_iter()
                .map(|(name, state)| {
                    let same = known.iter().find(|known| known.state == state);
                    let lacks = same.is_some_and(|same| same.lacks);
                    let order = match same {
                        Some(same) => same.order.clone(),
                        // Until the answer is there, the old one stands where it stood.
                        None => {
                            let last = known.iter().find(|k| name == "Now" && k.name == name);
                            last.and_then(|known| known.order.clone())
                        }
                    };
                    Column { name, state, order, lacks }
                })
                .collect();
        });
        let engine = engine.clone();
        Some(Box::pin(async move {
            // The panel may have been closed meanwhile, here and below.
            let wanted = columns.try_with_untracked(|all| {
                // The present is waited for most.
                all.iter().rev().map(|column| column.state.clone()).collect::<Vec<State>>()
            });
            for state in wanted.unwrap_or_default() {
                if !turn.is_latest() {
                    return;
                }
                let asked_of = State { selected: None, ..state.clone() };
                let answer = engine.answer(&asked_of).await;
                let lacks = answer.as_ref().is_ok_and(|answer| lacks(&state, answer));
                let order = answer.map(|answer| {
                    let shop = store.shop.get_untracked();
                    let catalogue = shop.as_ref().map(|shop| &shop.catalogue);
                    Arc::new(Order::new(&answer, &state, catalogue))
                });
                let _ = columns.try_update(|columns| {
                    for column in columns.iter_mut().filter(|c| c.state == state) {
                        column.order = Some(order.clone());
                        column.lacks = lacks;
                    }
                });
            }
        }))
    });
    let full = move || store.view.with(|view| view.pins.len() >= MAX_PINS);
    let pin = move || {
        let link = store.state.with_untracked(State::to_link);
        store.view.update(|view| view.pins.push(link));
    };
    let hot = RwSignal::new(None::<ProductId>);
    let pinned = move || {
        let most = MAX_PINS.to_string();
        match store.view.with(|view| view.pins.len()) {
            0 => say(word!("studio.compare.none")).to_string(),
            MAX_PINS => say_with(word!("studio.compare.full"), &[("most", &most)]),
            pins => {
                let values = [("count", &*pins.to_string()), ("most", &*most)];
                say_with(word!("studio.compare.pinned"), &values)
            }
        }
    };
    // How far it is goes on changing.
    let starts = move || match standing.get() {
        Standing::Loading(_) => say(word!("studio.engine.starting")).to_string(),
        Standing::Resting | Standing::Ready => String::new(),
    };
    let waiting = move || {
        let text = match standing.get() {
            Standing::Ready => return None,
            Standing::Resting => say(word!("studio.engine.resting")).into(),
            Standing::Loading(None) => say(word!("studio.engine.starting")).into(),
            Standing::Loading(Some(progress)) => {
                let share = words::percent(progress.share());
                say_with(word!("studio.engine.starting-at"), &[("share", &share)])
            }
        };
        Some(text)
    };
    view! {
        <div class="compare" data-testid="compare">
            <div class="actions">
                <button
                    type="button"
                    class="solid"
                    data-testid="pin"
                    disabled=full
                    on:click=click(pin)
                >
                    <Mark name="pin" />
                    <span prop:textContent=text(word!("studio.compare.pin"))></span>
                </button>
                <p prop:textContent=pinned></p>
                <p class="note" prop:textContent=move || waiting().unwrap_or_default()></p>
                {spoken(move || Some(starts()))}
            </div>
            {live(move || columns.with(|columns| table(store, columns, hot, retry)))}
        </div>
    }
}

/// All columns, with the lines between them.
fn table(
    store: Store,
    columns: &[Column],
    hot: RwSignal<Option<ProductId>>,
    retry: RwSignal<u32>,
) -> AnyView {
    let order_of = |column: &Column| column.order.clone().and_then(Result::ok);
    let reference = columns.iter().find(|column| column.name == "Now").and_then(order_of);
    let cells = columns.iter().enumerate().map(|(at, column)| {
        let place = 2 * at + 1;
        let before = at.checked_sub(1).and_then(|at| columns.get(at));
        let list = match &column.order {
            None => view! { <p class="empty">"…"</p> }.into_any(),
            Some(Err(why)) => view! {
                <div>
                    <p data-testid="notice" role="alert" prop:textContent=worded(why)></p>
                    <button type="button" class="outlined" on:click=click(move || retry.update(|n| *n += 1)) prop:textContent=say(word!("try-again"))></button>
                </div>
            }
            .into_any(),
            Some(Ok(order)) => rows(order, before.and_then(order_of).as_deref(), hot),
        };
        let lines = before.and_then(|before| {
            let (left, right) = (order_of(before)?, order_of(column)?);
            Some(lines(&left, &right, hot, place - 1))
        });
        let state = column.state.clone();
        let is_now = column.name == "Now";
        view! {
            <div class="head" style=format!("grid-column:{place}")>
                {head(store, column.name, at, state)}
                {column.lacks.then(|| view! { <p class="differs" data-testid="lacks" prop:textContent=say(word!("studio.compare.lacks"))></p> })}
            </div>
            <dl class="figures" style=format!("grid-column:{place}")>
                {order_of(column).map(|order| figures(&order, reference.as_deref().filter(|_| !is_now)))}
            </dl>
            <div class="list" style=format!("grid-column:{place}") data-testid="column" data-column=column.name>
                {list}
            </div>
            {lines}
        }
    });
    let widths = format!(
        "grid-template-columns:{}",
        vec!["minmax(230px,400px)"; columns.len()].join(&format!(" {GAP}px "))
    );
    view! { <div class="columns" style=widths tabindex="0" role="region" aria-label=say(word!("studio.compare.columns"))>{cells.collect_view()}</div> }
        .into_any()
}

/// A column's name, what of it is not as it comes, and what can be done with it. What a pin is
/// called by does not change with the present state.
fn head(store: Store, name: &'static str, at: usize, state: State) -> AnyView {
    let text = match differences(&State::default(), &state).as_slice() {
        [] => say(word!("studio.compare.default")).to_string(),
        all => all.iter().map(worded).collect::<Vec<_>>().join(" · "),
    };
    if name == "Now" {
        return view! {
            <h3 prop:textContent=state_name(name)></h3>
            <p class="differs" prop:textContent=text></p>
        }
        .into_any();
    }
    let go = move || store.state.set(state.clone());
    let remove = move || {
        store.view.update(|view| {
            if at < view.pins.len() {
                view.pins.remove(at);
            }
        });
    };
    view! {
        <h3 translate="no">{name}</h3>
        <button type="button" class="quiet" data-testid="go-there" on:click=click(go) prop:textContent=say(word!("studio.go-there"))></button>
        <button type="button" class="icon" aria-label=say_with(word!("studio.compare.unpin"), &[("name", name)]) on:click=click(remove)>
            <Mark name="close" />
        </button>
        <p class="differs" prop:textContent=text></p>
    }
    .into_any()
}

/// A column's metrics: agreement with the present state, then its own.
fn figures(order: &Order, reference: Option<&Order>) -> AnyView {
    // By what tests name them by, and by the words.
    let mut figures: Vec<(&'static str, &'static str, String)> = Vec::new();
    if let Some(reference) = reference {
        let agreement = reference.agreement(order);
        figures.push(("overlap@10", "overlap", words::fixed(agreement.overlap, 2)));
        figures.push((
            "Kendall’s τ",
            "tau",
            agreement.kendall_tau.map_or("–".into(), |tau| words::signed(tau as f32, 2)),
        ));
        figures.push(("RBO", "rbo", words::fixed(agreement.rank_biased_overlap, 2)));
    }
    let told = |of: fn(&Expected) -> String| order.expected.as_ref().map_or("–".into(), of);
    figures.extend([
        ("clicks", "clicks", told(|expected| words::fixed(expected.clicks, 2))),
        ("orders", "orders", told(|expected| words::fixed(expected.orders, 3))),
        ("GMV", "gmv", told(|expected| words::price((expected.gross_value.max(0.0)) as u32))),
    ]);
    figures
        .into_iter()
        .map(|(name, key, value)| {
            let (shown, about) = (
                linked(say(&word!("studio.compare.{}", key))),
                say(&word!("studio.compare.{}.about", key)),
            );
            view! {
                <div title=about>
                    <dt inner_html=shown></dt>
                    <dd data-metric=name translate="no">{value}</dd>
                </div>
            }
        })
        .collect_view()
        .into_any()
}

/// A column's products, each with its move against the column before.
fn rows(order: &Order, before: Option<&Order>, hot: RwSignal<Option<ProductId>>) -> AnyView {
    let row = |(rank, &product): (usize, &ProductId)| {
        let moved = before.map(|before| match before.rank(product) {
            Some(was) if was > rank => ("up", format!("▲ {}", was - rank)),
            Some(was) if was < rank => ("down", format!("▼ {}", rank - was)),
            Some(_) => ("same", "=".into()),
            None => ("new", say(word!("shelf.new")).into()),
        });
        let said = moved.as_ref().map(|(kind, by)| match *kind {
            "up" => say_with(word!("studio.compare.up"), &[("by", by.trim_start_matches("▲ "))]),
            "down" => {
                say_with(word!("studio.compare.down"), &[("by", by.trim_start_matches("▼ "))])
            }
            "same" => say(word!("studio.compare.same-place")).into(),
            _ => say(word!("studio.compare.not-before")).into(),
        });
        view! {
            <li
                data-product-id=product
                class:hot=move || hot.get() == Some(product)
                on:pointerenter=move |_| hot.set(Some(product))
                on:pointerleave=move |_| hot.set(None)
            >
                <span class="rank" translate="no">{rank + 1}</span>
                <Picture product />
                <Title product />
                {moved.map(|(kind, by)| view! {
                    <span class=format!("move {kind}") aria-hidden="true" translate="no">{by}</span>
                    <span class="hidden" prop:textContent=said></span>
                })}
            </li>
        }
    };
    let list = order.products.iter().take(SHOWN).enumerate().map(row).collect_view();
    view! { <ol>{list}</ol> }.into_any()
}

#[component]
fn Title(product: ProductId) -> impl IntoView {
    let store = store();
    let text = move || {
        store.shop.with(|shop| {
            let product = shop.as_ref()?.product(product)?;
            Some((product.title.clone(), words::price(product.price_cents)))
        })
    };
    view! {
        <span class="title" translate="no">
            <span prop:textContent=move || text().map(|(title, _)| title).unwrap_or_default()></span>
            <small>{move || text().map(|(_, price)| price).unwrap_or_default()}</small>
        </span>
    }
}

/// Lines from each product's row on the left to its row on the right; a stub where it came from
/// beyond what is shown, or went there.
fn lines(left: &Order, right: &Order, hot: RwSignal<Option<ProductId>>, place: usize) -> AnyView {
    let middle = |rank: usize| ROW * (rank as f64 + 0.5);
    let ends = |product: ProductId| {
        let shown = |rank: &usize| *rank < SHOWN;
        (left.rank(product).filter(shown), right.rank(product).filter(shown))
    };
    let mut products: Vec<ProductId> = left.products.iter().take(SHOWN).copied().collect();
    products.extend(
        right
            .products
            .iter()
            .take(SHOWN)
            .filter(|p| !products.contains(p))
            .copied()
            .collect::<Vec<_>>(),
    );
    let line = |product: ProductId| {
        let (path, kind) = match ends(product) {
            (Some(from), Some(to)) => {
                let (y1, y2) = (middle(from), middle(to));
                let half = GAP / 2.0;
                let kind = match from.cmp(&to) {
                    std::cmp::Ordering::Greater => "up",
                    std::cmp::Ordering::Less => "down",
                    std::cmp::Ordering::Equal => "same",
                };
                (format!("M0 {y1}C{half} {y1} {half} {y2} {GAP} {y2}"), kind)
            }
            (Some(from), None) => (format!("M0 {y}h12", y = middle(from)), "out"),
            (None, Some(to)) => (format!("M{GAP} {y}h-12", y = middle(to)), "out"),
            (None, None) => return None,
        };
        Some(view! { <path d=path class=kind class:hot=move || hot.get() == Some(product) /> })
    };
    let rows = left.products.len().max(right.products.len()).min(SHOWN);
    view! {
        <svg
            class="lines"
            style=format!("grid-column:{place}")
            width=GAP
            height=ROW * rows as f64
            aria-hidden="true"
        >
            {products.into_iter().filter_map(line).collect_view()}
        </svg>
    }
    .into_any()
}
