//! The studio: what is wanted beside the shelf, in a program of its own that the page fetches
//! when it is first opened, so that a first ranking waits for none of it.
//!
//! It stands in the page's document, holds the page's link, and computes on an engine of its own, so
//! that nothing it does holds up a ranking. What needs no browser ([`mod@bench`], [`explain`] in part,
//! [`export`], [`front`], [`plane`], [`results`]) is built and tested everywhere, the rest with the
//! feature `studio`.

pub mod bench;
#[cfg(feature = "studio")]
mod browser;
#[cfg(feature = "studio")]
mod compare;
#[cfg(feature = "studio")]
mod document;
#[cfg(feature = "studio")]
mod engine;
pub mod explain;
pub mod export;
#[cfg(feature = "studio")]
mod figures;
#[cfg(feature = "studio")]
mod frame;
pub mod front;
#[cfg(feature = "studio")]
mod lessons;
#[cfg(feature = "studio")]
mod map;
#[cfg(feature = "studio")]
mod measures;
#[cfg(feature = "studio")]
mod meter;
#[cfg(feature = "studio")]
mod metrics;
pub mod plane;
#[cfg(feature = "studio")]
mod positions;
pub mod results;
#[cfg(feature = "studio")]
mod scatter;
#[cfg(feature = "studio")]
mod share;

#[cfg(feature = "studio")]
pub use frame::mount;
