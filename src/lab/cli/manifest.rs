//! `vitrine manifest`: names the files of the assets folder with their sizes and checksums, and
//! lists the lessons.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::lessons;
use crate::native::Folder;
use engine::pipeline::first_files;

/// Which folder.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Where the folder cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = Folder(arguments.assets.clone());
    folder
        .write_manifest(first_files())
        .with_context(|| format!("listing {}", arguments.assets.display()))?;
    lessons::write_list(&arguments.assets)
}
