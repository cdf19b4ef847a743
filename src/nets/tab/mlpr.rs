//! MLPR: the encoder of items, and all that lies above both encoders.

use burn::tensor::Device;
use nets::models::mlpr::bert::Texts;
use nets::models::mlpr::ranker::MODEL;
use nets::models::mlpr::{MlprConfig, Pairs};
use nets::models::weights::Weights;
use wasm_bindgen::prelude::*;

use crate::feeds::{Feeds, numbers};

/// Encoder and heads.
#[wasm_bindgen]
pub struct Mlpr {
    model: nets::models::mlpr::Mlpr,
}

#[wasm_bindgen]
impl Mlpr {
    /// From the bytes of its file.
    ///
    /// # Errors
    /// Where the file is damaged or another model's.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8]) -> Result<Self, JsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: MlprConfig = weights.config()?;
        Ok(Self { model: weights.apply(config.init(&Device::flex()))? })
    }

    /// psi of items (3.1).
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn item(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let texts = Texts {
            tokens: feeds.take("tokens")?,
            fields: feeds.take_ids("fields")?,
            mask: feeds.take("mask")?,
        };
        numbers(self.model.bert.item(&texts))
    }

    /// y^k of pairs (2 to 8).
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn heads(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let pairs = Pairs {
            query: feeds.take("phi")?,
            item: feeds.take("psi")?,
            wide: feeds.take("wide")?,
        };
        numbers(self.model.forward(&pairs, [1.0; 2]).engagement)
    }
}
