//! From a behaviour sequence to an interest vector for each target item: DMT's Deep Interest
//! Transformer (DMT 4.2.2), and the units of the baselines of table 1, DIN (Zhou et al., KDD 2018)
//! and DIEN (Zhou et al., AAAI 2019), under the same embeddings and the same tasks.
//!
//! Both are here for what DMT compares itself with: how they make an interest. Left out are DIN's
//! Dice and its regulariser, and DIEN's auxiliary loss over the next behaviour.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use super::{DmtConfig, Items, Positions};
use crate::nn::attention::{AttentionBlock, KeyMask, Memory};
use crate::nn::gru::Gru;
use crate::nn::mlp::Mlp;

/// Embedding layer: an item is the concatenation of its product, type, brand and shop.
#[derive(Module, Debug)]
pub(super) struct ItemEmbedding {
    pub(super) product: Embedding,
    pub(super) product_type: Embedding,
    pub(super) brand: Embedding,
    pub(super) shop: Embedding,
}

impl ItemEmbedding {
    pub fn new(config: &DmtConfig, device: &Device) -> Self {
        let table = |number, width| {
            EmbeddingConfig::new(number, width)
                .with_initializer(Initializer::Normal { mean: 0.0, std: 0.1 })
                .init(device)
        };
        Self {
            product: table(config.vocabulary.products, config.item.product),
            product_type: table(config.vocabulary.product_types, config.item.product_type),
            brand: table(config.vocabulary.brands, config.item.brand),
            shop: table(config.vocabulary.shops, config.item.shop),
        }
    }

    /// `[R, n]` to `[R, n, d]`.
    pub fn forward(&self, items: &Items) -> Tensor<3> {
        let embedded = vec![
            self.product.forward(items.product.clone()),
            self.product_type.forward(items.product_type.clone()),
            self.brand.forward(items.brand.clone()),
            self.shop.forward(items.shop.clone()),
        ];
        Tensor::cat(embedded, 2)
    }
}

/// What is known of a sequence before a candidate is.
#[expect(clippy::large_enum_variant, reason = "there are three a request")]
#[derive(Clone, Debug)]
pub(super) enum SequenceMemory {
    /// Mean of the items, `[R, 1, d]`.
    Mean(Tensor<3>),
    /// The encoder's output, the keys and values of it that the decoder attends to, and whether
    /// the sequence holds anything.
    Encoded { encoded: Tensor<3>, memory: Memory, any: Tensor<3> },
    /// One vector for each behaviour, `[R, T, d]`: the item's, or the state of a GRU.
    Vectors { vectors: Tensor<3>, mask: KeyMask },
}

impl SequenceMemory {
    /// What candidates attend to, or the mean.
    pub fn encoding(&self) -> &Tensor<3> {
        match self {
            Self::Mean(mean) => mean,
            Self::Encoded { encoded, .. } => encoded,
            Self::Vectors { vectors, .. } => vectors,
        }
    }
}

/// Deep Interest Transformer: one sequence to an interest vector for each target item.
#[derive(Module, Debug)]
pub(super) struct DeepInterestTransformer {
    pub(super) positions: Option<Param<Tensor<2>>>,
    pub(super) encoder: AttentionBlock,
    pub(super) decoder: AttentionBlock,
}

impl DeepInterestTransformer {
    pub fn new(config: &DmtConfig, length: usize, device: &Device) -> Self {
        let d = config.d();
        let positions = match config.positions {
            Positions::None => None,
            Positions::Learned => {
                Some(Initializer::Normal { mean: 0.0, std: 0.02 }.init([length, d], device))
            }
            Positions::Sinusoidal => {
                let table = Tensor::from_data(sinusoids(length, d), device);
                Some(Param::from_tensor(table).set_require_grad(false))
            }
        };
        let block = || AttentionBlock::new(d, config.heads, config.d_f, device);
        Self { positions, encoder: block(), decoder: block() }
    }

    /// Encoder: every behaviour attends to every behaviour; then the decoder's keys and values.
    pub fn encode(&self, items: Tensor<3>, mask: KeyMask) -> SequenceMemory {
        let [_, length, d] = items.dims();
        let items = match &self.positions {
            Some(positions) => {
                items + positions.val().slice([0..length, 0..d]).unsqueeze_dim::<3>(0)
            }
            None => items,
        };
        let own = self.encoder.memorise(items.clone(), mask.clone());
        let encoded = self.encoder.forward(items, &own).output;
        let any = mask.any();
        let memory = self.decoder.memorise(encoded.clone(), mask);
        SequenceMemory::Encoded { encoded, memory, any }
    }

    /// Decoder: each target item, `[R, C, d]`, attends to the encoder's output. The interests,
    /// `[R, C, d]`, and the attention by head, `[R, h, C, T]`; zeros for an empty sequence.
    pub fn decode(
        &self,
        target: Tensor<3>,
        memory: &Memory,
        any: &Tensor<3>,
    ) -> (Tensor<3>, Tensor<4>) {
        let attended = self.decoder.forward(target, memory);
        (attended.output * any.clone(), attended.weights * any.clone().unsqueeze_dim::<4>(1))
    }
}

/// Sine and cosine positions of the Transformer, `[length, d]`.
fn sinusoids(length: usize, d: usize) -> TensorData {
    let values: Vec<f32> = (0..length)
        .flat_map(|position| {
            (0..d).map(move |i| {
                let rate = 10_000f32.powf(-((i / 2 * 2) as f32) / d as f32);
                let angle = position as f32 * rate;
                if i % 2 == 0 { angle.sin() } else { angle.cos() }
            })
        })
        .collect();
    TensorData::new(values, [length, d])
}

/// Width of the hidden layer of DIN's activation unit.
const ACTIVATION: usize = 36;

/// DIN's activation unit: the weight of a behaviour for a target item, a(e_j, e_t), from both and
/// their product.
#[derive(Module, Debug)]
pub(super) struct ActivationUnit {
    mlp: Mlp,
}

impl ActivationUnit {
    pub fn new(config: &DmtConfig, device: &Device) -> Self {
        Self { mlp: Mlp::new(&[3 * config.d(), ACTIVATION, 1], device) }
    }

    /// v_t = sum_j a(e_j, e_t) e_j, `[R, C, d]`, and the weights, `[R, 1, C, T]`. As in DIN the
    /// weights do not sum to one: their size says how much there is of the interest.
    pub fn interest(
        &self,
        target: &Tensor<3>,
        items: &Tensor<3>,
        mask: &KeyMask,
    ) -> (Tensor<3>, Tensor<4>) {
        let [requests, length, d] = items.dims();
        let [_, count, _] = target.dims();
        let pairs = [requests, count, length, d];
        let behaviour = items.clone().unsqueeze_dim::<4>(1).expand(pairs);
        let target = target.clone().unsqueeze_dim::<4>(2).expand(pairs);
        let product = behaviour.clone() * target.clone();
        let weights = self.mlp.forward(Tensor::cat(vec![behaviour, product, target], 3));
        let weights = weights.reshape([requests, count, length])
            * mask.present().clone().unsqueeze_dim::<3>(1);
        (weights.clone().matmul(items.clone()), weights.unsqueeze_dim(1))
    }
}

/// Taken off the score of what is padding.
const FAR: f32 = 1e30;

/// DIEN: a GRU extracts an interest from each behaviour, and a second, whose update gate is
/// scaled by the attention of the target item (AUGRU), follows how it evolves.
#[derive(Module, Debug)]
pub(super) struct InterestEvolution {
    extractor: Gru,
    /// W of the attention, h_t W e_a.
    attention: Linear,
    evolution: Gru,
}

impl InterestEvolution {
    pub fn new(config: &DmtConfig, device: &Device) -> Self {
        let d = config.d();
        Self {
            extractor: Gru::new(d, d, device),
            attention: LinearConfig::new(d, d).with_bias(false).init(device),
            evolution: Gru::new(d, d, device),
        }
    }

    /// Interest states h_t, once a request.
    pub fn encode(&self, items: Tensor<3>, mask: KeyMask) -> SequenceMemory {
        let states = self.extractor.forward(items, mask.present(), None);
        SequenceMemory::Vectors { vectors: Tensor::cat(states, 1), mask }
    }

    /// The last state of the AUGRU, `[R, C, d]`, and a_t = softmax(h_t W e_a), `[R, 1, C, T]`;
    /// zeros for an empty sequence.
    pub fn interest(
        &self,
        target: &Tensor<3>,
        states: &Tensor<3>,
        mask: &KeyMask,
    ) -> (Tensor<3>, Tensor<4>) {
        let scores = self.attention.forward(target.clone()).matmul(states.clone().transpose());
        let present = mask.present().clone().unsqueeze_dim::<3>(1);
        let hidden = (present.clone() - 1.0) * FAR;
        let attention = softmax(scores + hidden, 2) * present;
        let mut states = self.evolution.forward(states.clone(), mask.present(), Some(&attention));
        // The newest stands first; a sequence has a column at least, if only of padding.
        (states.swap_remove(0), attention.unsqueeze_dim(1))
    }
}
