//! MOPPR's towers, with all that lies below them.

use burn::tensor::Device;
use nets::models::moppr::MopprConfig;
use nets::models::moppr::input::{Products, Sequence, UserQuery};
use nets::models::moppr::retriever::MODEL;
use nets::models::weights::Weights;
use wasm_bindgen::prelude::*;

use crate::feeds::{Feeds, numbers};

/// Windows of behaviour, as inputs name them.
const WINDOWS: [&str; 3] = ["real_time", "short_term", "long_term"];

/// Both towers.
#[wasm_bindgen]
pub struct Moppr {
    model: nets::models::moppr::Moppr,
}

#[wasm_bindgen]
impl Moppr {
    /// From the bytes of its file.
    ///
    /// # Errors
    /// Where the file is damaged or another model's.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8]) -> Result<Self, JsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: MopprConfig = weights.config()?;
        Ok(Self { model: weights.apply(config.init(&Device::flex()))? })
    }

    /// H_uq of requests (10). `table` is id and side information of products, made once a catalogue.
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn user_query(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let mut behaviours = Vec::with_capacity(WINDOWS.len());
        for window in WINDOWS {
            behaviours.push(Sequence {
                products: feeds.take_ids(&format!("{window}.products"))?,
                kinds: feeds.take_ids(&format!("{window}.kinds"))?,
                mask: feeds.take(&format!("{window}.mask"))?,
            });
        }
        let inputs = UserQuery {
            profile: feeds.take_ids("profile")?,
            tokens: feeds.take("tokens")?,
            token_mask: feeds.take("token_mask")?,
            categories: feeds.take_ids("categories")?,
            category_weights: feeds.take("category_weights")?,
            length: feeds.take_ids("length")?,
            frequency: feeds.take_ids("frequency")?,
            behaviours,
        };
        let (h_uq, _) = self.model.user_query(&inputs, &feeds.take("table")?);
        numbers(h_uq)
    }

    /// H_i of products (13).
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn item(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let products = Products {
            rows: Some(feeds.take_ids("product")?),
            product_type: feeds.take_ids("product_type")?,
            brand: feeds.take_ids("brand")?,
            shop: feeds.take_ids("shop")?,
            colour: feeds.take_ids("colour")?,
            price: feeds.take_ids("price")?,
            title: feeds.take("title")?,
            dense: feeds.take("dense")?,
        };
        let embeddings = &self.model.embeddings;
        let e_i = embeddings.items(&products, embeddings.products(&products, None));
        numbers(self.model.towers.item(e_i))
    }
}
