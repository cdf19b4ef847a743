//! Lessons: what to look at, what to expect before a knob is turned, and what the engine says.
//!
//! A lesson is a file in `assets/lessons/` (its form is in `docs/lessons.md`), so that one can be
//! added without touching Rust. What reads it ([`lesson`]), what can be measured ([`quantity`])
//! and what judges a check ([`check`]) know no browser: the studio and the tests share them.

pub mod check;
pub mod lesson;
#[cfg(feature = "studio")]
mod panel;
pub mod progress;
pub mod quantity;
#[cfg(feature = "studio")]
mod step;

#[cfg(feature = "studio")]
pub use panel::Lessons;
