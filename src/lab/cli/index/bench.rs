//! `vitrine index bench`: recall against exact search, vectors scored, and time, by beam.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use index::mixture::Mixture;
use index::{Exact, Index as _, Query, Reach};
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::{Shape, built, rows};
use crate::vectors::Vectors;

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    /// File of vectors, one a row: .npy, .safetensors or .parquet. Without one, vectors are drawn from a
    /// mixture of Gaussians, at length one.
    pub vectors: Option<PathBuf>,
    /// Which tensor or list column of the file, where it has several.
    #[arg(long)]
    pub name: Option<String>,
    /// Bring every vector to length one first.
    #[arg(long)]
    pub unit: bool,
    /// Vectors that are drawn.
    #[arg(long, default_value_t = 1_000_000, conflicts_with = "vectors",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(index::MOST)))]
    pub draw: u32,
    /// Values of a vector that is drawn.
    #[arg(long, default_value_t = 64, conflicts_with = "vectors")]
    pub dimension: usize,
    /// Gaussians of the mixture; 0 draws directions evenly, which no index is good at.
    #[arg(long, default_value_t = 1_000, conflicts_with = "vectors")]
    pub centres: usize,
    /// Length of what is added to a centre, whose own is one.
    #[arg(long, default_value_t = 1.0, conflicts_with = "vectors")]
    pub spread: f32,
    /// Queries: vectors of the file that are left out of the index, or further ones that are drawn.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub queries: u32,
    /// Vectors to find for each.
    #[arg(long, default_value = "100")]
    pub top: NonZeroUsize,
    /// Beams to try.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32,64,128,256")]
    pub beams: Vec<usize>,
    /// Write what is indexed and asked here, as vectors.npy and queries.npy, for other programs.
    #[arg(long)]
    pub save: Option<PathBuf>,
    /// How the tree is built.
    #[command(flatten)]
    pub shape: Shape,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read or written, or holds what cannot be indexed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (vectors, queries, of) = gather(arguments)?;
    if let Some(folder) = &arguments.save {
        vectors.write(&folder.join("vectors.npy"))?;
        queries.write(&folder.join("queries.npy"))?;
    }
    let top = arguments.top.get();
    println!(
        "{} vectors of {} values, {of}; {} queries.\n",
        vectors.len(),
        vectors.dimension,
        queries.len()
    );
    let plain: Vec<Vec<u32>> = (0..queries.len())
        .into_par_iter()
        .map(|query| plain(&vectors, queries.vector(query), top))
        .collect();
    let exact = Exact::new(rows(&vectors)?)?;
    drop(vectors);
    let queries: Vec<Query> =
        queries.iter().map(|query| Query::new(query, 0.0)).collect::<Result<_, _>>()?;

    let best = asked(&queries, |query| exact.search(query, top, Reach::All))?;
    println!(
        "exact, int8: recall@{top} of f32 {:.4}, p50 {:.3} ms, p99 {:.3} ms",
        recall(&plain, &best.found),
        milliseconds(&best.times, 0.5),
        milliseconds(&best.times, 0.99)
    );
    let options = arguments.shape.options(exact.len());
    let built = built(exact.into_rows(), options)?;
    println!("{}\n", built.said());
    println!("| beam | recall@{top} | scored | p50, ms | p99, ms |\n|---:|---:|---:|---:|---:|");
    for &beam in &arguments.beams {
        let of_tree = asked(&queries, |query| built.tree.search(query, top, Reach::Beam(beam)))?;
        println!(
            "| {beam} | {:.4} | {} | {:.3} | {:.3} |",
            recall(&best.found, &of_tree.found),
            of_tree.scored / queries.len(),
            milliseconds(&of_tree.times, 0.5),
            milliseconds(&of_tree.times, 0.99)
        );
    }
    Ok(())
}

/// Vectors, queries, and where they come from.
fn gather(arguments: &Arguments) -> Result<(Vectors, Vectors, String)> {
    let count = arguments.queries as usize;
    let Some(path) = &arguments.vectors else {
        let Arguments { draw, dimension, centres, spread, shape, .. } = arguments;
        let Shape { seed, .. } = *shape;
        ensure!(
            (1..=index::WIDEST).contains(dimension),
            "vectors have 1 to {} values",
            index::WIDEST
        );
        let mixture = Mixture { dimension: *dimension, centres: *centres, spread: *spread, seed };
        let drawn = |numbers| {
            let values = mixture.vectors(numbers).flatten().collect();
            Vectors { dimension: *dimension, values }
        };
        let of = format!("from {centres} Gaussians of spread {spread}, seed {seed}");
        return Ok((drawn(0..*draw), drawn(*draw..draw + arguments.queries), of));
    };
    let mut all = Vectors::read(path, arguments.name.as_deref())?;
    if arguments.unit {
        all.to_unit();
    }
    // What cannot be indexed is told by its place in the file.
    rows(&all).with_context(|| format!("{}", path.display()))?;
    ensure!(
        count < all.len(),
        "{} has {} vectors: too few to ask {count}",
        path.display(),
        all.len()
    );
    let mut random = ChaCha8Rng::seed_from_u64(arguments.shape.seed);
    let asked: HashSet<usize> = sample(&mut random, all.len(), count).into_iter().collect();
    let part = |is_query: bool| {
        let there = (0..all.len()).filter(|number| asked.contains(number) == is_query);
        let values = there.flat_map(|number| all.vector(number)).copied().collect();
        Vectors { dimension: all.dimension, values }
    };
    Ok((part(false), part(true), format!("of {}", path.display())))
}

/// The best by inner products in f32.
fn plain(vectors: &Vectors, query: &[f32], top: usize) -> Vec<u32> {
    let score = |vector: &[f32]| -> f32 {
        // Sums side by side, which the compiler may compute at once.
        let mut sums = [0.0_f32; 16];
        let (query, rest) = query.as_chunks::<16>();
        let (own, rest_of_own) = vector.as_chunks::<16>();
        for (a, b) in query.iter().zip(own) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
        }
        let rest: f32 = rest.iter().zip(rest_of_own).map(|(a, b)| a * b).sum();
        sums.iter().sum::<f32>() + rest
    };
    let mut scores: Vec<(f32, u32)> = vectors.iter().map(score).zip(0..).collect();
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if top < scores.len() {
        scores.select_nth_unstable_by(top, order);
        scores.truncate(top);
    }
    scores.into_iter().map(|(_, number)| number).collect()
}

/// What was found for each query, and what it took.
struct Asked {
    found: Vec<Vec<u32>>,
    times: Vec<Duration>,
    scored: usize,
}

fn asked(
    queries: &[Query],
    search: impl Fn(&Query) -> Result<index::Found, index::IndexError>,
) -> Result<Asked> {
    let mut asked = Asked { found: Vec::new(), times: Vec::new(), scored: 0 };
    for query in queries {
        let begun = Instant::now();
        let found = search(query)?;
        asked.times.push(begun.elapsed());
        asked.scored += found.scored.vectors + found.scored.centroids;
        asked.found.push(found.hits.iter().map(|hit| hit.number).collect());
    }
    asked.times.sort_unstable();
    Ok(asked)
}

/// Share of the best that was found.
fn recall(best: &[Vec<u32>], found: &[Vec<u32>]) -> f64 {
    let of = |(best, found): (&Vec<u32>, &Vec<u32>)| {
        let best: HashSet<&u32> = best.iter().collect();
        found.iter().filter(|number| best.contains(number)).count()
    };
    let all: usize = best.iter().map(Vec::len).sum();
    best.iter().zip(found).map(of).sum::<usize>() as f64 / all.max(1) as f64
}

/// A quantile of sorted times.
fn milliseconds(times: &[Duration], quantile: f64) -> f64 {
    let place = (quantile * times.len() as f64) as usize;
    times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, |time| 1e3 * time.as_secs_f64())
}
