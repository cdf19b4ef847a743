//! Multi-head attention and the self-attention block around it (DMT 4.2.2).

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

#[cfg(feature = "training")]
use super::fused::attention::{Segments, attention as attend};
use super::fused::padded;
use super::layer::{add_norm, linear};
use super::mlp::Mlp;

/// Added to the score of a key that is padding: its weight after the softmax is exactly zero,
/// and a row of nothing but padding stays finite.
pub(crate) const MASKED: f32 = -1e30;

/// Which keys are there: `[batch, keys]`, one for a key and zero for padding.
#[derive(Clone, Debug)]
pub struct KeyMask {
    present: Tensor<2>,
}

impl KeyMask {
    /// From ones and zeros of shape `[batch, keys]`.
    pub fn new(present: Tensor<2>) -> Self {
        Self { present }
    }

    /// Added to attention scores: `[batch, 1, 1, keys]`.
    fn penalty(&self) -> Tensor<4> {
        let [batch, keys] = self.present.dims();
        ((self.present.clone() - 1.0) * -MASKED).reshape([batch, 1, 1, keys])
    }

    /// One for a key and zero for padding: `[batch, keys]`.
    pub fn present(&self) -> &Tensor<2> {
        &self.present
    }

    /// One for a sequence that has a key, zero for an empty one: `[batch, 1, 1]`.
    pub fn any(&self) -> Tensor<3> {
        self.present.clone().max_dim(1).unsqueeze_dim(2)
    }

    /// Mean of the values that are there, zero for an empty sequence: `[batch, keys, d]` to
    /// `[batch, 1, d]`.
    pub fn mean(&self, values: Tensor<3>) -> Tensor<3> {
        let present: Tensor<3> = self.present.clone().unsqueeze_dim(2);
        let count = present.clone().sum_dim(1).clamp_min(1.0);
        (values * present).sum_dim(1) / count
    }
}

/// Multi-head attention:
/// `Concat(head_1, ..., head_h) W^O` with `head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)`.
#[derive(Module, Debug)]
pub struct MultiHeadAttention {
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    heads: usize,
}

/// Keys and values of all heads side by side, each `[batch, keys, d]`: computed once and attended to by
/// any number of queries.
#[derive(Clone, Debug)]
pub struct Memory {
    keys: Tensor<3>,
    values: Tensor<3>,
    mask: KeyMask,
}

/// Keys and values of rows without padding, `[m, d]` each.
#[cfg(feature = "training")]
#[derive(Clone, Debug)]
pub struct RowMemory {
    keys: Tensor<2>,
    values: Tensor<2>,
}

/// What came of attending.
#[derive(Clone, Debug)]
pub struct Attended {
    /// `[batch, queries, d]`.
    pub output: Tensor<3>,
    /// Softmax of equation 1, `[batch, heads, queries, keys]`: rows sum to one.
    pub weights: Tensor<4>,
}

impl MultiHeadAttention {
    /// `d` must be a multiple of `heads`; `d_k = d_v = d / heads`.
    pub fn new(d: usize, heads: usize, device: &Device) -> Self {
        let projection = || LinearConfig::new(d, d).with_bias(false).init(device);
        Self {
            queries: projection(),
            keys: projection(),
            values: projection(),
            output: projection(),
            heads,
        }
    }

    /// Queries and keys that start as `strength` times what they project, beside the random start:
    /// each attends at first to what is like itself, and learning begins with attention that tells
    /// keys apart (Trockman and Kolter, ICML 2023).
    fn towards_alike(mut self, strength: f32) -> Self {
        for projection in [&mut self.queries, &mut self.keys] {
            let [d, _] = projection.weight.dims();
            let alike = Tensor::eye(d, &projection.weight.device()) * strength;
            projection.weight = Param::from_tensor((projection.weight.val() + alike).detach());
        }
        self
    }

    /// Projects `[batch, keys, d]` into keys and values.
    pub fn memorise(&self, sequence: Tensor<3>, mask: KeyMask) -> Memory {
        Memory {
            keys: linear(&self.keys, sequence.clone()),
            values: linear(&self.values, sequence),
            mask,
        }
    }

    /// Equation 1 for each head, then `W^O`.
    pub fn forward(&self, queries: Tensor<3>, memory: &Memory) -> Attended {
        let [batch, length, d] = queries.dims();
        let queries = linear(&self.queries, queries);
        let Memory { keys, values, mask } = memory;
        let inputs = [&queries, keys, values];
        if let Some((heads, weights)) = padded::attention(inputs, mask.present(), self.heads) {
            return Attended { output: linear(&self.output, heads), weights };
        }
        let d_k = d / self.heads;
        let queries = self.split_heads(queries / (d_k as f32).sqrt());
        let [keys, values] = [keys, values].map(|projected| self.split_heads(projected.clone()));
        let scores = queries.matmul(keys.transpose()) + mask.penalty();
        let weights = softmax(scores, 3);
        let heads = weights.clone().matmul(values);
        let concatenated = heads.swap_dims(1, 2).reshape([batch, length, d]);
        Attended { output: linear(&self.output, concatenated), weights }
    }

    /// `[batch, length, d]` to `[batch, heads, length, d / heads]`.
    fn split_heads(&self, projected: Tensor<3>) -> Tensor<4> {
        let [batch, length, d] = projected.dims();
        projected.reshape([batch, length, self.heads, d / self.heads]).swap_dims(1, 2)
    }
}

/// Multi-head attention and a point-wise feed-forward network (equation 2), each with a residual
/// connection and layer normalisation after it, as in the Transformer that DMT builds on.
#[derive(Module, Debug)]
pub struct AttentionBlock {
    attention: MultiHeadAttention,
    attention_norm: LayerNorm,
    feed_forward: Mlp,
    feed_forward_norm: LayerNorm,
}

impl AttentionBlock {
    /// A block of width `d` whose feed-forward network is `d_f` wide inside.
    pub fn new(d: usize, heads: usize, d_f: usize, device: &Device) -> Self {
        Self {
            attention: MultiHeadAttention::new(d, heads, device),
            attention_norm: LayerNormConfig::new(d).init(device),
            feed_forward: Mlp::new(&[d, d_f, d], device),
            feed_forward_norm: LayerNormConfig::new(d).init(device),
        }
    }

    /// The block with attention that starts towards what is alike, `strength` times.
    pub fn towards_alike(mut self, strength: f32) -> Self {
        self.attention = self.attention.towards_alike(strength);
        self
    }

    /// Keys and values of this block's attention.
    pub fn memorise(&self, sequence: Tensor<3>, mask: KeyMask) -> Memory {
        self.attention.memorise(sequence, mask)
    }

    /// The block with `[batch, queries, d]` attending to a memory.
    pub fn forward(&self, queries: Tensor<3>, memory: &Memory) -> Attended {
        let Attended { output, weights } = self.attention.forward(queries.clone(), memory);
        Attended { output: self.after(queries, output), weights }
    }

    /// What follows the attention: both residual connections, and the feed-forward network.
    fn after<const D: usize>(&self, queries: Tensor<D>, attended: Tensor<D>) -> Tensor<D> {
        let hidden = add_norm(&self.attention_norm, queries, attended);
        let output = self.feed_forward.forward(hidden.clone());
        add_norm(&self.feed_forward_norm, hidden, output)
    }

    /// The block over rows without padding, `[n, d]`, which attend to those of a memory of the same
    /// segments; none where this is not training on the CPU.
    #[cfg(feature = "training")]
    pub fn forward_rows(
        &self,
        queries: Tensor<2>,
        memory: &RowMemory,
        segments: &Segments,
    ) -> Option<Tensor<2>> {
        let attention = &self.attention;
        let q = linear(&attention.queries, queries.clone());
        let attended = attend(&q, &memory.keys, &memory.values, attention.heads, segments)?;
        Some(self.after(queries, linear(&attention.output, attended)))
    }

    /// Keys and values of this block's attention for rows without padding, `[m, d]`.
    #[cfg(feature = "training")]
    pub fn memorise_rows(&self, rows: Tensor<2>) -> RowMemory {
        RowMemory {
            keys: linear(&self.attention.keys, rows.clone()),
            values: linear(&self.attention.values, rows),
        }
    }
}
