//! Numbers as colours and as bars.

use leptos::prelude::*;
use web_sys::Element;

use page::insides::blocks::{longest, two_sided};
use page::language::say_with;
use page::parts::live;
use protocol::words::{count, css_share};

/// Cells of the small strip on a part's box.
const CELLS: usize = 24;
/// Named numbers that are shown one by one at once; the rest unfolds.
const NAMED: usize = 8;

/// The share of a colour that stands for a value, in percent with its sign.
pub fn heat(value: f32, longest: f32) -> i32 {
    match longest > 0.0 && value.is_finite() {
        true => (100.0 * (value / longest).clamp(-1.0, 1.0)).round() as i32,
        false => 0,
    }
}

/// A colour of the style sheet for a heat: the accent above nothing, the warm one below.
pub fn colour(heat: i32) -> String {
    let name = if heat < 0 { "--warm" } else { "--accent" };
    format!("color-mix(in oklab,var({name}) {}%,var(--sunk))", heat.abs())
}

/// The heat of a few cells, each the strongest of its numbers.
pub fn cells(values: &[f32]) -> Vec<i32> {
    let most = longest(values.iter().copied());
    let size = values.len().div_ceil(CELLS).max(1);
    let strongest = |cell: &[f32]| {
        cell.iter().copied().fold(0.0_f32, |most, v| if v.abs() > most.abs() { v } else { most })
    };
    values.chunks(size).map(|cell| heat(strongest(cell), most)).collect()
}

/// The background of a small strip.
pub fn background(cells: &[i32]) -> String {
    let step = 100.0 / cells.len().max(1) as f32;
    let stops = cells.iter().enumerate().map(|(n, heat)| {
        let (from, to) = (step * n as f32, step * (n + 1) as f32);
        format!("{} {from:.2}% {to:.2}%", colour(*heat))
    });
    format!("linear-gradient(90deg,{})", stops.collect::<Vec<_>>().join(","))
}

/// A bar to one side where nothing is below nothing, else to both.
pub fn bar_of(value: f32, most: f32, all_above: bool) -> AnyView {
    if !all_above {
        return two_sided(value, most).into_any();
    }
    // Shares of one are drawn as they are.
    let share = value / most.max(1.0);
    view! { <span class="bar ranker" style=format!("--share:{}", css_share(share))></span> }
        .into_any()
}

/// The first of so many lines, and behind them all, made when they are unfolded.
pub fn listed(lines: usize, line: impl Fn(usize) -> AnyView + Send + 'static) -> AnyView {
    fn of_one_type(lines: usize, line: Box<dyn Fn(usize) -> AnyView + Send>) -> AnyView {
        let first = (0..lines.min(NAMED)).map(&line).collect_view();
        let first = view! { <ol class="rows">{first}</ol> };
        if lines <= NAMED {
            return first.into_any();
        }
        let open = RwSignal::new(false);
        let turn = move |event| open.set(event_target::<Element>(&event).has_attribute("open"));
        let rest = live(move || match open.get() {
            false => ().into_any(),
            true => {
                let rest = (NAMED..lines).map(&line).collect_view();
                view! { <ol class="rows">{rest}</ol> }.into_any()
            }
        });
        let all = say_with(word!("machine.all"), &[("count", &count(lines))]);
        view! {
            {first}
            // Where other numbers take the place of these, it is folded with its lines.
            <details class="behind" prop:open=move || open.get() on:toggle=turn>
                <summary prop:textContent=all></summary>
                {rest}
            </details>
        }
        .into_any()
    }
    of_one_type(lines, Box::new(line))
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
    fn a_long_vector_is_a_few_cells_that_keep_its_strongest_numbers() {
        let mut values = vec![0.0; 100];
        values[7] = -3.0;
        let background = background(&cells(&values));
        assert_eq!(background.matches("color-mix").count(), 20);
        assert_eq!(background.matches("var(--warm) 100%").count(), 1);
        assert!(background.contains("5.00% 10.00%"));
    }
}
