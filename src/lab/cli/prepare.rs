//! `vitrine prepare`: what the page shows before its engine has answered, and its line in the manifest.

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;

use super::manifest;
use super::notices::said;
use crate::native::{Folder, Patient};
use engine::pipeline::Funnel;
use link::State;
use protocol::Backend;
use protocol::prepared::Prepared;

/// The file in the folder of assets, which the page fetches while its engine is on its way.
pub const FILE: &str = "prepared.json";

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
/// Where the assets cannot be read or written, or the ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let prepared = prepared(Folder(arguments.assets.clone()))?;
    let path = arguments.assets.join(FILE);
    std::fs::write(&path, serde_json::to_vec(&prepared)?)
        .with_context(|| format!("writing {}", path.display()))?;
    manifest::run(&manifest::Arguments { assets: arguments.assets.clone() })
}

/// The page as it opens, as the engine answers it here.
///
/// # Errors
/// Where the assets cannot be read or the ranking fails.
pub fn prepared(folder: Folder) -> Result<Prepared> {
    let opened = RefCell::new(None);
    futures::executor::block_on(async {
        let open = |shop| *opened.borrow_mut() = Some(shop);
        let funnel = Funnel::load(Backend::Cpu, Device::flex(), folder, open);
        let mut funnel = funnel.await.map_err(said)?;
        let answer = funnel.run(0, &State::default(), &Patient::default()).await.map_err(said)?;
        match (opened.take(), answer) {
            (Some(shop), Some(answer)) => Ok(Prepared::of(shop, answer)),
            _ => bail!("the engine told of no shop"),
        }
    })
}
