//! From a market's log to the samples of both stages and of the test day.

use super::samples::{Options, Samples};
use crate::features::split::Split;
use crate::market::World;
use crate::market::catalogue::Catalogue;
use crate::market::history::DAY;
use crate::models::yandex::input::title_sums;
use crate::text::TokenVectors;

/// Samples, and the texts that they name.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What is learned from and tested on.
    pub samples: Samples,
    /// Number of products: their titles are the first texts.
    pub products: usize,
    /// w, size of a word vector.
    pub word: usize,
    /// Sum of the word vectors of each text, one after another.
    sums: Vec<f32>,
}

impl Options {
    /// The paper's one-day delay; positives of every logged day before the test day, and page
    /// views of the training days.
    pub fn new(days: u16) -> Self {
        let Split { statistics, training, test } = Split::last_day(days);
        Self {
            delay: DAY,
            pretraining: statistics.start..training.end,
            fine_tuning: statistics.start..training.end,
            test,
            searches: true,
            share: 1.0,
        }
    }
}

impl Corpus {
    /// Lives through the market once. `shopper_done` is called for each shopper.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        options: &Options,
        mut shopper_done: impl FnMut(),
    ) -> Self {
        let products = world.catalogue.products.len();
        let mut samples = Samples::default();
        for log in world.shopper_logs() {
            samples.add(&log, products, options);
            shopper_done();
        }
        Self::new(samples, &world.catalogue, words)
    }

    /// Of samples of this catalogue.
    pub fn new(samples: Samples, catalogue: &Catalogue, words: &TokenVectors) -> Self {
        let mut sums = title_sums(catalogue, words);
        sums.extend(words.sums(samples.queries.iter()));
        Self { samples, products: catalogue.products.len(), word: words.dimensions(), sums }
    }

    /// Sum of the word vectors of a text.
    pub fn sum(&self, text: u32) -> &[f32] {
        &self.sums[text as usize * self.word..][..self.word]
    }

    /// Those of all titles, one after another.
    pub fn titles(&self) -> &[f32] {
        &self.sums[..self.products * self.word]
    }
}
