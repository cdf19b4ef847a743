//! MLPR as it serves: loaded from its file, for one catalogue.
//!
//! A request costs three steps, each kept by the caller for as long as what it reads stays the
//! same: [`Ranker::query`] reads the query, [`Ranker::items`] the candidates' texts, and
//! [`Ranker::rank`] the wide features. The second is a look-up where the vectors of all products
//! were computed before ([`Ranker::precompute`]; table 5 of the paper compares the two). Nothing
//! here reads the device: only tensors go out.

use burn::tensor::{Device, Tensor, TensorData};

use super::bert::{Text, Texts, in_parts};
use super::{Mlpr, MlprConfig, Output, Pairs};
use crate::models::newcomers::rows;
use crate::models::weights::{Weights, WeightsError};
use market::catalogue::{Catalogue, ProductId};
use market::features::wide;
use market::text::TokenVectors;

/// What its files say they hold.
pub const MODEL: &str = "mlpr";

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
        let texts: Vec<Text> =
            products.iter().map(|&product| Text::product(words, catalogue, product)).collect();
        in_parts(&Vec::from_iter(&texts), |part| self.model.bert.item(&self.texts(words, part)))
    }

    /// psi(i) of every product that a log tells of, `[N, d]`: what [`Items::of`] looks up.
    pub fn precompute(&self, words: &TokenVectors, catalogue: &Catalogue) -> Items {
        let products: Vec<ProductId> = (0..).take(catalogue.logged()).collect();
        Items::new(vec![self.items(words, catalogue, &products)])
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
        self.model.forward(&self.pairs(query, items, wide), temperatures)
    }

    /// A query with each of its candidates, as the model reads them; `items` and `wide` as for
    /// [`Self::rank`].
    pub fn pairs(&self, query: &Tensor<2>, items: Tensor<2>, wide: &[f32]) -> Pairs {
        let [candidates, d] = items.dims();
        let wide = TensorData::new(wide.to_vec(), [candidates, wide::COUNT]);
        Pairs {
            query: query.clone().expand([candidates, d]),
            item: items,
            wide: Tensor::from_data(wide, &self.device),
        }
    }

    fn texts(&self, words: &TokenVectors, texts: &[&Text]) -> Texts {
        Texts::new(texts, &self.config.bert, |piece| words.vector(piece), &self.device)
    }
}

/// Vectors of all products that a log tells of, computed before there is a query.
#[derive(Clone, Debug)]
pub struct Items(Tensor<2>);

impl Items {
    /// From [`Ranker::items`] of all products in their order, in as many parts as may be.
    pub fn new(parts: Vec<Tensor<2>>) -> Self {
        Self(Tensor::cat(parts, 0))
    }

    /// The rows of these products, `[n, d]`; `newcomers` computes those of the ones that have none here,
    /// where there are any.
    pub fn of(
        &self,
        products: &[ProductId],
        newcomers: impl FnOnce(&[ProductId]) -> Tensor<2>,
    ) -> Tensor<2> {
        rows(&self.0, products, newcomers)
    }

    /// All of them, `[N, d]`.
    pub fn all(&self) -> &Tensor<2> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::{about, config, randomised, words};
    use super::*;
    use crate::models::dmt::example::catalogue;
    use crate::models::weights::Precision;
    use market::features::dense::QueryMatch;
    use market::features::wide::WideTables;

    fn file(config: &MlprConfig, precision: Precision) -> Vec<u8> {
        Weights::of(&randomised(config, 1), about(config)).unwrap().to_bytes(precision).unwrap()
    }

    fn numbers(tensor: Tensor<2>) -> Vec<f32> {
        tensor.try_into_vec_as::<f32>().unwrap()
    }

    /// A catalogue that speaks of lamps and sofas.
    fn shop() -> Catalogue {
        let mut catalogue = catalogue(30, 7);
        for (number, product) in catalogue.products.iter_mut().enumerate() {
            product.title = ["Desk Lamp, Grey", "Velvet Sofa"][number % 2].into();
        }
        catalogue
    }

    fn rank(ranker: &Ranker, catalogue: &Catalogue, candidates: &[ProductId]) -> Vec<f32> {
        let words = words();
        let tables = WideTables::new(catalogue);
        let wide = tables.request(catalogue, "grey couch", 2, QueryMatch::default(), candidates);
        let query = ranker.query(&words, "grey couch");
        let items = ranker.items(&words, catalogue, candidates);
        numbers(ranker.rank(&query, items, &wide, [1.0, 1.0]).engagement)
    }

    #[test]
    fn a_file_gives_back_the_model() {
        let catalogue = shop();
        let config = config(wide::COUNT, 128);
        let written = Ranker::new(config.clone(), randomised(&config, 1), &Device::flex());
        let load = |precision| {
            Ranker::load(&file(&config, precision), &catalogue, &Device::flex()).unwrap()
        };
        let exact = rank(&written, &catalogue, &[3, 8, 29, 0]);
        assert_eq!(exact, rank(&load(Precision::F32), &catalogue, &[3, 8, 29, 0]));
        let rounded = rank(&load(Precision::Int8), &catalogue, &[3, 8, 29, 0]);
        assert!(exact.iter().zip(&rounded).all(|(a, b)| (a - b).abs() < 0.05));
    }

    #[test]
    fn vectors_computed_before_are_those_computed_on_the_spot() {
        let (catalogue, words) = (shop(), words());
        let config = config(wide::COUNT, 128);
        let ranker = Ranker::new(config.clone(), randomised(&config, 1), &Device::flex());
        let products = [3, 8, 29, 0, 3];
        let mut fewer = catalogue.clone();
        fewer.newcomers = 10;
        let on_the_spot = |products: &[ProductId]| {
            assert_eq!(products, [29], "the others were computed before");
            ranker.items(&words, &catalogue, products)
        };
        let before = numbers(ranker.precompute(&words, &fewer).of(&products, on_the_spot));
        let spot = numbers(ranker.items(&words, &catalogue, &products));
        assert!(before.iter().zip(&spot).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!(before.len(), products.len() * config.bert.output);
    }

    #[test]
    fn files_of_other_catalogues_and_unsound_settings_are_refused() {
        let catalogue = shop();
        let load = |file: &[u8], catalogue| Ranker::load(file, catalogue, &Device::flex());
        let sound = config(wide::COUNT, 128);
        let whole = file(&sound, Precision::Int8);
        let other = Catalogue { seed: 2, ..catalogue.clone() };
        assert!(matches!(load(&whole, &other), Err(WeightsError::Catalogue { .. })));
        let narrow = file(&config(5, 128), Precision::Int8);
        assert!(matches!(load(&narrow, &catalogue), Err(WeightsError::Catalogue { .. })));
        for change in [
            |config: &mut MlprConfig| config.bert.heads = 0,
            |config: &mut MlprConfig| config.expert.clear(),
            |config: &mut MlprConfig| config.dropout = 7.0,
        ] {
            let mut unsound = sound.clone();
            change(&mut unsound);
            let weights = Weights::of(&randomised(&sound, 1), about(&unsound)).unwrap();
            let file = weights.to_bytes(Precision::F16).unwrap();
            assert!(matches!(load(&file, &catalogue), Err(WeightsError::Damaged(_))));
        }
        let mut other_shape = sound.clone();
        other_shape.bert.output = 5;
        let weights = Weights::of(&randomised(&sound, 1), about(&other_shape)).unwrap();
        let file = weights.to_bytes(Precision::F16).unwrap();
        assert!(matches!(load(&file, &catalogue), Err(WeightsError::Shape { .. })));
    }
}
