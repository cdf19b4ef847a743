//! `vitrine evaluate --table dmt-1` and `vitrine evaluate --all`: the papers' tables; `vitrine tables`:
//! what comes of them, of what is stored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::ProgressBar;

use super::market::{Market, bar};
use super::study::{self, FIGURES};
use crate::online::kept::Kept;
use crate::registry::{self, SYSTEMS};
use crate::tables::claims;
use crate::tables::compare::table_report;
use crate::tables::page::{self, Page};
use crate::tables::report::{self, Report, TableReport};
use crate::tables::results::{Results, Store};
use crate::tables::table::{System, Table};
use market::language::Language;

/// Which tables, from how many seeds, on which market.
#[derive(Debug, Args)]
#[command(mut_arg("products", |products| products.default_value(PRODUCTS)))]
#[command(mut_arg("shoppers", |shoppers| shoppers.default_value(SHOPPERS)))]
pub struct Arguments {
    #[command(flatten)]
    market: Market,
    /// Tables to print, for example dmt-1,moppr-2.
    #[arg(long, value_delimiter = ',')]
    table: Vec<String>,
    /// Every table; writes the page.
    #[arg(long, conflicts_with = "table")]
    all: bool,
    /// Seeds that each variant is trained from.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// Shoppers who are tested and never trained on (DMT, MOPPR and Yandex; MLPR splits pairs); 0
    /// tests those who are trained on, on other days.
    #[arg(long, default_value_t = TESTED)]
    test_shoppers: u32,
    /// Only these variants, for example moppr,no-ui: other rows stay open.
    #[arg(long, value_delimiter = ',', conflicts_with = "all")]
    only: Vec<String>,
    /// Train nothing: rows whose figures are not there from every seed stay open.
    #[arg(long)]
    finished: bool,
    /// Folder of measured figures: what is there is not trained again. Commands that run side by
    /// side, each with its own tables, may share it.
    #[arg(long, default_value = FIGURES)]
    work: PathBuf,
    /// The page that `--all` writes, in English; in another language it is beside it.
    #[arg(long, default_value = "docs/tables.md")]
    page: PathBuf,
}

/// Which stored figures.
#[derive(Debug, Args)]
#[command(mut_arg("products", |products| products.default_value(PRODUCTS)))]
#[command(mut_arg("shoppers", |shoppers| shoppers.default_value(SHOPPERS)))]
pub struct Stored {
    #[command(flatten)]
    market: Market,
    /// Shoppers who were tested and never trained on.
    #[arg(long, default_value_t = TESTED)]
    test_shoppers: u32,
    /// Seeds that count.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// Folder of measured figures.
    #[arg(long, default_value = FIGURES)]
    work: PathBuf,
    /// The page of claims that is written, if any.
    #[arg(long)]
    page: Option<PathBuf>,
}

/// Prints what comes of the papers' claims and comparisons, of stored figures: trains nothing.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn stored(arguments: &Stored) -> Result<()> {
    let Stored { market, test_shoppers, seeds, work: folder, page } = arguments;
    let store = Store::new(folder, about(market, *test_shoppers));
    let mut work = Work { store, seeds, train: false, only: &[], seconds: 0.0 };
    let mut tables = Vec::new();
    // One is made after the other is done with, for each holds its page views.
    for system in SYSTEMS {
        let mut system = (system.measured)(market, *test_shoppers)?;
        let wanted = system.tables().to_vec();
        tables.extend(work.run(system.as_mut(), &wanted)?);
    }
    let size = size(market, *test_shoppers);
    let report = report(size, seeds, tables, &market.assets, folder)?;
    let text = page::claims(&report, "vitrine tables --page docs/claims.md");
    println!("{text}");
    println!("{}", Page(Language::English).headline(&report.tally()));
    match page {
        Some(page) => {
            std::fs::write(page, text).with_context(|| format!("writing {}", page.display()))
        }
        None => Ok(()),
    }
}

/// The tables with what else is kept in a folder of figures.
fn report(
    market: report::Market,
    seeds: &[u64],
    tables: Vec<TableReport>,
    assets: &Path,
    folder: &Path,
) -> Result<Report> {
    let mut online = BTreeMap::new();
    for trial in claims::trials(registry::claims()) {
        if let Some(kept) = Kept::read(folder, trial.name)? {
            online.insert(trial.name.to_owned(), kept);
        }
    }
    let studies = study::kept(assets, folder)?;
    Ok(Report { market, seeds: seeds.into(), tables, online, studies })
}

/// Size of a market.
fn size(market: &Market, tested: u32) -> report::Market {
    let Market { market_seed, products, shoppers, .. } = *market;
    report::Market { seed: market_seed, products, shoppers, tested }
}

/// What is measured on, in a line.
fn about(market: &Market, tested: u32) -> String {
    let day = if market.validation { ", the validation day" } else { "" };
    let report::Market { seed, products, shoppers, tested } = size(market, tested);
    format!("market seed {seed}, {products} products, {shoppers} shoppers, {tested} tested{day}")
}

/// Products of the market behind the tables: ten times those that ship, so that there are a hundred
/// products and more of which any answers a query.
const PRODUCTS: &str = "40000";

/// Shoppers of the market behind the tables, twice those behind the shipped weights: each of their page views is
/// seen once or a few times, for what is seen often is learned by heart (docs/training.md).
const SHOPPERS: &str = "32000";

/// Shoppers who are tested.
const TESTED: u32 = 50_000;

/// Trains what is not finished, and prints the tables.
///
/// # Errors
/// Where a file cannot be read or written, or there is no table of a name.
pub fn run(arguments: &Arguments) -> Result<()> {
    let started = Instant::now();
    let mut work = Work {
        store: Store::new(&arguments.work, about(&arguments.market, arguments.test_shoppers)),
        seeds: &arguments.seeds,
        train: !arguments.finished,
        only: &arguments.only,
        seconds: 0.0,
    };
    let mut known = Vec::new();
    let mut tables = Vec::new();
    for system in SYSTEMS {
        let mut system = (system.measured)(&arguments.market, arguments.test_shoppers)?;
        let mut wanted = system.tables().to_vec();
        known.extend(wanted.iter().map(|table| table.id));
        wanted.retain(|table| arguments.all || arguments.table.iter().any(|id| id == table.id));
        if !wanted.is_empty() {
            tables.extend(work.run(system.as_mut(), &wanted)?);
        }
    }
    if let Some(id) = arguments.table.iter().find(|id| !known.contains(&id.as_str())) {
        bail!("there is no table {id:?}, only {}", known.join(", "));
    }
    if tables.is_empty() {
        bail!("name a table with --table ({}), or all with --all", known.join(", "));
    }
    let market = size(&arguments.market, arguments.test_shoppers);
    let Arguments { seeds, market: Market { assets, .. }, work: folder, .. } = arguments;
    let report = report(market, seeds, tables, assets, folder)?;
    for table in &report.tables {
        println!("{}", Page(Language::English).table(table));
    }
    println!("{}", Page(Language::English).claims(&claims::tally(registry::claims(), &report)));
    println!("{}", Page(Language::English).headline(&report.tally()));
    let now = started.elapsed().as_secs_f64();
    println!("{:.0} s now; training and measuring all of it, {:.0} s", now, work.seconds);
    // The page reports the last day.
    if arguments.all && !arguments.market.validation {
        let seeds = arguments.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let report::Market { products, shoppers, tested, .. } = report.market;
        let command = format!(
            "vitrine evaluate --all --products {products} --shoppers {shoppers} --test-shoppers \
             {tested} --seeds {seeds}"
        );
        for (language, key) in Language::ALL {
            let page = match language {
                Language::English => arguments.page.clone(),
                _ => arguments.page.with_extension(format!("{key}.md")),
            };
            std::fs::write(&page, Page(language).whole(&report, &command))
                .with_context(|| format!("writing {}", page.display()))?;
        }
    }
    Ok(())
}

/// What is done, and how long it took, this time or an earlier one.
struct Work<'a> {
    store: Store,
    seeds: &'a [u64],
    train: bool,
    /// Variants that take part; all where there is none.
    only: &'a [String],
    seconds: f64,
}

impl Work<'_> {
    fn run(&mut self, system: &mut dyn System, tables: &[Table]) -> Result<Vec<TableReport>> {
        let mut variants: Vec<&str> = Vec::new();
        // Of the other tables' variants counts what is there: the chance of the training is that of
        // all.
        for row in tables.iter().chain(system.tables()).flat_map(|table| table.rows) {
            if !variants.contains(&row.variant) {
                variants.push(row.variant);
            }
        }
        let is_wanted = |variant: &str| {
            let named = self.only.is_empty() || self.only.iter().any(|name| name == variant);
            named && tables.iter().any(|table| table.row(variant).is_some())
        };
        let mut results = Results::new();
        // All variants of one seed before the next seed: a run that is stopped early can compare.
        for &seed in self.seeds {
            for &variant in &variants {
                let Some(of) = system.settings(variant) else { continue };
                let name = system.name();
                let found = self.store.get(name, variant, seed, &of)?;
                let (figures, seconds) = match found {
                    Some(found) => found,
                    None if !self.train || !is_wanted(variant) => continue,
                    None => {
                        let started = Instant::now();
                        let bar = Progress::new(format!("{name} {variant}, seed {seed}"))?;
                        let figures = system.measure(variant, seed, &mut |step, steps, loss| {
                            bar.show(step, steps, loss);
                        })?;
                        bar.0.finish_and_clear();
                        let seconds = started.elapsed().as_secs_f64();
                        println!("{name} {variant}, seed {seed}: {seconds:.0} s");
                        let figures =
                            self.store.put(name, variant, seed, &of, (figures, seconds))?;
                        (figures, seconds)
                    }
                };
                self.seconds += seconds;
                results.entry(variant.to_owned()).or_default().push(figures);
            }
        }
        // What is written down hangs on no seed alone: a variant counts once all of its are there.
        if !self.train {
            results.retain(|_, of_seeds| of_seeds.len() == self.seeds.len());
        }
        Ok(tables.iter().map(|table| table_report(table, &results)).collect())
    }
}

/// A bar for one training run.
struct Progress(ProgressBar, String);

impl Progress {
    fn new(name: String) -> Result<Self> {
        Ok(Self(bar(0, "steps", &name)?, name))
    }

    fn show(&self, step: usize, steps: usize, loss: f32) {
        let Self(bar, name) = self;
        bar.set_length(steps as u64);
        bar.set_position(step as u64 + 1);
        if step.is_multiple_of(20) {
            bar.set_message(format!("{name}, loss {loss:.3}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::tables::report::{Tally, Verdict};
    use crate::tables::table::{Row, Tie, Watch};
    use market::metrics::{BLOCKS, Figure};

    const TABLE: Table = Table {
        id: "t-1",
        percent: false,
        tie: Tie::FIGURES,
        undecided: &[],
        metrics: &["auc"],
        rows: &[
            Row { variant: "a", paper: &[0.5] },
            Row { variant: "b", paper: &[0.6] },
            Row { variant: "a", paper: &[0.5] },
            Row { variant: "open", paper: &[0.7] },
        ],
        pairs: &[["b", "a"], ["open", "a"]],
    };

    /// Counts how often it trains; "b" is above "a".
    struct Counting {
        trained: Rc<Cell<usize>>,
        settings: &'static str,
    }

    impl System for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        fn tables(&self) -> &'static [Table] {
            &[TABLE]
        }

        fn settings(&self, variant: &str) -> Option<String> {
            (variant != "open").then(|| self.settings.into())
        }

        fn measure(&mut self, variant: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>> {
            watch(0, 1, 0.5);
            self.trained.set(self.trained.get() + 1);
            let of_variant = if variant == "b" { 0.2 } else { 0.1 };
            let block = |block| Some(of_variant + (seed * block as u64) as f64 / 1e3);
            let blocks = std::array::from_fn(block);
            let whole = Some(blocks.iter().flatten().sum::<f64>() / BLOCKS as f64);
            Ok(vec![Figure { name: "auc".into(), whole, blocks }])
        }
    }

    #[test]
    fn what_is_finished_is_not_trained_again() {
        let path = std::env::temp_dir().join(format!("vitrine-work-{}", std::process::id()));
        let trained = Rc::new(Cell::new(0));
        let run = |settings, seeds: &[u64], train| {
            trained.set(0);
            let mut system = Counting { trained: trained.clone(), settings };
            let store = Store::new(&path, "a test");
            let mut work = Work { store, seeds, train, only: &[], seconds: 0.0 };
            let tables = work.run(&mut system, &[TABLE]).unwrap();
            (tables, trained.get())
        };
        assert_eq!(run("x", &[1, 2], true).1, 4);
        let (tables, count) = run("x", &[1, 2, 3], true);
        assert_eq!(count, 2);
        let comparisons = &tables[0].comparisons;
        let here = comparisons[0].here.unwrap();
        assert!((here.difference - 0.1).abs() < 1e-12);
        assert_eq!(here.verdict, Verdict::ComesOut);
        assert_eq!(Tally::of(comparisons).open, 1);
        // Figures of other settings do not count, and without training the rows stay open.
        let (tables, count) = run("y", &[1, 2, 3], false);
        assert_eq!((count, Tally::of(&tables[0].comparisons).open), (0, 2));
        assert_eq!(run("y", &[1], true).1, 2);
        // Nor do they count where some seeds are there and others are not.
        let (tables, _) = run("y", &[1, 2], false);
        assert_eq!(Tally::of(&tables[0].comparisons).open, 2);
        assert_eq!(Tally::of(&run("y", &[1], false).0[0].comparisons).open, 1);
        std::fs::remove_dir_all(path).unwrap();
    }
}
