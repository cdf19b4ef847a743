//! Training the coarse ranker, and the cascade of retriever and coarse ranker (MOPPR 7.3).

use anyhow::Result;
use rayon::prelude::*;

use super::moppr::Settings;
use super::moppr::evaluate::by_block;
use super::moppr::lab::{Lab, Watch};
use market::catalogue::ProductId;
use market::features::search::SearchFeatures;
use market::metrics::Figure;
use nets::models::coarse_ranker::{CoarseRanker, MODEL, cut};
use nets::models::moppr::Moppr;
use nets::models::moppr::input::UserQuery;

/// Page views that are scored at once.
const BATCH: usize = 256;

/// As the paper has it: no relevance objective, and negatives of the query's categories in place of
/// shared ones. The embeddings are the retriever's and stay.
pub fn settings() -> Settings {
    Settings {
        objectives: [0.0, 1.0, 1.0, 1.0],
        negatives: 0,
        related: 40,
        epochs: 2,
        rate: 0.003,
        towers_only: true,
        ..Settings::default()
    }
}

/// The retriever with its towers trained on to be the coarse ranker's. Goes on where an earlier
/// run of the same settings stopped, if the lab has a folder for checkpoints.
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn train(
    lab: &Lab,
    retriever: &Moppr,
    settings: &Settings,
    watch: &mut Watch,
) -> Result<Moppr> {
    lab.train(MODEL, retriever.clone(), settings, watch)
}

/// What is retrieved for each view of a lab's held-out day, cut to its `keep` best. `retriever`
/// has the embeddings.
///
/// # Errors
/// Where the device fails.
pub fn cascade(
    lab: &Lab,
    retriever: &Moppr,
    ranker: &CoarseRanker,
    retrieved: &[Vec<ProductId>],
    keep: usize,
) -> Result<Vec<Vec<ProductId>>> {
    let device = ranker.items().device();
    let table = retriever.embeddings.products(&lab.products, None);
    let items = ranker.items().clone().transpose();
    let count = lab.products.len();
    let mut kept = Vec::with_capacity(retrieved.len());
    for (views, retrieved) in lab.data.test.chunks(BATCH).zip(retrieved.chunks(BATCH)) {
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let vector = |piece| lab.words.vector(piece);
        let inputs = UserQuery::new(&features, lab.words.dimensions(), vector, &device);
        let encoded = retriever.embeddings.user_query(&inputs, &table);
        let scores = ranker.user_query(&encoded).matmul(items.clone());
        let scores: Vec<f32> = scores.try_into_vec_as()?;
        kept.par_extend(scores.par_chunks(count).zip(retrieved).map(|(scores, retrieved)| {
            let scores: Vec<f32> = retrieved.iter().map(|&id| scores[id as usize]).collect();
            cut(retrieved, &scores, keep)
        }));
    }
    Ok(kept)
}

/// Metrics of what is retrieved for each view of the held-out day at the first K places.
pub fn figures(lab: &Lab, retrieved: &[Vec<ProductId>], k: usize) -> Vec<Figure> {
    by_block(k, &lab.data.test, retrieved, &lab.data.queries, &lab.world)
}
