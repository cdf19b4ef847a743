//! The normalised perceptron on top of a retrieval tower: {(FC, LN, LReLU) x n, FC} (MOPPR eq. 12, 14).

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::layer::{linear, norm_leaky_relu};

/// Slope of the Leaky ReLU below zero.
pub const NEGATIVE_SLOPE: f64 = 0.01;

/// Sizes of an [`Tower`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TowerConfig {
    /// Size of the input.
    pub input: usize,
    /// Sizes of the normalised layers.
    pub hidden: Vec<usize>,
    /// Size of the output.
    pub output: usize,
}

impl TowerConfig {
    /// A network with random weights.
    pub fn init(&self, device: &Device) -> Tower {
        let mut width = self.input;
        let mut hidden = Vec::with_capacity(self.hidden.len());
        for &size in &self.hidden {
            hidden.push(Layer {
                linear: LinearConfig::new(width, size).init(device),
                norm: LayerNormConfig::new(size).init(device),
            });
            width = size;
        }
        Tower { hidden, output: LinearConfig::new(width, self.output).init(device) }
    }
}

/// {(FC, LN, LReLU) x n, FC}.
#[derive(Module, Debug)]
pub struct Tower {
    hidden: Vec<Layer>,
    output: Linear,
}

/// (FC, LN, LReLU).
#[derive(Module, Debug)]
pub struct Layer {
    linear: Linear,
    norm: LayerNorm,
}

impl Tower {
    /// Widths of the layers, input and output with them.
    pub fn widths(&self) -> Vec<usize> {
        let layers = self.hidden.iter().map(|layer| &layer.linear).chain([&self.output]);
        let sizes: Vec<[usize; 2]> = layers.map(|layer| layer.weight.val().dims()).collect();
        sizes[..1]
            .iter()
            .map(|[input, _]| *input)
            .chain(sizes.iter().map(|[_, out]| *out))
            .collect()
    }

    /// `[..., input]` to `[..., output]`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let hidden = self.hidden.iter().fold(input, |x, layer| {
            norm_leaky_relu(&layer.norm, linear(&layer.linear, x), NEGATIVE_SLOPE)
        });
        linear(&self.output, hidden)
    }
}

/// Rows divided by their length: what leaves a retrieval tower.
pub fn l2_norm(rows: Tensor<2>) -> Tensor<2> {
    if let Some(units) = super::fused::unit::unit_rows(&rows, 1e-12) {
        return units;
    }
    let length = rows.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
    rows / length
}
