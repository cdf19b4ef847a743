//! The losses against plain loops, and their gradients against finite differences.

use burn::tensor::{Device, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use nets::models::weights::{About, FORMAT, Weights};
use nets::models::yandex::YandexConfig;
use nets::nn::numbers::numbered;

const B: usize = 4;
const M: usize = 6;

/// Similarities, and how often each product is positive for each shopper.
struct Batch {
    similarity: Vec<f64>,
    positives: Vec<u32>,
    temperature: f64,
}

fn batch() -> Batch {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let similarity = (0..B * M).map(|_| random.random_range(-1.0..1.0)).collect();
    #[rustfmt::skip]
    let positives = vec![
        2, 0, 0, 1, 0, 0,
        0, 1, 0, 1, 0, 0,
        0, 0, 3, 0, 1, 1,
        0, 1, 0, 0, 0, 0,
    ];
    Batch { similarity, positives, temperature: 7.0 }
}

impl Batch {
    /// L_pretrain as it is written: for each positive, over every occurrence of every other
    /// positive of the batch that is none of the shopper's own.
    fn loss(&self) -> f64 {
        let at = |row: usize, column: usize| row * M + column;
        let (mut sum, mut count) = (0.0, 0.0);
        for u in 0..B {
            for p in 0..M {
                for _ in 0..self.positives[at(u, p)] {
                    let exp = |i| (self.temperature * self.similarity[at(u, i)]).exp();
                    let mut below = exp(p);
                    for other in 0..B {
                        for n in 0..M {
                            for _ in 0..self.positives[at(other, n)] {
                                if self.positives[at(u, n)] == 0 {
                                    below += exp(n);
                                }
                            }
                        }
                    }
                    sum -= (exp(p) / below).ln();
                    count += 1.0;
                }
            }
        }
        sum / count
    }

    fn tensors(&self, device: &Device) -> (Tensor<2>, Tensor<2>, Tensor<1>) {
        let similarity = self.similarity.iter().map(|&v| v as f32).collect();
        let positives = self.positives.iter().map(|&v| v as f32).collect();
        (
            matrix(similarity, [B, M], device),
            matrix(positives, [B, M], device),
            Tensor::from_floats([self.temperature as f32], device),
        )
    }
}

fn matrix(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

fn assert_near(found: f32, expected: f64) {
    assert!(
        (f64::from(found) - expected).abs() < 1e-4 * (1.0 + expected.abs()),
        "{found} {expected}"
    );
}

#[test]
fn the_softmax_is_that_of_a_plain_loop() {
    let batch = batch();
    let (similarity, positives, temperature) = batch.tensors(&Device::flex());
    assert_near(numbers(sampled_softmax(similarity, positives, temperature))[0], batch.loss());
}

#[test]
fn gradients_of_the_softmax_are_finite_differences() {
    let (similarity, positives, temperature) = batch().tensors(&Device::flex().autodiff());
    let (similarity, temperature) = (similarity.require_grad(), temperature.require_grad());
    let loss = sampled_softmax(similarity.clone(), positives, temperature.clone());
    let gradients = loss.backward();
    let slope = |change: &dyn Fn(&mut Batch, f64)| {
        let (mut up, mut down) = (batch(), batch());
        change(&mut up, 1e-5);
        change(&mut down, -1e-5);
        (up.loss() - down.loss()) / 2e-5
    };
    for (i, found) in numbers(similarity.grad(&gradients).unwrap()).into_iter().enumerate() {
        assert_near(found, slope(&|batch, step| batch.similarity[i] += step));
    }
    let found = numbers(temperature.grad(&gradients).unwrap())[0];
    assert_near(found, slope(&|batch, step| batch.temperature += step));
}

#[test]
fn a_shopper_alone_has_no_negatives_and_no_loss() {
    let device = Device::flex();
    let loss = sampled_softmax(
        Tensor::from_floats([[0.3, -0.2]], &device),
        Tensor::ones([1, 2], &device),
        Tensor::from_floats([50.0], &device),
    );
    assert_eq!(numbers(loss), [0.0]);
}

const V: usize = 3;
const C: usize = 5;

/// Page views as plain numbers: the last has a place of padding.
struct Views {
    similarity: Vec<f64>,
    context: Vec<f64>,
    labels: [Vec<bool>; SIGNALS],
    present: Vec<bool>,
    /// By name, as the model has them.
    scalars: Vec<(String, Vec<f64>)>,
}

const NAMES: [&str; 3] = ["slope", "context", "offset"];

fn views() -> Views {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut draw =
        |n: usize| -> Vec<f64> { (0..n).map(|_| random.random_range(-1.0..1.0)).collect() };
    let similarity = draw(V * C);
    let context = draw(V);
    let mut scalars = Vec::new();
    for of in ["pairwise", "pointwise"] {
        for name in NAMES {
            let values = draw(SIGNALS).into_iter().map(|value| 2.0 * value + 0.5).collect();
            scalars.push((format!("{of}.{name}"), values));
        }
    }
    let labels = [vec![1, 3, 7, 10, 12], vec![3, 10], vec![1, 3, 12], vec![12]]
        .map(|positive| (0..V * C).map(|i| positive.contains(&i)).collect());
    let present = (0..V * C).map(|i| i != V * C - 1).collect();
    Views { similarity, context, labels, present, scalars }
}

impl Views {
    fn scalar(&self, name: &str, signal: usize) -> f64 {
        let found = self.scalars.iter().find(|(other, _)| other == name);
        found.unwrap().1[signal]
    }

    fn logit(&self, of: &str, signal: usize, i: usize, context: bool) -> f64 {
        let [slope, factor, offset] =
            NAMES.map(|name| self.scalar(&format!("{of}.{name}"), signal));
        let context = if context { self.context[i / C] } else { 0.0 };
        slope * self.similarity[i] + factor * context + offset
    }

    /// Equation 2 as it is written, with its variants.
    fn loss(&self, objective: &Objective) -> f64 {
        let context = objective.context_debiasing;
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut loss = 0.0;
        for k in 0..SIGNALS {
            for view in 0..V {
                for p in (view * C..(view + 1) * C).filter(|&p| self.labels[k][p]) {
                    for n in (view * C..(view + 1) * C).filter(|&n| !self.labels[k][n]) {
                        if !self.present[n] {
                            continue;
                        }
                        let of = |i| self.logit("pairwise", k, i, context);
                        loss -= match objective.pairwise {
                            // Equation 1.
                            Pairwise::Plain => {
                                let gamma = self.scalar("pairwise.slope", k);
                                let ahead = self.similarity[p] - self.similarity[n];
                                sigmoid(gamma * ahead).ln()
                            }
                            Pairwise::Calibrated => {
                                let (f_p, f_n) = (sigmoid(of(p)), sigmoid(of(n)));
                                (f_p / (f_p + f_n)).ln()
                            }
                        };
                    }
                }
            }
            if k > 0 && objective.pointwise == Pointwise::Clicks {
                continue;
            }
            for i in (0..V * C).filter(|&i| self.present[i]) {
                let f = sigmoid(self.logit("pointwise", k, i, context));
                let entropy = if self.labels[k][i] { f.ln() } else { (1.0 - f).ln() };
                loss -= f64::from(objective.pointwise_weight) * entropy;
            }
        }
        loss / V as f64
    }

    fn page(&self, device: &Device) -> Page {
        let floats = |values: &[f64], shape| {
            matrix(values.iter().map(|&v| v as f32).collect(), shape, device)
        };
        let flags = |values: &[bool]| {
            let values = values.iter().map(|&v| f32::from(u8::from(v))).collect();
            matrix(values, [V, C], device)
        };
        Page {
            similarity: floats(&self.similarity, [V, C]),
            context: floats(&self.context, [V, 1]),
            labels: self.labels.each_ref().map(|labels| flags(labels)),
            present: flags(&self.present),
        }
    }

    /// The scalars, in a model.
    fn parameters(&self, device: &Device) -> LossParameters {
        let config = YandexConfig { d: 4, d_f: 4, item_width: 4, ..YandexConfig::playground() };
        let about = About {
            format: FORMAT,
            model: String::new(),
            market_seed: 1,
            command: String::new(),
            config: serde_json::Value::Null,
        };
        let mut weights = Weights::of(&numbered(config.init(&Device::flex())), about).unwrap();
        for (name, values) in &self.scalars {
            let array = weights.arrays.get_mut(&format!("loss.{name}")).unwrap();
            array.values = values.iter().map(|&v| v as f32).collect();
        }
        weights.apply(config.init(device)).unwrap().loss
    }
}

fn objectives() -> [Objective; 5] {
    [
        (Pairwise::Plain, Pointwise::EachSignal, 1.0, false),
        (Pairwise::Calibrated, Pointwise::EachSignal, 1.0, false),
        (Pairwise::Calibrated, Pointwise::EachSignal, 0.5, true),
        (Pairwise::Calibrated, Pointwise::Clicks, 0.1, true),
        (Pairwise::Calibrated, Pointwise::Clicks, 0.0, true),
    ]
    .map(|(pairwise, pointwise, pointwise_weight, context_debiasing)| Objective {
        pairwise,
        pointwise,
        pointwise_weight,
        context_debiasing,
    })
}

#[test]
fn the_objective_is_equation_2() {
    let (views, device) = (views(), Device::flex());
    let parameters = views.parameters(&device);
    for objective in objectives() {
        let found = fine_tuning(&views.page(&device), &parameters, &objective);
        assert_near(numbers(found)[0], views.loss(&objective));
    }
}

#[test]
fn gradients_of_the_objective_are_finite_differences() {
    let device = Device::flex().autodiff();
    for objective in objectives() {
        let mut page = views().page(&device);
        page.similarity = page.similarity.require_grad();
        page.context = page.context.require_grad();
        let parameters = views().parameters(&device);
        let gradients = fine_tuning(&page, &parameters, &objective).backward();
        let slope = |change: &dyn Fn(&mut Views, f64)| {
            let (mut up, mut down) = (views(), views());
            change(&mut up, 1e-5);
            change(&mut down, -1e-5);
            (up.loss(&objective) - down.loss(&objective)) / 2e-5
        };
        for (i, found) in numbers(page.similarity.grad(&gradients).unwrap()).iter().enumerate() {
            assert_near(*found, slope(&|views, step| views.similarity[i] += step));
        }
        // What nothing depends on has no gradient.
        let of = |tensor: &Tensor<2>| tensor.grad(&gradients).map(numbers);
        let found = of(&page.context).unwrap_or_else(|| vec![0.0; V]);
        for (i, found) in found.iter().enumerate() {
            assert_near(*found, slope(&|views, step| views.context[i] += step));
        }
        let Sigmoids { slope: p, context: c, offset: o } = parameters.pairwise;
        for (number, scalar) in [p, c, o].into_iter().enumerate() {
            let found = scalar.val().grad(&gradients).map(numbers);
            for (k, found) in found.unwrap_or_else(|| vec![0.0; SIGNALS]).iter().enumerate() {
                assert_near(*found, slope(&|views, step| views.scalars[number].1[k] += step));
            }
        }
        let Sigmoids { slope: p, context: c, offset: o } = parameters.pointwise;
        for (number, scalar) in [p, c, o].into_iter().enumerate() {
            let found = scalar.val().grad(&gradients).map(numbers);
            for (k, found) in found.unwrap_or_else(|| vec![0.0; SIGNALS]).iter().enumerate() {
                assert_near(*found, slope(&|views, step| views.scalars[3 + number].1[k] += step));
            }
        }
    }
}

#[test]
fn labels_of_padding_are_not_read() {
    let (views, device) = (views(), Device::flex().autodiff());
    let parameters = views.parameters(&device);
    let bits = |values: Vec<f32>| -> Vec<u32> { values.into_iter().map(f32::to_bits).collect() };
    for objective in objectives() {
        let found = |garbage: f32| {
            let mut page = views.page(&device);
            let padding = page.present.clone().equal_elem(0.0);
            page.similarity = page.similarity.require_grad();
            page.labels = page.labels.map(|label| label.mask_fill(padding.clone(), garbage));
            let loss = fine_tuning(&page, &parameters, &objective);
            let gradients = loss.clone().backward();
            let by_similarity = page.similarity.grad(&gradients).unwrap();
            [bits(numbers(loss)), bits(numbers(by_similarity))]
        };
        let expected = found(0.0);
        for garbage in [1.0, 1e20, f32::NAN, f32::NEG_INFINITY] {
            assert_eq!(found(garbage), expected, "{objective:?}: {garbage}");
        }
    }
}

#[test]
fn similarities_far_apart_stay_finite() {
    let device = Device::flex();
    let page = Page {
        similarity: Tensor::from_floats([[500.0, -500.0]], &device),
        context: Tensor::zeros([1, 1], &device),
        labels: [(); SIGNALS].map(|()| Tensor::from_floats([[0.0, 1.0]], &device)),
        present: Tensor::ones([1, 2], &device),
    };
    for objective in objectives() {
        let loss = numbers(fine_tuning(&page, &views().parameters(&device), &objective))[0];
        assert!(loss.is_finite());
    }
}
