//! Layer normalisation over the sum of two inputs, with what follows it.

use burn::nn::LayerNorm;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use pulp::Simd;
use rayon::prelude::*;

use super::math::{sum, sum_of_two};
use super::{from_vec, numbers, record, slice, tensor, tracked};

/// Rows that one thread normalises at a time.
const ROWS: usize = 512;

/// What layers are made with by default.
const EPSILON: f32 = 1e-5;

/// LayerNorm(x + y), and below zero times `slope`, of rows of one width; none where this is not
/// training on the CPU. A slope of one leaves what is below zero as it is.
pub fn add_norm<const D: usize>(
    x: &Tensor<D>,
    y: Option<&Tensor<D>>,
    norm: &LayerNorm,
    slope: f32,
) -> Option<Tensor<D>> {
    let x = tracked(x)?;
    let gamma = tracked(&norm.gamma.val())?;
    let beta = tracked(&norm.beta.as_ref()?.val())?;
    let shape: [usize; D] = x.primitive().layout().shape().to_vec().try_into().ok()?;
    let width = shape[D - 1];
    let summed = match y {
        Some(y) => Some(tracked(y)?),
        None => None,
    };
    let (g, b) = (numbers(gamma.primitive()), numbers(beta.primitive()));
    let left = numbers(x.primitive());
    let right = summed.as_ref().map(|y| numbers(y.primitive()));
    let count = slice(&left).len();
    let (mut normalised, mut output) = (vec![0.0; count], vec![0.0; count]);
    let mut scale = vec![0.0; count / width];
    let part = ROWS * width;
    normalised
        .par_chunks_mut(part)
        .zip(output.par_chunks_mut(part))
        .zip(scale.par_chunks_mut(ROWS))
        .enumerate()
        .for_each(|(number, ((normalised, output), scale))| {
            let count = normalised.len();
            let of = |tensor| &slice(tensor)[number * part..][..count];
            let right = right.as_ref().map(of);
            let results = [normalised, output, scale];
            forward(of(&left), right, [slice(&g), slice(&b)], slope, results);
        });
    let output = from_vec(output, shape);
    let kept = (slope != 1.0).then(|| output.clone());
    let derivative = move |gradient: FlexTensor| {
        let gradient = numbers(&gradient);
        let (mut by_input, mut of_rows) = (vec![0.0; count], Vec::new());
        by_input
            .par_chunks_mut(part)
            .enumerate()
            .map(|(number, by_input)| {
                let at = number * part..number * part + by_input.len();
                let mut of_weights = vec![0.0; 2 * width];
                let kept = kept.as_ref().map(|kept| &slice(kept)[at.clone()]);
                backward(
                    &slice(&gradient)[at.clone()],
                    kept,
                    &normalised[at],
                    &scale[number * ROWS..],
                    (slice(&g), slope),
                    [by_input, &mut of_weights],
                );
                of_weights
            })
            .collect_into_vec(&mut of_rows);
        let mut of_weights = vec![0.0; 2 * width];
        for part in of_rows {
            of_weights.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
        let of_beta = of_weights.split_off(width);
        (from_vec(by_input, shape), from_vec(of_weights, [width]), from_vec(of_beta, [width]))
    };
    Some(tensor(match &summed {
        None => record([&x, &gamma, &beta], output, move |gradient, _| {
            let (by_input, by_gamma, by_beta) = derivative(gradient);
            [Some(by_input), Some(by_gamma), Some(by_beta)]
        }),
        Some(y) => record([&x, y, &gamma, &beta], output, move |gradient, _| {
            let (by_input, by_gamma, by_beta) = derivative(gradient);
            [Some(by_input.clone()), Some(by_input), Some(by_gamma), Some(by_beta)]
        }),
    }))
}

#[pulp::with_simd(forward = pulp::Arch::new())]
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

#[pulp::with_simd(backward = pulp::Arch::new())]
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
