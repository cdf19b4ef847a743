//! Training Yandex's two towers in two stages (Yandex 3.5 and 4.2): sampled softmax on what
//! shoppers did, then calibrated ranking on what they were shown.

pub mod batch;
pub mod data;
pub mod evaluate;
pub mod groups;
pub mod insides;
pub mod learn;
pub mod loss;
pub mod ranker;
pub mod samples;
#[cfg(test)]
mod tests;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::descent::{self, At, Descent, Learner, Step};
use super::device::device;
use super::optimiser::Optimiser;
use super::work::Speed;
use batch::{Pages, Positives};
use data::Corpus;
use groups::{Rates, clip_by_group};
use loss::{Objective, Pairwise, Pointwise, fine_tuning, sampled_softmax};
use nets::models::weights::About;
use nets::models::yandex::{Yandex, YandexConfig};
use nets::nn::numbers::{numbered, seeded};
use samples::ShopperDay;

/// How one stage is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Times that every shopper-day is seen; 0 leaves the stage out.
    pub epochs: usize,
    /// Shopper-days a step.
    pub batch: usize,
    /// What follows the gradient.
    pub optimiser: Optimiser,
    /// Its step size for each group of parameters, after warming up and before cooling down.
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
                optimiser: Optimiser::Adam,
                rates: Rates::new(4e-3, 1e-2),
                warm_up: 0.1,
                clip: 1.0,
            },
            fine_tuning: Stage {
                epochs: 1,
                batch: 64,
                optimiser: Optimiser::Adam,
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
    seeded(&device, seed, || config.init(&device))
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
    let lesson = Lesson::pretraining(config, corpus, settings);
    let mut speed = Speed::new("Yandex, pre-training", typical(config));
    let learner = lesson.learner(model);
    let model = descent::run(&lesson, learner, progress.checkpoint, &mut speed, progress.watch)?;
    speed.say(&lesson.device);
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
    let lesson = Lesson::fine_tuning(config, corpus, settings);
    let mut speed = Speed::new("Yandex, fine-tuning", typical(config));
    let learner = lesson.learner(model);
    let model = descent::run(&lesson, learner, progress.checkpoint, &mut speed, progress.watch)?;
    speed.say(&lesson.device);
    Ok(model)
}

/// A product that the model mostly consists of: rows, input, output.
fn typical(config: &YandexConfig) -> [usize; 3] {
    [2048, config.d, config.d_f]
}

/// What the towers learn from in one of the stages, and how.
pub struct Lesson<'a> {
    config: YandexConfig,
    corpus: &'a Corpus,
    days: &'a [ShopperDay],
    stage: Stage,
    /// That of the second stage; none in the first.
    objective: Option<Objective>,
    seed: u64,
    device: Device,
}

impl<'a> Lesson<'a> {
    /// The first stage, on the device that was chosen.
    pub fn pretraining(config: &YandexConfig, corpus: &'a Corpus, settings: &Settings) -> Self {
        Self {
            config: config.clone(),
            corpus,
            days: &corpus.samples.pretraining,
            stage: settings.pretraining.clone(),
            objective: None,
            seed: settings.seed,
            device: device().autodiff(),
        }
    }

    /// The second.
    pub fn fine_tuning(config: &YandexConfig, corpus: &'a Corpus, settings: &Settings) -> Self {
        Self {
            days: &corpus.samples.fine_tuning,
            stage: settings.fine_tuning.clone(),
            objective: Some(settings.objective),
            ..Self::pretraining(config, corpus, settings)
        }
    }

    /// A model that is about to learn.
    pub fn learner(&self, model: Yandex) -> Learner<Yandex> {
        Learner { model: numbered(model.train()), optimiser: self.stage.optimiser.begin() }
    }

    /// Loss over some shopper-days, and multiplications and additions of the forward pass.
    fn loss_of(&self, model: &Yandex, days: &[&ShopperDay]) -> (Tensor<1>, f64) {
        let Self { config, corpus, device, .. } = self;
        match &self.objective {
            Some(objective) => {
                let pages = Pages::new(days, config, corpus, device);
                let loss = fine_tuning(&pages.page(model), &model.loss, objective);
                (loss, pages.products(config))
            }
            None => {
                let batch = Positives::new(days, config, corpus, device);
                let products = batch.products(config);
                let temperature = model.loss.temperature();
                let similarity = batch.similarity(model);
                (sampled_softmax(similarity, batch.positives, temperature), products)
            }
        }
    }
}

impl descent::Lesson for Lesson<'_> {
    type Model = Yandex;
    type Shared = ();
    type Batch = Vec<usize>;

    fn length(&self) -> (usize, usize) {
        (self.stage.epochs, self.days.len().div_ceil(self.stage.batch))
    }

    fn epoch(&self, number: usize) -> ((), Vec<Vec<usize>>) {
        ((), batches(self.days, self.stage.batch, self.seed, number, self.config.history))
    }

    fn step(&self, model: &Yandex, days: &Vec<usize>, (): &mut (), At { step, steps }: At) -> Step {
        let days: Vec<&ShopperDay> = days.iter().map(|&day| &self.days[day]).collect();
        let rates = self.stage.rates.times(schedule(&self.stage, step, steps));
        let (loss, products) = self.loss_of(model, &days);
        let descent = Descent::of(model, loss, rates);
        Step {
            descent: descent.map(|gradients| clip_by_group(model, gradients, self.stage.clip)),
            samples: days.len(),
            products,
        }
    }
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

/// Shopper-days of each step of an epoch, by their numbers.
fn batches(
    days: &[ShopperDay],
    batch: usize,
    seed: u64,
    epoch: usize,
    longest: usize,
) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64 + 1);
    let mut order: Vec<usize> = (0..days.len()).collect();
    order.shuffle(&mut random);
    let mut batches = Vec::new();
    for pool in order.chunks_mut(POOL * batch) {
        pool.sort_by_key(|&day| days[day].history.min(longest));
        batches.extend(pool.chunks(batch).map(<[_]>::to_vec));
    }
    batches.shuffle(&mut random);
    batches
}
