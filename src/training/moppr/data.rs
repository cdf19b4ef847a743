//! From a market's log to the page views of the training days and of the test day.

use anyhow::Result;
use rayon::prelude::*;

use super::queries::Queries;
use super::samples::{Options, Sample, samples};
use crate::people::People;
use crate::survey::Survey;
use market::World;
use market::features::search::{ProductFeatures, QueryFrequency};
use market::features::split::{Split, day_of};
use market::text::TokenVectors;
use nets::models::query_category::CategoryPredictor;

/// Page views to train and to test on.
pub struct Data {
    /// The seven training days.
    pub training: Vec<Sample>,
    /// The searches of the day after them, whole.
    pub test: Vec<Sample>,
    /// Every query of theirs.
    pub queries: Queries,
    /// The catalogue.
    pub products: ProductFeatures,
}

impl Data {
    /// Lives through the market once more. `shopper_done` is called from several threads.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(
        world: &World,
        survey: &Survey,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        options: &Options,
        people: &People,
        shopper_done: impl Fn() + Sync,
    ) -> Result<Self> {
        let split = Split::last_day(world.config.days);
        let queries = Queries::new(survey.queries.clone(), words, predictor, &survey.frequency)?;
        let products = ProductFeatures::new(&world.catalogue, &survey.statistics);
        let test = Options {
            behaviour: options.behaviour,
            filter: options.filter,
            ..Options::evaluation()
        };
        // Folding and reducing keep the order of shoppers, so the samples do not depend on how
        // the work was shared out.
        let (training, test) = people
            .all()
            .into_par_iter()
            .fold(<(Vec<Sample>, Vec<Sample>)>::default, |mut views, shopper| {
                let log = world.shopper_log(shopper);
                let of = |days, options| samples(&log, days, &queries, &products, options);
                if people.trained.contains(&shopper) {
                    views.0.extend(of(&split.training, options));
                }
                if people.tested.contains(&shopper) {
                    views.1.extend(of(&split.test, &test));
                }
                shopper_done();
                views
            })
            .reduce(Default::default, |mut one, other| {
                one.0.extend(other.0);
                one.1.extend(other.1);
                one
            });
        Ok(Self { training, test, queries, products })
    }
}

/// Page views of one shopper after another, for a shop that has counted its statistics already: what
/// [`Data::gather`] gives of the same shoppers and the same counts.
pub struct Gathering<'a> {
    world: &'a World,
    products: &'a ProductFeatures,
    reads: Reads<'a>,
    options: Options,
    /// Page views of the training days.
    pub training: Vec<Sample>,
    /// Searches of the day after them, whole.
    pub test: Vec<Sample>,
    /// Every query of theirs.
    pub queries: Queries,
}

/// What reads queries, and how often each was typed.
type Reads<'a> = (&'a TokenVectors, &'a CategoryPredictor, &'a QueryFrequency);

impl<'a> Gathering<'a> {
    /// Nobody yet.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(
        world: &'a World,
        products: &'a ProductFeatures,
        reads: Reads<'a>,
        options: Options,
    ) -> Result<Self> {
        let (training, test, queries) = Default::default();
        Ok(Self { world, products, reads, options, training, test, queries })
    }

    /// Page views of a shopper: of the training days, or for one who is only tested of the day after.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn add(&mut self, shopper: u32, tested: bool) -> Result<()> {
        let log = self.world.shopper_log(shopper);
        let split = Split::last_day(self.world.config.days);
        let days = if tested { &split.test } else { &split.training };
        let views = log.views.iter().filter(|view| days.contains(&day_of(view.time)));
        let asked = views.filter_map(|view| view.query.clone()).collect();
        let (words, predictor, frequency) = self.reads;
        self.queries.read(asked, words, predictor, frequency)?;
        let Self { products, options, queries, .. } = self;
        let Options { behaviour, filter, .. } = *options;
        let whole = Options { behaviour, filter, ..Options::evaluation() };
        let (options, views) =
            if tested { (&whole, &mut self.test) } else { (&*options, &mut self.training) };
        views.extend(samples(&log, days, queries, products, options));
        Ok(())
    }
}
