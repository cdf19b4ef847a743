//! Pairs as tensors: queries and products once each, and the rows that every pair takes of them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::samples::{Labels, Samples};
use market::catalogue::ProductId;
use market::features::wide;
use nets::models::mlpr::K;

/// n pairs.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Numbers of the queries, each once.
    pub queries: Vec<usize>,
    /// Products, each once.
    pub products: Vec<ProductId>,
    /// Which of `queries` is that of each pair, `[n]`.
    pub query: Tensor<1, Int>,
    /// Which of `products` is that of each pair, `[n]`.
    pub product: Tensor<1, Int>,
    /// Wide features, `[n, F]`.
    pub wide: Tensor<2>,
    /// Trials of each pair that were clicked, put in the cart, ordered, `[n, K]`.
    pub engaged: Tensor<2>,
    /// Trials of each pair, `[n, 1]`.
    pub trials: Tensor<2>,
}

impl Batch {
    /// Some pairs of some queries: at least one.
    pub fn new(samples: &Samples, chosen: &[Chosen], labels: Labels, device: &Device) -> Self {
        let mut products: BTreeMap<ProductId, i32> = BTreeMap::new();
        let (mut query, mut product) = (Vec::new(), Vec::new());
        let (mut wide, mut engaged, mut trials) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (_, pairs)) in chosen.iter().enumerate() {
            for &pair in pairs {
                query.push(row as i32);
                let next = products.len() as i32;
                product.push(*products.entry(samples.products[pair]).or_insert(next));
                wide.extend_from_slice(samples.wide(pair..pair + 1));
                let (counts, of) = labels.of(&samples.engagement[pair]);
                engaged.extend(counts);
                trials.push(of);
            }
        }
        let n = query.len();
        let mut in_order = vec![0; products.len()];
        products.into_iter().for_each(|(product, row)| in_order[row as usize] = product);
        let floats = |values: Vec<f32>, width: usize| {
            Tensor::<2>::from_data(TensorData::new(values, [n, width]), device)
        };
        Self {
            queries: chosen.iter().map(|(query, _)| *query).collect(),
            products: in_order,
            query: Tensor::from_data(TensorData::new(query, [n]), device),
            product: Tensor::from_data(TensorData::new(product, [n]), device),
            wide: floats(wide, wide::COUNT),
            engaged: floats(engaged, K),
            trials: floats(trials, 1),
        }
    }
}

/// A query by its number, and those of its pairs that a step learns from.
pub type Chosen = (usize, Vec<usize>);

/// The pairs of each step of an epoch: queries in a random order, each with at most `most` of its
/// pairs drawn by chance, until there are `batch` of them.
pub fn batches(
    samples: &Samples,
    batch: usize,
    most: usize,
    random: &mut ChaCha8Rng,
) -> Vec<Vec<Chosen>> {
    let mut queries: Vec<usize> = (0..samples.groups.len()).collect();
    queries.shuffle(random);
    let (mut batches, mut chosen, mut count) = (Vec::new(), Vec::new(), 0);
    for query in queries {
        let mut pairs: Vec<usize> = samples.groups[query].clone().collect();
        if pairs.len() > most {
            pairs.shuffle(random);
            pairs.truncate(most);
        }
        count += pairs.len();
        chosen.push((query, pairs));
        if count >= batch {
            batches.push(std::mem::take(&mut chosen));
            count = 0;
        }
    }
    // Normalisation over a batch needs more than a pair or two.
    match batches.last_mut() {
        Some(last) if count < batch / 2 => last.append(&mut chosen),
        _ if count > 0 => batches.push(chosen),
        _ => {}
    }
    batches
}
