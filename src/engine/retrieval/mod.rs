//! From a query vector to the products that answer it: exact search, quantisation, selection.
//!
//! An [`Index`] scores products on the device and hands back the best; [`ExactIndex`] looks at
//! all of them, over f32 or int8 vectors. What a page does with scores is plain arithmetic on the
//! host: [`top_k`], [`gumbel_top_k`], [`Softmax`], and GMV retrieval's extended vectors in [`gmv`].

mod exact;
pub mod gmv;
mod int8;
pub mod lexical;
mod select;
mod softmax;

use burn::tensor::Tensor;

use market::catalogue::ProductId;

pub use exact::{ExactIndex, Precision};
pub use select::{gumbel_top_k, top_k};
pub use softmax::Softmax;

/// A product and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which product.
    pub product: ProductId,
    /// Inner product with the query, unscaled by any temperature.
    pub score: f32,
}

/// What a search found for one query.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best, falling by score; of equal scores the lower product first.
    pub hits: Vec<Hit>,
    /// Products that were scored to find them.
    pub searched: usize,
}

/// Why a search gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The device did not give its numbers back: it was lost, or is out of memory.
    #[error("the device failed: {0}")]
    Device(String),
}

/// Something that finds the products with the largest inner product.
pub trait Index {
    /// Number of products.
    fn len(&self) -> usize;

    /// Whether there is nothing to find.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best `k` products for each of the queries, [B, D], or [B, D + 1] where they are
    /// extended for GMV ([`gmv::extend_queries`]).
    ///
    /// # Errors
    /// [`RetrievalError::Device`].
    fn search(
        &self,
        queries: Tensor<2>,
        k: usize,
    ) -> impl Future<Output = Result<Vec<Found>, RetrievalError>>;
}
