//! The normalised perceptron on top of a retrieval tower: {(FC, LN, LReLU) x n, FC} (MOPPR eq. 12, 14).

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};

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
    /// `[..., input]` to `[..., output]`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let hidden = self.hidden.iter().fold(input, |x, layer| {
            leaky_relu(layer.norm.forward(layer.linear.forward(x)), NEGATIVE_SLOPE)
        });
        self.output.forward(hidden)
    }
}

/// Rows divided by their length: what leaves a retrieval tower.
pub fn l2_norm(rows: Tensor<2>) -> Tensor<2> {
    let length = rows.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
    rows / length
}
