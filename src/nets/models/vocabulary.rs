//! How many ids there are of each kind, which says how large the tables are that models look them up in.

use serde::{Deserialize, Serialize};

use market::catalogue::Catalogue;

/// Numbers of ids that the tables must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Products that a log tells of.
    pub products: usize,
    /// Product types.
    pub product_types: usize,
    /// Brands.
    pub brands: usize,
    /// Shops.
    pub shops: usize,
    /// Colours, not counting "none".
    pub colours: usize,
}

impl Vocabulary {
    /// Of a catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        Self {
            products: catalogue.logged(),
            product_types: catalogue.product_types.len(),
            brands: catalogue.brands.len(),
            shops: catalogue.shops.len(),
            colours: catalogue.colours.len(),
        }
    }
}
