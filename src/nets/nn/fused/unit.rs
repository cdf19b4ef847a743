//! Rows divided by their length.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::unit::{backward, forward};

use super::{OnCpu, from_vec, numbers, output as made, slice};

/// `x / sqrt(|x|^2 + epsilon)` of each row, `[n, d]`; none on another device.
pub fn unit_rows(rows: &Tensor<2>, epsilon: f32) -> Option<Tensor<2>> {
    let input = OnCpu::of(rows)?;
    let [n, d] = rows.dims();
    let values = numbers(input.primitive());
    let (mut units, mut scale) = (vec![0.0; n * d], vec![0.0; n]);
    forward(slice(&values), epsilon, &mut units, &mut scale);
    let units = from_vec(units, [n, d]);
    let kept = units.clone();
    Some(made([&input], units, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let mut by_rows = vec![0.0; n * d];
        backward(slice(&gradient), slice(&kept), &scale, &mut by_rows);
        [Some(from_vec(by_rows, [n, d]))]
    }))
}
