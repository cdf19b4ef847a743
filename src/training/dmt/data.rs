//! From a market's log to the page views of the training days and of the test day.

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::prelude::*;

use super::cold_start::{ColdStart, EVALUATED, Lost, SHARE};
use super::samples::{Kinds, Samples};
use crate::people::People;
use crate::queries::Queries;
use market::World;
use market::features::dense::DenseTables;
use market::features::split::{Split, day_of};
use market::features::statistics::Statistics;
use market::text::TokenVectors;
use nets::models::query_category::CategoryPredictor;

/// Which page views become samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pages {
    /// Of the log.
    pub kinds: Kinds,
    /// Share of the training page views that lose some or all of the history: see [`ColdStart`].
    pub cold_start: f64,
    /// Test page views without some or all of the history, too: see [`EVALUATED`].
    pub cold: bool,
}

impl Pages {
    /// The paper's: the impressions of a recommender (DMT 5.1), so the feed alone and nothing that
    /// was not shown, each with the history that there was.
    pub const PAPER: Self =
        Self { kinds: Kinds { searches: false, irrelevant: 0 }, cold_start: 0.0, cold: false };

    /// Those of what ships, which ranks searches too and meets newcomers.
    pub const PLAYGROUND: Self =
        Self { kinds: Kinds { searches: true, irrelevant: 4 }, cold_start: SHARE, cold: true };
}

/// Page views to train and to test on.
#[derive(Default)]
pub struct Data {
    /// The seven training days.
    pub training: Samples,
    /// The day after them.
    pub test: Samples,
    /// The same without each of [`EVALUATED`], where that is asked for.
    pub cold: [Samples; EVALUATED.len()],
}

/// What one shopper adds to what must be known before features can be.
struct Survey {
    statistics: Statistics,
    queries: BTreeSet<String>,
}

impl Data {
    /// Lives through the market twice: once to count what the features are made of, once for the
    /// features. `shopper_done` is called twice for each shopper, from several threads; once for
    /// one who is only tested and whose queries are not read.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(
        world: &World,
        words: &TokenVectors,
        predictor: &CategoryPredictor,
        pages: Pages,
        people: &People,
        shopper_done: impl Fn() + Sync,
    ) -> Result<Self> {
        let catalogue = &world.catalogue;
        let split = Split::last_day(world.config.days);
        let nothing = || Survey {
            statistics: Statistics::new(catalogue.products.len()),
            queries: BTreeSet::new(),
        };
        let searches = pages.kinds.searches;
        // Of those who are only tested nothing is counted, so that without queries they have no part.
        let asked = if searches { people.all() } else { people.trained.clone() };
        let survey = asked
            .into_par_iter()
            .fold(nothing, |mut survey, shopper| {
                for view in &world.shopper_log(shopper).views {
                    let day = day_of(view.time);
                    if split.statistics.contains(&day) {
                        if people.trained.contains(&shopper) {
                            survey.statistics.add(view);
                        }
                    } else if let Some(query) = view.query.as_ref().filter(|_| searches) {
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
        let tables = (catalogue, &DenseTables::new(catalogue, &survey.statistics));
        let unshown = pages.kinds;
        let shown = Kinds { irrelevant: 0, ..unshown };
        let queries = Queries::new(&survey.queries, catalogue, words, predictor)?;
        // Folding and reducing keep the order of shoppers, so the samples do not depend on how
        // the work was shared out.
        Ok(people
            .all()
            .into_par_iter()
            .fold(Self::default, |mut data, shopper| {
                let log = world.shopper_log(shopper);
                let mut cold = ColdStart::new(pages.cold_start, world.config.seed, shopper);
                let (days, draw) = (&split.training, || cold.draw());
                if people.trained.contains(&shopper) {
                    let training = Samples::of(&log, days, unshown, draw, tables, &queries);
                    data.training.append(training);
                }
                if people.tested.contains(&shopper) {
                    let test =
                        |lost| Samples::of(&log, &split.test, shown, || lost, tables, &queries);
                    data.test.append(test(Lost::Nothing));
                    let cold = data.cold.iter_mut().zip(EVALUATED).filter(|_| pages.cold);
                    for (samples, (_, lost)) in cold {
                        samples.append(test(lost));
                    }
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

/// Page views of one shopper after another, for a shop that has counted its statistics already: what
/// [`Data::gather`] gives of the same shoppers and the same counts.
pub struct Gathering<'a> {
    world: &'a World,
    tables: &'a DenseTables,
    words: &'a TokenVectors,
    predictor: &'a CategoryPredictor,
    pages: Pages,
    queries: Queries,
    /// What was gathered.
    pub data: Data,
}

impl<'a> Gathering<'a> {
    /// Nobody yet.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(
        world: &'a World,
        tables: &'a DenseTables,
        (words, predictor): (&'a TokenVectors, &'a CategoryPredictor),
        pages: Pages,
    ) -> Result<Self> {
        let queries = Queries::new(&BTreeSet::new(), &world.catalogue, words, predictor)?;
        Ok(Self { world, tables, words, predictor, pages, queries, data: Data::default() })
    }

    /// Page views of a shopper: of the training days, or for one who is only tested of the day after.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn add(&mut self, shopper: u32, tested: bool) -> Result<()> {
        let log = self.world.shopper_log(shopper);
        let split = Split::last_day(self.world.config.days);
        let days = if tested { &split.test } else { &split.training };
        let tables = (&self.world.catalogue, self.tables);
        let kinds = self.pages.kinds;
        if kinds.searches {
            let views = log.views.iter().filter(|view| days.contains(&day_of(view.time)));
            let asked = views.filter_map(|view| view.query.clone()).collect();
            self.queries.read(&asked, self.words, self.predictor)?;
        }
        if tested {
            let shown = Kinds { irrelevant: 0, ..kinds };
            let nothing = || Lost::Nothing;
            self.data.test.append(Samples::of(&log, days, shown, nothing, tables, &self.queries));
        } else {
            let mut cold = ColdStart::new(self.pages.cold_start, self.world.config.seed, shopper);
            let draw = || cold.draw();
            let samples = Samples::of(&log, days, kinds, draw, tables, &self.queries);
            self.data.training.append(samples);
        }
        Ok(())
    }
}
