//! Gated recurrent unit, with and without an attentional update gate.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

/// A GRU over sequences that stand newest first, padded at their end: it runs from the last
/// column to the first, and padding leaves its state as it is.
///
/// ```text
/// u_t = sigmoid(W_u x_t + b_u + U_u h_t-1)        update gate, times a_t where there is attention
/// r_t = sigmoid(W_r x_t + b_r + U_r h_t-1)        reset gate
/// c_t = tanh(W_c x_t + b_c + r_t * U_c h_t-1)
/// h_t = (1 - u_t) * h_t-1 + u_t * c_t
/// ```
#[derive(Module, Debug)]
pub struct Gru {
    update: Gate,
    reset: Gate,
    candidate: Gate,
}

/// W, b and U of one line above.
#[derive(Module, Debug)]
struct Gate {
    input: Linear,
    state: Linear,
}

impl Gru {
    /// A unit from inputs of one width to states of another.
    pub fn new(input: usize, state: usize, device: &Device) -> Self {
        let gate = || Gate {
            input: LinearConfig::new(input, state).init(device),
            state: LinearConfig::new(state, state).with_bias(false).init(device),
        };
        Self { update: gate(), reset: gate(), candidate: gate() }
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
        let a = match attention {
            Some(attention) => attention.clone() * present.clone().unsqueeze_dim(1),
            None => present.clone().unsqueeze_dim(1),
        };
        let [_, runs, _] = a.dims();
        let of_inputs = |gate: &Gate| gate.input.forward(inputs.clone());
        let [u, r, c] = [&self.update, &self.reset, &self.candidate].map(of_inputs);
        let d = c.dims()[2];
        let mut h = Tensor::zeros([batch, runs, d], &c.device());
        let mut states = Vec::with_capacity(length);
        for t in (0..length).rev() {
            let at = |tensor: &Tensor<3>| tensor.clone().narrow(1, t, 1);
            let of_state = |gate: &Gate| gate.state.forward(h.clone());
            let u = sigmoid(of_state(&self.update) + at(&u)) * a.clone().narrow(2, t, 1);
            let r = sigmoid(of_state(&self.reset) + at(&r));
            let c = (r * of_state(&self.candidate) + at(&c)).tanh();
            h = h.clone() + u * (c - h);
            states.push(h.clone());
        }
        states.reverse();
        states
    }
}
