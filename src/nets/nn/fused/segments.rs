//! Means over segments of rows.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{from_vec, numbers, record, slice, tensor, tracked};

/// Mean of the rows of each segment, `[n, d]` to `[segments, d]`; zeros for an empty one. The
/// segments are of these lengths, one after another. None where this is not training on the CPU.
pub fn mean_rows(rows: &Tensor<2>, lengths: &[usize]) -> Option<Tensor<2>> {
    let input = tracked(rows)?;
    let [n, d] = rows.dims();
    let lengths = lengths.to_vec();
    let values = numbers(input.primitive());
    let mut means = vec![0.0; lengths.len() * d];
    let mut rows = slice(&values).chunks_exact(d);
    for (mean, &length) in means.chunks_exact_mut(d).zip(&lengths) {
        let share = 1.0 / length.max(1) as f32;
        for row in rows.by_ref().take(length) {
            mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x * share);
        }
    }
    let means = from_vec(means, [lengths.len(), d]);
    Some(tensor(record([&input], means, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let mut by_rows = vec![0.0; n * d];
        let mut rows = by_rows.chunks_exact_mut(d);
        for (gradient, &length) in slice(&gradient).chunks_exact(d).zip(&lengths) {
            let share = 1.0 / length.max(1) as f32;
            for row in rows.by_ref().take(length) {
                row.iter_mut().zip(gradient).for_each(|(by, g)| *by = g * share);
            }
        }
        [Some(from_vec(by_rows, [n, d]))]
    })))
}
