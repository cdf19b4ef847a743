//! Products of many small matrices, each too small to be worth a call.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::small::{backward, forward};

use super::{OnCpu, from_vec, numbers, output as made, slice};

/// `[n, p, q]` by `[n, q, r]` to `[n, p, r]`; none on another device.
pub fn product(a: &Tensor<3>, b: &Tensor<3>) -> Option<Tensor<3>> {
    let [n, p, q] = a.dims();
    let [_, _, r] = b.dims();
    let inputs = [OnCpu::of(a)?, OnCpu::of(b)?];
    let [a, b] = inputs.each_ref().map(|input| numbers(input.primitive()));
    let mut output = vec![0.0; n * p * r];
    forward(slice(&a), slice(&b), [p, q, r], &mut output);
    let output = from_vec(output, [n, p, r]);
    let [first, second] = &inputs;
    Some(made([first, second], output, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let (mut by_a, mut by_b) = (vec![0.0; n * p * q], vec![0.0; n * q * r]);
        backward([slice(&a), slice(&b), slice(&gradient)], [p, q, r], &mut by_a, &mut by_b);
        [Some(from_vec(by_a, [n, p, q])), Some(from_vec(by_b, [n, q, r]))]
    }))
}
