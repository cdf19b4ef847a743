//! Vectors as strips of heat, and as bars where their numbers have names.

use leptos::prelude::*;

use super::framed::{Framed, framed, line, strongest};
use super::heat::{cells, colour, heat, listed};
use super::told::{called, figure, last};
use market::catalogue::ProductId;
use page::insides::blocks::longest;
use page::language::say_with;
use page::picture::Picture;
use page::store::store;
use protocol::machine::{Activity, Strip};
use protocol::words::count;

/// Numbers or strips on a part's box, at most.
const FEW: usize = 3;

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
        let long = rows.iter().filter(|row| row.values.len() > 1 && row.among().is_none());
        let long = long.take(FEW);
        let mut strips: Vec<_> = long.map(|row| cells(&row.values)).collect();
        if single {
            strips.push(cells(&numbers));
        }
        Self::Strips(strips)
    }
}

/// What a product is called; nothing where the shop does not know it.
fn title_of(product: ProductId) -> String {
    store().shop.with_untracked(|shop| {
        let product = shop.as_ref().and_then(|shop| shop.product(product));
        product.map(|product| product.title.clone()).unwrap_or_default()
    })
}

/// A strip in full: its name, its shape, every number as a cell, those that have names as bars, and what
/// it is more or less than before.
pub fn strip(row: Strip, difference: Option<Vec<f32>>) -> AnyView {
    let Strip { name, columns, products, values } = row;
    let most = longest(values.iter().copied());
    let (named, lines) = (!columns.is_empty() || !products.is_empty(), values.len());
    let shape = match values.len() {
        0 | 1 => String::new(),
        length => say_with(word!("machine.shape"), &[("count", &count(length))]),
    };
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
        let drawn = (values.len() > 1).then(|| cells(&values, most)).into_any();
        (values, drawn)
    });
    let cells = (values.len() > 1).then(|| cells(&values, most));
    let all_above = values.iter().all(|value| *value >= 0.0);
    let order = strongest(&values);
    let alone = (values.len() == 1 && !named).then(|| figure(values[0], 4));
    let bar = move |place: usize| {
        let number = order[place];
        let product = products.get(number).copied();
        let what = columns.get(number).map(called).or_else(|| product.map(title_of));
        let picture = product.map(|product| view! { <Picture product /> });
        line(view! { {picture} " " {what} }.into_any(), values[number], most, all_above)
    };
    let bars = named.then(|| listed(lines, bar));
    let drawn = view! {
        {cells}
        {bars}
    };
    framed(Framed { name: called(&name), shape, alone, drawn: drawn.into_any(), changed })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        // How things stand to each other is for the part when it is opened.
        let mut square = rows(&[&[0.5, 0.5, 0.25, 0.75], &[4.0, 2.0, 1.0]]);
        square.rows[0].columns = vec!["oak".into(), "table".into()];
        assert_eq!(Inside::of(&square, false), Inside::Strips(vec![vec![100, 50, 25]]));
    }
}
