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
pub mod slices;
pub mod survey;
pub mod trees;
pub mod work;
pub mod yandex;

use burn::tensor::Tensor;

use learning::Learns;
use systems::learning::Chosen;
use systems::registry;

/// Every system that learns in the tab, in the order of [`registry::LEARNERS`].
static LEARNERS: [&dyn Learns; registry::LEARNERS.len()] =
    [&dmt::learn::Dmt, &mlpr::learn::Mlpr, &moppr::learn::Moppr, &yandex::learn::Yandex];

/// What trains the one that is chosen.
pub fn learner(chosen: &Chosen) -> &'static dyn Learns {
    // All that the registry has have a line: a test holds the two lists together.
    let known = LEARNERS.into_iter().find(|system| system.learning() == chosen.learning());
    known.unwrap_or(LEARNERS[0])
}

/// What is added to the score of a candidate that takes no part in a softmax.
const ABSENT: f32 = -1e9;

/// The numbers of a tensor on the CPU.
pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().expect("the CPU gives back its tensors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::learning::Learning;

    #[test]
    fn who_declares_to_learn_learns() {
        let known: Vec<&Learning> = LEARNERS.iter().map(|system| system.learning()).collect();
        assert_eq!(known, registry::LEARNERS);
        for learning in registry::LEARNERS {
            assert_eq!(learner(&Chosen::new(learning)).learning(), learning);
        }
    }
}
