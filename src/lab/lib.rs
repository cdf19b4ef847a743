//! The lab: models are trained, measured, compared and written out, from the command line.
//!
//! It knows everything below the browser: files, threads and clocks are here alone. What holds throughout:
//!
//! - Whatever is drawn comes of a seed that can be set: the same command says the same, but for times.
//! - What is measured was not trained on, and `--validation` leaves the day that is reported alone.
//! - What is ranked goes through the page's own funnel ([`native`]), and no command knows a system but by
//!   the [`registry`].

#[macro_use]
extern crate keys;

pub mod cli;
pub mod memory;
pub mod native;
pub mod online;
pub mod registry;
pub mod system;
pub mod tables;
pub mod vectors;
