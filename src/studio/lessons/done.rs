//! What of the lessons was done, kept in the browser.

use leptos::prelude::*;

use crate::browser;
use lessons::progress::Progress;
use link::view::LessonPlace;

/// Key under which the browser remembers what was done.
const REMEMBERED: &str = "vitrine-lessons";

/// What has been done, kept in the browser.
#[derive(Clone, Copy)]
pub struct Done(RwSignal<Progress>);

impl Done {
    /// What the browser remembers.
    pub fn recalled() -> Self {
        let text = browser::recall(REMEMBERED).unwrap_or_default();
        Self(RwSignal::new(Progress::read(&text)))
    }

    /// Takes note of a step.
    pub fn note(self, place: &LessonPlace) {
        // The panel may have been closed over a check.
        let kept = || Progress::read(&browser::recall(REMEMBERED).unwrap_or_default());
        let mut progress = self.0.try_get_untracked().unwrap_or_else(kept);
        if progress.note(&place.name, place.step) {
            browser::remember(REMEMBERED, &progress.write());
            let _ = self.0.try_set(progress);
        }
    }

    /// Whether a step was done.
    pub fn has(self, name: &str, step: u32) -> bool {
        self.0.with(|progress| progress.has(name, step))
    }

    /// How many of a lesson's steps were done.
    pub fn of(self, name: &str, steps: u32) -> u32 {
        self.0.with(|progress| progress.of(name, steps))
    }

    /// The first of a lesson's steps that was not done; none where all were.
    pub fn first_left(self, name: &str, steps: u32) -> Option<u32> {
        self.0.with_untracked(|progress| (1..=steps).find(|step| !progress.has(name, *step)))
    }
}
