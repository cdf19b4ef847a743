//! The ranker that was in production while the log was written. It sees what a shop sees,
//! never the truth: an imperfect relevance model, popularity by noisy counts, and the history
//! of the shopper; and it explores, so that every product in a ranking has its chance.

use super::catalogue::{ProductId, ProductTypeId};
use super::history::EventKind;
use super::query::Intent;
use super::random::{Random, key, mix, noise};
use super::truth::Relevance;
use super::world::World;

/// Products that are ranked for a request.
pub(crate) const CANDIDATES: usize = 260;
/// Products of one type among the candidates, at most.
const MOST_OF_TYPE: usize = 160;
/// Chance that a request's best products are shuffled.
const EXPLORATION: f32 = 0.08;
/// How many of them.
const EXPLORED: usize = 40;

/// What the shop has counted about a shopper: decaying counts of clicks and orders.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    brands: Vec<f32>,
    types: Vec<f32>,
}

impl Observed {
    pub fn new(world: &World) -> Self {
        Self {
            brands: vec![0.0; world.catalogue.brands.len()],
            types: vec![0.0; world.catalogue.product_types.len()],
        }
    }

    /// Counts an event.
    pub fn count(&mut self, world: &World, kind: EventKind, product: ProductId) {
        let item = &world.catalogue.products[product as usize];
        let weight = match kind {
            EventKind::Click => 1.0,
            EventKind::Favourite | EventKind::Cart => 0.5,
            EventKind::Order => 1.0,
        };
        self.brands[usize::from(item.brand)] += weight;
        self.types[usize::from(item.product_type)] += weight;
    }

    /// A day goes by.
    pub fn age(&mut self) {
        for count in self.brands.iter_mut().chain(&mut self.types) {
            *count *= 0.88;
        }
    }
}

/// What a request brings, best first.
#[derive(Clone, Debug)]
pub(crate) struct Ranking {
    /// Products.
    pub products: Vec<ProductId>,
    /// Whether a channel of the retrieval took each for an answer; the others only fill the list.
    pub retrieved: Vec<bool>,
}

/// Ranks; keeps its buffers between requests.
pub(crate) struct Policy<'w> {
    world: &'w World,
    /// Score, product, and whether it was taken for an answer.
    scored: Vec<(f32, ProductId, bool)>,
    /// Number of the request that last took each product, so that none is taken twice.
    taken: Vec<u32>,
    request: u32,
}

impl<'w> Policy<'w> {
    pub fn new(world: &'w World) -> Self {
        let taken = vec![0; world.catalogue.products.len()];
        Self { world, scored: Vec::with_capacity(CANDIDATES), taken, request: 0 }
    }

    /// Ranks the candidates of a search; `query` is the number of the query.
    pub fn search(&mut self, query: u32, seen: &Observed, random: &mut Random) -> Ranking {
        self.begin();
        let intent = &self.world.queries[query as usize].intent;
        for product_type in &intent.types {
            let most = MOST_OF_TYPE / intent.types.len();
            self.take_of_type(*product_type, most, random);
        }
        for product_type in &intent.types {
            for related in self.world.related(*product_type) {
                self.take_of_type(*related, 12, random);
            }
        }
        // Retrieval by words and co-clicks also brings in what is merely near.
        if let Some(first) = intent.types.first() {
            let near = self.world.department_products(*first);
            self.take_between(near, self.scored.len() + 100, random);
        }
        self.take_between((0, self.world.catalogue.products.len()), CANDIDATES, random);
        self.rank(seen, random, |world, product| estimated_relevance(world, query, intent, product))
    }

    /// Ranks the candidates of the feed.
    pub fn feed(&mut self, seen: &Observed, random: &mut Random) -> Ranking {
        self.begin();
        let mut recent: Vec<(f32, ProductTypeId)> = seen
            .types
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0.05)
            .map(|(number, count)| (*count, number as ProductTypeId))
            .collect();
        recent.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, product_type) in recent.iter().take(14) {
            self.take_of_type(*product_type, 12, random);
        }
        self.take_between((0, self.world.catalogue.products.len()), CANDIDATES, random);
        self.rank(seen, random, |world, product| {
            let product_type = world.catalogue.products[product as usize].product_type;
            0.55 * libm::log1pf(seen.types[usize::from(product_type)])
        })
    }

    fn begin(&mut self) {
        self.request += 1;
        self.scored.clear();
    }

    fn take(&mut self, product: ProductId, answers: bool) {
        let last = &mut self.taken[product as usize];
        if *last != self.request {
            *last = self.request;
            self.scored.push((0.0, product, answers));
        }
    }

    /// Takes all products of a type, or a random `most` of them.
    fn take_of_type(&mut self, product_type: ProductTypeId, most: usize, random: &mut Random) {
        let products = self.world.products_of(product_type);
        let (first, count) = (products.start, products.len());
        if count <= most {
            products.for_each(|product| self.take(product, true));
        } else {
            // A random start and a step through the whole range visit each at most once.
            let start = random.below(count);
            let step = count / most;
            for place in 0..most {
                self.take(first + ((start + place * step) % count) as ProductId, true);
            }
        }
    }

    /// Takes random products of a range of ids until there are `until` candidates.
    fn take_between(&mut self, (first, end): (usize, usize), until: usize, random: &mut Random) {
        // In a small range few are left to find: stop after as many draws as would do elsewhere.
        for _ in 0..2 * CANDIDATES {
            if self.scored.len() >= until.min(CANDIDATES) {
                break;
            }
            self.take((first + random.below(end - first)) as ProductId, false);
        }
    }

    fn rank(
        &mut self,
        seen: &Observed,
        random: &mut Random,
        fit: impl Fn(&World, ProductId) -> f32,
    ) -> Ranking {
        let noise = self.world.config.ranker_noise;
        for (score, product, _) in &mut self.scored {
            let item = &self.world.catalogue.products[*product as usize];
            let familiar = libm::log1pf(seen.brands[usize::from(item.brand)]);
            *score = fit(self.world, *product)
                + 0.5 * self.world.estimated_popularity(*product)
                + 0.3 * familiar
                + 0.45 * noise * random.gumbel();
        }
        self.scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        if random.chance(EXPLORATION * noise) {
            let explored = EXPLORED.min(self.scored.len());
            random.shuffle(&mut self.scored[..explored]);
        }
        Ranking {
            products: self.scored.iter().map(|(_, product, _)| *product).collect(),
            retrieved: self.scored.iter().map(|(_, _, answers)| *answers).collect(),
        }
    }
}

/// What the production relevance model thinks: mostly right, sometimes far off, always the same
/// for the same query and product.
fn estimated_relevance(world: &World, query: u32, intent: &Intent, product: ProductId) -> f32 {
    let pair = key(u64::from(query), u64::from(product)) ^ world.config.seed;
    let blind = mix(pair) & 0xff < 30;
    let estimate = match world.relevance(intent, product) {
        _ if blind => 0.4,
        Relevance::Exact => 4.0,
        Relevance::Partial => 3.1,
        Relevance::Related => 1.4,
        Relevance::Irrelevant => 0.0,
    };
    estimate + 0.5 * world.config.ranker_noise * noise(pair)
}
