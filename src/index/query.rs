//! A query as rows are multiplied with it.

use wide::i32x4;

use crate::kernel::{Lane, Split, WIDTH, split, split_of};
use crate::{IndexError, LARGEST, WIDEST};

/// A query in 16-bit numbers with a scale. Rows of int8 are widened to 16 bits to be multiplied, so a
/// query twice as fine as they are costs nothing, and only the rows' rounding is left.
#[derive(Clone, Debug)]
pub struct Query {
    dimension: usize,
    pub(crate) lanes: Vec<Split>,
    pub(crate) scale: f32,
    pub(crate) further: f32,
    /// Square of its length, without the further value.
    pub(crate) square: f32,
}

/// The largest magnitude of a query's numbers at which no dot product with so many values overflows.
pub(crate) fn finest(values: usize) -> i32 {
    (i32::MAX / (128 * values as i32)).min(i32::from(i16::MAX))
}

impl Query {
    /// A query, `[D]`, with its further value, by which rows' are multiplied: 0 where they have none, or
    /// where they should not count.
    ///
    /// # Errors
    /// If there are no values or too many, or one of them is no number of bounded size.
    pub fn new(values: &[f32], further: f32) -> Result<Self, IndexError> {
        let dimension = values.len();
        if dimension == 0 || dimension > WIDEST {
            return Err(IndexError::Width(dimension));
        }
        if let Some((place, value)) = first_wrong(values, further) {
            return Err(IndexError::QueryValue { place, value });
        }
        let width = dimension.next_multiple_of(WIDTH);
        let scale = scale(values, finest(width) as f32);
        let mut padded = vec![0_i16; width];
        if scale > 0.0 {
            for (number, value) in padded.iter_mut().zip(values) {
                *number = (value / scale).round() as i16;
            }
        }
        let lanes = padded.as_chunks::<WIDTH>().0.iter().map(|lane| split_of(*lane)).collect();
        let square = values.iter().map(|value| value * value).sum();
        Ok(Self { dimension, lanes, scale, further, square })
    }

    /// A query of nothing, for [`Query::become_row`].
    pub(crate) fn none(dimension: usize) -> Self {
        let lanes = vec![Split::default(); dimension.div_ceil(WIDTH)];
        Self { dimension, lanes, scale: 0.0, further: 0.0, square: 0.0 }
    }

    /// Becomes a row as it is kept.
    pub(crate) fn become_row(&mut self, row: &[Lane], scale: f32, further: f32) {
        let mut square = i32x4::ZERO;
        for (kept, lane) in self.lanes.iter_mut().zip(row) {
            *kept = split(*lane);
            square += kept[0].dot(kept[0]) + kept[1].dot(kept[1]);
        }
        self.scale = scale;
        self.further = further;
        self.square = square.reduce_add() as f32 * (scale * scale);
    }

    /// Number of values, without the further one.
    pub fn dimension(&self) -> usize {
        self.dimension
    }
}

/// The first value that cannot be kept, with its place; the further value's is the number of values.
pub(crate) fn first_wrong(values: &[f32], further: f32) -> Option<(usize, f32)> {
    let all = values.iter().copied().chain([further]).enumerate();
    all.into_iter().find(|(_, value)| value.is_nan() || value.abs() > LARGEST)
}

/// What a whole number stands for, where the largest of the values becomes `finest`; 0 where all values
/// are zero, or too small for f32 to divide by.
pub(crate) fn scale(values: &[f32], finest: f32) -> f32 {
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = largest / finest;
    if scale.is_normal() { scale } else { 0.0 }
}
