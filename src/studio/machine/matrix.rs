//! How things stand to each other, as a square of heat with their names at its sides: what each piece of a
//! query attends to of the others, or each behaviour.

use leptos::prelude::*;

use super::framed::{Framed, framed, line, strongest};
use super::heat::{background, heat, listed};
use super::told::called;
use market::catalogue::ProductId;
use page::insides::blocks::longest;
use page::language::{say, say_with};
use page::picture::Picture;
use protocol::machine::Strip;

/// What a square is drawn of: the side of which everything has a name, a picture, or both.
struct Side {
    names: Vec<String>,
    products: Vec<ProductId>,
}

impl Side {
    /// A thing as it is told beside a row or above a column: as its picture if it has one, else by its name.
    fn head(&self, class: &'static str, number: usize) -> AnyView {
        let name = self.names.get(number).cloned().unwrap_or_default();
        let picture = self.products.get(number).copied();
        let picture = picture.map(|product| view! { <Picture product /> });
        let text = picture.is_none().then(|| name.clone());
        view! { <span class=class translate="no" title=name>{picture} {text}</span> }.into_any()
    }
}

/// The pairs of things by what stands between them, the most first: numbers of row and column.
fn pairs(values: &[f32], things: usize) -> Vec<(usize, usize)> {
    let order = strongest(values);
    order.into_iter().map(|at| (at / things.max(1), at % things.max(1))).collect()
}

/// The square alone: a row of heat for each thing.
fn square(side: &Side, values: &[f32], label: String) -> AnyView {
    let most = longest(values.iter().copied());
    let things = side.names.len().max(side.products.len()).max(1);
    let rows = values.chunks(things).enumerate().map(|(number, row)| {
        let cells: Vec<i32> = row.iter().map(|value| heat(*value, most)).collect();
        let style = format!("background:{}", background(&cells));
        view! { {side.head("row", number)} <i style=style></i> }
    });
    let named = side.products.is_empty();
    let heads = (0..things).map(|number| side.head("column", number)).collect_view();
    view! {
        <div class="square" class:named=named role="img" aria-label=label style=format!("--things:{things}")>
            {heads}
            {rows.collect_view()}
        </div>
    }
    .into_any()
}

/// A square in full: its name, its shape, its heat, what stands between which of its things, and what it is
/// more or less than before.
pub fn among(
    Strip { name, columns, products, values }: Strip,
    things: usize,
    difference: Option<Vec<f32>>,
) -> AnyView {
    let name = called(&name);
    let side = Side { names: columns.iter().map(called).collect(), products };
    let note = say(word!("machine.square"));
    let whole = square(&side, &values, name.clone());
    let changed = difference.map(|values| {
        let drawn = square(&side, &values, say(word!("machine.difference")).into());
        (values, drawn)
    });
    let all = pairs(&values, things);
    let all_above = values.iter().all(|value| *value >= 0.0);
    let most = longest(values.iter().copied());
    let pair = move |place: usize| {
        let (row, column) = all[place];
        let value = values[row * things + column];
        let [first, second] = [row, column].map(|at| side.names.get(at).map_or("", String::as_str));
        let told = say_with(word!("machine.pair"), &[("first", first), ("second", second)]);
        let pictures = [row, column].map(|at| side.products.get(at).copied());
        let pictures = pictures.into_iter().flatten().map(|product| view! { <Picture product /> });
        line(view! { {pictures.collect_view()} " " {told} }.into_any(), value, most, all_above)
    };
    let drawn = view! {
        {whole}
        <p class="note" prop:textContent=note></p>
        {listed(things * things, pair)}
    };
    let (shape, drawn) = (format!("{things} × {things}"), drawn.into_any());
    framed(Framed { name, shape, alone: None, drawn, changed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_told_the_most_first_by_row_and_column() {
        let values = [0.5, 0.3, 0.2, 0.1, -0.8, 0.1, 0.0, 0.4, 0.6];
        assert_eq!(pairs(&values, 3)[..4], [(1, 1), (2, 2), (0, 0), (2, 1)]);
        assert_eq!(pairs(&values, 3).len(), 9);
        assert_eq!(pairs(&[], 0), []);
    }
}
