//! DMT against the paper's equations ([`equations`]), and the properties that the page relies on.

mod equations;
mod reference;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::input::Place;
use super::{Candidates, Dmt, DmtConfig, Interest, Items, Output, SEQUENCES, Sequence, example};
use crate::models::dmt::ranker::MODEL;
use crate::models::vocabulary::Vocabulary;
use crate::models::weights::{Precision, Weights};
use crate::nn::bias::Places;
use market::catalogue::{Catalogue, ProductId};
use market::features::places::NEIGHBOURHOOD;
use systems::dmt::BiasFeatures;

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
