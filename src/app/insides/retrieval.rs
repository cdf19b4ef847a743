//! What MOPPR made of the query.

use leptos::prelude::*;

use crate::app::store::store;
use crate::app::words::percent;

/// Most categories shown.
const CATEGORIES: usize = 6;

#[component]
pub fn RetrievalInside() -> impl IntoView {
    let store = store();
    let pieces = Memo::new(move |_| {
        store.answer.with(|answer| {
            let Some(answer) = answer else { return vec![] };
            let inside = &answer.retrieval;
            inside.pieces.iter().cloned().zip(inside.personal_attention.iter().copied()).collect()
        })
    });
    let categories = Memo::new(move |_| {
        store.answer.with(|answer| {
            let categories =
                answer.as_ref().map(|a| a.retrieval.categories.clone()).unwrap_or_default();
            store.shop.with(|shop| {
                let types =
                    shop.as_ref().map(|s| s.catalogue.product_types.as_slice()).unwrap_or_default();
                let named =
                    |(id, p): (u16, f32)| Some((types.get(usize::from(id))?.name.clone(), p));
                categories.into_iter().filter_map(named).take(CATEGORIES).collect::<Vec<_>>()
            })
        })
    });
    let kept = move || {
        store.answer.with(|answer| {
            let history = &answer.as_ref()?.history;
            let kept = history.iter().filter(|entry| entry.kept).count();
            Some(format!("Category filtering keeps {kept} of {} behaviours.", history.len()))
        })
    };
    let piece = |(piece, attention): (String, f32)| {
        view! {
            <li title=format!("attention {}", percent(attention)) style=("--share", format!("{:.1}%", 100.0 * attention))>
                <span>{piece}</span>
                <small>{percent(attention)}</small>
            </li>
        }
    };
    let category = |(name, probability): (String, f32)| {
        view! {
            <li>
                <span class="what">{name}</span>
                <span class="bar retriever" style=("--share", format!("{:.1}%", 100.0 * probability))></span>
                <small>{percent(probability)}</small>
            </li>
        }
    };
    view! {
        <Show
            when=move || !pieces.read().is_empty()
            fallback=move || {
                let text = match store.answer.with(Option::is_some) {
                    true => "There is no query to read.",
                    false => "Once there is a ranking.",
                };
                view! { <p class="empty">{text}</p> }
            }
        >
            <ol class="pieces">{move || pieces.get().into_iter().map(piece).collect_view()}</ol>
        </Show>
        <ol class="rows">{move || categories.get().into_iter().map(category).collect_view()}</ol>
        <p class="note">{kept}</p>
    }
}
