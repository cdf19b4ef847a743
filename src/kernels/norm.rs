//! Layer normalisation over the sum of two inputs, with what follows it; batch normalisation as it is served.

use pulp::Simd;

use crate::math::{sum, sum_of_two};

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
        normalised.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    }
    let rows = normalised.chunks_exact_mut(width).zip(output.chunks_exact_mut(width));
    for ((x, output), scale) in rows.zip(scale) {
        let mean = sum(x, |x| x) / width as f32;
        x.iter_mut().for_each(|x| *x -= mean);
        let variance = sum(x, |x| x * x) / width as f32;
        *scale = 1.0 / (variance + EPSILON).sqrt();
        for (((x, output), gamma), beta) in x.iter_mut().zip(output).zip(gamma).zip(beta) {
            *x *= *scale;
            let y = *x * gamma + beta;
            *output = if y < 0.0 { slope * y } else { y };
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
            for (g, &y) in by_input.iter_mut().zip(&output[at]) {
                *g = if y < 0.0 { slope * *g } else { *g };
            }
        }
        for i in 0..width {
            by_beta[i] += by_input[i];
            by_gamma[i] += by_input[i] * normalised[i];
            by_input[i] *= gamma[i];
        }
        let mean = sum(by_input, |g| g) / width as f32;
        let along = sum_of_two(by_input, normalised, |g, x| g * x) / width as f32;
        for (g, x) in by_input.iter_mut().zip(normalised) {
            *g = scale[number] * (*g - mean - along * x);
        }
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
        for (((x, mean), scale), beta) in row.iter_mut().zip(mean).zip(scale).zip(beta) {
            let y = (*x - mean) * scale + beta;
            *x = if y > 0.0 { y } else { 0.0 };
        }
    }
}
