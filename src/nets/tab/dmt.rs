//! DMT: experts, gates and interests, and the bias network.

use burn::tensor::{Device, Int, Tensor};
use nets::models::dmt::ranker::MODEL;
use nets::models::dmt::{Candidates, DmtConfig, Items, SEQUENCE_NAMES, Sequence};
use nets::models::weights::Weights;
use nets::nn::bias::Places;
use wasm_bindgen::prelude::*;

use crate::feeds::{Feeds, numbers};

/// The ranker whose bias network reads positions and neighbours.
#[wasm_bindgen]
pub struct Dmt {
    model: nets::models::dmt::Dmt,
}

#[wasm_bindgen]
impl Dmt {
    /// From the bytes of its file.
    ///
    /// # Errors
    /// Where the file is damaged or another model's.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8]) -> Result<Self, JsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: DmtConfig = weights.config()?;
        Ok(Self { model: weights.apply(config.init(&Device::flex()))? })
    }

    /// u_k of every candidate (3), and behind them y_b of every place (4).
    ///
    /// # Errors
    /// Where an input is missing, or of another shape.
    pub fn rank(&self, mut feeds: Feeds) -> Result<Vec<f32>, JsError> {
        let mut sequences = Vec::with_capacity(SEQUENCE_NAMES.len());
        for name in SEQUENCE_NAMES {
            let mask = feeds.take(&format!("{name}.mask"))?;
            sequences.push(Sequence { items: items(&mut feeds, name)?, mask });
        }
        let candidates = Candidates {
            items: items(&mut feeds, "candidates")?,
            dense: feeds.take("candidates.dense")?,
        };
        let index: Tensor<2, Int> = feeds.take_ids("places.index")?;
        let types: Tensor<3, Int> = feeds.take_ids("places.types")?;
        let [requests, count, neighbours] = types.dims();
        let places = Places {
            // It is not read.
            page: Tensor::zeros([requests * count, 1], &Device::flex()),
            index: index.reshape([requests * count, 1]),
            types: types.reshape([requests * count, neighbours]),
        };

        let encoded = self.model.encode(&sequences);
        let mut outputs = numbers(self.model.rank(&encoded, &candidates, 1.0).utilities)?;
        if let Some(y_b) = self.model.bias(&places) {
            outputs.extend(numbers(y_b)?);
        }
        Ok(outputs)
    }
}

fn items(feeds: &mut Feeds, name: &str) -> Result<Items, JsError> {
    Ok(Items {
        product: feeds.take_ids(&format!("{name}.product"))?,
        product_type: feeds.take_ids(&format!("{name}.product_type"))?,
        brand: feeds.take_ids(&format!("{name}.brand"))?,
        shop: feeds.take_ids(&format!("{name}.shop"))?,
    })
}
