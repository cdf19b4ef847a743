//! The texts that the encoders read, split into word pieces once.

use burn::tensor::{Device, Tensor};

use market::catalogue::{Catalogue, ProductId};
use market::text::TokenVectors;
use nets::models::mlpr::bert::{Bert, BertConfig, Text, Texts, in_parts};
use nets::models::mlpr::rows::Pieces;

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

    /// The different word pieces of these texts and of all products.
    pub fn pieces<'t>(&'t self, texts: impl Iterator<Item = &'t Text>, device: &Device) -> Pieces {
        let vector = |piece| self.words.vector(piece);
        Pieces::new(texts.chain(&self.products), &self.config, vector, device)
    }

    /// The same as [`Library::phi`] while a BERT learns; `pieces` holds those of the queries.
    pub fn learn_phi(
        &self,
        bert: &Bert,
        pieces: &Pieces,
        queries: &[&Text],
        device: &Device,
    ) -> Tensor<2> {
        bert.query_rows(pieces, &pieces.texts(queries))
            .unwrap_or_else(|| self.phi(bert, queries, device))
    }

    /// The same as [`Library::psi`] while a BERT learns.
    pub fn learn_psi(
        &self,
        bert: &Bert,
        pieces: &Pieces,
        products: &[ProductId],
        device: &Device,
    ) -> Tensor<2> {
        let texts: Vec<&Text> = products.iter().map(|&p| &self.products[p as usize]).collect();
        bert.item_rows(pieces, &pieces.texts(&texts))
            .unwrap_or_else(|| self.psi(bert, products, device))
    }

    /// phi of each query, at least one, `[n, d]`, for a BERT that is on `device`.
    pub fn phi(&self, bert: &Bert, queries: &[&Text], device: &Device) -> Tensor<2> {
        in_parts(queries, |part| bert.query(&self.texts(part, device)))
    }

    /// psi of some products, at least one, `[n, d]`.
    pub fn psi(&self, bert: &Bert, products: &[ProductId], device: &Device) -> Tensor<2> {
        let texts: Vec<&Text> = products.iter().map(|&p| &self.products[p as usize]).collect();
        in_parts(&texts, |part| bert.item(&self.texts(part, device)))
    }

    /// phi of each query and psi of every product, `[n, d]` each.
    pub fn encode(&self, bert: &Bert, queries: &[Text], device: &Device) -> [Tensor<2>; 2] {
        let products: Vec<ProductId> = (0..).take(self.products.len()).collect();
        [self.phi(bert, &Vec::from_iter(queries), device), self.psi(bert, &products, device)]
    }
}
