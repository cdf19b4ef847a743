//! Layer normalisation over the sum of two inputs, with what follows it.

use burn::nn::{BatchNorm, LayerNorm};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::norm::{backward, columns_relu, forward};

use super::threads::*;
use super::{OnCpu, from_vec, numbers, output as made, plain, slice};

/// Rows that one thread normalises at a time.
const ROWS: usize = 512;

/// LayerNorm(x + y), and below zero times `slope`, of rows of one width; none on another
/// device. A slope of one leaves what is below zero as it is.
pub fn add_norm<const D: usize>(
    x: &Tensor<D>,
    y: Option<&Tensor<D>>,
    norm: &LayerNorm,
    slope: f32,
) -> Option<Tensor<D>> {
    let x = OnCpu::of(x)?;
    let gamma = OnCpu::of(&norm.gamma.val())?;
    let beta = OnCpu::of(&norm.beta.as_ref()?.val())?;
    let shape: [usize; D] = x.primitive().layout().shape().to_vec().try_into().ok()?;
    let width = shape[D - 1];
    let summed = match y {
        Some(y) => Some(OnCpu::of(y)?),
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
    Some(match &summed {
        None => made([&x, &gamma, &beta], output, move |gradient, _| {
            let (by_input, by_gamma, by_beta) = derivative(gradient);
            [Some(by_input), Some(by_gamma), Some(by_beta)]
        }),
        Some(y) => made([&x, y, &gamma, &beta], output, move |gradient, _| {
            let (by_input, by_gamma, by_beta) = derivative(gradient);
            [Some(by_input.clone()), Some(by_input), Some(by_gamma), Some(by_beta)]
        }),
    })
}

/// ReLU(BatchNorm(x)) with the mean and variance that training left, `[n, d]`; none on another device,
/// and where something is trained.
pub fn batch_norm_relu(x: &Tensor<2>, norm: &BatchNorm) -> Option<Tensor<2>> {
    let [n, d] = x.dims();
    let (mean, variance) = (norm.running_mean.value(), norm.running_var.value());
    let inputs = [x.clone().reshape([n * d]), norm.gamma.val(), norm.beta.val(), mean, variance];
    let mut known = Vec::with_capacity(inputs.len());
    for input in &inputs {
        known.push(OnCpu::of(input).filter(|input| !input.is_tracked())?);
    }
    let numbers: Vec<FlexTensor> = known.iter().map(|input| numbers(input.primitive())).collect();
    let [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map(|input| slice(&numbers[input]));
    let epsilon = norm.epsilon as f32;
    let scale: Vec<f32> =
        gamma.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
    let mut output = x.to_vec();
    columns_relu(&mut output, [mean, &scale, beta]);
    Some(plain(from_vec(output, [n, d])))
}
