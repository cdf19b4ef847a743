//! What follows the matrix product of a linear layer.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::{update, update_by};

/// Adds a bias of `width` to each row of a product, and puts zero for what is below it if asked for (ReLU).
#[inline(never)]
pub fn finish(product: &mut [f32], bias: Option<&[f32]>, relu: bool, width: usize) {
    finish_dispatched(product, bias, relu, width)
}

#[pulp::with_simd(finish_dispatched = pulp::Arch::new())]
#[inline(always)]
fn finish_with<'a, S: Simd>(
    _simd: S,
    product: &'a mut [f32],
    bias: Option<&'a [f32]>,
    relu: bool,
    width: usize,
) {
    for row in product.chunks_exact_mut(width) {
        match (bias, relu) {
            (Some(bias), true) => update_by(row, [bias], |x, [bias]| (x + bias).relu()),
            (Some(bias), false) => update_by(row, [bias], |x, [bias]| x + bias),
            (None, true) => update(row, |x| x.relu()),
            (None, false) => (),
        }
    }
}

/// The gradient where the output is above zero, elsewhere zero.
#[inline(never)]
pub fn mask(gradient: &[f32], output: &[f32], masked: &mut [f32]) {
    mask_dispatched(gradient, output, masked)
}

#[pulp::with_simd(mask_dispatched = pulp::Arch::new())]
#[inline(always)]
fn mask_with<'a, S: Simd>(_simd: S, gradient: &'a [f32], output: &'a [f32], masked: &'a mut [f32]) {
    update_by(masked, [gradient, output], |_, [g, y]| g.if_above_zero(y, Lanes::all(0.0)));
}

/// Adds every row, as wide as `sums`, to `sums`.
#[inline(never)]
pub fn sum_rows(rows: &[f32], sums: &mut [f32]) {
    sum_rows_dispatched(rows, sums)
}

#[pulp::with_simd(sum_rows_dispatched = pulp::Arch::new())]
#[inline(always)]
fn sum_rows_with<'a, S: Simd>(_simd: S, rows: &'a [f32], sums: &'a mut [f32]) {
    for row in rows.chunks_exact(sums.len()) {
        update_by(sums, [row], |sum, [x]| sum + x);
    }
}
