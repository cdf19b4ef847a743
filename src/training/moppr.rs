//! Training MOPPR (papers/moppr.txt, 4.3 and 5.3).

pub mod batch;
pub mod data;
pub mod evaluate;
pub mod gmv;
pub mod insides;
pub mod lab;
pub mod learn;
pub mod look;
pub mod loss;
pub mod queries;
pub mod samples;
pub mod selection;

use std::ops::Range;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::module::embedding;
use burn::tensor::{Device, Distribution, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::descent::{self, At, Descent, Learner, Step};
use super::device::device;
use super::optimiser::optimiser;
use super::work::Speed;
use batch::{Batch, Shelves};
use market::catalogue::ProductTypeId;
use market::text::TokenVectors;
use nets::models::moppr::Moppr;
use nets::models::moppr::input::Products;
use nets::models::weights::About;
use nets::nn::layer::inner_products;
use samples::Sample;
use systems::learning::Optimiser;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every page view is seen.
    pub epochs: usize,
    /// Page views a step.
    pub batch: usize,
    /// L, random negatives a step, or none.
    pub negatives: usize,
    /// Random negatives of each view alone, from the categories that its query is predicted to
    /// mean: what the coarse ranker has in place of shared ones (7.3).
    pub related: usize,
    /// What follows the gradient: AdaGrad in the paper.
    pub optimiser: Optimiser,
    /// Its learning rate.
    pub rate: f64,
    /// Where Adagrad's sums of squares start: 0.1 in TensorFlow.
    pub accumulator: f32,
    /// tau of equation 15.
    pub temperature: f32,
    /// Hard negatives that MGDSPR mixes, if it is trained as MGDSPR is.
    pub mixed: Option<Mixed>,
    /// Weight of each objective, on top of 1/|o+|.
    pub objectives: [f32; 4],
    /// sigma of equation 22, where the pointwise cross entropy of purchases is trained along with the
    /// softmax losses, for retrieval by expected GMV (7.2).
    pub gmv: Option<f32>,
    /// Share of products that do without their id in a step, so that new ones may later.
    pub id_dropout: f64,
    /// Tune the towers only; the embeddings stay.
    pub towers_only: bool,
    /// Seed of order and draws.
    pub seed: u64,
}

/// Hard negatives as MGDSPR makes them: the random negatives that score highest, each mixed with
/// the positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixed {
    /// How many of each view's negatives.
    pub hard: usize,
    /// The positive's share is drawn uniformly between these two.
    pub shares: [f64; 2],
}

impl Default for Settings {
    /// The paper's rate and temperature; the rest fits a catalogue of thousands.
    fn default() -> Self {
        Self {
            epochs: 3,
            batch: 256,
            negatives: 1024,
            related: 0,
            optimiser: Optimiser::AdaGrad,
            rate: 0.01,
            accumulator: 0.0,
            temperature: 0.02,
            mixed: None,
            objectives: [1.0; 4],
            gmv: None,
            id_dropout: 0.1,
            towers_only: false,
            seed: 1,
        }
    }
}

/// What is trained on.
#[derive(Clone, Copy)]
pub struct Corpus<'a> {
    /// Page views.
    pub views: &'a [Sample],
    /// The catalogue, on any device.
    pub products: &'a Products,
    /// Product type of each product.
    pub types: &'a [ProductTypeId],
    /// Days on which each product is on sale.
    pub sale_days: &'a [Range<i32>],
    /// Token vectors.
    pub words: &'a TokenVectors,
}

/// Trains a model further. `watch` is told the step, the number of steps and the loss.
///
/// With a checkpoint the run is saved after each epoch, and goes on after the last one saved.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    model: Moppr,
    corpus: Corpus,
    settings: &Settings,
    checkpoint: Option<(&Checkpoint, &About)>,
    mut watch: impl FnMut(usize, usize, f32),
) -> Result<Moppr> {
    let lesson = Lesson::new(corpus, &model, settings);
    let mut speed = Speed::new("MOPPR", [1024, lesson.sizes[1][0], lesson.sizes[1][1]]);
    let watch = |step, steps, loss| watch(step + 1, steps, loss);
    let model = descent::run(&lesson, lesson.learner(model), checkpoint, &mut speed, watch)?;
    speed.say(&lesson.device);
    Ok(model)
}

/// What MOPPR learns from, and how.
pub struct Lesson<'a> {
    corpus: Corpus<'a>,
    /// The catalogue on the device that it learns on.
    products: Products,
    shelves: Shelves,
    /// Widths of the towers, that of requests first.
    sizes: [Vec<usize>; 2],
    settings: Settings,
    device: Device,
}

impl<'a> Lesson<'a> {
    /// For a model of these sizes, on the device that was chosen.
    pub fn new(corpus: Corpus<'a>, model: &Moppr, settings: &Settings) -> Self {
        let device = device().autodiff();
        Self {
            corpus,
            products: corpus.products.to_device(&device),
            shelves: Shelves::new(corpus.types, corpus.sale_days),
            sizes: model.towers.widths(),
            settings: settings.clone(),
            device,
        }
    }

    /// A model that is about to learn.
    pub fn learner(&self, model: Moppr) -> Learner<Moppr> {
        let mut model = model.train();
        if self.settings.towers_only {
            model.embeddings = model.embeddings.no_grad();
        }
        let optimiser = optimiser(self.settings.optimiser, self.settings.accumulator);
        Learner { model, optimiser: optimiser.begin() }
    }
}

impl descent::Lesson for Lesson<'_> {
    type Model = Moppr;
    type Shared = ChaCha8Rng;
    type Batch = Vec<usize>;

    fn length(&self) -> (usize, usize) {
        (self.settings.epochs, self.corpus.views.len().div_ceil(self.settings.batch))
    }

    fn epoch(&self, number: usize) -> (ChaCha8Rng, Vec<Vec<usize>>) {
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        random.set_stream(number as u64);
        let mut views: Vec<usize> = (0..self.corpus.views.len()).collect();
        views.shuffle(&mut random);
        (random, views.chunks(self.settings.batch).map(<[_]>::to_vec).collect())
    }

    fn step(&self, model: &Moppr, views: &Vec<usize>, random: &mut ChaCha8Rng, _: At) -> Step {
        let Self { corpus, products, shelves, sizes, settings, device } = self;
        let views: Vec<&Sample> = views.iter().map(|&view| &corpus.views[view]).collect();
        let batch = Batch::new(&views, corpus.words, shelves, settings, random, device);
        let loss = loss_of(model, products, &batch, settings);
        Step {
            descent: Descent::of(model, loss, settings.rate),
            samples: views.len(),
            products: batch.products(sizes),
        }
    }
}

/// Equation 18 over a batch, and with [`Settings::gmv`] the pointwise loss of purchases.
fn loss_of(model: &Moppr, products: &Products, batch: &Batch, settings: &Settings) -> Tensor<1> {
    // Nothing is computed for a product that takes no part.
    let products = products.select(&batch.products);
    let table = model.embeddings.products(&products, Some(batch.ids.clone()));
    let scored = products.first(batch.items);
    let items = model.embeddings.items(&scored, table.clone().narrow(0, 0, batch.items));
    let items = model.towers.item(items);
    let (requests, _) = model.user_query(&batch.inputs, &table);

    let [views, own] = batch.own.dims();
    let own_items = embedding(items.clone(), batch.own.clone());
    let own_scores = inner_products(requests.clone(), &own_items);
    let mut absent = batch.absent.clone();
    let mut all = vec![own_scores.clone()];
    if let Some(negatives) = &batch.negatives {
        let scores = requests.matmul(items.select(0, negatives.clone()).transpose());
        all.push(scores.clone());
        if let Some(Mixed { hard, shares: [from, to] }) = settings.mixed {
            let [_, count] = scores.dims();
            let hidden = absent.clone().narrow(1, own, count);
            let uniform = Distribution::Uniform(from, to);
            let share = Tensor::random([views, hard.min(count)], uniform, &scores.device());
            // The samples are of a single positive, which stands first.
            let positive = own_scores.narrow(1, 0, 1);
            all.push(loss::mixed_negatives(positive, scores + hidden, share.clone()));
            absent = Tensor::cat(vec![absent, share.zeros_like()], 1);
        }
    }
    let scores = Tensor::cat(all, 1);
    let Settings { objectives, temperature, gmv, .. } = *settings;
    let labels = &batch.labels;
    let bought = gmv.map(|sigma| loss::pointwise(scores.clone(), &absent, labels, sigma));
    let loss = loss::multi_objective(scores, absent, labels, objectives, temperature);
    match bought {
        Some(bought) => loss + bought,
        None => loss,
    }
}

#[cfg(test)]
mod tests;
