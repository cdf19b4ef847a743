//! The index alone in a tab: its fingerprint, for the test that holds it against the native one, and what
//! a benchmark wants of it.

use index::mixture::Mixture;
use index::{Builder, Exact, Hit, Index, IndexError, Options, Query, Reach, Rows, Step, Tree};
use wasm_bindgen::prelude::*;

fn main() {}

/// What tells whether this platform computes as others do.
///
/// # Errors
/// None that a right program has.
#[wasm_bindgen]
pub fn fingerprint() -> Result<u32, JsError> {
    Ok(index::fingerprint()?)
}

/// The vectors of a mixture under these numbers, one after another.
#[wasm_bindgen]
pub fn mixture(dimension: usize, centres: usize, spread: f32, from: u32, to: u32) -> Vec<f32> {
    Mixture { dimension, centres, spread, seed: 1 }.vectors(from..to).flatten().collect()
}

/// The first vector of a shard, counted from 0, of so many over so many vectors, and the first behind it.
#[wasm_bindgen]
pub fn part(vectors: usize, shards: usize, shard: usize) -> Vec<u32> {
    let part = index::parts(vectors, shards).nth(shard).unwrap_or_default();
    vec![part.start as u32, part.end as u32]
}

/// The numbers of the best of what shards found, whose numbers and scores stand one shard's after another's.
#[wasm_bindgen]
pub fn merged(numbers: &[u32], scores: &[f32], k: usize) -> Vec<u32> {
    let hit = |(&number, &score): (&u32, &f32)| Hit { number, score };
    let hits: Vec<Hit> = numbers.iter().zip(scores).map(hit).collect();
    index::merge([hits], k).iter().map(|hit| hit.number).collect()
}

/// An index, at whatever stage it is.
enum Stage {
    Rows(Rows),
    Exact(Exact),
    Build(Box<Builder>),
    Tree(Tree),
}

/// An index that is made and asked.
#[wasm_bindgen]
pub struct Bench {
    stage: Option<Stage>,
    scored: usize,
    /// Of the last search, falling.
    scores: Vec<f32>,
}

#[wasm_bindgen]
impl Bench {
    /// No vectors yet, with room for so many.
    ///
    /// # Errors
    /// If no index can have so many values.
    #[wasm_bindgen(constructor)]
    pub fn new(dimension: usize, room: usize) -> Result<Self, JsError> {
        let mut rows = Rows::new(dimension)?;
        rows.reserve(room);
        Ok(Self { stage: Some(Stage::Rows(rows)), scored: 0, scores: Vec::new() })
    }

    /// Adds vectors, one after another, the first under the number `from`.
    ///
    /// # Errors
    /// If a value is no number.
    pub fn push(&mut self, from: u32, values: &[f32]) -> Result<(), JsError> {
        if let Some(Stage::Rows(rows)) = &mut self.stage {
            for (number, vector) in (from..).zip(values.chunks(rows.dimension())) {
                rows.push(number, vector, 0.0)?;
            }
        }
        Ok(())
    }

    /// Goes to the next stage: rows to an exact index, that to a tree that is being built, and that by a
    /// step. Says how much of the stage is done, in [0, 1].
    ///
    /// # Errors
    /// If two vectors have the same number.
    pub fn step(&mut self) -> Result<f32, JsError> {
        let (stage, done) = match self.stage.take() {
            Some(Stage::Rows(rows)) => (Stage::Exact(Exact::new(rows)?), 0.0),
            Some(Stage::Exact(exact)) => {
                let options = Options::new(exact.len());
                (Stage::Build(Box::new(Builder::new(exact.into_rows(), options)?)), 0.0)
            }
            Some(Stage::Build(builder)) => match builder.step() {
                Step::More(builder) => {
                    let done = builder.progress().min(0.999);
                    (Stage::Build(Box::new(builder)), done)
                }
                Step::Done(tree) => (Stage::Tree(tree), 1.0),
            },
            Some(Stage::Tree(tree)) => (Stage::Tree(tree), 1.0),
            None => return Err(JsError::new("a step before failed")),
        };
        self.stage = Some(stage);
        Ok(done)
    }

    /// The numbers of the best; a beam of 0 looks everywhere.
    ///
    /// # Errors
    /// If the query is none of this index's.
    pub fn search(&mut self, query: &[f32], k: usize, beam: usize) -> Result<Vec<u32>, JsError> {
        let found = self.found(query, k, beam)?;
        self.scored = found.scored.vectors + found.scored.centroids;
        self.scores = found.hits.iter().map(|hit| hit.score).collect();
        Ok(found.hits.iter().map(|hit| hit.number).collect())
    }

    /// The scores of what the last search found, in its order.
    pub fn scores(&self) -> Vec<f32> {
        self.scores.clone()
    }

    /// Vectors and centroids that the last search scored.
    pub fn scored(&self) -> usize {
        self.scored
    }

    /// Bytes of the tree as it is kept.
    ///
    /// # Errors
    /// None that a right program has.
    pub fn written(&self) -> Result<usize, JsError> {
        let mut bytes = Vec::new();
        if let Some(Stage::Tree(tree)) = &self.stage {
            tree.write(&mut bytes)?;
        }
        Ok(bytes.len())
    }
}

impl Bench {
    fn found(&self, query: &[f32], k: usize, beam: usize) -> Result<index::Found, IndexError> {
        let reach = if beam == 0 { Reach::All } else { Reach::Beam(beam) };
        let query = Query::new(query, 0.0)?;
        match &self.stage {
            Some(Stage::Exact(exact)) => exact.search(&query, k, reach),
            Some(Stage::Tree(tree)) => tree.search(&query, k, reach),
            _ => Err(IndexError::Options("there is nothing to search yet")),
        }
    }
}
