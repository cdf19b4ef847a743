//! What the insides of Yandex's user tower say: see [`crate::attention`].

use burn::tensor::{Tensor, TensorData};

use super::data::Corpus;
use super::samples::ShopperDay;
use crate::attention::{Attention, LONG, Seen, distance, first, inner};
use crate::device::device;
use crate::read;
use nets::models::yandex::input::{Histories, Read, Sequence};
use nets::models::yandex::{Yandex, YandexConfig};

/// Shopper-days that are looked into.
pub const DAYS: usize = 50;

/// Attention of `CLS` in the last layer over the behaviours that one transformer reads, on test days:
/// with how far v_u moves, farther than which no score does, and with how far the score of the product
/// moves that comes first.
pub fn attention(model: &Yandex, config: &YandexConfig, corpus: &Corpus) -> [Attention; 2] {
    let device = device();
    let long = |day: &&ShopperDay| corpus.samples.behaviour(day).len() >= LONG;
    let days: Vec<&ShopperDay> = corpus.samples.test.iter().filter(long).collect();
    let mut seen = [Seen::default(), Seen::default()];
    let titles = TensorData::new(corpus.titles(), [corpus.products, corpus.word]);
    let items = read(model.items(model.content(Tensor::from_data(titles, &device))));
    for day in days.iter().step_by((days.len() / DAYS).max(1)).take(DAYS) {
        let timeline = corpus.samples.behaviour(day);
        let read_of = Read::new(config, timeline).behaviour;
        if read_of.len() < LONG {
            continue;
        }
        let texts = corpus.read(read_of.iter().map(|&position| timeline[position].content));
        let sums = TensorData::new(texts, [read_of.len(), corpus.word]);
        let content = model.content(Tensor::from_data(sums, &device));
        let whole: Vec<(u32, u8)> =
            (0..).zip(&read_of).map(|(row, &position)| (row, timeline[position].kind)).collect();
        let of = |rows: &[(u32, u8)]| {
            let behaviour = Sequence::new(std::iter::once(rows), &device);
            model.users(&content, &Histories { behaviour, web: None })
        };
        let mut output = of(&whole);
        let vector = read(output.vector);
        let Some(last) = output.attention.pop() else { continue };
        let [_, heads, keys] = last.dims();
        let weights = read(last);
        // Behind CLS itself.
        let rows = weights.chunks(keys).map(|row| row[1..].iter().map(|&w| f64::from(w)).collect());
        let shown: Vec<f64> = (1..keys)
            .map(|key| (0..heads).map(|head| f64::from(weights[head * keys + key])).sum())
            .collect();
        let without = |removed: usize| {
            let mut left = whole.clone();
            left.remove(removed);
            read(of(&left).vector)
        };
        let rows: Vec<Vec<f64>> = rows.collect();
        let first = first(&vector, &items);
        let [by_vector, by_score] = &mut seen;
        by_vector.add(rows.clone().into_iter(), &shown, |n| distance(&vector, &without(n)));
        by_score.add(rows.into_iter(), &shown, |n| {
            (inner(&vector, first) - inner(&without(n), first)).abs()
        });
    }
    seen.map(Seen::sum_up)
}
