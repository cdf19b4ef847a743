//! Losses over a softmax with many candidates a row.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::softmax::of_one;

use super::threads::*;
use super::{from_vec, numbers, record, slice, tensor, tracked};

/// Rows that one thread goes through at a time.
const ROWS: usize = 16;

/// `sum_o w_o sum_(row, c) y_oc min(ln p_c + ln n_o, 0)`, negated, `[1]`, where `p` is the softmax of
/// `scores / temperature + absent` over a row, `[B, C]`, and `n_o` the number of a row's positives of
/// objective o. `labels` are `[B, P]` each, of the first P candidates, and come with their weights
/// `w_o`. None where this is not training on the CPU.
pub fn clamped_log_likelihood(
    scores: &Tensor<2>,
    absent: &Tensor<2>,
    labels: &[(&Tensor<2>, f32)],
    temperature: f32,
) -> Option<Tensor<1>> {
    let input = tracked(scores)?;
    let [batch, count] = scores.dims();
    let [values, hidden] = [input.primitive(), tracked(absent)?.primitive()].map(numbers);
    let labels: Option<Vec<(FlexTensor, f32)>> = labels
        .iter()
        .map(|(labels, weight)| Some((numbers(tracked(labels)?.primitive()), *weight)))
        .collect();
    let labels = labels?;
    let mut by_scores = vec![0.0; batch * count];
    let losses: Vec<f32> = by_scores
        .par_chunks_mut(ROWS * count)
        .enumerate()
        .map(|(part, by_scores)| {
            let mut loss = 0.0;
            for (row, by_scores) in by_scores.chunks_exact_mut(count).enumerate() {
                let row = part * ROWS + row;
                let of_row = |tensor| {
                    let values: &[f32] = slice(tensor);
                    let width = values.len() / batch;
                    &values[row * width..][..width]
                };
                let labels: Vec<(&[f32], f32)> =
                    labels.iter().map(|(labels, weight)| (of_row(labels), *weight)).collect();
                loss += of_one(of_row(&values), of_row(&hidden), &labels, temperature, by_scores);
            }
            loss
        })
        .collect();
    let loss = from_vec(vec![losses.iter().sum::<f32>()], [1]);
    let by_scores = from_vec(by_scores, [batch, count]);
    Some(tensor(record([&input], loss, move |gradient: FlexTensor, _| {
        let along = slice(&numbers(&gradient))[0];
        let values = slice(&by_scores).iter().map(|g| along * g).collect();
        [Some(from_vec(values, [batch, count]))]
    })))
}
