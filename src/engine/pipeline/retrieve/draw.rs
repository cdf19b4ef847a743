//! Candidates drawn from a retriever's scores: of what is on sale, what passes relevance control, and what an
//! index looks at of it; and what becomes of every other product.

use std::sync::Arc;

use super::control::{Control, Evidence, FILLED, Lexicon};
use super::tree::Looked;
use super::{Asked, Scored};
use crate::pipeline::StageError;
use crate::pipeline::stock::Stock;
use crate::retrieval::{Hit, Softmax, gumbel_top_k, top_k};
use market::catalogue::ProductId;
use market::features::search::PredictedCategories;
use market::metrics::recall_at;
use protocol::machine::Level;
use protocol::{Passage, RetrievalInsides};
use systems::knob::Settings;
use systems::shared::{CANDIDATES, RELEVANCE_CONTROL, SAMPLE, SEED, TEMPERATURE, page_size};

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
    /// Softmax probability at tau over what is on sale; 0 where it is not.
    pub probability: f32,
    /// Its relevance tier: those of a lower one stand before it, whatever their scores.
    pub tier: u8,
}

/// What the stage hands on.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// The candidates, best first.
    pub candidates: Vec<Retrieved>,
    /// What each product was ordered by.
    scores: Arc<[f32]>,
    /// Softmax at tau over what is on sale.
    softmax: Softmax,
    /// What the index looked at; none where it looks at everything.
    looked: Option<Arc<Looked>>,
    /// Which share was drawn of what exact search draws; none without an index that misses some, or where
    /// exact search draws nothing.
    recall: Option<f32>,
    /// What relevance control made of every product.
    control: Arc<Control>,
    /// Nothing on sale is likely what the query means.
    pub is_unlikely: bool,
    /// For each event of the history: attention, or none where the event was not looked at; empty
    /// where the history was not read.
    pub behaviours: Vec<Option<f32>>,
    /// Mean word vector of the query; empty without one.
    pub query: Arc<[f32]>,
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

    /// Lets a product on to the ranker that did not get that far, to the place that its score has
    /// among those of its tier. True if it was not there.
    pub fn let_through(&mut self, product: ProductId) -> bool {
        let lost = self.candidates.iter().all(|candidate| candidate.product != product);
        if lost && (product as usize) < self.scores.len() {
            let retrieved = as_retrieved(&self.scores, &self.softmax, &self.control, product);
            let before = |other: &Retrieved| {
                (other.tier, -other.score) <= (retrieved.tier, -retrieved.score)
            };
            let place = self.candidates.iter().rposition(before).map_or(0, |last| last + 1);
            self.candidates.insert(place, retrieved);
        }
        lost
    }

    /// What an index looked at, and which share of what exact search draws came of it; none where every
    /// product was looked at.
    pub fn looked(&self) -> Option<(&Looked, Option<f32>)> {
        Some((self.looked.as_deref()?, self.recall))
    }

    /// The tree that was searched, level by level, with the clusters of a product where one is named; empty
    /// where every product was looked at.
    ///
    /// # Errors
    /// Where the index can't be asked.
    pub fn levels(&self, product: Option<ProductId>) -> Result<Vec<Level>, StageError> {
        let levels = self.looked.as_ref().map(|looked| looked.levels(product));
        Ok(levels.transpose()?.unwrap_or_default())
    }

    /// Relevance tier of a product that can be drawn; none where it does not pass, is not on sale, or was
    /// not looked at.
    fn tier(&self, product: ProductId) -> Option<u8> {
        drawn_of(&self.control, self.looked.as_deref(), product)
    }

    /// Cosine of the query and each of these products' titles; empty without a query.
    pub fn cosines_of(&self, stock: &Stock, products: &[ProductId]) -> Vec<f32> {
        stock.title_cosines(&self.query, products)
    }

    /// What becomes of a product of the catalogue, before any coarse ranking.
    pub fn passages(&self, stock: &Stock, settings: &Settings, product: ProductId) -> Vec<Passage> {
        let RetrievalInsides { searched, admitted, retrieved, .. } = self.insides;
        let control = &self.control;
        let sale = Passage {
            stage: "stock".into(),
            entered: self.scores.len() as u32,
            left: searched,
            value: f32::NAN,
            least: f32::NAN,
            place: None,
            passed: control.is_on_sale(product),
        };
        let category = stock.products.product_type[product as usize];
        let relevance = Passage {
            stage: "relevance".into(),
            entered: searched,
            left: admitted,
            value: control.likelihood(category).unwrap_or(f32::NAN),
            least: control.least(),
            place: None,
            passed: control.relevance(product).is_some(),
        };
        let index = self.looked.as_ref().map(|looked| {
            let left = (0..self.scores.len() as ProductId).filter(|p| self.tier(*p).is_some());
            looked.passage(product, admitted, left.count() as u32)
        });
        // Whether or not it was searched, it has a place by its score: behind those that were.
        let Retrieved { tier, score, .. } =
            as_retrieved(&self.scores, &self.softmax, control, product);
        let tier_of = |other| self.tier(other).or((other == product).then_some(tier));
        let order = drawn(&self.scores, tier_of, settings, |_| usize::MAX);
        let place = order.iter().position(|hit| hit.product == product);
        let of_tier = self.candidates.iter().filter(|other| other.tier == tier);
        let least = of_tier.map(|other| other.score).fold(f32::INFINITY, f32::min);
        let has_least = !settings.is_on(&SAMPLE) && least.is_finite();
        let retrieve = Passage {
            stage: "retrieve".into(),
            entered: index.as_ref().map_or(admitted, |index| index.left),
            left: retrieved,
            value: score,
            least: if has_least { least } else { f32::NAN },
            place: place.map(|place| place as u32),
            passed: place.is_some_and(|place| place < retrieved as usize),
        };
        [sale, relevance].into_iter().chain(index).chain([retrieve]).collect()
    }
}

/// The products that the scores draw, best first: tier by tier, of each at most as many as `most`
/// says when so many are there.
fn drawn(
    scores: &[f32],
    tier: impl Fn(ProductId) -> Option<u8>,
    settings: &Settings,
    most: impl Fn(u8) -> usize,
) -> Vec<Hit> {
    let tiers: Vec<Option<u8>> = (0..scores.len() as ProductId).map(tier).collect();
    let mut rising: Vec<u8> = tiers.iter().copied().flatten().collect();
    rising.sort_unstable();
    rising.dedup();
    let mut hits: Vec<Hit> = Vec::new();
    for tier in rising {
        let room = most(tier).saturating_sub(hits.len()).min(scores.len());
        let own = scores.iter().zip(&tiers);
        let own: Vec<f32> =
            own.map(|(&score, of)| if *of == Some(tier) { score } else { f32::NAN }).collect();
        hits.extend(match settings.is_on(&SAMPLE) {
            true => {
                let tau = settings.number(&TEMPERATURE);
                gumbel_top_k(&own, tau, room, settings.count(&SEED).into())
            }
            false => top_k(&own, room),
        });
    }
    hits
}

/// A product as it would be retrieved.
fn as_retrieved(
    scores: &[f32],
    softmax: &Softmax,
    control: &Control,
    product: ProductId,
) -> Retrieved {
    let score = scores[product as usize];
    let probability = match control.is_on_sale(product) {
        true => softmax.probability(score) as f32,
        false => 0.0,
    };
    Retrieved { product, score, probability, tier: control.relevance(product).unwrap_or(FILLED) }
}

/// Relevance tier of a product that can be drawn: of what passes relevance control, the index decides what is
/// looked at.
fn drawn_of(control: &Control, looked: Option<&Looked>, product: ProductId) -> Option<u8> {
    let at = |looked: &Looked| looked.at.get(product as usize).copied().unwrap_or(false);
    control.tier(product).filter(|_| looked.is_none_or(at))
}

/// The candidates that the scores draw, with what the page shows of it: of what is on sale relevance
/// control decides what is searched, and the best K go on of that, or of what an index looks at of it.
///
/// # Errors
/// Where the index can't be asked.
pub fn draw(
    Asked { stock, understood, .. }: Asked<'_>,
    lexicon: &Lexicon,
    scored: &Scored,
    look: impl FnOnce(&dyn Fn(ProductId) -> bool) -> Result<Option<Looked>, StageError>,
    on_sale: Arc<[bool]>,
    settings: &Settings,
) -> Result<Retrieval, StageError> {
    let Scored { scores, behaviours, attention, recent_searches, blocks } = scored;
    let offered: Vec<f32> =
        scores.iter().zip(&*on_sale).filter(|both| *both.1).map(|(&score, _)| score).collect();
    let softmax = Softmax::new(&offered, settings.number(&TEMPERATURE));
    let most = settings.count(&CANDIDATES) as usize;
    let wanted = most.min(page_size(settings) as usize);
    let nothing_asked = Evidence { is_likely: true, ..Evidence::default() };
    let evidence = understood.evidence.as_ref().unwrap_or(&nothing_asked);
    let controls = settings.is_on(&RELEVANCE_CONTROL);
    let room = |tier| if tier == FILLED { wanted } else { most };
    let control = Control::new(evidence, lexicon, stock, controls, on_sale, wanted);
    let looked = look(&|product| control.tier(product).is_some())?;
    let draws = |looked: Option<&Looked>| {
        drawn(scores, |product| drawn_of(&control, looked, product), settings, room)
    };
    let hits = draws(looked.as_ref());
    let recall = looked.as_ref().and_then(|_| recall(&hits, &draws(None)));
    let mut blocks = blocks.clone();
    blocks.extend(looked.as_ref().map(|looked| looked.block(recall)));
    let most_likely = top_k(&offered, PROBABILITIES_SHOWN);
    let shown = most_likely.iter().map(|hit| softmax.probability(hit.score) as f32).collect();
    let candidate = |hit: &Hit| as_retrieved(scores, &softmax, &control, hit.product);
    let candidates = hits.iter().map(candidate).collect();
    let categories = PredictedCategories::new(&understood.probabilities, 1.0).0.into_iter();
    Ok(Retrieval {
        query: understood.mean.clone(),
        candidates,
        is_unlikely: !evidence.is_likely,
        scores: scores.clone(),
        looked: looked.map(Arc::new),
        recall,
        behaviours: behaviours.clone(),
        product_types: understood.probabilities.clone(),
        insides: RetrievalInsides {
            attention: attention.clone(),
            pieces: understood.pieces.clone(),
            categories: categories.take(CATEGORIES_SHOWN).collect(),
            entropy: softmax.entropy() as f32,
            effective_candidates: softmax.effective_candidates() as f32,
            softmax: shown,
            searched: control.offered,
            relevant: control.relevant,
            admitted: control.admitted,
            retrieved: hits.len() as u32,
            recent_searches: *recent_searches,
            blocks,
        },
        control: Arc::new(control),
        softmax,
    })
}

/// Which share of what exact search draws was drawn; none where it draws nothing.
fn recall(drawn: &[Hit], exact: &[Hit]) -> Option<f32> {
    let products = |hits: &[Hit]| hits.iter().map(|hit| hit.product).collect::<Vec<_>>();
    let recall = recall_at(exact.len(), &products(drawn), &products(exact));
    recall.map(|recall| recall as f32)
}
