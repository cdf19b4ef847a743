//! Training MLPR (MLPR 3.1 and 3.5): the encoders on the shop's text, then on engagement, then
//! everything on the three tasks.

pub mod batch;
pub mod data;
pub mod engagement;
pub mod evaluate;
pub mod learn;
pub mod library;
pub mod loss;
pub mod masked;
pub mod samples;
#[cfg(test)]
mod tests;

use anyhow::Result;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::balance::with_balance;
use super::chance::{Drawn, generator};
use super::checkpoint::Checkpoint;
use super::descent::{self, At, Descent, Learner, Step};
use super::device::device;
use super::optimiser::Optimiser;
use super::work::{Speed, block, mlp};
use batch::{Batch, Chosen, batches};
use library::Library;
use loss::{calibrator, cross_entropy, uncertain, weighted};
use nets::models::mlpr::bert::{Bert, BertConfig, Text};
use nets::models::mlpr::extraction::Kept;
use nets::models::mlpr::rows::Pieces;
use nets::models::mlpr::{K, Mlpr, MlprConfig, Pairs, Sharing};
use nets::models::weights::About;
use nets::nn::numbers::seeded;
use samples::{Labels, Samples};

/// How the tasks' losses become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighting {
    /// Fixed weights w_k (equation 9).
    Fixed([f32; K]),
    /// By each task's uncertainty, which is learned (equation 10).
    Uncertainty,
}

/// How to train on the three tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every query is seen.
    pub epochs: usize,
    /// Pairs a step.
    pub batch: usize,
    /// Most pairs of a query in a step; others have their turn in another epoch.
    pub most: usize,
    /// What follows the gradient.
    pub optimiser: Optimiser,
    /// Its step size, after warming up and before cooling down.
    pub rate: f64,
    /// What the predictions are of.
    pub labels: Labels,
    /// How the tasks' losses become one.
    pub weighting: Weighting,
    /// How much [`super::balance::imbalance`] of the gates of both stages weighs: 0 in the paper's
    /// tables, [`BALANCE`] in what ships.
    pub balance: f32,
    /// Deviation of the noise on the logits of the gates of both stages.
    pub noise: f32,
    /// The encoders learn too (table 3); else they stay as they come.
    pub fine_tuning: bool,
    /// Seed of weights, order and chance.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 16,
            batch: 1024,
            most: 128,
            optimiser: Optimiser::Adam,
            rate: 2e-3,
            labels: Labels::Impressions,
            weighting: Weighting::Uncertainty,
            balance: 0.0,
            noise: 0.0,
            fine_tuning: true,
            seed: 1,
        }
    }
}

/// Weight of the balance of the gates in what ships.
pub const BALANCE: f32 = 0.01;

/// Weight of AITM's calibrator (alpha of its paper, Xi et al., KDD 2021).
const CALIBRATOR: f32 = 0.6;

/// Steps over which a rate grows from nothing.
const WARM_UP: usize = 50;

/// The step size at a step: grows over [`WARM_UP`], then falls along a line to a twentieth.
fn rate_at(rate: f64, step: usize, steps: usize) -> f64 {
    let warm = ((step + 1) as f64 / WARM_UP as f64).min(1.0);
    let left = 1.0 - step as f64 / steps as f64;
    rate * warm * (0.05 + 0.95 * left)
}

/// The model, and what only its training needs.
#[derive(Module, Debug)]
pub struct Heads {
    /// The model.
    pub model: Mlpr,
    /// ln sigma_k^2 of equation 10, `[K]`.
    log_variance: Param<Tensor<1>>,
}

/// What MLPR learns from, and how.
pub struct Lesson<'a> {
    config: MlprConfig,
    bert: Bert,
    encoder: Box<dyn Encodes + 'a>,
    samples: &'a Samples,
    settings: Settings,
    /// Steps of an epoch, about; another may have one more or less.
    steps: usize,
    /// What equation 9 is multiplied by, so that the steps of an epoch count as its trials.
    scale: f32,
    device: Device,
}

impl<'a> Lesson<'a> {
    /// With encoders that come trained, on the device that was chosen.
    pub fn new(
        config: &MlprConfig,
        bert: &Bert,
        library: &'a Library<'a>,
        samples: &'a Samples,
        settings: &Settings,
    ) -> Self {
        let device = device().autodiff();
        let texts = library.queries(&samples.queries);
        let encoder: Box<dyn Encodes + 'a> = match settings.fine_tuning {
            true => {
                let pieces = library.pieces(texts.iter(), &device);
                Box::new(Learning { library, texts, pieces })
            }
            false => {
                let vectors = library.encode(bert, &texts, &device.clone().inner());
                Box::new(Frozen(vectors.map(Tensor::from_inner)))
            }
        };
        Self::of(config, bert, encoder, samples, settings, device)
    }

    /// With encoders that stay, and what they make of the queries and of all products.
    pub fn frozen(
        config: &MlprConfig,
        bert: &Bert,
        vectors: [Tensor<2>; 2],
        samples: &'a Samples,
        settings: &Settings,
    ) -> Self {
        let device = device().autodiff();
        Self::of(config, bert, Box::new(Frozen(vectors)), samples, settings, device)
    }

    fn of(
        config: &MlprConfig,
        bert: &Bert,
        encoder: Box<dyn Encodes + 'a>,
        samples: &'a Samples,
        settings: &Settings,
        device: Device,
    ) -> Self {
        let mut random = random_of(settings, 0);
        let steps = batches(samples, settings.batch, settings.most, &mut random).len();
        let scale = samples.trials(settings.labels).0 as f32 / steps as f32;
        let (config, bert, settings) = (config.clone(), bert.clone(), settings.clone());
        Self { config, bert, encoder, samples, settings, steps, scale, device }
    }

    /// Who knows the encoders, and how often each task happens at all, as DMT does when it begins
    /// (docs/training.md).
    pub fn beginner(&self) -> Learner<Heads> {
        let Self { config, bert, samples, settings, device, .. } = self;
        let (mean, deviation) = samples.normalisation();
        let log_variance = entropies(samples, settings.labels);
        let base = samples.base_log_odds(settings.labels, config.transfer);
        let model = seeded(device, settings.seed, || Heads {
            model: config
                .init(device)
                .with_normalisation(&mean, &deviation, device)
                .with_logits_raised(base)
                .with_bert(bert.clone().train()),
            log_variance: Param::from_tensor(Tensor::from_floats(log_variance, device)),
        });
        Learner { model, optimiser: settings.optimiser.begin() }
    }

    /// Noise on the gates of each stage for so many pairs, `[n, K, experts]`, where there is to be any.
    fn noise(&self, pairs: usize, random: &mut ChaCha8Rng) -> [Option<Tensor<3>>; 2] {
        let places: Vec<usize> = (0..pairs).collect();
        self.config.gated().map(|experts| {
            let drawn = Drawn::noise(random, self.settings.noise, pairs, [K, experts?])?;
            Some(drawn.tensor(&places, pairs, &self.device))
        })
    }
}

impl descent::Lesson for Lesson<'_> {
    type Model = Heads;
    type Shared = ChaCha8Rng;
    type Batch = Vec<Chosen>;

    fn length(&self) -> (usize, usize) {
        (self.settings.epochs, self.steps)
    }

    fn epoch(&self, number: usize) -> (ChaCha8Rng, Vec<Vec<Chosen>>) {
        let Self { samples, settings, .. } = self;
        let mut random = random_of(settings, number);
        let batches = batches(samples, settings.batch, settings.most, &mut random);
        (generator(settings.seed, number), batches)
    }

    fn step(
        &self,
        heads: &Heads,
        chosen: &Vec<Chosen>,
        random: &mut ChaCha8Rng,
        At { step, steps }: At,
    ) -> Step {
        let Self { config, encoder, samples, settings, scale, device, .. } = self;
        let batch = Batch::new(samples, chosen, settings.labels, device);
        let pairs: usize = chosen.iter().map(|(_, pairs)| pairs.len()).sum();
        let noise = self.noise(pairs, random);
        let noise = noise.each_ref().map(Option::as_ref);
        let mut kept = |[rows, width]: [usize; 2]| {
            let drawn = Drawn::kept(random, config.dropout, rows, [1, width])?;
            Some(drawn.rows(device))
        };
        let chance: LossChance = (noise, &mut kept);
        let vectors = encoder.vectors(&heads.model.bert, &batch, device);
        let loss = loss_of(heads, vectors, &batch, chance, settings, *scale);
        let rate = rate_at(settings.rate, step.min(steps - 1), steps);
        Step {
            descent: Descent::of(heads, loss, rate),
            samples: pairs,
            products: encoder.products(&batch) + pairs as f64 * of_pair(config),
        }
    }
}

/// Trains a model on pairs, with encoders that come trained. `watch` is told the step, the number
/// of steps and the loss.
///
/// With a checkpoint the run is saved after each epoch, and goes on after the last one saved.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    config: &MlprConfig,
    bert: &Bert,
    library: &Library<'_>,
    samples: &Samples,
    settings: &Settings,
    checkpoint: Option<(&Checkpoint, &About)>,
    watch: impl FnMut(usize, usize, f32),
) -> Result<Mlpr> {
    let lesson = Lesson::new(config, bert, library, samples, settings);
    let learner = lesson.beginner();
    let mut speed = Speed::new("MLPR", [4096, config.bert.width, config.bert.d_f]);
    let heads = descent::run(&lesson, learner, checkpoint, &mut speed, watch)?;
    speed.say(&lesson.device);
    Ok(heads.model)
}

/// Multiplications and additions of a forward pass of the encoders over texts: see [`super::work`]. The
/// projection of each different word piece is little and left out.
pub(super) fn of_texts<'a>(config: &BertConfig, texts: impl Iterator<Item = &'a Text>) -> f64 {
    let BertConfig { width, d_f, blocks, output, .. } = *config;
    let of_text = |text: &Text| {
        let n = text.0.len().min(config.length) as f64;
        blocks as f64 * block(width, d_f, [n, n, n * n]) + mlp(&[width, output])
    };
    texts.map(of_text).sum()
}

/// The same of everything between the encoders and the probabilities, for one pair.
fn of_pair(config: &MlprConfig) -> f64 {
    let through = |first: usize, widths: &[usize]| mlp(&[&[first], widths].concat());
    let last = |widths: &[usize]| widths[widths.len() - 1];
    let (x, tasks) = (3 * config.bert.output + 1 + config.wide, K as f64);
    let stage = |input: usize, widths: &[usize], specific: usize, shared: usize, inputs: f64| {
        let (own, gates) = (tasks * specific as f64, tasks * mlp(&[input, specific + shared]));
        (own + inputs * shared as f64) * through(input, widths) + gates
    };
    let MlprConfig { experts, specific, shared, .. } = *config;
    let (hidden, end) = config.expert.split_at(config.expert.len() - 1);
    let wider: Vec<usize> = hidden.iter().map(|size| size * experts).chain([end[0]]).collect();
    let bottom = through(x, &wider);
    let below = match config.sharing {
        Sharing::SingleTask => tasks * bottom,
        Sharing::SharedBottom => bottom,
        Sharing::Mixture => stage(x, &config.expert, 0, experts, 1.0),
        Sharing::Customised => stage(x, &config.expert, specific, shared, 1.0),
        Sharing::TwoStage => {
            let second = stage(last(&config.expert), &config.stage_2, specific, shared, tasks);
            stage(x, &config.expert, 0, experts, 1.0) + second
        }
    };
    let v = if config.sharing == Sharing::TwoStage { &config.stage_2 } else { &config.expert };
    below + tasks * (through(last(v), &config.tower) + mlp(&[last(&config.tower), 1]))
}

fn random_of(settings: &Settings, epoch: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    random.set_stream(epoch as u64 + 1);
    random
}

/// ln of each task's loss for one who knows how often it happens and no more: where sigma^2 of
/// equation 10 starts, for at its best it is the loss.
fn entropies(samples: &Samples, labels: Labels) -> [f32; K] {
    let (trials, engaged) = samples.trials(labels);
    engaged.map(|engaged| {
        let share = (engaged / trials.max(1.0)).clamp(1e-6, 1.0 - 1e-6);
        let entropy = -share * share.ln() - (1.0 - share) * (1.0 - share).ln();
        entropy.ln() as f32
    })
}

/// Where the vectors of queries and products come from while the model learns: an object, so that a program
/// whose encoders never learn is without all that this takes.
trait Encodes {
    /// phi of the queries and psi of the products of a batch.
    fn vectors(&self, bert: &Bert, batch: &Batch, device: &Device) -> [Tensor<2>; 2];

    /// Multiplications and additions of that: see [`super::work`].
    fn products(&self, batch: &Batch) -> f64;
}

/// From the model's own encoders.
struct Learning<'a> {
    library: &'a Library<'a>,
    texts: Vec<Text>,
    pieces: Pieces,
}

impl Encodes for Learning<'_> {
    fn vectors(&self, bert: &Bert, batch: &Batch, device: &Device) -> [Tensor<2>; 2] {
        let Self { library, texts, pieces } = self;
        let texts: Vec<&Text> = batch.queries.iter().map(|&query| &texts[query]).collect();
        [
            library.learn_phi(bert, pieces, &texts, device),
            library.learn_psi(bert, pieces, &batch.products, device),
        ]
    }

    fn products(&self, batch: &Batch) -> f64 {
        let Self { library, texts, .. } = self;
        let queries = batch.queries.iter().map(|&query| &texts[query]);
        let products = batch.products.iter().map(|&product| &library.products[product as usize]);
        of_texts(&library.config, queries.chain(products))
    }
}

/// phi of every query and psi of every product, worked out before.
struct Frozen([Tensor<2>; 2]);

impl Encodes for Frozen {
    fn vectors(&self, _: &Bert, batch: &Batch, device: &Device) -> [Tensor<2>; 2] {
        let Self([queries, products]) = self;
        let rows = |ids: Vec<i32>| {
            let count = ids.len();
            Tensor::from_data(TensorData::new(ids, [count]), device)
        };
        let query_rows = batch.queries.iter().map(|&query| query as i32).collect();
        let product_rows = batch.products.iter().map(|id| id.cast_signed()).collect();
        [
            queries.clone().select(0, rows(query_rows)),
            products.clone().select(0, rows(product_rows)),
        ]
    }

    fn products(&self, _: &Batch) -> f64 {
        0.0
    }
}

/// Noise on the gates of each stage, and what is kept of the experts' values.
type LossChance<'a> = ([Option<&'a Tensor<3>>; 2], &'a mut Kept<'a>);

/// Equation 9 or 10 over a batch, of the vectors of its queries and products, and how unevenly the gates use
/// their experts.
fn loss_of(
    heads: &Heads,
    [queries, products]: [Tensor<2>; 2],
    batch: &Batch,
    (noise, kept): LossChance<'_>,
    settings: &Settings,
    scale: f32,
) -> Tensor<1> {
    let model = &heads.model;
    let pairs = Pairs {
        query: queries.select(0, batch.query.clone()),
        item: products.select(0, batch.product.clone()),
        wide: batch.wide.clone(),
    };
    let output = model.forward_by_chance(&pairs, [1.0, 1.0], noise, kept);
    let losses = cross_entropy(
        output.logits.clone(),
        model.transfers(),
        batch.engaged.clone(),
        batch.trials.clone(),
        scale,
    );
    let loss = match settings.weighting {
        Weighting::Fixed(weights) => weighted(losses, weights),
        Weighting::Uncertainty => uncertain(losses, heads.log_variance.val()),
    };
    let stages = [output.stage_1, output.stage_2].into_iter().flatten();
    let loss = stages.fold(loss, |loss, stage| {
        with_balance(loss, Some(stage.gates), batch.trials.ones_like(), settings.balance)
    });
    match model.is_adaptive() {
        true => loss + calibrator(output.engagement) * CALIBRATOR,
        false => loss,
    }
}
