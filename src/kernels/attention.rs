//! Multi-head attention within one request (equation 1 of DMT), without the projections.

use pulp::Simd;

use crate::heads::{mix, products, turn};
use crate::lanes::{LANES, Lanes};
use crate::math::{dot, greatest, sum, update, update_by};

/// Softmax of each query over the keys of its request, by head, and the values mixed by it: queries `[n, d]`,
/// keys and values `[m, d]` to `[n, d]`, zero before. `weights` has a row for each head and query, whole lanes wide.
/// Without keys the output stays as it is.
#[inline(never)]
pub fn forward(inputs: [&[f32]; 3], sizes: [usize; 2], output: &mut [f32], weights: &mut [f32]) {
    forward_dispatched(inputs, sizes, output, weights)
}

#[pulp::with_simd(forward_dispatched = pulp::Arch::new())]
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
            let [most, scale] = [most, scale].map(Lanes::all);
            update(weights, |x| ((x - most) * scale).exp());
            let all = Lanes::all(1.0 / sum(weights, |x| x));
            update(weights, |x| x * all);
            mix(|j| weights[j], values, d, columns.clone(), &mut output[columns.clone()]);
        }
    }
}

/// From the gradient of the output to those of queries, keys and values, which are zero before.
#[inline(never)]
pub fn backward(
    inputs: [&[f32]; 3],
    sizes: [usize; 2],
    weights: &[f32],
    gradient: &[f32],
    found: [&mut [f32]; 3],
) {
    backward_dispatched(inputs, sizes, weights, gradient, found)
}

#[pulp::with_simd(backward_dispatched = pulp::Arch::new())]
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
            let [along, scale] = [dot(weights, by_score), scale].map(Lanes::all);
            update_by(by_score, [weights], |g, [w]| scale * w * (g - along));
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

/// The same over keys of which not all are there (`present` is one for a key and zero for padding), with the
/// weights as wide as there are keys, `[heads, n, m]`. Where nothing is there, weights and output are zero.
#[inline(never)]
pub fn padded(
    inputs: [&[f32]; 3],
    present: &[f32],
    sizes: [usize; 2],
    output: &mut [f32],
    weights: &mut [f32],
) {
    padded_dispatched(inputs, present, sizes, output, weights)
}

#[pulp::with_simd(padded_dispatched = pulp::Arch::new())]
#[inline(always)]
fn padded_with<'a, S: Simd>(
    _simd: S,
    [queries, keys, values]: [&'a [f32]; 3],
    present: &'a [f32],
    [d, heads]: [usize; 2],
    output: &'a mut [f32],
    weights: &'a mut [f32],
) {
    let (width, count) = (d / heads, present.len());
    let padded = count.next_multiple_of(LANES);
    let scale = 1.0 / (width as f32).sqrt();
    let mut turned = vec![0.0; width * padded];
    let mut scores = vec![0.0; padded];
    let mut weights = weights.chunks_exact_mut(count);
    for head in 0..heads {
        let columns = head * width..(head + 1) * width;
        turn(keys, d, columns.clone(), padded, &mut turned);
        for (query, output) in queries.chunks_exact(d).zip(output.chunks_exact_mut(d)) {
            let Some(weights) = weights.next() else { return };
            products(&query[columns.clone()], &turned, padded, &mut scores);
            let least = Lanes::all(f32::MIN);
            let of_present = |_, [score, present]: [Lanes; 2]| score.if_above_zero(present, least);
            update_by(weights, [&scores, present], of_present);
            let [most, scale] = [greatest(weights), scale].map(Lanes::all);
            update_by(weights, [present], |x, [present]| ((x - most) * scale).exp() * present);
            let all = sum(weights, |x| x);
            let share = Lanes::all(if all > 0.0 { 1.0 / all } else { 0.0 });
            update(weights, |x| x * share);
            mix(|j| weights[j], values, d, columns.clone(), &mut output[columns.clone()]);
        }
    }
}
