//! The page as a whole, and its link.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use web_sys::Event;

use super::funnel::Funnel;
use super::header::Header;
use super::insides::Insides;
use super::knobs::Knobs;
use super::language::{say, say_with};
use super::notices::Notices;
use super::parts::{click, follow, heard};
use super::prepared::{self, PreparedMark};
use super::print::PrintFoot;
use super::rows::keyed;
use super::shelf::Shelf;
use super::shopper::ShopperBand;
use super::store::{Store, store};
use super::studio::StudioFrame;
use super::undo::Steps;
use super::welcome::{self, Welcome};
use super::{bridge, browser, engine, keeping, language, memory, screen};
use link::PANELS;
use link::State;
use link::knobs::text_of;
use link::view::Link;
use market::language::Message;
use systems::shared::{RANKER, RETRIEVER, Surface};

/// Asks for a panel of the studio.
const OPEN: &str = "vitrine-open";

/// Milliseconds of rest after which the address follows the state.
const REST: u32 = 250;

/// Opens the link, shows the page in its language and starts the engines.
pub fn mount() {
    console_error_panic_hook::set_once();
    browser::mark("engine", "loading");
    language::start(|| leptos::mount::mount_to_body(App));
}

/// What outlives a language: the store, the link, the engines, the place of the studio.
#[component]
fn App() -> impl IntoView {
    let store = Store::new();
    provide_context(store);
    store.go(&browser::link());
    if !browser::remembers() {
        store.tell("storage-forbidden", Message::new(word!("notices.storage-forbidden")));
    }
    follow_link(store);
    follow_title(store);
    language::follow_link(store);
    screen::follow(store);
    screen::follow_system();
    prepared::show(store);
    memory::follow_link(store);
    engine::start(store);
    bridge::say_version();
    bridge::couple(store, bridge::PAGE);
    // A file that is dropped before the studio is there has it opened: see www/early.js.
    bridge::listen(OPEN, move |panel| {
        let panel = PANELS.iter().find(|known| **known == panel).copied();
        store.view.update(|view| view.panel = panel.or(view.panel));
    });
    keeping::follow(store);
    let steps = StoredValue::new(Steps::new(store.link.get_untracked()));
    // None: what the width makes of it, knobs beside the shelf or nothing over it.
    let sheet = RwSignal::new(None);
    // What is asked to be looked into is looked at.
    let selected = Memo::new(move |_| store.state.with(|state| state.selected));
    follow(move |_| {
        if selected.get().is_some() {
            sheet.set(Some("insides"));
        }
    });
    // Another language is another page in the place of this one; www/early.js keeps what no link
    // holds. To have every text change by itself would be a twentieth of the program.
    let pages = || vec![language::shown() as u64];
    let welcome = RwSignal::new(welcome::is_wanted());
    let page = move |_| view! { <Page steps sheet welcome /> }.into_any();
    view! {
        <div id="page">{keyed(pages, page)}</div>
        <StudioFrame />
        <PrintFoot />
    }
}

#[component]
fn Page(
    steps: StoredValue<Steps>,
    /// The side sheet that is open where there is no room for both.
    sheet: RwSignal<Option<&'static str>>,
    /// Whether the strip of a first visit is on show.
    welcome: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Whole />
        <Header steps />
        <Notices />
        <PreparedMark />
        <main>
            <Welcome open=welcome />
            <ShopperBand />
            <Funnel />
            <div class="stage">
                <Sheets open=sheet />
                <Shelf />
            </div>
        </main>
    }
}

/// Within another page: the way to the whole of this one, and to its link.
#[component]
fn Whole() -> impl IntoView {
    let store = store();
    let whole = move || {
        let (state, mut view) = (store.state.get(), store.view.get());
        view.embed.clear();
        // What was looked at is open there.
        view.panel = bridge::embedded_panel().or(view.panel);
        browser::address_of(&Link { state, view }.write())
    };
    let said = RwSignal::new(word!("page.copy"));
    let copy = move || {
        let address = untrack(whole);
        leptos::task::spawn_local(async move {
            let worked = browser::copy(&address).await;
            if !worked {
                browser::offer_to_copy(&address, untrack(|| say(word!("page.to-copy"))));
            }
            let _ = said.try_set(if worked {
                word!("header.copied")
            } else {
                word!("page.copy-refused")
            });
            set_timeout(
                move || {
                    let _ = said.try_set(word!("page.copy"));
                },
                Duration::from_secs(2),
            );
        });
    };
    view! {
        <p class="whole">
            <a href=whole target="_blank">{say(word!("page.whole"))}</a>
            <button type="button" on:click=click(copy)>
                <span aria-live="polite" prop:textContent=move || say(said.get())></span>
            </button>
        </p>
    }
}

/// The two side columns; where there is no room for both they are sheets behind tabs.
#[component]
fn Sheets(
    /// Which of them.
    open: RwSignal<Option<&'static str>>,
) -> impl IntoView {
    let tab = move |name: &'static str, label: &'static str| {
        let turn = move || open.update(|open| *open = (*open != Some(name)).then_some(name));
        view! {
            <button
                type="button"
                data-tab=name
                aria-pressed=move || (open.get() == Some(name)).to_string()
                on:click=click(turn)
            >
                {say(label)}
            </button>
        }
        .into_any()
    };
    view! {
        <aside class="side left" aria-label=say(word!("page.knobs")) class:open=move || open.get() == Some("knobs")>
            <Knobs />
        </aside>
        <aside class="side right" aria-label=say(word!("page.insides")) class:open=move || open.get() == Some("insides")>
            <Insides />
        </aside>
        <nav class="tabs" aria-label=say(word!("page.sheets"))>{tab("knobs", word!("page.knobs"))} {tab("insides", word!("page.insides"))}</nav>
    }
}

/// Keeps the address and the state the same, both ways. Another query, shopper or surface is a
/// step that "back" returns from; anything else changes the present step.
fn follow_link(store: Store) {
    let step_of = |s: &State| (s.query.clone(), s.shopper.clone(), s.surface());
    let last = StoredValue::new(store.state.with_untracked(step_of));
    let pending = StoredValue::new_local(None::<Timeout>);
    let write = move || {
        let (link, step) = (store.link.get_untracked(), store.state.with_untracked(step_of));
        if link != browser::link() {
            browser::set_link(&link, last.with_value(|last| *last != step));
        }
        last.set_value(step);
    };
    let stop = move || pending.set_value(None);
    // What stands behind `?` would be sent to the server again by a reload.
    if browser::link().starts_with('?') {
        browser::set_link(&store.link.get_untracked(), false);
    }
    follow(move |first| {
        store.link.track();
        if first {
            return;
        }
        pending.set_value(Some(Timeout::new(REST, write)));
    });
    // Back and forward, and an address that a person writes or pastes, of which some browsers tell
    // in one way and some in the other.
    let arrive = move || {
        let link = browser::link();
        // An anchor is no link.
        if link.is_empty() || link.contains(['=', '%']) {
            stop();
            store.go(&link);
            last.set_value(store.state.with_untracked(step_of));
        }
    };
    heard("popstate", move |_: &Event| arrive());
    heard("hashchange", move |_: &Event| arrive());
}

/// Tells in the title what is asked for, for whom and by which ranker, so that one tab can be told
/// from another.
fn follow_title(store: Store) {
    let asked = Memo::new(move |_| {
        store.state.with(|state| {
            // Without a ranker it is the retriever that orders.
            let alone = state.ranker().tasks.is_empty();
            let system = if alone { &RETRIEVER } else { &RANKER };
            let system = text_of(system, &state.settings).to_ascii_uppercase();
            let query =
                (state.surface() == Surface::Search).then(|| state.query.trim().to_string());
            (query, state.shopper.clone(), system, alone)
        })
    });
    follow(move |_| {
        let (query, shopper, system, alone) = asked.get();
        let name = store.shop.with(|shop| {
            let known = shop.as_ref()?.shoppers.iter().find(|known| known.key == shopper)?;
            Some(known.name.clone())
        });
        let what = match query.as_deref() {
            None => say(word!("page.title.feed")),
            Some("") => say(word!("page.title.nothing")),
            Some(query) => query,
        };
        let name = name.unwrap_or(shopper);
        let ranker = match alone {
            true => say_with(word!("page.title.no-ranker"), &[("system", &system)]),
            false => system,
        };
        let values = [("query", what), ("name", &name), ("ranker", &ranker)];
        browser::document().set_title(&say_with(word!("page.title"), &values));
    });
}
