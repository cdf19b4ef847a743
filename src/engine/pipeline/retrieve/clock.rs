//! How long something takes by a clock that ticks slowly, as a browser's does.

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
