//! The frame of what a part holds, vector or square: its name and shape, what is drawn of it, and what it is
//! more or less than before.

use leptos::prelude::*;

use super::heat::bar_of;
use super::told::figure;
use page::language::say;

/// What stands in a frame.
pub struct Framed {
    /// What it is called.
    pub name: String,
    /// How many numbers it has; empty where that goes without saying.
    pub shape: String,
    /// The number that is all of it, if it is one.
    pub alone: Option<String>,
    /// All of it as it is drawn.
    pub drawn: AnyView,
    /// What it is more or less than before, and that drawn.
    pub changed: Option<(Vec<f32>, AnyView)>,
}

/// A frame with what stands in it.
pub fn framed(Framed { name, shape, alone, drawn, changed }: Framed) -> AnyView {
    let changed = changed.map(|(values, drawn)| {
        view! {
            <p class="difference"><span prop:textContent=say(word!("machine.difference"))></span> " " <small translate="no">{size(&values)}</small></p>
            {drawn}
        }
    });
    view! {
        <div class="vector">
            <p>
                <span translate="no">{name}</span>
                <small translate="no">{shape}</small>
                {alone.map(|number| view! { <strong translate="no">{number}</strong> })}
            </p>
            {drawn}
            {changed}
        </div>
    }
    .into_any()
}

/// How large a difference is: the number where it is one alone, else its length.
fn size(values: &[f32]) -> String {
    match values {
        [one] => figure(*one, 3),
        _ => format!("‖{}‖", figure(values.iter().map(|v| v * v).sum::<f32>().sqrt(), 3)),
    }
}

/// A line of those that tell numbers one by one: what the number is of, its bar, and itself.
pub fn line(what: AnyView, value: f32, most: f32, all_above: bool) -> AnyView {
    view! {
        <li>
            <span class="what" translate="no">{what}</span>
            {bar_of(value, most, all_above)}
            <small translate="no">{figure(value, 3)}</small>
        </li>
    }
    .into_any()
}

/// Places of the numbers, those farthest from nothing first.
pub fn strongest(values: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].abs().total_cmp(&values[*a].abs()));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_by_its_number_or_by_its_length() {
        assert_eq!([size(&[-0.25]), size(&[3.0, -4.0])], ["−0.250", "‖5‖"]);
    }

    #[test]
    fn what_is_farthest_from_nothing_stands_first() {
        assert_eq!(strongest(&[0.5, -0.75, 0.0]), [1, 0, 2]);
        assert_eq!(strongest(&[]), [0; 0]);
    }
}
