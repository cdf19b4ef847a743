//! Multi-head attention within segments of rows: no work is done on padding.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use pulp::Simd;
use rayon::prelude::*;

use super::math::{LANES, exp, greatest, sum, sum_of_two};
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

/// Columns of one head of `rows`, each whole lanes wide: `turned[c][row]`.
#[inline(always)]
fn turn(rows: &[f32], d: usize, columns: Range<usize>, padded: usize, turned: &mut [f32]) {
    for (j, row) in rows.chunks_exact(d).enumerate() {
        for (c, &x) in row[columns.clone()].iter().enumerate() {
            turned[c * padded + j] = x;
        }
    }
}

/// `products[j] = sum_c row[c] turned[c][j]`, for whole lanes.
#[inline(always)]
fn products(row: &[f32], turned: &[f32], padded: usize, products: &mut [f32]) {
    for start in (0..padded).step_by(LANES) {
        let mut lanes = [0.0; LANES];
        for (c, &x) in row.iter().enumerate() {
            let column = &turned[c * padded + start..][..LANES];
            for lane in 0..LANES {
                lanes[lane] += x * column[lane];
            }
        }
        products[start..start + LANES].copy_from_slice(&lanes);
    }
}

/// `sums[c] += sum_j weight(j) rows[j][c]` over one head's columns.
#[inline(always)]
fn mix(
    weight: impl Fn(usize) -> f32,
    rows: &[f32],
    d: usize,
    columns: Range<usize>,
    sums: &mut [f32],
) {
    let whole = columns.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let mut lanes = [0.0; LANES];
        for (j, row) in rows.chunks_exact(d).enumerate() {
            let (x, row) = (weight(j), &row[columns.start + start..][..LANES]);
            for lane in 0..LANES {
                lanes[lane] += x * row[lane];
            }
        }
        let sums = &mut sums[start..start + LANES];
        sums.iter_mut().zip(lanes).for_each(|(sum, x)| *sum += x);
    }
    if whole < columns.len() {
        for (j, row) in rows.chunks_exact(d).enumerate() {
            let (x, row) = (weight(j), &row[columns.start + whole..columns.end]);
            sums[whole..].iter_mut().zip(row).for_each(|(sum, y)| *sum += x * y);
        }
    }
}

#[pulp::with_simd(forward = pulp::Arch::new())]
#[inline(always)]
fn forward_with<'a, S: Simd>(
    _simd: S,
    [queries, keys, values]: [&'a [f32]; 3],
    [d, heads]: [usize; 2],
    output: &'a mut [f32],
    weights: &'a mut [f32],
) {
    let (width, count) = (d / heads, keys.len() / d);
    if count == 0 {
        return;
    }
    let padded = count.next_multiple_of(LANES);
    let scale = 1.0 / (width as f32).sqrt();
    let mut turned = vec![0.0; width * padded];
    let mut weights = weights.chunks_exact_mut(padded);
    for head in 0..heads {
        let columns = head * width..(head + 1) * width;
        turn(keys, d, columns.clone(), padded, &mut turned);
        for (query, output) in queries.chunks_exact(d).zip(output.chunks_exact_mut(d)) {
            let Some(weights) = weights.next() else { return };
            products(&query[columns.clone()], &turned, padded, weights);
            let (weights, padding) = weights.split_at_mut(count);
            padding.fill(0.0);
            let most = greatest(weights);
            weights.iter_mut().for_each(|x| *x = exp((*x - most) * scale));
            let all = 1.0 / sum(weights, |x| x);
            weights.iter_mut().for_each(|x| *x *= all);
            mix(|j| weights[j], values, d, columns.clone(), &mut output[columns.clone()]);
        }
    }
}

#[pulp::with_simd(backward = pulp::Arch::new())]
#[inline(always)]
fn backward_with<'a, S: Simd>(
    _simd: S,
    [queries, keys, values]: [&'a [f32]; 3],
    [d, heads]: [usize; 2],
    weights: &'a [f32],
    gradient: &'a [f32],
    [by_queries, by_keys, by_values]: [&'a mut [f32]; 3],
) {
    let (width, count, n) = (d / heads, keys.len() / d, queries.len() / d);
    if count == 0 || n == 0 {
        return;
    }
    let padded = count.next_multiple_of(LANES);
    let scale = 1.0 / (width as f32).sqrt();
    let mut turned = vec![0.0; width * padded];
    let mut by_scores = vec![0.0; n * padded];
    for (head, weights) in weights.chunks_exact(n * padded).enumerate() {
        let columns = head * width..(head + 1) * width;
        turn(values, d, columns.clone(), padded, &mut turned);
        for (i, by_score) in by_scores.chunks_exact_mut(padded).enumerate() {
            let gradient = &gradient[i * d..][columns.clone()];
            products(gradient, &turned, padded, by_score);
            let weights = &weights[i * padded..][..padded];
            let along = sum_of_two(weights, by_score, |w, g| w * g);
            for (g, w) in by_score.iter_mut().zip(weights) {
                *g = scale * w * (*g - along);
            }
            let by_query = &mut by_queries[i * d..][columns.clone()];
            mix(|j| by_score[j], keys, d, columns.clone(), by_query);
        }
        for j in 0..count {
            let by_key = &mut by_keys[j * d..][columns.clone()];
            mix(|i| by_scores[i * padded + j], queries, d, columns.clone(), by_key);
            let by_value = &mut by_values[j * d..][columns.clone()];
            mix(|i| weights[i * padded + j], gradient, d, columns.clone(), by_value);
        }
    }
}
