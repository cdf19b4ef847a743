//! Training DMT (DMT 4.5.1).

pub mod batch;
pub mod cold_start;
pub mod data;
pub mod evaluate;
pub mod insides;
pub mod learn;
pub mod look;
pub mod loss;
pub mod samples;
#[cfg(test)]
mod tests;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::balance::with_balance;
use super::chance::{Drawn, DrawnChance, generator};
use super::checkpoint::Checkpoint;
use super::descent::{self, At, Descent, Learner, Step};
use super::device::device;
use super::normalisation::CONSTANT;
use super::optimiser::Optimiser;
use super::slices::{end_slice, whole};
use super::work::{Speed, block, mlp};
use batch::{Batch, RowBatch};
use market::catalogue::Catalogue;
use nets::models::dmt::input::Place;
use nets::models::dmt::{Dmt, DmtConfig, Interest, SEQUENCES, TASKS};
use nets::models::weights::About;
use nets::nn::bias::Places;
use nets::nn::experts::Chance;
use nets::nn::numbers::seeded;

use loss::cross_entropy;
use samples::Samples;
use systems::dmt::MultiTask;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every page view is seen.
    pub epochs: usize,
    /// Page views a step.
    pub batch: usize,
    /// What follows the gradient.
    pub optimiser: Optimiser,
    /// Its step size, after warming up and before cooling down.
    pub rate: f64,
    /// lambda_k of equation 5.
    pub lambda: [f32; 2],
    /// How much [`super::balance::imbalance`] of the gates weighs.
    pub balance: f32,
    /// Deviation of the noise on the gates' logits.
    pub noise: f32,
    /// Share of an expert's values that are left out of a step; below 1.
    pub dropout: f64,
    /// Read the dense features; else they are silenced.
    pub dense: bool,
    /// Seed of weights, order and chance.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 2,
            batch: 128,
            optimiser: Optimiser::Adam,
            rate: 2e-3,
            lambda: [1.0, 4.0],
            balance: 0.005,
            noise: 0.0,
            dropout: 0.0,
            dense: true,
            seed: 1,
        }
    }
}

/// Steps over which the rate grows from nothing; in a short training a tenth of all.
const WARM_UP: usize = 100;

/// The step size at a step: grows over [`WARM_UP`], then falls along a line to a twentieth.
fn rate_at(settings: &Settings, step: usize, steps: usize) -> f64 {
    let warm_up = WARM_UP.min(steps.div_ceil(10)) as f64;
    let warm = ((step + 1) as f64 / warm_up).min(1.0);
    let left = 1.0 - step as f64 / steps as f64;
    settings.rate * warm * (0.05 + 0.95 * left)
}

/// What DMT learns from, and how.
pub struct Lesson<'a> {
    /// Sizes of the model.
    pub config: DmtConfig,
    /// Page views.
    pub samples: &'a Samples,
    /// What is sold.
    pub catalogue: &'a Catalogue,
    /// How.
    pub settings: Settings,
    device: Device,
}

impl<'a> Lesson<'a> {
    /// On the device that was chosen.
    pub fn new(
        config: &DmtConfig,
        samples: &'a Samples,
        catalogue: &'a Catalogue,
        settings: &Settings,
    ) -> Self {
        let (config, settings) = (config.clone(), settings.clone());
        Self { config, samples, catalogue, settings, device: device().autodiff() }
    }

    /// Who has learned nothing yet.
    pub fn beginner(&self) -> Learner<Dmt> {
        let model = untrained(&self.config, self.samples, &self.settings, &self.device);
        Learner { model, optimiser: self.settings.optimiser.begin() }
    }

    /// A model as it serves; slice by slice, for all places of the samples are gone through.
    pub async fn serving(&self, model: Dmt) -> Dmt {
        at_an_average_place(model, self.samples, self.catalogue, &self.device).await
    }

    /// Equation 5 over some page views, and for DIEN its auxiliary loss.
    fn loss(&self, model: &Dmt, views: &[usize], random: &mut ChaCha8Rng) -> Tensor<1> {
        let Self { config, samples, catalogue, settings, device } = self;
        let counts: Vec<usize> =
            views.iter().map(|&view| samples.impressions_of(view).len()).collect();
        let impressions: usize = counts.iter().sum();
        let drawn = chances(config, settings, impressions, random);
        let tensors = |places: &[usize], count: usize| -> Vec<Chance> {
            drawn.iter().map(|drawn| drawn.tensors(places, count, device)).collect()
        };
        let batch = RowBatch::new(samples, views, catalogue, device);
        let places: Vec<usize> = (0..impressions).collect();
        let chances = tensors(&places, impressions);
        loss_of_rows(model, &batch, &chances, settings).unwrap_or_else(|| {
            let batch = Batch::new(samples, views, catalogue, device);
            let chances = tensors(&padded_places(&counts, batch.width), views.len() * batch.width);
            padded_loss(model, &batch, &chances, settings)
        })
    }
}

/// Chance that each of a model's networks meets in a step over so many impressions; none where there is to
/// be none.
fn chances(
    config: &DmtConfig,
    settings: &Settings,
    impressions: usize,
    random: &mut ChaCha8Rng,
) -> Vec<DrawnChance> {
    if settings.noise <= 0.0 && settings.dropout <= 0.0 {
        return Vec::new();
    }
    let is_gated = config.multi_task == MultiTask::Mmoe;
    let experts = if is_gated { config.experts } else { 1 };
    let networks = if config.multi_task == MultiTask::SingleTask { TASKS.len() } else { 1 };
    let noise = if is_gated { settings.noise } else { 0.0 };
    let width = config.expert[config.expert.len() - 1];
    let of_network = |_| DrawnChance {
        noise: Drawn::noise(random, noise, impressions, [TASKS.len(), experts]),
        kept: Drawn::kept(random, settings.dropout, impressions, [experts, width]),
    };
    (0..networks).map(of_network).collect()
}

/// Where the impressions of views of so many each stand in a batch that is so wide.
fn padded_places(counts: &[usize], width: usize) -> Vec<usize> {
    let of_view = |(row, &count): (usize, &usize)| (0..count).map(move |i| row * width + i);
    counts.iter().enumerate().flat_map(of_view).collect()
}

impl descent::Lesson for Lesson<'_> {
    type Model = Dmt;
    type Shared = ChaCha8Rng;
    type Batch = Vec<usize>;

    fn length(&self) -> (usize, usize) {
        (self.settings.epochs, self.samples.len().div_ceil(self.settings.batch))
    }

    fn epoch(&self, number: usize) -> (ChaCha8Rng, Vec<Vec<usize>>) {
        let Self { samples, settings, .. } = self;
        (generator(settings.seed, number), batches(samples, settings, number))
    }

    fn step(
        &self,
        model: &Dmt,
        views: &Vec<usize>,
        random: &mut ChaCha8Rng,
        At { step, steps }: At,
    ) -> Step {
        let Self { config, samples, settings, .. } = self;
        let loss = self.loss(model, views, random);
        Step {
            descent: Descent::of(model, loss, rate_at(settings, step, steps)),
            samples: views.len(),
            products: products(config, samples, views),
        }
    }
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
    watch: impl FnMut(usize, usize, f32),
) -> Result<Dmt> {
    let lesson = Lesson::new(config, samples, catalogue, settings);
    let learner = lesson.beginner();
    let mut speed = Speed::new("DMT", [1024, width(config), config.expert[0]]);
    let model = descent::run(&lesson, learner, checkpoint, &mut speed, watch)?;
    speed.say(&lesson.device);
    Ok(whole(lesson.serving(model)))
}

/// A model that has learned nothing but what its dense features are on average, and how often there is a click
/// and an order at all. From even odds the rare orders would first push every number that the tasks share to
/// one side, long after that is all there is to win by it (docs/training.md).
fn untrained(config: &DmtConfig, samples: &Samples, settings: &Settings, device: &Device) -> Dmt {
    let (mean, mut deviation) = samples.normalisation();
    if !settings.dense {
        deviation.fill(CONSTANT);
    }
    let init = || config.init(device).with_normalisation(&mean, &deviation, device);
    seeded(device, settings.seed, init).with_utilities_raised(samples.base_log_odds())
}

/// With y_b less its mean over what was shown, so that a utility alone is that at an average place.
async fn at_an_average_place(
    model: Dmt,
    samples: &Samples,
    catalogue: &Catalogue,
    device: &Device,
) -> Dmt {
    let device = device.clone().without_autodiff();
    let mean = mean_bias(&model, samples, catalogue, &device).await;
    model.with_bias_raised(mean.map_or(0.0, |mean| -mean))
}

/// Width of what an expert reads.
fn width(config: &DmtConfig) -> usize {
    (config.sequences + 1) * config.d() + config.dense
}

/// Multiplications and additions of a forward pass over some page views: see [`super::work`].
fn products(config: &DmtConfig, samples: &Samples, views: &[usize]) -> f64 {
    let (d, d_f, tasks) = (config.d(), config.d_f, TASKS.len() as f64);
    let through = |first: usize, widths: &[usize]| mlp(&[&[first], widths].concat());
    let last = config.expert[config.expert.len() - 1];
    let utility = through(last, &[&config.utility[..], &[1]].concat());
    let (x, experts) = (width(config), config.experts as f64);
    let of_candidate = match config.multi_task {
        MultiTask::Mmoe => {
            let gate = mlp(&[x, config.experts]) + 2.0 * experts * last as f64;
            experts * through(x, &config.expert) + tasks * (gate + utility)
        }
        MultiTask::SharedBottom => bottom(config, x) + tasks * utility,
        MultiTask::SingleTask => tasks * (bottom(config, x) + utility),
    };
    let networks = if config.multi_task == MultiTask::SingleTask { tasks } else { 1.0 };
    let of_view = |&view: &usize| {
        let candidates = samples.impressions_of(view).len() as f64;
        let of_sequence = |sequence: usize| {
            let length = match config.left_out[sequence] {
                true => 0.0,
                false => samples.history(view, sequence).len() as f64,
            };
            match config.interest {
                Interest::Transformer if length > 0.0 => {
                    block(d, d_f, [length, length, length * length])
                        + block(d, d_f, [candidates, length, candidates * length])
                }
                Interest::Transformer | Interest::Mean => 0.0,
                Interest::Activation => {
                    candidates * length * (mlp(&[3 * d, 36, 1]) + 2.0 * d as f64)
                }
                Interest::Evolution => (1.0 + candidates) * length * 6.0 * mlp(&[d, d]),
            }
        };
        let sequences = (0..config.sequences.min(SEQUENCES)).map(of_sequence).sum::<f64>();
        networks * sequences + candidates * of_candidate
    };
    views.iter().map(of_view).sum()
}

/// Products of a bottom, its hidden layers as wide as all experts together, for one row.
fn bottom(config: &DmtConfig, x: usize) -> f64 {
    let (hidden, last) = config.expert.split_at(config.expert.len() - 1);
    let hidden = hidden.iter().map(|size| size * config.experts);
    mlp(&[x].into_iter().chain(hidden).chain(last.iter().copied()).collect::<Vec<_>>())
}

/// y_b of a batch less its mean over what was shown, `[n, 1]`. Equation 3 alone leaves open how much
/// of a rate is the product's and how much the place's: so a utility without its bias is that at an
/// average place. What was not shown stood nowhere that could bias it.
fn centred(bias: Tensor<2>, shown: Tensor<2>) -> Tensor<2> {
    let bias = bias * shown.clone();
    let mean = bias.clone().sum() / shown.clone().sum().clamp_min(1.0);
    bias - mean.unsqueeze() * shown
}

/// Mean of y_b over all that was shown; none without a bias network.
async fn mean_bias(
    model: &Dmt,
    samples: &Samples,
    catalogue: &Catalogue,
    device: &Device,
) -> Option<f32> {
    let views: Vec<usize> = (0..samples.len()).collect();
    let (mut sum, mut shown) = (0.0, 0.0);
    for views in views.chunks(512) {
        let places: Vec<Place> =
            views.iter().flat_map(|&view| samples.places(view, catalogue)).collect();
        let places_read = Places::new(&places, catalogue.product_types.len(), device);
        sum += f64::from(model.bias(&places_read)?.sum().into_scalar::<f32>());
        shown += places.len() as f64;
        end_slice().await;
    }
    Some((sum / f64::max(shown, 1.0)) as f32)
}

/// Equation 5 over a batch without padding; none where the model is not trained on rows.
fn loss_of_rows(
    model: &Dmt,
    batch: &RowBatch,
    chances: &[Chance],
    settings: &Settings,
) -> Option<Tensor<1>> {
    let (utilities, gates) = model.utilities(&batch.rows, chances)?;
    let bias = model.bias(&batch.places).map(|bias| centred(bias, batch.shown.clone()));
    let present = batch.shown.ones_like();
    let loss =
        cross_entropy(utilities, bias, batch.labels.clone(), present.clone(), settings.lambda);
    Some(with_balance(loss, gates, present, settings.balance))
}

/// Equation 5 over a batch with padding, and for DIEN its auxiliary loss.
fn padded_loss(model: &Dmt, batch: &Batch, chances: &[Chance], settings: &Settings) -> Tensor<1> {
    let encoded = model.encode(&batch.sequences);
    let output = model.rank_by_chance(&encoded, &batch.candidates, 1.0, chances);
    let [requests, count, tasks] = output.utilities.dims();
    let utilities = output.utilities.reshape([requests * count, tasks]);
    let bias = model.bias(&batch.places).map(|bias| centred(bias, batch.shown.clone()));
    let present = batch.present.clone();
    let loss =
        cross_entropy(utilities, bias, batch.labels.clone(), present.clone(), settings.lambda);
    let gates = output.gates.map(|gates| {
        let [requests, count, tasks, experts] = gates.dims();
        gates.reshape([requests * count, tasks, experts])
    });
    let loss = with_balance(loss, gates, present, settings.balance);
    match model.auxiliary(&encoded, &batch.sequences) {
        Some(auxiliary) => loss + auxiliary,
        None => loss,
    }
}

/// Batches that are shuffled together and then sorted by length, so that little is padding.
const POOL: usize = 16;

/// Page views of each step of an epoch.
pub fn batches(samples: &Samples, settings: &Settings, epoch: usize) -> Vec<Vec<usize>> {
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
