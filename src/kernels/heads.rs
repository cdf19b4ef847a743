//! Columns of one head among rows of all heads.

use std::ops::Range;

use crate::lanes::{LANES, Lanes};

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
    for (number, products) in products.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut sum = Lanes::all(0.0);
        for (&x, turned) in row.iter().zip(turned.chunks_exact(padded)) {
            sum = sum + Lanes::all(x) * Lanes::read(&turned.as_chunks::<LANES>().0[number]);
        }
        sum.write(products);
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
    let (chunks, rest) = sums.as_chunks_mut::<LANES>();
    let whole = chunks.len() * LANES;
    for (number, sums) in chunks.iter_mut().enumerate() {
        let mut mixed = Lanes::all(0.0);
        for (j, row) in rows.chunks_exact(d).enumerate() {
            let row = &row[columns.clone()].as_chunks::<LANES>().0[number];
            mixed = mixed + Lanes::all(weight(j)) * Lanes::read(row);
        }
        (Lanes::read(sums) + mixed).write(sums);
    }
    if !rest.is_empty() {
        for (j, row) in rows.chunks_exact(d).enumerate() {
            let (x, row) = (weight(j), &row[columns.start + whole..columns.end]);
            rest.iter_mut().zip(row).for_each(|(sum, y)| *sum += x * y);
        }
    }
}
