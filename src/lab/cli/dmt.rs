//! `vitrine train dmt` and `vitrine evaluate dmt`.

pub mod evaluate;
mod report;
mod score;

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};

use super::market::{Chance, Market, Networks, bar, command_line};
use super::sub::sub;
use crate::system::System;
use crate::tables;
use market::World;
use market::features::dense;
use nets::models::dmt::ranker::{MODEL, Ranker, file_name};
use nets::models::dmt::{Dmt, DmtConfig, Interest, SEQUENCES};
use nets::models::query_category::CategoryPredictor;
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{About, Precision, Weights};
use systems::dmt::{BiasFeatures, MultiTask};
use training::checkpoint::Checkpoint;
use training::device::device;
use training::dmt::cold_start::{EVALUATED, SHARE};
use training::dmt::data::{Data, Pages};
use training::dmt::evaluate::{Crowded, Expected, Metrics, by_crowd};
use training::dmt::insides::Insides;
use training::dmt::{Settings, train as train_dmt};
use training::people::People;

/// What is done with DMT here.
pub static SYSTEM: System = System {
    key: "dmt",
    train: sub!("dmt", "The ranker", Training, train),
    evaluate: &[sub!(
        "dmt",
        "The ranker: against the truth behind the clicks",
        evaluate::Arguments,
        evaluate::run
    )],
    score: score::score,
    tables: tables::dmt::TABLES,
    claims: tables::dmt::claims::CLAIMS,
    studies: &[&tables::dmt::repurchase::STUDY, &tables::dmt::gates::STUDY],
    measured: |market, tested| {
        let (world, words) = (market.world(), market.words()?);
        Ok(Box::new(tables::dmt::Dmt::new(world, words, &market.predictor()?, tested)?))
    },
};

/// How tasks share parameters.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sharing {
    /// Multi-gate mixture of experts.
    Mmoe,
    /// One bottom under both tasks.
    SharedBottom,
    /// A network for each task.
    SingleTask,
}

impl From<Sharing> for MultiTask {
    fn from(sharing: Sharing) -> Self {
        match sharing {
            Sharing::Mmoe => MultiTask::Mmoe,
            Sharing::SharedBottom => MultiTask::SharedBottom,
            Sharing::SingleTask => MultiTask::SingleTask,
        }
    }
}

/// What makes an interest of a sequence: what DMT has, or what a baseline of table 1 has.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Reader {
    /// A transformer.
    Transformer,
    /// The mean, as DNN.
    Mean,
    /// An activation unit, as DIN.
    Activation,
    /// Two GRUs, as DIEN.
    Evolution,
}

impl From<Reader> for Interest {
    fn from(reader: Reader) -> Self {
        match reader {
            Reader::Transformer => Interest::Transformer,
            Reader::Mean => Interest::Mean,
            Reader::Activation => Interest::Activation,
            Reader::Evolution => Interest::Evolution,
        }
    }
}

/// A feature of the bias network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BiasFeature {
    /// No bias network.
    None,
    /// Index on the list.
    Position,
    /// Page.
    Page,
    /// Categories of the neighbours.
    Neighbours,
}

/// A sequence that DMT reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sequence {
    /// What was clicked.
    Clicks,
    /// What was put in the cart.
    Carts,
    /// What was ordered.
    Orders,
}

impl Sequence {
    /// All, in the order of the model's.
    const ALL: [Self; SEQUENCES] = [Self::Clicks, Self::Carts, Self::Orders];
}

/// What to train.
#[derive(Debug, Args)]
pub struct Training {
    #[command(flatten)]
    market: Market,
    /// How tasks share parameters.
    #[arg(long, value_enum, default_value = "mmoe")]
    multi_task: Sharing,
    /// What the bias network reads.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "position,neighbours")]
    bias: Vec<BiasFeature>,
    /// What makes an interest of a sequence.
    #[arg(long, value_enum, default_value = "transformer")]
    interest: Reader,
    /// Sequences that are left out: they count as empty for everyone.
    #[arg(long, value_enum, value_delimiter = ',')]
    without: Vec<Sequence>,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that every page view is seen.
    #[arg(long, default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Adam's step size.
    #[arg(long, default_value_t = Settings::default().rate)]
    rate: f64,
    /// lambda of the order task; that of the click task is 1.
    #[arg(long, default_value_t = Settings::default().lambda[1])]
    lambda_order: f32,
    /// Weight of the loss that keeps all experts in use.
    #[arg(long, default_value_t = Settings::default().balance)]
    balance: f32,
    #[command(flatten)]
    chance: Chance,
    /// Share of the page views that lose some or all of the shopper's history, so that the model
    /// has seen newcomers.
    #[arg(long, default_value_t = SHARE, value_parser = share)]
    cold_start: f64,
    #[command(flatten)]
    networks: Networks,
}

/// A share, from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("not from 0 to 1".into()) }
}

fn bias_features(features: &[BiasFeature]) -> BiasFeatures {
    BiasFeatures {
        position: features.contains(&BiasFeature::Position),
        page: features.contains(&BiasFeature::Page),
        neighbours: features.contains(&BiasFeature::Neighbours),
    }
}

/// The market and its page views, with queries read as serving reads them.
fn gather(market: &Market, pages: Pages) -> Result<(World, Data)> {
    let world = market.world();
    let file = market.predictor()?;
    let types = world.catalogue.product_types.len();
    let predictor = CategoryPredictor::load(&file, types, &Device::flex())?;
    let progress = bar(2 * u64::from(world.config.shoppers), "shoppers", "logs")?;
    let words = market.words()?;
    let people = People::of_log(&world);
    let data = Data::gather(&world, &words, &predictor, pages, &people, || progress.inc(1))?;
    progress.finish_and_clear();
    println!("{} page views to train on, {} to test on", data.training.len(), data.test.len());
    Ok((world, data))
}

/// A variant of DMT, and how to train it.
struct Run<'a> {
    config: &'a DmtConfig,
    settings: &'a Settings,
    /// Folder of the checkpoint; it is removed at the end.
    checkpoint: PathBuf,
    about: About,
}

impl Run<'_> {
    fn train(&self, world: &World, data: &Data) -> Result<Dmt> {
        let steps = self.settings.epochs * data.training.len().div_ceil(self.settings.batch);
        let bar = bar(steps as u64, "steps", "")?;
        let mut mean = None;
        let checkpoint = Checkpoint::new(&self.checkpoint);
        let model = train_dmt(
            self.config,
            &data.training,
            &world.catalogue,
            self.settings,
            Some((&checkpoint, &self.about)),
            |step, _, loss| {
                let smooth = mean.map_or(loss, |mean| 0.98 * mean + 0.02 * loss);
                mean = Some(smooth);
                bar.set_message(format!("loss {smooth:.4}"));
                bar.set_position(step as u64 + 1);
            },
        )?;
        bar.finish_and_clear();
        std::fs::remove_dir_all(&self.checkpoint).context("removing the checkpoint")?;
        Ok(model)
    }
}

/// Trains one model, says how well it does on the held-out day and writes its weights.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn train(arguments: &Training) -> Result<()> {
    let (world, data) =
        gather(&arguments.market, Pages { cold_start: arguments.cold_start, ..Pages::PLAYGROUND })?;
    let sizes = [DmtConfig::playground, DmtConfig::paper];
    let [playground, paper] = sizes.map(|of| of(Vocabulary::of(&world.catalogue), dense::COUNT));
    let config = DmtConfig {
        multi_task: arguments.multi_task.into(),
        bias: bias_features(&arguments.bias),
        interest: arguments.interest.into(),
        left_out: Sequence::ALL.map(|sequence| arguments.without.contains(&sequence)),
        ..arguments.networks.preset().of(playground, paper)
    };
    let settings = Settings {
        epochs: arguments.epochs,
        rate: arguments.rate,
        lambda: [1.0, arguments.lambda_order],
        balance: arguments.balance,
        noise: arguments.chance.noise,
        dropout: arguments.chance.dropout.unwrap_or(Settings::default().dropout),
        seed: arguments.seed,
        ..Settings::default()
    };
    let file = arguments.networks.folder()?.join(file_name(config.multi_task, config.bias));
    let about = About::new(MODEL, world.config.seed, command_line(), &config)?;
    let run = Run {
        config: &config,
        settings: &settings,
        checkpoint: file.with_extension("checkpoint"),
        about: about.clone(),
    };
    let model = run.train(&world, &data)?;
    let bytes = Weights::of(&model, about)?.to_bytes(Precision::Int8)?;
    std::fs::write(&file, &bytes).with_context(|| format!("writing {}", file.display()))?;
    println!("{} {} kB", file.display(), bytes.len() / 1000);

    // What is measured is what was written, rounded.
    let ranker = Ranker::load(&bytes, &world.catalogue, &device())?;
    let metrics = Metrics::of_ranker(&ranker, &data.test, &world.catalogue);
    println!("held-out day    {metrics}");
    println!("without   click AUC  order AUC  clicked  expected  ordered  expected");
    let whole = std::iter::once(("nothing", &data.test));
    let cold = EVALUATED.iter().zip(&data.cold).map(|((name, _), samples)| (*name, samples));
    for (name, samples) in whole.chain(cold) {
        let [click, order] = Expected::of(&ranker, samples, &world.catalogue);
        println!(
            "{name:<8} {:>10.4} {:>10.4} {:>8.4} {:>9.4} {:>8.5} {:>9.5}",
            click.auc, order.auc, click.seen, click.expected, order.seen, order.expected
        );
    }
    print!("{}", Insides::of(&ranker, &data.test, &world.catalogue));
    println!("own neighbours  impressions  clicked  expected without bias  without competition");
    for (own, crowd) in by_crowd(&ranker, &data.test, &world.catalogue).iter().enumerate() {
        let Crowded { impressions, clicked, expected, alone } = crowd;
        println!("{own:>14} {impressions:>12} {clicked:>8.4} {expected:>22.4} {alone:>20.4}");
    }
    for (name, curve) in [("learned", &metrics.bias.learned), ("true", &metrics.bias.truth)] {
        let values: Vec<String> = curve.iter().map(|value| format!("{value:.2}")).collect();
        println!("examination, {name:<7} {}", values.join(" "));
    }
    Ok(())
}
