//! Training DMT (DMT 4.5.1).

pub mod batch;
pub mod cold_start;
pub mod data;
pub mod evaluate;
pub mod loss;
pub mod queries;
pub mod samples;
#[cfg(test)]
mod tests;

use anyhow::Result;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::Device;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::{Checkpoint, numbered};
use super::normalisation::CONSTANT;
use crate::market::catalogue::Catalogue;
use crate::models::dmt::{Dmt, DmtConfig};
use crate::models::weights::About;
use batch::Batch;
use loss::cross_entropy;
use samples::Samples;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every page view is seen.
    pub epochs: usize,
    /// Page views a step.
    pub batch: usize,
    /// Adam's step size, after warming up and before cooling down.
    pub rate: f64,
    /// lambda_k of equation 5.
    pub lambda: [f32; 2],
    /// Read the dense features; else they are silenced.
    pub dense: bool,
    /// Seed of weights and order.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { epochs: 3, batch: 128, rate: 2e-3, lambda: [1.0, 4.0], dense: true, seed: 1 }
    }
}

/// Steps over which the rate grows from nothing.
const WARM_UP: usize = 100;

/// Adam's step size at a step: grows over [`WARM_UP`], then falls along a line to a twentieth.
fn rate_at(settings: &Settings, step: usize, steps: usize) -> f64 {
    let warm = ((step + 1) as f64 / WARM_UP as f64).min(1.0);
    let left = 1.0 - step as f64 / steps as f64;
    settings.rate * warm * (0.05 + 0.95 * left)
}

/// Trains a model on page views. `watch` is told the step, the number of steps and the loss.
///
/// With a checkpoint the run is saved after each epoch, and goes on after the last one saved.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    config: &DmtConfig,
    samples: &Samples,
    catalogue: &Catalogue,
    settings: &Settings,
    checkpoint: Option<(&Checkpoint, &About)>,
    mut watch: impl FnMut(usize, usize, f32),
) -> Result<Dmt> {
    let device = Device::flex().autodiff();
    device.seed(settings.seed);
    let (mean, mut deviation) = samples.normalisation();
    if !settings.dense {
        deviation.fill(CONSTANT);
    }
    let model = config.init(&device).with_normalisation(&mean, &deviation, &device);
    let mut model = numbered(model);
    let mut optimiser = AdamConfig::new().init();
    let mut finished = 0;
    if let Some((checkpoint, about)) = checkpoint {
        (model, optimiser, finished) = checkpoint.resume(model, optimiser, about)?;
    }
    let an_epoch = samples.len().div_ceil(settings.batch);
    let steps = an_epoch * settings.epochs;
    for epoch in finished..settings.epochs {
        for (number, views) in batches(samples, settings, epoch).into_iter().enumerate() {
            let step = epoch * an_epoch + number;
            let batch = Batch::new(samples, &views, catalogue, &device);
            let loss = loss_of(&model, &batch, settings.lambda);
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimiser.step(rate_at(settings, step, steps), model, gradients);
            watch(step, steps, loss.inner().into_scalar());
        }
        if let Some((checkpoint, about)) = checkpoint {
            // Running statistics (of Dice) are brought up to date on the way out of training.
            checkpoint.save(&model.valid(), &optimiser, about, epoch + 1)?;
        }
    }
    Ok(model.valid())
}

/// Equation 5 over a batch, and for DIEN its auxiliary loss.
fn loss_of(model: &Dmt, batch: &Batch, lambda: [f32; 2]) -> burn::tensor::Tensor<1> {
    let encoded = model.encode(&batch.sequences);
    let output = model.rank(&encoded, &batch.candidates, 1.0);
    let [requests, count, tasks] = output.utilities.dims();
    let utilities = output.utilities.reshape([requests * count, tasks]);
    // What was not shown stood nowhere that could bias it.
    let bias = model.bias(&batch.places).map(|bias| bias * batch.shown.clone());
    let loss = cross_entropy(utilities, bias, batch.labels.clone(), batch.present.clone(), lambda);
    match model.auxiliary(&encoded, &batch.sequences) {
        Some(auxiliary) => loss + auxiliary,
        None => loss,
    }
}

/// Batches that are shuffled together and then sorted by length, so that little is padding.
const POOL: usize = 16;

/// Page views of each step of an epoch.
fn batches(samples: &Samples, settings: &Settings, epoch: usize) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    random.set_stream(epoch as u64 + 1);
    let mut views: Vec<usize> = (0..samples.len()).collect();
    views.shuffle(&mut random);
    let mut batches = Vec::new();
    for pool in views.chunks_mut(POOL * settings.batch) {
        pool.sort_by_key(|&view| samples.history(view, 0).len());
        batches.extend(pool.chunks(settings.batch).map(<[usize]>::to_vec));
    }
    batches.shuffle(&mut random);
    batches
}
