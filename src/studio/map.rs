//! The map: item vectors in two dimensions, the query vector among them, what was retrieved lit, and
//! where it stood before.

mod field;
mod hand;
mod scene;

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;

use field::Field;
use hand::STEP;

use super::again::ask_again;
use super::engine::{Engine, Lost, Standing};
use super::explain::unnamed;
use super::panels::Panel;
use super::plane::Point;
use super::rest::at_rest;
use link::State;
use link::view::MAX_PINS;
use market::catalogue::ProductId;
use market::language::Message;
use page::language::{say, say_with, text};
use page::parts::{click, live};
use page::picture::Picture;
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::blend;
use protocol::words::{self, count, percent, price};
use protocol::{Question, Reply};

/// What the panel says.
mod texts {
    use page::language::{say, say_with};

    pub const CANVAS: &str = word!("studio.map.canvas");
    pub const ABOUT: &str = word!("studio.map.about");
    pub const NEARER: &str = word!("studio.map.nearer");
    pub const FARTHER: &str = word!("studio.map.farther");
    pub const ALL: &str = word!("studio.map.all");
    pub const LASSO: &str = word!("studio.map.lasso");
    pub const IN_VIEW: &str = word!("studio.map.in-view");
    pub const TO_QUERY: &str = word!("studio.map.to-query");
    pub const KEEP: &str = word!("studio.map.keep");
    pub const CLEAR: &str = word!("studio.map.clear");
    pub const TOOLS: &str = word!("studio.map.tools");
    pub const BY_WHEEL: &str = word!("studio.map.by-wheel");
    pub const BY_TOUCH: &str = word!("studio.map.by-touch");
    pub const ASKING: &str = word!("studio.map.asking");
    pub const STARTING: &str = word!("studio.engine.starting");
    pub const PRODUCTS: &str = word!("studio.map.products");
    pub const RETRIEVED: &str = word!("studio.map.retrieved");
    pub const CHOSEN: &str = word!("studio.map.chosen");
    pub const QUERY: &str = word!("studio.map.query");
    pub const WAS: &str = word!("studio.map.was");
    pub const QUERY_WAS: &str = word!("studio.map.query-was");
    pub const LASSOED: &str = word!("studio.map.lassoed");
    pub const NOT_RETRIEVED: &str = word!("studio.map.not-retrieved");
    pub const LOOK: &str = word!("studio.map.look");
    pub const HEADS: [&str; 4] = [
        word!("studio.map.heads.product"),
        word!("studio.map.heads.type"),
        word!("studio.map.heads.price"),
        word!("studio.map.heads.now"),
    ];

    pub fn before(pinned: bool) -> &'static str {
        if pinned {
            say(word!("studio.map.before.pin"))
        } else {
            say(word!("studio.map.before.change"))
        }
    }
    pub fn taken(count: &str, shown: usize, all: usize) -> String {
        let values = &[("all", count), ("shown", &shown.to_string())];
        match all {
            0 => say(word!("studio.map.taken.none")).into(),
            1 => say(word!("studio.map.taken.one")).into(),
            all if all > shown => say_with(word!("studio.map.taken.some"), values),
            _ => say_with(word!("studio.map.taken.all"), values),
        }
    }
    pub fn seen(first: &str, second: &str) -> String {
        say_with(word!("studio.map.seen"), &[("first", first), ("second", second)])
    }
    pub fn moved(stayed: usize, of: usize) -> String {
        let (stayed, of) = (stayed.to_string(), of.to_string());
        say_with(word!("studio.map.moved"), &[("stayed", &stayed), ("of", &of)])
    }
}

/// Products of a lasso that are listed.
const LISTED: usize = 60;

/// A state on the map.
struct Drawn {
    state: State,
    /// Of the products that ship, and behind them of the others that were retrieved.
    points: Vec<Point>,
    /// These others.
    others: Vec<ProductId>,
    query: Point,
    variance: (f32, f32),
    /// Place on the shelf of each product that reached the ranker, from 0.
    places: HashMap<ProductId, usize>,
}

impl Drawn {
    async fn ask(engine: &Engine, state: State) -> Result<Self, Lost> {
        let answer = engine.answer(&state).await?;
        let Reply::Map(map) = engine.ask(&state, Question::Map).await? else {
            return Err(Message::new(word!("studio.engine.other")));
        };
        let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let product = |place: &blend::Ranked| answer.candidates[place.candidate].product;
        let at = |pair: &[f32]| (f64::from(pair[0]), f64::from(pair[1]));
        Ok(Self {
            state,
            points: map.points.chunks_exact(2).map(at).collect(),
            others: map.others,
            query: at(&[map.query.0, map.query.1]),
            variance: map.variance,
            places: order.iter().map(product).zip(0..).collect(),
        })
    }
}

impl Drawn {
    /// How many of the points are of products that ship.
    fn shipped(&self) -> usize {
        self.points.len().saturating_sub(self.others.len())
    }

    /// The product of a point.
    fn product(&self, number: usize) -> ProductId {
        let other = number.checked_sub(self.shipped()).and_then(|place| self.others.get(place));
        other.copied().unwrap_or(number as ProductId)
    }

    /// Number of a product's point, if it has one.
    fn number(&self, product: ProductId) -> Option<usize> {
        let shipped = self.shipped();
        if (product as usize) < shipped {
            return Some(product as usize);
        }
        let place = self.others.iter().position(|other| *other == product);
        place.map(|place| shipped + place)
    }
}

/// What the engine said of the present state, and of the one before.
#[derive(Clone, Copy)]
struct Asked {
    drawn: RwSignal<Option<Arc<Drawn>>>,
    before: RwSignal<Option<Arc<Drawn>>>,
    trouble: RwSignal<Option<Lost>>,
    /// Raised to ask again.
    retry: RwSignal<u32>,
    /// The pinned state that it is held against.
    pin: Memo<Option<State>>,
}

/// The item vectors in two dimensions.
pub const PANEL: Panel =
    Panel::new("map", word!("studio.panels.map"), word!("studio.panels.map.about"), || {
        view! { <MapOfTheCatalogue /> }.into_any()
    });

/// Asks the engine, and again whenever the state has come to rest after a change.
fn asked(store: Store, engine: Engine) -> Asked {
    let drawn = RwSignal::new(None::<Arc<Drawn>>);
    let before = RwSignal::new(None::<Arc<Drawn>>);
    let trouble = RwSignal::new(None::<Lost>);
    let retry = RwSignal::new(0_u32);
    let state = Memo::new(move |_| State { selected: None, ..store.state.get() });
    let pin = Memo::new(move |_| {
        // What could not be used was said when the link was opened.
        store.view.with(|view| view.pins.first().map(|link| State::from_link(link).0))
    });
    at_rest(move |turn| {
        retry.track();
        let (state, pin) = (state.get(), pin.get());
        let engine = engine.clone();
        Some(Box::pin(async move {
            let now = Drawn::ask(&engine, state).await;
            let pinned = match (&now, pin) {
                (Ok(_), Some(pin)) => {
                    let pin = State { selected: None, ..pin };
                    Some(Drawn::ask(&engine, pin).await)
                }
                _ => None,
            };
            if !turn.is_latest() {
                return;
            }
            match now {
                Ok(now) => {
                    let last = drawn.get_untracked();
                    before.set(match pinned {
                        Some(pinned) => pinned.ok().map(Arc::new),
                        None => last.filter(|last| last.state != now.state),
                    });
                    drawn.set(Some(Arc::new(now)));
                    trouble.set(None);
                }
                Err(why) => trouble.set(Some(why)),
            }
        }))
    });
    Asked { drawn, before, trouble, retry, pin }
}

#[component]
fn MapOfTheCatalogue() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let standing = engine.standing;
    let Asked { drawn, before, trouble, retry, pin } = asked(store, engine);
    let field = Field::new(store, drawn, before);
    let Field { canvas, window, hot, taken, lassoing, entered, .. } = field;
    let keep = move || {
        let link = store.state.with_untracked(State::to_link);
        store.view.update(|view| view.pins.insert(0, link));
    };
    let full = move || store.view.with(|view| view.pins.len() >= MAX_PINS);
    let tool = |name: &'static str, key: &'static str, act: Box<dyn Fn()>| {
        view! {
            <button type="button" class="outlined" data-tool=key on:click=click(act) prop:textContent=text(name)></button>
        }
    };
    let said = move || match (drawn.with(Option::is_some), standing.get()) {
        (false, Standing::Loading(_)) => say(texts::STARTING).to_string(),
        (false, _) => say(texts::ASKING).into(),
        (true, _) => drawn.with(|map| {
            let Some(map) = map else { return String::new() };
            let moved = before.with(|before| {
                let before = before.as_ref()?;
                let stayed = map.places.keys().filter(|p| before.places.contains_key(p)).count();
                let pinned = pin.with_untracked(Option::is_some);
                Some(format!(
                    " {} {}",
                    texts::before(pinned),
                    texts::moved(stayed, map.places.len())
                ))
            });
            let seen = texts::seen(&percent(map.variance.0), &percent(map.variance.1));
            seen + &moved.unwrap_or_default()
        }),
    };
    let tip = move || {
        let (Some(number), Some(now), Some(map)) = (hot.get(), window.get(), drawn.get()) else {
            return ().into_any();
        };
        let product = map.product(number);
        let Some(&point) = map.points.get(number) else { return ().into_any() };
        let (x, y) = now.to_screen(point);
        // On the side where there is room.
        let across = if x > now.size.0 / 2.0 {
            format!("right:{:.0}px", now.size.0 - x + 12.0)
        } else {
            format!("left:{:.0}px", x + 12.0)
        };
        let down = if y > now.size.1 / 2.0 {
            format!("bottom:{:.0}px", now.size.1 - y + 12.0)
        } else {
            format!("top:{:.0}px", y + 12.0)
        };
        let about = about(store, &map, product);
        view! {
            <div class="tip" style=format!("{across};{down}")>
                <Picture product />
                <span translate="no">{about.0}<small>{about.1}</small></span>
            </div>
        }
        .into_any()
    };
    let pointed_at = move || {
        let (Some(number), Some(map)) = (hot.get(), drawn.get()) else { return String::new() };
        let (title, rest) = about(store, &map, map.product(number));
        format!("{title}: {rest}")
    };
    let caught = move || match taken.with(Vec::len) {
        0 => String::new(),
        all => texts::taken(&count(all), all.min(LISTED), all),
    };
    let notice = move |why: Lost| ask_again("map", why, retry);
    let values = move || {
        drawn.with(|map| {
            map.as_ref().map(|map| {
                format!("{{\"products\":{},\"retrieved\":{}}}", map.points.len(), map.places.len())
            })
        })
    };
    view! {
        <div class="plane" data-testid="plane" class:lassoing=move || lassoing.get()>
            <div class="actions">
                <div class="map-tools" role="toolbar" aria-label=text(texts::TOOLS)>
                    {tool(texts::NEARER, "nearer", Box::new(move || field.zoom(STEP, None)))}
                    {tool(texts::FARTHER, "farther", Box::new(move || field.zoom(1.0 / STEP, None)))}
                    {tool(texts::ALL, "all", Box::new(move || field.show_all()))}
                    {tool(texts::TO_QUERY, "query", Box::new(move || field.show_query()))}
                    <button
                        type="button"
                        class="outlined"
                        data-tool="lasso"
                        aria-pressed=move || lassoing.get().to_string()
                        on:click=click(move || lassoing.update(|lassoing| *lassoing = !*lassoing))
                        prop:textContent=text(texts::LASSO)
                    ></button>
                    {tool(texts::IN_VIEW, "in-view", Box::new(move || field.take_all_on_show()))}
                    <button type="button" class="outlined" data-tool="keep" disabled=full on:click=click(keep) prop:textContent=text(texts::KEEP)></button>
                </div>
            </div>
            {live(move || trouble.get().map_or_else(|| ().into_any(), notice))}
            <div class="field">
                <canvas
                    node_ref=canvas
                    data-testid="map"
                    data-values=values
                    tabindex="0"
                    role="application"
                    aria-label=text(texts::CANVAS)
                    on:pointerdown=move |event| field.down(&event)
                    on:pointermove=move |event| field.moved(&event)
                    on:pointerup=move |_| field.up()
                    on:pointercancel=move |_| field.up()
                    on:pointerleave=move |event| field.left(&event)
                    on:blur=move |_| entered.set(false)
                    on:touchstart=move |event| field.hold(&event)
                    on:touchmove=move |event| field.hold(&event)
                    on:dblclick=move |_| field.choose()
                    on:wheel=move |event| field.roll(&event)
                    on:keydown=move |event| field.key(&event)
                ></canvas>
                {live(tip)}
                <p class="how" data-testid="map-how">
                    <span class="by-wheel" prop:textContent=text(texts::BY_WHEEL)></span>
                    <span class="by-touch" prop:textContent=text(texts::BY_TOUCH)></span>
                </p>
            </div>
            <p class="hidden" data-testid="map-hot" prop:textContent=pointed_at></p>
            {spoken(move || Some(pointed_at()))}
            {legend()}
            <p class="note" data-testid="map-status" prop:textContent=said></p>
            {spoken(move || drawn.with(Option::is_some).then(said))}
            <p class="note" prop:textContent=text(texts::ABOUT)></p>
            {live(move || table(store, drawn.get(), taken))}
            {spoken(move || Some(caught()))}
        </div>
    }
}

/// A product's title, and what it is to the state.
fn about(store: Store, map: &Drawn, product: ProductId) -> (String, String) {
    let row = store.shop.with(|shop| {
        let shop = shop.as_ref()?;
        let row = shop.product(product)?;
        let of_type = shop.catalogue.product_types.get(usize::from(row.product_type))?;
        Some((row.title.clone(), format!("{}, {}", of_type.name, price(row.price_cents))))
    });
    let standing = standing(map, product);
    match row {
        Some((title, rest)) => (title, format!("{rest}, {standing}")),
        None => (unnamed(product), standing),
    }
}

fn standing(map: &Drawn, product: ProductId) -> String {
    match map.places.get(&product) {
        Some(place) => words::place(place + 1),
        None => say(texts::NOT_RETRIEVED).into(),
    }
}

/// What each mark means.
fn legend() -> AnyView {
    let mark = |name: &'static str, drawing: AnyView| {
        view! { <li><svg viewBox="0 0 16 16" aria-hidden="true">{drawing}</svg><span prop:textContent=text(name)></span></li> }
    };
    let circle = |r: &'static str, fill: &'static str, stroke: &'static str| {
        view! { <circle cx="8" cy="8" r=r fill=fill stroke=stroke stroke-width="1.6" /> }.into_any()
    };
    let diamond = |fill: &'static str| {
        view! {
            <path d="M8 1.5L14.5 8L8 14.5L1.5 8Z" fill=fill stroke="var(--text)" stroke-width="1.6" />
        }
        .into_any()
    };
    view! {
        <ul class="marks">
            {mark(texts::PRODUCTS, circle("2", "var(--quiet)", "none"))}
            {mark(texts::RETRIEVED, circle("4.5", "var(--accent)", "none"))}
            {mark(texts::CHOSEN, circle("6", "none", "var(--warm)"))}
            {mark(texts::QUERY, diamond("var(--text)"))}
            {mark(texts::WAS, circle("4.5", "none", "var(--accent)"))}
            {mark(texts::QUERY_WAS, diamond("none"))}
        </ul>
    }
    .into_any()
}

/// The products that a lasso took.
fn table(store: Store, map: Option<Arc<Drawn>>, taken: RwSignal<Vec<usize>>) -> AnyView {
    let Some(map) = map else { return ().into_any() };
    let mut products: Vec<ProductId> = taken.get().iter().map(|&n| map.product(n)).collect();
    // What was retrieved first, in the order of the shelf.
    products
        .sort_by_key(|product| (map.places.get(product).copied().unwrap_or(usize::MAX), *product));
    let all = products.len();
    products.truncate(LISTED);
    let said = texts::taken(&count(all), products.len(), all);
    let rows = products.iter().map(|&product| {
        let known = store.shop.with(|shop| {
            let shop = shop.as_ref()?;
            let row = shop.product(product)?;
            let of_type = shop.catalogue.product_types.get(usize::from(row.product_type))?;
            Some((row.title.clone(), of_type.name.clone(), price(row.price_cents)))
        });
        let number_alone = || (unnamed(product), "–".into(), "–".into());
        let (title, of_type, price) = known.unwrap_or_else(number_alone);
        let label = say_with(word!("studio.map.look-at"), &[("title", &title)]);
        let choose = move || store.state.update(|state| state.selected = Some(product));
        view! {
            <tr data-product-id=product>
                <th scope="row"><span class="title-cell" translate="no"><Picture product />{title}</span></th>
                <td translate="no">{of_type}</td>
                <td translate="no">{price}</td>
                <td translate="no">{standing(&map, product)}</td>
                <td>
                    <button type="button" class="quiet" aria-label=label on:click=click(choose) prop:textContent=text(texts::LOOK)></button>
                </td>
            </tr>
        }
    });
    let list = (all > 0).then(|| {
        view! {
            <div class="scrolls tall" tabindex="0" role="region" aria-label=text(texts::LASSOED)>
                <table class="lassoed" data-testid="lassoed">
                    <thead>
                        <tr>
                            {texts::HEADS.map(|head| view! { <th scope="col" prop:textContent=text(head)></th> }).into_iter().collect_view()}
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
            <button type="button" class="quiet" on:click=click(move || taken.set(Vec::new())) prop:textContent=text(texts::CLEAR)></button>
        }
    });
    view! {
        <h3 prop:textContent=text(texts::LASSOED)></h3>
        <p class="note" data-testid="taken" prop:textContent=said></p>
        {list}
    }
    .into_any()
}
