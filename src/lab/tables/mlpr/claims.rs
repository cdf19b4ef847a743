//! What MLPR's text states.

use crate::tables::claims::Rule::{Every, Larger, Most};
use crate::tables::claims::{Claim, check, claim, study};
use crate::tables::study::Contrast::Above;

const AUCS: &[&str] = &["click AUC", "cart AUC", "order AUC"];
const FIRSTS: &[&str] = &["click nDCG@1", "cart nDCG@1", "order nDCG@1"];
const CLICK: &[&str] = &["click AUC"];

/// Of the pairs that were shown least.
const FEWEST: &[&str] = &[
    "click AUC fewest",
    "cart AUC fewest",
    "order AUC fewest",
    "click nDCG@5 fewest",
    "cart nDCG@5 fewest",
    "order nDCG@5 fewest",
];

/// Of those that were shown most.
const MOST: &[&str] = &[
    "click AUC most",
    "cart AUC most",
    "order AUC most",
    "click nDCG@5 most",
    "cart nDCG@5 most",
    "order nDCG@5 most",
];

/// What its text states.
pub const CLAIMS: &[Claim] = &[
    claim(
        "MLPR",
        "5.1",
        "MLPR is above every baseline in AUC",
        Most,
        &[
            check("mlpr-2", "mlpr", "mlp-single", AUCS),
            check("mlpr-2", "mlpr", "mlp-mtl", AUCS),
            check("mlpr-2", "mlpr", "esm2", AUCS),
            check("mlpr-2", "mlpr", "mmoe", AUCS),
            check("mlpr-2", "mlpr", "ple", AUCS),
            check("mlpr-2", "mlpr", "aitm", AUCS),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "MLPR is above every baseline in nDCG",
        Most,
        &[
            check("mlpr-2", "mlpr", "mlp-single", FIRSTS),
            check("mlpr-2", "mlpr", "mlp-mtl", FIRSTS),
            check("mlpr-2", "mlpr", "esm2", FIRSTS),
            check("mlpr-2", "mlpr", "mmoe", FIRSTS),
            check("mlpr-2", "mlpr", "ple", FIRSTS),
            check("mlpr-2", "mlpr", "aitm", FIRSTS),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "MLPR is above XGBoost",
        Every,
        &[check("mlpr-2", "mlpr", "xgboost", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "networks are above trees",
        Most,
        &[
            check("mlpr-2", "mlp-single", "xgboost", &[]),
            check("mlpr-2", "mlp-mtl", "xgboost", &[]),
        ],
    ),
    claim(
        "MLPR",
        "5.1",
        "learning tasks together is mostly above learning them apart",
        Most,
        &[check("mlpr-2", "mlp-mtl", "mlp-single", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "MMoE is below a shared bottom",
        Most,
        &[check("mlpr-2", "mlp-mtl", "mmoe", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "experts of each task's own are far above a gate alone",
        Most,
        &[check("mlpr-2", "ple", "mmoe", &[])],
    ),
    claim(
        "MLPR",
        "5.1",
        "attention between tasks is above the transfer of probabilities alone",
        Most,
        &[check("mlpr-2", "aitm", "esm2", &[])],
    ),
    claim(
        "MLPR",
        "5.2.1",
        "encoders that learn with the tasks help the plain model",
        Most,
        &[check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", &[])],
    ),
    claim("MLPR", "5.2.1", "they help MLPR", Most, &[check("mlpr-3", "mlpr", "mlpr-frozen", &[])]),
    claim(
        "MLPR",
        "5.2.1",
        "they help clicks most of all",
        Larger,
        &[
            check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", CLICK),
            check("mlpr-3", "mtl-fine-tuned", "mtl-uncertainty", &["cart AUC", "order AUC"]),
        ],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with the uncertainty loss it is comparable",
        Most,
        &[check("mlpr-4", "mtl-uncertainty", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "specific experts improve it, clicks most of all",
        Most,
        &[check("mlpr-4", "ple", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with attention units it is above the base",
        Most,
        &[check("mlpr-4", "ple-attention", "mlp-mtl", &[])],
    ),
    claim(
        "MLPR",
        "5.2.2",
        "with probability transfer it is above the base",
        Most,
        &[check("mlpr-4", "ple-transfer", "mlp-mtl", &[])],
    ),
    study(
        "MLPR",
        "5.3",
        "trees are the fastest (table 5)",
        "mlpr-times",
        &[
            Above("MLP_MTL, products computed before", "XGBoost"),
            Above("MLPR, products computed on the spot", "XGBoost"),
            Above("MLPR, products computed before", "XGBoost"),
        ],
    ),
    study(
        "MLPR",
        "5.3",
        "products computed before save MLPR time (table 5)",
        "mlpr-times",
        &[Above("MLPR, products computed on the spot", "MLPR, products computed before")],
    ),
    study(
        "MLPR",
        "5.3",
        "with them it is slower than MLP_MTL (table 5)",
        "mlpr-times",
        &[Above("MLPR, products computed before", "MLP_MTL, products computed before")],
    ),
    claim(
        "MLPR",
        "5.4",
        "where impressions are fewest MLPR is above XGBoost (figure 2)",
        Most,
        &[check("mlpr-figure-2", "mlpr", "xgboost", FEWEST)],
    ),
    claim(
        "MLPR",
        "5.4",
        "MLPR gains over the baselines most where impressions are fewest (figure 2)",
        Larger,
        &[
            check("mlpr-figure-2", "mlpr", "xgboost", FEWEST),
            check("mlpr-figure-2", "mlpr", "mlp-single", FEWEST),
            check("mlpr-figure-2", "mlpr", "mlp-mtl", FEWEST),
            check("mlpr-figure-2", "mlpr", "esm2", FEWEST),
            check("mlpr-figure-2", "mlpr", "mmoe", FEWEST),
            check("mlpr-figure-2", "mlpr", "ple", FEWEST),
            check("mlpr-figure-2", "mlpr", "aitm", FEWEST),
            check("mlpr-figure-2", "mlpr", "xgboost", MOST),
            check("mlpr-figure-2", "mlpr", "mlp-single", MOST),
            check("mlpr-figure-2", "mlpr", "mlp-mtl", MOST),
            check("mlpr-figure-2", "mlpr", "esm2", MOST),
            check("mlpr-figure-2", "mlpr", "mmoe", MOST),
            check("mlpr-figure-2", "mlpr", "ple", MOST),
            check("mlpr-figure-2", "mlpr", "aitm", MOST),
        ],
    ),
    claim(
        "MLPR",
        "5.5.1",
        "of dropout from 0.2 to 0.8 the least is best",
        Most,
        &[
            check("mlpr-figure-3", "mlpr", "dropout-40", &[]),
            check("mlpr-figure-3", "mlpr", "dropout-60", &[]),
            check("mlpr-figure-3", "mlpr", "dropout-80", &[]),
        ],
    ),
    claim(
        "MLPR",
        "5.5.2",
        "of 2 to 4 layers 3 are best",
        Most,
        &[
            check("mlpr-figure-3", "layers-3", "mlpr", &[]),
            check("mlpr-figure-3", "layers-3", "layers-4", &[]),
        ],
    ),
];
