//! The mean of a metric over page views.

/// Averages a metric over the page views in which it exists.
///
/// ```
/// use market::metrics::{Mean, recall_at};
///
/// let mut recall = Mean::default();
/// recall.add(recall_at(2, &[7, 8], &[7]));
/// recall.add(recall_at(2, &[7, 8], &[]));
/// recall.add(recall_at(2, &[7, 8], &[9]));
/// assert_eq!(recall.value(), Some(0.5));
/// assert_eq!(recall.count(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    /// Counts one page view; none of it if the metric does not exist there.
    pub fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    /// Counts in what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// The mean; none before the first value.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Page views counted.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl FromIterator<Option<f64>> for Mean {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        let mut mean = Self::default();
        values.into_iter().for_each(|value| mean.add(value));
        mean
    }
}
