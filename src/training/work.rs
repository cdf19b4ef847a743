//! How much there is to compute in training, and how fast it is done: samples a second, and how near
//! that is to the speed at which the machine multiplies matrices.
//!
//! Counted are the multiplications and additions of matrix products, two for each weight that a row
//! meets: forward once, and backward by the inputs and by the weights, which is as much again for
//! each. What is not a product (normalisation, softmax, embeddings, the optimiser) counts as nothing,
//! and neither does padding, so that the share is of work that has to be done.

use std::time::Duration;

use burn::tensor::{Device, Tensor, TensorData};
use web_time::Instant;

/// Forward and backward, in products of the forward pass.
const PASSES: f64 = 3.0;

/// Products of a perceptron through these widths, for one row.
pub fn mlp(widths: &[usize]) -> f64 {
    widths.windows(2).map(|pair| 2.0 * (pair[0] * pair[1]) as f64).sum()
}

/// Products of a block of width `d` with a feed-forward network `d_f` wide inside, whose queries
/// attend to keys within segments: `queries` and `keys` in all, and `pairs` of one and the other.
pub fn block(d: usize, d_f: usize, [queries, keys, pairs]: [f64; 3]) -> f64 {
    queries * (2.0 * mlp(&[d, d]) + mlp(&[d, d_f, d]))
        + keys * 2.0 * mlp(&[d, d])
        + pairs * 4.0 * d as f64
}

/// How fast a training goes.
#[derive(Debug)]
pub struct Speed {
    name: &'static str,
    /// A typical product of the model: rows, input, output.
    typical: [usize; 3],
    started: Instant,
    samples: usize,
    products: f64,
}

impl Speed {
    /// From now on. `typical` is a product that the model mostly consists of: rows, input, output.
    pub fn new(name: &'static str, typical: [usize; 3]) -> Self {
        Self { name, typical, started: Instant::now(), samples: 0, products: 0.0 }
    }

    /// A step over so many samples, whose forward pass is so many multiplications and additions.
    pub fn step(&mut self, samples: usize, forward: f64) {
        self.samples += samples;
        self.products += PASSES * forward;
    }

    /// Says how fast it went, if anything was done.
    pub fn say(&self, device: &Device) {
        if self.samples == 0 {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let speed = self.products / seconds / 1e9;
        let machine = matrix_speed(self.typical, device);
        let [rows, input, output] = self.typical;
        println!(
            "{}: {:.0} samples a second, {speed:.1} GFLOP/s, {:.0} % of the {machine:.0} that \
             [{rows}, {input}] by [{input}, {output}] is multiplied with here",
            self.name,
            self.samples as f64 / seconds,
            100.0 * speed / machine,
        );
    }
}

/// How long the machine's speed is measured.
const MEASURED: Duration = Duration::from_millis(60);

/// Billions of multiplications and additions a second in a product of these sizes.
pub fn matrix_speed([rows, input, output]: [usize; 3], device: &Device) -> f64 {
    let device = device.clone().inner();
    // Not by the device's random numbers, whose order is the training's.
    let numbers = |rows: usize, columns: usize| {
        let values: Vec<f32> = (0..rows * columns).map(|n| (n % 13) as f32 - 6.0).collect();
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
    };
    let (a, b) = (numbers(rows, input), numbers(input, output));
    let multiply = || a.clone().matmul(b.clone()).slice([0..1, 0..1]).into_data();
    // The best of many, for others use the machine, too.
    let (started, mut best) = (Instant::now(), f64::INFINITY);
    while started.elapsed() < MEASURED || best.is_infinite() {
        let began = Instant::now();
        multiply();
        best = best.min(began.elapsed().as_secs_f64());
    }
    rows as f64 * mlp(&[input, output]) / best / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        assert_eq!(mlp(&[3, 4, 5]), 2.0 * (3.0 * 4.0 + 4.0 * 5.0));
        // Two rows attend to three: queries and output, keys and values, feed-forward, and the
        // scores and sums of six pairs.
        let projections = (2.0 + 2.0 + 3.0 + 3.0) * 2.0 * 16.0;
        let feed_forward = 2.0 * 2.0 * 2.0 * 4.0 * 8.0;
        let pairs = 6.0 * 2.0 * 2.0 * 4.0;
        assert_eq!(block(4, 8, [2.0, 3.0, 6.0]), projections + feed_forward + pairs);
    }

    #[test]
    fn the_machine_multiplies() {
        let speed = matrix_speed([64, 32, 32], &Device::flex());
        assert!(speed.is_finite() && speed > 0.0);
    }
}
