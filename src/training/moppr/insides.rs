//! What a MOPPR's insides say: see [`crate::attention`].

use super::Corpus;
use super::samples::Sample;
use crate::attention::{Attention, LONG, SHORT, Seen, distance, first, inner};
use crate::device::device;
use crate::read;
use market::features::search::SearchFeatures;
use nets::models::moppr::Moppr;
use nets::models::moppr::input::UserQuery;

/// Requests that are looked into.
pub const REQUESTS: usize = 50;

/// Attention over the behaviour of requests that are spread over the page views: with how far H_uq
/// moves, farther than which no score does, and with how far the score of the product moves that comes
/// first. Each window has its own attention and counts on its own.
pub fn attention(model: &Moppr, corpus: Corpus<'_>) -> [Attention; 2] {
    let device = device();
    let table = model.embeddings.products(corpus.products, None);
    let length = |view: &&Sample| view.features.behaviours.iter().map(Vec::len).sum::<usize>();
    let long: Vec<&Sample> = corpus.views.iter().filter(|view| length(view) >= LONG).collect();
    let of = |features: &SearchFeatures| {
        let words = corpus.words;
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(&[features], words.dimensions(), vector, &device);
        let (vector, output) = model.user_query(&inputs, &table);
        (read(vector), output.behaviour_attention)
    };
    let items = read(model.towers.item(model.embeddings.items(corpus.products, table.clone())));
    let mut seen = [Seen::default(), Seen::default()];
    for view in long.iter().step_by((long.len() / REQUESTS).max(1)).take(REQUESTS) {
        let (whole, attention) = of(&view.features);
        let first = first(&whole, &items);
        for (window, attention) in attention.into_iter().enumerate() {
            let behaviours = &view.features.behaviours[window];
            if behaviours.len() < SHORT {
                continue;
            }
            let shown: Vec<f64> =
                read(attention)[..behaviours.len()].iter().map(|&w| f64::from(w)).collect();
            let without = |removed: usize| {
                let mut features = view.features.clone();
                features.behaviours[window].remove(removed);
                of(&features).0
            };
            let rows = || std::iter::once(shown.clone());
            let [by_vector, by_score] = &mut seen;
            by_vector.add(rows(), &shown, |n| distance(&whole, &without(n)));
            by_score
                .add(rows(), &shown, |n| (inner(&whole, first) - inner(&without(n), first)).abs());
        }
    }
    seen.map(Seen::sum_up)
}
