//! What is told to those who cannot see it: once, when it has come to rest.

use leptos::prelude::*;

use super::parts::{Soon, follow};

/// Milliseconds of rest after which something is told.
pub const QUIET: u32 = 800;

/// Tells a text, out of sight, once it has stood for a while. None: it goes on changing, and what was
/// told last stays.
pub fn spoken(says: impl Fn() -> Option<String> + 'static) -> AnyView {
    fn of_one_type(says: Box<dyn Fn() -> Option<String>>) -> AnyView {
        let (told, soon) = (RwSignal::new(String::new()), Soon::new());
        let tell = move |text: String| {
            // What is written again is heard again.
            if told.with_untracked(|told| *told != text) {
                told.set(text);
            }
        };
        follow(move |_| match says() {
            Some(text) => soon.after(QUIET, move || tell(text)),
            None => soon.never(),
        });
        view! { <p class="hidden" role="status" prop:textContent=move || told.get()></p> }
            .into_any()
    }
    of_one_type(Box::new(says))
}
