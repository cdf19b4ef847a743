//! Exact search: every vector is scored.

use crate::best::Best;
use crate::places::Places;
use crate::rows::BLOCK;
use crate::{Found, Index, IndexError, Query, Reach, Rows, Scored};

/// All vectors in one piece.
#[derive(Clone, Debug)]
pub struct Exact {
    pub(crate) rows: Rows,
    places: Places,
}

impl Exact {
    /// An index over these vectors.
    ///
    /// # Errors
    /// [`IndexError::Taken`] if two of them have the same number.
    pub fn new(rows: Rows) -> Result<Self, IndexError> {
        let places = Places::of(&rows.numbers)?;
        Ok(Self { rows, places })
    }

    /// The vectors, in the order in which they were added, where none was taken out.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The scores of the vectors from the row `from` on, in the order in which they were added, where none
    /// was taken out.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] if the query is of other vectors.
    pub fn scores(&self, query: &Query, from: usize) -> Result<Vec<f32>, IndexError> {
        self.rows.check(query)?;
        let mut scores = vec![0.0; self.len().saturating_sub(from)];
        for (block, scores) in scores.chunks_mut(BLOCK).enumerate() {
            self.rows.scores(query, from + block * BLOCK, scores);
        }
        Ok(scores)
    }

    /// The vectors again, to build another index from.
    pub fn into_rows(self) -> Rows {
        self.rows
    }
}

impl Index for Exact {
    fn dimension(&self) -> usize {
        self.rows.dimension()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn search(&self, query: &Query, k: usize, _reach: Reach) -> Result<Found, IndexError> {
        self.rows.check(query)?;
        let mut best = Best::new(k);
        self.rows.scan(query, &mut best);
        let scored = Scored { vectors: self.len(), centroids: 0 };
        Ok(Found { hits: best.sorted(), scored, kept: Vec::new() })
    }

    fn score(&self, query: &Query, number: u32) -> Result<Option<f32>, IndexError> {
        self.rows.check(query)?;
        Ok(self.places.get(number).map(|row| {
            let mut score = [0.0];
            self.rows.scores(query, row as usize, &mut score);
            score[0]
        }))
    }

    fn insert(&mut self, number: u32, vector: &[f32], further: f32) -> Result<(), IndexError> {
        self.places.check(number)?;
        self.rows.push(number, vector, further)?;
        self.places.set(number, self.rows.len() as u32 - 1);
        Ok(())
    }

    fn remove(&mut self, number: u32) -> bool {
        let Some(row) = self.places.forget(number) else { return false };
        self.rows.swap_remove(row as usize);
        if let Some(&moved) = self.rows.numbers.get(row as usize) {
            self.places.set(moved, row);
        }
        true
    }

    fn path(&self, number: u32) -> Option<Vec<u32>> {
        self.places.get(number).map(|_| Vec::new())
    }
}
