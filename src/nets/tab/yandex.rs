//! Yandex's user tower.

use burn::tensor::Device;
use nets::models::weights::Weights;
use nets::models::yandex::YandexConfig;
use nets::models::yandex::input::{Histories, Sequence};
use nets::models::yandex::retriever::MODEL;
use wasm_bindgen::prelude::*;

use crate::feeds::{Feeds, numbers};

/// The user tower, with the projection of the texts that it reads.
#[wasm_bindgen]
pub struct Yandex {
    model: nets::models::yandex::Yandex,
}

#[wasm_bindgen]
impl Yandex {
    /// From the bytes of its file.
    ///
    /// # Errors
    /// Where the file is damaged or another model's.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8]) -> Result<Self, JsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: YandexConfig = weights.config()?;
        Ok(Self { model: weights.apply(config.init(&Device::flex()))? })
    }

    /// v_u of shoppers (3.2).
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn user(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let content = self.model.content(feeds.take("texts")?);
        let behaviour = Sequence {
            content: feeds.take_ids("content")?,
            kinds: feeds.take_ids("kinds")?,
            present: feeds.take("present")?,
        };
        numbers(self.model.users(&content, &Histories { behaviour, web: None }).vector)
    }
}
