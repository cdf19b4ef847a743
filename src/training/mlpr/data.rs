//! From a market's log to pairs of query and product: to train on, to choose by, to test on.

use anyhow::Result;
use rayon::prelude::*;

use super::samples::{FEW, Part, Samples, Searches};
use crate::people::People;
use crate::queries::Queries;
use crate::survey::Survey;
use market::World;
use market::features::wide::WideTables;
use market::text::TokenVectors;
use nets::models::query_category::CategoryPredictor;

/// Pairs of every logged day (MLPR 4.1), and what reads them.
pub struct Data {
    /// Eight in ten.
    pub training: Samples,
    /// One in ten.
    pub validation: Samples,
    /// One in ten.
    pub test: Samples,
    /// What their wide features come from.
    pub tables: WideTables,
    /// Every query with its vector and its predicted product types.
    pub queries: Queries,
}

impl Data {
    /// Lives through the market twice: once to count how frequent queries are, once for the pairs.
    /// `shopper_done` is called twice for each shopper, from several threads.
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
        let survey = Survey::new(world, &People::of_log(world), &shopper_done);
        let tables = WideTables::new(catalogue);
        let searches = (0..world.config.shoppers)
            .into_par_iter()
            .fold(Searches::default, |mut searches, shopper| {
                searches.add(&world.shopper_log(shopper));
                shopper_done();
                searches
            })
            .reduce(Searches::default, |mut searches, more| {
                searches.append(more);
                searches
            });
        let queries = Queries::new(&searches.queries(FEW), catalogue, words, predictor)?;
        let samples = |part| {
            let tables = (catalogue, &tables);
            Samples::new(&searches, part, FEW, tables, &survey.frequency, &queries)
        };
        let [training, validation, test] =
            [Part::Training, Part::Validation, Part::Test].map(samples);
        Ok(Self { training, validation, test, tables, queries })
    }
}
