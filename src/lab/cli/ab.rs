//! `vitrine ab`: two shops answer people of the market for some weeks, and what comes of it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};

use super::notices::said;
use super::study::FIGURES;
use super::weights;
use crate::native::Folder;
use crate::online::arm::{Arm, On, Weights};
use crate::online::difference::{Design, Difference};
use crate::online::experiment::{Finding, Lived, Plan, difference, findings};
use crate::online::kept::{self, Kept, Setup};
use crate::online::measures::{ATTRIBUTED, Count, MEASURES, Measure, Scale, by_week};
use engine::pipeline::Funnel;
use engine::pipeline::assets::Manifest;
use engine::pipeline::stock::CATALOGUE;
use languages::english;
use link::State;
use market::MarketConfig;
use market::catalogue::Catalogue;
use market::history::DAY;
use protocol::Backend;
use systems::learning::rank_with;

/// How an arm is said to be the production shop, and what stands before a link for the production
/// shop with the link's retriever as one more channel.
const SHOP: &str = "shop";
const BESIDE: &str = "shop+";

/// How often the bar says how it stands.
const SAID: Duration = Duration::from_secs(2);

/// What to try.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Arm A: a link, for example "#ranker=mlpr"; "shop" is the production shop that wrote the log,
    /// "shop+" before a link that shop with the link's retriever as one more channel. Query,
    /// shopper and history are those of who comes in.
    #[arg(long, default_value = "")]
    pub a: String,
    /// Arm B, said in the same way: differences are of B over A.
    #[arg(long)]
    pub b: String,
    /// Days of the test; they come after those of the log.
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u16).range(1..=365))]
    pub days: u16,
    /// Shoppers who take part: none that a model was trained on.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(4..))]
    pub shoppers: u32,
    /// Shoppers whose logs models were trained on: those who take part come after them.
    #[arg(long, default_value_t = MarketConfig::default().shoppers)]
    pub logged: u32,
    /// Where the arms answer; elsewhere the production shop does.
    #[arg(long, value_enum, default_value_t)]
    pub on: On,
    /// Let every shopper live in both arms, as no real test can: less is left to chance.
    #[arg(long)]
    pub twins: bool,
    /// Seed of who is in which arm, and of all that happens.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Lives that are lived at once; as many as there are cores, unless it is said.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Keep what comes of it under this name, for what it decides (docs/claims.md): letters, digits and
    /// dashes.
    #[arg(long, value_parser = kept::name)]
    pub keep: Option<String>,
    /// Folder of measured figures, in which it is kept.
    #[arg(long, default_value = FIGURES)]
    pub work: PathBuf,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// Folder of the assets of arm B, where they are others: models that were trained otherwise, on
    /// the same market.
    #[arg(long)]
    pub assets_b: Option<PathBuf>,
    /// A file of a ranker's weights, as "Save the weights" and `vitrine train` write them. The link of
    /// arm A is ranked with them, by the ranker and the variant that they are of.
    #[arg(long, value_name = "FILE")]
    pub weights_a: Option<PathBuf>,
    /// The same of arm B.
    #[arg(long, value_name = "FILE")]
    pub weights_b: Option<PathBuf>,
}

impl Arguments {
    /// Files of weights that the arms were brought.
    fn weights(&self) -> [Option<&Path>; 2] {
        [self.weights_a.as_deref(), self.weights_b.as_deref()]
    }
}

/// Runs the command.
///
/// # Errors
/// Where the assets or a file of weights cannot be read, are of another market, a ranking fails, or what came
/// of it cannot be kept.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(folder) = keep_in(arguments) {
        // Said before the test is lived, not after.
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let folder = Folder(arguments.assets.clone());
    let catalogue: Catalogue = block_on(async {
        let manifest = Manifest::fetch(&folder).await?;
        manifest.json(&folder, CATALOGUE).await
    })
    .with_context(|| format!("reading {}", arguments.assets.display()))?;
    let log = MarketConfig::default();
    let config = MarketConfig {
        seed: catalogue.seed,
        products: catalogue.products.len() as u32,
        shoppers: arguments.logged,
        ..log.clone()
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let folder_b = arguments.assets_b.clone().map_or_else(|| folder.clone(), Folder);
    let assets = [folder, folder_b];
    let mut arms = [arm(&arguments.a), arm(&arguments.b)];
    let mut weights = [None, None];
    for (number, path) in arguments.weights().into_iter().enumerate() {
        if let Some(path) = path {
            weights[number] = Some(bring(path, &mut arms[number], &assets[number])?);
        }
    }
    let plan = Plan {
        arms,
        assets,
        weights,
        on: arguments.on,
        before: log.days,
        days: arguments.days,
        shoppers: arguments.shoppers,
        design: if arguments.twins { Design::Twins } else { Design::Split },
        seed: arguments.seed,
        threads: arguments.threads.unwrap_or_else(cores),
    };
    let world = plan.world(&config);
    ensure!(world.catalogue == catalogue, "the assets are of another market than is generated");
    let lives = u64::from(plan.shoppers) * if arguments.twins { 2 } else { 1 };
    let style = "{wide_bar} {pos}/{len} lives, {eta} left {msg}";
    let bar = ProgressBar::new(lives).with_style(ProgressStyle::with_template(style)?);
    let started = Instant::now();
    let last = Mutex::new(started);
    let lived = plan.run(&world, |lived| {
        bar.set_position(lived.len() as u64);
        let Ok(mut last) = last.lock() else { return };
        if last.elapsed() < SAID {
            return;
        }
        *last = Instant::now();
        if let Some(so_far) = difference(lived, plan.design, None, &MEASURES[0], |t| &t.expected) {
            bar.set_message(format!("{}: {}", MEASURES[0].name, told(&so_far, MEASURES[0].scale)));
        }
    })?;
    bar.finish_and_clear();
    print(&plan, arguments, &lived, started.elapsed());
    if let Some(name) = &arguments.keep {
        Kept::of(setup(&plan, arguments), &lived).write(&arguments.work, name)?;
        println!("\nkept in {}", Kept::file(&arguments.work, name).display());
    }
    Ok(())
}

/// The folder of what is kept, if it is.
fn keep_in(arguments: &Arguments) -> Option<PathBuf> {
    let file = Kept::file(&arguments.work, arguments.keep.as_deref()?);
    file.parent().map(PathBuf::from)
}

/// What is tried, as it was said.
fn setup(plan: &Plan, arguments: &Arguments) -> Setup {
    let Plan { assets: [a, b], on, days, shoppers, design, seed, .. } = plan;
    let [weights_a, weights_b] = arguments.weights();
    let models = |(folder, weights): (&Folder, Option<&Path>)| {
        let folder = weights::named(&folder.0);
        weights.map_or_else(|| folder.clone(), |path| with(&folder, path))
    };
    Setup {
        a: arguments.a.clone(),
        b: arguments.b.clone(),
        assets: [(a, weights_a), (b, weights_b)].map(models),
        on: *on,
        days: *days,
        shoppers: *shoppers,
        design: *design,
        seed: *seed,
        logged: arguments.logged,
    }
}

/// The arm that a text says.
fn arm(text: &str) -> Arm {
    if text == SHOP {
        return Arm::Shop;
    }
    let beside = text.strip_prefix(BESIDE);
    let (state, dropped) = State::from_link(beside.unwrap_or(text));
    for part in dropped {
        eprintln!("note: {}", english(&part.says));
    }
    match beside {
        Some(_) => Arm::Beside(Box::new(state)),
        None => Arm::Playground(Box::new(state)),
    }
}

/// Has a link's arm rank with the weights in a file, which are said to be wrong before the test is lived.
fn bring(path: &Path, arm: &mut Arm, assets: &Folder) -> Result<Weights> {
    let Arm::Playground(state) = arm else {
        bail!(
            "{}: these weights have nothing to rank, for in their arm the production shop's own ranker \
             orders; bring them to an arm that is a link",
            weights::named(path)
        );
    };
    let load = Funnel::load(Backend::Cpu, Device::flex(), assets.clone(), |_| ());
    let funnel = block_on(load).map_err(said)?;
    let (opened, bytes) = weights::open(path, &funnel)?;
    rank_with(&mut state.settings, &opened.settings);
    Ok(Weights { file: opened.file, bytes })
}

/// Something with a file of weights, in words.
fn with(what: &str, path: &Path) -> String {
    format!("{what} with the weights of {}", weights::named(path))
}

/// An arm in words.
fn named(arm: &Arm) -> String {
    let link = |state: &State| match state.to_link() {
        link if link.is_empty() => "the playground as it opens".to_owned(),
        link => link,
    };
    match arm {
        Arm::Shop => "the production shop".to_owned(),
        Arm::Beside(state) => format!("the production shop with the retriever of {}", link(state)),
        Arm::Playground(state) => link(state),
    }
}

fn told(difference: &Difference, scale: Scale) -> String {
    let unit = if scale == Scale::Relative { " %" } else { " points" };
    let Difference { percent, interval: [low, high], .. } = difference;
    format!("{percent:+.2}{unit} [{low:+.2}, {high:+.2}]")
}

fn value(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Relative => format!("{value:.4}"),
        Scale::Points => format!("{:.2} %", 100.0 * value),
    }
}

fn print(plan: &Plan, arguments: &Arguments, lived: &[Lived], took: Duration) {
    for (name, (arm, path)) in ["A", "B"].iter().zip(plan.arms.iter().zip(arguments.weights())) {
        let arm = named(arm);
        println!("{name}: {}", path.map_or_else(|| arm.clone(), |path| with(&arm, path)));
    }
    let who = match plan.design {
        Design::Split => "split at random",
        Design::Twins => "each in both arms",
    };
    let on = match plan.on {
        On::Both => "searches and feed",
        On::Search => "searches; the production shop's feed",
        On::Feed => "the feed; the production shop's searches",
    };
    let views: u32 = lived.iter().map(|one| one.counted.views).sum();
    println!(
        "{} shoppers, {who}, {} days, seed {}; {on}",
        plan.shoppers, plan.days, arguments.seed
    );
    println!(
        "{views} page views in {:.0} s, {:.0} a second",
        took.as_secs_f64(),
        f64::from(views) / took.as_secs_f64()
    );
    println!();
    println!("| B over A | A | B | as it came | as expected of what was shown | p | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for finding in findings(lived, plan.design, None) {
        let Finding { measure, came, expected, is_sure } = finding;
        if plan.on == On::Both
            && matches!(measure.of, Count::OrdersEverywhere | Count::GmvEverywhere)
        {
            continue;
        }
        let Some(most) = expected.or(came) else { continue };
        let scale = measure.scale;
        let said = |difference: Option<Difference>| {
            difference.map_or_else(|| "\u{2013}".to_owned(), |known| told(&known, scale))
        };
        println!(
            "| {} | {} | {} | {} | {} | {:.3} | {} |",
            measure.name,
            value(most.a, scale),
            value(most.b, scale),
            said(came),
            said(expected),
            most.p,
            if is_sure { "sure" } else { "" }
        );
    }
    println!();
    let weeks = lived.first().map_or(0, |one| one.counted.weeks.len());
    let by_week: Vec<&Measure> = by_week().collect();
    print!("| as expected, by week |");
    by_week.iter().for_each(|measure| print!(" {} |", measure.name));
    print!("\n| ---: |");
    by_week.iter().for_each(|_| print!(" ---: |"));
    println!();
    for week in 0..weeks {
        print!("| {} |", week + 1);
        for measure in &by_week {
            let found =
                difference(lived, plan.design, Some(week), measure, |tally| &tally.expected);
            let said = found.map_or_else(|| "\u{2013}".into(), |d| told(&d, measure.scale));
            print!(" {said} |");
        }
        println!();
    }
    println!();
    println!(
        "RecOrders: orders of what the feed showed in the {} days before; new: of what was never met before that.",
        ATTRIBUTED / DAY
    );
}
