//! The foot of a printed sheet: the state in words, its link, and the link as a code.

use leptos::prelude::*;
use web_sys::Event;

use super::browser;
use super::code::code;
use super::language::{say, say_with, worded};
use super::parts::heard;
use super::store::store;
use link::State;
use link::differences::differences;
use systems::shared::{SURFACE, Surface};

/// What the foot says, as of when the sheet was printed.
#[derive(Clone, Default, PartialEq)]
struct Foot {
    state: String,
    link: String,
    code: Option<String>,
}

/// The foot, which is seen on paper alone and written when paper is asked for.
#[component]
pub fn PrintFoot() -> impl IntoView {
    let store = store();
    let foot = RwSignal::new(Foot::default());
    let write = move || {
        let link = store.link.get_untracked();
        let state = store.state.with_untracked(|state| {
            let of_default = State {
                query: state.query.clone(),
                shopper: state.shopper.clone(),
                settings: state.settings.only(&[&SURFACE]),
                ..State::default()
            };
            let said: Vec<String> = differences(&of_default, state).iter().map(worded).collect();
            let shopper = store.shop.with_untracked(|shop| {
                let shoppers = &shop.as_ref()?.shoppers;
                shoppers.iter().find(|s| s.key == state.shopper).map(|s| s.name.clone())
            });
            let whose = [("name", &*shopper.unwrap_or_default()), ("query", &*state.query)];
            let whose = match (state.surface(), state.query.trim()) {
                (Surface::Feed, _) => say_with(word!("print.feed"), &whose),
                (Surface::Search, "") => say_with(word!("print.no-query"), &whose),
                (Surface::Search, _) => say_with(word!("print.search"), &whose),
            };
            let set = match said.is_empty() {
                true => say(word!("print.default")).into(),
                false => say_with(word!("print.set"), &[("set", &said.join(" · "))]),
            };
            whose + say(word!("sentences.between")) + &set
        });
        let link = browser::address_of(&link);
        foot.set(Foot { state, code: code(&link), link });
    };
    heard("beforeprint", move |_: &Event| write());
    view! {
        <footer class="foot" data-testid="print-foot" aria-hidden="true">
            <div inner_html=move || foot.with(|foot| foot.code.clone().unwrap_or_default())></div>
            <div>
                <p prop:textContent=move || foot.with(|foot| foot.state.clone())></p>
                <p translate="no" prop:textContent=move || foot.with(|foot| foot.link.clone())></p>
            </div>
        </footer>
    }
}
