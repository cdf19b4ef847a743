//! `vitrine evaluate yandex`: the comparisons of the paper's tables, on the generated market.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::report::report;
use super::{Run, about, gather};
use crate::cli::market::Market;
use crate::models::yandex::retriever::Retriever;
use crate::models::yandex::{WebQueries, Yandex, YandexConfig};
use crate::training::yandex::evaluate::Metrics;
use crate::training::yandex::loss::{Objective, Pairwise, Pointwise};
use crate::training::yandex::{Settings, Stage};

/// What to compare.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) market: Market,
    /// Seeds that each variant is trained from.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    pub(super) seeds: Vec<u64>,
    /// Share of the shoppers that are trained on.
    #[arg(long, default_value_t = 0.2)]
    pub(super) share: f64,
    /// Only these variants, by name; the tables then hold what is there.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder of finished results: what is there is not trained again.
    #[arg(long, default_value = "target/evaluate-yandex")]
    work: PathBuf,
    /// File that the tables are written to.
    #[arg(long, default_value = "docs/yandex.md")]
    out: PathBuf,
}

/// A variant with its name in the tables.
#[derive(Clone)]
pub struct Variant {
    /// Name.
    pub name: &'static str,
    /// Sizes and choices of the model.
    pub config: YandexConfig,
    /// How it is trained.
    pub settings: Settings,
}

/// Metrics of each variant from each seed.
pub(super) type Results = BTreeMap<String, Vec<Metrics>>;

/// A finished result, with what it is the result of.
#[derive(Serialize, Deserialize)]
struct Finished {
    of: String,
    metrics: Metrics,
}

/// Behaviours that are read in lines 1, 5 and 9 of table 1, where the paper reads 256, 512 and
/// 1,024.
pub(super) const HISTORIES: [usize; 3] = [32, 64, 128];

/// Every variant of the paper's tables, in the order of table 1.
pub fn variants() -> Vec<Variant> {
    // Each line of table 1 is the one above it with something changed.
    let first = Variant {
        name: "sampled-softmax",
        config: YandexConfig {
            history: HISTORIES[0],
            web_queries: WebQueries::None,
            ..YandexConfig::playground()
        },
        settings: Settings {
            fine_tuning: Stage { epochs: 0, ..Settings::default().fine_tuning },
            objective: Objective {
                pairwise: Pairwise::Plain,
                pointwise: Pointwise::EachSignal,
                pointwise_weight: 1.0,
                context_debiasing: false,
            },
            ..Settings::default()
        },
    };
    let mut lines = vec![first];
    let mut next = |name, change: &dyn Fn(&mut Variant)| {
        let mut variant = Variant { name, ..lines[lines.len() - 1].clone() };
        change(&mut variant);
        lines.push(variant);
    };
    let epochs = Settings::default().fine_tuning.epochs;
    next("two-stage", &|v| v.settings.fine_tuning.epochs = epochs);
    next("calibrated", &|v| v.settings.objective.pairwise = Pairwise::Calibrated);
    next("single-pointwise", &|v| v.settings.objective.pointwise = Pointwise::Clicks);
    next("history-double", &|v| v.config.history = HISTORIES[1]);
    next("pointwise-weight", &|v| v.settings.objective.pointwise_weight = 0.1);
    next("context", &|v| v.settings.objective.context_debiasing = true);
    next("web-queries", &|v| v.config.web_queries = WebQueries::Fused);
    next("history-quadruple", &|v| v.config.history = HISTORIES[2]);
    let with = |line: usize, name, change: &dyn Fn(&mut Variant)| {
        let mut variant = Variant { name, ..lines[line - 1].clone() };
        change(&mut variant);
        variant
    };
    let more = [
        with(2, "fine-tuning-only", &|v| v.settings.pretraining.epochs = 0),
        with(8, "web-separate", &|v| v.config.web_queries = WebQueries::Separate),
    ];
    lines.extend(more);
    lines
}

/// Trains what is not finished, and writes the tables.
///
/// # Errors
/// Where a file cannot be read or written, or there is no variant of a name.
pub fn run(arguments: &Arguments) -> Result<()> {
    let variants = variants();
    for name in &arguments.only {
        if !variants.iter().any(|variant| variant.name == name) {
            let names: Vec<&str> = variants.iter().map(|variant| variant.name).collect();
            bail!("there is no variant {name:?}, only {}", names.join(", "));
        }
    }
    let (world, corpus) = gather(&arguments.market, |options| options.share = arguments.share)?;
    std::fs::create_dir_all(&arguments.work)?;
    let mut results = Results::new();
    for &seed in &arguments.seeds {
        // Variants that differ in the second stage alone share the first.
        let mut pretrained: BTreeMap<String, Yandex> = BTreeMap::new();
        for variant in &variants {
            if !arguments.only.is_empty() && !arguments.only.iter().any(|n| n == variant.name) {
                continue;
            }
            let settings = Settings { seed, ..variant.settings.clone() };
            let share = arguments.share;
            let of = format!("{:?} {share} {:?} {settings:?}", world.config, variant.config);
            let file = arguments.work.join(format!("{}-{seed}.json", variant.name));
            let metrics = match finished(&file, &of)? {
                Some(metrics) => metrics,
                None => {
                    let run = Run {
                        config: &variant.config,
                        settings: &settings,
                        corpus: &corpus,
                        checkpoints: file.with_extension("checkpoints"),
                        about: about(&world, &variant.config, of.clone())?,
                    };
                    let first = format!("{:?} {:?}", variant.config, settings.pretraining);
                    let start = match pretrained.get(&first) {
                        Some(model) => model.clone(),
                        None => pretrained.entry(first).or_insert(run.pretrain()?).clone(),
                    };
                    let model = run.fine_tune(start)?;
                    run.finish()?;
                    let metrics = measure(&variant.config, model, &corpus)?;
                    let result = Finished { of, metrics };
                    std::fs::write(&file, serde_json::to_vec(&result)?)?;
                    result.metrics
                }
            };
            println!("{:<20} seed {seed}: {metrics}", variant.name);
            results.entry(variant.name.to_owned()).or_default().push(metrics);
        }
    }
    let text = report(&results, &corpus, arguments, &world);
    std::fs::write(&arguments.out, text)
        .with_context(|| format!("writing {}", arguments.out.display()))
}

/// Metrics of a trained variant.
fn measure(config: &YandexConfig, model: Yandex, corpus: &super::Corpus) -> Result<Metrics> {
    let retriever = Retriever::new(config.clone(), model, corpus.titles(), &Device::flex());
    Metrics::of(&retriever, corpus)
}

/// The result in a file, if it is the result of this.
fn finished(file: &Path, of: &str) -> Result<Option<Metrics>> {
    if !file.exists() {
        return Ok(None);
    }
    let result: Finished = serde_json::from_slice(&std::fs::read(file)?)
        .with_context(|| format!("reading {}", file.display()))?;
    Ok((result.of == of).then_some(result.metrics))
}
