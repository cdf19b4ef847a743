//! What a DMT's insides say: whether attention tells behaviours apart and is worth reading, and
//! whether the gates use their experts.

use std::fmt;

use burn::tensor::{Device, Tensor, TensorData};

use super::samples::Samples;
use market::catalogue::{Catalogue, ProductId};
use market::features::dense;
use nets::models::dmt::ranker::Ranker;
use nets::models::dmt::{Candidates, Items, SEQUENCE_NAMES, SEQUENCES, Sequence, TASKS};

use crate::attention::{Attention, LONG, SHORT, Seen};
use crate::balance::Used;
use crate::read;

/// Page views that are looked into.
pub const VIEWS: usize = 50;

/// What was seen over [`VIEWS`] page views.
#[derive(Clone, Debug, Default)]
pub struct Insides {
    /// Decoder attention by sequence, and how far the click logit of the first candidate moves; empty
    /// without transformers.
    pub attention: Vec<Attention>,
    /// How the gates use their experts; empty without gates.
    pub experts: Used,
}

impl Insides {
    /// Looks into page views whose clicks are [`LONG`] enough, spread over the samples.
    pub fn of(ranker: &Ranker, samples: &Samples, catalogue: &Catalogue) -> Self {
        let long: Vec<usize> =
            (0..samples.len()).filter(|&view| samples.history(view, 0).len() >= LONG).collect();
        let step = (long.len() / VIEWS).max(1);
        let mut seen = Views::default();
        for &view in long.iter().step_by(step).take(VIEWS) {
            seen.add(ranker, samples, catalogue, view);
        }
        seen.sum_up()
    }
}

#[derive(Default)]
struct Views {
    attention: [Seen; SEQUENCES],
    experts: Used,
}

impl Views {
    fn add(&mut self, ranker: &Ranker, samples: &Samples, catalogue: &Catalogue, view: usize) {
        let histories: [&[ProductId]; SEQUENCES] =
            std::array::from_fn(|sequence| samples.history(view, sequence));
        let shown = samples.impressions_of(view);
        let shown = shown.start..shown.start + samples.shown(view);
        let (products, features) = (samples.products(shown.clone()), samples.dense(shown));
        let device = crate::device::device();
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
            let rows = weights.chunks(keys);
            let rows = rows.map(|row| row.iter().map(|&weight| f64::from(weight)).collect());
            // Of the first candidate, over heads.
            let mut shown = vec![0.0; history.len()];
            for head in 0..heads {
                let row = &weights[head * count * keys..][..keys];
                shown.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += f64::from(weight));
            }
            self.attention[sequence].add(rows, &shown, |removed| {
                let mut left = history.to_vec();
                left.remove(removed);
                let mut histories = histories;
                histories[sequence] = &left;
                (clicks(&output(&histories))[0] - base[0]).abs()
            });
        }
        if let Some(gates) = whole.gates {
            let [_, _, tasks, experts] = gates.dims();
            self.experts.add(&read(gates), [tasks, experts]);
        }
    }

    fn sum_up(self) -> Insides {
        Insides {
            attention: self.attention.into_iter().map(Seen::sum_up).collect(),
            experts: self.experts,
        }
    }
}

impl fmt::Display for Insides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, seen) in SEQUENCE_NAMES.iter().zip(&self.attention) {
            writeln!(f, "attention over {name:<7} {seen}")?;
        }
        f.write_str(&self.experts.lines(&TASKS))
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
