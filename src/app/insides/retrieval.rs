//! What MOPPR made of the query.

use leptos::prelude::*;

use crate::app::parts::live;
use crate::app::store::store;
use crate::app::words::{css_share, percent};

/// Most categories shown.
const CATEGORIES: usize = 6;

#[component]
pub fn RetrievalInside() -> impl IntoView {
    let store = store();
    let pieces = move || {
        store.insides.with(|answer| {
            let Some(answer) = answer else { return vec![] };
            let inside = &answer.retrieval;
            let attention = inside.personal_attention.iter().copied();
            inside.pieces.iter().cloned().zip(attention).collect::<Vec<_>>()
        })
    };
    let categories = move || {
        store.insides.with(|answer| {
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
    };
    let kept = move || {
        store.insides.with(|answer| {
            let Some(answer) = answer else { return String::new() };
            let (of, kept) =
                (answer.history.len(), answer.history.iter().filter(|e| e.kept).count());
            format!("Category filtering keeps {kept} of {of} behaviours.")
        })
    };
    let piece = |(piece, attention): (String, f32)| {
        view! {
            <li title=format!("attention {}", percent(attention)) style=format!("--share:{}", css_share(attention))>
                <span>{piece}</span>
                <small>{percent(attention)}</small>
            </li>
        }
    };
    let category = |(name, probability): (String, f32)| {
        view! {
            <li>
                <span class="what">{name}</span>
                <span class="bar retriever" style=format!("--share:{}", css_share(probability))></span>
                <small>{percent(probability)}</small>
            </li>
        }
    };
    let read = live(move || {
        let pieces = pieces();
        if !pieces.is_empty() {
            let pieces = pieces.into_iter().map(piece).collect_view();
            return view! { <ol class="pieces">{pieces}</ol> }.into_any();
        }
        let text = match store.insides.with(Option::is_some) {
            true => "There is no query to read.",
            false => "Comes with the first ranking.",
        };
        view! { <p class="empty">{text}</p> }.into_any()
    });
    view! {
        {read}
        <ol class="rows">{live(move || categories().into_iter().map(category).collect_view().into_any())}</ol>
        <p class="note">{kept}</p>
    }
}
