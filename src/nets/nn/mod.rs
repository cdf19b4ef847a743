//! Layers that more than one model uses.

pub mod attention;
pub mod bias;
pub mod experts;
pub mod fused;
pub mod gru;
pub mod layer;
pub mod mlp;
pub mod normaliser;
pub mod numbers;
pub mod tower;
