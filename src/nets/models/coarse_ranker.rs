//! The coarse-grained ranker between retrieval and ranking (MOPPR 7.3).
//!
//! MOPPR's two towers, trained on for what is left to do after retrieval: the objectives are
//! exposure, click and purchase, without relevance, and the random negatives are of categories
//! relevant to the query, as most of what is retrieved is. They stand on the retriever's own
//! embeddings, whose inputs e^uq and e^i are there when retrieval is done, so that a request costs
//! one user-query tower and an inner product for each retrieved product. The vectors of all
//! products are made when the towers are loaded.

use burn::tensor::{Device, Tensor};

use super::moppr::retriever::Retriever;
use super::moppr::{MopprConfig, Towers, UserQueryOutput};
use super::newcomers::rows;
use super::weights::{Weights, WeightsError};
use crate::models::vocabulary::Vocabulary;
use market::catalogue::{Catalogue, ProductId};

/// What its file says it holds, and the file's name.
pub const MODEL: &str = "coarse-ranker";

/// The coarse ranker for one catalogue. Nothing here reads the device: only tensors go out.
#[derive(Debug)]
pub struct CoarseRanker {
    towers: Towers,
    /// H_i of every product that a log tells of, `[N, output]`.
    items: Tensor<2>,
}

impl CoarseRanker {
    /// Reads the file of towers, which stand on this retriever.
    ///
    /// # Errors
    /// Where the file is damaged, of another version or model, or trained on another catalogue or
    /// on a retriever of other sizes.
    pub fn load(
        file: &[u8],
        catalogue: &Catalogue,
        retriever: &Retriever,
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
        if config != *retriever.config() {
            return Err(WeightsError::Damaged("the retriever is of other sizes".into()));
        }
        let towers = weights.apply(config.init_towers(device))?;
        let items = retriever.items().clone().narrow(0, 0, config.vocabulary.products);
        Ok(Self::new(towers, items))
    }

    /// Around towers in memory. `items` is e^i of every product.
    pub fn new(towers: Towers, items: Tensor<2>) -> Self {
        Self { items: towers.item(items), towers }
    }

    /// H_uq of encoded requests, `[B, output]`.
    pub fn user_query(&self, encoded: &UserQueryOutput) -> Tensor<2> {
        self.towers.user_query(encoded.input.clone())
    }

    /// H_i of every product that a log tells of, `[N, output]`.
    pub fn items(&self) -> &Tensor<2> {
        &self.items
    }

    /// H_i of products, at least one, `[n, output]`. `newcomers` gives e^i of those that no log tells of.
    pub fn items_of(
        &self,
        products: &[ProductId],
        newcomers: impl FnOnce(&[ProductId]) -> Tensor<2>,
    ) -> Tensor<2> {
        let newcomers = |products: &[ProductId]| self.towers.item(newcomers(products));
        rows(&self.items, products, newcomers)
    }

    /// Scores of retrieved products, at least one, for the one encoded request that they were
    /// retrieved for, `[C]`: inner products of unit vectors, the higher the better. `newcomers` gives e^i of
    /// those that no log tells of. See [`cut`].
    pub fn rank(
        &self,
        encoded: &UserQueryOutput,
        candidates: &[ProductId],
        newcomers: impl FnOnce(&[ProductId]) -> Tensor<2>,
    ) -> Tensor<1> {
        let items = self.items_of(candidates, newcomers);
        items.matmul(self.user_query(encoded).transpose()).reshape([candidates.len()])
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
    use crate::models::dmt::example::catalogue;
    use crate::models::moppr::input::Products;
    use crate::models::weights::{About, FORMAT, Precision};
    use crate::nn::tower::NEGATIVE_SLOPE;
    use market::features::search::{
        Behaviour, PredictedCategories, ProductFeatures, QueryFeatures, SearchFeatures,
    };
    use market::features::statistics::Statistics;
    use market::history::EventKind;
    use market::text::TokenVectors;

    const PRODUCTS: u32 = 30;

    struct Case {
        catalogue: Catalogue,
        retriever: Retriever,
        words: TokenVectors,
        /// Of the coarse ranker.
        weights: Weights,
    }

    fn case() -> Case {
        let words = TokenVectors::new(
            include_str!("../../../assets/words.txt"),
            include_bytes!("../../../assets/words.safetensors"),
        )
        .unwrap();
        let (catalogue, device) = (catalogue(PRODUCTS, 5), Device::flex());
        let config = MopprConfig::playground(Vocabulary::of(&catalogue));
        let about = |model: &str| About {
            format: FORMAT,
            model: model.into(),
            market_seed: catalogue.seed,
            command: String::new(),
            config: serde_json::to_value(&config).unwrap(),
        };
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let mut drawn = |mut weights: Weights| {
            // Those too that training starts from zeros or ones.
            for array in weights.arrays.values_mut() {
                array.values.fill_with(|| random.random_range(-0.4..0.4));
            }
            weights
        };
        let whole = drawn(Weights::of(&config.init(&device), about("moppr")).unwrap());
        let weights = drawn(Weights::of(&config.init_towers(&device), about(MODEL)).unwrap());
        let features = ProductFeatures::new(&catalogue, &Statistics::new(PRODUCTS as usize));
        let titles: Vec<f32> = (0..PRODUCTS as usize * words.dimensions())
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        let products = Products::new(&features, &titles, &device);
        let retriever = Retriever::new(&config, &whole, &products, &device).unwrap();
        Case { catalogue, retriever, words, weights }
    }

    impl Case {
        fn load(&self, weights: &Weights) -> Result<CoarseRanker, WeightsError> {
            let bytes = weights.to_bytes(Precision::F32).unwrap();
            CoarseRanker::load(&bytes, &self.catalogue, &self.retriever, &Device::flex())
        }

        fn encode(&self, requests: &[&SearchFeatures]) -> UserQueryOutput {
            self.retriever.encode(requests, &self.words)
        }

        /// A tower in double precision: {(FC, LN, LReLU) x 3, FC}, of unit length.
        fn tower(&self, name: &str, input: &[f32]) -> Vec<f64> {
            let array = |path: String| {
                let array = &self.weights.arrays[&format!("{name}.{path}")];
                array.values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()
            };
            let linear = |path: &str, x: &[f64]| -> Vec<f64> {
                let (weight, bias) =
                    (array(format!("{path}.weight")), array(format!("{path}.bias")));
                let at = |row: usize, column: usize| weight[row * bias.len() + column];
                (0..bias.len())
                    .map(|j| bias[j] + (0..x.len()).map(|i| x[i] * at(i, j)).sum::<f64>())
                    .collect()
            };
            let mut x: Vec<f64> = input.iter().map(|&x| x.into()).collect();
            for layer in 0..3 {
                x = linear(&format!("hidden.{layer}.linear"), &x);
                let n = x.len() as f64;
                let mean = x.iter().sum::<f64>() / n;
                let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
                let (gamma, beta) = (
                    array(format!("hidden.{layer}.norm.gamma")),
                    array(format!("hidden.{layer}.norm.beta")),
                );
                for (i, x) in x.iter_mut().enumerate() {
                    let y = (*x - mean) / (variance + 1e-5).sqrt() * gamma[i] + beta[i];
                    *x = if y < 0.0 { NEGATIVE_SLOPE * y } else { y };
                }
            }
            let x = linear("output", &x);
            let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            x.iter().map(|x| x / length).collect()
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
    fn scores_are_those_of_plain_loops() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let candidates = [4, 29, 0, 4];
        let encoded = case.encode(&[&request(3)]);
        let scores = numbers(ranker.rank(&encoded, &candidates, none));
        let user_query = case.tower("user_query", &numbers(encoded.input));
        let inputs = numbers(case.retriever.items().clone());
        let width = inputs.len() / PRODUCTS as usize;
        for (candidate, score) in candidates.iter().zip(&scores) {
            let item = case.tower("item", &inputs[*candidate as usize * width..][..width]);
            let expected: f64 = item.iter().zip(&user_query).map(|(a, b)| a * b).sum();
            assert!((f64::from(*score) - expected).abs() < 2e-5, "{score} {expected}");
        }
        assert_eq!(scores[0], scores[3]);
    }

    /// The vectors of newcomers, where there are none.
    fn none(_: &[ProductId]) -> Tensor<2> {
        unreachable!("a log tells of all of them")
    }

    #[test]
    fn newcomers_are_scored_by_what_is_read_of_them() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let encoded = case.encode(&[&request(3)]);
        // Two newcomers that are like products 7 and 3, among others and out of their order.
        let like = |asked: &[ProductId]| {
            assert_eq!(asked, [PRODUCTS + 5, PRODUCTS]);
            let items = case.retriever.items().clone();
            Tensor::cat(vec![items.clone().narrow(0, 7, 1), items.narrow(0, 3, 1)], 0)
        };
        let scores = numbers(ranker.rank(&encoded, &[3, PRODUCTS + 5, 7, PRODUCTS, 0], like));
        let [three, as_seven, seven, as_three, _] = scores[..] else { panic!("five scores") };
        assert!((three - as_three).abs() < 1e-5 && (seven - as_seven).abs() < 1e-5);
        assert!((three - seven).abs() > 1e-3);
    }

    #[test]
    fn vectors_are_of_unit_length() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let requests = ranker.user_query(&case.encode(&[&request(0), &request(4)]));
        for vectors in [requests, ranker.items().clone()] {
            for length in numbers(vectors.square().sum_dim(1)) {
                assert!((length - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn neither_company_nor_order_changes_a_score() {
        let case = case();
        let ranker = case.load(&case.weights).unwrap();
        let alone = numbers(ranker.user_query(&case.encode(&[&request(2)])));
        let together = numbers(ranker.user_query(&case.encode(&[&request(9), &request(2)])));
        for (a, b) in alone.iter().zip(&together[alone.len()..]) {
            assert!((a - b).abs() < 1e-5);
        }
        let encoded = case.encode(&[&request(2)]);
        let score = |candidates: &[ProductId]| numbers(ranker.rank(&encoded, candidates, none));
        let (there, mut back) = (score(&[1, 2, 3]), score(&[3, 2, 1]));
        back.reverse();
        assert_eq!(there, back);
    }

    #[test]
    fn weights_survive_a_round_trip() {
        let case = case();
        let bytes = case.weights.to_bytes(Precision::Int8).unwrap();
        let rounded = Weights::from_bytes(&bytes, MODEL).unwrap();
        let encoded = case.encode(&[&request(2)]);
        let scores = |weights: &Weights| {
            numbers(case.load(weights).unwrap().rank(&encoded, &[1, 5, 9], none))
        };
        for (before, after) in scores(&case.weights).iter().zip(scores(&rounded)) {
            assert!((before - after).abs() < 0.05, "{before} {after}");
        }
    }

    #[test]
    fn files_that_are_not_sound_are_refused() {
        let case = case();
        let refused = |change: &dyn Fn(&mut Weights)| {
            let mut weights = case.weights.clone();
            change(&mut weights);
            case.load(&weights).err()
        };
        let market = refused(&|weights| weights.about.market_seed += 1);
        assert!(matches!(market, Some(WeightsError::Catalogue { .. })));
        let model = refused(&|weights| weights.about.model = "moppr".into());
        assert!(matches!(model, Some(WeightsError::Model { .. })));
        let sizes = refused(&|weights| {
            let vocabulary = Vocabulary::of(&case.catalogue);
            let config = MopprConfig { output: 31, ..MopprConfig::playground(vocabulary) };
            weights.about.config = serde_json::to_value(config).unwrap();
        });
        assert!(matches!(sizes, Some(WeightsError::Damaged(_))));
        let part = refused(&|weights| {
            weights.arrays.pop_first();
        });
        assert!(matches!(part, Some(WeightsError::Missing(_))));
        let (catalogue, retriever) = (&case.catalogue, &case.retriever);
        assert!(CoarseRanker::load(b"no file", catalogue, retriever, &Device::flex()).is_err());
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
