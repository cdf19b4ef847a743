//! Arithmetic over rows of numbers that the compiler turns into instructions over many numbers at once: what
//! layers and optimisers are made of on the CPU.
//!
//! Knows no other crate of the workspace, and no tensor: rows stand one after another in slices. It is a
//! crate of its own because it is compiled for speed where all that surrounds it is compiled for size. Sums run
//! over [`math::LANES`] lanes whatever the machine has, so that the same bytes come out everywhere.
//!
//! The set of instructions is chosen as the program runs. What is public is neither generic nor inlined: else it would
//! be compiled where it is called, for size.

#![allow(
    clippy::needless_range_loop,
    reason = "what is indexed side by side becomes one instruction"
)]

pub mod attention;
mod exp;
mod heads;
mod lanes;
pub mod linear;
pub mod math;
pub mod norm;
pub mod optimiser;
pub mod small;
pub mod softmax;
pub mod unit;
