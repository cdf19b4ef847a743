//! A walk through the machine in the order in which it computes: part after part, forwards and back.

use leptos::prelude::*;

use super::opened::Opened;
use super::tree::Tree;
use link::view::PartPlace;
use page::browser;
use page::language::{say_with, text};
use page::parts::{Soon, click, follow};
use protocol::words::count;
use systems::{Ranker, Retriever};

/// Milliseconds that a part is looked at before the next.
const LOOK: u32 = 1_800;

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

    /// Whether a part has not been reached yet.
    pub fn is_ahead(self, of_ranker: bool, number: usize, retriever: &Retriever) -> bool {
        let place = number + if of_ranker { retriever.parts.len() } else { 0 };
        self.at.get().is_some_and(|at| place > at)
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

/// The part at a place of the way: the retriever's, then the ranker's.
fn part(at: usize, retriever: &'static Retriever, ranker: &'static Ranker) -> PartPlace {
    match at.checked_sub(retriever.parts.len()) {
        None => PartPlace { of_ranker: false, key: retriever.parts[at].key },
        Some(at) => PartPlace { of_ranker: true, key: ranker.parts[at].key },
    }
}

/// Buttons to go on, to go back, and to be led.
#[component]
pub fn Steps(
    retriever: &'static Retriever,
    ranker: &'static Ranker,
    walk: Walk,
    opened: Opened,
    tree: Tree,
) -> impl IntoView {
    let parts = [retriever.parts, ranker.parts];
    let last = (retriever.parts.len() + ranker.parts.len()).saturating_sub(1);
    let go = move |to: Option<usize>| {
        walk.at.set(to);
        let place = to.map(|at| part(at, retriever, ranker));
        match place.filter(|_| walk.walks.get_untracked()) {
            Some(place) => opened.lead(place),
            None => opened.set(place),
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
    let keys = move |event: leptos::ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowRight" => on(),
            "ArrowLeft" => back(),
            _ => return,
        }
        event.prevent_default();
    };
    let where_at = move || match walk.at.get() {
        None => String::new(),
        Some(at) => say_with(
            word!("machine.step"),
            &[("number", &count(at + 1)), ("count", &count(last + 1))],
        ),
    };
    view! {
        <div class="actions" role="toolbar" aria-label=text(word!("machine.walk")) on:keydown=keys>
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
