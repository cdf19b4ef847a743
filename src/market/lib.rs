//! The shop world: a generated market with a known truth.
//!
//! Everything here is deterministic by seed, native and in the browser: the same
//! [`MarketConfig`] gives the same bytes. What shoppers truly want is known to the generator
//! and to evaluation ([`truth`]), never to a model's input.
//!
//! It knows no system, no link and no tensor; what shoppers truly want is in it, and never in a
//! model's input.

pub mod catalogue;
mod channels;
pub mod examination;
mod factors;
pub mod features;
pub mod figures;
pub mod fingerprint;
pub mod fit;
pub mod goods;
pub mod growth;
pub mod held_out;
pub mod hidden;
pub mod history;
pub mod language;
pub mod ledger;
mod life;
pub mod log;
pub mod metrics;
mod observed;
pub mod product;
pub mod query;
pub mod random;
mod ranker;
pub mod relevance;
pub mod shop;
pub mod shopper;
mod stock;
mod table;
pub mod tell;
#[cfg(test)]
mod tests;
pub mod text;
pub mod truth;
pub mod wish;
mod world;

pub use life::Trial;
pub use world::{MarketConfig, World};
