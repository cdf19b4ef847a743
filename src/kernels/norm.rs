//! Layer normalisation over the sum of two inputs, with what follows it; batch normalisation as it is served.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::{dot, sum, update, update_by};

/// Added to a variance: what layers are made with by default.
const EPSILON: f32 = 1e-5;

/// LayerNorm(x + y) of each row, as wide as `gamma`, and below zero times `slope`. Beside the output it leaves
/// what the backward pass reads: rows normalised, and by what each was multiplied for that.
#[inline(never)]
pub fn forward(
    x: &[f32],
    y: Option<&[f32]>,
    weights: [&[f32]; 2],
    slope: f32,
    results: [&mut [f32]; 3],
) {
    forward_dispatched(x, y, weights, slope, results)
}

#[pulp::with_simd(forward_dispatched = pulp::Arch::new())]
#[inline(always)]
fn forward_with<'a, S: Simd>(
    _simd: S,
    x: &'a [f32],
    y: Option<&'a [f32]>,
    [gamma, beta]: [&'a [f32]; 2],
    slope: f32,
    [normalised, output, scale]: [&'a mut [f32]; 3],
) {
    let width = gamma.len();
    normalised.copy_from_slice(x);
    if let Some(y) = y {
        update_by(normalised, [y], |x, [y]| x + y);
    }
    let rows = normalised.chunks_exact_mut(width).zip(output.chunks_exact_mut(width));
    for ((x, output), scale) in rows.zip(scale) {
        let mean = sum(x, |x| x) / width as f32;
        update(x, |x| x - Lanes::all(mean));
        let variance = sum(x, |x| x * x) / width as f32;
        *scale = 1.0 / (variance + EPSILON).sqrt();
        update(x, |x| x * Lanes::all(*scale));
        if slope == 1.0 {
            update_by(output, [x, gamma, beta], |_, [x, gamma, beta]| x * gamma + beta);
        } else {
            let leaky = |_, [x, gamma, beta]: [Lanes; 3]| (x * gamma + beta).leaky(slope);
            update_by(output, [x, gamma, beta], leaky);
        }
    }
}

/// From the gradient of the output to that of the input, `by_input`, and to those of gamma and, behind it, beta,
/// which are added to `of_weights`. `output` is there where what was below zero was multiplied by a slope.
#[inline(never)]
pub fn backward(
    gradient: &[f32],
    output: Option<&[f32]>,
    normalised: &[f32],
    scale: &[f32],
    gamma_and_slope: (&[f32], f32),
    found: [&mut [f32]; 2],
) {
    backward_dispatched(gradient, output, normalised, scale, gamma_and_slope, found)
}

#[pulp::with_simd(backward_dispatched = pulp::Arch::new())]
#[inline(always)]
fn backward_with<'a, S: Simd>(
    _simd: S,
    gradient: &'a [f32],
    output: Option<&'a [f32]>,
    normalised: &'a [f32],
    scale: &'a [f32],
    (gamma, slope): (&'a [f32], f32),
    [by_input, of_weights]: [&'a mut [f32]; 2],
) {
    let width = gamma.len();
    let (by_gamma, by_beta) = of_weights.split_at_mut(width);
    let rows = by_input.chunks_exact_mut(width).zip(normalised.chunks_exact(width));
    for (number, (by_input, normalised)) in rows.enumerate() {
        let at = number * width..(number + 1) * width;
        by_input.copy_from_slice(&gradient[at.clone()]);
        if let Some(output) = output {
            let zero = Lanes::all(0.0);
            update_by(by_input, [&output[at]], |g, [y]| {
                (g * Lanes::all(slope)).if_above_zero(zero - y, g)
            });
        }
        update_by(by_beta, [by_input], |by, [g]| by + g);
        update_by(by_gamma, [by_input, normalised], |by, [g, x]| by + g * x);
        update_by(by_input, [gamma], |g, [gamma]| g * gamma);
        let mean = sum(by_input, |g| g) / width as f32;
        let along = dot(by_input, normalised) / width as f32;
        let [scale, mean, along] = [scale[number], mean, along].map(Lanes::all);
        update_by(by_input, [normalised], |g, [x]| scale * (g - mean - along * x));
    }
}

/// ReLU of each column's `(x - mean) * scale + beta`, in place: `columns` are those three of each.
#[inline(never)]
pub fn columns_relu(rows: &mut [f32], columns: [&[f32]; 3]) {
    columns_relu_dispatched(rows, columns)
}

#[pulp::with_simd(columns_relu_dispatched = pulp::Arch::new())]
#[inline(always)]
fn columns_relu_with<'a, S: Simd>(
    _simd: S,
    rows: &'a mut [f32],
    [mean, scale, beta]: [&'a [f32]; 3],
) {
    for row in rows.chunks_exact_mut(mean.len()) {
        update_by(row, [mean, scale, beta], |x, [mean, scale, beta]| {
            ((x - mean) * scale + beta).relu()
        });
    }
}
