//! DMT: Deep Multifaceted Transformers (Gu et al., CIKM 2020), the ranker.
//!
//! Sizes in the comments: `R` requests, `C` candidates for each, `T` behaviours in a sequence,
//! `d` the width of an item embedding, `F` dense features, `K` tasks, `E` experts.
//!
//! ```text
//! click, cart, order sequences  [R, T]          encode: once a request
//!   -> encoder: self-attention (1, 2)
//! target items [R, C] -> decoder over the encoder's output    rank: once a candidate
//!   -> x = interests, target item, dense features
//!   -> experts, gates, utilities u_k (3)
//! index, page, neighbours -> y_b (4)             bias: once a place
//! ```
//!
//! Training reads sigmoid(u_k + y_b) (5), serving sigmoid(u_k) (6).

#[cfg(test)]
pub(crate) mod example;
pub mod input;
pub mod ranker;
#[cfg(test)]
mod tests;

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::moppr::Vocabulary;
use crate::features::windows;
use crate::nn::attention::{AttentionBlock, KeyMask, Memory};
use crate::nn::bias::{BiasNetwork, BiasSizes, Places};
use crate::nn::experts::{TaskLayer, TaskOutput, TaskSizes};
use crate::nn::normaliser::Normaliser;
use crate::share::{BiasFeatures, MultiTask};

/// Number of behaviour sequences: clicks, carts, orders.
pub const SEQUENCES: usize = windows::DMT.len();

/// Names of the sequences, in the order of [`windows::DMT`].
pub const SEQUENCE_NAMES: [&str; SEQUENCES] = ["clicks", "carts", "orders"];

/// The tasks, in the order of utilities.
pub const TASKS: [&str; 2] = ["click", "order"];

/// How positions in a sequence are told apart (DMT 4.2.2 and table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// Not at all.
    None,
    /// "pos_sincos".
    Sinusoidal,
    /// "pos_learn".
    Learned,
}

/// What makes an interest vector of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interest {
    /// Deep Interest Transformer.
    Transformer,
    /// Mean of the item embeddings: what "DNN (Base)" of table 1 does.
    Mean,
}

/// Widths of the four embeddings that an item is the concatenation of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemWidths {
    /// Product id.
    pub product: usize,
    /// Product type (category).
    pub product_type: usize,
    /// Brand.
    pub brand: usize,
    /// Shop.
    pub shop: usize,
}

/// Sizes and choices of a DMT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DmtConfig {
    /// Numbers of ids.
    pub vocabulary: Vocabulary,
    /// F, number of dense features; 0 leaves them out.
    pub dense: usize,
    /// Widths of an item's embeddings; their sum is d.
    pub item: ItemWidths,
    /// What makes interest vectors.
    pub interest: Interest,
    /// How positions are told apart.
    pub positions: Positions,
    /// h, attention heads; divides d.
    pub heads: usize,
    /// d_f, inner width of the point-wise feed-forward networks.
    pub d_f: usize,
    /// How tasks share parameters.
    pub multi_task: MultiTask,
    /// E, number of experts.
    pub experts: usize,
    /// Widths of an expert's layers.
    pub expert: Vec<usize>,
    /// Widths of a utility network's hidden layers.
    pub utility: Vec<usize>,
    /// What the bias network reads; nothing means no bias network.
    pub bias: BiasFeatures,
    /// Width of an index's or page's embedding in the bias network.
    pub d_position: usize,
    /// Width of a product type's embedding in the bias network.
    pub d_type: usize,
    /// Widths of the bias network's hidden layers.
    pub bias_hidden: Vec<usize>,
}

impl DmtConfig {
    /// The size that the playground ships: a quarter of a megabyte in half precision.
    pub fn playground(vocabulary: Vocabulary, dense: usize) -> Self {
        Self {
            vocabulary,
            dense,
            item: ItemWidths { product: 8, product_type: 12, brand: 8, shop: 4 },
            interest: Interest::Transformer,
            positions: Positions::Learned,
            heads: 2,
            d_f: 32,
            multi_task: MultiTask::Mmoe,
            experts: 4,
            expert: vec![48, 32],
            utility: vec![16],
            bias: BiasFeatures { position: true, page: false, neighbours: true },
            d_position: 8,
            d_type: 4,
            bias_hidden: vec![32, 16],
        }
    }

    /// The size of the paper's published settings: items of 80, four heads, experts of three
    /// layers.
    pub fn paper(vocabulary: Vocabulary, dense: usize) -> Self {
        Self {
            item: ItemWidths { product: 32, product_type: 16, brand: 16, shop: 16 },
            heads: 4,
            d_f: 320,
            expert: vec![512, 256, 128],
            utility: vec![32],
            d_type: 5,
            ..Self::playground(vocabulary, dense)
        }
    }

    /// d, width of an item embedding.
    pub fn d(&self) -> usize {
        self.item.product + self.item.product_type + self.item.brand + self.item.shop
    }

    /// Whether there is a bias network.
    pub fn has_bias(&self) -> bool {
        self.bias.position || self.bias.page || self.bias.neighbours
    }

    /// Whether there can be a model of these sizes; settings from a file need not be sound.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.heads == 0 || !self.d().is_multiple_of(self.heads) {
            return Err("the heads do not divide an item");
        }
        if self.experts == 0 || self.expert.is_empty() {
            return Err("there is no expert");
        }
        Ok(())
    }

    /// A model of these sizes with random weights.
    pub fn init(&self, device: &Device) -> Dmt {
        let networks = match self.multi_task {
            MultiTask::SingleTask => TASKS.iter().map(|_| Network::new(self, 1, device)).collect(),
            MultiTask::Mmoe | MultiTask::SharedBottom => {
                vec![Network::new(self, TASKS.len(), device)]
            }
        };
        let bias = self.has_bias().then(|| {
            let sizes = BiasSizes {
                reads: self.bias,
                product_types: self.vocabulary.product_types,
                d_position: self.d_position,
                d_type: self.d_type,
                hidden: &self.bias_hidden,
            };
            BiasNetwork::new(sizes, device)
        });
        Dmt { normaliser: Normaliser::identity(self.dense, device), networks, bias }
    }
}

/// Items by their index in each embedding table, all of one shape.
#[derive(Clone, Debug)]
pub struct Items {
    /// Product ids, `[R, n]`.
    pub product: Tensor<2, Int>,
    /// Product types, `[R, n]`.
    pub product_type: Tensor<2, Int>,
    /// Brands, `[R, n]`.
    pub brand: Tensor<2, Int>,
    /// Shops, `[R, n]`.
    pub shop: Tensor<2, Int>,
}

/// One behaviour sequence of each request, newest first, padded at its end.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Items, `[R, T]`; any valid index where there is padding.
    pub items: Items,
    /// One for a behaviour, zero for padding, `[R, T]`.
    pub mask: Tensor<2>,
}

/// Target items of each request.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Items, `[R, C]`.
    pub items: Items,
    /// Dense features as they are counted, `[R, C, F]`.
    pub dense: Tensor<3>,
}

/// What is computed once a request: see [`Dmt::encode`].
#[derive(Clone, Debug)]
pub struct Encoded {
    /// By network, then by sequence.
    memories: Vec<Vec<SequenceMemory>>,
}

/// Scores and insides of every candidate.
#[derive(Clone, Debug)]
pub struct Output {
    /// Utility logits u_k, `[R, C, K]`.
    pub utilities: Tensor<3>,
    /// Gate weights, `[R, C, K, E]`, none without gates.
    pub gates: Option<Tensor<4>>,
    /// Attention of each candidate over each sequence, `[R, h, C, T]`; rows sum to one, or are
    /// zero where the sequence is empty. Where each task has a network of its own, the heads of
    /// the click network come first. Empty without transformers.
    pub attention: Vec<Tensor<4>>,
    /// Dense features after z-scoring, `[R, C, F]`.
    pub dense: Tensor<3>,
    /// What each network's multi-task layer computed, by candidates `R * C`.
    tasks: Vec<TaskOutput>,
}

/// Deep Multifaceted Transformers.
#[derive(Module, Debug)]
pub struct Dmt {
    normaliser: Normaliser,
    /// One network for all tasks, or one for each.
    networks: Vec<Network>,
    bias: Option<BiasNetwork>,
}

impl Dmt {
    /// The part that reads no candidate: encoders over each of the [`SEQUENCES`].
    pub fn encode(&self, sequences: &[Sequence]) -> Encoded {
        let memories = self.networks.iter().map(|network| network.encode(sequences)).collect();
        Encoded { memories }
    }

    /// Equation 3 for every candidate. A gate temperature of one is the paper.
    pub fn rank(
        &self,
        encoded: &Encoded,
        candidates: &Candidates,
        gate_temperature: f32,
    ) -> Output {
        let [requests, count] = candidates.items.product.dims();
        let dense = self.normaliser.forward(candidates.dense.clone());
        let networks: Vec<NetworkOutput> = self
            .networks
            .iter()
            .zip(&encoded.memories)
            .map(|(network, memories)| {
                network.rank(memories, &candidates.items, dense.clone(), gate_temperature)
            })
            .collect();
        let by_candidate = |values: Tensor<2>| {
            let [_, tasks] = values.dims();
            values.reshape([requests, count, tasks])
        };
        let utilities = networks.iter().map(|n| by_candidate(n.tasks.utilities.clone())).collect();
        let gates = self.networks[0].is_gated().then(|| {
            let [_, tasks, experts] = networks[0].tasks.gates.dims();
            networks[0].tasks.gates.clone().reshape([requests, count, tasks, experts])
        });
        let sequences = networks[0].attention.len();
        let attention = (0..sequences)
            .map(|s| Tensor::cat(networks.iter().map(|n| n.attention[s].clone()).collect(), 1))
            .collect();
        let tasks = networks.into_iter().map(|network| network.tasks).collect();
        Output { utilities: Tensor::cat(utilities, 2), gates, attention, dense, tasks }
    }

    /// Equation 4: y_b, `[n, 1]`, for `n` places; none without a bias network.
    pub fn bias(&self, places: &Places) -> Option<Tensor<2>> {
        self.bias.as_ref().map(|network| network.forward(places))
    }

    /// The bias network.
    pub fn bias_network(&self) -> Option<&BiasNetwork> {
        self.bias.as_ref()
    }

    /// What each expert adds to each utility, `[R * C, K, E]`: the utility less what it is with
    /// the expert's gate weight set to zero. None without gates.
    pub fn expert_contributions(&self, output: &Output) -> Option<Tensor<3>> {
        let network = &self.networks[0];
        network.is_gated().then(|| network.tasks.contributions(&output.tasks[0]))
    }

    /// The same model with mean and standard deviation of its dense features, each of length F.
    pub fn with_normalisation(mut self, mean: &[f32], deviation: &[f32], device: &Device) -> Self {
        self.normaliser = Normaliser::new(mean, deviation, device);
        self
    }
}

/// Embeddings, interests and task layer: everything between ids and utilities.
#[derive(Module, Debug)]
struct Network {
    items: ItemEmbedding,
    /// One for each sequence; none where interests are means.
    transformers: Vec<DeepInterestTransformer>,
    tasks: TaskLayer,
}

/// What a network made of candidates.
struct NetworkOutput {
    tasks: TaskOutput,
    attention: Vec<Tensor<4>>,
}

impl Network {
    fn new(config: &DmtConfig, tasks: usize, device: &Device) -> Self {
        let d = config.d();
        let sizes = TaskSizes {
            input: (SEQUENCES + 1) * d + config.dense,
            expert: &config.expert,
            utility: &config.utility,
            tasks,
        };
        Self {
            items: ItemEmbedding::new(config, device),
            transformers: match config.interest {
                Interest::Transformer => windows::DMT
                    .iter()
                    .map(|window| DeepInterestTransformer::new(config, window.length, device))
                    .collect(),
                Interest::Mean => Vec::new(),
            },
            tasks: match config.multi_task {
                MultiTask::Mmoe => TaskLayer::mixture(sizes, config.experts, device),
                MultiTask::SharedBottom | MultiTask::SingleTask => {
                    TaskLayer::shared_bottom(sizes, config.experts, device)
                }
            },
        }
    }

    fn is_gated(&self) -> bool {
        self.tasks.is_gated()
    }

    fn encode(&self, sequences: &[Sequence]) -> Vec<SequenceMemory> {
        let embedded = sequences.iter().map(|sequence| {
            (self.items.forward(&sequence.items), KeyMask::new(sequence.mask.clone()))
        });
        if self.transformers.is_empty() {
            embedded.map(|(items, mask)| SequenceMemory::Mean(mask.mean(items))).collect()
        } else {
            embedded
                .zip(&self.transformers)
                .map(|((items, mask), transformer)| transformer.encode(items, mask))
                .collect()
        }
    }

    fn rank(
        &self,
        memories: &[SequenceMemory],
        candidates: &Items,
        dense: Tensor<3>,
        gate_temperature: f32,
    ) -> NetworkOutput {
        let target = self.items.forward(candidates);
        let [requests, count, d] = target.dims();
        let mut x = Vec::with_capacity(SEQUENCES + 2);
        let mut attention = Vec::new();
        for (number, memory) in memories.iter().enumerate() {
            match memory {
                SequenceMemory::Mean(mean) => x.push(mean.clone().expand([requests, count, d])),
                SequenceMemory::Encoded { memory, any } => {
                    let decoder = &self.transformers[number].decoder;
                    let attended = decoder.forward(target.clone(), memory);
                    x.push(attended.output * any.clone());
                    attention.push(attended.weights * any.clone().unsqueeze_dim::<4>(1));
                }
            }
        }
        x.push(target);
        x.push(dense);
        let x = Tensor::cat(x, 2);
        let [_, _, width] = x.dims();
        let tasks = self.tasks.forward(x.reshape([requests * count, width]), gate_temperature);
        NetworkOutput { tasks, attention }
    }
}

/// Embedding layer: an item is the concatenation of its product, type, brand and shop.
#[derive(Module, Debug)]
struct ItemEmbedding {
    product: Embedding,
    product_type: Embedding,
    brand: Embedding,
    shop: Embedding,
}

impl ItemEmbedding {
    fn new(config: &DmtConfig, device: &Device) -> Self {
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
    fn forward(&self, items: &Items) -> Tensor<3> {
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
enum SequenceMemory {
    /// Mean of the items, `[R, 1, d]`.
    Mean(Tensor<3>),
    /// Keys and values that the decoder attends to, and whether the sequence holds anything.
    Encoded { memory: Memory, any: Tensor<3> },
}

/// Deep Interest Transformer: one sequence to an interest vector for each target item.
#[derive(Module, Debug)]
struct DeepInterestTransformer {
    positions: Option<Param<Tensor<2>>>,
    encoder: AttentionBlock,
    decoder: AttentionBlock,
}

impl DeepInterestTransformer {
    fn new(config: &DmtConfig, length: usize, device: &Device) -> Self {
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
    fn encode(&self, items: Tensor<3>, mask: KeyMask) -> SequenceMemory {
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
        SequenceMemory::Encoded { memory: self.decoder.memorise(encoded, mask), any }
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
