//! Page and studio are two programs in one document, and hold the same link: what is changed in
//! one is told to the other, as an event that carries the link.

use gloo_events::EventListener;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CustomEvent, CustomEventInit, Event};

use super::browser;
use super::parts::follow;
use super::store::Store;
use link::PANELS;
use protocol::PROTOCOL_VERSION;

/// A side of the bridge: the names under which it speaks and is spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    speaks: &'static str,
    hears: &'static str,
}

/// The page's side.
pub const PAGE: Side = Side { speaks: "vitrine-page", hears: "vitrine-studio" };
/// The studio's side.
pub const STUDIO: Side = Side { speaks: PAGE.hears, hears: PAGE.speaks };

/// How the studio is told which product a pointer or the focus is on in passing; nothing where none is.
pub const PASSED: &str = "vitrine-passed";

/// Under this the studio brings learned weights: the name of the file that they take the place of where a
/// state asks for such, a line's end, and the file in base 64.
pub const WEIGHTS: &str = "vitrine-weights";

/// How both sides are told that shops of every size are wanted.
pub const EVERY_SIZE: &str = "vitrine-every-size";

/// Mark of the page on the document: [`PROTOCOL_VERSION`] of its build, as text.
const PROTOCOL: &str = "protocol";

/// How the page hears from a studio that is of another build, and therefore stays away.
pub const OUTDATED: &str = "vitrine-outdated";

/// How `www/early.js` says that the page, which stands in another, has come in sight; it leaves a mark, `seen`.
pub const SEEN: &str = "vitrine-seen";

/// The panel that alone is shown of the studio, where the page stands in another and that was asked for.
pub fn embedded_panel() -> Option<&'static str> {
    let embed = browser::marked("embed");
    PANELS.iter().copied().find(|panel| embed.split(' ').any(|part| part == *panel))
}

/// Says of which build the page is.
pub fn say_version() {
    browser::mark(PROTOCOL, &PROTOCOL_VERSION.to_string());
}

/// Whether this program and the page are of builds that understand each other; if not, the page is told.
pub fn fits() -> bool {
    let fits = browser::marked(PROTOCOL) == PROTOCOL_VERSION.to_string();
    if !fits {
        say(OUTDATED, "");
    }
    fits
}

/// Says nothing but that someone listens now: the other side answers with its link.
const HELLO: &str = "hello";

/// Keeps this side's store and the other's the same for as long as the page lives.
pub fn couple(store: Store, side: Side) {
    listen(side.hears, move |text| {
        if text == HELLO {
            say(side.speaks, &store.link.get_untracked());
        } else {
            store.go(&text);
        }
    });
    listen(EVERY_SIZE, move |_| store.every_size.set(true));
    say(side.speaks, HELLO);
    follow(move |first| {
        let link = store.link.get();
        if !first {
            say(side.speaks, &link);
        }
    });
}

/// Tells the document something.
pub fn say(name: &str, text: &str) {
    let options = CustomEventInit::new();
    options.set_detail(&text.into());
    if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &options) {
        // Nobody cancels it.
        let _ = browser::document().dispatch_event(&event);
    }
}

/// Hears what is told to the document, for as long as it lives.
pub fn listen(name: &'static str, act: impl Fn(String) + 'static) {
    hear(name, act).forget();
}

/// Hears what is told to the document, until this is dropped.
pub fn hear(name: &'static str, act: impl Fn(String) + 'static) -> EventListener {
    let hear = move |event: &Event| {
        if let Some(text) = event.unchecked_ref::<CustomEvent>().detail().as_string() {
            act(text);
        }
    };
    EventListener::new(&browser::document(), name, hear)
}
