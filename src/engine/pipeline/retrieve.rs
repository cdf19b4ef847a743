//! The retrieval stage: what the query means, the retriever's scores over the catalogue, and the
//! candidates drawn by them.

mod bm25;
mod clock;
mod control;
mod draw;
mod laid;
mod levels;
mod map;
mod measured;
mod moppr;
mod query;
mod tree;
mod yandex;

use std::sync::Arc;

use async_trait::async_trait;
use burn::tensor::{Device, Tensor};

use self::bm25::Bm25;
use self::draw::draw;
use self::laid::Laid;
use self::map::axes;
use self::measured::Visit;
use self::moppr::Moppr;
use self::query::{Understanding, Understood};
use self::tree::{Built, Tree};
use self::yandex::Yandex;
use super::StageError;
use super::assets::{AssetError, AssetSource, Manifest};
use super::kept::Storage;
use super::request::{Part, Request};
use super::stage::Stage;
use super::stock::Stock;
use crate::retrieval::{Precision, gmv};
use market::catalogue::ProductId;
use nets::models::moppr::{UserQueryOutput, retriever};
use nets::models::weights::{Weights as Tensors, WeightsError};
use protocol::block::Block;
use protocol::machine::Activity;
use protocol::{Growing, Making, Map, Opened};
use systems::knob::{Knob, Settings};
use systems::registry;
use systems::shared::{
    BEAM, CANDIDATES, GMV, LEVELS, PAGE_SIZE, QUANTISED, RELEVANCE_CONTROL, RETRIEVER,
    RETRIEVER_WEIGHTS, SAMPLE, SEED, SIGMA, SearchedIn, TEMPERATURE, Weights,
};

pub use self::draw::{Retrieval, Retrieved};

/// The files the stage cannot do without.
pub const FILES: [&str; 2] = [moppr::FILE, query::FILE];

/// What a retriever makes of a request.
pub struct Scored {
    /// Of every product; a system with vectors leaves the newcomers to what lays them out.
    scores: Arc<[f32]>,
    /// For each event of the history: attention, or none where the event was not looked at; empty
    /// where the history was not read.
    behaviours: Vec<Option<f32>>,
    /// On each word piece of the query; none of a retriever that does not weigh them one by one.
    attention: Option<Vec<f32>>,
    /// Web searches that are recent enough to be read; none of a retriever that has no use for any.
    recent_searches: Option<u32>,
    /// What more it shows of itself.
    blocks: Vec<Block>,
}

/// What a retriever is asked.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    stock: &'a Stock,
    request: &'a Request,
    understood: &'a Understood,
    settings: &'a Settings,
}

/// A system that retrieves: scores of every product for a request, and what they are made of.
#[async_trait(?Send)]
pub trait Retrieves: Send {
    /// The parts that its scores read of a request: what [`Self::score`] is shown.
    fn reads(&self, request: &Request) -> &'static [Part];

    /// Names of the files that it cannot do without, set like this, and that are not here yet.
    fn wants(&self, settings: &Settings) -> Vec<String>;

    /// Names of the files without which it works, but not all of its knobs do: of those that are
    /// not here yet.
    fn wants_behind(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether its knobs, set like this, do nothing without [`Self::wants_behind`].
    fn needs_behind(&self, _settings: &Settings) -> bool {
        false
    }

    /// Reads the files that were wanted, in their order.
    ///
    /// # Errors
    /// Where a file is damaged, or of another catalogue; then it goes on as before.
    fn read(
        &mut self,
        names: &[String],
        files: &[Vec<u8>],
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError>;

    /// Forgets what was made of queries: more words have arrived.
    fn words_changed(&mut self);

    /// Takes in the newcomers that a request names, if it has a row for each product.
    fn meet(&mut self, _stock: &Stock) {}

    /// Gives back what takes much memory and can be made again: vectors or a tree are about to be made.
    fn rest(&mut self) {}

    /// Scores every product for a request; where it has vectors, every product that a log tells of.
    ///
    /// # Errors
    /// Where the device fails, or a wanted file is not here.
    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError>;

    /// Score of one product where only some of [`reads`](systems::Retriever) is read: those whose
    /// bits are set in the place on the list. The last is the score itself.
    ///
    /// # Errors
    /// As [`Self::score`].
    async fn coalitions(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError>;

    /// What each part of it makes of a product, whose chance among all that is on sale is `chance`.
    ///
    /// # Errors
    /// As [`Self::score`].
    async fn watch(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
        chance: f32,
    ) -> Result<Vec<Activity>, StageError>;

    /// The vectors of every product that a log tells of, one after another; empty where it has no vectors.
    ///
    /// # Errors
    /// As [`Self::score`].
    async fn items(&mut self, stock: &Stock, settings: &Settings) -> Result<Vec<f32>, StageError>;

    /// The vectors of newcomers, one after another; empty where it has no vectors.
    ///
    /// # Errors
    /// As [`Self::score`].
    async fn newcomers(
        &mut self,
        stock: &Stock,
        settings: &Settings,
        products: &[ProductId],
    ) -> Result<Vec<f32>, StageError>;

    /// The vector of a request; empty where it has no vectors.
    ///
    /// # Errors
    /// As [`Self::score`].
    async fn query(&mut self, asked: Asked<'_>) -> Result<Vec<f32>, StageError>;

    /// The settings whose item vectors span the map, so that what the others move can be seen.
    fn mapped_by(&self, settings: &Settings) -> Settings {
        settings.clone()
    }
}

/// The retrievers beside MOPPR.
type Others = [(&'static systems::Retriever, Box<dyn Retrieves>); registry::RETRIEVERS.len() - 1];

/// A retriever of learned weights.
type Readied = Result<Box<dyn Retrieves>, WeightsError>;

/// How a retriever comes from weights that were learned in a tab.
pub struct LearnedReads {
    /// Which.
    of: &'static systems::Retriever,
    /// What their file says it holds.
    model: &'static str,
    /// Name of the file that they would take the place of, set like this.
    file: fn(&Settings) -> &'static str,
    /// Reads it from the bytes of such a file, with the vectors of all products that a log tells of.
    read: fn(&[u8], &Stock, &Device) -> Readied,
}

/// The retrievers that learn: a line each.
static LEARN: [&LearnedReads; 2] = [&moppr::LEARNED, &yandex::LEARNED];

/// How the retriever that is chosen comes from learned weights, if it learns.
fn learns(settings: &Settings) -> Option<&'static LearnedReads> {
    LEARN.into_iter().find(|reads| reads.of == registry::retriever(settings))
}

/// File that learned weights of the retriever that is chosen would take the place of, if it learns. Whether
/// there are any that do is another matter: only what learns in the tab has such.
pub fn file(settings: &Settings) -> Option<&'static str> {
    learns(settings).map(|reads| (reads.file)(settings))
}

/// What a file of weights is of, once it was read whole.
///
/// # Errors
/// Where it is damaged, of another version or catalogue, of other sizes than those that ship, or of no
/// retriever that learns.
pub fn open(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Opened, WeightsError> {
    let mut of_none = WeightsError::Damaged(String::new());
    for reads in LEARN {
        match Tensors::from_bytes(bytes, reads.model) {
            Err(error @ WeightsError::Model { .. }) => of_none = error,
            Err(error) => return Err(error),
            Ok(weights) => {
                (reads.read)(bytes, stock, device)?;
                let settings = Settings::default().with(&RETRIEVER, reads.of.value());
                return Ok(Opened {
                    file: (reads.file)(&settings).into(),
                    system: reads.of.key.into(),
                    settings,
                    command: weights.about.command,
                });
            }
        }
    }
    Err(of_none)
}

/// A retriever of learned weights, with what tells it from others.
struct Learned {
    /// Name of the file that the weights take the place of.
    file: &'static str,
    /// Which it is of those that were read in this visit, from 1: what was made with others is not its.
    number: u64,
    system: Box<dyn Retrieves>,
}

/// The retrievers: MOPPR, which the first ranking and the coarse ranker stand on, and the others; beside them
/// those of learned weights.
struct Systems {
    moppr: Moppr,
    others: Others,
    learned: Vec<Learned>,
    /// How many of those were read.
    read: u64,
}

/// The retrievers beside MOPPR: a line each.
fn others() -> Others {
    [
        (&systems::yandex::RETRIEVER, Box::<Yandex>::default()),
        (&systems::bm25::RETRIEVER, Box::<Bm25>::default()),
    ]
}

impl Systems {
    /// Place of the one that is chosen among those of learned weights, where such are asked for and there are
    /// some.
    fn learned(&self, settings: &Settings) -> Option<usize> {
        let file = match Weights::of_retriever(settings) {
            Weights::Learned => file(settings)?,
            Weights::Shipped => return None,
        };
        self.learned.iter().position(|learned| learned.file == file)
    }

    /// Which learned weights the one that is chosen has; 0 for what ships.
    fn number(&self, settings: &Settings) -> u64 {
        self.learned(settings).map_or(0, |place| self.learned[place].number)
    }

    /// The one that is chosen.
    fn chosen(&mut self, settings: &Settings) -> &mut dyn Retrieves {
        if let Some(place) = self.learned(settings) {
            return self.learned[place].system.as_mut();
        }
        let chosen = registry::retriever(settings);
        // All that the registry has beside MOPPR have a line: a test holds the two lists together.
        let other = self.others.iter_mut().find(|(system, _)| *system == chosen);
        other.map_or(&mut self.moppr, |(_, system)| system.as_mut())
    }
}

/// Knobs that the scores of a retriever with vectors hang on, beside its own.
const SCORED: [&Knob; 5] = [&RETRIEVER, &RETRIEVER_WEIGHTS, &GMV, &SIGMA, &QUANTISED];
/// Knobs that the draw from the scores hangs on.
const DRAWN: [&Knob; 6] =
    [&TEMPERATURE, &CANDIDATES, &RELEVANCE_CONTROL, &SAMPLE, &SEED, &PAGE_SIZE];

/// Parts of a request that [`Retriever::encode`] reads.
pub const ENCODED: &[Part] = moppr::READS;

/// What scores hang on.
#[derive(Clone, Debug, PartialEq)]
struct ScoredBy {
    /// The parts of the request that the retriever reads.
    request: Request,
    /// The knobs that it reads.
    settings: Settings,
    /// Which learned weights it has; 0 for what ships.
    weights: u64,
    /// Whether all files that its knobs hang on have arrived.
    is_whole: bool,
}

/// What a draw from scores hangs on.
#[derive(Clone, Debug, PartialEq)]
struct DrawnBy {
    scores: ScoredBy,
    query: Option<String>,
    day: i32,
    /// The knobs of the draw.
    settings: Settings,
    /// The tree that is searched and the beam; none where every product is looked at.
    tree: Option<(BuiltBy, usize)>,
}

/// What item vectors hang on.
#[derive(Clone, Debug, PartialEq)]
struct LaidBy {
    /// Which retriever, which of its networks, and how its objectives weigh.
    settings: Settings,
    /// Which learned weights it has; 0 for what ships.
    weights: u64,
    /// Whether all files that its knobs hang on have arrived.
    is_whole: bool,
}

/// What a tree of item vectors hangs on: them, and how many levels there are to be.
#[derive(Clone, Debug, PartialEq)]
struct BuiltBy {
    laid: LaidBy,
    levels: u32,
}

/// The retrievers with the last answers of their stages.
pub struct Retriever {
    understanding: Understanding,
    systems: Systems,
    scored: Stage<ScoredBy, Scored>,
    on_sale: Stage<i32, Arc<[bool]>>,
    laid: Laid,
    built: Built,
    retrieved: Stage<DrawnBy, Retrieval>,
    /// What the last searches of a tree found.
    visit: Visit,
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
        Ok(Self {
            understanding: Understanding::read(category, stock, device)?,
            systems: Systems {
                moppr: Moppr::load(moppr, stock, device)?,
                others: others(),
                learned: Vec::new(),
                read: 0,
            },
            scored: Stage::default(),
            on_sale: Stage::default(),
            laid: Laid::default(),
            built: Built::default(),
            retrieved: Stage::default(),
            visit: Visit::default(),
        })
    }

    /// Fetches what a retriever cannot do without, set like this, if it is not here yet.
    ///
    /// # Errors
    /// Where a file is missing or damaged.
    pub async fn fetch(
        &mut self,
        settings: &Settings,
        files: (&Manifest, &impl AssetSource),
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError> {
        let system = self.systems.chosen(settings);
        let names = system.wants(settings);
        fetched(system, &names, files, stock, device).await
    }

    /// Makes a retriever of learned weights, set like this, unless the last ones of their file are in use
    /// already: the vectors of the shop that ships are laid out anew.
    ///
    /// # Errors
    /// Where the weights are damaged, of another model, of another catalogue, or of other sizes.
    pub fn learn(
        &mut self,
        settings: &Settings,
        bytes: &[u8],
        stock: &Stock,
        device: &Device,
    ) -> Result<(), WeightsError> {
        let systems = &mut self.systems;
        let Some(reads) = learns(settings).filter(|_| systems.learned(settings).is_none()) else {
            return Ok(());
        };
        let system = (reads.read)(bytes, stock, device)?;
        systems.read += 1;
        let (file, number) = ((reads.file)(settings), systems.read);
        systems.learned.push(Learned { file, number, system });
        Ok(())
    }

    /// Forgets the retriever of learned weights of this file: there are others by now, or none.
    pub fn unlearn(&mut self, file: &str) {
        self.systems.learned.retain(|learned| learned.file != file);
    }

    /// Fetches what the knobs of the retriever in use hang on, set like this; with `all`, what they
    /// may hang on however they are set.
    ///
    /// # Errors
    /// Where a file is missing or damaged; the retriever goes on without.
    pub async fn fetch_behind(
        &mut self,
        settings: &Settings,
        all: bool,
        files: (&Manifest, &impl AssetSource),
        stock: &Stock,
        device: &Device,
    ) -> Result<(), AssetError> {
        let system = self.systems.chosen(settings);
        if !all && !system.needs_behind(settings) {
            return Ok(());
        }
        let names = system.wants_behind();
        fetched(system, &names, files, stock, device).await
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        self.understanding.words_changed();
        self.systems.moppr.words_changed();
        self.systems.others.iter_mut().for_each(|(_, system)| system.words_changed());
        self.systems.learned.iter_mut().for_each(|learned| learned.system.words_changed());
        self.scored.clear();
        self.retrieved.clear();
    }

    /// Whether what a query means hangs on word vectors that may still be missing.
    pub fn waits_for_words(&self, query: &str, stock: &Stock) -> bool {
        !stock.words.has_all(query) || self.understanding.lexicon().has_strangers(query)
    }

    /// Prepares for requests with these settings, before one arrives.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn lay_out(&mut self, stock: &Stock, settings: &Settings) -> Result<(), StageError> {
        self.systems.moppr.lay_out(stock, settings).await
    }

    /// MOPPR's model, whose embeddings the coarse ranker stands on.
    pub fn moppr(&self) -> &retriever::Retriever {
        self.systems.moppr.model()
    }

    /// e^i of newcomers, what MOPPR's item tower and the coarse ranker's read of them, `[n, d]`.
    pub fn items_of(&self, stock: &Stock, products: &[ProductId]) -> Tensor<2> {
        let moppr = &self.systems.moppr;
        moppr.model().items_of(&moppr.features_of(stock, products))
    }

    /// The request as MOPPR's towers and the coarse ranker's read it.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn encode(
        &mut self,
        stock: &Stock,
        request: &Request,
        settings: &Settings,
    ) -> Result<&UserQueryOutput, StageError> {
        let (understood, _) = self.understanding.of(stock, &request.query).await?;
        Ok(&self.systems.moppr.encode(Asked { stock, request, understood, settings }).output)
    }

    /// Takes in the newcomers that a request names.
    pub fn meet(&mut self, stock: &Stock, settings: &Settings) {
        // The coarse ranker stands on MOPPR, whoever retrieves.
        self.systems.moppr.meet(stock);
        self.systems.chosen(settings).meet(stock);
    }

    /// Makes a part of what settings search and that is not there yet, vectors or the tree over them: what
    /// it was, and how far it is then. None where nothing is lacking.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn prepare(
        &mut self,
        stock: &Stock,
        settings: &Settings,
        storage: &mut Storage,
    ) -> Result<Option<Growing>, StageError> {
        let by = self.laid_by(settings);
        if !needs_rows(stock, settings) {
            return Ok(None);
        }
        let built_by = BuiltBy { laid: by.clone(), levels: settings.count(&LEVELS) };
        let Self { systems, laid, built, retrieved, .. } = self;
        if !laid.holds(&by) || searches_tree(settings) && !built.holds(&built_by) {
            systems.others.iter_mut().for_each(|(_, system)| system.rest());
        }
        let system = systems.chosen(settings);
        let of = stock.catalogue.products.len() as u32;
        if !laid.holds(&by) {
            // They hold on to the vectors of before, and room for both would be too much of a million.
            built.clear();
            retrieved.clear();
            let (made, taken) = laid.step(system, &by, stock, storage).await?;
            let (made, taken) = (made as u32, taken as u32);
            return Ok(Some(Growing { what: Making::Vectors, made, of, taken }));
        }
        if !searches_tree(settings) || built.holds(&built_by) {
            return Ok(None);
        }
        let exact = laid.whole(system, &by, stock).await?;
        // Over what ships one is built in no time.
        let mut nowhere = Storage::default();
        let storage = if stock.catalogue.newcomers > 0 { storage } else { &mut nowhere };
        let (made, taken) = built.step(built_by, &exact, storage).await?;
        let (made, taken) = (made as u32, taken as u32);
        Ok(Some(Growing { what: Making::Tree, made, of, taken }))
    }

    /// Scores every product for a request. True if the last run's scores serve.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn score(
        &mut self,
        stock: &Stock,
        request: &Request,
        settings: &Settings,
    ) -> Result<bool, StageError> {
        let key = self.scored_by(request, settings);
        let kept = self.scored.holds(&key);
        let laid_by = self.laid_by(settings);
        let Self { understanding, systems, scored, laid, .. } = self;
        scores(understanding, systems, scored, (laid, &laid_by), stock, key).await?;
        Ok(kept)
    }

    /// What the scores of a request hang on.
    fn scored_by(&mut self, request: &Request, settings: &Settings) -> ScoredBy {
        let of = registry::retriever(settings);
        let shared: &[&Knob] = if of.has_vectors { &SCORED } else { &[&RETRIEVER] };
        let weights = self.systems.number(settings);
        // Learned towers are one set, whatever the objectives weigh.
        let objectives = if weights == 0 { &[][..] } else { of.objectives };
        let counts = |knob: &&'static Knob| objectives.iter().all(|o| o.weight.key != knob.key);
        let own = of.knobs.iter().copied().filter(counts);
        let knobs: Vec<&Knob> = shared.iter().copied().chain(own).collect();
        let system = self.systems.chosen(settings);
        ScoredBy {
            request: request.only(system.reads(request)),
            settings: settings.only(&knobs),
            weights,
            is_whole: system.wants_behind().is_empty(),
        }
    }

    /// What the chosen retriever's vectors hang on.
    fn laid_by(&mut self, settings: &Settings) -> LaidBy {
        let of = registry::retriever(settings);
        let weights = self.systems.number(settings);
        let system = self.systems.chosen(settings);
        // Where the objectives weigh alike, what they hang on changes nothing when it arrives.
        let is_whole = !system.needs_behind(settings) || system.wants_behind().is_empty();
        // Learned towers are one set, whatever the objectives weigh.
        let objectives = if weights == 0 { of.objectives } else { &[] };
        let sliders = objectives.iter().map(|objective| objective.weight);
        let knobs: Vec<&Knob> =
            [&RETRIEVER].into_iter().chain(of.networks.iter().copied()).chain(sliders).collect();
        LaidBy { settings: settings.only(&knobs), weights, is_whole }
    }

    /// Draws candidates by the request's scores, so many at least that they fill a page, if the shop
    /// has so many and so many are asked for. True beside them if the last run's served.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn draw(
        &mut self,
        stock: &Stock,
        request: &Request,
        settings: &Settings,
    ) -> Result<(Retrieval, bool), StageError> {
        let laid_by = self.laid_by(settings);
        let built_by = BuiltBy { laid: laid_by.clone(), levels: settings.count(&LEVELS) };
        let key = DrawnBy {
            scores: self.scored_by(request, settings),
            query: request.query.clone(),
            day: request.day(),
            settings: settings.only(&DRAWN),
            tree: searches_tree(settings).then(|| (built_by, settings.count(&BEAM) as usize)),
        };
        let kept = self.retrieved.holds(&key);
        let Self { understanding, systems, scored, on_sale, laid, built, retrieved, .. } = self;
        let found = retrieved.get_or_try_insert(key, async |by| {
            let key = by.scores.clone();
            let scored =
                scores(understanding, systems, scored, (laid, &laid_by), stock, key).await?;
            let (understood, lexicon) = understanding.of(stock, &by.query).await?;
            let ScoredBy { request, settings, .. } = &by.scores;
            let asked = Asked { stock, request, understood, settings };
            let system = systems.chosen(settings);
            let tree = match by.tree.clone() {
                Some((of, beam)) => Some((tree(system, laid, built, of, stock).await?, beam)),
                None => None,
            };
            let query = if tree.is_some() { system.query(asked).await? } else { Vec::new() };
            let sigma = sigma(settings);
            let look = |passes: &dyn Fn(ProductId) -> bool| {
                let looked = tree.map(|(tree, beam)| tree.look(&query, sigma, beam, passes));
                Ok(looked.transpose()?)
            };
            let on_sale = on_sale.get_or_insert(by.day, |day| stock.on_sale(*day).into()).clone();
            draw(asked, lexicon, scored, look, on_sale, &by.settings)
        });
        Ok((found.await?.clone(), kept))
    }

    /// What is measured of the last draw, by a clock that tells milliseconds, and of those before it: one more
    /// search of this visit. None where it went down no tree.
    pub fn measured(&mut self, clock: &dyn Fn() -> f64) -> Option<Block> {
        let Self { retrieved, visit, .. } = self;
        let (by, retrieval) = retrieved.last()?;
        let (looked, recall) = retrieval.looked()?;
        if let Some(recall) = recall {
            visit.note(by, recall);
        }
        Some(visit.block(by, looked, clock))
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
        settings: &Settings,
        product: ProductId,
    ) -> Result<(&'static [&'static str], Vec<f32>), StageError> {
        let (understood, _) = self.understanding.of(stock, &request.query).await?;
        let asked = Asked { stock, request, understood, settings };
        let coalitions = self.systems.chosen(settings).coalitions(asked, product).await?;
        Ok((registry::retriever(settings).reads, coalitions))
    }

    /// What each part of the chosen retriever makes of a product, whose chance among all that is on
    /// sale is `chance`.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn watch(
        &mut self,
        stock: &Stock,
        request: &Request,
        settings: &Settings,
        product: ProductId,
        chance: f32,
    ) -> Result<Vec<Activity>, StageError> {
        let (understood, _) = self.understanding.of(stock, &request.query).await?;
        let asked = Asked { stock, request, understood, settings };
        self.systems.chosen(settings).watch(asked, product, chance).await
    }

    /// The item vectors and the query vector in two dimensions; none where there are none.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn map(
        &mut self,
        stock: &Stock,
        request: &Request,
        settings: &Settings,
    ) -> Result<Option<Map>, StageError> {
        let logged = stock.catalogue.logged();
        let (retrieved, _) = self.draw(stock, request, settings).await?;
        let candidates = retrieved.candidates.iter().map(|candidate| candidate.product);
        let others: Vec<ProductId> = candidates.filter(|p| *p as usize >= logged).collect();
        let (understood, _) = self.understanding.of(stock, &request.query).await?;
        let asked = Asked { stock, request, understood, settings };
        let system = self.systems.chosen(settings);
        let (query, items) = (system.query(asked).await?, system.items(stock, settings).await?);
        if items.is_empty() {
            return Ok(None);
        }
        let by = system.mapped_by(settings);
        let spanning = if by == *settings { None } else { Some(system.items(stock, &by).await?) };
        let axes = axes(spanning.as_ref().unwrap_or(&items), logged);
        let mut points = axes.points(&items);
        if !others.is_empty() {
            points.extend(axes.points(&system.newcomers(stock, settings, &others).await?));
        }
        let query = axes.points(&query);
        let at = |n: usize| query.get(n).copied().unwrap_or(0.0);
        let variance = axes.variance;
        Ok(Some(Map { points, others, query: (at(0), at(1)), variance }))
    }
}

/// Whether a tree is searched in place of every product.
fn searches_tree(settings: &Settings) -> bool {
    SearchedIn::of(settings) == SearchedIn::Tree && registry::retriever(settings).has_vectors
}

/// The tree of a retriever's vectors, which is built where it is not there yet.
async fn tree<'a>(
    system: &mut dyn Retrieves,
    laid: &mut Laid,
    built: &'a mut Built,
    by: BuiltBy,
    stock: &Stock,
) -> Result<&'a Arc<Tree>, StageError> {
    let exact = laid.whole(system, &by.laid, stock).await?;
    // Whoever asks for it has had it prepared.
    let mut nowhere = Storage::default();
    while !built.holds(&by) {
        built.step(by.clone(), &exact, &mut nowhere).await?;
    }
    built.last().ok_or_else(|| StageError::Device("a tree was built for nothing".into()))
}

/// Whether settings search the rows of every product: those of newcomers, and a tree of all.
fn needs_rows(stock: &Stock, settings: &Settings) -> bool {
    let has_newcomers = stock.catalogue.newcomers > 0;
    registry::retriever(settings).has_vectors && (has_newcomers || searches_tree(settings))
}

/// The scores of all products by what they hang on.
async fn scores<'a>(
    understanding: &mut Understanding,
    systems: &mut Systems,
    scored: &'a mut Stage<ScoredBy, Scored>,
    (laid, laid_by): (&mut Laid, &LaidBy),
    stock: &Stock,
    by: ScoredBy,
) -> Result<&'a Scored, StageError> {
    let scored = scored.get_or_try_insert(by, async |ScoredBy { request, settings, .. }| {
        let (understood, _) = understanding.of(stock, &request.query).await?;
        // It is shown nothing but what the key names.
        let asked = Asked { stock, request, understood, settings };
        let system = systems.chosen(settings);
        let mut scored = system.score(asked).await?;
        let logged = stock.catalogue.logged();
        if stock.catalogue.newcomers > 0 && registry::retriever(settings).has_vectors {
            let query = system.query(asked).await?;
            let exact = laid.whole(system, laid_by, stock).await?;
            let newcomers = laid::scores(&exact, &query, sigma(settings), logged)?;
            scored.scores = [&*scored.scores, &newcomers].concat().into();
        }
        Ok(scored)
    });
    scored.await
}

/// Fetches files and has a retriever read them.
async fn fetched(
    system: &mut dyn Retrieves,
    names: &[String],
    (manifest, source): (&Manifest, &impl AssetSource),
    stock: &Stock,
    device: &Device,
) -> Result<(), AssetError> {
    if names.is_empty() {
        return Ok(());
    }
    let files = manifest.several(source, names).await?;
    system.read(names, &files, stock, device)
}

/// How much the logarithm of a price counts: 0 where expected sales are not searched for.
fn sigma(settings: &Settings) -> f32 {
    if settings.is_on(&GMV) { settings.number(&SIGMA) } else { 0.0 }
}

/// The precision that the index is asked for.
fn precision(settings: &Settings) -> Precision {
    if settings.is_on(&QUANTISED) { Precision::Int8 } else { Precision::F32 }
}

/// Scores of a newcomer whose vector is `item`, `[1, D]`, for some queries, `[Q, D]`: `[Q, 1]`.
fn newcomer_scores(
    queries: Tensor<2>,
    item: Tensor<2>,
    stock: &Stock,
    settings: &Settings,
    product: ProductId,
) -> Tensor<2> {
    let price = gmv::ln_price(stock.prices_cents[product as usize]);
    queries.matmul(item.transpose()) + sigma(settings) * price
}

/// Vectors of queries as the index is asked for them: with sigma where expected sales are searched for.
fn searched_by(queries: Tensor<2>, settings: &Settings) -> Tensor<2> {
    if settings.is_on(&GMV) {
        gmv::extend_queries(queries, settings.number(&SIGMA))
    } else {
        queries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_retriever_that_learns_can_be_read_from_what_was_learned() {
        let learn = registry::RETRIEVERS.into_iter().filter(|of| of.learns.is_some());
        assert_eq!(learn.collect::<Vec<_>>(), LEARN.map(|reads| reads.of));
        for reads in LEARN {
            let settings = Settings::default().with(&RETRIEVER, reads.of.value());
            let learned = reads.of.learns.map(|learning| learning.variant(&settings));
            let file = learned.as_ref().and_then(file);
            assert_eq!(file, Some((reads.file)(&settings)), "{:?}", reads.of);
        }
    }

    #[test]
    fn every_retriever_of_the_registry_has_a_line_under_its_own_name() {
        let others = others().map(|(system, _)| system);
        let known = [&[&systems::moppr::RETRIEVER][..], &others].concat();
        assert_eq!(known, registry::RETRIEVERS);
    }
}
