//! Products of many small matrices, each too small to be worth a call.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::{dot, update_by};

/// Adds the products of matrices `[p, q]` by `[q, r]`, one after another, to those of `output`, `[p, r]`.
#[inline(never)]
pub fn forward(a: &[f32], b: &[f32], sizes: [usize; 3], output: &mut [f32]) {
    forward_dispatched(a, b, sizes, output)
}

#[pulp::with_simd(forward_dispatched = pulp::Arch::new())]
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
                output[0] = dot(row, b);
                continue;
            }
            for (&x, b) in row.iter().zip(b.chunks_exact(r)) {
                let x = Lanes::all(x);
                update_by(output, [b], |sum, [y]| sum + x * y);
            }
        }
    }
}

/// From the gradient of the products to those of both factors, which are zero before.
#[inline(never)]
pub fn backward(inputs: [&[f32]; 3], sizes: [usize; 3], by_a: &mut [f32], by_b: &mut [f32]) {
    backward_dispatched(inputs, sizes, by_a, by_b)
}

#[pulp::with_simd(backward_dispatched = pulp::Arch::new())]
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
                let g = Lanes::all(gradient[0]);
                update_by(by_row, [b], |_, [y]| g * y);
                update_by(by_b, [row], |by, [x]| by + g * x);
                continue;
            }
            let columns = b.chunks_exact(r).zip(by_b.chunks_exact_mut(r));
            for ((&x, by), (b, by_b)) in row.iter().zip(by_row).zip(columns) {
                *by = dot(gradient, b);
                let x = Lanes::all(x);
                update_by(by_b, [gradient], |by, [g]| by + x * g);
            }
        }
    }
}
