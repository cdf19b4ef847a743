//! From a market's log to the page views of the training days and of the test day.

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::prelude::*;

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
pub struct Data {
    /// The seven training days.
    pub training: Samples,
    /// The day after them.
    pub test: Samples,
}

/// What one shopper adds to what must be known before features can be.
struct Survey {
    statistics: Statistics,
    queries: BTreeSet<String>,
}

impl Data {
    /// Lives through the market twice: once to count what the features are made of, once for the
    /// features. `shopper_done` is called twice for each shopper, from several threads.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
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
        let (training, test) = shoppers
            .into_par_iter()
            .fold(<(Samples, Samples)>::default, |(mut training, mut test), shopper| {
                let log = world.shopper_log(shopper);
                training.append(Samples::of(&log, &split.training, IRRELEVANT, &tables, &queries));
                test.append(Samples::of(&log, &split.test, 0, &tables, &queries));
                shopper_done();
                (training, test)
            })
            .reduce(<(Samples, Samples)>::default, |(mut training, mut test), more| {
                training.append(more.0);
                test.append(more.1);
                (training, test)
            });
        Ok(Self { training, test })
    }
}
