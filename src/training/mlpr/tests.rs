//! Samples of a small log, and training on a small planted shop.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::evaluate::{METRICS, SHOWN, by_block, by_impressions, each_batch, scores};
use super::library::Library;
use super::samples::{Engagement, Labels, Part, Samples, Searches};
use super::*;
use crate::descent::{Lesson as _, Stepwise};
use crate::optimiser::adam;
use crate::preset::tests::still;
use crate::queries::QueryMatcher;
use crate::read;
use market::catalogue::{Catalogue, ProductId};
use market::features::search::QueryFrequency;
use market::features::wide::{self, WideTables};
use market::history::{DAY, PageDevice, Profile};
use market::log::{Impression, ImpressionTruth, PageView, ShopperLog, UnderImpression};
use market::text::TokenVectors;
use nets::models::dmt::example::catalogue;
use nets::models::mlpr::bert::BertConfig;
use nets::models::mlpr::{Sharing, TASKS, cosine, example};
use nets::models::weights::Weights;
use nets::nn::numbers::seeded;

struct NoQueries;

impl QueryMatcher for NoQueries {
    fn matching(&self, _: &str, _: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        Default::default()
    }
}

const PRODUCTS: u32 = 48;
const TYPES: [&str; 4] = ["desk lamp", "sofa", "coffee machine", "running shoes"];
/// What people ask for in words that no title uses.
const ASKED: [&str; 4] = ["light for reading", "couch", "espresso maker", "jogging trainers"];

fn shop() -> Catalogue {
    let mut catalogue = catalogue(PRODUCTS, TYPES.len() as u16);
    for (product_type, name) in catalogue.product_types.iter_mut().zip(TYPES) {
        product_type.name = name.into();
    }
    for product in &mut catalogue.products {
        product.title = format!("Grey {}", TYPES[usize::from(product.product_type)]);
    }
    catalogue
}

fn impression(product: ProductId, [clicked, carted, ordered]: [bool; 3]) -> Impression {
    let truth = ImpressionTruth {
        relevant: true,
        examination: 1.0,
        attraction: 1.0,
        competition: 1.0,
        conversion: 1.0,
    };
    Impression {
        product,
        index: 0,
        judged_relevant: true,
        clicked,
        favourited: false,
        carted,
        ordered,
        truth,
    }
}

fn view(day: i32, query: Option<&str>, impressions: Vec<Impression>) -> PageView {
    PageView {
        needs: Vec::new(),
        time: day * DAY,
        events_before: 0,
        query: query.map(String::from),
        page: 0,
        device: PageDevice::Phone,
        impressions,
        under_impressions: vec![
            UnderImpression { product: 40, judged_relevant: true },
            UnderImpression { product: 41, judged_relevant: false },
            UnderImpression { product: 42, judged_relevant: false },
        ],
    }
}

fn log(shopper: u32, views: Vec<PageView>) -> ShopperLog {
    let profile = Profile {
        age_band: 0,
        gender: 0,
        purchase_power: 0,
        household: 0,
        town: 0,
        member_years: 0,
    };
    ShopperLog { shopper, profile, events: Vec::new(), web_searches: Vec::new(), views }
}

fn samples_of(searches: Searches) -> Samples {
    part_of(&searches, Part::Training, 0)
}

fn part_of(searches: &Searches, part: Part, few: u32) -> Samples {
    let catalogue = shop();
    let tables = (&catalogue, &WideTables::new(&catalogue));
    Samples::new(searches, part, few, tables, &QueryFrequency::default(), &NoQueries)
}

/// A shopper who looks at ten products and takes some of those that are asked for; products of a
/// low number are put in the cart, and the lowest bought, more often.
fn shopper(shopper: u32, days: i32) -> ShopperLog {
    let mut random = ChaCha8Rng::seed_from_u64(shopper.into());
    let views = (0..12).map(|_| {
        let wanted = random.random_range(0..TYPES.len());
        let impressions = (0..10).map(|_| {
            let product = random.random_range(0..PRODUCTS);
            let relevant = product as usize % TYPES.len() == wanted;
            let clicked = relevant && random.random_bool(0.7);
            let carted = clicked && random.random_bool(if product < 24 { 0.7 } else { 0.1 });
            let ordered = carted && random.random_bool(if product < 12 { 0.7 } else { 0.2 });
            impression(product, [clicked, carted, ordered])
        });
        let impressions = impressions.collect();
        view(random.random_range(0..days), Some(ASKED[wanted]), impressions)
    });
    log(shopper, views.collect())
}

fn searches(shoppers: Range<u32>) -> Searches {
    let mut searches = Searches::default();
    for number in shoppers {
        searches.add(&shopper(number, 1));
    }
    searches
}

#[test]
fn searches_are_counted_pair_by_pair_and_the_unshown_are_no_part() {
    let no = [false; 3];
    let views = vec![
        view(1, Some("couch"), vec![impression(5, [true, true, false]), impression(3, no)]),
        view(2, Some("couch"), vec![impression(3, [true, false, false])]),
        // The feed does not count.
        view(1, None, vec![impression(9, no)]),
    ];
    let mut searches = Searches::default();
    searches.add(&log(17, views.clone()));
    searches.append({
        let mut more = Searches::default();
        more.add(&log(18, views[..1].to_vec()));
        more
    });
    let engagement = |impressions, engaged| Engagement { impressions, engaged };
    let found = |few| -> Vec<(ProductId, Engagement)> {
        let parts = [Part::Training, Part::Validation, Part::Test];
        let samples = parts.map(|part| part_of(&searches, part, few));
        let pairs =
            samples.iter().flat_map(|s| s.products.iter().copied().zip(s.engagement.clone()));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by_key(|(product, _)| *product);
        pairs
    };
    let (three, five) = (engagement(3, [1, 0, 0]), engagement(2, [2, 2, 0]));
    assert_eq!(found(0), [(3, three), (5, five)]);
    assert_eq!(found(2), [(3, three)]);
    assert_eq!(Labels::Pairs.of(&five), ([1.0, 1.0, 0.0], 1.0));
    assert_eq!(Labels::Impressions.of(&three), ([1.0, 0.0, 0.0], 3.0));
}

#[test]
fn a_tenth_of_the_pairs_is_tested_on_and_none_is_learned_from_too() {
    let searches = searches(0..40);
    let parts = [Part::Training, Part::Validation, Part::Test];
    let [training, validation, test] = parts.map(|part| part_of(&searches, part, 0));
    let all = (training.len() + validation.len() + test.len()) as f64;
    assert_eq!(all, (TYPES.len() * PRODUCTS as usize) as f64);
    assert!((0.7..0.9).contains(&(training.len() as f64 / all)), "{}", training.len());
    assert!((0.04..0.16).contains(&(test.len() as f64 / all)), "{}", test.len());
    assert_eq!(training.wide(0..3).len(), 3 * wide::COUNT);
    let share = |labels| {
        let (trials, engaged) = training.trials(labels);
        engaged[0] / trials
    };
    // By pair labels are dense (MLPR 4.1).
    assert!(share(Labels::Pairs) > 1.3 * share(Labels::Impressions));
}

#[test]
fn every_pair_is_in_one_batch_of_an_epoch() {
    let samples = samples_of(searches(0..20));
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let epoch = batches(&samples, 60, 1000, &mut random);
    let mut seen: Vec<usize> =
        epoch.iter().flatten().flat_map(|(_, pairs)| pairs.clone()).collect();
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..samples.len()));
    let few = batches(&samples, 60, 7, &mut random);
    assert!(few.iter().flatten().all(|(_, pairs)| pairs.len() == 7));
}

#[test]
fn metrics_are_taken_apart_by_how_often_pairs_were_shown() {
    let mut searches = Searches::default();
    // A product is shown as often as its number says, and once more; every third is clicked.
    for first in 0..PRODUCTS {
        let page = (first..PRODUCTS).map(|p| impression(p, [p.is_multiple_of(3), false, false]));
        searches.add(&log(21, vec![view(0, Some("couch"), page.collect())]));
    }
    let samples = samples_of(searches);
    let n = samples.len();
    // Right where pairs were shown least, wrong where they were shown most, and nothing between.
    let score = |pair: usize| {
        let clicked = f32::from(u8::from(samples.products[pair].is_multiple_of(3)));
        [[1.0, 0.0, 0.0, -1.0][4 * pair / n] * clicked; K]
    };
    let figures = by_impressions(&samples, &(0..n).map(score).collect::<Vec<_>>());
    assert_eq!(figures.len(), SHOWN.len() * TASKS.len() * METRICS.len());
    let whole = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap().whole;
    let found = SHOWN.map(|shown| whole(&format!("click AUC {shown}")));
    assert_eq!(found, [Some(1.0), Some(0.5), Some(0.0)]);
    assert_eq!(whole("click nDCG@1 fewest"), Some(1.0));
    // Nobody bought anything.
    assert_eq!(whole("order AUC most"), None);
}

#[test]
fn metrics_by_hand() {
    let no = [false; 3];
    let clicked = [true, false, false];
    let mut searches = Searches::default();
    let page = |labels: &[[bool; 3]]| {
        (0..PRODUCTS).zip(labels.iter().copied()).map(|(p, labels)| impression(p, labels)).collect()
    };
    // Products 0, 1, 2, ... for each query; those of other parts than the first fall out.
    let labels: Vec<[bool; 3]> = (0..8).map(|n| if n % 3 == 0 { clicked } else { no }).collect();
    for query in ["couch", "sofa"] {
        searches.add(&log(21, vec![view(0, Some(query), page(&labels))]));
    }
    let samples = samples_of(searches);
    assert_eq!(samples.queries, ["couch", "sofa"]);
    // The lower the product the higher its score, but for the first of the second query.
    let mut scores: Vec<[f32; K]> =
        samples.products.iter().map(|&product| [-(product as f32); K]).collect();
    scores[samples.groups[1].start] = [-100.0; K];
    let figures = by_block(&samples, &scores);
    assert_eq!(figures.len(), TASKS.len() * METRICS.len());
    let figure = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap();
    let order = |group: Range<usize>| {
        let mut order: Vec<usize> = group.collect();
        order.sort_by(|&a, &b| scores[b][0].total_cmp(&scores[a][0]));
        order
    };
    let is_clicked = |pair: usize| samples.products[pair].is_multiple_of(3);
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let (mut first, mut five) = (0.0, 0.0);
    for group in &samples.groups {
        let order = order(group.clone());
        let found = |k: usize| -> f64 {
            order
                .iter()
                .take(k)
                .enumerate()
                .filter(|(_, p)| is_clicked(**p))
                .map(|(n, _)| gain(n))
                .sum()
        };
        let positives = group.clone().filter(|&pair| is_clicked(pair)).count();
        first += found(1) / 2.0;
        five += found(5) / (0..positives.min(5)).map(gain).sum::<f64>() / 2.0;
    }
    assert!((figure("click nDCG@1").whole.unwrap() - first).abs() < 1e-12);
    assert!((figure("click nDCG@5").whole.unwrap() - five).abs() < 1e-12);
    let all = 0..samples.len();
    let (mut above, mut pairs) = (0.0, 0.0);
    for one in all.clone().filter(|&pair| is_clicked(pair)) {
        for other in all.clone().filter(|&pair| !is_clicked(pair)) {
            let (one, other) = (scores[one][0], scores[other][0]);
            above += if one > other {
                1.0
            } else if one == other {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    assert!((figure("click AUC").whole.unwrap() - above / pairs).abs() < 1e-12);
    assert_eq!(METRICS.map(|name| figure(&format!("cart {name}")).whole), [None; 3]);
    let blocks = figure("click nDCG@1").blocks;
    assert!((1..=2).contains(&blocks.iter().flatten().count()), "{blocks:?}");
}

fn small_bert() -> BertConfig {
    BertConfig { width: 16, d_f: 16, output: 8, ..BertConfig::playground() }
}

fn small_config() -> MlprConfig {
    MlprConfig {
        bert: small_bert(),
        expert: vec![16, 8],
        stage_2: vec![8],
        tower: vec![8],
        dropout: 0.0,
        ..MlprConfig::playground(wide::COUNT)
    }
}

fn about(config: &MlprConfig) -> About {
    example::about(config)
}

/// The encoders as they come out of both of their trainings.
fn encoders(library: &Library<'_>, samples: &Samples) -> Bert {
    let queries = library.queries(&samples.queries);
    let texts: Vec<&Text> = library.products.iter().chain(&queries).collect();
    let settings =
        masked::Settings { epochs: 30, batch: 16, rate: 5e-3, ..masked::Settings::default() };
    let mut losses = Vec::new();
    let bert =
        masked::train(library, &texts, &settings, None, |_, _, loss| losses.push(loss)).unwrap();
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let quarter = losses.len() / 4;
    assert!(mean(&losses[3 * quarter..]) < 0.7 * mean(&losses[..quarter]), "{losses:?}");
    let settings = engagement::Settings {
        epochs: 40,
        batch: 4,
        sampled: 4,
        rate: 3e-3,
        ..engagement::Settings::default()
    };
    engagement::train(bert, library, samples, &settings, None, |_, _, _| ()).unwrap()
}

/// Mean cosine of each query with products of the type it asks for, less that with the others.
fn gap(bert: &Bert, library: &Library<'_>) -> f32 {
    let queries = library.queries(&ASKED.map(String::from));
    let [queries, products] = library.encode(bert, &queries, &Device::flex());
    let mut gap = 0.0;
    for wanted in 0..TYPES.len() {
        let query = queries.clone().narrow(0, wanted, 1).expand(products.dims());
        let cosines = read(cosine(&query, &products));
        for (product, cosine) in cosines.iter().enumerate() {
            gap += if product % TYPES.len() == wanted { cosine / 12.0 } else { -cosine / 36.0 };
        }
    }
    gap / TYPES.len() as f32
}

#[test]
fn the_trainings_find_what_is_asked_for_and_what_is_bought() {
    let (catalogue, words) = (shop(), example::words());
    let library = Library::new(&catalogue, &words, small_bert());
    let known = samples_of(searches(0..60));
    let bert = encoders(&library, &known);
    assert!(gap(&bert, &library) > 0.5, "{}", gap(&bert, &library));

    let unseen = part_of(&searches(0..60), Part::Test, 0);
    for (sharing, fine_tuning) in [(Sharing::TwoStage, true), (Sharing::Customised, false)] {
        let config = MlprConfig { sharing, ..small_config() };
        let settings =
            Settings { epochs: 60, batch: 96, rate: 5e-3, fine_tuning, ..Settings::default() };
        let model = train(&config, &bert, &library, &known, &settings, None, |_, _, _| ()).unwrap();
        let figures = by_block(&unseen, &scores(&model, &library, &unseen));
        for figure in figures.iter().filter(|figure| figure.name.ends_with("AUC")) {
            assert!(figure.whole > Some(0.85), "{sharing:?} {figure:?}");
        }
    }
}

#[test]
fn step_by_step_is_the_same_training() {
    let (catalogue, words) = (shop(), example::words());
    let library = Library::new(&catalogue, &words, small_bert());
    let device = Device::flex();
    let bert = seeded(&device, 9, || small_bert().init(&device));
    let samples = samples_of(searches(0..8));
    // With chance in it, and epochs that are not all of the same number of steps.
    let config = MlprConfig { dropout: 0.2, ..small_config() };
    let settings =
        Settings { epochs: 3, batch: 50, most: 30, fine_tuning: false, ..Settings::default() };
    let mut steps = 0;
    let watch = |_: usize, _: usize, _: f32| steps += 1;
    let whole = train(&config, &bert, &library, &samples, &settings, None, watch).unwrap();
    let vectors = library.encode(&bert, &library.queries(&samples.queries), &device);
    let vectors = vectors.map(Tensor::from_inner);
    let lesson = Lesson::frozen(&config, &bert, vectors, &samples, &settings);
    let learner = lesson.beginner();
    let mut stepwise = Stepwise::new(lesson, learner);
    let mut losses = Vec::new();
    while let (next, Some(loss)) = stepwise.clone().step() {
        stepwise = next;
        losses.push(loss);
    }
    assert!(steps > 3 && losses.iter().all(|loss| loss.is_finite()));
    assert_eq!((losses.len(), stepwise.at().step, stepwise.at().steps), (steps, steps, steps));
    let (same, count) = still(&whole, &stepwise.model().model);
    assert_eq!(same.len(), Weights::of(&whole, about(&config)).unwrap().arrays.len());
    assert!(count > 1000);
}

#[test]
fn who_has_learned_nothing_says_how_often_there_is_a_click_a_cart_and_an_order() {
    let (catalogue, words) = (shop(), example::words());
    let library = Library::new(&catalogue, &words, small_bert());
    let bert = seeded(&Device::flex(), 9, || small_bert().init(&Device::flex()));
    let samples = samples_of(searches(0..8));
    // What is drawn for a bias is no further from zero than this.
    let drawn = 1.0 / (*small_config().tower.last().unwrap() as f64).sqrt();
    for labels in [Labels::Pairs, Labels::Impressions] {
        // Of all trials, and of those that took the step before.
        let mut taken = [0.0; K + 1];
        for pair in &samples.engagement {
            let (engaged, trials) = labels.of(pair);
            let steps = [trials].into_iter().chain(engaged);
            taken.iter_mut().zip(steps).for_each(|(sum, count)| *sum += f64::from(count));
        }
        for (sharing, transfer) in [
            (Sharing::SingleTask, false),
            (Sharing::SharedBottom, true),
            (Sharing::Customised, false),
            (Sharing::TwoStage, true),
        ] {
            let config = MlprConfig { sharing, transfer, ..small_config() };
            let settings = Settings { labels, fine_tuning: false, ..Settings::default() };
            let lesson = Lesson::new(&config, &bert, &library, &samples, &settings);
            let weights = Weights::of(&lesson.beginner().model.model, about(&config)).unwrap();
            for task in 0..K {
                let rate = taken[task + 1] / if transfer { taken[task] } else { taken[0] };
                let bias = &weights.arrays[&format!("predictions.{task}.bias")].values;
                let far = (f64::from(bias[0]) - (rate / (1.0 - rate)).ln()).abs();
                assert!(far < drawn + 0.1, "{sharing:?} {labels:?} {task}: {bias:?}, {rate}");
            }
        }
    }
}

#[test]
fn chance_is_what_the_settings_say_and_the_seeds_alone() {
    let (catalogue, words) = (shop(), example::words());
    let library = Library::new(&catalogue, &words, small_bert());
    let device = Device::flex();
    let bert = seeded(&device, 9, || small_bert().init(&device));
    let samples = samples_of(searches(0..8));
    let vectors = library.encode(&bert, &library.queries(&samples.queries), &device);
    let vectors = vectors.map(Tensor::from_inner);
    for sharing in [Sharing::SharedBottom, Sharing::Mixture, Sharing::TwoStage] {
        let config = MlprConfig { sharing, ..small_config() };
        let settings = |noise| Settings {
            epochs: 1,
            batch: 50,
            most: 30,
            noise,
            fine_tuning: false,
            ..Settings::default()
        };
        let by_chance = |noise, dropout| {
            let config = MlprConfig { dropout, ..config.clone() };
            Lesson::frozen(&config, &bert, vectors.clone(), &samples, &settings(noise))
        };
        let lesson = |noise| by_chance(noise, 0.0);
        let chosen = lesson(0.0).epoch(0).1;
        let loss_of = |lesson: Lesson<'_>, seed, of_device| {
            let heads = lesson.beginner().model;
            device.seed(of_device);
            let at = At { step: 0, steps: 1 };
            let step = lesson.step(&heads, &chosen[0], &mut generator(seed, 0), at);
            Learner { model: heads, optimiser: adam() }.descend(step.descent).1
        };
        let loss = |noise, seed| loss_of(lesson(noise), seed, 3);
        // Values are left out whether there are gates or none, and the device has no part in it.
        let left_out = |seed, of_device| loss_of(by_chance(0.0, 0.4), seed, of_device);
        assert_eq!(left_out(1, 3), left_out(1, 4), "{sharing:?}");
        assert_ne!(left_out(1, 3), left_out(2, 3), "{sharing:?}");
        assert_ne!(left_out(1, 3), loss(0.0, 1), "{sharing:?}");
        let is_gated = sharing != Sharing::SharedBottom;
        assert_eq!(loss(0.0, 1), loss(0.0, 2), "nothing is drawn");
        assert_eq!(loss(1.0, 1), loss(1.0, 1));
        assert_eq!(loss(1.0, 1) != loss(0.0, 1), is_gated, "{sharing:?}");
        assert_eq!(loss(1.0, 1) != loss(1.0, 2), is_gated, "{sharing:?}");

        // What has learned answers without it, and what sums to one does so with it.
        let lesson = lesson(1.0);
        let model = lesson.beginner().model.model.valid();
        let noise = lesson.noise(samples.len(), &mut generator(1, 0));
        let noise = noise.map(|noise| noise.map(Tensor::inner));
        each_batch(&model, &library, &samples, |pairs| {
            let output = model.forward_by_chance(
                pairs,
                [1.0; 2],
                noise.each_ref().map(Option::as_ref),
                &mut |_| None,
            );
            let plain = model.forward(pairs, [1.0; 2]);
            let stages = [(output.stage_1, plain.stage_1), (output.stage_2, plain.stage_2)];
            for (noisy, plain) in stages.into_iter().filter_map(|(a, b)| Some((a?, b?))) {
                let [_, _, experts] = noisy.gates.dims();
                let (noisy, plain) = (read(noisy.gates), read(plain.gates));
                for gate in noisy.chunks(experts) {
                    assert!((gate.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{gate:?}");
                }
                let moved = noisy.iter().zip(&plain).map(|(a, b)| (a - b).abs()).sum::<f32>();
                assert!(moved / noisy.len() as f32 > 0.05, "{sharing:?} {moved}");
            }
        });
    }
}

#[test]
fn some_pairs_are_those_of_whole_queries() {
    let samples = samples_of(searches(0..20));
    let some = samples.spread(samples.len().div_ceil(2));
    assert_eq!(some.queries, [samples.queries[0].clone(), samples.queries[2].clone()]);
    let group = samples.groups[2].clone();
    assert_eq!(some.products[some.groups[1].clone()], samples.products[group.clone()]);
    assert_eq!(some.wide(some.groups[1].clone()), samples.wide(group));
    assert_eq!(samples.spread(usize::MAX).len(), samples.len());
}

fn train_small(
    words: &TokenVectors,
    checkpoint: Option<(&Checkpoint, &About)>,
    watch: impl FnMut(usize, usize, f32),
) -> Result<Weights> {
    let catalogue = shop();
    let library = Library::new(&catalogue, words, small_bert());
    let device = Device::flex();
    let bert = seeded(&device, 9, || small_bert().init(&device));
    let config = MlprConfig { dropout: 0.2, ..small_config() };
    let settings = Settings { epochs: 3, batch: 60, ..Settings::default() };
    let samples = samples_of(searches(0..8));
    let model = train(&config, &bert, &library, &samples, &settings, checkpoint, watch)?;
    Ok(Weights::of(&model, about(&config))?)
}

#[test]
fn a_run_that_was_stopped_ends_as_one_that_was_not() {
    let words = example::words();
    let whole = train_small(&words, None, |_, _, _| ()).unwrap();
    let folder = std::env::temp_dir().join(format!("vitrine-mlpr-{}", std::process::id()));
    let (checkpoint, about) = (Checkpoint::new(&folder), about(&small_config()));
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        let last = |step: usize, steps: usize, _: f32| assert!(step + 1 < steps, "power cut");
        train_small(&words, Some((&checkpoint, &about)), last)
    }));
    assert!(stopped.is_err());
    let mut steps_seen = 0;
    let count = |_: usize, _: usize, _: f32| steps_seen += 1;
    let resumed = train_small(&words, Some((&checkpoint, &about)), count).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let mut whole_steps = 0;
    train_small(&words, None, |_, steps, _| whole_steps = steps).unwrap();
    assert_eq!(steps_seen, whole_steps / 3);
    assert_eq!(resumed.arrays, whole.arrays);
}

#[test]
fn features_of_pairs_come_in_their_order() {
    let words = example::words();
    let catalogue = shop();
    let library = Library::new(&catalogue, &words, small_bert());
    let samples = samples_of(searches(0..3));
    let model = example::randomised(&small_config(), 1);
    let mut rows = 0;
    each_batch(&model, &library, &samples, |pairs| {
        let [n, width] = pairs.wide.dims();
        assert_eq!(read(pairs.wide.clone()), samples.wide(rows..rows + n));
        assert_eq!((width, pairs.item.dims()), (wide::COUNT, [n, 8]));
        rows += n;
    });
    assert_eq!(rows, samples.len());
}

#[test]
fn the_papers_sizes_learn_in_one_step_of_words_and_of_tasks() {
    let (catalogue, words) = (shop(), example::words());
    let config = MlprConfig::paper(wide::COUNT);
    let library = Library::new(&catalogue, &words, config.bert);
    let mut losses = Vec::new();
    let texts: Vec<&Text> = library.products.iter().take(4).collect();
    let settings = masked::Settings { epochs: 1, masked: 0.5, ..masked::Settings::default() };
    let watch = |_, _, loss| losses.push(loss);
    let bert = masked::train(&library, &texts, &settings, None, watch).unwrap();

    let page = (0..4).map(|product| impression(product, [true, product < 2, product < 1]));
    let mut searches = Searches::default();
    searches.add(&log(1, vec![view(0, Some(ASKED[0]), page.collect())]));
    let samples = samples_of(searches);
    let mut train = |epochs| {
        let settings = Settings { epochs, ..Settings::default() };
        let watch = |_, _, loss| losses.push(loss);
        super::train(&config, &bert, &library, &samples, &settings, None, watch).unwrap()
    };
    let (before, after) = (train(0), train(1));
    assert!(losses.len() == 2 && losses.iter().all(|loss: &f32| loss.is_finite()), "{losses:?}");
    let (still, numbers) = still(&before, &after);
    assert_eq!(numbers, 47_374_093);
    // What is added to both of two choices changes neither, a normalisation takes out what is added before it,
    // and the normaliser of features learns nothing.
    let may_be = |name: &String| {
        ["choice.1.bias", ".linear.bias", "normaliser."].iter().any(|part| name.contains(part))
    };
    assert!(still.iter().all(may_be), "{still:?}");
}
