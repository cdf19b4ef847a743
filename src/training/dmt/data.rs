//! From a market's log to the page views of the training days and of the test day.

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::prelude::*;

use super::cold_start::{ColdStart, EVALUATED, Lost};
use super::queries::Queries;
use super::samples::Samples;
use crate::features::dense::DenseTables;
use crate::features::split::{Split, day_of};
use crate::features::statistics::Statistics;
use crate::market::World;
use crate::models::query_category::CategoryPredictor;
use crate::text::TokenVectors;

/// Most products a search that were retrieved, found irrelevant and not shown, on top of its ten
/// impressions.
const IRRELEVANT: usize = 4;

/// Page views to train and to test on, feed and search alike.
#[derive(Default)]
pub struct Data {
    /// The seven training days.
    pub training: Samples,
    /// The day after them.
    pub test: Samples,
    /// The same without each of [`EVALUATED`].
    pub cold: [Samples; EVALUATED.len()],
}

/// What one shopper adds to what must be known before features can be.
struct Survey {
    statistics: Statistics,
    queries: BTreeSet<String>,
}

impl Data {
    /// Lives through the market twice: once to count what the features are made of, once for the
    /// features. `cold_start` is the share of training page views that lose some or all of the
    /// history: see [`ColdStart`]. `shopper_done` is called twice for each shopper, from several
    /// threads.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        cold_start: f64,
        shopper_done: impl Fn() + Sync,
    ) -> Result<Self> {
        let catalogue = &world.catalogue;
        let split = Split::last_day(world.config.days);
        let nothing = || Survey {
            statistics: Statistics::new(catalogue.products.len()),
            queries: BTreeSet::new(),
        };
        let shoppers = 0..world.config.shoppers;
        let survey = shoppers
            .clone()
            .into_par_iter()
            .fold(nothing, |mut survey, shopper| {
                for view in &world.shopper_log(shopper).views {
                    let day = day_of(view.time);
                    if split.statistics.contains(&day) {
                        survey.statistics.add(view);
                    } else if let Some(query) = &view.query {
                        survey.queries.insert(query.clone());
                    }
                }
                shopper_done();
                survey
            })
            .reduce(nothing, |mut one, mut other| {
                one.statistics.merge(&other.statistics);
                one.queries.append(&mut other.queries);
                one
            });
        let tables = DenseTables::new(catalogue, &survey.statistics);
        let queries = Queries::new(&survey.queries, catalogue, words, predictor)?;
        // Folding and reducing keep the order of shoppers, so the samples do not depend on how
        // the work was shared out.
        Ok(shoppers
            .into_par_iter()
            .fold(Self::default, |mut data, shopper| {
                let log = world.shopper_log(shopper);
                let mut cold = ColdStart::new(cold_start, world.config.seed, shopper);
                let (days, draw) = (&split.training, || cold.draw());
                data.training.append(Samples::of(&log, days, IRRELEVANT, draw, &tables, &queries));
                let test = |lost| Samples::of(&log, &split.test, 0, || lost, &tables, &queries);
                data.test.append(test(Lost::Nothing));
                for (samples, (_, lost)) in data.cold.iter_mut().zip(EVALUATED) {
                    samples.append(test(lost));
                }
                shopper_done();
                data
            })
            .reduce(Self::default, |mut data, more| {
                data.training.append(more.training);
                data.test.append(more.test);
                for (samples, more) in data.cold.iter_mut().zip(more.cold) {
                    samples.append(more);
                }
                data
            }))
    }
}
