//! MLPR's tables 2 to 4 and its figures 2 and 3 (MLPR 5.1, 5.2, 5.4 and 5.5).
//!
//! PLE of table 2 and "+ Specific-Experts" of table 4 have the same six figures in the paper, so they
//! are one model: experts of its own for each task, trained by the uncertainty loss. What table 4
//! adds to it stands on it; MLPR has stage 1 below as well.

pub mod claims;

use anyhow::{Context, Result};
use burn::tensor::Device;

use super::table::{Row, System, Table, Tie, Watch};
use market::World;
use market::features::wide;
use market::metrics::Figure;
use market::text::TokenVectors;
use nets::models::mlpr::bert::{Bert, Text};
use nets::models::mlpr::{K, MlprConfig, Sharing};
use nets::models::query_category::CategoryPredictor;
use training::mlpr::data::Data;
use training::mlpr::evaluate::{by_block, by_impressions, scores};
use training::mlpr::library::Library;
use training::mlpr::samples::{FEW, Labels, hash};
use training::mlpr::{Settings, Weighting, engagement, masked, train};
use training::trees::{self, Booster, Rows};

const NINE: [&str; 9] = [
    "click AUC",
    "cart AUC",
    "order AUC",
    "click nDCG@1",
    "cart nDCG@1",
    "order nDCG@1",
    "click nDCG@5",
    "cart nDCG@5",
    "order nDCG@5",
];

/// Tables 3 and 4 leave nDCG@5 out.
const SIX: &[&str] = NINE.split_at(6).0;

const TABLE_2: Table = Table {
    id: "mlpr-2",
    percent: true,
    tie: Tie::LIFTS,
    undecided: &[],
    metrics: &NINE,
    rows: &[
        Row { variant: WIDE_TREES, paper: &[0.0; 9] },
        Row {
            variant: "mlp-single",
            paper: &[3.93, 2.06, 0.01, 8.06, 3.39, 0.06, 5.46, 2.20, 1.36],
        },
        Row { variant: "mlp-mtl", paper: &[3.78, 2.70, 0.03, 8.81, 4.97, -0.28, 5.85, 3.54, 1.36] },
        Row { variant: "esm2", paper: &[1.48, 0.28, -0.70, 2.64, -2.66, -2.04, 1.42, -2.79, 0.03] },
        Row {
            variant: "mmoe",
            paper: &[-0.73, -0.15, -1.01, -1.70, -5.23, -4.52, -1.66, -3.79, -1.99],
        },
        Row { variant: "ple", paper: &[5.80, 3.63, 0.56, 10.14, 6.31, 3.28, 7.84, 4.86, 3.69] },
        Row { variant: "aitm", paper: &[5.86, 3.98, 0.64, 9.88, 6.93, 3.13, 7.73, 4.86, 3.49] },
        Row { variant: "mlpr", paper: &[6.48, 4.66, 1.03, 17.22, 10.61, 5.36, 10.48, 8.10, 5.65] },
    ],
    // What 5.1 says: MLPR above all, learning tasks together above learning them apart and above
    // trees, a gate alone below, experts of one's own above, attention above transfer.
    pairs: &[
        ["mlpr", WIDE_TREES],
        ["mlpr", "mlp-single"],
        ["mlpr", "mlp-mtl"],
        ["mlpr", "esm2"],
        ["mlpr", "mmoe"],
        ["mlpr", "ple"],
        ["mlpr", "aitm"],
        ["mlp-single", WIDE_TREES],
        ["mlp-mtl", WIDE_TREES],
        ["mlp-mtl", "mlp-single"],
        ["mmoe", "mlp-mtl"],
        ["ple", "mmoe"],
        ["aitm", "esm2"],
    ],
};

const TABLE_3: Table = Table {
    id: "mlpr-3",
    percent: true,
    tie: Tie::LIFTS,
    undecided: &[],
    metrics: SIX,
    rows: &[
        Row { variant: "mtl-uncertainty", paper: &[3.77, 2.78, 0.20, 8.28, 4.68, 0.28] },
        Row { variant: "mtl-fine-tuned", paper: &[5.23, 3.24, 0.59, 15.91, 9.03, 3.93] },
        Row { variant: "mlpr-frozen", paper: &[5.63, 4.05, 0.66, 10.14, 7.22, 3.28] },
        Row { variant: "mlpr", paper: &[6.48, 4.66, 1.03, 17.22, 10.61, 5.36] },
    ],
    pairs: &[["mtl-fine-tuned", "mtl-uncertainty"], ["mlpr", "mlpr-frozen"]],
};

const TABLE_4: Table = Table {
    id: "mlpr-4",
    percent: true,
    tie: Tie::LIFTS,
    undecided: &[["mtl-uncertainty", "mlp-mtl"]],
    metrics: SIX,
    rows: &[
        Row { variant: "mlp-mtl", paper: &[3.78, 2.70, 0.03, 8.81, 4.97, -0.28] },
        Row { variant: "mtl-uncertainty", paper: &[3.77, 2.78, 0.20, 8.28, 4.68, 0.28] },
        Row { variant: "ple", paper: &[5.80, 3.63, 0.56, 10.14, 6.31, 3.28] },
        Row { variant: "ple-attention", paper: &[5.39, 3.78, 0.63, 9.85, 6.80, 3.31] },
        Row { variant: "ple-transfer", paper: &[5.69, 4.03, 0.67, 9.85, 6.85, 3.31] },
        Row { variant: "mlpr", paper: &[6.48, 4.66, 1.03, 17.22, 10.61, 5.36] },
    ],
    // The last against the first stands in table 2.
    pairs: &[
        ["mtl-uncertainty", "mlp-mtl"],
        ["ple", "mlp-mtl"],
        ["ple-attention", "mlp-mtl"],
        ["ple-transfer", "mlp-mtl"],
    ],
};

/// Groups of pairs by how often they were shown, each with the metrics that the paper draws the gain
/// over XGBoost in; which models it draws it does not say.
const FIGURE_2: Table = Table {
    id: "mlpr-figure-2",
    percent: true,
    tie: Tie::LIFTS,
    undecided: &[],
    metrics: &[
        "click AUC fewest",
        "cart AUC fewest",
        "order AUC fewest",
        "click nDCG@5 fewest",
        "cart nDCG@5 fewest",
        "order nDCG@5 fewest",
        "click AUC middle",
        "cart AUC middle",
        "order AUC middle",
        "click nDCG@5 middle",
        "cart nDCG@5 middle",
        "order nDCG@5 middle",
        "click AUC most",
        "cart AUC most",
        "order AUC most",
        "click nDCG@5 most",
        "cart nDCG@5 most",
        "order nDCG@5 most",
    ],
    rows: &[
        Row { variant: WIDE_TREES, paper: &[] },
        Row { variant: "mlp-single", paper: &[] },
        Row { variant: "mlp-mtl", paper: &[] },
        Row { variant: "esm2", paper: &[] },
        Row { variant: "mmoe", paper: &[] },
        Row { variant: "ple", paper: &[] },
        Row { variant: "aitm", paper: &[] },
        Row { variant: "mlpr", paper: &[] },
    ],
    pairs: &[["mlpr", WIDE_TREES]],
};

/// Dropout, and layers of an expert: the paper draws AUC over them.
const FIGURE_3: Table = Table {
    id: "mlpr-figure-3",
    percent: true,
    tie: Tie::LIFTS,
    undecided: &[],
    metrics: SIX.split_at(3).0,
    rows: &[
        Row { variant: "mlpr", paper: &[] },
        Row { variant: "dropout-40", paper: &[] },
        Row { variant: "dropout-60", paper: &[] },
        Row { variant: "dropout-80", paper: &[] },
        Row { variant: "layers-3", paper: &[] },
        Row { variant: "layers-4", paper: &[] },
    ],
    pairs: &[
        ["mlpr", "dropout-40"],
        ["mlpr", "dropout-60"],
        ["mlpr", "dropout-80"],
        ["layers-3", "mlpr"],
        ["layers-3", "layers-4"],
    ],
};

/// The tables of the paper.
pub const TABLES: &[Table] = &[TABLE_2, TABLE_3, TABLE_4, FIGURE_2, FIGURE_3];

/// Trees on the wide features, which is what the paper's lifts are over.
const WIDE_TREES: &str = "xgboost";

/// Times that every query is seen, and pairs a step: pairs with more than five impressions are some
/// tens of thousands, and networks need steps.
const EPOCHS: usize = 5;
/// See [`EPOCHS`].
const BATCH: usize = 256;

/// What is trained under a variant's name.
#[derive(Debug)]
enum Make {
    /// MLPR, whole or with parts left out.
    Network(Box<MlprConfig>, Settings),
    /// Trees on the wide features, for each task its own. No seed changes them.
    Trees(trees::Settings),
}

fn make(variant: &str) -> Option<Make> {
    let shipped = MlprConfig::playground(wide::COUNT);
    // The base of table 4: a bottom and towers, the losses added up, encoders as they come.
    let mut config = MlprConfig {
        sharing: Sharing::SharedBottom,
        attention: false,
        transfer: false,
        ..shipped.clone()
    };
    let mut settings = Settings {
        epochs: EPOCHS,
        batch: BATCH,
        labels: Labels::Pairs,
        weighting: Weighting::Fixed([1.0; K]),
        fine_tuning: false,
        ..Settings::default()
    };
    match variant {
        WIDE_TREES => return Some(Make::Trees(trees::Settings::default())),
        "mlp-single" => config.sharing = Sharing::SingleTask,
        "mlp-mtl" => (),
        "esm2" => config.transfer = true,
        "mmoe" => config.sharing = Sharing::Mixture,
        "aitm" => (config.sharing, config.adaptive) = (Sharing::SingleTask, true),
        _ => {
            settings.weighting = Weighting::Uncertainty;
            match variant {
                "mtl-uncertainty" => (),
                "mtl-fine-tuned" => settings.fine_tuning = true,
                "ple" => config.sharing = Sharing::Customised,
                "ple-attention" => {
                    (config.sharing, config.attention) = (Sharing::Customised, true);
                }
                "ple-transfer" => config = MlprConfig { sharing: Sharing::Customised, ..shipped },
                "mlpr-frozen" => config = shipped,
                "mlpr" => (config, settings.fine_tuning) = (shipped, true),
                "dropout-40" | "dropout-60" | "dropout-80" => {
                    let dropout = match variant {
                        "dropout-40" => 0.4,
                        "dropout-60" => 0.6,
                        _ => 0.8,
                    };
                    (config, settings.fine_tuning) = (MlprConfig { dropout, ..shipped }, true);
                }
                "layers-3" | "layers-4" => {
                    let expert =
                        if variant == "layers-3" { vec![96, 72, 48] } else { vec![96, 80, 64, 48] };
                    (config, settings.fine_tuning) = (MlprConfig { expert, ..shipped }, true);
                }
                _ => return None,
            }
        }
    }
    Some(Make::Network(Box::new(config), settings))
}

/// MLPR and its baselines on one market.
pub struct Mlpr {
    world: World,
    words: TokenVectors,
    predictor: CategoryPredictor,
    /// Which predictor that is: a sum over its file.
    read_by: u64,
    /// Gathered when the first variant is trained.
    data: Option<Data>,
    /// Encoders that all variants of a seed start from.
    encoders: Option<(u64, Bert)>,
}

impl Mlpr {
    /// On a market whose queries are read by the predictor in a file.
    ///
    /// # Errors
    /// Where the file is damaged, or of a market of other product types.
    pub fn new(world: World, words: TokenVectors, predictor: &[u8]) -> Result<Self> {
        let types = world.catalogue.product_types.len();
        let read_by = hash(predictor.iter().copied());
        let predictor = CategoryPredictor::load(predictor, types, &Device::flex())?;
        Ok(Self { world, words, predictor, read_by, data: None, encoders: None })
    }
}

impl System for Mlpr {
    fn name(&self) -> &'static str {
        "mlpr"
    }

    fn tables(&self) -> &'static [Table] {
        TABLES
    }

    fn settings(&self, variant: &str) -> Option<String> {
        let make = make(variant)?;
        let (masked, engagement) = (masked::Settings::default(), engagement::Settings::default());
        let (market, read_by) = (&self.world.config, self.read_by);
        Some(format!(
            "{market:?} predictor {read_by:x} pairs above {FEW}: {masked:?} {engagement:?} {make:?}"
        ))
    }

    fn measure(&mut self, variant: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>> {
        let make = make(variant).with_context(|| format!("there is no variant {variant:?}"))?;
        let Self { world, words, predictor, data, encoders, .. } = self;
        let data = match data {
            Some(data) => data,
            None => data.insert(Data::gather(world, words, predictor, || ())?),
        };
        let config = MlprConfig::playground(wide::COUNT);
        let library = Library::new(&world.catalogue, words, config.bert);
        let scores = match make {
            Make::Network(config, settings) => {
                let bert = match encoders {
                    Some((of, bert)) if *of == seed => bert.clone(),
                    _ => encoders
                        .insert((seed, read_and_tuned(&library, data, seed, watch)?))
                        .1
                        .clone(),
                };
                let settings = Settings { seed, ..settings };
                let training = &data.training;
                let model = train(&config, &bert, &library, training, &settings, None, watch)?;
                scores(&model, &library, &data.test)
            }
            Make::Trees(settings) => grown(data, &settings),
        };
        let mut figures = by_block(&data.test, &scores);
        // Of the groups, what figure 2 shows.
        let of_groups = by_impressions(&data.test, &scores).into_iter();
        figures.extend(of_groups.filter(|figure| FIGURE_2.metrics.contains(&&*figure.name)));
        Ok(figures)
    }
}

/// Encoders that have read the shop's text and were tuned to its engagement.
fn read_and_tuned(
    library: &Library<'_>,
    data: &Data,
    seed: u64,
    watch: &mut Watch,
) -> Result<Bert> {
    let queries = library.queries(&data.training.queries);
    let texts: Vec<&Text> = library.products.iter().chain(&queries).collect();
    let settings = masked::Settings { seed, ..masked::Settings::default() };
    let bert = masked::train(library, &texts, &settings, None, &mut *watch)?;
    let settings = engagement::Settings { seed, ..engagement::Settings::default() };
    engagement::train(bert, library, &data.training, &settings, None, watch)
}

/// Scores of every pair to test on, from trees that are grown on the networks' pairs and read what
/// the networks read beside the encoders.
fn grown(data: &Data, settings: &trees::Settings) -> Vec<[f32; K]> {
    let Data { training, test, .. } = data;
    let rows = |features| Rows { features, width: wide::COUNT };
    let (known, asked) = (training.wide(0..training.len()), test.wide(0..test.len()));
    let ones = vec![1.0; training.len()];
    let mut scores = vec![[0.0; K]; test.len()];
    for task in 0..K {
        let label = |labels: [bool; K]| f32::from(u8::from(labels[task]));
        let labels: Vec<f32> = training.engagement.iter().map(|p| label(p.labels())).collect();
        let booster = Booster::grow(rows(known), &labels, &ones, settings);
        for (scores, score) in scores.iter_mut().zip(booster.scores(rows(asked))) {
            scores[task] = score;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table::assert_whole;
    use systems::learning::Chosen;
    use systems::mlpr::{LEARNING, SHARING};
    use training::mlpr::evaluate::{METRICS, SHOWN};
    use training::mlpr::learn::config_of;

    #[test]
    fn what_learns_in_the_tab_is_what_the_tables_hold_mlpr_against() {
        let mut chosen = Chosen::new(&LEARNING);
        let variants = ["mlpr-frozen", "ple", "mmoe", "esm2", "mlp-mtl"];
        for (variant, number) in variants.into_iter().zip(0_u8..) {
            chosen.set(&SHARING, number.into());
            let Some(Make::Network(config, _)) = make(variant) else { panic!("{variant}") };
            assert_eq!(config_of(&chosen), *config, "{variant}");
        }
    }

    #[test]
    fn every_row_has_its_figures_and_every_pair_its_rows() {
        assert_whole(TABLES, |name| make(name).is_some());
        for table in TABLES {
            for metric in table.metrics {
                let of_all = match metric.rsplit_once(' ') {
                    Some((of_all, group)) if SHOWN.contains(&group) => of_all,
                    _ => *metric,
                };
                assert!(METRICS.iter().any(|known| of_all.ends_with(known)), "{metric}");
            }
        }
        assert!(make("none such").is_none());
        let [Some(Make::Network(ple, of_ple)), Some(Make::Network(base, of_base))] =
            [make("ple"), make("mtl-uncertainty")]
        else {
            panic!("networks")
        };
        assert_eq!(of_ple, of_base);
        assert_eq!(MlprConfig { sharing: base.sharing, ..*ple }, *base);
    }
}
