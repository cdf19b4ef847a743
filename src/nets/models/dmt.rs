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

#[cfg(any(test, feature = "examples"))]
pub mod example;
pub mod input;
mod interest;
pub mod ranker;
#[cfg(feature = "training")]
pub mod rows;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::models::vocabulary::Vocabulary;
use crate::models::weights::WeightsError;
use crate::nn::attention::KeyMask;
use crate::nn::bias::{BiasNetwork, BiasSizes, Places};
use crate::nn::experts::{Chance, TaskLayer, TaskOutput, TaskSizes};
use crate::nn::normaliser::Normaliser;
use interest::{
    ActivationUnit, DeepInterestTransformer, InterestEvolution, ItemEmbedding, SequenceMemory,
};
use market::features::windows;
use systems::dmt::{BiasFeatures, MultiTask};

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

/// Most experts that the page shows.
const MOST_EXPERTS: usize = 8;

/// What makes an interest vector of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interest {
    /// Deep Interest Transformer.
    Transformer,
    /// Mean of the item embeddings: what "DNN (Base)" of table 1 does.
    Mean,
    /// Sum of the item embeddings, each weighted by an activation unit that sees the target item:
    /// "DIN" of table 1.
    Activation,
    /// A GRU over the sequence, and over its states another whose update gate is the attention
    /// that the target item pays: "DIEN" of table 1.
    Evolution,
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
    /// How many of the sequences are read: clicks, then carts, then orders (table 4).
    #[serde(default = "all_sequences")]
    pub sequences: usize,
    /// Which of the sequences are left out: each counts as one in which nobody ever did anything. Files from
    /// before this could be do not say it.
    #[serde(default)]
    pub left_out: [bool; SEQUENCES],
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

/// Files from before table 4 do not say it.
fn all_sequences() -> usize {
    SEQUENCES
}

impl DmtConfig {
    /// The size that the playground ships: a quarter of a megabyte in half precision.
    pub fn playground(vocabulary: Vocabulary, dense: usize) -> Self {
        Self {
            vocabulary,
            dense,
            item: ItemWidths { product: 8, product_type: 12, brand: 8, shop: 4 },
            sequences: SEQUENCES,
            left_out: [false; SEQUENCES],
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

    /// Whether these are the playground's sizes, which a page can be expected to have memory and time for;
    /// what a network reads and how it is put together may differ, and there may be some experts more or
    /// less.
    ///
    /// # Errors
    /// [`WeightsError::Sizes`] where they are not.
    pub fn as_shipped(&self) -> Result<(), WeightsError> {
        let Self { multi_task, bias, interest, positions, sequences, left_out, experts, .. } =
            *self;
        let shipped = Self {
            multi_task,
            bias,
            interest,
            positions,
            sequences,
            left_out,
            experts,
            ..Self::playground(self.vocabulary, self.dense)
        };
        if *self == shipped && experts <= MOST_EXPERTS { Ok(()) } else { Err(WeightsError::Sizes) }
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
        if self.sequences > SEQUENCES {
            return Err("there are not as many sequences");
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

impl Encoded {
    /// The encoder's output over each sequence, `[R, T, d]`, by network, then by sequence. Without
    /// transformers what the candidates attend to in its place, or the mean, `[R, 1, d]`.
    pub fn encodings(&self) -> Vec<Vec<&Tensor<3>>> {
        let networks = self.memories.iter();
        networks.map(|of_one| of_one.iter().map(SequenceMemory::encoding).collect()).collect()
    }
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
    /// the click network come first. Under [`Interest::Activation`], which does not normalise
    /// them, the weights of the activation unit. Empty under [`Interest::Mean`].
    pub attention: Vec<Tensor<4>>,
    /// Dense features after z-scoring, `[R, C, F]`.
    pub dense: Tensor<3>,
    /// What each network's multi-task layer computed, by candidates `R * C`.
    pub tasks: Vec<TaskOutput>,
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
    /// Makes ready for a catalogue with newcomers.
    pub(crate) fn meet_newcomers(&mut self) {
        self.networks.iter_mut().for_each(|network| network.items.meet_newcomers());
    }

    /// The part that reads no candidate: encoders over each of the [`SEQUENCES`].
    pub fn encode(&self, sequences: &[Sequence]) -> Encoded {
        let memories = self.networks.iter().map(|network| network.encode(sequences)).collect();
        Encoded { memories }
    }

    /// The encoders' attention of every behaviour on every behaviour (equation 1), `[R, h, T, T]` for each
    /// sequence that is read; rows of padding mean nothing. Where each task has a network of its own, the
    /// first's. None without transformers. [`Dmt::encode`] does not keep it, for no candidate reads it.
    pub fn self_attention(&self, sequences: &[Sequence]) -> Vec<Tensor<4>> {
        let network = &self.networks[0];
        let of_sequence = |(transformer, sequence): (&DeepInterestTransformer, &Sequence)| {
            let items = network.items.forward(&sequence.items);
            transformer.self_attention(items, KeyMask::new(sequence.mask.clone()))
        };
        network.transformers.iter().zip(sequences).map(of_sequence).collect()
    }

    /// DIEN's auxiliary loss over all sequences of all networks, `[1]`; none for other interests.
    pub fn auxiliary(&self, encoded: &Encoded, sequences: &[Sequence]) -> Option<Tensor<1>> {
        let of_network = |(network, memories): (&Network, &Vec<SequenceMemory>)| {
            let of_sequence = |(memory, sequence): (&SequenceMemory, &Sequence)| match memory {
                SequenceMemory::Vectors { vectors, mask } if !network.evolutions.is_empty() => {
                    let items = network.items.forward(&sequence.items);
                    InterestEvolution::auxiliary(vectors, &items, mask)
                }
                _ => None,
            };
            let losses: Vec<_> = memories.iter().zip(sequences).filter_map(of_sequence).collect();
            losses
        };
        let networks = self.networks.iter().zip(&encoded.memories);
        networks.flat_map(of_network).reduce(|sum, loss| sum + loss)
    }

    /// Equation 3 for every candidate. A gate temperature of one is the paper.
    pub fn rank(
        &self,
        encoded: &Encoded,
        candidates: &Candidates,
        gate_temperature: f32,
    ) -> Output {
        self.rank_by_chance(encoded, candidates, gate_temperature, &[])
    }

    /// The same with the chance that the experts of each network meet while they learn, for `R * C` items;
    /// none for a network that there is none of.
    pub fn rank_by_chance(
        &self,
        encoded: &Encoded,
        candidates: &Candidates,
        gate_temperature: f32,
        chances: &[Chance],
    ) -> Output {
        let [requests, count] = candidates.items.product.dims();
        let dense = self.normaliser.forward(candidates.dense.clone());
        let networks: Vec<NetworkOutput> = self
            .networks
            .iter()
            .zip(&encoded.memories)
            .enumerate()
            .map(|(number, (network, memories))| {
                let (items, dense) = (&candidates.items, dense.clone());
                network.rank(memories, items, dense, gate_temperature, chances.get(number))
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

    /// x of equation 3, what the experts read, `[R, C, width]` by network: an interest for each
    /// sequence that is read and the target item, d wide each, and the dense features.
    pub fn inputs(&self, encoded: &Encoded, candidates: &Candidates) -> Vec<Tensor<3>> {
        let dense = self.normaliser.forward(candidates.dense.clone());
        let networks = self.networks.iter().zip(&encoded.memories);
        networks
            .map(|(n, memories)| n.input(memories, &candidates.items, dense.clone()).0)
            .collect()
    }

    /// Equation 4: y_b, `[n, 1]`, for `n` places; none without a bias network.
    pub fn bias(&self, places: &Places) -> Option<Tensor<2>> {
        self.bias.as_ref().map(|network| network.forward(places))
    }

    /// The model with `level` more in every y_b.
    pub fn with_bias_raised(self, level: f32) -> Self {
        Self { bias: self.bias.map(|network| network.raised(level)), ..self }
    }

    /// The model with so much more in each u_k.
    pub fn with_utilities_raised(self, levels: [f32; TASKS.len()]) -> Self {
        // One network with all tasks, or one for each.
        let mut levels = levels.into_iter();
        let raised = |network: Network| {
            let tasks = network.tasks.raised(levels.by_ref());
            Network { tasks, ..network }
        };
        Self { networks: self.networks.into_iter().map(raised).collect(), ..self }
    }

    /// Training mean of each dense feature, `[F]`.
    pub fn feature_means(&self) -> Tensor<1> {
        self.normaliser.mean()
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
    /// How many sequences are read.
    sequences: usize,
    /// Which of them count as empty.
    left_out: [bool; SEQUENCES],
    /// One of these three for each of them; none where interests are means.
    transformers: Vec<DeepInterestTransformer>,
    activations: Vec<ActivationUnit>,
    evolutions: Vec<InterestEvolution>,
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
            input: (config.sequences + 1) * d + config.dense,
            expert: &config.expert,
            utility: &config.utility,
            tasks,
        };
        let read = &windows::DMT[..config.sequences];
        let with = |interest| if config.interest == interest { read } else { &[] };
        Self {
            items: ItemEmbedding::new(config, device),
            sequences: config.sequences,
            left_out: config.left_out,
            transformers: with(Interest::Transformer)
                .iter()
                .map(|window| DeepInterestTransformer::new(config, window.length, device))
                .collect(),
            activations: with(Interest::Activation)
                .iter()
                .map(|_| ActivationUnit::new(config, device))
                .collect(),
            evolutions: with(Interest::Evolution)
                .iter()
                .map(|_| InterestEvolution::new(config, device))
                .collect(),
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
        let encode = |(number, (sequence, left_out)): (usize, (&Sequence, bool))| {
            let items = self.items.forward(&sequence.items);
            let present = sequence.mask.clone();
            let mask = KeyMask::new(if left_out { present.zeros_like() } else { present });
            if let Some(transformer) = self.transformers.get(number) {
                transformer.encode(items, mask)
            } else if let Some(evolution) = self.evolutions.get(number) {
                evolution.encode(items, mask)
            } else if self.activations.is_empty() {
                SequenceMemory::Mean(mask.mean(items))
            } else {
                SequenceMemory::Vectors { vectors: items, mask }
            }
        };
        let sequences = sequences.iter().zip(self.left_out).take(self.sequences);
        sequences.enumerate().map(encode).collect()
    }

    fn rank(
        &self,
        memories: &[SequenceMemory],
        candidates: &Items,
        dense: Tensor<3>,
        gate_temperature: f32,
        chance: Option<&Chance>,
    ) -> NetworkOutput {
        let (x, attention) = self.input(memories, candidates, dense);
        let [requests, count, width] = x.dims();
        let x = x.reshape([requests * count, width]);
        let tasks = self.tasks.forward(x, gate_temperature, chance);
        NetworkOutput { tasks, attention }
    }

    /// x of equation 3, `[R, C, width]`, and the attention over each sequence.
    fn input(
        &self,
        memories: &[SequenceMemory],
        candidates: &Items,
        dense: Tensor<3>,
    ) -> (Tensor<3>, Vec<Tensor<4>>) {
        let target = self.items.forward(candidates);
        let [requests, count, d] = target.dims();
        let mut x = Vec::with_capacity(SEQUENCES + 2);
        let mut attention = Vec::new();
        for (number, memory) in memories.iter().enumerate() {
            let (interest, weights) = match memory {
                SequenceMemory::Mean(mean) => {
                    x.push(mean.clone().expand([requests, count, d]));
                    continue;
                }
                SequenceMemory::Encoded { memory, any, .. } => {
                    self.transformers[number].decode(target.clone(), memory, any)
                }
                SequenceMemory::Vectors { vectors, mask } => match self.evolutions.get(number) {
                    Some(evolution) => evolution.interest(&target, vectors, mask),
                    None => self.activations[number].interest(&target, vectors, mask),
                },
            };
            // There is nothing in it that what reads it could learn from.
            x.push(if self.left_out[number] { interest.detach() } else { interest });
            attention.push(weights);
        }
        x.push(target);
        x.push(dense);
        (Tensor::cat(x, 2), attention)
    }
}
