//! Samples of a log written by hand, and training on a small planted world.

use std::path::Path;

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::data::{Corpus, Reading};
use super::evaluate::Metrics;
use super::ranker::{NAMES, Ranker, Similarities, similarities};
use super::samples::{Options, Samples};
use super::{Lesson, Progress, Settings, fine_tune, init, pretrain};
use crate::checkpoint::Checkpoint;
use crate::descent::Stepwise;
use crate::people::People;
use crate::preset::tests::still;
use market::catalogue::{Catalogue, ProductId};
use market::history::{DAY, Event, EventKind, Minutes, PageDevice, Profile, WebSearch};
use market::log::{Impression, ImpressionTruth, PageView, ShopperLog};
use market::text::TokenVectors;
use market::{MarketConfig, World};
use nets::models::dmt::example;
use nets::models::weights::{About, FORMAT, Weights};
use nets::models::yandex::retriever::Retriever;
use nets::models::yandex::{WebQueries, Yandex, YandexConfig};

/// Everyone, trained on and tested.
const EVERYONE: People = People { trained: 0..1000, tested: 0..1000 };

const PROFILE: Profile =
    Profile { age_band: 1, gender: 0, purchase_power: 2, household: 0, town: 1, member_years: 3 };

fn impression(product: ProductId, clicked: bool, attraction: f32) -> Impression {
    Impression {
        product,
        index: 0,
        judged_relevant: true,
        clicked,
        favourited: false,
        carted: clicked && product.is_multiple_of(2),
        ordered: false,
        truth: ImpressionTruth {
            relevant: true,
            examination: 1.0,
            attraction,
            competition: 1.0,
            conversion: 0.3,
        },
    }
}

fn view(time: Minutes, events_before: u32, query: Option<&str>, shown: &[(u32, bool)]) -> PageView {
    PageView {
        needs: Vec::new(),
        time,
        events_before,
        query: query.map(str::to_owned),
        page: 0,
        device: PageDevice::Phone,
        impressions: shown.iter().map(|&(p, clicked)| impression(p, clicked, 0.5)).collect(),
        under_impressions: Vec::new(),
    }
}

fn click(product: ProductId, time: Minutes) -> Event {
    Event { kind: EventKind::Click, product, time }
}

fn log() -> ShopperLog {
    ShopperLog {
        shopper: 7,
        profile: PROFILE,
        events: vec![
            Event { kind: EventKind::Cart, product: 5, time: -9 * DAY },
            click(1, 100),
            click(2, DAY + 200),
            Event { kind: EventKind::Cart, product: 2, time: DAY + 201 },
            click(3, DAY + 900),
            click(5, 2 * DAY + 50),
        ],
        web_searches: vec![WebSearch { query: "desk".into(), time: 150 }],
        views: vec![
            view(99, 1, None, &[(1, true), (4, false)]),
            view(DAY + 199, 2, Some("sofa"), &[(2, true), (1, false)]),
            view(DAY + 890, 4, None, &[(3, true), (2, false)]),
            view(DAY + 950, 5, None, &[(6, false)]),
            view(2 * DAY + 40, 5, None, &[(5, true), (6, false), (1, false)]),
        ],
    }
}

fn options(delay: Minutes) -> Options {
    Options { delay, pretraining: 0..2, fine_tuning: 0..2, test: 2..3, searches: true, share: 1.0 }
}

#[test]
fn pre_training_holds_every_positive_with_the_history_of_a_day_before() {
    let mut samples = Samples::default();
    samples.add(&log(), 50, &options(DAY), &EVERYONE);
    // Organic positives count as any: product 2 was clicked and carted in a search.
    let days: Vec<(usize, &[u32])> = samples
        .pretraining
        .iter()
        .map(|day| (day.history, &samples.positives[day.of.clone()]))
        .collect();
    // On day 1 the first positive is at minute 200: of the day before, minute 100 and 150 are known.
    assert_eq!(days, [(1, &[1][..]), (3, &[2, 2, 3][..])]);
    let contents: Vec<u32> =
        samples.behaviour(&samples.pretraining[1]).iter().map(|b| b.content).collect();
    assert_eq!(contents, [5, 1, 50]);
    assert_eq!(samples.queries.iter().collect::<Vec<_>>(), ["desk"]);
}

#[test]
fn page_views_of_a_day_share_a_history_and_need_a_positive() {
    let mut samples = Samples::default();
    samples.add(&log(), 50, &options(DAY), &EVERYONE);
    let days: Vec<(usize, usize)> =
        samples.fine_tuning.iter().map(|day| (day.history, day.of.len())).collect();
    assert_eq!(days, [(1, 1), (3, 2)]);
    let searches: Vec<bool> = samples.views.iter().map(|view| view.is_search).collect();
    assert_eq!(searches, [false, true, false, false]);
    // The test has the feed alone, of its own day.
    assert_eq!(samples.test.len(), 1);
    let shown = samples.shown(&samples.views[samples.test[0].of.start]);
    // Product 5 was carted long before, product 1 clicked.
    assert_eq!(shown.iter().map(|i| i.new).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(shown.iter().map(|i| i.grade()).collect::<Vec<_>>(), [1, 0, 0]);
    assert_eq!(samples.shown(&samples.views[1])[0].grade(), 3);

    // Nobody is learned from who is only tested, and the other way round.
    let known = |people: People| {
        let mut samples = Samples::default();
        samples.add(&log(), 50, &options(DAY), &people);
        let Samples { pretraining, fine_tuning, test, shoppers, .. } = samples;
        [pretraining, fine_tuning, test].map(|days| days.len()).map(|days| days * shoppers.len())
    };
    assert_eq!(known(People { trained: 0..7, tested: 7..8 }), [0, 0, 1]);
    assert_eq!(known(People { trained: 0..8, tested: 8..9 }), [2, 2, 0]);

    let mut without = Samples::default();
    without.add(&log(), 50, &Options { searches: false, ..options(DAY) }, &EVERYONE);
    assert_eq!(without.views.len(), 3);
}

#[test]
fn without_a_delay_every_page_view_knows_what_came_before_it() {
    let mut samples = Samples::default();
    samples.add(&log(), 50, &options(0), &EVERYONE);
    let days: Vec<(usize, usize)> =
        samples.fine_tuning.iter().map(|day| (day.history, day.of.len())).collect();
    assert_eq!(days, [(1, 1), (3, 1), (5, 1)]);
}

#[test]
fn a_share_of_the_shoppers_is_trained_on_and_all_are_tested_on() {
    let mut samples = Samples::default();
    for shopper in 0..1000 {
        let options = Options { share: 0.25, ..options(DAY) };
        samples.add(&ShopperLog { shopper, ..log() }, 50, &options, &EVERYONE);
    }
    assert_eq!(samples.test.len(), 1000);
    let trained = samples.pretraining.len() / 2;
    assert!((230..270).contains(&trained), "{trained}");
    assert_eq!(samples.fine_tuning.len(), 2 * trained);
}

#[test]
fn metrics_count_what_their_scenario_counts() {
    let catalogue = example::catalogue(50, 8);
    let mut samples = Samples::default();
    samples.add(&log(), 50, &options(DAY), &EVERYONE);
    samples.add(&ShopperLog { shopper: 28, ..log() }, 50, &options(DAY), &EVERYONE);
    let corpus = Corpus::new(samples, &catalogue, &words(), Reading::Vectors);
    // Of the page 5, 6 and 1 only 5 was clicked; 5 and 1 were known. All are as attractive, and
    // of equal scores the positive comes last: the third place.
    let truth = Metrics::of_truth(&corpus);
    let [retargeting, discovery] = &truth.scenarios;
    for blocks in [&retargeting.graded, &retargeting.clicks] {
        assert_eq!(blocks.whole(), 0.5);
    }
    assert!(retargeting.orders.is_empty() && retargeting.recall_long.is_empty());
    // What is left to discover was not clicked.
    assert!(discovery.graded.is_empty());

    let model = init(&config(), 1);
    let metrics = measured(&model, &corpus);
    let [retargeting, discovery] = &metrics.scenarios;
    assert!((0.5..=1.0).contains(&retargeting.clicks.whole()));
    // Fifty products are all there is.
    assert_eq!(retargeting.recall_long.whole(), 1.0);
    assert!(discovery.recall_long.is_empty());

    let figures = truth.figures();
    assert_eq!(figures.len(), 10);
    assert_eq!((figures[0].name.as_str(), figures[0].whole), ("retargeting nDCG@10", Some(0.5)));
    // The shoppers 7 and 28 are in blocks 7 and 8.
    for (block, value) in figures[0].blocks.into_iter().enumerate() {
        assert_eq!(value, [7, 8].contains(&block).then_some(0.5));
    }
}

// A planted world: every shopper likes products of one kind, and buys only dear ones of it.

const LIKED: [&str; 8] = [
    "running shoes",
    "coffee maker",
    "oak desk",
    "cotton sofa",
    "dog food",
    "baby toys",
    "garden hose",
    "guitar strings",
];

fn words() -> TokenVectors {
    TokenVectors::new(
        include_str!("../../../assets/words.txt"),
        include_bytes!("../../../assets/words.safetensors"),
    )
    .unwrap()
}

/// Products of each kind in turn; every second round of them is "red", the others "blue".
fn catalogue() -> Catalogue {
    let mut catalogue = example::catalogue(80, 8);
    for (id, product) in catalogue.products.iter_mut().enumerate() {
        let colour = if id / 8 % 2 == 0 { "red" } else { "blue" };
        product.title = format!("{colour} {}", LIKED[id % 8]);
    }
    catalogue
}

/// Clicks on what is liked, whatever its colour; pages on which red is clicked.
fn shopper(number: u32) -> ShopperLog {
    let mut random = ChaCha8Rng::seed_from_u64(number.into());
    let liked = random.random_range(0..8);
    let mut of_kind = |_| liked + 8 * random.random_range(0..10);
    let events: Vec<Event> = (0..12)
        .map(|n| click(of_kind(n), if n < 6 { n as Minutes } else { 2 * DAY + n as Minutes }))
        .collect();
    let views = (0..4)
        .map(|n| {
            let time = if n < 2 { 2 * DAY + 20 + n } else { 4 * DAY + 20 + n };
            let shown: Vec<(u32, bool)> = (0..10)
                .map(|_| {
                    let product = random.random_range(0..80);
                    let red = product / 8 % 2 == 0;
                    (product, red && (product % 8 == liked || random.random_bool(0.3)))
                })
                .collect();
            view(time, 12, None, &shown)
        })
        .collect();
    ShopperLog { shopper: number, profile: PROFILE, events, web_searches: Vec::new(), views }
}

pub(super) fn corpus(shoppers: u32, reading: Reading) -> Corpus {
    let options = Options { pretraining: 2..3, fine_tuning: 2..3, test: 4..5, ..options(DAY) };
    let catalogue = catalogue();
    let mut samples = Samples::default();
    for number in 0..shoppers {
        samples.add(&shopper(number), catalogue.products.len(), &options, &EVERYONE);
    }
    Corpus::new(samples, &catalogue, &words(), reading)
}

fn config() -> YandexConfig {
    YandexConfig {
        d: 16,
        heads: 2,
        d_f: 16,
        history: 8,
        item_width: 16,
        ..YandexConfig::playground()
    }
}

fn settings(epochs: usize) -> Settings {
    let mut settings = Settings::default();
    settings.pretraining.epochs = epochs;
    settings.pretraining.batch = 32;
    settings.fine_tuning.epochs = epochs;
    settings.fine_tuning.batch = 32;
    settings.fine_tuning.rates = settings.pretraining.rates;
    settings
}

fn measured(model: &Yandex, corpus: &Corpus) -> Metrics {
    let retriever = Retriever::new(config(), model.clone(), &corpus.titles(), &Device::flex());
    Metrics::of(&retriever, corpus).unwrap()
}

#[test]
fn step_by_step_is_the_same_training() {
    let (corpus, settings) = (corpus(60, Reading::Vectors), settings(2));
    let start = init(&config(), 1);
    let mut steps = 0;
    let progress = Progress { checkpoint: None, watch: &mut |_, _, _| steps += 1 };
    let whole = fine_tune(start.clone(), &config(), &corpus, &settings, progress).unwrap();
    let lesson = Lesson::fine_tuning(&config(), &corpus, &settings);
    let learner = lesson.learner(start);
    let mut stepwise = Stepwise::new(lesson, learner);
    let mut losses = Vec::new();
    while let (next, Some(loss)) = stepwise.clone().step() {
        stepwise = next;
        losses.push(loss);
    }
    assert!(steps > 2 && losses.iter().all(|loss| loss.is_finite()));
    assert_eq!((losses.len(), stepwise.at().step, stepwise.at().steps), (steps, steps, steps));
    let (same, count) = still(&whole, &stepwise.model());
    let about = About::new("", 0, "", &()).unwrap();
    assert_eq!(same.len(), Weights::of(&whole, about).unwrap().arrays.len());
    assert!(count > 1000);
}

#[test]
fn pre_training_finds_the_taste_and_fine_tuning_what_is_clicked_of_what_is_shown() {
    let (corpus, settings) = (corpus(300, Reading::Vectors), settings(8));
    let mut losses = Vec::new();
    let mut watch = |_, _, loss| losses.push(loss);
    let nowhere = Progress { checkpoint: None, watch: &mut watch };
    let start = init(&config(), 1);
    let pretrained = pretrain(start.clone(), &config(), &corpus, &settings, nowhere).unwrap();
    assert_eq!(losses.len(), 8 * 300_usize.div_ceil(32));
    let of = |model: &Yandex| measured(model, &corpus).scenarios[0].clone();
    let (before, after) = (of(&start), of(&pretrained));
    // Of 80 products 10 are liked: the first 20 by chance hold a quarter of them.
    assert!(before.recall_short.whole() < 0.45, "{}", before.recall_short.whole());
    assert!(after.recall_short.whole() > before.recall_short.whole() + 0.05);

    let nowhere = Progress { checkpoint: None, watch: &mut |_, _, _| () };
    let tuned = fine_tune(pretrained, &config(), &corpus, &settings, nowhere).unwrap();
    let tuned = of(&tuned);
    let (before, after) = (after.clicks.whole(), tuned.clicks.whole());
    // From eight starts it gained 0.05 to 0.11.
    assert!(after > before + 0.04, "{before} {after}");
}

/// Trees that know nothing of a taste, and a similarity that is the taste: the gain is seen, and one
/// that is noise gives next to none.
#[test]
fn what_a_similarity_adds_to_a_tree_ranker_is_seen() {
    let config = MarketConfig { seed: 5, products: 600, shoppers: 60, ..MarketConfig::default() };
    let world = World::generate(&config);
    let options = Options::new(config.days);
    let corpus = Corpus::gather(
        &world,
        &words(),
        Reading::Vectors,
        &options,
        &People::of_log(&world),
        || (),
    );
    let ranker = Ranker::gather(&world, &corpus, &options.test);
    let shown = || {
        let views =
            corpus.samples.test.iter().flat_map(|day| &corpus.samples.views[day.of.clone()]);
        views.flat_map(|view| corpus.samples.shown(view))
    };
    assert_eq!(shown().count(), ranker.impressions());
    let gains = |values: Vec<f32>| {
        let figures = ranker.figures(&Similarities { values, width: 1 });
        let names: Vec<&str> = figures.iter().map(|figure| &*figure.name).collect();
        assert_eq!(names, NAMES);
        figures.iter().map(|figure| figure.whole.unwrap()).collect::<Vec<f64>>()
    };
    let told = gains(shown().map(|shown| f32::from(shown.grade())).collect());
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let noise = gains(shown().map(|_| random.random_range(0.0..1.0)).collect());
    assert!(told.iter().all(|&gain| gain > 20.0), "{told:?}");
    assert!(noise.iter().all(|&gain| gain.abs() < 8.0), "{noise:?}");

    let config = YandexConfig { word: corpus.word, ..self::config() };
    for (web_queries, width) in [(WebQueries::Fused, 1), (WebQueries::Separate, 2)] {
        let config = YandexConfig { web_queries, web_history: 8, ..config.clone() };
        let model = init(&config, 1);
        let retriever = Retriever::new(config, model, &corpus.titles(), &Device::flex());
        let found = similarities(&retriever, &corpus).unwrap();
        assert_eq!((found.width, found.values.len()), (width, width * ranker.impressions()));
        assert!(found.values.iter().all(|value| (-1.001..=1.001).contains(value)));
    }
}

#[test]
fn a_table_of_word_pieces_is_learned() {
    let (corpus, settings) = (corpus(100, Reading::Pieces), settings(4));
    // "red", "blue" and sixteen words for what is liked, some of more than one piece.
    assert!((18..40).contains(&corpus.word), "{}", corpus.word);
    let read = corpus.read([0, 8].into_iter());
    assert_eq!(read.len(), 2 * corpus.word);
    // The same shoes in red and in blue.
    let differ = read[..corpus.word].iter().zip(&read[corpus.word..]).filter(|(a, b)| a != b);
    assert_eq!(differ.count(), 2);
    let config = YandexConfig { word: corpus.word, ..config() };
    let mut losses = Vec::new();
    let mut watch = |_, _, loss| losses.push(loss);
    let progress = Progress { checkpoint: None, watch: &mut watch };
    pretrain(init(&config, 1), &config, &corpus, &settings, progress).unwrap();
    assert!(losses[losses.len() - 1] < losses[0] - 0.2, "{losses:?}");
}

#[test]
fn a_run_that_was_stopped_ends_where_an_unbroken_one_does() {
    let corpus = corpus(40, Reading::Vectors);
    let about = About {
        format: FORMAT,
        model: "yandex".into(),
        market_seed: 1,
        command: String::new(),
        config: serde_json::Value::Null,
    };
    let path = std::env::temp_dir().join(format!("vitrine-yandex-{}", std::process::id()));
    let (whole, stopped) = (path.join("whole"), path.join("stopped"));
    let run = |folder: &Path, watch: &mut dyn FnMut(usize, usize, f32)| {
        let checkpoint = Checkpoint::new(folder);
        let progress = Progress { checkpoint: Some((&checkpoint, &about)), watch };
        let tuned =
            fine_tune(init(&config(), 1), &config(), &corpus, &settings(3), progress).unwrap();
        Weights::of(&tuned, about.clone()).unwrap().arrays
    };
    // What lies on the disk at the first step of the second epoch is what a run that is stopped
    // there leaves behind.
    let unbroken = run(&whole, &mut |step, _, _| {
        if step == 2 {
            copy(&whole, &stopped);
        }
    });
    let mut steps = Vec::new();
    let resumed = run(&stopped, &mut |step, _, _| steps.push(step));
    assert_eq!(steps, [2, 3, 4, 5]);
    assert_eq!(resumed, unbroken);
    std::fs::remove_dir_all(path).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn the_papers_sizes_learn_in_one_step_of_each_stage() {
    let corpus = corpus(8, Reading::Vectors);
    let (config, settings) = (YandexConfig::paper(), settings(1));
    let mut losses = Vec::new();
    let start = init(&config, 1);
    let nowhere = Progress { checkpoint: None, watch: &mut |_, _, loss| losses.push(loss) };
    let pretrained = pretrain(start.clone(), &config, &corpus, &settings, nowhere).unwrap();
    let nowhere = Progress { checkpoint: None, watch: &mut |_, _, loss| losses.push(loss) };
    let tuned = fine_tune(pretrained.clone(), &config, &corpus, &settings, nowhere).unwrap();
    assert!(losses.len() == 2 && losses.iter().all(|loss: &f32| loss.is_finite()), "{losses:?}");
    // Each stage has scalars of its own.
    let (same, numbers) = still(&start, &pretrained);
    assert_eq!(numbers, 8_184_093);
    let may_be = |name: &String| name.starts_with("loss.") || name.starts_with("context.");
    assert!(same.iter().all(may_be), "{same:?}");
    let (same, _) = still(&pretrained, &tuned);
    assert!(same.iter().all(|name| name.starts_with("loss.")), "{same:?}");
}
