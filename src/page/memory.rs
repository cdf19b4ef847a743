//! Sizes of the shop that this device is asked for: what the browser says of its memory bounds them
//! ([`protocol::memory`]), until the person wants every size. A link that asks for more keeps what it asks for.

use leptos::prelude::*;

use super::language::{say, say_with};
use super::parts::{click, follow, when};
use super::store::{EVERY_SIZE, Store, store};
use super::{bridge, browser};
use link::State;
use market::language::Message;
use protocol::memory::{largest, megabytes};
use protocol::words;
use systems::knob::Knob;
use systems::shared::{PRODUCTS, ShopSize};

/// Key of the notice that fewer products are shown than are asked for.
const NOTICE: &str = "shop-held-back";

/// The largest size that this device is asked for, unless the person wants every size.
fn offered() -> ShopSize {
    largest(browser::gigabytes())
}

fn is_beyond(size: ShopSize) -> bool {
    size.value() > offered().value()
}

/// Whether a size is not offered, which may be followed.
fn is_held_back(store: Store, size: ShopSize) -> bool {
    !store.every_size.get() && is_beyond(size)
}

/// Whether an option of a knob is a size that is not offered, which may be followed.
pub fn holds_back(store: Store, knob: &Knob, option: usize) -> bool {
    let size = ShopSize::ALL.get(option).filter(|_| knob.key == PRODUCTS.key);
    size.is_some_and(|size| is_held_back(store, *size))
}

/// A state as engines are asked for it: with the largest shop that is offered in place of a larger one.
pub fn bounded(store: Store, state: State) -> State {
    let is_held = !store.every_size.get_untracked() && is_beyond(ShopSize::of(&state.settings));
    if is_held { state.with(&PRODUCTS, offered().value()) } else { state }
}

/// Says, for as long as the page lives, where fewer products are shown than are asked for.
pub fn follow_link(store: Store) {
    let held = Memo::new(move |_| {
        let size = store.state.with(|state| ShopSize::of(&state.settings));
        is_held_back(store, size).then_some(size)
    });
    follow(move |_| match held.get() {
        Some(size) => {
            let says = Message::new(word!("notices.shop-held-back"));
            let says = says.with("asked", products(size)).with("given", products(offered()));
            let says = says.with("megabytes", megabytes(size)).with("gigabytes", gigabytes());
            store.tell(NOTICE, says);
        }
        None => store.withdraw(NOTICE),
    });
}

/// Why the larger sizes are not offered, and the way to have them all the same.
#[component]
pub fn Sizes() -> impl IntoView {
    let store = store();
    let says = move || {
        let next = ShopSize::ALL.get(offered() as usize + 1).copied().unwrap_or(ShopSize::Largest);
        let values = [products(next), megabytes(next), gigabytes()];
        let [products, megabytes, gigabytes] = values.each_ref().map(String::as_str);
        let values = [("products", products), ("megabytes", megabytes), ("gigabytes", gigabytes)];
        say_with(word!("knobs-panel.sizes"), &values)
    };
    let want = || {
        browser::mark(EVERY_SIZE, "wanted");
        bridge::say(bridge::EVERY_SIZE, "");
    };
    let shown = move || {
        view! {
            <p class="note" data-testid="sizes-held-back" prop:textContent=says></p>
            <button
                type="button"
                class="outlined"
                data-testid="every-size"
                on:click=click(want)
                prop:textContent=move || say(word!("knobs-panel.every-size"))
            ></button>
        }
        .into_any()
    };
    when(move || is_held_back(store, ShopSize::Largest), shown)
}

/// How many products a shop of this size sells: its name in links.
fn products(size: ShopSize) -> String {
    words::count(ShopSize::KEYS[size as usize].parse().unwrap_or_default())
}

/// Gigabytes of this device's memory, where the browser says how many.
fn gigabytes() -> String {
    browser::gigabytes().map_or_else(String::new, |gigabytes| gigabytes.to_string())
}
