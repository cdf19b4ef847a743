//! The panel of lessons, and a step of one.

mod done;
mod learning;
mod panel;
mod step;

pub use panel::PANEL;

/// The panel's name in links.
const KEY: &str = "lessons";
