//! How long a ranking takes (table 5 of the paper).

use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;

use super::Gathered;
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use market::features::wide;
use nets::models::mlpr::ranker::{Items, Ranker};
use nets::models::mlpr::{K, MlprConfig, Sharing};
use training::dmt::queries::read_queries;
use training::mlpr::samples::{Engagement, Samples};
use training::read;
use training::trees::{self, Booster, Rows};

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
}

impl std::fmt::Display for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { candidates, median, p99 } = self;
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
        let items = match items {
            Some(items) => items.of(products),
            None => ranker.items(&gathered.words, &gathered.world.catalogue, products),
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
    let catalogue = gathered.world.catalogue.products.len();
    let Gathered { words, predictor, data, .. } = gathered;
    let mut times: Vec<f64> = Vec::with_capacity(REQUESTS);
    for request in 0..REQUESTS {
        let number = request.checked_rem(queries.len()).context("there is no query")?;
        let products: Vec<ProductId> =
            (0..candidates).map(|n| ((7 * n + 31 * request) % catalogue) as ProductId).collect();
        let start = Instant::now();
        let [(vector, product_types)] = &read_queries(&[&queries[number]], words, predictor)?[..]
        else {
            bail!("a query was not read");
        };
        let cosine = data.queries.cosines(vector, &products);
        let matching = QueryMatch { cosine: &cosine, product_types };
        let wide = gathered.data.tables.request(&queries[number], 0, matching, &products);
        let scores = scores(&queries[number], &products, &wide);
        let mut order: Vec<usize> = (0..candidates).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        std::hint::black_box(order);
        times.push(1000.0 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(Latency { candidates, median: times[REQUESTS / 2], p99: times[REQUESTS * 99 / 100] })
}
