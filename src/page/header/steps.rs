//! Undo, redo, and the way back to the start.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::language::say;
use crate::parts::{click, follow, heard, is_composing, is_typed_into};
use crate::picture::Mark;
use crate::store::store;
use crate::undo::Steps;

/// The letter of a shortcut: what the key types, or where that is no Latin letter, what it types
/// at its place on a keyboard that has them.
fn shortcut(key: &str, code: &str) -> Option<char> {
    let mut letters = key.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter.to_ascii_lowercase()),
        _ => code.strip_prefix("Key")?.chars().next().map(|letter| letter.to_ascii_lowercase()),
    }
}

/// Undo, redo, and the way back to the state that the page was opened with: its query, its
/// shopper, its seed.
#[component]
pub fn UndoButtons(steps: StoredValue<Steps>) -> impl IntoView {
    let store = store();
    let ways = RwSignal::new((false, false));
    follow(move |_| {
        let now = store.link.get();
        let time = Duration::from_millis(browser::now() as u64);
        steps.update_value(|steps| steps.note(now, time));
        ways.set(steps.with_value(Steps::ways));
    });
    let go = move |to: Option<String>| {
        if let Some(link) = to {
            store.go(&link);
        }
    };
    let undo = move || go(steps.try_update_value(Steps::undo).flatten());
    let redo = move || go(steps.try_update_value(Steps::redo).flatten());
    let restart = move || go(Some(steps.with_value(Steps::start)));
    heard("keydown", move |event: &ev::KeyboardEvent| {
        let held = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !held || is_composing(event) || is_typed_into(event) {
            return;
        }
        match (shortcut(&event.key(), &event.code()), event.shift_key()) {
            (Some('z'), false) => undo(),
            (Some('z'), true) | (Some('y'), false) => redo(),
            _ => return,
        }
        event.prevent_default();
    });
    let button = |name: &'static str,
                  mark: &'static str,
                  testid: &'static str,
                  off: Box<dyn Fn() -> bool + Send + Sync>,
                  act: Box<dyn Fn()>| {
        view! {
            <button
                type="button"
                class="icon"
                data-testid=testid
                aria-label=say(name)
                title=say(name)
                disabled=off
                on:click=click(act)
            >
                <Mark name=mark />
            </button>
        }
        .into_any()
    };
    view! {
        <div class="steps" role="group" aria-label=say(word!("header.changes"))>
            {button(word!("header.undo"), "undo", "undo", Box::new(move || !ways.get().0), Box::new(undo))}
            {button(word!("header.redo"), "redo", "redo", Box::new(move || !ways.get().1), Box::new(redo))}
            {button(word!("header.restart"), "restart", "restart", Box::new(move || !ways.get().0), Box::new(restart))}
        </div>
    }
}
