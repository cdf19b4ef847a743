//! What the production shop retrieves by: words, what was clicked after a query, popularity, the
//! shopper's own types and brands, what goes together, what has just arrived (MOPPR 1, figure 1).

use std::collections::HashMap;
use std::sync::OnceLock;

use super::catalogue::{ProductId, ProductTypeId, days_on_sale};
use super::factors::{Thing, loadings};
use super::goods::Goods;
use super::history::Profile;
use super::query::{Query, demand, words};
use super::random::{Purpose, Random, key, mix, noise, share};
use super::ranker::{FIXED, Ranker};
use super::relevance::Relevance;
use super::table::People;

/// Products that the words of a query bring, at most.
const BY_WORDS: usize = 1_200;
/// Products that were clicked after a query, at most.
const BY_CLICKS: usize = 500;
/// Popular products of the category that a query is thought to mean, at most.
const BY_CATEGORY: usize = 400;
/// Popular products of each type that is bought together with it.
const BY_RELATED: usize = 40;
/// Popular products of the whole shop on the feed.
const POPULAR: usize = 200;
/// Popular products of the department of a query.
const BY_DEPARTMENT: usize = 12;
/// What the relevance model finds below this is put behind all else, by so much.
const CONTROL: f32 = -0.2;
const WRONG: f32 = 3.0;
/// Share of the queries, the most frequent, after which enough was clicked.
const KNOWN_QUERIES: f32 = 0.3;

/// A product that a query brings, with the part of its score that is the same for everyone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub product: ProductId,
    pub fixed: f32,
    pub words: f32,
    /// The shop takes it for an answer.
    pub answers: bool,
}

/// Indices over the goods, and lists that do not depend on the shopper.
pub(crate) struct Channels {
    seed: u64,
    rankers: [Ranker; 2],
    words: HashMap<String, (f32, Vec<ProductId>)>,
    /// Products of each type, most popular first.
    by_type: Vec<Vec<ProductId>>,
    /// Products of each brand, most popular first, the first few.
    by_brand: Vec<Vec<ProductId>>,
    /// Products of the whole shop, most popular first, the first few.
    popular: Vec<ProductId>,
    /// Arrivals with their day, in order.
    arrivals: Vec<(i32, ProductId)>,
    /// First and last day on sale.
    on_sale: Vec<(i16, i16)>,
    popularity: Vec<f32>,
    /// Score on the feed that a product has for everyone.
    feed_fixed: Vec<f32>,
    /// Types that were looked at by the same people as each type.
    with_type: Vec<Vec<ProductTypeId>>,
    /// Running sums of what people of each profile like, by type.
    crowds: Vec<Vec<f32>>,
    /// What each query brings, once it was asked.
    found: Vec<OnceLock<Box<[Found]>>>,
}

impl Channels {
    pub fn new(goods: &Goods, rankers: [Ranker; 2]) -> Self {
        let catalogue = &goods.catalogue;
        let seed = catalogue.seed;
        let count = catalogue.products.len();
        let on_sale: Vec<(i16, i16)> = (0..count as ProductId)
            .map(|product| {
                let days = days_on_sale(seed, product);
                let short = |day: i32| day.clamp(-9_999, 9_999) as i16;
                (short(days.start), short(days.end))
            })
            .collect();
        let popularity: Vec<f32> = (0..count)
            .map(|product| counted_popularity(goods, product as ProductId, on_sale[product].0))
            .collect();
        let by_popularity = |ids: &mut Vec<ProductId>| {
            ids.sort_by(|a, b| {
                popularity[*b as usize].total_cmp(&popularity[*a as usize]).then(a.cmp(b))
            });
        };
        let types = catalogue.product_types.len() as ProductTypeId;
        let by_type: Vec<Vec<ProductId>> = (0..types)
            .map(|number| {
                let mut ids: Vec<ProductId> = goods.products_of(number).collect();
                by_popularity(&mut ids);
                ids
            })
            .collect();
        let mut by_brand = vec![Vec::new(); catalogue.brands.len()];
        let mut postings: HashMap<String, (f32, Vec<ProductId>)> = HashMap::new();
        for (product, id) in catalogue.products.iter().zip(0..) {
            by_brand[usize::from(product.brand)].push(id);
            for word in words(&product.title) {
                let (_, products) = postings.entry(word).or_default();
                if products.last() != Some(&id) {
                    products.push(id);
                }
            }
        }
        for (rarity, products) in postings.values_mut() {
            *rarity = libm::logf(1.0 + count as f32 / products.len() as f32);
        }
        for ids in &mut by_brand {
            by_popularity(ids);
            ids.truncate(60);
        }
        let mut popular: Vec<ProductId> = (0..count as ProductId).collect();
        by_popularity(&mut popular);
        popular.truncate(POPULAR);
        let mut arrivals: Vec<(i32, ProductId)> = on_sale
            .iter()
            .zip(0..)
            .filter(|((from, _), _)| *from > -9_999)
            .map(|((from, _), product)| (i32::from(*from), product))
            .collect();
        arrivals.sort_unstable();
        let mut channels = Self {
            seed,
            rankers,
            words: postings,
            by_type,
            by_brand,
            popular,
            arrivals,
            on_sale,
            popularity,
            feed_fixed: Vec::new(),
            with_type: with_type(goods),
            crowds: crowds(goods),
            found: (0..goods.queries.len()).map(|_| OnceLock::new()).collect(),
        };
        channels.feed_fixed = (0..count as ProductId)
            .map(|product| {
                channels.rankers[1].fixed(&channels.fixed_features(goods, product, 0.0, 0.0))
            })
            .collect();
        channels
    }

    /// Whether a product is on sale on a day.
    pub fn is_on_sale(&self, product: ProductId, day: i32) -> bool {
        let (from, until) = self.on_sale[product as usize];
        (i32::from(from)..i32::from(until)).contains(&day)
    }

    /// The rankers of search and feed.
    pub fn rankers(&self) -> &[Ranker; 2] {
        &self.rankers
    }

    /// What a product scores on the feed for everyone.
    pub fn feed_fixed(&self, product: ProductId) -> f32 {
        self.feed_fixed[product as usize]
    }

    /// Products of a type, most popular first.
    pub fn of_type(&self, product_type: ProductTypeId) -> &[ProductId] {
        &self.by_type[usize::from(product_type)]
    }

    /// Types that were looked at by the same people, most often first.
    pub fn with_type(&self, number: usize) -> &[ProductTypeId] {
        &self.with_type[number]
    }

    /// The most popular products of a brand.
    pub fn of_brand(&self, brand: usize) -> &[ProductId] {
        &self.by_brand[brand]
    }

    /// The most popular products.
    pub fn popular(&self) -> &[ProductId] {
        &self.popular
    }

    /// What arrived in the week up to a day.
    pub fn arrived(&self, day: i32) -> &[(i32, ProductId)] {
        let from = self.arrivals.partition_point(|(arrived, _)| *arrived <= day - 7);
        let end = self.arrivals.partition_point(|(arrived, _)| *arrived <= day);
        &self.arrivals[from..end]
    }

    /// A type that people of this profile like, by lot.
    pub fn of_crowd(&self, profile: &Profile, random: &mut Random) -> ProductTypeId {
        let sums = &self.crowds[crowd(profile)];
        let drawn = random.uniform() * sums.last().copied().unwrap_or_default();
        sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1) as ProductTypeId
    }

    /// What a query brings, whoever asks and whenever.
    pub fn found(&self, goods: &Goods, query: u32) -> &[Found] {
        self.found[query as usize].get_or_init(|| self.find(goods, query))
    }

    fn find(&self, goods: &Goods, number: u32) -> Box<[Found]> {
        let query = &goods.queries[number as usize];
        let mut matched = self.by_words(query);
        let mut ids: Vec<ProductId> = matched.iter().map(|(product, _)| *product).collect();
        self.by_clicks(goods, number, query, &mut ids);
        self.by_category(goods, number, query, &mut ids);
        ids.sort_unstable();
        ids.dedup();
        matched.sort_unstable_by_key(|(product, _)| *product);
        let words = |product: ProductId| {
            let place = matched.binary_search_by_key(&product, |(product, _)| *product);
            place.map_or(0.0, |place| matched[place].1)
        };
        let found = ids.into_iter().map(|product| {
            let words = words(product);
            let relevance = estimated_relevance(goods, number, product);
            let fixed = self.search_fixed(goods, product, words, relevance);
            Found { product, fixed, words, answers: answers(relevance) }
        });
        found.collect()
    }

    /// What a product scores after a search for everyone. What the relevance model finds wrong is
    /// put behind all else (MOPPR 1).
    pub fn search_fixed(
        &self,
        goods: &Goods,
        product: ProductId,
        words: f32,
        relevance: f32,
    ) -> f32 {
        let features = self.fixed_features(goods, product, words, relevance);
        let wrong = if answers(relevance) { 0.0 } else { WRONG };
        self.rankers[0].fixed(&features) - wrong
    }

    /// The lexical channel: titles with words of the query, each with the share of the words'
    /// weight that it has. It knows no synonym and no misspelling (MLPR 1, 5.2.1).
    fn by_words(&self, query: &Query) -> Vec<(ProductId, f32)> {
        let asked: Vec<String> = words(&query.text).collect();
        let mut total = 0.0;
        let mut hits: Vec<(ProductId, f32)> = Vec::new();
        for word in &asked {
            match self.words.get(word) {
                Some((rarity, products)) => {
                    total += rarity;
                    hits.extend(products.iter().map(|product| (*product, *rarity)));
                }
                // A word that no title has weighs as much as a rare one.
                None => total += 6.0,
            }
        }
        hits.sort_unstable_by_key(|(product, _)| *product);
        let mut matched: Vec<(ProductId, f32)> = Vec::new();
        for (product, rarity) in hits {
            match matched.last_mut() {
                Some((last, sum)) if *last == product => *sum += rarity,
                _ => matched.push((product, rarity)),
            }
        }
        let order = |a: &(ProductId, f32), b: &(ProductId, f32)| {
            let popularity = |product: ProductId| self.popularity[product as usize];
            b.1.total_cmp(&a.1)
                .then(popularity(b.0).total_cmp(&popularity(a.0)))
                .then(a.0.cmp(&b.0))
        };
        if matched.len() > BY_WORDS {
            matched.select_nth_unstable_by(BY_WORDS, order);
            matched.truncate(BY_WORDS);
        }
        matched.iter_mut().for_each(|(_, sum)| *sum /= total);
        matched
    }

    /// What was clicked after the query in the months before, where it is frequent: mostly what
    /// answers it, and attractive near misses; nothing that is new.
    fn by_clicks(&self, goods: &Goods, number: u32, query: &Query, ids: &mut Vec<ProductId>) {
        if number as f32 >= KNOWN_QUERIES * goods.queries.len() as f32 {
            return;
        }
        let most = BY_CLICKS / query.intent.types.len().max(1);
        for product_type in &query.intent.types {
            let clicked = self.of_type(*product_type).iter().filter(|product| {
                let exact = goods.relevance(&query.intent, **product) == Relevance::Exact;
                let chance = if exact { 0.9 } else { 0.35 };
                let pair = key(u64::from(number) << 32 | u64::from(**product), self.seed ^ 0xc11c);
                i32::from(self.on_sale[**product as usize].0) < -20 && share(pair) < chance
            });
            ids.extend(clicked.take(most));
        }
    }

    /// Popular products of the category that the query is thought to mean, and of those that go
    /// with it. A classifier errs, more often where no word is known.
    fn by_category(&self, goods: &Goods, number: u32, query: &Query, ids: &mut Vec<ProductId>) {
        let types = self.by_type.len();
        for product_type in &query.intent.types {
            let bits = key(u64::from(number) << 16 | u64::from(*product_type), self.seed ^ 0xca7e);
            let right = share(bits) < if query.gap { 0.55 } else { 0.9 };
            let meant = match goods.related(*product_type) {
                _ if right => *product_type,
                [] => (mix(bits) % types as u64) as ProductTypeId,
                related => related[(mix(bits) % related.len() as u64) as usize],
            };
            let most = BY_CATEGORY / query.intent.types.len().max(1);
            ids.extend(self.of_type(meant).iter().take(most));
            for related in goods.related(*product_type).iter().take(6) {
                ids.extend(self.of_type(*related).iter().take(BY_RELATED));
            }
        }
        // Of the same department something of every type, and a few products that are there by error.
        for product_type in query.intent.types.iter().take(1) {
            let types = &goods.catalogue.product_types;
            let department = types[usize::from(*product_type)].department;
            let same = types.iter().enumerate().filter(|(_, row)| row.department == department);
            for (other, _) in same {
                ids.extend(self.by_type[other].iter().take(BY_DEPARTMENT));
            }
        }
        let mut some = Random::new(self.seed, Purpose::Strays, u64::from(number));
        ids.extend((0..30).map(|_| some.below(self.on_sale.len()) as ProductId));
    }

    /// Features of a product for everyone, in the order of [`super::ranker::NAMES`].
    pub fn fixed_features(
        &self,
        goods: &Goods,
        product: ProductId,
        words: f32,
        relevance: f32,
    ) -> [f32; FIXED] {
        let item = &goods.catalogue.products[product as usize];
        [
            words,
            relevance,
            self.popularity[product as usize],
            item.rating - 4.2,
            libm::log1pf(item.reviews as f32) - 4.0,
            goods.hidden.products[product as usize].price_position,
            if self.on_sale[product as usize].0 > -20 { 1.0 } else { 0.0 },
        ]
    }
}

/// Whether the shop takes a product for an answer, by its estimated relevance.
pub(crate) fn answers(relevance: f32) -> bool {
    relevance >= CONTROL
}

/// What the shop's relevance model thinks of a query and a product: mostly right, always the same.
pub(crate) fn estimated_relevance(goods: &Goods, query: u32, product: ProductId) -> f32 {
    let intent = &goods.queries[query as usize].intent;
    let pair = key(u64::from(query) << 32 | u64::from(product), goods.catalogue.seed ^ 0xe571);
    let grade = match goods.relevance(intent, product) {
        Relevance::Exact => 1.0,
        Relevance::Partial => 0.35,
        Relevance::Related => -0.4,
        Relevance::Irrelevant => -1.2,
    };
    grade + 0.4 * noise(pair)
}

/// How popular a product is by the counts of the months before: its pull, seen through noise. Of
/// what is new nothing was counted.
fn counted_popularity(goods: &Goods, product: ProductId, from: i16) -> f32 {
    let truth = &goods.hidden.products[product as usize];
    let pull = 0.5 * truth.appeal
        + 0.35 * truth.quality
        + 0.5 * truth.popularity
        + 0.5 * noise(key(u64::from(product), goods.catalogue.seed ^ 0x9090));
    if from > -20 { 0.15 * pull } else { pull }
}

/// What was looked at by the same people, by type: types that the same factors draw people to, as
/// far as noisy counts tell.
fn with_type(goods: &Goods) -> Vec<Vec<ProductTypeId>> {
    let seed = goods.catalogue.seed;
    let types = goods.table.types.len();
    let loadings: Vec<_> =
        (0..types as u64).map(|number| loadings(seed, Thing::Type, number)).collect();
    let near = |one: usize| {
        let mut others: Vec<(f32, ProductTypeId)> = (0..types)
            .filter(|other| *other != one)
            .map(|other| {
                let same: f32 = loadings[one].iter().zip(loadings[other]).map(|(a, b)| a * b).sum();
                let counted = 1.5 * noise(key(seed ^ 0xc0c1, (one as u64) << 16 | other as u64));
                (same + counted, other as ProductTypeId)
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        others.into_iter().take(8).map(|(_, other)| other).collect()
    };
    (0..types).map(near).collect()
}

/// Groups of people that the shop tells apart: gender and age.
fn crowd(profile: &Profile) -> usize {
    usize::from(profile.gender.min(2)) * 3 + usize::from(profile.age_band.min(5)) / 2
}

/// Running sums over types of how much people of each crowd want them.
fn crowds(goods: &Goods) -> Vec<Vec<f32>> {
    let wanted = |gender: u8, age: u8, number: usize| {
        let truth = &goods.hidden.types[number];
        let mut weight = demand(&goods.table.types[number]);
        for (people, factor) in &truth.people {
            let among = match people {
                People::Women => gender == 0,
                People::Men => gender == 1,
                People::Young => age == 0,
                People::Old => age == 2,
            };
            weight *= if among { *factor } else { 1.0 / factor };
        }
        if truth.owners != 0 { 0.4 * weight } else { weight }
    };
    let sums = |gender: u8, age: u8| {
        let mut sum = 0.0;
        let types = 0..goods.table.types.len();
        types
            .map(|number| {
                sum += wanted(gender, age, number);
                sum
            })
            .collect()
    };
    (0..9).map(|crowd| sums(crowd / 3, crowd % 3)).collect()
}
