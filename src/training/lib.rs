//! Training: samples, losses and loops; how the weights come about, on this machine and in the tab.
//!
//! It knows networks, retrieval and the market: no command line, no message and no browser. Whoever trains step by
//! step needs neither clock nor file; a checkpoint is a folder.
#![allow(
    clippy::disallowed_methods,
    reason = "in the browser it computes on the CPU, which is read without waiting, and has no checkpoint"
)]

pub mod attention;
pub mod balance;
pub mod chance;
pub mod checkpoint;
pub mod coarse_ranker;
pub mod descent;
pub mod device;
pub mod dmt;
pub mod learning;
pub mod mlpr;
pub mod moppr;
pub mod normalisation;
pub mod optimiser;
pub mod people;
pub mod preset;
pub mod queries;
pub mod query_category;
pub mod registry;
pub mod slices;
pub mod survey;
pub mod trees;
pub mod work;
pub mod yandex;

use burn::tensor::Tensor;

/// What is added to the score of a candidate that takes no part in a softmax.
const ABSENT: f32 = -1e9;

/// The numbers of a tensor on the CPU.
pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().expect("the CPU gives back its tensors")
}
