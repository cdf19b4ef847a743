//! One part of the machine by itself, opened, beside words that are about it.

use std::sync::Arc;

use leptos::prelude::*;

use super::moved::Past;
use super::opened::one_part;
use super::seen::{Seen, Wanted, see};
use super::{PANEL, subject};
use crate::engine::{Engine, Lost};
use crate::rest::at_rest;
use link::view::{Beside, PartPlace};
use page::language::{say, text, worded};
use page::parts::{click, live};
use page::store::store;

/// The part with the numbers of the product that is chosen, else of the first on the page; and the way to
/// the whole machine, with the part opened.
pub fn apart(place: PartPlace) -> AnyView {
    let store = store();
    let engine: Engine = expect_context();
    let seen = RwSignal::new(None::<Result<Option<Arc<Seen>>, Lost>>);
    let past = StoredValue::new(Past::default());
    at_rest(move |turn| {
        let wanted = Wanted {
            state: store.state.get(),
            passing: None,
            of_page: false,
            against: Beside::Nothing,
            pin: None,
        };
        let engine = engine.clone();
        Some(Box::pin(async move {
            let answered = see(&engine, wanted, past).await;
            if turn.is_latest() {
                seen.set(Some(answered.map(|now| now.map(Arc::new))));
            }
        }))
    });
    let shown = live(move || match seen.get() {
        None => view! { <p class="note" prop:textContent=say(word!("studio.explain.asking"))></p> }
            .into_any(),
        Some(Ok(None)) => {
            view! { <p class="empty" prop:textContent=say(word!("machine.nothing"))></p> }
                .into_any()
        }
        Some(Ok(Some(seen))) => {
            let part = one_part(&seen, place).unwrap_or_else(|| {
                view! { <p class="empty" prop:textContent=say(word!("machine.no-such-part"))></p> }
                    .into_any()
            });
            view! {
                <p class="note" translate="no">{subject(&seen, store)}</p>
                {part}
            }
            .into_any()
        }
        Some(Err(why)) => {
            view! { <p data-testid="notice" data-key="machine" role="alert">{worded(&why)}</p> }
                .into_any()
        }
    });
    let open = move || {
        store.view.update(|view| {
            view.part = Some(place);
            view.panel = Some(PANEL.key);
        });
    };
    view! {
        <div class="machine" data-testid="machine-apart">
            <section class="opened">{shown}</section>
            <button
                type="button"
                class="quiet"
                data-testid="machine-whole"
                on:click=click(open)
                prop:textContent=text(word!("machine.whole"))
            ></button>
        </div>
    }
    .into_any()
}
