//! Rows of a list, each of which stays the same element when their order changes.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::keyed as tachys;

use super::store::store;

/// A view for each key, which stays the same element when the order changes.
pub fn keyed(
    keys: impl Fn() -> Vec<u64> + Send + Sync + 'static,
    row: impl Fn(u64) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    type Keys = Box<dyn Fn() -> Vec<u64> + Send + Sync>;
    fn of_one_type(keys: Keys, row: Arc<dyn Fn(u64) -> AnyView + Send + Sync>) -> AnyView {
        // As Leptos' own list, but for the rows' owners.
        let row = move |_, key| {
            let owner = lone_owner();
            // What a row reads while it is built is not read by the list.
            let view = owner.with(|| untrack(|| row(key)));
            (|_: usize| (), OwnedView::new_with_owner(view, owner))
        };
        (move || tachys::keyed(keys(), |key| *key, row.clone())).into_any()
    }
    of_one_type(Box::new(keys), Arc::new(row))
}

/// An owner of what goes by itself, with the store for a context. A parent would keep a note of
/// every child that it ever had, and so the page of every row that was ever shown.
fn lone_owner() -> Owner {
    let (here, store) = (Owner::current(), store());
    if let Some(here) = here.clone() {
        here.unset();
    }
    let owner = Owner::new();
    owner.with(|| provide_context(store));
    if let Some(here) = here {
        here.set();
    }
    owner
}
