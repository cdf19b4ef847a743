//! The domain BERT (MLPR 3.1): word pieces of a query or of an item's fields to one vector.
//!
//! A small BERT: a token embedding, an embedding of the field it stands in (BERT's segments) and
//! of its position, transformer blocks with the normalisation behind each, and the mean over the
//! pieces. Queries and items share it up to the last layer, of which each has its own. The token
//! table is the shop's distilled word vectors, frozen, under a trained projection: they are there
//! for other models already, so that this one's file holds none.

use burn::module::{Initializer, Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::nn::attention::{AttentionBlock, KeyMask};
use crate::nn::layer::{linear, norm};
use market::catalogue::{Catalogue, ProductId};
use market::text::{PieceId, TokenVectors};

/// What a word piece is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The query.
    Query,
    /// The title, which also names for whom a product is made.
    Title,
    /// The product type.
    Type,
    /// The brand.
    Brand,
    /// The colour.
    Colour,
}

/// Number of fields.
pub const FIELDS: usize = 5;

/// Sizes of a [`Bert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Size of a frozen token vector.
    pub token: usize,
    /// Width of the transformer.
    pub width: usize,
    /// Most word pieces of a text; later ones are left out.
    pub length: usize,
    /// Number of transformer blocks.
    pub blocks: usize,
    /// Attention heads; divides the width.
    pub heads: usize,
    /// Inner width of the feed-forward networks.
    pub d_f: usize,
    /// Width of the query and item vectors.
    pub output: usize,
}

impl BertConfig {
    /// DistilBERT (6 blocks of 768), and vectors of 256 (MLPR 3.1).
    pub fn paper() -> Self {
        Self { token: 128, width: 768, length: 64, blocks: 6, heads: 12, d_f: 3072, output: 256 }
    }

    /// Encodes a query within a millisecond or two, and a catalogue of thousands at loading.
    pub fn playground() -> Self {
        Self { token: 128, width: 64, length: 32, blocks: 1, heads: 2, d_f: 128, output: 64 }
    }

    /// A BERT with random weights.
    pub fn init(&self, device: &Device) -> Bert {
        let small = Initializer::Normal { mean: 0.0, std: 0.02 };
        let block = || AttentionBlock::new(self.width, self.heads, self.d_f, device);
        let last = || LinearConfig::new(self.width, self.output).init(device);
        Bert {
            token: LinearConfig::new(self.token, self.width).init(device),
            fields: small.init([FIELDS, self.width], device),
            positions: small.init([self.length, self.width], device),
            norm: LayerNormConfig::new(self.width).init(device),
            blocks: (0..self.blocks).map(|_| block()).collect(),
            query: last(),
            item: last(),
        }
    }
}

/// Word pieces of a text, each with its field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<(PieceId, Field)>);

impl Text {
    /// A query.
    pub fn query(words: &TokenVectors, query: &str) -> Self {
        let mut text = Self::default();
        text.add(words, Field::Query, query);
        text
    }

    /// A product's fields (MLPR 3.1), the title last: should they be too long, it is cut. The
    /// paper's field for the gender is left out, for here the title names it.
    ///
    /// # Panics
    /// If the catalogue does not have the product.
    pub fn product(words: &TokenVectors, catalogue: &Catalogue, product: ProductId) -> Self {
        let product = &catalogue.products[product as usize];
        let product_type = &catalogue.product_types[usize::from(product.product_type)];
        let mut text = Self::default();
        text.add(words, Field::Type, &product_type.name);
        text.add(words, Field::Brand, &catalogue.brands[usize::from(product.brand)]);
        if let Some(colour) = product.colour {
            text.add(words, Field::Colour, &catalogue.colours[usize::from(colour)].name);
        }
        text.add(words, Field::Title, &product.title);
        text
    }

    fn add(&mut self, words: &TokenVectors, field: Field, text: &str) {
        self.0.extend(words.pieces(text).into_iter().map(|piece| (piece, field)));
    }
}

/// B texts as tensors, padded to the longest.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Token vectors, `[B, L, token]`.
    pub tokens: Tensor<3>,
    /// Field of each, `[B, L]`.
    pub fields: Tensor<2, Int>,
    /// One for a word piece, zero for padding, `[B, L]`.
    pub mask: Tensor<2>,
}

impl Texts {
    /// At least one text. A piece without a vector counts as not there; `vector` gives those of
    /// `config.token` numbers.
    pub fn new(
        texts: &[&Text],
        config: &BertConfig,
        vector: impl Fn(PieceId) -> Option<Vec<f32>>,
        device: &Device,
    ) -> Self {
        let known: Vec<Vec<(Vec<f32>, Field)>> = texts
            .iter()
            .map(|text| {
                let pieces = text.0.iter();
                let known = pieces.filter_map(|&(piece, field)| Some((vector(piece)?, field)));
                known.take(config.length).collect()
            })
            .collect();
        // A tensor has no axis of length zero: without any piece there is one of padding.
        let longest = known.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let mut tokens = vec![0.0; texts.len() * longest * config.token];
        let mut fields = vec![0; texts.len() * longest];
        let mut mask = vec![0.0; texts.len() * longest];
        for (row, pieces) in known.iter().enumerate() {
            for (column, (vector, field)) in pieces.iter().enumerate() {
                let at = row * longest + column;
                tokens[at * config.token..][..config.token].copy_from_slice(vector);
                fields[at] = *field as i32;
                mask[at] = 1.0;
            }
        }
        let shape = [texts.len(), longest];
        Self {
            tokens: Tensor::from_data(
                TensorData::new(tokens, [texts.len(), longest, config.token]),
                device,
            ),
            fields: Tensor::from_data(TensorData::new(fields, shape), device),
            mask: Tensor::from_data(TensorData::new(mask, shape), device),
        }
    }
}

/// Texts that are encoded at once: enough to be worth a matrix product, few enough to be of about
/// the same length.
const PART: usize = 128;

/// Encodes texts, at least one, some at a time and those of a length together, so that little is
/// padding; `encode` gives a row for each that it is given.
pub fn in_parts(texts: &[&Text], encode: impl Fn(&[&Text]) -> Tensor<2>) -> Tensor<2> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&number| texts[number].0.len());
    let part = |part: &[usize]| encode(&part.iter().map(|&n| texts[n]).collect::<Vec<_>>());
    let rows = Tensor::cat(order.chunks(PART).map(part).collect(), 0);
    let mut place = vec![0_i32; texts.len()];
    for (row, number) in order.into_iter().enumerate() {
        place[number] = row as i32;
    }
    let place = TensorData::new(place, [texts.len()]);
    let place = Tensor::<1, Int>::from_data(place, &rows.device());
    rows.select(0, place)
}

/// A small BERT with a query encoder and an item encoder.
#[derive(Module, Debug)]
pub struct Bert {
    pub(super) token: Linear,
    pub(super) fields: Param<Tensor<2>>,
    pub(super) positions: Param<Tensor<2>>,
    pub(super) norm: LayerNorm,
    pub(super) blocks: Vec<AttentionBlock>,
    pub(super) query: Linear,
    pub(super) item: Linear,
}

impl Bert {
    /// phi(q) of each query, `[B, output]`.
    pub fn query(&self, texts: &Texts) -> Tensor<2> {
        linear(&self.query, self.pooled(texts))
    }

    /// psi(i) of each item, `[B, output]`.
    pub fn item(&self, texts: &Texts) -> Tensor<2> {
        linear(&self.item, self.pooled(texts))
    }

    /// Every word piece as its neighbours make it, `[B, L, width]`.
    pub fn hidden(&self, texts: &Texts) -> Tensor<3> {
        let [batch, length, _] = texts.tokens.dims();
        let [_, width] = self.fields.dims();
        let fields = self.fields.val().select(0, texts.fields.clone().reshape([batch * length]));
        let positions = self.positions.val().narrow(0, 0, length).unsqueeze_dim::<3>(0);
        // Padding is not read, whatever it holds.
        let tokens = texts.tokens.clone() * texts.mask.clone().unsqueeze_dim(2);
        let embedded =
            linear(&self.token, tokens) + fields.reshape([batch, length, width]) + positions;
        self.blocks.iter().fold(norm(&self.norm, embedded), |hidden, block| {
            let memory = block.memorise(hidden.clone(), KeyMask::new(texts.mask.clone()));
            block.forward(hidden, &memory).output
        })
    }

    /// Mean over the word pieces, zeros without any, `[B, width]`.
    fn pooled(&self, texts: &Texts) -> Tensor<2> {
        let [batch, _] = texts.mask.dims();
        let [_, width] = self.fields.dims();
        KeyMask::new(texts.mask.clone()).mean(self.hidden(texts)).reshape([batch, width])
    }
}
