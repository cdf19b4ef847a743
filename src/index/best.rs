//! The best of what is scored, without sorting all of it.

use std::cmp::Ordering;

/// A vector, by its number, and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which vector.
    pub number: u32,
    /// Its inner product with the query.
    pub score: f32,
}

/// The better first. Scores are never NaN.
fn order(a: &Hit, b: &Hit) -> Ordering {
    b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal).then(a.number.cmp(&b.number))
}

/// The best `k` hits of all shards, whose vectors are different ones: what one index over all of them
/// would have found.
pub fn merge(shards: impl IntoIterator<Item = Vec<Hit>>, k: usize) -> Vec<Hit> {
    let mut best = Best::new(k);
    shards.into_iter().flatten().for_each(|hit| best.offer(hit));
    best.sorted()
}

/// Keeps the best `k` of what it is offered: candidates that beat the worst of the best known gather
/// until there are twice as many as needed, and are then cut in linear time.
pub(crate) struct Best {
    k: usize,
    hits: Vec<Hit>,
    /// How many may gather.
    room: usize,
    /// The worst of the best `k` at the last cut: what is not better does not come in.
    worst: Option<Hit>,
    /// Its score: what is below does not come in, and needs no closer look.
    pub(crate) floor: f32,
}

impl Best {
    pub(crate) fn new(k: usize) -> Self {
        let room = k.saturating_mul(2);
        let floor = if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
        Self { k, hits: Vec::new(), room, worst: None, floor }
    }

    #[inline]
    pub(crate) fn offer(&mut self, hit: Hit) {
        if self.k == 0 || self.worst.is_some_and(|worst| order(&hit, &worst).is_gt()) {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= self.room {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.hits.len() < self.k || self.k == 0 {
            return;
        }
        let (_, worst, _) = self.hits.select_nth_unstable_by(self.k - 1, order);
        self.floor = worst.score;
        self.worst = Some(*worst);
        self.hits.truncate(self.k);
    }

    /// The best, the better first.
    pub(crate) fn sorted(mut self) -> Vec<Hit> {
        self.cut();
        self.hits.sort_unstable_by(order);
        self.hits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few different scores, so that many are equal.
    fn hits() -> impl Strategy<Value = Vec<Hit>> {
        prop::collection::vec((-4..4_i8).prop_map(f32::from), 0..400).prop_map(|scores| {
            let mut hits: Vec<Hit> =
                (0..).zip(scores).map(|(number, score)| Hit { number, score }).collect();
            // Not in the order of their numbers.
            hits.reverse();
            let middle = hits.len() / 3;
            hits.rotate_left(middle);
            hits
        })
    }

    proptest! {
        #[test]
        fn the_best_are_the_head_of_a_sort(hits in hits(), k in 0..300_usize, parts in 1..5_usize) {
            let mut sorted = hits.clone();
            sorted.sort_by(order);
            sorted.truncate(k);
            let shards: Vec<Vec<Hit>> =
                hits.chunks(hits.len() / parts + 1).map(|part| merge([part.to_vec()], k)).collect();
            prop_assert_eq!(merge([hits], k), sorted.clone());
            prop_assert_eq!(merge(shards, k), sorted);
        }
    }

    #[test]
    fn as_many_as_there_are_is_no_reason_to_take_room() {
        let hit = Hit { number: 3, score: 1.0 };
        assert_eq!(merge([vec![hit]], usize::MAX), [hit]);
    }
}
