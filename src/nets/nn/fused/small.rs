//! Products of many small matrices, each too small to be worth a call.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use pulp::Simd;

use super::math::sum_of_two;
use super::{from_vec, numbers, record, slice, tensor, tracked};

/// `[n, p, q]` by `[n, q, r]` to `[n, p, r]`; none where this is not training on the CPU.
pub fn product(a: &Tensor<3>, b: &Tensor<3>) -> Option<Tensor<3>> {
    let [n, p, q] = a.dims();
    let [_, _, r] = b.dims();
    let inputs = [tracked(a)?, tracked(b)?];
    let [a, b] = inputs.each_ref().map(|input| numbers(input.primitive()));
    let mut output = vec![0.0; n * p * r];
    forward(slice(&a), slice(&b), [p, q, r], &mut output);
    let output = from_vec(output, [n, p, r]);
    let [first, second] = &inputs;
    Some(tensor(record([first, second], output, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let (mut by_a, mut by_b) = (vec![0.0; n * p * q], vec![0.0; n * q * r]);
        backward([slice(&a), slice(&b), slice(&gradient)], [p, q, r], &mut by_a, &mut by_b);
        [Some(from_vec(by_a, [n, p, q])), Some(from_vec(by_b, [n, q, r]))]
    })))
}

#[pulp::with_simd(forward = pulp::Arch::new())]
#[inline(always)]
fn forward_with<'a, S: Simd>(
    _simd: S,
    a: &'a [f32],
    b: &'a [f32],
    [p, q, r]: [usize; 3],
    output: &'a mut [f32],
) {
    let matrices = a.chunks_exact(p * q).zip(b.chunks_exact(q * r));
    for ((a, b), output) in matrices.zip(output.chunks_exact_mut(p * r)) {
        for (row, output) in a.chunks_exact(q).zip(output.chunks_exact_mut(r)) {
            if r == 1 {
                output[0] = sum_of_two(row, b, |x, y| x * y);
                continue;
            }
            for (&x, b) in row.iter().zip(b.chunks_exact(r)) {
                output.iter_mut().zip(b).for_each(|(sum, y)| *sum += x * y);
            }
        }
    }
}

#[pulp::with_simd(backward = pulp::Arch::new())]
#[inline(always)]
fn backward_with<'a, S: Simd>(
    _simd: S,
    [a, b, gradient]: [&'a [f32]; 3],
    [p, q, r]: [usize; 3],
    by_a: &'a mut [f32],
    by_b: &'a mut [f32],
) {
    let inputs = a.chunks_exact(p * q).zip(b.chunks_exact(q * r));
    let outputs = by_a.chunks_exact_mut(p * q).zip(by_b.chunks_exact_mut(q * r));
    let all = inputs.zip(gradient.chunks_exact(p * r)).zip(outputs);
    for (((a, b), gradient), (by_a, by_b)) in all {
        let rows = a.chunks_exact(q).zip(by_a.chunks_exact_mut(q));
        for ((row, by_row), gradient) in rows.zip(gradient.chunks_exact(r)) {
            if r == 1 {
                let g = gradient[0];
                by_row.iter_mut().zip(b).for_each(|(by, y)| *by = g * y);
                by_b.iter_mut().zip(row).for_each(|(by, x)| *by += g * x);
                continue;
            }
            let columns = b.chunks_exact(r).zip(by_b.chunks_exact_mut(r));
            for ((&x, by), (b, by_b)) in row.iter().zip(by_row).zip(columns) {
                *by = sum_of_two(gradient, b, |g, y| g * y);
                by_b.iter_mut().zip(gradient).for_each(|(by, g)| *by += x * g);
            }
        }
    }
}
