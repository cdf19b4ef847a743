//! GMV retrieval: expected sales in place of expected purchases (MOPPR 7.2).
//!
//! A purchase is rare, so `P = sigmoid(z / sigma)` is near `exp(z / sigma)` (22, 23), and the
//! expected sales `P * price` are `exp((z + sigma * ln price) / sigma)` (24): the inner product of
//! the query `(H_uq, sigma)` with the item `(H_i, ln price)` orders products by them.

use burn::tensor::Tensor;

/// The items' further value: the logarithm of the price in the shop's whole units. A price of
/// nothing counts as one cent.
pub fn ln_price(cents: u32) -> f32 {
    libm::log(f64::from(cents.max(1)) / 100.0) as f32
}

/// The queries' further value, sigma: [B, D] to [B, D + 1].
pub fn extend_queries(queries: Tensor<2>, sigma: f32) -> Tensor<2> {
    let sigma = Tensor::full([queries.dims()[0], 1], sigma, &queries.device());
    Tensor::cat(vec![queries, sigma], 1)
}

/// Expected sales of one showing, in the shop's whole units, from a score of extended vectors
/// (24).
///
/// ```
/// use engine::retrieval::gmv::{expected_gmv, ln_price};
///
/// // z = -0.5, sigma = 0.1: P = exp(-5); a price of 20.00.
/// let score = -0.5 + 0.1 * ln_price(2000);
/// assert!((expected_gmv(score, 0.1) - 20.0 * (-5.0_f64).exp()).abs() < 1e-5);
/// ```
pub fn expected_gmv(score: f32, sigma: f32) -> f64 {
    libm::exp(f64::from(score) / f64::from(sigma))
}
