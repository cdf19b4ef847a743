//! `vitrine score`: the forward pass of a system over plain arrays, with every inside that has a
//! name in its paper, so that any other implementation can be held against it.
//!
//! The input is a JSON object of arrays, one field for each input of the model file, and the
//! output another, of the paper's names: docs/score.md has both. What is computed of padding is
//! printed as zeros. Everything is computed in f32 on the CPU.

pub(crate) mod insides;
pub(crate) mod read;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::registry::{self, SYSTEMS};
use crate::system::System;
pub use insides::Insides;
pub use read::Fields;

/// What to score.
#[derive(Debug, Args)]
pub struct Arguments {
    /// System.
    #[arg(long, value_parser = PossibleValuesParser::new(SYSTEMS.map(|system| system.key)))]
    pub model: String,
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
    let system = registry::system(&arguments.model).context("there is no such system")?;
    let insides = score(system, &weights, &input)?.to_string();
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
pub fn score(system: &System, weights: &[u8], input: &str) -> Result<Insides> {
    let input: Value = serde_json::from_str(input).context("the input is no JSON")?;
    (system.score)(weights, &Fields::new(&input)?)
}
