//! Bias network: what a product's place does to clicks (DMT 4.4, equation 4).

use burn::module::{Initializer, Module};
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor};

use super::mlp::Mlp;
use market::features::places::NEIGHBOURHOOD;
use systems::shared::BiasFeatures;

/// Index and page numbers from here on count as the last one (DMT 4.4).
pub const MAX_INDEX: usize = 400;
/// See [`MAX_INDEX`].
pub const MAX_PAGE: usize = 100;

/// Where products stand, for `n` of them.
#[derive(Clone, Debug)]
pub struct Places {
    /// Index on the list, `[n, 1]`, below [`MAX_INDEX`].
    pub index: Tensor<2, Int>,
    /// Page, `[n, 1]`, below [`MAX_PAGE`].
    pub page: Tensor<2, Int>,
    /// Product types of the product itself and of its nearest neighbours, `[n, NEIGHBOURHOOD]`;
    /// the number of types where there is no neighbour.
    pub types: Tensor<2, Int>,
}

/// Sizes of a bias network, and what it reads.
#[derive(Clone, Copy, Debug)]
pub struct BiasSizes<'a> {
    /// What it reads.
    pub reads: BiasFeatures,
    /// Number of product types.
    pub product_types: usize,
    /// Width of an index's or page's embedding.
    pub d_position: usize,
    /// Width of a product type's embedding.
    pub d_type: usize,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
}

/// NN_B: embeddings of the bias features into a perceptron.
#[derive(Module, Debug)]
pub struct BiasNetwork {
    index: Option<Embedding>,
    page: Option<Embedding>,
    types: Option<Embedding>,
    mlp: Mlp,
}

impl BiasNetwork {
    /// A network that reads at least one feature.
    pub fn new(sizes: BiasSizes<'_>, device: &Device) -> Self {
        let table = |number, width| {
            EmbeddingConfig::new(number, width)
                .with_initializer(Initializer::Normal { mean: 0.0, std: 0.05 })
                .init(device)
        };
        let reads = sizes.reads;
        let index = reads.position.then(|| table(MAX_INDEX, sizes.d_position));
        let page = reads.page.then(|| table(MAX_PAGE, sizes.d_position));
        let types = reads.neighbours.then(|| table(sizes.product_types + 1, sizes.d_type));
        let positions = usize::from(reads.position) + usize::from(reads.page);
        let neighbours = usize::from(reads.neighbours);
        let input = sizes.d_position * positions + sizes.d_type * NEIGHBOURHOOD * neighbours;
        let widths: Vec<usize> =
            [input].into_iter().chain(sizes.hidden.iter().copied()).chain([1]).collect();
        Self { index, page, types, mlp: Mlp::new(&widths, device) }
    }

    /// What the network reads.
    pub fn reads(&self) -> BiasFeatures {
        BiasFeatures {
            position: self.index.is_some(),
            page: self.page.is_some(),
            neighbours: self.types.is_some(),
        }
    }

    /// The same with `level` more in every y_b.
    pub fn raised(self, level: f32) -> Self {
        Self { mlp: self.mlp.raised(level), ..self }
    }

    /// y_b, `[n, 1]`.
    pub fn forward(&self, places: &Places) -> Tensor<2> {
        let read = [
            (&self.index, &places.index),
            (&self.page, &places.page),
            (&self.types, &places.types),
        ];
        let features: Vec<Tensor<2>> = read
            .into_iter()
            .filter_map(|(table, ids)| {
                let embedded = table.as_ref()?.forward(ids.clone());
                let [n, count, d] = embedded.dims();
                Some(embedded.reshape([n, count * d]))
            })
            .collect();
        self.mlp.forward(Tensor::cat(features, 1))
    }
}
