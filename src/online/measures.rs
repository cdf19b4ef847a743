//! What is counted of a shopper's days in a test, and what is measured of the counts.
//!
//! Everything that hangs on clicks and orders is counted twice: as it came, and as the market's truth
//! expected it of what was shown, each click and order by its probability. What was expected has the
//! same mean and none of the chance of the draws, so that a test of the same size sees less.

use std::collections::HashMap;

use super::arm::{Listed, On};
use crate::market::catalogue::{Catalogue, ProductId};
use crate::market::history::{DAY, Minutes};
use crate::market::log::{PageView, ShopperLog};

/// An order is attributed to recommendations if its product was recommended no longer before
/// (Yandex 4.4, "a short period").
pub const ATTRIBUTED: Minutes = 3 * DAY;

/// Days over which counts are kept apart.
pub const WEEK: i32 = 7;

/// What is counted. On the pages that the arms answer, unless it says everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The shopper: once.
    Shopper,
    /// Page views.
    Views,
    /// Products shown.
    Impressions,
    /// Clicks.
    Clicks,
    /// Orders, each of one product.
    Orders,
    /// What they cost together, in whole coins.
    Gmv,
    /// Orders everywhere.
    OrdersEverywhere,
    /// What those cost.
    GmvEverywhere,
    /// Products shown after a search.
    Searched,
    /// Those that the noisy judge finds relevant.
    Judged,
    /// Those that are relevant.
    Relevant,
    /// Products shown that embeddings retrieved.
    Embedded,
    /// Clicks on them.
    EmbeddedClicks,
    /// Orders of them.
    EmbeddedOrders,
    /// What those cost.
    EmbeddedGmv,
    /// Orders that are attributed to recommendations.
    Attributed,
    /// Those of products that were never met before they were recommended.
    AttributedNew,
}

/// Number of [`Count`]s.
const COUNTS: usize = Count::AttributedNew as usize + 1;

/// A number for each [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts([f64; COUNTS]);

impl Counts {
    /// The number of a count.
    pub fn of(&self, count: Count) -> f64 {
        self.0[count as usize]
    }

    fn add(&mut self, count: Count, value: f64) {
        self.0[count as usize] += value;
    }
}

/// Counts as they came, and as the market's truth expected them of what was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// As they came.
    pub came: Counts,
    /// As they were expected.
    pub expected: Counts,
}

impl Tally {
    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        let both = [(&mut self.came, &other.came), (&mut self.expected, &other.expected)];
        for (one, other) in both {
            one.0.iter_mut().zip(other.0).for_each(|(sum, value)| *sum += value);
            one.0[Count::Shopper as usize] = 1.0;
        }
    }
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In percent of arm A.
    Relative,
    /// In points of a hundred: for shares.
    Points,
}

/// Something that is measured of an arm: a ratio of two counts over all shoppers.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// What is counted.
    pub of: Count,
    /// Out of what.
    pub per: Count,
    /// How a difference is told.
    pub scale: Scale,
}

const fn a_shopper(name: &'static str, of: Count) -> Measure {
    Measure { name, of, per: Count::Shopper, scale: Scale::Relative }
}

const fn rate(name: &'static str, of: Count, per: Count) -> Measure {
    Measure { name, of, per, scale: Scale::Relative }
}

const fn share(name: &'static str, of: Count, per: Count) -> Measure {
    Measure { name, of, per, scale: Scale::Points }
}

/// All that is measured.
pub const MEASURES: &[Measure] = &[
    // MOPPR table 3, DMT table 6.
    a_shopper("transactions", Count::Orders),
    a_shopper("GMV", Count::Gmv),
    a_shopper("transactions, whole shop", Count::OrdersEverywhere),
    a_shopper("GMV, whole shop", Count::GmvEverywhere),
    rate("CTR", Count::Clicks, Count::Impressions),
    rate("CVR", Count::Orders, Count::Clicks),
    a_shopper("clicks", Count::Clicks),
    a_shopper("page views", Count::Views),
    // MOPPR table 3.
    share("P_good (judge)", Count::Judged, Count::Searched),
    share("P_good (truth)", Count::Relevant, Count::Searched),
    share("P_exposure", Count::Embedded, Count::Impressions),
    share("P_click", Count::EmbeddedClicks, Count::Clicks),
    share("P_purchase", Count::EmbeddedOrders, Count::Orders),
    share("P_GMV", Count::EmbeddedGmv, Count::Gmv),
    // Yandex table 4.
    a_shopper("RecOrders", Count::Attributed),
    a_shopper("new RecOrders", Count::AttributedNew),
];

/// What was counted of a shopper: before the test, and in each of its weeks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// On the days before, with the production shop.
    pub before: Tally,
    /// Week by week.
    pub weeks: Vec<Tally>,
    /// Page views in the test.
    pub views: u32,
}

impl Counted {
    /// Counts a shopper's log, with what was listed; the test begins on day `from` and lasts until
    /// day `until`.
    pub fn of(
        catalogue: &Catalogue,
        log: &ShopperLog,
        listed: &[Listed],
        (from, until): (i32, i32),
        on: On,
    ) -> Self {
        let weeks = (from..until).step_by(WEEK as usize).len();
        let mut counted = Self { weeks: vec![Tally::default(); weeks], ..Self::default() };
        let mut met = Met::before(log);
        let mut lists = listed.iter();
        let mut list: Option<&Listed> = None;
        for view in &log.views {
            if view.page == 0 {
                list = lists.find(|list| list.time == view.time);
            }
            let day = view.time.div_euclid(DAY);
            let tally = if day < from {
                &mut counted.before
            } else {
                counted.views += 1;
                let week = ((day - from) / WEEK) as usize;
                match counted.weeks.get_mut(week) {
                    Some(tally) => tally,
                    None => continue,
                }
            };
            let embedded = list.map_or(&[][..], |list| &list.embedded);
            count(catalogue, view, embedded, on, &mut met, tally);
        }
        for tally in counted.weeks.iter_mut().chain([&mut counted.before]) {
            tally.came.0[Count::Shopper as usize] = 1.0;
            tally.expected.0[Count::Shopper as usize] = 1.0;
        }
        counted
    }

    /// All weeks together.
    pub fn all(&self) -> Tally {
        let mut all = Tally::default();
        self.weeks.iter().for_each(|week| all.merge(week));
        all
    }
}

/// When products were met, and when they were recommended.
#[derive(Debug, Default)]
struct Met {
    first: HashMap<ProductId, Minutes>,
    recommended: HashMap<ProductId, Vec<Minutes>>,
}

impl Met {
    /// By what was done before the first page view of the log.
    fn before(log: &ShopperLog) -> Self {
        let mut met = Self::default();
        let pages = log.views.first().map_or(Minutes::MAX, |view| view.time);
        for event in log.events.iter().filter(|event| event.time < pages) {
            met.first.entry(event.product).or_insert(event.time);
        }
        met
    }

    /// A page shows the product.
    fn show(&mut self, product: ProductId, time: Minutes, is_feed: bool) {
        self.first.entry(product).or_insert(time);
        if is_feed {
            self.recommended.entry(product).or_default().push(time);
        }
    }

    /// Whether an order at a time is attributed to a recommendation, and whether the product was never
    /// met before that.
    fn attributed(&self, product: ProductId, time: Minutes) -> (bool, bool) {
        let all = self.recommended.get(&product).map_or(&[][..], Vec::as_slice);
        match all.iter().find(|&&when| time - when <= ATTRIBUTED) {
            Some(when) => (true, self.first.get(&product) == Some(when)),
            None => (false, false),
        }
    }
}

/// Counts a page view.
fn count(
    catalogue: &Catalogue,
    view: &PageView,
    embedded: &[bool],
    on: On,
    met: &mut Met,
    tally: &mut Tally,
) {
    let is_search = view.query.is_some();
    let is_tested = on.covers(is_search);
    for shown in &view.impressions {
        met.show(shown.product, view.time, !is_search);
        let truth = &shown.truth;
        let click = f64::from(truth.examination * truth.attraction * truth.competition);
        let price = f64::from(catalogue.products[shown.product as usize].price_cents) / 100.0;
        let is_embedded = embedded.get(usize::from(shown.index)).is_some_and(|it| *it);
        let (attributed, new) = met.attributed(shown.product, view.time);
        let came = [shown.clicked, shown.ordered].map(|it| f64::from(u8::from(it)));
        let expected = [click, click * f64::from(truth.conversion)];
        for (counts, [clicks, orders]) in [(&mut tally.came, came), (&mut tally.expected, expected)]
        {
            counts.add(Count::OrdersEverywhere, orders);
            counts.add(Count::GmvEverywhere, orders * price);
            if attributed {
                counts.add(Count::Attributed, orders);
            }
            if new {
                counts.add(Count::AttributedNew, orders);
            }
            if !is_tested {
                continue;
            }
            counts.add(Count::Impressions, 1.0);
            counts.add(Count::Clicks, clicks);
            counts.add(Count::Orders, orders);
            counts.add(Count::Gmv, orders * price);
            if is_search {
                counts.add(Count::Searched, 1.0);
                counts.add(Count::Judged, f64::from(u8::from(shown.judged_relevant)));
                counts.add(Count::Relevant, f64::from(u8::from(truth.relevant)));
            }
            if is_embedded {
                counts.add(Count::Embedded, 1.0);
                counts.add(Count::EmbeddedClicks, clicks);
                counts.add(Count::EmbeddedOrders, orders);
                counts.add(Count::EmbeddedGmv, orders * price);
            }
        }
    }
    if is_tested {
        tally.came.add(Count::Views, 1.0);
        tally.expected.add(Count::Views, 1.0);
    }
}
