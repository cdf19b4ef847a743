//! What the retriever made of the request.

use leptos::prelude::*;

use super::blocks::blocks;
use crate::language::{say, say_with};
use crate::parts::live;
use crate::store::store;
use protocol::words::{count, css_share, percent};

/// Most categories shown.
const CATEGORIES: usize = 6;

#[component]
pub fn RetrievalInside() -> impl IntoView {
    let store = store();
    let pieces = move || {
        store.insides.with(|answer| {
            let Some(answer) = answer else { return vec![] };
            let inside = &answer.retrieval;
            // Not every retriever attends to the pieces one by one.
            let attention = |n: usize| inside.attention.as_ref()?.get(n).copied();
            let pieces = inside.pieces.iter().cloned().enumerate();
            pieces.map(|(n, piece)| (piece, attention(n))).collect::<Vec<_>>()
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
            let key = word!("request.reads-{}", answer.retriever.key);
            say_with(&key, &[("kept", &count(kept)), ("count", &count(of))])
        })
    };
    let piece = |(piece, attention): (String, Option<f32>)| {
        let title = attention
            .map(|share| say_with(word!("request.attention"), &[("share", &percent(share))]));
        view! {
            <li title=title style=format!("--share:{}", css_share(attention.unwrap_or(0.0)))>
                <span translate="no">{piece}</span>
                {attention.map(|share| view! { <small translate="no">{percent(share)}</small> })}
            </li>
        }
    };
    let category = |(name, probability): (String, f32)| {
        view! {
            <li>
                <span class="what" translate="no">{name}</span>
                <span class="bar retriever" style=format!("--share:{}", css_share(probability))></span>
                <small translate="no">{percent(probability)}</small>
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
            true => word!("request.no-query"),
            false => word!("insides.waiting"),
        };
        view! { <p class="empty" prop:textContent=say(text)></p> }.into_any()
    });
    let shown = live(move || {
        let shown = store.insides.with(|a| a.as_ref().map(|a| a.retrieval.blocks.clone()));
        blocks(shown.unwrap_or_default(), "retriever")
    });
    view! {
        {read}
        <ol class="rows" data-testid="categories">{live(move || categories().into_iter().map(category).collect_view().into_any())}</ol>
        <p class="note" prop:textContent=kept></p>
        {shown}
    }
}
