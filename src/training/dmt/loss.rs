//! DMT's loss (equation 5).

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

/// L of equation 5, `[1]`: the sum over tasks of lambda_k times the mean cross entropy of
/// y_k = sigmoid(u_k + y_b).
///
/// - `utilities`: u_k, `[n, K]`;
/// - `bias`: y_b, `[n, 1]`, or none without a bias network;
/// - `labels`: y_i, 1 or 0, `[n, K]`; what stands where there is padding is not read;
/// - `present`: 1 for an impression, 0 for padding, `[n, 1]`;
/// - `lambda`: lambda_k.
pub fn cross_entropy(
    utilities: Tensor<2>,
    bias: Option<Tensor<2>>,
    labels: Tensor<2>,
    present: Tensor<2>,
    lambda: [f32; 2],
) -> Tensor<1> {
    let logits = match bias {
        Some(bias) => utilities + bias,
        None => utilities,
    };
    let padding = present.clone().equal_elem(0.0).expand(labels.dims());
    let labels = labels.mask_fill(padding, 0.0);
    // ln y = ln sigmoid(z), ln (1 - y) = ln sigmoid(-z) = ln sigmoid(z) - z: finite for every z.
    let ln_y = log_sigmoid(logits.clone());
    let losses = ((labels - 1.0) * logits + ln_y).neg();
    let lambda = Tensor::<2>::from_floats([lambda], &losses.device());
    let count = present.clone().sum();
    (losses * lambda * present).sum() / count
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const N: usize = 7;
    const LAMBDA: [f32; 2] = [1.0, 3.0];

    struct Batch {
        utilities: Vec<f64>,
        bias: Vec<f64>,
        labels: Vec<f64>,
        present: Vec<f64>,
    }

    fn batch() -> Batch {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |n: usize| (0..n).map(|_| random.random_range(-3.0..3.0)).collect();
        let (utilities, bias): (Vec<f64>, Vec<f64>) = (draw(2 * N), draw(N));
        let labels: Vec<f64> = draw(2 * N);
        let labels = labels.into_iter().map(|x| f64::from(u8::from(x > 1.0))).collect();
        let mut present = vec![1.0; N];
        present[4] = 0.0;
        Batch { utilities, bias, labels, present }
    }

    impl Batch {
        /// Equation 5 as it is written.
        fn loss(&self, biased: bool) -> f64 {
            let count: f64 = self.present.iter().sum();
            let mut loss = 0.0;
            for (task, lambda) in LAMBDA.into_iter().enumerate() {
                let mut sum = 0.0;
                for i in 0..N {
                    let bias = if biased { self.bias[i] } else { 0.0 };
                    let y_k = 1.0 / (1.0 + (-(self.utilities[i * 2 + task] + bias)).exp());
                    let y_i = self.labels[i * 2 + task];
                    let entropy = y_i * y_k.ln() + (1.0 - y_i) * (1.0 - y_k).ln();
                    sum += self.present[i] * entropy;
                }
                loss -= f64::from(lambda) * sum / count;
            }
            loss
        }

        fn tensors(&self, device: &Device) -> [Tensor<2>; 4] {
            let tensor = |values: &[f64], width: usize| {
                let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                Tensor::from_data(TensorData::new(values, [N, width]), device)
            };
            [
                tensor(&self.utilities, 2),
                tensor(&self.bias, 1),
                tensor(&self.labels, 2),
                tensor(&self.present, 1),
            ]
        }
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_vec_as::<f32>().unwrap()
    }

    #[test]
    fn the_loss_is_equation_5() {
        let batch = batch();
        let [utilities, bias, labels, present] = batch.tensors(&Device::flex());
        let biased =
            cross_entropy(utilities.clone(), Some(bias), labels.clone(), present.clone(), LAMBDA);
        assert!((f64::from(numbers(biased)[0]) - batch.loss(true)).abs() < 1e-5);
        let plain = cross_entropy(utilities, None, labels, present, LAMBDA);
        assert!((f64::from(numbers(plain)[0]) - batch.loss(false)).abs() < 1e-5);
    }

    #[test]
    fn gradients_are_finite_differences_of_equation_5() {
        let batch = batch();
        let [utilities, bias, labels, present] = batch.tensors(&Device::flex().autodiff());
        let (utilities, bias) = (utilities.require_grad(), bias.require_grad());
        let loss = cross_entropy(utilities.clone(), Some(bias.clone()), labels, present, LAMBDA);
        let gradients = loss.backward();
        let by_utility = numbers(utilities.grad(&gradients).unwrap());
        let by_bias = numbers(bias.grad(&gradients).unwrap());
        let step = 1e-5;
        let slope = |change: &dyn Fn(&mut Batch, f64)| {
            let (mut up, mut down) = (self::batch(), self::batch());
            change(&mut up, step);
            change(&mut down, -step);
            (up.loss(true) - down.loss(true)) / (2.0 * step)
        };
        for (i, found) in by_utility.iter().enumerate() {
            let expected = slope(&|batch, step| batch.utilities[i] += step);
            assert!((f64::from(*found) - expected).abs() < 1e-5);
        }
        for (i, found) in by_bias.iter().enumerate() {
            let expected = slope(&|batch, step| batch.bias[i] += step);
            assert!((f64::from(*found) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn labels_of_padding_are_not_read() {
        let bits =
            |values: Vec<f32>| -> Vec<u32> { values.into_iter().map(f32::to_bits).collect() };
        let found = |garbage: f64| {
            let mut batch = batch();
            for (label, i) in batch.labels.iter_mut().zip(0..) {
                if batch.present[i / 2] == 0.0 {
                    *label = garbage;
                }
            }
            let [utilities, bias, labels, present] = batch.tensors(&Device::flex().autodiff());
            let utilities = utilities.require_grad();
            let loss = cross_entropy(utilities.clone(), Some(bias), labels, present, LAMBDA);
            let gradient = utilities.grad(&loss.clone().backward()).unwrap();
            [bits(numbers(loss)), bits(numbers(gradient))]
        };
        let expected = found(0.0);
        for garbage in [1.0, 1e20, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(found(garbage), expected, "{garbage}");
        }
    }

    #[test]
    fn logits_far_from_zero_stay_finite() {
        let device = Device::flex();
        let tensor = |values: [[f32; 2]; 2]| Tensor::<2>::from_floats(values, &device);
        let loss = cross_entropy(
            tensor([[500.0, -500.0], [-500.0, 500.0]]),
            None,
            tensor([[0.0, 1.0], [0.0, 1.0]]),
            Tensor::ones([2, 1], &device),
            [1.0, 1.0],
        );
        assert!((numbers(loss)[0] - 500.0).abs() < 1e-3);
    }
}
