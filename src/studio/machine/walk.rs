//! A walk through the machine in the order in which it computes: from the funnel part after part to the
//! place on the shelf, forwards and back.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::opened::Opened;
use super::tree::Tree;
use link::view::PartPlace;
use page::browser;
use page::language::{say_with, text};
use page::parts::{Soon, click, follow, heard};
use protocol::words::count;
use systems::part::Part;

/// Milliseconds that a part is looked at before the next.
const LOOK: u32 = 1_800;

/// What keys are meant for where one stands at it.
const CONTROL: &str =
    "a, button, input, select, textarea, summary, [role=tree], [role=toolbar], [tabindex='0']";

/// Where one is on the way; nowhere before it begins.
#[derive(Clone, Copy)]
pub struct Walk {
    at: RwSignal<Option<usize>>,
    walks: RwSignal<bool>,
}

impl Walk {
    /// Before it begins.
    pub fn new() -> Self {
        Self { at: RwSignal::new(None), walks: RwSignal::new(false) }
    }

    /// Whether a part has not been reached yet, by its number among all of both systems.
    pub fn is_ahead(self, number: usize) -> bool {
        self.at.get().is_some_and(|at| number >= at)
    }

    /// Whether it is where it begins.
    pub fn is_at_funnel(self) -> bool {
        self.at.get() == Some(0)
    }

    /// Whether one is led from part to part.
    pub fn is_led(self) -> bool {
        self.walks.get()
    }

    /// Ends it: all parts are there again.
    pub fn end(self) {
        self.at.set(None);
        self.walks.set(false);
    }
}

/// The part at a place of the way: the retriever's, then the ranker's. None at the funnel before them.
fn part(at: usize, [retriever, ranker]: [&'static [Part]; 2]) -> Option<PartPlace> {
    let at = at.checked_sub(1)?;
    let (of_ranker, part) = match at.checked_sub(retriever.len()) {
        None => (false, &retriever[at]),
        Some(at) => (true, ranker.get(at)?),
    };
    Some(PartPlace { of_ranker, key: part.key })
}

/// Whether a key is pressed in the panel, and at nothing that has keys of its own.
fn is_for_panel(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let stands_in = |what: &str| {
        target.as_ref().is_some_and(|target| target.closest(what).ok().flatten().is_some())
    };
    let is_plain = !(event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key());
    is_plain && !event.default_prevented() && stands_in("#studio-panel") && !stands_in(CONTROL)
}

/// Buttons to go on, to go back, and to be led.
#[component]
pub fn Steps(parts: [&'static [Part]; 2], walk: Walk, opened: Opened, tree: Tree) -> impl IntoView {
    // The funnel comes first.
    let last = parts[0].len() + parts[1].len();
    let go = move |to: Option<usize>| {
        walk.at.set(to);
        let place = to.and_then(|at| part(at, parts));
        match (place, walk.walks.get_untracked()) {
            (Some(place), true) => opened.lead(place),
            // What is open stays so while one is led past the funnel.
            (None, true) => {}
            (place, false) => opened.set(place),
        }
    };
    let on = move || go(Some(walk.at.get_untracked().map_or(0, |at| (at + 1).min(last))));
    let back = move || go(walk.at.get_untracked().and_then(|at| at.checked_sub(1)));
    // It is led until the end, or until somebody stops it.
    let next = Soon::new();
    follow(move |_| {
        walk.at.track();
        if !walk.walks.get() {
            opened.stay();
            return next.never();
        }
        next.after(LOOK, move || match walk.at.get_untracked() {
            Some(at) if at >= last => walk.walks.set(false),
            _ => on(),
        });
    });
    let lead = move || {
        let walks = !walk.walks.get_untracked();
        walk.walks.set(walks);
        if walks && walk.at.get_untracked().is_none_or(|at| at >= last) {
            go(Some(0));
        }
    };
    let step = move |event: &KeyboardEvent| {
        match event.key().as_str() {
            "ArrowRight" => on(),
            "ArrowLeft" => back(),
            _ => return,
        }
        event.prevent_default();
    };
    heard("keydown", move |event: &KeyboardEvent| {
        if !is_for_panel(event) {
            return;
        }
        if event.key() != " " {
            return step(event);
        }
        // Where less is to move, nobody is led.
        if !browser::less_motion() {
            lead();
            event.prevent_default();
        }
    });
    let where_at = move || match walk.at.get() {
        None => String::new(),
        Some(at) => say_with(
            word!("machine.step"),
            &[("number", &count(at + 1)), ("count", &count(last + 1))],
        ),
    };
    view! {
        <div class="actions" role="toolbar" aria-label=text(word!("machine.walk")) on:keydown=move |event| step(&event)>
            <button type="button" class="outlined" data-testid="machine-back" on:click=click(back) prop:textContent=text(word!("machine.back"))></button>
            <button type="button" class="outlined" data-testid="machine-on" on:click=click(on) prop:textContent=text(word!("machine.on"))></button>
            <button
                type="button"
                class="outlined"
                hidden=browser::less_motion()
                aria-pressed=move || walk.walks.get().to_string()
                data-testid="machine-lead"
                on:click=click(lead)
                prop:textContent=text(word!("machine.lead"))
            ></button>
            <button
                type="button"
                class="quiet"
                hidden=move || walk.at.get().is_none()
                on:click=click(move || walk.end())
                prop:textContent=text(word!("machine.end"))
            ></button>
            <button
                type="button"
                class="outlined"
                data-testid="machine-farther"
                on:click=click(move || tree.go(false, parts))
                prop:textContent=text(word!("machine.farther"))
            ></button>
            <button
                type="button"
                class="outlined"
                data-testid="machine-closer"
                on:click=click(move || tree.go(true, parts))
                prop:textContent=text(word!("machine.closer"))
            ></button>
            <span class="note" data-testid="machine-step" prop:textContent=where_at></span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::{dmt, moppr};

    #[test]
    fn the_way_begins_at_the_funnel_and_ends_at_the_place_on_the_shelf() {
        let parts = [moppr::RETRIEVER.served(), dmt::RANKER.served()];
        let last = parts[0].len() + parts[1].len();
        let key = |at: usize| part(at, parts).map(|place| (place.of_ranker, place.key));
        assert_eq!(key(0), None);
        assert_eq!(key(1), Some((false, "pieces")));
        assert_eq!(key(parts[0].len() + 1), Some((true, "sequences")));
        assert_eq!([key(last - 1), key(last)], [Some((true, "blend")), Some((true, "shelf"))]);
        assert_eq!(key(last + 1), None);
    }
}
