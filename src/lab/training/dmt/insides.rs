//! What a DMT's insides say: whether attention tells behaviours apart and is worth reading, and
//! whether the gates use their experts.

use std::fmt;

use burn::tensor::{Device, Tensor, TensorData};

use super::samples::Samples;
use market::catalogue::{Catalogue, ProductId};
use market::features::dense;
use market::metrics::{Mean, effective_number};
use nets::models::dmt::ranker::Ranker;
use nets::models::dmt::{Candidates, Items, SEQUENCE_NAMES, SEQUENCES, Sequence, TASKS};

/// Page views that are looked into.
pub const VIEWS: usize = 50;

/// A sequence of fewer behaviours is not looked at.
pub const LONG: usize = 20;

/// A sequence of orders is shorter: so few are enough to tell the most from the least attended.
const SHORT: usize = 4;

/// Decoder attention over one sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attention {
    /// Requests whose sequence was long enough.
    pub requests: usize,
    /// Median of effective number (exponential of the entropy) over the length, over heads,
    /// candidates and requests: 1 where all behaviours are attended to alike.
    pub spread: f64,
    /// Share of requests in which removing the behaviour with the most attention moves the click
    /// logit more than removing the one with the least.
    pub most_matters: f64,
    /// Mean move of the click logit without the behaviour with the most attention.
    pub without_most: f64,
    /// The same without the one with the least.
    pub without_least: f64,
}

/// What was seen over [`VIEWS`] page views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Insides {
    /// By sequence; empty without transformers.
    pub attention: Vec<Attention>,
    /// By task: mean weight of each expert; empty without gates.
    pub gates: Vec<Vec<f64>>,
    /// By task: mean over requests of the effective number of experts that a page uses, of the mean
    /// of its gates.
    pub experts: Vec<f64>,
    /// By task: the same of a single candidate's gate.
    pub experts_each: Vec<f64>,
}

impl Insides {
    /// Looks into page views whose clicks are [`LONG`] enough, spread over the samples.
    pub fn of(ranker: &Ranker, samples: &Samples, catalogue: &Catalogue) -> Self {
        let long: Vec<usize> =
            (0..samples.len()).filter(|&view| samples.history(view, 0).len() >= LONG).collect();
        let step = (long.len() / VIEWS).max(1);
        let mut seen = Seen::default();
        for &view in long.iter().step_by(step).take(VIEWS) {
            seen.add(ranker, samples, catalogue, view);
        }
        seen.sum_up()
    }
}

#[derive(Default)]
struct Seen {
    spreads: [Vec<f64>; SEQUENCES],
    moves: [Vec<[f64; 2]>; SEQUENCES],
    gates: Vec<Vec<Mean>>,
    experts: Vec<Mean>,
    experts_each: Vec<Mean>,
}

impl Seen {
    fn add(&mut self, ranker: &Ranker, samples: &Samples, catalogue: &Catalogue, view: usize) {
        let histories: [&[ProductId]; SEQUENCES] =
            std::array::from_fn(|sequence| samples.history(view, sequence));
        let shown = samples.impressions_of(view);
        let shown = shown.start..shown.start + samples.shown(view);
        let (products, features) = (samples.products(shown.clone()), samples.dense(shown));
        let device = crate::training::device::device();
        let output = |histories: &[&[ProductId]; SEQUENCES]| {
            let encoded = ranker.model().encode(&sequences(catalogue, histories, &device));
            let candidates = candidates(catalogue, products, features, &device);
            ranker.model().rank(&encoded, &candidates, 1.0)
        };
        let whole = output(&histories);
        let clicks = |output: &nets::models::dmt::Output| {
            let utilities = read(output.utilities.clone());
            utilities.chunks(TASKS.len()).map(|tasks| f64::from(tasks[0])).collect::<Vec<_>>()
        };
        let base = clicks(&whole);
        for (sequence, attention) in whole.attention.iter().enumerate() {
            let history = histories[sequence];
            if history.len() < if sequence == 0 { LONG } else { SHORT } {
                continue;
            }
            let [_, heads, count, keys] = attention.dims();
            let weights = read(attention.clone());
            let mut mean = vec![0.0; history.len()];
            for row in weights.chunks(keys) {
                let row: Vec<f64> = row.iter().map(|&weight| f64::from(weight)).collect();
                self.spreads[sequence].push(effective_number(&row) / history.len() as f64);
            }
            // Of the first candidate, over heads.
            for head in 0..heads {
                let row = &weights[head * count * keys..][..keys];
                mean.iter_mut().zip(row).for_each(|(mean, &weight)| *mean += f64::from(weight));
            }
            let place = |better: fn(f64, f64) -> bool| {
                (1..mean.len())
                    .fold(0, |best, n| if better(mean[n], mean[best]) { n } else { best })
            };
            let moved = [place(|a, b| a > b), place(|a, b| a < b)].map(|removed| {
                let mut left = history.to_vec();
                left.remove(removed);
                let mut histories = histories;
                histories[sequence] = &left;
                (clicks(&output(&histories))[0] - base[0]).abs()
            });
            self.moves[sequence].push(moved);
        }
        if let Some(gates) = whole.gates {
            let [_, count, tasks, experts] = gates.dims();
            let gates = read(gates);
            self.gates.resize(tasks, vec![Mean::default(); experts]);
            self.experts.resize(tasks, Mean::default());
            self.experts_each.resize(tasks, Mean::default());
            for task in 0..tasks {
                let mut of_page = vec![0.0; experts];
                for candidate in 0..count {
                    let start = (candidate * tasks + task) * experts;
                    let gate: Vec<f64> =
                        gates[start..start + experts].iter().map(|&weight| weight.into()).collect();
                    self.experts_each[task].add(Some(effective_number(&gate)));
                    for (expert, weight) in gate.into_iter().enumerate() {
                        of_page[expert] += weight / count as f64;
                        self.gates[task][expert].add(Some(weight));
                    }
                }
                self.experts[task].add(Some(effective_number(&of_page)));
            }
        }
    }

    fn sum_up(self) -> Insides {
        let value = |mean: &Mean| mean.value().unwrap_or(0.0);
        let of_sequence = |(spreads, moves): (Vec<f64>, Vec<[f64; 2]>)| {
            let n = moves.len().max(1) as f64;
            let mean = |which: usize| moves.iter().map(|moved| moved[which]).sum::<f64>() / n;
            Attention {
                requests: moves.len(),
                spread: median(spreads),
                most_matters: moves.iter().filter(|[most, least]| most > least).count() as f64 / n,
                without_most: mean(0),
                without_least: mean(1),
            }
        };
        Insides {
            attention: self.spreads.into_iter().zip(self.moves).map(of_sequence).collect(),
            gates: self.gates.iter().map(|task| task.iter().map(value).collect()).collect(),
            experts: self.experts.iter().map(value).collect(),
            experts_each: self.experts_each.iter().map(value).collect(),
        }
    }
}

impl fmt::Display for Insides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, seen) in SEQUENCE_NAMES.iter().zip(&self.attention) {
            let Attention { requests, spread, most_matters, without_most, without_least } = seen;
            writeln!(
                f,
                "attention over {name:<7} effective number {spread:.2} of the length (median); \
                 without the most attended the click logit moves by {without_most:.3}, without \
                 the least by {without_least:.3}: more in {most_matters:.2} of {requests} requests"
            )?;
        }
        for (task, name) in TASKS.iter().enumerate().take(self.gates.len()) {
            let gates: Vec<String> =
                self.gates[task].iter().map(|weight| format!("{weight:.2}")).collect();
            writeln!(
                f,
                "gate of {name:<6} experts {}; effective number {:.2} a page, {:.2} a candidate",
                gates.join(" "),
                self.experts[task],
                self.experts_each[task]
            )?;
        }
        Ok(())
    }
}

fn sequences(
    catalogue: &Catalogue,
    histories: &[&[ProductId]; SEQUENCES],
    device: &Device,
) -> Vec<Sequence> {
    let of_one =
        |&history: &&[ProductId]| Sequence::new(catalogue, std::iter::once(history), device);
    histories.iter().map(of_one).collect()
}

fn candidates(
    catalogue: &Catalogue,
    products: &[ProductId],
    features: &[f32],
    device: &Device,
) -> Candidates {
    let shape = [1, products.len(), dense::COUNT];
    Candidates {
        items: Items::new(catalogue, products, 1, device),
        dense: Tensor::from_data(TensorData::new(features.to_vec(), shape), device),
    }
}

/// The middle one; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().expect("the CPU gives back its tensors")
}
