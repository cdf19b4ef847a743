//! Dot products of int8 rows with a query of 16-bit numbers: the loop that all searching comes down to.
//!
//! `wide` has the instruction for it on every platform (`pmaddwd` on x86, `i32x4.dot_i16x8_s` in
//! WebAssembly), which the compiler does not find in a plain loop for WebAssembly; `pulp` compiles
//! the loop for each instruction set of x86, of which the machine's best runs. Two int8 stand in each
//! 16 bits, so that shifts alone make numbers of 16 bits of them.

use pulp::Simd;
use wide::{i16x8, i32x4};

/// Values that are multiplied at once. Rows are padded with zeros to a multiple of it.
pub(crate) const WIDTH: usize = 16;

/// A part of a row: of 16 values, those of even place in the low bytes, those of odd place in the high.
pub(crate) type Lane = i16x8;

/// A part of a query, split in the same way.
pub(crate) type Split = [i16x8; 2];

/// 16 values as rows have them.
pub(crate) fn packed(values: [i8; WIDTH]) -> Lane {
    let pairs = values.as_chunks::<2>().0;
    i16x8::from(std::array::from_fn(|pair| {
        i16::from_le_bytes(pairs[pair].map(|value| value as u8))
    }))
}

/// What was [`packed`].
pub(crate) fn unpacked(lane: Lane) -> [i8; WIDTH] {
    let pairs = lane.to_array().map(|pair| pair.to_le_bytes().map(|byte| byte as i8));
    std::array::from_fn(|place| pairs[place / 2][place % 2])
}

/// 16 values as queries have them.
pub(crate) fn split_of(values: [i16; WIDTH]) -> Split {
    [0, 1].map(|odd| i16x8::from(std::array::from_fn(|pair| values[2 * pair + odd])))
}

/// A row's values in 16 bits.
#[inline(always)]
pub(crate) fn split(lane: Lane) -> Split {
    [(lane << 8_u32) >> 8_u32, lane >> 8_u32]
}

/// The dot products of rows, one after another in `rows`, with a query of as many lanes as each has.
pub(crate) fn dots(rows: &[Lane], query: &[Split], products: &mut [i32]) {
    dispatched(rows, query, products);
}

#[pulp::with_simd(dispatched = pulp::Arch::new())]
#[inline(always)]
fn dispatched_with<'a, S: Simd>(
    _simd: S,
    rows: &'a [Lane],
    query: &'a [Split],
    products: &'a mut [i32],
) {
    // Widths that are known are unrolled; 64 and 128 values are what embeddings mostly have.
    if let Ok(query) = <&[Split; 4]>::try_from(query) {
        unrolled(rows, query, products);
    } else if let Ok(query) = <&[Split; 8]>::try_from(query) {
        unrolled(rows, query, products);
    } else {
        for (row, product) in rows.chunks_exact(query.len()).zip(products) {
            *product = dot(row, query);
        }
    }
}

#[inline(always)]
fn unrolled<const N: usize>(rows: &[Lane], query: &[Split; N], products: &mut [i32]) {
    for (row, product) in rows.as_chunks::<N>().0.iter().zip(products) {
        *product = dot(row, query);
    }
}

#[inline(always)]
fn dot(row: &[Lane], query: &[Split]) -> i32 {
    let sum = |sum: i32x4, (lane, query): (&Lane, &Split)| {
        let [even, odd] = split(*lane);
        sum + even.dot(query[0]) + odd.dot(query[1])
    };
    row.iter().zip(query).fold(i32x4::ZERO, sum).reduce_add()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn dots_are_those_of_plain_loops(lanes in 1..12_usize, count in 0..9_usize, seed in any::<u64>()) {
            let mut random = crate::random::Random::new(seed, 0);
            let rows: Vec<[i8; WIDTH]> = (0..count * lanes)
                .map(|_| std::array::from_fn(|_| (random.below(256) as i16 - 128) as i8))
                .collect();
            let packed: Vec<Lane> = rows.iter().map(|values| packed(*values)).collect();
            prop_assert!(packed.iter().zip(&rows).all(|(lane, values)| unpacked(*lane) == *values));
            // The largest that a query has, so that nothing may overflow on the way.
            let largest = crate::query::finest(lanes * WIDTH);
            let query: Vec<i16> = (0..lanes * WIDTH)
                .map(|_| (random.below(2 * largest as usize + 1) as i32 - largest) as i16)
                .collect();
            let lanes_of_query: Vec<Split> =
                query.as_chunks::<WIDTH>().0.iter().map(|lane| split_of(*lane)).collect();
            let mut products = vec![0; count];
            dots(&packed, &lanes_of_query, &mut products);
            for (row, product) in rows.chunks(lanes).zip(products) {
                let values = row.as_flattened().iter().zip(&query);
                let plain: i64 = values.map(|(&a, &b)| i64::from(a) * i64::from(b)).sum();
                prop_assert_eq!(i64::from(product), plain);
            }
        }
    }
}
