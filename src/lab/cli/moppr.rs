//! `vitrine train moppr` and `vitrine evaluate moppr`.

pub mod evaluate;
pub mod gmv;
mod score;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::bars::Bars;
use super::market::{Market, Networks, bar, command_line};
use super::{coarse_ranker, sub::sub};
use crate::system::System;
use crate::tables;
use crate::tables::moppr::{ONLINE, trained};
use nets::models::moppr::Moppr;
use nets::models::moppr::objectives::{OBJECTIVES, Objectives};
use nets::models::moppr::retriever::{DIFFERENCE, MODEL};
use nets::models::query_category::MODEL as QUERY_CATEGORY;
use nets::models::weights::{About, Precision, Weights};
use training::moppr::Settings;
use training::moppr::evaluate::Quality;
use training::moppr::insides::attention;
use training::moppr::lab::Lab;
use training::moppr::samples::Options;
use training::people::People;

/// What is done with MOPPR here.
pub static SYSTEM: System = System {
    key: "moppr",
    train: sub!("moppr", "The retriever", Training, train),
    evaluate: &[
        sub!(
            "moppr",
            "The retriever: against BM25, and over the weights of its objectives",
            evaluate::Arguments,
            evaluate::run
        ),
        sub!("gmv", "The retriever: whether expected GMV comes true", gmv::Arguments, gmv::run),
    ],
    score: score::score,
    tables: tables::moppr::TABLES,
    claims: tables::moppr::claims::CLAIMS,
    studies: &[&coarse_ranker::STUDY],
    measured: |market, tested| {
        Ok(Box::new(tables::moppr::Moppr::new(market.config(), market.words()?, tested)))
    },
};

/// How to train.
#[derive(Clone, Debug, Args)]
pub struct How {
    #[command(flatten)]
    market: Market,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that every page view is seen in common training.
    #[arg(long, default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Times that every page view is seen by each copy tuned to one objective.
    #[arg(long, default_value_t = 20)]
    tuning_epochs: usize,
    /// Page views a step.
    #[arg(long, default_value_t = Settings::default().batch)]
    batch: usize,
    /// Adagrad's learning rate in common training.
    #[arg(long, default_value_t = Settings::default().rate)]
    rate: f64,
    /// Where Adagrad's sums of squares start: 0.1 in TensorFlow.
    #[arg(long, default_value_t = Settings::default().accumulator)]
    accumulator: f32,
    /// Adagrad's learning rate for the copies.
    #[arg(long, default_value_t = 0.003)]
    tuning_rate: f64,
    /// Folder in which unfinished training is kept, to go on from.
    #[arg(long, default_value = "target/training/moppr")]
    checkpoints: PathBuf,
}

impl How {
    fn settings(&self) -> Settings {
        Settings {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            accumulator: self.accumulator,
            seed: self.seed,
            ..Settings::default()
        }
    }

    fn tuning(&self) -> Settings {
        Settings { epochs: self.tuning_epochs, rate: self.tuning_rate, ..self.settings() }
    }

    fn lab(&self, options: &Options) -> Result<Lab> {
        let world = self.market.world();
        let progress = bar(2 * u64::from(world.config.shoppers), "shoppers", "logs")?;
        let words = self.market.words()?;
        let people = People::of_log(&world);
        let mut lab = Lab::new(world, words, options, people, || progress.inc(1))?;
        progress.finish_and_clear();
        lab.checkpoints = Some(self.checkpoints.clone());
        println!(
            "{} page views to train on, {} to test on",
            lab.data.training.len(),
            lab.data.test.len()
        );
        Ok(lab)
    }
}

/// What to train and where to write it.
#[derive(Debug, Args)]
pub struct Training {
    #[command(flatten)]
    how: How,
    /// Train what the papers' tables hold MOPPR against in place of what ships, as they train it and
    /// without copies for the sliders: the arms of online tests (docs/ab.md).
    #[arg(long, value_parser = ONLINE, conflicts_with_all = SETTINGS, requires = "out")]
    variant: Option<String>,
    #[command(flatten)]
    networks: Networks,
}

/// What a variant of the tables has settings of its own for.
const SETTINGS: [&str; 7] =
    ["epochs", "tuning_epochs", "batch", "rate", "accumulator", "tuning_rate", "preset"];

/// Trains the category predictor, the towers on all objectives, and a copy of the towers for each
/// objective; writes them and says how well they do on the held-out day.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn train(arguments: &Training) -> Result<()> {
    let how = &arguments.how;
    if let Some(variant) = &arguments.variant {
        return train_variant(how, variant, &arguments.networks.folder()?);
    }
    let mut lab = how.lab(&Options::playground())?;
    lab.preset = arguments.networks.preset();
    println!("{:?}", lab.category_quality);
    let mut bars = Bars::new()?;
    let mut watch = |name: &str, step, steps, loss| bars.show(name, step, steps, loss);
    let base = lab.base("base", &how.settings(), &mut watch)?;
    let objectives = lab.copies(&base, &how.tuning(), &mut watch)?;
    let about = lab.about(MODEL, &command_line())?;
    let shipped = write(&lab, &base, &objectives, about, &arguments.networks.folder()?)?;
    print!("{}", evaluate::header("retriever"));
    print!("{}", evaluate::row("BM25 over titles", &[lab.evaluate_lexical()]));
    print!("{}", evaluate::row("common training", &[lab.evaluate(&base)?]));
    print!("{}", evaluate::row("mean of the copies, as written", &[lab.evaluate(&shipped)?]));
    let [of_vector, of_first] = attention(&shipped, lab.corpus(&lab.data.test));
    println!("attention over behaviour, by H_uq: {of_vector}");
    println!("by the score of the first product: {of_first}");
    Ok(())
}

/// Trains a variant of the tables, and writes it where MOPPR is read from.
fn train_variant(how: &How, name: &str, folder: &Path) -> Result<()> {
    let lab = how.lab(&Options::training())?;
    let mut bars = Bars::new()?;
    let mut watch = |step, steps, loss| bars.show(name, step, steps, loss);
    let (config, model) = trained(&lab, name, how.seed, &mut watch)?;
    let about = About::new(MODEL, lab.world.config.seed, command_line(), &config)?;
    // No slider changes anything: the copies are all the same.
    let towers = Weights::of(&model.towers, about.clone())?;
    let objectives = Objectives::of_copies(&std::array::from_fn(|_| towers.clone()))?;
    let written = write(&lab, &model, &objectives, about, folder)?;
    print!("{}", evaluate::header("retriever"));
    print!("{}", evaluate::row(name, &[lab.evaluate(&written)?]));
    Ok(())
}

fn quality_at(
    lab: &Lab,
    base: &Moppr,
    objectives: &Objectives,
    sliders: [f32; OBJECTIVES.len()],
) -> Result<Quality> {
    lab.evaluate(&lab.mixed(base, objectives, sliders)?)
}

/// Writes the files that the browser loads. Gives back the model as it is written, rounded.
fn write(
    lab: &Lab,
    base: &Moppr,
    objectives: &Objectives,
    about: About,
    folder: &Path,
) -> Result<Moppr> {
    let file = |name: &str, weights: &Weights, precision| {
        let path = folder.join(name).with_extension("safetensors");
        let bytes = weights.to_bytes(precision)?;
        println!("{}: {} kB", path.display(), bytes.len() / 1000);
        std::fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
        anyhow::Ok(bytes)
    };
    let mean = lab.mixed(base, objectives, [0.0; OBJECTIVES.len()])?;
    let written = file(MODEL, &Weights::of(&mean, about.clone())?, Precision::Int8)?;
    for (name, difference) in OBJECTIVES.iter().zip(objectives.differences().into_iter().flatten())
    {
        let about = About { model: format!("{DIFFERENCE}{name}"), ..about.clone() };
        let difference = Weights { about, ..difference.clone() };
        file(&format!("{MODEL}-{name}"), &difference, Precision::Int8)?;
    }
    let (network, config) = &lab.categories;
    let config = serde_json::to_value(config)?;
    let about = About { model: QUERY_CATEGORY.into(), config, ..about };
    file(QUERY_CATEGORY, &Weights::of(network, about)?, Precision::F16)?;
    Ok(Weights::from_bytes(&written, MODEL)?.apply(mean)?)
}
