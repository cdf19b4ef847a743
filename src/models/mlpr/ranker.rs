//! MLPR as it serves: loaded from its file, for one catalogue.
//!
//! A request costs three steps, each kept by the caller for as long as what it reads stays the
//! same: [`Ranker::query`] reads the query, [`Ranker::items`] the candidates' texts, and
//! [`Ranker::rank`] the wide features. The second is a look-up where the vectors of all products
//! were computed before ([`Ranker::precompute`]; table 5 of the paper compares the two). Nothing
//! here reads the device: only tensors go out.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::bert::{Text, Texts};
use super::{Mlpr, MlprConfig, Output, Pairs};
use crate::features::wide;
use crate::market::catalogue::{Catalogue, ProductId};
use crate::models::weights::{Weights, WeightsError};
use crate::text::TokenVectors;

/// What its files say they hold.
pub const MODEL: &str = "mlpr";

/// Products that are encoded at once: more would only take more memory.
const BATCH: usize = 256;

/// A model, its settings and where it computes.
#[derive(Clone, Debug)]
pub struct Ranker {
    config: MlprConfig,
    model: Mlpr,
    device: Device,
}

impl Ranker {
    /// Reads a file of weights.
    ///
    /// # Errors
    /// Where the file is damaged, of another version or model, or trained on another catalogue.
    pub fn load(file: &[u8], catalogue: &Catalogue, device: &Device) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: MlprConfig = weights.config()?;
        // No table goes by product, so the seed and the features are all that must fit.
        let found = (weights.about.market_seed, config.wide);
        let expected = (catalogue.seed, wide::COUNT);
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(WeightsError::Catalogue { found, expected });
        }
        config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
        let model = weights.apply(config.init(device))?;
        Ok(Self::new(config, model, device))
    }

    /// A ranker around a model in memory, which is on `device`.
    pub fn new(config: MlprConfig, model: Mlpr, device: &Device) -> Self {
        Self { config, model, device: device.clone() }
    }

    /// The model.
    pub fn model(&self) -> &Mlpr {
        &self.model
    }

    /// Settings of the model.
    pub fn config(&self) -> &MlprConfig {
        &self.config
    }

    /// phi(q), `[1, d]`.
    pub fn query(&self, words: &TokenVectors, query: &str) -> Tensor<2> {
        self.queries(words, &[&Text::query(words, query)])
    }

    /// phi(q) of several queries, at least one, `[n, d]`.
    pub fn queries(&self, words: &TokenVectors, queries: &[&Text]) -> Tensor<2> {
        self.model.bert.query(&self.texts(words, queries))
    }

    /// psi(i) of these products, at least one, computed on the spot, `[n, d]`.
    ///
    /// # Panics
    /// If a product is not in the catalogue.
    pub fn items(
        &self,
        words: &TokenVectors,
        catalogue: &Catalogue,
        products: &[ProductId],
    ) -> Tensor<2> {
        let parts = products.chunks(BATCH).map(|products| {
            let texts: Vec<Text> =
                products.iter().map(|&product| Text::product(words, catalogue, product)).collect();
            self.model.bert.item(&self.texts(words, &Vec::from_iter(&texts)))
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// psi(i) of every product, `[N, d]`: what [`Items::of`] looks up.
    pub fn precompute(&self, words: &TokenVectors, catalogue: &Catalogue) -> Items {
        let products: Vec<ProductId> = (0..).take(catalogue.products.len()).collect();
        Items(self.items(words, catalogue, &products))
    }

    /// Equations 2 to 8 for every candidate of a query: `query` is [`Ranker::query`], `items` one
    /// row a candidate, `wide` what [`wide::WideTables::request`] gives for them. Gate
    /// temperatures, of stage 1 and stage 2, of one are the paper.
    pub fn rank(
        &self,
        query: &Tensor<2>,
        items: Tensor<2>,
        wide: &[f32],
        temperatures: [f32; 2],
    ) -> Output {
        let [candidates, d] = items.dims();
        let wide = TensorData::new(wide.to_vec(), [candidates, wide::COUNT]);
        let pairs = Pairs {
            query: query.clone().expand([candidates, d]),
            item: items,
            wide: Tensor::from_data(wide, &self.device),
        };
        self.model.forward(&pairs, temperatures)
    }

    fn texts(&self, words: &TokenVectors, texts: &[&Text]) -> Texts {
        Texts::new(texts, &self.config.bert, |piece| words.vector(piece), &self.device)
    }
}

/// Vectors of all products, computed before there is a query.
#[derive(Clone, Debug)]
pub struct Items(Tensor<2>);

impl Items {
    /// The rows of these products, `[n, d]`.
    pub fn of(&self, products: &[ProductId]) -> Tensor<2> {
        let ids: Vec<i32> = products.iter().map(|id| id.cast_signed()).collect();
        let ids = TensorData::new(ids, [products.len()]);
        self.0.clone().select(0, Tensor::<1, Int>::from_data(ids, &self.0.device()))
    }

    /// All of them, `[N, d]`.
    pub fn all(&self) -> &Tensor<2> {
        &self.0
    }
}
