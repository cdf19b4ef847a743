//! Whether expected GMV comes true (MOPPR 7.2): what equation 22 says of the products that were shown,
//! beside the probabilities of an order that the market knows.

use anyhow::Result;

use super::Corpus;
use super::samples::Sample;
use crate::device::device;
use market::catalogue::Product;
use market::features::search::SearchFeatures;
use market::metrics::{Bin, reliability};
use nets::models::moppr::Moppr;
use nets::models::moppr::input::UserQuery;

/// Page views whose scores are held at once.
const BATCH: usize = 256;

/// Sales of one product that was shown, in the shop's whole units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sale {
    /// sigmoid(z / sigma) times the price.
    pub expected: f64,
    /// True probability of an order times the price.
    pub truth: f64,
    /// The price if it was ordered, else 0.
    pub seen: f64,
}

/// Every product that was shown on these page views, one after another.
///
/// # Errors
/// Where the device fails.
pub fn sales(
    model: &Moppr,
    corpus: Corpus<'_>,
    catalogue: &[Product],
    sigma: f32,
) -> Result<Vec<Sale>> {
    let device = device();
    let table = model.embeddings.products(corpus.products, None);
    let items = model.towers.item(model.embeddings.items(corpus.products, table.clone()));
    let items: Vec<f32> = items.clone().try_into_vec_as()?;
    let mut sales = Vec::new();
    for views in corpus.views.chunks(BATCH) {
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let vector = |piece| corpus.words.vector(piece);
        let inputs = UserQuery::new(&features, corpus.words.dimensions(), vector, &device);
        let (requests, _) = model.user_query(&inputs, &table);
        let [_, width] = requests.dims();
        let requests: Vec<f32> = requests.try_into_vec_as()?;
        for (view, request) in views.iter().zip(requests.chunks_exact(width)) {
            sales.extend(of_view(view, request, &items, catalogue, sigma));
        }
    }
    Ok(sales)
}

fn of_view(
    view: &Sample,
    request: &[f32],
    items: &[f32],
    catalogue: &[Product],
    sigma: f32,
) -> Vec<Sale> {
    let shown = view.candidates.iter().zip(&view.chances);
    let sale = shown.map(|(candidate, &chance)| {
        let id = candidate.product as usize;
        let item = &items[id * request.len()..][..request.len()];
        let z: f32 = request.iter().zip(item).map(|(a, b)| a * b).sum();
        let probability = 1.0 / (1.0 + (-f64::from(z / sigma)).exp());
        let price = f64::from(catalogue[id].price_cents) / 100.0;
        let bought = if candidate.labels[3] { price } else { 0.0 };
        Sale { expected: probability * price, truth: f64::from(chance) * price, seen: bought }
    });
    sale.collect()
}

/// The reliability curve of expected GMV against the truth, and the mean of what was seen in each bin.
pub fn curve(sales: &[Sale], bins: usize) -> Vec<(Bin, f64)> {
    let of = |value: fn(&Sale) -> f64| -> Vec<f64> { sales.iter().map(value).collect() };
    let expected = of(|sale| sale.expected);
    let truth = reliability(&expected, &of(|sale| sale.truth), bins);
    let seen = reliability(&expected, &of(|sale| sale.seen), bins);
    truth.into_iter().zip(seen).map(|(truth, seen)| (truth, seen.came)).collect()
}
