//! What commands that train or evaluate have in common: the market, the words, a bar.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use market::text::TokenVectors;
use market::{MarketConfig, World};
use nets::models::query_category::MODEL as QUERY_CATEGORY;
use training::preset::Preset;

/// The market that a model is trained on, and the words that its queries are read with.
#[derive(Clone, Debug, Args)]
pub struct Market {
    /// Folder of the word vectors, and of what is trained.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// Seed of the market.
    #[arg(long, default_value_t = MarketConfig::default().seed)]
    pub market_seed: u64,
    /// Products in the catalogue.
    #[arg(long, default_value_t = MarketConfig::default().products)]
    pub products: u32,
    /// Shoppers.
    #[arg(long, default_value_t = MarketConfig::default().shoppers)]
    pub shoppers: u32,
    /// How much chance is in the order that the production ranker shows products in.
    #[arg(long, default_value_t = MarketConfig::default().ranker_noise)]
    pub ranker_noise: f32,
    /// Leave the last day alone, train on the week before the day before it and measure on that
    /// day: for choices, which the day that is reported is to have no part in.
    #[arg(long)]
    pub validation: bool,
}

impl Market {
    /// The market that ships.
    pub fn shipped(assets: &Path) -> Self {
        let MarketConfig { seed, products, shoppers, ranker_noise, .. } = MarketConfig::default();
        let (assets, market_seed) = (assets.to_owned(), seed);
        Self { assets, market_seed, products, shoppers, ranker_noise, validation: false }
    }

    /// What the market is generated from.
    pub fn config(&self) -> MarketConfig {
        MarketConfig {
            seed: self.market_seed,
            products: self.products,
            shoppers: self.shoppers,
            ranker_noise: self.ranker_noise,
            days: MarketConfig::default().days - u16::from(self.validation),
            ..MarketConfig::default()
        }
    }

    /// Generates the market.
    pub fn world(&self) -> World {
        World::generate(&self.config())
    }

    /// Reads the word vectors, all of them.
    ///
    /// # Errors
    /// Where a file is missing or damaged.
    pub fn words(&self) -> Result<TokenVectors> {
        let vocabulary = String::from_utf8(read(&self.assets.join("words.txt"))?)?;
        let mut words =
            TokenVectors::new(&vocabulary, &read(&self.assets.join("words.safetensors"))?)?;
        words.extend(&read(&self.assets.join("words-more.safetensors"))?)?;
        Ok(words)
    }

    /// Reads the file of what tells a query's categories.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn predictor(&self) -> Result<Vec<u8>> {
        read(&self.assets.join(QUERY_CATEGORY).with_extension("safetensors"))
            .context("the predictor is trained by `vitrine train moppr`")
    }
}

/// Whose sizes networks have.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sizes {
    /// What the page ships.
    Playground,
    /// The papers'. The page does not take them.
    Paper,
}

/// Sizes of the networks that are trained, and where their weights are written.
#[derive(Clone, Debug, Args)]
pub struct Networks {
    /// Sizes of the networks.
    #[arg(long, value_enum, default_value = "playground")]
    preset: Sizes,
    /// Folder that the weights are written to: if not said, `assets`, and for the paper's sizes
    /// `target/paper`, for the page does not take them.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Networks {
    /// Sizes of the networks.
    pub fn preset(&self) -> Preset {
        match self.preset {
            Sizes::Playground => Preset::Playground,
            Sizes::Paper => Preset::Paper,
        }
    }

    /// The folder that the weights are written to, which is made if it is not there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn folder(&self) -> Result<PathBuf> {
        let folder = self.out.clone().unwrap_or_else(|| match self.preset {
            Sizes::Playground => "assets".into(),
            Sizes::Paper => "target/paper".into(),
        });
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
        Ok(folder)
    }
}

/// Chance that experts and gates meet while they learn.
#[derive(Clone, Debug, Args)]
pub struct Chance {
    /// Deviation of the noise on the logits of gates while they learn.
    #[arg(long, default_value_t = 0.0, value_parser = deviation)]
    pub noise: f32,
    /// Share of an expert's values that are left out of a step: if not said, that of what ships.
    #[arg(long, value_parser = left_out)]
    pub dropout: Option<f64>,
}

/// A deviation: 0 and more.
fn deviation(text: &str) -> Result<f32, String> {
    let deviation: f32 = text.parse().map_err(|error| format!("{error}"))?;
    let is_one = deviation.is_finite() && deviation >= 0.0;
    is_one.then_some(deviation).ok_or_else(|| "not 0 or more".into())
}

/// A share that leaves something: from 0 to less than 1.
fn left_out(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let is_one = (0.0..1.0).contains(&share);
    is_one.then_some(share).ok_or_else(|| "not from 0 to less than 1".into())
}

/// Reads a file.
///
/// # Errors
/// Where it cannot be read; says which.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("reading {}", file.display()))
}

/// A progress bar over `length` of something, with a message in front.
pub fn bar(length: u64, what: &str, message: &str) -> Result<ProgressBar> {
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {what}, {{eta}} left");
    let style = ProgressStyle::with_template(&template)?;
    Ok(ProgressBar::new(length).with_style(style).with_message(message.to_owned()))
}

/// The command as it was typed, for the file that it writes.
pub fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("vitrine {}", arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_that_there_is_none_of_is_refused() {
        assert_eq!((deviation("0.5"), left_out("0.4")), (Ok(0.5), Ok(0.4)));
        assert_eq!((deviation("0"), left_out("0")), (Ok(0.0), Ok(0.0)));
        assert!(["-1", "NaN", "inf", "much"].iter().all(|none| deviation(none).is_err()));
        assert!(["-0.1", "1", "NaN", "much"].iter().all(|none| left_out(none).is_err()));
    }
}
