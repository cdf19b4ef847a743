//! Vectors as strips of heat, and as bars where their numbers have names.

use leptos::prelude::*;

use page::insides::blocks::{longest, two_sided};
use page::language::{say, say_with};
use page::picture::Picture;
use protocol::machine::{Activity, Strip};
use protocol::words::{count, css_share};

use super::told::{called, figure, last};

/// Cells of the small strip on a part's box.
const CELLS: usize = 24;
/// Numbers or strips on a part's box, at most.
const FEW: usize = 3;
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

/// What stands on a part's box.
#[derive(Clone, Debug, PartialEq)]
pub enum Inside {
    /// Its few numbers.
    Numbers(Vec<String>),
    /// Its first vectors as small strips: the heat of each cell.
    Strips(Vec<Vec<i32>>),
    /// Nothing: there is none for this request.
    Nothing,
}

impl Inside {
    /// Of what a part made; differences are told with their sign.
    pub fn of(activity: &Activity, differs: bool) -> Self {
        let rows = &activity.rows;
        let comes_out = last(rows);
        let single = comes_out.iter().all(|row| row.values.len() == 1);
        let numbers: Vec<f32> =
            comes_out.iter().filter_map(|row| row.values.first().copied()).collect();
        let told = |value: &f32| match differs && *value > 0.0 {
            true => format!("+{}", figure(*value, 3)),
            false => figure(*value, 3),
        };
        if rows.iter().all(|row| row.values.is_empty()) {
            return Self::Nothing;
        }
        if single && numbers.len() <= FEW {
            return Self::Numbers(numbers.iter().map(told).collect());
        }
        let long = rows.iter().filter(|row| row.values.len() > 1).take(FEW);
        let mut strips: Vec<_> = long.map(|row| cells(&row.values)).collect();
        if single {
            strips.push(cells(&numbers));
        }
        Self::Strips(strips)
    }
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
fn bar_of(value: f32, most: f32, all_above: bool) -> AnyView {
    if !all_above {
        return two_sided(value, most).into_any();
    }
    // Shares of one are drawn as they are.
    let share = value / most.max(1.0);
    view! { <span class="bar ranker" style=format!("--share:{}", css_share(share))></span> }
        .into_any()
}

/// A strip in full: its name, its shape, every number as a cell, those that have names as bars, and what
/// it is more or less than before.
pub fn strip(
    Strip { name, columns, products, values }: Strip,
    difference: Option<Vec<f32>>,
) -> AnyView {
    let most = longest(values.iter().copied());
    let shape = (values.len() > 1)
        .then(|| say_with(word!("machine.shape"), &[("count", &count(values.len()))]));
    let title = |number: usize| {
        columns.get(number).map_or_else(String::new, |column| format!("{}: ", called(column)))
    };
    let cells = |values: &[f32], most: f32| {
        let cell = |(number, value): (usize, &f32)| {
            let style = format!("background:{}", colour(heat(*value, most)));
            view! { <i style=style title=format!("{}{}", title(number), figure(*value, 3))></i> }
        };
        view! { <span class="cells">{values.iter().enumerate().map(cell).collect_view()}</span> }
            .into_any()
    };
    let changed = difference.map(|values| {
        let most = longest(values.iter().copied());
        let said = match values[..] {
            [one] => figure(one, 3),
            _ => format!("‖{}‖", figure(values.iter().map(|v| v * v).sum::<f32>().sqrt(), 3)),
        };
        view! {
            <p class="difference"><span prop:textContent=say(word!("machine.difference"))></span> " " <small translate="no">{said}</small></p>
            {(values.len() > 1).then(|| cells(&values, most))}
        }
    });
    let cells = (values.len() > 1).then(|| cells(&values, most));
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
                <small translate="no">{figure(value, 3)}</small>
            </li>
        }
    };
    let named = !columns.is_empty() || !products.is_empty();
    let bars = named.then(|| {
        view! { <ol class="rows">{order.iter().take(NAMED).map(bar).collect_view()}</ol> }
    });
    let alone = (values.len() == 1 && !named)
        .then(|| view! { <strong translate="no">{figure(values[0], 4)}</strong> });
    view! {
        <div class="vector">
            <p>
                <span translate="no">{called(&name)}</span>
                <small translate="no">{shape}</small>
                {alone}
            </p>
            {cells}
            {bars}
            {changed}
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
    fn a_box_shows_few_numbers_and_of_more_their_strips() {
        let rows = |all: &[&[f32]]| {
            let strip = |values: &&[f32]| Strip {
                name: "".into(),
                columns: vec![],
                products: vec![],
                values: values.to_vec(),
            };
            Activity { part: "gates".into(), rows: all.iter().map(strip).collect() }
        };
        let numbers = |of: &[&str]| Inside::Numbers(of.iter().map(ToString::to_string).collect());
        let few = rows(&[&[0.5], &[-0.25]]);
        assert_eq!(Inside::of(&few, false), numbers(&["0.500", "−0.250"]));
        assert_eq!(Inside::of(&few, true), numbers(&["+0.500", "−0.250"]));
        // What comes out stands last: it is told in place of how it came to be.
        assert_eq!(Inside::of(&rows(&[&[1.0, 2.0], &[3.0]]), false), numbers(&["3"]));
        let strips = Inside::Strips(vec![vec![50, 100], vec![-100, 0]]);
        assert_eq!(Inside::of(&rows(&[&[1.0, 2.0], &[-4.0, 0.0]]), false), strips);
        assert_eq!(Inside::of(&rows(&[&[], &[]]), false), Inside::Nothing);
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
