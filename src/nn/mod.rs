//! Layers that more than one model uses.

pub mod attention;
pub mod bias;
pub mod experts;
pub mod gru;
pub mod mlp;
pub mod normaliser;
pub mod tower;
