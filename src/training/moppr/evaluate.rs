//! How well a retriever does on page views it has not seen (MOPPR 5.4).

use std::collections::HashMap;
use std::ops::Range;

use crate::device::device;
use anyhow::Result;
use rayon::prelude::*;

use super::Corpus;
use super::queries::Queries;
use super::samples::Sample;
use engine::retrieval::lexical::Lexical;
use engine::retrieval::{Hit, top_k};
use market::World;
use market::catalogue::ProductId;
use market::features::search::SearchFeatures;
use market::metrics::{BLOCKS, Figure, Mean, block_of, ndcg_at, p_good, recall_at};
use nets::models::moppr::Moppr;
use nets::models::moppr::input::UserQuery;

/// Page views whose scores are held at once.
const BATCH: usize = 256;
/// The shorter K: about the number of products of a type.
pub const SHORT: usize = 20;
/// The longer K.
pub const LONG: usize = 100;

/// recall and nDCG for one kind of target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OfTargets {
    /// recall@[`SHORT`].
    pub recall_short: Mean,
    /// recall@[`LONG`].
    pub recall_long: Mean,
    /// nDCG@[`LONG`].
    pub ndcg: Mean,
}

/// What a retriever does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Targets are the products shown.
    pub shown: OfTargets,
    /// Targets are the products clicked.
    pub clicked: OfTargets,
    /// Targets are the products bought.
    pub bought: OfTargets,
    /// P_good@[`SHORT`] as the judge sees relevance.
    pub judged: Mean,
    /// P_good@[`SHORT`] in truth.
    pub relevant: Mean,
}

impl OfTargets {
    fn add(&mut self, retrieved: &[ProductId], targets: &[ProductId]) {
        self.recall_short.add(recall_at(SHORT, retrieved, targets));
        self.recall_long.add(recall_at(LONG, retrieved, targets));
        self.ndcg.add(ndcg_at(LONG, retrieved, targets));
    }
}

/// Evaluates what was retrieved for each view: [`LONG`] products, best first.
pub fn evaluate(
    views: &[Sample],
    retrieved: &[Vec<ProductId>],
    queries: &Queries,
    world: &World,
) -> Quality {
    let mut quality = Quality::default();
    for (view, retrieved) in views.iter().zip(retrieved) {
        quality.shown.add(retrieved, &view.positives(1));
        quality.clicked.add(retrieved, &view.positives(2));
        quality.bought.add(retrieved, &view.positives(3));
        let number = view.query.and_then(|query| world.query_number(queries.text(query)));
        if let Some(number) = number {
            let intent = &world.queries[number as usize].intent;
            let judged = |product| world.judge(number, product);
            quality.judged.add(p_good(SHORT, retrieved, judged));
            let relevant = |product| world.relevance(intent, product).is_relevant();
            quality.relevant.add(p_good(SHORT, retrieved, relevant));
        }
    }
    quality
}

/// What of the products shown is found, each weighing the chance that it was bought: recall@K and
/// nDCG@K of what was bought, on average over the draws of orders, which are so rare that their
/// draw hides what a day could tell, and that no page view has two.
#[derive(Clone, Copy, Debug, Default)]
struct Bought {
    found: f64,
    gain: f64,
    all: f64,
}

impl Bought {
    fn add(&mut self, k: usize, retrieved: &[ProductId], view: &Sample) {
        let first = &retrieved[..k.min(retrieved.len())];
        for (candidate, &chance) in view.candidates.iter().zip(&view.chances) {
            let chance = f64::from(chance);
            self.all += chance;
            let place = first.iter().position(|&found| found == candidate.product);
            if let Some(place) = place {
                self.found += chance;
                self.gain += chance / (place as f64 + 2.0).log2();
            }
        }
    }

    fn values(&self) -> [Option<f64>; 2] {
        [self.found, self.gain].map(|sum| (self.all > 0.0).then(|| sum / self.all))
    }
}

/// The metrics of MOPPR's tables at one K, over the held-out day and by block of shoppers:
/// recall@K and nDCG@K of what was clicked and of what was bought ("p"), and P_good as the judge
/// sees relevance.
pub fn by_block(
    k: usize,
    views: &[Sample],
    retrieved: &[Vec<ProductId>],
    queries: &Queries,
    world: &World,
) -> Vec<Figure> {
    // Recall and nDCG of what was clicked, P_good; by block, and over everything in the last place.
    let mut means = [[Mean::default(); 3]; BLOCKS + 1];
    let mut bought = [Bought::default(); BLOCKS + 1];
    for (view, retrieved) in views.iter().zip(retrieved) {
        let clicked = view.positives(2);
        let number = view.query.and_then(|query| world.query_number(queries.text(query)));
        let good =
            number.and_then(|number| p_good(k, retrieved, |product| world.judge(number, product)));
        let values = [recall_at(k, retrieved, &clicked), ndcg_at(k, retrieved, &clicked), good];
        for block in [block_of(view.shopper), BLOCKS] {
            means[block].iter_mut().zip(values).for_each(|(mean, value)| mean.add(value));
            bought[block].add(k, retrieved, view);
        }
    }
    let values = |block: usize| {
        let [recall, ndcg, good] = means[block].map(|mean| mean.value());
        let [recall_p, ndcg_p] = bought[block].values();
        [recall, ndcg, recall_p, ndcg_p, good]
    };
    let figure = |(metric, name): (usize, &&str)| Figure {
        name: (*name).into(),
        whole: values(BLOCKS)[metric],
        blocks: std::array::from_fn(|block| values(block)[metric]),
    };
    NAMES.iter().enumerate().map(figure).collect()
}

/// Names of what [`by_block`] measures.
pub const NAMES: [&str; 5] = ["recall@K", "nDCG@K", "recall_p@K", "nDCG_p@K", "P_good"];

/// The `count` products that a model retrieves for each view of what was on sale, best first.
///
/// # Errors
/// Where the device fails.
pub fn retrieve(model: &Moppr, corpus: Corpus<'_>, count: usize) -> Result<Vec<Vec<ProductId>>> {
    let Corpus { views, products: stock, words, sale_days, .. } = corpus;
    let device = device();
    let table = model.embeddings.products(stock, None);
    let items = model.towers.item(model.embeddings.items(stock, table.clone())).transpose();
    let found = |(scores, view): (&[f32], &Sample)| {
        let offered = |(&score, days): (&f32, &Range<i32>)| {
            if days.contains(&view.day) { score } else { f32::NAN }
        };
        let offered: Vec<f32> = scores.iter().zip(sale_days).map(offered).collect();
        products(top_k(&offered, count))
    };
    let mut retrieved = Vec::with_capacity(views.len());
    for views in views.chunks(BATCH) {
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(&features, words.dimensions(), vector, &device);
        let (requests, _) = model.user_query(&inputs, &table);
        let scores: Vec<f32> = requests.matmul(items.clone()).try_into_vec_as()?;
        retrieved.par_extend(scores.par_chunks(stock.len()).zip(views).map(found));
    }
    Ok(retrieved)
}

/// What BM25 over the titles retrieves for each view's query of what was on sale; nothing on the feed.
pub fn lexical(views: &[Sample], queries: &Queries, world: &World) -> Vec<Vec<ProductId>> {
    let titles: Vec<&str> = world.catalogue.titles().collect();
    let index = Lexical::new(&titles);
    let mut known: HashMap<(u32, i32), Vec<ProductId>> = HashMap::new();
    let search = |view: &Sample| {
        let Some(query) = view.query else { return Vec::new() };
        let on_sale = |product| world.catalogue.is_on_sale(product, view.day);
        let found = || products(index.search(queries.text(query), LONG, on_sale));
        known.entry((query, view.day)).or_insert_with(found).clone()
    };
    views.iter().map(search).collect()
}

fn products(hits: Vec<Hit>) -> Vec<ProductId> {
    hits.into_iter().map(|hit| hit.product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moppr::samples::Candidate;

    #[test]
    fn what_may_have_been_bought_weighs_its_chance() {
        let view = Sample {
            shopper: 0,
            day: 0,
            features: SearchFeatures {
                profile: [0; 6],
                query: Default::default(),
                behaviours: Default::default(),
            },
            query: None,
            candidates: [4, 9, 7].map(|product| Candidate { product, labels: [false; 4] }).into(),
            // Of the third nothing is known: it was not shown.
            chances: vec![0.5, 0.25],
        };
        let mut bought = Bought::default();
        assert_eq!(bought.values(), [None, None]);
        bought.add(3, &[9, 2, 4, 7], &view);
        assert_eq!(bought.values(), [Some(1.0), Some((0.25 + 0.5 / 2.0) / 0.75)]);
        // In the first two places only one of them is found; an empty list finds nothing.
        bought.add(2, &[9, 2, 4], &view);
        bought.add(2, &[], &view);
        assert_eq!(bought.values()[0], Some((0.75 + 0.25) / 2.25));
    }
}
