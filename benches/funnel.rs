//! How long the funnel takes on this machine without a browser, by what was changed.
//!
//! `cargo bench`. Each line changes one thing to and fro, so that the stage that reads it and
//! those after it are computed again, and those before it answer from their cache.

use std::time::Instant;

use burn::tensor::Device;
use engine::pipeline::Funnel;
use futures::executor::block_on;
use lab::native::Folder;
use lab::native::Patient;
use link::{HistoryEdit, State};
use market::history::EventKind;
use protocol::{Backend, Notice};
use systems::moppr::WEIGHT_RELEVANCE;
use systems::shared::{CANDIDATES, GATE_TEMPERATURE, RELEVANCE_CONTROL, WEIGHT_ORDER};

/// Requests of each kind that are timed.
const ROUNDS: u64 = 60;

/// What is changed, and how, in round `i`.
type Change = (&'static str, fn(&mut State, u64));

const CHANGES: [Change; 8] = [
    ("nothing", |_, _| {}),
    ("query", |state, i| {
        state.query = ["couch", "running shoes", "coffee", "lamp"][i as usize % 4].into()
    }),
    ("history", |state, i| {
        let product = (7 * i % 1000) as u32;
        state.history = vec![HistoryEdit::Add { kind: EventKind::Cart, product }];
    }),
    ("retrieval weight", |state, i| {
        state.settings.set(&WEIGHT_RELEVANCE, 0.2 + 0.6 * (i % 7) as f32 / 7.0)
    }),
    ("candidates", |state, i| {
        let candidates = state.settings.number(&CANDIDATES);
        state.settings.set(&CANDIDATES, candidates - 20.0 * (i % 2) as f32)
    }),
    ("gate temperature", |state, i| state.settings.set(&GATE_TEMPERATURE, 1.0 + (i % 5) as f32)),
    ("order weight", |state, i| state.settings.set(&WEIGHT_ORDER, 0.1 + 0.1 * (i % 9) as f32)),
    ("chosen product", |state, i| state.selected = Some((i % 50) as u32)),
];

fn main() -> Result<(), Notice> {
    // `cargo test --benches` only wants to know that it builds and runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let start = Instant::now();
    let source = Folder("assets".into());
    let load = Funnel::load(Backend::Cpu, Device::flex(), source, |_| {});
    let mut funnel = block_on(load)?;
    block_on(funnel.fetch_behind());
    println!("loaded in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("| changed | candidates | p50 | p95 |\n| --- | ---: | ---: | ---: |");
    let mut run = 0;
    for candidates in [200, 1000] {
        for (name, change) in CHANGES {
            let mut times = Vec::new();
            for i in 0..rounds + 3 {
                let mut state = State::default();
                state.settings.set(&CANDIDATES, candidates as f32);
                // So that as many are ranked as are retrieved.
                state.settings.set(&RELEVANCE_CONTROL, 0.0);
                change(&mut state, i);
                run += 1;
                let begin = Instant::now();
                block_on(funnel.run(run, &state, &Patient::default()))?;
                // The first fill caches and allocators.
                if i >= 3 || rounds == 1 {
                    times.push(begin.elapsed().as_secs_f64() * 1e3);
                }
            }
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            println!("| {name} | {candidates} | {:.2} ms | {:.2} ms |", at(0.5), at(0.95));
        }
    }
    Ok(())
}
