//! A linear layer with its bias, and the ReLU that may follow it.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::linear::{finish, mask, sum_rows};

use super::{OnCpu, from_vec, numbers, output as made, slice};

/// `x W + b`, `[..., input]` to `[..., output]`, and ReLU over it if asked for; none on another device.
pub fn linear<const D: usize>(x: &Tensor<D>, layer: &Linear, relu: bool) -> Option<Tensor<D>> {
    let x = OnCpu::of(x)?;
    let weight = OnCpu::of(&layer.weight.val())?;
    let bias = match &layer.bias {
        Some(bias) => Some(OnCpu::of(&bias.val())?),
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
    let kept = (relu && x.is_tracked()).then(|| product.clone());
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
    Some(match &bias {
        Some(bias) => made([&x, &weight, bias], product, move |gradient, [x, w, b]| {
            let (x, w, b) = derivative(gradient, x, w, b);
            [x, w, b]
        }),
        None => made([&x, &weight], product, move |gradient, [x, w]| {
            let (x, w, _) = derivative(gradient, x, w, false);
            [x, w]
        }),
    })
}
