//! The page: what a person sees and turns.
//!
//! The page holds the [`State`](link::State) and shows the engine's last
//! [`Answer`](protocol::Answer); it computes nothing but the blend. What needs no browser
//! ([`undo`], [`moves`], [`icons`], [`latest`]) is tested natively.
//!
//! It knows the protocol and the link: no lesson, no model and no tensor.

#[macro_use]
extern crate keys;

pub mod icons;
pub mod moves;
pub mod undo;
mod welcome;

pub mod bridge;

pub mod browser;
pub mod code;
mod effect;
mod engine;
mod flip;
mod funnel;
mod header;
pub mod hint;
pub mod insides;
mod keeping;
mod kept;
pub mod knobs;
pub mod language;
pub mod lasting;
pub mod latest;
pub mod memory;
mod notices;
mod page;
pub mod parts;
pub mod picture;
mod prepared;
mod print;
pub mod rows;
pub mod screen;
mod shelf;
mod shopper;
pub mod spoken;
pub mod store;
mod studio;
pub mod wire;
pub mod worker;

pub use page::mount;
