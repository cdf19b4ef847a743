//! Tuning the domain BERT to engagement (MLPR 3.1): for each query the items that were engaged
//! with, among sampled ones.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::library::Library;
use super::loss::listwise;
use super::samples::Samples;
use crate::ABSENT;
use crate::checkpoint::Checkpoint;
use crate::descent::{At, Course, Descent};
use crate::device::device;
use crate::optimiser::adam;
use crate::work::Speed;
use market::catalogue::ProductId;
use nets::models::mlpr::bert::{Bert, Text};
use nets::models::mlpr::cosine;
use nets::models::mlpr::rows::Pieces;
use nets::models::weights::About;
use nets::nn::numbers::numbered;

/// How to tune.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every query is seen.
    pub epochs: usize,
    /// Queries a step.
    pub batch: usize,
    /// Most items of a query that were engaged with.
    pub relevant: usize,
    /// Sampled items for each of them (the paper's is 20).
    pub sampled: usize,
    /// What cosines are divided by.
    pub temperature: f32,
    /// Adam's step size.
    pub rate: f64,
    /// Seed of order and draws.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 6,
            batch: 64,
            relevant: 4,
            sampled: 20,
            temperature: 0.1,
            rate: 1e-3,
            seed: 1,
        }
    }
}

/// A query by its number, and the items that were engaged with the most, with how much.
type List = (usize, Vec<(ProductId, f32)>);

/// Tunes a BERT further. `watch` is told the step, the number of steps and the loss.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    bert: Bert,
    library: &Library<'_>,
    samples: &Samples,
    settings: &Settings,
    checkpoint: Option<(&Checkpoint, &About)>,
    watch: impl FnMut(usize, usize, f32),
) -> Result<Bert> {
    let device = device().autodiff();
    let texts = library.queries(&samples.queries);
    let pieces = library.pieces(texts.iter(), &device);
    let lists: Vec<List> = (0..samples.queries.len())
        .map(|query| (query, relevant(samples, query, settings.relevant)))
        .filter(|(_, items)| !items.is_empty())
        .collect();
    let sizes = library.config;
    let mut speed = Speed::new("MLPR, engagement", [4096, sizes.width, sizes.d_f]);
    let epoch = |epoch| {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        random.set_stream(epoch as u64 + 1);
        let mut order: Vec<_> = lists.iter().collect();
        order.shuffle(&mut random);
        (random, order.chunks(settings.batch).map(<[_]>::to_vec).collect())
    };
    let step = |bert: &Bert, lists: &Vec<&List>, random: &mut ChaCha8Rng, at: At| {
        let (loss, forward) =
            loss_of(bert, library, (&texts, &pieces), lists, settings, random, &device);
        speed.step(lists.len(), forward);
        Some(Descent::of(bert, loss, super::rate_at(settings.rate, at.step, at.steps)))
    };
    let steps = lists.len().div_ceil(settings.batch);
    let course = Course { epochs: settings.epochs, steps, checkpoint };
    let bert = course.run(numbered(bert.train()), adam(), epoch, step, watch)?;
    speed.say(&device);
    Ok(bert)
}

/// The items of a query that were engaged with the most, and how much: its clicks, carts and
/// orders together.
fn relevant(samples: &Samples, query: usize, most: usize) -> Vec<(ProductId, f32)> {
    let mut items: Vec<(ProductId, f32)> = samples.groups[query]
        .clone()
        .map(|pair| {
            let gain: u32 = samples.engagement[pair].engaged.iter().sum();
            (samples.products[pair], gain as f32)
        })
        .filter(|(_, gain)| *gain > 0.0)
        .collect();
    items.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    items.truncate(most);
    items
}

/// The loss, and how much there is to compute for it: see [`crate::work`].
///
/// One list a query: its own items, then the sampled ones, which the queries of a step share; a
/// query with fewer items of its own takes as many fewer of them.
fn loss_of(
    bert: &Bert,
    library: &Library<'_>,
    (texts, pieces): (&[Text], &Pieces),
    lists: &[&List],
    settings: &Settings,
    random: &mut ChaCha8Rng,
    device: &Device,
) -> (Tensor<1>, f64) {
    let catalogue = library.products.len();
    let most = (settings.relevant * settings.sampled).min(catalogue);
    let sampled: Vec<ProductId> =
        sample(random, catalogue, most).into_iter().map(|id| id as ProductId).collect();
    let width = settings.relevant + sampled.len();
    let (mut products, mut rows) = (sampled.clone(), Vec::new());
    let (mut gains, mut absent) = (Vec::new(), Vec::new());
    for (_, items) in lists {
        let start = products.len();
        for place in 0..settings.relevant {
            let item = items.get(place);
            rows.push(if item.is_some() { start + place } else { 0 } as i32);
            gains.push(item.map_or(0.0, |(_, gain)| *gain));
            absent.push(if item.is_some() { 0.0 } else { ABSENT });
        }
        products.extend(items.iter().map(|(product, _)| product));
        for (place, product) in sampled.iter().enumerate() {
            let own = items.iter().any(|(other, _)| other == product);
            rows.push(place as i32);
            gains.push(0.0);
            absent.push(if own || place >= items.len() * settings.sampled { ABSENT } else { 0.0 });
        }
    }
    let n = lists.len();
    let queries: Vec<&Text> = lists.iter().map(|(query, _)| &texts[*query]).collect();
    let read = products.iter().map(|&product| &library.products[product as usize]);
    let forward = super::of_texts(&library.config, queries.iter().copied().chain(read));
    let queries = library.learn_phi(bert, pieces, &queries, device);
    let items = library.learn_psi(bert, pieces, &products, device);
    let [_, d] = queries.dims();
    let rows: Tensor<1, Int> = Tensor::from_data(TensorData::new(rows, [n * width]), device);
    let queries = queries.unsqueeze_dim::<3>(1).expand([n, width, d]).reshape([n * width, d]);
    let scores = cosine(&queries, &items.select(0, rows)).reshape([n, width]);
    let floats =
        |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [n, width]), device);
    (listwise(scores / settings.temperature, floats(gains), floats(absent)), forward)
}
