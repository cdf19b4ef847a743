//! The retrieval stage: what the query means, the retriever's scores over the catalogue, and the
//! candidates drawn by them.

mod map;
mod moppr;
mod yandex;

use std::sync::Arc;

use burn::tensor::Device;

use self::map::Vectors;
use self::moppr::Moppr;
use self::yandex::Yandex;
use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::request::Request;
use super::stage::Stage;
use super::stock::Stock;
use super::{StageError, numbers};
use crate::features::search::{PredictedCategories, QueryFeatures};
use crate::market::catalogue::{ProductId, ProductTypeId};
use crate::models::moppr::{UserQueryOutput, retriever};
use crate::models::query_category::CategoryPredictor;
use crate::protocol::{Map, Passage, RetrievalInsides, TowerInsides};
use crate::retrieval::{Hit, Precision, Softmax, gumbel_top_k, top_k};
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
    /// Every product, as it would be retrieved.
    all: Arc<[Retrieved]>,
    /// The least score that was retrieved.
    least: f32,
    /// Products that relevance control left of what was retrieved.
    controlled: u32,
    /// Relevance control would have left nothing, and so let everything pass.
    pub lifted: bool,
    /// For each event of the history: attention, or none where the event was not looked at.
    pub behaviours: Vec<Option<f32>>,
    /// Cosine of query and title, by product; empty without a query.
    pub cosines: Arc<[f32]>,
    /// Probability of each product type; empty without a query.
    pub product_types: Vec<f32>,
    /// What the page shows of it.
    pub insides: RetrievalInsides,
}

impl Retrieval {
    /// Drops candidates.
    pub fn retain(&mut self, keep: impl Fn(ProductId) -> bool) {
        self.candidates.retain(|candidate| keep(candidate.product));
    }

    /// Lets a product on to the ranker that did not get that far. True if it was not there.
    pub fn let_through(&mut self, product: ProductId) -> bool {
        let lost = self.candidates.iter().all(|candidate| candidate.product != product);
        if lost && let Some(retrieved) = self.all.get(product as usize) {
            self.candidates.push(*retrieved);
        }
        lost
    }

    /// Cosine of the query and each of these products' titles; empty without a query.
    pub fn cosines_of(&self, products: &[ProductId]) -> Vec<f32> {
        products.iter().filter_map(|&p| self.cosines.get(p as usize).copied()).collect()
    }

    /// What becomes of a product that is on sale, before any coarse ranking.
    pub fn passages(
        &self,
        stock: &Stock,
        knobs: &RetrievalKnobs,
        product: ProductId,
    ) -> [Passage; 2] {
        let RetrievalInsides { searched, retrieved, relevant, ref towers, .. } = self.insides;
        let control = Control::new(&self.product_types, knobs.relevance_control && !self.lifted);
        let control_first = towers.is_some();
        let value = self.all[product as usize].score;
        let mut scores: Vec<f32> = self.all.iter().map(|other| other.score).collect();
        if control_first {
            control.hide(stock, &mut scores);
        }
        // Whether or not it was searched, it has a place by its score.
        scores[product as usize] = value;
        let order = drawn(&scores, knobs, scores.len());
        let place = order.iter().position(|hit| hit.product == product);
        let retrieve = Passage {
            stage: "retrieve".into(),
            entered: if control_first { relevant } else { searched },
            left: retrieved,
            value,
            least: if knobs.sample { f32::NAN } else { self.least },
            place: place.map(|place| place as u32),
            passed: place.is_some_and(|place| place < retrieved as usize),
        };
        let category = stock.products.product_type[product as usize];
        let relevance = Passage {
            stage: "relevance".into(),
            entered: if control_first { searched } else { retrieved },
            left: if control_first { relevant } else { self.controlled },
            value: control.probability(category).unwrap_or(f32::NAN),
            least: control.least,
            place: None,
            passed: control.passes(category),
        };
        if control_first { [relevance, retrieve] } else { [retrieve, relevance] }
    }
}

/// Relevance control: what it asks of a product's category.
struct Control<'a> {
    /// By product type; empty where nothing is predicted, as on the feed: then everything passes.
    probabilities: &'a [f32],
    /// The least probability that passes.
    least: f32,
}

impl<'a> Control<'a> {
    fn new(probabilities: &'a [f32], on: bool) -> Self {
        let likely = probabilities.iter().copied().fold(0.0, f32::max);
        Self { probabilities, least: if on { RELEVANT * likely } else { 0.0 } }
    }

    fn probability(&self, category: ProductTypeId) -> Option<f32> {
        self.probabilities.get(usize::from(category)).copied()
    }

    fn passes(&self, category: ProductTypeId) -> bool {
        self.probability(category).is_none_or(|probability| probability >= self.least)
    }

    /// Makes the products that do not pass the last of all.
    fn hide(&self, stock: &Stock, scores: &mut [f32]) {
        for (score, &category) in scores.iter_mut().zip(&stock.products.product_type) {
            if !self.passes(category) {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// The products that the scores draw, best first.
fn drawn(scores: &[f32], knobs: &RetrievalKnobs, most: usize) -> Vec<Hit> {
    if knobs.sample {
        gumbel_top_k(scores, knobs.temperature, most, knobs.seed.into())
    } else {
        top_k(scores, most)
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
    cosines: Arc<[f32]>,
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

    /// What a retriever reads, in groups, and the score of a product where it reads only some of
    /// them: those whose bits are set in the place on the list. The last is the score itself.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn coalitions(
        &mut self,
        stock: &Stock,
        request: &Request,
        retriever: share::Retriever,
        knobs: &RetrievalKnobs,
        product: ProductId,
    ) -> Result<(&'static [&'static str], Vec<f32>), StageError> {
        self.understand(stock, &request.query).await?;
        let understood = self.understood.cached(&request.query).ok_or(StageError::OutOfOrder)?;
        Ok(match retriever {
            share::Retriever::Moppr => {
                let scores = self.moppr.coalitions(stock, request, understood, knobs, product);
                (&moppr::GROUPS, scores.await?)
            }
            share::Retriever::Yandex => {
                (&yandex::GROUPS, self.yandex.coalitions(stock, request, knobs, product).await?)
            }
        })
    }

    /// The item vectors and the query vector in two dimensions.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn map(
        &mut self,
        stock: &Stock,
        request: &Request,
        retriever: share::Retriever,
        knobs: &RetrievalKnobs,
    ) -> Result<Map, StageError> {
        self.understand(stock, &request.query).await?;
        let understood = self.understood.cached(&request.query).ok_or(StageError::OutOfOrder)?;
        let vectors = match retriever {
            share::Retriever::Moppr => {
                self.moppr.vectors(stock, request, understood, knobs).await?
            }
            share::Retriever::Yandex => self.yandex.vectors(stock, request, knobs).await?,
        };
        let Vectors { axes, items, query } = vectors;
        let query = axes.points(&query);
        let at = |n: usize| query.get(n).copied().unwrap_or(0.0);
        Ok(Map { points: axes.points(&items), query: (at(0), at(1)), variance: axes.variance })
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
            cosines: query
                .as_deref()
                .map_or_else(Vec::new, |text| stock.title_cosines(text))
                .into(),
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
    let control = Control::new(&understood.probabilities, knobs.relevance_control);
    let passes = |product: ProductId| control.passes(stock.products.product_type[product as usize]);
    // A query is one word among many to Yandex's towers: relevance control decides what they
    // search, where it only checks what MOPPR has found.
    let mut searched = scores.clone();
    if towers.is_some() {
        control.hide(stock, &mut searched);
    }
    let mut hits = drawn(&searched, knobs, knobs.candidates as usize);
    hits.retain(|hit| hit.score != f32::NEG_INFINITY);
    let all: Arc<[Retrieved]> = (0..)
        .zip(scores.iter().zip(probabilities))
        .map(|(product, (&score, &p))| Retrieved { product, score, probability: p as f32 })
        .collect();
    // Of a query that means no type in particular the likeliest may be none of what was found.
    let lifted = !hits.is_empty() && !hits.iter().any(|hit| passes(hit.product));
    let found = hits.iter().filter(|hit| lifted || passes(hit.product));
    let candidates: Vec<Retrieved> = found.map(|hit| all[hit.product as usize]).collect();
    let mut shown: Vec<f32> = probabilities.iter().map(|&p| p as f32).collect();
    shown.sort_unstable_by(|a, b| b.total_cmp(a));
    shown.truncate(PROBABILITIES_SHOWN);
    let categories = PredictedCategories::new(&understood.probabilities, 1.0).0.into_iter();
    Retrieval {
        cosines: understood.cosines.clone(),
        controlled: candidates.len() as u32,
        lifted,
        candidates,
        all,
        least: hits.iter().map(|hit| hit.score).fold(f32::INFINITY, f32::min),
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
