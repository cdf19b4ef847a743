//! Yandex's ranking-oriented two-tower transformer ("Personalized Transformer-based Ranking for
//! e-Commerce at Yandex", Khrylchenko and Fritzler, 2023): the retriever of the feed, and a
//! feature of rankers.
//!
//! Sizes in the comments: `B` shoppers, `T` behaviours in a sequence, `M` texts, `N` products,
//! `w` the size of a word vector, `d` the width of the transformer and of both towers' vectors.
//!
//! ```text
//! sum of the word pieces' vectors [M, w] -> content [M, d]          titles and web queries alike
//! content of a title  -> item tower (3.1)  -> v_i, unit length      once a catalogue
//! content + position + type of each behaviour, with [CLS]
//!   -> transformer (3.2) -> v_u, unit length                        once a shopper
//! r_ui = <v_u, v_i> (3.3)
//! surface, device -> r_ctx (3.4)                                    in training only
//! ```
//!
//! The pre-training reads tau * r_ui, the fine-tuning sigmoid(gamma r_ui + gamma_ctx r_ctx + beta)
//! (3.5), serving r_ui alone. No product has an id: one that was never seen works as any other.
//!
//! The paper learns a table of word pieces of its own, and so do the models of its tables here:
//! there a text is the counts of its pieces, and the projection below their table. In what ships a
//! text is the sum of the shop's word vectors, which every model shares and no weights file holds.
//! A learned row on top for each of the 2,322 pieces that the shop uses made the files twice as
//! large and nDCG@10 better by 0.005 (retargeting; a quarter of the shoppers), and would leave rare
//! words behind.

pub mod input;
pub mod retriever;
#[cfg(feature = "training")]
pub mod rows;
#[cfg(test)]
mod tests;

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::models::weights::WeightsError;
use crate::nn::attention::{AttentionBlock, KeyMask};
use crate::nn::layer::{add_norm, linear, linear_relu};
use crate::nn::tower::l2_norm;
use input::{Contexts, Histories, Sequence};

/// Names of the types of behaviour, in the order of their embeddings: the market's kinds of
/// event, and behind them the web search.
pub const KINDS: [&str; 5] = ["click", "favourite", "cart", "order", "web search"];

/// Number of the web search among [`KINDS`].
pub const WEB_SEARCH: u8 = 4;

/// Number of the signals that the fine-tuning learns from: the first of [`KINDS`], in their
/// order.
pub const SIGNALS: usize = 4;

/// Surfaces that pages are shown on: the feed and the search.
pub const SURFACES: usize = 2;

/// Devices that pages are seen on.
pub const DEVICES: usize = 2;

/// How web-search queries get into the user tower (Yandex 3.2 and table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebQueries {
    /// Not at all.
    None,
    /// Fused with the behaviour in the shop into a single sequence.
    Fused,
    /// By a transformer of their own over the newest of them.
    Separate,
}

/// Sizes and choices of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YandexConfig {
    /// w, size of a frozen word vector, or number of word pieces where their table is learned.
    pub word: usize,
    /// d, width of the transformer, and of v_u and v_i.
    pub d: usize,
    /// Attention heads; divides d.
    pub heads: usize,
    /// Layers of the transformer.
    pub layers: usize,
    /// Inner width of its feed-forward networks.
    pub d_f: usize,
    /// Most behaviours that are read; the newest are.
    pub history: usize,
    /// How web-search queries are read.
    pub web_queries: WebQueries,
    /// Most web-search queries that are read where they have a transformer of their own.
    pub web_history: usize,
    /// Layers of the item tower.
    pub item_layers: usize,
    /// Width of the item tower.
    pub item_width: usize,
}

impl YandexConfig {
    /// The paper's (4.2): 1,024 behaviours, four layers of width 256 with four heads, an item
    /// tower of four layers of width 1,024. What it leaves open is the Transformer's: the inner
    /// width is 4 d.
    pub fn paper() -> Self {
        Self {
            word: 128,
            d: 256,
            heads: 4,
            layers: 4,
            d_f: 1024,
            history: 1024,
            web_queries: WebQueries::Fused,
            web_history: 512,
            item_layers: 4,
            item_width: 1024,
        }
    }

    /// The size that the playground ships, and that learns on one core.
    pub fn playground() -> Self {
        Self {
            d: 64,
            layers: 2,
            d_f: 128,
            history: 64,
            web_history: 16,
            item_width: 128,
            ..Self::paper()
        }
    }

    /// Whether these are the playground's sizes, which a page can be expected to have memory and time for;
    /// what a network reads and how it is put together may differ.
    ///
    /// # Errors
    /// [`WeightsError::Sizes`] where they are not.
    pub fn as_shipped(&self) -> Result<(), WeightsError> {
        let Self { history, web_queries, web_history, .. } = *self;
        let shipped = Self { history, web_queries, web_history, ..Self::playground() };
        if *self == shipped { Ok(()) } else { Err(WeightsError::Sizes) }
    }

    /// Whether there can be a model of these sizes; settings from a file need not be sound.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.heads == 0 || !self.d.is_multiple_of(self.heads) || self.d == 0 {
            return Err("the heads do not divide the width");
        }
        if self.layers == 0 {
            return Err("the transformer has no layer");
        }
        if self.word == 0 || self.d_f == 0 || self.item_width == 0 {
            return Err("a layer has no width");
        }
        if self.history == 0 || (self.web_queries == WebQueries::Separate && self.web_history == 0)
        {
            return Err("no behaviour is read");
        }
        Ok(())
    }

    /// A model of these sizes with random weights.
    pub fn init(&self, device: &Device) -> Yandex {
        Yandex {
            content: LinearConfig::new(self.word, self.d).with_bias(false).init(device),
            user: UserTower::new(self, device),
            item: ItemTower::new(self, device),
            context: ContextTower::new(device),
            loss: LossParameters::new(device),
        }
    }
}

/// The model.
#[derive(Module, Debug)]
pub struct Yandex {
    /// Trained projection of the frozen word vectors, or the table of word pieces. It is linear, so that the sum of the word
    /// pieces' embeddings is the embedding of the sum of their vectors.
    content: Linear,
    user: UserTower,
    item: ItemTower,
    context: ContextTower,
    /// Scalars that only the losses read.
    pub loss: LossParameters,
}

/// What the user tower made of shoppers.
#[derive(Clone, Debug)]
pub struct UserOutput {
    /// v_u, `[B, d]`: unit length, or where web searches have a transformer of their own the scaled
    /// sum of two such vectors, whose inner product with v_i is the scaled sum of theirs (4.3).
    pub vector: Tensor<2>,
    /// The vectors of unit length: one, or that of the behaviour and that of the web searches.
    pub parts: Vec<Tensor<2>>,
    /// Attention of `CLS` over itself, in the first column, and over the behaviours behind it, by
    /// layer: `[B, heads, 1 + T]` each; rows sum to one.
    pub attention: Vec<Tensor<3>>,
    /// The same over the web-search queries, where they have a transformer of their own; else
    /// empty.
    pub web_attention: Vec<Tensor<3>>,
}

impl Yandex {
    /// Content embeddings of texts: `sums` are the sums of the vectors of their word pieces,
    /// `[M, w]` to `[M, d]`. The table is shared by titles and queries, and by both towers.
    pub fn content(&self, sums: Tensor<2>) -> Tensor<2> {
        linear(&self.content, sums)
    }

    /// v_i of products by the content of their titles, `[N, d]` to `[N, d]` (3.1).
    pub fn items(&self, content: Tensor<2>) -> Tensor<2> {
        l2_norm(self.item.forward(content))
    }

    /// v_u of shoppers (3.2). `content` holds the texts that the histories name, `[M, d]`.
    pub fn users(&self, content: &Tensor<2>, histories: &Histories) -> UserOutput {
        self.user.forward(content, histories)
    }

    /// Event embeddings of the behaviours (3.2) as the transformer reads them, normalised and
    /// without `CLS`, `[B, T, d]`; behind them those of the web-search queries, where they have a
    /// transformer of their own.
    pub fn events(&self, content: &Tensor<2>, histories: &Histories) -> Vec<Tensor<3>> {
        let web = self.user.web.as_ref().zip(histories.web.as_ref());
        let behaviour = (&self.user.behaviour, &histories.behaviour);
        let sequences = [Some(behaviour), web].into_iter().flatten();
        sequences.map(|(encoder, s)| encoder.embed(self.user.texts(content, s))).collect()
    }

    /// r_ctx of page views, `[V, 1]` (3.4). In training only: serving does without.
    pub fn context(&self, contexts: &Contexts) -> Tensor<2> {
        self.context.forward(contexts)
    }

    /// What each surface and each device adds to r_ctx, `[SURFACES, 1]` and `[DEVICES, 1]`: zeros
    /// where training did without.
    pub fn context_scalars(&self) -> [Tensor<2>; 2] {
        [self.context.surface.weight.val(), self.context.device.weight.val()]
    }
}

/// r_ui of every shopper and product (3.3): `[B, d]` and `[N, d]`, both of unit length, to
/// `[B, N]`.
pub fn similarity(users: Tensor<2>, items: Tensor<2>) -> Tensor<2> {
    users.matmul(items.transpose())
}

/// Item tower (3.1): residual layers over the content of a title.
#[derive(Module, Debug)]
struct ItemTower {
    /// To the tower's width and back, where it is another than d.
    input: Option<Linear>,
    layers: Vec<ResidualLayer>,
    output: Option<Linear>,
}

impl ItemTower {
    fn new(config: &YandexConfig, device: &Device) -> Self {
        let (d, width) = (config.d, config.item_width);
        let between = |from, to| (from != to).then(|| LinearConfig::new(from, to).init(device));
        Self {
            input: between(d, width),
            layers: (0..config.item_layers).map(|_| ResidualLayer::new(width, device)).collect(),
            output: between(width, d),
        }
    }

    /// `[N, d]` to `[N, d]`, of any length yet.
    fn forward(&self, content: Tensor<2>) -> Tensor<2> {
        let through = |layer: &Option<Linear>, x: Tensor<2>| match layer {
            Some(layer) => linear(layer, x),
            None => x,
        };
        let x_1 = through(&self.input, content);
        let x = self.layers.iter().fold(x_1, |x, layer| layer.forward(x));
        through(&self.output, x)
    }
}

/// x_(k+1) = LayerNorm(ReLU(Linear(x_k)) + x_k).
#[derive(Module, Debug)]
struct ResidualLayer {
    linear: Linear,
    norm: LayerNorm,
}

impl ResidualLayer {
    fn new(width: usize, device: &Device) -> Self {
        Self {
            linear: LinearConfig::new(width, width).init(device),
            norm: LayerNormConfig::new(width).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        add_norm(&self.norm, linear_relu(&self.linear, x.clone()), x)
    }
}

/// User tower (3.2).
#[derive(Module, Debug)]
struct UserTower {
    /// Learned embedding of each type of behaviour.
    kinds: Embedding,
    behaviour: Encoder,
    /// Over web-search queries, where they are not fused.
    web: Option<Encoder>,
    /// What the inner product of either `CLS` counts, `[2]`, where there are two (4.3).
    scales: Option<Param<Tensor<1>>>,
}

impl UserTower {
    fn new(config: &YandexConfig, device: &Device) -> Self {
        let separate = config.web_queries == WebQueries::Separate;
        Self {
            kinds: EmbeddingConfig::new(KINDS.len(), config.d).with_initializer(SMALL).init(device),
            behaviour: Encoder::new(config, config.history, device),
            web: separate.then(|| Encoder::new(config, config.web_history, device)),
            scales: separate.then(|| Initializer::Constant { value: 0.5 }.init([2], device)),
        }
    }

    fn forward(&self, content: &Tensor<2>, histories: &Histories) -> UserOutput {
        let (shop, attention) = self.encode(&self.behaviour, content, &histories.behaviour);
        let shop = l2_norm(shop);
        match (&self.web, &self.scales, &histories.web) {
            (Some(encoder), Some(scales), Some(sequence)) => {
                let (web, web_attention) = self.encode(encoder, content, sequence);
                let parts = vec![shop, l2_norm(web)];
                let scaled = |n: usize| {
                    parts[n].clone() * scales.val().narrow(0, n, 1).unsqueeze_dim::<2>(0)
                };
                UserOutput { vector: scaled(0) + scaled(1), parts, attention, web_attention }
            }
            _ => {
                let parts = vec![shop.clone()];
                UserOutput { vector: shop, parts, attention, web_attention: Vec::new() }
            }
        }
    }

    fn encode(
        &self,
        encoder: &Encoder,
        content: &Tensor<2>,
        sequence: &Sequence,
    ) -> (Tensor<2>, Vec<Tensor<3>>) {
        encoder.forward(self.texts(content, sequence), &sequence.present)
    }

    /// Content and type of behaviours, `[B, T, d]`.
    fn texts(&self, content: &Tensor<2>, sequence: &Sequence) -> Tensor<3> {
        let content = embedding(content.clone(), sequence.content.clone());
        content + self.kinds.forward(sequence.kinds.clone())
    }
}

/// Spread of embeddings that are added to others.
const SMALL: Initializer = Initializer::Normal { mean: 0.0, std: 0.1 };

/// Bidirectional transformer with post-normalisation over behaviours and `CLS`.
#[derive(Module, Debug)]
struct Encoder {
    /// By reversed position: row 0 is the newest behaviour's.
    positions: Param<Tensor<2>>,
    cls: Param<Tensor<1>>,
    norm: LayerNorm,
    blocks: Vec<AttentionBlock>,
}

impl Encoder {
    fn new(config: &YandexConfig, length: usize, device: &Device) -> Self {
        let YandexConfig { d, heads, d_f, .. } = *config;
        Self {
            positions: SMALL.init([length, d], device),
            cls: Initializer::Normal { mean: 0.0, std: 1.0 }.init([d], device),
            norm: LayerNormConfig::new(d).init(device),
            blocks: (0..config.layers)
                .map(|_| AttentionBlock::new(d, heads, d_f, device))
                .collect(),
        }
    }

    /// Event embeddings: with their positions, normalised, `[B, T, d]` to the same.
    fn embed(&self, events: Tensor<3>) -> Tensor<3> {
        let [_, length, d] = events.dims();
        let positions = self.positions.val().slice([0..length, 0..d]).unsqueeze_dim::<3>(0);
        let positions = positions.expand(events.dims());
        add_norm(&self.norm, events, positions)
    }

    /// `CLS` after the last layer, `[B, d]`, and its attention in each.
    ///
    /// `events` are content and type of the behaviours, newest first, `[B, T, d]`; `present` is
    /// one for a behaviour and zero for padding, `[B, T]`.
    fn forward(&self, events: Tensor<3>, present: &Tensor<2>) -> (Tensor<2>, Vec<Tensor<3>>) {
        let [batch, _, d] = events.dims();
        let events = self.embed(events);
        let cls = self.cls.val().reshape([1, 1, d]).expand([batch, 1, d]);
        let mut x = Tensor::cat(vec![cls, events], 1);
        let here = Tensor::ones([batch, 1], &present.device());
        let mask = KeyMask::new(Tensor::cat(vec![here, present.clone()], 1));
        let mut attention = Vec::with_capacity(self.blocks.len());
        let last = self.blocks.len() - 1;
        for (number, block) in self.blocks.iter().enumerate() {
            let memory = block.memorise(x.clone(), mask.clone());
            // Of the last layer nothing but [CLS] is read.
            let queries = if number == last { x.narrow(1, 0, 1) } else { x };
            let attended = block.forward(queries, &memory);
            let [_, heads, _, keys] = attended.weights.dims();
            attention.push(attended.weights.narrow(2, 0, 1).reshape([batch, heads, keys]));
            x = attended.output;
        }
        (x.reshape([batch, d]), attention)
    }
}

/// Context tower (3.4): a learned scalar for the surface and one for the device.
#[derive(Module, Debug)]
struct ContextTower {
    surface: Embedding,
    device: Embedding,
}

impl ContextTower {
    fn new(device: &Device) -> Self {
        let scalars = |number| {
            EmbeddingConfig::new(number, 1).with_initializer(Initializer::Zeros).init(device)
        };
        Self { surface: scalars(SURFACES), device: scalars(DEVICES) }
    }

    /// r_ctx, `[V, 1]`: the sum of the two scalars.
    fn forward(&self, contexts: &Contexts) -> Tensor<2> {
        let of =
            |table: &Embedding, ids: &Tensor<1, Int>| table.weight.val().select(0, ids.clone());
        of(&self.surface, &contexts.surface) + of(&self.device, &contexts.device)
    }
}

/// Learned scalars of the losses (3.5).
#[derive(Module, Debug)]
pub struct LossParameters {
    /// ln tau.
    log_temperature: Param<Tensor<1>>,
    /// gamma_k, gamma_(k, ctx) and beta_k of the pairwise losses.
    pub pairwise: Sigmoids,
    /// alpha_k, alpha_(k, ctx) and beta_k of the pointwise losses; the paper's final objective
    /// reads only those of clicks.
    pub pointwise: Sigmoids,
}

/// tau before training.
const FIRST_TEMPERATURE: f32 = 10.0;

impl LossParameters {
    fn new(device: &Device) -> Self {
        let temperature = Tensor::<1>::full([1], FIRST_TEMPERATURE.ln(), device);
        Self {
            log_temperature: Param::from_tensor(temperature),
            pairwise: Sigmoids::new(0.0, device),
            // Few impressions are clicked, and fewer bought.
            pointwise: Sigmoids::new(-3.0, device),
        }
    }

    /// tau of the sampled softmax, `[1]`.
    pub fn temperature(&self) -> Tensor<1> {
        self.log_temperature.val().exp()
    }
}

/// f_ui = sigmoid(slope r_ui + context r_ctx + offset) for each signal.
#[derive(Module, Debug)]
pub struct Sigmoids {
    /// What r_ui is multiplied by, `[SIGNALS]`.
    pub slope: Param<Tensor<1>>,
    /// What r_ctx is multiplied by, `[SIGNALS]`.
    pub context: Param<Tensor<1>>,
    /// What is added, `[SIGNALS]`.
    pub offset: Param<Tensor<1>>,
}

impl Sigmoids {
    fn new(offset: f32, device: &Device) -> Self {
        let all = |value| Param::from_tensor(Tensor::full([SIGNALS], value, device));
        Self { slope: all(FIRST_TEMPERATURE), context: all(1.0), offset: all(offset) }
    }

    /// Logit of f_ui for one signal: `similarity` is r_ui, `[V, C]`, `context` r_ctx, `[V, 1]`,
    /// or none to do without.
    pub fn logit(
        &self,
        signal: usize,
        similarity: Tensor<2>,
        context: Option<Tensor<2>>,
    ) -> Tensor<2> {
        let of = |scalars: &Param<Tensor<1>>| scalars.val().narrow(0, signal, 1).unsqueeze::<2>();
        let logit = similarity * of(&self.slope) + of(&self.offset);
        match context {
            Some(context) => logit + context * of(&self.context),
            None => logit,
        }
    }
}
