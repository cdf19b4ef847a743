//! What MOPPR is fed (MOPPR 4.1, 4.2 and 5.1): ids, buckets and statistics, no tensors yet.

use std::collections::HashMap;
use std::sync::Arc;

use super::Moment;
use super::statistics::{Counts, Statistics};
use super::windows::{BY_SPAN, Window};
use crate::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use crate::history::{Event, EventKind, Profile};

/// Number of values of each profile feature, in the order of [`profile_ids`].
pub const PROFILE_SIZES: [usize; 6] = [6, 3, 5, 4, 4, 10];
/// Word pieces of a query that are read; later ones are left out.
pub const QUERY_PIECES: usize = 24;
/// Predicted categories that the query's side information holds.
pub const SIDE_CATEGORIES: usize = 3;
/// Buckets of the number of word pieces: 0, 1, 2, 3, 4, 5 to 6, 7 to 9, 10 and more.
pub const LENGTH_BUCKETS: usize = 8;
/// Queries whose frequency is known where the model serves; any other counts as unseen.
pub const KNOWN_QUERIES: usize = 4_000;
/// Buckets of the query's frequency: unseen, then by powers of two of its count.
pub const FREQUENCY_BUCKETS: usize = 12;
/// Buckets of the price: tenths of the catalogue.
pub const PRICE_BUCKETS: usize = 10;
/// Kinds of behaviour.
pub const EVENT_KINDS: usize = 4;
/// Names of a product's dense features.
pub const PRODUCT_DENSE: [&str; 10] = [
    "ln (1 + impressions)",
    "ln (1 + clicks)",
    "ln (1 + carts)",
    "ln (1 + orders)",
    "clicks an impression, smoothed",
    "orders a click, smoothed",
    "rating",
    "ln (1 + reviews)",
    "ln price",
    "ln price against the mean of its product type",
];

/// The profile as ids below [`PROFILE_SIZES`].
pub fn profile_ids(profile: &Profile) -> [u8; 6] {
    let ids = [
        profile.age_band,
        profile.gender,
        profile.purchase_power,
        profile.household,
        profile.town,
        profile.member_years,
    ];
    std::array::from_fn(|n| ids[n].min(PROFILE_SIZES[n] as u8 - 1))
}

/// How often each query was typed: the query's own statistic (MOPPR 4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryFrequency {
    counts: HashMap<String, u32>,
}

impl QueryFrequency {
    /// From counts by query.
    pub fn new(counts: HashMap<String, u32>) -> Self {
        Self { counts }
    }

    /// Adds `count` sights of a query.
    pub fn add(&mut self, query: &str, count: u32) {
        match self.counts.get_mut(query) {
            Some(sum) => *sum += count,
            None => {
                self.counts.insert(query.to_owned(), count);
            }
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: Self) {
        for (query, count) in other.counts {
            *self.counts.entry(query).or_default() += count;
        }
    }

    /// Forgets all but the [`KNOWN_QUERIES`] most frequent queries: what is shipped.
    pub fn forget_rare(&mut self) {
        let known = self.ranked().into_iter().take(KNOWN_QUERIES);
        self.counts = known.map(|(query, count)| (query.to_owned(), count)).collect();
    }

    /// Counts by query, most frequent first, then in the order of the alphabet.
    pub fn ranked(&self) -> Vec<(&str, u32)> {
        let mut ranked: Vec<_> = self.counts.iter().map(|(q, &n)| (q.as_str(), n)).collect();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        ranked
    }

    /// Whether a query is among them.
    pub fn knows(&self, query: &str) -> bool {
        self.counts.contains_key(query)
    }

    /// Bucket of a query, below [`FREQUENCY_BUCKETS`].
    pub fn bucket(&self, query: &str) -> u8 {
        let count = self.counts.get(query).copied().unwrap_or(0);
        (u32::BITS - count.leading_zeros()).min(FREQUENCY_BUCKETS as u32 - 1) as u8
    }
}

/// Categories that a query is predicted to mean, with their probabilities, most likely first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictedCategories(pub Vec<(ProductTypeId, f32)>);

impl PredictedCategories {
    /// The most likely categories whose probabilities together reach `threshold`.
    ///
    /// `probabilities` has one entry a product type.
    pub fn new(probabilities: &[f32], threshold: f32) -> Self {
        let mut ranked: Vec<(ProductTypeId, f32)> =
            (0..).zip(probabilities.iter().copied()).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut sum = 0.0;
        let reached = ranked.iter().position(|&(_, probability)| {
            sum += probability;
            sum >= threshold
        });
        ranked.truncate(reached.map_or(ranked.len(), |last| last + 1));
        Self(ranked)
    }

    /// Whether a category is among them.
    pub fn contains(&self, product_type: ProductTypeId) -> bool {
        self.0.iter().any(|&(category, _)| category == product_type)
    }
}

/// What MOPPR knows of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryFeatures {
    /// Word pieces, at most [`QUERY_PIECES`]; none on the feed.
    pub pieces: Vec<u32>,
    /// Predicted categories; none on the feed.
    pub categories: PredictedCategories,
    /// Bucket of its number of pieces, below [`LENGTH_BUCKETS`].
    pub length: u8,
    /// Bucket of its frequency, below [`FREQUENCY_BUCKETS`].
    pub frequency: u8,
}

impl QueryFeatures {
    /// Features of a query with these word pieces.
    pub fn new(mut pieces: Vec<u32>, categories: PredictedCategories, frequency: u8) -> Self {
        pieces.truncate(QUERY_PIECES);
        let length = match pieces.len() {
            n @ 0..=4 => n as u8,
            5..=6 => 5,
            7..=9 => 6,
            _ => 7,
        };
        Self { pieces, categories, length, frequency }
    }
}

/// One behaviour that MOPPR looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Position in the history.
    pub position: u32,
    /// To which product.
    pub product: ProductId,
    /// What was done.
    pub kind: EventKind,
}

/// Everything the user-query tower is fed for one request.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchFeatures {
    /// Profile as ids.
    pub profile: [u8; 6],
    /// Query, shared between requests that have the same one.
    pub query: Arc<QueryFeatures>,
    /// Real-time, short-term and long-term behaviour, oldest first.
    pub behaviours: [Vec<Behaviour>; BY_SPAN.len()],
}

impl SearchFeatures {
    /// The same with the behaviours' products under other numbers: as rows of tables.
    pub fn renumbered(mut self, number: impl Fn(ProductId) -> ProductId) -> Self {
        for behaviour in self.behaviours.iter_mut().flatten() {
            behaviour.product = number(behaviour.product);
        }
        self
    }

    /// Features of a moment.
    ///
    /// With `filter`, only behaviours whose product type is among the query's predicted
    /// categories are kept (MOPPR 4.1.2); where no category is predicted, as on the feed, all are.
    pub fn new(
        moment: &Moment,
        query: Arc<QueryFeatures>,
        products: &ProductFeatures,
        filter: bool,
    ) -> Self {
        let filter = filter && !query.categories.0.is_empty();
        let kept = |event: &Event| match products.product_type.get(event.product as usize) {
            Some(&product_type) => !filter || query.categories.contains(product_type),
            None => false,
        };
        // Filtered before the windows take their newest, so that a window is not filled with
        // behaviours that are then dropped.
        let positions: Vec<usize> =
            (0..moment.events.len()).filter(|&n| kept(&moment.events[n])).collect();
        let events: Vec<Event> = positions.iter().map(|&n| moment.events[n]).collect();
        let behaviours = BY_SPAN.map(|window: Window| {
            let chosen = window.select(&events, moment.now);
            let behaviour = |n: usize| Behaviour {
                position: positions[n] as u32,
                product: events[n].product,
                kind: events[n].kind,
            };
            chosen.into_iter().map(behaviour).collect()
        });
        Self { profile: profile_ids(moment.profile), query, behaviours }
    }
}

/// What MOPPR knows of every product, by product id.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductFeatures {
    /// Product type.
    pub product_type: Vec<ProductTypeId>,
    /// Brand.
    pub brand: Vec<u16>,
    /// Shop.
    pub shop: Vec<u16>,
    /// 0 without a colour, else its index and 1.
    pub colour: Vec<u8>,
    /// Bucket of the price, below [`PRICE_BUCKETS`].
    pub price: Vec<u8>,
    /// [`PRODUCT_DENSE`] of the products that a log tells of, each with mean 0 and standard deviation 1. Those of
    /// newcomers are made when they are asked for: of a million they would take 40 MB.
    pub dense: Vec<[f32; PRODUCT_DENSE.len()]>,
    /// What those of newcomers are made by.
    pub scale: DenseScale,
}

/// What [`PRODUCT_DENSE`] of a product is held against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenseScale {
    /// Mean of ln price of each product type.
    ln_prices: Vec<f32>,
    /// Clicks an impression and orders a click, of all products.
    usual: [f32; 2],
    /// Mean and standard deviation of each number.
    moments: [[f64; 2]; PRODUCT_DENSE.len()],
}

impl ProductFeatures {
    /// Features of a catalogue, with the statistics that may be known.
    pub fn new(catalogue: &Catalogue, statistics: &Statistics) -> Self {
        let products = &catalogue.products;
        let (dense, scale) = DenseScale::of(catalogue, statistics);
        Self {
            product_type: products.iter().map(|p| p.product_type).collect(),
            brand: products.iter().map(|p| p.brand).collect(),
            shop: products.iter().map(|p| p.shop).collect(),
            colour: products.iter().map(|p| p.colour.map_or(0, |c| c + 1)).collect(),
            price: price_buckets(catalogue),
            dense,
            scale,
        }
    }

    /// Those of some products of the catalogue that they are of.
    ///
    /// # Panics
    /// If there is no such product.
    pub fn of(&self, products: &[ProductId], catalogue: &Catalogue) -> Self {
        fn of<T: Copy>(column: &[T], products: &[ProductId]) -> Vec<T> {
            products.iter().map(|product| column[*product as usize]).collect()
        }
        Self {
            product_type: of(&self.product_type, products),
            brand: of(&self.brand, products),
            shop: of(&self.shop, products),
            colour: of(&self.colour, products),
            price: of(&self.price, products),
            dense: products.iter().map(|product| self.dense_of(*product, catalogue)).collect(),
            scale: self.scale.clone(),
        }
    }

    fn dense_of(&self, product: ProductId, catalogue: &Catalogue) -> [f32; PRODUCT_DENSE.len()] {
        let known = self.dense.get(product as usize);
        known.copied().unwrap_or_else(|| {
            let newcomer = &catalogue.products[product as usize];
            z_scored(self.scale.counted(newcomer, &Counts::default()), &self.scale.moments)
        })
    }

    /// Number of products.
    pub fn len(&self) -> usize {
        self.product_type.len()
    }

    /// Whether there is no product.
    pub fn is_empty(&self) -> bool {
        self.product_type.is_empty()
    }
}

fn price_buckets(catalogue: &Catalogue) -> Vec<u8> {
    let logged = &catalogue.products[..catalogue.logged()];
    let mut sorted: Vec<u32> = logged.iter().map(|p| p.price_cents).collect();
    sorted.sort_unstable();
    let bucket = |cents: u32| {
        let cheaper = sorted.partition_point(|&other| other < cents);
        // A newcomer may be dearer than all others.
        (cheaper * PRICE_BUCKETS / sorted.len()).min(PRICE_BUCKETS - 1) as u8
    };
    catalogue.products.iter().map(|p| bucket(p.price_cents)).collect()
}

fn ln_price(price_cents: u32) -> f32 {
    (price_cents.max(1) as f32 / 100.0).ln()
}

impl DenseScale {
    /// That of a catalogue, with the numbers of the products that a log tells of.
    fn of(
        catalogue: &Catalogue,
        statistics: &Statistics,
    ) -> (Vec<[f32; PRODUCT_DENSE.len()]>, Self) {
        let logged = &catalogue.products[..catalogue.logged()];
        let mut of_type = vec![(0.0_f32, 0_u32); catalogue.product_types.len()];
        for product in logged {
            let (sum, count) = &mut of_type[usize::from(product.product_type)];
            *sum += ln_price(product.price_cents);
            *count += 1;
        }
        let total = statistics.total();
        let mut scale = Self {
            ln_prices: of_type.iter().map(|(sum, count)| sum / (*count).max(1) as f32).collect(),
            usual: [total.ctr(0.0), total.cvr(0.0)],
            ..Self::default()
        };
        let rows = logged.iter().zip(statistics.of_all());
        let rows: Vec<_> = rows.map(|(product, counts)| scale.counted(product, counts)).collect();
        scale.moments = moments(&rows);
        (rows.into_iter().map(|row| z_scored(row, &scale.moments)).collect(), scale)
    }

    /// The numbers of a product as they are counted.
    fn counted(&self, product: &Product, counts: &Counts) -> [f32; PRODUCT_DENSE.len()] {
        let [ctr, cvr] = self.usual;
        let ln_price = ln_price(product.price_cents);
        [
            (counts.impressions as f32).ln_1p(),
            (counts.clicks as f32).ln_1p(),
            (counts.carts as f32).ln_1p(),
            (counts.orders as f32).ln_1p(),
            counts.ctr(ctr),
            counts.cvr(cvr),
            product.rating,
            (product.reviews as f32).ln_1p(),
            ln_price,
            ln_price - self.ln_prices[usize::from(product.product_type)],
        ]
    }
}

/// Mean and standard deviation of each column.
fn moments<const N: usize>(rows: &[[f32; N]]) -> [[f64; 2]; N] {
    let count = rows.len().max(1) as f64;
    std::array::from_fn(|n| {
        let column = || rows.iter().map(|row| f64::from(row[n]));
        let mean = column().sum::<f64>() / count;
        let variance = column().map(|value| (value - mean).powi(2)).sum::<f64>();
        [mean, (variance / count).sqrt()]
    })
}

/// Takes its mean off each number and divides by the standard deviation; one that is constant is 0.
fn z_scored<const N: usize>(row: [f32; N], moments: &[[f64; 2]; N]) -> [f32; N] {
    std::array::from_fn(|n| {
        let [mean, deviation] = moments[n];
        let centred = f64::from(row[n]) - mean;
        if deviation > 1e-6 { (centred / deviation) as f32 } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ProductType;
    use crate::history::{DAY, PageDevice};

    fn products(types: &[ProductTypeId]) -> ProductFeatures {
        let n = types.len();
        ProductFeatures {
            product_type: types.to_vec(),
            brand: vec![0; n],
            shop: vec![0; n],
            colour: vec![0; n],
            price: vec![0; n],
            dense: vec![[0.0; PRODUCT_DENSE.len()]; n],
            scale: DenseScale::default(),
        }
    }

    const PROFILE: Profile = Profile {
        age_band: 2,
        gender: 1,
        purchase_power: 3,
        household: 0,
        town: 3,
        member_years: 40,
    };

    #[test]
    fn predicted_categories_reach_the_threshold_and_no_further() {
        let predicted = PredictedCategories::new(&[0.1, 0.5, 0.1, 0.3], 0.75);
        assert_eq!(predicted.0, [(1, 0.5), (3, 0.3)]);
        assert_eq!(PredictedCategories::new(&[0.5, 0.5], 2.0).0.len(), 2);
        assert_eq!(PredictedCategories::new(&[], 0.9).0, []);
    }

    #[test]
    fn filtering_keeps_behaviours_of_predicted_categories_only() {
        let now = 40 * DAY;
        // A hundred clicks on another type would fill the window if it were filled first.
        let mut events = vec![Event { kind: EventKind::Order, product: 0, time: now - 100 }];
        events.extend((0..90).map(|n| Event {
            kind: EventKind::Click,
            product: 1,
            time: now - 90 + n,
        }));
        let moment = Moment {
            profile: &PROFILE,
            events: &events,
            query: Some("sofa"),
            now,
            device: PageDevice::Phone,
        };
        let products = products(&[7, 8]);
        let categories = PredictedCategories(vec![(7, 0.9)]);
        let query = Arc::new(QueryFeatures::new(vec![1], categories, 0));
        let filtered = SearchFeatures::new(&moment, query.clone(), &products, true);
        let kept = Behaviour { position: 0, product: 0, kind: EventKind::Order };
        assert_eq!(filtered.behaviours, [vec![kept], vec![], vec![]]);
        assert_eq!(filtered.profile, [2, 1, 3, 0, 3, 9]);

        let whole = SearchFeatures::new(&moment, query, &products, false);
        assert_eq!(whole.behaviours[0].len(), BY_SPAN[0].length);
        let feed = SearchFeatures::new(&moment, Arc::default(), &products, true);
        assert_eq!(feed.behaviours, whole.behaviours);
    }

    #[test]
    fn queries_are_cut_and_bucketed() {
        let length = |n: u32| QueryFeatures::new((0..n).collect(), Default::default(), 0).length;
        assert_eq!([0, 1, 4, 5, 6, 7, 9, 10, 99].map(length), [0, 1, 4, 5, 5, 6, 6, 7, 7]);
        let long = QueryFeatures::new((0..10_000).collect(), Default::default(), 0);
        assert_eq!(long.pieces.len(), QUERY_PIECES);

        let mut frequency = QueryFrequency::default();
        frequency.add("sofa", 4);
        frequency.add("sofa", 1);
        frequency.add("couch", 1);
        assert_eq!(["lamp", "couch", "sofa"].map(|q| frequency.bucket(q)), [0, 1, 3]);
        assert_eq!(frequency.ranked(), [("sofa", 5), ("couch", 1)]);
        let endless = QueryFrequency::new(HashMap::from([("a".into(), u32::MAX)]));
        assert_eq!(usize::from(endless.bucket("a")), FREQUENCY_BUCKETS - 1);
    }

    #[test]
    fn z_scores_have_mean_zero_and_deviation_one() {
        let rows = [[1.0, 4.0], [2.0, 4.0], [6.0, 4.0]];
        let moments = moments(&rows);
        let rows = rows.map(|row| z_scored(row, &moments));
        let sum: f32 = rows.iter().map(|row| row[0]).sum();
        let squares: f32 = rows.iter().map(|row| row[0] * row[0]).sum();
        assert!(sum.abs() < 1e-6 && (squares - 3.0).abs() < 1e-5);
        assert!(rows.iter().all(|row| row[1] == 0.0));
    }

    #[test]
    fn newcomers_are_measured_by_those_that_a_log_tells_of() {
        let product = |price_cents| Product {
            title: String::new(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents,
            rating: 4.0,
            reviews: 10,
        };
        let product_type = ProductType {
            name: "lamp".into(),
            department: 0,
            icon: String::new(),
            repurchase_days: 9.0,
        };
        let mut shop = Catalogue {
            seed: 1,
            departments: Vec::new(),
            product_types: vec![product_type],
            brands: Vec::new(),
            shops: Vec::new(),
            colours: Vec::new(),
            newcomers: 0,
            products: vec![product(1_000), product(3_000)],
        };
        let mut statistics = Statistics::new(2);
        statistics.products[0].impressions = 100;
        statistics.products[0].clicks = 10;
        let before = ProductFeatures::new(&shop, &statistics);
        shop.products.push(product(900_000));
        shop.newcomers = 1;
        let after = ProductFeatures::new(&shop, &statistics);
        assert_eq!((&after.dense, after.dense.len()), (&before.dense, 2));
        assert_eq!(after.product_type.len(), 3);
        let all = after.of(&[2, 0, 1], &shop);
        assert_eq!(all.dense[1..], before.dense);
        let [of_newcomer, ..] = all.dense[..] else { panic!("{all:?}") };
        // Nobody was shown it, and it is much dearer than both.
        assert_eq!(of_newcomer[0], before.dense[1][0]);
        assert!(of_newcomer[8] > 5.0 && of_newcomer[9] > 5.0, "{of_newcomer:?}");
    }
}
