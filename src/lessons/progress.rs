//! What of the lessons was done, as the browser remembers it.

use std::collections::BTreeSet;

/// Steps that were done: name of the lesson and number of the step, from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress(BTreeSet<(String, u32)>);

impl Progress {
    /// Reads what [`Progress::write`] wrote; what else is there is left out.
    pub fn read(text: &str) -> Self {
        let done = text.split_whitespace().filter_map(|step| {
            let (name, number) = step.rsplit_once('.')?;
            Some((name.to_string(), number.parse().ok()?))
        });
        Self(done.collect())
    }

    /// As text: `03-temperature.1 03-temperature.2`.
    pub fn write(&self) -> String {
        let steps: Vec<String> =
            self.0.iter().map(|(name, step)| format!("{name}.{step}")).collect();
        steps.join(" ")
    }

    /// Takes note of a step that was done; says whether that is new.
    pub fn note(&mut self, lesson: &str, step: u32) -> bool {
        self.0.insert((lesson.into(), step))
    }

    /// Whether a step was done.
    pub fn has(&self, lesson: &str, step: u32) -> bool {
        self.0.contains(&(lesson.to_string(), step))
    }

    /// How many of a lesson's steps were done.
    pub fn of(&self, lesson: &str, steps: u32) -> u32 {
        (1..=steps).filter(|step| self.has(lesson, *step)).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_remembered() {
        let mut progress = Progress::default();
        assert!(progress.note("03-temperature", 2));
        assert!(!progress.note("03-temperature", 2));
        progress.note("01-gap", 1);
        let read = Progress::read(&progress.write());
        assert_eq!(read, progress);
        assert!(read.has("01-gap", 1) && !read.has("01-gap", 2));
        assert_eq!((read.of("03-temperature", 5), read.of("03-temperature", 1)), (1, 0));
        assert_eq!(Progress::read("nonsense a.b .. 01-gap.1").of("01-gap", 1), 1);
    }
}
