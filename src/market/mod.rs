//! The shop world: a generated market with a known truth.
//!
//! Everything here is deterministic by seed, native and in the browser: the same
//! [`MarketConfig`] gives the same bytes. What shoppers truly want is known to the generator
//! and to evaluation ([`truth`]), never to a model's input.

pub mod catalogue;
pub mod figures;
pub mod held_out;
pub mod hidden;
pub mod history;
pub mod ledger;
mod life;
pub mod log;
mod policy;
pub mod query;
mod random;
pub mod shopper;
mod stock;
mod table;
#[cfg(test)]
mod tests;
pub mod truth;
mod world;

pub use world::{MarketConfig, World};
