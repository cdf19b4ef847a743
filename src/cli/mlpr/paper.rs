//! The paper's own figures (MLPR 5.1 to 5.3), to stand beside those of the generated market.
//!
//! Tables 2 to 4 give the lift over XGBoost in percent, for click, add to cart and purchase.

/// Lifts of one model over XGBoost, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// Name of our variant of the same make.
    pub variant: &'static str,
    /// Name in the paper.
    pub name: &'static str,
    /// AUC of click, add to cart, purchase.
    pub auc: [f64; 3],
    /// nDCG@1 of the same.
    pub ndcg_1: [f64; 3],
    /// nDCG@5 of the same; only table 2 has it.
    pub ndcg_5: Option<[f64; 3]>,
}

const fn lift(
    variant: &'static str,
    name: &'static str,
    auc: [f64; 3],
    ndcg_1: [f64; 3],
    ndcg_5: Option<[f64; 3]>,
) -> Lift {
    Lift { variant, name, auc, ndcg_1, ndcg_5 }
}

/// Table 2: the baselines and MLPR.
pub const TABLE_2: [Lift; 7] = [
    lift(
        "mlp-single",
        "MLP Single",
        [3.93, 2.06, 0.01],
        [8.06, 3.39, 0.06],
        Some([5.46, 2.20, 1.36]),
    ),
    lift("mlp-mtl", "MLP MTL", [3.78, 2.70, 0.03], [8.81, 4.97, -0.28], Some([5.85, 3.54, 1.36])),
    lift("esm2", "ESM2", [1.48, 0.28, -0.70], [2.64, -2.66, -2.04], Some([1.42, -2.79, 0.03])),
    lift("mmoe", "MMoE", [-0.73, -0.15, -1.01], [-1.70, -5.23, -4.52], Some([-1.66, -3.79, -1.99])),
    lift("ple", "PLE", [5.80, 3.63, 0.56], [10.14, 6.31, 3.28], Some([7.84, 4.86, 3.69])),
    lift("aitm", "AITM", [5.86, 3.98, 0.64], [9.88, 6.93, 3.13], Some([7.73, 4.86, 3.49])),
    lift("mlpr", "MLPR", [6.48, 4.66, 1.03], [17.22, 10.61, 5.36], Some([10.48, 8.10, 5.65])),
];

/// Table 3: with and without fine-tuning of the encoders in the multi-task training.
pub const TABLE_3: [Lift; 4] = [
    lift(
        "mtl-uncertainty",
        "MLP MTL without fine-tuning",
        [3.77, 2.78, 0.20],
        [8.28, 4.68, 0.28],
        None,
    ),
    lift(
        "mtl-fine-tuned",
        "MLP MTL with fine-tuning",
        [5.23, 3.24, 0.59],
        [15.91, 9.03, 3.93],
        None,
    ),
    lift("mlpr-frozen", "MLPR without fine-tuning", [5.63, 4.05, 0.66], [10.14, 7.22, 3.28], None),
    lift("mlpr", "MLPR with fine-tuning", [6.48, 4.66, 1.03], [17.22, 10.61, 5.36], None),
];

/// Table 4: one component after another.
pub const TABLE_4: [Lift; 6] = [
    lift("mlp-mtl", "MLP MTL", [3.78, 2.70, 0.03], [8.81, 4.97, -0.28], None),
    lift("mtl-uncertainty", "+ uncertainty loss", [3.77, 2.78, 0.20], [8.28, 4.68, 0.28], None),
    lift("two-stage", "+ specific experts", [5.80, 3.63, 0.56], [10.14, 6.31, 3.28], None),
    lift("two-stage-attention", "+ attention units", [5.39, 3.78, 0.63], [9.85, 6.80, 3.31], None),
    lift("mlpr-frozen", "+ probability transfer", [5.69, 4.03, 0.67], [9.85, 6.85, 3.31], None),
    lift("mlpr", "+ fine-tuning", [6.48, 4.66, 1.03], [17.22, 10.61, 5.36], None),
];

/// Table 5: milliseconds at the 99th percentile to rank 100 products.
pub const TABLE_5: [(&str, &str, f64); 4] = [
    ("XGBoost", "without query and product embeddings", 58.0),
    ("MLP MTL", "products computed before", 96.0),
    ("MLPR", "products computed on the spot", 171.0),
    ("MLPR", "products computed before", 112.0),
];
