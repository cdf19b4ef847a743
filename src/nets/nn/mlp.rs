//! Multi-layer perceptron with ReLU between its layers.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::layer::{linear, linear_relu};

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
        if let Some(last) = self.layers.last_mut() {
            // A weight is no result of what came before it.
            let raised = |bias: Tensor<1>| {
                let learns = bias.is_require_grad();
                (bias + level).detach().set_require_grad(learns)
            };
            last.bias = last.bias.take().map(|bias| bias.map(raised));
        }
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
