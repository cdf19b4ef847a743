//! The workbench of positions: products are taken to other places of the page, and what is expected
//! of each there is told beside what the market knows.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, PointerEvent};

use super::again::ask_again;
use super::bench::{Chances, arranged, moved, with_page};
use super::browser::focus;
use super::engine::{Engine, Lost, Standing};
use super::panels::Panel;
use super::rest::at_rest;
use link::State;
use market::catalogue::ProductId;
use market::features::places::nearest;
use market::language::Message;
use page::browser;
use page::language::{say, say_with, text, worded};
use page::latest::Latest;
use page::parts::{click, follow, heard, live};
use page::picture::Picture;
use page::rows::keyed;
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::blend;
use protocol::block::Blocks;
use protocol::words::{self, fixed, percent, signed};
use protocol::{Answer, Question, Reply, Seat};
use systems::shared::PAGE_NUMBER;

/// What the panel says.
mod texts {
    use page::language::say_with;

    pub const ABOUT: &str = word!("studio.positions.about");
    pub const MARKET: &str = word!("studio.positions.market");
    pub const BOTH: &str = word!("studio.positions.both-clicks");
    pub const NO_MARKET: &str = word!("studio.positions.no-market");
    pub const NO_BIAS: &str = word!("studio.positions.no-bias");
    pub const NO_RANKER: &str = word!("studio.positions.no-ranker");
    pub const RESET: &str = word!("studio.positions.reset");
    pub const WAITING: &str = word!("studio.positions.waiting");
    pub const STARTING: &str = word!("studio.engine.starting");
    pub const EMPTY: &str = word!("studio.positions.empty");
    pub const TABLE: &str = word!("studio.positions.table");
    pub const SUM: &str = word!("studio.positions.sum");
    pub const SHELF: &str = word!("studio.positions.shelf");
    pub const HEADS: [&str; 9] = [
        word!("studio.positions.heads.place"),
        word!("studio.positions.heads.product"),
        word!("studio.positions.heads.without"),
        word!("studio.positions.heads.with"),
        word!("studio.positions.heads.neighbours"),
        word!("studio.positions.heads.learned"),
        word!("studio.positions.heads.truly"),
        word!("studio.positions.heads.market"),
        word!("studio.positions.heads.neighbours-truly"),
    ];

    pub fn handle(title: &str) -> String {
        say_with(word!("studio.positions.handle"), &[("title", title)])
    }

    pub fn up(title: &str) -> String {
        say_with(word!("studio.positions.up"), &[("title", title)])
    }

    pub fn down(title: &str) -> String {
        say_with(word!("studio.positions.down"), &[("title", title)])
    }
}

/// What is known of a page.
struct Page {
    state: State,
    answer: Arc<Answer>,
    /// Products in the blended order.
    order: Vec<ProductId>,
    /// Where the page begins in it.
    from: usize,
    /// Its places as on the shelf.
    shelf: Vec<Seat>,
}

impl Page {
    async fn ask(engine: &Engine, state: State) -> Result<Self, Lost> {
        let answer = engine.answer(&State { selected: None, ..state.clone() }).await?;
        let ranked = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let order: Vec<ProductId> =
            ranked.iter().map(|r| answer.candidates[r.candidate].product).collect();
        let size = state.page_size();
        let last = order.len().saturating_sub(1) / size;
        let number = state.page_number().min(last);
        // The page that is on show, where the link names one that there is not.
        let mut state = state;
        state.settings.set(&PAGE_NUMBER, number as f32);
        let shelf = seats(engine, &state, order.clone()).await?;
        Ok(Self { from: number * size, state, answer, order, shelf })
    }

    fn products(&self) -> &[ProductId] {
        let size = self.state.page_size();
        &self.order[self.from..(self.from + size).min(self.order.len())]
    }

    /// Utility of the click task.
    fn utility(&self, product: ProductId) -> f32 {
        let candidate = self.answer.candidates.iter().find(|c| c.product == product);
        candidate.and_then(|c| c.utility.first().copied()).unwrap_or(f32::NAN)
    }

    fn sums(&self, seats: &[Seat]) -> (f32, f32, Option<f32>) {
        let chances: Vec<Chances> =
            seats.iter().map(|seat| Chances::new(self.utility(seat.product), seat)).collect();
        let market: Option<Vec<f32>> = chances.iter().map(|chance| chance.market).collect();
        (
            chances.iter().map(|chance| chance.without_bias).sum(),
            chances.iter().map(|chance| chance.with_bias).sum(),
            market.map(|all| all.iter().sum()),
        )
    }
}

async fn seats(engine: &Engine, state: &State, order: Vec<ProductId>) -> Result<Vec<Seat>, Lost> {
    match engine.ask(state, Question::Seats(order)).await? {
        Reply::Seats(seats) => Ok(seats),
        _ => Err(Message::new(word!("studio.engine.other"))),
    }
}

/// What places and neighbours do to clicks.
pub const PANEL: Panel = Panel::new(
    "positions",
    word!("studio.panels.positions"),
    word!("studio.panels.positions.about"),
    || view! { <Positions /> }.into_any(),
);

#[component]
fn Positions() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let standing = engine.standing;
    let page = RwSignal::new(None::<Result<Arc<Page>, Lost>>);
    let now = RwSignal::new(Arc::new(HashMap::<ProductId, Seat>::new()));
    let order = RwSignal::new(Vec::<ProductId>::new());
    let dragged = RwSignal::new(None::<ProductId>);
    let hot = RwSignal::new(None::<ProductId>);
    let told = RwSignal::new(String::new());
    let retry = RwSignal::new(0_u32);
    // What the places depend on: not whose insides are shown.
    let state = Memo::new(move |_| State { selected: None, ..store.state.get() });
    let asker = engine.clone();
    at_rest(move |turn| {
        retry.track();
        let state = state.get();
        let engine = asker.clone();
        Some(Box::pin(async move {
            let answered = Page::ask(&engine, state).await.map(Arc::new);
            if turn.is_latest() {
                page.set(Some(answered));
            }
        }))
    });
    // The order of the link, on the page that there is.
    follow(move |_| {
        let wanted = store.view.with(|view| view.bench.clone());
        let arranged = page.with(|page| match page {
            Some(Ok(page)) => arranged(page.products(), &wanted),
            _ => Vec::new(),
        });
        let elsewhere = wanted.iter().filter(|product| !arranged.contains(product)).count();
        if elsewhere > 0 && !arranged.is_empty() {
            let count = words::count(elsewhere);
            told.set(say_with(word!("studio.positions.elsewhere"), &[("count", &count)]));
        }
        if order.with_untracked(|order| *order != arranged) {
            order.set(arranged);
        }
    });
    let arranging = Latest::new();
    follow(move |_| {
        let order = order.get();
        let Some(Ok(page)) = page.get() else { return };
        let turn = arranging.begin();
        if order == page.products() {
            now.set(by_product(&page.shelf));
            return;
        }
        let engine = engine.clone();
        leptos::task::spawn_local(async move {
            let whole = with_page(&page.order, page.from, &order);
            let seats = seats(&engine, &page.state, whole).await;
            if !turn.is_latest() {
                return;
            }
            match seats {
                Ok(seats) => now.set(by_product(&seats)),
                Err(why) => {
                    let _ = told.try_set(worded(&why));
                }
            }
        });
    });
    let title = move |product: ProductId| {
        store.shop.with_untracked(|shop| {
            let row = shop.as_ref()?.product(product)?;
            Some(row.title.clone())
        })
    };
    // Once it is known what a place does to the product that was taken there.
    let settled = RwSignal::new(None::<ProductId>);
    follow(move |_| {
        let seats = now.get();
        let Some(product) = settled.get_untracked() else { return };
        let (Some(seat), Some(Ok(page))) = (seats.get(&product), page.get_untracked()) else {
            return;
        };
        let place = order.with_untracked(|order| order.iter().position(|p| *p == product));
        let chances = Chances::new(page.utility(product), seat);
        let market = chances.market.map(percent);
        let key = match market {
            Some(_) => word!("studio.positions.moved.market"),
            None => word!("studio.positions.moved"),
        };
        told.set(say_with(
            key,
            &[
                ("title", &title(product).unwrap_or_default()),
                ("place", &words::place(place.unwrap_or(0) + 1)),
                ("with", &percent(chances.with_bias)),
                ("without", &percent(chances.without_bias)),
                ("market", &market.unwrap_or_default()),
            ],
        ));
    });
    let keep = move || {
        let arranged = order.get_untracked();
        let as_on_shelf = page
            .with_untracked(|page| matches!(page, Some(Ok(page)) if page.products() == arranged));
        let bench = if as_on_shelf { Vec::new() } else { arranged };
        store.view.update(|view| view.bench = bench);
    };
    let shift = move |product: ProductId, by: isize| {
        let arranged = order.with_untracked(|order| {
            let from = order.iter().position(|p| *p == product)?;
            let to = from.checked_add_signed(by).filter(|to| *to < order.len())?;
            Some(moved(order, from, to))
        });
        if let Some(arranged) = arranged {
            settled.set(Some(product));
            order.set(arranged);
            keep();
        }
    };
    heard("pointermove", move |event: &PointerEvent| {
        let Some(product) = dragged.get_untracked() else { return };
        let place = place_under(event);
        let arranged = order.with_untracked(|order| {
            let from = order.iter().position(|p| *p == product)?;
            place.filter(|to| *to != from).map(|to| moved(order, from, to))
        });
        if let Some(arranged) = arranged {
            settled.set(Some(product));
            order.set(arranged);
        }
    });
    let drop = move || {
        if dragged.get_untracked().is_some() {
            dragged.set(None);
            keep();
        }
    };
    heard("pointerup", move |_: &Event| drop());
    heard("pointercancel", move |_: &Event| drop());
    let bench = Bench { store, page, now, order, dragged, hot };
    let row = move |product: u64| row(bench, product as ProductId, shift);
    let rows = keyed(move || order.get().into_iter().map(u64::from).collect(), row);
    let reset = move || {
        settled.set(None);
        store.view.update(|view| view.bench = Vec::new());
    };
    let said = move || match (page.with(Option::is_some), standing.get()) {
        (false, Standing::Loading(_)) => say(texts::STARTING).to_string(),
        (false, _) => say(texts::WAITING).into(),
        (true, _) => told.get(),
    };
    let notes = move || {
        page.with(|page| {
            let Some(Ok(page)) = page else { return ().into_any() };
            let known = page.shelf.iter().any(|seat| !seat.truth.is_empty());
            let biased = page.shelf.iter().any(|seat| seat.bias != 0.0);
            let ranks = !page.answer.ranker.tasks.is_empty();
            view! {
                <p class="note" prop:textContent=say(if known { texts::MARKET } else { texts::NO_MARKET })></p>
                {(known && ranks).then(|| view! { <p class="note" data-testid="both-clicks" prop:textContent=text(texts::BOTH)></p> })}
                {(ranks && !biased).then(|| view! { <p class="note" prop:textContent=text(texts::NO_BIAS)></p> })}
                {(!ranks).then(|| view! { <p class="note" data-testid="no-ranker" prop:textContent=text(texts::NO_RANKER)></p> })}
            }
            .into_any()
        })
    };
    let trouble = move || match page.get() {
        Some(Err(why)) => ask_again("positions", why, retry),
        Some(Ok(page)) if page.products().is_empty() => {
            view! { <p class="empty" prop:textContent=text(texts::EMPTY)></p> }.into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <div class="positions" data-testid="positions">
            <p class="note" prop:textContent=text(texts::ABOUT)></p>
            <div class="actions">
                <button
                    type="button"
                    class="outlined"
                    data-testid="bench-reset"
                    disabled=move || store.view.with(|view| view.bench.is_empty())
                    on:click=click(reset)
                    prop:textContent=text(texts::RESET)
                ></button>
                <p class="note" data-testid="positions-status" prop:textContent=said></p>
                {spoken(move || page.with(Option::is_some).then(|| told.get()))}
            </div>
            {live(trouble)}
            <div class="scrolls" tabindex="0" role="region" aria-label=text(texts::TABLE)>
                <table class="bench" data-testid="bench">
                    <thead>
                        <tr>
                            <td><span class="hidden" prop:textContent=text(texts::TABLE)></span></td>
                            {texts::HEADS
                                .map(|head| view! { <th scope="col" title=move || say(&word!("{}.about", head)) prop:textContent=text(head)></th> })
                                .into_iter()
                                .collect_view()}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    {live(move || foot(page, now, order))}
                </table>
            </div>
            {live(notes)}
        </div>
    }
}

fn by_product(seats: &[Seat]) -> Arc<HashMap<ProductId, Seat>> {
    Arc::new(seats.iter().map(|seat| (seat.product, seat.clone())).collect())
}

/// Number of the row under the pointer.
fn place_under(event: &PointerEvent) -> Option<usize> {
    let (x, y) = (event.client_x() as f32, event.client_y() as f32);
    let element = browser::document().element_from_point(x, y)?;
    let row = element.closest("[data-testid=bench] tr[data-product-id]").ok().flatten()?;
    let rows = row.parent_element()?.children();
    (0..rows.length()).position(|at| rows.item(at).as_ref() == Some(&row))
}

/// What the rows share.
#[derive(Clone, Copy)]
struct Bench {
    store: Store,
    page: RwSignal<Option<Result<Arc<Page>, Lost>>>,
    now: RwSignal<Arc<HashMap<ProductId, Seat>>>,
    order: RwSignal<Vec<ProductId>>,
    dragged: RwSignal<Option<ProductId>>,
    hot: RwSignal<Option<ProductId>>,
}

/// What is known of a product at its place.
#[derive(Clone, PartialEq)]
struct Known {
    chances: Chances,
    bias: f32,
    learned: Option<f32>,
    truly: Option<f32>,
}

fn row(
    bench: Bench,
    product: ProductId,
    shift: impl Fn(ProductId, isize) + Copy + Send + Sync + 'static,
) -> AnyView {
    let Bench { store, page, now, order, dragged, hot } = bench;
    let title = store.shop.with_untracked(|shop| {
        let row = shop.as_ref()?.product(product)?;
        Some(row.title.clone())
    });
    let title = title.unwrap_or_default();
    let place = Memo::new(move |_| order.with(|order| order.iter().position(|p| *p == product)));
    let last = move || order.with(Vec::len).saturating_sub(1);
    let known = Memo::new(move |_| {
        let page = page.get()?.ok()?;
        let seat = now.with(|now| now.get(&product).cloned())?;
        let curves = page.answer.blocks.curves("examination");
        let index = page.from + place.get()?;
        Some(Known {
            chances: Chances::new(page.utility(product), &seat),
            bias: seat.bias,
            learned: curves.and_then(|curves| curves.learned.get(index).copied()),
            truly: curves.and_then(|curves| curves.truth.get(index).copied()),
        })
    });
    let cell = move |of: fn(&Known) -> Option<String>| {
        move || known.with(|known| known.as_ref().and_then(of)).unwrap_or_else(|| "–".into())
    };
    let on_shelf = Memo::new(move |_| {
        page.with(|page| match page {
            Some(Ok(page)) => page.products().iter().position(|p| *p == product),
            _ => None,
        })
    });
    // Whether it is one of the six nearest of the one that is pointed at, and of its category.
    let near = Memo::new(move |_| {
        let (hot, own) = (hot.get()?, place.get()?);
        let (at, length) = order.with(|order| (order.iter().position(|p| *p == hot), order.len()));
        nearest(at?, length).any(|place| place == own).then(|| {
            store.shop.with_untracked(|shop| {
                let of = |p: ProductId| {
                    let row = shop.as_ref()?.product(p)?;
                    Some(row.product_type)
                };
                of(hot) == of(product)
            })
        })
    });
    let id = format!("bench-{product}");
    let own = id.clone();
    let of = StoredValue::new(title.clone());
    // They follow the language, and the words, which may come later.
    let named = move |name: fn(&str) -> String| move || of.with_value(|title| name(title));
    let step = move |by: isize| {
        shift(product, by);
        // A row that is taken to another place loses the focus.
        let id = own.clone();
        browser::after_paint(move || focus(&id));
    };
    let keys = step.clone();
    let (rise, fall) = (step.clone(), step);
    view! {
        <tr
            data-product-id=product
            class:dragged=move || dragged.get() == Some(product)
            class:moved=move || on_shelf.get() != place.get()
            class:near=move || near.get().is_some()
            class:like=move || near.get() == Some(true)
            on:pointerenter=move |_| hot.set(Some(product))
            on:pointerleave=move |_| hot.set(None)
        >
            <td>
                <button
                    type="button"
                    class="handle"
                    id=id
                    aria-label=named(texts::handle)
                    on:pointerdown=move |event: PointerEvent| {
                        // Touch would otherwise hold the pointer to where it began.
                        if let Some(element) = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) {
                            let _ = element.release_pointer_capture(event.pointer_id());
                        }
                        dragged.set(Some(product));
                    }
                    on:focus=move |_| hot.set(Some(product))
                    on:keydown=move |event: leptos::ev::KeyboardEvent| {
                        let by = match event.key().as_str() {
                            "ArrowUp" => -1,
                            "ArrowDown" => 1,
                            _ => return,
                        };
                        event.prevent_default();
                        keys(by);
                    }
                >
                    <span aria-hidden="true">"⠿"</span>
                </button>
            </td>
            <td class="place">
                <span translate="no">{move || place.get().map(|place| (place + 1).to_string())}</span>
                <span class="steps">
                    <button
                        type="button"
                        aria-label=named(texts::up)
                        disabled=move || place.get() == Some(0)
                        on:click=click(move || rise(-1))
                    >
                        <span aria-hidden="true">"▲"</span>
                    </button>
                    <button
                        type="button"
                        aria-label=named(texts::down)
                        disabled=move || place.get() == Some(last())
                        on:click=click(move || fall(1))
                    >
                        <span aria-hidden="true">"▼"</span>
                    </button>
                </span>
            </td>
            <th scope="row" class="what">
                <div><Picture product /><span class="title" translate="no">{title}</span></div>
            </th>
            <td data-value="without" translate="no">{cell(|known| Some(percent(known.chances.without_bias)))}</td>
            <td data-value="with" translate="no">
                {cell(|known| Some(percent(known.chances.with_bias)))}
                <small>{cell(|known| Some(format!("y_b {}", signed(known.bias, 2))))}</small>
            </td>
            <td data-value="neighbours" translate="no">
                {cell(|known| known.chances.neighbours.map(|(_, click)| points(click)))}
                <small>{cell(|known| known.chances.neighbours.map(|(logit, _)| signed(logit, 2)))}</small>
            </td>
            <td translate="no">{cell(|known| known.learned.map(percent))}</td>
            <td translate="no">{cell(|known| known.truly.map(percent))}</td>
            <td data-value="market" translate="no">{cell(|known| known.chances.market.map(percent))}</td>
            <td translate="no">{cell(|known| known.chances.market_neighbours.map(points))}</td>
        </tr>
    }
    .into_any()
}

/// A difference of chances, in points of a percentage.
fn points(by: f32) -> String {
    say_with(word!("studio.positions.points"), &[("points", &signed(100.0 * by, 2))])
}

/// What is expected of the page as a whole, here and on the shelf.
fn foot(
    page: RwSignal<Option<Result<Arc<Page>, Lost>>>,
    now: RwSignal<Arc<HashMap<ProductId, Seat>>>,
    order: RwSignal<Vec<ProductId>>,
) -> AnyView {
    let Some(Ok(page)) = page.get() else { return ().into_any() };
    let seats: Vec<Seat> = now.with(|now| {
        order.with(|order| order.iter().filter_map(|product| now.get(product).cloned()).collect())
    });
    let row = |name: String, key: &'static str, seats: &[Seat]| {
        let (without, with, market) = page.sums(seats);
        let clicks = |clicks: f32| fixed(clicks.into(), 3);
        view! {
            <tr data-sum=key>
                <th scope="row" colspan="3" prop:textContent=name></th>
                <td translate="no">{clicks(without)}</td>
                <td translate="no">{clicks(with)}</td>
                <td></td>
                <td></td>
                <td></td>
                <td translate="no">{market.map(clicks)}</td>
                <td></td>
            </tr>
        }
    };
    let changed = order.with(|order| order != page.products());
    let values = [("sum", say(texts::SUM)), ("shelf", say(texts::SHELF))];
    let before = say_with(word!("studio.positions.sum-of-shelf"), &values);
    view! {
        <tfoot>
            {row(say(texts::SUM).into(), "now", &seats)}
            {changed.then(|| row(before, "shelf", &page.shelf))}
        </tfoot>
    }
    .into_any()
}
