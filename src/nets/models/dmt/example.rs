//! A small shop and models with random weights, for tests.
#![allow(clippy::unwrap_used, reason = "for tests")]

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Dmt, DmtConfig};
use crate::models::dmt::ranker::MODEL;
use crate::models::weights::{About, FORMAT, Weights};
use market::catalogue::{Catalogue, Department, Product, ProductType};

/// A catalogue whose products take types, brands and shops in turn.
pub fn catalogue(products: u32, types: u16) -> Catalogue {
    let (brands, shops) = (5, 3);
    Catalogue {
        seed: 1,
        departments: vec![Department { name: "Department".into() }],
        product_types: (0..types)
            .map(|n| ProductType {
                name: format!("type {n}"),
                department: 0,
                icon: "box".into(),
                repurchase_days: 30.0,
            })
            .collect(),
        brands: (0..brands).map(|n| format!("brand {n}")).collect(),
        shops: (0..shops).map(|n| format!("shop {n}")).collect(),
        colours: Vec::new(),
        newcomers: 0,
        products: (0..products)
            .map(|id| Product {
                title: format!("product {id}"),
                product_type: (id % u32::from(types)) as u16,
                brand: (id % brands) as u16,
                shop: (id % shops) as u16,
                colour: None,
                price_cents: 100 * (id % 97 + 1),
                rating: 4.0,
                reviews: id,
            })
            .collect(),
    }
}

/// What a weights file would say of a model.
pub fn about(config: &DmtConfig) -> About {
    About {
        format: FORMAT,
        model: MODEL.into(),
        market_seed: 1,
        command: String::new(),
        config: serde_json::to_value(config).unwrap(),
    }
}

/// A model whose every weight is drawn at random, those too that start as zeros or ones.
pub fn randomised(config: &DmtConfig, seed: u64) -> Dmt {
    let device = Device::flex();
    let mut weights = Weights::of(&config.init(&device), about(config)).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for (name, array) in &mut weights.arrays {
        let positive = name.ends_with("deviation") || name.ends_with("running_var");
        let range = if positive { 0.5..1.5 } else { -0.4..0.4 };
        array.values.fill_with(|| random.random_range(range.clone()));
    }
    weights.apply(config.init(&device)).unwrap()
}
