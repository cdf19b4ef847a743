//! What MLPR is measured by (MLPR 4.2): AUC over pairs of query and product, nDCG of a query's pairs,
//! for each task, over all queries and over blocks of them.

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData};

use super::library::Library;
use super::samples::{Samples, hash};

use crate::balance::Used;
use crate::device::device;
use crate::read;
use market::features::wide;
use market::metrics::{BLOCKS, Figure, Mean, auc, ndcg_at};
use nets::models::mlpr::{K, Mlpr, Pairs, TASKS};

/// Pairs that are scored at once: a slice of a look, so few that whoever waits does not notice.
const BATCH: usize = 512;

/// Names of a task's metrics.
pub const METRICS: [&str; 3] = ["AUC", "nDCG@1", "nDCG@5"];

/// y_click, y_cart, y_order of every pair, in their order. Blocks: for the CPU.
pub fn scores(model: &Mlpr, library: &Library<'_>, samples: &Samples) -> Vec<[f32; K]> {
    let mut scores = Vec::with_capacity(samples.len());
    each_batch(model, library, samples, |pairs| {
        let numbers = read(model.forward(pairs, [1.0, 1.0]).engagement);
        scores.extend(numbers.chunks_exact(K).map(|row| [row[0], row[1], row[2]]));
    });
    scores
}

/// A query of fewer pairs is no page.
const PAGE: usize = 10;

/// How the gates of each stage use their experts, a query's pairs taken for its page.
pub fn experts(
    model: &Mlpr,
    library: &Library<'_>,
    samples: &Samples,
) -> Vec<(&'static str, Used)> {
    let mut stages = [("stage 1", Vec::new(), 0), ("stage 2", Vec::new(), 0)];
    each_batch(model, library, samples, |pairs| {
        let output = model.forward(pairs, [1.0, 1.0]);
        for ((_, gates, experts), stage) in stages.iter_mut().zip([output.stage_1, output.stage_2])
        {
            if let Some(stage) = stage {
                *experts = stage.gates.dims()[2];
                gates.extend(read(stage.gates));
            }
        }
    });
    let of_stage = |(name, gates, experts): (&'static str, Vec<f32>, usize)| {
        let mut used = Used::default();
        for group in samples.groups.iter().filter(|group| group.len() >= PAGE && experts > 0) {
            let of_pair = K * experts;
            used.add(&gates[group.start * of_pair..group.end * of_pair], [K, experts]);
        }
        (name, used)
    };
    stages.into_iter().map(of_stage).collect()
}

/// What a model would read of every pair: `act` is given some pairs after another.
pub fn each_batch(
    model: &Mlpr,
    library: &Library<'_>,
    samples: &Samples,
    mut act: impl FnMut(&Pairs),
) {
    let texts = library.queries(&samples.queries);
    let vectors = library.encode(&model.bert, &texts, &device());
    batches_of(vectors, samples).for_each(|pairs| act(&pairs));
}

/// The same of phi of every query of the samples and psi of every product.
pub fn batches_of(
    [queries, products]: [Tensor<2>; 2],
    samples: &Samples,
) -> impl Iterator<Item = Pairs> {
    let device = device();
    let groups = samples.groups.iter().enumerate();
    let query_of: Vec<i32> =
        groups.flat_map(|(query, group)| group.clone().map(move |_| query as i32)).collect();
    (0..samples.len()).step_by(BATCH).map(move |start| {
        let range: Range<usize> = start..(start + BATCH).min(samples.len());
        let n = range.len();
        let rows = |ids: Vec<i32>| -> Tensor<1, Int> {
            Tensor::from_data(TensorData::new(ids, [n]), &device)
        };
        let ids = samples.products[range.clone()].iter().map(|id| id.cast_signed()).collect();
        let wide = TensorData::new(samples.wide(range.clone()).to_vec(), [n, wide::COUNT]);
        Pairs {
            query: queries.clone().select(0, rows(query_of[range].to_vec())),
            item: products.clone().select(0, rows(ids)),
            wide: Tensor::from_data(wide, &device),
        }
    })
}

/// The metrics of each task over all pairs and by block of queries, of scores that are one for each
/// pair and task: "click AUC", "click nDCG@1" and so on.
pub fn by_block(samples: &Samples, scores: &[[f32; K]]) -> Vec<Figure> {
    let all: Vec<usize> = (0..samples.groups.len()).collect();
    let mut blocks = vec![Vec::new(); BLOCKS];
    for (number, query) in samples.queries.iter().enumerate() {
        blocks[(hash(query.bytes()) % BLOCKS as u64) as usize].push(number);
    }
    let mut figures = Vec::with_capacity(K * METRICS.len());
    for (task, name) in TASKS.iter().enumerate() {
        let of = |queries: &[usize]| of_task(samples, scores, queries, task);
        let (whole, blocks): (_, Vec<_>) =
            (of(&all), blocks.iter().map(|queries| of(queries)).collect());
        figures.extend((0..METRICS.len()).map(|metric| Figure {
            name: format!("{name} {}", METRICS[metric]),
            whole: whole[metric],
            blocks: std::array::from_fn(|block| blocks[block][metric]),
        }));
    }
    figures
}

/// Groups of pairs by how often they were shown: the quarter that was shown least, the half above it,
/// the quarter that was shown most (5.4).
pub const SHOWN: [&str; 3] = ["fewest", "middle", "most"];

/// The same metrics of each of the groups: "click AUC fewest" and so on.
pub fn by_impressions(samples: &Samples, scores: &[[f32; K]]) -> Vec<Figure> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|&pair| samples.engagement[pair].impressions);
    let mut group_of = vec![0; samples.len()];
    for (rank, &pair) in order.iter().enumerate() {
        group_of[pair] = match 4 * rank / samples.len() {
            0 => 0,
            3 => 2,
            _ => 1,
        };
    }
    let mut figures = Vec::with_capacity(SHOWN.len() * K * METRICS.len());
    for (group, name) in SHOWN.iter().enumerate() {
        let own = |pair: &usize| group_of[*pair] == group;
        let scores: Vec<[f32; K]> =
            (0..samples.len()).filter(own).map(|pair| scores[pair]).collect();
        let figures_of = by_block(&samples.only(|pair| own(&pair)), &scores);
        figures.extend(figures_of.into_iter().map(|figure| {
            let name = format!("{} {name}", figure.name);
            Figure { name, ..figure }
        }));
    }
    figures
}

/// The metrics of one task over some queries, each where it exists.
fn of_task(
    samples: &Samples,
    scores: &[[f32; K]],
    queries: &[usize],
    task: usize,
) -> [Option<f64>; METRICS.len()] {
    let (mut all_scores, mut all_labels) = (Vec::new(), Vec::new());
    let (mut ndcg_1, mut ndcg_5) = (Mean::default(), Mean::default());
    for &query in queries {
        let pairs = samples.groups[query].clone();
        let own: Vec<(f32, bool)> = pairs
            .map(|pair| (scores[pair][task], samples.engagement[pair].labels()[task]))
            .collect();
        // Among equals the negatives come first: scoring all alike earns nothing.
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (own[a as usize], own[b as usize]);
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
        });
        let positives: Vec<u32> =
            (0..own.len() as u32).filter(|&place| own[place as usize].1).collect();
        // Where every pair is a positive there is nothing to order.
        if positives.len() < own.len() {
            ndcg_1.add(ndcg_at(1, &order, &positives));
            ndcg_5.add(ndcg_at(5, &order, &positives));
        }
        all_scores.extend(own.iter().map(|(score, _)| *score));
        all_labels.extend(own.iter().map(|(_, label)| *label));
    }
    [auc(&all_scores, &all_labels), ndcg_1.value(), ndcg_5.value()]
}
