//! DMT's tables 1 and 3 to 5 (DMT 6), its figure 3 and what 6.2.1 finds of repurchases.

pub mod claims;
pub mod gates;
pub mod repurchase;

use anyhow::{Context, Result};
use burn::tensor::Device;

use super::table::{Row, System, Table, Tie, Watch};
use market::World;
use market::features::dense;
use market::metrics::Figure;
use market::text::TokenVectors;
use nets::models::dmt::{DmtConfig, Interest, Positions, SEQUENCES};
use nets::models::query_category::CategoryPredictor;
use nets::models::vocabulary::Vocabulary;
use systems::dmt::{BiasFeatures, MultiTask};
use training::dmt::data::{Data, Pages};
use training::dmt::evaluate::{by_block, utilities};
use training::dmt::samples::Samples;
use training::dmt::{Settings, train};
use training::people::People;
use training::trees::{self, Booster, Rows};

const BOTH: [&str; 2] = ["click AUC", "order AUC"];

const TABLE_1: Table = Table {
    id: "dmt-1",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &[
        "click AUC",
        "click Precision@4",
        "click MRR@4",
        "order AUC",
        "order Precision@4",
        "order MRR@4",
    ],
    rows: &[
        Row { variant: "dnn-ids", paper: &[0.6132, 0.2494, 0.3776, 0.6093, 0.1364, 0.2465] },
        Row { variant: "din-ids", paper: &[0.6322, 0.2592, 0.3960, 0.6297, 0.1399, 0.2535] },
        Row { variant: "dien-ids", paper: &[0.6429, 0.2645, 0.4069, 0.6370, 0.1410, 0.2545] },
        Row { variant: "trans-ids", paper: &[0.6458, 0.2683, 0.4172, 0.6397, 0.1447, 0.2598] },
        Row { variant: "dmt-ids", paper: &[0.6624, 0.2793, 0.4426, 0.6697, 0.1509, 0.2909] },
        Row { variant: GBDT, paper: &[0.6590, 0.2786, 0.4405, 0.6537, 0.1473, 0.2765] },
        Row { variant: "dnn", paper: &[0.6703, 0.2833, 0.4494, 0.6664, 0.1500, 0.2796] },
        Row { variant: "din", paper: &[0.6715, 0.2841, 0.4502, 0.6669, 0.1502, 0.2807] },
        Row { variant: "dien", paper: &[0.6729, 0.2847, 0.4515, 0.6674, 0.1523, 0.2824] },
        Row { variant: "trans", paper: &[0.6741, 0.2862, 0.4543, 0.6695, 0.1549, 0.2847] },
        Row { variant: "dmt", paper: &[0.6855, 0.2896, 0.4627, 0.6866, 0.1561, 0.3075] },
    ],
    // Each network against the one before it, DMT against all of them, and the trees against
    // the first and the last.
    pairs: &[
        ["din-ids", "dnn-ids"],
        ["dien-ids", "din-ids"],
        ["trans-ids", "dien-ids"],
        ["dmt-ids", "dnn-ids"],
        ["dmt-ids", "din-ids"],
        ["dmt-ids", "dien-ids"],
        ["dmt-ids", "trans-ids"],
        ["din", "dnn"],
        ["dien", "din"],
        ["trans", "dien"],
        ["dnn", "gbdt"],
        ["dmt", "gbdt"],
        ["dmt", "dnn"],
        ["dmt", "din"],
        ["dmt", "dien"],
        ["dmt", "trans"],
    ],
};

const TABLE_3: Table = Table {
    id: "dmt-3",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &BOTH,
    rows: &[
        Row { variant: "positions-none", paper: &[0.6435, 0.6279] },
        Row { variant: "positions-sinusoidal", paper: &[0.6396, 0.6344] },
        Row { variant: "trans-ids", paper: &[0.6458, 0.6397] },
    ],
    pairs: &[["trans-ids", "positions-none"], ["trans-ids", "positions-sinusoidal"]],
};

const TABLE_4: Table = Table {
    id: "dmt-4",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[["trans-ids", "cart-single"]],
    metrics: &BOTH,
    rows: &[
        Row { variant: "click-single", paper: &[0.6443, 0.6393] },
        Row { variant: "cart-single", paper: &[0.6460, 0.6410] },
        Row { variant: "trans-ids", paper: &[0.6458, 0.6397] },
        Row { variant: "click-shared", paper: &[0.6567, 0.6568] },
        Row { variant: "cart-shared", paper: &[0.6593, 0.6622] },
        Row { variant: "all-shared", paper: &[0.6563, 0.6622] },
        Row { variant: "click-mmoe", paper: &[0.6577, 0.6603] },
        Row { variant: "cart-mmoe", paper: &[0.6595, 0.6628] },
        Row { variant: "all-mmoe", paper: &[0.6608, 0.6642] },
    ],
    pairs: &[
        ["cart-single", "click-single"],
        ["trans-ids", "cart-single"],
        ["cart-shared", "click-shared"],
        ["all-shared", "cart-shared"],
        ["cart-mmoe", "click-mmoe"],
        ["all-mmoe", "cart-mmoe"],
        ["click-shared", "click-single"],
        ["cart-shared", "cart-single"],
        ["all-shared", "trans-ids"],
        ["click-mmoe", "click-shared"],
        ["cart-mmoe", "cart-shared"],
        ["all-mmoe", "all-shared"],
    ],
};

const TABLE_5: Table = Table {
    id: "dmt-5",
    percent: false,
    tie: Tie::FIGURES,
    undecided: &[],
    metrics: &BOTH,
    rows: &[
        Row { variant: "trans", paper: &[0.6742, 0.6688] },
        Row { variant: "mmoe", paper: &[0.6846, 0.6857] },
        Row { variant: "mmoe-index", paper: &[0.6828, 0.6862] },
        Row { variant: "mmoe-page", paper: &[0.6840, 0.6865] },
        Row { variant: "dmt", paper: &[0.6855, 0.6866] },
    ],
    pairs: &[
        ["mmoe", "trans"],
        ["mmoe-index", "mmoe"],
        ["mmoe-page", "mmoe"],
        ["dmt", "mmoe"],
        ["dmt", "mmoe-index"],
        ["dmt", "mmoe-page"],
    ],
};

/// The tables of the paper.
pub const TABLES: &[Table] = &[TABLE_1, TABLE_3, TABLE_4, TABLE_5];

/// What a variant differs in.
#[derive(Clone, Copy, Debug)]
struct Variant {
    dense: bool,
    sequences: usize,
    interest: Interest,
    positions: Positions,
    multi_task: MultiTask,
    bias: BiasFeatures,
}

/// "DMT_trans": a network for each task, no bias network.
const TRANS: Variant = Variant {
    dense: true,
    sequences: SEQUENCES,
    interest: Interest::Transformer,
    positions: Positions::Learned,
    multi_task: MultiTask::SingleTask,
    bias: BiasFeatures { position: false, page: false, neighbours: false },
};

const IDS: Variant = Variant { dense: false, ..TRANS };
const MMOE: Variant = Variant { multi_task: MultiTask::Mmoe, ..TRANS };
const NEIGHBOURS: BiasFeatures = BiasFeatures { neighbours: true, ..TRANS.bias };
const SHARED_IDS: Variant = Variant { multi_task: MultiTask::SharedBottom, ..IDS };
const MMOE_IDS: Variant = Variant { multi_task: MultiTask::Mmoe, ..IDS };

const VARIANTS: &[(&str, Variant)] = &[
    ("dnn-ids", Variant { interest: Interest::Mean, ..IDS }),
    ("din-ids", Variant { interest: Interest::Activation, ..IDS }),
    ("dien-ids", Variant { interest: Interest::Evolution, ..IDS }),
    ("trans-ids", IDS),
    ("dmt-ids", Variant { bias: NEIGHBOURS, ..MMOE_IDS }),
    ("dnn", Variant { interest: Interest::Mean, ..TRANS }),
    ("din", Variant { interest: Interest::Activation, ..TRANS }),
    ("dien", Variant { interest: Interest::Evolution, ..TRANS }),
    ("trans", TRANS),
    ("dmt", Variant { bias: NEIGHBOURS, ..MMOE }),
    ("positions-none", Variant { positions: Positions::None, ..IDS }),
    ("positions-sinusoidal", Variant { positions: Positions::Sinusoidal, ..IDS }),
    ("click-single", Variant { sequences: 1, ..IDS }),
    ("cart-single", Variant { sequences: 2, ..IDS }),
    ("click-shared", Variant { sequences: 1, ..SHARED_IDS }),
    ("cart-shared", Variant { sequences: 2, ..SHARED_IDS }),
    ("all-shared", SHARED_IDS),
    ("click-mmoe", Variant { sequences: 1, ..MMOE_IDS }),
    ("cart-mmoe", Variant { sequences: 2, ..MMOE_IDS }),
    ("all-mmoe", MMOE_IDS),
    ("mmoe", MMOE),
    ("mmoe-index", Variant { bias: BiasFeatures { position: true, ..TRANS.bias }, ..MMOE }),
    ("mmoe-page", Variant { bias: BiasFeatures { page: true, ..TRANS.bias }, ..MMOE }),
];

/// The variant that is no network.
const GBDT: &str = "gbdt";

/// Times that every page view is seen: more shoppers, in place of more epochs.
const EPOCHS: usize = 1;

/// Page views a step: fewer than for what ships, for the embeddings are learned from steps
/// (docs/training.md has what a validation day says of 64).
const BATCH: usize = 32;

/// DMT and its baselines on one market.
pub struct Dmt {
    world: World,
    words: TokenVectors,
    predictor: CategoryPredictor,
    people: People,
    /// Gathered when the first variant is trained.
    data: Option<Data>,
}

impl Dmt {
    /// On a market whose queries are read by the predictor in a file, tested on so many who were
    /// never trained on.
    ///
    /// # Errors
    /// Where the file is damaged, or of a market of other product types.
    pub fn new(world: World, words: TokenVectors, predictor: &[u8], tested: u32) -> Result<Self> {
        let types = world.catalogue.product_types.len();
        let predictor = CategoryPredictor::load(predictor, types, &Device::flex())?;
        let people = People::fresh(&world, tested);
        Ok(Self { world, words, predictor, people, data: None })
    }

    fn make(&self, variant: &str) -> Option<Make> {
        if variant == GBDT {
            return Some(Make::Trees(trees::Settings::default()));
        }
        let (_, variant) = VARIANTS.iter().find(|(name, _)| *name == variant)?;
        let Variant { dense, sequences, interest, positions, multi_task, bias } = *variant;
        let shipped = DmtConfig::playground(Vocabulary::of(&self.world.catalogue), dense::COUNT);
        let config = DmtConfig { sequences, interest, positions, multi_task, bias, ..shipped };
        let settings = Settings { dense, epochs: EPOCHS, batch: BATCH, ..Settings::default() };
        Some(Make::Network(config, settings))
    }
}

/// What is trained under a variant's name.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Make {
    Network(DmtConfig, Settings),
    /// Trees on the dense features, for each task its own. No seed changes them.
    Trees(trees::Settings),
}

impl System for Dmt {
    fn name(&self) -> &'static str {
        "dmt"
    }

    fn tables(&self) -> &'static [Table] {
        TABLES
    }

    fn settings(&self, variant: &str) -> Option<String> {
        let make = self.make(variant)?;
        Some(format!("{:?} {:?} {:?} {make:?}", self.world.config, self.people, Pages::PAPER))
    }

    fn measure(&mut self, variant: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>> {
        let make = self.make(variant).with_context(|| format!("no variant {variant:?}"))?;
        let Self { world, words, predictor, people, data } = self;
        let data = match data {
            Some(data) => data,
            None => {
                let gathered = Data::gather(world, words, predictor, Pages::PAPER, people, || ())?;
                data.insert(gathered)
            }
        };
        let (training, test, catalogue) = (&data.training, &data.test, &world.catalogue);
        let utilities = match make {
            Make::Network(config, settings) => {
                let settings = Settings { seed, ..settings };
                let model = train(&config, training, catalogue, &settings, None, watch)?;
                utilities(&model, test, catalogue)
            }
            Make::Trees(settings) => grown(training, test, &settings),
        };
        Ok(by_block(test, &utilities))
    }
}

/// Log odds of a click and of an order on each impression, from trees that read what the networks
/// read beside embeddings.
fn grown(training: &Samples, test: &Samples, settings: &trees::Settings) -> Vec<[f32; 2]> {
    let rows = |samples: &Samples| 0..samples.impressions();
    let all = Rows { features: training.dense(rows(training)), width: dense::COUNT };
    let held_out = Rows { features: test.dense(rows(test)), width: dense::COUNT };
    let ones = vec![1.0; training.impressions()];
    let [clicks, orders] = [0, 1].map(|task| {
        let labels = training.labels(rows(training)).iter();
        let positives: Vec<f32> = labels.map(|l| f32::from(u8::from(l[task]))).collect();
        Booster::grow(all, &positives, &ones, settings).scores(held_out)
    });
    clicks.into_iter().zip(orders).map(|(click, order)| [click, order]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table::assert_whole;

    #[test]
    fn every_row_has_its_figures_and_every_pair_its_rows() {
        assert_whole(TABLES, |name| {
            name == GBDT || VARIANTS.iter().any(|(known, _)| *known == name)
        });
    }
}
