//! `vitrine index`: vectors of any file in an index, and what that costs.

pub mod bench;

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use index::{Builder, Index as _, Options, Query, Reach, Rows, Step, Tree};
use indicatif::{ProgressBar, ProgressStyle};

use crate::vectors::Vectors;

/// What to do with vectors.
#[derive(Debug, Subcommand)]
pub enum Index {
    /// Build a clustering tree over the vectors of a file.
    Build(Building),
    /// Search a tree that was built.
    Search(Searching),
    /// Say what a tree finds and costs, held against exact search.
    Bench(bench::Arguments),
}

/// How a tree is built.
#[derive(Clone, Debug, Args)]
pub struct Shape {
    /// Levels of clusters below the root, from 1 to 4.
    #[arg(long, default_value_t = Options::new(0).levels)]
    pub levels: usize,
    /// Vectors that a leaf should have; none has more than twice as many. Unless it is said, what suits the
    /// number of vectors: 64 for 40,000, 256 for a million.
    #[arg(long)]
    pub leaf: Option<usize>,
    /// Seed of what is drawn by chance.
    #[arg(long, default_value_t = Options::new(0).seed)]
    pub seed: u64,
}

impl Shape {
    fn options(&self, vectors: usize) -> Options {
        let Self { levels, leaf, seed } = *self;
        let suiting = Options::new(vectors);
        Options { levels, leaf: leaf.unwrap_or(suiting.leaf), seed, ..suiting }
    }
}

/// What to build.
#[derive(Debug, Args)]
pub struct Building {
    /// File of vectors, one a row: .npy, .safetensors or .parquet.
    pub vectors: PathBuf,
    /// Where the tree goes.
    #[arg(long)]
    pub to: PathBuf,
    /// Which tensor or list column of the file, where it has several.
    #[arg(long)]
    pub name: Option<String>,
    /// Bring every vector to length one first: what is found is then the nearest by cosine.
    #[arg(long)]
    pub unit: bool,
    /// How it is built.
    #[command(flatten)]
    pub shape: Shape,
}

/// What to search.
#[derive(Debug, Args)]
pub struct Searching {
    /// A tree that `vitrine index build` wrote.
    pub index: PathBuf,
    /// File of queries, one a row.
    #[arg(long)]
    pub queries: PathBuf,
    /// Which tensor or list column of that file, where it has several.
    #[arg(long)]
    pub name: Option<String>,
    /// Vectors to find for each query.
    #[arg(long, default_value_t = 10)]
    pub top: usize,
    /// Clusters that are kept on each level; more find more, and take longer.
    #[arg(long, default_value_t = 32)]
    pub beam: usize,
    /// Look at every vector.
    #[arg(long, conflicts_with = "beam")]
    pub exact: bool,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read or written, or holds what cannot be indexed.
pub fn run(index: &Index) -> Result<()> {
    match index {
        Index::Build(arguments) => build(arguments),
        Index::Search(arguments) => search(arguments),
        Index::Bench(arguments) => bench::run(arguments),
    }
}

fn build(arguments: &Building) -> Result<()> {
    let mut vectors = Vectors::read(&arguments.vectors, arguments.name.as_deref())?;
    if arguments.unit {
        vectors.to_unit();
    }
    let rows = rows(&vectors).with_context(|| format!("{}", arguments.vectors.display()))?;
    drop(vectors);
    let options = arguments.shape.options(rows.len());
    let built = built(rows, options)?;
    let to = File::create(&arguments.to).with_context(|| format!("{}", arguments.to.display()))?;
    built.tree.write(&mut BufWriter::new(to))?;
    println!("{}", built.said());
    Ok(())
}

fn search(arguments: &Searching) -> Result<()> {
    let file = File::open(&arguments.index);
    let tree = file
        .map_err(anyhow::Error::from)
        .and_then(|file| Ok(Tree::read(&mut BufReader::new(file))?));
    let tree = tree.with_context(|| format!("{}", arguments.index.display()))?;
    let queries = Vectors::read(&arguments.queries, arguments.name.as_deref())?;
    let reach = if arguments.exact { Reach::All } else { Reach::Beam(arguments.beam) };
    println!("query place number score clusters");
    for (number, query) in queries.iter().enumerate() {
        let found =
            Query::new(query, 0.0).and_then(|query| tree.search(&query, arguments.top, reach));
        let found =
            found.with_context(|| format!("{}, query {number}", arguments.queries.display()))?;
        for (place, hit) in (1..).zip(&found.hits) {
            let path = tree.path(hit.number).unwrap_or_default();
            let path: Vec<String> = path.iter().map(u32::to_string).collect();
            println!("{number} {place} {} {:.6} {}", hit.number, hit.score, path.join("/"));
        }
    }
    Ok(())
}

/// Vectors in int8, numbered as they stand.
fn rows(vectors: &Vectors) -> Result<Rows> {
    ensure!(vectors.len() <= index::MOST as usize, "it has more vectors than {}", index::MOST);
    let mut rows = Rows::new(vectors.dimension)?;
    rows.reserve(vectors.len());
    for (number, vector) in (0..).zip(vectors.iter()) {
        rows.push(number, vector, 0.0)?;
    }
    Ok(rows)
}

/// A tree, and what it took.
struct Built {
    tree: Tree,
    took: Duration,
    steps: usize,
    longest: Duration,
}

impl Built {
    fn said(&self) -> String {
        let shape = self.tree.shape();
        let clusters: Vec<String> = shape.clusters.iter().map(usize::to_string).collect();
        format!(
            "tree of {} vectors: {} clusters by level, leaves of {} to {} vectors, built in {:.2} s \
             ({} steps, the longest {:.2} s)",
            self.tree.len(),
            clusters.join(", "),
            shape.fewest,
            shape.most,
            self.took.as_secs_f64(),
            self.steps,
            self.longest.as_secs_f64()
        )
    }
}

fn built(rows: Rows, options: Options) -> Result<Built> {
    let bar = ProgressBar::new(1_000);
    bar.set_style(ProgressStyle::with_template("tree {wide_bar} {percent} %")?);
    let begun = Instant::now();
    let mut builder = Builder::new(rows, options)?;
    let (mut steps, mut longest) = (0, Duration::ZERO);
    loop {
        let at = Instant::now();
        let step = builder.step();
        longest = longest.max(at.elapsed());
        steps += 1;
        match step {
            Step::More(more) => {
                bar.set_position((1_000.0 * more.progress()) as u64);
                builder = more;
            }
            Step::Done(tree) => {
                bar.finish_and_clear();
                return Ok(Built { tree, took: begun.elapsed(), steps, longest });
            }
        }
    }
}
