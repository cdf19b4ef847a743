//! Vectors as strips of heat, and as bars where their numbers have names.

use leptos::prelude::*;

use market::language::Value;
use page::insides::blocks::{longest, two_sided};
use page::language::{say_with, worded};
use page::picture::Picture;
use protocol::machine::Strip;
use protocol::words::{count, css_share, signed};

/// Cells of the small strip on a part's box.
const CELLS: usize = 24;
/// Named numbers that are shown one by one; the rest is in the strip.
const NAMED: usize = 8;

/// The share of a colour that stands for a value, in percent with its sign.
fn heat(value: f32, longest: f32) -> i32 {
    match longest > 0.0 && value.is_finite() {
        true => (100.0 * (value / longest).clamp(-1.0, 1.0)).round() as i32,
        false => 0,
    }
}

/// A colour of the style sheet for a heat: the accent above nothing, the warm one below.
fn colour(heat: i32) -> String {
    let name = if heat < 0 { "--warm" } else { "--accent" };
    format!("color-mix(in oklab,var({name}) {}%,var(--sunk))", heat.abs())
}

/// The background of a small strip: a few cells, each the strongest of its numbers.
pub fn background(values: &[f32]) -> String {
    let most = longest(values.iter().copied());
    let size = values.len().div_ceil(CELLS).max(1);
    let strongest = |cell: &[f32]| {
        cell.iter().copied().fold(0.0_f32, |most, v| if v.abs() > most.abs() { v } else { most })
    };
    let cells: Vec<i32> = values.chunks(size).map(|cell| heat(strongest(cell), most)).collect();
    let step = 100.0 / cells.len().max(1) as f32;
    let stops = cells.iter().enumerate().map(|(n, heat)| {
        let (from, to) = (step * n as f32, step * (n + 1) as f32);
        format!("{} {from:.2}% {to:.2}%", colour(*heat))
    });
    format!("linear-gradient(90deg,{})", stops.collect::<Vec<_>>().join(","))
}

/// A bar to one side where nothing is below nothing, else to both.
fn bar_of(value: f32, most: f32, all_above: bool) -> AnyView {
    if !all_above {
        return two_sided(value, most).into_any();
    }
    // Shares of one are drawn as they are.
    let share = value / most.max(1.0);
    view! { <span class="bar ranker" style=format!("--share:{}", css_share(share))></span> }
        .into_any()
}

/// A number as short as it can be told: whole ones whole, small ones with more digits.
pub fn told(value: f32) -> String {
    match value {
        whole if whole.fract() == 0.0 => signed(whole, 0),
        small if small.abs() < 0.1 => signed(small, 4),
        other => signed(other, 2),
    }
}

/// A number with the digits that it can be held against another by.
pub fn precise(value: f32) -> String {
    signed(value, if value.fract() == 0.0 { 0 } else { 4 })
}

/// What a strip is called.
pub fn called(name: &Value) -> String {
    match name {
        Value::Text(text) => text.clone(),
        Value::Message(message) => worded(message),
    }
}

/// A strip in full: its name, its shape, every number as a cell, and those that have names as bars.
pub fn strip(Strip { name, columns, products, values }: Strip) -> AnyView {
    let most = longest(values.iter().copied());
    let shape = say_with(word!("machine.shape"), &[("count", &count(values.len()))]);
    let title = |number: usize| {
        columns.get(number).map_or_else(String::new, |column| format!("{}: ", called(column)))
    };
    let cells = values.iter().enumerate().map(|(number, value)| {
        let style = format!("background:{}", colour(heat(*value, most)));
        view! { <i style=style title=format!("{}{}", title(number), signed(*value, 4))></i> }
    });
    let cells =
        (values.len() > 1).then(|| view! { <span class="cells">{cells.collect_view()}</span> });
    let all_above = values.iter().all(|value| *value >= 0.0);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].abs().total_cmp(&values[*a].abs()));
    let bar = |&number: &usize| {
        let (value, product) = (values[number], products.get(number).copied());
        let what = columns.get(number).map(called);
        view! {
            <li>
                {product.map(|product| view! { <Picture product /> })}
                {what.map(|what| view! { <span class="what" translate="no">{what}</span> })}
                {bar_of(value, most, all_above)}
                <small translate="no">{signed(value, 3)}</small>
            </li>
        }
    };
    let named = !columns.is_empty() || !products.is_empty();
    let bars = named.then(|| {
        view! { <ol class="rows">{order.iter().take(NAMED).map(bar).collect_view()}</ol> }
    });
    let alone = (values.len() == 1 && !named)
        .then(|| view! { <strong translate="no">{told(values[0])}</strong> });
    view! {
        <div class="vector">
            <p>
                <span translate="no">{called(&name)}</span>
                <small translate="no">{shape}</small>
                {alone}
            </p>
            {cells}
            {bars}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_the_share_of_the_longest_with_its_sign() {
        assert_eq!([heat(2.0, 4.0), heat(-4.0, 4.0), heat(0.0, 4.0)], [50, -100, 0]);
        assert_eq!([heat(1.0, 0.0), heat(f32::NAN, 1.0)], [0, 0]);
    }

    #[test]
    fn numbers_are_told_with_the_digits_that_tell_them_apart() {
        assert_eq!([3.0, 0.77, -2.884, 0.0028].map(told), ["3", "0.77", "−2.88", "0.0028"]);
    }

    #[test]
    fn a_long_vector_is_a_few_cells_that_keep_its_strongest_numbers() {
        let mut values = vec![0.0; 100];
        values[7] = -3.0;
        let background = background(&values);
        assert_eq!(background.matches("color-mix").count(), 20);
        assert_eq!(background.matches("var(--warm) 100%").count(), 1);
        assert!(background.contains("5.00% 10.00%"));
    }
}
