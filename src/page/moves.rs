//! What a change did to the page on show, counted: without a browser in it.

use market::catalogue::ProductId;
use market::language::Message;
use protocol::block::Gates;

/// A gate weight that changed by less is not told of.
const LEAST: f32 = 0.005;

/// How far products moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Products that stand elsewhere, or are new.
    pub products: usize,
    /// Products on the page.
    pub of: usize,
    /// Places that one rose by at most.
    pub most: usize,
}

impl Moved {
    /// From an order, best first, to a page whose first product has the place `from`.
    pub fn new(before: &[ProductId], page: &[ProductId], from: usize) -> Self {
        let ranks = || {
            page.iter()
                .zip(from..)
                .map(|(product, rank)| (before.iter().position(|other| other == product), rank))
        };
        Self {
            products: ranks().filter(|(before, rank)| *before != Some(*rank)).count(),
            of: page.len(),
            most: ranks()
                .filter_map(|(before, rank)| Some(before?.saturating_sub(rank)))
                .max()
                .unwrap_or(0),
        }
    }
}

/// A gate weight that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// Whose gate, as [`Gates`] have it.
    pub task: Message,
    /// The expert that it weighs.
    pub expert: Message,
    /// Mean weight over the page before.
    pub before: f32,
    /// Mean weight over the page after.
    pub after: f32,
}

impl Shift {
    /// The one that changed most of a candidate's weights; none where none did, and where there were no
    /// gates before, or others.
    pub fn most(before: &[f32], after: &[f32], gates: &Gates) -> Option<Self> {
        if before.len() != after.len() {
            return None;
        }
        let all = before.iter().zip(after).zip(gates.names());
        let all = all.map(|((&before, &after), (_, task, expert))| (task, expert, before, after));
        let by = |(_, _, before, after): &(&Message, &Message, f32, f32)| (after - before).abs();
        let most = all.max_by(|a, b| by(a).total_cmp(&by(b))).filter(|most| by(most) >= LEAST);
        most.map(|(task, expert, before, after)| Self {
            task: task.clone(),
            expert: expert.clone(),
            before,
            after,
        })
    }
}

/// What a knob did to the shelf.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Key of the knob; empty where something else was changed.
    pub knob: &'static str,
    /// What moved.
    pub moved: Moved,
    /// The gate that changed most; none where none did.
    pub shift: Option<Shift>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::block::Layer;

    #[test]
    fn moves_are_counted_from_the_places_before() {
        let before = [1, 2, 3, 4, 5];
        // 9 is new, 5 stands where it stood, 4 rose from the fourth place to the first.
        let moved = Moved::new(&before, &[4, 1, 9, 3, 5], 0);
        assert_eq!(moved, Moved { products: 4, of: 5, most: 3 });
        assert_eq!(Moved::new(&before, &before[2..], 2), Moved { products: 0, of: 3, most: 0 });
        assert_eq!(Moved::new(&before, &[], 0), Moved { products: 0, of: 0, most: 0 });
    }

    #[test]
    fn the_gate_weight_that_changed_most_is_named() {
        let layer = Layer {
            name: None,
            tasks: ["click", "order"].map(Message::new).into(),
            experts: ["one", "two"].map(Message::new).into(),
        };
        let gates = Gates { layers: vec![layer], weights: vec![] };
        let before = [0.5, 0.5, 0.58, 0.42];
        let most = Shift::most(&before, &[0.45, 0.55, 0.48, 0.53], &gates);
        let (task, expert) = (Message::new("order"), Message::new("two"));
        assert_eq!(most, Some(Shift { task, expert, before: 0.42, after: 0.53 }));
        assert_eq!(Shift::most(&before, &before, &gates), None);
        assert_eq!(Shift::most(&before, &[1.0], &gates), None);
    }
}
