//! The texts that the encoders read, split into word pieces once.

use burn::tensor::{Device, Tensor};

use crate::market::catalogue::{Catalogue, ProductId};
use crate::models::mlpr::bert::{Bert, BertConfig, Text, Texts};
use crate::text::TokenVectors;

/// Texts that are encoded at once where nothing is learned from it.
const BATCH: usize = 256;

/// Texts of all products, and the words to read them and queries with.
pub struct Library<'a> {
    /// Word vectors.
    pub words: &'a TokenVectors,
    /// Sizes of the encoders.
    pub config: BertConfig,
    /// By product.
    pub products: Vec<Text>,
}

impl<'a> Library<'a> {
    /// Of a catalogue.
    pub fn new(catalogue: &Catalogue, words: &'a TokenVectors, config: BertConfig) -> Self {
        let products = (0..).take(catalogue.products.len());
        let products = products.map(|product| Text::product(words, catalogue, product)).collect();
        Self { words, config, products }
    }

    /// Texts of queries.
    pub fn queries(&self, queries: &[String]) -> Vec<Text> {
        queries.iter().map(|query| Text::query(self.words, query)).collect()
    }

    /// Texts as tensors, at least one.
    pub fn texts(&self, texts: &[&Text], device: &Device) -> Texts {
        Texts::new(texts, &self.config, |piece| self.words.vector(piece), device)
    }

    /// The texts of some products as tensors, at least one.
    pub fn items(&self, products: &[ProductId], device: &Device) -> Texts {
        let texts: Vec<&Text> = products.iter().map(|&p| &self.products[p as usize]).collect();
        self.texts(&texts, device)
    }

    /// phi of each query and psi of every product, `[n, d]` each, for a BERT that is on `device`.
    pub fn encode(&self, bert: &Bert, queries: &[Text], device: &Device) -> [Tensor<2>; 2] {
        let parts = |texts: &[Text], of: &dyn Fn(&Texts) -> Tensor<2>| {
            let part = |texts: &[Text]| of(&self.texts(&Vec::from_iter(texts), device));
            Tensor::cat(texts.chunks(BATCH).map(part).collect(), 0)
        };
        [
            parts(queries, &|texts| bert.query(texts)),
            parts(&self.products, &|texts| bert.item(texts)),
        ]
    }
}
