//! What turning a knob does to the shelf: the same in `docs/knobs.md` and in the test that holds the
//! registry of knobs to its word.

use link::State;
use market::catalogue::ProductId;
use protocol::Answer;
use protocol::blend::{self, Ranked};
use protocol::block::{Block, Blocks};
use systems::knob::{Control, Knob};

/// A product on the page: its number, its score, and where retrieval put it by which score.
pub type Card = (ProductId, f32, usize, f32);

/// What the shelf shows of an answer.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Every product, best first.
    pub order: Vec<ProductId>,
    /// Those on the page on show.
    pub page: Vec<Card>,
    /// What is said beside the index of what it looked at, where it does not look at everything.
    pub looked: Option<Block>,
}

impl Shelf {
    /// Of an answer to a state.
    pub fn new(answer: &Answer, state: &State) -> Self {
        let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let size = state.page_size();
        let last = order.len().saturating_sub(1) / size;
        let from = state.page_number().min(last) * size;
        let card = |ranked: &Ranked| {
            let candidate = &answer.candidates[ranked.candidate];
            (candidate.product, ranked.score, ranked.candidate, candidate.retrieval_score)
        };
        Self {
            page: order.iter().skip(from).take(size).map(card).collect(),
            order: order.iter().map(|r| answer.candidates[r.candidate].product).collect(),
            looked: answer.retrieval.blocks.block("tree").cloned(),
        }
    }

    /// Whether another shelf shows the same, but for what rounding does when sums are made in
    /// another order.
    pub fn is_like(&self, other: &Self) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() <= 1e-5 * a.abs().max(b.abs()).max(1e-3);
        let alike =
            |(a, b): (&Card, &Card)| (a.0, a.2) == (b.0, b.2) && near(a.1, b.1) && near(a.3, b.3);
        self.order.len() == other.order.len()
            && self.looked == other.looked
            && self.page.len() == other.page.len()
            && self.page.iter().zip(&other.page).all(alike)
    }

    /// The first so many products.
    pub fn top(&self, count: usize) -> &[ProductId] {
        &self.order[..count.min(self.order.len())]
    }

    /// How many places the first so many products have moved on another shelf, on average; one that
    /// is not there counts as standing behind all that are.
    pub fn moved(&self, other: &Self, count: usize) -> f64 {
        let top = self.top(count);
        let moved = |(was, product): (usize, &ProductId)| {
            let is = other.order.iter().position(|p| p == product).unwrap_or(other.order.len());
            was.abs_diff(is) as f64
        };
        top.iter().enumerate().map(moved).sum::<f64>() / top.len().max(1) as f64
    }
}

/// A state with the knob turned to each of these places.
fn at(knob: &'static Knob, state: &State, places: impl IntoIterator<Item = f64>) -> Vec<State> {
    let turned = |place| {
        let mut state = state.clone();
        state.settings.turn(knob, place as f32);
        state
    };
    places.into_iter().map(turned).collect()
}

/// A state with the knob at each of its ends, or at each other option, but for where it stands; at the next
/// option alone where turning it takes long.
pub fn ends(knob: &'static Knob, state: &State) -> Vec<State> {
    let now = f64::from(state.settings.number(knob));
    let places: Vec<f64> = match knob.control {
        Control::Choice(options) if knob.takes_long => {
            vec![if now as usize + 1 < options.len() { now + 1.0 } else { now - 1.0 }]
        }
        Control::Number { min, max, .. } => vec![min, max],
        Control::Switch => vec![0.0, 1.0],
        Control::Choice(options) => (0..options.len()).map(|option| option as f64).collect(),
    };
    at(knob, state, places.into_iter().filter(|place| (now - place).abs() > 1e-6))
}

/// A state with the knob turned to each of a few places: those above where it stands first, then
/// those below.
pub fn turned(knob: &'static Knob, state: &State) -> (Vec<State>, Vec<State>) {
    match knob.control {
        Control::Number { min, max, step, whole } => {
            let now = f64::from(state.settings.number(knob));
            let middle = min + ((max - min) / 2.0 / step).round() * step;
            let next = (now + step).min(max);
            let places = [min, middle, next, max].map(|to| if whole { to.round() } else { to });
            let other = places.into_iter().filter(|to| *to as f32 != now as f32);
            let (above, below): (Vec<f64>, Vec<f64>) = other.partition(|to| *to > now);
            (at(knob, state, above), at(knob, state, below))
        }
        Control::Switch | Control::Choice(_) => (Vec::new(), ends(knob, state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(order: &[ProductId]) -> Shelf {
        let card = |(place, &product): (usize, &ProductId)| (product, 0.5, place, 0.25);
        Shelf {
            order: order.into(),
            page: order.iter().enumerate().map(card).collect(),
            looked: None,
        }
    }

    #[test]
    fn a_product_that_is_gone_has_moved_behind_all_others() {
        let before = shelf(&[4, 7, 1, 9]);
        assert_eq!(before.moved(&before, 10), 0.0);
        // 4 falls by one place and 7 rises by one; 1 is gone, from place 2 to behind the other three.
        assert_eq!(before.moved(&shelf(&[7, 4, 9]), 3), 1.0);
        assert_eq!((before.top(2), before.top(10).len()), (&[4, 7][..], 4));
    }

    #[test]
    fn shelves_are_alike_up_to_rounding() {
        let (one, mut other) = (shelf(&[4, 7]), shelf(&[4, 7]));
        other.page[1].1 = 0.500_001;
        assert!(one.is_like(&other));
        other.page[1].1 = 0.51;
        assert!(!one.is_like(&other) && !one.is_like(&shelf(&[7, 4])));
    }
}
