//! How well a retriever does on page views it has not seen (MOPPR 5.4).

use std::collections::HashMap;
use std::ops::Range;

use crate::training::device::device;
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
    let mut whole = [Mean::default(); NAMES.len()];
    let mut blocks = [[Mean::default(); NAMES.len()]; BLOCKS];
    for (view, retrieved) in views.iter().zip(retrieved) {
        let [clicked, bought] = [2, 3].map(|objective| view.positives(objective));
        let number = view.query.and_then(|query| world.query_number(queries.text(query)));
        let good =
            number.and_then(|number| p_good(k, retrieved, |product| world.judge(number, product)));
        let values = [
            recall_at(k, retrieved, &clicked),
            ndcg_at(k, retrieved, &clicked),
            recall_at(k, retrieved, &bought),
            ndcg_at(k, retrieved, &bought),
            good,
        ];
        let block = &mut blocks[block_of(view.shopper)];
        for (means, value) in whole.iter_mut().zip(block).zip(values) {
            means.0.add(value);
            means.1.add(value);
        }
    }
    let figure = |(metric, name): (usize, &&str)| Figure {
        name: (*name).into(),
        whole: whole[metric].value(),
        blocks: blocks.map(|block| block[metric].value()),
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
