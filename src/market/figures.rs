//! Figures of a log that say whether it is sane, gathered shopper by shopper.

use super::history::{DAY, EventKind};
use super::log::ShopperLog;
use super::world::World;

/// Counts over the shoppers that were [`Figures::add`]ed.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Shoppers.
    pub shoppers: u64,
    /// Page views.
    pub views: u64,
    /// Page views in the last 8 days.
    pub late_views: u64,
    /// Page views of searches.
    pub searches: u64,
    /// Searches in words that no title of the wanted types uses.
    pub gap_searches: u64,
    /// Searches with a misspelled query.
    pub misspelled_searches: u64,
    /// Products shown.
    pub impressions: u64,
    /// Products retrieved and not shown.
    pub under_impressions: u64,
    /// Impressions that were clicked, marked as favourite, put in the cart and bought.
    pub clicks: u64,
    /// See [`Self::clicks`].
    pub favourites: u64,
    /// See [`Self::clicks`].
    pub carts: u64,
    /// See [`Self::clicks`].
    pub orders: u64,
    /// Orders before the logged days.
    pub earlier_orders: u64,
    /// Web searches.
    pub web_searches: u64,
    /// Impressions and under-impressions of searches, by truth and by the judge's label.
    pub judged: [[u64; 2]; 2],
}

impl Figures {
    /// Counts a shopper in.
    pub fn add(&mut self, world: &World, log: &ShopperLog) {
        let late = (i32::from(world.config.days) - 8) * DAY;
        self.shoppers += 1;
        self.web_searches += log.web_searches.len() as u64;
        self.earlier_orders +=
            log.events.iter().filter(|e| e.time < 0 && e.kind == EventKind::Order).count() as u64;
        for view in &log.views {
            self.views += 1;
            self.late_views += u64::from(view.time >= late);
            self.impressions += view.impressions.len() as u64;
            self.under_impressions += view.under_impressions.len() as u64;
            for impression in &view.impressions {
                self.clicks += u64::from(impression.clicked);
                self.favourites += u64::from(impression.favourited);
                self.carts += u64::from(impression.carted);
                self.orders += u64::from(impression.ordered);
            }
            let Some(number) = view.query.as_deref().and_then(|text| world.query_number(text))
            else {
                continue;
            };
            let query = &world.queries[number as usize];
            self.searches += 1;
            self.gap_searches += u64::from(query.gap);
            self.misspelled_searches += u64::from(query.misspelled);
            let judged = view.impressions.iter().map(|i| (i.truth.relevant, i.judged_relevant));
            let under = view.under_impressions.iter().map(|u| {
                (world.relevance(&query.intent, u.product).is_relevant(), u.judged_relevant)
            });
            for (truth, label) in judged.chain(under) {
                self.judged[usize::from(truth)][usize::from(label)] += 1;
            }
        }
    }

    /// Counts two sets of shoppers together.
    pub fn merge(mut self, other: &Self) -> Self {
        let pairs = [
            (&mut self.shoppers, other.shoppers),
            (&mut self.views, other.views),
            (&mut self.late_views, other.late_views),
            (&mut self.searches, other.searches),
            (&mut self.gap_searches, other.gap_searches),
            (&mut self.misspelled_searches, other.misspelled_searches),
            (&mut self.impressions, other.impressions),
            (&mut self.under_impressions, other.under_impressions),
            (&mut self.clicks, other.clicks),
            (&mut self.favourites, other.favourites),
            (&mut self.carts, other.carts),
            (&mut self.orders, other.orders),
            (&mut self.earlier_orders, other.earlier_orders),
            (&mut self.web_searches, other.web_searches),
        ];
        for (own, others) in pairs {
            *own += others;
        }
        for (own, others) in self.judged.iter_mut().flatten().zip(other.judged.iter().flatten()) {
            *own += others;
        }
        self
    }

    /// Share of impressions that were clicked.
    pub fn click_rate(&self) -> f64 {
        ratio(self.clicks, self.impressions)
    }

    /// Share of impressions that were bought.
    pub fn order_rate(&self) -> f64 {
        ratio(self.orders, self.impressions)
    }

    /// Area under the curve of the judge's labels against the truth: a label is a score with two
    /// values, so it is the mean of both rates of being right.
    pub fn judge_auc(&self) -> f64 {
        let [[true_negative, false_positive], [false_negative, true_positive]] = self.judged;
        0.5 * (ratio(true_positive, true_positive + false_negative)
            + ratio(true_negative, true_negative + false_positive))
    }
}

/// Share of a part in the whole; 0 of nothing.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
