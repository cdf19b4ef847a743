//! The ranking stage: whichever ranker is chosen, if any, over the candidates, with its insides.

mod dmt;
mod mlpr;
mod retrieval_alone;
mod shares;

use async_trait::async_trait;
use burn::tensor::Device;

pub use self::shares::Shares;
use super::StageError;
use super::request::Request;
use super::stock::Stock;
use super::watch::task_name;
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use market::language::Message;
use nets::models::weights::{ABOUT, WeightsError};
use protocol::block::{Block, Blocks, Gates, Layer, Row, Rows, Shape};
use protocol::machine::Activity;
use protocol::words::signed;
use protocol::{Detail, Feature, Notice, Opened};
use systems::knob::Settings;
use systems::shared::RANKER;
use systems::{Ranker, registry};

/// Features that are shown of a product.
const FEATURES_SHOWN: usize = 8;

/// A system that is ready to rank.
type Readied = Result<Box<dyn Ranks>, WeightsError>;

/// How a system that ranks comes from its weights.
pub struct Reads {
    /// Which system.
    of: &'static Ranker,
    /// File of its weights, set like this; none where it has none.
    file: fn(&Settings) -> Option<String>,
    /// Reads it from the bytes of that file.
    read: fn(&[u8], &Stock, &Device) -> Readied,
    /// What a file says of itself; none where it has none.
    about: Option<About>,
}

/// What a file of weights says of itself: which variant of its system it is of, and what made it.
type Said = (Settings, String);

/// Reads it from the file's bytes.
type About = fn(&[u8]) -> Result<Said, WeightsError>;

/// The rankers: a line each.
static SYSTEMS: [&Reads; registry::RANKERS.len()] =
    [&dmt::SYSTEM, &mlpr::SYSTEM, &retrieval_alone::SYSTEM];

/// How the ranker that is chosen comes from its weights.
fn chosen(settings: &Settings) -> &'static Reads {
    let ranker = registry::ranker(settings);
    // Every ranker of the registry has a line: a test holds the two lists together.
    SYSTEMS.into_iter().find(|system| system.of == ranker).unwrap_or(&retrieval_alone::SYSTEM)
}

/// File of the weights of the ranker that is chosen, if it has any.
pub fn file(settings: &Settings) -> Option<String> {
    (chosen(settings).file)(settings)
}

/// Reads the ranker that is chosen from the bytes of its weights, of which there are none without
/// a [`file()`].
///
/// # Errors
/// Where the weights are damaged, of another version, or trained on another catalogue.
pub fn read(settings: &Settings, bytes: &[u8], stock: &Stock, device: &Device) -> Readied {
    (chosen(settings).read)(bytes, stock, device)
}

/// What a file of weights is of, once it was read whole.
///
/// # Errors
/// Where it is damaged, of another version or catalogue, of other sizes than those that ship, or of no
/// ranker.
pub fn open(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Opened, WeightsError> {
    let mut of_none = WeightsError::Damaged(String::new());
    for system in SYSTEMS {
        let Some(about) = system.about else { continue };
        match about(bytes) {
            Err(error @ WeightsError::Model { .. }) => of_none = error,
            Err(error) => return Err(error),
            Ok((variant, command)) => {
                let settings = variant.with(&RANKER, system.of.value());
                (system.read)(bytes, stock, device)?;
                let file = file(&settings).unwrap_or_default();
                let key = system.of.key.into();
                return Ok(Opened { file, system: key, settings, command });
            }
        }
    }
    Err(of_none)
}

/// Why a file of weights can't be opened, for the person at the page.
pub fn refused(bytes: &[u8], error: &WeightsError) -> Notice {
    // A header, which is JSON, comes behind its length; ours begins with where the weights come from.
    let header = bytes.get(8..).unwrap_or_default();
    let is_ours = |header: &[u8]| header.windows(ABOUT.len()).any(|text| text == ABOUT.as_bytes());
    let is_weights = header.starts_with(b"{") && is_ours(&header[..header.len().min(4096)]);
    match error {
        WeightsError::Model { found, .. } => {
            Notice::new(word!("notices.weights-model")).with("found", &**found)
        }
        WeightsError::Catalogue { .. } => Notice::new(word!("notices.weights-catalogue")),
        WeightsError::Sizes => Notice::new(word!("notices.weights-sizes")),
        WeightsError::Version { found } => {
            Notice::new(word!("notices.weights-version")).with("found", found.to_string())
        }
        WeightsError::Damaged(_) if !is_weights => Notice::new(word!("notices.weights-none")),
        error => Notice::new(word!("notices.weights-damaged")).with("why", error.to_string()),
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

/// Where products stand.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The order of all that was ranked.
    pub order: &'a [ProductId],
    /// Products a page, one at least.
    pub page_size: usize,
}

/// What a ranker says of each candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Utilities of the tasks, by candidate.
    pub utilities: Vec<Vec<f32>>,
    /// What the ranker shows of all candidates together.
    pub blocks: Vec<Block>,
}

/// How far what a ranker wants ready before any request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// It is ready.
    Ready,
    /// It became ready just now.
    Done,
    /// There is more to do: newer messages may be let in before it is asked again.
    More,
}

/// A system that ranks: utilities of its tasks for each candidate, and what they are made of.
#[async_trait(?Send)]
pub trait Ranks: Send {
    /// What is computed once a request. True if the last run's answer served.
    fn encode(&mut self, stock: &Stock, request: &Request) -> bool;

    /// Works out a part of what these settings want ready before any request.
    fn prepare(&mut self, _stock: &Stock, _settings: &Settings) -> Prepared {
        Prepared::Ready
    }

    /// Forgets what was made of queries: more words have arrived.
    fn words_changed(&mut self) {}

    /// Scores candidates of a request, one of the features held at its training mean for all of
    /// them, if one is named. True beside the scores if they were kept.
    ///
    /// # Errors
    /// Where the device fails.
    async fn rank(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        settings: &Settings,
    ) -> Result<(Scored, bool), StageError>;

    /// What each feature adds to the utilities of the one candidate of a request.
    ///
    /// # Errors
    /// Where the device fails.
    async fn shares(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        settings: &Settings,
    ) -> Result<Shares, StageError>;

    /// The insides for a product of an order of the candidates ranked last.
    ///
    /// # Errors
    /// Where the device fails.
    async fn explain(
        &self,
        stock: &Stock,
        request: &Request,
        product: ProductId,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<Option<Detail>, StageError>;

    /// What each part of it makes of the one candidate.
    ///
    /// # Errors
    /// Where the device fails.
    async fn watch(
        &mut self,
        _stock: &Stock,
        _request: &Request,
        _asked: Asked<'_>,
        _standing: Standing<'_>,
        _settings: &Settings,
    ) -> Result<Vec<Activity>, StageError> {
        Ok(Vec::new())
    }

    /// What the neighbours of each product of an order do to its bias logit; empty where no network
    /// reads them.
    ///
    /// # Errors
    /// Where the device fails.
    async fn neighbours(
        &self,
        _stock: &Stock,
        _order: &[ProductId],
        _page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        Ok(Vec::new())
    }

    /// y_b of each product of an order that pages of `page_size` show (DMT equation 4); zeros
    /// without a bias network. True if they were kept.
    ///
    /// # Errors
    /// Where the device fails.
    async fn bias(
        &mut self,
        _stock: &Stock,
        order: &[ProductId],
        _page_size: usize,
    ) -> Result<(Vec<f32>, bool), StageError> {
        Ok((vec![0.0; order.len()], true))
    }

    /// Examination that a bias network learned, relative to the first place, over the
    /// neighbourhoods of the page shown; empty where it reads no position.
    ///
    /// # Errors
    /// Where the device fails.
    async fn examination(
        &mut self,
        _stock: &Stock,
        _shown: &[ProductId],
        _places: usize,
        _page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        Ok(Vec::new())
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
fn farthest(mut features: Vec<Feature>) -> Block {
    features.sort_by(|a, b| b.z_score.abs().total_cmp(&a.z_score.abs()));
    features.truncate(FEATURES_SHOWN);
    let row = |Feature { name, kind, value, z_score }| Row {
        name: Message::new(word!("features.{}", name)),
        hint: Some(Message::new(word!("feature-kinds.{}", kind)).with("value", signed(value, 3))),
        values: vec![z_score],
    };
    let rows = features.into_iter().map(row).collect();
    Block::new("features-panel", Shape::Rows(Rows { rows, ..Rows::default() }))
}

/// A layer of experts that the gates of a ranker choose among; it has a name where there are several.
fn layer(ranker: &Ranker, name: Option<Message>, experts: impl Iterator<Item = Message>) -> Layer {
    Layer { name, tasks: ranker.tasks.iter().map(task_name).collect(), experts: experts.collect() }
}

/// The gates, their weights by candidate, layer, task and expert.
fn gates(layers: Vec<Layer>, weights: Vec<f32>) -> Block {
    Block::new("experts", Shape::Gates(Gates { layers, weights }))
}

/// What each expert adds to each task, `added` by task and expert: of the last layer that the gates in
/// `blocks` choose among.
fn contributions(ranker: &Ranker, blocks: &[Block], added: &[Vec<f32>]) -> Block {
    let last = blocks.gates().and_then(|gates| gates.layers.last());
    let experts = last.map(|layer| layer.experts.as_slice()).unwrap_or_default();
    let row = |(number, name): (usize, &Message)| Row {
        name: name.clone(),
        hint: None,
        values: added.iter().map(|of_task| of_task.get(number).copied().unwrap_or(0.0)).collect(),
    };
    let columns = ranker.tasks.iter().map(task_name).collect();
    let rows = experts.iter().enumerate().map(row).collect();
    Block::new("contributions", Shape::Rows(Rows { columns, rows, together: None }))
}

/// The `number`-th expert, from 0, of those of one kind: "expert", "own", "shared".
fn expert(kind: &str, number: usize) -> Message {
    Message::new(word!("experts.{}", kind)).with("number", (number + 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ranker_of_the_registry_can_be_read() {
        assert_eq!(SYSTEMS.map(|system| system.of), registry::RANKERS);
    }
}
