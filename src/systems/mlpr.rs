//! MLPR, multi-task learning for product ranking with BERT (Walmart): two stages of experts, and
//! probabilities handed on from click to cart to order. Its paper is not personalised.

use crate::knob::{Group, Knob};
use crate::{Ranker, Task};

/// What all who name it know of it.
pub static RANKER: Ranker = Ranker {
    key: "mlpr",
    tasks: &[Task::Click, Task::Cart, Task::Order],
    knobs: &[&PRECOMPUTED],
    networks: &[],
    gates: |_| true,
    is_personal: false,
    bias: None,
    blocks: &["chain", "contributions", "features-panel"],
};

/// Look the products' vectors up in place of computing them on the spot (table 5).
pub static PRECOMPUTED: Knob = Knob::switch("precomputed", Group::Ranking)
    .on()
    .symbol("ψ(i)")
    .section("encoders")
    .for_time_alone();
