//! `vitrine generate`: the market, written down.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;

use super::held_out::{held_out, occasions};
use super::personas::{Summary, personas};
use crate::native::Folder;
use engine::pipeline::stock::{self, QueryCount};
use engine::pipeline::{first_files, views};
use market::catalogue::ProductTypeId;
use market::examination::examination;
use market::features::search::QueryFrequency;
use market::features::split::{Split, day_of};
use market::features::statistics::Statistics;
use market::figures::{Figure, Figures, ratio};
use market::fit::fit_rankers;
use market::growth;
use market::held_out::Occasion;
use market::history::PageDevice;
use market::tell;
use market::{MarketConfig, World};

/// A type is told of where it has at least one in so many of the clicks after a query.
const MOST_CLICKED_SHARE: u32 = 10;

/// Product types of which some products are told, how many of each, and page views of a shopper.
const TOLD_TYPES: usize = 14;
const TOLD_PRODUCTS: usize = 10;
const TOLD_VIEWS: usize = 12;

/// What to generate and where to write it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder that the assets are written to.
    #[arg(long, default_value = "assets")]
    pub out: PathBuf,
    /// Seed of the market.
    #[arg(long, default_value_t = MarketConfig::default().seed)]
    pub seed: u64,
    /// Products in the catalogue.
    #[arg(long, default_value_t = MarketConfig::default().products)]
    pub products: u32,
    /// Shoppers.
    #[arg(long, default_value_t = MarketConfig::default().shoppers)]
    pub shoppers: u32,
    /// Days of page views.
    #[arg(long, default_value_t = MarketConfig::default().days)]
    pub days: u16,
    /// Write nothing; print the figures of the market and how fast it is lived.
    #[arg(long)]
    pub figures: bool,
    /// Write nothing; tell of the shelves and of so many shoppers, to be read.
    #[arg(long)]
    pub tell: Option<u32>,
    /// Write nothing; fit the production shop's rankers to an earlier log, and print them as the
    /// market's file of weights has them.
    #[arg(long)]
    pub fit_ranker: bool,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = MarketConfig {
        seed: arguments.seed,
        products: arguments.products,
        shoppers: arguments.shoppers,
        days: arguments.days,
        ..MarketConfig::default()
    };
    if arguments.fit_ranker {
        print!("{}", fit_rankers(&config));
        return Ok(());
    }
    let start = Instant::now();
    let world = World::generate(&config);
    let generated = start.elapsed();
    if let Some(shoppers) = arguments.tell {
        print!("{}", tell::shelves(&world, TOLD_TYPES, TOLD_PRODUCTS));
        (0..shoppers).for_each(|shopper| {
            print!("{}", tell::shopper(&world, &world.shopper_log(shopper), TOLD_VIEWS));
        });
        return Ok(());
    }
    if arguments.figures {
        let start = Instant::now();
        let mut figures = (0..world.config.shoppers)
            .into_par_iter()
            .fold(Figures::default, |mut figures, shopper| {
                figures.add(&world, &world.shopper_log(shopper));
                figures
            })
            .reduce(Figures::default, |one, other| one.merge(&other));
        let lived = start.elapsed().as_secs_f64();
        figures.add_goods(&world);
        report(&world, &figures);
        println!("generated in    {:.0} ms", 1e3 * generated.as_secs_f64());
        println!("lived           {:.0} page views a second", figures.views as f64 / lived);
        return Ok(());
    }
    let gathered = gather(&world)?;
    std::fs::create_dir_all(&arguments.out)?;
    let file = |name| arguments.out.join(name);
    write(&file(stock::CATALOGUE), &world.catalogue)?;
    write(&file(stock::STATISTICS), &gathered.statistics)?;
    let queries = query_counts(&world, gathered.queries, &gathered.clicked);
    write(&file(stock::QUERIES), &queries)?;
    let (cast, shoppers) = personas(&world, &gathered.summaries);
    write(&file(stock::SHOPPERS), &shoppers)?;
    write(&file(views::HELD_OUT), &held_out(&world, &gathered.occasions, &cast, &queries))?;
    let shelves = growth::shelves();
    std::fs::write(file(stock::SHELVES), &shelves)?;
    println!("{:<15} {} kB", file(stock::SHELVES).display(), shelves.len() / 1000);
    Folder(arguments.out.clone()).write_manifest(first_files())?;
    let mut figures = gathered.figures;
    figures.add_goods(&world);
    report(&world, &figures);
    Ok(())
}

/// Clicks on products of each type after each query.
type Clicked = HashMap<String, BTreeMap<ProductTypeId, u32>>;

/// The queries that serving knows, most frequent first.
fn query_counts(
    world: &World,
    mut frequency: QueryFrequency,
    clicked: &Clicked,
) -> Vec<QueryCount> {
    let clean: HashSet<String> = world.suggestions(usize::MAX).into_iter().collect();
    frequency.forget_rare();
    let ranked = frequency.ranked().into_iter();
    let count = |(query, count): (&str, u32)| {
        let is_clean = clean.contains(query);
        // Nothing is made of what was clicked after a slip of the finger.
        let clicked = clicked.get(query).filter(|_| is_clean).map(most_clicked);
        QueryCount(query.into(), count, is_clean, clicked.unwrap_or_default())
    };
    ranked.map(count).collect()
}

/// The types with a share of the clicks worth telling, most first.
fn most_clicked(clicked: &BTreeMap<ProductTypeId, u32>) -> Vec<(ProductTypeId, u32)> {
    let least = clicked.values().sum::<u32>().div_ceil(MOST_CLICKED_SHARE);
    let mut most: Vec<_> = clicked.iter().map(|(&of, &clicks)| (of, clicks)).collect();
    most.retain(|&(_, clicks)| clicks >= least);
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    most
}

/// Writes compact JSON.
fn write(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_vec(value)?;
    std::fs::write(path, &json).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{:<15} {} kB", path.display(), json.len() / 1000);
    Ok(())
}

/// What is kept of the logs.
struct Gathered {
    figures: Figures,
    summaries: Vec<Summary>,
    statistics: Statistics,
    queries: QueryFrequency,
    clicked: Clicked,
    occasions: Vec<Occasion>,
}

/// Lives every shopper's life, and keeps figures, counts of the days that may be counted, and
/// what personas are chosen by.
fn gather(world: &World) -> anyhow::Result<Gathered> {
    let bar = ProgressBar::new(u64::from(world.config.shoppers)).with_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} shoppers, {eta} left")?,
    );
    bar.set_message("logs");
    let split = Split::last_day(world.config.days);
    let nothing = || Gathered {
        figures: Figures::default(),
        summaries: Vec::new(),
        statistics: Statistics::new(world.catalogue.products.len()),
        queries: QueryFrequency::default(),
        clicked: Clicked::new(),
        occasions: Vec::new(),
    };
    let mut gathered = (0..world.config.shoppers)
        .into_par_iter()
        .fold(nothing, |mut gathered, shopper| {
            let log = world.shopper_log(shopper);
            gathered.figures.add(world, &log);
            gathered.summaries.push(Summary::of(world, &log));
            gathered.occasions.extend(occasions(world, &log));
            for view in log.views.iter().filter(|v| split.statistics.contains(&day_of(v.time))) {
                gathered.statistics.add(view);
                if let Some(query) = &view.query {
                    gathered.queries.add(query, 1);
                    let types = gathered.clicked.entry(query.clone()).or_default();
                    for shown in view.impressions.iter().filter(|shown| shown.clicked) {
                        let of = world.catalogue.products[shown.product as usize].product_type;
                        *types.entry(of).or_default() += 1;
                    }
                }
            }
            bar.inc(1);
            gathered
        })
        .reduce(nothing, |mut one, other| {
            one.summaries.extend(other.summaries);
            one.occasions.extend(other.occasions);
            one.statistics.merge(&other.statistics);
            one.queries.merge(other.queries);
            for (query, types) in other.clicked {
                let mine = one.clicked.entry(query).or_default();
                types.into_iter().for_each(|(of, clicks)| *mine.entry(of).or_default() += clicks);
            }
            Gathered { figures: one.figures.merge(&other.figures), ..one }
        });
    gathered.summaries.sort_by_key(Summary::shopper);
    bar.finish_and_clear();
    Ok(gathered)
}

fn report(world: &World, figures: &Figures) {
    let percent = |part, whole| format!("{:.2} %", 100.0 * ratio(part, whole));
    let catalogue = &world.catalogue;
    println!(
        "products        {} of {} types by {} brands in {} departments",
        catalogue.products.len(),
        catalogue.product_types.len(),
        catalogue.brands.len(),
        catalogue.departments.len()
    );
    println!("queries         {} texts", world.queries.len());
    println!("page views      {} ({} in the last 8 days)", figures.views, figures.late_views);
    println!("impressions     {}", figures.impressions);
    println!(
        "a page view     {:.2} impressions, {:.2} under-impressions",
        ratio(figures.impressions, figures.views),
        ratio(figures.under_impressions, figures.views)
    );
    println!("clicks          {}", percent(figures.clicks, figures.impressions));
    println!("favourites      {}", percent(figures.favourites, figures.impressions));
    println!("carts           {}", percent(figures.carts, figures.impressions));
    println!("orders          {}", percent(figures.orders, figures.impressions));
    println!("judge           AUC {:.3} {:?}", figures.judge_auc(), figures.judged);
    for figure in Figure::ALL {
        println!("{:<60} {:.4}", figure.name(), figures.value(figure));
    }
    println!(
        "{:<60} {}",
        "products of the types of the median search",
        figures.median_searched_type()
    );
    for (name, places) in ["search", "feed"].into_iter().zip(&figures.by_place) {
        let rates: Vec<String> = [0, 1, 2, 4, 9, 10, 19, 29, 39, 49]
            .iter()
            .filter_map(|index| Some((index, places.get(index)?)))
            .map(|(index, [clicks, orders])| {
                format!("{index}: {:.3} {:.4}", clicks.value(), orders.value())
            })
            .collect();
        println!("clicks and orders by place, {name}: {}", rates.join(", "));
    }
    for (name, device) in [("desktop", PageDevice::Desktop), ("phone", PageDevice::Phone)] {
        let curve: Vec<String> = [0, 1, 2, 5, 9, 10, 19, 29, 39]
            .iter()
            .map(|index| format!("{index}: {:.2}", examination(index / 10, *index, device)))
            .collect();
        println!("examination     {name}: {}", curve.join(", "));
    }
}
