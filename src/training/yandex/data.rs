//! From a market's log to the samples of both stages and of the test days.

use std::collections::HashMap;
use std::ops::Range;

use super::samples::{Options, Samples};
use crate::people::People;
use market::World;
use market::catalogue::Catalogue;
use market::history::DAY;
use market::text::TokenVectors;
use nets::models::yandex::input::title_sums;

/// Samples, and the texts that they name.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What is learned from and tested on.
    pub samples: Samples,
    /// Number of products: their titles are the first texts.
    pub products: usize,
    /// Days on which each product is on sale.
    pub sale_days: Vec<Range<i32>>,
    /// w, size of a word vector, or number of word pieces.
    pub word: usize,
    texts: Texts,
}

/// What is read of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The sum of the shop's word vectors.
    Vectors,
    /// How often it holds each word piece, so that the model learns a table of them (3.1).
    Pieces,
}

/// Every text.
#[derive(Clone, Debug)]
enum Texts {
    /// Sum of the word vectors of each, one after another.
    Sums(Vec<f32>),
    /// Word pieces of each, numbered from 0 by those that occur.
    Pieces(Vec<Vec<u32>>),
}

/// Days after training that are tested on (4.1).
const TEST_DAYS: i32 = 10;

impl Options {
    /// The paper's (4.1): a day's delay, positives and the feed's page views of every logged day
    /// before the last ten, which are tested on.
    pub fn new(days: u16) -> Self {
        let days = i32::from(days);
        let training = 0..days - TEST_DAYS;
        Self {
            delay: DAY,
            pretraining: training.clone(),
            fine_tuning: training,
            test: days - TEST_DAYS..days,
            searches: false,
            share: 1.0,
        }
    }
}

impl Corpus {
    /// Lives through the market once. `shopper_done` is called for each shopper.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        reading: Reading,
        options: &Options,
        people: &People,
        mut shopper_done: impl FnMut(),
    ) -> Self {
        let products = world.catalogue.products.len();
        let mut samples = Samples::default();
        for shopper in people.all() {
            samples.add(&world.shopper_log(shopper), products, options, people);
            shopper_done();
        }
        Self::new(samples, &world.catalogue, words, reading)
    }

    /// Of samples of this catalogue.
    pub fn new(
        samples: Samples,
        catalogue: &Catalogue,
        words: &TokenVectors,
        reading: Reading,
    ) -> Self {
        let (word, texts) = match reading {
            Reading::Vectors => {
                let mut sums = title_sums(catalogue, words);
                sums.extend(words.sums(samples.queries.iter()));
                (words.dimensions(), Texts::Sums(sums))
            }
            Reading::Pieces => {
                let mut numbers = HashMap::new();
                let mut number = |piece| {
                    let next = numbers.len() as u32;
                    *numbers.entry(piece).or_insert(next)
                };
                let read = |text: &str| -> Vec<u32> {
                    words.pieces(text).into_iter().map(&mut number).collect()
                };
                let texts = catalogue.titles().chain(samples.queries.iter()).map(read).collect();
                (numbers.len(), Texts::Pieces(texts))
            }
        };
        let products = catalogue.products.len();
        Self { samples, products, sale_days: catalogue.sale_days(), word, texts }
    }

    /// What is read of texts, one after another: `w` numbers each.
    pub fn read(&self, texts: impl Iterator<Item = u32>) -> Vec<f32> {
        let mut read = Vec::new();
        for text in texts.map(|text| text as usize) {
            match &self.texts {
                Texts::Sums(sums) => read.extend(&sums[text * self.word..][..self.word]),
                Texts::Pieces(pieces) => {
                    let start = read.len();
                    read.resize(start + self.word, 0.0);
                    pieces[text].iter().for_each(|&piece| read[start + piece as usize] += 1.0);
                }
            }
        }
        read
    }

    /// That of all titles.
    pub fn titles(&self) -> Vec<f32> {
        self.read(0..self.products as u32)
    }
}
