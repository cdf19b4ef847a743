//! Pairs of a query and a product with what came of them over the whole log (MLPR 4.1).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::normalisation::moments;
use crate::queries::QueryMatcher;
use market::catalogue::{Catalogue, ProductId};
use market::features::dense::QueryMatch;
use market::features::search::QueryFrequency;
use market::features::wide::{self, WideTables};
use market::log::ShopperLog;
use nets::models::mlpr::K;

/// A pair takes part with more impressions than this (4.1).
pub const FEW: u32 = 5;

/// What came of showing a product for a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Engagement {
    /// Times shown.
    pub impressions: u32,
    /// Times clicked, put in the cart, ordered.
    pub engaged: [u32; K],
}

impl Engagement {
    /// Whether the pair was ever clicked, put in the cart, ordered: the paper's labels.
    pub fn labels(&self) -> [bool; K] {
        self.engaged.map(|count| count > 0)
    }
}

/// What a prediction is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// A pair: whether it was ever engaged with (4.1).
    Pairs,
    /// An impression of a pair: how often it was engaged with, of the times that it was shown. A
    /// page shows products one at a time, so that this is what it asks for.
    Impressions,
}

impl Labels {
    /// How many of how many trials of a pair were clicked, put in the cart, ordered.
    pub fn of(self, pair: &Engagement) -> ([f32; K], f32) {
        match self {
            Self::Pairs => (pair.labels().map(|label| f32::from(u8::from(label))), 1.0),
            Self::Impressions => (pair.engaged.map(|count| count as f32), pair.impressions as f32),
        }
    }
}

/// The paper's parts: eight in ten pairs, one and one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Training,
    /// To choose by.
    Validation,
    /// To measure on.
    Test,
}

impl Part {
    /// Where a pair belongs: by chance, and always the same.
    pub fn of(query: &str, product: ProductId) -> Self {
        match hash(query.bytes().chain([0]).chain(product.to_le_bytes())) % 10 {
            8 => Self::Validation,
            9 => Self::Test,
            _ => Self::Training,
        }
    }
}

/// A number that is as good as random, and always the same for the same bytes (FNV-1a, with its
/// high bits, which are mixed best, in front).
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed >> 24
}

/// Pairs of some shoppers' searches: what [`Samples`] are made of.
#[derive(Clone, Debug, Default)]
pub struct Searches(BTreeMap<String, BTreeMap<ProductId, Engagement>>);

impl Searches {
    /// Adds every search of one shopper.
    pub fn add(&mut self, log: &ShopperLog) {
        for view in &log.views {
            let Some(query) = &view.query else { continue };
            let pairs = self.0.entry(query.clone()).or_default();
            for impression in &view.impressions {
                let labels = [impression.clicked, impression.carted, impression.ordered];
                let pair = pairs.entry(impression.product).or_default();
                pair.impressions += 1;
                for (count, label) in pair.engaged.iter_mut().zip(labels) {
                    *count += u32::from(label);
                }
            }
        }
    }

    /// Queries with a pair that was shown more than `few` times.
    pub fn queries(&self, few: u32) -> BTreeSet<String> {
        let shown = |pairs: &BTreeMap<_, Engagement>| pairs.values().any(|p| p.impressions > few);
        self.0.iter().filter(|(_, pairs)| shown(pairs)).map(|(query, _)| query.clone()).collect()
    }

    /// Adds those of other shoppers.
    pub fn append(&mut self, other: Self) {
        for (query, pairs) in other.0 {
            let mine = self.0.entry(query).or_default();
            for (product, more) in pairs {
                let pair = mine.entry(product).or_default();
                pair.impressions += more.impressions;
                for (count, more) in pair.engaged.iter_mut().zip(more.engaged) {
                    *count += more;
                }
            }
        }
    }
}

/// Pairs with everything that MLPR reads of them, query by query.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Queries, in the order of the alphabet.
    pub queries: Vec<String>,
    /// Pairs of each query.
    pub groups: Vec<Range<usize>>,
    /// Product of each pair, rising within a query.
    pub products: Vec<ProductId>,
    /// What came of each pair.
    pub engagement: Vec<Engagement>,
    wide: Vec<f32>,
}

impl Samples {
    /// The pairs of a part that were shown more than `few` times, with the features that the tables of
    /// the catalogue give.
    pub fn new(
        searches: &Searches,
        part: Part,
        few: u32,
        (catalogue, tables): (&Catalogue, &WideTables),
        frequency: &QueryFrequency,
        matcher: &impl QueryMatcher,
    ) -> Self {
        let mut samples = Self::default();
        for (query, pairs) in &searches.0 {
            let start = samples.products.len();
            for (&product, &engagement) in pairs {
                if engagement.impressions > few && Part::of(query, product) == part {
                    samples.products.push(product);
                    samples.engagement.push(engagement);
                }
            }
            let own = &samples.products[start..];
            if own.is_empty() {
                continue;
            }
            let (cosine, product_types) = matcher.matching(query, own);
            let matching = QueryMatch { cosine: &cosine, product_types: &product_types };
            let bucket = frequency.bucket(query);
            samples.wide.extend(tables.request(catalogue, query, bucket, matching, own));
            samples.groups.push(start..samples.products.len());
            samples.queries.push(query.clone());
        }
        samples
    }

    /// The pairs of some queries, about so many, spread over the alphabet.
    pub fn spread(&self, count: usize) -> Self {
        let apart = self.len().div_ceil(count.max(1)).max(1);
        let mut some = Self::default();
        for (query, group) in self.queries.iter().zip(&self.groups).step_by(apart) {
            let start = some.products.len();
            some.products.extend_from_slice(&self.products[group.clone()]);
            some.engagement.extend_from_slice(&self.engagement[group.clone()]);
            some.wide.extend_from_slice(self.wide(group.clone()));
            some.groups.push(start..some.products.len());
            some.queries.push(query.clone());
        }
        some
    }

    /// Some of the pairs, by their numbers.
    pub fn only(&self, holds: impl Fn(usize) -> bool) -> Self {
        let mut some = Self::default();
        for (query, group) in self.queries.iter().zip(&self.groups) {
            let start = some.products.len();
            for pair in group.clone().filter(|&pair| holds(pair)) {
                some.products.push(self.products[pair]);
                some.engagement.push(self.engagement[pair]);
                some.wide.extend_from_slice(self.wide(pair..pair + 1));
            }
            if some.products.len() > start {
                some.groups.push(start..some.products.len());
                some.queries.push(query.clone());
            }
        }
        some
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// Trials of all pairs, and how many of them were clicked, put in the cart, ordered.
    pub fn trials(&self, labels: Labels) -> (f64, [f64; K]) {
        let mut sums = (0.0, [0.0; K]);
        for pair in &self.engagement {
            let (engaged, trials) = labels.of(pair);
            sums.0 += f64::from(trials);
            sums.1.iter_mut().zip(engaged).for_each(|(sum, count)| *sum += f64::from(count));
        }
        sums
    }

    /// Log odds of each p^k (equation 7) over all trials: with probability transfer those of a task among what
    /// the task before it was engaged with.
    pub fn base_log_odds(&self, labels: Labels, transfer: bool) -> [f32; K] {
        let (trials, engaged) = self.trials(labels);
        [0, 1, 2].map(|task| {
            let of = if transfer && task > 0 { engaged[task - 1] } else { trials };
            // Half of one more of each, so that a task without either has finite odds.
            ((engaged[task] + 0.5) / ((of - engaged[task]).max(0.0) + 0.5)).ln() as f32
        })
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
