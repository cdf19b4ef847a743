//! What the insides of the shipped DMT say: attention tells behaviours apart and is worth reading, and
//! gates use their experts.

use lab::training::dmt::cold_start::Lost;
use lab::training::dmt::insides::{Insides, VIEWS};
use lab::training::dmt::samples::{Kinds, QueryMatcher, Samples};
use market::catalogue::ProductId;
use market::features::dense::DenseTables;
use market::features::split::Split;
use market::{MarketConfig, World};
use nets::models::dmt::SEQUENCE_NAMES;
use nets::models::dmt::ranker::{Ranker, file_name};
use systems::dmt::{BiasFeatures, MultiTask};

use support::funnel;

mod support;

/// Attention is spread over less than this share of what it could be spread over.
const SPREAD: f64 = 0.5;
/// Share of the requests in which what is attended to most must matter more than what is least.
const MATTERS: f64 = 0.9;
/// Of four experts, a page uses more than so many.
const EXPERTS: f64 = 2.0;

struct NoQueries;

impl QueryMatcher for NoQueries {
    fn matching(&self, _: &str, _: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        Default::default()
    }
}

/// Pages of the held-out day's feed: of every fortieth shopper.
fn pages(world: &World, tables: &DenseTables) -> Samples {
    let day = Split::last_day(world.config.days).test;
    let kinds = Kinds { searches: false, irrelevant: 0 };
    let mut samples = Samples::default();
    for shopper in (0..world.config.shoppers).step_by(40) {
        let log = world.shopper_log(shopper);
        let nothing = || Lost::Nothing;
        samples.append(Samples::of(&log, &day, kinds, nothing, tables, &NoQueries));
    }
    samples
}

#[test]
fn dmts_attention_tells_behaviours_apart_and_its_gates_use_their_experts() {
    let world = World::generate(&MarketConfig::default());
    let funnel = funnel();
    let tables = DenseTables::new(&world.catalogue, &funnel.stock().statistics);
    let samples = pages(&world, &tables);
    let file = file_name(MultiTask::Mmoe, BiasFeatures::SHIPPED);
    let bytes = std::fs::read(std::path::Path::new("assets").join(file)).expect("the weights");
    let ranker = Ranker::load(&bytes, &world.catalogue, &burn::tensor::Device::flex());
    let insides = Insides::of(&ranker.expect("a ranker"), &samples, &world.catalogue);
    for (name, attention) in SEQUENCE_NAMES.iter().zip(&insides.attention) {
        assert!(attention.requests * 2 >= VIEWS, "{name}: {attention:?}");
        assert!(attention.spread < SPREAD, "{name}: {attention:?}");
    }
    // Over all three sequences: of one alone, 50 requests say too little about one in ten.
    let requests: usize = insides.attention.iter().map(|of| of.requests).sum();
    let more: f64 = insides.attention.iter().map(|of| of.most_matters * of.requests as f64).sum();
    assert!(more / requests as f64 >= MATTERS, "{insides}");
    assert_eq!(insides.attention.len(), SEQUENCE_NAMES.len());
    assert_eq!(insides.experts.len(), 2);
    assert!(insides.experts.iter().all(|&number| number > EXPERTS), "{insides}");
}
