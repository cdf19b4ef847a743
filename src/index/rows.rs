//! Vectors as they are kept: int8 with a scale each, one after another.

use std::ops::Range;

use wide::i32x4;

use crate::best::{Best, Hit};
use crate::kernel::{Lane, WIDTH, dots, packed, split, unpacked};
use crate::query::{Query, first_wrong, scale};
use crate::{IndexError, MOST, WIDEST};

/// The largest magnitude of an int8 in use; -128 is left out to keep the range symmetric.
const FINEST: f32 = 127.0;

/// Rows that are scored before the best of them are looked for.
pub(crate) const BLOCK: usize = 64;

/// Vectors with their numbers, quantised symmetrically: a value is about its int8 times the row's scale,
/// and off by half a scale at most.
///
/// ```
/// use index::{Exact, Index, Query, Reach, Rows};
///
/// let mut rows = Rows::new(2)?;
/// rows.push(7, &[0.6, 0.8], 0.0)?;
/// rows.push(9, &[1.0, 0.0], 0.0)?;
/// let index = Exact::new(rows)?;
/// let found = index.search(&Query::new(&[1.0, 0.1], 0.0)?, 1, Reach::All)?;
/// assert_eq!(found.hits[0].number, 9);
/// # Ok::<(), index::IndexError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    pub(crate) dimension: usize,
    /// Each row padded with zeros to whole lanes.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) scales: Vec<f32>,
    pub(crate) furthers: Vec<f32>,
    pub(crate) numbers: Vec<u32>,
}

impl Rows {
    /// No vectors, of this dimension.
    ///
    /// # Errors
    /// If it is 0 or beyond [`WIDEST`].
    pub fn new(dimension: usize) -> Result<Self, IndexError> {
        if dimension == 0 || dimension > WIDEST {
            return Err(IndexError::Width(dimension));
        }
        Ok(Self::empty(dimension, 0))
    }

    /// No vectors yet, of a dimension that is right, with room for so many.
    pub(crate) fn empty(dimension: usize, room: usize) -> Self {
        Self {
            dimension,
            lanes: Vec::with_capacity(room * dimension.div_ceil(WIDTH)),
            scales: Vec::with_capacity(room),
            furthers: Vec::with_capacity(room),
            numbers: Vec::with_capacity(room),
        }
    }

    /// Takes room for so many more vectors.
    pub fn reserve(&mut self, more: usize) {
        self.lanes.reserve_exact(more * self.width());
        self.scales.reserve_exact(more);
        self.furthers.reserve_exact(more);
        self.numbers.reserve_exact(more);
    }

    /// Adds a vector, `[D]`, under its number, with its further value (0 where there is none).
    ///
    /// # Errors
    /// If it has another number of values, one of them is no number of bounded size, or its number is
    /// beyond [`MOST`]. Whether the number is taken is looked at when rows become an index.
    pub fn push(&mut self, number: u32, vector: &[f32], further: f32) -> Result<(), IndexError> {
        if vector.len() != self.dimension {
            let expected = self.dimension;
            return Err(IndexError::Dimension { found: vector.len(), expected });
        }
        if number >= MOST {
            return Err(IndexError::Beyond(number));
        }
        if let Some((place, value)) = first_wrong(vector, further) {
            return Err(IndexError::Value { number, place, value });
        }
        self.push_right(number, vector, further);
        Ok(())
    }

    /// Adds a vector that is known to be right.
    pub(crate) fn push_right(&mut self, number: u32, vector: &[f32], further: f32) {
        let scale = scale(vector, FINEST);
        let value_of = |value: &f32| if scale > 0.0 { (value / scale).round() as i8 } else { 0 };
        for values in vector.chunks(WIDTH) {
            let mut lane = [0; WIDTH];
            lane.iter_mut().zip(values).for_each(|(kept, value)| *kept = value_of(value));
            self.lanes.push(packed(lane));
        }
        self.scales.push(scale);
        self.furthers.push(further);
        self.numbers.push(number);
    }

    /// A copy of some rows, one after another.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let width = self.width();
        Self {
            dimension: self.dimension,
            lanes: self.lanes[rows.start * width..rows.end * width].to_vec(),
            scales: self.scales[rows.clone()].to_vec(),
            furthers: self.furthers[rows.clone()].to_vec(),
            numbers: self.numbers[rows].to_vec(),
        }
    }

    /// Adds another's row as it is kept there.
    pub(crate) fn push_from(&mut self, other: &Rows, row: usize) {
        self.lanes.extend_from_slice(other.row(row));
        self.scales.push(other.scales[row]);
        self.furthers.push(other.furthers[row]);
        self.numbers.push(other.numbers[row]);
    }

    /// Takes a row out; the last takes its place.
    pub(crate) fn swap_remove(&mut self, row: usize) {
        let (width, last) = (self.width(), self.len() - 1);
        self.lanes.copy_within(last * width.., row * width);
        self.lanes.truncate(last * width);
        self.scales.swap_remove(row);
        self.furthers.swap_remove(row);
        self.numbers.swap_remove(row);
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Values of a vector, without the further one.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Lanes of a row.
    pub(crate) fn width(&self) -> usize {
        self.dimension.div_ceil(WIDTH)
    }

    pub(crate) fn row(&self, row: usize) -> &[Lane] {
        &self.lanes[row * self.width()..][..self.width()]
    }

    pub(crate) fn row_of(&self, number: u32) -> Option<usize> {
        self.numbers.iter().position(|&other| other == number)
    }

    /// What the kept values of a row stand for, and zeros for its padding.
    pub(crate) fn values(&self, row: usize) -> impl Iterator<Item = f32> {
        let scale = self.scales[row];
        let kept = self.row(row).iter().flat_map(|lane| unpacked(*lane));
        kept.map(move |value| f32::from(value) * scale)
    }

    /// Square of a row's length as it is kept, without the further value.
    pub(crate) fn square(&self, row: usize) -> f32 {
        let square = |sum: i32x4, lane: &Lane| {
            let [even, odd] = split(*lane);
            sum + even.dot(even) + odd.dot(odd)
        };
        let sum = self.row(row).iter().fold(i32x4::ZERO, square).reduce_add();
        sum as f32 * (self.scales[row] * self.scales[row])
    }

    /// Whether a query has as many values as rows have.
    pub(crate) fn check(&self, query: &Query) -> Result<(), IndexError> {
        let (found, expected) = (query.dimension(), self.dimension);
        if found == expected { Ok(()) } else { Err(IndexError::Dimension { found, expected }) }
    }

    /// The scores of rows from `from` on, as many as there is room for.
    #[inline]
    pub(crate) fn scores(&self, query: &Query, from: usize, scores: &mut [f32]) {
        let width = self.width();
        let mut products = [0; BLOCK];
        let products = &mut products[..scores.len()];
        dots(&self.lanes[from * width..][..scores.len() * width], &query.lanes, products);
        let kept = self.scales[from..].iter().zip(&self.furthers[from..]);
        for ((score, &product), (&scale, &further)) in scores.iter_mut().zip(&*products).zip(kept) {
            *score = product as f32 * (scale * query.scale) + query.further * further;
        }
    }

    /// Scores all rows, a block at a time: calls with the first row of each and its scores.
    #[inline]
    pub(crate) fn in_blocks(&self, query: &Query, mut each: impl FnMut(usize, &mut [f32])) {
        let mut scores = [0.0; BLOCK];
        for from in (0..self.len()).step_by(BLOCK) {
            let scores = &mut scores[..BLOCK.min(self.len() - from)];
            self.scores(query, from, scores);
            each(from, scores);
        }
    }

    /// Offers all rows.
    pub(crate) fn scan(&self, query: &Query, best: &mut Best) {
        self.in_blocks(query, |from, scores| {
            for (row, &mut score) in (from..).zip(scores) {
                if score >= best.floor {
                    best.offer(Hit { number: self.numbers[row], score });
                }
            }
        });
    }

    /// Offers the rows whose numbers are among what is asked for.
    pub(crate) fn scan_among(&self, query: &Query, best: &mut Best, among: &dyn Fn(u32) -> bool) {
        self.in_blocks(query, |from, scores| {
            for (&number, &mut score) in self.numbers[from..].iter().zip(scores) {
                if score >= best.floor && among(number) {
                    best.offer(Hit { number, score });
                }
            }
        });
    }
}
