//! Rows divided by their length.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::{dot, sum, update_by};

/// `x / sqrt(|x|^2 + epsilon)` of each row, and by what each was multiplied.
#[inline(never)]
pub fn forward(rows: &[f32], epsilon: f32, units: &mut [f32], scale: &mut [f32]) {
    forward_dispatched(rows, epsilon, units, scale)
}

#[pulp::with_simd(forward_dispatched = pulp::Arch::new())]
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
        update_by(unit, [row], |_, [x]| x * Lanes::all(*scale));
    }
}

/// From the gradient of the units to that of the rows.
#[inline(never)]
pub fn backward(gradient: &[f32], units: &[f32], scale: &[f32], by_rows: &mut [f32]) {
    backward_dispatched(gradient, units, scale, by_rows)
}

#[pulp::with_simd(backward_dispatched = pulp::Arch::new())]
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
        let [along, scale] = [dot(gradient, unit), *scale].map(Lanes::all);
        update_by(by_row, [gradient, unit], |_, [g, y]| scale * (g - along * y));
    }
}
