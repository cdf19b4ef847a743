//! How long Yandex's two towers take on this machine without a browser.
//!
//! `cargo bench --bench towers`. Each line is the median and the best of some rounds, with all that
//! it computes read back from the device.

use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;
use engine::pipeline::stock::{CATALOGUE, MORE_WORD_VECTORS, WORD_VECTORS, WORDS};
use market::catalogue::Catalogue;
use market::history::{Event, EventKind, WebSearch};
use market::text::TokenVectors;
use nets::models::yandex::input::title_sums;
use nets::models::yandex::retriever::{FILE, Retriever};

/// Rounds that are timed.
const ROUNDS: usize = 30;

fn main() -> Result<()> {
    // `cargo test --benches` only wants to know that it builds and runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let read = |name: &str| {
        std::fs::read(format!("assets/{name}")).with_context(|| format!("reading {name}"))
    };
    let catalogue: Catalogue = serde_json::from_slice(&read(CATALOGUE)?)?;
    let mut words = TokenVectors::new(&String::from_utf8(read(WORDS)?)?, &read(WORD_VECTORS)?)?;
    words.extend(&read(MORE_WORD_VECTORS)?)?;
    let file = read(FILE)?;
    let device = Device::flex();

    let products = catalogue.products.len();
    let titles = title_sums(&catalogue, &words);
    let retriever = Retriever::load(&file, &titles, &device)?;
    let history = retriever.config().history;
    // A quarter of what is read are web searches.
    let events: Vec<Event> = (0..3 * history / 4)
        .map(|n| Event {
            kind: if n % 5 == 0 { EventKind::Cart } else { EventKind::Click },
            product: (n * 37 % products) as u32,
            time: 4 * n as i32,
        })
        .collect();
    let searches: Vec<WebSearch> = (0..history / 4)
        .map(|n| {
            let title = &catalogue.products[n * 91 % products].title;
            WebSearch { query: format!("{title} reviews"), time: 12 * n as i32 + 1 }
        })
        .collect();
    let user = retriever.user(&events, &searches, &words);

    println!("{products} products, {} behaviours", user.behaviour.len());
    time("sums of the titles' words", rounds, || {
        title_sums(&catalogue, &words);
        Ok(())
    })?;
    time("weights and all item vectors", rounds, || {
        Retriever::load(&file, &titles, &device)?.items.try_into_vec_as::<f32>()?;
        Ok(())
    })?;
    time("user vector", rounds, || {
        let user = retriever.user(&events, &searches, &words);
        user.vector.try_into_vec_as::<f32>()?;
        Ok(())
    })?;
    time("scores of all products", rounds, || {
        retriever.scores(&user).try_into_vec_as::<f32>()?;
        Ok(())
    })
}

fn time(name: &str, rounds: usize, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    let milliseconds = |place: usize| times[place].as_secs_f64() * 1e3;
    println!("{name:<30} {:>8.2} ms, best {:.2} ms", milliseconds(rounds / 2), milliseconds(0));
    Ok(())
}
