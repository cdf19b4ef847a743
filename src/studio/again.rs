//! What a panel shows where it got no answer.

use leptos::prelude::*;

use super::engine::Lost;
use page::language::{text, worded};
use page::parts::click;

/// Why there is no answer, and a button that raises `retry`. `of` is the panel's name, which tests look for.
pub fn ask_again(of: &'static str, why: Lost, retry: RwSignal<u32>) -> AnyView {
    view! {
        <div class="trouble">
            <p data-testid="notice" data-key=of role="alert" prop:textContent=move || worded(&why)></p>
            <button
                type="button"
                class="outlined"
                on:click=click(move || retry.update(|n| *n += 1))
                prop:textContent=text(word!("try-again"))
            ></button>
        </div>
    }
    .into_any()
}
