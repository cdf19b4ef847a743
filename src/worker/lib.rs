//! The engine: a web worker that holds the funnel and answers the page.
//!
//! One source, two builds: on the CPU, and on WebGPU (feature `webgpu`).
//!
//! It knows the engine and a browser's worker, nothing of the page. What holds throughout:
//!
//! - The newest state wins: work for an older one is dropped between stages, and never answered. Questions
//!   wait for it, and each is answered or told what is missing.
//! - Errors travel as data, and whoever speaks another version of the protocol is told so first.
//! - Nothing waits for the device without letting messages in, and nothing is asked of another host.

#[macro_use]
extern crate keys;

mod device;
mod fetch;
mod kept;
pub mod scope;
mod worker;

pub use fetch::Network;
pub use worker::listen;
