//! The trainer: a web worker that lives through the market's log, trains a model on it step by step, and
//! shows it to the studio while it learns.
//!
//! It is the same training as the command line's: samples, losses, optimiser and order of steps are the
//! training's. It knows that, the shop's files, and a browser's worker ([`mod@run`] not even that),
//! nothing of the page. What holds throughout: the same recipe makes the same steps, whoever watches and however
//! often; and what breaks off, or is refused, is told as a notice.

#[macro_use]
extern crate keys;

mod conversation;
pub mod run;

pub use conversation::listen;
