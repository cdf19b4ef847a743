//! The state of the playground, the knobs that set it, and the link that carries it.

mod arrived;
pub mod differences;
pub mod knobs;
pub mod link;
mod state;
pub mod view;

pub use state::*;
