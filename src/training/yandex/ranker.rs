//! What the similarity adds to a tree ranker (Yandex 4.1): boosted trees on counters and the other
//! dense features of the feed's page views on the days after training, with r_ui among the features
//! and without it.
//!
//! The trees are grown on the page views of one half of the shoppers and order those of the other
//! half, and the other way round: r_ui is then as new to them as it is to the ranker of a shop, where
//! a model of the day before meets today's page views.

use std::ops::Range;

use anyhow::Result;
use burn::tensor::Device;
use rayon::prelude::*;

use super::batch::Users;
use super::data::Corpus;
use super::evaluate::{PAGE, SCENARIOS, Scenario};
use super::samples::{Impression, ShopperDay, View};
use crate::trees::{Booster, Rows, Settings};
use market::World;
use market::catalogue::ProductId;
use market::features::Moment;
use market::features::dense::{self, DenseTables, QueryMatch};
use market::features::split::day_of;
use market::features::statistics::Statistics;
use market::metrics::{BLOCKS, Blocks, Figure, block_of, graded_ndcg_at};
use nets::models::yandex::retriever::Retriever;
use nets::models::yandex::similarity;

/// Shopper-days whose similarities are held at once.
const BATCH: usize = 256;

/// Halves of the shoppers.
const FOLDS: usize = 2;

/// Shallow trees: there are tens of thousands of impressions, not billions.
const TREES: Settings =
    Settings { trees: 100, depth: 4, rate: 0.1, l2: 1.0, gamma: 0.0, least: 1.0, bins: 64 };

/// Names of what [`Ranker::figures`] measures.
pub const NAMES: [&str; SCENARIOS.len()] = ["retargeting gain", "discovery gain"];

/// Similarities of impressions, row by row: one number, or one for each of a shopper's vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Similarities {
    /// Numbers of all impressions, in the order of the test's page views.
    pub values: Vec<f32>,
    /// Numbers of an impression.
    pub width: usize,
}

/// A tree ranker's page views.
pub struct Ranker {
    pages: Vec<Page>,
    /// Dense features of every impression, in the order of the page views.
    dense: Vec<f32>,
    /// nDCG without the similarity, by scenario.
    without: [Blocks; SCENARIOS.len()],
}

/// A page view of the feed.
#[derive(Clone, Debug)]
struct Page {
    shopper: u32,
    rows: Range<usize>,
    shown: Vec<Impression>,
}

impl Ranker {
    /// Lives through the market twice: for the counters of the days before the test, and for the
    /// features of the test's page views.
    pub fn gather(world: &World, corpus: &Corpus, test: &Range<i32>) -> Self {
        let nothing = || Statistics::new(world.catalogue.products.len());
        let statistics = (0..world.config.shoppers)
            .into_par_iter()
            .fold(nothing, |mut statistics, shopper| {
                let log = world.shopper_log(shopper);
                let before = log.views.iter().filter(|view| day_of(view.time) < test.start);
                before.for_each(|view| statistics.add(view));
                statistics
            })
            .reduce(nothing, |mut one, other| {
                one.merge(&other);
                one
            });
        let tables = DenseTables::new(&world.catalogue, &statistics);
        let samples = &corpus.samples;
        let features = |days: &&[ShopperDay]| -> Vec<(u32, &View, Vec<f32>)> {
            let log = world.shopper_log(samples.shoppers[days[0].shopper].number);
            let of_view = |view: &View| -> Vec<f32> {
                let page = &log.views[view.number];
                let moment = Moment {
                    profile: &log.profile,
                    events: &log.events[..page.events_before as usize],
                    query: None,
                    now: page.time,
                    device: page.device,
                };
                let shown: Vec<ProductId> = page.impressions.iter().map(|i| i.product).collect();
                tables.request(&world.catalogue, &moment, QueryMatch::default(), &shown)
            };
            let views = days.iter().flat_map(|day| &samples.views[day.of.clone()]);
            views.map(|view| (log.shopper, view, of_view(view))).collect()
        };
        // A shopper's days stand side by side; in their order, however the work was shared out.
        let of_shopper: Vec<&[ShopperDay]> =
            samples.test.chunk_by(|a, b| a.shopper == b.shopper).collect();
        let days: Vec<_> = of_shopper.par_iter().map(features).collect();
        let mut ranker = Self { pages: Vec::new(), dense: Vec::new(), without: Default::default() };
        for (shopper, view, dense) in days.into_iter().flatten() {
            let start = ranker.dense.len() / dense::COUNT;
            ranker.dense.extend(dense);
            let rows = start..ranker.dense.len() / dense::COUNT;
            ranker.pages.push(Page { shopper, rows, shown: samples.shown(view).to_vec() });
        }
        ranker.without = ranker.ndcg(None);
        ranker
    }

    /// Number of impressions.
    pub fn impressions(&self) -> usize {
        self.dense.len() / dense::COUNT
    }

    /// By how many percent a model's similarities raise the ranker's nDCG, in each scenario.
    pub fn figures(&self, similarities: &Similarities) -> Vec<Figure> {
        let with = self.ndcg(Some(similarities));
        let gain = |with: Option<f64>, without: Option<f64>| {
            without.filter(|&without| without > 0.0).zip(with).map(|(b, a)| 100.0 * (a - b) / b)
        };
        let of = |(name, (with, without)): (&&str, (&Blocks, &Blocks))| {
            let [with, without] = [with, without].map(|blocks| blocks.figure(*name));
            let whole = gain(with.whole, without.whole);
            let blocks = std::array::from_fn(|n| gain(with.blocks[n], without.blocks[n]));
            Figure { name: (*name).into(), whole, blocks }
        };
        NAMES.iter().zip(with.iter().zip(&self.without)).map(of).collect()
    }

    /// nDCG of the trees in each scenario.
    pub fn ndcg(&self, similarities: Option<&Similarities>) -> [Blocks; SCENARIOS.len()] {
        SCENARIOS.map(|scenario| {
            let mut scores = vec![0.0; self.impressions()];
            for fold in 0..FOLDS {
                let [known, asked] = [true, false].map(|same| self.rows(scenario, fold, same));
                if known.is_empty() || asked.is_empty() {
                    continue;
                }
                let gains: Vec<f32> = known.iter().map(|row| row.1).collect();
                let ones = vec![1.0; known.len()];
                let (features, width) = self.features(&known, similarities);
                let rows = Rows { features: &features, width };
                let booster = Booster::grow(rows, &gains, &ones, &TREES);
                let (features, _) = self.features(&asked, similarities);
                let ordered = booster.scores(Rows { features: &features, width });
                asked.iter().zip(ordered).for_each(|((row, _), score)| scores[*row] = score);
            }
            let mut blocks = Blocks::default();
            for page in &self.pages {
                let counted = || {
                    page.rows.clone().zip(&page.shown).filter(|(_, shown)| scenario.counts(shown))
                };
                let scores: Vec<f32> = counted().map(|(row, _)| scores[row]).collect();
                let gains: Vec<f64> = counted().map(|(_, s)| f64::from(s.grade())).collect();
                blocks.add(page.shopper, graded_ndcg_at(PAGE, &scores, &gains));
            }
            blocks
        })
    }

    /// Impressions that count, with their gains from 0 to 1, of the shoppers in a half or out of it.
    fn rows(&self, scenario: Scenario, fold: usize, same: bool) -> Vec<(usize, f32)> {
        let of_fold = |page: &&Page| (fold_of(page.shopper) == fold) == same;
        let pages = self.pages.iter().filter(of_fold);
        let rows = pages.flat_map(|page| page.rows.clone().zip(&page.shown));
        let counted = rows.filter(|(_, shown)| scenario.counts(shown));
        counted.map(|(row, shown)| (row, f32::from(shown.grade()) / 4.0)).collect()
    }

    /// Features of impressions, one after another, and how many each has.
    fn features(
        &self,
        rows: &[(usize, f32)],
        similarities: Option<&Similarities>,
    ) -> (Vec<f32>, usize) {
        let width = similarities.map_or(0, |similarities| similarities.width);
        let mut features = Vec::with_capacity(rows.len() * (dense::COUNT + width));
        for &(row, _) in rows {
            features.extend(&self.dense[row * dense::COUNT..][..dense::COUNT]);
            if let Some(similarities) = similarities {
                features.extend(&similarities.values[row * width..][..width]);
            }
        }
        (features, dense::COUNT + width)
    }
}

/// The half that a shopper is in: that of the whole block, so that a block is ordered by one ranker.
fn fold_of(shopper: u32) -> usize {
    const _: () = assert!(BLOCKS.is_multiple_of(FOLDS));
    block_of(shopper) % FOLDS
}

/// r_ui of every impression of the test's page views. Where a shopper has two vectors it has two
/// (4.3).
///
/// # Errors
/// Where the device fails.
pub fn similarities(retriever: &Retriever, corpus: &Corpus) -> Result<Similarities> {
    let mut found = Similarities { values: Vec::new(), width: 1 };
    let days: Vec<&ShopperDay> = corpus.samples.test.iter().collect();
    for days in days.chunks(BATCH) {
        let users = Users::new(days, retriever.config(), corpus, &Device::flex());
        let mut scores: Vec<Vec<f32>> = Vec::new();
        for part in users.output(retriever.model()).parts {
            scores.push(similarity(part, retriever.items.clone()).try_into_vec_as()?);
        }
        found.width = scores.len();
        for (number, day) in days.iter().enumerate() {
            let views = &corpus.samples.views[day.of.clone()];
            for shown in views.iter().flat_map(|view| corpus.samples.shown(view)) {
                let at = number * corpus.products + shown.product as usize;
                found.values.extend(scores.iter().map(|scores| scores[at]));
            }
        }
    }
    Ok(found)
}
