//! Item vectors in two dimensions: their principal components.

use crate::pipeline::dot;

/// The two directions in which vectors differ most.
#[derive(Clone, Debug, PartialEq)]
pub struct Axes {
    mean: Vec<f32>,
    directions: [Vec<f32>; 2],
    /// Share of the vectors' variance along each.
    pub variance: (f32, f32),
}

/// Steps of the power iteration: directions whose variance differs by a tenth are told apart to
/// eight digits.
const STEPS: usize = 200;

/// The first two principal components of `count` vectors that lie one after another, by power
/// iteration on their covariance, the second in what the first leaves. There is no chance in it:
/// the first step goes from a vector of ones, and an axis points to where its largest entry is
/// above zero.
pub fn axes(vectors: &[f32], count: usize) -> Axes {
    let count = count.max(1);
    let size = vectors.len() / count;
    let mut mean = vec![0.0; size];
    for vector in vectors.chunks_exact(size.max(1)) {
        mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value / count as f32);
    }
    let mut covariance = vec![0.0_f32; size * size];
    for vector in vectors.chunks_exact(size.max(1)) {
        let centred: Vec<f32> =
            vector.iter().zip(&mean).map(|(value, mean)| value - mean).collect();
        for (row, &value) in covariance.chunks_exact_mut(size).zip(&centred) {
            row.iter_mut().zip(&centred).for_each(|(sum, other)| *sum += value * other);
        }
    }
    let total: f32 = (0..size).map(|n| covariance[n * size + n]).sum();
    let mut component = || {
        let (direction, along) = strongest(&covariance, size);
        for (row, &value) in covariance.chunks_exact_mut(size.max(1)).zip(&direction) {
            row.iter_mut().zip(&direction).for_each(|(sum, other)| *sum -= along * value * other);
        }
        (direction, if total > 0.0 { along / total } else { 0.0 })
    };
    let ((first, along_first), (second, along_second)) = (component(), component());
    Axes { mean, directions: [first, second], variance: (along_first, along_second) }
}

/// The direction of the largest eigenvalue of a symmetric matrix, of length one, and the value.
fn strongest(matrix: &[f32], size: usize) -> (Vec<f32>, f32) {
    let mut direction = vec![1.0; size];
    let mut length = 0.0;
    for _ in 0..STEPS {
        let next: Vec<f32> =
            matrix.chunks_exact(size.max(1)).map(|row| dot(row, &direction)).collect();
        length = dot(&next, &next).sqrt();
        if length == 0.0 {
            break;
        }
        direction = next.into_iter().map(|value| value / length).collect();
    }
    let largest = direction.iter().fold(0.0_f32, |a, &b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        direction.iter_mut().for_each(|value| *value = -*value);
    }
    (direction, length)
}

impl Axes {
    /// Where vectors that lie one after another stand: x and y of each.
    pub fn points(&self, vectors: &[f32]) -> Vec<f32> {
        let offset = self.directions.each_ref().map(|direction| dot(&self.mean, direction));
        let place = |vector: &[f32]| {
            let [x, y] = self.directions.each_ref().map(|direction| dot(vector, direction));
            [x - offset[0], y - offset[1]]
        };
        vectors.chunks_exact(self.mean.len().max(1)).flat_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Points spread over three directions at right angles, five, two and half wide.
    fn cloud() -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut wide = |width: f32| random.random_range(-width..width);
        let point = |_| {
            let (a, b, c) = (wide(5.0), wide(2.0), wide(0.5));
            [7.0 + 0.8 * a - 0.6 * b, 0.6 * a + 0.8 * b - 1.0, c]
        };
        (0..2_000).flat_map(point).collect()
    }

    #[test]
    fn the_axes_are_where_the_vectors_differ_most() {
        let axes = axes(&cloud(), 2_000);
        for (found, expected) in axes.directions.iter().zip([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0]]) {
            assert!((dot(found, &expected).abs() - 1.0).abs() < 1e-3, "{found:?}");
            assert!((dot(found, found) - 1.0).abs() < 1e-5);
        }
        let total = 25.0 + 4.0 + 0.25;
        assert!((axes.variance.0 - 25.0 / total).abs() < 0.01, "{:?}", axes.variance);
        assert!((axes.variance.1 - 4.0 / total).abs() < 0.01, "{:?}", axes.variance);
    }

    #[test]
    fn what_is_drawn_is_centred_and_the_same_every_time() {
        let cloud = cloud();
        let axes_of_it = axes(&cloud, 2_000);
        let points = axes_of_it.points(&cloud);
        for axis in 0..2 {
            let sum: f32 = points.iter().skip(axis).step_by(2).sum();
            assert!((sum / 2_000.0).abs() < 1e-3);
        }
        let apart: f32 = (0..1_999).map(|n| (points[2 * n] * points[2 * n + 1]) / 2_000.0).sum();
        assert!(apart.abs() < 0.05, "the axes are not at right angles: {apart}");
        assert_eq!(axes(&cloud, 2_000), axes_of_it);
    }

    #[test]
    fn vectors_that_do_not_differ_stand_in_one_place() {
        let same = [0.25, 0.5, 0.25, 0.5, 0.25, 0.5];
        let axes_of_it = axes(&same, 3);
        assert_eq!(axes_of_it.points(&same), [0.0; 6]);
        assert_eq!(axes_of_it.variance, (0.0, 0.0));
        assert_eq!(axes(&[], 0).points(&[]), [0.0; 0]);
    }
}
