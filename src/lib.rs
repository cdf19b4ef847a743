//! Vitrine: a whole e-commerce retrieval and ranking stack in one browser tab, with its insides on show.
//!
//! The rooms, lowest first; a lower room never imports a higher one:
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`market`] | the shop world: catalogue, shoppers, queries, click model, logs |
//! | [`text`] | normaliser, WordPiece, token vectors |
//! | [`metrics`] | recall@K, nDCG@K, P_good, AUC, RelaImpr, Precision@K, MRR@K; what a page view is measured by |
//! | [`features`] | what a moment in the shop looks like to a model: ids and dense features |
//! | [`systems`] | what the systems predict, and the variants that they were trained in |
//! | [`nn`] | layers that more than one model uses |
//! | [`models`] | one file a system: MOPPR, DMT |
//! | [`retrieval`] | exact search over item vectors, quantisation |
//! | [`training`] | samples, losses, loops (command line only) |
//! | [`tables`] | the papers' tables: variants, comparisons, whether they come out (command line only) |
//! | [`language`] | what is said to a person, without its words |
//! | [`share`] | the state of the playground, and state to link and back |
//! | [`protocol`] | messages between page and engine; the blend, which both compute; who is asked and who answers |
//! | [`lessons`] | lessons as files have them, what they measure, and what judges it |
//! | [`pipeline`] | one request through the funnel: assets, stages, cache |
//! | [`native`] | the funnel on this machine: a folder, and a caller that waits (command line only) |
//! | [`online`] | simulated A/B tests of two shops on the market (command line only) |
//! | `engine` | the web worker around the funnel |
//! | [`app`] | the page |
//! | [`cli`] | the command line |

pub mod app;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod engine;
pub mod features;
pub mod language;
#[cfg(any(feature = "studio", feature = "cli"))]
pub mod lessons;
pub mod market;
pub mod metrics;
#[cfg(feature = "models")]
pub mod models;
#[cfg(feature = "cli")]
pub mod native;
#[cfg(feature = "models")]
pub mod nn;
#[cfg(feature = "cli")]
pub mod online;
#[cfg(feature = "models")]
pub mod pipeline;
pub mod protocol;
#[cfg(feature = "models")]
pub mod retrieval;
pub mod share;
#[cfg(any(feature = "studio", feature = "cli"))]
pub mod studio;
pub mod systems;
#[cfg(feature = "cli")]
pub mod tables;
#[cfg(feature = "models")]
pub mod text;
#[cfg(feature = "cli")]
pub mod training;
