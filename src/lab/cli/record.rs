//! `vitrine record`: what links rank, written down, so that a link that was once shared is known to
//! open to the same ranking after the code has moved (`tests/links.rs`).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;
use serde::{Deserialize, Serialize};

use super::notices::said;
use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use link::State;
use market::catalogue::ProductId;
use protocol::Backend;
use protocol::blend;

/// Products that are recorded of a ranking.
const TOP: usize = 10;

/// What to record.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A table with a column `link`; what each ranks is written into the other columns.
    #[arg(default_value = "tests/links.csv")]
    pub links: PathBuf,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// A link with what it ranks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// As it was shared.
    pub link: String,
    /// The first products, by number, with spaces between.
    #[serde(default)]
    pub products: String,
    /// Their scores.
    #[serde(default)]
    pub scores: String,
}

impl Recorded {
    /// Of a ranking.
    pub fn new(link: &str, ranking: &[(ProductId, f32)]) -> Self {
        let texts = |of: fn(&(ProductId, f32)) -> String| -> String {
            ranking.iter().map(of).collect::<Vec<_>>().join(" ")
        };
        Self {
            link: link.to_owned(),
            products: texts(|(product, _)| product.to_string()),
            scores: texts(|(_, score)| score.to_string()),
        }
    }

    /// The ranking that was recorded.
    ///
    /// # Errors
    /// Where a number is none, or there are not as many scores as products.
    pub fn ranking(&self) -> Result<Vec<(ProductId, f32)>> {
        let products = self.products.split_whitespace().map(str::parse::<ProductId>);
        let products = products.collect::<Result<Vec<_>, _>>().context("products")?;
        let scores = self.scores.split_whitespace().map(str::parse::<f32>);
        let scores = scores.collect::<Result<Vec<_>, _>>().context("scores")?;
        if products.len() != scores.len() {
            bail!("{} products and {} scores", products.len(), scores.len());
        }
        Ok(products.into_iter().zip(scores).collect())
    }
}

/// Reads a table of links.
///
/// # Errors
/// Where it cannot be read.
pub fn read(path: &Path) -> Result<Vec<Recorded>> {
    let mut file = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    Ok(file.deserialize().collect::<Result<_, _>>()?)
}

/// The first products that a link ranks, with their scores.
///
/// # Errors
/// Where the ranking fails.
pub fn ranking(funnel: &mut Funnel<impl AssetSource>, link: &str) -> Result<Vec<(ProductId, f32)>> {
    let (state, _) = State::from_link(link);
    let answer = block_on(funnel.run(1, &state, &Patient::default())).map_err(said)?;
    let answer = answer.context("nobody waits for the answer")?;
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    let product = |place: &blend::Ranked| answer.candidates[place.candidate].product;
    Ok(order.iter().take(TOP).map(|place| (product(place), place.score)).collect())
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or written, or a ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let links = read(&arguments.links)?;
    let folder = Folder(arguments.assets.clone());
    let mut funnel =
        block_on(Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ())).map_err(said)?;
    let mut file = csv::Writer::from_path(&arguments.links)?;
    for Recorded { link, .. } in &links {
        let ranking = ranking(&mut funnel, link).with_context(|| link.clone())?;
        file.serialize(Recorded::new(link, &ranking))?;
    }
    file.flush()?;
    println!("{} links in {}", links.len(), arguments.links.display());
    Ok(())
}
