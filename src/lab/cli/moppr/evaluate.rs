//! Tables of what MOPPR does on the held-out day.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Bars, How, quality_at};
use market::metrics::Mean;
use nets::models::moppr::objectives::OBJECTIVES;
use training::moppr::Settings;
use training::moppr::evaluate::{LONG, Quality, SHORT};
use training::moppr::lab::Lab;
use training::moppr::samples::Options;

/// A metric and how it is read.
type Metric = (&'static str, fn(&Quality) -> Mean);

/// The columns of the tables.
const METRICS: [Metric; 10] = [
    ("recall@20 clicked", |q| q.clicked.recall_short),
    ("recall@100 clicked", |q| q.clicked.recall_long),
    ("nDCG@100 clicked", |q| q.clicked.ndcg),
    ("recall@20 bought", |q| q.bought.recall_short),
    ("recall@100 bought", |q| q.bought.recall_long),
    ("nDCG@100 bought", |q| q.bought.ndcg),
    ("recall@20 shown", |q| q.shown.recall_short),
    ("nDCG@100 shown", |q| q.shown.ndcg),
    ("P_good@20 judge", |q| q.judged),
    ("P_good@20 truth", |q| q.relevant),
];
// The names above say these numbers.
const _: () = assert!(SHORT == 20 && LONG == 100);

/// The metric that each objective is after, in the order of [`OBJECTIVES`].
const OWN: [[usize; 2]; OBJECTIVES.len()] = [[8, 9], [6, 7], [0, 2], [3, 5]];

/// The five settings at which averaged towers are held against towers trained directly.
const MIXED: [[f32; OBJECTIVES.len()]; 5] = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 0.0, 1.0, 0.0],
    [0.2, 0.2, 0.6, 1.0],
    [0.0, 0.5, 1.0, 1.0],
    [1.0, 0.5, 0.2, 0.1],
];

/// Shares that an objective's weight is moved through; the other three share the rest evenly.
const SHARES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// What to evaluate.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    how: How,
    /// Compare with BM25, and with MOPPR without behaviour and without each loss.
    #[arg(long)]
    table: bool,
    /// Seeds that the models of the table are trained with.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Move each objective's weight from one end to the other, and compare mixed settings with
    /// towers trained directly on them.
    #[arg(long)]
    sweep: bool,
    /// Folder that the tables are written to.
    #[arg(long, default_value = "docs")]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut lab = arguments.how.lab(&Options::training())?;
    if arguments.sweep {
        let text = sweep(&lab, &arguments.how)?;
        write(&arguments.out, "objective-weights.md", &text)?;
    }
    if arguments.table {
        let text = table(&mut lab, arguments)?;
        write(&arguments.out, "retrieval.md", &text)?;
    }
    Ok(())
}

fn write(folder: &PathBuf, name: &str, text: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(name), text)?;
    println!("{text}");
    Ok(())
}

/// First two lines of a table.
pub fn header(first: &str) -> String {
    let names = METRICS.map(|(name, _)| name).join(" | ");
    format!("| {first} | {names} |\n| --- {}|\n", "| ---: ".repeat(METRICS.len()))
}

/// A line of a table: the mean over seeds, and the standard deviation where there are several.
pub fn row(name: &str, seeds: &[Quality]) -> String {
    let mut line = format!("| {name} ");
    for (_, metric) in METRICS {
        let values: Vec<f64> = seeds.iter().filter_map(|q| metric(q).value()).collect();
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        // Writing to a String cannot fail.
        let _ = match seeds.len() {
            1 => write!(line, "| {mean:.3} "),
            _ => write!(line, "| {mean:.3} ± {:.3} ", variance.sqrt()),
        };
    }
    line + "|\n"
}

fn table(lab: &mut Lab, arguments: &Arguments) -> Result<String> {
    let how = &arguments.how;
    let mut bars = Bars::new()?;
    let mut watch = |name: &str, step, steps, loss| bars.show(name, step, steps, loss);
    let mut text = format!(
        "# Retrieval on the held-out day\n\n\
         Written by `vitrine evaluate moppr --table --epochs {}`. Mean and standard deviation over \
         {} seeds; {} page views to train on, {} searches of the day after them to test on. \
         MOPPR is as it comes out of common training; what ships is better still, see \
         objective-weights.md. P_good is the share of the first {SHORT} products that is relevant, \
         as the noisy judge sees it and in truth.\n\n",
        how.epochs,
        arguments.seeds,
        lab.data.training.len(),
        lab.data.test.len(),
    );
    text += &header("retriever");
    text += &row("BM25 over titles", &[lab.evaluate_lexical()]);

    let mut variants: Vec<(String, [f32; OBJECTIVES.len()])> = vec![("MOPPR".into(), [1.0; 4])];
    for (number, name) in OBJECTIVES.iter().enumerate() {
        let mut weights = [1.0; OBJECTIVES.len()];
        weights[number] = 0.0;
        variants.push((format!("without {name} loss"), weights));
    }
    let mut qualities = |lab: &Lab, name: &str, objectives| {
        (1..=arguments.seeds)
            .map(|seed| {
                let settings = Settings { objectives, seed, ..how.settings() };
                let model = lab.base(&format!("{name}, seed {seed}"), &settings, &mut watch)?;
                lab.evaluate(&model)
            })
            .collect::<Result<Vec<Quality>>>()
    };
    for (name, objectives) in &variants {
        text += &row(name, &qualities(lab, name, *objectives)?);
    }
    for (name, options) in [
        ("without behaviour", Options { behaviour: false, ..Options::training() }),
        ("without category filtering", Options { filter: false, ..Options::training() }),
    ] {
        lab.gather(&options, || ())?;
        text += &row(name, &qualities(lab, name, [1.0; 4])?);
    }
    Ok(text)
}

fn sweep(lab: &Lab, how: &How) -> Result<String> {
    let mut bars = Bars::new()?;
    let mut watch = |name: &str, step, steps, loss| bars.show(name, step, steps, loss);
    let base = lab.base("base", &how.settings(), &mut watch)?;
    let objectives = lab.copies(&base, &how.tuning(), &mut watch)?;

    let mut text = format!(
        "# Objective weights\n\n\
         Written by `vitrine evaluate moppr --sweep --epochs {}`.\n\n\
         From one common training a copy of the towers is tuned to each objective, and the page's \
         four sliders average the copies' weights in their proportions. On the held-out day each \
         objective's own metric has to rise with its slider, while the three others share the \
         rest evenly; at a share of 0.25 all four are equal, which is what the page opens with. \
         At the end, five mixed settings are held against towers tuned on those weights directly, \
         from the same start and for as long.\n",
        how.epochs,
    );
    for (number, name) in OBJECTIVES.iter().enumerate() {
        text += &format!("\n## {name}\n\n");
        text += &header(&format!("share of {name}"));
        let mut ends = Vec::new();
        for share in SHARES {
            let mut sliders = [(1.0 - share) / 3.0; OBJECTIVES.len()];
            sliders[number] = share;
            let quality = quality_at(lab, &base, &objectives, sliders)?;
            text += &row(&format!("{share}"), &[quality]);
            ends.push(quality);
        }
        for metric in OWN[number] {
            let (metric, value) = METRICS[metric];
            let values: Vec<f64> = ends.iter().filter_map(|q| value(q).value()).collect();
            let (first, last) = (values[0], values[values.len() - 1]);
            let verdict = if last > first { "rises" } else { "**does not rise**" };
            text += &format!("\n{metric} {verdict}: {first:.4} to {last:.4}.\n");
        }
    }
    text += "\n## Averaged against directly trained\n\n";
    text += &header("weights of relevance, exposure, click, purchase");
    for weights in MIXED {
        let averaged = quality_at(lab, &base, &objectives, weights)?;
        let name = format!("direct {weights:?}");
        let direct = lab.tune(&name, &base, weights, &how.tuning(), &mut watch)?;
        text += &row(&format!("{weights:?}, averaged"), &[averaged]);
        text += &row(&format!("{weights:?}, direct"), &[lab.evaluate(&direct)?]);
    }
    Ok(text)
}
