//! The studio: what is wanted beside the shelf, in a program of its own that the page fetches
//! when it is first opened, so that a first ranking waits for none of it.
//!
//! It stands in the page's document, holds the page's link, and computes on an engine of its own, so
//! that nothing it does holds up a ranking. What needs no browser ([`mod@bench`], [`explain`] in part,
//! [`export`], [`front`], [`plane`], [`results`], the axes, what a hand on the map means) is tested
//! natively.
//!
//! It knows the page, and lessons: no model and no tensor. What holds throughout:
//!
//! - Every number that is shown is an engine's, asked for by name; of several answers the one that was
//!   asked for last is shown, and one that does not come is told as a notice.
//! - What can be set is in the link that page and studio share, or is the panel's own and gone with it.
//! - A panel is never built again as a whole: in another language what a person did in it is still there.

#[macro_use]
extern crate keys;

mod again;
mod axis;
pub mod bench;
mod browser;
mod compare;
mod engine;
pub mod explain;
pub mod export;
mod figures;
mod frame;
pub mod front;
mod glossary;
pub mod learn;
mod lessons;
pub mod machine;
mod map;
mod measures;
mod meter;
mod metrics;
mod panels;
mod papers;
pub mod plane;
mod positions;
mod rest;
pub mod results;
mod scatter;
mod share;
mod supervised;

pub use frame::mount;
