//! Networks: layers that more than one model uses, and one file a system, each reading like its paper.
//!
//! It knows the market's features and the systems' variants: no link, no message, no file of
//! the shop. What holds throughout:
//!
//! - As it serves, what a row comes to hangs on that row alone: padding and the others of its batch change
//!   nothing. Only while it learns do dropout and batches have a part in it.
//! - Nothing is read back from the device on the way.
//! - Weights that are damaged, of another version, of another shape or of another catalogue are refused
//!   as data, never read in part.

pub mod models;
pub mod nn;
