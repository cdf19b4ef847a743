//! `vitrine evaluate dmt`: the comparisons of the paper's tables, on the generated market.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use training::device::device;

use super::report::{Results, report};
use super::{Run, gather};
use crate::cli::market::Market;
use market::features::dense;
use nets::models::dmt::ranker::{MODEL, Ranker};
use nets::models::dmt::{DmtConfig, Interest, Positions};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::About;
use systems::dmt::{BiasFeatures, MultiTask};
use training::dmt::Settings;
use training::dmt::data::Pages;
use training::dmt::evaluate::Metrics;

/// What to compare.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    market: Market,
    /// Seeds that each variant is trained from.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// Times that every page view is seen.
    #[arg(long, default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Only these variants, by name; the tables then hold what is there.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder of finished results: what is there is not trained again.
    #[arg(long, default_value = "target/evaluate-dmt")]
    work: PathBuf,
    /// File that the tables are written to.
    #[arg(long, default_value = "docs/ranking.md")]
    out: PathBuf,
}

/// A variant with its name in the tables.
struct Variant {
    name: &'static str,
    config: DmtConfig,
    settings: Settings,
}

/// A finished result, with what it is the result of.
#[derive(Serialize, Deserialize)]
struct Finished {
    of: String,
    metrics: Metrics,
}

fn variants(vocabulary: Vocabulary) -> Vec<Variant> {
    let shipped = DmtConfig::playground(vocabulary, dense::COUNT);
    let reads = |position, page, neighbours| BiasFeatures { position, page, neighbours };
    let none = reads(false, false, false);
    let variant = |name, change: &dyn Fn(&mut DmtConfig)| {
        let mut config = DmtConfig { bias: none, ..shipped.clone() };
        change(&mut config);
        Variant { name, config, settings: Settings::default() }
    };
    let single = |config: &mut DmtConfig| config.multi_task = MultiTask::SingleTask;
    let base = |config: &mut DmtConfig| {
        config.interest = Interest::Mean;
        config.multi_task = MultiTask::SingleTask;
    };
    let without_dense = |variant: Variant| Variant {
        settings: Settings { dense: false, ..variant.settings },
        ..variant
    };
    vec![
        variant("dnn", &base),
        variant("dmt-trans", &single),
        variant("dmt", &|config| config.bias = reads(true, false, true)),
        without_dense(variant("dnn-no-dense", &base)),
        without_dense(variant("dmt-trans-no-dense", &single)),
        without_dense(variant("dmt-no-dense", &|config| config.bias = reads(true, false, true))),
        variant("positions-none", &|config| {
            single(config);
            config.positions = Positions::None;
        }),
        variant("positions-sinusoidal", &|config| {
            single(config);
            config.positions = Positions::Sinusoidal;
        }),
        variant("shared-bottom", &|config| config.multi_task = MultiTask::SharedBottom),
        variant("mmoe", &|_| ()),
        variant("mmoe-index", &|config| config.bias = reads(true, false, false)),
        variant("mmoe-page", &|config| config.bias = reads(false, true, false)),
        variant("mmoe-neighbours", &|config| config.bias = reads(false, false, true)),
    ]
}

/// Trains what is not finished, and writes the tables.
///
/// # Errors
/// Where a file cannot be read or written, or there is no variant of a name.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (world, data) = gather(&arguments.market, Pages::PAPER)?;
    let variants = variants(Vocabulary::of(&world.catalogue));
    for name in &arguments.only {
        if !variants.iter().any(|variant| variant.name == name) {
            let names: Vec<&str> = variants.iter().map(|variant| variant.name).collect();
            bail!("there is no variant {name:?}, only {}", names.join(", "));
        }
    }
    std::fs::create_dir_all(&arguments.work)?;
    let mut results = Results::new();
    for &seed in &arguments.seeds {
        for variant in &variants {
            if !arguments.only.is_empty() && !arguments.only.iter().any(|n| n == variant.name) {
                continue;
            }
            let settings = Settings { seed, epochs: arguments.epochs, ..variant.settings.clone() };
            let of = format!("{:?} {:?} {settings:?}", world.config, variant.config);
            let file = arguments.work.join(format!("{}-{seed}.json", variant.name));
            let metrics = match finished(&file, &of)? {
                Some(metrics) => metrics,
                None => {
                    let run = Run {
                        config: &variant.config,
                        settings: &settings,
                        checkpoint: file.with_extension("checkpoint"),
                        about: About::new(MODEL, world.config.seed, of.clone(), &variant.config)?,
                    };
                    let model = run.train(&world, &data)?;
                    let ranker = Ranker::new(variant.config.clone(), model, &device());
                    let metrics = Metrics::of_ranker(&ranker, &data.test, &world.catalogue);
                    let result = Finished { of, metrics };
                    std::fs::write(&file, serde_json::to_vec(&result)?)?;
                    result.metrics
                }
            };
            println!("{:<20} seed {seed}: {metrics}", variant.name);
            results.entry(variant.name.to_owned()).or_default().push(metrics);
        }
    }
    println!("{:<28} {}", "truth", Metrics::of_truth(&data.test));
    let text = report(&results, &data, (&arguments.seeds, arguments.epochs), &world);
    std::fs::write(&arguments.out, text)
        .with_context(|| format!("writing {}", arguments.out.display()))
}

/// The result in a file, if it is the result of this.
fn finished(file: &std::path::Path, of: &str) -> Result<Option<Metrics>> {
    if !file.exists() {
        return Ok(None);
    }
    let result: Finished = serde_json::from_slice(&std::fs::read(file)?)
        .with_context(|| format!("reading {}", file.display()))?;
    Ok((result.of == of).then_some(result.metrics))
}
