//! How well the logged queries fit products, worked out once for each query.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::samples::QueryMatcher;
use crate::market::catalogue::{Catalogue, ProductId};
use crate::models::moppr::retriever::title_vectors;
use crate::models::query_category::CategoryPredictor;
use crate::text::TokenVectors;

/// Queries that are predicted at once.
const BATCH: usize = 512;

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
        let texts: Vec<&String> = texts.iter().collect();
        let mut known = HashMap::with_capacity(texts.len());
        for texts in texts.chunks(BATCH) {
            let means: Vec<Vec<f32>> =
                texts.iter().map(|text| words.mean(&words.pieces(text))).collect();
            let probabilities = predictor.probabilities(means.concat()).try_into_vec_as::<f32>()?;
            let types = probabilities.len() / texts.len();
            for (number, (text, mean)) in texts.iter().zip(means).enumerate() {
                // A query without one known word means no category more than another.
                let of_query = match mean.iter().any(|&value| value != 0.0) {
                    true => probabilities[number * types..(number + 1) * types].to_vec(),
                    false => Vec::new(),
                };
                known.insert((*text).clone(), (mean, of_query));
            }
        }
        Ok(Self { known, titles: title_vectors(catalogue, words), dimensions: words.dimensions() })
    }
}

impl QueryMatcher for Queries {
    fn matching(&self, query: &str, candidates: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        let Some((vector, product_types)) = self.known.get(query) else {
            return Default::default();
        };
        let cosines = candidates
            .iter()
            .map(|&product| {
                let start = product as usize * self.dimensions;
                cosine(vector, &self.titles[start..start + self.dimensions])
            })
            .collect();
        (cosines, product_types.clone())
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths == 0.0 { 0.0 } else { dot(a, b) / lengths }
}
