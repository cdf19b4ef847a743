//! `vitrine score`: the forward pass of a system over plain arrays, with every inside that has a
//! name in its paper, so that any other implementation can be held against it.
//!
//! The input is a JSON object of arrays, one field for each input of the model file, and the
//! output another, of the paper's names: docs/score.md has both. What is computed of padding is
//! printed as zeros. Everything is computed in f32 on the CPU.

mod dmt;
mod insides;
mod mlpr;
mod moppr;
mod read;
mod yandex;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::Value;

pub use insides::Insides;
use read::Fields;

/// The systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// MOPPR, the retriever.
    Moppr,
    /// DMT, the ranker.
    Dmt,
    /// MLPR, the other ranker, for search.
    Mlpr,
    /// Yandex's two towers, the retriever of the feed.
    Yandex,
}

/// What to score.
#[derive(Debug, Args)]
pub struct Arguments {
    /// System.
    #[arg(long, value_enum)]
    pub model: System,
    /// Its weights, for example assets/moppr.safetensors.
    #[arg(long)]
    pub weights: PathBuf,
    /// What it reads, a JSON object of plain arrays.
    #[arg(long)]
    pub input: PathBuf,
    /// File to write; without it the insides are printed.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or written, or [`score`] refuses it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let reading = |path: &PathBuf| format!("reading {}", path.display());
    let weights = fs::read(&arguments.weights).with_context(|| reading(&arguments.weights))?;
    let input = fs::read_to_string(&arguments.input).with_context(|| reading(&arguments.input))?;
    let insides = score(arguments.model, &weights, &input)?.to_string();
    match &arguments.out {
        Some(out) => fs::write(out, insides).with_context(|| format!("writing {}", out.display())),
        None => {
            print!("{insides}");
            Ok(())
        }
    }
}

/// The insides of a system over an input; `weights` are the bytes of its file.
///
/// # Errors
/// Where the weights are damaged or another model's, or the input is not what they read: a field
/// that is missing, unknown, ragged, of another length, or with a number out of its range.
pub fn score(system: System, weights: &[u8], input: &str) -> Result<Insides> {
    let input: Value = serde_json::from_str(input).context("the input is no JSON")?;
    let input = Fields::new(&input)?;
    match system {
        System::Moppr => moppr::score(weights, &input),
        System::Dmt => dmt::score(weights, &input),
        System::Mlpr => mlpr::score(weights, &input),
        System::Yandex => yandex::score(weights, &input),
    }
}
