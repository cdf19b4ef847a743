//! Small models with random weights, and the shop's words, for tests.
#![allow(clippy::unwrap_used, reason = "for tests")]

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::bert::BertConfig;
use super::ranker::MODEL;
use super::{Mlpr, MlprConfig};
use crate::models::weights::{About, FORMAT, Weights};
use market::text::TokenVectors;

/// The words that the shop itself uses, as they are shipped.
pub fn words() -> TokenVectors {
    TokenVectors::new(
        include_str!("../../../../assets/words.txt"),
        include_bytes!("../../../../assets/words.safetensors"),
    )
    .unwrap()
}

/// Every part of the playground's model, small.
pub fn config(wide: usize, token: usize) -> MlprConfig {
    MlprConfig {
        bert: BertConfig { token, width: 6, length: 7, blocks: 2, heads: 2, d_f: 5, output: 4 },
        experts: 3,
        expert: vec![6, 5],
        stage_2: vec![5, 4],
        tower: vec![5, 3],
        ..MlprConfig::playground(wide)
    }
}

/// What a weights file would say of a model.
pub fn about(config: &MlprConfig) -> About {
    About {
        format: FORMAT,
        model: MODEL.into(),
        market_seed: 1,
        command: String::new(),
        config: serde_json::to_value(config).unwrap(),
    }
}

/// A model whose every weight is drawn at random, those too that start as zeros or ones.
pub fn randomised(config: &MlprConfig, seed: u64) -> Mlpr {
    let device = Device::flex();
    let mut weights = Weights::of(&config.init(&device), about(config)).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for (name, array) in &mut weights.arrays {
        let positive = name.ends_with("deviation") || name.ends_with("running_var");
        let range = if positive { 0.5..1.5 } else { -0.6..0.6 };
        array.values.fill_with(|| random.random_range(range.clone()));
    }
    weights.apply(config.init(&device)).unwrap()
}
