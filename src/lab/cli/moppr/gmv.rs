//! `vitrine evaluate gmv`: whether expected GMV comes true (MOPPR 7.2).

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Bars, How};
use market::metrics::spearman;
use training::moppr::Settings;
use training::moppr::gmv::{Sale, curve, sales};
use training::moppr::samples::Options;

/// Bins of the curve.
const BINS: usize = 10;

/// What to train and what to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    how: How,
    /// sigma of equation 22, by which a score becomes a probability.
    #[arg(long, default_value_t = 0.1)]
    sigma: f32,
    /// The page that is written.
    #[arg(long, default_value = "docs/gmv.md")]
    out: PathBuf,
}

/// Trains MOPPR with the pointwise loss of purchases and without, and writes the reliability curve of
/// both on the held-out day's searches.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { how, sigma, out } = arguments;
    let lab = how.lab(&Options::training())?;
    let mut bars = Bars::new()?;
    let mut watch = |name: &str, step, steps, loss| bars.show(name, step, steps, loss);
    let market = &lab.world.config;
    let mut text = format!(
        "# Expected GMV against the truth\n\n\
         Written by `vitrine evaluate gmv --products {} --shoppers {} --epochs {} --batch {} --sigma \
         {sigma}`: \
         {} searches with more than one click to train on, the products shown on the {} searches of \
         the day after to measure on. A score z is turned into expected sales as equation 22 of MOPPR \
         has it, sigmoid(z / sigma) times the price. The truth is the market's own probability of an \
         order, place and neighbours included, times the price; what was seen is the price of what was \
         ordered. Bins hold equally many products, by what is expected. Money is in the shop's units, a \
         product shown.\n",
        market.products,
        market.shoppers,
        how.epochs,
        how.batch,
        lab.data.training.len(),
        lab.data.test.len(),
    );
    for (name, title, gmv) in [
        ("both losses", "Softmax and pointwise losses together, as in 7.2", Some(*sigma)),
        ("softmax alone", "Softmax losses alone", None),
    ] {
        let settings = Settings { gmv, ..how.settings() };
        let model = lab.base(name, &settings, &mut watch)?;
        let corpus = lab.corpus(&lab.data.test);
        let sales = sales(&model, corpus, &lab.world.catalogue.products, *sigma)?;
        text += &section(title, &sales);
    }
    std::fs::write(out, &text)?;
    println!("{text}");
    Ok(())
}

fn section(title: &str, sales: &[Sale]) -> String {
    let mean =
        |value: fn(&Sale) -> f64| sales.iter().map(value).sum::<f64>() / sales.len().max(1) as f64;
    let (expected, truth, seen) = (mean(|s| s.expected), mean(|s| s.truth), mean(|s| s.seen));
    let values = |value: fn(&Sale) -> f64| -> Vec<f32> {
        sales.iter().map(|sale| value(sale) as f32).collect()
    };
    let order = spearman(&values(|s| s.expected), &values(|s| s.truth)).unwrap_or(0.0);
    let mut text = format!(
        "\n## {title}\n\n\
         Expected over true: {:.2}. Spearman of expected and true: {order:.3}.\n\n\
         | bin | products shown | expected | truth | expected over truth | seen |\n\
         |---|---:|---:|---:|---:|---:|\n",
        expected / truth
    );
    for (number, (bin, seen)) in curve(sales, BINS).iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {:.4} | {:.4} | {:.2} | {seen:.4} |",
            number + 1,
            bin.count,
            bin.predicted,
            bin.came,
            bin.predicted / bin.came,
        );
    }
    let _ = writeln!(
        text,
        "| all | {} | {expected:.4} | {truth:.4} | {:.2} | {seen:.4} |",
        sales.len(),
        expected / truth
    );
    text
}
