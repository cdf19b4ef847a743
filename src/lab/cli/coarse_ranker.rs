//! `vitrine train coarse-ranker`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use training::device::device;

use super::bars::Bars;
use super::market::{Market, bar, command_line, read};
use super::sub::{Sub, sub};
use crate::tables::significance::Estimate;
use crate::tables::study::Study;
use market::fingerprint::hash;
use market::metrics::Figure;
use nets::models::coarse_ranker::{CoarseRanker, MODEL};
use nets::models::moppr::Moppr;
use nets::models::moppr::retriever::MODEL as RETRIEVER;
use nets::models::weights::{Precision, Weights};
use training::coarse_ranker::{cascade, figures, settings, train as train_coarse};
use training::moppr::Settings;
use training::moppr::lab::Lab;
use training::moppr::samples::Options;
use training::people::People;

/// How it is trained.
pub static TRAIN: Sub = sub!(
    "coarse-ranker",
    "What cuts the retrieved products to fewer, between retriever and ranker",
    Training,
    train
);

/// What the cascade of what ships keeps, beside what comes first without a coarse ranker: the paper's
/// solution before it is not known (MOPPR 7.3).
pub static STUDY: Study = Study {
    name: "moppr-cascade",
    says: "of 200 products that the MOPPR that ships retrieves, its first 60, and the 60 that the \
           coarse ranker keeps",
    figures: &FIGURES,
    of: |market| {
        let [retriever, ranker] = [RETRIEVER, MODEL].map(|model| read(&file(market, model)));
        let (retriever, ranker) = (hash(&retriever?), hash(&ranker?));
        Ok(format!("{:?} {RETRIEVED} {KEPT} {retriever} {ranker}", market.config()))
    },
    run: |market| {
        let lab = lab(market)?;
        let (model, ranker) = (retriever(market, &lab)?, read(&file(market, MODEL))?);
        let [alone, cascade] = measured(&lab, &model, &ranker, RETRIEVED, KEPT)?;
        let named = |figures: Vec<Figure>, how: &'static str| {
            figures
                .into_iter()
                .map(move |figure| Figure { name: format!("{}, {how}", figure.name), ..figure })
        };
        Ok(named(alone, "retriever alone").chain(named(cascade, "coarse ranker")).collect())
    },
};

/// Products that are retrieved, and that are left of them.
const RETRIEVED: usize = 200;
/// See [`RETRIEVED`].
const KEPT: usize = 60;

/// Names of the study's figures.
const FIGURES: [&str; 10] = [
    "recall@K, retriever alone",
    "nDCG@K, retriever alone",
    "recall_p@K, retriever alone",
    "nDCG_p@K, retriever alone",
    "P_good, retriever alone",
    "recall@K, coarse ranker",
    "nDCG@K, coarse ranker",
    "recall_p@K, coarse ranker",
    "nDCG_p@K, coarse ranker",
    "P_good, coarse ranker",
];

/// How to train, and what to measure.
#[derive(Debug, Args)]
pub struct Training {
    #[command(flatten)]
    market: Market,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that every page view is seen.
    #[arg(long, default_value_t = settings().epochs)]
    epochs: usize,
    /// Adagrad's learning rate.
    #[arg(long, default_value_t = settings().rate)]
    rate: f64,
    /// Random negatives of each page view alone, of categories relevant to its query.
    #[arg(long, default_value_t = settings().related)]
    related: usize,
    /// Random negatives a step from the whole catalogue, which the paper leaves out (7.3).
    #[arg(long, default_value_t = settings().negatives)]
    negatives: usize,
    /// Products that the retriever hands over.
    #[arg(long, default_value_t = RETRIEVED)]
    retrieved: usize,
    /// Products that are left of them.
    #[arg(long, default_value_t = KEPT)]
    kept: usize,
    /// Folder in which unfinished training is kept, to go on from.
    #[arg(long, default_value = "target/training")]
    checkpoints: PathBuf,
    /// Folder that the weights are written to.
    #[arg(long, default_value = "assets")]
    out: PathBuf,
}

/// Trains the coarse ranker, writes its weights, and says what the cascade of the retriever that
/// ships and the coarse ranker does on the held-out day, beside the retriever alone.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn train(arguments: &Training) -> Result<()> {
    let Training { market, retrieved, kept, checkpoints, out, .. } = arguments;
    let mut lab = lab(market)?;
    lab.checkpoints = Some(checkpoints.clone());
    let model = retriever(market, &lab)?;
    let settings = Settings {
        seed: arguments.seed,
        epochs: arguments.epochs,
        rate: arguments.rate,
        related: arguments.related,
        negatives: arguments.negatives,
        ..settings()
    };
    let mut bars = Bars::new()?;
    let trained = train_coarse(&lab, &model, &settings, &mut |name, step, steps, loss| {
        bars.show(name, step, steps, loss);
    })?;
    std::fs::create_dir_all(out)?;
    let about = lab.about(MODEL, &command_line())?;
    let bytes = Weights::of(&trained.towers, about)?.to_bytes(Precision::Int8)?;
    let file = out.join(MODEL).with_extension("safetensors");
    std::fs::write(&file, &bytes).with_context(|| format!("writing {}", file.display()))?;
    println!("{}: {} kB", file.display(), bytes.len() / 1000);

    // What is measured is what was written, rounded.
    let [alone, cascade] = measured(&lab, &model, &bytes, *retrieved, *kept)?;
    println!("of {retrieved} retrieved, the first {kept} and the {kept} that are kept:");
    for (alone, cascade) in alone.iter().zip(&cascade) {
        let name = alone.name.replace("@K", &format!("@{kept}"));
        let p = p_value(alone, cascade).map_or("\u{2013}".into(), |p| format!("{p:.4}"));
        let [before, after] = [alone, cascade].map(|figure| figure.whole.unwrap_or(f64::NAN));
        println!(
            "{name:>12}  alone {before:.4}  cascade {after:.4}  {:+.4}  p {p}",
            after - before
        );
    }
    Ok(())
}

/// The market with its page views.
fn lab(market: &Market) -> Result<Lab> {
    let world = market.world();
    let progress = bar(2 * u64::from(world.config.shoppers), "shoppers", "logs")?;
    let (people, options) = (People::of_log(&world), Options::training());
    let lab = Lab::new(world, market.words()?, &options, people, || progress.inc(1))?;
    progress.finish_and_clear();
    let views = (lab.data.training.len(), lab.data.test.len());
    println!("{} page views to train on, {} to test on", views.0, views.1);
    Ok(lab)
}

/// What the retriever alone has in its first places on the held-out day, and what a coarse ranker of
/// this file leaves of what it retrieves.
fn measured(
    lab: &Lab,
    model: &Moppr,
    file: &[u8],
    retrieved: usize,
    kept: usize,
) -> Result<[Vec<Figure>; 2]> {
    let towers = Weights::from_bytes(file, MODEL)?.apply(model.towers.clone())?;
    let table = model.embeddings.products(&lab.products, None);
    let items = model.embeddings.items(&lab.products, table);
    let ranker = CoarseRanker::new(towers, items);
    let all = lab.retrieve(model, retrieved)?;
    let cut = cascade(lab, model, &ranker, &all, kept)?;
    Ok([figures(lab, &all, kept), figures(lab, &cut, kept)])
}

/// The file of a model.
fn file(market: &Market, model: &str) -> PathBuf {
    market.assets.join(model).with_extension("safetensors")
}

/// The retriever as it ships: the mean of its towers.
fn retriever(market: &Market, lab: &Lab) -> Result<Moppr> {
    let file = read(&file(market, RETRIEVER))
        .context("the retriever is trained by `vitrine train moppr`")?;
    let weights = Weights::from_bytes(&file, RETRIEVER)?;
    Ok(weights.apply(lab.config().init(&device()))?)
}

/// Paired t-test over the blocks of shoppers.
fn p_value(one: &Figure, other: &Figure) -> Option<f64> {
    let pairs = one.blocks.iter().zip(&other.blocks);
    let differences: Vec<f64> = pairs.filter_map(|(a, b)| Some((*b)? - (*a)?)).collect();
    Some(Estimate::of(&[differences], None)?.differs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use training::moppr::evaluate::NAMES;

    #[test]
    fn the_study_has_every_metric_both_ways() {
        let both = ["retriever alone", "coarse ranker"];
        let names = both.iter().flat_map(|how| NAMES.map(|name| format!("{name}, {how}")));
        assert_eq!(names.collect::<Vec<_>>(), FIGURES);
        assert!(STUDY.says.contains(&format!("{RETRIEVED} products")));
        assert!(STUDY.says.contains(&format!("first {KEPT}")));
    }
}
