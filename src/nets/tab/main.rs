//! The forwards of the models that ship, alone in a tab: for the benchmark that holds them beside another
//! runtime on the same inputs. They compute as the CPU engine does.

mod dmt;
mod feeds;
mod mlpr;
mod moppr;
mod yandex;

fn main() {}
