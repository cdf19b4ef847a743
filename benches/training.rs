//! How fast each system trains on this machine: time of a step and samples a second.
//!
//! `cargo bench --bench training -- dmt moppr yandex mlpr`; without a name, all of them. Batches, models
//! and samples are those that ship, of a market with fewer shoppers: as many as `SHOPPERS` in the
//! environment says. `DESCRIBE=FILE` writes what DMT's steps consist of, for `tests/peers/`, and `BATCH` says
//! how many page views such a step is of.

use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;
use engine::pipeline::stock::{MORE_WORD_VECTORS, WORD_VECTORS, WORDS};
use lab::memory;
use market::features::places::NEIGHBOURHOOD;
use market::features::{dense, wide, windows};
use market::text::TokenVectors;
use market::{MarketConfig, World};
use nets::models::dmt::DmtConfig;
use nets::models::mlpr::MlprConfig;
use nets::models::mlpr::bert::Text;
use nets::models::query_category::{CategoryPredictor, MODEL as QUERY_CATEGORY};
use nets::models::vocabulary::Vocabulary;
use nets::models::yandex::YandexConfig;
use training::mlpr::library::Library;
use training::mlpr::masked;
use training::moppr::lab::Lab;
use training::people::People;
use training::{dmt, mlpr, moppr, yandex};

/// Steps that are not timed: the first ones touch memory for the first time.
const FIRST: usize = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    memory::keep();
    let named: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|other| *other == name);
    let shoppers = from_environment("SHOPPERS").unwrap_or(300);
    let world = World::generate(&MarketConfig { shoppers, ..MarketConfig::default() });
    let words = words()?;
    let types = world.catalogue.product_types.len();
    let file = read(&format!("{QUERY_CATEGORY}.safetensors"))?;
    let predictor = CategoryPredictor::load(&file, types, &Device::flex())?;

    if wanted("dmt") {
        let data = dmt::data::Data::gather(
            &world,
            &words,
            &predictor,
            dmt::data::Pages::PLAYGROUND,
            &People::of_log(&world),
            || (),
        )?;
        let config = DmtConfig::playground(Vocabulary::of(&world.catalogue), dense::COUNT);
        let mut settings = dmt::Settings { epochs: 1, ..dmt::Settings::default() };
        settings.batch = from_environment("BATCH").unwrap_or(settings.batch);
        if let Ok(file) = std::env::var("DESCRIBE") {
            describe(&world, &data.training, &settings, &file)?;
        }
        timed("dmt", data.training.len(), |watch| {
            let samples = &data.training;
            dmt::train(&config, samples, &world.catalogue, &settings, None, watch).map(|_| ())
        })?;
    }
    if wanted("yandex") {
        let options = yandex::samples::Options::new(world.config.days);
        let reading = yandex::data::Reading::Vectors;
        let people = People::of_log(&world);
        let corpus =
            yandex::data::Corpus::gather(&world, &words, reading, &options, &people, || ());
        let config = YandexConfig::playground();
        let mut settings = yandex::Settings::default();
        (settings.pretraining.epochs, settings.fine_tuning.epochs) = (1, 1);
        let mut model = yandex::init(&config, 1);
        timed("yandex pre-training", corpus.samples.pretraining.len(), |watch| {
            let progress = yandex::Progress { checkpoint: None, watch };
            model = yandex::pretrain(model.clone(), &config, &corpus, &settings, progress)?;
            Ok(())
        })?;
        timed("yandex fine-tuning", corpus.samples.fine_tuning.len(), |watch| {
            let progress = yandex::Progress { checkpoint: None, watch };
            yandex::fine_tune(model.clone(), &config, &corpus, &settings, progress).map(|_| ())
        })?;
    }
    if wanted("mlpr") {
        let data = mlpr::data::Data::gather(&world, &words, &predictor, || ())?;
        let config = MlprConfig::playground(wide::COUNT);
        let library = Library::new(&world.catalogue, &words, config.bert);
        let queries = library.queries(&data.training.queries);
        let texts: Vec<&Text> = library.products.iter().chain(&queries).collect();
        let settings = masked::Settings { epochs: 1, ..masked::Settings::default() };
        let mut bert = None;
        timed("mlpr masked words", texts.len(), |watch| {
            bert = Some(masked::train(&library, &texts, &settings, None, watch)?);
            Ok(())
        })?;
        let bert = bert.context("it was trained above")?;
        let settings = mlpr::Settings { epochs: 1, ..mlpr::Settings::default() };
        timed("mlpr three tasks", data.training.len(), |watch| {
            let samples = &data.training;
            mlpr::train(&config, &bert, &library, samples, &settings, None, watch).map(|_| ())
        })?;
    }
    if wanted("moppr") {
        let options = moppr::samples::Options::training();
        let people = People::of_log(&world);
        let lab = Lab::new(world, words, &options, people, || ())?;
        let settings = moppr::Settings { epochs: 1, ..moppr::Settings::default() };
        timed("moppr", lab.data.training.len(), |watch| {
            lab.base("base", &settings, &mut |_, step, steps, loss| watch(step, steps, loss))
                .map(|_| ())
        })?;
    }
    Ok(())
}

/// What the environment says, if it says such a thing.
fn from_environment<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// Writes sizes of the model, and for each step of an epoch the lengths of its page views'
/// sequences and their numbers of impressions.
fn describe(
    world: &World,
    samples: &dmt::samples::Samples,
    settings: &dmt::Settings,
    file: &str,
) -> Result<()> {
    let of_view = |&view: &usize| {
        let [clicks, carts, orders] = [0, 1, 2].map(|n| samples.history(view, n).len());
        [clicks, carts, orders, samples.impressions_of(view).len()]
    };
    let batches = dmt::batches(samples, settings, 0);
    let steps: Vec<Vec<[usize; 4]>> =
        batches.iter().map(|batch| batch.iter().map(of_view).collect()).collect();
    let Vocabulary { products, product_types, brands, shops, .. } =
        Vocabulary::of(&world.catalogue);
    let described = serde_json::json!({
        "sizes": {
            "products": products,
            "product_types": product_types,
            "brands": brands,
            "shops": shops,
            "dense": dense::COUNT,
            "lengths": windows::DMT.map(|window| window.length),
            "neighbourhood": NEIGHBOURHOOD,
        },
        "steps": steps,
    });
    std::fs::write(file, described.to_string()).with_context(|| format!("writing {file}"))
}

/// Runs a training over so many samples, and says how long its steps took.
fn timed(
    name: &str,
    samples: usize,
    run: impl FnOnce(&mut dyn FnMut(usize, usize, f32)) -> Result<()>,
) -> Result<()> {
    let (mut seen, mut all, mut last) = (0, 0, 0.0);
    let (mut started, mut busy) = (Instant::now(), 0.0);
    run(&mut |_, steps, loss| {
        seen += 1;
        (all, last) = (steps, loss);
        if seen == FIRST {
            (started, busy) = (Instant::now(), processor_seconds());
        }
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let timed = (seen - FIRST) as f64;
    println!(
        "{name:<20} {:>8.2} ms a step, {:>8.2} of processor, {:>8.0} samples a second \
         ({seen} steps of {:.0}, loss {last:.4})",
        1e3 * seconds / timed,
        1e3 * (processor_seconds() - busy) / timed,
        timed * samples as f64 / all as f64 / seconds,
        samples as f64 / all as f64
    );
    Ok(())
}

/// Processor time of this program and all its threads so far; nothing where the system does not say.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold blanks: user and system time are the 12th and 13th, in ticks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn read(name: &str) -> Result<Vec<u8>> {
    std::fs::read(format!("assets/{name}")).with_context(|| format!("reading {name}"))
}

fn words() -> Result<TokenVectors> {
    let mut words = TokenVectors::new(&String::from_utf8(read(WORDS)?)?, &read(WORD_VECTORS)?)?;
    words.extend(&read(MORE_WORD_VECTORS)?)?;
    Ok(words)
}
