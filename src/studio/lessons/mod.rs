//! The panel of lessons, and a step of one.

mod panel;
mod step;

pub use panel::Lessons;
