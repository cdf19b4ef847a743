//! MOPPR: multi-objective personalised product retrieval (papers/moppr.txt, section 4).
//!
//! Two towers give a request and every product a unit vector; their inner product is the score.
//! The parameters are in two parts: [`Embeddings`] turns ids, words and behaviour into the
//! towers' inputs e^uq and e^i; [`Towers`] holds the two networks. Copies of the towers tuned to
//! one objective each share the embeddings.

pub mod input;
pub mod objectives;
pub mod retriever;
mod rivals;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::models::vocabulary::Vocabulary;
use crate::models::weights::WeightsError;
use crate::nn::attention::MASKED;
use crate::nn::layer::{inner_products, linear, small_products};
use crate::nn::tower::{Tower, TowerConfig, l2_norm};
use input::{Products, Sequence, UserQuery};
use market::features::search::{
    EVENT_KINDS, FREQUENCY_BUCKETS, LENGTH_BUCKETS, PRICE_BUCKETS, PRODUCT_DENSE, PROFILE_SIZES,
};
use market::features::windows;

/// What makes e^uq of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoder {
    /// MOPPR's query semantic unit and user behaviour attention unit.
    #[default]
    Moppr,
    /// Those of MGDSPR, MOPPR's stronger baseline.
    Mgdspr,
    /// Means of embeddings: alpha-DNN, its weaker one.
    AlphaDnn,
}

/// Sizes of MOPPR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MopprConfig {
    /// Numbers of ids.
    pub vocabulary: Vocabulary,
    /// What makes e^uq. Files from before there was a choice do not say it.
    #[serde(default)]
    pub encoder: Encoder,
    /// Size of a frozen token vector.
    pub token: usize,
    /// d, size of a query term's embedding.
    pub term: usize,
    /// Embedding of each profile feature.
    pub profile: usize,
    /// Embedding of each bucket of the query's side information.
    pub query_side: usize,
    /// Embedding of the product id.
    pub product: usize,
    /// Embedding of the product type, for products and for predicted categories.
    pub product_type: usize,
    /// Embedding of the brand, and of the shop.
    pub brand: usize,
    /// Embedding of the colour, of the price bucket, and of the kind of behaviour.
    pub attribute: usize,
    /// The three layers (FC, LN, LReLU) of each tower.
    pub hidden: [usize; 3],
    /// Size of H_uq and H_i.
    pub output: usize,
}

impl MopprConfig {
    /// The paper's representation size (5.3), 128; the sizes it leaves open in proportion to it.
    pub fn paper(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            encoder: Encoder::Moppr,
            token: 128,
            term: 128,
            profile: 16,
            query_side: 16,
            product: 64,
            product_type: 32,
            brand: 32,
            attribute: 16,
            hidden: [1024, 512, 256],
            output: 128,
        }
    }

    /// What the playground ships: small enough to run over the catalogue in a few milliseconds.
    pub fn playground(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            encoder: Encoder::Moppr,
            token: 128,
            term: 64,
            profile: 4,
            query_side: 4,
            product: 16,
            product_type: 12,
            brand: 6,
            attribute: 4,
            hidden: [128, 96, 64],
            output: 64,
        }
    }

    /// Whether these are the playground's sizes, which a page can be expected to have memory and time for;
    /// what a network reads and how it is put together may differ.
    ///
    /// # Errors
    /// [`WeightsError::Sizes`] where they are not.
    pub fn as_shipped(&self) -> Result<(), WeightsError> {
        let shipped = Self { encoder: self.encoder, ..Self::playground(self.vocabulary) };
        if *self == shipped { Ok(()) } else { Err(WeightsError::Sizes) }
    }

    /// Size of a product's id and side information together.
    pub fn item(&self) -> usize {
        self.product + self.product_type + 2 * self.brand + 2 * self.attribute
    }

    /// d_i, size of a behaviour: its product and its kind.
    pub fn behaviour(&self) -> usize {
        self.item() + self.attribute
    }

    /// Size of e^u.
    pub fn user(&self) -> usize {
        PROFILE_SIZES.len() * self.profile
    }

    /// Size of e^q.
    pub fn query_side(&self) -> usize {
        self.product_type + 2 * self.query_side
    }

    /// Parts of Q_o, each of size d.
    fn granularities(&self) -> usize {
        match self.encoder {
            Encoder::Moppr => 3,
            Encoder::Mgdspr => 4,
            Encoder::AlphaDnn => 1,
        }
    }

    /// d_uq, size of concat(Q_o, e^q, e^u).
    fn query(&self) -> usize {
        self.granularities() * self.term + self.query_side() + self.user()
    }

    /// A model with random weights.
    pub fn init(&self, device: &Device) -> Moppr {
        Moppr { embeddings: self.init_embeddings(device), towers: self.init_towers(device) }
    }

    /// Tables and projections with random weights.
    pub fn init_embeddings(&self, device: &Device) -> Embeddings {
        let table = |rows: usize, size: usize| {
            EmbeddingConfig::new(rows, size)
                .with_initializer(Initializer::Normal { mean: 0.0, std: 0.5 })
                .init(device)
        };
        let Vocabulary { products, product_types, brands, shops, colours } = self.vocabulary;
        let pair = || LinearConfig::new(2 * self.term, self.term).init(device);
        Embeddings {
            encoder: self.encoder,
            pair: (self.encoder == Encoder::Mgdspr).then(pair),
            term: LinearConfig::new(self.token, self.term).with_bias(false).init(device),
            profile: PROFILE_SIZES.map(|size| table(size, self.profile)).into(),
            query_length: table(LENGTH_BUCKETS, self.query_side),
            query_frequency: table(FREQUENCY_BUCKETS, self.query_side),
            // Zero says nothing: a product that training never saw stays without an id.
            product: EmbeddingConfig::new(products, self.product)
                .with_initializer(Initializer::Zeros)
                .init(device),
            product_type: table(product_types, self.product_type),
            brand: table(brands, self.brand),
            shop: table(shops, self.brand),
            colour: table(colours + 1, self.attribute),
            price: table(PRICE_BUCKETS, self.attribute),
            event_kind: table(EVENT_KINDS, self.attribute),
            personal_attention: LinearConfig::new(self.user(), self.term).init(device),
            query_attention: windows::BY_SPAN
                .map(|_| LinearConfig::new(self.query(), self.behaviour()).init(device))
                .into(),
        }
    }

    /// Towers with random weights.
    pub fn init_towers(&self, device: &Device) -> Towers {
        let tower = |input: usize| {
            TowerConfig { input, hidden: self.hidden.into(), output: self.output }.init(device)
        };
        Towers {
            user_query: tower(self.query() + windows::BY_SPAN.len() * self.behaviour()),
            item: tower(self.item() + self.term + PRODUCT_DENSE.len()),
        }
    }
}

/// The whole model.
#[derive(Module, Debug)]
pub struct Moppr {
    /// Inputs of the towers.
    pub embeddings: Embeddings,
    /// The towers.
    pub towers: Towers,
}

/// Everything below the towers.
#[derive(Module, Debug)]
pub struct Embeddings {
    #[module(skip)]
    encoder: Encoder,
    /// Two neighbouring terms to one, for MGDSPR.
    pair: Option<Linear>,
    /// Frozen token vector to e^w, for queries and titles.
    term: Linear,
    profile: Vec<Embedding>,
    query_length: Embedding,
    query_frequency: Embedding,
    product: Embedding,
    product_type: Embedding,
    brand: Embedding,
    shop: Embedding,
    colour: Embedding,
    price: Embedding,
    event_kind: Embedding,
    /// W_1 and b_1 of equation 6.
    personal_attention: Linear,
    /// W and b of equation 8 for real-time, short-term and long-term behaviour.
    query_attention: Vec<Linear>,
}

/// MLP_uq and MLP_i.
#[derive(Module, Debug)]
pub struct Towers {
    user_query: Tower,
    item: Tower,
}

/// The request, on its way to the towers and with what can be seen of it.
#[derive(Clone, Debug)]
pub struct UserQueryOutput {
    /// e^uq (equation 11), `[B, d]`: the input of MLP_uq.
    pub input: Tensor<2>,
    /// Q_o (equation 3), `[B, 3 d]`: mean-pooling, self-attention and personalised parts; the
    /// baselines have others.
    pub query: Tensor<2>,
    /// H_B (equation 9), `[B, 3 d_i]`.
    pub history: Tensor<2>,
    /// Attention on each word piece of Q_p (equation 6), `[B, L]`; sums to one, or 0 without any,
    /// and for the baselines, which have none.
    pub personal_attention: Tensor<2>,
    /// Attention on each behaviour (equation 7), `[B, L]` for each window.
    pub behaviour_attention: Vec<Tensor<2>>,
}

impl Moppr {
    /// H_uq of each request, `[B, output]`, and the insides. `table` is [`Embeddings::products`].
    pub fn user_query(
        &self,
        inputs: &UserQuery,
        table: &Tensor<2>,
    ) -> (Tensor<2>, UserQueryOutput) {
        let output = self.embeddings.user_query(inputs, table);
        (self.towers.user_query(output.input.clone()), output)
    }
}

impl Towers {
    /// Widths of the layers of both networks, input and output with them, that of requests first.
    pub fn widths(&self) -> [Vec<usize>; 2] {
        [self.user_query.widths(), self.item.widths()]
    }

    /// H_uq = l2_norm(MLP_uq(e^uq)) (equation 10): `[B, d]` to `[B, output]`.
    pub fn user_query(&self, input: Tensor<2>) -> Tensor<2> {
        l2_norm(self.user_query.forward(input))
    }

    /// H_i = l2_norm(MLP_i(e^i)) (equation 13): `[N, d]` to `[N, output]`.
    pub fn item(&self, input: Tensor<2>) -> Tensor<2> {
        l2_norm(self.item.forward(input))
    }
}

impl Embeddings {
    /// Id and side information of every product, `[N, d]`, shared by the item tower and behaviours.
    ///
    /// `ids` is 1 for a product whose id may be known and 0 for one that must do without, `[N, 1]`.
    pub fn products(&self, products: &Products, ids: Option<Tensor<2>>) -> Tensor<2> {
        let rows =
            |table: &Embedding, ids: &Tensor<1, Int>| table.weight.val().select(0, ids.clone());
        let product = match &products.rows {
            Some(ids) => rows(&self.product, ids),
            None => self.product.weight.val(),
        };
        let product = match ids {
            Some(ids) => product * ids,
            None => product,
        };
        Tensor::cat(
            vec![
                product,
                rows(&self.product_type, &products.product_type),
                rows(&self.brand, &products.brand),
                rows(&self.shop, &products.shop),
                rows(&self.colour, &products.colour),
                rows(&self.price, &products.price),
            ],
            1,
        )
    }

    /// The same of [`Products::newcomers`], which have no id.
    pub fn newcomers(&self, products: &Products) -> Tensor<2> {
        let without = Tensor::zeros([products.len(), 1], &products.title.device());
        self.products(products, Some(without))
    }

    /// e^i of every product, `[N, d]` (section 4.2). `table` is [`Embeddings::products`].
    pub fn items(&self, products: &Products, table: Tensor<2>) -> Tensor<2> {
        // The projection is linear, so the mean of the terms' embeddings is the embedding of the
        // mean token vector.
        let title = linear(&self.term, products.title.clone());
        Tensor::cat(vec![table, title, products.dense.clone()], 1)
    }

    /// e^uq of each request. `table` is [`Embeddings::products`].
    pub fn user_query(&self, inputs: &UserQuery, table: &Tensor<2>) -> UserQueryOutput {
        match self.encoder {
            Encoder::Moppr => self.personalised(inputs, table),
            Encoder::Mgdspr => self.multi_granular(inputs, table),
            Encoder::AlphaDnn => self.averaged(inputs, table),
        }
    }

    /// MOPPR: equations 3 to 9 and 11.
    fn personalised(&self, inputs: &UserQuery, table: &Tensor<2>) -> UserQueryOutput {
        let e_u = self.user(&inputs.profile);
        let e_q = self.query_side(inputs);

        // Query semantic unit.
        let mask = &inputs.token_mask;
        let terms = self.terms(&inputs.tokens, mask);
        let q_m = mean_pooling(&terms, mask);
        let q_s = max_pooling(self_attention(&terms, mask), mask);
        let u = linear(&self.personal_attention, e_u.clone());
        let (q_p, personal_attention) = attend(u, &terms, mask);
        let q_o = Tensor::cat(vec![q_m, q_s, q_p], 1); // (3)

        // User behaviour attention unit.
        let q = Tensor::cat(vec![q_o.clone(), e_q.clone(), e_u.clone()], 1);
        let mut histories = Vec::with_capacity(self.query_attention.len());
        let mut behaviour_attention = Vec::with_capacity(self.query_attention.len());
        for (window, sequence) in self.query_attention.iter().zip(&inputs.behaviours) {
            let behaviours = self.behaviours(sequence, table);
            let (h, attention) = attend(linear(window, q.clone()), &behaviours, &sequence.mask);
            histories.push(h);
            behaviour_attention.push(attention);
        }
        let h_b = Tensor::cat(histories, 1); // (9)

        let e_uq = Tensor::cat(vec![e_u, e_q, q_o.clone(), h_b.clone()], 1); // (11)
        UserQueryOutput {
            input: e_uq,
            query: q_o,
            history: h_b,
            personal_attention,
            behaviour_attention,
        }
    }

    /// The embedding e^w of each term of the query, `[B, L, token]` to `[B, L, d]`. What `mask`
    /// calls padding is not read.
    pub fn terms(&self, tokens: &Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        linear(&self.term, tokens.clone() * mask.clone().unsqueeze_dim(2))
    }

    /// Attention of each term of [`Self::terms`] on each (equation 5), `[B, L, L]`; rows of padding mean
    /// nothing. None for the baselines, whose queries are read otherwise.
    pub fn attention_among(&self, terms: &Tensor<3>, mask: &Tensor<2>) -> Option<Tensor<3>> {
        (self.encoder == Encoder::Moppr).then(|| attention_among(terms, mask))
    }

    /// e^u: the embeddings of the profile features, `[B, d]`.
    fn user(&self, profile: &Tensor<2, Int>) -> Tensor<2> {
        let [batch, _] = profile.dims();
        let feature = |(n, table): (usize, &Embedding)| {
            let ids = profile.clone().slice([0..batch, n..n + 1]).reshape([batch]);
            table.weight.val().select(0, ids)
        };
        Tensor::cat(self.profile.iter().enumerate().map(feature).collect(), 1)
    }

    /// e^q: predicted categories weighted by their probability, length and frequency, `[B, d]`.
    fn query_side(&self, inputs: &UserQuery) -> Tensor<2> {
        let categories = embedding(self.product_type.weight.val(), inputs.categories.clone());
        let weights = inputs.category_weights.clone().unsqueeze_dim::<3>(2);
        let [batch, _, size] = categories.dims();
        let categories = (categories * weights).sum_dim(1).reshape([batch, size]);
        let length = self.query_length.weight.val().select(0, inputs.length.clone());
        let frequency = self.query_frequency.weight.val().select(0, inputs.frequency.clone());
        Tensor::cat(vec![categories, length, frequency], 1)
    }

    /// Behaviours as their product's id and side information and their kind, `[B, L, d_i]`.
    fn behaviours(&self, sequence: &Sequence, table: &Tensor<2>) -> Tensor<3> {
        let products = embedding(table.clone(), sequence.products.clone());
        let kinds = embedding(self.event_kind.weight.val(), sequence.kinds.clone());
        Tensor::cat(vec![products, kinds], 2)
    }
}

/// softmax(query keys^T / sqrt(d)) keys, and the softmax (equations 6 and 7).
///
/// `query` `[B, d]`, `keys` `[B, L, d]`, `mask` `[B, L]` to `[B, d]` and `[B, L]`. A row without
/// keys attends to nothing and gives zeros.
fn attend(query: Tensor<2>, keys: &Tensor<3>, mask: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [batch, _, size] = keys.dims();
    let scores = inner_products(query, keys) / (size as f32).sqrt();
    let attention = softmax(scores + hidden(mask), 1) * mask.clone();
    let attended = small_products(attention.clone().unsqueeze_dim(1), keys.clone());
    (attended.reshape([batch, size]), attention)
}

/// softmax(e e^T / sqrt(d)) e (equation 5): `[B, L, d]` to the same.
fn self_attention(terms: &Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
    small_products(attention_among(terms, mask), terms.clone())
}

/// softmax(e e^T / sqrt(d)) (equation 5): `[B, L, d]` to `[B, L, L]`. Rows sum to one; those of padding
/// mean nothing.
fn attention_among(terms: &Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
    let [_, _, size] = terms.dims();
    let scores = small_products(terms.clone(), terms.clone().swap_dims(1, 2));
    softmax(scores / (size as f32).sqrt() + hidden(mask).unsqueeze_dim(1), 2)
}

/// Mean over the terms that are there (equation 4): `[B, L, d]` to `[B, d]`; zeros without any.
fn mean_pooling(terms: &Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
    let [batch, _, size] = terms.dims();
    let sum = (terms.clone() * mask.clone().unsqueeze_dim(2)).sum_dim(1).reshape([batch, size]);
    sum / mask.clone().sum_dim(1).clamp_min(1.0)
}

/// Maximum over the terms that are there (equation 5): `[B, L, d]` to `[B, d]`; zeros without any.
fn max_pooling(terms: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
    let [batch, _, size] = terms.dims();
    let any = mask.clone().max_dim(1);
    (terms + hidden(mask).unsqueeze_dim(2)).max_dim(1).reshape([batch, size]) * any
}

/// 0 where `mask` is 1, [`MASKED`] where it is 0.
fn hidden(mask: &Tensor<2>) -> Tensor<2> {
    (1.0 - mask.clone()) * MASKED
}
