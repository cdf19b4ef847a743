//! DMT against a plain computation of the paper's equations.

use burn::tensor::{Device, Tensor};

use super::reference::{Reference, Vector};
use super::{DENSE, assert_near, case, catalogue, model, numbers, weights};
use crate::models::dmt::input::Place;
use crate::models::dmt::interest::InterestEvolution;
use crate::models::dmt::{DmtConfig, Interest, Positions};
use crate::nn::attention::KeyMask;
use crate::nn::bias::Places;
use systems::dmt::{BiasFeatures, MultiTask};

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
