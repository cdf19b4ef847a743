//! Columns of one head among rows of all heads.

use std::ops::Range;

use crate::math::LANES;

/// Columns of one head of `rows`, each whole lanes wide: `turned[c][row]`.
#[inline(always)]
pub fn turn(rows: &[f32], d: usize, columns: Range<usize>, padded: usize, turned: &mut [f32]) {
    for (j, row) in rows.chunks_exact(d).enumerate() {
        for (c, &x) in row[columns.clone()].iter().enumerate() {
            turned[c * padded + j] = x;
        }
    }
}

/// `products[j] = sum_c row[c] turned[c][j]`, for whole lanes.
#[inline(always)]
pub fn products(row: &[f32], turned: &[f32], padded: usize, products: &mut [f32]) {
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
pub fn mix(
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
