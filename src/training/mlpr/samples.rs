//! Pairs of a query and a product with what came of them (MLPR 4.1), and the page views that they
//! were seen on.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::features::dense::QueryMatch;
use crate::features::search::QueryFrequency;
use crate::features::split::day_of;
use crate::features::wide::{self, WideTables};
use crate::market::catalogue::ProductId;
use crate::market::log::ShopperLog;
use crate::models::mlpr::K;
use crate::training::dmt::samples::QueryMatcher;
use crate::training::normalisation::moments;

/// What came of showing a product for a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Engagement {
    /// Times shown, and times found irrelevant and not shown.
    pub impressions: u32,
    /// Times clicked, put in the cart, ordered.
    pub engaged: [u32; K],
}

/// Searches of some shoppers: what [`Samples`] are made of.
#[derive(Clone, Debug, Default)]
pub struct Searches {
    pairs: BTreeMap<String, BTreeMap<ProductId, Engagement>>,
    views: Vec<Search>,
}

/// A page view of a search.
#[derive(Clone, Debug)]
struct Search {
    shopper: u32,
    query: String,
    shown: Vec<(ProductId, [bool; K])>,
}

impl Searches {
    /// Adds the searches of one shopper on certain days, each with up to `irrelevant` products
    /// that were retrieved for it, that the judge finds irrelevant and that were not shown. They
    /// count as an impression that nothing came of, as in DMT's samples and for the same reason:
    /// what was shown is nearly all relevant. With `views` the page views are kept too.
    pub fn add(&mut self, log: &ShopperLog, days: &Range<i32>, irrelevant: usize, views: bool) {
        for view in &log.views {
            let Some(query) = &view.query else { continue };
            if !days.contains(&day_of(view.time)) || view.impressions.is_empty() {
                continue;
            }
            let pairs = self.pairs.entry(query.clone()).or_default();
            let mut shown = Vec::new();
            for impression in &view.impressions {
                let labels = [impression.clicked, impression.carted, impression.ordered];
                let pair = pairs.entry(impression.product).or_default();
                pair.impressions += 1;
                for (count, label) in pair.engaged.iter_mut().zip(labels) {
                    *count += u32::from(label);
                }
                shown.push((impression.product, labels));
            }
            let unshown = view.under_impressions.iter().filter(|under| !under.judged_relevant);
            for under in unshown.take(irrelevant) {
                pairs.entry(under.product).or_default().impressions += 1;
            }
            if views {
                self.views.push(Search { shopper: log.shopper, query: query.clone(), shown });
            }
        }
    }

    /// Adds those of other shoppers.
    pub fn append(&mut self, other: Self) {
        for (query, pairs) in other.pairs {
            let mine = self.pairs.entry(query).or_default();
            for (product, more) in pairs {
                let pair = mine.entry(product).or_default();
                pair.impressions += more.impressions;
                for (count, more) in pair.engaged.iter_mut().zip(more.engaged) {
                    *count += more;
                }
            }
        }
        self.views.extend(other.views);
    }
}

/// One page view.
#[derive(Clone, Debug)]
pub struct View {
    /// Number of the shopper.
    pub shopper: u32,
    /// Numbers of its impressions.
    pub impressions: Range<usize>,
}

/// Pairs with everything that MLPR reads of them, query by query.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Queries, in the order of the alphabet.
    pub queries: Vec<String>,
    /// Pairs of each query.
    pub groups: Vec<Range<usize>>,
    /// Product of each pair.
    pub products: Vec<ProductId>,
    /// What came of each pair.
    pub engagement: Vec<Engagement>,
    /// Page views.
    pub views: Vec<View>,
    /// Pair of each impression of the page views.
    pub pairs: Vec<usize>,
    /// Whether each impression was clicked, put in the cart, ordered.
    pub labels: Vec<[bool; K]>,
    wide: Vec<f32>,
}

impl Samples {
    /// Works out the features of every pair, once.
    pub fn new(
        searches: Searches,
        tables: &WideTables,
        frequency: &QueryFrequency,
        matcher: &impl QueryMatcher,
    ) -> Self {
        let mut samples = Self::default();
        let mut numbers = BTreeMap::new();
        for (query, pairs) in searches.pairs {
            let start = samples.products.len();
            for (product, engagement) in pairs {
                samples.products.push(product);
                samples.engagement.push(engagement);
            }
            let own = &samples.products[start..];
            let (cosine, product_types) = matcher.matching(&query, own);
            let matching = QueryMatch { cosine: &cosine, product_types: &product_types };
            samples.wide.extend(tables.request(&query, frequency.bucket(&query), matching, own));
            numbers.insert(query.clone(), samples.queries.len());
            samples.groups.push(start..samples.products.len());
            samples.queries.push(query);
        }
        for Search { shopper, query, shown } in searches.views {
            let group = samples.groups[numbers[&query]].clone();
            let start = samples.pairs.len();
            for (product, labels) in shown {
                // Within a group products rise, as they come out of an ordered map.
                let place = samples.products[group.clone()].partition_point(|&p| p < product);
                samples.pairs.push(group.start + place);
                samples.labels.push(labels);
            }
            samples.views.push(View { shopper, impressions: start..samples.pairs.len() });
        }
        samples
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// Number of impressions behind the pairs.
    pub fn impressions(&self) -> u64 {
        self.engagement.iter().map(|pair| u64::from(pair.impressions)).sum()
    }

    /// Wide features of pairs, one after another.
    pub fn wide(&self, pairs: Range<usize>) -> &[f32] {
        &self.wide[pairs.start * wide::COUNT..pairs.end * wide::COUNT]
    }

    /// Mean and standard deviation of each wide feature over pairs. A feature that never varies
    /// says nothing, and gets so large a deviation that it never will.
    pub fn normalisation(&self) -> (Vec<f32>, Vec<f32>) {
        moments(&self.wide, wide::COUNT)
    }
}
