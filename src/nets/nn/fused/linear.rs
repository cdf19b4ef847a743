//! A linear layer with its bias, and the ReLU that may follow it.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use pulp::Simd;

use super::{from_vec, numbers, record, slice, tensor, tracked};

/// `x W + b`, `[..., input]` to `[..., output]`, and ReLU over it if asked for; none where this is
/// not training on the CPU.
pub fn linear<const D: usize>(x: &Tensor<D>, layer: &Linear, relu: bool) -> Option<Tensor<D>> {
    let x = tracked(x)?;
    let weight = tracked(&layer.weight.val())?;
    let bias = match &layer.bias {
        Some(bias) => Some(tracked(&bias.val())?),
        None => None,
    };
    let mut shape: [usize; D] = x.primitive().layout().shape().to_vec().try_into().ok()?;
    let [input, output] = layer.weight.val().dims();
    let rows = shape.iter().product::<usize>() / input;
    let x_shape = shape;
    shape[D - 1] = output;
    let of_rows = numbers(x.primitive()).reshape([rows, input].into());
    let mut product = Flex::float_matmul(of_rows.clone(), weight.primitive().clone());
    if bias.is_some() || relu {
        let bias = bias.as_ref().map(|bias| numbers(bias.primitive()));
        finish(product.storage_mut(), bias.as_ref().map(slice), relu, output);
    }
    let kept = relu.then(|| product.clone());
    let weights = weight.primitive().clone();
    let derivative = move |gradient: FlexTensor, by_x: bool, by_weight: bool, by_bias: bool| {
        let mut gradient = numbers(&gradient).reshape([rows, output].into());
        if let Some(kept) = &kept {
            let mut hidden = vec![0.0; rows * output];
            mask(slice(&gradient), slice(kept), &mut hidden);
            gradient = from_vec(hidden, [rows, output]);
        }
        let by_bias = by_bias.then(|| {
            let mut sums = vec![0.0; output];
            sum_rows(slice(&gradient), &mut sums);
            from_vec(sums, [output])
        });
        let by_weight = by_weight
            .then(|| Flex::float_matmul(Flex::float_transpose(of_rows.clone()), gradient.clone()));
        let by_x = by_x.then(|| {
            let product = Flex::float_matmul(gradient, Flex::float_transpose(weights.clone()));
            product.reshape(x_shape.into())
        });
        (by_x, by_weight, by_bias)
    };
    let product = product.reshape(shape.into());
    Some(tensor(match &bias {
        Some(bias) => record([&x, &weight, bias], product, move |gradient, [x, w, b]| {
            let (x, w, b) = derivative(gradient, x, w, b);
            [x, w, b]
        }),
        None => record([&x, &weight], product, move |gradient, [x, w]| {
            let (x, w, _) = derivative(gradient, x, w, false);
            [x, w]
        }),
    }))
}

#[pulp::with_simd(finish = pulp::Arch::new())]
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

/// The gradient where the output is above zero.
#[pulp::with_simd(mask = pulp::Arch::new())]
#[inline(always)]
fn mask_with<'a, S: Simd>(_simd: S, gradient: &'a [f32], output: &'a [f32], masked: &'a mut [f32]) {
    for ((masked, &g), &y) in masked.iter_mut().zip(gradient).zip(output) {
        *masked = if y > 0.0 { g } else { 0.0 };
    }
}

#[pulp::with_simd(sum_rows = pulp::Arch::new())]
#[inline(always)]
fn sum_rows_with<'a, S: Simd>(_simd: S, rows: &'a [f32], sums: &'a mut [f32]) {
    for row in rows.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
}
