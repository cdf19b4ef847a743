//! `vitrine train mlpr` and `vitrine evaluate mlpr`.

pub mod evaluate;
mod score;
mod times;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;

use super::market::{Chance, Market, Networks, bar, command_line};
use super::sub::sub;
use crate::system::System;
use crate::tables;

use market::World;
use market::features::wide;
use market::text::TokenVectors;
use nets::models::mlpr::bert::{Bert, Text};
use nets::models::mlpr::ranker::{MODEL, Ranker};
use nets::models::mlpr::{K, MlprConfig, TASKS};
use nets::models::query_category::CategoryPredictor;
use nets::models::weights::{About, Precision, Weights};
use training::checkpoint::Checkpoint;
use training::device::device;
use training::mlpr::data::Data;
use training::mlpr::evaluate::{by_block, experts, scores};
use training::mlpr::library::Library;
use training::mlpr::samples::FEW;

use training::mlpr::{BALANCE, Settings, Weighting, engagement, masked, train as train_mlpr};

/// What is done with MLPR here.
pub static SYSTEM: System = System {
    key: "mlpr",
    train: sub!("mlpr", "The other ranker, for search", Training, train),
    evaluate: &[sub!(
        "mlpr",
        "The other ranker: the time it takes",
        evaluate::Arguments,
        evaluate::run
    )],
    score: score::score,
    tables: tables::mlpr::TABLES,
    claims: tables::mlpr::claims::CLAIMS,
    studies: &[&times::STUDY],
    measured: |market, _| {
        let (world, words) = (market.world(), market.words()?);
        Ok(Box::new(tables::mlpr::Mlpr::new(world, words, &market.predictor()?)?))
    },
};

/// What to train.
#[derive(Debug, Args)]
pub struct Training {
    #[command(flatten)]
    market: Market,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that every query is seen by the multi-task training.
    #[arg(long, default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Adam's step size in the multi-task training.
    #[arg(long, default_value_t = Settings::default().rate)]
    rate: f64,
    /// Fixed weights of the tasks, click, cart and order, as in "1,4,16"; else each is weighed by its
    /// uncertainty.
    #[arg(long, value_parser = weights)]
    lambda: Option<[f32; K]>,
    /// Weight of the loss that keeps all experts in use.
    #[arg(long, default_value_t = BALANCE)]
    balance: f32,
    #[command(flatten)]
    chance: Chance,
    #[command(flatten)]
    networks: Networks,
}

/// A weight for each task.
fn weights(text: &str) -> Result<[f32; K], String> {
    let weights: Option<Vec<f32>> =
        text.split(',').map(|weight| weight.trim().parse().ok()).collect();
    let is_weight = |weight: &f32| weight.is_finite() && *weight >= 0.0;
    let weights = weights.filter(|weights| weights.iter().all(is_weight));
    let weights = weights.and_then(|weights| weights.try_into().ok());
    weights.ok_or_else(|| "not three weights, click, cart and order, none below 0".into())
}

/// The market, its words, and the pairs of its log.
pub(crate) struct Gathered {
    pub world: World,
    pub words: TokenVectors,
    pub data: Data,
    pub predictor: CategoryPredictor,
}

/// Generates the market and makes the pairs: see [`Data::gather`].
///
/// # Errors
/// Where a file cannot be read.
pub(crate) fn gather(market: &Market) -> Result<Gathered> {
    let world = market.world();
    let words = market.words()?;
    let file = market.predictor()?;
    let types = world.catalogue.product_types.len();
    let predictor = CategoryPredictor::load(&file, types, &Device::flex())?;
    let progress = bar(2 * u64::from(world.config.shoppers), "shoppers", "logs")?;
    let data = Data::gather(&world, &words, &predictor, || progress.inc(1))?;
    progress.finish_and_clear();
    println!(
        "pairs shown more than {FEW} times: {} of {} queries to train on, {} to choose by, {} to \
         test on",
        data.training.len(),
        data.training.queries.len(),
        data.validation.len(),
        data.test.len()
    );
    Ok(Gathered { world, words, data, predictor })
}

/// Shows how far a training is, with its loss.
fn watched<T>(
    message: &str,
    run: impl FnOnce(&mut dyn FnMut(usize, usize, f32)) -> Result<T>,
) -> Result<T> {
    let bar = bar(0, "steps", message)?;
    let mut mean = None;
    let start = Instant::now();
    let result = run(&mut |step, steps, loss| {
        let smooth = mean.map_or(loss, |mean| 0.98 * mean + 0.02 * loss);
        mean = Some(smooth);
        bar.set_length(steps as u64);
        bar.set_message(format!("{message}, loss {smooth:.4}"));
        bar.set_position(step as u64 + 1);
    })?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    println!("{message}: {seconds:.0} s, loss {:.4}", mean.unwrap_or(f32::NAN));
    Ok(result)
}

/// Runs a training with a checkpoint in this folder, which is removed at the end.
fn resumable<T>(folder: &Path, run: impl FnOnce(&Checkpoint) -> Result<T>) -> Result<T> {
    let result = run(&Checkpoint::new(folder))?;
    std::fs::remove_dir_all(folder).context("removing the checkpoint")?;
    Ok(result)
}

/// The encoders: pre-trained on the shop's text, then tuned to engagement.
fn encoders(
    gathered: &Gathered,
    library: &Library<'_>,
    seed: u64,
    about: &About,
    file: &Path,
) -> Result<Bert> {
    let queries = library.queries(&gathered.data.training.queries);
    let texts: Vec<&Text> = library.products.iter().chain(&queries).collect();
    let settings = masked::Settings { seed, ..masked::Settings::default() };
    let stage = |name: &str, settings: String| {
        (file.with_extension(name), About { command: settings, ..about.clone() })
    };
    let (folder, of) = stage("masked.checkpoint", format!("{} {settings:?}", about.command));
    let bert = resumable(&folder, |checkpoint| {
        watched("masked words", |watch| {
            masked::train(library, &texts, &settings, Some((checkpoint, &of)), watch)
        })
    })?;
    let settings = engagement::Settings { seed, ..engagement::Settings::default() };
    let (folder, of) = stage("engagement.checkpoint", format!("{} {settings:?}", about.command));
    let training = &gathered.data.training;
    resumable(&folder, |checkpoint| {
        watched("engagement", |watch| {
            let checkpoint = Some((checkpoint, &of));
            engagement::train(bert, library, training, &settings, checkpoint, watch)
        })
    })
}

/// Trains one model, says how well it does on pairs that it has not seen and writes its weights.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn train(arguments: &Training) -> Result<()> {
    let gathered = gather(&arguments.market)?;
    let shipped = arguments
        .networks
        .preset()
        .of(MlprConfig::playground(wide::COUNT), MlprConfig::paper(wide::COUNT));
    let dropout = arguments.chance.dropout.unwrap_or(shipped.dropout);
    let config = MlprConfig { dropout, ..shipped };
    let settings = Settings {
        epochs: arguments.epochs,
        rate: arguments.rate,
        balance: arguments.balance,
        noise: arguments.chance.noise,
        weighting: arguments.lambda.map_or(Weighting::Uncertainty, Weighting::Fixed),
        seed: arguments.seed,
        ..Settings::default()
    };
    let file = arguments.networks.folder()?.join(MODEL).with_extension("safetensors");
    let seed = gathered.world.config.seed;
    let about = About::new(MODEL, seed, command_line(), &config)?;
    let library = Library::new(&gathered.world.catalogue, &gathered.words, config.bert);
    let bert = encoders(&gathered, &library, arguments.seed, &about, &file)?;
    let model = resumable(&file.with_extension("checkpoint"), |checkpoint| {
        watched("three tasks", |watch| {
            let training = &gathered.data.training;
            let checkpoint = Some((checkpoint, &about));
            train_mlpr(&config, &bert, &library, training, &settings, checkpoint, watch)
        })
    })?;
    let bytes = Weights::of(&model, about)?.to_bytes(Precision::Int8)?;
    std::fs::write(&file, &bytes).with_context(|| format!("writing {}", file.display()))?;
    println!("{} {} kB", file.display(), bytes.len() / 1000);

    // What is measured is what was written, rounded.
    let ranker = Ranker::load(&bytes, &gathered.world.catalogue, &device())?;
    let Data { validation, test, .. } = &gathered.data;
    let [chosen_by, tested] =
        [validation, test].map(|pairs| by_block(pairs, &scores(ranker.model(), &library, pairs)));
    println!("{:<14} validation    test", "");
    for (chosen_by, tested) in chosen_by.iter().zip(&tested) {
        let [validation, test] = [chosen_by, tested].map(|f| f.whole.unwrap_or(f64::NAN));
        println!("{:<14} {validation:>10.4} {test:>7.4}", tested.name);
    }
    for (stage, used) in experts(ranker.model(), &library, validation) {
        print!("{stage}\n{}", used.lines(&TASKS));
    }
    for candidates in [100, 1000] {
        println!("{}", times::of_ranker(&gathered, &ranker, candidates)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_for_each_task_is_read_and_nothing_else() {
        assert_eq!(weights("1, 4,0.5"), Ok([1.0, 4.0, 0.5]));
        for wrong in ["", "1,4", "1,4,16,64", "1,-4,16", "1,NaN,16", "1,inf,16", "1,much,16"] {
            assert!(weights(wrong).is_err_and(|said| said.contains("three weights")), "{wrong}");
        }
    }
}
