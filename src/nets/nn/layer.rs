//! Layers as the models apply them: on the CPU each is one operation, else what Burn makes of it.

use burn::nn::{BatchNorm, LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{leaky_relu, relu};

use super::fused;

/// `x W + b`, `[..., input]` to `[..., output]`.
pub fn linear<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    if let Some(output) = fused::linear::linear(&x, layer, false) {
        return output;
    }
    layer.forward(x)
}

/// The layer with `level` more at every output.
pub fn raised(mut layer: Linear, level: f32) -> Linear {
    // A weight is no result of what came before it.
    let raised = |bias: Tensor<1>| {
        let learns = bias.is_require_grad();
        (bias + level).detach().set_require_grad(learns)
    };
    layer.bias = layer.bias.take().map(|bias| bias.map(raised));
    layer
}

/// `ReLU(x W + b)`, `[..., input]` to `[..., output]`.
pub fn linear_relu<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    if let Some(output) = fused::linear::linear(&x, layer, true) {
        return output;
    }
    relu(layer.forward(x))
}

/// `LayerNorm(x)`.
pub fn norm<const D: usize>(norm: &LayerNorm, x: Tensor<D>) -> Tensor<D> {
    if let Some(output) = fused::norm::add_norm(&x, None, norm, 1.0) {
        return output;
    }
    norm.forward(x)
}

/// `LayerNorm(x + y)`.
pub fn add_norm<const D: usize>(norm: &LayerNorm, x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    if let Some(output) = fused::norm::add_norm(&x, Some(&y), norm, 1.0) {
        return output;
    }
    norm.forward(x + y)
}

/// `LeakyReLU(LayerNorm(x))`, with this slope below zero.
pub fn norm_leaky_relu<const D: usize>(norm: &LayerNorm, x: Tensor<D>, slope: f64) -> Tensor<D> {
    if let Some(output) = fused::norm::add_norm(&x, None, norm, slope as f32) {
        return output;
    }
    leaky_relu(norm.forward(x), slope)
}

/// `ReLU(BatchNorm(x))`, `[n, d]`.
pub fn batch_norm_relu(norm: &BatchNorm, x: Tensor<2>) -> Tensor<2> {
    if let Some(output) = fused::norm::batch_norm_relu(&x, norm) {
        return output;
    }
    relu(norm.forward(x))
}

/// Products of many small matrices, `[n, p, q]` by `[n, q, r]` to `[n, p, r]`.
pub fn small_products(a: Tensor<3>, b: Tensor<3>) -> Tensor<3> {
    if let Some(output) = fused::small::product(&a, &b) {
        return output;
    }
    a.matmul(b)
}

/// Inner products of each query with keys of its own, `[n, d]` and `[n, L, d]` to `[n, L]`.
pub fn inner_products(query: Tensor<2>, keys: &Tensor<3>) -> Tensor<2> {
    let [n, length, _] = keys.dims();
    if let Some(output) = fused::small::product(keys, &query.clone().unsqueeze_dim(2)) {
        return output.reshape([n, length]);
    }
    query.unsqueeze_dim::<3>(1).matmul(keys.clone().swap_dims(1, 2)).reshape([n, length])
}
