//! Pre-training the domain BERT on the shop's text: masked words are told from those around them.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::library::Library;
use crate::checkpoint::Checkpoint;
use crate::descent::{At, Course, Descent};
use crate::device::device;
use crate::optimiser::adam;
use crate::work::Speed;
use market::text::PieceId;
use nets::models::mlpr::bert::{Bert, Text};
use nets::models::mlpr::rows::Pieces;
use nets::models::weights::About;
use nets::nn::numbers::seeded;

/// How to pre-train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Times that every text is seen.
    pub epochs: usize,
    /// Texts a step.
    pub batch: usize,
    /// Adam's step size.
    pub rate: f64,
    /// Share of the word pieces that are masked.
    pub masked: f64,
    /// Seed of weights, order and masks.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { epochs: 6, batch: 128, rate: 2e-3, masked: 0.15, seed: 1 }
    }
}

/// BERT and the layer that words are told by; only the first is kept.
#[derive(Module, Debug)]
struct Reader {
    bert: Bert,
    /// Back to the space of the frozen token vectors, whose table then tells words apart.
    decoder: Linear,
}

/// A BERT that has read these texts. `watch` is told the step, the number of steps and the loss.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    library: &Library<'_>,
    texts: &[&Text],
    settings: &Settings,
    checkpoint: Option<(&Checkpoint, &About)>,
    watch: impl FnMut(usize, usize, f32),
) -> Result<Bert> {
    let device = device().autodiff();
    let model = seeded(&device, settings.seed, || Reader {
        bert: library.config.init(&device),
        decoder: LinearConfig::new(library.config.width, library.config.token).init(&device),
    });
    let words = Words::new(library, texts, &device);
    let sizes = library.config;
    let mut speed = Speed::new("MLPR, masked words", [4096, sizes.width, sizes.d_f]);
    let epoch = |epoch| {
        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
        random.set_stream(epoch as u64 + 1);
        let mut order = texts.to_vec();
        order.shuffle(&mut random);
        (random, order.chunks(settings.batch).map(<[_]>::to_vec).collect())
    };
    let step = |model: &Reader, texts: &Vec<&Text>, random: &mut ChaCha8Rng, at: At| {
        let loss = words.loss(model, library, texts, settings.masked, random)?;
        speed.step(texts.len(), super::of_texts(&sizes, texts.iter().copied()));
        Some(Descent::of(model, loss, super::rate_at(settings.rate, at.step, at.steps)))
    };
    let steps = texts.len().div_ceil(settings.batch);
    let course = Course { epochs: settings.epochs, steps, checkpoint };
    let model = course.run(model, adam(), epoch, step, watch)?;
    speed.say(&device);
    Ok(model.bert)
}

/// The word pieces that the texts use: what a masked one can be.
struct Words {
    numbers: BTreeMap<PieceId, i32>,
    /// Their vectors, `[token, V]`.
    vectors: Tensor<2>,
    pieces: Pieces,
    device: Device,
}

impl Words {
    fn new(library: &Library<'_>, texts: &[&Text], device: &Device) -> Self {
        let pieces = texts.iter().flat_map(|text| text.0.iter().map(|(piece, _)| *piece));
        let known = pieces.filter_map(|piece| Some((piece, library.words.vector(piece)?)));
        let known: BTreeMap<PieceId, Vec<f32>> = known.collect();
        let shape = [known.len(), library.config.token];
        let numbers = known.keys().copied().zip(0..).collect();
        let vectors: Vec<f32> = known.into_values().flatten().collect();
        let vectors = Tensor::<2>::from_data(TensorData::new(vectors, shape), device);
        let pieces = library.pieces(texts.iter().copied(), device);
        Self { numbers, vectors: vectors.transpose(), pieces, device: device.clone() }
    }

    /// Mean cross entropy of the masked pieces, `[1]`; none where no piece was masked.
    fn loss(
        &self,
        model: &Reader,
        library: &Library<'_>,
        texts: &[&Text],
        share: f64,
        random: &mut ChaCha8Rng,
    ) -> Option<Tensor<1>> {
        // Which piece of which text is masked, and what it is.
        let (mut masks, mut truth) = (Vec::new(), Vec::new());
        for (row, text) in texts.iter().enumerate() {
            let known = text.0.iter().filter_map(|(piece, _)| self.numbers.get(piece));
            for (column, &number) in known.take(library.config.length).enumerate() {
                if random.random_bool(share) {
                    masks.push((row, column));
                    truth.push(number);
                }
            }
        }
        if masks.is_empty() {
            return None;
        }
        let (hidden, places) = self
            .hidden_rows(model, texts, &masks)
            .unwrap_or_else(|| self.hidden(model, library, texts, &masks));
        let masked = truth.len();
        let ids = |ids: Vec<i32>| -> Tensor<1, Int> {
            Tensor::from_data(TensorData::new(ids, [masked]), &self.device)
        };
        let decoded = model.decoder.forward(hidden.select(0, ids(places)));
        let ln_p = log_softmax(decoded.matmul(self.vectors.clone()), 1);
        Some(ln_p.gather(1, ids(truth).reshape([masked, 1])).mean().neg())
    }

    /// The texts as their neighbours make them, without padding, and the rows of what is masked.
    fn hidden_rows(
        &self,
        model: &Reader,
        texts: &[&Text],
        masks: &[(usize, usize)],
    ) -> Option<(Tensor<2>, Vec<i32>)> {
        let mut texts = self.pieces.texts(texts);
        let starts: Vec<usize> = texts
            .lengths
            .iter()
            .scan(0, |start, length| Some(std::mem::replace(start, *start + length)))
            .collect();
        let places: Vec<usize> = masks.iter().map(|&(row, column)| starts[row] + column).collect();
        // A masked piece is a vector of zeros: the projection's bias stands for it.
        places.iter().for_each(|&place| texts.pieces[place] = self.pieces.masked());
        let hidden = model.bert.hidden_rows(&self.pieces, &texts)?;
        Some((hidden, places.into_iter().map(|place| place as i32).collect()))
    }

    /// The same with padding.
    fn hidden(
        &self,
        model: &Reader,
        library: &Library<'_>,
        texts: &[&Text],
        masks: &[(usize, usize)],
    ) -> (Tensor<2>, Vec<i32>) {
        let mut inputs = library.texts(texts, &self.device);
        let [batch, length] = inputs.mask.dims();
        let mut seen = vec![1.0_f32; batch * length];
        let places: Vec<usize> = masks.iter().map(|(row, column)| row * length + column).collect();
        places.iter().for_each(|&place| seen[place] = 0.0);
        let seen = TensorData::new(seen, [batch, length, 1]);
        inputs.tokens = inputs.tokens * Tensor::<3>::from_data(seen, &self.device);
        let hidden = model.bert.hidden(&inputs).reshape([batch * length, library.config.width]);
        (hidden, places.into_iter().map(|place| place as i32).collect())
    }
}
