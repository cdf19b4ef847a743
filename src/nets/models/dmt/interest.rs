//! From a behaviour sequence to an interest vector for each target item: DMT's Deep Interest
//! Transformer (DMT 4.2.2), and the units of the baselines of table 1, DIN (Zhou et al., KDD 2018)
//! and DIEN (Zhou et al., AAAI 2019), under the same embeddings and the same tasks.
//!
//! Both are here for what DMT compares itself with: how they make an interest, DIN with its Dice and
//! DIEN with its auxiliary loss over the next behaviour. Left out is DIN's regulariser.

use burn::module::{Initializer, Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::{log_sigmoid, sigmoid, softmax};
use burn::tensor::{Device, Tensor, TensorData};

use super::{DmtConfig, Items, Positions};
use crate::nn::attention::{AttentionBlock, KeyMask, Memory};
use crate::nn::gru::Gru;

/// Standard deviation that embeddings start with: inner products of attention grow with its square.
const EMBEDDED: f64 = 0.5;

/// How strongly attention starts towards behaviours like the target item. With neither this nor
/// [`EMBEDDED`] (0 and 0.1) the shipped sizes end with the same weight on each behaviour.
const ALIKE: f32 = 2.0;

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
                .with_initializer(Initializer::Normal { mean: 0.0, std: EMBEDDED })
                .init(device)
        };
        Self {
            product: table(config.vocabulary.products, config.item.product),
            product_type: table(config.vocabulary.product_types, config.item.product_type),
            brand: table(config.vocabulary.brands, config.item.brand),
            shop: table(config.vocabulary.shops, config.item.shop),
        }
    }

    /// Adds the row that all newcomers share (see [`Catalogue::row`](market::catalogue::Catalogue::row)): of
    /// zeros, the mean of what rows are before anything is learned.
    pub fn meet_newcomers(&mut self) {
        let known = self.product.weight.val();
        let newcomer = Tensor::zeros([1, known.dims()[1]], &known.device());
        self.product.weight = Param::from_tensor(Tensor::cat(vec![known, newcomer], 0));
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
        let block =
            || AttentionBlock::new(d, config.heads, config.d_f, device).towards_alike(ALIKE);
        Self { positions, encoder: block(), decoder: block() }
    }

    /// What the encoder reads: the items, each told apart by its place, `[R, T, d]`.
    fn placed(&self, items: Tensor<3>) -> Tensor<3> {
        let [_, length, d] = items.dims();
        match &self.positions {
            Some(positions) => {
                items + positions.val().slice([0..length, 0..d]).unsqueeze_dim::<3>(0)
            }
            None => items,
        }
    }

    /// Encoder: every behaviour attends to every behaviour; then the decoder's keys and values.
    pub fn encode(&self, items: Tensor<3>, mask: KeyMask) -> SequenceMemory {
        let items = self.placed(items);
        let own = self.encoder.memorise(items.clone(), mask.clone());
        let encoded = self.encoder.forward(items, &own).output;
        let any = mask.any();
        let memory = self.decoder.memorise(encoded.clone(), mask);
        SequenceMemory::Encoded { encoded, memory, any }
    }

    /// The encoder's attention of every behaviour on every behaviour by head (equation 1),
    /// `[R, h, T, T]`; rows of padding mean nothing.
    pub fn self_attention(&self, items: Tensor<3>, mask: KeyMask) -> Tensor<4> {
        let items = self.placed(items);
        let own = self.encoder.memorise(items.clone(), mask);
        self.encoder.forward(items, &own).weights
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
    hidden: Linear,
    dice: Dice,
    weight: Linear,
}

/// DIN's Dice: p(s) s + (1 - p(s)) alpha s, where p is a sigmoid of s less its mean, over its
/// deviation, so that the bend lies where the data are.
#[derive(Module, Debug)]
struct Dice {
    /// Statistics alone: neither scale nor offset is learned.
    norm: BatchNorm,
    alpha: Param<Tensor<1>>,
}

impl Dice {
    fn new(width: usize, device: &Device) -> Self {
        let mut norm = BatchNormConfig::new(width).init(device);
        norm.gamma = norm.gamma.set_require_grad(false);
        norm.beta = norm.beta.set_require_grad(false);
        Self { norm, alpha: Initializer::Zeros.init([width], device) }
    }

    /// `[n, width]` to the same.
    fn forward(&self, s: Tensor<2>) -> Tensor<2> {
        let p = sigmoid(self.norm.forward(s.clone()));
        let beyond = s.clone() * self.alpha.val().unsqueeze_dim::<2>(0);
        p.clone() * s + (1.0 - p) * beyond
    }
}

impl ActivationUnit {
    pub fn new(config: &DmtConfig, device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(3 * config.d(), ACTIVATION).init(device),
            dice: Dice::new(ACTIVATION, device),
            weight: LinearConfig::new(ACTIVATION, 1).init(device),
        }
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
        let read = Tensor::cat(vec![behaviour, product, target], 3);
        let read = read.reshape([requests * count * length, 3 * d]);
        let weights = self.weight.forward(self.dice.forward(self.hidden.forward(read)));
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

    /// The auxiliary loss, `[1]`: how badly each state tells the next behaviour, e, from another
    /// shopper's at the same place, by sigma(<h_t, e>). None where no sequence has two behaviours or
    /// there is one shopper. `states` and `items` are `[R, T, d]`, newest first.
    pub fn auxiliary(states: &Tensor<3>, items: &Tensor<3>, mask: &KeyMask) -> Option<Tensor<1>> {
        let [requests, length, _] = states.dims();
        if requests < 2 || length < 2 {
            return None;
        }
        let older = states.clone().narrow(1, 1, length - 1);
        let next = items.clone().narrow(1, 0, length - 1);
        let others = |of: Tensor<3>| {
            let rest = of.clone().narrow(0, 1, requests - 1);
            Tensor::cat(vec![rest, of.narrow(0, 0, 1)], 0)
        };
        let present: Tensor<3> = mask.present().clone().unsqueeze_dim(2);
        let seen = present.clone().narrow(1, 1, length - 1);
        let seen_by_both = seen.clone() * others(present.narrow(1, 0, length - 1));
        let score = |of: Tensor<3>| (older.clone() * of).sum_dim(2);
        let mean = |values: Tensor<3>, of: Tensor<3>| {
            (values * of.clone()).sum() / of.sum().clamp_min(1.0)
        };
        let told = mean(log_sigmoid(score(next.clone())), seen);
        let told_apart = mean(log_sigmoid(score(others(next)).neg()), seen_by_both);
        Some((told + told_apart).neg())
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
