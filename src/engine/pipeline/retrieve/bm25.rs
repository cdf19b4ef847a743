//! BM25's scores of the whole catalogue: words that query and title share.

use async_trait::async_trait;
use burn::tensor::Device;

use super::{Asked, Retrieves, Scored};
use crate::pipeline::StageError;
use crate::pipeline::assets::AssetError;
use crate::pipeline::request::{Part, Request};
use crate::pipeline::stock::Stock;
use crate::pipeline::watch::Watch;
use crate::retrieval::lexical::Lexical;
use market::catalogue::ProductId;
use protocol::machine::Activity;
use systems::knob::Settings;

/// Behaviours whose titles are asked for where nothing is typed: the newest.
const LIKE: usize = 8;

/// The index over titles, once it was asked for.
#[derive(Default)]
pub struct Bm25 {
    index: Option<Lexical>,
}

impl Bm25 {
    fn scores(&mut self, stock: &Stock, text: &str) -> Vec<f32> {
        let products = &stock.catalogue.products;
        let index = self.index.get_or_insert_with(|| {
            Lexical::new(&Vec::from_iter(products.iter().map(|product| &*product.title)))
        });
        let mut scores = vec![0.0; products.len()];
        for hit in index.search(text, products.len(), |_| true) {
            scores[hit.product as usize] = hit.score;
        }
        scores
    }
}

/// Of a history, by event: whether its title is asked for.
fn read(request: &Request) -> Vec<bool> {
    let events = &request.history.events;
    let typed = request.query.is_some();
    (0..events.len()).map(|event| !typed && event + LIKE >= events.len()).collect()
}

/// The words that titles are scored by.
fn asked_for(stock: &Stock, request: &Request) -> String {
    request.query.clone().unwrap_or_else(|| {
        let read = read(request);
        let events = request.history.events.iter().zip(&read).filter(|(_, read)| **read);
        let title = |product: ProductId| &*stock.catalogue.products[product as usize].title;
        Vec::from_iter(events.map(|(event, _)| title(event.product))).join(" ")
    })
}

#[async_trait(?Send)]
impl Retrieves for Bm25 {
    /// What was done is asked for only where nothing is typed.
    fn reads(&self, request: &Request) -> &'static [Part] {
        match request.query {
            Some(_) => &[Part::Query],
            None => &[Part::Query, Part::History],
        }
    }

    /// It needs no weights.
    fn wants(&self, _: &Settings) -> Vec<String> {
        Vec::new()
    }

    fn read(
        &mut self,
        _: &[String],
        _: &[Vec<u8>],
        _: &Stock,
        _: &Device,
    ) -> Result<(), AssetError> {
        Ok(())
    }

    fn words_changed(&mut self) {}

    fn rest(&mut self) {
        self.index = None;
    }

    /// By the query; where there is none, by the titles of the newest behaviours: more like this.
    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError> {
        let Asked { stock, request, .. } = asked;
        let (read, text) = (read(request), asked_for(stock, request));
        let share = 1.0 / read.iter().filter(|read| **read).count().max(1) as f32;
        Ok(Scored {
            scores: self.scores(stock, &text).into(),
            behaviours: read.into_iter().map(|read| read.then_some(share)).collect(),
            attention: None,
            recent_searches: None,
            blocks: Vec::new(),
        })
    }

    async fn coalitions(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        let score = self.score(asked).await?.scores[product as usize];
        // The query alone where there is one, the behaviour alone where there is none.
        Ok(match asked.request.query {
            Some(_) => vec![0.0, score, 0.0, score],
            None => vec![0.0, 0.0, score, score],
        })
    }

    /// A title's score is the sum over the words that are asked for.
    async fn watch(
        &mut self,
        Asked { stock, request, .. }: Asked<'_>,
        product: ProductId,
        _: f32,
    ) -> Result<Vec<Activity>, StageError> {
        let text = asked_for(stock, request);
        let mut words: Vec<&str> = text.split_whitespace().collect();
        words.sort_unstable();
        words.dedup();
        let title = &*stock.catalogue.products[product as usize].title;
        let mut watch = Watch::default();
        let mut score = |word: &str| self.scores(stock, word)[product as usize];
        for word in words {
            watch.known("words", word, vec![score(word)]);
        }
        for word in title.split_whitespace() {
            watch.known("title", word, vec![score(word)]);
        }
        watch.known("score", "", vec![score(&text)]);
        watch.read().await
    }

    async fn items(&mut self, _: &Stock, _: &Settings) -> Result<Vec<f32>, StageError> {
        Ok(Vec::new())
    }

    async fn newcomers(
        &mut self,
        _: &Stock,
        _: &Settings,
        _: &[ProductId],
    ) -> Result<Vec<f32>, StageError> {
        Ok(Vec::new())
    }

    async fn query(&mut self, _: Asked<'_>) -> Result<Vec<f32>, StageError> {
        Ok(Vec::new())
    }
}
