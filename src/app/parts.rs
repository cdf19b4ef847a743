//! Pieces of views that many components share. Leptos makes code for every type that it shows
//! and every function that it calls; these make one type of many, which keeps the page small.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::prelude::*;

/// Shows a view while a condition holds; it is built again only when the condition turns.
pub fn when(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    shown: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    fn of_one_type(holds: Memo<bool>, shown: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
        live(move || if holds.get() { shown() } else { ().into_any() })
    }
    of_one_type(Memo::new(move |_| holds()), Box::new(shown))
}

/// A view that is built again whenever what it reads changes.
pub fn live(shown: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let shown: Box<dyn Fn() -> AnyView + Send> = Box::new(shown);
    shown.into_any()
}

/// A view for each key, which stays the same element when the order changes.
pub fn keyed(
    keys: impl Fn() -> Vec<u64> + Send + Sync + 'static,
    row: impl Fn(u64) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    type Keys = Box<dyn Fn() -> Vec<u64> + Send + Sync>;
    fn of_one_type(keys: Keys, row: Arc<dyn Fn(u64) -> AnyView + Send + Sync>) -> AnyView {
        view! { <For each=keys key=|key| *key children=move |key| row(key) /> }.into_any()
    }
    of_one_type(Box::new(keys), Arc::new(row))
}

/// What a click does.
pub fn click(act: impl Fn() + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(move |_| act())
}

/// Acts now and whenever what is read in acting changes; told whether it is the first time.
pub fn follow(act: impl FnMut(bool) + 'static) {
    fn of_one_type(mut act: Box<dyn FnMut(bool)>) {
        Effect::new(move |before: Option<()>| act(before.is_none()));
    }
    of_one_type(Box::new(act));
}
