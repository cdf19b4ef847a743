//! Training the coarse ranker, and the cascade of retriever and coarse ranker (MOPPR 7.3).

use anyhow::Result;
use burn::tensor::Device;
use rayon::prelude::*;

use super::checkpoint::{Checkpoint, numbered};
use super::moppr::evaluate::by_block;
use super::moppr::lab::{Lab, Watch};
use super::moppr::{Settings, train as train_moppr};
use crate::features::search::SearchFeatures;
use crate::market::catalogue::ProductId;
use crate::metrics::Figure;
use crate::models::coarse_ranker::{CoarseRanker, MODEL, cut, playground};
use crate::models::moppr::{Moppr, MopprConfig, Vocabulary};
use crate::models::weights::About;

/// Page views that are scored at once.
const BATCH: usize = 256;

/// The paper's: no relevance objective, and negatives of the query's categories in place of
/// shared ones.
pub fn settings() -> Settings {
    Settings {
        objectives: [0.0, 1.0, 1.0, 1.0],
        negatives: 0,
        related: 24,
        epochs: 6,
        ..Settings::default()
    }
}

/// Sizes of what is trained.
pub fn config(lab: &Lab) -> MopprConfig {
    playground(Vocabulary::of(&lab.world.catalogue))
}

/// Where its weights come from.
///
/// # Errors
/// None; the configuration is plain data.
pub fn about(lab: &Lab, command: &str) -> Result<About> {
    let config = serde_json::to_value(config(lab))?;
    Ok(About { config, ..lab.about(MODEL, command)? })
}

/// Trains it from random weights on a lab's page views. Goes on where an earlier run of the same
/// settings stopped, if the lab has a folder for checkpoints.
///
/// # Errors
/// As [`train_moppr`].
pub fn train(lab: &Lab, settings: &Settings, watch: &mut Watch) -> Result<Moppr> {
    let device = Device::flex();
    device.seed(settings.seed);
    let model = numbered(config(lab).init(&device));
    let views = &lab.data.training;
    let about = about(lab, &format!("on {} views: {settings:?}", views.len()))?;
    let folder = lab.checkpoints.as_ref().map(|folder| Checkpoint::new(folder.join(MODEL)));
    let checkpoint = folder.as_ref().map(|folder| (folder, &about));
    let watch = |step, steps, loss| watch(MODEL, step, steps, loss);
    train_moppr(model, lab.corpus(views), settings, checkpoint, watch)
}

/// What is retrieved for each view of a lab's held-out day, cut to its `keep` best.
///
/// # Errors
/// Where the device fails.
pub fn cascade(
    lab: &Lab,
    ranker: &CoarseRanker,
    retrieved: &[Vec<ProductId>],
    keep: usize,
) -> Result<Vec<Vec<ProductId>>> {
    let items = ranker.items().clone().transpose();
    let count = lab.products.len();
    let mut kept = Vec::with_capacity(retrieved.len());
    for (views, retrieved) in lab.data.test.chunks(BATCH).zip(retrieved.chunks(BATCH)) {
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let (requests, _) = ranker.request(&features, &lab.words);
        let scores: Vec<f32> = requests.matmul(items.clone()).try_into_vec_as()?;
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
