//! Undo and redo of every change, and the way back to the start.

use std::time::Duration;

/// Changes that follow each other faster than this are one: a slider that is dragged, a word
/// that is typed.
pub const GESTURE: Duration = Duration::from_millis(900);
/// Most steps that are kept.
const MOST: usize = 200;

/// The links that led here, and those that were undone.
#[derive(Clone, Debug)]
pub struct Steps {
    start: String,
    past: Vec<String>,
    now: String,
    future: Vec<String>,
    changed: Duration,
}

impl Steps {
    /// Starts here.
    pub fn new(now: String) -> Self {
        let start = now.clone();
        Self { start, past: vec![], now, future: vec![], changed: Duration::ZERO }
    }

    /// Takes note of what is now, at this time on a steady clock. What is now already, as after
    /// an undo, is no change.
    pub fn note(&mut self, now: String, time: Duration) {
        if now == self.now {
            return;
        }
        let before = std::mem::replace(&mut self.now, now);
        let gesture = !self.past.is_empty() && time.saturating_sub(self.changed) < GESTURE;
        if !gesture {
            self.past.push(before);
            if self.past.len() > MOST {
                self.past.remove(0);
            }
        }
        self.changed = time;
        self.future.clear();
    }

    /// What was before the last change; none where nothing was.
    pub fn undo(&mut self) -> Option<String> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.now, before));
        // What is changed next is a step of its own, however fast.
        self.changed = Duration::ZERO;
        Some(self.now.clone())
    }

    /// What was last undone; none where nothing was.
    pub fn redo(&mut self) -> Option<String> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.now, after));
        self.changed = Duration::ZERO;
        Some(self.now.clone())
    }

    /// What there was at the start.
    pub fn start(&self) -> String {
        self.start.clone()
    }

    /// Whether there is something to undo, and something to redo.
    pub fn ways(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn text(number: i32) -> String {
        number.to_string()
    }

    #[test]
    fn what_was_done_is_undone_and_done_again() {
        let mut steps = Steps::new(text(0));
        assert_eq!(steps.ways(), (false, false));
        steps.note(text(1), at(10_000));
        steps.note(text(2), at(20_000));
        assert_eq!(
            [steps.undo(), steps.undo(), steps.undo()],
            [Some(text(1)), Some(text(0)), None]
        );
        // The page tells what it was told.
        steps.note(text(0), at(20_100));
        assert_eq!(steps.ways(), (false, true));
        assert_eq!(
            [steps.redo(), steps.redo(), steps.redo()],
            [Some(text(1)), Some(text(2)), None]
        );
        steps.undo();
        steps.note(text(7), at(20_200));
        assert_eq!(
            [steps.redo(), steps.undo(), steps.undo()],
            [None, Some(text(1)), Some(text(0))]
        );
        assert_eq!(steps.start(), text(0));
    }

    #[test]
    fn a_gesture_is_one_step() {
        let mut steps = Steps::new(text(0));
        for (value, time) in [(1, 5_000), (2, 5_100), (3, 5_900), (4, 9_000)] {
            steps.note(text(value), at(time));
        }
        assert_eq!(
            [steps.undo(), steps.undo(), steps.undo()],
            [Some(text(3)), Some(text(0)), None]
        );
    }

    #[test]
    fn only_so_much_is_kept() {
        let mut steps = Steps::new(text(0));
        (1..=500).for_each(|value| steps.note(text(value), at(1_000 * value as u64)));
        assert_eq!(std::iter::from_fn(|| steps.undo()).count(), MOST);
    }
}
