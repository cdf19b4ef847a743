//! What a change did to the page on show, counted: without a browser in it.

use market::catalogue::ProductId;
use market::language::Message;
use protocol::Gating;
use systems::Task;

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
    /// Whose gate.
    pub task: Task,
    /// The expert that it weighs, as [`Gating`] has it.
    pub expert: Message,
    /// Mean weight over the page before.
    pub before: f32,
    /// Mean weight over the page after.
    pub after: f32,
}

impl Shift {
    /// The one that changed most of weights that are laid out by gating, task and expert; none
    /// where none did, and where there were no gates before, or others.
    pub fn most(before: &[f32], after: &[f32], gatings: &[Gating], tasks: &[Task]) -> Option<Self> {
        if before.len() != after.len() {
            return None;
        }
        let names = gatings.iter().flat_map(|gating| {
            tasks.iter().flat_map(|task| gating.experts.iter().map(move |expert| (*task, expert)))
        });
        let all = before.iter().zip(after).zip(names);
        let all = all.map(|((&before, &after), (task, expert))| (task, expert, before, after));
        let by = |(_, _, before, after): &(Task, &Message, f32, f32)| (after - before).abs();
        let most = all.max_by(|a, b| by(a).total_cmp(&by(b))).filter(|most| by(most) >= LEAST);
        most.map(|(task, expert, before, after)| Self {
            task,
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
        let experts = vec![Message::new("one"), Message::new("two")];
        let gatings = [Gating { name: None, experts }];
        let tasks = [Task::Click, Task::Order];
        let before = [0.5, 0.5, 0.58, 0.42];
        let most = Shift::most(&before, &[0.45, 0.55, 0.48, 0.53], &gatings, &tasks);
        let (task, expert) = (Task::Order, Message::new("two"));
        assert_eq!(most, Some(Shift { task, expert, before: 0.42, after: 0.53 }));
        assert_eq!(Shift::most(&before, &before, &gatings, &tasks), None);
        assert_eq!(Shift::most(&before, &[1.0], &gatings, &tasks), None);
    }
}
