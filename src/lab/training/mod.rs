//! Samples, losses and loops: how the weights come about.

pub mod attention;
pub mod balance;
pub mod checkpoint;
pub mod coarse_ranker;
pub mod device;
pub mod dmt;
pub mod memory;
pub mod mlpr;
pub mod moppr;
pub mod normalisation;
pub mod optimiser;
pub mod people;
pub mod query_category;
pub mod trees;
pub mod work;
pub mod yandex;
