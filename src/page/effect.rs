//! What came of the last change, once it has come to rest: beside the knob that was turned, and for
//! those who cannot see the shelf.

use leptos::prelude::*;

use super::language::{say, say_with, worded};
use super::moves::{Effect, Moved, Shift};
use super::parts::{Soon, follow};
use super::spoken::QUIET;
use super::store::{Places, store};
use link::State;
use protocol::block::Blocks;
use protocol::words::{count, percent};
use systems::registry;

impl Effect {
    /// In a line: "7 of 20 moved, ↑3 at most; expert 2: 42 % → 51 %".
    pub fn short(&self) -> String {
        let shift = self.shift.as_ref().map(|shift| {
            let (before, after) = (percent(shift.before), percent(shift.after));
            let values =
                [("expert", &*worded(&shift.expert)), ("before", &before), ("after", &after)];
            say_with(word!("effect.expert"), &values)
        });
        let Moved { products, of, most } = self.moved;
        let moved = match (products, most) {
            (0, _) => say(word!("effect.none")).into(),
            (moved, 0) => {
                let values = [("moved", &*count(moved)), ("count", &count(of))];
                say_with(word!("effect.moved"), &values)
            }
            (moved, most) => {
                let values =
                    [("moved", &*count(moved)), ("count", &count(of)), ("most", &count(most))];
                say_with(word!("effect.moved-most"), &values)
            }
        };
        [moved].into_iter().chain(shift).collect::<Vec<_>>().join(say(word!("effect.and")))
    }

    /// The same with its knob, and whose expert it is.
    fn long(&self) -> String {
        let name = registry::knob(self.knob).map_or("", |knob| say(&knob.words("name")));
        let said = match &self.shift {
            None => self.short(),
            Some(shift) => {
                let task = say(&word!("{}.inline", shift.task.key));
                say_with(word!("effect.of-task"), &[("said", &self.short()), ("task", task)])
            }
        };
        say_with(word!("effect.of-knob"), &[("knob", name), ("said", &said)])
    }
}

/// What there is to tell of a shelf.
#[derive(Clone)]
enum Told {
    /// So many products for another request: none of them has moved.
    Found(usize),
    /// What came of a change to the same request.
    Moved(Effect),
}

/// Says what is on the shelf, or what moved, once: for those who cannot see it.
#[component]
pub fn Telling() -> impl IntoView {
    let store = store();
    let said = RwSignal::new(None::<(Told, String)>);
    // In another language what is on the shelf has been told.
    let is_told = store.places.with_untracked(|places| !places.is_empty());
    let asked = StoredValue::new(is_told.then(|| store.request()));
    let told = StoredValue::new(store.moves.get_untracked());
    let pending = Soon::new();
    let tell = move || {
        // Whatever is on its way sets the clock once it is there.
        if store.waits.get_untracked() {
            return;
        }
        let (turned, moves) = (store.turned.get_untracked(), store.moves.get_untracked());
        // In another language this page is gone.
        let Some(before) = told.try_get_value() else { return };
        let moved = before != moves;
        if turned.is_none() && !moved {
            return;
        }
        told.set_value(moves);
        let (knob, since) = turned.unwrap_or(("", 0));
        let ids = |places: &Places| places.iter().map(|p| p.product).collect::<Vec<_>>();
        let (page, after) = (untrack(|| store.shown()), store.experts.get_untracked());
        // A knob that moved nothing is not told the moves of the one before.
        let (before, experts) = match moves == since {
            true => (store.places.with_untracked(ids), after.clone()),
            false => (store.baseline.with_untracked(ids), store.experts_before.get_untracked()),
        };
        let size = store.state.with_untracked(State::page_size);
        let shift = store.answer.with_untracked(|answer| {
            Shift::most(&experts, &after, answer.as_ref()?.blocks.gates()?)
        });
        let moved = Moved::new(&before, &page, store.page.get_untracked() * size);
        let effect = Effect { knob, moved, shift };
        let request = Some(store.request());
        let is_other = asked.with_value(|asked| *asked != request);
        asked.set_value(request);
        let tells = match is_other && turned.is_none() {
            true => Told::Found(page.len()),
            false => Told::Moved(effect.clone()),
        };
        let first = store
            .shop
            .with_untracked(|shop| Some(shop.as_ref()?.product(*page.first()?)?.title.clone()));
        store.effect.set(turned.map(|_| effect));
        said.set(first.map(|first| (tells, first)));
        store.turned.set(None);
    };
    follow(move |first| {
        store.moves.track();
        store.turned.track();
        store.waits.track();
        if !first {
            pending.after(QUIET, tell);
        }
    });
    let words = Memo::new(move |_| {
        let Some((told, first)) = said.get() else { return String::new() };
        let effect = match told {
            Told::Found(products) => {
                let values = [("count", &*count(products)), ("first", &*first)];
                return say_with(word!("shelf.found"), &values);
            }
            Told::Moved(effect) => effect,
        };
        if !effect.knob.is_empty() {
            return say_with(word!("effect.first"), &[("said", &effect.long()), ("first", &first)]);
        }
        let (moved, of) = (count(effect.moved.products), count(effect.moved.of));
        say_with(word!("shelf.moved"), &[("moved", &moved), ("count", &of), ("first", &first)])
    });
    view! { <p class="hidden" role="status" data-testid="moves" prop:textContent=move || words.get()></p> }
}
