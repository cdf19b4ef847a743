//! Rows of several tables side by side.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{Tracked, from_vec, numbers, record, slice, tensor, tracked};

/// For each of n items the rows of N tables, `[rows, width]` each, side by side: `[n, widths]`.
/// `ids` holds the rows of each table, n of them. None where this is not training on the CPU.
pub fn embed<const N: usize>(
    tables: [&Tensor<2>; N],
    ids: [&Arc<Vec<i32>>; N],
) -> Option<Tensor<2>> {
    let tables: Option<Vec<Tracked>> = tables.into_iter().map(tracked).collect();
    let tables: [Tracked; N] = tables?.try_into().ok()?;
    let sizes = tables.each_ref().map(|table| {
        let shape = table.primitive().layout().shape().clone();
        [shape[0], shape[1]]
    });
    let ids = ids.map(Arc::clone);
    let n = ids[0].len();
    let width: usize = sizes.iter().map(|[_, width]| width).sum();
    let mut output = vec![0.0; n * width];
    let mut start = 0;
    for ((table, ids), [_, own]) in tables.iter().zip(&ids).zip(sizes) {
        let table = numbers(table.primitive());
        let table = slice(&table);
        for (row, &id) in output.chunks_exact_mut(width).zip(ids.iter()) {
            row[start..start + own].copy_from_slice(&table[id as usize * own..][..own]);
        }
        start += own;
    }
    let inputs = tables.each_ref();
    let output = from_vec(output, [n, width]);
    Some(tensor(record(inputs, output, move |gradient: FlexTensor, wanted| {
        let gradient = numbers(&gradient);
        let mut start = 0;
        std::array::from_fn(|number| {
            let [rows, own] = sizes[number];
            let columns = start..start + own;
            start += own;
            wanted[number].then(|| {
                let mut by_table = vec![0.0_f32; rows * own];
                let items = slice(&gradient).chunks_exact(width).zip(ids[number].iter());
                for (gradient, &id) in items {
                    let by_row = &mut by_table[id as usize * own..][..own];
                    by_row.iter_mut().zip(&gradient[columns.clone()]).for_each(|(a, b)| *a += b);
                }
                from_vec(by_table, [rows, own])
            })
        })
    })))
}
