//! MLPR's losses: cross entropy of each task over the entire space of impressions, and their sum
//! by equation 9 or 10; and the loss that the encoders are tuned to engagement with (3.1).

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};

use nets::models::mlpr::{K, log_transfer};

/// L_k of each task, `[K]`: the sum over trials of the cross entropy of y^k, divided by
/// `scale`.
///
/// - `logits`: of p^k, `[n, K]`;
/// - `transfer`: y^k is the product of equation 8, else p^k itself;
/// - `engaged`: how many trials of each pair were clicked, put in the cart, ordered, `[n, K]`;
/// - `trials`: how many there were, 0 for a pair that is not to count, of which nothing is read,
///   `[n, 1]`.
///
/// Trials of one pair of query and item look the same to the model, so they are counted together:
/// the sum is the same as one at a time.
pub fn cross_entropy(
    logits: Tensor<2>,
    transfer: bool,
    engaged: Tensor<2>,
    trials: Tensor<2>,
    scale: f32,
) -> Tensor<1> {
    let (ln_y, ln_not_y) = match transfer {
        true => (log_transfer(&logits), log_not_transfer(&logits)),
        false => (log_sigmoid(logits.clone()), log_sigmoid(logits.neg())),
    };
    let untried = trials.clone().equal_elem(0.0).expand(engaged.dims());
    let engaged = engaged.mask_fill(untried, 0.0);
    let losses = engaged.clone() * ln_y + (trials - engaged) * ln_not_y;
    losses.sum_dim(0).reshape([K]).neg() / scale
}

/// ln(1 - y^k) for y^k of equation 8: finite for every logit.
///
/// What is not engaged with at task k either was not at the task before, or was and stops here:
/// `1 - y^k = (1 - y^(k-1)) + y^(k-1) (1 - p^k)`, a sum of two that are not negative.
fn log_not_transfer(logits: &Tensor<2>) -> Tensor<2> {
    let ln_y = log_transfer(logits);
    let ln_not_p = log_sigmoid(logits.clone().neg());
    let column = |of: &Tensor<2>, task| of.clone().narrow(1, task, 1);
    let mut ln_not_y = column(&ln_not_p, 0);
    let mut columns = vec![ln_not_y.clone()];
    for task in 1..K {
        let stops = column(&ln_y, task - 1) + column(&ln_not_p, task);
        ln_not_y = log_add_exp(ln_not_y, stops);
        columns.push(ln_not_y.clone());
    }
    Tensor::cat(columns, 1)
}

/// ln(e^a + e^b) = a + ln(1 + e^(b - a)).
fn log_add_exp(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    a.clone() - log_sigmoid(a - b)
}

/// AITM's calibrator, `[1]`: how far a task is likelier than the one that must come before it, mean
/// over pairs. `y` are the tasks' probabilities, `[n, K]`.
pub fn calibrator(y: Tensor<2>) -> Tensor<1> {
    let [n, tasks] = y.dims();
    let above = y.clone().narrow(1, 1, tasks - 1) - y.narrow(1, 0, tasks - 1);
    above.clamp_min(0.0).sum() / n as f32
}

/// Equation 9: the weighted sum of the tasks' losses, `[1]`.
pub fn weighted(losses: Tensor<1>, weights: [f32; K]) -> Tensor<1> {
    let weights = Tensor::<1>::from_floats(weights, &losses.device());
    (losses * weights).sum()
}

/// Equation 10: each loss by its task's uncertainty, `[1]`. `log_variance` holds ln sigma_k^2,
/// `[K]`, so that sigma stays positive: `sum_k L_k / (2 sigma_k^2) + ln sigma_k`.
pub fn uncertain(losses: Tensor<1>, log_variance: Tensor<1>) -> Tensor<1> {
    (losses * log_variance.clone().neg().exp() + log_variance).sum() / 2.0
}

/// How far scores are from the order that engagement gives, `[1]`: the cross entropy between each
/// list's share of engagement and the softmax of its scores, mean over lists.
///
/// - `scores`: `[lists, items]`;
/// - `gains`: engagement of each item, 0 for a sampled one, `[lists, items]`; no list without any;
/// - `absent`: -1e9 for an item that takes no part, whose gain is not read, else 0,
///   `[lists, items]`.
pub fn listwise(scores: Tensor<2>, gains: Tensor<2>, absent: Tensor<2>) -> Tensor<1> {
    let [lists, _] = scores.dims();
    let gains = gains.mask_fill(absent.clone().not_equal_elem(0.0), 0.0);
    let target = gains.clone() / gains.sum_dim(1);
    (target * log_softmax(scores + absent, 1)).sum().neg() / lists as f32
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const N: usize = 6;
    const SCALE: f32 = 7.0;
    const LOG_VARIANCE: [f64; K] = [-0.5, -1.5, 0.75];

    #[derive(Clone)]
    struct Batch {
        logits: Vec<f64>,
        engaged: Vec<f64>,
        impressions: Vec<f64>,
        log_variance: [f64; K],
    }

    fn batch() -> Batch {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let logits = (0..N * K).map(|_| random.random_range(-3.0..3.0)).collect();
        let mut engaged = Vec::new();
        let mut impressions = Vec::new();
        for _ in 0..N {
            let mut left = random.random_range(0..6_u32);
            impressions.push(f64::from(left));
            for _ in 0..K {
                left = random.random_range(0..=left);
                engaged.push(f64::from(left));
            }
        }
        Batch { logits, engaged, impressions, log_variance: LOG_VARIANCE }
    }

    impl Batch {
        /// Equations 7 and 8 and the cross entropy of one impression after another.
        fn losses(&self, transfer: bool) -> [f64; K] {
            let mut losses = [0.0; K];
            for i in 0..N {
                let mut y = 1.0;
                for (k, loss) in losses.iter_mut().enumerate() {
                    let p = 1.0 / (1.0 + (-self.logits[i * K + k]).exp());
                    y = if transfer { y * p } else { p };
                    for impression in 0..self.impressions[i] as u32 {
                        let label = f64::from(impression) < self.engaged[i * K + k];
                        *loss -= if label { y.ln() } else { (1.0 - y).ln() } / f64::from(SCALE);
                    }
                }
            }
            losses
        }

        /// Equation 10.
        fn loss(&self, transfer: bool) -> f64 {
            let losses = self.losses(transfer);
            let sigma = self.log_variance.map(|v| v.exp().sqrt());
            (0..K).map(|k| losses[k] / (2.0 * sigma[k] * sigma[k]) + sigma[k].ln()).sum()
        }

        fn tensors(&self, device: &Device) -> (Tensor<2>, Tensor<2>, Tensor<2>, Tensor<1>) {
            let tensor = |values: &[f64], width: usize| {
                let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                Tensor::<2>::from_data(TensorData::new(values, [N, width]), device)
            };
            (
                tensor(&self.logits, K),
                tensor(&self.engaged, K),
                tensor(&self.impressions, 1),
                Tensor::from_floats(self.log_variance.map(|v| v as f32), device),
            )
        }
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_vec_as::<f32>().unwrap()
    }

    #[test]
    fn losses_are_those_of_one_impression_after_another() {
        let batch = batch();
        for transfer in [false, true] {
            let (logits, engaged, impressions, log_variance) = batch.tensors(&Device::flex());
            let losses = cross_entropy(logits, transfer, engaged, impressions, SCALE);
            for (found, expected) in numbers(losses.clone()).iter().zip(batch.losses(transfer)) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
            }
            let found = numbers(uncertain(losses.clone(), log_variance))[0];
            assert!((f64::from(found) - batch.loss(transfer)).abs() < 1e-5);
            let found = numbers(weighted(losses, [1.0, 0.0, 3.0]))[0];
            let [click, _, order] = batch.losses(transfer);
            assert!((f64::from(found) - click - 3.0 * order).abs() < 1e-5);
        }
    }

    #[test]
    fn gradients_are_finite_differences_of_equation_10() {
        for transfer in [false, true] {
            let batch = batch();
            let (logits, engaged, impressions, log_variance) =
                batch.tensors(&Device::flex().autodiff());
            let (logits, log_variance) = (logits.require_grad(), log_variance.require_grad());
            let losses = cross_entropy(logits.clone(), transfer, engaged, impressions, SCALE);
            let gradients = uncertain(losses, log_variance.clone()).backward();
            let by_logit = numbers(logits.grad(&gradients).unwrap());
            let by_variance = numbers(log_variance.grad(&gradients).unwrap());
            let step = 1e-5;
            let slope = |change: &dyn Fn(&mut Batch, f64)| {
                let (mut up, mut down) = (batch.clone(), batch.clone());
                change(&mut up, step);
                change(&mut down, -step);
                (up.loss(transfer) - down.loss(transfer)) / (2.0 * step)
            };
            for (i, found) in by_logit.iter().enumerate() {
                let expected = slope(&|batch, step| batch.logits[i] += step);
                assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
            }
            for (k, found) in by_variance.iter().enumerate() {
                let expected = slope(&|batch, step| batch.log_variance[k] += step);
                assert!((f64::from(*found) - expected).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn what_does_not_count_is_not_read() {
        let bits =
            |values: Vec<f32>| -> Vec<u32> { values.into_iter().map(f32::to_bits).collect() };
        let device = Device::flex().autodiff();
        for transfer in [false, true] {
            let of_pairs = |garbage: f64| {
                let mut batch = batch();
                batch.impressions[2] = 0.0;
                batch.engaged[2 * K..3 * K].fill(garbage);
                let (logits, engaged, impressions, _) = batch.tensors(&device);
                let logits = logits.require_grad();
                let losses = cross_entropy(logits.clone(), transfer, engaged, impressions, SCALE);
                let gradient = logits.grad(&losses.clone().sum().backward()).unwrap();
                [bits(numbers(losses)), bits(numbers(gradient))]
            };
            let of_list = |garbage: f32| {
                let scores = Tensor::<2>::from_floats([[0.4, -1.0, 2.0]], &device).require_grad();
                let gains = Tensor::from_floats([[3.0, 1.0, garbage]], &device);
                let absent = Tensor::from_floats([[0.0, 0.0, -1e9]], &device);
                let loss = listwise(scores.clone(), gains, absent);
                let gradient = scores.grad(&loss.clone().backward()).unwrap();
                [bits(numbers(loss)), bits(numbers(gradient))]
            };
            let expected = (of_pairs(0.0), of_list(0.0));
            for garbage in [1.0, 1e20, f32::NAN] {
                let found = (of_pairs(garbage.into()), of_list(garbage));
                assert_eq!(found, expected, "{garbage}");
            }
        }
    }

    #[test]
    fn the_calibrator_counts_what_is_likelier_than_what_comes_before() {
        let y = [[0.5, 0.2, 0.1], [0.1, 0.3, 0.7]];
        let y = Tensor::<2>::from_floats(y, &Device::flex());
        assert!((numbers(calibrator(y))[0] - (0.2 + 0.4) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn logits_far_from_zero_stay_finite() {
        let device = Device::flex().autodiff();
        let extremes = [-400.0, 400.0, -400.0];
        let logits = Tensor::<2>::from_floats([extremes, extremes.map(|x: f32| -x)], &device);
        let logits = logits.require_grad();
        let ones = Tensor::ones([2, 1], &device);
        for engaged in [Tensor::zeros([2, K], &device), Tensor::ones([2, K], &device)] {
            let losses = cross_entropy(logits.clone(), true, engaged, ones.clone(), 1.0);
            let gradients = losses.clone().sum().backward();
            assert!(numbers(losses).iter().all(|loss| loss.is_finite()));
            assert!(numbers(logits.grad(&gradients).unwrap()).iter().all(|g| g.is_finite()));
        }
    }

    #[test]
    fn the_listwise_loss_by_hand() {
        let device = Device::flex().autodiff();
        let scores = [[0.4_f64, -1.0, 2.0, 0.1], [1.5, 0.0, -0.5, 3.0]];
        let gains = [[3.0_f64, 1.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]];
        // The last item of the second list takes no part.
        let present = [4, 3];
        let by_hand = |scores: &[[f64; 4]; 2]| -> f64 {
            (0..2)
                .map(|list| {
                    let items = 0..present[list];
                    let sum: f64 = items.clone().map(|i| scores[list][i].exp()).sum();
                    let gain: f64 = gains[list].iter().sum();
                    items
                        .map(|i| gains[list][i] / gain * (scores[list][i].exp() / sum).ln())
                        .sum::<f64>()
                })
                .sum::<f64>()
                / -2.0
        };
        let tensor = |rows: &[[f64; 4]; 2]| {
            Tensor::<2>::from_floats(rows.map(|row| row.map(|x| x as f32)), &device)
        };
        let absent = [[0.0; 4], [0.0, 0.0, 0.0, -1e9]];
        let scored = tensor(&scores).require_grad();
        let loss = listwise(scored.clone(), tensor(&gains), tensor(&absent));
        assert!((f64::from(numbers(loss.clone())[0]) - by_hand(&scores)).abs() < 1e-5);
        let found = numbers(scored.grad(&loss.backward()).unwrap());
        for (at, found) in found.iter().enumerate() {
            let moved = |step: f64| {
                let mut scores = scores;
                scores[at / 4][at % 4] += step;
                by_hand(&scores)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((f64::from(*found) - expected).abs() < 1e-5);
        }
    }
}
