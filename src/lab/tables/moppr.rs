//! MOPPR's tables 1 and 2, its figure 4, and what section 7.1.2 says of hard mining (MOPPR 5.5 and 7.1).

pub mod claims;

use anyhow::{Context, Result};
use training::device::device;

use super::table::{Row, System, Table, Tie, Watch};
use market::metrics::Figure;
use market::text::TokenVectors;
use market::{MarketConfig, World};
use nets::models::moppr::{Encoder, Moppr as Network, MopprConfig};
use nets::models::vocabulary::Vocabulary;
use nets::nn::numbers::seeded;
use training::moppr::evaluate::{NAMES, by_block};
use training::moppr::lab::Lab;
use training::moppr::samples::Options;
use training::moppr::selection::Selection;
use training::moppr::{Mixed, Settings, train};
use training::people::People;

const MOPPR: Row = Row { variant: "moppr", paper: &[0.936, 0.254, 0.977, 0.334, 0.456] };

const TABLE_1: Table = Table {
    id: "moppr-1",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[["moppr", "no-nci"]],
    metrics: &NAMES,
    rows: &[
        MOPPR,
        Row { variant: "no-relevance", paper: &[0.938, 0.265, 0.977, 0.346, 0.404] },
        Row { variant: "no-exposure", paper: &[0.921, 0.252, 0.961, 0.333, 0.455] },
        Row { variant: "no-click", paper: &[0.921, 0.234, 0.967, 0.310, 0.450] },
        Row { variant: "no-purchase", paper: &[0.924, 0.217, 0.965, 0.271, 0.455] },
        Row { variant: "no-nci", paper: &[0.940, 0.259, 0.977, 0.332, 0.449] },
        Row { variant: "no-ui", paper: &[0.925, 0.235, 0.968, 0.306, 0.423] },
        Row { variant: "no-nci-ui", paper: &[0.936, 0.223, 0.976, 0.273, 0.424] },
    ],
    pairs: &[
        ["moppr", "no-relevance"],
        ["moppr", "no-exposure"],
        ["moppr", "no-click"],
        ["moppr", "no-purchase"],
        ["moppr", "no-nci"],
        ["moppr", "no-ui"],
        ["moppr", "no-nci-ui"],
    ],
};

const TABLE_2: Table = Table {
    id: "moppr-2",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &NAMES,
    rows: &[
        Row { variant: "alpha-dnn", paper: &[0.858, 0.188, 0.920, 0.230, 0.327] },
        Row { variant: "mgdspr", paper: &[0.929, 0.230, 0.967, 0.286, 0.399] },
        MOPPR,
    ],
    pairs: &[["mgdspr", "alpha-dnn"], ["moppr", "mgdspr"], ["moppr", "alpha-dnn"]],
};

/// The paper gives gains only; they stand on its MOPPR of table 1.
const HARD_MINING: Table = Table {
    id: "moppr-7",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &NAMES,
    rows: &[
        MOPPR,
        Row { variant: "ui-30", paper: &[0.946, 0.254, 0.985, 0.334, 0.456] },
        Row { variant: "irrelevant", paper: &[0.936, 0.254, 0.977, 0.334, 0.462] },
    ],
    pairs: &[["ui-30", "moppr"], ["irrelevant", "moppr"]],
};

/// Random negatives a step; the paper draws recall and P_good over them.
const FIGURE_4: Table = Table {
    id: "moppr-figure-4",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &["recall@K", "P_good"],
    rows: &[
        Row { variant: "negatives-64", paper: &[] },
        Row { variant: "negatives-256", paper: &[] },
        Row { variant: "moppr", paper: &[] },
        Row { variant: "negatives-4096", paper: &[] },
        Row { variant: "negatives-8192", paper: &[] },
    ],
    pairs: &[["moppr", "negatives-64"], ["moppr", "negatives-8192"]],
};

/// The tables of the paper.
pub const TABLES: &[Table] = &[TABLE_1, TABLE_2, HARD_MINING, FIGURE_4];

/// Under-impressions that the market logs on top of ten, for section 7.1.2.
const MORE: u16 = 20;

/// Times that every page view is seen: searches with more than one click are few, and towers need
/// steps.
const EPOCHS: usize = 5;

/// Page views a step.
const BATCH: usize = 128;

/// MGDSPR's hard negatives, and the interval that it draws the positive's share from.
const MIXED: Mixed = Mixed { hard: 32, shares: [0.4, 0.6] };

/// A way to train.
struct Variant {
    encoder: Encoder,
    selection: Selection,
    settings: Settings,
}

fn variant(name: &str) -> Option<Variant> {
    let mut variant = Variant {
        encoder: Encoder::Moppr,
        selection: Selection::PAPER,
        settings: Settings { epochs: EPOCHS, batch: BATCH, ..Settings::default() },
    };
    let Variant { encoder, selection, settings } = &mut variant;
    match name {
        "moppr" => (),
        "no-relevance" => settings.objectives[0] = 0.0,
        "no-exposure" => settings.objectives[1] = 0.0,
        "no-click" => settings.objectives[2] = 0.0,
        "no-purchase" => settings.objectives[3] = 0.0,
        "no-nci" => selection.non_clicked = false,
        "no-ui" => selection.under_impressions = 0,
        "no-nci-ui" => (selection.non_clicked, selection.under_impressions) = (false, 0),
        "ui-30" => selection.under_impressions = 30,
        "irrelevant" => selection.irrelevant = 10,
        "negatives-64" => settings.negatives = 64,
        "negatives-256" => settings.negatives = 256,
        "negatives-4096" => settings.negatives = 4096,
        "negatives-8192" => settings.negatives = 8192,
        "alpha-dnn" | "mgdspr" => {
            *selection = Selection::SINGLE;
            settings.objectives = [0.0, 0.0, 1.0, 0.0];
            *encoder = Encoder::AlphaDnn;
            if name == "mgdspr" {
                *encoder = Encoder::Mgdspr;
                settings.mixed = Some(MIXED);
            }
        }
        _ => return None,
    }
    Some(variant)
}

/// Variants that can be trained on page views as they are logged for what ships, for online tests.
pub const ONLINE: [&str; 4] = ["moppr", "no-nci", "mgdspr", "alpha-dnn"];

/// Trains a variant from a seed on the page views of a lab; its configuration with it.
///
/// # Errors
/// Where there is no such variant, or the device fails.
pub fn trained(
    lab: &Lab,
    name: &str,
    seed: u64,
    watch: &mut Watch,
) -> Result<(MopprConfig, Network)> {
    let Variant { encoder, selection, settings } =
        variant(name).with_context(|| format!("there is no variant {name:?}"))?;
    let settings = Settings { seed, ..settings };
    let vocabulary = Vocabulary::of(&lab.world.catalogue);
    let config = MopprConfig { encoder, ..MopprConfig::playground(vocabulary) };
    let device = device();
    let model = seeded(&device, seed, || config.init(&device));
    let views = selection.of(&lab.data.training, &lab.sale_days);
    let model = train(model, lab.corpus(&views), &settings, None, watch)?;
    Ok((config, model))
}

/// MOPPR and its baselines on one market.
pub struct Moppr {
    market: MarketConfig,
    /// Shoppers who are tested and never trained on.
    tested: u32,
    /// Until the lab has them.
    words: Option<TokenVectors>,
    /// Made when the first variant is trained.
    lab: Option<Lab>,
}

impl Moppr {
    /// On this market, which is made to log more under-impressions, tested on so many who were never trained on.
    pub fn new(market: MarketConfig, words: TokenVectors, tested: u32) -> Self {
        let market = MarketConfig { more_under_impressions: MORE, ..market };
        Self { market, tested, words: Some(words), lab: None }
    }
}

impl System for Moppr {
    fn name(&self) -> &'static str {
        "moppr"
    }

    fn tables(&self) -> &'static [Table] {
        TABLES
    }

    fn settings(&self, name: &str) -> Option<String> {
        let Variant { encoder, selection, settings } = variant(name)?;
        let Self { market, tested, .. } = self;
        Some(format!("{market:?} {tested} fresh {encoder:?} {selection:?} {settings:?}"))
    }

    fn measure(&mut self, name: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>> {
        let lab = match &mut self.lab {
            Some(lab) => lab,
            None => {
                let options =
                    Options { under_impressions: 10 + usize::from(MORE), ..Options::training() };
                let world = World::generate(&self.market);
                let words = self.words.take().context("the lab could not be made before")?;
                let people = People::fresh(&world, self.tested);
                self.lab.insert(Lab::new(world, words, &options, people, || ())?)
            }
        };
        let (_, model) = trained(lab, name, seed, watch)?;
        let test = &lab.data.test;
        let k = (Vocabulary::of(&lab.world.catalogue).products / 100).max(1);
        let retrieved = lab.retrieve(&model, k)?;
        Ok(by_block(k, test, &retrieved, &lab.data.queries, &lab.world))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table::assert_whole;

    #[test]
    fn every_row_has_its_figures_and_every_pair_its_rows() {
        assert_whole(TABLES, |name| variant(name).is_some());
        assert!(variant("none such").is_none());
        assert!(ONLINE.iter().all(|name| variant(name).is_some()));
    }
}
