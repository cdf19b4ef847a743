//! The state of the playground, the knobs that set it, and the link that carries it.
//!
//! It knows what can be bought and which systems there are, no message of an engine and no
//! model. Every link ever made opens.

#[macro_use]
extern crate keys;

mod arrived;
pub mod differences;
pub mod knobs;
mod link;
mod panels;
pub mod recipe;
mod state;
pub mod view;

pub use link::*;
pub use panels::{PANELS, panel};
pub use state::*;
