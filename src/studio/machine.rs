//! The machine: both systems drawn from what they say of their parts, and behind them the blend and the
//! place on the shelf, with the real numbers of one product in every part, and what moved since the last
//! knob was turned.

use std::sync::Arc;

use leptos::attr::custom::custom_attribute;
use leptos::html::Div;
use leptos::prelude::*;
use web_sys::Event;

use self::levels::levels;
use self::moved::{Moved, Past, Reading, Subject};
use self::opened::{Opened, one_part, part_in_words};
use self::saved::saves;
use self::seen::{PINS, Seen, Shown, Sight, Wanted, see};
use self::system::{Board, system};
use self::told::figure;
use self::tree::{Item, Tree};
use self::walk::{Steps, Walk};
use super::again::ask_again;
use super::engine::{Engine, Lost, Standing};
use super::panels::Panel;
use super::rest::at_rest;
use link::view::{Beside, View};
use market::catalogue::ProductId;
use page::bridge::{self, PASSED};
use page::language::{say, say_with, text};
use page::parts::{Soon, click, heard, live};
use page::picture::Picture;
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::Passage;
use protocol::words::{count, percent, score};
use systems::served::is_one;

pub mod apart;
mod flow;
mod framed;
pub mod heat;
pub mod layout;
mod levels;
mod matrix;
pub mod moved;
pub(crate) mod opened;
mod saved;
pub(crate) mod seen;
pub(crate) mod served;
pub mod strip;
pub mod symbols;
pub(crate) mod system;
pub mod told;
pub mod tree;
pub(crate) mod walk;
pub mod worked;

/// How a product's score comes to be, part by part.
pub const PANEL: Panel = Panel::new(
    "machine",
    word!("studio.panels.machine"),
    word!("studio.panels.machine.about"),
    || view! { <MachineAtWork /> }.into_any(),
);

/// Parts that are named among those that moved most.
const NAMED: usize = 3;
/// Milliseconds that a pointer rests on a product before it is looked at in passing.
const PASS: u32 = 250;

#[component]
fn MachineAtWork() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let seen: Sight = RwSignal::new(None);
    let asking = RwSignal::new(false);
    let retry = RwSignal::new(0_u32);
    let of_page = Memo::new(move |_| store.view.with(|view| view.machine.of_page));
    let against = Memo::new(move |_| store.view.with(|view| view.machine.against));
    let passing = RwSignal::new(None::<ProductId>);
    let past = StoredValue::new(Past::default());
    let opened = Opened::new(store.view);
    let (walk, tree) = (Walk::new(), Tree::new(store.view, opened));
    let standing = engine.standing;
    // A product that a pointer rests on, on the page's side of the bridge.
    let soon = Soon::new();
    let pass = move |product: String| {
        let product = product.parse().ok();
        let come = move || {
            if passing.get_untracked() != product {
                passing.set(product);
            }
        };
        soon.after(PASS, come);
    };
    let _ = StoredValue::new_local(bridge::hear(PASSED, pass));
    let pin = Memo::new(move |_| match against.get() {
        Beside::Pin(number) => store.view.with(|view| view.pins.get(number).cloned()),
        Beside::Nothing | Beside::Before => None,
    });
    at_rest(move |turn| {
        retry.track();
        let wanted = Wanted {
            state: store.state.get(),
            passing: passing.get(),
            of_page: of_page.get(),
            against: against.get(),
            pin: pin.get(),
        };
        asking.set(true);
        let engine = engine.clone();
        Some(Box::pin(async move {
            let answered = see(&engine, wanted, past).await;
            if !turn.is_latest() {
                return;
            }
            asking.set(false);
            let answered = answered.map(|now| now.map(Arc::new));
            if let Ok(Some(now)) = &answered {
                // What the page's own views of a product read.
                store.answer.set(Some(now.answer.clone()));
                tree.keep([now.parts(false), now.parts(true)]);
            }
            seen.set(Some(answered));
        }))
    });
    let said = move || match (asking.get(), standing.get()) {
        (true, Standing::Loading(_)) => say(word!("studio.engine.starting")).to_string(),
        (true, _) => say(word!("studio.explain.asking")).into(),
        (false, _) => seen.with(|seen| match seen {
            Some(Ok(Some(seen))) => what_moved(seen),
            _ => String::new(),
        }),
    };
    // Which part is opened, but for those that one is led past.
    let part_told = move || {
        (!walk.is_led()).then(|| {
            if walk.is_at_funnel() {
                return say(word!("machine.at-funnel")).into();
            }
            let place = opened.get();
            let told = seen.with(|seen| match seen {
                Some(Ok(Some(seen))) => place.and_then(|place| part_in_words(seen, place)),
                _ => None,
            });
            told.unwrap_or_default()
        })
    };
    let place = NodeRef::<Div>::new();
    let board = Board { opened, walk, tree, room: room_in(place) };
    let drawn =
        in_sight(seen, move |now| drawing(Shown::of(seen, now, [true, true]), board, store), retry);
    view! {
        <div class="machine" data-testid="machine" class:stale=move || asking.get() node_ref=place>
            <p class="note" data-testid="machine-status" prop:textContent=said></p>
            {spoken(move || (!asking.get()).then(said))}
            {spoken(part_told)}
            <div class="actions">
                {whose_switch(of_page, store)}
                {against_switch(against, store)}
                {saves(seen, store)}
            </div>
            {drawn}
        </div>
    }
}

/// Pixels from side to side of a place, as the window has them.
pub fn room_in(place: NodeRef<Div>) -> RwSignal<f64> {
    let room = RwSignal::new(0.0);
    let measure = move || {
        if let Some(place) = place.get() {
            room.set(f64::from(place.client_width()));
        }
    };
    Effect::new(move |_| measure());
    heard("resize", move |_: &Event| untrack(measure));
    room
}

/// What stands in the place of a drawing.
#[derive(Clone, PartialEq)]
enum Stands {
    /// Nothing yet.
    Waits,
    /// That nothing was retrieved.
    Nothing,
    /// A drawing of retriever and ranker, by their keys.
    Drawn([&'static str; 2]),
    /// Why there is none.
    Lost(Lost),
}

/// What is in sight, by what `draw` makes of it: made again where other systems are at work, while numbers
/// change within it. Where they are lost, `retry` is raised on request.
pub fn in_sight(
    sight: Sight,
    draw: impl Fn(&Seen) -> AnyView + Send + 'static,
    retry: RwSignal<u32>,
) -> AnyView {
    let stands = Memo::new(move |_| {
        sight.with(|sight| match sight {
            None => Stands::Waits,
            Some(Ok(None)) => Stands::Nothing,
            Some(Ok(Some(seen))) => Stands::Drawn(seen.now.systems),
            Some(Err(why)) => Stands::Lost(why.clone()),
        })
    });
    live(move || match stands.get() {
        Stands::Waits => ().into_any(),
        Stands::Nothing => {
            view! { <p class="empty" prop:textContent=text(word!("machine.nothing"))></p> }
                .into_any()
        }
        Stands::Drawn(_) => {
            let seen = sight.with_untracked(|sight| sight.as_ref()?.as_ref().ok()?.clone());
            seen.map_or_else(|| ().into_any(), |seen| draw(&seen))
        }
        Stands::Lost(why) => ask_again("machine", why, retry),
    })
}

/// One option of a switch.
pub fn option(
    name: &'static str,
    value: &'static str,
    label: impl IntoView + 'static,
    is: impl Fn() -> bool + Send + 'static,
    choose: impl Fn() + 'static,
) -> AnyView {
    view! {
        <label>
            <input type="radio" name=name value=value prop:checked=is on:change=move |_| choose() />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// One product, or the page's in the mean.
fn whose_switch(of_page: Memo<bool>, store: Store) -> AnyView {
    let options =
        [(false, "product", word!("machine.this")), (true, "page", word!("machine.mean"))];
    let options = options.map(|(page, value, label)| {
        let is = move || of_page.get() == page;
        let choose = move || store.view.update(|view| view.machine.of_page = page);
        option("machine-whose", value, text(label), is, choose)
    });
    view! {
        <fieldset class="segments" data-testid="machine-whose">
            <legend prop:textContent=text(word!("machine.whose"))></legend>
            {options.into_iter().collect_view()}
        </fieldset>
    }
    .into_any()
}

/// The numbers, or what they are more or less than before the last change or at a pinned state.
fn against_switch(against: Memo<Beside>, store: Store) -> AnyView {
    let set = move |of| store.view.update(|view| view.machine.against = of);
    let known = [
        (Beside::Nothing, "numbers", word!("machine.numbers")),
        (Beside::Before, "before", word!("machine.before")),
    ];
    let known = known.map(|(of, value, label)| {
        let is = move || against.get() == of;
        option("machine-against", value, text(label), is, move || set(of))
    });
    let pins = Memo::new(move |_| store.view.with(|view: &View| view.pins.len()));
    let of_pins = live(move || {
        let pins = PINS.iter().enumerate().take(pins.get()).map(|(number, name)| {
            let of = Beside::Pin(number);
            let is = move || against.get() == of;
            option("machine-against", name, *name, is, move || set(of))
        });
        pins.collect_view().into_any()
    });
    view! {
        <fieldset class="segments" data-testid="machine-against">
            <legend prop:textContent=text(word!("machine.against"))></legend>
            {known.into_iter().collect_view()}
            {of_pins}
        </fieldset>
    }
    .into_any()
}

/// What a part is called.
pub fn part_name(system: &str, part: &str) -> &'static str {
    match is_one(part) {
        true => say(&word!("machine.served.{}", part)),
        false => say(&word!("machine.{}.{}", system, part)),
    }
}

/// What a part is for.
pub fn part_about(system: &str, part: &str) -> &'static str {
    match is_one(part) {
        true => say(&word!("machine.served.{}.about", part)),
        false => say(&word!("machine.{}.{}.about", system, part)),
    }
}

/// A part that moved: from which number to which where it comes to one, else by how much.
fn moved_in_words(seen: &Seen, moved: &Moved) -> String {
    let name = part_name(seen.system(moved.of_ranker), &moved.part);
    let number = |of: &Reading| Some(figure(of.number(moved.of_ranker, &moved.part)?, 3));
    let before = seen.before.as_deref().and_then(number);
    // What differs in farther digits is told by its share.
    match before.zip(number(&seen.now)).filter(|(before, now)| before != now) {
        Some((before, now)) => format!("{name} ({before} → {now})"),
        None if moved.by.is_finite() => format!("{name} ({})", percent(moved.by)),
        None => name.into(),
    }
}

/// The parts that moved most, in words.
pub fn most_moved(seen: &Seen) -> String {
    let named = seen.moved.iter().take(NAMED).map(|moved| moved_in_words(seen, moved));
    named.collect::<Vec<_>>().join(say(word!("machine.list")))
}

/// What moved since the state before, or is other than at a pinned state, in a sentence; before
/// anything did, how to see it.
fn what_moved(seen: &Seen) -> String {
    let pin = seen.pin();
    if seen.moved.is_empty() {
        return match (seen.against, pin, &seen.before) {
            (_, Some(pin), Some(_)) => say_with(word!("machine.same"), &[("pin", pin)]),
            (Beside::Before, None, Some(_)) => say(word!("machine.unmoved")).into(),
            _ => say(word!("machine.try")).into(),
        };
    }
    let parts = most_moved(seen);
    let number = count(seen.moved.len());
    let key = match (pin, seen.moved.len()) {
        (Some(_), 1) => word!("machine.differs.one"),
        (Some(_), _) => word!("machine.differs"),
        (None, 1) => word!("machine.moved.one"),
        (None, _) => word!("machine.moved"),
    };
    say_with(key, &[("count", &number), ("parts", &parts), ("pin", pin.unwrap_or_default())])
}

/// Whose numbers are shown, in words.
fn subject(seen: &Seen, store: Store) -> String {
    match seen.now.subject {
        Subject::Page => say_with(word!("machine.mean-of"), &[("count", &count(seen.on_page()))]),
        Subject::Product(product) => store.shop.with(|shop| {
            let products = shop.iter().flat_map(|shop| shop.product(product));
            products.map(|product| product.title.clone()).collect()
        }),
    }
}

/// Whose numbers are shown, with its picture where it is a product.
pub fn titled(seen: &Seen, store: Store) -> AnyView {
    let picture = match seen.now.subject {
        Subject::Product(product) => view! { <Picture product /> }.into_any(),
        Subject::Page => ().into_any(),
    };
    view! {
        <div class="chosen-title">
            {picture}
            <p translate="no">{subject(seen, store)}</p>
        </div>
    }
    .into_any()
}

fn drawing(shown: Shown, board: Board, store: Store) -> AnyView {
    let Board { opened, walk, tree, .. } = board;
    let parts = shown.parts;
    let title = live(move || match shown.get() {
        None => ().into_any(),
        Some(seen) => titled(&seen, store),
    });
    let searched = live(move || match shown.get() {
        Some(seen) if !tree.is_folded(Item::Funnel) => levels(&seen),
        _ => ().into_any(),
    });
    view! {
        {title}
        <Steps parts walk opened tree />
        <p class="how note" data-testid="machine-how" prop:textContent=text(word!("machine.how"))></p>
        {searched}
        {drawn_tree(shown, board)}
        {opened_part(shown, board)}
    }
    .into_any()
}

/// The tree: the funnel, and in it the systems that are drawn. What is focused in it stays so while numbers
/// change.
pub fn drawn_tree(shown: Shown, board: Board) -> AnyView {
    let (tree, parts) = (board.tree, shown.parts);
    let systems = live(move || {
        if tree.is_folded(Item::Funnel) {
            return ().into_any();
        }
        view! {
            {system(shown, false, board)}
            {system(shown, true, board)}
        }
        .into_any()
    });
    view! {
        <div
            role="tree"
            aria-label=text(word!("machine.tree"))
            on:keydown=move |event| tree.press(&event, parts)
            on:wheel=move |event| tree.zoom(&event, parts)
        >
            {funnel(shown, board)}
            {systems}
        </div>
    }
    .into_any()
}

/// The part that is opened, below the tree.
pub fn opened_part(shown: Shown, Board { opened, walk, .. }: Board) -> AnyView {
    let part = live(move || {
        let place = opened.get().filter(|place| !shown.parts_of(place.of_ranker).is_empty());
        let part = shown.get().and_then(|seen| one_part(&seen, place?));
        part.unwrap_or_else(|| {
            let says = match walk.is_at_funnel() {
                true => word!("machine.at-funnel"),
                false => word!("machine.open"),
            };
            view! { <p class="note" prop:textContent=text(says)></p> }.into_any()
        })
    });
    view! { <section class="opened" id="machine-part" data-testid="machine-part">{part}</section> }
        .into_any()
}

/// The stages that a product goes through, with how many products come out of each.
fn stages(seen: &Seen) -> AnyView {
    let Seen { answer, now, .. } = seen;
    let trace = &now.machine.trace;
    let is_one = now.subject != Subject::Page;
    let stage = |passage: &Passage| {
        let is_lost = is_one && !passage.passed;
        let name = say(&word!("studio.explain.stage.{}", passage.stage));
        let left = count(passage.left as usize);
        view! {
            <span class=if is_lost { "lost" } else { "" }>
                <span prop:textContent=name></span>
                <strong translate="no">{left}</strong>
                {is_lost.then(|| view! { <small prop:textContent=say(word!("machine.lost"))></small> })}
            </span>
        }
    };
    let stages = trace.passages.iter().map(stage).collect_view();
    let blended = answer.ranker.blend(&now.state.settings);
    let place = served::place(trace);
    let last = is_one.then(|| {
        view! {
            <span>
                <span prop:textContent=say(word!("machine.score"))></span>
                <strong translate="no">{score(blended, trace.score)}</strong>
                <small prop:textContent=place></small>
            </span>
        }
    });
    view! {
        {stages}
        {last}
    }
    .into_any()
}

fn funnel(shown: Shown, Board { walk, tree, .. }: Board) -> AnyView {
    let item = Item::Funnel;
    let inside = live(move || match shown.get() {
        None => ().into_any(),
        Some(seen) => stages(&seen),
    });
    view! {
        <button
            type="button"
            class="stages"
            class:reached=move || walk.is_at_funnel()
            data-testid="machine-funnel"
            role="treeitem"
            id=item.id()
            {..custom_attribute("aria-level", "1")}
            aria-expanded=move || (!tree.is_folded(item)).to_string()
            tabindex=move || tree.tabindex(item)
            on:focus=move |_| tree.stand(item)
            on:click=click(move || tree.turn(item))
        >
            {inside}
        </button>
    }
    .into_any()
}
