//! From a market's log to the pairs of the training days and the searches of the test day.

use anyhow::Result;
use rayon::prelude::*;

use super::samples::{Samples, Searches};
use crate::features::split::Split;
use crate::features::wide::WideTables;
use crate::market::World;
use crate::metrics::BLOCKS;
use crate::models::query_category::CategoryPredictor;
use crate::text::TokenVectors;
use crate::training::dmt::queries::Queries;
use crate::training::moppr::data::Survey;

/// Most products a search that were retrieved, found irrelevant and not shown: as in DMT's data.
const IRRELEVANT: usize = 4;

/// Pairs to train on, searches to test on.
pub struct Data {
    /// The seven training days.
    pub training: Samples,
    /// The day after them.
    pub test: Samples,
    /// What their wide features come from.
    pub tables: WideTables,
}

impl Data {
    /// Lives through the market twice: once to count what the features are made of, once for the
    /// pairs. Training reads the searches of one shopper in `share`, of every block alike; testing
    /// those of all. `shopper_done` is called twice for each shopper, from several threads.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        share: u32,
        shopper_done: impl Fn() + Sync,
    ) -> Result<Self> {
        let catalogue = &world.catalogue;
        let split = Split::last_day(world.config.days);
        let survey = Survey::new(world, &shopper_done);
        let tables = WideTables::new(catalogue, &survey.statistics);
        let queries = Queries::new(&survey.queries, catalogue, words, predictor)?;
        let (training, test) = (0..world.config.shoppers)
            .into_par_iter()
            .fold(<(Searches, Searches)>::default, |(mut training, mut test), shopper| {
                let log = world.shopper_log(shopper);
                if (shopper / BLOCKS as u32).is_multiple_of(share) {
                    training.add(&log, &split.training, IRRELEVANT, false);
                }
                test.add(&log, &split.test, 0, true);
                shopper_done();
                (training, test)
            })
            .reduce(<(Searches, Searches)>::default, |(mut training, mut test), more| {
                training.append(more.0);
                test.append(more.1);
                (training, test)
            });
        let samples = |searches| Samples::new(searches, &tables, &survey.frequency, &queries);
        let (training, test) = (samples(training), samples(test));
        Ok(Self { training, test, tables })
    }
}
