//! The engine: a web worker that holds the funnel and answers the page.
//!
//! One source, two builds: on the CPU, and on WebGPU (feature `webgpu`). The newest state wins;
//! errors travel as data.
//!
//! It knows the engine and a browser's worker, nothing of the page.

#[macro_use]
extern crate keys;

mod device;
mod fetch;
pub mod scope;
mod worker;

pub use fetch::Network;
pub use worker::listen;
