//! What is counted over a market's log before samples can be made of it.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::people::People;
use crate::query_category::Clicks;
use market::World;
use market::features::search::QueryFrequency;
use market::features::split::{Split, day_of};
use market::features::statistics::Statistics;
use market::log::ShopperLog;

/// What is counted over the log before samples can be made of it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Counts by product over the days for statistics.
    pub statistics: Statistics,
    /// Counts by query over the same days.
    pub frequency: QueryFrequency,
    /// Clicks by query and product type, over these days and those for training.
    pub clicks: Clicks,
    /// Queries of the training days and the test day; all that there are where others are tested
    /// than those who are counted.
    pub queries: BTreeSet<String>,
}

impl Survey {
    /// Lives once through the market of those who are trained on. `shopper_done` is called from
    /// several threads.
    pub fn new(world: &World, people: &People, shopper_done: impl Fn() + Sync) -> Self {
        let split = Split::last_day(world.config.days);
        let nothing = || Self {
            statistics: Statistics::new(world.catalogue.products.len()),
            frequency: QueryFrequency::default(),
            clicks: Clicks::new(),
            queries: BTreeSet::new(),
        };
        let mut survey = people
            .trained
            .clone()
            .into_par_iter()
            .fold(nothing, |mut survey, shopper| {
                survey.add(&world.shopper_log(shopper), &split, world);
                shopper_done();
                survey
            })
            .reduce(nothing, |mut one, other| {
                one.merge(other);
                one
            });
        if people.are_apart() {
            survey.queries.extend(world.queries.iter().map(|query| query.text.clone()));
        }
        // As serving will know it.
        survey.frequency.forget_rare();
        survey
    }

    fn add(&mut self, log: &ShopperLog, split: &Split, world: &World) {
        for view in &log.views {
            let day = day_of(view.time);
            let counted = split.statistics.contains(&day);
            if counted {
                self.statistics.add(view);
            }
            let Some(query) = &view.query else { continue };
            if counted {
                self.frequency.add(query, 1);
            } else {
                self.queries.insert(query.clone());
            }
            if day < split.training.end {
                for impression in view.impressions.iter().filter(|i| i.clicked) {
                    let product = &world.catalogue.products[impression.product as usize];
                    let clicks = self.clicks.entry(query.clone()).or_default();
                    *clicks.entry(product.product_type).or_default() += 1;
                }
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.statistics.merge(&other.statistics);
        self.frequency.merge(other.frequency);
        for (query, clicks) in other.clicks {
            let mine = self.clicks.entry(query).or_default();
            for (product_type, count) in clicks {
                *mine.entry(product_type).or_default() += count;
            }
        }
        self.queries.extend(other.queries);
    }
}
