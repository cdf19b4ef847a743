//! Exact search over vectors that are parted: each part is searched for itself, by another worker for one,
//! and what the parts find is merged to what the whole would have found.

use std::ops::Range;

use crate::places::Places;
use crate::{Exact, Found, Index, IndexError, Query, Reach, Rows, Scored, merge};

/// The rows of each of `shards` parts of as many `rows`: consecutive, and as many in each as in another,
/// or one more. At least one part; where there are more than rows, some are empty.
///
/// ```
/// assert_eq!(index::parts(10, 3).collect::<Vec<_>>(), [0..3, 3..6, 6..10]);
/// ```
pub fn parts(rows: usize, shards: usize) -> impl Iterator<Item = Range<usize>> {
    let shards = shards.max(1);
    // The product does not fit in the 32 bits of a browser's numbers.
    let begin = move |shard: usize| (rows as u64 * shard as u64 / shards as u64) as usize;
    (0..shards).map(move |shard| begin(shard)..begin(shard + 1))
}

/// All vectors in several pieces, of which none has one of another's.
#[derive(Clone, Debug)]
pub struct Shards {
    /// At least one.
    shards: Vec<Exact>,
}

impl Shards {
    /// An index over a copy of these vectors in so many [`parts`].
    ///
    /// # Errors
    /// [`IndexError::Taken`] if two of them have the same number, in whichever shards they are.
    pub fn new(rows: &Rows, shards: usize) -> Result<Self, IndexError> {
        Places::of(&rows.numbers)?;
        let shards = parts(rows.len(), shards).map(|part| Exact::new(rows.part(part)));
        Ok(Self { shards: shards.collect::<Result<_, _>>()? })
    }

    /// The pieces, in the order of the vectors.
    pub fn shards(&self) -> &[Exact] {
        &self.shards
    }
}

impl Index for Shards {
    fn dimension(&self) -> usize {
        self.shards[0].dimension()
    }

    fn len(&self) -> usize {
        self.shards.iter().map(Exact::len).sum()
    }

    fn search(&self, query: &Query, k: usize, reach: Reach) -> Result<Found, IndexError> {
        let (mut hits, mut scored) = (Vec::new(), Scored::default());
        for shard in &self.shards {
            let found = shard.search(query, k, reach)?;
            scored.vectors += found.scored.vectors;
            hits.push(found.hits);
        }
        Ok(Found { hits: merge(hits, k), scored, kept: Vec::new() })
    }

    fn score(&self, query: &Query, number: u32) -> Result<Option<f32>, IndexError> {
        for shard in &self.shards {
            if let Some(score) = shard.score(query, number)? {
                return Ok(Some(score));
            }
        }
        Ok(None)
    }

    fn insert(&mut self, number: u32, vector: &[f32], further: f32) -> Result<(), IndexError> {
        if self.path(number).is_some() {
            return Err(IndexError::Taken(number));
        }
        let shortest = (0..self.shards.len()).min_by_key(|shard| self.shards[*shard].len());
        self.shards[shortest.unwrap_or(0)].insert(number, vector, further)
    }

    fn remove(&mut self, number: u32) -> bool {
        self.shards.iter_mut().any(|shard| shard.remove(number))
    }

    fn path(&self, number: u32) -> Option<Vec<u32>> {
        self.shards.iter().find_map(|shard| shard.path(number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Vectors of few different values with their further ones, so that many are alike, and a query.
    fn shop() -> impl Strategy<Value = (Vec<(Vec<f32>, f32)>, Vec<f32>)> {
        (0..90_usize, 1..40_usize).prop_flat_map(|(len, dimension)| {
            let vector = || prop::collection::vec((-1..=1_i8).prop_map(f32::from), dimension);
            let further = (0..3_u8).prop_map(f32::from);
            (prop::collection::vec((vector(), further), len), vector())
        })
    }

    /// Under numbers that do not rise with the rows.
    fn rows_of(vectors: &[(Vec<f32>, f32)], dimension: usize) -> Rows {
        let mut rows = Rows::new(dimension).expect("a width");
        let len = vectors.len() as u32;
        for (row, (vector, further)) in (0..).zip(vectors) {
            let number = if row % 2 == 0 { row } else { 2 * len - row };
            rows.push(number, vector, *further).expect("numbers");
        }
        rows
    }

    proptest! {
        #[test]
        fn parts_are_all_rows_once_and_alike_in_length(rows in 0..1_000_usize, shards in 0..60_usize) {
            let parts: Vec<Range<usize>> = parts(rows, shards).collect();
            prop_assert_eq!(parts.len(), shards.max(1));
            prop_assert!(parts.iter().cloned().flatten().eq(0..rows));
            let longest = parts.iter().map(Range::len).max();
            let shortest = parts.iter().map(Range::len).min();
            prop_assert!(longest <= shortest.map(|shortest| shortest + 1));
        }

        /// The same numbers, the same scores, the same order: where shards have fewer than K, where some are
        /// empty, and where equal scores stand in several.
        #[test]
        fn what_shards_find_is_what_the_whole_finds(
            (vectors, query) in shop(),
            sigma in prop::sample::select(vec![0.0, 0.5]),
            k in 0..120_usize,
            shards in 0..120_usize,
        ) {
            let rows = rows_of(&vectors, query.len());
            let parted = Shards::new(&rows, shards).unwrap();
            prop_assert_eq!(parted.shards().len(), shards.max(1));
            let whole = Exact::new(rows).unwrap();
            let query = Query::new(&query, sigma).unwrap();
            let [all, found] = [
                whole.search(&query, k, Reach::All).unwrap(),
                parted.search(&query, k, Reach::All).unwrap(),
            ];
            prop_assert_eq!(all, found);
            for number in 0..2 * vectors.len() as u32 + 2 {
                prop_assert_eq!(whole.score(&query, number), parted.score(&query, number));
                prop_assert_eq!(whole.path(number), parted.path(number));
            }
        }

        /// Also where vectors have gone, and others have come.
        #[test]
        fn arrivals_and_departures_are_those_of_the_whole(
            (vectors, query) in shop(),
            shards in 1..9_usize,
            turns in prop::collection::vec((0..200_u32, any::<bool>()), 0..60),
        ) {
            let rows = rows_of(&vectors, query.len());
            let mut parted = Shards::new(&rows, shards).unwrap();
            let mut whole = Exact::new(rows).unwrap();
            for (number, comes) in turns {
                if comes {
                    let vector = vec![number as f32 - 100.0; query.len()];
                    let [one, other] = [
                        whole.insert(number, &vector, 1.0),
                        parted.insert(number, &vector, 1.0),
                    ];
                    prop_assert_eq!(one, other);
                } else {
                    prop_assert_eq!(whole.remove(number), parted.remove(number));
                }
                prop_assert_eq!(whole.len(), parted.len());
            }
            let query = Query::new(&query, 0.5).unwrap();
            let [all, found] = [
                whole.search(&query, 50, Reach::All).unwrap(),
                parted.search(&query, 50, Reach::All).unwrap(),
            ];
            prop_assert_eq!(all, found);
        }
    }

    #[test]
    fn as_many_rows_as_there_can_be_are_parted_without_an_overflow() {
        let rows = crate::MOST as usize;
        let last = parts(rows, 1_000).last().unwrap();
        assert_eq!(last.end, rows);
        assert_eq!(last.len(), rows.div_ceil(1_000));
    }

    #[test]
    fn what_does_not_fit_is_refused_in_whichever_shard_it_is() {
        let mut rows = Rows::new(2).unwrap();
        for number in [3, 5, 7, 3] {
            rows.push(number, &[1.0, 0.0], 0.0).unwrap();
        }
        // One in the first of two shards, the other in the second.
        assert_eq!(Shards::new(&rows, 2).unwrap_err(), IndexError::Taken(3));
        let mut shards = Shards::new(&rows.part(0..3), 2).unwrap();
        for number in [3, 5, 7] {
            assert_eq!(shards.insert(number, &[0.0, 1.0], 0.0), Err(IndexError::Taken(number)));
        }
        let query = Query::new(&[1.0], 0.0).unwrap();
        let expected = IndexError::Dimension { found: 1, expected: 2 };
        assert_eq!(shards.search(&query, 1, Reach::All), Err(expected.clone()));
        assert_eq!(shards.score(&query, 3), Err(expected));
        assert!(Shards::new(&Rows::new(2).unwrap(), 4).unwrap().is_empty());
    }
}
