//! Training on a small planted world.

use burn::module::Module;
use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::batch::{Batch, RowBatch};
use super::cold_start::{ColdStart, Lost};
use super::data::{Data, Gathering, Pages};
use super::evaluate::utilities;
use super::samples::{Kinds, Samples};
use super::{
    Lesson, Settings, chances, loss_of_rows, mean_bias, padded_loss, padded_places, train,
};
use crate::chance::generator;
use crate::descent::Stepwise;
use crate::people::People;
use crate::preset::tests::still;
use crate::queries::QueryMatcher;
use crate::read;
use crate::slices;
use market::catalogue::{Catalogue, ProductId};
use market::features::dense::{self, DenseTables};
use market::features::split::{Split, day_of};
use market::features::statistics::Statistics;
use market::history::{DAY, Event, EventKind, PageDevice, Profile};
use market::log::{Impression, ImpressionTruth, PageView, ShopperLog, UnderImpression};
use market::metrics::{auc, spearman};
use market::{MarketConfig, World};
use nets::models::dmt::DmtConfig;
use nets::models::dmt::example::catalogue;
use nets::models::dmt::ranker::Ranker;
use nets::models::mlpr::example::words;
use nets::models::query_category::{CategoryPredictor, QueryCategoryConfig};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{About, Weights};
use nets::nn::experts::Chance;
use nets::nn::fused::alike::assert_same_losses;
use nets::nn::numbers::{numbered, seeded};
use protocol::blend::sigmoid;
use systems::dmt::{BiasFeatures, MultiTask};

struct NoQueries;

impl QueryMatcher for NoQueries {
    fn matching(&self, _: &str, _: &[ProductId]) -> (Vec<f32>, Vec<f32>) {
        Default::default()
    }
}

/// A shopper who likes one product type, on pages in a random order.
fn shopper(shopper: u32, catalogue: &Catalogue, views: usize, clicks: usize) -> ShopperLog {
    let mut random = ChaCha8Rng::seed_from_u64(shopper.into());
    let products = catalogue.products.len() as u32;
    let types = catalogue.product_types.len() as u32;
    let liked = random.random_range(0..types);
    let profile = Profile {
        age_band: 1,
        gender: 0,
        purchase_power: 2,
        household: 0,
        town: 1,
        member_years: 3,
    };
    let events: Vec<Event> = (0..clicks as i32)
        .map(|n| Event {
            kind: if n % 5 == 0 { EventKind::Cart } else { EventKind::Click },
            product: liked + types * random.random_range(0..products / types),
            time: n,
        })
        .collect();
    let views = (0..views)
        .map(|_| PageView {
            needs: Vec::new(),
            time: DAY,
            events_before: events.len() as u32,
            query: None,
            page: 0,
            device: PageDevice::Desktop,
            impressions: (0..10)
                .map(|index| {
                    let product = random.random_range(0..products);
                    let likes = catalogue.products[product as usize].product_type == liked as u16;
                    let product = if random.random_bool(0.3) {
                        liked + types * random.random_range(0..products / types)
                    } else {
                        product
                    };
                    let likes = likes || product % types == liked;
                    let examination = 1.0 / (1.0 + f32::from(index) / 2.0);
                    let attraction = if likes { 0.6 } else { 0.05 };
                    let clicked = random.random_bool(f64::from(examination * attraction));
                    Impression {
                        product,
                        index,
                        judged_relevant: true,
                        clicked,
                        favourited: false,
                        carted: false,
                        ordered: clicked && random.random_bool(0.3),
                        truth: ImpressionTruth {
                            relevant: true,
                            examination,
                            attraction,
                            competition: 1.0,
                            conversion: 0.3,
                        },
                    }
                })
                .collect(),
            under_impressions: Vec::new(),
        })
        .collect();
    ShopperLog { shopper, profile, events, web_searches: Vec::new(), views }
}

const FEED: Kinds = Kinds { searches: false, irrelevant: 0 };

fn samples(catalogue: &Catalogue, shoppers: std::ops::Range<u32>, cold_start: f64) -> Samples {
    let tables = DenseTables::new(catalogue, &Statistics::new(catalogue.products.len()));
    let mut samples = Samples::default();
    for number in shoppers {
        let log = shopper(number, catalogue, 30, 12);
        let mut cold_start = ColdStart::new(cold_start, 1, number);
        let lost = || cold_start.draw();
        samples.append(Samples::of(&log, &(1..2), FEED, lost, (catalogue, &tables), &NoQueries));
    }
    samples
}

#[test]
fn step_by_step_is_the_same_training() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..4, 0.0);
    let config = DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT);
    let settings = Settings { epochs: 2, batch: 32, ..Settings::default() };
    let whole = train(&config, &samples, &catalogue, &settings, None, |_, _, _| ()).unwrap();
    let lesson = Lesson::new(&config, &samples, &catalogue, &settings);
    let learner = lesson.beginner();
    let mut stepwise = Stepwise::new(lesson, learner);
    let mut losses = Vec::new();
    while let (next, Some(loss)) = stepwise.clone().step() {
        stepwise = next;
        losses.push(loss);
    }
    assert_eq!((losses.len(), stepwise.at().step, stepwise.at().steps), (8, 8, 8));
    let served = slices::whole(stepwise.lesson().serving(stepwise.model()));
    let (same, count) = still(&whole, &served);
    let about = About::new("", 0, "", &()).unwrap();
    assert_eq!(same.len(), Weights::of(&whole, about).unwrap().arrays.len());
    assert!(count > 1000);
}

#[test]
fn who_has_learned_nothing_says_how_often_there_is_a_click_and_an_order() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..20, 0.0);
    let labels = samples.labels(0..samples.impressions());
    let shipped = DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT);
    for multi_task in MultiTask::ALL {
        let config = DmtConfig { multi_task, sequences: 2, ..shipped.clone() };
        let lesson = Lesson::new(&config, &samples, &catalogue, &Settings::default());
        let model = lesson.beginner().model.valid();
        let of_all = utilities(&model, &samples, &catalogue);
        for task in 0..2 {
            let count = labels.iter().filter(|label| label[task]).count() as f64;
            let rate = count / labels.len() as f64;
            let predicted = of_all.iter().map(|row| f64::from(sigmoid(row[task]))).sum::<f64>();
            let ratio = predicted / labels.len() as f64 / rate;
            assert!((0.6..1.7).contains(&ratio), "{multi_task:?}, task {task}: {ratio}");
        }
    }
}

#[test]
fn gathered_one_by_one_is_gathered_together() {
    let world = World::generate(&MarketConfig {
        products: 400,
        shoppers: 6,
        earlier_days: 60,
        ..MarketConfig::default()
    });
    let words = words();
    let config = QueryCategoryConfig::playground(world.catalogue.product_types.len());
    let device = Device::flex();
    let predictor = CategoryPredictor::new(numbered(config.init(&device)), config, &device);
    let people = People { trained: 0..4, tested: 4..6 };
    let together =
        Data::gather(&world, &words, &predictor, Pages::PLAYGROUND, &people, || ()).unwrap();
    let split = Split::last_day(world.config.days);
    let mut statistics = Statistics::new(world.catalogue.products.len());
    for shopper in people.trained.clone() {
        let log = world.shopper_log(shopper);
        let counted = log.views.iter().filter(|view| split.statistics.contains(&day_of(view.time)));
        counted.for_each(|view| statistics.add(view));
    }
    let tables = DenseTables::new(&world.catalogue, &statistics);
    let mut gathering =
        Gathering::new(&world, &tables, (&words, &predictor), Pages::PLAYGROUND).unwrap();
    for shopper in people.all() {
        gathering.add(shopper, people.tested.contains(&shopper)).unwrap();
    }
    assert!(!together.training.is_empty() && !together.test.is_empty());
    assert_eq!(gathering.data.training, together.training);
    assert_eq!(gathering.data.test, together.test);
    // The first of them are what the first of them would have been alone.
    let head = together.training.head(5);
    assert_eq!((head.len(), head.labels(0..head.impressions()).len()), (5, head.impressions()));
    let all = together.training.head(usize::MAX);
    assert_eq!(all, together.training);
}

#[test]
fn samples_hold_what_the_log_says() {
    let catalogue = catalogue(60, 6);
    let log = shopper(3, &catalogue, 4, 12);
    let samples = samples(&catalogue, 2..4, 0.0);
    assert_eq!((samples.len(), samples.impressions()), (60, 600));
    for (view, logged) in log.views.iter().enumerate() {
        let impressions = samples.impressions_of(30 + view);
        let shown: Vec<ProductId> = logged.impressions.iter().map(|i| i.product).collect();
        assert_eq!(samples.products(impressions.clone()), shown);
        let labels: Vec<[bool; 2]> =
            logged.impressions.iter().map(|i| [i.clicked, i.ordered]).collect();
        assert_eq!(samples.labels(impressions), labels);
        let clicks: Vec<ProductId> = log
            .events
            .iter()
            .rev()
            .filter(|event| event.kind == EventKind::Click)
            .map(|event| event.product)
            .collect();
        assert_eq!(samples.history(30 + view, 0), clicks);
    }
}

#[test]
fn the_papers_page_views_are_the_feeds_with_nothing_that_was_not_shown() {
    let catalogue = catalogue(60, 6);
    let mut log = shopper(3, &catalogue, 30, 12);
    for view in log.views.iter_mut().take(10) {
        view.query = Some("couch".into());
        view.under_impressions = (20..24)
            .map(|product| UnderImpression { product, judged_relevant: product == 20 })
            .collect();
    }
    let tables = DenseTables::new(&catalogue, &Statistics::new(catalogue.products.len()));
    let of = |kinds| {
        let (nothing, tables) = (|| Lost::Nothing, (&catalogue, &tables));
        let samples = Samples::of(&log, &(1..2), kinds, nothing, tables, &NoQueries);
        (samples.len(), samples.impressions())
    };
    let all = log.views.len();
    assert_eq!(of(Pages::PAPER.kinds), (all - 10, 10 * (all - 10)));
    assert_eq!(of(Pages::PLAYGROUND.kinds), (all, 10 * all + 3 * 10));
}

#[test]
fn what_is_lost_of_a_history_is_in_no_sequence_and_in_no_feature() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..20, 1.0);
    let feature = |name| dense::FEATURES.iter().position(|(known, _)| *known == name).unwrap();
    let (clicks, carts) =
        (feature("clicks-in-7-days"), feature("carts-of-the-product-type-in-30-days"));
    let mut empty = 0;
    for view in 0..samples.len() {
        let numbers = samples.impressions_of(view);
        let dense = samples.dense(numbers);
        let seen = samples.history(view, 0).len();
        assert_eq!(dense[clicks], (seen as f32).ln_1p());
        if samples.history(view, 1).is_empty() {
            assert!(dense.chunks(dense::COUNT).all(|features| features[carts] == 0.0));
        }
        empty += usize::from(seen == 0);
    }
    // A quarter lose everything, and half of those that lose sequences the clicks, nearly.
    assert!((200..400).contains(&empty), "{empty} of {}", samples.len());
}

#[test]
fn padding_changes_nothing() {
    let catalogue = catalogue(60, 6);
    let device = Device::flex().autodiff();
    // Some views have lost all of a sequence, or everything.
    let samples = samples(&catalogue, 0..8, 0.7);
    let views: Vec<usize> = (0..samples.len()).step_by(7).collect();
    // Nobody here orders before the day of the views.
    let (none, orders, all_but_carts) = ([false; 3], [false, false, true], [true, false, true]);
    for (multi_task, sequences, left_out) in [
        (MultiTask::Mmoe, 2, none),
        (MultiTask::SingleTask, 2, none),
        (MultiTask::Mmoe, 3, orders),
        (MultiTask::SingleTask, 3, all_but_carts),
    ] {
        let config = DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT);
        let config = DmtConfig { multi_task, sequences, left_out, ..config };
        let model = seeded(&device, 3, || config.init(&device));
        let rows = RowBatch::new(&samples, &views, &catalogue, &device);
        let padded = Batch::new(&samples, &views, &catalogue, &device);
        let counts: Vec<usize> =
            views.iter().map(|&view| samples.impressions_of(view).len()).collect();
        let n: usize = counts.iter().sum();
        let (own_places, width) = (Vec::from_iter(0..n), padded.width);
        for (noise, dropout) in [(0.0, 0.0), (0.5, 0.4)] {
            let settings = Settings { balance: 0.1, noise, dropout, ..Settings::default() };
            let drawn = chances(&config, &settings, n, &mut generator(1, 0));
            let at = |places: &[usize], count| -> Vec<_> {
                drawn.iter().map(|drawn| drawn.tensors(places, count, &device)).collect()
            };
            let (own, places) = (at(&own_places, n), padded_places(&counts, width));
            let own = loss_of_rows(&model, &rows, &own, &settings).unwrap();
            let padding = at(&places, views.len() * width);
            assert_same_losses(&model, [own, padded_loss(&model, &padded, &padding, &settings)]);
        }
    }
}

#[test]
fn chance_is_what_the_settings_say_and_the_seeds_alone() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..4, 0.0);
    let shipped = DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT);
    let views: Vec<usize> = (0..samples.len()).collect();
    for multi_task in MultiTask::ALL {
        let config = DmtConfig { multi_task, sequences: 2, ..shipped.clone() };
        let settings = |noise, dropout| Settings { noise, dropout, ..Settings::default() };
        let lesson = |settings: &Settings| Lesson::new(&config, &samples, &catalogue, settings);
        let model = lesson(&settings(0.0, 0.0)).beginner().model;
        let loss = |noise, dropout, seed| {
            let lesson = lesson(&settings(noise, dropout));
            let loss = lesson.loss(&model, &views, &mut generator(seed, 0));
            loss.into_scalar::<f32>()
        };
        let device = Device::flex().autodiff();
        let rows = RowBatch::new(&samples, &views, &catalogue, &device);
        let plain = loss_of_rows(&model, &rows, &[], &settings(0.0, 0.0)).unwrap();
        assert_eq!(loss(0.0, 0.0, 1), plain.into_scalar::<f32>(), "{multi_task:?}");
        let is_gated = multi_task == MultiTask::Mmoe;
        for (noise, dropout) in [(1.0, 0.0), (0.0, 0.4)] {
            // Where there are no gates there is no noise on them.
            let is_felt = dropout > 0.0 || is_gated;
            let by_chance = loss(noise, dropout, 1);
            assert_eq!(by_chance, loss(noise, dropout, 1), "{multi_task:?}");
            assert_eq!(by_chance != loss(0.0, 0.0, 1), is_felt, "{multi_task:?} {by_chance}");
            assert_eq!(by_chance != loss(noise, dropout, 2), is_felt, "{multi_task:?}");
        }
    }
}

#[test]
fn gates_with_noise_sum_to_one_and_what_has_learned_by_chance_answers_without() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..2, 0.0);
    let config = DmtConfig {
        sequences: 2,
        ..DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT)
    };
    let settings = Settings { epochs: 1, noise: 1.0, dropout: 0.4, ..Settings::default() };
    let lesson = Lesson::new(&config, &samples, &catalogue, &settings);
    let learner = lesson.beginner();
    let views = Vec::from_iter(0..samples.len());
    let n = samples.impressions();
    let drawn = chances(&config, &settings, n, &mut generator(1, 0));
    let device = Device::flex().autodiff();
    let rows = RowBatch::new(&samples, &views, &catalogue, &device);
    let by_chance: Vec<_> =
        drawn.iter().map(|drawn| drawn.tensors(&Vec::from_iter(0..n), n, &device)).collect();
    let gates = |chances: &[Chance]| {
        let (_, gates) = learner.model.utilities(&rows.rows, chances).unwrap();
        read(gates.unwrap().inner())
    };
    let (noisy, plain) = (gates(&by_chance), gates(&[]));
    for gate in noisy.chunks(config.experts) {
        assert!((gate.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{gate:?}");
    }
    let moved = noisy.iter().zip(&plain).map(|(a, b)| (a - b).abs()).sum::<f32>();
    assert!(moved / noisy.len() as f32 > 0.05, "{moved}");

    let (stepwise, loss) = Stepwise::new(lesson, learner).step();
    assert!(loss.is_some_and(f32::is_finite));
    let model = stepwise.model();
    assert_eq!(utilities(&model, &samples, &catalogue), utilities(&model, &samples, &catalogue));
}

#[test]
fn training_finds_the_planted_taste_and_examination() {
    let catalogue = catalogue(60, 6);
    let mut config = DmtConfig::playground(Vocabulary::of(&catalogue), dense::COUNT);
    config.bias = BiasFeatures { position: true, page: false, neighbours: false };
    let settings = Settings { epochs: 2, batch: 32, rate: 5e-3, ..Settings::default() };
    let known = samples(&catalogue, 0..150, 0.0);
    let model = train(&config, &known, &catalogue, &settings, None, |_, _, _| ()).unwrap();

    let device = Device::flex();
    // At an average place there is no bias, so that a rate without it is one that people show.
    let mean = slices::whole(mean_bias(&model, &known, &catalogue, &device));
    assert!(mean.unwrap().abs() < 1e-3);
    let unseen = samples(&catalogue, 150..200, 0.0);
    let batch = Batch::new(&unseen, &Vec::from_iter(0..unseen.len()), &catalogue, &device);
    let output = model.rank(&model.encode(&batch.sequences), &batch.candidates, 1.0);
    let utilities = output.utilities.try_into_vec_as::<f32>().unwrap();
    let clicks: Vec<f32> = utilities.iter().step_by(2).copied().collect();
    let attraction: Vec<f32> =
        unseen.truth(0..unseen.impressions()).iter().map(|truth| truth.attraction).collect();
    let liked: Vec<bool> = attraction.iter().map(|&attraction| attraction > 0.3).collect();
    assert!(auc(&clicks, &liked).unwrap() > 0.95);
    let rate = clicks.iter().map(|&utility| sigmoid(utility)).sum::<f32>() / clicks.len() as f32;
    let labels = unseen.labels(0..unseen.impressions());
    let clicked = labels.iter().filter(|label| label[0]).count() as f32 / labels.len() as f32;
    assert!((0.7..1.5).contains(&(rate / clicked)), "{rate} {clicked}");

    let ranker = Ranker::new(config, model, &device);
    let curve = ranker.examination(&catalogue, &[0], 10, 10).unwrap();
    let learned = curve.try_into_vec_as::<f32>().unwrap();
    let truth: Vec<f32> = unseen.truth(0..10).iter().map(|truth| truth.examination).collect();
    assert!(spearman(&learned, &truth).unwrap() > 0.9, "{learned:?}");
}

#[test]
fn the_papers_sizes_learn_in_one_step() {
    let catalogue = catalogue(60, 6);
    let samples = samples(&catalogue, 0..1, 0.0);
    let config = DmtConfig::paper(Vocabulary::of(&catalogue), dense::COUNT);
    let train = |epochs| {
        let settings = Settings { epochs, batch: samples.len(), ..Settings::default() };
        let mut losses = Vec::new();
        let watch = |_, _, loss| losses.push(loss);
        let model = train(&config, &samples, &catalogue, &settings, None, watch).unwrap();
        (model, losses)
    };
    let ((before, _), (after, losses)) = (train(0), train(1));
    assert!(losses.len() == 1 && losses[0].is_finite(), "{losses:?}");
    let (still, numbers) = still(&before, &after);
    assert_eq!(numbers, 1_893_798);
    // Nobody ordered anything, and the normaliser learns nothing.
    let may_be = |name: &String| name.contains(".transformers.2.") || name.contains("normaliser.");
    assert!(still.iter().all(may_be), "{still:?}");
}
