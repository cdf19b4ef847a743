//! One file a system, each reading like its paper, and the files that weights are kept in.

pub mod coarse_ranker;
pub mod dmt;
pub mod mlpr;
pub mod moppr;
mod newcomers;
pub mod query_category;
pub mod vocabulary;
pub mod weights;
pub mod yandex;
