//! MLPR against a plain computation of the paper's equations, one pair after another in double
//! precision, and the properties that the page relies on.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::bert::{FIELDS, Texts};
use super::extraction::Extracted;
use super::{K, Mlpr, MlprConfig, Output, Pairs, Sharing, example};
use crate::models::weights::{Precision, Weights};

const WIDE: usize = 5;
const TOKEN: usize = 3;
const PAIRS: usize = 6;

const ALL: [Sharing; 5] = [
    Sharing::SingleTask,
    Sharing::SharedBottom,
    Sharing::Mixture,
    Sharing::Customised,
    Sharing::TwoStage,
];

fn model(change: impl FnOnce(&mut MlprConfig), seed: u64) -> (MlprConfig, Mlpr) {
    let mut config = example::config(WIDE, TOKEN);
    change(&mut config);
    let model = example::randomised(&config, seed);
    (config, model)
}

type Vector = Vec<f64>;

/// Rows of the query's, the item's and the wide numbers.
struct Case {
    query: Vec<Vector>,
    item: Vec<Vector>,
    wide: Vec<Vector>,
}

fn case() -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut rows = |width: usize| -> Vec<Vector> {
        let row = |random: &mut ChaCha8Rng| -> Vector {
            (0..width).map(|_| random.random_range(-2.0..2.0)).collect()
        };
        (0..PAIRS).map(|_| row(&mut random)).collect()
    };
    Case { query: rows(4), item: rows(4), wide: rows(WIDE) }
}

fn tensor(rows: &[Vector]) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), &Device::flex())
}

impl Case {
    fn pairs(&self) -> Pairs {
        Pairs { query: tensor(&self.query), item: tensor(&self.item), wide: tensor(&self.wide) }
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

fn assert_near(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (position, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*a) - b).abs() <= tolerance, "at {position}: {a} is not {b}");
    }
}

/// The paper's equations, scalar by scalar.
struct Reference<'a> {
    weights: Weights,
    config: &'a MlprConfig,
}

/// What the equations give for one pair.
#[derive(Default)]
struct Expected {
    logits: Vector,
    engagement: Vector,
    first_gates: Vector,
    second_gates: Vector,
    attention: Vector,
}

impl<'a> Reference<'a> {
    fn new(config: &'a MlprConfig, model: &Mlpr) -> Self {
        Self { weights: Weights::of(model, example::about(config)).unwrap(), config }
    }

    fn array(&self, name: &str) -> (Vec<usize>, Vector) {
        let array = self.weights.arrays.get(name).unwrap_or_else(|| panic!("no {name}"));
        (array.shape.clone(), array.values.iter().map(|&v| f64::from(v)).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.weights.arrays.contains_key(name)
    }

    fn count(&self, list: &str, of: &str) -> usize {
        (0..).take_while(|n| self.has(&format!("{list}.{n}.{of}"))).count()
    }

    /// x W, with b where the layer has one.
    fn linear(&self, name: &str, x: &[f64]) -> Vector {
        let (shape, w) = self.array(&format!("{name}.weight"));
        assert_eq!(shape[0], x.len(), "{name}");
        let bias = format!("{name}.bias");
        let b = if self.has(&bias) { self.array(&bias).1 } else { vec![0.0; shape[1]] };
        (0..shape[1])
            .map(|j| b[j] + (0..shape[0]).map(|i| x[i] * w[i * shape[1] + j]).sum::<f64>())
            .collect()
    }

    fn mlp(&self, name: &str, x: &[f64]) -> Vector {
        let layers = self.count(&format!("{name}.layers"), "weight");
        (0..layers).fold(x.to_vec(), |x, layer| {
            let y = self.linear(&format!("{name}.layers.{layer}"), &x);
            if layer + 1 < layers { relu(y) } else { y }
        })
    }

    /// FC, batch normalisation by the running statistics, ReLU.
    fn expert(&self, name: &str, x: &[f64]) -> Vector {
        let layers = self.count(&format!("{name}.layers"), "linear.weight");
        (0..layers).fold(x.to_vec(), |x, layer| {
            let y = self.linear(&format!("{name}.layers.{layer}.linear"), &x);
            let norm = |part: &str| self.array(&format!("{name}.layers.{layer}.norm.{part}")).1;
            let (mean, var) = (norm("running_mean"), norm("running_var"));
            let (gamma, beta) = (norm("gamma"), norm("beta"));
            let normal = |i: usize| (y[i] - mean[i]) / (var[i] + 1e-5).sqrt() * gamma[i] + beta[i];
            relu((0..y.len()).map(normal).collect())
        })
    }

    /// Equation 3 or 4 for one task: the weighted experts and the gate.
    fn extract(&self, name: &str, task: usize, x: &[f64], temperature: f64) -> (Vector, Vector) {
        let logits = self.linear(&format!("{name}.gates.{task}"), x);
        let gate = softmax(&logits.iter().map(|l| l / temperature).collect::<Vector>());
        let of = |list: String| -> Vec<Vector> {
            let count = self.count(&list, "layers.0.linear.weight");
            (0..count).map(|e| self.expert(&format!("{list}.{e}"), x)).collect()
        };
        let mut experts = of(format!("{name}.specific.{task}"));
        experts.extend(of(format!("{name}.shared")));
        assert_eq!(experts.len(), gate.len());
        let sum = |i: usize| gate.iter().zip(&experts).map(|(w, e)| w * e[i]).sum();
        ((0..experts[0].len()).map(sum).collect(), gate)
    }

    /// Equations 2 to 8.
    fn pair(&self, query: &[f64], item: &[f64], wide: &[f64], temperatures: [f64; 2]) -> Expected {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = dot(query, item) / (dot(query, query).sqrt() * dot(item, item).sqrt());
        let (mean, deviation) =
            (self.array("normaliser.mean").1, self.array("normaliser.deviation").1);
        let wide: Vector =
            (0..WIDE).map(|i| ((wide[i] - mean[i]) / deviation[i]).clamp(-6.0, 6.0)).collect();
        let hadamard: Vector = query.iter().zip(item).map(|(a, b)| a * b).collect();
        let x = [query, item, &[cosine], &hadamard, &wide].concat();

        let mut expected = Expected::default();
        let mut extracted = Vec::new();
        for task in 0..K {
            let mut v = match self.config.sharing {
                Sharing::SingleTask => self.expert(&format!("bottoms.{task}"), &x),
                Sharing::SharedBottom => self.expert("bottoms.0", &x),
                _ => {
                    let (g, gate) = self.extract("stage_1", task, &x, temperatures[0]);
                    expected.first_gates.extend(gate);
                    g
                }
            };
            if self.config.sharing == Sharing::TwoStage {
                let (g, gate) = self.extract("stage_2", task, &v, temperatures[1]);
                expected.second_gates.extend(gate);
                v = g;
            }
            extracted.push(v);
        }
        self.heads(&extracted, &mut expected);
        expected
    }

    /// Equations 5 to 8 over what was extracted for each task.
    fn heads(&self, extracted: &[Vector], expected: &mut Expected) {
        let mut former: Option<Vector> = None;
        let mut y = 1.0;
        for (task, v) in extracted.iter().enumerate() {
            let t = self.mlp(&format!("towers.{task}"), v);
            let a = match (self.config.adaptive, self.config.attention) {
                (true, _) => self.inform(task, &t, &former, expected),
                (false, true) => self.attend(task, &t, &former, expected),
                (false, false) => t,
            };
            let logit = self.linear(&format!("predictions.{task}"), &a)[0];
            let p = 1.0 / (1.0 + (-logit).exp());
            y = if self.config.transfer { y * p } else { p };
            expected.logits.push(logit);
            expected.engagement.push(y);
            former = Some(a);
        }
    }

    /// AITM's transfer for one task.
    fn inform(
        &self,
        task: usize,
        own: &[f64],
        former: &Option<Vector>,
        expected: &mut Expected,
    ) -> Vector {
        let Some(former) = former else {
            expected.attention.extend([1.0, 0.0]);
            return own.to_vec();
        };
        let name = format!("adaptive.{}", task - 1);
        let part = |of: &str, x: &[f64]| self.linear(&format!("{name}.{of}"), x);
        let handed_over: Vector =
            part("transfer", former).into_iter().map(|x| x.max(0.0)).collect();
        let score = |u: &[f64]| {
            let (q, k) = (part("queries", u), part("keys", u));
            q.iter().zip(&k).map(|(q, k)| q * k).sum::<f64>() / (u.len() as f64).sqrt()
        };
        let w = softmax(&[score(own), score(&handed_over)]);
        let (own, before) = (part("values", own), part("values", &handed_over));
        expected.attention.extend(&w);
        (0..own.len()).map(|i| w[0] * own[i] + w[1] * before[i]).collect()
    }

    /// Equation 6 for one task.
    fn attend(
        &self,
        task: usize,
        t: &[f64],
        former: &Option<Vector>,
        expected: &mut Expected,
    ) -> Vector {
        let name = format!("attention.{task}");
        let value = |x: &[f64]| self.linear(&format!("{name}.values"), x);
        let Some(former) = former else {
            expected.attention.extend([1.0, 0.0]);
            return value(t);
        };
        let q = self.linear(&format!("{name}.choice.0"), t);
        let score = |x: &[f64]| {
            let k = self.linear(&format!("{name}.choice.1"), x);
            q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (q.len() as f64).sqrt()
        };
        let w = softmax(&[score(t), score(former)]);
        let (own, before) = (value(t), value(former));
        expected.attention.extend(&w);
        (0..own.len()).map(|i| w[0] * own[i] + w[1] * before[i]).collect()
    }

    /// The pooled output of the encoder for word pieces as (vector, field).
    fn bert(&self, pieces: &[(Vector, usize)], last: &str) -> Vector {
        let width = self.config.bert.width;
        let row =
            |name: &str, row: usize| self.array(name).1[row * width..(row + 1) * width].to_vec();
        let mut hidden: Vec<Vector> = pieces
            .iter()
            .enumerate()
            .map(|(place, (vector, field))| {
                let token = self.linear("bert.token", vector);
                let sum =
                    add(&add(&token, &row("bert.fields", *field)), &row("bert.positions", place));
                self.layer_norm("bert.norm", &sum)
            })
            .collect();
        for block in 0..self.config.bert.blocks {
            let name = format!("bert.blocks.{block}");
            hidden = hidden.iter().map(|query| self.block(&name, query, &hidden)).collect();
        }
        let n = hidden.len().max(1) as f64;
        let mean: Vector =
            (0..width).map(|i| hidden.iter().map(|h| h[i]).sum::<f64>() / n).collect();
        self.linear(&format!("bert.{last}"), &mean)
    }

    fn block(&self, name: &str, query: &[f64], keys: &[Vector]) -> Vector {
        let heads = self.config.bert.heads;
        let d_k = query.len() / heads;
        let part = |of: &str, x: &[f64]| self.linear(&format!("{name}.attention.{of}"), x);
        let q = part("queries", query);
        let k: Vec<Vector> = keys.iter().map(|x| part("keys", x)).collect();
        let v: Vec<Vector> = keys.iter().map(|x| part("values", x)).collect();
        let mut concatenated = Vec::new();
        for head in 0..heads {
            let range = head * d_k..(head + 1) * d_k;
            let score =
                |k: &Vector| range.clone().map(|i| q[i] * k[i]).sum::<f64>() / (d_k as f64).sqrt();
            let w = softmax(&k.iter().map(score).collect::<Vector>());
            concatenated.extend(
                range.clone().map(|i| w.iter().zip(&v).map(|(w, v)| w * v[i]).sum::<f64>()),
            );
        }
        let attended = part("output", &concatenated);
        let hidden = self.layer_norm(&format!("{name}.attention_norm"), &add(query, &attended));
        let output = self.mlp(&format!("{name}.feed_forward"), &hidden);
        self.layer_norm(&format!("{name}.feed_forward_norm"), &add(&hidden, &output))
    }

    fn layer_norm(&self, name: &str, x: &[f64]) -> Vector {
        let (gamma, beta) =
            (self.array(&format!("{name}.gamma")).1, self.array(&format!("{name}.beta")).1);
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (0..x.len())
            .map(|i| (x[i] - mean) / (variance + 1e-5).sqrt() * gamma[i] + beta[i])
            .collect()
    }
}

fn relu(x: Vector) -> Vector {
    x.into_iter().map(|v| v.max(0.0)).collect()
}

fn softmax(scores: &[f64]) -> Vector {
    let sum: f64 = scores.iter().map(|s| s.exp()).sum();
    scores.iter().map(|s| s.exp() / sum).collect()
}

fn add(a: &[f64], b: &[f64]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn assert_follows_the_equations(change: impl FnOnce(&mut MlprConfig), temperatures: [f32; 2]) {
    let (config, model) = model(change, 11);
    let reference = Reference::new(&config, &model);
    let case = case();
    let output = model.forward(&case.pairs(), temperatures);
    let mut all = Expected::default();
    for row in 0..PAIRS {
        let temperatures = temperatures.map(f64::from);
        let (query, item, wide) = (&case.query[row], &case.item[row], &case.wide[row]);
        let one = reference.pair(query, item, wide, temperatures);
        all.logits.extend(one.logits);
        all.engagement.extend(one.engagement);
        all.first_gates.extend(one.first_gates);
        all.second_gates.extend(one.second_gates);
        all.attention.extend(one.attention);
    }
    let of = |tensor: Option<Tensor<3>>| tensor.map(numbers).unwrap_or_default();
    assert_near(&numbers(output.logits), &all.logits, 2e-5);
    assert_near(&numbers(output.engagement), &all.engagement, 2e-5);
    let gates = |stage: Option<Extracted>| of(stage.map(|stage| stage.gates));
    assert_near(&gates(output.stage_1), &all.first_gates, 2e-5);
    assert_near(&gates(output.stage_2), &all.second_gates, 2e-5);
    assert_near(&of(output.attention), &all.attention, 2e-5);
}

#[test]
fn every_sharing_follows_the_equations() {
    for sharing in ALL {
        assert_follows_the_equations(|config| config.sharing = sharing, [1.0, 1.0]);
    }
}

#[test]
fn parts_can_be_left_out_and_gates_made_flat() {
    for (attention, transfer) in [(false, false), (false, true), (true, false)] {
        assert_follows_the_equations(
            |config| {
                config.attention = attention;
                config.transfer = transfer;
            },
            [1.0, 1.0],
        );
    }
    assert_follows_the_equations(|_| (), [3.0, 0.5]);
}

#[test]
fn aitm_transfers_information() {
    assert_follows_the_equations(
        |config| {
            config.sharing = Sharing::SingleTask;
            (config.adaptive, config.attention, config.transfer) = (true, false, false);
        },
        [1.0, 1.0],
    );
}

/// Texts of these numbers of word pieces, as tensors and as rows.
fn texts(lengths: &[usize]) -> (Texts, Vec<Vec<(Vector, usize)>>) {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let longest = lengths.iter().copied().max().unwrap_or(0).max(1);
    let mut rows = Vec::new();
    let (mut tokens, mut fields, mut mask) = (Vec::new(), Vec::new(), Vec::new());
    for &length in lengths {
        let mut row = Vec::new();
        for place in 0..longest {
            // Padding is filled with what must not be read.
            let size = if place < length { 1.0 } else { 1e20 };
            let vector: Vector =
                (0..TOKEN).map(|_| size * random.random_range(-1.0..1.0)).collect();
            let field = random.random_range(0..FIELDS);
            tokens.extend(vector.iter().map(|&v| v as f32));
            fields.push(field as i32);
            mask.push(f32::from(u8::from(place < length)));
            if place < length {
                row.push((vector, field));
            }
        }
        rows.push(row);
    }
    let (n, device) = (lengths.len(), Device::flex());
    let tensors = Texts {
        tokens: Tensor::from_data(TensorData::new(tokens, [n, longest, TOKEN]), &device),
        fields: Tensor::from_data(TensorData::new(fields, [n, longest]), &device),
        mask: Tensor::from_data(TensorData::new(mask, [n, longest]), &device),
    };
    (tensors, rows)
}

#[test]
fn the_encoders_are_a_bert_and_padding_changes_nothing() {
    let (config, model) = model(|_| (), 7);
    let reference = Reference::new(&config, &model);
    let (tensors, rows) = texts(&[4, 1, 7]);
    let of =
        |last: &str| -> Vector { rows.iter().flat_map(|row| reference.bert(row, last)).collect() };
    assert_near(&numbers(model.bert.query(&tensors)), &of("query"), 2e-5);
    assert_near(&numbers(model.bert.item(&tensors)), &of("item"), 2e-5);
}

#[test]
fn a_text_without_a_known_word_has_a_finite_vector() {
    let (_, model) = model(|_| (), 7);
    let (tensors, _) = texts(&[0, 3]);
    assert!(numbers(model.bert.query(&tensors)).iter().all(|value| value.is_finite()));
    let (alone, _) = texts(&[0]);
    assert!(numbers(model.bert.item(&alone)).iter().all(|value| value.is_finite()));
}

fn ones(count: usize) -> Vector {
    vec![1.0; count]
}

#[test]
fn gates_and_attention_sum_to_one() {
    let (config, model) = model(|_| (), 1);
    let Output { stage_1, stage_2, attention, .. } = model.forward(&case().pairs(), [1.0, 1.0]);
    let (first, second) = (stage_1.unwrap().gates, stage_2.unwrap().gates);
    assert_eq!(first.dims(), [PAIRS, K, config.experts]);
    assert_eq!(second.dims(), [PAIRS, K, config.specific + config.shared]);
    for weights in [first, second, attention.unwrap()] {
        assert_near(&numbers(weights.sum_dim(2)), &ones(PAIRS * K), 1e-6);
    }
}

#[test]
fn a_stage_gives_its_experts_as_the_gates_weigh_them() {
    let (_, model) = model(|_| (), 1);
    let output = model.forward(&case().pairs(), [1.0, 1.0]);
    for stage in [output.stage_1.unwrap(), output.stage_2.unwrap()] {
        for task in 0..K {
            let gate = stage.gates.clone().narrow(1, task, 1);
            let sum = gate.matmul(stage.experts[task].clone());
            let expected = numbers(stage.outputs[task].clone());
            let expected: Vector = expected.into_iter().map(f64::from).collect();
            assert_near(&numbers(sum), &expected, 1e-6);
        }
    }
}

#[test]
fn an_expert_contributes_what_zeroing_its_gate_takes_away() {
    for sharing in [Sharing::TwoStage, Sharing::Mixture] {
        let (config, model) = model(|config| config.sharing = sharing, 9);
        let reference = Reference::new(&config, &model);
        let output = model.forward(&case().pairs(), [1.0, 1.0]);
        let found = numbers(model.expert_contributions(&output).unwrap());
        let logits = numbers(output.logits);
        let stage = output.stage_2.or(output.stage_1).unwrap();
        let [_, _, experts] = stage.gates.dims();
        let gates = numbers(stage.gates);
        let rows = |tensor: Tensor<3>| -> Vec<Vector> {
            let [_, experts, d] = tensor.dims();
            let numbers: Vector = numbers(tensor).into_iter().map(f64::from).collect();
            numbers.chunks(experts * d).map(<[f64]>::to_vec).collect()
        };
        let values: Vec<Vec<Vector>> = stage.experts.into_iter().map(rows).collect();
        let mut expected = Vec::new();
        for pair in 0..PAIRS {
            for task in 0..K {
                for removed in 0..experts {
                    // Every task's sum of weighted experts, but for the one that is removed.
                    let sum = |other: usize| -> Vector {
                        let values: Vec<&[f64]> = values[other][pair]
                            .chunks(values[other][pair].len() / experts)
                            .collect();
                        let weight = |e: usize| match (other, e) == (task, removed) {
                            true => 0.0,
                            false => f64::from(gates[(pair * K + other) * experts + e]),
                        };
                        let at = |i: usize| (0..experts).map(|e| weight(e) * values[e][i]).sum();
                        (0..values[0].len()).map(at).collect()
                    };
                    let extracted: Vec<Vector> = (0..K).map(sum).collect();
                    let mut without = Expected::default();
                    reference.heads(&extracted, &mut without);
                    expected.push(f64::from(logits[pair * K + task]) - without.logits[task]);
                }
            }
        }
        assert_near(&found, &expected, 2e-5);
    }
}

#[test]
fn an_endless_gate_temperature_weighs_experts_alike() {
    let (_, model) = model(|_| (), 1);
    let output = model.forward(&case().pairs(), [1e9, 1e9]);
    for stage in [output.stage_1.unwrap(), output.stage_2.unwrap()] {
        let gates = stage.gates;
        let [_, _, experts] = gates.dims();
        let alike = vec![1.0 / experts as f64; PAIRS * K * experts];
        assert_near(&numbers(gates), &alike, 1e-6);
    }
}

#[test]
fn each_engagement_is_at_most_as_probable_as_the_one_before() {
    let (_, model) = model(|_| (), 2);
    let output = model.forward(&case().pairs(), [1.0, 1.0]);
    for y in numbers(output.engagement).chunks(K) {
        assert!(y[0] >= y[1] && y[1] >= y[2] && y.iter().all(|y| (0.0..=1.0).contains(y)));
    }
}

#[test]
fn order_and_company_change_nothing() {
    let (_, model) = model(|_| (), 4);
    let case = case();
    let together = numbers(model.forward(&case.pairs(), [1.0, 1.0]).engagement);
    for row in 0..PAIRS {
        let one = |rows: &[Vector]| vec![rows[row].clone()];
        let alone = Case { query: one(&case.query), item: one(&case.item), wide: one(&case.wide) };
        let alone = numbers(model.forward(&alone.pairs(), [1.0, 1.0]).engagement);
        let expected: Vector = alone.into_iter().map(f64::from).collect();
        assert_near(&together[row * K..(row + 1) * K], &expected, 1e-6);
    }
}

#[test]
fn learning_normalises_by_the_batch_and_serving_by_what_ran() {
    let (config, served) = model(|config| config.dropout = 0.0, 4);
    let weights = Weights::of(&served, example::about(&config)).unwrap();
    let device = Device::flex().autodiff();
    let learner = weights.apply(config.init(&device)).unwrap();
    let pairs = case().pairs();
    let learning = Pairs {
        query: Tensor::from_inner(pairs.query.clone()),
        item: Tensor::from_inner(pairs.item.clone()),
        wide: Tensor::from_inner(pairs.wide.clone()),
    };
    // The same batch again and again: the running statistics become those of the batch.
    let mut batch = Vec::new();
    for _ in 0..200 {
        batch = numbers(learner.forward(&learning, [1.0, 1.0]).logits.inner());
    }
    let before = numbers(served.forward(&pairs, [1.0, 1.0]).logits);
    let after = numbers(learner.valid().forward(&pairs, [1.0, 1.0]).logits);
    let furthest =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest(&before, &batch) > 0.01, "{}", furthest(&before, &batch));
    assert!(furthest(&after, &batch) < 1e-4, "{}", furthest(&after, &batch));

    let file = Weights::of(&learner.valid(), example::about(&config)).unwrap();
    let bytes = file.to_bytes(Precision::F32).unwrap();
    let read = Weights::from_bytes(&bytes, "mlpr").unwrap();
    let read = read.apply(config.init(&Device::flex())).unwrap();
    assert_eq!(numbers(read.forward(&pairs, [1.0, 1.0]).logits), after);
}

#[test]
fn unsound_settings_are_found() {
    assert_eq!(MlprConfig::playground(WIDE).check(), Ok(()));
    assert_eq!(MlprConfig::paper(WIDE).check(), Ok(()));
    for change in [
        |config: &mut MlprConfig| config.bert.heads = 0,
        |config: &mut MlprConfig| config.bert.heads = 7,
        |config: &mut MlprConfig| config.bert.output = 0,
        |config: &mut MlprConfig| config.experts = 0,
        |config: &mut MlprConfig| (config.specific, config.shared) = (0, 0),
        |config: &mut MlprConfig| config.expert.clear(),
        |config: &mut MlprConfig| config.stage_2[0] = 0,
        |config: &mut MlprConfig| config.tower.clear(),
        |config: &mut MlprConfig| config.dropout = 1.0,
        |config: &mut MlprConfig| config.dropout = f64::NAN,
    ] {
        let mut config = MlprConfig::playground(WIDE);
        change(&mut config);
        assert!(config.check().is_err(), "{config:?}");
    }
}
