//! What is measured of searches down a tree: how long they take, and what the last of them found in the
//! mean. It hangs on the machine and on what was asked before, and so stands in a block of its own: the same
//! state gives the same in every other.

use super::DrawnBy;
use super::tree::{Looked, pair};
use protocol::block::{Block, Shape, Unit};
use systems::shared::CANDIDATES;

/// The name of the block.
const BLOCK: &str = "measured";
/// Searches that the mean is of, at most.
const LAST: usize = 20;

/// The last searches that were made alike, with the share that each found of what exact search finds.
#[derive(Default)]
pub struct Visit(Vec<(DrawnBy, f32)>);

impl Visit {
    /// Notes a search. What was found otherwise is forgotten, and what the same request found before.
    pub(super) fn note(&mut self, by: &DrawnBy, recall: f32) {
        let is_alike = |other: &DrawnBy| {
            (&other.settings, &other.tree, &other.scores.settings)
                == (&by.settings, &by.tree, &by.scores.settings)
        };
        self.0.retain(|(other, _)| is_alike(other) && other != by);
        self.0.push((by.clone(), recall));
        let over = self.0.len().saturating_sub(LAST);
        self.0.drain(..over);
    }

    /// What is said of a search and of those before it.
    pub(super) fn block(&self, by: &DrawnBy, looked: &Looked, clock: &dyn Fn() -> f64) -> Block {
        let times = looked.times(by.settings.count(&CANDIDATES) as usize, clock);
        let times = [("tree", times.tree), ("exact", times.exact)].into_iter();
        let told = times.filter(|(_, milliseconds)| *milliseconds > 0.0);
        let microseconds = |(name, milliseconds): (&str, f64)| {
            let value = (1e3 * milliseconds).round().max(1.0) as f32;
            pair(word!("measured.{}", name), value, Unit::Count)
        };
        let mut pairs: Vec<_> = told.map(microseconds).collect();
        if !self.0.is_empty() {
            let (count, sum) =
                (self.0.len() as f32, self.0.iter().map(|(_, recall)| recall).sum::<f32>());
            pairs.push(pair(word!("measured.recall").into(), sum / count, Unit::Share));
            pairs.push(pair(word!("measured.searches").into(), count, Unit::Count));
        }
        Block::new(BLOCK, Shape::Pairs(pairs))
    }
}
