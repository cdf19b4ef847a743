//! Pictures: products drawn in their own colour, and the few marks of the page itself.

use leptos::prelude::*;

use super::parts::live;
use super::store::store;
use super::{browser, icons};
use market::catalogue::ProductId;
use protocol::Shop;

/// Tints for products without a colour, by department: muted, apart from each other.
const TINTS: [&str; 8] =
    ["#7d8f69", "#8a7a9b", "#5f8aa3", "#b08457", "#a3706a", "#6a9c94", "#9a9152", "#7f86b0"];

/// Address of a drawing.
pub fn drawing(name: &str) -> String {
    format!("{}#{name}", browser::versioned("icons.svg"))
}

/// Brightness of a tint `#rrggbb`, 0 to 1: very light and very dark ones are drawn on other
/// grounds, or they would be lost.
fn brightness(tint: &str) -> f32 {
    let channel = |at: usize| {
        let hex = tint.get(at..at + 2).unwrap_or("80");
        f32::from(u8::from_str_radix(hex, 16).unwrap_or(128)) / 255.0
    };
    0.299 * channel(1) + 0.587 * channel(3) + 0.114 * channel(5)
}

/// Drawing and tint of a product.
fn look(shop: &Shop, product: ProductId) -> Option<(&'static str, String)> {
    let catalogue = &shop.catalogue;
    let product = shop.product(product)?;
    let product_type = catalogue.product_types.get(product.product_type as usize)?;
    let tint =
        product.colour.and_then(|colour| catalogue.colours.get(usize::from(colour))).map_or_else(
            || TINTS[usize::from(product_type.department) % TINTS.len()].into(),
            |colour| colour.hex.clone(),
        );
    Some((icons::drawing(catalogue, product_type), tint))
}

/// A product, drawn and tinted. Decoration: its title stands beside it.
#[component]
pub fn Picture(
    /// Which.
    product: ProductId,
) -> impl IntoView {
    let store = store();
    live(move || {
        let looks = store.shop.with(|shop| look(shop.as_ref()?, product));
        let Some((icon, tint)) = looks else { return ().into_any() };
        let class = match brightness(&tint) {
            pale if pale > 0.82 => "picture pale",
            light if light > 0.68 => "picture light",
            dark if dark < 0.35 => "picture deep",
            _ => "picture",
        };
        view! {
            <span class=class style=format!("--tint:{tint}") aria-hidden="true">
                <svg viewBox="0 0 48 48">
                    <use href=drawing(icon) />
                </svg>
            </span>
        }
        .into_any()
    })
}

/// A mark of the page: 24 by 24, drawn in the colour of the text.
#[component]
pub fn Mark(
    /// Name of the drawing, without what marks begin with.
    name: &'static str,
) -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <use href=drawing(&format!("ui-{name}")) />
        </svg>
    }
}

/// A symbol as papers set it: `w_click` becomes w with click below it.
#[component]
pub fn Symbol(
    /// As links and tables write it.
    symbol: &'static str,
) -> impl IntoView {
    let (base, below) = match symbol.split_once('_') {
        Some((base, below)) => (base, Some(below)),
        None => (symbol, None),
    };
    (!symbol.is_empty()).then(|| {
        view! {
            <span class="symbol" translate="no">
                <i>{base}</i>
                {below.map(|below| view! { <sub>{below}</sub> })}
            </span>
        }
    })
}
