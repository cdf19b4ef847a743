//! The panel of lessons, and a step of one.

mod done;
mod panel;
mod step;

pub use panel::PANEL;
