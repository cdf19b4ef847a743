//! Shopper-days as the two stages are trained and evaluated on them (Yandex 4.1).
//!
//! As in a daily batch job there is one user vector a shopper and day. What is learned of a day,
//! or tested on it, therefore shares one history: that up to one delay before its first moment.

use std::collections::HashMap;
use std::ops::Range;

use crate::people::People;
use market::catalogue::ProductId;
use market::features::split::day_of;
use market::history::{DAY, EventKind, Minutes, PageDevice};
use market::log::{PageView, ShopperLog};
use nets::models::yandex::SIGNALS;
use nets::models::yandex::input::{Behaviour, timeline};

/// What becomes a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How much older than the moment the history is. From a day on, the page views of a day
    /// share their history; below, each has its own.
    pub delay: Minutes,
    /// Days whose positives are pre-trained on.
    pub pretraining: Range<i32>,
    /// Days whose page views are fine-tuned on.
    pub fine_tuning: Range<i32>,
    /// Days that are tested on.
    pub test: Range<i32>,
    /// Fine-tune on the search's page views too, which the paper's recommendation surfaces are not
    /// (4.1); tests are on the feed's alone.
    pub searches: bool,
    /// Share of the shoppers that are trained on, from 0 to 1.
    pub share: f64,
}

/// A product of a page view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impression {
    /// Which product.
    pub product: ProductId,
    /// Clicked, marked as favourite, put in the cart, bought.
    pub labels: [bool; SIGNALS],
    /// Whether the shopper had never done anything with it before.
    pub new: bool,
    /// Truth behind it: for evaluation only.
    pub attraction: f32,
}

impl Impression {
    /// Number of the strongest signal, from 1 for a click to 4 for an order; 0 without any.
    pub fn grade(&self) -> u8 {
        (0..SIGNALS as u8).rev().find(|&k| self.labels[usize::from(k)]).map_or(0, |k| k + 1)
    }
}

/// A page view with at least one positive.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Whether it answers a query; else it is the feed.
    pub is_search: bool,
    /// Device.
    pub device: PageDevice,
    /// Number of the page view in its shopper's log.
    pub number: usize,
    /// Products shown.
    pub impressions: Range<usize>,
}

/// What one user vector is learned from or tested on.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopperDay {
    /// Place of the shopper in [`Samples::shoppers`].
    pub shopper: usize,
    /// Day of the market.
    pub day: i32,
    /// The history is this many behaviours of the shopper's timeline.
    pub history: usize,
    /// Positives in [`Samples::positives`], or page views in [`Samples::views`].
    pub of: Range<usize>,
}

/// Behaviour of one shopper.
#[derive(Clone, Debug, PartialEq)]
pub struct Shopper {
    /// Number in the market.
    pub number: u32,
    /// Behaviour and web searches, oldest first.
    pub timeline: Vec<Behaviour>,
}

/// Texts of web searches, by number.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        match self.numbers.get(text) {
            Some(&number) => number,
            None => {
                let number = self.texts.len() as u32;
                self.numbers.insert(text.to_owned(), number);
                self.texts.push(text.to_owned());
                number
            }
        }
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
}

/// Samples of both stages and of the test.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Shoppers.
    pub shoppers: Vec<Shopper>,
    /// Pre-training: days with their positives.
    pub pretraining: Vec<ShopperDay>,
    /// Fine-tuning: days with their page views.
    pub fine_tuning: Vec<ShopperDay>,
    /// Test: days with their page views of the feed.
    pub test: Vec<ShopperDay>,
    /// A product for each click, favourite, cart and order, wherever in the shop it was done.
    pub positives: Vec<ProductId>,
    /// Page views.
    pub views: Vec<View>,
    /// Products shown.
    pub impressions: Vec<Impression>,
    /// Texts of web searches; their content is numbered behind the `products` titles.
    pub queries: Texts,
}

impl Samples {
    /// Adds a shopper. Titles have the contents 0 to `products`, queries those behind them.
    pub fn add(&mut self, log: &ShopperLog, products: usize, options: &Options, people: &People) {
        let shopper = self.shoppers.len();
        let queries = &mut self.queries;
        let timeline = timeline(&log.events, &log.web_searches, |number| {
            products as u32 + queries.number(&log.web_searches[number].query)
        });
        self.shoppers.push(Shopper { number: log.shopper, timeline });
        // A fraction that is as good as random, and the same for the same shopper.
        let place = f64::from(log.shopper.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        if people.trained.contains(&log.shopper) && place < options.share {
            self.add_positives(shopper, log, options);
            let wanted = |view: &PageView| options.searches || view.query.is_none();
            let days = self.days(shopper, log, &options.fine_tuning, options.delay, wanted);
            self.fine_tuning.extend(days);
        }
        if people.tested.contains(&log.shopper) {
            let feed = |view: &PageView| view.query.is_none();
            let days = self.days(shopper, log, &options.test, options.delay, feed);
            self.test.extend(days);
        }
    }

    /// Number of behaviours that are older than a moment by the delay.
    fn history(&self, shopper: usize, time: Minutes, delay: Minutes) -> usize {
        self.shoppers[shopper].timeline.partition_point(|b| b.time < time - delay)
    }

    fn add_positives(&mut self, shopper: usize, log: &ShopperLog, options: &Options) {
        let in_days = log.events.iter().filter(|e| options.pretraining.contains(&day_of(e.time)));
        let events: Vec<_> = in_days.collect();
        for of_day in events.chunk_by(|a, b| day_of(a.time) == day_of(b.time)) {
            let start = self.positives.len();
            self.positives.extend(of_day.iter().map(|event| event.product));
            self.pretraining.push(ShopperDay {
                shopper,
                day: day_of(of_day[0].time),
                history: self.history(shopper, of_day[0].time, options.delay),
                of: start..self.positives.len(),
            });
        }
    }

    fn days(
        &mut self,
        shopper: usize,
        log: &ShopperLog,
        days: &Range<i32>,
        delay: Minutes,
        wanted: impl Fn(&PageView) -> bool,
    ) -> Vec<ShopperDay> {
        let positive = |view: &PageView| view.impressions.iter().any(|i| i.clicked);
        let views = log.views.iter().enumerate();
        let views = views.filter(|(_, view)| days.contains(&day_of(view.time)));
        let views: Vec<_> = views.filter(|(_, view)| wanted(view) && positive(view)).collect();
        let together = |(_, a): &(usize, &PageView), (_, b): &(usize, &PageView)| {
            delay >= DAY && day_of(a.time) == day_of(b.time)
        };
        let mut found = Vec::new();
        for of_day in views.chunk_by(together) {
            let start = self.views.len();
            for (number, view) in of_day {
                self.add_view(log, *number, view);
            }
            found.push(ShopperDay {
                shopper,
                day: day_of(of_day[0].1.time),
                history: self.history(shopper, of_day[0].1.time, delay),
                of: start..self.views.len(),
            });
        }
        found
    }

    fn add_view(&mut self, log: &ShopperLog, number: usize, view: &PageView) {
        let before = &log.events[..view.events_before as usize];
        let start = self.impressions.len();
        self.impressions.extend(view.impressions.iter().map(|shown| Impression {
            product: shown.product,
            labels: [shown.clicked, shown.favourited, shown.carted, shown.ordered],
            new: before.iter().all(|event| event.product != shown.product),
            attraction: shown.truth.attraction,
        }));
        self.views.push(View {
            is_search: view.query.is_some(),
            device: view.device,
            number,
            impressions: start..self.impressions.len(),
        });
    }

    /// Behaviour that may be known on a shopper-day, oldest first.
    pub fn behaviour(&self, day: &ShopperDay) -> &[Behaviour] {
        &self.shoppers[day.shopper].timeline[..day.history]
    }

    /// Products shown on a page view.
    pub fn shown(&self, view: &View) -> &[Impression] {
        &self.impressions[view.impressions.clone()]
    }
}

// Labels and types of behaviour share their numbers.
const _: () = assert!(
    EventKind::Click as usize == 0
        && EventKind::Favourite as usize == 1
        && EventKind::Cart as usize == 2
        && EventKind::Order as usize == 3
);
