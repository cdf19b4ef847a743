//! The tree of clusters that was searched, drawn level by level, with the way that the search took.

use leptos::prelude::*;

use super::seen::Seen;
use page::language::{say, say_with};
use protocol::machine::{Level, MOST_CELLS};
use protocol::words::count;

/// Height of a level, and of the lines between two of them, in pixels.
const HIGH: f64 = 22.0;
const BETWEEN: f64 = 26.0;
/// Thousandths of the width that a cell has however few its products are.
const LEAST: f64 = 12.0;
/// How full the cell is drawn whose centre is the farthest of those that were opened.
const PALEST: f32 = 0.25;

/// Where each cell of a level begins, and how wide it is, in thousandths of the width.
fn spans(products: &[u32]) -> Vec<(f64, f64)> {
    let all: u32 = products.iter().sum();
    let room = (1000.0 - LEAST * products.len() as f64).max(0.0);
    let mut from = 0.0;
    let span = |&products: &u32| {
        let wide = LEAST + room * f64::from(products) / f64::from(all.max(1));
        let span = (from, wide);
        from += wide;
        span
    };
    products.iter().map(span).collect()
}

/// How full each cell is drawn, the fuller the nearer its centre is; none where it stayed shut.
fn fills(scores: &[f32]) -> Vec<Option<f32>> {
    let opened = scores.iter().copied().filter(|score| score.is_finite());
    let (least, most) = opened.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), score| {
        (least.min(score), most.max(score))
    });
    let full = |score: f32| match most > least {
        true => PALEST + (1.0 - PALEST) * (score - least) / (most - least),
        false => 1.0,
    };
    scores.iter().map(|&score| score.is_finite().then(|| full(score))).collect()
}

/// A level in words.
fn told((depth, level): (usize, &Level)) -> String {
    let sum = |all: &[u32]| count(all.iter().sum::<u32>() as usize);
    let own = level.own.and_then(|own| level.opened.get(own as usize));
    let words = match own {
        None => word!("machine.level"),
        Some(0) => word!("machine.level-shut"),
        Some(_) => word!("machine.level-open"),
    };
    let (depth, opened, clusters) = (count(depth + 1), sum(&level.opened), sum(&level.clusters));
    let values = [("level", &*depth), ("opened", &*opened), ("clusters", &*clusters)];
    say_with(words, &values)
}

/// The levels of the tree; nothing where every product was looked at.
pub fn levels(seen: &Seen) -> AnyView {
    let levels = &seen.now.machine.levels;
    if levels.is_empty() {
        return ().into_any();
    }
    let (mut cells, mut rings, mut lines) = (Vec::new(), Vec::new(), String::new());
    let mut above: Vec<(f64, f64)> = Vec::new();
    for (depth, level) in levels.iter().enumerate() {
        let top = depth as f64 * (HIGH + BETWEEN);
        let spans = spans(&level.products);
        for (number, (&(x, wide), fill)) in spans.iter().zip(fills(&level.scores)).enumerate() {
            let parent = level.above.get(number).and_then(|&parent| above.get(parent as usize));
            if let (Some(_), Some((from, of))) = (fill, parent) {
                let (from, to, middle) = (from + of / 2.0, x + wide / 2.0, top - BETWEEN / 2.0);
                let bottom = top - BETWEEN;
                lines += &format!(
                    "M{from:.1} {bottom}C{from:.1} {middle} {to:.1} {middle} {to:.1} {top}"
                );
            }
            let rect = |class: &'static str, full: f32| {
                let (x, wide) = (format!("{:.1}", x + 1.0), format!("{:.1}", wide - 2.0));
                let (y, full) = (top.to_string(), format!("{full:.2}"));
                view! { <rect class=class x=x y=y width=wide height=HIGH.to_string() fill-opacity=full></rect> }
            };
            cells.push(rect(if fill.is_some() { "open" } else { "" }, fill.unwrap_or(0.0)));
            if level.own == Some(number as u32) {
                rings.push(rect("own", 0.0));
            }
        }
        above = spans;
    }
    // Room for the rings at the sides, too.
    let height = levels.len() as f64 * (HIGH + BETWEEN) - BETWEEN + 4.0;
    let lines_told = levels.iter().enumerate().map(told);
    let lines_told = lines_told.map(|line| view! { <li>{line}</li> }).collect_view();
    let note = say_with(word!("machine.levels.about"), &[("count", &count(MOST_CELLS))]);
    view! {
        <figure class="levels" data-testid="machine-index">
            <h3 prop:textContent=say(word!("machine.levels"))></h3>
            <svg
                viewBox=format!("-4 -2 1008 {height}")
                style=format!("height:{height}px")
                preserveAspectRatio="none"
                role="img"
                aria-labelledby="machine-levels"
            >
                <path d=lines></path>
                {cells.collect_view()}
                {rings.collect_view()}
            </svg>
            <figcaption>
                <ol id="machine-levels">{lines_told}</ol>
                <p class="note" prop:textContent=note></p>
            </figcaption>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_width_by_their_products_and_none_is_too_narrow() {
        let room = 1000.0 - 3.0 * LEAST;
        let (first, second) = (LEAST + room / 4.0, LEAST + room * 3.0 / 4.0);
        let wanted = [(0.0, first), (first, second), (first + second, LEAST)];
        for ((from, wide), wanted) in spans(&[10, 30, 0]).into_iter().zip(wanted) {
            assert!((from - wanted.0).abs() < 1e-9 && (wide - wanted.1).abs() < 1e-9, "{wanted:?}");
        }
        // At most so many cells leave room for what tells them apart.
        let most = spans(&[1; MOST_CELLS]);
        let (from, wide) = most[MOST_CELLS - 1];
        assert!((from + wide - 1000.0).abs() < 1e-6 && wide > LEAST, "{from} {wide}");
        assert!(spans(&[]).is_empty() && spans(&[0]) == [(0.0, LEAST)]);
    }

    #[test]
    fn the_nearest_is_the_fullest_and_what_stayed_shut_is_hollow() {
        let none = f32::NAN;
        assert_eq!(fills(&[none, 0.5, 0.25, 0.75]), [None, Some(0.625), Some(PALEST), Some(1.0)]);
        assert_eq!(fills(&[none, -2.0]), [None, Some(1.0)]);
        assert_eq!(fills(&[none, none]), [None, None]);
    }
}
