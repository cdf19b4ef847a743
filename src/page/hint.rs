//! What a control is about, told when it is asked: by a pointer that rests on its name, by the
//! keyboard's focus, by a finger. One hint is open at a time. It stands where it covers no other
//! control, can be pointed at, and Escape closes it.

use std::cell::Cell;

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, KeyboardEvent, PointerEvent};

use super::browser;
use super::lasting::Lasting;
use super::parts::is_composing;

/// Milliseconds that a pointer rests before a hint opens, and that it has to get to the hint.
const REST: u32 = 350;
/// Width of a hint beside its control, as in the style sheet, and its distance.
const WIDTH: f64 = 280.0;
const GAP: f64 = 10.0;
/// A hint beside its control begins no lower than this above the window's end.
const HEIGHT: f64 = 180.0;

/// A hint that is open.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    /// Id of its element.
    id: String,
    /// Where it stands on the screen; none: below its control.
    at: Option<(f64, f64)>,
}

thread_local! {
    static OPEN: Lasting<ArcRwSignal<Option<Open>>> = Lasting(ArcRwSignal::new(None));
    /// What is to happen once the pointer has rested.
    static SOON: Cell<Option<Timeout>> = const { Cell::new(None) };
    /// Whether somebody listens: from the first hint on, for as long as the page lives.
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// Where there is room for a hint: on the right of its control, on the left, or below.
fn place(id: &str) -> Option<(f64, f64)> {
    let control = browser::document().get_element_by_id(id)?.parent_element()?;
    let (control, window) = (control.get_bounding_client_rect(), browser::window());
    let size = |of: Result<wasm_bindgen::JsValue, _>| of.ok().and_then(|of| of.as_f64());
    let (width, height) = (size(window.inner_width())?, size(window.inner_height())?);
    let top = control.top().min(height - HEIGHT).max(GAP);
    let (left, right) = (control.left() - GAP - WIDTH, control.right() + GAP);
    [right, left].into_iter().find(|x| *x >= 0.0 && x + WIDTH <= width).map(|x| (x, top))
}

fn open(id: &str) {
    soon(None);
    listen();
    let (id, at) = (id.to_string(), place(id));
    OPEN.with(|shown| shown.set(Some(Open { id, at })));
}

/// Closes the hint that is open.
fn close() {
    soon(None);
    OPEN.with(|shown| {
        if shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
}

/// Does something after a while, in place of what was to be done.
fn soon(act: Option<Box<dyn FnOnce()>>) {
    SOON.set(act.map(|act| Timeout::new(REST, act)));
}

/// Escape closes what is open; what is scrolled takes its hint along.
fn listen() {
    if LISTENS.replace(true) {
        return;
    }
    let press = |event: &Event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        let shown = OPEN.with(|shown| shown.with_untracked(Option::is_some));
        if shown && event.key() == "Escape" && !is_composing(event) {
            // Nothing else is closed by it.
            event.prevent_default();
            close();
        }
    };
    let scroll = |_: &Event| {
        OPEN.with(|shown| {
            let Some(Open { id, .. }) = shown.get_untracked() else { return };
            let at = place(&id);
            shown.set(Some(Open { id, at }));
        });
    };
    let window = browser::window();
    // Before any other listener, and wherever it is scrolled.
    let capture = EventListenerOptions::run_in_capture_phase();
    let prevents = EventListenerOptions { passive: false, ..capture };
    EventListener::new_with_options(&window, "keydown", prevents, press).forget();
    EventListener::new_with_options(&window, "scroll", capture, scroll).forget();
}

/// The hint of a control, which opens beside it or below; its parent is the control's box.
#[component]
pub fn Hint(
    /// Its id, which describes the control.
    id: String,
    /// What it says.
    says: Box<dyn Fn() -> String + Send>,
) -> impl IntoView {
    let of = id.clone();
    let at = Memo::new(move |_| {
        OPEN.with(|shown| shown.with(|open| open.as_ref().filter(|o| o.id == of).map(|o| o.at)))
    });
    let style = move || {
        let at = at.get().flatten();
        at.map_or(String::new(), |(x, y)| format!("left:{x:.0}px;top:{y:.0}px"))
    };
    let stay = id.clone();
    view! {
        <span
            class="about"
            class:open=move || at.get().is_some()
            class:beside=move || at.get().flatten().is_some()
            style=style
            role="tooltip"
            id=id
            on:pointerenter=move |_| open(&stay)
            on:pointerleave=move |_| soon(Some(Box::new(close)))
            // Ours, and with links: see www/write-words.mjs.
            inner_html=says
        ></span>
    }
}

/// A pointer comes to the name of a control.
pub fn point(id: &str, event: &PointerEvent) {
    let id = id.to_string();
    if event.pointer_type() != "touch" {
        soon(Some(Box::new(move || open(&id))));
    }
}

/// A finger is lifted from the name of a control: it opens the hint, and closes it.
pub fn touch(id: &str, event: &PointerEvent) {
    if event.pointer_type() == "touch" {
        let is_open = OPEN.with(|shown| {
            shown.with_untracked(|open| open.as_ref().is_some_and(|open| open.id == id))
        });
        if is_open { close() } else { open(id) }
    }
}

/// A pointer leaves the name of a control.
pub fn leave(event: &PointerEvent) {
    if event.pointer_type() != "touch" {
        soon(Some(Box::new(close)));
    }
}

/// The focus leaves a control, unless it goes to a link of its hint.
pub fn blur(event: &FocusEvent) {
    let within = |to: Element| to.closest(".about").ok().flatten();
    let to = event.related_target().and_then(|to| to.dyn_into::<Element>().ok());
    if to.and_then(within).is_none() {
        close();
    }
}

/// The focus comes to a control, by the keyboard.
pub fn focus(id: &str, event: &FocusEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if target.is_some_and(|target| target.matches(":focus-visible").unwrap_or_default()) {
        open(id);
    }
}
