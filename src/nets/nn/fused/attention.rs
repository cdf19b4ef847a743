//! Multi-head attention within segments of rows: no work is done on padding.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use kernels::attention::{backward, forward};
use kernels::math::LANES;

use super::threads::*;
use super::{from_vec, numbers, record, slice, tensor, tracked};

/// Rows that attend, and the rows that they attend to: those of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Rows of queries.
    pub queries: Range<usize>,
    /// Rows of keys and values. Without any, nothing is attended to: zeros.
    pub keys: Range<usize>,
}

/// Segments one after another.
pub type Segments = Arc<[Segment]>;

/// Segments whose rows attend to each other, of these lengths, one after another.
pub fn within(lengths: &[usize]) -> Segments {
    between(lengths, lengths)
}

/// Segments of which the queries are of the first lengths, and the keys of the others.
pub fn between(queries: &[usize], keys: &[usize]) -> Segments {
    let (mut query, mut key) = (0, 0);
    let segment = |(&queries, &keys): (&usize, &usize)| {
        let segment = Segment { queries: query..query + queries, keys: key..key + keys };
        (query, key) = (query + queries, key + keys);
        segment
    };
    queries.iter().zip(keys).map(segment).collect()
}

/// Segments that one thread goes through at a time.
const PART: usize = 16;

/// Equation 1 of DMT within each segment and each head, without the projections: queries `[n, d]`,
/// keys and values `[m, d]` to `[n, d]`; none where this is not training on the CPU. Segments do not
/// share rows.
pub fn attention(
    queries: &Tensor<2>,
    keys: &Tensor<2>,
    values: &Tensor<2>,
    heads: usize,
    segments: &Segments,
) -> Option<Tensor<2>> {
    let [n, d] = queries.dims();
    let [m, _] = keys.dims();
    let inputs = [tracked(queries)?, tracked(keys)?, tracked(values)?];
    let [q, k, v] = inputs.each_ref().map(|input| numbers(input.primitive()));
    let segments = segments.clone();
    let parts: Vec<(Vec<f32>, Vec<f32>)> = segments
        .par_chunks(PART)
        .map(|part| {
            let (mut output, mut weights) = (Vec::new(), Vec::new());
            for segment in part {
                let (queries, keys) = (rows(&q, &segment.queries, d), rows(&k, &segment.keys, d));
                let start = (output.len(), weights.len());
                output.resize(start.0 + queries.len(), 0.0);
                weights.resize(start.1 + segment.weights(heads), 0.0);
                let values = rows(&v, &segment.keys, d);
                let (output, weights) = (&mut output[start.0..], &mut weights[start.1..]);
                forward([queries, keys, values], [d, heads], output, weights);
            }
            (output, weights)
        })
        .collect();
    let mut output = vec![0.0; n * d];
    let mut all_weights = Vec::with_capacity(parts.len());
    for (part, (computed, weights)) in segments.chunks(PART).zip(parts) {
        scatter(&mut output, part.iter().map(|segment| &segment.queries), &computed, d);
        all_weights.push(weights);
    }
    let output = from_vec(output, [n, d]);
    let [a, b, c] = &inputs;
    Some(tensor(record([a, b, c], output, move |gradient: FlexTensor, _| {
        let gradient = numbers(&gradient);
        let parts: Vec<[Vec<f32>; 3]> = segments
            .par_chunks(PART)
            .zip(&all_weights)
            .map(|(part, weights)| {
                let [mut by_q, mut by_k, mut by_v] = [const { Vec::new() }; 3];
                let mut at = 0;
                for segment in part {
                    let starts = [by_q.len(), by_k.len(), by_v.len()];
                    by_q.resize(starts[0] + segment.queries.len() * d, 0.0);
                    by_k.resize(starts[1] + segment.keys.len() * d, 0.0);
                    by_v.resize(starts[2] + segment.keys.len() * d, 0.0);
                    let found =
                        [&mut by_q[starts[0]..], &mut by_k[starts[1]..], &mut by_v[starts[2]..]];
                    let inputs = [
                        rows(&q, &segment.queries, d),
                        rows(&k, &segment.keys, d),
                        rows(&v, &segment.keys, d),
                    ];
                    let weights = &weights[at..at + segment.weights(heads)];
                    at += weights.len();
                    let gradient = rows(&gradient, &segment.queries, d);
                    backward(inputs, [d, heads], weights, gradient, found);
                }
                [by_q, by_k, by_v]
            })
            .collect();
        let [mut by_q, mut by_k, mut by_v] = [n, m, m].map(|rows| vec![0.0; rows * d]);
        for (part, found) in segments.chunks(PART).zip(parts) {
            scatter(&mut by_q, part.iter().map(|segment| &segment.queries), &found[0], d);
            scatter(&mut by_k, part.iter().map(|segment| &segment.keys), &found[1], d);
            scatter(&mut by_v, part.iter().map(|segment| &segment.keys), &found[2], d);
        }
        [(by_q, n), (by_k, m), (by_v, m)].map(|(by, rows)| Some(from_vec(by, [rows, d])))
    })))
}

impl Segment {
    /// Length of the attention weights of a segment: a row for each head and query, whole lanes
    /// wide.
    fn weights(&self, heads: usize) -> usize {
        heads * self.queries.len() * self.keys.len().next_multiple_of(LANES)
    }
}

fn rows<'a>(tensor: &'a FlexTensor, rows: &Range<usize>, d: usize) -> &'a [f32] {
    &slice(tensor)[rows.start * d..rows.end * d]
}

/// Puts rows that were computed one after another where they belong.
fn scatter<'a>(
    to: &mut [f32],
    places: impl Iterator<Item = &'a Range<usize>>,
    from: &[f32],
    d: usize,
) {
    let mut at = 0;
    for place in places {
        let to = &mut to[place.start * d..place.end * d];
        to.copy_from_slice(&from[at..at + to.len()]);
        at += to.len();
    }
}
