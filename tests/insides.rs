//! What the insides of the shipped models say: attention tells behaviours apart and is worth reading,
//! and gates use their experts.

use market::catalogue::ProductId;
use market::features::dense::DenseTables;
use market::{MarketConfig, World};
use nets::models::dmt::SEQUENCE_NAMES;
use systems::dmt::{BiasFeatures, MultiTask};
use training::dmt::cold_start::Lost;
use training::dmt::insides::{Insides, VIEWS};
use training::dmt::samples::{Kinds, Samples};

use link::State;
use market::features::search::ProductFeatures;
use market::features::split::{Split, day_of};
use market::log::ShopperLog;
use nets::models::dmt::ranker::{Ranker as DmtRanker, file_name};
use nets::models::moppr::input::Products;
use nets::models::moppr::{Moppr, MopprConfig};
use nets::models::query_category::CategoryPredictor;
use nets::models::weights::Weights;
use nets::models::yandex::retriever as yandex;
use protocol::block::Blocks;
use training::balance::Used;
use training::moppr;
use training::moppr::queries::Queries;
use training::people::People;
use training::queries::QueryMatcher;
use training::yandex::data::{Corpus, Reading};
use training::yandex::insides::attention as attention_of_yandex;
use training::yandex::samples::{Options, Samples as Days};

use crate::support::{funnel, run};

/// Attention is spread over less than this share of what it could be spread over.
const SPREAD: f64 = 0.5;
/// Share of the requests in which what is attended to most must matter more than what is least.
const MATTERS: f64 = 0.9;
/// Of four experts, a page uses more than so many.
const EXPERTS: f64 = 2.0;
/// An expert with less of a gate's weight than this is not used.
const LEAST: f64 = 0.1;

/// What is searched for.
const QUERIES: [&str; 12] = [
    "couch",
    "running shoes",
    "milk",
    "laptop",
    "headphones",
    "desk lamp",
    "coffee machine",
    "winter jacket for men",
    "gift for a toddler",
    "shampoo",
    "novel",
    "dog food",
];

struct NoQueries;

impl QueryMatcher for NoQueries {
    fn matching(&self, _: &str, _: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        Default::default()
    }
}

/// Logs of every fortieth shopper.
fn logs(world: &World) -> impl Iterator<Item = ShopperLog> {
    (0..world.config.shoppers).step_by(40).map(|shopper| world.shopper_log(shopper))
}

/// Pages of the held-out day's feed.
fn pages(world: &World, tables: &DenseTables) -> Samples {
    let day = Split::last_day(world.config.days).test;
    let kinds = Kinds { searches: false, irrelevant: 0 };
    let mut samples = Samples::default();
    for log in logs(world) {
        let (nothing, tables) = (|| Lost::Nothing, (&world.catalogue, tables));
        samples.append(Samples::of(&log, &day, kinds, nothing, tables, &NoQueries));
    }
    samples
}

/// Every task's gate uses more than two experts a page, and at least three of four at all.
fn use_their_experts(name: &str, used: &Used, tasks: &[&str]) {
    let lines = used.lines(tasks);
    println!("{name}\n{lines}");
    assert_eq!(used.by_page.len(), tasks.len(), "{name}");
    assert!(used.by_page.iter().all(|number| number.value() > Some(EXPERTS)), "{name}\n{lines}");
    for weights in &used.weights {
        let in_use = weights.iter().filter(|weight| weight.value() >= Some(LEAST));
        assert!(in_use.count() >= 3, "{name}\n{lines}");
    }
}

fn asset(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new("assets").join(name)).expect(name)
}

#[test]
fn dmts_attention_tells_behaviours_apart_and_its_gates_use_their_experts() {
    let world = World::generate(&MarketConfig::default());
    let funnel = funnel();
    let tables = DenseTables::new(&world.catalogue, &funnel.stock().statistics);
    let samples = pages(&world, &tables);
    let file = file_name(MultiTask::Mmoe, BiasFeatures::SHIPPED);
    let ranker = DmtRanker::load(&asset(&file), &world.catalogue, &burn::tensor::Device::flex());
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
    use_their_experts("DMT", &insides.experts, &["click", "order"]);
}

#[test]
fn the_gates_of_mlprs_first_stage_use_their_experts() {
    let mut funnel = funnel();
    let mut first = Used::default();
    let tasks = ["click", "cart", "order"];
    for query in QUERIES {
        let state =
            State { query: query.into(), ..State::default() }.ranked_by(&systems::mlpr::RANKER);
        let answer = run(&mut funnel, &state);
        assert_eq!(answer.ranker.tasks.len(), tasks.len());
        let gates = answer.blocks.gates().expect("its gates");
        let experts = gates.layers[0].experts.len();
        assert_eq!(experts, 4);
        let all = 0..answer.candidates.len();
        let of_first: Vec<f32> =
            all.flat_map(|one| gates.of(one)[..tasks.len() * experts].to_vec()).collect();
        first.add(&of_first, [tasks.len(), experts]);
    }
    use_their_experts("MLPR, stage 1", &first, &tasks);
}

#[test]
fn yandexs_attention_tells_behaviours_apart() {
    let world = World::generate(&MarketConfig::default());
    let mut days = Days::default();
    let options = Options { delay: 0, share: 0.0, ..Options::new(world.config.days) };
    let people = People::of_log(&world);
    for log in logs(&world) {
        days.add(&log, world.catalogue.products.len(), &options, &people);
    }
    let corpus = Corpus::new(days, &world.catalogue, &funnel().stock().words, Reading::Vectors);
    for file in [yandex::PRETRAINED_FILE, yandex::FILE] {
        let device = burn::tensor::Device::flex();
        let retriever = yandex::Retriever::load(&asset(file), &corpus.titles(), &device);
        let retriever = retriever.expect("a retriever");
        let [seen, of_first] = attention_of_yandex(retriever.model(), retriever.config(), &corpus);
        println!("{file}: {seen}\nby the score of the first product: {of_first}");
        assert!(seen.requests >= 40, "{file}: {seen}");
        assert!(seen.spread < SPREAD, "{file}: {seen}");
        assert!(seen.most_matters >= MATTERS, "{file}: {seen}");
    }
}

#[test]
fn what_moppr_attends_to_most_matters_more_than_what_it_attends_to_least() {
    let world = World::generate(&MarketConfig::default());
    let funnel = funnel();
    let stock = funnel.stock();
    let day = Split::last_day(world.config.days).test;
    let on_the_day = |log: &ShopperLog| -> Vec<String> {
        let views = log.views.iter().filter(|view| day.contains(&day_of(view.time)));
        views.filter_map(|view| view.query.clone()).collect()
    };
    let texts = logs(&world).flat_map(|log| on_the_day(&log)).collect();
    let device = burn::tensor::Device::flex();
    let types = world.catalogue.product_types.len();
    let predictor = CategoryPredictor::load(&asset("query-category.safetensors"), types, &device);
    let queries =
        Queries::new(texts, &stock.words, &predictor.expect("a predictor"), &stock.frequency);
    let queries = queries.expect("the CPU works");
    let products = ProductFeatures::new(&world.catalogue, &stock.statistics);
    let options = moppr::samples::Options::evaluation();
    let views: Vec<_> = logs(&world)
        .flat_map(|log| moppr::samples::samples(&log, &day, &queries, &products, &options))
        .collect();
    let titles = stock.words.means(world.catalogue.titles());
    let corpus = moppr::Corpus {
        views: &views,
        products: &Products::new(&products, &titles, &device),
        types: &products.product_type,
        sale_days: &world.catalogue.sale_days(),
        words: &stock.words,
    };
    let weights = Weights::from_bytes(&asset("moppr.safetensors"), "moppr").expect("the weights");
    let config: MopprConfig = weights.config().expect("its sizes");
    let model: Moppr = weights.apply(config.init(&device)).expect("the model");
    let [seen, of_first] = moppr::insides::attention(&model, corpus);
    println!("MOPPR: {seen}\nby the score of the first product: {of_first}");
    // Its weights are nearly the same on every behaviour: docs/training.md says why.
    assert!(seen.requests >= 80, "{seen}");
    assert!(seen.without_most > 1.5 * seen.without_least, "{seen}");
}
