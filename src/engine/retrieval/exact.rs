//! Exact search: every product is scored.

use burn::tensor::{Tensor, TensorData};

use super::int8::Int8Vectors;
use super::{Found, Index, RetrievalError, gmv, top_k};

/// How item vectors are kept on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Four bytes a value.
    F32,
    /// One byte a value and a scale a vector (MOPPR 6).
    Int8,
}

#[allow(clippy::large_enum_variant, reason = "there is one of them, not a list")]
enum Vectors {
    F32(Tensor<2>),
    Int8(Int8Vectors),
}

/// Item vectors of the whole catalogue on the device, in product order.
///
/// Scores are computed on the device and the best are chosen on the host. Burn's top-k for GPUs
/// is a shader for each K that keeps 2K slots in one invocation's private memory, of which WGSL
/// promises 8 KiB: on a software WebGPU adapter it took 1.4 s to compile for K = 50 and 39 s for
/// K = 200. Reading a row of scores takes the one read that K of them would, and the softmax over
/// the catalogue needs the whole row.
pub struct ExactIndex {
    vectors: Vectors,
    /// [1, N]: the items' side of GMV retrieval. Apart from the vectors, for it is two orders
    /// of magnitude larger than their components and would take all of int8's range.
    ln_prices: Tensor<2>,
    dimensions: usize,
    len: usize,
}

impl ExactIndex {
    /// An index over item vectors [N, D], whose products have these prices.
    ///
    /// # Errors
    /// [`RetrievalError::Device`].
    ///
    /// # Panics
    /// If there is not one price for each vector.
    pub async fn new(
        vectors: Tensor<2>,
        prices_cents: &[u32],
        precision: Precision,
    ) -> Result<Self, RetrievalError> {
        let [len, dimensions] = vectors.dims();
        assert_eq!(len, prices_cents.len(), "one price for each vector");
        let ln_prices: Vec<f32> = prices_cents.iter().map(|&cents| gmv::ln_price(cents)).collect();
        let device = vectors.device();
        let ln_prices = Tensor::from_data(TensorData::new(ln_prices, [1, len]), &device);
        let vectors = match precision {
            Precision::F32 => Vectors::F32(vectors),
            Precision::Int8 => {
                Vectors::Int8(Int8Vectors::quantise(&read(vectors).await?, dimensions, &device))
            }
        };
        Ok(Self { vectors, ln_prices, dimensions, len })
    }

    /// Inner products [B, N] of the queries, [B, D] or [B, D + 1], with every product.
    ///
    /// # Panics
    /// If the queries have another number of values.
    pub fn scores(&self, queries: Tensor<2>) -> Tensor<2> {
        let [batch, width] = queries.dims();
        let own = self.dimensions;
        assert!(width == own || width == own + 1, "queries of {width} values, items of {own}");
        let query = queries.clone().slice([0..batch, 0..own]);
        let scores = match &self.vectors {
            Vectors::F32(vectors) => query.matmul(vectors.clone().transpose()),
            Vectors::Int8(vectors) => vectors.inner_products(query),
        };
        if width == own {
            return scores;
        }
        let sigma = queries.slice([0..batch, own..width]);
        scores + sigma * self.ln_prices.clone()
    }

    /// [`ExactIndex::scores`] read from the device, a row for each query.
    ///
    /// # Errors
    /// [`RetrievalError::Device`].
    pub async fn read_scores(&self, queries: Tensor<2>) -> Result<Vec<Vec<f32>>, RetrievalError> {
        if self.is_empty() {
            return Ok(vec![Vec::new(); queries.dims()[0]]);
        }
        let scores = read(self.scores(queries)).await?;
        Ok(scores.chunks(self.len).map(<[f32]>::to_vec).collect())
    }
}

async fn read(tensor: Tensor<2>) -> Result<Vec<f32>, RetrievalError> {
    let failed = |error: &dyn std::fmt::Display| RetrievalError::Device(error.to_string());
    let data = tensor.into_data_async().await.map_err(|e| failed(&e))?;
    data.try_into_vec::<f32>().map_err(|e| failed(&e))
}

impl Index for ExactIndex {
    fn len(&self) -> usize {
        self.len
    }

    async fn search(&self, queries: Tensor<2>, k: usize) -> Result<Vec<Found>, RetrievalError> {
        let rows = self.read_scores(queries).await?;
        let found = |row: &Vec<f32>| Found { hits: top_k(row, k), searched: self.len };
        Ok(rows.iter().map(found).collect())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    fn matrix(rows: &[Vec<f32>]) -> Tensor<2> {
        let data = TensorData::new(rows.concat(), [rows.len(), rows[0].len()]);
        Tensor::from_data(data, &Device::flex())
    }

    fn one(query: &[f32]) -> Tensor<2> {
        matrix(&[query.to_vec()])
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// Directions drawn evenly, as unit vectors.
    fn directions(len: usize, dimensions: usize, seed: u64) -> Vec<Vec<f32>> {
        use rand::distr::Distribution;
        use rand_chacha::rand_core::SeedableRng;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut vector = || -> Vec<f32> {
            let normal = rand_distr::StandardNormal;
            let values: Vec<f32> = (0..dimensions).map(|_| normal.sample(&mut random)).collect();
            let length = dot(&values, &values).sqrt();
            values.iter().map(|value| value / length).collect()
        };
        (0..len).map(|_| vector()).collect()
    }

    /// Rows of equal width with a price each, and a query.
    fn shop() -> impl Strategy<Value = (Vec<Vec<f32>>, Vec<u32>, Vec<f32>)> {
        (1..30_usize, 1..12_usize).prop_flat_map(|(len, width)| {
            let row = || prop::collection::vec(-1.0..1.0_f32, width);
            (prop::collection::vec(row(), len), prop::collection::vec(0..100_000_u32, len), row())
        })
    }

    proptest! {
        #[test]
        fn the_best_are_those_of_a_plain_loop((items, prices, query) in shop(), k in 0..40_usize) {
            let index = block_on(ExactIndex::new(matrix(&items), &prices, Precision::F32)).unwrap();
            let found = block_on(index.search(one(&query), k)).unwrap();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].searched, items.len());
            prop_assert_eq!(found[0].hits.len(), k.min(items.len()));

            let mut scores: Vec<f32> = items.iter().map(|item| dot(item, &query)).collect();
            for hit in &found[0].hits {
                prop_assert!((hit.score - scores[hit.product as usize]).abs() < 1e-5);
            }
            scores.sort_by(|a, b| b.total_cmp(a));
            for (hit, score) in found[0].hits.iter().zip(scores) {
                prop_assert!((hit.score - score).abs() < 1e-5);
            }
        }

        #[test]
        fn int8_scores_are_off_by_half_a_step_a_value((items, prices, query) in shop()) {
            let index = block_on(ExactIndex::new(matrix(&items), &prices, Precision::Int8)).unwrap();
            let scores = block_on(index.read_scores(one(&query))).unwrap();
            let reach: f32 = query.iter().map(|value| value.abs()).sum();
            for (item, score) in items.iter().zip(&scores[0]) {
                let largest = item.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                prop_assert!((score - dot(item, &query)).abs() <= largest / 254.0 * reach + 1e-5);
            }
        }

        /// (24): the score of extended vectors orders products by expected sales.
        #[test]
        fn extended_vectors_score_sales(
            (items, prices, query) in shop(),
            sigma in 0.05..1.0_f32,
            precision in prop::sample::select(vec![Precision::F32, Precision::Int8]),
        ) {
            let index = block_on(ExactIndex::new(matrix(&items), &prices, precision)).unwrap();
            let query = one(&query);
            let plain = block_on(index.read_scores(query.clone())).unwrap().remove(0);
            let extended = gmv::extend_queries(query, sigma);
            let scores = block_on(index.read_scores(extended)).unwrap().remove(0);
            for ((score, z), cents) in scores.iter().zip(plain).zip(prices) {
                let purchase = (f64::from(z) / f64::from(sigma)).exp();
                let sales = purchase * f64::from(cents.max(1)) / 100.0;
                let ratio = gmv::expected_gmv(*score, sigma) / sales;
                prop_assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
            }
        }
    }

    #[test]
    fn int8_finds_what_f32_finds() {
        let (items, queries) = (directions(2_000, 128, 1), directions(20, 128, 2));
        let prices = vec![100; items.len()];
        let search = |precision| {
            let index = block_on(ExactIndex::new(matrix(&items), &prices, precision)).unwrap();
            block_on(index.search(matrix(&queries), 100)).unwrap()
        };
        let products = |found: &Found| found.hits.iter().map(|hit| hit.product).collect::<Vec<_>>();
        let recall: market::metrics::Mean = search(Precision::F32)
            .iter()
            .zip(search(Precision::Int8))
            .map(|(f32, int8)| market::metrics::recall_at(100, &products(&int8), &products(f32)))
            .collect();
        // Directions without any structure are the hardest case: scores lie close together.
        assert!(recall.value().unwrap() > 0.98, "{recall:?}");
    }

    #[test]
    fn vectors_of_zeros_score_zero_in_int8() {
        let index = block_on(ExactIndex::new(one(&[0.0; 5]), &[100], Precision::Int8)).unwrap();
        let scores = block_on(index.read_scores(one(&[1.0; 5]))).unwrap();
        assert_eq!(scores, [[0.0]]);
    }

    #[test]
    fn queries_are_answered_each_on_its_own() {
        let items = directions(50, 8, 3);
        let queries = directions(3, 8, 4);
        for precision in [Precision::F32, Precision::Int8] {
            let index = block_on(ExactIndex::new(matrix(&items), &[100; 50], precision)).unwrap();
            let together = block_on(index.search(matrix(&queries), 5)).unwrap();
            for (query, found) in queries.iter().zip(&together) {
                let alone = block_on(index.search(one(query), 5)).unwrap();
                for (a, b) in alone[0].hits.iter().zip(&found.hits) {
                    assert_eq!(a.product, b.product);
                    assert!((a.score - b.score).abs() < 1e-6);
                }
            }
        }
    }
}
