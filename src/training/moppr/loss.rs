//! MOPPR's multi-objective loss (papers/moppr.txt, 4.3.2 and 5.3).

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};

use nets::nn::fused::softmax::clamped_log_likelihood;

/// Labels of a batch of page views for the four objectives of equation 18.
#[derive(Clone, Debug)]
pub struct Labels(
    /// Relevance, exposure, click, purchase: 1 or 0, `[B, P]` each, for the first P candidates
    /// of each view. The candidates after them are random negatives.
    pub [Tensor<2>; 4],
);

impl Labels {
    /// The same with 0 for every candidate that is absent, whatever stands there. `absent` is 0 for
    /// candidates that take part, `[B, C]` with C at least P.
    pub fn of_present(&self, absent: &Tensor<2>) -> Self {
        Self(self.0.each_ref().map(|label| {
            let [_, first] = label.dims();
            let absent = absent.clone().narrow(1, 0, first).not_equal_elem(0.0);
            label.clone().mask_fill(absent, 0.0)
        }))
    }
}

/// L of equation 18, `[1]`.
///
/// - `scores`: inner products with the candidates, `[B, C]`;
/// - `absent`: -1e9 for candidates that are only padding, 0 for the others, `[B, C]`;
/// - `labels`: not read of what is absent;
/// - `chosen`: weight of each objective, which multiplies 1/|o+| over the minibatch (5.3);
/// - `temperature`: tau of equation 15.
pub fn multi_objective(
    scores: Tensor<2>,
    absent: Tensor<2>,
    labels: &Labels,
    chosen: [f32; 4],
    temperature: f32,
) -> Tensor<1> {
    let labels = labels.of_present(&absent);
    // Weight of each objective that counts, over the number of its positives in the minibatch (5.3).
    let labels: Vec<(&Tensor<2>, f32)> = labels
        .0
        .iter()
        .zip(chosen)
        .filter(|(_, weight)| *weight != 0.0)
        .map(|(label, weight)| {
            let in_batch: f32 = label.clone().sum().into_scalar();
            (label, weight / in_batch.max(1.0))
        })
        .collect();
    if let Some(loss) = clamped_log_likelihood(&scores, &absent, &labels, temperature) {
        return loss;
    }
    let [batch, _] = scores.dims();
    let Some([_, first]) = labels.first().map(|(label, _)| label.dims()) else {
        return Tensor::zeros([1], &scores.device());
    };
    // Logarithm of (15); only the first P candidates can be positive.
    let log_probability = log_softmax(scores / temperature + absent, 1);
    let log_probability = log_probability.slice([0..batch, 0..first]);
    let mut loss = Tensor::zeros([1], &log_probability.device());
    for (label, weight) in labels {
        // At least 1, so that the logarithm is finite where |o+| = 0; there all labels are 0 and
        // so is the loss (17).
        let positives = label.clone().sum_dim(1).clamp_min(1.0);
        let clamped = (log_probability.clone() + positives.log()).clamp_max(0.0); // (16)
        let sum = (label.clone() * clamped).sum().neg(); // (17)
        loss = loss + sum * weight; // (18)
    }
    loss
}

/// Pointwise cross entropy of purchases, `[1]`, whose probability is sigmoid(z / sigma) (equation
/// 22), over what was shown: of what was not, nobody knows whether it would have been bought. As the
/// softmax losses it weighs one over the purchases of the minibatch.
///
/// - `scores`: z, inner products with the candidates, `[B, C]`;
/// - `absent`: 0 for candidates that take part, `[B, C]`;
/// - `labels`: exposure and purchase are read, of the first P candidates that are not absent.
pub fn pointwise(scores: Tensor<2>, absent: &Tensor<2>, labels: &Labels, sigma: f32) -> Tensor<1> {
    let Labels([_, shown, _, bought]) = labels.of_present(absent);
    let [batch, first] = bought.dims();
    let logits = scores.slice([0..batch, 0..first]) / sigma;
    // ln P = ln sigmoid(x), ln (1 - P) = ln sigmoid(x) - x.
    let losses = ((bought.clone() - 1.0) * logits.clone() + log_sigmoid(logits)).neg();
    (losses * shown).sum() / bought.sum().clamp_min(1.0)
}

/// Scores of MGDSPR's mixed negatives, `[B, N]`: I_mix = alpha I+ + (1 - alpha) I_hard, where the
/// hard ones are the N negatives of the highest scores. The score is an inner product, so it is
/// mixed as its items are.
///
/// - `positive`: score of the positive, `[B, 1]`;
/// - `negatives`: scores of the negatives, far below zero for those that take no part, `[B, L]`;
/// - `share`: alpha, `[B, N]` with N at most L.
pub fn mixed_negatives(positive: Tensor<2>, negatives: Tensor<2>, share: Tensor<2>) -> Tensor<2> {
    let [_, n] = share.dims();
    let hard = negatives.topk(n, 1);
    positive * share.clone() + hard * (1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const TAU: f64 = 0.05;

    /// A batch as plain numbers.
    struct Batch {
        scores: Vec<Vec<f64>>,
        present: Vec<Vec<bool>>,
        labels: [Vec<Vec<bool>>; 4],
    }

    impl Batch {
        fn new(seed: u64) -> Self {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (views, candidates, first) = (6, 9, 5);
            let mut batch = Self {
                scores: vec![vec![0.0; candidates]; views],
                present: vec![vec![true; candidates]; views],
                labels: std::array::from_fn(|_| vec![vec![false; first]; views]),
            };
            for view in 0..views {
                for candidate in 0..candidates {
                    batch.scores[view][candidate] = rng.random_range(-0.2..0.2);
                    batch.present[view][candidate] = rng.random_bool(0.8);
                }
                for candidate in 0..first {
                    // Rarer from one objective to the next, and none at all in some views.
                    let mut positive = batch.present[view][candidate];
                    for objective in 0..4 {
                        positive &= rng.random_bool(0.6);
                        batch.labels[objective][view][candidate] = positive;
                    }
                }
            }
            batch
        }

        /// Equations 15 to 18 in plain loops.
        fn loss(&self, chosen: [f32; 4]) -> f64 {
            let mut loss = 0.0;
            for (labels, weight) in self.labels.iter().zip(chosen) {
                let in_batch = labels.iter().flatten().filter(|&&y| y).count();
                for (view, labels) in labels.iter().enumerate() {
                    let positives = labels.iter().filter(|&&y| y).count();
                    let exp = |candidate: usize| (self.scores[view][candidate] / TAU).exp();
                    let sum: f64 = (0..self.scores[view].len())
                        .filter(|&candidate| self.present[view][candidate])
                        .map(exp)
                        .sum();
                    for (candidate, &label) in labels.iter().enumerate() {
                        if label {
                            let y = (exp(candidate) / sum * positives as f64).min(1.0);
                            loss -= f64::from(weight) / in_batch as f64 * y.ln();
                        }
                    }
                }
            }
            loss
        }

        fn tensors(&self, device: &Device) -> (Tensor<2>, Tensor<2>, Labels) {
            let tensor = |rows: &[Vec<f64>]| {
                let shape = [rows.len(), rows[0].len()];
                let values: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
                Tensor::<2>::from_data(burn::tensor::TensorData::new(values, shape), device)
            };
            let map = |rows: &[Vec<bool>], yes: f64, no: f64| -> Vec<Vec<f64>> {
                let value = |&b: &bool| if b { yes } else { no };
                rows.iter().map(|row| row.iter().map(value).collect()).collect()
            };
            let labels = self.labels.each_ref().map(|rows| tensor(&map(rows, 1.0, 0.0)));
            (tensor(&self.scores), tensor(&map(&self.present, 0.0, -1e9)), Labels(labels))
        }
    }

    const CHOSEN: [f32; 4] = [1.0, 0.5, 2.0, 0.0];

    #[test]
    fn the_loss_is_that_of_a_plain_loop() {
        for seed in 0..20 {
            let batch = Batch::new(seed);
            let (scores, absent, labels) = batch.tensors(&Device::flex());
            let loss: f32 =
                multi_objective(scores, absent, &labels, CHOSEN, TAU as f32).into_scalar();
            let expected = batch.loss(CHOSEN);
            assert!((f64::from(loss) - expected).abs() < 1e-4 * (1.0 + expected), "{seed}");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let mut batch = Batch::new(3);
        let device = Device::flex().autodiff();
        let (scores, absent, labels) = batch.tensors(&device);
        let scores = scores.require_grad();
        let gradients =
            multi_objective(scores.clone(), absent, &labels, [1.0; 4], TAU as f32).backward();
        let gradient: Vec<f32> = scores.grad(&gradients).unwrap().try_into_vec_as().unwrap();
        let (step, columns) = (1e-6, batch.scores[0].len());
        for view in 0..batch.scores.len() {
            for candidate in 0..columns {
                let score = batch.scores[view][candidate];
                let mut loss = |score| {
                    batch.scores[view][candidate] = score;
                    batch.loss([1.0; 4])
                };
                let expected = (loss(score + step) - loss(score - step)) / (2.0 * step);
                batch.scores[view][candidate] = score;
                let found = f64::from(gradient[view * columns + candidate]);
                assert!((found - expected).abs() < 1e-3 * (1.0 + expected.abs()));
            }
        }
    }

    #[test]
    fn a_positive_far_ahead_of_another_is_not_pushed_on() {
        // Two clicks: the first holds nearly all of the probability, so its share times two is
        // above one and only the second pulls.
        let device = Device::flex().autodiff();
        let scores = Tensor::<2>::from_floats([[0.5, 0.0, 0.0]], &device).require_grad();
        let none = Tensor::zeros([1, 2], &device);
        let clicks = Tensor::from_floats([[1.0, 1.0]], &device);
        let labels = Labels([none.clone(), none.clone(), clicks, none]);
        let absent = Tensor::zeros([1, 3], &device);
        let loss = multi_objective(scores.clone(), absent, &labels, [1.0; 4], 0.1);
        let gradient: Vec<f32> = scores.grad(&loss.backward()).unwrap().try_into_vec_as().unwrap();
        assert!(gradient[0] > 0.0 && gradient[1] < 0.0, "{gradient:?}");
    }

    #[test]
    fn purchases_are_as_probable_as_equation_22_has_them() {
        const SIGMA: f64 = 0.2;
        for seed in 0..5 {
            let batch = Batch::new(seed);
            let (scores, absent, labels) = batch.tensors(&Device::flex());
            let [_, shown, _, purchases] = &batch.labels;
            let mut expected = 0.0;
            for view in 0..shown.len() {
                for candidate in (0..shown[view].len()).filter(|&c| shown[view][c]) {
                    let p = 1.0 / (1.0 + (-batch.scores[view][candidate] / SIGMA).exp());
                    let bought = purchases[view][candidate];
                    expected -= if bought { p.ln() } else { (1.0 - p).ln() };
                }
            }
            expected /= purchases.iter().flatten().filter(|&&y| y).count().max(1) as f64;
            let loss: f32 = pointwise(scores, &absent, &labels, SIGMA as f32).into_scalar();
            assert!((f64::from(loss) - expected).abs() < 1e-4 * expected, "{loss} {expected}");
        }
    }

    fn bits<const D: usize>(tensor: Tensor<D>) -> Vec<u32> {
        let numbers: Vec<f32> = tensor.try_into_vec_as().unwrap();
        numbers.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn labels_of_what_is_absent_are_not_read() {
        const SIGMA: f32 = 0.2;
        for seed in 0..5 {
            let batch = Batch::new(seed);
            let first = batch.labels[0][0].len();
            assert!(batch.present.iter().any(|row| row[..first].contains(&false)), "{seed}");
            let with = |garbage: f32, device: &Device| {
                let (scores, absent, Labels(labels)) = batch.tensors(device);
                let hidden = absent.clone().narrow(1, 0, first).lower_elem(0.0);
                let labels = labels.map(|label| label.mask_fill(hidden.clone(), garbage));
                (scores, absent, Labels(labels))
            };
            let found = |garbage: f32| {
                // As Burn takes it apart, and as training on the CPU has it.
                let (scores, absent, labels) = with(garbage, &Device::flex());
                let bought = pointwise(scores.clone(), &absent, &labels, SIGMA);
                let apart = multi_objective(scores, absent, &labels, CHOSEN, TAU as f32);
                let (scores, absent, labels) = with(garbage, &Device::flex().autodiff());
                let scores = scores.require_grad();
                let by_purchases = pointwise(scores.clone(), &absent, &labels, SIGMA);
                let loss = multi_objective(scores.clone(), absent, &labels, CHOSEN, TAU as f32);
                let loss = loss + by_purchases;
                let gradient = scores.grad(&loss.clone().backward()).unwrap();
                [bits(bought), bits(apart), bits(loss), bits(gradient)]
            };
            let expected = found(0.0);
            for garbage in [1.0, 1e20, f32::NAN, f32::NEG_INFINITY] {
                assert_eq!(found(garbage), expected, "{seed}: {garbage}");
            }
        }
    }

    #[test]
    fn without_positives_there_is_no_loss() {
        let device = Device::flex();
        let scores = Tensor::<2>::from_floats([[0.5, 0.0], [0.1, 0.2]], &device);
        let none = Tensor::<2>::zeros([2, 1], &device);
        let labels = Labels([none.clone(), none.clone(), none.clone(), none]);
        let absent = Tensor::zeros([2, 2], &device);
        let loss: f32 = multi_objective(scores, absent, &labels, [1.0; 4], 0.02).into_scalar();
        assert_eq!(loss, 0.0);
    }

    #[test]
    fn mixed_negatives_are_those_of_a_plain_loop() {
        let device = Device::flex().autodiff();
        let positive = [[0.9_f32], [0.2]];
        let negatives = [[0.1_f32, 0.8, -0.3, 0.5], [0.4, -1e9, 0.3, 0.0]];
        let share = [[0.5_f32, 0.25], [0.0, 1.0]];
        let (p, n) = (
            Tensor::<2>::from_floats(positive, &device).require_grad(),
            Tensor::<2>::from_floats(negatives, &device).require_grad(),
        );
        let mixed = mixed_negatives(p.clone(), n.clone(), Tensor::from_floats(share, &device));
        let gradients = mixed.clone().sum().backward();
        let mixed: Vec<f32> = mixed.try_into_vec_as().unwrap();
        let mut slopes = vec![0.0_f32; 8];
        for row in 0..2 {
            let mut order = [0, 1, 2, 3];
            order.sort_by(|&a, &b| negatives[row][b].total_cmp(&negatives[row][a]));
            for column in 0..2 {
                let alpha = share[row][column];
                let expected =
                    alpha * positive[row][0] + (1.0 - alpha) * negatives[row][order[column]];
                assert!((mixed[row * 2 + column] - expected).abs() < 1e-6);
                slopes[row * 4 + order[column]] += 1.0 - alpha;
            }
        }
        // The slope of a negative is the share that it was mixed in with.
        let found: Vec<f32> = n.grad(&gradients).unwrap().try_into_vec_as().unwrap();
        assert_eq!(found, slopes);
        let found: Vec<f32> = p.grad(&gradients).unwrap().try_into_vec_as().unwrap();
        assert_eq!(found, [0.75, 1.0]);
    }
}
