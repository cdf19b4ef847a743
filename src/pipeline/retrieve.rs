//! The retrieval stage: MOPPR over the catalogue, with its insides.

use std::sync::Arc;

use burn::tensor::{Device, Transaction};

use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::request::Request;
use super::stage::Stage;
use super::stock::Stock;
use super::{StageError, numbers};
use crate::features::search::{PredictedCategories, QueryFeatures, SearchFeatures};
use crate::market::catalogue::ProductId;
use crate::models::moppr::UserQueryOutput;
use crate::models::moppr::objectives::OBJECTIVES;
use crate::models::moppr::retriever;
use crate::models::query_category::CategoryPredictor;
use crate::protocol::RetrievalInsides;
use crate::retrieval::{ExactIndex, Precision, Softmax, gmv, gumbel_top_k, top_k};
use crate::share::RetrievalKnobs;

/// File of the embeddings and of the towers' mean.
const MOPPR: &str = "moppr.safetensors";
/// File of the query-to-category predictor.
const CATEGORY: &str = "query-category.safetensors";

/// The files the stage cannot do without.
pub const FILES: [&str; 2] = [MOPPR, CATEGORY];

/// A product passes relevance control if its category is at least this likely, relative to the
/// likeliest, to be meant.
const RELEVANT: f32 = 0.1;
/// Predicted categories that are shown.
const CATEGORIES_SHOWN: usize = 6;
/// Products whose probability is shown.
const PROBABILITIES_SHOWN: usize = 200;

/// A product on its way to the ranker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retrieved {
    /// Which product.
    pub product: ProductId,
    /// What it was ordered by.
    pub score: f32,
    /// Softmax probability at tau over the catalogue.
    pub probability: f32,
}

/// What the stage hands on.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// The candidates, best first.
    pub candidates: Vec<Retrieved>,
    /// For each event of the history: attention, or none where the event was not looked at.
    pub behaviours: Vec<Option<f32>>,
    /// Cosine of query and title, by candidate; empty without a query.
    pub cosines: Vec<f32>,
    /// Probability of each product type; empty without a query.
    pub product_types: Vec<f32>,
    /// What the page shows of it.
    pub insides: RetrievalInsides,
}

/// MOPPR with the last answers of its stages.
pub struct Retriever {
    model: retriever::Retriever,
    categories: CategoryPredictor,
    understood: Stage<Option<String>, Understood>,
    encoded: Stage<(Request, bool), Encoded>,
    index: Stage<([f32; 4], Precision), ExactIndex>,
    retrieved: Stage<(Request, RetrievalKnobs, bool), Retrieval>,
}

/// What is made of the query alone.
#[derive(Clone, Debug)]
struct Understood {
    features: Arc<QueryFeatures>,
    pieces: Vec<String>,
    /// By product type.
    probabilities: Vec<f32>,
    /// By product.
    cosines: Vec<f32>,
}

/// What is made of query, shopper and history.
#[derive(Debug)]
struct Encoded {
    features: SearchFeatures,
    output: UserQueryOutput,
}

impl Retriever {
    /// Reads the models from the bytes of [`FILES`].
    ///
    /// # Errors
    /// Where a file is damaged, or trained on another catalogue.
    pub fn read(
        files: &[Vec<u8>; FILES.len()],
        stock: &Stock,
        device: &Device,
    ) -> Result<Self, AssetError> {
        let [moppr, category] = files;
        let catalogue = &stock.catalogue;
        let model =
            retriever::Retriever::load(moppr, catalogue, &stock.products, &stock.titles, device)
                .map_err(|error| damaged(MOPPR, error))?;
        let categories = CategoryPredictor::load(category, catalogue.product_types.len(), device)
            .map_err(|error| damaged(CATEGORY, error))?;
        Ok(Self {
            model,
            categories,
            understood: Stage::default(),
            encoded: Stage::default(),
            index: Stage::default(),
            retrieved: Stage::default(),
        })
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
        self.retrieved.clear();
        Ok(())
    }

    /// Whether the objective weights do something yet.
    pub fn has_objectives(&self) -> bool {
        self.model.has_differences()
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        self.understood.clear();
        self.encoded.clear();
        self.retrieved.clear();
    }

    /// Retrieves candidates. True beside them if the last run's served.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn retrieve(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<(Retrieval, bool), StageError> {
        let key = (request.clone(), knobs.clone(), self.model.has_differences());
        if let Some(kept) = self.retrieved.cached(&key) {
            return Ok((kept.clone(), true));
        }
        self.understand(stock, &request.query).await?;
        self.encode(stock, request, knobs.category_filter);
        self.lay_out(stock, knobs).await?;
        let found = self.search(stock, request, knobs).await?;
        Ok((self.retrieved.keep(key, found).clone(), false))
    }

    async fn understand(
        &mut self,
        stock: &Stock,
        query: &Option<String>,
    ) -> Result<(), StageError> {
        if self.understood.cached(query).is_some() {
            return Ok(());
        }
        let pieces = query.as_deref().map(|text| stock.words.pieces(text)).unwrap_or_default();
        let mean = stock.words.mean(&pieces);
        // A query without one known word means no category more than another.
        let known = mean.iter().any(|&value| value != 0.0);
        let probabilities = if known {
            numbers(self.categories.probabilities(mean).into_data_async().await?)?
        } else {
            Vec::new()
        };
        let threshold = self.categories.config().threshold;
        let predicted = PredictedCategories::new(&probabilities, threshold);
        let frequency = query.as_deref().map_or(0, |text| stock.frequency.bucket(text));
        let understood = Understood {
            pieces: pieces.iter().filter_map(|&id| stock.words.piece(id)).collect(),
            features: Arc::new(QueryFeatures::new(pieces, predicted, frequency)),
            probabilities,
            cosines: query.as_deref().map(|text| stock.title_cosines(text)).unwrap_or_default(),
        };
        self.understood.keep(query.clone(), understood);
        Ok(())
    }

    fn encode(&mut self, stock: &Stock, request: &Request, filter: bool) {
        let key = (request.clone(), filter);
        let Some(understood) = self.understood.cached(&request.query) else { return };
        if self.encoded.cached(&key).is_none() {
            let query = understood.features.clone();
            let features = SearchFeatures::new(&request.moment(), query, &stock.products, filter);
            let output = self.model.encode(&[&features], &stock.words);
            self.encoded.keep(key, Encoded { features, output });
        }
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
        let precision = if knobs.quantised { Precision::Int8 } else { Precision::F32 };
        let key = (knobs.weights, precision);
        if self.index.cached(&key).is_none() {
            let items = self.model.tuned(knobs.weights)?.items.clone();
            let index = ExactIndex::new(items, &stock.prices_cents, precision).await?;
            self.index.keep(key, index);
        }
        Ok(())
    }

    async fn search(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<Retrieval, StageError> {
        let precision = if knobs.quantised { Precision::Int8 } else { Precision::F32 };
        let (Some(understood), Some(encoded), Some(index)) = (
            self.understood.cached(&request.query),
            self.encoded.cached(&(request.clone(), knobs.category_filter)),
            self.index.cached(&(knobs.weights, precision)),
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
        let personal_attention = next()?;

        let softmax = Softmax::new(&scores, knobs.temperature);
        let probabilities = softmax.probabilities();
        let k = knobs.candidates as usize;
        let hits = if knobs.sample {
            gumbel_top_k(&scores, knobs.temperature, k, knobs.seed.into())
        } else {
            top_k(&scores, k)
        };
        let likely = understood.probabilities.iter().copied().fold(0.0, f32::max);
        // Where nothing is predicted, as on the feed, everything passes.
        let passes = |product: ProductId| {
            let product_type = stock.products.product_type[product as usize];
            let of_type = understood.probabilities.get(usize::from(product_type));
            !knobs.relevance_control || of_type.is_none_or(|p| *p >= RELEVANT * likely)
        };
        let candidates: Vec<Retrieved> = hits
            .iter()
            .filter(|hit| passes(hit.product))
            .map(|hit| Retrieved {
                product: hit.product,
                score: hit.score,
                probability: probabilities[hit.product as usize] as f32,
            })
            .collect();

        let mut behaviours = vec![None; request.history.events.len()];
        for window in &encoded.features.behaviours {
            for (behaviour, attention) in window.iter().zip(next()?) {
                behaviours[behaviour.position as usize] = Some(attention);
            }
        }
        let mut shown: Vec<f32> = probabilities.iter().map(|&p| p as f32).collect();
        shown.sort_unstable_by(|a, b| b.total_cmp(a));
        shown.truncate(PROBABILITIES_SHOWN);
        let categories = PredictedCategories::new(&understood.probabilities, 1.0).0.into_iter();
        Ok(Retrieval {
            cosines: candidates
                .iter()
                .filter_map(|c| understood.cosines.get(c.product as usize).copied())
                .collect(),
            candidates,
            behaviours,
            product_types: understood.probabilities.clone(),
            insides: RetrievalInsides {
                personal_attention: personal_attention
                    [..understood.pieces.len().min(personal_attention.len())]
                    .to_vec(),
                pieces: understood.pieces.clone(),
                categories: categories.take(CATEGORIES_SHOWN).collect(),
                entropy: softmax.entropy() as f32,
                effective_candidates: softmax.effective_candidates() as f32,
                softmax: shown,
                searched: stock.catalogue.products.len() as u32,
                retrieved: hits.len() as u32,
                relevant: (0..scores.len()).filter(|&p| passes(p as ProductId)).count() as u32,
            },
        })
    }
}
