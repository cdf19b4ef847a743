//! The two towers as they serve: loaded from a file, for one catalogue.
//!
//! The vectors of all products are computed once, as the model is loaded; a request costs
//! [`Retriever::user`], whose vector is kept for as long as the history stays the same, and
//! [`Retriever::scores`]. Nothing here reads the device: only tensors go out.

use burn::tensor::{Device, Tensor, TensorData};

use super::input::{Histories, Read, Sequence, timeline};
use super::{WEB_SEARCH, WebQueries, Yandex, YandexConfig, similarity};
use crate::models::weights::{Weights, WeightsError};
use market::history::{Event, WebSearch};
use market::text::TokenVectors;

/// What its files say they hold.
pub const MODEL: &str = "yandex";
/// File of the fine-tuned weights.
pub const FILE: &str = "yandex.safetensors";
/// File of the weights after the first stage: the retriever that the paper starts from.
pub const PRETRAINED_FILE: &str = "yandex-pretrained.safetensors";

/// The model for one catalogue.
#[derive(Clone, Debug)]
pub struct Retriever {
    config: YandexConfig,
    model: Yandex,
    /// Content of the title of every product that a log tells of, and behind them of the newcomers that were
    /// met, `[N, d]`.
    content: Tensor<2>,
    /// v_i of the same, `[N, d]`.
    pub items: Tensor<2>,
    device: Device,
}

/// Where a behaviour that was read comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Position among the events.
    Event(usize),
    /// Position among the web searches.
    WebSearch(usize),
}

/// A behaviour that was read. Its reversed position, from 0 for the newest, is its place in
/// [`User::behaviour`] or [`User::web`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it comes from.
    pub source: Source,
    /// Number of its type among [`super::KINDS`].
    pub kind: u8,
}

/// A shopper as the user tower sees it.
#[derive(Clone, Debug)]
pub struct User {
    /// v_u, `[1, d]`.
    pub vector: Tensor<2>,
    /// Attention of `CLS` by layer, `[heads, 1 + T]` each: over itself in column 0, over
    /// [`User::behaviour`] in those behind it. Where nothing was read there is one column of
    /// padding, which holds zeros.
    pub attention: Vec<Tensor<2>>,
    /// The same over [`User::web`]; empty unless web searches have a transformer of their own.
    pub web_attention: Vec<Tensor<2>>,
    /// What was read in one sequence, newest first.
    pub behaviour: Vec<Seen>,
    /// Web searches that were read in a sequence of their own, newest first.
    pub web: Vec<Seen>,
}

impl Retriever {
    /// Reads a file of weights. `titles` are [`title_sums`](super::input::title_sums) of the
    /// catalogue; it need not be the one that the model was trained on, for no product has an id.
    ///
    /// # Errors
    /// Where the file is damaged, of another version or model, or reads other word vectors.
    pub fn load(file: &[u8], titles: &[f32], device: &Device) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: YandexConfig = weights.config()?;
        config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
        if !titles.len().is_multiple_of(config.word) {
            let expected = format!("rows of {}", config.word);
            return Err(WeightsError::Catalogue {
                found: format!("{} numbers for titles", titles.len()),
                expected,
            });
        }
        let model = weights.apply(config.init(device))?;
        Ok(Self::new(config, model, titles, device))
    }

    /// Around a model in memory, which is on `device`.
    pub fn new(config: YandexConfig, model: Yandex, titles: &[f32], device: &Device) -> Self {
        let sums = TensorData::new(titles.to_vec(), [titles.len() / config.word, config.word]);
        let content = model.content(Tensor::from_data(sums, device));
        let items = model.items(content.clone());
        Self { config, model, content, items, device: device.clone() }
    }

    /// Settings of the model.
    pub fn config(&self) -> &YandexConfig {
        &self.config
    }

    /// The model: its temperature, its context scalars and the scalars of its losses.
    pub fn model(&self) -> &Yandex {
        &self.model
    }

    /// Content of every title, `[N, d]`: what the item tower reads (3.1).
    pub fn content(&self) -> &Tensor<2> {
        &self.content
    }

    /// Takes in newcomers, of whose titles these are [`title_sums`](super::input::title_sums): their rows are
    /// behind those that are there.
    pub fn meet(&mut self, titles: &[f32]) {
        let content = self.content_of(titles);
        let behind = |rows: &mut Tensor<2>, more: Tensor<2>| {
            *rows = Tensor::cat(vec![rows.clone(), more], 0);
        };
        behind(&mut self.items, self.model.items(content.clone()));
        behind(&mut self.content, content);
    }

    /// v_i of newcomers of these titles, which are not taken in, `[n, d]`.
    pub fn vectors(&self, titles: &[f32]) -> Tensor<2> {
        self.model.items(self.content_of(titles))
    }

    fn content_of(&self, titles: &[f32]) -> Tensor<2> {
        let word = self.config.word;
        let sums = TensorData::new(titles.to_vec(), [titles.len() / word, word]);
        self.model.content(Tensor::from_data(sums, &self.device))
    }

    /// The shopper with this history, events and web searches each oldest first. The newest are
    /// read, as many as the model takes; without any, the vector is that of `CLS` alone.
    ///
    /// # Panics
    /// If an event names a product by a number that is no row.
    pub fn user(&self, events: &[Event], searches: &[WebSearch], words: &TokenVectors) -> User {
        let [products, _] = self.content.dims();
        let timeline = timeline(events, searches, |number| (products + number) as u32);
        let read = Read::new(&self.config, &timeline);
        // Behaviours of each source stand in the timeline in their own order.
        let (mut event, mut search) = (0, 0);
        let sources: Vec<Source> = timeline
            .iter()
            .map(|behaviour| {
                let (counter, source): (&mut usize, fn(usize) -> Source) =
                    match behaviour.kind == WEB_SEARCH {
                        true => (&mut search, Source::WebSearch),
                        false => (&mut event, Source::Event),
                    };
                *counter += 1;
                source(*counter - 1)
            })
            .collect();
        // Only the queries that are read are turned into content, behind the titles'.
        let mut queries = Vec::new();
        let mut rows = |positions: &[usize]| -> Vec<(u32, u8)> {
            let row = |&position: &usize| match sources[position] {
                Source::Event(event) => (events[event].product, timeline[position].kind),
                Source::WebSearch(search) => {
                    queries.push(searches[search].query.as_str());
                    ((products + queries.len() - 1) as u32, WEB_SEARCH)
                }
            };
            positions.iter().map(row).collect()
        };
        let (behaviour, web) = (rows(&read.behaviour), rows(&read.web));
        let content = match queries.len() {
            0 => self.content.clone(),
            count => {
                let sums = TensorData::new(words.sums(queries), [count, self.config.word]);
                let queries = self.model.content(Tensor::from_data(sums, &self.device));
                Tensor::cat(vec![self.content.clone(), queries], 0)
            }
        };
        let sequence = |rows: &[(u32, u8)]| Sequence::new(std::iter::once(rows), &self.device);
        let separate = self.config.web_queries == WebQueries::Separate;
        let histories =
            Histories { behaviour: sequence(&behaviour), web: separate.then(|| sequence(&web)) };
        let output = self.model.users(&content, &histories);
        let of_one = |attention: Vec<Tensor<3>>| {
            let one = |layer: Tensor<3>| {
                let [_, heads, keys] = layer.dims();
                layer.reshape([heads, keys])
            };
            attention.into_iter().map(one).collect()
        };
        let seen = |positions: &[usize]| {
            let seen = |&p: &usize| Seen { source: sources[p], kind: timeline[p].kind };
            positions.iter().map(seen).collect()
        };
        User {
            vector: output.vector,
            attention: of_one(output.attention),
            web_attention: of_one(output.web_attention),
            behaviour: seen(&read.behaviour),
            web: seen(&read.web),
        }
    }

    /// r_ui of every product, `[N]`.
    pub fn scores(&self, user: &User) -> Tensor<1> {
        let scores = similarity(user.vector.clone(), self.items.clone());
        let [_, products] = scores.dims();
        scores.reshape([products])
    }
}
