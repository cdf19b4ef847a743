//! Tests of whole parts, one program: what they stand on is compiled and linked once.

mod cold_start;
mod commands;
mod evaluate;
mod explain;
mod funnel;
mod insides;
mod judged;
mod knobs;
mod languages;
mod layers;
mod learning;
mod lessons;
mod links;
mod machine;
mod mlpr;
mod prepared;
mod reference;
mod sizes;
mod sold_out;
mod stages;
mod support;
mod systems;
mod tree;
mod weights;
mod wire;
mod words;
