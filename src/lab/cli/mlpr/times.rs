//! How long a ranking takes (table 5 of the paper).

use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;

use super::{Gathered, gather};
use crate::tables::study::Study;
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use market::features::wide;
use market::metrics::{BLOCKS, Figure};
use nets::models::mlpr::ranker::{Items, Ranker};
use nets::models::mlpr::{K, MlprConfig, Sharing};
use training::mlpr::samples::{Engagement, Samples};
use training::queries::read_queries;
use training::read;
use training::trees::{self, Booster, Rows};

/// Table 5 as a study: all requests, and each twentieth of them.
pub static STUDY: Study = Study {
    name: "mlpr-times",
    says: "milliseconds at the 99th percentile from a query to 100 ranked products, on this machine",
    figures: &ROWS,
    of: |market| Ok(format!("{:?} {REQUESTS} {CANDIDATES} {TREE_PAIRS}", market.config())),
    run: |market| {
        let rows = table_5(&gather(market)?)?.into_iter().zip(ROWS);
        let figure = |(latency, name): (Latency, &str)| {
            let blocks = latency.blocks.map(Some);
            Figure { name: name.into(), whole: Some(latency.p99), blocks }
        };
        Ok(rows.map(figure).collect())
    },
};

/// Rows of table 5.
pub const ROWS: [&str; 4] = [
    "XGBoost",
    "MLP_MTL, products computed before",
    "MLPR, products computed on the spot",
    "MLPR, products computed before",
];

/// Requests that are timed.
const REQUESTS: usize = 200;
/// Products that are ranked in table 5.
const CANDIDATES: usize = 100;
/// Pairs that the timed trees are grown on: their time does not go by how good they are.
const TREE_PAIRS: usize = 10_000;

/// Milliseconds from a query to its ranked list.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Products ranked.
    pub candidates: usize,
    /// Half of the requests took less.
    pub median: f64,
    /// All but one in a hundred took less.
    pub p99: f64,
    /// The same of every twentieth request, from each of the first twenty on.
    pub blocks: [f64; BLOCKS],
}

impl std::fmt::Display for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { candidates, median, p99, .. } = self;
        write!(f, "{candidates} candidates: median {median:.2} ms, 99th percentile {p99:.2} ms")
    }
}

/// The four rows of table 5. Weights are random: time does not go by them.
///
/// # Errors
/// Where there is no query to rank for.
pub fn table_5(gathered: &Gathered) -> Result<[Latency; 4]> {
    let device = Device::flex();
    let ranker = |config: MlprConfig| {
        let model = config.init(&device);
        Ranker::new(config, model, &device)
    };
    let whole = ranker(MlprConfig::playground(wide::COUNT));
    let bottom = ranker(MlprConfig {
        sharing: Sharing::SharedBottom,
        attention: false,
        transfer: false,
        ..MlprConfig::playground(wide::COUNT)
    });
    let boosters = boosters(&gathered.data.training);
    let items = |ranker: &Ranker| ranker.precompute(&gathered.words, &gathered.world.catalogue);
    Ok([
        timed(gathered, CANDIDATES, |_, _, wide| {
            let rows = Rows { features: wide, width: wide::COUNT };
            let scores = boosters.iter().map(|booster| booster.scores(rows)).collect::<Vec<_>>();
            std::hint::black_box(&scores);
            scores.into_iter().next().unwrap_or_default()
        })?,
        ranked(gathered, &bottom, Some(&items(&bottom)), CANDIDATES)?,
        ranked(gathered, &whole, None, CANDIDATES)?,
        ranked(gathered, &whole, Some(&items(&whole)), CANDIDATES)?,
    ])
}

/// A line on a ranker with vectors computed before and one on the spot.
///
/// # Errors
/// Where there is no query to rank for.
pub fn of_ranker(gathered: &Gathered, ranker: &Ranker, candidates: usize) -> Result<String> {
    let start = Instant::now();
    let items = ranker.precompute(&gathered.words, &gathered.world.catalogue);
    read(items.all().clone());
    let all = start.elapsed().as_secs_f64();
    let before = ranked(gathered, ranker, Some(&items), candidates)?;
    let spot = ranked(gathered, ranker, None, candidates)?;
    Ok(format!("vectors computed before ({all:.2} s): {before}\non the spot: {spot}"))
}

fn boosters(samples: &Samples) -> Vec<Booster> {
    let pairs = samples.len().min(TREE_PAIRS);
    let ones = vec![1.0; pairs];
    let rows = Rows { features: samples.wide(0..pairs), width: wide::COUNT };
    (0..K)
        .map(|task| {
            let pairs = samples.engagement[..pairs].iter();
            let label = |pair: &Engagement| f32::from(u8::from(pair.labels()[task]));
            let positives: Vec<f32> = pairs.map(label).collect();
            Booster::grow(rows, &positives, &ones, &trees::Settings::default())
        })
        .collect()
}

fn ranked(
    gathered: &Gathered,
    ranker: &Ranker,
    items: Option<&Items>,
    candidates: usize,
) -> Result<Latency> {
    timed(gathered, candidates, |query, products, wide| {
        let query = ranker.query(&gathered.words, query);
        let on_the_spot = |products: &[ProductId]| {
            ranker.items(&gathered.words, &gathered.world.catalogue, products)
        };
        let items = match items {
            Some(items) => items.of(products, on_the_spot),
            None => on_the_spot(products),
        };
        let engagement = ranker.rank(&query, items, wide, [1.0, 1.0]).engagement;
        read(engagement).into_iter().step_by(K).collect()
    })
}

/// Times requests for queries of the pairs to test on: reading the query, their wide features, what
/// `scores` does, sorting.
fn timed(
    gathered: &Gathered,
    candidates: usize,
    scores: impl Fn(&str, &[ProductId], &[f32]) -> Vec<f32>,
) -> Result<Latency> {
    let queries = &gathered.data.test.queries;
    let Gathered { world, words, predictor, data, .. } = gathered;
    let catalogue = &world.catalogue;
    let of = catalogue.products.len();
    let mut times: Vec<f64> = Vec::with_capacity(REQUESTS);
    for request in 0..REQUESTS {
        let number = request.checked_rem(queries.len()).context("there is no query")?;
        let products: Vec<ProductId> =
            (0..candidates).map(|n| ((7 * n + 31 * request) % of) as ProductId).collect();
        let start = Instant::now();
        let [(vector, product_types)] = &read_queries(&[&queries[number]], words, predictor)?[..]
        else {
            bail!("a query was not read");
        };
        let cosine = data.queries.cosines(vector, &products);
        let matching = QueryMatch { cosine: &cosine, product_types };
        let wide = data.tables.request(catalogue, &queries[number], 0, matching, &products);
        let scores = scores(&queries[number], &products, &wide);
        let mut order: Vec<usize> = (0..candidates).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        std::hint::black_box(order);
        times.push(1000.0 * start.elapsed().as_secs_f64());
    }
    Ok(latency(candidates, times))
}

/// Of the times of requests, in their order: at least [`BLOCKS`].
fn latency(candidates: usize, mut times: Vec<f64>) -> Latency {
    let slow = |times: &mut [f64]| {
        times.sort_by(f64::total_cmp);
        times[times.len() * 99 / 100]
    };
    let blocks = std::array::from_fn(|block| {
        slow(&mut times.iter().copied().skip(block).step_by(BLOCKS).collect::<Vec<_>>())
    });
    let p99 = slow(&mut times);
    Latency { candidates, median: times[times.len() / 2], p99, blocks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_whole_and_block_by_block() {
        // Request n takes n milliseconds, but for one.
        let mut times: Vec<f64> = (0..REQUESTS).map(|n| n as f64).collect();
        times[0] = 1000.0;
        let Latency { median, p99, blocks, .. } = latency(100, times);
        assert_eq!((median, p99), (101.0, 199.0));
        // The slowest of ten: 180 + n, and the one.
        assert_eq!((blocks[0], blocks[1], blocks[19]), (1000.0, 181.0, 199.0));
    }
}
