//! DMT against a plain computation of the paper's equations, one candidate after another in
//! double precision, and the properties that the page relies on.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::input::Place;
use super::interest::InterestEvolution;
use super::{
    Candidates, Dmt, DmtConfig, Interest, Items, Output, Positions, SEQUENCES, Sequence, example,
};
use crate::models::dmt::ranker::MODEL;
use crate::models::vocabulary::Vocabulary;
use crate::models::weights::{Precision, Weights};
use crate::nn::attention::KeyMask;
use crate::nn::bias::Places;
use market::catalogue::{Catalogue, ProductId};
use market::features::places::NEIGHBOURHOOD;
use systems::dmt::{BiasFeatures, MultiTask};

const DENSE: usize = 5;
const ALL: BiasFeatures = BiasFeatures { position: true, page: true, neighbours: true };

fn catalogue() -> Catalogue {
    example::catalogue(30, 7)
}

fn model(change: impl FnOnce(&mut DmtConfig), seed: u64) -> (DmtConfig, Dmt) {
    let mut config = DmtConfig::playground(Vocabulary::of(&catalogue()), DENSE);
    config.bias = ALL;
    config.expert = vec![6, 5];
    config.utility = vec![4];
    change(&mut config);
    let model = example::randomised(&config, seed);
    (config, model)
}

fn weights(config: &DmtConfig, model: &Dmt) -> Weights {
    Weights::of(model, example::about(config)).unwrap()
}

/// Two requests: one with behaviour of every kind, one without orders.
struct Case {
    histories: Vec<[Vec<ProductId>; 3]>,
    candidates: Vec<Vec<ProductId>>,
    dense: Vec<f32>,
}

fn case() -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let dense = (0..2 * 4 * DENSE).map(|_| random.random_range(-2.0..2.0)).collect();
    Case {
        histories: vec![
            [vec![3, 9, 1, 22], vec![8, 2], vec![17]],
            [vec![5, 6], vec![29, 4, 11], vec![]],
        ],
        candidates: vec![vec![1, 12, 25, 7], vec![9, 9, 0, 28]],
        dense,
    }
}

impl Case {
    fn sequences(&self) -> Vec<Sequence> {
        let (catalogue, device) = (catalogue(), Device::flex());
        (0..3)
            .map(|s| {
                let rows = self.histories.iter().map(|history| history[s].as_slice());
                Sequence::new(&catalogue, rows, &device)
            })
            .collect()
    }

    fn candidates(&self) -> Candidates {
        let (rows, device) = (self.candidates.len(), Device::flex());
        let products = self.candidates.concat();
        let shape = [rows, products.len() / rows, DENSE];
        Candidates {
            items: Items::new(&catalogue(), &products, rows, &device),
            dense: Tensor::from_data(TensorData::new(self.dense.clone(), shape), &device),
        }
    }

    fn rank(&self, model: &Dmt, gate_temperature: f32) -> Output {
        model.rank(&model.encode(&self.sequences()), &self.candidates(), gate_temperature)
    }

    /// The case with only its request number `row`.
    fn request(&self, row: usize) -> Case {
        let count = self.candidates[row].len() * DENSE;
        Case {
            histories: vec![self.histories[row].clone()],
            candidates: vec![self.candidates[row].clone()],
            dense: self.dense[row * count..(row + 1) * count].to_vec(),
        }
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (position, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "at {position}: {a} is not {b}");
    }
}

/// The paper's equations, scalar by scalar.
struct Reference<'a> {
    weights: &'a Weights,
    config: &'a DmtConfig,
}

type Vector = Vec<f64>;

impl Reference<'_> {
    fn array(&self, name: &str) -> (Vec<usize>, Vector) {
        let array = self.weights.arrays.get(name).unwrap_or_else(|| panic!("no {name}"));
        (array.shape.clone(), array.values.iter().map(|&v| f64::from(v)).collect())
    }

    /// x W, with b where the layer has one.
    fn linear(&self, name: &str, x: &[f64]) -> Vector {
        let (shape, w) = self.array(&format!("{name}.weight"));
        assert_eq!(shape[0], x.len(), "{name}");
        let bias = format!("{name}.bias");
        let b = match self.weights.arrays.contains_key(&bias) {
            true => self.array(&bias).1,
            false => vec![0.0; shape[1]],
        };
        (0..shape[1])
            .map(|j| b[j] + (0..shape[0]).map(|i| x[i] * w[i * shape[1] + j]).sum::<f64>())
            .collect()
    }

    fn row(&self, name: &str, row: usize) -> Vector {
        let (shape, values) = self.array(&format!("{name}.weight"));
        values[row * shape[1]..(row + 1) * shape[1]].to_vec()
    }

    fn mlp(&self, name: &str, x: &[f64], last_relu: bool) -> Vector {
        let layers = (0..)
            .take_while(|n| self.weights.arrays.contains_key(&format!("{name}.layers.{n}.weight")))
            .count();
        (0..layers).fold(x.to_vec(), |x, layer| {
            let mut y = self.linear(&format!("{name}.layers.{layer}"), &x);
            if layer + 1 < layers || last_relu {
                y.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            y
        })
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vector {
        let (_, gamma) = self.array(&format!("{name}.gamma"));
        let (_, beta) = self.array(&format!("{name}.beta"));
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (0..x.len())
            .map(|i| (x[i] - mean) / (variance + 1e-5).sqrt() * gamma[i] + beta[i])
            .collect()
    }

    /// Equation 1 and the heads around it, for one query; the weights by head.
    fn attention(&self, name: &str, query: &[f64], keys: &[Vector]) -> (Vector, Vec<Vector>) {
        let d = query.len();
        let d_k = d / self.config.heads;
        let q = self.linear(&format!("{name}.queries"), query);
        let k: Vec<Vector> = keys.iter().map(|x| self.linear(&format!("{name}.keys"), x)).collect();
        let v: Vec<Vector> =
            keys.iter().map(|x| self.linear(&format!("{name}.values"), x)).collect();
        let (mut concatenated, mut weights) = (Vec::new(), Vec::new());
        for head in 0..self.config.heads {
            let part = head * d_k..(head + 1) * d_k;
            let scores: Vector = k
                .iter()
                .map(|k| part.clone().map(|i| q[i] * k[i]).sum::<f64>() / (d_k as f64).sqrt())
                .collect();
            let w = softmax(&scores);
            for i in part {
                concatenated.push(w.iter().zip(&v).map(|(w, v)| w * v[i]).sum());
            }
            weights.push(w);
        }
        (self.linear(&format!("{name}.output"), &concatenated), weights)
    }

    /// Attention and equation 2, each with its residual connection and norm.
    fn block(&self, name: &str, query: &[f64], keys: &[Vector]) -> (Vector, Vec<Vector>) {
        let (output, weights) = self.attention(&format!("{name}.attention"), query, keys);
        let hidden = self.norm(&format!("{name}.attention_norm"), &add(query, &output));
        let output = self.mlp(&format!("{name}.feed_forward"), &hidden, false);
        (self.norm(&format!("{name}.feed_forward_norm"), &add(&hidden, &output)), weights)
    }

    fn item(&self, network: &str, id: ProductId) -> Vector {
        let catalogue = catalogue();
        let product = &catalogue.products[id as usize];
        [
            self.row(&format!("{network}.items.product"), id as usize),
            self.row(&format!("{network}.items.product_type"), product.product_type.into()),
            self.row(&format!("{network}.items.brand"), product.brand.into()),
            self.row(&format!("{network}.items.shop"), product.shop.into()),
        ]
        .concat()
    }

    /// Interest vector and the attention by head.
    fn interest(
        &self,
        network: &str,
        sequence: usize,
        history: &[ProductId],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let items: Vec<Vector> = history.iter().map(|&id| self.item(network, id)).collect();
        if items.is_empty() {
            return (vec![0.0; target.len()], Vec::new());
        }
        if self.config.interest == Interest::Mean {
            let mean = (0..target.len())
                .map(|i| items.iter().map(|x| x[i]).sum::<f64>() / items.len() as f64)
                .collect();
            return (mean, Vec::new());
        }
        match self.config.interest {
            Interest::Activation => return self.activation(network, sequence, &items, target),
            Interest::Evolution => return self.evolution(network, sequence, &items, target),
            Interest::Transformer | Interest::Mean => (),
        }
        let name = format!("{network}.transformers.{sequence}");
        let items = self.placed(&name, &items);
        let encoded: Vec<Vector> = items
            .iter()
            .map(|item| self.block(&format!("{name}.encoder"), item, &items).0)
            .collect();
        self.block(&format!("{name}.decoder"), target, &encoded)
    }

    /// Items, each told apart by its place.
    fn placed(&self, transformer: &str, items: &[Vector]) -> Vec<Vector> {
        let d = items.first().map_or(0, Vec::len);
        let positions = match self.config.positions {
            Positions::None => vec![0.0; 50 * d],
            _ => self.array(&format!("{transformer}.positions")).1,
        };
        let place = |(p, item): (usize, &Vector)| add(item, &positions[p * d..(p + 1) * d]);
        items.iter().enumerate().map(place).collect()
    }

    /// DIN: every behaviour times what the activation unit makes of it.
    fn activation(
        &self,
        network: &str,
        sequence: usize,
        items: &[Vector],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let unit = format!("{network}.activations.{sequence}");
        let array = |name: &str| self.array(&format!("{unit}.dice.{name}")).1;
        let [mean, variance, gamma, beta, alpha] =
            ["norm.running_mean", "norm.running_var", "norm.gamma", "norm.beta", "alpha"]
                .map(array);
        let dice = |i: usize, s: f64| {
            let z = (s - mean[i]) / (variance[i] + 1e-5).sqrt() * gamma[i] + beta[i];
            let p = 1.0 / (1.0 + (-z).exp());
            p * s + (1.0 - p) * alpha[i] * s
        };
        let weights: Vector = items
            .iter()
            .map(|item| {
                let product: Vector = item.iter().zip(target).map(|(a, b)| a * b).collect();
                let read = [item.clone(), product, target.to_vec()].concat();
                let hidden = self.linear(&format!("{unit}.hidden"), &read);
                let hidden: Vector = hidden.iter().enumerate().map(|(i, &s)| dice(i, s)).collect();
                self.linear(&format!("{unit}.weight"), &hidden)[0]
            })
            .collect();
        let sum = (0..target.len())
            .map(|i| weights.iter().zip(items).map(|(w, item)| w * item[i]).sum())
            .collect();
        (sum, vec![weights])
    }

    /// DIEN: a GRU from the oldest item to the newest, and one with attention over its states.
    fn evolution(
        &self,
        network: &str,
        sequence: usize,
        items: &[Vector],
        target: &[f64],
    ) -> (Vector, Vec<Vector>) {
        let name = format!("{network}.evolutions.{sequence}");
        let ones = vec![1.0; items.len()];
        let states = self.gru(&format!("{name}.extractor"), items, &ones);
        let query = self.linear(&format!("{name}.attention"), target);
        let scores: Vector =
            states.iter().map(|h| h.iter().zip(&query).map(|(h, q)| h * q).sum()).collect();
        let attention = softmax(&scores);
        let evolved = self.gru(&format!("{name}.evolution"), &states, &attention);
        (evolved[0].clone(), vec![attention])
    }

    /// States of a GRU, newest first as its inputs are, with its update gates times `attention`.
    fn gru(&self, name: &str, inputs: &[Vector], attention: &[f64]) -> Vec<Vector> {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let d = self.array(&format!("{name}.update.state.weight")).0[0];
        let mut h = vec![0.0; d];
        let mut states = vec![Vec::new(); inputs.len()];
        for t in (0..inputs.len()).rev() {
            let [u, r, c] = ["update", "reset", "candidate"].map(|gate| {
                let x = self.linear(&format!("{name}.{gate}.input"), &inputs[t]);
                (x, self.linear(&format!("{name}.{gate}.state"), &h))
            });
            h = (0..d)
                .map(|i| {
                    let u = attention[t] * sigmoid(u.0[i] + u.1[i]);
                    let r = sigmoid(r.0[i] + r.1[i]);
                    let c = (c.0[i] + r * c.1[i]).tanh();
                    (1.0 - u) * h[i] + u * c
                })
                .collect();
            states[t] = h.clone();
        }
        states
    }

    /// Equation 3 for the tasks of one network: utilities, and gates by task.
    fn tasks(&self, network: &str, x: &[f64], temperature: f64) -> (Vector, Vec<Vector>) {
        let has = |name: String| {
            move |n: &usize| {
                self.weights.arrays.contains_key(&format!("{name}.{n}.layers.0.weight"))
            }
        };
        let experts: Vec<Vector> = (0..)
            .take_while(has(format!("{network}.tasks.experts")))
            .map(|e| self.mlp(&format!("{network}.tasks.experts.{e}"), x, true))
            .collect();
        let mut gates = Vec::new();
        let utilities = (0..)
            .take_while(has(format!("{network}.tasks.utilities")))
            .map(|task| {
                let gate = match self.config.multi_task {
                    MultiTask::Mmoe => {
                        let logits = self.mlp(&format!("{network}.tasks.gates.{task}"), x, false);
                        softmax(&logits.iter().map(|l| l / temperature).collect::<Vector>())
                    }
                    _ => vec![1.0],
                };
                let f: Vector = (0..experts[0].len())
                    .map(|i| gate.iter().zip(&experts).map(|(w, e)| w * e[i]).sum())
                    .collect();
                gates.push(gate);
                self.mlp(&format!("{network}.tasks.utilities.{task}"), &f, false)[0]
            })
            .collect();
        (utilities, gates)
    }

    /// Utilities of one candidate, and its gates.
    fn utilities(
        &self,
        histories: &[Vec<ProductId>; 3],
        candidate: ProductId,
        dense: &[f32],
        temperature: f64,
    ) -> (Vector, Vec<Vector>) {
        let (mean, deviation) =
            (self.array("normaliser.mean").1, self.array("normaliser.deviation").1);
        let dense: Vector = (0..DENSE)
            .map(|i| ((f64::from(dense[i]) - mean[i]) / deviation[i]).clamp(-6.0, 6.0))
            .collect();
        let networks = if self.config.multi_task == MultiTask::SingleTask { 2 } else { 1 };
        let (mut utilities, mut gates) = (Vec::new(), Vec::new());
        for number in 0..networks {
            let network = format!("networks.{number}");
            let target = self.item(&network, candidate);
            let mut x = Vec::new();
            for (sequence, history) in histories.iter().enumerate().take(self.config.sequences) {
                x.extend(self.interest(&network, sequence, history, &target).0);
            }
            x.extend(target);
            x.extend(&dense);
            let (u, g) = self.tasks(&network, &x, temperature);
            utilities.extend(u);
            gates.extend(g);
        }
        (utilities, gates)
    }

    /// Equation 4.
    fn bias(&self, place: &Place) -> f64 {
        let mut x = Vec::new();
        if self.config.bias.position {
            x.extend(self.row("bias.index", place.index));
        }
        if self.config.bias.page {
            x.extend(self.row("bias.page", place.page));
        }
        if self.config.bias.neighbours {
            for product_type in place.types {
                x.extend(self.row("bias.types", product_type.map_or(7, usize::from)));
            }
        }
        self.mlp("bias.mlp", &x, false)[0]
    }
}

fn softmax(scores: &[f64]) -> Vector {
    let sum: f64 = scores.iter().map(|s| s.exp()).sum();
    scores.iter().map(|s| s.exp() / sum).collect()
}

fn add(a: &[f64], b: &[f64]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn assert_follows_the_equations(change: impl FnOnce(&mut DmtConfig), temperature: f32) {
    let (config, model) = model(change, 11);
    let weights = weights(&config, &model);
    let reference = Reference { weights: &weights, config: &config };
    let case = case();
    let output = case.rank(&model, temperature);
    let (mut utilities, mut gates) = (Vec::new(), Vec::new());
    for (row, candidates) in case.candidates.iter().enumerate() {
        for (column, &candidate) in candidates.iter().enumerate() {
            let start = (row * candidates.len() + column) * DENSE;
            let dense = &case.dense[start..start + DENSE];
            let histories = &case.histories[row];
            let (u, g) = reference.utilities(histories, candidate, dense, f64::from(temperature));
            utilities.extend(u.iter().map(|&v| v as f32));
            gates.extend(g.concat().iter().map(|&v| v as f32));
        }
    }
    assert_near(&numbers(output.utilities), &utilities, 2e-5);
    match output.gates {
        Some(found) => assert_near(&numbers(found), &gates, 2e-5),
        None => assert_ne!(config.multi_task, MultiTask::Mmoe),
    }
}

#[test]
fn mixture_of_experts_follows_the_equations() {
    assert_follows_the_equations(|_| (), 1.0);
    assert_follows_the_equations(|_| (), 3.0);
}

#[test]
fn other_positions_follow_the_equations() {
    assert_follows_the_equations(|config| config.positions = Positions::None, 1.0);
    assert_follows_the_equations(|config| config.positions = Positions::Sinusoidal, 1.0);
}

#[test]
fn shared_bottom_and_single_task_follow_the_equations() {
    assert_follows_the_equations(|config| config.multi_task = MultiTask::SharedBottom, 1.0);
    assert_follows_the_equations(|config| config.multi_task = MultiTask::SingleTask, 1.0);
}

#[test]
fn the_dnn_base_follows_the_equations() {
    assert_follows_the_equations(
        |config| {
            config.interest = Interest::Mean;
            config.multi_task = MultiTask::SingleTask;
        },
        1.0,
    );
}

#[test]
fn din_and_dien_follow_their_equations() {
    for interest in [Interest::Activation, Interest::Evolution] {
        assert_follows_the_equations(|config| config.interest = interest, 1.0);
        assert_follows_the_equations(
            |config| {
                config.interest = interest;
                config.multi_task = MultiTask::SingleTask;
            },
            1.0,
        );
    }
}

#[test]
fn the_auxiliary_loss_of_dien_by_hand() {
    let device = Device::flex();
    // Two shoppers, newest first; the second has two behaviours.
    let states = [[[0.1, 0.9], [0.5, -0.4], [0.3, 0.2]], [[0.6, 0.1], [-0.7, 0.8], [9.0, 9.0]]];
    let items = [[[0.4, -0.2], [0.7, 0.3], [0.0, 0.5]], [[-0.3, 0.6], [0.2, 0.1], [8.0, 8.0]]];
    let mask = KeyMask::new(Tensor::from_floats([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]], &device));
    let tensor = |of: [[[f32; 2]; 3]; 2]| Tensor::<3>::from_floats(of, &device);
    let loss = InterestEvolution::auxiliary(&tensor(states), &tensor(items), &mask).unwrap();
    let ln_sigmoid = |x: f32| -(-x).exp().ln_1p();
    let dot = |a: [f32; 2], b: [f32; 2]| a[0] * b[0] + a[1] * b[1];
    // State of a shopper at a place, and the behaviour after it: of whom.
    let score =
        |shopper: usize, place: usize, of: usize| dot(states[shopper][place], items[of][place - 1]);
    let told: f32 = [(0, 1), (0, 2), (1, 1)].map(|(s, p)| ln_sigmoid(score(s, p, s))).iter().sum();
    let apart: f32 =
        [(0, 1), (0, 2), (1, 1)].map(|(s, p)| ln_sigmoid(-score(s, p, 1 - s))).iter().sum();
    let expected = -(told + apart) / 3.0;
    assert_near(&numbers(loss), &[expected], 1e-5);
    // One shopper has nobody to be told from.
    let alone = KeyMask::new(Tensor::ones([1, 3], &device));
    let one = |of: Tensor<3>| of.narrow(0, 0, 1);
    let none = InterestEvolution::auxiliary(&one(tensor(states)), &one(tensor(items)), &alone);
    assert!(none.is_none());
}

#[test]
fn what_stands_under_a_mask_is_not_read() {
    use Interest::{Activation, Evolution, Mean, Transformer};
    for interest in [Transformer, Mean, Activation, Evolution] {
        let (_, model) = model(|config| config.interest = interest, 5);
        let case = case();
        let of = |sequences: &[Sequence]| {
            let output = model.rank(&model.encode(sequences), &case.candidates(), 1.0);
            numbers(output.utilities)
        };
        let expected = of(&case.sequences());
        for product in [0, 13, 29] {
            let mut sequences = case.sequences();
            for Sequence { items, mask } in &mut sequences {
                let absent = mask.clone().equal_elem(0.0);
                let columns = [
                    &mut items.product,
                    &mut items.product_type,
                    &mut items.brand,
                    &mut items.shop,
                ];
                for (column, id) in columns.into_iter().zip([product, 1, 1, 1]) {
                    *column = column.clone().mask_fill(absent.clone(), id);
                }
            }
            assert_eq!(of(&sequences), expected, "{interest:?}");
        }
    }
}

#[test]
fn a_sequence_that_is_left_out_counts_as_empty() {
    use Interest::{Activation, Evolution, Mean, Transformer};
    for interest in [Transformer, Mean, Activation, Evolution] {
        let with = |left_out| {
            model(|config| (config.interest, config.left_out) = (interest, left_out), 5).1
        };
        let case = case();
        let of = |model: &Dmt, sequences: &[Sequence]| {
            numbers(model.rank(&model.encode(sequences), &case.candidates(), 1.0).utilities)
        };
        let whole = with([false; SEQUENCES]);
        for sequence in 0..SEQUENCES {
            let mut without = case.sequences();
            without[sequence].mask = without[sequence].mask.zeros_like();
            let expected = of(&whole, &without);
            assert_ne!(of(&whole, &case.sequences()), expected, "{interest:?}");
            let mut left_out = [false; SEQUENCES];
            left_out[sequence] = true;
            let model = with(left_out);
            // Whatever was done.
            assert_eq!(of(&model, &case.sequences()), expected, "{interest:?}");
            assert_eq!(of(&model, &without), expected, "{interest:?}");
        }
    }
}

#[test]
fn fewer_sequences_follow_the_equations() {
    for interest in [Interest::Transformer, Interest::Mean, Interest::Evolution] {
        for sequences in 0..3 {
            assert_follows_the_equations(
                |config| (config.interest, config.sequences) = (interest, sequences),
                1.0,
            );
        }
    }
}

#[test]
fn attention_follows_equation_1() {
    assert_attention_follows(Interest::Transformer);
}

#[test]
fn attention_of_din_and_dien_follows_their_equations() {
    assert_attention_follows(Interest::Activation);
    assert_attention_follows(Interest::Evolution);
}

fn assert_attention_follows(interest: Interest) {
    let (config, model) = model(|config| config.interest = interest, 5);
    let weights = weights(&config, &model);
    let reference = Reference { weights: &weights, config: &config };
    let case = case().request(0);
    let output = case.rank(&model, 1.0);
    for (sequence, history) in case.histories[0].iter().enumerate() {
        let found = numbers(output.attention[sequence].clone());
        let mut expected = vec![0.0; found.len()];
        for (column, &candidate) in case.candidates[0].iter().enumerate() {
            let target = reference.item("networks.0", candidate);
            let (_, by_head) = reference.interest("networks.0", sequence, history, &target);
            for (head, weights) in by_head.iter().enumerate() {
                for (key, weight) in weights.iter().enumerate() {
                    let row = head * case.candidates[0].len() + column;
                    expected[row * history.len() + key] = *weight as f32;
                }
            }
        }
        assert_near(&found, &expected, 1e-5);
    }
}

#[test]
fn self_attention_of_the_encoder_follows_equation_1() {
    let (config, model) = model(|_| (), 5);
    let weights = weights(&config, &model);
    let reference = Reference { weights: &weights, config: &config };
    let case = case().request(0);
    let found = model.self_attention(&case.sequences());
    assert_eq!(found.len(), case.histories[0].len());
    for (sequence, (history, found)) in case.histories[0].iter().zip(found).enumerate() {
        let name = format!("networks.0.transformers.{sequence}");
        let items: Vec<Vector> =
            history.iter().map(|&id| reference.item("networks.0", id)).collect();
        let items = reference.placed(&name, &items);
        let (length, found) = (history.len(), numbers(found));
        assert_eq!(found.len(), config.heads * length * length);
        for (query, item) in items.iter().enumerate() {
            let of_heads = reference.attention(&format!("{name}.encoder.attention"), item, &items);
            for (head, expected) in of_heads.1.iter().enumerate() {
                let row = &found[(head * length + query) * length..][..length];
                let expected: Vec<f32> = expected.iter().map(|&weight| weight as f32).collect();
                assert_near(row, &expected, 1e-5);
                assert_near(&[row.iter().sum()], &[1.0], 1e-5);
            }
        }
    }
    // A mean attends to nothing.
    let (_, mean) = self::model(|config| config.interest = Interest::Mean, 5);
    assert!(mean.self_attention(&case.sequences()).is_empty());
}

#[test]
fn the_bias_network_follows_equation_4() {
    let places: Vec<Place> = [
        Place::of_page(&catalogue(), &[1, 8, 3, 22, 9, 4, 17, 0], 0, 0),
        Place::of_page(&catalogue(), &[2, 2, 5], 37, 3),
    ]
    .concat();
    for (position, page, neighbours) in
        [(true, true, true), (true, false, false), (false, true, false), (false, false, true)]
    {
        let bias = BiasFeatures { position, page, neighbours };
        let (config, model) = model(|config| config.bias = bias, 2);
        let weights = weights(&config, &model);
        let reference = Reference { weights: &weights, config: &config };
        let tensors = Places::new(&places, config.vocabulary.product_types, &Device::flex());
        let expected: Vec<f32> = places.iter().map(|p| reference.bias(p) as f32).collect();
        assert_near(&numbers(model.bias(&tensors).unwrap()), &expected, 2e-6);
    }
}

#[test]
fn without_bias_features_there_is_no_bias_network() {
    let none = BiasFeatures { position: false, page: false, neighbours: false };
    let (config, model) = model(|config| config.bias = none, 2);
    let place = Place { index: 0, page: 0, types: [None; NEIGHBOURHOOD] };
    let places = Places::new(&[place], config.vocabulary.product_types, &Device::flex());
    assert!(model.bias(&places).is_none());
}

#[test]
fn gates_and_attention_sum_to_one() {
    let (_, model) = model(|_| (), 1);
    let output = case().rank(&model, 1.0);
    let gates = numbers(output.gates.unwrap().sum_dim(3));
    assert_near(&gates, &vec![1.0; gates.len()], 1e-6);
    let clicks = numbers(output.attention[0].clone().sum_dim(3));
    assert_near(&clicks, &vec![1.0; clicks.len()], 1e-6);
    // The second request has no orders: zeros, two heads by four candidates.
    let orders = numbers(output.attention[2].clone().sum_dim(3));
    assert_near(&orders[..8], &[1.0; 8], 1e-6);
    assert_near(&orders[8..], &[0.0; 8], 0.0);
}

#[test]
fn an_endless_gate_temperature_weighs_experts_alike() {
    let (_, model) = model(|_| (), 1);
    let gates = numbers(case().rank(&model, 1e9).gates.unwrap());
    assert_near(&gates, &vec![0.25; gates.len()], 1e-6);
}

const INTERESTS: [Interest; 4] =
    [Interest::Transformer, Interest::Mean, Interest::Activation, Interest::Evolution];

#[test]
fn padding_and_company_change_nothing() {
    for interest in INTERESTS {
        let (_, model) = model(|config| config.interest = interest, 4);
        let case = case();
        let together = numbers(case.rank(&model, 1.0).utilities);
        let alone: Vec<f32> = (0..case.histories.len())
            .flat_map(|row| numbers(case.request(row).rank(&model, 1.0).utilities))
            .collect();
        assert_near(&together, &alone, 1e-6);
    }
}

#[test]
fn the_order_of_requests_changes_nothing() {
    let (_, model) = model(|_| (), 4);
    let case = case();
    let swapped = Case {
        histories: case.histories.iter().rev().cloned().collect(),
        candidates: case.candidates.iter().rev().cloned().collect(),
        dense: case.dense.chunks(4 * DENSE).rev().flatten().copied().collect(),
    };
    let there = numbers(case.rank(&model, 1.0).utilities);
    let back = numbers(swapped.rank(&model, 1.0).utilities);
    assert_near(&there, &[&back[8..], &back[..8]].concat(), 1e-6);
}

#[test]
fn encoding_once_equals_encoding_for_each_candidate() {
    let (_, model) = model(|_| (), 4);
    let case = case();
    let once = numbers(case.rank(&model, 1.0).utilities);
    let mut each = Vec::new();
    for row in 0..case.histories.len() {
        for (column, &candidate) in case.candidates[row].iter().enumerate() {
            let start = (row * 4 + column) * DENSE;
            let one = Case {
                histories: vec![case.histories[row].clone()],
                candidates: vec![vec![candidate]],
                dense: case.dense[start..start + DENSE].to_vec(),
            };
            each.extend(numbers(one.rank(&model, 1.0).utilities));
        }
    }
    assert_near(&once, &each, 1e-6);
}

#[test]
fn a_shopper_without_behaviour_has_finite_scores() {
    for interest in INTERESTS {
        let (_, model) = model(|config| config.interest = interest, 4);
        let case = Case { histories: vec![Default::default(); 2], ..case() };
        let output = case.rank(&model, 1.0);
        assert!(numbers(output.utilities).iter().all(|u| u.is_finite()));
        for attention in output.attention {
            assert!(numbers(attention).iter().all(|&weight| weight == 0.0));
        }
    }
}

#[test]
fn weights_of_every_interest_survive_a_round_trip() {
    for interest in INTERESTS {
        let (config, model) = model(|config| config.interest = interest, 4);
        let bytes = weights(&config, &model).to_bytes(Precision::Int8).unwrap();
        let read = Weights::from_bytes(&bytes, MODEL).unwrap();
        let loaded: DmtConfig = read.config().unwrap();
        assert_eq!(loaded, config);
        let again = read.apply(loaded.init(&Device::flex())).unwrap();
        let case = case();
        let (before, after) = (case.rank(&model, 1.0), case.rank(&again, 1.0));
        assert_near(&numbers(after.utilities), &numbers(before.utilities), 0.05);
    }
}

#[test]
fn sizes_that_are_not_sound_are_said_to_be() {
    let sound = DmtConfig::playground(Vocabulary::of(&catalogue()), DENSE);
    assert_eq!(sound.check(), Ok(()));
    assert!(DmtConfig { sequences: 4, ..sound.clone() }.check().is_err());
    assert!(DmtConfig { heads: 0, ..sound.clone() }.check().is_err());
    assert!(DmtConfig { experts: 0, ..sound }.check().is_err());
}

#[test]
fn an_expert_contributes_what_zeroing_its_gate_takes_away() {
    let (config, model) = model(|_| (), 9);
    let weights = weights(&config, &model);
    let reference = Reference { weights: &weights, config: &config };
    let case = case().request(1);
    let output = case.rank(&model, 1.0);
    let found = numbers(model.expert_contributions(&output).unwrap());
    let gates = numbers(output.gates.clone().unwrap());
    let experts = numbers(output.tasks[0].experts.clone());
    let utilities = numbers(output.utilities.clone());
    let width = experts.len() / (4 * 4);
    for item in 0..4 {
        for task in 0..2 {
            for removed in 0..4 {
                let f: Vec<f64> = (0..width)
                    .map(|i| {
                        (0..4)
                            .filter(|&e| e != removed)
                            .map(|e| {
                                let gate = gates[(item * 2 + task) * 4 + e];
                                f64::from(gate * experts[(item * 4 + e) * width + i])
                            })
                            .sum()
                    })
                    .collect();
                let name = format!("networks.0.tasks.utilities.{task}");
                let without = reference.mlp(&name, &f, false)[0] as f32;
                let expected = utilities[item * 2 + task] - without;
                let position = (item * 2 + task) * 4 + removed;
                assert!((found[position] - expected).abs() < 1e-5);
            }
        }
    }
}
