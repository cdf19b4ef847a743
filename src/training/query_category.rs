//! Training and calibrating the query-to-category predictor (MOPPR 4.1.2).

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::descent::{Course, Descent};
use super::optimiser::adam;
use market::catalogue::ProductTypeId;
use market::text::TokenVectors;
use nets::models::query_category::{CategoryPredictor, QueryCategory, QueryCategoryConfig};
use nets::nn::numbers::seeded;

/// Clicks by query and product type.
pub type Clicks = BTreeMap<String, BTreeMap<ProductTypeId, u32>>;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every query is seen.
    pub epochs: usize,
    /// Queries a step.
    pub batch: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// Share of the queries held out, on which the predictor is calibrated.
    pub held_out: f64,
    /// Share of held-out clicks whose category must be among those kept.
    pub coverage: f64,
    /// Seed of weights and order.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { epochs: 40, batch: 128, rate: 2e-3, held_out: 0.1, coverage: 0.97, seed: 1 }
    }
}

/// How well the predictor does on queries it has not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Queries held out.
    pub queries: usize,
    /// Share of clicks on the most likely category.
    pub top1: f64,
    /// Share of clicks on a category that is kept.
    pub coverage: f64,
    /// Categories kept for a query, weighted by its clicks.
    pub kept: f64,
}

/// Queries as the network sees them.
struct Queries {
    means: Vec<Vec<f32>>,
    /// Clicks by product type.
    clicks: Vec<Vec<(ProductTypeId, f32)>>,
}

/// Trains and calibrates a predictor.
///
/// # Errors
/// Where the device fails.
pub fn train(
    clicks: &Clicks,
    words: &TokenVectors,
    product_types: usize,
    settings: &Settings,
) -> Result<(QueryCategory, QueryCategoryConfig, Quality)> {
    let device = Device::flex().autodiff();
    let mut config = QueryCategoryConfig::playground(product_types);
    let network = seeded(&device, settings.seed, || config.init(&device));
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut queries: Vec<(&String, &BTreeMap<_, _>)> = clicks.iter().collect();
    queries.shuffle(&mut random);
    let held_out = (queries.len() as f64 * settings.held_out).ceil() as usize;
    let (held_out, training) = queries.split_at(held_out.min(queries.len()));
    let (held_out, training) = (Queries::new(held_out, words), Queries::new(training, words));

    let mut order: Vec<usize> = (0..training.means.len()).collect();
    let epoch = |_| {
        order.shuffle(&mut random);
        ((), order.chunks(settings.batch).map(<[_]>::to_vec).collect())
    };
    let step = |network: &QueryCategory, batch: &Vec<usize>, (): &mut (), _| {
        let (means, targets) = training.batch(batch, &config, &device);
        let loss =
            (targets * log_softmax(network.logits(means), 1)).sum().neg() / batch.len() as f32;
        Some(Descent::of(network, loss, settings.rate))
    };
    let steps = training.means.len().div_ceil(settings.batch);
    let course = Course { epochs: settings.epochs, steps, checkpoint: None };
    let network = course.run(network, adam(), epoch, step, |_, _, _| ())?;
    let all: Vec<usize> = (0..held_out.means.len()).collect();
    let (means, _) = held_out.batch(&all, &config, &Device::flex());
    let logits = network.logits(means);
    config.temperature = held_out.temperature(&logits)?;
    let probabilities = held_out.rows(softmax(logits / config.temperature, 1))?;
    config.threshold = held_out.threshold(&probabilities, settings.coverage);
    let quality = held_out.quality(&probabilities, config.threshold);
    Ok((network, config, quality))
}

impl Queries {
    fn new(queries: &[(&String, &BTreeMap<ProductTypeId, u32>)], words: &TokenVectors) -> Self {
        let of_query = |clicks: &BTreeMap<ProductTypeId, u32>| {
            clicks.iter().map(|(&product_type, &count)| (product_type, count as f32)).collect()
        };
        Self {
            means: queries.iter().map(|(text, _)| words.mean(&words.pieces(text))).collect(),
            clicks: queries.iter().map(|(_, clicks)| of_query(clicks)).collect(),
        }
    }

    /// Mean vectors, and the share of each product type in the query's clicks, weighted so that
    /// a frequent query counts more than a rare one, but not in proportion.
    fn batch(
        &self,
        queries: &[usize],
        config: &QueryCategoryConfig,
        device: &Device,
    ) -> (Tensor<2>, Tensor<2>) {
        let (b, types) = (queries.len(), config.product_types);
        let mut targets = vec![0.0; b * types];
        for (row, &query) in queries.iter().enumerate() {
            let all = clicks_of(&self.clicks[query]);
            for &(product_type, count) in &self.clicks[query] {
                targets[row * types + usize::from(product_type)] = count / all * all.ln_1p();
            }
        }
        let means: Vec<f32> = queries.iter().flat_map(|&q| self.means[q].clone()).collect();
        (
            Tensor::from_data(TensorData::new(means, [b, config.token]), device),
            Tensor::from_data(TensorData::new(targets, [b, types]), device),
        )
    }

    fn rows(&self, tensor: Tensor<2>) -> Result<Vec<Vec<f32>>> {
        let [_, columns] = tensor.dims();
        Ok(tensor.try_into_vec_as::<f32>()?.chunks(columns).map(<[f32]>::to_vec).collect())
    }

    /// The temperature under which the held-out clicks are most likely.
    fn temperature(&self, logits: &Tensor<2>) -> Result<f32> {
        let mut best = (f64::INFINITY, 1.0);
        for step in 0..40 {
            let temperature = 0.5 * 1.08_f32.powi(step);
            let rows = self.rows(log_softmax(logits.clone() / temperature, 1))?;
            let mut loss = 0.0;
            for (row, clicks) in rows.iter().zip(&self.clicks) {
                for &(product_type, count) in clicks {
                    loss -= f64::from(count * row[usize::from(product_type)]);
                }
            }
            if loss < best.0 {
                best = (loss, temperature);
            }
        }
        Ok(best.1)
    }

    /// The lowest threshold with which this share of the held-out clicks falls on kept categories.
    fn threshold(&self, probabilities: &[Vec<f32>], coverage: f64) -> f32 {
        // A category is kept if the more likely ones together stay below the threshold.
        let mut needed: Vec<(f32, f32)> = Vec::new();
        for (row, clicks) in probabilities.iter().zip(&self.clicks) {
            for &(product_type, count) in clicks {
                let own = row[usize::from(product_type)];
                needed.push((row.iter().filter(|&&p| p > own).sum(), count));
            }
        }
        needed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = needed.iter().map(|(_, count)| f64::from(*count)).sum();
        let mut covered = 0.0;
        for (before, count) in needed {
            covered += f64::from(count);
            if covered >= coverage * all {
                return (before + 1e-4).clamp(0.5, 0.999);
            }
        }
        0.999
    }

    fn quality(&self, probabilities: &[Vec<f32>], threshold: f32) -> Quality {
        let (mut all, mut top1, mut coverage, mut kept) = (0.0, 0.0, 0.0, 0.0);
        for (row, clicks) in probabilities.iter().zip(&self.clicks) {
            let predicted = market::features::search::PredictedCategories::new(row, threshold);
            let of_query = f64::from(clicks_of(clicks));
            all += of_query;
            kept += predicted.0.len() as f64 * of_query;
            for &(product_type, count) in clicks {
                let count = f64::from(count);
                top1 += if predicted.0[0].0 == product_type { count } else { 0.0 };
                coverage += if predicted.contains(product_type) { count } else { 0.0 };
            }
        }
        Quality {
            queries: self.means.len(),
            top1: top1 / all,
            coverage: coverage / all,
            kept: kept / all,
        }
    }
}

fn clicks_of(clicks: &[(ProductTypeId, f32)]) -> f32 {
    clicks.iter().map(|(_, count)| count).sum()
}

/// The trained predictor on the CPU.
pub fn predictor(network: &QueryCategory, config: &QueryCategoryConfig) -> CategoryPredictor {
    CategoryPredictor::new(network.clone(), config.clone(), &Device::flex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::features::search::PredictedCategories;

    #[test]
    fn words_it_never_saw_are_understood_by_their_neighbours() {
        let words = TokenVectors::new(
            include_str!("../../assets/words.txt"),
            include_bytes!("../../assets/words.safetensors"),
        )
        .unwrap();
        // Single letters and digits have vectors that tell them apart.
        let mut clicks = Clicks::new();
        for (product_type, range) in [(0, 'a'..='z'), (1, '0'..='9')] {
            for first in range.clone() {
                for second in range.clone() {
                    let counts = BTreeMap::from([(product_type, 3), (2, 1)]);
                    clicks.insert(format!("{first} {second}"), counts);
                }
            }
        }
        let settings = Settings { epochs: 8, coverage: 0.7, ..Settings::default() };
        let (network, config, quality) = train(&clicks, &words, 4, &settings).unwrap();
        assert!(quality.queries == 78 && quality.top1 > 0.7, "{quality:?}");
        assert!(quality.coverage >= 0.7 && quality.kept < 2.0, "{quality:?}");
        let predictor = predictor(&network, &config);
        let mean = words.mean(&words.pieces("1 2 3"));
        let row: Vec<f32> = predictor.probabilities(mean).try_into_vec_as().unwrap();
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((row[1] - 0.75).abs() < 0.15 && (row[2] - 0.25).abs() < 0.15, "{row:?}");
        assert_eq!(PredictedCategories::new(&row, config.threshold).0[0].0, 1);
    }
}
