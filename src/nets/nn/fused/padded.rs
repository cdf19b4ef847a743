//! Multi-head attention over padded batches, as it is served.

use burn::tensor::Tensor;
use kernels::attention::padded;

use super::{OnCpu, from_vec, numbers, plain, slice};

/// Equation 1 of DMT by head, without the projections: queries `[B, n, d]`, keys and values `[B, m, d]`,
/// one for a key that is there and zero for padding `[B, m]`, to `[B, n, d]` and the weights
/// `[B, heads, n, m]`. Where nothing is there to attend to, both are zero.
///
/// None on another device, and where something is trained.
pub fn attention(
    [queries, keys, values]: [&Tensor<3>; 3],
    present: &Tensor<2>,
    heads: usize,
) -> Option<(Tensor<3>, Tensor<4>)> {
    let [batch, n, d] = queries.dims();
    let [_, m, _] = keys.dims();
    let inputs = [OnCpu::of(queries)?, OnCpu::of(keys)?, OnCpu::of(values)?, OnCpu::of(present)?];
    if inputs.iter().any(OnCpu::is_tracked) {
        return None;
    }
    let [q, k, v, present] = inputs.each_ref().map(|input| numbers(input.primitive()));
    let (mut output, mut weights) = (vec![0.0; batch * n * d], vec![0.0; batch * heads * n * m]);
    let memory = slice(&k).chunks_exact(m * d).zip(slice(&v).chunks_exact(m * d));
    let made = output.chunks_exact_mut(n * d).zip(weights.chunks_exact_mut(heads * n * m));
    let requests = slice(&q).chunks_exact(n * d).zip(slice(&present).chunks_exact(m));
    for (((queries, present), (keys, values)), (output, weights)) in requests.zip(memory).zip(made)
    {
        padded([queries, keys, values], present, [d, heads], output, weights);
    }
    Some((plain(from_vec(output, [batch, n, d])), plain(from_vec(weights, [batch, heads, n, m]))))
}
