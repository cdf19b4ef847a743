//! The production shop of the time, which wrote the log: it retrieves by several channels, ranks
//! by a model of an earlier log, and explores a little. It sees what a shop sees, never the truth.

use super::catalogue::{ProductId, ProductTypeId};
use super::channels::{Channels, answers, estimated_relevance};
use super::goods::Goods;
use super::hidden::Audience;
use super::history::{DAY, Event, Minutes, PageDevice, Profile, WebSearch};
use super::observed::Observed;
use super::random::{Purpose, Random, key, noise};
use super::ranker::PERSONAL;

/// Places that are put in order: more are never looked at.
pub(crate) const ORDERED: usize = 60;
/// Under-impressions stand below the first of so many parts of a list: below place 150 of the 6,000
/// that are retrieved (MOPPR 4.3.1 and 5.4).
const UNDER: usize = 40;
/// The feed is mixed from its best: the first of so many parts, and from this many at most.
const MIXED_PART: usize = 13;
const MIXED: usize = 150;
/// Candidates at least, so that a page and what is far below it can be filled in a small shop.
const FEWEST: usize = 120;
/// Chance that the best products of a request are shuffled.
const EXPLORATION: f32 = 0.05;
/// How many of them.
const EXPLORED: usize = 40;
/// Products of one type after which the next of it must be so much better: the feed is a mixture.
const SAME_TYPE: f32 = 0.1;

/// A request for a list.
pub struct Request<'a> {
    /// Who asks.
    pub profile: &'a Profile,
    /// Number of the query; none on the feed.
    pub query: Option<u32>,
    /// When.
    pub time: Minutes,
    /// What chance there is in the answer, it comes from this.
    pub lot: u64,
    /// On what.
    pub device: PageDevice,
    /// What the shopper did before, oldest first.
    pub events: &'a [Event],
    /// Web searches before, oldest first.
    pub web_searches: &'a [WebSearch],
    /// What the production shop has counted.
    pub(crate) seen: &'a Observed,
}

/// An answer: what may be looked at, in order, and what was taken for an answer and ranked low.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The best, in order; at most as many as anyone pages through.
    pub top: Vec<ProductId>,
    /// What the retrieval took for answers and the ranker put low, each with its place in the whole
    /// list as far as that is known, or the number of the top where it stands somewhere below; empty
    /// on the feed, where nothing answers anything.
    pub below: Vec<(usize, ProductId)>,
}

/// Whatever answers requests: the production shop, or what is tried against it.
pub trait Shopfront {
    /// Answers a request.
    fn list(&mut self, request: &Request<'_>) -> Listing;
}

/// Score, product, and whether it is taken for an answer.
type Scored = (f32, ProductId, bool);
/// A product, and whether it is taken for an answer.
type Candidate = (ProductId, bool);

/// The production shop, with the buffers that it keeps between requests.
pub struct Shop<'w> {
    goods: &'w Goods,
    channels: &'w Channels,
    /// How much chance is in its order.
    ranker_noise: f32,
    scored: Vec<Scored>,
    /// Number of the request that last took each product, so that none is taken twice.
    taken: Vec<u32>,
    request: u32,
}

impl<'w> Shop<'w> {
    pub(crate) fn new(goods: &'w Goods, channels: &'w Channels, ranker_noise: f32) -> Self {
        let taken = vec![0; goods.catalogue.products.len()];
        Self { goods, channels, ranker_noise, scored: Vec::new(), taken, request: 0 }
    }

    /// Takes a product as a candidate, once, if it is on sale.
    fn take(&mut self, product: ProductId, day: i32, fixed: f32, answers: bool) {
        let last = &mut self.taken[product as usize];
        if *last != self.request && self.channels.is_on_sale(product, day) {
            *last = self.request;
            self.scored.push((fixed, product, answers));
        }
    }

    /// Retrieves for a search.
    fn retrieve_for_search(&mut self, query: u32, seen: &Observed, day: i32) {
        for found in self.channels.found(self.goods, query) {
            self.take(found.product, day, found.fixed, found.answers);
        }
        // The shopper's own: what was looked at last, and the brands, of the types asked for.
        let types = &self.goods.queries[query as usize].intent.types;
        let (goods, channels) = (self.goods, self.channels);
        let mut own = |product: ProductId| {
            if types.contains(&goods.catalogue.products[product as usize].product_type) {
                let relevance = estimated_relevance(goods, query, product);
                let fixed = channels.search_fixed(goods, product, 0.0, relevance);
                self.take(product, day, fixed, answers(relevance));
            }
        };
        seen.latest.iter().for_each(|product| own(*product));
        for (brand, _) in most(&seen.brands, 3) {
            channels.of_brand(brand).iter().for_each(|product| own(*product));
        }
    }

    /// Fills up with anything where the channels bring little.
    fn fill(&mut self, query: u32, day: i32, random: &mut Random) {
        for _ in 0..4 * FEWEST {
            if self.scored.len() >= FEWEST {
                break;
            }
            let product = random.below(self.goods.catalogue.products.len()) as ProductId;
            let relevance = estimated_relevance(self.goods, query, product);
            let fixed = self.channels.search_fixed(self.goods, product, 0.0, relevance);
            self.take(product, day, fixed, false);
        }
    }

    /// Retrieves for the feed.
    fn retrieve_for_feed(&mut self, request: &Request<'_>, day: i32, random: &mut Random) {
        let (goods, channels, seen) = (self.goods, self.channels, request.seen);
        let take = |shop: &mut Self, product: ProductId| {
            shop.take(product, day, channels.feed_fixed(product), false);
        };
        // What was looked at last, and its like.
        for product in &seen.latest {
            take(self, *product);
            let range = goods.products_of(goods.catalogue.products[*product as usize].product_type);
            let first = product.saturating_sub(5).max(range.start);
            (first..(first + 11).min(range.end)).for_each(|near| take(self, near));
        }
        // The shopper's own types: popular ones and any; and what goes with them.
        for (number, _) in most(&seen.types, 10) {
            let own = channels.of_type(number as ProductTypeId);
            own.iter().take(20).for_each(|product| take(self, *product));
            (0..20).for_each(|_| {
                own.get(random.below(own.len())).into_iter().for_each(|p| take(self, *p))
            });
            let with = goods.table.types[number].then.iter().chain(channels.with_type(number));
            for other in with.take(8) {
                channels.of_type(*other).iter().take(6).for_each(|product| take(self, *product));
            }
        }
        for (brand, _) in most(&seen.brands, 5) {
            channels.of_brand(brand).iter().take(20).for_each(|product| take(self, *product));
        }
        // What people like this one want, what everyone buys, what has just come, and anything.
        for _ in 0..20 {
            let liked = channels.of_type(channels.of_crowd(request.profile, random));
            let some = 4 + random.below(12);
            liked.iter().take(some).for_each(|product| take(self, *product));
        }
        channels.popular().iter().for_each(|product| take(self, *product));
        let arrived = channels.arrived(day);
        for _ in 0..60.min(arrived.len()) {
            take(self, arrived[random.below(arrived.len())].1);
        }
        for _ in 0..60 {
            take(self, random.below(goods.catalogue.products.len()) as ProductId);
        }
    }

    /// How much the types that go with each type were looked at: what others who looked at the
    /// same looked at, too.
    fn linked(&self, seen: &Observed) -> Vec<f32> {
        let mut linked = vec![0.0_f32; seen.types.len()];
        for (number, count) in most(&seen.types, 30) {
            for other in self.channels.with_type(number) {
                let sum = &mut linked[usize::from(*other)];
                *sum = sum.max(count);
            }
        }
        linked
    }

    /// Features of shopper and product, in the order of [`super::ranker::NAMES`].
    fn personal(
        &self,
        profile: &Profile,
        seen: &Observed,
        (usual, linked): (f32, &[f32]),
        product: ProductId,
    ) -> [f32; PERSONAL] {
        let item = &self.goods.catalogue.products[product as usize];
        let truth = &self.goods.hidden.products[product as usize];
        let colour = item.colour.map_or(0.0, |colour| seen.colours[usize::from(colour)]);
        let audience = &self.goods.hidden.types[usize::from(item.product_type)].audience;
        let made_for = audience.as_ref().map_or(0.0, |(place, means)| {
            let value = usize::from(truth.attributes[usize::from(*place)]);
            match (means[value], profile.gender) {
                (Audience::Women, 0) | (Audience::Men, 1) => 1.0,
                (Audience::Women, 1) | (Audience::Men, 0) => -1.0,
                _ => 0.0,
            }
        });
        [
            grown(seen.brands[usize::from(item.brand)]),
            grown(seen.types[usize::from(item.product_type)]),
            grown(colour),
            (truth.price_position - usual).abs(),
            if seen.latest.contains(&product) { 1.0 } else { 0.0 },
            made_for,
            grown(linked[usize::from(item.product_type)]),
        ]
    }

    /// All features of products for a request: what a ranker is fitted on.
    pub fn all_features(
        &self,
        request: &Request<'_>,
        products: &[ProductId],
    ) -> Vec<[f32; super::ranker::FEATURES]> {
        let linked = self.linked(request.seen);
        products.iter().map(|product| self.features(request, &linked, *product)).collect()
    }

    fn features(
        &self,
        request: &Request<'_>,
        linked: &[f32],
        product: ProductId,
    ) -> [f32; super::ranker::FEATURES] {
        let (words, relevance) = match request.query {
            Some(query) => {
                let found = self.channels.found(self.goods, query);
                let place = found.binary_search_by_key(&product, |found| found.product);
                let words = place.map_or(0.0, |place| found[place].words);
                (words, estimated_relevance(self.goods, query, product))
            }
            None => (0.0, 0.0),
        };
        let fixed = self.channels.fixed_features(self.goods, product, words, relevance);
        let of = (request.seen.price(), linked);
        let personal = self.personal(request.profile, request.seen, of, product);
        let mut both = fixed.into_iter().chain(personal);
        std::array::from_fn(|_| both.next().unwrap_or_default())
    }

    /// The best, in order, and whatever else was retrieved, in the order of numbers: in none that a
    /// sorting algorithm has a say in.
    fn order(&mut self, mixed: bool) -> (Vec<Candidate>, Vec<Candidate>) {
        let order = |a: &Scored, b: &Scored| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        let count = self.scored.len();
        let from = if mixed { MIXED.min(count / MIXED_PART) } else { 0 };
        let from = from.max(ORDERED).min(count);
        if from < count {
            self.scored.select_nth_unstable_by(from, order);
        }
        let (best, rest) = self.scored.split_at_mut(from);
        best.sort_unstable_by(order);
        let mut rest: Vec<Candidate> = rest.iter().map(|(_, p, answers)| (*p, *answers)).collect();
        rest.sort_unstable();
        let ordered = ORDERED.min(best.len());
        if !mixed {
            return (best.iter().map(|(_, p, answers)| (*p, *answers)).collect(), rest);
        }
        let mut top = Vec::with_capacity(ordered);
        let mut shown: Vec<(ProductTypeId, f32)> = Vec::new();
        while top.len() < ordered {
            let mut first: Option<(f32, usize)> = None;
            for (place, (score, product, _)) in best.iter().enumerate() {
                if *product == ProductId::MAX {
                    continue;
                }
                // Those that follow score less even without what is taken off.
                if first.is_some_and(|(most, _)| most >= *score) {
                    break;
                }
                let number = self.goods.catalogue.products[*product as usize].product_type;
                let same = shown.iter().find(|(one, _)| *one == number);
                let score = score - same.map_or(0.0, |(_, off)| *off);
                if first.is_none_or(|(most, _)| score > most) {
                    first = Some((score, place));
                }
            }
            let Some((_, place)) = first else { break };
            let product = best[place].1;
            best[place].1 = ProductId::MAX;
            top.push((product, best[place].2));
            let number = self.goods.catalogue.products[product as usize].product_type;
            match shown.iter_mut().find(|(one, _)| *one == number) {
                Some((_, off)) => *off += SAME_TYPE,
                None => shown.push((number, SAME_TYPE)),
            }
        }
        (top, rest)
    }
}

impl Shopfront for Shop<'_> {
    fn list(&mut self, request: &Request<'_>) -> Listing {
        self.list_beside(request, &[])
    }
}

impl Shop<'_> {
    /// Answers a request with one more channel, which has retrieved these products.
    pub fn list_beside(&mut self, request: &Request<'_>, others: &[ProductId]) -> Listing {
        self.request += 1;
        self.scored.clear();
        let day = request.time.div_euclid(DAY);
        let mut random = Random::new(request.lot, Purpose::Request, 0);
        let ranker = match request.query {
            Some(query) => {
                self.retrieve_for_search(query, request.seen, day);
                for &product in others {
                    let relevance = estimated_relevance(self.goods, query, product);
                    let fixed = self.channels.search_fixed(self.goods, product, 0.0, relevance);
                    self.take(product, day, fixed, answers(relevance));
                }
                self.fill(query, day, &mut random);
                self.channels.rankers()[0]
            }
            None => {
                self.retrieve_for_feed(request, day, &mut random);
                for &product in others {
                    self.take(product, day, self.channels.feed_fixed(product), false);
                }
                self.channels.rankers()[1]
            }
        };
        let linked = self.linked(request.seen);
        let of = (request.seen.price(), linked.as_slice());
        let explores = random.chance(EXPLORATION * self.ranker_noise);
        // What is served is a little behind what is known.
        let jitter = 0.12 * self.ranker_noise;
        let mut scored = std::mem::take(&mut self.scored);
        for (score, product, _) in &mut scored {
            let personal = self.personal(request.profile, request.seen, of, *product);
            let behind = noise(key(request.lot, u64::from(*product)));
            *score += ranker.personal(&personal) + jitter * behind;
        }
        self.scored = scored;
        let (mut top, rest) = self.order(request.query.is_none());
        if explores {
            let explored = EXPLORED.min(top.len());
            random.shuffle(&mut top[..explored]);
        }
        let places = top.iter().enumerate().skip(self.scored.len() / UNDER);
        let rest = rest.iter().map(|one| (ORDERED, one));
        let answers = places.chain(rest).filter(|(_, (_, answers))| *answers);
        Listing {
            below: answers.map(|(place, (product, _))| (place, *product)).collect(),
            top: top.into_iter().map(|(product, _)| product).collect(),
        }
    }
}

/// How a count grows on the ranker: by its logarithm.
fn grown(count: f32) -> f32 {
    if count < 0.02 { 0.0 } else { libm::log1pf(count) }
}

/// The places of the largest counts that say something, largest first.
fn most(counts: &[f32], wanted: usize) -> Vec<(usize, f32)> {
    let mut known: Vec<(usize, f32)> =
        counts.iter().copied().enumerate().filter(|(_, count)| *count > 0.05).collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    known.truncate(wanted);
    known
}
