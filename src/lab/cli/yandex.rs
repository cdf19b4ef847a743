//! `vitrine train yandex`.

mod score;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use training::device::device;

use super::market::{Market, Networks, bar, command_line};
use super::sub::sub;
use crate::system::System;
use crate::tables;
use market::World;
use nets::models::weights::{About, Precision, Weights};
use nets::models::yandex::retriever::{FILE, MODEL, PRETRAINED_FILE, Retriever};
use nets::models::yandex::{WebQueries, Yandex, YandexConfig};
use training::checkpoint::Checkpoint;
use training::people::People;
use training::yandex::data::{Corpus, Reading};
use training::yandex::evaluate::Metrics;
use training::yandex::groups::Rates;
use training::yandex::insides::attention;
use training::yandex::samples::Options;
use training::yandex::{Progress, Settings, Stage, fine_tune, init, pretrain};

/// What is done with Yandex's towers here.
pub static SYSTEM: System = System {
    key: "yandex",
    train: sub!("yandex", "The retriever of the feed", Training, train),
    evaluate: &[],
    score: score::score,
    tables: tables::yandex::TABLES,
    claims: tables::yandex::claims::CLAIMS,
    studies: &[],
    measured: |market, tested| {
        Ok(Box::new(tables::yandex::Yandex::new(market.world(), market.words()?, tested)))
    },
};

/// How web-search queries get into the user tower.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Web {
    /// Not at all.
    None,
    /// Fused with the behaviour in the shop.
    Fused,
    /// By a transformer of their own.
    Separate,
}

impl From<Web> for WebQueries {
    fn from(web: Web) -> Self {
        match web {
            Web::None => WebQueries::None,
            Web::Fused => WebQueries::Fused,
            Web::Separate => WebQueries::Separate,
        }
    }
}

/// What to train.
#[derive(Debug, Args)]
pub struct Training {
    #[command(flatten)]
    market: Market,
    /// Most behaviours that are read: if not said, as many as the preset has.
    #[arg(long)]
    history: Option<usize>,
    /// How web-search queries are read.
    #[arg(long, value_enum, default_value = "fused")]
    web_queries: Web,
    /// Learn without the context tower.
    #[arg(long)]
    no_context: bool,
    /// Times that every shopper-day is seen in the first stage; 0 leaves the stage out.
    #[arg(long, default_value_t = Settings::default().pretraining.epochs)]
    epochs: usize,
    /// Times that every shopper-day is seen in the second stage.
    #[arg(long, default_value_t = Settings::default().fine_tuning.epochs)]
    tuning_epochs: usize,
    /// Adam's step size in the first stage, for all but the scalars of the losses.
    #[arg(long, default_value_t = Settings::default().pretraining.rates.transformer)]
    rate: f64,
    /// Adam's step size in the second stage, for all but the scalars of the losses.
    #[arg(long, default_value_t = Settings::default().fine_tuning.rates.transformer)]
    tuning_rate: f64,
    /// Fine-tune on the page views of searches too.
    #[arg(long)]
    searches: bool,
    /// Weight of the pointwise loss.
    #[arg(long, default_value_t = Settings::default().objective.pointwise_weight)]
    pointwise_weight: f32,
    /// Share of the shoppers that are trained on.
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    networks: Networks,
}

/// The market and its samples.
fn gather(market: &Market, change: impl FnOnce(&mut Options)) -> Result<(World, Corpus)> {
    let world = market.world();
    let mut options = Options::new(world.config.days);
    change(&mut options);
    let progress = bar(u64::from(world.config.shoppers), "shoppers", "logs")?;
    let (words, people) = (market.words()?, People::of_log(&world));
    let corpus = Corpus::gather(&world, &words, Reading::Vectors, &options, &people, || {
        progress.inc(1);
    });
    progress.finish_and_clear();
    let samples = &corpus.samples;
    println!(
        "{} shopper-days to pre-train on, {} to fine-tune on, {} to test on",
        samples.pretraining.len(),
        samples.fine_tuning.len(),
        samples.test.len()
    );
    Ok((world, corpus))
}

/// A variant of the model, and how to train it.
struct Run<'a> {
    config: &'a YandexConfig,
    settings: &'a Settings,
    corpus: &'a Corpus,
    /// Folder of the checkpoints; it is removed at the end.
    checkpoints: PathBuf,
    about: About,
}

impl Run<'_> {
    fn pretrain(&self) -> Result<Yandex> {
        let Self { config, settings, corpus, .. } = *self;
        let days = corpus.samples.pretraining.len();
        let model = init(config, settings.seed);
        self.stage("pre-training", &settings.pretraining, days, |progress| {
            pretrain(model, config, corpus, settings, progress)
        })
    }

    fn fine_tune(&self, pretrained: Yandex) -> Result<Yandex> {
        let Self { config, settings, corpus, .. } = *self;
        let days = corpus.samples.fine_tuning.len();
        self.stage("fine-tuning", &settings.fine_tuning, days, |progress| {
            fine_tune(pretrained, config, corpus, settings, progress)
        })
    }

    /// Removes the checkpoints: both stages are done.
    fn finish(&self) -> Result<()> {
        match self.checkpoints.exists() {
            true => std::fs::remove_dir_all(&self.checkpoints).context("removing the checkpoints"),
            false => Ok(()),
        }
    }

    /// One stage, with its checkpoint and a bar.
    fn stage(
        &self,
        name: &str,
        stage: &Stage,
        days: usize,
        run: impl FnOnce(Progress<'_>) -> Result<Yandex>,
    ) -> Result<Yandex> {
        let steps = stage.epochs * days.div_ceil(stage.batch);
        let bar = bar(steps as u64, "steps", name)?;
        let mut mean = None;
        let checkpoint = Checkpoint::new(self.checkpoints.join(name));
        let model = run(Progress {
            checkpoint: Some((&checkpoint, &self.about)),
            watch: &mut |step, _, loss| {
                let smooth = mean.map_or(loss, |mean| 0.98 * mean + 0.02 * loss);
                mean = Some(smooth);
                bar.set_message(format!("{name}, loss {smooth:.4}"));
                bar.set_position(step as u64 + 1);
            },
        })?;
        bar.finish_and_clear();
        if let Some(loss) = mean {
            println!("{name:<12} {steps} steps, loss {loss:.4}, {:.0?}", bar.elapsed());
        }
        Ok(model)
    }
}

/// Trains both stages, says how well each does on the held-out days and writes their weights.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn train(arguments: &Training) -> Result<()> {
    let (world, corpus) = gather(&arguments.market, |options| {
        (options.share, options.searches) = (arguments.share, arguments.searches);
    })?;
    let sizes = arguments.networks.preset().of(YandexConfig::playground(), YandexConfig::paper());
    let config = YandexConfig {
        history: arguments.history.unwrap_or(sizes.history),
        web_queries: arguments.web_queries.into(),
        ..sizes
    };
    let mut settings = Settings { seed: arguments.seed, ..Settings::default() };
    settings.pretraining.epochs = arguments.epochs;
    settings.fine_tuning.epochs = arguments.tuning_epochs;
    let rates = |rate, stage: &Stage| Rates::new(rate, stage.rates.loss);
    settings.pretraining.rates = rates(arguments.rate, &settings.pretraining);
    settings.fine_tuning.rates = rates(arguments.tuning_rate, &settings.fine_tuning);
    settings.objective.context_debiasing = !arguments.no_context;
    settings.objective.pointwise_weight = arguments.pointwise_weight;
    let folder = arguments.networks.folder()?;
    let about = About::new(MODEL, world.config.seed, command_line(), &config)?;
    let run = Run {
        config: &config,
        settings: &settings,
        corpus: &corpus,
        checkpoints: folder.join(FILE).with_extension("checkpoints"),
        about,
    };
    let pretrained = run.pretrain()?;
    let tuned = run.fine_tune(pretrained.clone())?;
    run.finish()?;
    // What is measured is what was written, rounded.
    let mut served = None;
    let mut rows = vec![
        ("chance", Metrics::of_chance(&corpus)),
        ("true attraction", Metrics::of_truth(&corpus)),
    ];
    for (name, file, model) in
        [("pre-trained", PRETRAINED_FILE, &pretrained), ("fine-tuned", FILE, &tuned)]
    {
        let bytes = write(&folder.join(file), model, &run.about)?;
        let retriever = Retriever::load(&bytes, &corpus.titles(), &device())?;
        rows.push((name, Metrics::of(&retriever, &corpus)?));
        let [of_vector, of_first] = attention(retriever.model(), &config, &corpus);
        println!("{name}, attention over behaviour, by v_u: {of_vector}");
        println!("by the score of the first product: {of_first}");
        served = Some(retriever);
    }
    if let Some(retriever) = served {
        // As the playground serves: every page view knows what was done before it.
        let (_, known) = gather(&arguments.market, |options| {
            options.share = 0.0;
            options.delay = 0;
        })?;
        rows.push(("without delay", Metrics::of(&retriever, &known)?));
    }
    println!("held-out days, page views of the feed:");
    for (name, metrics) in rows {
        println!("{name:<16} {metrics}");
    }
    Ok(())
}

/// Writes weights as they are shipped; gives back the file.
fn write(path: &Path, model: &Yandex, about: &About) -> Result<Vec<u8>> {
    let bytes = Weights::of(model, about.clone())?.to_bytes(Precision::Int8)?;
    std::fs::write(path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    println!("{} {} kB", path.display(), bytes.len() / 1000);
    Ok(bytes)
}
