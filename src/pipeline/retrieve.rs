//! The retrieval stage: what the query means, the retriever's scores over the catalogue, and the
//! candidates drawn by them.

mod moppr;
mod yandex;

use std::sync::Arc;

use burn::tensor::Device;

use self::moppr::Moppr;
use self::yandex::Yandex;
use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::request::Request;
use super::stage::Stage;
use super::stock::Stock;
use super::{StageError, numbers};
use crate::features::search::{PredictedCategories, QueryFeatures};
use crate::market::catalogue::ProductId;
use crate::models::moppr::{UserQueryOutput, retriever};
use crate::models::query_category::CategoryPredictor;
use crate::protocol::{RetrievalInsides, TowerInsides};
use crate::retrieval::{Precision, Softmax, gumbel_top_k, top_k};
use crate::share::{self, RetrievalKnobs};

/// File of the query-to-category predictor.
const CATEGORY: &str = "query-category.safetensors";

/// The files the stage cannot do without.
pub const FILES: [&str; 2] = [moppr::FILE, CATEGORY];

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

impl Retrieval {
    /// Drops candidates.
    pub fn retain(&mut self, keep: impl Fn(ProductId) -> bool) {
        let kept: Vec<bool> = self.candidates.iter().map(|c| keep(c.product)).collect();
        let (mut candidate, mut cosine) = (kept.iter(), kept.iter());
        self.candidates.retain(|_| candidate.next() == Some(&true));
        self.cosines.retain(|_| cosine.next() == Some(&true));
    }
}

/// What a retriever makes of a request.
struct Scored {
    /// Of every product.
    scores: Vec<f32>,
    /// For each event of the history: attention, or none where the event was not looked at.
    behaviours: Vec<Option<f32>>,
    /// On each word piece of the query, where the retriever reads it.
    personal_attention: Vec<f32>,
    /// What Yandex's towers did.
    towers: Option<TowerInsides>,
}

/// What is made of the query alone.
#[derive(Clone, Debug)]
struct Understood {
    features: Arc<QueryFeatures>,
    pieces: Vec<String>,
    /// By product type; empty where nothing is known of the query.
    probabilities: Vec<f32>,
    /// By product; empty without a query.
    cosines: Vec<f32>,
}

/// The retrievers with the last answers of their stages.
pub struct Retriever {
    categories: CategoryPredictor,
    understood: Stage<Option<String>, Understood>,
    moppr: Moppr,
    yandex: Yandex,
    retrieved: Stage<(Request, share::Retriever, RetrievalKnobs, bool), Retrieval>,
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
        let types = stock.catalogue.product_types.len();
        let categories = CategoryPredictor::load(category, types, device)
            .map_err(|error| damaged(CATEGORY, error))?;
        Ok(Self {
            categories,
            understood: Stage::default(),
            moppr: Moppr::read(moppr, stock, device)?,
            yandex: Yandex::default(),
            retrieved: Stage::default(),
        })
    }

    /// Fetches a retriever's weights for these knobs, if they are not here yet.
    ///
    /// # Errors
    /// Where a file is missing or damaged.
    pub async fn fetch(
        &mut self,
        retriever: share::Retriever,
        knobs: &RetrievalKnobs,
        (manifest, source): (&Manifest, &impl AssetSource),
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError> {
        match retriever {
            // It came with the first ranking.
            share::Retriever::Moppr => Ok(()),
            share::Retriever::Yandex => {
                self.yandex.fetch(knobs.stage, manifest, source, stock, device).await
            }
        }
    }

    /// Fetches what MOPPR's objective weights need, if it is not here yet.
    ///
    /// # Errors
    /// Where a file is missing or damaged; MOPPR goes on as if all weights were equal.
    pub async fn fetch_objectives(
        &mut self,
        manifest: &Manifest,
        source: &impl AssetSource,
    ) -> Result<(), AssetError> {
        self.moppr.fetch_objectives(manifest, source).await
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        self.understood.clear();
        self.moppr.words_changed();
        self.yandex.words_changed();
        self.retrieved.clear();
    }

    /// Prepares for requests with these knobs, before one arrives.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn lay_out(
        &mut self,
        stock: &Stock,
        knobs: &RetrievalKnobs,
    ) -> Result<(), StageError> {
        self.moppr.lay_out(stock, knobs).await
    }

    /// MOPPR's model, whose embeddings the coarse ranker stands on.
    pub fn moppr(&self) -> &retriever::Retriever {
        self.moppr.model()
    }

    /// The request as MOPPR's towers and the coarse ranker's read it.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn encode(
        &mut self,
        stock: &Stock,
        request: &Request,
        knobs: &RetrievalKnobs,
    ) -> Result<&UserQueryOutput, StageError> {
        self.understand(stock, &request.query).await?;
        let understood = self.understood.cached(&request.query).ok_or(StageError::OutOfOrder)?;
        Ok(&self.moppr.encode(stock, request, understood, knobs)?.output)
    }

    /// Retrieves candidates. True beside them if the last run's served.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn retrieve(
        &mut self,
        stock: &Stock,
        request: &Request,
        retriever: share::Retriever,
        knobs: &RetrievalKnobs,
    ) -> Result<(Retrieval, bool), StageError> {
        let key = (request.clone(), retriever, knobs.clone(), self.moppr.has_objectives());
        if let Some(kept) = self.retrieved.cached(&key) {
            return Ok((kept.clone(), true));
        }
        self.understand(stock, &request.query).await?;
        let understood = self.understood.cached(&request.query).ok_or(StageError::OutOfOrder)?;
        let scored = match retriever {
            share::Retriever::Moppr => self.moppr.score(stock, request, understood, knobs).await?,
            share::Retriever::Yandex => self.yandex.score(stock, request, knobs).await?,
        };
        let found = draw(stock, understood, scored, knobs);
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
}

/// The precision that the index is asked for.
fn precision(knobs: &RetrievalKnobs) -> Precision {
    if knobs.quantised { Precision::Int8 } else { Precision::F32 }
}

/// The candidates that the scores draw, with what the page shows of it.
fn draw(
    stock: &Stock,
    understood: &Understood,
    scored: Scored,
    knobs: &RetrievalKnobs,
) -> Retrieval {
    let Scored { scores, behaviours, personal_attention, towers } = scored;
    let softmax = Softmax::new(&scores, knobs.temperature);
    let probabilities = softmax.probabilities();
    let likely = understood.probabilities.iter().copied().fold(0.0, f32::max);
    // Where nothing is predicted, as on the feed, everything passes.
    let passes = |product: ProductId| {
        let product_type = stock.products.product_type[product as usize];
        let of_type = understood.probabilities.get(usize::from(product_type));
        !knobs.relevance_control || of_type.is_none_or(|p| *p >= RELEVANT * likely)
    };
    let k = knobs.candidates as usize;
    // A query is one word among many to Yandex's towers: relevance control decides what they
    // search, where it only checks what MOPPR has found.
    let searched: Vec<f32> = match towers {
        Some(_) => {
            let products = scores.iter().enumerate();
            let or_never = |(product, &score): (usize, &f32)| {
                if passes(product as ProductId) { score } else { f32::NEG_INFINITY }
            };
            products.map(or_never).collect()
        }
        None => scores.clone(),
    };
    let mut hits = if knobs.sample {
        gumbel_top_k(&searched, knobs.temperature, k, knobs.seed.into())
    } else {
        top_k(&searched, k)
    };
    hits.retain(|hit| hit.score != f32::NEG_INFINITY);
    let candidates: Vec<Retrieved> = hits
        .iter()
        .filter(|hit| passes(hit.product))
        .map(|hit| Retrieved {
            product: hit.product,
            score: hit.score,
            probability: probabilities[hit.product as usize] as f32,
        })
        .collect();
    let mut shown: Vec<f32> = probabilities.iter().map(|&p| p as f32).collect();
    shown.sort_unstable_by(|a, b| b.total_cmp(a));
    shown.truncate(PROBABILITIES_SHOWN);
    let categories = PredictedCategories::new(&understood.probabilities, 1.0).0.into_iter();
    Retrieval {
        cosines: candidates
            .iter()
            .filter_map(|c| understood.cosines.get(c.product as usize).copied())
            .collect(),
        candidates,
        behaviours,
        product_types: understood.probabilities.clone(),
        insides: RetrievalInsides {
            personal_attention,
            pieces: understood.pieces.clone(),
            categories: categories.take(CATEGORIES_SHOWN).collect(),
            entropy: softmax.entropy() as f32,
            effective_candidates: softmax.effective_candidates() as f32,
            softmax: shown,
            searched: stock.catalogue.products.len() as u32,
            retrieved: hits.len() as u32,
            relevant: (0..scores.len()).filter(|&p| passes(p as ProductId)).count() as u32,
            towers,
        },
    }
}
