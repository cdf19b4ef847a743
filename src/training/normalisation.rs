//! Mean and standard deviation of features, which models keep to z-score them with.

/// Deviation of a feature that is to say nothing; half precision can hold it.
pub const CONSTANT: f32 = 6e4;

/// Mean and standard deviation of each of `width` features over rows that stand one after another.
/// One that never varies says nothing, and gets [`CONSTANT`].
pub fn moments(rows: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let count = (rows.len() / width).max(1) as f64;
    let mut sums = vec![[0.0_f64; 2]; width];
    for row in rows.chunks_exact(width) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            sum[0] += f64::from(value);
            sum[1] += f64::from(value) * f64::from(value);
        }
    }
    sums.iter()
        .map(|[sum, squares]| {
            let mean = sum / count;
            let deviation = (squares / count - mean * mean).max(0.0).sqrt();
            (mean as f32, if deviation > 1e-4 { deviation as f32 } else { CONSTANT })
        })
        .unzip()
}
