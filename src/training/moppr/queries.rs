//! Every query of a log with what MOPPR knows of it, worked out once for each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Result;

use market::features::search::{PredictedCategories, QueryFeatures, QueryFrequency};
use market::text::TokenVectors;
use nets::models::query_category::CategoryPredictor;

/// Queries that are predicted at once.
const BATCH: usize = 512;

/// Queries by number.
#[derive(Clone, Debug, Default)]
pub struct Queries {
    texts: Vec<String>,
    features: Vec<Arc<QueryFeatures>>,
    numbers: HashMap<String, u32>,
}

impl Queries {
    /// Reads the queries as serving does.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(
        texts: BTreeSet<String>,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        frequency: &QueryFrequency,
    ) -> Result<Self> {
        let mut queries = Self::default();
        queries.read(texts, words, predictor, frequency)?;
        Ok(queries)
    }

    /// Reads those that are not known yet.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn read(
        &mut self,
        texts: BTreeSet<String>,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        frequency: &QueryFrequency,
    ) -> Result<()> {
        let unknown = texts.into_iter().filter(|text| !self.numbers.contains_key(text));
        let texts: Vec<String> = unknown.collect();
        let config = predictor.config();
        for texts in texts.chunks(BATCH) {
            let pieces: Vec<Vec<u32>> = texts.iter().map(|text| words.pieces(text)).collect();
            let means: Vec<f32> = pieces.iter().flat_map(|pieces| words.mean(pieces)).collect();
            let known: Vec<bool> =
                means.chunks(config.token).map(|mean| mean.iter().any(|&x| x != 0.0)).collect();
            let probabilities = predictor.probabilities(means).try_into_vec_as::<f32>()?;
            let rows = probabilities.chunks(config.product_types);
            for (((text, pieces), known), row) in texts.iter().zip(pieces).zip(known).zip(rows) {
                // A query without one known word means no category more than another.
                let row = if known { row } else { &[] };
                let categories = PredictedCategories::new(row, config.threshold);
                let frequency = frequency.bucket(text);
                let features = QueryFeatures::new(pieces, categories, frequency);
                self.features.push(Arc::new(features));
                self.numbers.insert(text.clone(), self.texts.len() as u32);
                self.texts.push(text.clone());
            }
        }
        Ok(())
    }

    /// These texts, of which nothing is known.
    #[cfg(test)]
    pub fn plain(texts: &[&str]) -> Self {
        Self {
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            features: vec![Arc::default(); texts.len()],
            numbers: texts.iter().map(|text| (*text).to_owned()).zip(0..).collect(),
        }
    }

    /// Number of a query.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Text of a query.
    pub fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// Features of a query.
    pub fn features(&self, number: u32) -> &Arc<QueryFeatures> {
        &self.features[number as usize]
    }
}
