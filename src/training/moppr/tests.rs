use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Device;

use super::data::{Data, Gathering};
use super::queries::Queries;
use super::samples::Options;
use super::*;
use crate::descent::Stepwise;
use crate::people::People;
use crate::preset::tests::still;
use crate::survey::Survey;
use market::features::search::{
    Behaviour, DenseScale, PRODUCT_DENSE, PredictedCategories, ProductFeatures, QueryFeatures,
    SearchFeatures,
};
use market::history::EventKind;
use market::{MarketConfig, World};
use nets::models::moppr::MopprConfig;
use nets::models::query_category::{CategoryPredictor, QueryCategoryConfig};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{FORMAT, Weights};
use nets::nn::numbers::{numbered, seeded};
use rand::RngExt;
use samples::Candidate;

const TYPES: u16 = 8;
const OF_A_TYPE: u32 = 10;
const PRODUCTS: u32 = TYPES as u32 * OF_A_TYPE;

/// Every shopper likes one brand, which the behaviour shows; a query names a type.
struct Shop {
    products: Products,
    types: Vec<u16>,
    sale_days: Vec<Range<i32>>,
    words: TokenVectors,
}

impl Shop {
    fn corpus<'a>(&'a self, views: &'a [Sample]) -> Corpus<'a> {
        let Self { products, types, sale_days, words } = self;
        Corpus { views, products, types, sale_days, words }
    }
}

fn shop() -> Shop {
    let words = TokenVectors::new(
        include_str!("../../../assets/words.txt"),
        include_bytes!("../../../assets/words.safetensors"),
    )
    .unwrap();
    let n = PRODUCTS as usize;
    let types: Vec<u16> = (0..n).map(|id| (id as u32 / OF_A_TYPE) as u16).collect();
    let features = ProductFeatures {
        product_type: types.clone(),
        brand: (0..n).map(|id| (id % 5) as u16).collect(),
        shop: vec![0; n],
        colour: vec![0; n],
        price: vec![0; n],
        dense: vec![[0.0; PRODUCT_DENSE.len()]; n],
        scale: DenseScale::default(),
    };
    let titles: Vec<f32> =
        (0..n).flat_map(|id| words.mean(&[piece((id as u32 / OF_A_TYPE) as u16)])).collect();
    let products = Products::new(&features, &titles, &Device::flex());
    Shop { products, types, sale_days: vec![0..9; n], words }
}

fn piece(product_type: u16) -> u32 {
    100 + 7 * u32::from(product_type)
}

fn views(seed: u64, count: usize) -> Vec<Sample> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let view = |_| {
        let product_type = random.random_range(0..TYPES);
        let brand = random.random_range(0..5);
        let liked = |id: u32| id % 5 == brand;
        let of_type = |id: u32| id / OF_A_TYPE == u32::from(product_type);
        let behaviour = Behaviour {
            position: 0,
            product: random.random_range(0..PRODUCTS / 5) * 5 + brand,
            kind: EventKind::Click,
        };
        let query =
            QueryFeatures::new(vec![piece(product_type)], PredictedCategories::default(), 0);
        let mut candidates: Vec<Candidate> = (0..PRODUCTS)
            .filter(|&id| of_type(id))
            .map(|product| Candidate { product, labels: [true, true, liked(product), false] })
            .collect();
        candidates.push(Candidate {
            product: (u32::from(product_type) * OF_A_TYPE + OF_A_TYPE) % PRODUCTS,
            labels: [false; 4],
        });
        Sample {
            shopper: 0,
            day: 0,
            chances: Vec::new(),
            features: SearchFeatures {
                profile: [0; 6],
                query: Arc::new(query),
                behaviours: [vec![behaviour], vec![], vec![]],
            },
            query: Some(0),
            candidates,
        }
    };
    (0..count).map(view).collect()
}

fn vocabulary() -> Vocabulary {
    Vocabulary {
        products: PRODUCTS as usize,
        product_types: TYPES.into(),
        brands: 5,
        shops: 1,
        colours: 0,
    }
}

fn model() -> Moppr {
    let device = Device::flex();
    seeded(&device, 1, || MopprConfig::playground(vocabulary()).init(&device))
}

fn settings(epochs: usize) -> Settings {
    Settings { epochs, batch: 32, negatives: 40, ..Settings::default() }
}

/// Share of views whose clicked products take the first places.
fn recall(model: &Moppr, shop: &Shop, views: &[Sample]) -> f64 {
    recall_among(model, shop, views, |_, _| true)
}

/// The same among some products of each view.
fn recall_among(
    model: &Moppr,
    shop: &Shop,
    views: &[Sample],
    among: impl Fn(&Sample, u32) -> bool,
) -> f64 {
    let table = model.embeddings.products(&shop.products, None);
    let items = model.towers.item(model.embeddings.items(&shop.products, table.clone()));
    let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
    let device = Device::flex();
    let inputs = nets::models::moppr::input::UserQuery::new(
        &features,
        shop.words.dimensions(),
        |piece| shop.words.vector(piece),
        &device,
    );
    let (requests, _) = model.user_query(&inputs, &table);
    let scores: Vec<f32> = requests.matmul(items.transpose()).try_into_vec_as().unwrap();
    let recall = |(view, scores): (&Sample, &[f32])| {
        let mut order: Vec<u32> = (0..PRODUCTS).filter(|&id| among(view, id)).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        market::metrics::recall_at(2, &order, &view.positives(2))
    };
    let mean: market::metrics::Mean =
        views.iter().zip(scores.chunks(PRODUCTS as usize)).map(recall).collect();
    mean.value().unwrap()
}

#[test]
fn training_learns_words_and_taste() {
    let (shop, test) = (shop(), views(2, 60));
    let views = views(1, 4000);
    let corpus = shop.corpus(&views);
    let mut losses = Vec::new();
    let before = model();
    let after = train(before.clone(), corpus, &settings(10), None, |_, _, loss| losses.push(loss));
    let after = after.unwrap();
    assert_eq!(losses.len(), 10 * 4000_usize.div_ceil(32));
    let (before, after) = (recall(&before, &shop, &test), recall(&after, &shop, &test));
    assert!(after > 0.8 && before < 0.3, "{before} {after} {:?}", losses.last());
}

#[test]
fn step_by_step_is_the_same_training() {
    let shop = shop();
    let views = views(1, 100);
    let (corpus, settings, start) = (shop.corpus(&views), settings(2), model());
    for towers_only in [false, true] {
        let settings = Settings { towers_only, ..settings.clone() };
        let whole = train(start.clone(), corpus, &settings, None, |_, _, _| ()).unwrap();
        let lesson = Lesson::new(corpus, &start, &settings);
        let learner = lesson.learner(start.clone());
        let mut stepwise = Stepwise::new(lesson, learner);
        let mut losses = Vec::new();
        while let (next, Some(loss)) = stepwise.clone().step() {
            stepwise = next;
            losses.push(loss);
        }
        let steps = 2 * 100_usize.div_ceil(32);
        assert_eq!((losses.len(), stepwise.at().step, stepwise.at().steps), (steps, steps, steps));
        let (same, count) = still(&whole, &stepwise.model());
        let (unmoved, _) = still(&start, &whole);
        let about = About::new("", 0, "", &()).unwrap();
        let all = Weights::of(&whole, about).unwrap().arrays;
        assert_eq!(same.len(), all.len());
        assert!(count > 1000);
        let embedding = |name: &&String| name.starts_with("embeddings.");
        let kept = unmoved.iter().filter(embedding).count();
        assert_eq!(kept == all.keys().filter(embedding).count(), towers_only);
    }
}

#[test]
fn gathered_one_by_one_is_gathered_together() {
    let world = World::generate(&MarketConfig {
        products: 400,
        shoppers: 12,
        earlier_days: 60,
        ..MarketConfig::default()
    });
    let words = shop().words;
    let config = QueryCategoryConfig::playground(world.catalogue.product_types.len());
    let device = Device::flex();
    let predictor = CategoryPredictor::new(numbered(config.init(&device)), config, &device);
    let people = People { trained: 0..10, tested: 10..12 };
    let survey = Survey::new(&world, &people, || ());
    let options = Options::playground();
    let together =
        Data::gather(&world, &survey, &words, &predictor, &options, &people, || ()).unwrap();
    let reads = (&words, &predictor, &survey.frequency);
    let mut gathering = Gathering::new(&world, &together.products, reads, options).unwrap();
    for shopper in people.all() {
        gathering.add(shopper, people.tested.contains(&shopper)).unwrap();
    }
    assert!(!together.training.is_empty() && !together.test.is_empty());
    // Queries are numbered as they are met.
    let named = |views: &[Sample], queries: &Queries| -> Vec<(Option<String>, Sample)> {
        let text = |view: &Sample| view.query.map(|query| queries.text(query).to_owned());
        views.iter().map(|view| (text(view), Sample { query: None, ..view.clone() })).collect()
    };
    let (own, all) = (&gathering.queries, &together.queries);
    assert_eq!(named(&gathering.training, own), named(&together.training, all));
    assert_eq!(named(&gathering.test, own), named(&together.test, all));
}

#[test]
fn a_run_that_was_stopped_ends_where_an_unbroken_one_does() {
    let shop = shop();
    let views = views(1, 100);
    let corpus = shop.corpus(&views);
    let about = |command: &str| About {
        format: FORMAT,
        model: "moppr".into(),
        market_seed: 1,
        command: command.into(),
        config: serde_json::Value::Null,
    };
    let path = std::env::temp_dir().join(format!("vitrine-checkpoint-{}", std::process::id()));
    let folder = Checkpoint::new(&path);
    let run = |start: Moppr, epochs, checkpoint: Option<&str>| {
        let about = about(checkpoint.unwrap_or_default());
        let checkpoint = checkpoint.map(|_| (&folder, &about));
        let mut steps = 0;
        let watch = |_, _, _| steps += 1;
        let trained = train(start, corpus, &settings(epochs), checkpoint, watch).unwrap();
        (Weights::of(&trained, about.clone()).unwrap().arrays, steps)
    };
    let start = model();
    let (unbroken, _) = run(start.clone(), 3, None);
    run(start, 2, Some("a"));
    let (resumed, steps) = run(model(), 3, Some("a"));
    assert_eq!(steps, 100_usize.div_ceil(32));
    assert_eq!(resumed, unbroken);
    // Another run does not go on from where this one stands.
    let (_, steps) = run(model(), 1, Some("b"));
    assert_eq!(steps, 100_usize.div_ceil(32));
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn related_negatives_are_of_the_categories_of_the_view() {
    let shop = shop();
    let shelves = Shelves::new(&shop.types, &shop.sale_days);
    let mut views = views(1, 4);
    let categories = PredictedCategories(vec![(2, 0.5), (5, 0.5)]);
    for view in &mut views[..2] {
        view.features.behaviours[0][0].product = 25;
        view.features.query = Arc::new(QueryFeatures::new(vec![9], categories.clone(), 0));
    }
    let batch: Vec<&Sample> = views.iter().collect();
    let settings = Settings { negatives: 0, related: 30, ..settings(1) };
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let batch = Batch::new(&batch, &shop.words, &shelves, &settings, &mut random, &Device::flex());
    assert!(batch.negatives.is_none());
    let [_, width] = batch.own.dims();
    let own: Vec<i64> =
        batch.products.clone().select(0, batch.own.flatten(0, 1)).try_into_vec_as().unwrap();
    let absent: Vec<f32> = batch.absent.try_into_vec_as().unwrap();
    let clicks: Vec<f32> = batch.labels.0[2].clone().try_into_vec_as().unwrap();
    for (row, view) in views.iter().enumerate() {
        let shown = view.candidates.len();
        let present = |column: &usize| absent[row * width + column] == 0.0;
        let related: Vec<usize> = (shown..width).filter(present).collect();
        for &column in &related {
            let product = own[row * width + column] as u32;
            let product_type = shop.types[product as usize];
            let about = if row < 2 {
                [2, 5].contains(&product_type)
            } else {
                view.candidates
                    .iter()
                    .any(|c| c.labels[1] && shop.types[c.product as usize] == product_type)
            };
            assert!(about, "{row}: {product_type}");
            assert!(view.candidates.iter().all(|c| c.product != product));
            assert_eq!(clicks[row * width + column], 0.0);
        }
        let different: std::collections::BTreeSet<i64> =
            related.iter().map(|&column| own[row * width + column]).collect();
        assert_eq!(different.len(), related.len(), "a negative that repeats");
        let bought = view.features.behaviours[0][0].product;
        assert!(!different.contains(&bought.into()), "a negative that the shopper dealt with");
        // Where the query means nothing every product of the type is shown, so none is left.
        assert_eq!(related.is_empty(), row >= 2, "{row}");
    }
}

#[test]
fn what_was_not_on_sale_is_no_negative_and_is_not_retrieved() {
    let mut shop = shop();
    // An even product sells out on the second day, when an odd one comes; another shopper's pages
    // of that day are in the same batch.
    for (product, days) in shop.sale_days.iter_mut().enumerate() {
        *days = if product % 2 == 0 { 0..1 } else { 1..2 };
    }
    let mut views = views(1, 6);
    let categories = PredictedCategories(vec![(2, 0.5), (5, 0.5)]);
    for (day, view) in (0..).zip(&mut views) {
        view.day = day % 2;
        view.features.query = Arc::new(QueryFeatures::new(vec![9], categories.clone(), 0));
        view.candidates.retain(|candidate| i64::from(candidate.product) % 2 == i64::from(day % 2));
    }
    let batch: Vec<&Sample> = views.iter().collect();
    let settings = Settings { negatives: 40, related: 30, ..settings(1) };
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let shelves = Shelves::new(&shop.types, &shop.sale_days);
    let batch = Batch::new(&batch, &shop.words, &shelves, &settings, &mut random, &Device::flex());
    let [_, width] = batch.own.dims();
    let named = |places: Tensor<1, burn::tensor::Int>| -> Vec<i64> {
        batch.products.clone().select(0, places).try_into_vec_as().unwrap()
    };
    let own = named(batch.own.clone().flatten(0, 1));
    let shared = named(batch.negatives.clone().unwrap());
    let absent: Vec<f32> = batch.absent.clone().try_into_vec_as().unwrap();
    for (row, view) in views.iter().enumerate() {
        let absent = &absent[row * (width + shared.len())..][..width + shared.len()];
        let all = own[row * width..][..width].iter().chain(&shared).zip(absent);
        let present: Vec<i64> = all.filter(|(_, a)| **a == 0.0).map(|(p, _)| *p).collect();
        assert!(present.len() > view.candidates.len() + 10);
        assert!(present.iter().all(|p| p % 2 == i64::from(view.day)), "{row}: {present:?}");
    }
    let found = evaluate::retrieve(&model(), shop.corpus(&views), 60).unwrap();
    for (view, found) in views.iter().zip(found) {
        assert_eq!(found.len(), PRODUCTS as usize / 2);
        assert!(found.iter().all(|p| i64::from(*p) % 2 == i64::from(view.day)));
    }
}

#[test]
fn related_negatives_teach_the_order_within_a_category() {
    let (shop, mut views, mut test) = (shop(), views(1, 1500), views(2, 60));
    // The next type is relevant too, as the predictor has it, and never shown.
    for view in views.iter_mut().chain(&mut test) {
        let product_type = shop.types[view.candidates[0].product as usize];
        let categories =
            PredictedCategories(vec![(product_type, 0.5), ((product_type + 1) % TYPES, 0.5)]);
        let query = QueryFeatures::new(vec![piece(product_type)], categories, 0);
        view.features.query = Arc::new(query);
    }
    let settings =
        Settings { objectives: [0.0, 1.0, 1.0, 1.0], negatives: 0, related: 8, ..settings(10) };
    let before = model();
    let after = train(before.clone(), shop.corpus(&views), &settings, None, |_, _, _| ()).unwrap();
    let relevant =
        |view: &Sample, id: u32| view.features.query.categories.contains(shop.types[id as usize]);
    let [before, after] = [before, after].map(|m| recall_among(&m, &shop, &test, relevant));
    assert!(after > 0.8 && before < 0.4, "{before} {after}");
}

#[test]
fn the_papers_sizes_learn_in_one_step() {
    let (shop, views) = (shop(), views(1, 8));
    let before = numbered(MopprConfig::paper(vocabulary()).init(&Device::flex()));
    let settings = Settings { epochs: 1, negatives: 32, ..Settings::default() };
    let mut losses = Vec::new();
    let watch = |_, _, loss| losses.push(loss);
    let after = train(before.clone(), shop.corpus(&views), &settings, None, watch).unwrap();
    assert!(losses.len() == 1 && losses[0].is_finite(), "{losses:?}");
    let (still, numbers) = still(&before, &after);
    assert_eq!(numbers, 3_296_736);
    // A query of one word and a history of one behaviour leave attention to words no choice.
    assert!(still.iter().all(|name| name.contains("_attention.")), "{still:?}");
}
