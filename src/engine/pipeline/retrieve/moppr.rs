//! MOPPR's scores of the whole catalogue.

use std::sync::Arc;

use burn::tensor::{Device, Transaction};

use super::map::{Vectors, axes};
use super::{Scored, Understood, precision};
use crate::pipeline::assets::{AssetError, AssetSource, Manifest, damaged};
use crate::pipeline::request::Request;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::{StageError, numbers};
use crate::retrieval::{ExactIndex, Precision, gmv};
use link::RetrievalKnobs;
use market::catalogue::ProductId;
use market::features::search::{SearchFeatures, profile_ids};
use nets::models::moppr::UserQueryOutput;
use nets::models::moppr::objectives::OBJECTIVES;
use nets::models::moppr::retriever;

/// What the user-query tower reads, in groups.
pub const GROUPS: [&str; 3] = ["query", "behaviour", "profile"];

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
    pub fn read(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, AssetError> {
        let (catalogue, products) = (&stock.catalogue, &stock.products);
        let model = retriever::Retriever::load(bytes, catalogue, products, &stock.titles, device)
            .map_err(|error| damaged(FILE, error))?;
        Ok(Self { model, encoded: Stage::default(), index: Stage::default() })
    }

    /// Fetches the copies of the towers that are tuned to one objective each, if they are not
    /// here yet: without them the objective weights do nothing.
    ///
    /// # Errors
    /// Where a file is missing or damaged; the mean of the copies goes on serving.
    pub async fn fetch_objectives(
        &mut self,
        manifest: &Manifest,
        source: &impl AssetSource,
    ) -> Result<(), AssetError> {
        if self.model.has_differences() {
            return Ok(());
        }
        let names = OBJECTIVES.map(|objective| format!("moppr-{objective}.safetensors"));
        let files = manifest.all(source, names.each_ref().map(String::as_str)).await?;
        self.model
            .load_differences(files.each_ref().map(Vec::as_slice))
            .map_err(|error| damaged(&names[0], error))?;
        self.index.clear();
        Ok(())
    }

    /// Whether the objective weights do something yet.
    pub fn has_objectives(&self) -> bool {
        self.model.has_differences()
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        self.encoded.clear();
    }

    /// Computes the vectors of all products and their index, before a request asks for them.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn lay_out(
        &mut self,
        stock: &Stock,
        knobs: &RetrievalKnobs,
    ) -> Result<(), StageError> {
        let key = (knobs.weights, precision(knobs));
        if self.index.cached(&key).is_none() {
            let items = self.model.tuned(knobs.weights)?.items.clone();
            let index = ExactIndex::new(items, &stock.prices_cents, precision(knobs)).await?;
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
    pub fn encode(
        &mut self,
        stock: &Stock,
        request: &Request,
        understood: &Understood,
        knobs: &RetrievalKnobs,
    ) -> Result<&Encoded, StageError> {
        let key = (request.clone(), knobs.category_filter);
        if self.encoded.cached(&key).is_none() {
            let query = understood.features.clone();
            let filter = knobs.category_filter;
            let features = SearchFeatures::new(&request.moment(), query, &stock.products, filter);
            let output = self.model.encode(&[&features], &stock.words);
            self.encoded.keep(key.clone(), Encoded { features, output });
        }
        self.encoded.cached(&key).ok_or(StageError::OutOfOrder)
    }

    /// Scores every product for a request.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn score(
        &mut self,
        stock: &Stock,
        request: &Request,
        understood: &Understood,
        knobs: &RetrievalKnobs,
    ) -> Result<Scored, StageError> {
        self.encode(stock, request, understood, knobs)?;
        self.lay_out(stock, knobs).await?;
        let (Some(encoded), Some(index)) = (
            self.encoded.cached(&(request.clone(), knobs.category_filter)),
            self.index.cached(&(knobs.weights, precision(knobs))),
        ) else {
            return Err(StageError::OutOfOrder);
        };
        let mut query = self.model.tuned(knobs.weights)?.user_query(&encoded.output);
        if knobs.gmv {
            query = gmv::extend_queries(query, knobs.sigma);
        }
        let mut read = Transaction::default()
            .register(index.scores(query))
            .register(encoded.output.personal_attention.clone());
        for attention in &encoded.output.behaviour_attention {
            read = read.register(attention.clone());
        }
        let mut read = read.execute_async().await?.into_iter();
        let mut next = || read.next().ok_or(StageError::OutOfOrder).and_then(numbers);
        let scores = next()?;
        let mut personal_attention = next()?;
        personal_attention.truncate(understood.pieces.len());
        let mut behaviours = vec![None; request.history.events.len()];
        for window in &encoded.features.behaviours {
            for (behaviour, attention) in window.iter().zip(next()?) {
                behaviours[behaviour.position as usize] = Some(attention);
            }
        }
        Ok(Scored { scores, behaviours, personal_attention, towers: None })
    }

    /// Score of one product where the tower reads only some of [`GROUPS`]: those whose bits are
    /// set in the place on the list. Without the query none was typed, without the behaviour there
    /// is none; without the profile it is the mean over the profiles of the shop's shoppers.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn coalitions(
        &mut self,
        stock: &Stock,
        request: &Request,
        understood: &Understood,
        knobs: &RetrievalKnobs,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        self.encode(stock, request, understood, knobs)?;
        self.lay_out(stock, knobs).await?;
        let (Some(encoded), Some(index)) = (
            self.encoded.cached(&(request.clone(), knobs.category_filter)),
            self.index.cached(&(knobs.weights, precision(knobs))),
        ) else {
            return Err(StageError::OutOfOrder);
        };
        let mut batch: Vec<SearchFeatures> = Vec::new();
        let mut sizes = Vec::new();
        for coalition in 0..1 << GROUPS.len() {
            let mut features = encoded.features.clone();
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
        let mut queries = self.model.tuned(knobs.weights)?.user_query(&output);
        if knobs.gmv {
            queries = gmv::extend_queries(queries, knobs.sigma);
        }
        let scores = index.scores(queries).narrow(1, product as usize, 1);
        let mut scores = numbers(scores.into_data_async().await?)?.into_iter();
        let mean = |size| scores.by_ref().take(size).sum::<f32>() / size as f32;
        Ok(sizes.into_iter().map(mean).collect())
    }

    /// H_i of every product, and H_uq of a request: one vector after another.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn vectors(
        &mut self,
        stock: &Stock,
        request: &Request,
        understood: &Understood,
        knobs: &RetrievalKnobs,
    ) -> Result<Vectors, StageError> {
        self.encode(stock, request, understood, knobs)?;
        let plain = self.model.tuned([1.0; OBJECTIVES.len()])?.items.clone();
        let tuned = self.model.tuned(knobs.weights)?.clone();
        let encoded = self.encoded.cached(&(request.clone(), knobs.category_filter));
        let query = tuned.user_query(&encoded.ok_or(StageError::OutOfOrder)?.output);
        let axes = axes(&numbers(plain.into_data_async().await?)?, stock.prices_cents.len());
        let items = numbers(tuned.items.into_data_async().await?)?;
        Ok(Vectors { axes, items, query: numbers(query.into_data_async().await?)? })
    }
}
