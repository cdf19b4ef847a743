//! One system drawn: its parts in layers with the arrows behind them, or as a list where there is no room.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

use super::heat::background;
use super::layout::{Drawn, layout};
use super::opened::Opened;
use super::part_name;
use super::seen::{Seen, Shown};
use super::served;
use super::strip::Inside;
use super::symbols::typeset;
use super::tree::{Item, Tree};
use super::walk::Walk;
use link::view::PartPlace;
use page::browser;
use page::language::say;
use page::parts::{click, live};
use systems::part::Part;
use systems::served::CUT;

/// What the drawing is made with.
#[derive(Clone, Copy)]
pub struct Board {
    /// Which part is opened.
    pub opened: Opened,
    /// How far one has walked.
    pub walk: Walk,
    /// Where the keyboard stands.
    pub tree: Tree,
    /// Pixels from side to side.
    pub room: RwSignal<f64>,
}

/// One system; nothing where none of its parts are drawn.
pub fn system(shown: Shown, of_ranker: bool, board: Board) -> AnyView {
    let (key, parts) = (shown.system(of_ranker), shown.parts_of(of_ranker));
    let Some(layout) = layout(key).filter(|_| !parts.is_empty()) else { return ().into_any() };
    let Board { tree, room, .. } = board;
    let item = Item::System(of_ranker);
    let systems = shown.parts.iter().filter(|parts| !parts.is_empty()).count();
    let place = if of_ranker { systems } else { 1 };
    let says =
        move || shown.get().map(|seen| comes_to(&seen, of_ranker, parts)).unwrap_or_default();
    // Whether it is drawn, and how large.
    let fit = Memo::new(move |_| {
        layout.fit(room.get()).map(|(drawn, scale)| {
            (std::ptr::eq(drawn, &raw const layout.across), (1000.0 * scale).round() as u32)
        })
    });
    let inside = live(move || {
        if tree.is_folded(item) {
            return ().into_any();
        }
        let drawn = fit.get().map(|(across, scale)| {
            (if across { &layout.across } else { &layout.down }, f64::from(scale) / 1000.0)
        });
        shown
            .get()
            .map_or_else(|| ().into_any(), |seen| drawing(&seen, (shown, of_ranker), drawn, board))
    });
    view! {
        <section
            class="system"
            role="none"
            data-testid=if of_ranker { "machine-ranker" } else { "machine-retriever" }
        >
            <button
                type="button"
                class="quiet"
                role="treeitem"
                id=item.id()
                {..custom_attribute("aria-level", "2")}
                aria-posinset=place.to_string()
                aria-setsize=systems.to_string()
                aria-expanded=move || (!tree.is_folded(item)).to_string()
                tabindex=move || tree.tabindex(item)
                on:focus=move |_| tree.stand(item)
                on:click=click(move || tree.turn(item))
            >
                <strong prop:textContent=say(&word!("machine.{}", key))></strong>
                <small translate="no" prop:textContent=says></small>
            </button>
            {inside}
        </section>
    }
    .into_any()
}

/// What the last part that is in use comes to; nothing where that is no number.
fn comes_to(seen: &Seen, of_ranker: bool, parts: &[Part]) -> String {
    let settings = &seen.now.state.settings;
    let last = parts.iter().rev().find(|part| (part.is_there)(settings));
    let inside = last.and_then(|part| Some((part, seen.inside(of_ranker, part.key)?)));
    match inside {
        Some((part, Inside::Numbers(numbers))) => {
            format!("{} {}", part_name(seen.system(of_ranker), part.key), numbers.join(" · "))
        }
        _ => String::new(),
    }
}

fn drawing(
    seen: &Seen,
    (shown, of_ranker): (Shown, bool),
    drawn: Option<(&'static Drawn, f64)>,
    board: Board,
) -> AnyView {
    let parts = shown.parts_of(of_ranker);
    // Parts that one has come by before these.
    let before = if of_ranker { shown.parts_of(false).len() } else { 0 };
    let boxes = parts.iter().enumerate().map(|(number, part)| {
        let at = drawn.and_then(|(drawn, _)| drawn.places.get(number));
        let style = at.map_or(String::new(), |(x, y)| format!("left:{x:.1}px;top:{y:.1}px"));
        let one = one_box(seen, of_ranker, (before, number, parts.len()), part, board);
        view! { <li role="none" style=style>{one}</li> }
    });
    let boxes = boxes.collect_view();
    let Some((drawn, scale)) = drawn else {
        return view! {
            <div class="drawing listed" role="none"><ol role="group">{boxes}</ol></div>
        }
        .into_any();
    };
    let settings = &seen.now.state.settings;
    let is_there = |key: &str| parts.iter().any(|p| p.key == key && (p.is_there)(settings));
    let arrows = drawn.arrows.iter().map(|arrow| {
        let is_absent = !(is_there(arrow.from) && is_there(arrow.to));
        // What leads to the part that is opened, and on from it.
        let is_near = move || {
            let place = board.opened.get().filter(|place| place.of_ranker == of_ranker);
            place.is_some_and(|place| [arrow.from, arrow.to].contains(&place.key))
        };
        view! { <path d=arrow.path class:absent=is_absent class:near=is_near></path> }
    });
    let (width, height) = drawn.size;
    view! {
        <div
            class="drawing"
            role="none"
            style=format!("--width:{width:.0}px;--height:{height:.0}px;zoom:{scale}")
        >
            <svg viewBox=format!("0 0 {width:.0} {height:.0}") aria-hidden="true">
                {arrows.collect_view()}
            </svg>
            <ol role="group">{boxes}</ol>
        </div>
    }
    .into_any()
}

fn one_box(
    seen: &Seen,
    of_ranker: bool,
    (before, number, count): (usize, usize, usize),
    part: &'static Part,
    Board { opened, walk, tree, .. }: Board,
) -> AnyView {
    let key = seen.system(of_ranker);
    let place = PartPlace { of_ranker, key: part.key };
    let item = Item::Part(place);
    let moved = seen.is_ringed(of_ranker, part.key);
    let is_open = move || opened.get() == Some(place);
    let toggle = move || {
        walk.end();
        if opened.toggle(place) {
            browser::after_paint(|| browser::reveal("machine-part"));
        }
    };
    let is_there = (part.is_there)(&seen.now.state.settings);
    let inside = match seen.inside(of_ranker, part.key) {
        // What the coarse ranker lets through is what is missed of it where it is off.
        None if part.key == CUT && !is_there => {
            view! { <small prop:textContent=say(served::until(part.key))></small> }.into_any()
        }
        None => ().into_any(),
        Some(Inside::Numbers(numbers)) => {
            let numbers = numbers.into_iter().map(|number| view! { <span>{number}</span> });
            view! { <strong translate="no">{numbers.collect_view()}</strong> }.into_any()
        }
        Some(Inside::Nothing) => {
            view! { <small prop:textContent=say(word!("machine.empty"))></small> }.into_any()
        }
        Some(Inside::Strips(strips)) => {
            let strips = strips.iter().map(|cells| {
                view! { <i class="heat" style=format!("background:{}", background(cells))></i> }
            });
            view! { <span class="heats">{strips.collect_view()}</span> }.into_any()
        }
    };
    view! {
        <button
            type="button"
            class="part"
            class:moved=moved
            class:absent=!is_there
            class:ahead=move || walk.is_ahead(before + number)
            role="treeitem"
            id=item.id()
            {..custom_attribute("aria-level", "3")}
            aria-posinset=(number + 1).to_string()
            aria-setsize=count.to_string()
            aria-selected=move || is_open().to_string()
            data-part=part.key
            tabindex=move || tree.tabindex(item)
            on:focus=move |_| tree.stand(item)
            on:click=click(toggle)
        >
            <span class="name" prop:textContent=part_name(key, part.key)></span>
            <span class="symbol" translate="no">{typeset(part.symbol)}</span>
            {inside}
        </button>
    }
    .into_any()
}
