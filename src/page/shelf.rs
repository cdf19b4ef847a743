//! The shelf: product cards in the present order, and the way to the next page.

use leptos::html::Ul;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};

use super::bridge::{self, PASSED};
use super::effect::Telling;
use super::flip;
use super::header::growing;
use super::language::{say, say_arrived, say_with};
use super::parts::{click, live, when};
use super::picture::{Mark, Picture};
use super::rows::keyed;
use super::store::{Place, Store, place_of, store};
use link::{HistoryEdit, State};
use market::catalogue::{Product, ProductId};
use market::history::EventKind;
use protocol::Progress;
use protocol::blend;
use protocol::supervisor::Readiness;
use protocol::words;
use systems::Task;
use systems::shared::{Blend, CANDIDATES, PAGE_NUMBER, SearchedIn, Surface};

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
    let failed = move || store.status.with(|s| s.readiness == Readiness::Failed);
    let asks = Memo::new(move |_| {
        there.get()
            && store.state.with(|s| s.surface() == Surface::Search && s.query.trim().is_empty())
    });
    let nothing = move || there.get() && shown.with(Vec::is_empty) && !asks.get();
    let cards = move || match there.get() {
        true => shown.with(|shown| shown.iter().copied().map(u64::from).collect()),
        false => vec![],
    };
    view! {
        <section class="shelf-area" aria-label=say(word!("shelf.label"))>
            <ShelfHeading />
            <Tiers />
            <Telling />
            {when(move || asks.get(), || view! { <Hint /> }.into_any())}
            {when(move || !there.get() && !failed(), || view! { <Loading /> }.into_any())}
            {when(nothing, || {
                view! { <p class="hint">{say(word!("shelf.nothing"))}</p> }.into_any()
            })}
            <ul
                class="shelf"
                class:first=move || store.insides.with(Option::is_none)
                data-testid="shelf"
                node_ref=shelf
                on:pointerover=move |event| {
                    if event.pointer_type() == "mouse" {
                        pass(event.target());
                    }
                }
                on:pointerleave=move |_| pass(None)
                on:focusin=move |event| pass(event.target())
                on:focusout=move |_| pass(None)
            >
                {keyed(cards, |product| view! { <Card product=product as ProductId /> }.into_any())}
            </ul>
            <Pager label=word!("shelf.pages-below") />
        </section>
    }
}

/// Tells which product somebody is at in passing.
fn pass(at: Option<EventTarget>) {
    let card =
        at.and_then(|at| at.dyn_into::<Element>().ok()?.closest("[data-product-id]").ok()?);
    let product = card.and_then(|card| card.get_attribute("data-product-id"));
    bridge::say(PASSED, &product.unwrap_or_default());
}

/// Says where relevance control draws a line across the page: behind what has every word that was
/// asked for, and before what only fills the page.
#[component]
fn Tiers() -> impl IntoView {
    let store = store();
    let said = move || {
        let tiers: Vec<u8> = store.answer.with(|answer| {
            let tier = |place: &Place| Some(answer.as_ref()?.candidates.get(place.candidate)?.tier);
            store.places.with(|places| places.iter().filter_map(tier).collect())
        });
        let size = store.state.with(State::page_size);
        let from = store.page.get() * size;
        let on_page = |place: usize| (from..from + size).contains(&place);
        // The order is by tier, so that a tier's first place is where the others end.
        let asked = tiers.partition_point(|tier| *tier == 0);
        let filled = tiers.partition_point(|tier| *tier < u8::MAX);
        let mut said = Vec::new();
        if asked > 0 && asked < filled && on_page(asked) {
            said.push(say_with(word!("shelf.asked"), &[("place", &words::count(asked))]));
        }
        if filled < tiers.len() && on_page(filled) {
            said.push(say_with(word!("shelf.filled"), &[("place", &words::count(filled + 1))]));
        }
        if from == 0 && tiers.len() < size && stays_shut(store) {
            said.push(say(word!("shelf.shut")).into());
        }
        said.join(" ")
    };
    let said = Memo::new(move |_| said());
    view! {
        <p class="tiers" data-testid="tiers" hidden=move || said.with(String::is_empty) prop:textContent=move || said.get()></p>
    }
}

/// Whether there is more that the search of a tree did not look at, and would have handed on.
fn stays_shut(store: Store) -> bool {
    let (down, wanted) = store.state.with(|state| {
        let settings = &state.settings;
        (SearchedIn::of(settings) == SearchedIn::Tree, settings.count(&CANDIDATES))
    });
    down && store.answer.with(|answer| {
        let found = answer.as_ref().map(|answer| &answer.retrieval);
        found.is_some_and(|found| found.retrieved < found.admitted.min(wanted))
    })
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
        store.state.with(|state| match state.surface() {
            Surface::Feed => say(word!("shelf.feed")).into(),
            Surface::Search if state.query.trim().is_empty() => say(word!("shelf.no-query")).into(),
            Surface::Search => say_with(word!("shelf.query"), &[("query", &state.query)]),
        })
    };
    let key = |task: &Task| {
        let name = task.name();
        view! { <span class=format!("key {name}") prop:textContent=say(&word!("tasks.{}.inline", name))></span> }
    };
    view! {
        <div class="heading">
            <h1 prop:textContent=what></h1>
            <p prop:textContent=move || {
                name().map_or(String::new(), |name| say_with(word!("shelf.for"), &[("name", &name)]))
            }></p>
            <p
                class="legend"
                hidden=move || store.order.with(|order| order.is_empty())
                title=move || say(if store.ranks.get() { word!("shelf.bar") } else { word!("shelf.bar-retrieval") })
            >
                <span>{say(word!("shelf.score-from"))}</span>
                {live(move || match store.ranks.get() {
                    true => store.tasks.get().iter().map(key).collect_view().into_any(),
                    false => view! { <span class="key">{say(word!("shelf.retrieval"))}</span> }.into_any(),
                })}
            </p>
            <Pager label=word!("shelf.pages") />
        </div>
    }
}

#[component]
fn Pager(label: &'static str) -> impl IntoView {
    let store = store();
    let total = move || store.order.with(|order| order.len());
    let size = move || store.state.with(State::page_size);
    let from = move || store.page.get() * size();
    let last = move || total().saturating_sub(1) / size();
    let turn =
        move |to: usize| store.state.update(|state| state.settings.set(&PAGE_NUMBER, to as f32));
    // A link, or fewer products than before, may ask for a page that there is none of.
    let beyond = move || {
        let (asked, shown) = (store.state.with(State::page_number), store.page.get());
        (asked > shown).then(|| {
            let [asked, last] = [asked + 1, shown + 1].map(words::count);
            say_with(word!("shelf.beyond"), &[("page", &asked), ("last", &last)])
        })
    };
    view! {
        <nav class="pager" aria-label=say(label) hidden=move || total() == 0>
            <span class="beyond" data-testid="beyond" prop:textContent=move || beyond().unwrap_or_default()></span>
            <button
                type="button"
                class="icon"
                aria-label=say(word!("shelf.previous"))
                disabled=move || store.page.get() == 0
                on:click=click(move || turn(store.page.get_untracked().saturating_sub(1)))
            >
                <Mark name="left" />
            </button>
            <span translate="no">
                {move || {
                    let [first, last, total] =
                        [from() + 1, (from() + size()).min(total()), total()].map(words::count);
                    let values = [("first", &*first), ("last", &*last), ("total", &*total)];
                    say_with(word!("shelf.range"), &values)
                }}
            </span>
            <button
                type="button"
                class="icon"
                aria-label=say(word!("shelf.next"))
                disabled=move || { store.page.get() >= last() }
                on:click=click(move || turn(store.page.get_untracked() + 1))
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
    let search = move |query: &String| {
        store.state.update(|state| {
            state.query.clone_from(query);
            state.settings.set(&PAGE_NUMBER, 0.0);
        });
    };
    let chip = move |query: &String| {
        let (query, text) = (query.clone(), query.clone());
        view! {
            <button type="button" class="chip" translate="no" on:click=click(move || search(&query))>{text}</button>
        }
        .into_any()
    };
    let queries = live(move || {
        store.shop.with(|shop| {
            let queries = shop.iter().flat_map(|shop| shop.queries.iter().take(HINTS));
            queries.map(chip).collect_view().into_any()
        })
    });
    view! {
        <div class="hint">
            <p>{say(word!("shelf.hint"))}</p>
            <div class="row">{queries}</div>
        </div>
    }
}

/// Empty cards, and how far it is.
#[component]
fn Loading() -> impl IntoView {
    let store = store();
    let progress = move || store.status.with(|status| status.progress);
    // A larger shop that is made comes behind the bytes.
    let share = move |of: fn(Progress) -> u64| {
        let growing = store.status.with(|status| status.growing);
        let making = growing.map(|g| Progress { loaded: g.made.into(), total: g.of.into() });
        making.or_else(progress).map(|progress| of(progress).to_string())
    };
    let text = move || match progress() {
        Some(p) if p.loaded < p.total => say_arrived(word!("shelf.fetching"), p),
        Some(_) => say(word!("shelf.opening")).into(),
        None => say(word!("shelf.starting")).into(),
    };
    view! {
        <div class="loading">
            <p prop:textContent=move || growing(store).unwrap_or_else(text)></p>
            <progress
                data-testid="progress"
                max=move || share(|p| p.total.max(1))
                value=move || share(|p| p.loaded)
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
    let place = Memo::new(move |_| store.places.with(|places| place_of(places, product)));
    let rank = move || place.get().map_or(String::new(), |place| (place.rank + 1).to_string());
    let chosen = move || store.state.with(|state| state.selected == Some(product));
    let read = move |field: fn(&Product) -> String| {
        store.shop.with(|shop| {
            let product = shop.as_ref().and_then(|shop| shop.product(product));
            product.map_or(String::new(), field)
        })
    };
    let title = move || read(|p| p.title.clone());
    let act = move |kind| store.edit_history(HistoryEdit::Add { kind, product });
    // Named in the language that is shown, with the sentence that says what it does.
    let deed = move |kind: EventKind, key: &'static str| {
        view! {
            <button
                type="button"
                data-act=key
                title=say(&word!("shelf.{}.about", key))
                aria-label=move || say_with(&word!("shelf.{}-it", key), &[("title", &title())])
                on:click=click(move || act(kind))
            >
                {say(&word!("shelf.{}", key))}
            </button>
        }
        .into_any()
    };
    let look = move || {
        store.state.update(|state| {
            state.selected = if state.selected == Some(product) { None } else { Some(product) };
        });
    };
    view! {
        <li
            class="card"
            class:chosen=chosen
            data-testid="product"
            data-product-id=product.to_string()
            data-rank=rank
            data-score=move || place.get().map_or(String::new(), |place| place.score.to_string())
        >
            <button
                type="button"
                class="face"
                title=say(word!("shelf.look"))
                data-testid="look-inside"
                aria-pressed=move || chosen().to_string()
                on:click=click(look)
            >
                <Picture product />
                <span class="title" translate="no">{title}</span>
            </button>
            <span class="place" translate="no">{rank}</span>
            <Move product place />
            <p class="facts" translate="no">
                <span class="price">{move || read(|p| words::price(p.price_cents))}</span>
                <span class="rating" title=move || {
                    say_with(word!("shelf.reviews"), &[("count", &read(|p| words::count(p.reviews as usize)))])
                }>
                    <Mark name="star" />
                    {move || read(|p| words::fixed(p.rating.into(), 1))}
                </span>
            </p>
            <Score place />
            <div class="deeds">
                {deed(EventKind::Click, "click")}
                {deed(EventKind::Favourite, "favourite")}
                {deed(EventKind::Cart, "cart")}
                {deed(EventKind::Order, "order")}
            </div>
        </li>
    }
}

/// How many places the product has risen by.
#[component]
fn Move(product: ProductId, place: Memo<Option<Place>>) -> impl IntoView {
    let store = store();
    live(move || {
        let before =
            store.baseline.with(|places| place_of(places, product).map(|place| place.rank));
        let risen = before.zip(place.get()).map(|(before, now)| before as i32 - now.rank as i32);
        let (class, text, title) = match risen {
            Some(0) => return ().into_any(),
            Some(by) if by > 0 => ("move up", format!("↑{by}"), word!("shelf.risen")),
            Some(by) => ("move down", format!("↓{}", -by), word!("shelf.fallen")),
            None => ("move new", say(word!("shelf.new")).into(), word!("shelf.new.about")),
        };
        view! { <span class=class title=say(title) translate="no">{text}</span> }.into_any()
    })
}

/// The blended score, what each task puts into it by the best score there is, and the place that
/// retrieval gave. Without a ranker the bar is the product's part in retrieval's softmax, by the
/// largest there is.
#[component]
fn Score(place: Memo<Option<Place>>) -> impl IntoView {
    let store = store();
    // What each task brings to the score, and how much of the bar is its.
    let parts = Memo::new(move |_| {
        let parts = place.get().and_then(|place| {
            store.answer.with(|answer| {
                let answer = answer.as_ref()?;
                let (candidate, of) = (answer.candidates.get(place.candidate)?, answer.predicted());
                Some(store.ranking.with(|knobs| {
                    (blend::terms(candidate, of, knobs), blend::shares(candidate, of, knobs))
                }))
            })
        });
        parts.unwrap_or_default()
    });
    let blend = move || store.ranks.get().then(|| store.ranking.with(Blend::of));
    let in_softmax = Memo::new(move |_| {
        let place = place.get()?;
        store.answer.with(|answer| {
            let all = &answer.as_ref()?.candidates;
            let most = all.iter().map(|candidate| candidate.probability).fold(0.0, f32::max);
            let own = all.get(place.candidate)?.probability;
            (most > 0.0).then_some((own, own / most))
        })
    });
    let best = move || store.order.with(|order| order.first().map_or(0.0, |best| best.score));
    let width = move |task: usize| {
        let best = best();
        let share = parts.with(|(_, shares)| shares.get(task).copied().unwrap_or(0.0));
        if best > 0.0 { words::css_share(share / best) } else { "0%".into() }
    };
    let bars = move |(number, task): (usize, &Task)| {
        view! { <i class=task.name() style:width=move || width(number)></i> }
    };
    let sentence = move || {
        let (tasks, blend) = (store.tasks.get(), blend());
        let score = place.get().map_or(String::new(), |place| words::score(blend, place.score));
        let parts = parts.with(|(terms, _)| {
            let parts = tasks.iter().zip(terms).map(|(task, term)| {
                let task = say(&word!("tasks.{}.inline", task.name()));
                say_with(
                    word!("shelf.part"),
                    &[("task", task), ("share", &words::score(blend, *term))],
                )
            });
            parts.collect::<Vec<_>>().join(say(word!("list.comma")))
        });
        let said = match blend {
            Some(Blend::Sum) => word!("shelf.score"),
            Some(Blend::Lift) => word!("shelf.score-lift"),
            Some(Blend::Product) => word!("shelf.score-product"),
            None => {
                let share = in_softmax.get().map_or(f32::NAN, |(own, _)| own);
                let values = [("score", &*score), ("share", &words::percent(share))];
                return say_with(word!("shelf.score-retrieval"), &values);
            }
        };
        say_with(said, &[("score", &score), ("parts", &parts)])
    };
    let score =
        move || place.get().map_or(String::new(), |place| words::score(blend(), place.score));
    let retrieved = move || {
        place.get().map_or(String::new(), |p| {
            say_with(word!("shelf.retrieved"), &[("place", &words::count(p.candidate + 1))])
        })
    };
    view! {
        <span class="score" title=sentence>
            {live(move || match store.ranks.get() {
                true => store.tasks.get().iter().enumerate().map(bars).collect_view().into_any(),
                false => {
                    let width = move || {
                        words::css_share(in_softmax.get().map_or(0.0, |(_, of_largest)| of_largest))
                    };
                    view! { <i class="retrieval" style:width=width></i> }.into_any()
                }
            })}
        </span>
        <p class="origin" translate="no">
            <span title=say(word!("shelf.retrieved.about")) data-testid="retrieved">{retrieved}</span>
            <span title=sentence>{score}</span>
        </p>
    }
}
