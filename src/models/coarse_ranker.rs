//! The coarse-grained ranker between retrieval and ranking (MOPPR 7.3).
//!
//! MOPPR's two towers once more, smaller, and trained on what is left to do after retrieval: the
//! objectives are exposure, click and purchase, without relevance, and the random negatives are of
//! categories relevant to the query, as nearly all that is retrieved is. It reads what the
//! retriever reads. The vectors of all products are made when it is loaded, so that a request
//! costs one user-query tower and an inner product for each retrieved product.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::moppr::input::{Products, UserQuery};
use super::moppr::{Moppr, MopprConfig, UserQueryOutput, Vocabulary};
use super::weights::{Weights, WeightsError};
use crate::features::search::{ProductFeatures, SearchFeatures};
use crate::market::catalogue::{Catalogue, ProductId};
use crate::text::TokenVectors;

/// What its file says it holds, and the file's name.
pub const MODEL: &str = "coarse-ranker";

/// The size that the playground ships: half of the retriever's.
pub fn playground(vocabulary: Vocabulary) -> MopprConfig {
    MopprConfig {
        term: 32,
        product: 12,
        hidden: [64, 48, 32],
        output: 32,
        ..MopprConfig::playground(vocabulary)
    }
}

/// The size in the paper's proportions: half of [`MopprConfig::paper`].
pub fn paper(vocabulary: Vocabulary) -> MopprConfig {
    MopprConfig {
        term: 64,
        product: 32,
        hidden: [512, 256, 128],
        output: 64,
        ..MopprConfig::paper(vocabulary)
    }
}

/// The coarse ranker for one catalogue. Nothing here reads the device: only tensors go out.
#[derive(Debug)]
pub struct CoarseRanker {
    config: MopprConfig,
    model: Moppr,
    /// Id and side information of every product.
    table: Tensor<2>,
    /// H_i of every product, `[N, output]`.
    items: Tensor<2>,
    device: Device,
}

/// Scores and insides of one request's retrieved products.
#[derive(Clone, Debug)]
pub struct Output {
    /// Inner products in the order of the candidates, `[C]`; the higher, the better.
    pub scores: Tensor<1>,
    /// The request on its way to the tower: attention over its words and behaviour.
    pub request: UserQueryOutput,
}

impl CoarseRanker {
    /// Reads the file. `titles` are [`super::moppr::retriever::title_vectors`].
    ///
    /// # Errors
    /// Where the file is damaged, of another version or model, or trained on another catalogue.
    pub fn load(
        file: &[u8],
        catalogue: &Catalogue,
        features: &ProductFeatures,
        titles: &[f32],
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: MopprConfig = weights.config()?;
        let found = (weights.about.market_seed, config.vocabulary);
        let expected = (catalogue.seed, Vocabulary::of(catalogue));
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(WeightsError::Catalogue { found, expected });
        }
        let model = weights.apply(config.init(device))?;
        Ok(Self::new(config, model, &Products::new(features, titles, device), device))
    }

    /// Around a model in memory, which is on `device` as the products are.
    pub fn new(config: MopprConfig, model: Moppr, products: &Products, device: &Device) -> Self {
        let table = model.embeddings.products(products, None);
        let items = model.towers.item(model.embeddings.items(products, table.clone()));
        Self { config, model, table, items, device: device.clone() }
    }

    /// Scores of the retrieved products of one request, at least one.
    pub fn rank(
        &self,
        request: &SearchFeatures,
        words: &TokenVectors,
        candidates: &[ProductId],
    ) -> Output {
        let (request, insides) = self.request(&[request], words);
        let ids: Vec<i32> = candidates.iter().map(|&id| id.cast_signed()).collect();
        let ids =
            Tensor::<1, Int>::from_data(TensorData::new(ids, [candidates.len()]), &self.device);
        let scores = self.items.clone().select(0, ids).matmul(request.transpose());
        Output { scores: scores.reshape([candidates.len()]), request: insides }
    }

    /// H_uq of each request, `[B, output]`, and the insides.
    pub fn request(
        &self,
        batch: &[&SearchFeatures],
        words: &TokenVectors,
    ) -> (Tensor<2>, UserQueryOutput) {
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(batch, self.config.token, vector, &self.device);
        self.model.user_query(&inputs, &self.table)
    }

    /// H_i of every product, `[N, output]`.
    pub fn items(&self) -> &Tensor<2> {
        &self.items
    }

    /// Sizes of the model.
    pub fn config(&self) -> &MopprConfig {
        &self.config
    }
}

/// The `keep` candidates of the highest scores, best first; equal scores keep the retriever's
/// order. A score that is no number comes last.
pub fn cut(candidates: &[ProductId], scores: &[f32], keep: usize) -> Vec<ProductId> {
    let worth = |n: usize| scores.get(n).copied().filter(|s| !s.is_nan()).unwrap_or(f32::MIN);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)));
    order.into_iter().take(keep).map(|n| candidates[n]).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::features::search::{
        Behaviour, PRICE_BUCKETS, PRODUCT_DENSE, PredictedCategories, QueryFeatures,
    };
    use crate::features::statistics::Statistics;
    use crate::market::history::EventKind;
    use crate::models::dmt::example::catalogue;
    use crate::models::weights::{About, FORMAT, Precision};

    const PRODUCTS: u32 = 30;

    fn words() -> TokenVectors {
        TokenVectors::new(
            include_str!("../../assets/words.txt"),
            include_bytes!("../../assets/words.safetensors"),
        )
        .unwrap()
    }

    struct Case {
        catalogue: Catalogue,
        features: ProductFeatures,
        titles: Vec<f32>,
        words: TokenVectors,
        weights: Weights,
    }

    /// Weights drawn at random, those too that start as zeros or ones.
    fn case() -> Case {
        let (catalogue, words) = (catalogue(PRODUCTS, 5), words());
        let config = playground(Vocabulary::of(&catalogue));
        let about = About {
            format: FORMAT,
            model: MODEL.into(),
            market_seed: catalogue.seed,
            command: String::new(),
            config: serde_json::to_value(&config).unwrap(),
        };
        let mut weights = Weights::of(&config.init(&Device::flex()), about).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for array in weights.arrays.values_mut() {
            array.values.fill_with(|| random.random_range(-0.4..0.4));
        }
        let features = ProductFeatures::new(&catalogue, &Statistics::new(PRODUCTS as usize));
        assert!(features.price.iter().all(|&bucket| usize::from(bucket) < PRICE_BUCKETS));
        assert_eq!(features.dense[0].len(), PRODUCT_DENSE.len());
        let titles: Vec<f32> = (0..PRODUCTS as usize * words.dimensions())
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        Case { catalogue, features, titles, words, weights }
    }

    impl Case {
        fn load(&self, weights: &Weights) -> Result<CoarseRanker, WeightsError> {
            let bytes = weights.to_bytes(Precision::F32).unwrap();
            let Self { catalogue, features, titles, .. } = self;
            CoarseRanker::load(&bytes, catalogue, features, titles, &Device::flex())
        }
    }

    fn request(behaviours: usize) -> SearchFeatures {
        let behaviour = |n: usize| Behaviour {
            position: n as u32,
            product: (n * 7) as u32 % PRODUCTS,
            kind: EventKind::Click,
        };
        let query = QueryFeatures::new(vec![100, 107], PredictedCategories::default(), 1);
        SearchFeatures {
            profile: [0; 6],
            query: Arc::new(query),
            behaviours: [(0..behaviours).map(behaviour).collect(), vec![], vec![]],
        }
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.try_into_vec_as().unwrap()
    }

    #[test]
    fn scores_are_inner_products_of_unit_vectors() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let candidates = [4, 29, 0, 4];
        let scores = numbers(ranker.rank(&request(3), &case.words, &candidates).scores);
        let request = numbers(ranker.request(&[&request(3)], &case.words).0);
        let items = numbers(ranker.items().clone());
        for (candidate, score) in candidates.iter().zip(&scores) {
            let item = &items[*candidate as usize * 32..][..32];
            let length: f32 = item.iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5);
            let product: f32 = item.iter().zip(&request).map(|(a, b)| a * b).sum();
            assert!((score - product).abs() < 1e-5);
        }
        assert_eq!(scores[0], scores[3]);
    }

    #[test]
    fn neither_company_nor_order_changes_a_score() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let alone = numbers(ranker.request(&[&request(2)], &case.words).0);
        let together = numbers(ranker.request(&[&request(9), &request(2)], &case.words).0);
        for (a, b) in alone.iter().zip(&together[32..]) {
            assert!((a - b).abs() < 1e-5);
        }
        let score = |candidates: &[ProductId]| {
            numbers(ranker.rank(&request(2), &case.words, candidates).scores)
        };
        let (there, mut back) = (score(&[1, 2, 3]), score(&[3, 2, 1]));
        back.reverse();
        assert_eq!(there, back);
    }

    #[test]
    fn weights_survive_a_round_trip() {
        let case = case();
        let bytes = case.weights.to_bytes(Precision::Int8).unwrap();
        let rounded = Weights::from_bytes(&bytes, MODEL).unwrap();
        let candidates = [1, 5, 9];
        let scores = |weights: &Weights| {
            let ranker = case.load(weights).unwrap();
            numbers(ranker.rank(&request(2), &case.words, &candidates).scores)
        };
        for (before, after) in scores(&case.weights).iter().zip(scores(&rounded)) {
            assert!((before - after).abs() < 0.05, "{before} {after}");
        }
    }

    #[test]
    fn files_that_are_not_sound_are_refused() {
        let case = case();
        let mut other = case.weights.clone();
        other.about.market_seed += 1;
        assert!(matches!(case.load(&other), Err(WeightsError::Catalogue { .. })));
        let mut other = case.weights.clone();
        other.about.model = "moppr".into();
        assert!(matches!(case.load(&other), Err(WeightsError::Model { .. })));
        let mut other = case.weights.clone();
        let config = MopprConfig { output: 31, ..playground(Vocabulary::of(&case.catalogue)) };
        other.about.config = serde_json::to_value(config).unwrap();
        assert!(matches!(case.load(&other), Err(WeightsError::Shape { .. })));
        let Case { catalogue, features, titles, .. } = &case;
        let cut_short =
            CoarseRanker::load(b"no file", catalogue, features, titles, &Device::flex());
        assert!(cut_short.is_err());
    }

    #[test]
    fn of_equal_scores_the_retrievers_order_is_kept() {
        assert_eq!(cut(&[8, 3, 5, 1], &[0.1, 0.7, f32::NAN, 0.1], 3), [3, 8, 1]);
        assert_eq!(cut(&[8, 3], &[0.1, 0.7], 9), [3, 8]);
        assert!(cut(&[], &[], 9).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_that_is_kept_is_worse_than_what_is_cut(
            scores in prop::collection::vec(-1.0_f32..1.0, 0..40),
            keep in 0_usize..40,
        ) {
            let candidates: Vec<ProductId> = (0..scores.len() as u32).collect();
            let kept = cut(&candidates, &scores, keep);
            prop_assert_eq!(kept.len(), keep.min(scores.len()));
            let score = |id: &ProductId| scores[*id as usize];
            let least = kept.iter().map(score).fold(f32::INFINITY, f32::min);
            for id in candidates.iter().filter(|id| !kept.contains(id)) {
                prop_assert!(score(id) <= least);
            }
        }
    }
}
