//! Training Yandex's two towers in two stages (Yandex 3.5 and 4.2): sampled softmax on what
//! shoppers did, then calibrated ranking on what they were shown.

pub mod batch;
pub mod data;
pub mod evaluate;
pub mod groups;
pub mod insides;
pub mod loss;
pub mod ranker;
pub mod samples;
#[cfg(test)]
mod tests;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Tensor;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::descent::{At, Course, Descent};
use super::device::device;
use super::optimiser::adam;
use super::work::Speed;
use batch::{Pages, Positives};
use data::Corpus;
use groups::{Rates, clip_by_group};
use loss::{Objective, Pairwise, Pointwise, fine_tuning, sampled_softmax};
use nets::models::weights::About;
use nets::models::yandex::{Yandex, YandexConfig};
use nets::nn::numbers::numbered;
use samples::ShopperDay;

/// How one stage is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Times that every shopper-day is seen; 0 leaves the stage out.
    pub epochs: usize,
    /// Shopper-days a step.
    pub batch: usize,
    /// Adam's step size of each group of parameters, after warming up and before cooling down.
    pub rates: Rates,
    /// Share of the steps over which the rates grow from nothing.
    pub warm_up: f64,
    /// Most that the norm of a group's gradient may be.
    pub clip: f32,
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// First stage.
    pub pretraining: Stage,
    /// Second stage.
    pub fine_tuning: Stage,
    /// Objective of the second stage.
    pub objective: Objective,
    /// Seed of weights and order.
    pub seed: u64,
}

impl Default for Settings {
    /// The paper's objective; the rest fits a market of thousands.
    fn default() -> Self {
        Self {
            pretraining: Stage {
                epochs: 4,
                batch: 256,
                rates: Rates::new(4e-3, 1e-2),
                warm_up: 0.1,
                clip: 1.0,
            },
            fine_tuning: Stage {
                epochs: 1,
                batch: 64,
                rates: Rates::new(1e-3, 1e-2),
                warm_up: 0.1,
                clip: 1.0,
            },
            objective: Objective {
                pairwise: Pairwise::Calibrated,
                pointwise: Pointwise::Clicks,
                pointwise_weight: 0.1,
                context_debiasing: true,
            },
            seed: 1,
        }
    }
}

/// What a run of a stage is told of and kept in.
pub struct Progress<'a> {
    /// Where the run is saved after each epoch, and goes on from; none means nowhere.
    pub checkpoint: Option<(&'a Checkpoint, &'a About)>,
    /// Told the step, the number of steps and the loss.
    pub watch: &'a mut dyn FnMut(usize, usize, f32),
}

/// A model with random weights of this seed.
pub fn init(config: &YandexConfig, seed: u64) -> Yandex {
    let device = device();
    device.seed(seed);
    config.init(&device)
}

/// First stage: sampled softmax over the positives of shopper-days.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn pretrain(
    model: Yandex,
    config: &YandexConfig,
    corpus: &Corpus,
    settings: &Settings,
    progress: Progress<'_>,
) -> Result<Yandex> {
    let device = device().autodiff();
    let days = &corpus.samples.pretraining;
    let stage = &settings.pretraining;
    let mut speed = Speed::new("Yandex, pre-training", typical(config));
    let model = run(model, days, stage, settings.seed, progress, config.history, |model, days| {
        let batch = Positives::new(days, config, corpus, &device);
        speed.step(days.len(), batch.products(config));
        let temperature = model.loss.temperature();
        sampled_softmax(batch.similarity(model), batch.positives, temperature)
    })?;
    speed.say(&device);
    Ok(model)
}

/// Second stage: equation 2 over the page views of shopper-days.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn fine_tune(
    model: Yandex,
    config: &YandexConfig,
    corpus: &Corpus,
    settings: &Settings,
    progress: Progress<'_>,
) -> Result<Yandex> {
    let device = device().autodiff();
    let days = &corpus.samples.fine_tuning;
    let stage = &settings.fine_tuning;
    let mut speed = Speed::new("Yandex, fine-tuning", typical(config));
    let model = run(model, days, stage, settings.seed, progress, config.history, |model, days| {
        let pages = Pages::new(days, config, corpus, &device);
        speed.step(days.len(), pages.products(config));
        fine_tuning(&pages.page(model), &model.loss, &settings.objective)
    })?;
    speed.say(&device);
    Ok(model)
}

/// A product that the model mostly consists of: rows, input, output.
fn typical(config: &YandexConfig) -> [usize; 3] {
    [2048, config.d, config.d_f]
}

/// Trains a model on shopper-days by a loss of some of them.
fn run(
    model: Yandex,
    days: &[ShopperDay],
    stage: &Stage,
    seed: u64,
    progress: Progress<'_>,
    longest: usize,
    mut loss_of: impl FnMut(&Yandex, &[&ShopperDay]) -> Tensor<1>,
) -> Result<Yandex> {
    let epoch = |epoch| ((), batches(days, stage.batch, seed, epoch, longest));
    let step = |model: &Yandex, days: &Vec<&ShopperDay>, (): &mut (), At { step, steps }| {
        let rates = stage.rates.times(schedule(stage, step, steps));
        let descent = Descent::of(model, loss_of(model, days), rates);
        Some(descent.map(|gradients| clip_by_group(model, gradients, stage.clip)))
    };
    let (epochs, steps) = (stage.epochs, days.len().div_ceil(stage.batch));
    let course = Course { epochs, steps, checkpoint: progress.checkpoint };
    course.run(numbered(model.train()), adam(), epoch, step, progress.watch)
}

/// Share of the full rate at a step: grows over the warm-up, then falls along a line to nothing
/// (4.2).
fn schedule(stage: &Stage, step: usize, steps: usize) -> f64 {
    let (step, steps) = (step as f64, steps as f64);
    let warm_up = stage.warm_up * steps;
    if step < warm_up { (step + 1.0) / (warm_up + 1.0) } else { (steps - step) / (steps - warm_up) }
}

/// Batches that are shuffled together and then sorted by length, so that little is padding.
const POOL: usize = 8;

/// Shopper-days of each step of an epoch.
fn batches(
    days: &[ShopperDay],
    batch: usize,
    seed: u64,
    epoch: usize,
    longest: usize,
) -> Vec<Vec<&ShopperDay>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64 + 1);
    let mut days: Vec<&ShopperDay> = days.iter().collect();
    days.shuffle(&mut random);
    let mut batches = Vec::new();
    for pool in days.chunks_mut(POOL * batch) {
        pool.sort_by_key(|day| day.history.min(longest));
        batches.extend(pool.chunks(batch).map(<[_]>::to_vec));
    }
    batches.shuffle(&mut random);
    batches
}
