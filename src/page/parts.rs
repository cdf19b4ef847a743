//! Pieces of views that many components share. Leptos makes code for every type that it shows
//! and every function that it calls; these make one type of many, which keeps the page small.

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use leptos::ev::{InputEvent, KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

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

/// Whether a key is part of what an input method composes, and none of the page's. Some browsers
/// say so only by the key's old number.
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// The text of a box after it was changed; none while an input method composes it, which ends
/// with an event of its own.
pub fn written(event: &Event) -> Option<String> {
    let composing = event.dyn_ref::<InputEvent>().is_some_and(InputEvent::is_composing);
    (!composing).then(|| event_target_value(event))
}

/// Whether an event comes from a box that text is typed into, which has shortcuts of its own.
pub fn is_typed_into(event: &Event) -> bool {
    const BOX: &str = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), \
                       textarea, [contenteditable]";
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(BOX).ok().flatten().is_some())
}

/// What a click does.
pub fn click(act: impl Fn() + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(move |_| act())
}

/// Hears an event of the window for as long as the component is there.
pub fn heard<E: JsCast>(event: &'static str, mut act: impl FnMut(&E) + 'static) {
    fn of_one_type(event: &'static str, act: Box<dyn FnMut(&Event)>) {
        // Whoever hears of a key may take it.
        let takes = EventListenerOptions::enable_prevent_default();
        let window = super::browser::window();
        StoredValue::new_local(EventListener::new_with_options(&window, event, takes, act));
    }
    of_one_type(event, Box::new(move |event: &Event| act(event.unchecked_ref())));
}

/// What is to happen after a while, unless something else is before, or the component is gone.
#[derive(Clone, Copy)]
pub struct Soon(StoredValue<Option<Timeout>, LocalStorage>);

impl Soon {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(StoredValue::new_local(None))
    }

    /// Has this happen after so many milliseconds, in place of what was to.
    pub fn after(self, milliseconds: u32, act: impl FnOnce() + 'static) {
        self.0.set_value(Some(Timeout::new(milliseconds, act)));
    }

    /// Has nothing happen.
    pub fn never(self) {
        self.0.set_value(None);
    }
}

impl Default for Soon {
    fn default() -> Self {
        Self::new()
    }
}

/// Acts now and whenever what is read in acting changes; told whether it is the first time.
pub fn follow(act: impl FnMut(bool) + 'static) {
    fn of_one_type(mut act: Box<dyn FnMut(bool)>) {
        Effect::new(move |before: Option<()>| act(before.is_none()));
    }
    of_one_type(Box::new(act));
}
