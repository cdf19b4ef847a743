//! Reliability curves: whether what is predicted comes true on average.

/// Predictions that are near each other, and what came of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// How many.
    pub count: usize,
    /// Mean prediction.
    pub predicted: f64,
    /// Mean of what came of them.
    pub came: f64,
}

/// A reliability curve: predictions by their size in `bins` bins of equal numbers, each with what came
/// of it; the diagonal is calibrated. Fewer bins where there are fewer predictions.
///
/// ```
/// use market::metrics::reliability;
///
/// let curve = reliability(&[0.1, 0.9, 0.2, 0.8], &[0.0, 1.0, 0.2, 0.6], 2);
/// let means: Vec<(f64, f64)> = curve.iter().map(|bin| (bin.predicted, bin.came)).collect();
/// assert!((means[0].0 - 0.15).abs() < 1e-12 && (means[0].1 - 0.1).abs() < 1e-12);
/// assert!((means[1].0 - 0.85).abs() < 1e-12 && (means[1].1 - 0.8).abs() < 1e-12);
/// ```
///
/// # Panics
/// If there is not one outcome for each prediction.
pub fn reliability(predicted: &[f64], came: &[f64], bins: usize) -> Vec<Bin> {
    assert_eq!(predicted.len(), came.len(), "an outcome for each prediction");
    let mut order: Vec<usize> = (0..predicted.len()).collect();
    order.sort_by(|&a, &b| predicted[a].total_cmp(&predicted[b]));
    let edge = |bin: usize| bin * order.len() / bins.max(1);
    let mut curve = Vec::with_capacity(bins);
    for bin in 0..bins {
        let of = &order[edge(bin)..edge(bin + 1)];
        let mean = |values: &[f64]| of.iter().map(|&i| values[i]).sum::<f64>() / of.len() as f64;
        if !of.is_empty() {
            curve.push(Bin { count: of.len(), predicted: mean(predicted), came: mean(came) });
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prediction_is_in_one_bin() {
        let predicted: Vec<f64> = (0..23).map(|n| f64::from(n * 7 % 23)).collect();
        let curve = reliability(&predicted, &predicted, 5);
        assert_eq!(curve.iter().map(|bin| bin.count).sum::<usize>(), 23);
        assert!(curve.iter().all(|bin| bin.predicted == bin.came));
        assert!(curve.windows(2).all(|two| two[0].predicted < two[1].predicted));
        assert_eq!(reliability(&[1.0], &[2.0], 10).len(), 1);
        assert_eq!(reliability(&[], &[], 10), []);
    }
}
