//! Rows divided by their length.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use pulp::Simd;

use super::math::{sum, sum_of_two};
use super::{from_vec, numbers, record, slice, tensor, tracked};

/// `x / sqrt(|x|^2 + epsilon)` of each row, `[n, d]`; none where this is not training on the CPU.
pub fn unit_rows(rows: &Tensor<2>, epsilon: f32) -> Option<Tensor<2>> {
    let input = tracked(rows)?;
    let [n, d] = rows.dims();
    let values = numbers(input.primitive());
    let (mut units, mut scale) = (vec![0.0; n * d], vec![0.0; n]);
    forward(slice(&values), epsilon, &mut units, &mut scale);
    let units = from_vec(units, [n, d]);
    let kept = units.clone();
    Some(tensor(record([&input], units, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let mut by_rows = vec![0.0; n * d];
        backward(slice(&gradient), slice(&kept), &scale, &mut by_rows);
        [Some(from_vec(by_rows, [n, d]))]
    })))
}

#[pulp::with_simd(forward = pulp::Arch::new())]
#[inline(always)]
fn forward_with<'a, S: Simd>(
    _simd: S,
    rows: &'a [f32],
    epsilon: f32,
    units: &'a mut [f32],
    scale: &'a mut [f32],
) {
    let d = rows.len() / scale.len();
    let all = rows.chunks_exact(d).zip(units.chunks_exact_mut(d)).zip(scale);
    for ((row, unit), scale) in all {
        *scale = 1.0 / (sum(row, |x| x * x) + epsilon).sqrt();
        unit.iter_mut().zip(row).for_each(|(y, x)| *y = x * *scale);
    }
}

#[pulp::with_simd(backward = pulp::Arch::new())]
#[inline(always)]
fn backward_with<'a, S: Simd>(
    _simd: S,
    gradient: &'a [f32],
    units: &'a [f32],
    scale: &'a [f32],
    by_rows: &'a mut [f32],
) {
    let d = units.len() / scale.len();
    let rows = gradient.chunks_exact(d).zip(units.chunks_exact(d)).zip(scale);
    for (((gradient, unit), scale), by_row) in rows.zip(by_rows.chunks_exact_mut(d)) {
        let along = sum_of_two(gradient, unit, |g, y| g * y);
        for ((by, g), y) in by_row.iter_mut().zip(gradient).zip(unit) {
            *by = scale * (g - along * y);
        }
    }
}
