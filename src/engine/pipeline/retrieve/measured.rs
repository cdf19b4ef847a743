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
/// Milliseconds after which a browser's clock, which may tick in whole ones, has told enough.
const LONG_ENOUGH: f64 = 2.0;
/// How often something is repeated at most, should the clock not tell it.
const MOST: u32 = 256;

/// Milliseconds that searches take; 0 where the clock could not tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// Down the tree.
    pub tree: f64,
    /// Over every vector.
    pub exact: f64,
}

/// Milliseconds that something takes by a clock that ticks much more slowly: it is repeated until the clock
/// has moved, and once more, for what else the machine does counts in one of both.
pub fn milliseconds(clock: &dyn Fn() -> f64, run: &dyn Fn()) -> f64 {
    let round = |repeats: u32| {
        let since = clock();
        (0..repeats).for_each(|_| run());
        clock() - since
    };
    let mut repeats = 1;
    let mut took = round(repeats);
    while took < LONG_ENOUGH && repeats < MOST {
        repeats *= 2;
        took = round(repeats);
    }
    took.min(round(repeats)) / f64::from(repeats)
}

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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn something_short_is_repeated_until_a_slow_clock_tells_it() {
        let now = Cell::new(0.0);
        // Ticks in whole milliseconds, a run takes a sixteenth of one.
        let clock = || f64::floor(now.get());
        let run = || now.set(now.get() + 0.0625);
        let took = milliseconds(&clock, &run);
        assert!((0.03..=0.0625).contains(&took), "{took}");
        // What is long is not repeated for its own sake.
        let runs = Cell::new(0);
        let long = || {
            runs.set(runs.get() + 1);
            now.set(now.get() + 40.0);
        };
        assert_eq!((milliseconds(&clock, &long), runs.get()), (40.0, 2));
    }

    #[test]
    fn what_else_the_machine_does_is_not_counted() {
        let (now, runs) = (Cell::new(0.0), Cell::new(0));
        let run = || {
            runs.set(runs.get() + 1);
            // Once it has to wait.
            now.set(now.get() + if runs.get() == 3 { 90.0 } else { 1.0 });
        };
        assert_eq!(milliseconds(&|| now.get(), &run), 1.0);
    }

    #[test]
    fn a_clock_that_stands_tells_nothing_and_is_not_waited_for() {
        let runs = Cell::new(0_u32);
        assert_eq!(milliseconds(&|| 7.0, &|| runs.set(runs.get() + 1)), 0.0);
        assert!(runs.get() <= 3 * MOST, "{}", runs.get());
    }
}
