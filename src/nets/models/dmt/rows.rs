//! DMT as it is trained on the CPU: over rows without padding. It computes what [`Dmt::rank`] does.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::interest::{DeepInterestTransformer, ItemEmbedding};
use super::{Dmt, Network};
use crate::nn::experts::{Chance, TaskOutput};
use crate::nn::fused::attention::{Segments, between, within};
use crate::nn::fused::embedding::embed;
use market::catalogue::{Catalogue, ProductId};

/// Items by their rows in each embedding table, n of them.
#[derive(Clone, Debug)]
pub struct ItemRows([Arc<Vec<i32>>; 4]);

impl ItemRows {
    /// Of products.
    ///
    /// # Panics
    /// If a product is not in the catalogue.
    pub fn new(catalogue: &Catalogue, products: &[ProductId]) -> Self {
        let product = |&id: &ProductId| &catalogue.products[id as usize];
        Self([
            Arc::new(products.iter().map(|&id| catalogue.row(id) as i32).collect()),
            Arc::new(products.iter().map(|id| i32::from(product(id).product_type)).collect()),
            Arc::new(products.iter().map(|id| i32::from(product(id).brand)).collect()),
            Arc::new(products.iter().map(|id| i32::from(product(id).shop)).collect()),
        ])
    }
}

/// One behaviour sequence of each request, one after another, newest first.
#[derive(Clone, Debug)]
pub struct SequenceRows {
    items: ItemRows,
    /// Position of each behaviour in its sequence.
    places: Arc<Vec<i32>>,
    /// Behaviours of one request.
    within: Segments,
    /// Candidates of a request, and its behaviours.
    towards: Segments,
    /// One for a candidate of a request that has such a behaviour, else zero, `[n, 1]`.
    any: Tensor<2>,
}

impl SequenceRows {
    /// From the history of each request, and the number of its candidates.
    pub fn new(
        catalogue: &Catalogue,
        histories: &[&[ProductId]],
        candidates: &[usize],
        device: &Device,
    ) -> Self {
        let lengths: Vec<usize> = histories.iter().map(|history| history.len()).collect();
        let any: Vec<f32> = lengths
            .iter()
            .zip(candidates)
            .flat_map(|(&length, &count)| {
                std::iter::repeat_n(if length > 0 { 1.0 } else { 0.0 }, count)
            })
            .collect();
        let n = any.len();
        Self {
            items: ItemRows::new(catalogue, &histories.concat()),
            places: Arc::new(lengths.iter().flat_map(|&length| 0..length as i32).collect()),
            within: within(&lengths),
            towards: between(candidates, &lengths),
            any: Tensor::from_data(TensorData::new(any, [n, 1]), device),
        }
    }
}

/// Candidates of some requests, n in all, and the behaviour of these requests.
#[derive(Clone, Debug)]
pub struct Rows {
    /// By sequence.
    pub sequences: Vec<SequenceRows>,
    /// Candidates.
    pub items: ItemRows,
    /// Dense features as they are counted, `[n, F]`.
    pub dense: Tensor<2>,
}

impl Dmt {
    /// Utility logits u_k of every candidate (equation 3), `[n, K]`, and where experts are gated
    /// the gate weights, `[n, K, E]`; none where this is not training
    /// on the CPU, interests are not made by transformers, or a sequence is empty for all requests:
    /// a tensor has no axis of length zero.
    ///
    /// `chances` are those that the experts of each network meet, as [`Dmt::rank_by_chance`] has them.
    pub fn utilities(
        &self,
        rows: &Rows,
        chances: &[Chance],
    ) -> Option<(Tensor<2>, Option<Tensor<3>>)> {
        let dense = self.normaliser.forward(rows.dense.clone());
        let networks = self.networks.iter().enumerate();
        let networks = networks
            .map(|(number, network)| network.tasks_of_rows(rows, &dense, chances.get(number)));
        let outputs = networks.collect::<Option<Vec<_>>>()?;
        let gates = self.networks[0].is_gated().then(|| outputs[0].gates.clone());
        let utilities = outputs.into_iter().map(|output| output.utilities).collect();
        Some((Tensor::cat(utilities, 1), gates))
    }
}

/// What reads a sequence, the sequence, and whether it is left out.
type Read<'a> = (&'a DeepInterestTransformer, (&'a SequenceRows, bool));

impl Network {
    fn tasks_of_rows(
        &self,
        rows: &Rows,
        dense: &Tensor<2>,
        chance: Option<&Chance>,
    ) -> Option<TaskOutput> {
        let read = rows.sequences.iter().zip(self.left_out).take(self.sequences);
        let mut empty = read.map(|(rows, left_out)| !left_out && rows.items.0[0].is_empty());
        if self.transformers.len() < self.sequences || empty.any(|empty| empty) {
            return None;
        }
        let target = self.items.rows(&rows.items)?;
        let sequences = self.transformers.iter().zip(rows.sequences.iter().zip(self.left_out));
        let interest = |(transformer, (sequence, left_out)): Read<'_>| {
            if left_out {
                return Some(target.zeros_like());
            }
            let items = self.items.rows(&sequence.items)?;
            transformer.interest_of_rows(items, &target, sequence)
        };
        let mut x: Vec<Tensor<2>> = sequences.map(interest).collect::<Option<_>>()?;
        x.push(target.clone());
        x.push(dense.clone());
        Some(self.tasks.forward(Tensor::cat(x, 1), 1.0, chance))
    }
}

impl ItemEmbedding {
    /// `[n, d]`.
    fn rows(&self, items: &ItemRows) -> Option<Tensor<2>> {
        let tables = [&self.product, &self.product_type, &self.brand, &self.shop];
        let tables = tables.map(|table| table.weight.val());
        embed(tables.each_ref(), items.0.each_ref())
    }
}

impl DeepInterestTransformer {
    /// The interest of each target item, `[n, d]`, in the behaviours of its request.
    fn interest_of_rows(
        &self,
        items: Tensor<2>,
        target: &Tensor<2>,
        sequence: &SequenceRows,
    ) -> Option<Tensor<2>> {
        let items = match &self.positions {
            Some(positions) => items + embed([&positions.val()], [&sequence.places])?,
            None => items,
        };
        let own = self.encoder.memorise_rows(items.clone());
        let encoded = self.encoder.forward_rows(items, &own, &sequence.within)?;
        let memory = self.decoder.memorise_rows(encoded);
        let interest = self.decoder.forward_rows(target.clone(), &memory, &sequence.towards)?;
        Some(interest * sequence.any.clone())
    }
}
