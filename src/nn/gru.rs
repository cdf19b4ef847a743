//! Gated recurrent unit, with and without an attentional update gate.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

/// A GRU over sequences that stand newest first, padded at their end: it runs from the last
/// column to the first, and padding leaves its state as it is.
///
/// ```text
/// u_t = sigmoid(W_u x_t + U_u h_t-1 + b_u)        update gate, times a_t where there is attention
/// r_t = sigmoid(W_r x_t + U_r h_t-1 + b_r)        reset gate
/// c_t = tanh(W_c x_t + r_t * U_c h_t-1 + b_c)
/// h_t = (1 - u_t) * h_t-1 + u_t * c_t
/// ```
#[derive(Module, Debug)]
pub struct Gru {
    /// W_u, W_r, W_c side by side, and their biases.
    input: Linear,
    /// U_u, U_r, U_c side by side.
    state: Linear,
}

impl Gru {
    /// A unit from inputs of one width to states of another.
    pub fn new(input: usize, state: usize, device: &Device) -> Self {
        Self {
            input: LinearConfig::new(input, 3 * state).init(device),
            state: LinearConfig::new(state, 3 * state).with_bias(false).init(device),
        }
    }

    /// The state after each input, `[batch, runs, d]` each, newest first.
    ///
    /// - `inputs`: `[batch, T, input]`; every run of a row reads the same;
    /// - `present`: one for an input, zero for padding, `[batch, T]`;
    /// - `attention`: a_t of each run, `[batch, runs, T]`; without it there is one run, and a_t
    ///   is one.
    pub fn forward(
        &self,
        inputs: Tensor<3>,
        present: &Tensor<2>,
        attention: Option<&Tensor<3>>,
    ) -> Vec<Tensor<3>> {
        let [batch, length, _] = inputs.dims();
        let runs = attention.map_or(1, |attention| attention.dims()[1]);
        let x = self.input.forward(inputs);
        let d = x.dims()[2] / 3;
        let mut h = Tensor::zeros([batch, runs, d], &x.device());
        let mut states = Vec::with_capacity(length);
        for t in (0..length).rev() {
            let x = x.clone().narrow(1, t, 1);
            let s = self.state.forward(h.clone());
            let gates = sigmoid(x.clone().narrow(2, 0, 2 * d) + s.clone().narrow(2, 0, 2 * d));
            let (u, r) = (gates.clone().narrow(2, 0, d), gates.narrow(2, d, d));
            let c = (x.narrow(2, 2 * d, d) + r * s.narrow(2, 2 * d, d)).tanh();
            let mut a = present.clone().narrow(1, t, 1).unsqueeze_dim::<3>(2);
            if let Some(attention) = attention {
                a = a * attention.clone().narrow(2, t, 1);
            }
            h = h.clone() + u * a * (c - h);
            states.push(h.clone());
        }
        states.reverse();
        states
    }
}
