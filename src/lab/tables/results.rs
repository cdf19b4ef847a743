//! Measured figures on disk, one file a variant and seed, so that a stopped run goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use market::metrics::Figure;

/// Figures of one system by variant, each from one seed after another.
pub type Results = BTreeMap<String, Vec<Vec<Figure>>>;

/// A folder of figures.
#[derive(Clone, Debug)]
pub struct Store(PathBuf);

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Finished {
    /// What the figures are the result of.
    of: String,
    /// Seconds that training and measuring took.
    seconds: f64,
    figures: Vec<Figure>,
}

impl Store {
    /// In this folder, which is made when the first figures are put there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn file(&self, system: &str, variant: &str, seed: u64) -> PathBuf {
        self.0.join(system).join(format!("{variant}-{seed}.json"))
    }

    /// Figures of a variant and seed with the seconds they took, if they are there and the result
    /// of this.
    ///
    /// # Errors
    /// Where there is a file and it cannot be read.
    pub fn get(
        &self,
        system: &str,
        variant: &str,
        seed: u64,
        of: &str,
    ) -> Result<Option<(Vec<Figure>, f64)>> {
        let file = self.file(system, variant, seed);
        if !file.exists() {
            return Ok(None);
        }
        let result: Finished = serde_json::from_slice(&fs::read(&file)?)
            .with_context(|| format!("reading {}", file.display()))?;
        Ok((result.of == of).then_some((result.figures, result.seconds)))
    }

    /// Keeps the figures of a variant and seed.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn put(
        &self,
        system: &str,
        variant: &str,
        seed: u64,
        of: &str,
        (figures, seconds): (&[Figure], f64),
    ) -> Result<()> {
        let file = self.file(system, variant, seed);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let result = Finished { of: of.into(), seconds, figures: figures.into() };
        // Renamed into place, so that a run that is stopped here leaves no half of a file.
        let unfinished = file.with_extension("new");
        fs::write(&unfinished, serde_json::to_vec(&result)?)?;
        fs::rename(&unfinished, &file).with_context(|| format!("writing {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::metrics::BLOCKS;

    #[test]
    fn figures_come_back_unless_they_are_the_result_of_something_else() {
        let path = std::env::temp_dir().join(format!("vitrine-tables-{}", std::process::id()));
        let store = Store::new(&path);
        assert_eq!(store.get("dmt", "dnn", 1, "a").unwrap(), None);
        let mut blocks = [Some(0.25); BLOCKS];
        blocks[3] = None;
        let figures = [Figure { name: "click AUC".into(), whole: Some(0.1), blocks }];
        store.put("dmt", "dnn", 1, "a", (&figures, 2.5)).unwrap();
        assert_eq!(store.get("dmt", "dnn", 1, "a").unwrap(), Some((figures.to_vec(), 2.5)));
        for (variant, seed, of) in [("dnn", 1, "b"), ("dnn", 2, "a"), ("din", 1, "a")] {
            assert_eq!(store.get("dmt", variant, seed, of).unwrap(), None);
        }
        fs::remove_dir_all(path).unwrap();
    }
}
