//! What MLPR is measured by (MLPR 4.2): AUC over impressions, nDCG over page views, for each task,
//! over the whole day and over blocks of shoppers.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::data::BLOCKS;
use super::library::Library;
use super::samples::{Samples, View};
use crate::features::wide;
use crate::metrics::{Mean, auc, ndcg_at};
use crate::models::mlpr::{K, Mlpr, Pairs};

/// Pairs that are scored at once.
const BATCH: usize = 2048;

/// Metrics of one task.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMetrics {
    /// Area under the ROC curve over all impressions; 0.5 where one of the classes is missing.
    pub auc: f64,
    /// nDCG@1, mean over page views that have a positive; 0 where there is none.
    pub ndcg_1: f64,
    /// nDCG@5, as nDCG@1.
    pub ndcg_5: f64,
}

/// Names of a task's metrics, in the order of [`TaskMetrics::values`].
pub const METRICS: [&str; 3] = ["AUC", "nDCG@1", "nDCG@5"];

impl TaskMetrics {
    /// The numbers in the order of [`METRICS`].
    pub fn values(&self) -> [f64; METRICS.len()] {
        [self.auc, self.ndcg_1, self.ndcg_5]
    }
}

/// Metrics of a model on held-out searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Click, cart, order over the whole day.
    pub tasks: [TaskMetrics; K],
    /// The same over each block of shoppers.
    pub blocks: Vec<[TaskMetrics; K]>,
}

/// y_click, y_cart, y_order of every pair, in their order. Blocks: for the CPU.
pub fn scores(model: &Mlpr, library: &Library<'_>, samples: &Samples) -> Vec<[f32; K]> {
    let mut scores = Vec::with_capacity(samples.len());
    each_batch(model, library, samples, |pairs| {
        let numbers = read(model.forward(pairs, [1.0, 1.0]).engagement);
        scores.extend(numbers.chunks_exact(K).map(|row| [row[0], row[1], row[2]]));
    });
    scores
}

/// What a model would read of every pair: `act` is given some pairs after another.
pub fn each_batch(
    model: &Mlpr,
    library: &Library<'_>,
    samples: &Samples,
    mut act: impl FnMut(&Pairs),
) {
    let device = Device::flex();
    let texts = library.queries(&samples.queries);
    let [queries, products] = library.encode(&model.bert, &texts, &device);
    let groups = samples.groups.iter().enumerate();
    let query_of: Vec<i32> =
        groups.flat_map(|(query, group)| group.clone().map(move |_| query as i32)).collect();
    for start in (0..samples.len()).step_by(BATCH) {
        let range: Range<usize> = start..(start + BATCH).min(samples.len());
        let n = range.len();
        let rows = |ids: Vec<i32>| -> Tensor<1, Int> {
            Tensor::from_data(TensorData::new(ids, [n]), &device)
        };
        let ids = samples.products[range.clone()].iter().map(|id| id.cast_signed()).collect();
        let wide = TensorData::new(samples.wide(range.clone()).to_vec(), [n, wide::COUNT]);
        act(&Pairs {
            query: queries.clone().select(0, rows(query_of[range].to_vec())),
            item: products.clone().select(0, rows(ids)),
            wide: Tensor::from_data(wide, &device),
        });
    }
}

/// The numbers of a tensor on the CPU.
pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().expect("the CPU gives back its tensors")
}

impl Metrics {
    /// Metrics of scores, one for each pair and task.
    pub fn of(samples: &Samples, scores: &[[f32; K]]) -> Self {
        let of_views =
            |views: &[&View]| std::array::from_fn(|task| of_task(samples, scores, views, task));
        let all: Vec<&View> = samples.views.iter().collect();
        let blocks = (0..BLOCKS)
            .map(|block| {
                let views: Vec<&View> =
                    all.iter().copied().filter(|view| view.shopper % BLOCKS == block).collect();
                of_views(&views)
            })
            .collect();
        Self { tasks: of_views(&all), blocks }
    }

    /// Each metric of each task by name, over the whole day and over each block.
    pub fn named(&self) -> Vec<(String, f64, [f64; BLOCKS as usize])> {
        let mut named = Vec::with_capacity(K * METRICS.len());
        for (task, name) in crate::models::mlpr::TASKS.iter().enumerate() {
            for (number, metric) in METRICS.iter().enumerate() {
                let blocks = std::array::from_fn(|block| {
                    self.blocks.get(block).map_or(0.0, |tasks| tasks[task].values()[number])
                });
                named.push((format!("{name} {metric}"), self.tasks[task].values()[number], blocks));
            }
        }
        named
    }
}

fn of_task(samples: &Samples, scores: &[[f32; K]], views: &[&View], task: usize) -> TaskMetrics {
    let (mut all_scores, mut all_labels) = (Vec::new(), Vec::new());
    let (mut ndcg_1, mut ndcg_5) = (Mean::default(), Mean::default());
    for view in views {
        let impressions = view.impressions.clone();
        let own: Vec<(f32, bool)> = impressions
            .map(|i| (scores[samples.pairs[i]][task], samples.labels[i][task]))
            .collect();
        // Among equals the negatives come first: scoring all alike earns nothing.
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (own[a as usize], own[b as usize]);
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
        });
        let positives: Vec<u32> =
            (0..own.len() as u32).filter(|&place| own[place as usize].1).collect();
        ndcg_1.add(ndcg_at(1, &order, &positives));
        ndcg_5.add(ndcg_at(5, &order, &positives));
        all_scores.extend(own.iter().map(|(score, _)| *score));
        all_labels.extend(own.iter().map(|(_, label)| *label));
    }
    TaskMetrics {
        auc: auc(&all_scores, &all_labels).unwrap_or(0.5),
        ndcg_1: ndcg_1.value().unwrap_or(0.0),
        ndcg_5: ndcg_5.value().unwrap_or(0.0),
    }
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (task, name) in self.tasks.iter().zip(crate::models::mlpr::TASKS) {
            let TaskMetrics { auc, ndcg_1, ndcg_5 } = task;
            write!(f, "{name} AUC {auc:.4} nDCG@1 {ndcg_1:.4} nDCG@5 {ndcg_5:.4}; ")?;
        }
        Ok(())
    }
}
