//! The ranking stage: whichever ranker is chosen, if any, over the candidates, with its insides.

mod dmt;
mod mlpr;
mod shares;

use burn::tensor::Device;

use self::dmt::Dmt;
use self::mlpr::Mlpr;
pub use self::shares::Shares;
use super::StageError;
use super::caller::Caller;
use super::request::Request;
use super::stock::Stock;
use link::{RankingKnobs, State};
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use nets::models::dmt::ranker;
use nets::models::weights::WeightsError;
use protocol::{Detail, Feature, Gating};
use systems::dmt::{BiasFeatures, MultiTask};

/// Features that are shown of a product.
const FEATURES_SHOWN: usize = 8;

/// Which trained ranker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// A DMT.
    Dmt {
        /// How tasks share parameters.
        multi_task: MultiTask,
        /// What the bias network reads.
        bias: BiasFeatures,
    },
    /// MLPR.
    Mlpr,
    /// None: the order of retrieval stands.
    None,
}

impl Variant {
    /// The one that a state asks for.
    pub fn of(state: &State) -> Self {
        let knobs = &state.ranking;
        match state.ranker {
            link::Ranker::Dmt => Self::Dmt { multi_task: knobs.multi_task, bias: knobs.bias },
            link::Ranker::Mlpr => Self::Mlpr,
            link::Ranker::None => Self::None,
        }
    }

    /// The system that it is of.
    pub fn system(self) -> link::Ranker {
        match self {
            Self::Dmt { .. } => link::Ranker::Dmt,
            Self::Mlpr => link::Ranker::Mlpr,
            Self::None => link::Ranker::None,
        }
    }

    /// File of its weights, if it has any.
    pub fn file(self) -> Option<String> {
        match self {
            Self::Dmt { multi_task, bias } => Some(ranker::file_name(multi_task, bias)),
            Self::Mlpr => Some(mlpr::FILE.into()),
            Self::None => None,
        }
    }
}

/// What a ranker is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// How the query fits the candidates.
    pub query: QueryMatch<'a>,
    /// The candidates.
    pub candidates: &'a [ProductId],
    /// Number of the feature that is held at its training mean.
    pub held: Option<u32>,
}

impl Asked<'_> {
    /// Holds the feature in the rows of the candidates.
    fn hold(&self, rows: &mut [f32], means: &[f32]) {
        let Some(held) = self.held.map(|held| held as usize) else { return };
        if let Some(&mean) = means.get(held) {
            rows.chunks_exact_mut(means.len()).for_each(|row| row[held] = mean);
        }
    }
}

/// What a ranker says of each candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Utilities of the tasks, by candidate.
    pub utilities: Vec<Vec<f32>>,
    /// What the gates choose among.
    pub gatings: Vec<Gating>,
    /// Gate weights by candidate: by gating, by task, by expert; empty without gates.
    pub gates: Vec<Vec<f32>>,
}

impl Scored {
    /// Of so many candidates, without a ranker.
    fn none(candidates: usize) -> Self {
        Self { utilities: vec![Vec::new(); candidates], ..Self::default() }
    }
}

/// A ranker with the last answers of its stages.
#[derive(Debug)]
pub enum Ranker {
    /// DMT.
    Dmt(Box<Dmt>),
    /// MLPR.
    Mlpr(Box<Mlpr>),
    /// None: it says nothing of any candidate.
    None,
}

impl Ranker {
    /// Reads a model from the bytes of its weights, of which there are none without one.
    ///
    /// # Errors
    /// Where the weights are damaged, of another version, or trained on another catalogue.
    pub fn read(
        variant: Variant,
        bytes: &[u8],
        stock: &Stock,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        Ok(match variant {
            Variant::Dmt { .. } => Self::Dmt(Box::new(Dmt::read(bytes, stock, device)?)),
            Variant::Mlpr => Self::Mlpr(Box::new(Mlpr::read(bytes, stock, device)?)),
            Variant::None => Self::None,
        })
    }

    /// What is computed once a request. True if the last run's answer served.
    pub fn encode(&mut self, stock: &Stock, request: &Request) -> bool {
        match self {
            Self::Dmt(dmt) => dmt.encode(stock, request),
            Self::Mlpr(mlpr) => mlpr.encode(stock, request),
            Self::None => true,
        }
    }

    /// Works out what these knobs want ready before any request. True if there was something to
    /// do; none if the caller lost interest on the way.
    pub async fn prepare(
        &mut self,
        stock: &Stock,
        knobs: &RankingKnobs,
        caller: &impl Caller,
    ) -> Option<bool> {
        match self {
            Self::Dmt(_) | Self::None => Some(false),
            Self::Mlpr(mlpr) => mlpr.prepare(stock, knobs, caller).await,
        }
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        match self {
            // Its dense features come with the request.
            Self::Dmt(_) | Self::None => {}
            Self::Mlpr(mlpr) => mlpr.words_changed(),
        }
    }

    /// Scores candidates of the request encoded last, one of the features held at its training
    /// mean for all of them, if one is named. True beside the scores if they were kept.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn rank(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        knobs: &RankingKnobs,
    ) -> Result<(Scored, bool), StageError> {
        match self {
            Self::Dmt(dmt) => dmt.rank(stock, request, asked, knobs.gate_temperature).await,
            Self::Mlpr(mlpr) => mlpr.rank(stock, request, asked, knobs).await,
            Self::None => Ok((Scored::none(asked.candidates.len()), true)),
        }
    }

    /// What each feature adds to the utilities of the one candidate, for the request encoded
    /// last.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn shares(
        &self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        knobs: &RankingKnobs,
    ) -> Result<Shares, StageError> {
        match self {
            Self::Dmt(dmt) => dmt.shares(stock, request, asked, knobs.gate_temperature).await,
            Self::Mlpr(mlpr) => mlpr.shares(stock, request, asked, knobs.gate_temperature).await,
            Self::None => Ok(Shares::default()),
        }
    }

    /// What the neighbours of each product of an order do to its bias logit; empty where no network
    /// reads them.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn neighbours(
        &self,
        stock: &Stock,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        match self {
            Self::Dmt(dmt) => dmt.neighbours(stock, order, page_size).await,
            Self::Mlpr(_) | Self::None => Ok(Vec::new()),
        }
    }

    /// y_b of each product of an order that pages of `page_size` show (DMT equation 4); zeros
    /// without a bias network. True if they were kept.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn bias(
        &mut self,
        stock: &Stock,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<(Vec<f32>, bool), StageError> {
        match self {
            Self::Dmt(dmt) => dmt.bias(stock, order, page_size).await,
            Self::Mlpr(_) | Self::None => Ok((vec![0.0; order.len()], true)),
        }
    }

    /// Examination that a bias network learned, relative to the first place, over the
    /// neighbourhoods of the page shown; empty where it reads no position.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn examination(
        &mut self,
        stock: &Stock,
        shown: &[ProductId],
        places: usize,
        page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        match self {
            Self::Dmt(dmt) => dmt.examination(stock, shown, places, page_size).await,
            Self::Mlpr(_) | Self::None => Ok(Vec::new()),
        }
    }

    /// The insides for a product of an order of the candidates ranked last.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn explain(
        &self,
        stock: &Stock,
        request: &Request,
        product: ProductId,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<Option<Detail>, StageError> {
        match self {
            Self::Dmt(dmt) => dmt.explain(stock, request, product, order, page_size).await,
            Self::Mlpr(mlpr) => mlpr.explain(request, product).await,
            Self::None => Ok(None),
        }
    }
}

/// Features with their values.
fn named<'a>(
    names: impl Iterator<Item = (&'a str, &'a str)>,
    values: &[f32],
    z_scores: &[f32],
) -> Vec<Feature> {
    names
        .zip(values)
        .zip(z_scores)
        .map(|(((name, kind), &value), &z_score)| Feature {
            name: name.into(),
            kind: kind.into(),
            value,
            z_score,
        })
        .collect()
}

/// The features farthest from their mean, farthest first.
fn farthest(mut features: Vec<Feature>) -> Vec<Feature> {
    features.sort_by(|a, b| b.z_score.abs().total_cmp(&a.z_score.abs()));
    features.truncate(FEATURES_SHOWN);
    features
}
