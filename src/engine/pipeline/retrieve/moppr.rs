//! MOPPR's scores of the whole catalogue.

use std::sync::Arc;

use async_trait::async_trait;
use burn::tensor::{Device, Transaction};

use super::map::{Vectors, axes};
use super::{Asked, Retrieves, Scored, precision};
use crate::pipeline::assets::{AssetError, damaged};
use crate::pipeline::request::Request;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::{StageError, numbers};
use crate::retrieval::{ExactIndex, Precision, gmv};
use market::catalogue::ProductId;
use market::features::search::{SearchFeatures, profile_ids};
use nets::models::moppr::UserQueryOutput;
use nets::models::moppr::objectives::OBJECTIVES;
use nets::models::moppr::retriever;
use systems::knob::Settings;
use systems::moppr::{CATEGORY_FILTER, RETRIEVER, weights};
use systems::shared::{GMV, SIGMA};

/// File of the embeddings and of the towers' mean.
pub const FILE: &str = "moppr.safetensors";

/// MOPPR with the last answers of its stages.
pub struct Moppr {
    model: retriever::Retriever,
    encoded: Stage<(Request, bool), Encoded>,
    index: Stage<([f32; OBJECTIVES.len()], Precision), ExactIndex>,
}

/// What is made of query, shopper and history.
#[derive(Debug)]
pub struct Encoded {
    features: SearchFeatures,
    /// What the towers go on from.
    pub output: UserQueryOutput,
}

impl Moppr {
    /// Reads the model from the bytes of [`FILE`].
    ///
    /// # Errors
    /// Where the file is damaged, or trained on another catalogue.
    pub fn load(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, AssetError> {
        let (catalogue, products) = (&stock.catalogue, &stock.products);
        let model = retriever::Retriever::load(bytes, catalogue, products, &stock.titles, device)
            .map_err(|error| damaged(FILE, error))?;
        Ok(Self { model, encoded: Stage::default(), index: Stage::default() })
    }

    /// Whether the objective weights do something yet.
    pub fn has_objectives(&self) -> bool {
        self.model.has_differences()
    }

    /// Computes the vectors of all products and their index, before a request asks for them.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn lay_out(&mut self, stock: &Stock, settings: &Settings) -> Result<(), StageError> {
        let key = (weights(settings), precision(settings));
        if self.index.cached(&key).is_none() {
            let items = self.model.tuned(key.0)?.items.clone();
            let index = ExactIndex::new(items, &stock.prices_cents, key.1).await?;
            self.index.keep(key, index);
        }
        Ok(())
    }

    /// The model itself.
    pub fn model(&self) -> &retriever::Retriever {
        &self.model
    }

    /// Puts query, shopper and history through all of the user-query tower but its last unit.
    ///
    /// # Errors
    /// None: the stage has just been run.
    pub fn encode(&mut self, asked: Asked<'_>) -> Result<&Encoded, StageError> {
        let Asked { stock, request, understood, settings } = asked;
        let filter = settings.is_on(&CATEGORY_FILTER);
        let key = (request.on_any_device(), filter);
        if self.encoded.cached(&key).is_none() {
            let query = understood.features.clone();
            let features = SearchFeatures::new(&request.moment(), query, &stock.products, filter);
            let output = self.model.encode(&[&features], &stock.words);
            self.encoded.keep(key.clone(), Encoded { features, output });
        }
        self.encoded.cached(&key).ok_or(StageError::OutOfOrder)
    }

    /// What is made of the request, and the index that its settings search.
    async fn ready(&mut self, asked: Asked<'_>) -> Result<(&Encoded, &ExactIndex), StageError> {
        self.encode(asked)?;
        self.lay_out(asked.stock, asked.settings).await?;
        let filter = asked.settings.is_on(&CATEGORY_FILTER);
        let encoded = self.encoded.cached(&(asked.request.on_any_device(), filter));
        let index = self.index.cached(&(weights(asked.settings), precision(asked.settings)));
        encoded.zip(index).ok_or(StageError::OutOfOrder)
    }
}

#[async_trait(?Send)]
impl Retrieves for Moppr {
    /// It came with the first ranking.
    fn wants(&self, _: &Settings) -> Vec<String> {
        Vec::new()
    }

    /// The copies of the towers that are tuned to one objective each: without them the objectives'
    /// weights do nothing, and the mean of the copies serves.
    fn wants_behind(&self) -> Vec<String> {
        let files = OBJECTIVES.map(|objective| format!("moppr-{objective}.safetensors"));
        if self.model.has_differences() { Vec::new() } else { files.into() }
    }

    fn needs_behind(&self, settings: &Settings) -> bool {
        let [first, others @ ..] = weights(settings);
        others.iter().any(|&weight| weight != first)
    }

    fn read(
        &mut self,
        names: &[String],
        files: &[Vec<u8>],
        _: &Stock,
        _: &Device,
    ) -> Result<(), AssetError> {
        let copies = std::array::from_fn(|n| files.get(n).map_or(&[][..], Vec::as_slice));
        self.model.load_differences(copies).map_err(|error| damaged(&names[0], error))?;
        self.index.clear();
        Ok(())
    }

    fn words_changed(&mut self) {
        self.encoded.clear();
    }

    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError> {
        let Asked { request, understood, settings, .. } = asked;
        self.ready(asked).await?;
        let mut query = {
            let key = (request.on_any_device(), settings.is_on(&CATEGORY_FILTER));
            let encoded = self.encoded.cached(&key).ok_or(StageError::OutOfOrder)?;
            self.model.tuned(weights(settings))?.user_query(&encoded.output)
        };
        if settings.is_on(&GMV) {
            query = gmv::extend_queries(query, settings.number(&SIGMA));
        }
        let (encoded, index) = self.ready(asked).await?;
        let mut read = Transaction::default()
            .register(index.scores(query))
            .register(encoded.output.personal_attention.clone());
        for attention in &encoded.output.behaviour_attention {
            read = read.register(attention.clone());
        }
        let mut read = read.execute_async().await?.into_iter();
        let mut next = || read.next().ok_or(StageError::OutOfOrder).and_then(numbers);
        let scores = next()?;
        // Personalised attention (equation 6).
        let mut attention = next()?;
        attention.truncate(understood.pieces.len());
        let mut behaviours = vec![None; request.history.events.len()];
        for window in &encoded.features.behaviours {
            for (behaviour, attention) in window.iter().zip(next()?) {
                behaviours[behaviour.position as usize] = Some(attention);
            }
        }
        let (recent_searches, blocks) = (0, Vec::new());
        Ok(Scored { scores, behaviours, attention, recent_searches, blocks })
    }

    /// Without the query none was typed, without the behaviour there is none; without the profile it
    /// is the mean over the profiles of the shop's shoppers.
    async fn coalitions(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        let Asked { stock, settings, .. } = asked;
        let all = self.encode(asked)?.features.clone();
        let mut batch: Vec<SearchFeatures> = Vec::new();
        let mut sizes = Vec::new();
        for coalition in 0..1 << RETRIEVER.reads.len() {
            let mut features = all.clone();
            if coalition & 1 == 0 {
                features.query = Arc::default();
            }
            if coalition & 2 == 0 {
                features.behaviours = Default::default();
            }
            let before = batch.len();
            if coalition & 4 == 0 {
                let profiles = stock.shoppers.iter().map(|shopper| profile_ids(&shopper.profile));
                batch
                    .extend(profiles.map(|profile| SearchFeatures { profile, ..features.clone() }));
            } else {
                batch.push(features);
            }
            sizes.push(batch.len() - before);
        }
        let output = self.model.encode(&Vec::from_iter(&batch), &stock.words);
        let mut queries = self.model.tuned(weights(settings))?.user_query(&output);
        if settings.is_on(&GMV) {
            queries = gmv::extend_queries(queries, settings.number(&SIGMA));
        }
        let (_, index) = self.ready(asked).await?;
        let scores = index.scores(queries).narrow(1, product as usize, 1);
        let mut scores = numbers(scores.into_data_async().await?)?.into_iter();
        let mean = |size| scores.by_ref().take(size).sum::<f32>() / size as f32;
        Ok(sizes.into_iter().map(mean).collect())
    }

    /// H_i of every product, and H_uq of a request: one vector after another.
    async fn vectors(&mut self, asked: Asked<'_>) -> Result<Option<Vectors>, StageError> {
        self.encode(asked)?;
        let plain = self.model.tuned([1.0; OBJECTIVES.len()])?.items.clone();
        let tuned = self.model.tuned(weights(asked.settings))?.clone();
        let query = tuned.user_query(&self.encode(asked)?.output);
        let products = asked.stock.prices_cents.len();
        let axes = axes(&numbers(plain.into_data_async().await?)?, products);
        let items = numbers(tuned.items.into_data_async().await?)?;
        Ok(Some(Vectors { axes, items, query: numbers(query.into_data_async().await?)? }))
    }
}
