//! k-means over some rows: seeding, rounds, and which mean is the nearest.
//!
//! Distances are Euclidean over the values and the further one, which is multiplied by a weight: vectors
//! of length one need nothing else, and of others those with a large inner product are told apart from
//! those of their direction. Means are kept as rows are, so that one loop computes all inner products.

use crate::query::Query;
use crate::random::Random;
use crate::rows::Rows;

/// Means of rows; a mean's further value is the mean one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Means {
    pub(crate) rows: Rows,
    /// Half the square of each one's length, the weighted further value included: the nearest mean is the
    /// one whose inner product less this is largest.
    pub(crate) halves: Vec<f32>,
    /// Square of the further value's weight.
    pub(crate) weight: f32,
}

impl Means {
    pub(crate) fn new(rows: Rows, weight: f32) -> Self {
        let mut means = Self { halves: Vec::new(), rows, weight };
        means.halves = (0..means.rows.len()).map(|row| means.half(row)).collect();
        means
    }

    fn half(&self, row: usize) -> f32 {
        let further = self.rows.furthers[row];
        0.5 * (self.rows.square(row) + self.weight * further * further)
    }

    pub(crate) fn push(&mut self, number: u32, mean: &[f32], further: f32) {
        self.rows.push_right(number, mean, further);
        self.halves.push(self.half(self.rows.len() - 1));
    }

    /// The nearest mean to a row that a query has become, and the part of its distance that is the
    /// means' own: half its square, less half that of the row.
    pub(crate) fn nearest(&self, row: &Query) -> (usize, f32) {
        let mut nearest = (0, f32::INFINITY);
        self.rows.in_blocks(row, |from, scores| {
            for ((mean, &mut score), half) in (from..).zip(scores).zip(&self.halves[from..]) {
                if half - score < nearest.1 {
                    nearest = (mean, half - score);
                }
            }
        });
        nearest
    }

    /// Makes a query of a row, to ask for its nearest mean.
    pub(crate) fn ask(&self, query: &mut Query, rows: &Rows, row: usize) {
        query.become_row(rows.row(row), rows.scales[row], self.weight * rows.furthers[row]);
    }

    /// Up to `count` of the members as first means, each drawn in proportion to its squared distance from
    /// those before (k-means++). Fewer where there are fewer different ones.
    pub(crate) fn seeded(
        rows: &Rows,
        members: &[u32],
        count: usize,
        weight: f32,
        random: &mut Random,
    ) -> Self {
        let mut means = Self::new(Rows::empty(rows.dimension, count), weight);
        let mut query = Query::none(rows.dimension);
        let half = |member: u32| {
            let further = rows.furthers[member as usize];
            0.5 * (rows.square(member as usize) + weight * further * further)
        };
        let halves: Vec<f32> = members.iter().map(|&member| half(member)).collect();
        // Members in one piece: each mean is multiplied with all of them.
        let mut all = Rows::empty(rows.dimension, members.len());
        members.iter().for_each(|&member| all.push_from(rows, member as usize));
        let mut distances = vec![f32::INFINITY; members.len()];
        let mut next = random.below(members.len());
        while means.rows.len() < count && next < members.len() {
            means.rows.push_from(&all, next);
            means.halves.push(halves[next]);
            means.ask(&mut query, &all, next);
            let own = halves[next];
            all.in_blocks(&query, |from, scores| {
                for (place, score) in (from..).zip(scores) {
                    let distance = (halves[place] + own - *score).max(0.0);
                    distances[place] = distances[place].min(distance);
                }
            });
            distances[next] = 0.0;
            let total: f64 = distances.iter().map(|&distance| f64::from(distance)).sum();
            let mut left = f64::from(random.uniform()) * total;
            let reaches = |&distance: &f32| {
                left -= f64::from(distance);
                distance > 0.0 && left < 0.0
            };
            // Rounding may leave a little of the total.
            let last = || distances.iter().rposition(|&distance| distance > 0.0);
            next = distances.iter().position(reaches).or_else(last).unwrap_or(members.len());
        }
        means
    }

    /// One round of Lloyd's: each mean becomes that of the members to which it is the nearest. One that
    /// is the nearest to none stays.
    pub(crate) fn round(&self, rows: &Rows, members: &[u32]) -> Self {
        let mut sums = vec![Sum::new(rows.dimension); self.rows.len()];
        let mut query = Query::none(rows.dimension);
        for &member in members {
            self.ask(&mut query, rows, member as usize);
            sums[self.nearest(&query).0].add(rows, member as usize);
        }
        let mut means = Self::new(Rows::empty(rows.dimension, sums.len()), self.weight);
        for (mean, sum) in sums.iter().enumerate() {
            if sum.count == 0 {
                means.rows.push_from(&self.rows, mean);
                means.halves.push(self.halves[mean]);
            } else {
                means.push(0, &sum.mean(), sum.mean_further());
            }
        }
        means
    }

    /// The members by their nearest mean, in the order they came in; means that are the nearest to none
    /// are left out.
    pub(crate) fn parts(self, rows: &Rows, members: &[u32]) -> (Self, Vec<Vec<u32>>) {
        let mut parts = vec![Vec::new(); self.rows.len()];
        let mut query = Query::none(rows.dimension);
        for &member in members {
            self.ask(&mut query, rows, member as usize);
            parts[self.nearest(&query).0].push(member);
        }
        let mut means = Self::new(Rows::empty(rows.dimension, parts.len()), self.weight);
        for (mean, _) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            means.rows.push_from(&self.rows, mean);
            means.halves.push(self.halves[mean]);
        }
        parts.retain(|part| !part.is_empty());
        (means, parts)
    }
}

/// Sums over rows, from which their mean and spread come.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    values: Vec<f32>,
    square: f64,
    further: f64,
    further_square: f64,
    pub(crate) count: usize,
}

impl Sum {
    pub(crate) fn new(dimension: usize) -> Self {
        let values = vec![0.0; dimension];
        Self { values, square: 0.0, further: 0.0, further_square: 0.0, count: 0 }
    }

    pub(crate) fn add(&mut self, rows: &Rows, row: usize) {
        self.values.iter_mut().zip(rows.values(row)).for_each(|(sum, value)| *sum += value);
        let further = f64::from(rows.furthers[row]);
        self.square += f64::from(rows.square(row));
        self.further += further;
        self.further_square += further * further;
        self.count += 1;
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        self.square += other.square;
        self.further += other.further;
        self.further_square += other.further_square;
        self.count += other.count;
    }

    /// The mean of the values; zeros of none.
    pub(crate) fn mean(&self) -> Vec<f32> {
        let share = 1.0 / self.count.max(1) as f32;
        self.values.iter().map(|sum| sum * share).collect()
    }

    pub(crate) fn mean_further(&self) -> f32 {
        (self.further / self.count.max(1) as f64) as f32
    }

    /// Variance in one direction: of the values' in the mean over all directions, and of the further
    /// value.
    pub(crate) fn variances(&self) -> [f32; 2] {
        let count = self.count.max(1) as f64;
        let mean: f64 =
            self.values.iter().map(|&sum| f64::from(sum) * f64::from(sum)).sum::<f64>() / count;
        let values = (self.square - mean) / (count * self.values.len() as f64);
        let further = (self.further_square - self.further * self.further / count) / count;
        [values.max(0.0) as f32, further.max(0.0) as f32]
    }
}
