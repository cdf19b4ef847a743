//! Learned weights in files, as the tab saves and opens them, for the commands that rank; and `vitrine evaluate
//! weights`: what they come to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use futures::executor::block_on;

use super::notices::said;
use crate::native::Folder;
use engine::pipeline::Funnel;
use languages::english;
use link::State;
use link::recipe::{Recipe, SHOPPERS};
use market::language::Message;
use protocol::Opened;
use protocol::learn::Measure;
use systems::learning::{of_ranker, rank_with};
use trainer::run::{Ground, measured_file};
use training::slices::whole;

/// Learned weights to rank with.
#[derive(Debug, Args)]
pub struct Learned {
    /// A file of a ranker's weights, as "Save the weights" and `vitrine train` write them. The link is
    /// ranked with them, by the ranker and the variant that they are of.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

impl Learned {
    /// Brings them to a funnel, if there are any, and has a state rank with them.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no weights of a ranker of this shop.
    pub fn bring<S>(&self, funnel: &mut Funnel<S>, state: &mut State) -> Result<()> {
        let Some(path) = &self.weights else { return Ok(()) };
        let (opened, bytes) = open(path, funnel)?;
        funnel.weigh(&opened.file, Some(bytes));
        rank_with(&mut state.settings, &opened.settings);
        Ok(())
    }
}

/// What a file of a ranker's weights is of, and its bytes.
///
/// # Errors
/// Where it cannot be read, or holds no weights of a ranker of the funnel's shop.
pub(super) fn open<S>(path: &Path, funnel: &Funnel<S>) -> Result<(Opened, Vec<u8>)> {
    let bytes = read(path)?;
    let opened = funnel.open_ranker(&bytes).map_err(said).with_context(|| named(path))?;
    Ok((opened, bytes))
}

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files of a ranker's weights, as "Save the weights" and `vitrine train` write them.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Where the assets or a file cannot be read, or a file holds no weights of a ranker of this shop.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = Folder(arguments.assets.clone());
    let ground = block_on(Ground::fetch(&folder));
    let ground = ground.map_err(|error| anyhow!(english(&error.said())))?;
    for path in &arguments.files {
        let bytes = read(path)?;
        let opened = ground.open(&bytes).map_err(said).with_context(|| named(path))?;
        let learning = of_ranker(&opened.settings).context("this ranker learns nothing")?;
        let state = State { settings: opened.settings, ..State::default() };
        let mut recipe = Recipe::new(learning);
        // Who is learned from is nothing to what is held out, so it may be few.
        recipe.set(&SHOPPERS, 0.0);
        let data = ground.gathered(&recipe).map_err(said)?;
        let asked = (&state, &recipe);
        let found = whole(measured_file(asked, data.samples(), bytes));
        let found = found.map_err(said).with_context(|| named(path))?;
        let shipped = block_on(ground.shipped(asked, data.samples(), &folder)).map_err(said)?;
        println!("{}: {}\n", named(path), opened.command);
        println!("| held out | learned | ships |\n| --- | ---: | ---: |");
        for measure in &found {
            let ships = shipped.iter().find(|of| of.key == measure.key);
            let name = english(&Message::new(word!("learn.measure.{}", measure.key)));
            println!("| {name} | {} | {} |", shown(Some(measure)), shown(ships));
        }
        println!();
    }
    Ok(())
}

/// A measure over what is held out; nothing where there is none.
fn shown(measure: Option<&Measure>) -> String {
    let value = measure.and_then(|measure| measure.held_out);
    value.map_or_else(String::new, |value| format!("{value:.4}"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// A file, as it is told of.
pub(super) fn named(path: &Path) -> String {
    path.display().to_string()
}
