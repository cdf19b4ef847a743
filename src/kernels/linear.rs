//! What follows the matrix product of a linear layer.

use pulp::Simd;

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
        if let Some(bias) = bias {
            row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
        }
        if relu {
            row.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 });
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
    for ((masked, &g), &y) in masked.iter_mut().zip(gradient).zip(output) {
        *masked = if y > 0.0 { g } else { 0.0 };
    }
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
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
}
