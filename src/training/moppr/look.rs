//! A look at MOPPR while it learns: what it retrieves of the searches held out, how many products its
//! softmax chooses among, and the loss of each objective over all that was on sale.

use std::ops::Range;

use anyhow::Result;
use burn::tensor::Tensor;

use super::queries::Queries;
use super::samples::Sample;
use super::{Corpus, Settings};
use crate::device::device;
use crate::learning::{Measured, Seen};
use crate::slices::end_slice;
use engine::retrieval::top_k;
use market::World;
use market::catalogue::ProductId;
use market::features::search::SearchFeatures;
use market::metrics::{Mean, p_good, recall_at};
use nets::models::moppr::Moppr;
use nets::models::moppr::input::UserQuery;
use nets::models::moppr::objectives::OBJECTIVES;

/// K: about the number of products of a type.
pub const K: usize = 20;
/// Page views whose scores are held at once: a slice, so few that whoever waits does not notice.
const BATCH: usize = 32;

/// What a model is measured on.
pub struct Held<'a> {
    /// Searches that it learns from.
    pub learned: Vec<Sample>,
    /// Searches of shoppers whom it never meets.
    pub tested: Vec<Sample>,
    /// Texts of their queries.
    pub queries: Queries,
    /// What is truly relevant.
    pub world: &'a World,
}

/// What is measured over some searches.
#[derive(Default)]
struct Found {
    clicked: Mean,
    bought: Mean,
    good: Mean,
    /// Effective number of candidates: the exponential of the softmax's entropy.
    candidates: Mean,
    losses: [Mean; OBJECTIVES.len()],
    overlap: Mean,
    retrieved: Vec<Vec<ProductId>>,
}

/// What a model makes of all products: the table of their embeddings, and their vectors, `[output, N]`.
struct Stock(Tensor<2>, Tensor<2>);

impl Stock {
    fn of(model: &Moppr, corpus: &Corpus<'_>) -> Self {
        let table = model.embeddings.products(corpus.products, None);
        let items = model.embeddings.items(corpus.products, table.clone());
        Self(table, model.towers.item(items).transpose())
    }
}

/// The first [`K`] products of each search, slice by slice.
///
/// # Errors
/// Where the device fails.
pub async fn retrieved(
    model: &Moppr,
    corpus: Corpus<'_>,
    settings: &Settings,
) -> Result<Vec<Vec<ProductId>>> {
    let stock = Stock::of(model, &corpus);
    Ok(found((model, &stock), corpus, settings, |_, _| None, &[]).await?.retrieved)
}

/// What is seen of a model, and what it retrieves for the searches held out, slice by slice; `shipped` is
/// what the model that ships retrieves for those.
///
/// # Errors
/// Where the device fails.
pub async fn look(
    model: &Moppr,
    [learned, tested]: [Corpus<'_>; 2],
    held: &Held<'_>,
    settings: &Settings,
    shipped: &[Vec<ProductId>],
) -> Result<(Seen, Vec<Vec<ProductId>>)> {
    let good = |view: &Sample, retrieved: &[ProductId]| {
        let text = held.queries.text(view.query?);
        let intent = &held.world.queries[held.world.query_number(text)? as usize].intent;
        p_good(K, retrieved, |product| held.world.relevance(intent, product).is_relevant())
    };
    let stock = Stock::of(model, &tested);
    end_slice().await;
    let training = found((model, &stock), learned, settings, good, &[]).await?;
    let held_out = found((model, &stock), tested, settings, good, shipped).await?;
    let both = |key, of: fn(&Found) -> &Mean| {
        Measured::both(key, of(&training).value(), of(&held_out).value())
    };
    let seen = Seen {
        measures: vec![
            both("recall-click", |found| &found.clicked),
            both("recall-order", |found| &found.bought),
            both("good", |found| &found.good),
            both("candidates", |found| &found.candidates),
            both("loss-relevance", |found| &found.losses[0]),
            both("loss-exposure", |found| &found.losses[1]),
            both("loss-click", |found| &found.losses[2]),
            both("loss-purchase", |found| &found.losses[3]),
            Measured::held_out("agreement", held_out.overlap.value()),
        ],
        ..Seen::default()
    };
    Ok((seen, held_out.retrieved))
}

async fn found(
    (model, Stock(table, items)): (&Moppr, &Stock),
    corpus: Corpus<'_>,
    settings: &Settings,
    good: impl Fn(&Sample, &[ProductId]) -> Option<f64>,
    shipped: &[Vec<ProductId>],
) -> Result<Found> {
    let Corpus { views, products: stock, words, sale_days, .. } = corpus;
    let device = device();
    let mut found = Found::default();
    for views in views.chunks(BATCH) {
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(&features, words.dimensions(), vector, &device);
        let (requests, _) = model.user_query(&inputs, table);
        let scores: Vec<f32> = requests.matmul(items.clone()).try_into_vec_as()?;
        for (view, scores) in views.iter().zip(scores.chunks(stock.len())) {
            let offered = |(&score, days): (&f32, &Range<i32>)| {
                if days.contains(&view.day) { score } else { f32::NAN }
            };
            let offered: Vec<f32> = scores.iter().zip(sale_days).map(offered).collect();
            let first = top_k(&offered, K).into_iter().map(|hit| hit.product).collect::<Vec<_>>();
            found.clicked.add(recall_at(K, &first, &view.positives(2)));
            found.bought.add(recall_at(K, &first, &view.positives(3)));
            found.good.add(good(view, &first));
            found.add_softmax(view, &offered, settings.temperature);
            if let Some(other) = shipped.get(found.retrieved.len()) {
                let both = first.iter().filter(|product| other.contains(product)).count();
                found.overlap.add(Some(both as f64 / K as f64));
            }
            found.retrieved.push(first);
        }
        end_slice().await;
    }
    Ok(found)
}

impl Found {
    /// Equation 15 over all that was on sale, and equations 16 and 17 for each objective, a positive's
    /// mean.
    fn add_softmax(&mut self, view: &Sample, offered: &[f32], temperature: f32) {
        let logit = |score: f32| f64::from(score) / f64::from(temperature);
        let known = || offered.iter().filter(|score| !score.is_nan()).map(|&score| logit(score));
        let most = known().fold(f64::MIN, f64::max);
        let sum: f64 = known().map(|logit| (logit - most).exp()).sum();
        let log_sum = most + sum.ln();
        let entropy: f64 = known().map(|logit| logit - log_sum).map(|log| -log * log.exp()).sum();
        self.candidates.add(Some(entropy.exp()));
        for (objective, mean) in self.losses.iter_mut().enumerate() {
            let positives = view.positives(objective);
            let count = (positives.len() as f64).ln();
            for product in positives {
                let score = offered[product as usize];
                if !score.is_nan() {
                    mean.add(Some(-(logit(score) - log_sum + count).min(0.0)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moppr::samples::Candidate;

    #[test]
    fn the_softmax_is_that_of_a_plain_loop() {
        let features = SearchFeatures {
            profile: [0; 6],
            query: Default::default(),
            behaviours: Default::default(),
        };
        let candidate = |product, click| Candidate { product, labels: [true, true, click, false] };
        let view = Sample {
            shopper: 0,
            day: 0,
            features,
            query: Some(0),
            candidates: vec![candidate(0, true), candidate(1, false), candidate(2, true)],
            chances: Vec::new(),
        };
        // The last was not on sale.
        let offered = [0.2, 0.1, 0.0, f32::NAN];
        let mut found = Found::default();
        found.add_softmax(&view, &offered, 0.1);
        let odds = [2.0_f64.exp(), 1.0_f64.exp(), 1.0];
        let sum: f64 = odds.iter().sum();
        let shares = odds.map(|odds| odds / sum);
        let entropy: f64 = shares.iter().map(|share| -share * share.ln()).sum();
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() - expected).abs() < 1e-6, "{found:?} {expected}");
        };
        near(found.candidates.value(), entropy.exp());
        // Two clicks: a share of more than a half is enough (equation 16).
        let loss = |share: f64, positives: f64| -(share * positives).min(1.0).ln();
        near(found.losses[2].value(), (loss(shares[0], 2.0) + loss(shares[2], 2.0)) / 2.0);
        let shown: f64 = shares.iter().map(|&share| loss(share, 3.0)).sum();
        near(found.losses[1].value(), shown / 3.0);
        assert_eq!(found.losses[3].value(), None);
    }
}
