//! Lessons: what to look at, what to expect before a knob is turned, and what the engine says.
//!
//! A lesson is a file in `assets/lessons/` (its form is in `docs/lessons.md`), so that one can be
//! added without touching Rust. What reads it ([`lesson`], [`markdown`]), what can be measured
//! ([`quantity`], [`mod@order`], [`learned`]) and what judges a check ([`check`]) know no browser and no
//! model: the studio, the command line and the tests share them.
//!
//! It knows messages of the protocol, no model and no browser. What holds throughout: a lesson that can be
//! read can be judged, for what it names is looked up as it is read; and the same numbers judge it alike in the
//! studio, on the command line and in tests.

#[macro_use]
extern crate keys;

pub mod check;
pub mod learned;
pub mod lesson;
pub mod markdown;
pub mod order;
pub mod progress;
pub mod quantity;
pub mod sources;
