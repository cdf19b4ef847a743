//! Multi-layer perceptron with ReLU between its layers.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::layer::{linear, linear_relu, raised};

/// Fully connected layers with ReLU after each but the last.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// A perceptron through `sizes`, input first; at least two of them.
    pub fn new(sizes: &[usize], device: &Device) -> Self {
        let layers =
            sizes.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect();
        Self { layers }
    }

    /// The same with `level` more at every output.
    pub fn raised(mut self, level: f32) -> Self {
        let last = self.layers.pop().map(|last| raised(last, level));
        self.layers.extend(last);
        self
    }

    /// `[..., sizes[0]]` to `[..., sizes[last]]`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(input, |hidden, (number, layer)| {
            if number < last { linear_relu(layer, hidden) } else { linear(layer, hidden) }
        })
    }
}
