//! `vitrine study`: what the papers show of a log, of a model's insides and of a clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use super::market::Market;
use crate::registry::studies;
use crate::tables::results::Store;
use crate::tables::study::Study;
use market::metrics::Figure;

/// Where measured figures are kept: a folder that is committed, so that anyone can go on.
pub(crate) const FIGURES: &str = "docs/figures";
/// Folder of studies in that of figures.
const FOLDER: &str = "studies";

/// Which studies, and where their figures are kept.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only these, for example dmt-gates,mlpr-times.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Folder of measured figures: what is there, and the result of the same, is not measured again.
    #[arg(long, default_value = FIGURES)]
    work: PathBuf,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    assets: PathBuf,
}

/// Measures what is not there, on the market that ships, and prints all of it.
///
/// # Errors
/// Where a file cannot be read or written, or there is no study of a name.
pub fn run(arguments: &Arguments) -> Result<()> {
    let known: Vec<&str> = studies().map(|study| study.name).collect();
    if let Some(name) = arguments.only.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no study {name:?}, only {}", known.join(", "));
    }
    let wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let market = Market::shipped(&arguments.assets);
    for study in studies().filter(|study| wanted(study.name)) {
        let (figures, seconds) = measured(study, &market, &arguments.work)?;
        println!("{}: {} ({seconds:.0} s)\n\n| | |\n|---|---:|", study.name, study.says);
        for figure in figures {
            match figure.whole {
                Some(whole) => println!("| {} | {whole:.4} |", figure.name),
                None => println!("| {} | \u{2013} |", figure.name),
            }
        }
        println!();
    }
    Ok(())
}

/// The figures of a study, which are measured if they are not kept, with the seconds that took.
fn measured(study: &Study, market: &Market, work: &Path) -> Result<(Vec<Figure>, f64)> {
    let (store, seed) = (Store::new(work, study.says), market.market_seed);
    let of = (study.of)(market)?;
    if let Some(found) = store.get(FOLDER, study.name, seed, &of)? {
        return Ok(found);
    }
    let started = Instant::now();
    let figures = (study.run)(market)?;
    let seconds = started.elapsed().as_secs_f64();
    let figures = store.put(FOLDER, study.name, seed, &of, (figures, seconds))?;
    Ok((figures, seconds))
}

/// What is kept of the studies, by name.
///
/// # Errors
/// Where a file cannot be read.
pub fn kept(assets: &Path, work: &Path) -> Result<BTreeMap<String, Vec<Figure>>> {
    let market = Market::shipped(assets);
    let mut kept = BTreeMap::new();
    for study in studies() {
        let store = Store::new(work, study.says);
        // Where what it hangs on is not there, nothing that is kept is the result of it.
        let Ok(of) = (study.of)(&market) else { continue };
        if let Some((figures, _)) = store.get(FOLDER, study.name, market.market_seed, &of)? {
            kept.insert(study.name.to_owned(), figures);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use market::metrics::BLOCKS;

    static RUNS: AtomicUsize = AtomicUsize::new(0);

    fn study(of: fn(&Market) -> Result<String>) -> Study {
        let run = |_: &Market| {
            RUNS.fetch_add(1, Ordering::Relaxed);
            let blocks = [Some(0.25); BLOCKS];
            Ok(vec![Figure { name: "one".into(), whole: Some(1.0 / 3.0), blocks }])
        };
        Study { name: "test", says: "a test", figures: &["one"], of, run }
    }

    #[test]
    fn what_is_kept_is_not_measured_again() {
        let work = std::env::temp_dir().join(format!("vitrine-studies-{}", std::process::id()));
        let market = Market::shipped(Path::new("assets"));
        let first = study(|_| Ok("a".into()));
        let (figures, _) = measured(&first, &market, &work).unwrap();
        assert_eq!(figures[0].whole, Some(0.333_333_34));
        assert_eq!(measured(&first, &market, &work).unwrap().0, figures);
        assert_eq!(RUNS.load(Ordering::Relaxed), 1);
        // The result of something else.
        let other = study(|_| Ok("b".into()));
        measured(&other, &market, &work).unwrap();
        assert_eq!(RUNS.load(Ordering::Relaxed), 2);
        assert!(work.join("studies/test-1.json").is_file());
        std::fs::remove_dir_all(work).unwrap();
    }

    #[test]
    fn studies_have_names_of_their_own() {
        let mut names: Vec<&str> = studies().map(|study| study.name).collect();
        assert!(names.len() >= 3);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), studies().count());
        for study in studies() {
            assert!(!study.figures.is_empty(), "{}", study.name);
        }
    }
}
