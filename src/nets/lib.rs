//! Networks: layers that more than one model uses, and one file a system, each reading like its paper.
//!
//! It knows the market's features and the systems' variants: no link, no message, no file of
//! the shop.

pub mod models;
pub mod nn;
