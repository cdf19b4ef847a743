//! How well the logged queries fit products, worked out once for each query: what rankers read of them.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use market::catalogue::{Catalogue, ProductId};
use market::text::TokenVectors;
use nets::models::query_category::CategoryPredictor;

/// Queries that are predicted at once.
const BATCH: usize = 512;

/// How well queries fit products: see [`QueryMatch`](market::features::dense::QueryMatch).
pub trait QueryMatcher: Sync {
    /// Cosine of query and title by candidate, and probability by product type.
    fn matching(&self, query: &str, candidates: &[ProductId]) -> (Vec<f32>, Vec<f32>);
}

/// Every query of a log with its vector and its predicted product types.
pub struct Queries {
    /// Mean token vector and probabilities by product type.
    known: HashMap<String, (Vec<f32>, Vec<f32>)>,
    titles: Vec<f32>,
    dimensions: usize,
}

impl Queries {
    /// Reads the queries as serving does.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(
        texts: &BTreeSet<String>,
        catalogue: &Catalogue,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
    ) -> Result<Self> {
        let (titles, dimensions) = (words.means(catalogue.titles()), words.dimensions());
        let mut queries = Self { known: HashMap::with_capacity(texts.len()), titles, dimensions };
        queries.read(texts, words, predictor)?;
        Ok(queries)
    }

    /// Reads those that are not known yet.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn read(
        &mut self,
        texts: &BTreeSet<String>,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
    ) -> Result<()> {
        let unknown = texts.iter().filter(|text| !self.known.contains_key(*text));
        let texts: Vec<&str> = unknown.map(String::as_str).collect();
        for texts in texts.chunks(BATCH) {
            let read = read_queries(texts, words, predictor)?;
            self.known.extend(texts.iter().map(|text| (*text).to_owned()).zip(read));
        }
        Ok(())
    }

    /// Cosine of a query's mean token vector and the title of each candidate.
    pub fn cosines(&self, vector: &[f32], candidates: &[ProductId]) -> Vec<f32> {
        let title = |product: ProductId| {
            &self.titles[product as usize * self.dimensions..][..self.dimensions]
        };
        candidates.iter().map(|&product| cosine(vector, title(product))).collect()
    }
}

/// Mean token vector of each query, and its probabilities by product type: none for a query without
/// one known word, which means no category more than another.
///
/// # Errors
/// Where the device fails.
pub fn read_queries(
    texts: &[&str],
    words: &TokenVectors,
    predictor: &CategoryPredictor,
) -> Result<Vec<(Vec<f32>, Vec<f32>)>> {
    let means: Vec<Vec<f32>> = texts.iter().map(|text| words.mean(&words.pieces(text))).collect();
    let probabilities = predictor.probabilities(means.concat()).try_into_vec_as::<f32>()?;
    let rows = probabilities.chunks(probabilities.len() / texts.len().max(1));
    let read = |(mean, row): (Vec<f32>, &[f32])| {
        let is_known = mean.iter().any(|&value| value != 0.0);
        (mean, if is_known { row.to_vec() } else { Vec::new() })
    };
    Ok(means.into_iter().zip(rows).map(read).collect())
}

impl QueryMatcher for Queries {
    fn matching(&self, query: &str, candidates: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        let Some((vector, product_types)) = self.known.get(query) else {
            return Default::default();
        };
        (self.cosines(vector, candidates), product_types.clone())
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths == 0.0 { 0.0 } else { dot(a, b) / lengths }
}
