//! `vitrine evaluate mlpr`: the comparisons of the paper's tables, on the generated market.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::report::report;
use super::{Gathered, about, encoders, gather, measured, resumable, times, train_mlpr, watched};
use crate::cli::market::Market;
use crate::features::wide;
use crate::models::mlpr::bert::Bert;
use crate::models::mlpr::{K, Mlpr, MlprConfig, Sharing};
use crate::models::weights::{Precision, Weights};
use crate::training::mlpr::evaluate::{Metrics, each_batch, read};
use crate::training::mlpr::library::Library;
use crate::training::mlpr::samples::Samples;
use crate::training::mlpr::{Settings, Weighting};
use crate::training::trees::{self, Booster, Rows};

/// What to compare.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) market: Market,
    /// Seeds that each variant is trained from.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    pub(super) seeds: Vec<u64>,
    /// Times that every query is seen by the multi-task training.
    #[arg(long, default_value_t = 3)]
    pub(super) epochs: usize,
    /// Train on the searches of one shopper in so many.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) share: u32,
    /// Only these variants, by name; the tables then hold what is there.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder of finished results: what is there is not trained again.
    #[arg(long, default_value = "target/evaluate-mlpr")]
    work: PathBuf,
    /// File that the tables are written to.
    #[arg(long, default_value = "docs/mlpr.md")]
    out: PathBuf,
}

/// What is trained under a name.
#[derive(Clone, Debug)]
enum Make {
    /// MLPR, whole or with parts left out.
    Network(MlprConfig, Settings),
    /// Trees on the wide features; with `deep` on all of equation 2.
    Trees { deep: bool, settings: trees::Settings },
}

/// A variant with its name in the tables.
struct Variant {
    name: &'static str,
    make: Make,
}

/// Metrics of each variant from each seed.
pub(super) type Results = BTreeMap<String, Vec<Metrics>>;

/// A finished result, with what it is the result of.
#[derive(Serialize, Deserialize)]
struct Finished {
    of: String,
    metrics: Metrics,
}

fn variants(epochs: usize) -> Vec<Variant> {
    let shipped = MlprConfig::playground(wide::COUNT);
    // The base of table 4: a bottom and towers, the losses added up, encoders as they come.
    let network = |name, change: &dyn Fn(&mut MlprConfig, &mut Settings)| {
        let mut config = MlprConfig {
            sharing: Sharing::SharedBottom,
            attention: false,
            transfer: false,
            ..shipped.clone()
        };
        let mut settings = Settings {
            epochs,
            weighting: Weighting::Fixed([1.0; K]),
            fine_tuning: false,
            ..Settings::default()
        };
        change(&mut config, &mut settings);
        Variant { name, make: Make::Network(config, settings) }
    };
    let sharing = |name, sharing| network(name, &|config, _| config.sharing = sharing);
    let uncertain = |settings: &mut Settings| settings.weighting = Weighting::Uncertainty;
    let trees = |name, deep| {
        let make = Make::Trees { deep, settings: trees::Settings::default() };
        Variant { name, make }
    };
    vec![
        trees("xgboost", false),
        trees("xgboost-deep", true),
        sharing("mlp-single", Sharing::SingleTask),
        sharing("mlp-mtl", Sharing::SharedBottom),
        network("esm2", &|config, _| config.transfer = true),
        sharing("mmoe", Sharing::Mixture),
        sharing("ple", Sharing::Customised),
        network("aitm", &|config, _| config.attention = true),
        network("mtl-uncertainty", &|_, settings| uncertain(settings)),
        network("mtl-fine-tuned", &|_, settings| {
            uncertain(settings);
            settings.fine_tuning = true;
        }),
        network("two-stage", &|config, settings| {
            uncertain(settings);
            config.sharing = Sharing::TwoStage;
        }),
        network("two-stage-attention", &|config, settings| {
            uncertain(settings);
            config.sharing = Sharing::TwoStage;
            config.attention = true;
        }),
        network("mlpr-frozen", &|config, settings| {
            uncertain(settings);
            *config = shipped.clone();
        }),
        network("mlpr", &|config, settings| {
            uncertain(settings);
            settings.fine_tuning = true;
            *config = shipped.clone();
        }),
    ]
}

/// Names of the variants, in the order of training.
pub fn names() -> Vec<&'static str> {
    variants(1).iter().map(|variant| variant.name).collect()
}

/// Trains what is not finished, and writes the tables.
///
/// # Errors
/// Where a file cannot be read or written, or there is no variant of a name.
pub fn run(arguments: &Arguments) -> Result<()> {
    for name in &arguments.only {
        if !names().contains(&name.as_str()) {
            bail!("there is no variant {name:?}, only {}", names().join(", "));
        }
    }
    let gathered = gather(&arguments.market, arguments.share)?;
    let config = MlprConfig::playground(wide::COUNT);
    let library = Library::new(&gathered.world.catalogue, &gathered.words, config.bert);
    std::fs::create_dir_all(&arguments.work)?;
    let mut results = Results::new();
    for &seed in &arguments.seeds {
        for name in names() {
            if !arguments.only.is_empty() && !arguments.only.iter().any(|only| only == name) {
                continue;
            }
            let metrics = metrics_of(&gathered, &library, name, seed, arguments)?;
            println!("{name:<20} seed {seed}: {metrics}");
            results.entry(name.to_owned()).or_default().push(metrics);
        }
    }
    let latencies = times::table_5(&gathered)?;
    let text = report(&results, &latencies, &gathered, arguments);
    std::fs::write(&arguments.out, text)
        .with_context(|| format!("writing {}", arguments.out.display()))
}

/// Metrics of a variant from a seed: as they are in the folder of finished results, or else of a
/// training.
///
/// # Errors
/// Where there is no such variant, or a file cannot be read or written.
pub(crate) fn metrics_of(
    gathered: &Gathered,
    library: &Library<'_>,
    name: &str,
    seed: u64,
    arguments: &Arguments,
) -> Result<Metrics> {
    let variant = variants(arguments.epochs).into_iter().find(|variant| variant.name == name);
    let variant = variant.with_context(|| format!("there is no variant {name:?}"))?;
    let market = format!("{:?} share {}", gathered.world.config, arguments.share);
    let file = arguments.work.join(format!("{name}-{seed}.json"));
    let of = format!("{market} seed {seed} {:?}", variant.make);
    if let Some(metrics) = finished(&file, &of)? {
        return Ok(metrics);
    }
    let bert = shared_encoders(gathered, library, seed, &market, &arguments.work)?;
    let start = Instant::now();
    let metrics = variant.metrics(gathered, library, &bert, seed, &of, &file)?;
    println!("{name}: {:.0} s", start.elapsed().as_secs_f64());
    let result = Finished { of, metrics };
    std::fs::write(&file, serde_json::to_vec(&result)?)?;
    Ok(result.metrics)
}

/// The encoders that all variants of a seed start from.
fn shared_encoders(
    gathered: &Gathered,
    library: &Library<'_>,
    seed: u64,
    market: &str,
    work: &Path,
) -> Result<Bert> {
    let file = work.join(format!("encoders-{seed}.safetensors"));
    let config = MlprConfig::playground(wide::COUNT);
    let about = about(&gathered.world, &config, format!("encoders {market} seed {seed}"))?;
    let device = Device::flex();
    if let Ok(bytes) = std::fs::read(&file) {
        let weights = Weights::from_bytes(&bytes, &about.model)?;
        if weights.about == about {
            return Ok(weights.apply(config.bert.init(&device))?);
        }
    }
    let bert = encoders(gathered, library, seed, &about, &file)?;
    std::fs::write(&file, Weights::of(&bert, about)?.to_bytes(Precision::F32)?)?;
    Ok(bert)
}

impl Variant {
    fn metrics(
        &self,
        gathered: &Gathered,
        library: &Library<'_>,
        bert: &Bert,
        seed: u64,
        of: &str,
        file: &Path,
    ) -> Result<Metrics> {
        let data = &gathered.data;
        match &self.make {
            Make::Network(config, settings) => {
                let settings = Settings { seed, ..settings.clone() };
                let about = about(&gathered.world, config, of.to_owned())?;
                let model = resumable(&file.with_extension("checkpoint"), |checkpoint| {
                    watched(self.name, |watch| {
                        let checkpoint = Some((checkpoint, &about));
                        let training = &data.training;
                        train_mlpr(config, bert, library, training, &settings, checkpoint, watch)
                    })
                })?;
                Ok(measured(&model, library, data))
            }
            Make::Trees { deep, settings } => {
                let reader = deep.then(|| {
                    let config = MlprConfig::playground(wide::COUNT);
                    config.init(&Device::flex()).with_bert(bert.clone())
                });
                Ok(Metrics::of(&data.test, &tree_scores(data, library, reader, settings)))
            }
        }
    }
}

/// Most pairs that trees are grown on: more tell them little, and their time goes by it.
const TREE_PAIRS: usize = 60_000;

/// Scores of trees, one forest a task, for every pair of the test day.
fn tree_scores(
    data: &crate::training::mlpr::data::Data,
    library: &Library<'_>,
    reader: Option<Mlpr>,
    settings: &trees::Settings,
) -> Vec<[f32; K]> {
    let step = data.training.len().div_ceil(TREE_PAIRS);
    let (features, width) = rows(&data.training, library, reader.as_ref(), step);
    let chosen: Vec<_> = data.training.engagement.iter().step_by(step).collect();
    let weights: Vec<f32> = chosen.iter().map(|pair| pair.impressions as f32).collect();
    let (test, _) = rows(&data.test, library, reader.as_ref(), 1);
    let mut scores = vec![[0.0; K]; data.test.len()];
    for task in 0..K {
        let positives: Vec<f32> = chosen.iter().map(|pair| pair.engaged[task] as f32).collect();
        let rows = Rows { features: &features, width };
        let booster = Booster::grow(rows, &positives, &weights, settings);
        let of_task = booster.scores(Rows { features: &test, width });
        for (scores, score) in scores.iter_mut().zip(of_task) {
            scores[task] = score;
        }
    }
    scores
}

/// Every `step`-th pair as a row of features, and how many those are: the wide ones, or with a
/// model's encoders all of equation 2.
fn rows(
    samples: &Samples,
    library: &Library<'_>,
    reader: Option<&Mlpr>,
    step: usize,
) -> (Vec<f32>, usize) {
    let Some(reader) = reader else {
        let wide = samples.wide(0..samples.len());
        let rows = wide.chunks_exact(wide::COUNT).step_by(step).flatten().copied();
        return (rows.collect(), wide::COUNT);
    };
    let (mut rows, mut width, mut number) = (Vec::new(), 0, 0);
    each_batch(reader, library, samples, |pairs| {
        let x = reader.features(pairs).0;
        width = x.dims()[1];
        for row in read(x).chunks_exact(width) {
            if number % step == 0 {
                rows.extend_from_slice(row);
            }
            number += 1;
        }
    });
    (rows, width)
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
