//! The machine as a tree: the funnel, in it both systems, in each its parts. Tab comes to one item of it,
//! arrow keys go to the others, and one comes closer by opening what one stands at.

use leptos::ev::{KeyboardEvent, WheelEvent};
use leptos::prelude::*;

use super::opened::Opened;
use crate::browser::focus;
use link::view::{PartPlace, View};
use page::browser::after_paint;
use page::lasting::Lasting;
use systems::part::Part;

/// How far a wheel or a pinch goes until it is a step closer or farther.
const STEP: f64 = 40.0;

/// Something that one can stand at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The way of all products.
    Funnel,
    /// The ranker, else the retriever.
    System(bool),
    /// One of a system's parts.
    Part(PartPlace),
}

impl Item {
    /// Id of its element.
    pub fn id(self) -> String {
        let of = |of_ranker| if of_ranker { "ranker" } else { "retriever" };
        match self {
            Self::Funnel => "machine-item".into(),
            Self::System(of_ranker) => format!("machine-item-{}", of(of_ranker)),
            Self::Part(part) => format!("machine-item-{}-{}", of(part.of_ranker), part.key),
        }
    }

    /// How deep it stands, from 1.
    fn level(self) -> u8 {
        match self {
            Self::Funnel => 1,
            Self::System(_) => 2,
            Self::Part(_) => 3,
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Goes to an item.
    Go(Item),
    /// Folds or unfolds the item that one stands at.
    Turn,
    /// Comes closer, or goes farther away.
    Closer(bool),
}

/// What a key does at an item, of all that are on show in their order.
fn act(items: &[Item], at: Item, is_folded: bool, key: &str) -> Option<Act> {
    let place = items.iter().position(|item| *item == at)?;
    let goes = |to: Option<usize>| to.and_then(|to| items.get(to)).map(|item| Act::Go(*item));
    let has_inside = at.level() < 3;
    let above = || items[..place].iter().rposition(|item| item.level() < at.level());
    match key {
        "ArrowDown" => goes(Some(place + 1)),
        "ArrowUp" => goes(place.checked_sub(1)),
        "Home" => goes(Some(0)),
        "End" => goes(items.len().checked_sub(1)),
        "ArrowRight" if has_inside && is_folded => Some(Act::Turn),
        "ArrowRight" if has_inside => goes(Some(place + 1)),
        "ArrowLeft" if has_inside && !is_folded => Some(Act::Turn),
        "ArrowLeft" => goes(above()),
        "+" | "=" => Some(Act::Closer(true)),
        "-" => Some(Act::Closer(false)),
        _ => None,
    }
}

/// Where one stands, and what is folded.
#[derive(Clone, Copy)]
pub struct Tree {
    at: RwSignal<Item>,
    /// The funnel, the retriever, the ranker. It is in the link.
    folded: Memo<[bool; 3]>,
    view: Lasting<RwSignal<View>>,
    opened: Opened,
    wheeled: StoredValue<f64>,
}

impl Tree {
    /// Folded as the link says.
    pub fn new(view: Lasting<RwSignal<View>>, opened: Opened) -> Self {
        Self {
            at: RwSignal::new(Item::Funnel),
            folded: Memo::new(move |_| view.with(|view| view.machine.folded)),
            view,
            opened,
            wheeled: StoredValue::new(0.0),
        }
    }

    /// Whether what is in an item is hidden.
    pub fn is_folded(self, item: Item) -> bool {
        self.folded.with(|folded| match item {
            Item::Funnel => folded[0],
            Item::System(of_ranker) => folded[1 + usize::from(of_ranker)],
            Item::Part(_) => false,
        })
    }

    /// Hides what is in an item, or shows it.
    pub fn turn(self, item: Item) {
        self.fold(|folded| match item {
            Item::Funnel => folded[0] = !folded[0],
            Item::System(of_ranker) => {
                let of = &mut folded[1 + usize::from(of_ranker)];
                *of = !*of;
            }
            Item::Part(_) => {}
        });
    }

    fn fold(self, fold: impl FnOnce(&mut [bool; 3])) {
        self.view.update(|view| fold(&mut view.machine.folded));
    }

    /// Whether Tab comes to an item, as an attribute.
    pub fn tabindex(self, item: Item) -> &'static str {
        if self.at.get() == item { "0" } else { "-1" }
    }

    /// One stands at an item.
    pub fn stand(self, item: Item) {
        self.at.set(item);
    }

    /// Stands at the top where the item that one stood at is no more.
    pub fn keep(self, parts: [&[Part]; 2]) {
        if let Item::Part(PartPlace { of_ranker, key }) = self.at.get_untracked()
            && parts[usize::from(of_ranker)].iter().all(|part| part.key != key)
        {
            self.at.set(Item::Funnel);
        }
    }

    /// All that is on show, in order.
    fn items(self, parts: [&'static [Part]; 2]) -> Vec<Item> {
        let folded = self.folded.get_untracked();
        let mut items = vec![Item::Funnel];
        for (of_ranker, parts) in [false, true].into_iter().zip(parts) {
            if folded[0] || parts.is_empty() {
                continue;
            }
            items.push(Item::System(of_ranker));
            if !folded[1 + usize::from(of_ranker)] {
                items.extend(parts.iter().map(|p| Item::Part(PartPlace { of_ranker, key: p.key })));
            }
        }
        items
    }

    /// A step closer, from the funnel to the systems to a part, or farther away.
    pub fn go(self, closer: bool, parts: [&'static [Part]; 2]) {
        let is_folded = self.folded.get_untracked() != [false; 3];
        match (closer, is_folded, self.opened.get_untracked()) {
            (true, true, _) => self.fold(|folded| *folded = [false; 3]),
            (true, false, None) => {
                let items = self.items(parts);
                // Where one stands at no part, what the machine says in the end.
                let at = match self.at.get_untracked() {
                    at @ Item::Part(_) => Some(at),
                    _ => items.last().copied(),
                };
                if let Some(Item::Part(part)) = at {
                    self.opened.set(Some(part));
                }
            }
            (true, false, Some(_)) => {}
            (false, _, Some(_)) => self.opened.set(None),
            (false, _, None) => self.fold(|folded| folded[0] = true),
        }
    }

    /// A key is pressed in it.
    pub fn press(self, event: &KeyboardEvent, parts: [&'static [Part]; 2]) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let at = self.at.get_untracked();
        let is_folded = untrack(|| self.is_folded(at));
        let Some(act) = act(&self.items(parts), at, is_folded, &event.key()) else { return };
        event.prevent_default();
        match act {
            Act::Go(item) => {
                self.at.set(item);
                focus(&item.id());
            }
            Act::Turn => self.turn(at),
            Act::Closer(closer) => {
                self.go(closer, parts);
                // What one stood at may be hidden with the rest.
                if !self.items(parts).contains(&at) {
                    self.at.set(Item::Funnel);
                    after_paint(|| focus(&Item::Funnel.id()));
                }
            }
        }
    }

    /// It is zoomed, by a wheel with Ctrl or ⌘. A browser tells a pinch on a touchpad as a wheel with
    /// Ctrl.
    pub fn zoom(self, event: &WheelEvent, parts: [&'static [Part]; 2]) {
        if !(event.ctrl_key() || event.meta_key()) {
            return;
        }
        event.prevent_default();
        let far = self.wheeled.get_value() + event.delta_y();
        let is_step = far.abs() >= STEP;
        self.wheeled.set_value(if is_step { 0.0 } else { far });
        if is_step {
            self.go(far < 0.0, parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn part(of_ranker: bool, key: &'static str) -> Item {
        Item::Part(PartPlace { of_ranker, key })
    }

    const ITEMS: [Item; 6] = [
        Item::Funnel,
        Item::System(false),
        part(false, "query"),
        part(false, "score"),
        Item::System(true),
        part(true, "gates"),
    ];

    #[test]
    fn arrow_keys_reach_every_item_and_none_beyond() {
        let mut at = ITEMS[0];
        for item in &ITEMS[1..] {
            assert_eq!(act(&ITEMS, at, false, "ArrowDown"), Some(Act::Go(*item)));
            assert_eq!(act(&ITEMS, *item, false, "ArrowUp"), Some(Act::Go(at)));
            at = *item;
        }
        assert_eq!(act(&ITEMS, at, false, "ArrowDown"), None);
        assert_eq!(act(&ITEMS, ITEMS[0], false, "ArrowUp"), None);
        assert_eq!(act(&ITEMS, ITEMS[2], false, "Home"), Some(Act::Go(ITEMS[0])));
        assert_eq!(act(&ITEMS, ITEMS[2], false, "End"), Some(Act::Go(ITEMS[5])));
    }

    #[test]
    fn left_and_right_go_out_and_in() {
        let of = |at, is_folded, key| act(&ITEMS, at, is_folded, key);
        assert_eq!(of(ITEMS[1], true, "ArrowRight"), Some(Act::Turn));
        assert_eq!(of(ITEMS[1], false, "ArrowRight"), Some(Act::Go(ITEMS[2])));
        assert_eq!(of(ITEMS[1], false, "ArrowLeft"), Some(Act::Turn));
        assert_eq!(of(ITEMS[1], true, "ArrowLeft"), Some(Act::Go(ITEMS[0])));
        assert_eq!(of(ITEMS[5], false, "ArrowLeft"), Some(Act::Go(ITEMS[4])));
        assert_eq!(of(ITEMS[5], false, "ArrowRight"), None);
        assert_eq!(of(ITEMS[5], false, "x"), None);
    }
}
