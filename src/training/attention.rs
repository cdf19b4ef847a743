//! Whether attention over a history says something: whether it tells behaviours apart, and whether
//! what is attended to most matters more than what is least.

use std::fmt;

use market::metrics::effective_number;

/// A history of fewer behaviours is not looked at.
pub const LONG: usize = 20;

/// A part of a history that has its own attention may be shorter: so few are enough to tell the most
/// from the least attended.
pub const SHORT: usize = 4;

/// Attention over the histories of some requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attention {
    /// Histories that were looked at.
    pub requests: usize,
    /// Median of effective number (exponential of the entropy) over the length: 1 where all behaviours
    /// are attended to alike.
    pub spread: f64,
    /// Share of requests in which removing the behaviour with the most attention moves what is made of
    /// the history more than removing the one with the least.
    pub most_matters: f64,
    /// Mean move without the behaviour with the most attention.
    pub without_most: f64,
    /// The same without the one with the least.
    pub without_least: f64,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    spreads: Vec<f64>,
    moves: Vec<[f64; 2]>,
}

impl Seen {
    /// Adds a history.
    ///
    /// - `weights`: attention on each of its behaviours, once for each head and for each that attends;
    ///   rows need not sum to one;
    /// - `shown`: what of it is looked at, by behaviour;
    /// - `moved`: how far what is made of the history moves without a behaviour.
    pub fn add(
        &mut self,
        weights: impl Iterator<Item = Vec<f64>>,
        shown: &[f64],
        moved: impl FnMut(usize) -> f64,
    ) {
        for row in weights {
            let all: f64 = row.iter().sum();
            let row: Vec<f64> = row.iter().map(|weight| weight / all).collect();
            self.spreads.push(effective_number(&row) / row.len() as f64);
        }
        let place = |better: fn(f64, f64) -> bool| {
            (1..shown.len()).fold(0, |best, n| if better(shown[n], shown[best]) { n } else { best })
        };
        self.moves.push([place(|a, b| a > b), place(|a, b| a < b)].map(moved));
    }

    /// What comes of it.
    pub fn sum_up(self) -> Attention {
        let n = self.moves.len().max(1) as f64;
        let mean = |which: usize| self.moves.iter().map(|moved| moved[which]).sum::<f64>() / n;
        let most_matters =
            self.moves.iter().filter(|[most, least]| most > least).count() as f64 / n;
        Attention {
            requests: self.moves.len(),
            spread: median(self.spreads.clone()),
            most_matters,
            without_most: mean(0),
            without_least: mean(1),
        }
    }
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, spread, most_matters, without_most, without_least } = self;
        write!(
            f,
            "effective number {spread:.2} of the length (median); without the most attended the \
             result moves by {without_most:.3}, without the least by {without_least:.3}: more in \
             {most_matters:.2} of {requests} requests"
        )
    }
}

/// Distance of two vectors.
pub(super) fn distance(one: &[f32], other: &[f32]) -> f64 {
    let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
    one.iter().zip(other).map(square).sum::<f64>().sqrt()
}

/// Inner product of two vectors.
pub(super) fn inner(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(a * b)).sum()
}

/// Of the rows of a table, as wide as the vector, the one with the largest inner product.
pub(super) fn first<'a>(vector: &[f32], rows: &'a [f32]) -> &'a [f32] {
    let better = |a: &&[f32], b: &&[f32]| inner(vector, a).total_cmp(&inner(vector, b));
    rows.chunks(vector.len()).max_by(better).unwrap_or_default()
}

/// The middle one; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_that_is_alike_is_spread_over_all_and_the_most_attended_is_what_is_removed_first() {
        let mut seen = Seen::default();
        let moved = |n: usize| [0.3, 0.1, 0.2][n];
        seen.add(std::iter::once(vec![0.2; 3]), &[0.5, 0.3, 0.2], moved);
        let alike = seen.clone().sum_up();
        assert!((alike.spread - 1.0).abs() < 1e-9, "{alike}");
        assert_eq!((alike.requests, alike.most_matters), (1, 1.0));
        assert_eq!((alike.without_most, alike.without_least), (0.3, 0.2));
        seen.add([vec![1.0, 0.0, 0.0], vec![0.0, 0.0, 1.0]].into_iter(), &[0.1, 0.8, 0.2], moved);
        let Attention { spread, most_matters, .. } = seen.sum_up();
        assert!((spread - 1.0 / 3.0).abs() < 1e-9, "{spread}");
        assert_eq!(most_matters, 0.5);
    }
}
