//! The lab: models are trained, measured, compared and written out, from the command line.
//!
//! It knows everything below the browser: files, threads and clocks are here alone.

#[macro_use]
extern crate keys;

pub mod cli;
pub mod memory;
pub mod native;
pub mod online;
pub mod registry;
pub mod tables;
pub mod vectors;
