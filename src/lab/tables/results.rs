//! Measured figures on disk, one file a variant and seed, so that a stopped run goes on.
//!
//! The files are committed, so that anyone can go on: numbers have the digits that an `f32` needs, and
//! what they are the result of is there as a hash and as a line to read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use market::fingerprint::hash;
use market::metrics::Figure;

/// Figures of one system by variant, each from one seed after another.
pub type Results = BTreeMap<String, Vec<Vec<Figure>>>;

/// A folder of figures.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    /// What is measured on, for who reads the files.
    about: String,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Finished {
    /// What was measured on, for who reads it.
    about: String,
    /// Hash of all that the figures are the result of.
    of: String,
    /// Seconds that training and measuring took.
    seconds: f64,
    figures: Vec<Figure>,
}

impl Store {
    /// In this folder, which is made when the first figures are put there. `about` says in a line what
    /// is measured on.
    pub fn new(folder: impl Into<PathBuf>, about: impl Into<String>) -> Self {
        Self { folder: folder.into(), about: about.into() }
    }

    fn file(&self, system: &str, variant: &str, seed: u64) -> PathBuf {
        self.folder.join(system).join(format!("{variant}-{seed}.json"))
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
        Ok((result.of == hash(of.as_bytes())).then_some((result.figures, result.seconds)))
    }

    /// Keeps the figures of a variant and seed, and gives them as they are kept: what is made of them
    /// is the same now and when they are read again.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn put(
        &self,
        system: &str,
        variant: &str,
        seed: u64,
        of: &str,
        (mut figures, seconds): (Vec<Figure>, f64),
    ) -> Result<Vec<Figure>> {
        for figure in &mut figures {
            let all = figure.blocks.iter_mut().chain([&mut figure.whole]);
            all.flatten().for_each(|number| *number = short(*number));
        }
        let (about, of) = (self.about.clone(), hash(of.as_bytes()));
        let result = Finished { about, of, seconds: short(seconds), figures };
        write(&self.file(system, variant, seed), serde_json::to_string(&result)?)?;
        Ok(result.figures)
    }
}

/// Writes a text as a file, in a folder that is made if it is not there. The file is renamed into place,
/// so that a run that is stopped meanwhile leaves no half of one.
///
/// # Errors
/// Where the disk refuses.
pub fn write(file: &Path, text: String) -> Result<()> {
    let unfinished = file.with_extension("new");
    let written = || -> std::io::Result<()> {
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&unfinished, text + "\n")?;
        fs::rename(&unfinished, file)
    };
    written().with_context(|| format!("writing {}", file.display()))
}

/// A number with no more digits than its `f32` needs.
pub fn short(number: f64) -> f64 {
    // What an f32 is written as, read as an f64, is written as the same digits again.
    (number as f32).to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::metrics::BLOCKS;

    #[test]
    fn figures_come_back_unless_they_are_the_result_of_something_else() {
        let path = std::env::temp_dir().join(format!("vitrine-tables-{}", std::process::id()));
        let store = Store::new(&path, "4000 products");
        assert_eq!(store.get("dmt", "dnn", 1, "a").unwrap(), None);
        let mut blocks = [Some(0.25); BLOCKS];
        blocks[3] = None;
        let third = Some(1.0 / 3.0);
        let figures = vec![Figure { name: "click AUC".into(), whole: third, blocks }];
        let kept = store.put("dmt", "dnn", 1, "a", (figures.clone(), 2.5)).unwrap();
        let whole = Some(0.333_333_34);
        assert_eq!(kept, [Figure { whole, ..figures[0].clone() }]);
        assert_eq!(store.get("dmt", "dnn", 1, "a").unwrap(), Some((kept, 2.5)));
        for (variant, seed, of) in [("dnn", 1, "b"), ("dnn", 2, "a"), ("din", 1, "a")] {
            assert_eq!(store.get("dmt", variant, seed, of).unwrap(), None);
        }
        // The digits that an f32 needs, a hash of what it is the result of, a line to read.
        let text = fs::read_to_string(path.join("dmt/dnn-1.json")).unwrap();
        let head = "{\"about\":\"4000 products\",\"of\":\"af63dc4c8601ec8c\",\"seconds\":2.5,";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("\"whole\":0.33333334,\"blocks\":[0.25,0.25,0.25,null,"), "{text}");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_number_is_as_short_as_an_f32_and_stays_so() {
        for (number, digits) in
            [(0.1, "0.1"), (-2.0 / 3.0, "-0.6666667"), (0.0, "0"), (1e-9, "0.000000001")]
        {
            assert_eq!(short(number).to_string(), digits);
            assert_eq!(short(short(number)), short(number));
        }
    }
}
