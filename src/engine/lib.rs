//! The engine: from a query vector to products, and one request through the whole funnel.
//!
//! It knows everything below; it opens no file and no address itself, and reads no clock:
//! whoever calls brings those.

#[macro_use]
extern crate keys;

pub mod pipeline;
pub mod retrieval;
