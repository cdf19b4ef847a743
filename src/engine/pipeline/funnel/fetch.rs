//! What the stages stand on: which files are fetched when, and which retriever and ranker are in use.

use std::collections::BTreeMap;

use burn::tensor::Device;

use super::resize::Forbearing;
use super::{Funnel, Halt, failed};
use crate::pipeline::assets::{AssetError, AssetSource, Manifest, damaged, refused};
use crate::pipeline::coarse::Coarse;
use crate::pipeline::kept::Storage;
use crate::pipeline::rank::{self, Ranks};
use crate::pipeline::retrieve::{self, Retriever};
use crate::pipeline::stock::{self, Stock};
use crate::pipeline::views::Views;
use link::State;
use market::language::Message;
use nets::models::weights::WeightsError;
use protocol::{Backend, Notice, Opened, Shop};
use systems::knob::{Knob, Settings};
use systems::registry;
use systems::shared::{COARSE, RANKER, RETRIEVER, RETRIEVER_WEIGHTS, ShopSize, WEIGHTS, Weights};

/// Names of the files that a first ranking needs, in the order in which they are read.
pub fn first_files() -> Vec<String> {
    let names = stock::FILES.iter().chain(&retrieve::FILES).map(|name| (*name).to_owned());
    names.chain(rank::file(&Settings::default())).collect()
}

impl<S: AssetSource> Funnel<S> {
    /// Loads what the first ranking needs. `on_shop` is given the shop as soon as it is read.
    ///
    /// # Errors
    /// A notice for the person where a file is missing, damaged or of another version.
    pub async fn load(
        backend: Backend,
        device: Device,
        source: S,
        on_shop: impl FnOnce(Shop),
    ) -> Result<Self, Notice> {
        let manifest = Manifest::fetch(&source).await.map_err(notice_of_asset)?;
        let first = Settings::default();
        let stock = Stock::fetch(&manifest, &source, on_shop);
        // What can be laid out is, while the rest is on its way.
        let retrieval = async {
            let files = manifest.all(&source, retrieve::FILES);
            let (stock, files) = futures::try_join!(stock, files).map_err(notice_of_asset)?;
            let mut retriever =
                Retriever::read(&files, &stock, &device).map_err(notice_of_asset)?;
            retriever.lay_out(&stock, &first).await.map_err(failed)?;
            Ok((stock, retriever))
        };
        let ranker =
            async { weights_of(&first, &manifest, &source).await.map_err(notice_of_asset) };
        let ((stock, retriever), bytes) = futures::try_join!(retrieval, ranker)?;
        let ranker = ranker_of(&first, &bytes, &stock, &device).map_err(notice_of_asset)?;
        Ok(Self {
            backend,
            device,
            source,
            manifest,
            stock,
            retriever,
            retrieving: Settings::default(),
            coarse: Coarse::default(),
            ranking: Settings::default(),
            ranker,
            resting: Vec::new(),
            brought: BTreeMap::new(),
            outweighed: false,
            views: None,
            size: ShopSize::Shipped,
            unfinished: None,
            storage: Storage::default(),
        })
    }

    /// Fetches what later runs will want: called when nothing else is waited for.
    pub async fn fetch_behind(&mut self) {
        // What fails here is said when it is asked for.
        let _ = self.fetch_objectives(&self.retrieving.clone(), true).await;
        let _ = self.fetch_words().await;
    }

    /// Makes ready to answer many requests as a state does.
    ///
    /// # Errors
    /// A notice where something that the state needs is missing or damaged.
    pub async fn make_ready(&mut self, state: &State) -> Result<(), Notice> {
        if let Some(notice) = Halt::told(self.resize(state, &Forbearing).await)?.flatten() {
            return Err(notice);
        }
        self.fetch_all(state).await.into_iter().next().map_or(Ok(()), Err)
    }

    /// Fetches the weights and words that a state and its query need and that are not here yet. What
    /// cannot be had is said, and the last that worked goes on.
    pub(super) async fn fetch_what_is_asked(
        &mut self,
        state: &State,
        query: Option<&str>,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        // Learned towers are one set: there are no copies to mix.
        if !self.has_towers(&state.settings)
            && let Err(error) = self.fetch_objectives(&state.settings, false).await
        {
            notices.push(notice_of_asset(error));
        }
        if query.is_some_and(|query| self.retriever.waits_for_words(query, &self.stock))
            && let Err(error) = self.fetch_words().await
        {
            notices.push(notice_of_asset(error));
        }
        let mut going_on = |system: &str, result: Result<(), AssetError>| {
            if let Err(error) = result {
                let Notice { key, says } = notice_of_asset(error);
                let system = Message::new(system);
                let says = Message::new(word!("notices.goes-on"))
                    .with("said", says)
                    .with("system", system);
                notices.push(Notice { key, says });
            }
        };
        going_on(word!("systems.retriever"), self.choose_retriever(&state.settings).await);
        if state.settings.is_on(&COARSE) {
            let (manifest, source, stock) = (&self.manifest, &self.source, &self.stock);
            let (retriever, device) = (&self.retriever, &self.device);
            let fetched = self.coarse.fetch(manifest, source, stock, retriever, device).await;
            going_on(word!("systems.cascade"), fetched);
        }
        going_on(word!("systems.ranker"), self.choose_ranker(&state.settings).await);
        notices
    }

    /// Fetches whatever a state may need: what was asked before must change no answer, so everything
    /// is here from the first on. Says what is missing.
    pub(super) async fn fetch_all(&mut self, state: &State) -> Vec<Notice> {
        let mut notices = self.fetch_what_is_asked(state, None).await;
        let objectives = self.fetch_objectives(&self.retrieving.clone(), true).await;
        let words = self.fetch_words().await;
        let missing = [objectives, words].into_iter().filter_map(Result::err);
        notices.extend(missing.map(notice_of_asset));
        notices.extend(self.lacks_towers(&state.settings));
        notices.extend(self.lacks_weights(&state.settings));
        notices
    }

    /// The held-out page views, out of their place.
    pub(super) async fn fetch_views(&mut self) -> Result<Views, AssetError> {
        match self.views.take() {
            Some(views) => Ok(views),
            None => {
                let newcomers = self.truths().await?;
                Views::fetch(&self.manifest, &self.source, &self.stock, newcomers).await
            }
        }
    }

    /// Puts a retriever to use, with learned towers where those are asked for and there are some. Where they
    /// can't be read, it retrieves with what ships.
    async fn choose_retriever(&mut self, settings: &Settings) -> Result<(), AssetError> {
        let asked = settings.only(&of_retriever(settings));
        let shipped = asked.clone().with(&RETRIEVER_WEIGHTS, Weights::Shipped.value());
        if !self.has_towers(&asked) {
            return self.use_retriever(shipped).await;
        }
        let learned = self.use_learned(asked);
        if learned.is_err() {
            self.use_retriever(shipped).await?;
        }
        learned
    }

    /// Puts a retriever to use that ships.
    async fn use_retriever(&mut self, wanted: Settings) -> Result<(), AssetError> {
        let files = (&self.manifest, &self.source);
        self.retriever.fetch(&wanted, files, &self.stock, &self.device).await?;
        self.retrieving = wanted;
        Ok(())
    }

    /// Puts a retriever to use with the towers that were brought for it. Those that can't be read are not
    /// kept.
    fn use_learned(&mut self, wanted: Settings) -> Result<(), AssetError> {
        let brought = retrieve::file(&wanted).and_then(|name| self.brought.remove_entry(name));
        let Some((name, bytes)) = brought else { return Ok(()) };
        let read = self.retriever.learn(&wanted, &bytes, &self.stock, &self.device);
        read.map_err(|error| refused(&name, error))?;
        self.brought.insert(name, bytes);
        self.retrieving = wanted;
        Ok(())
    }

    /// Fetches what the weights of a retriever's objectives hang on; with `all`, however they stand.
    async fn fetch_objectives(&mut self, settings: &Settings, all: bool) -> Result<(), AssetError> {
        let files = (&self.manifest, &self.source);
        self.retriever.fetch_behind(settings, all, files, &self.stock, &self.device).await
    }

    /// Puts a ranker to use, with learned weights where those are asked for and there are some. Where they
    /// can't be read, it ranks with what ships.
    async fn choose_ranker(&mut self, settings: &Settings) -> Result<(), AssetError> {
        let asked = settings.only(&of_ranker(settings));
        let shipped = asked.clone().with(&WEIGHTS, Weights::Shipped.value());
        if !self.has_learned(&asked) {
            return self.use_ranker(shipped).await;
        }
        let used = self.use_ranker(asked).await;
        if used.is_err() {
            self.use_ranker(shipped).await?;
        }
        used
    }

    /// Puts a ranker to use; the one before rests.
    async fn use_ranker(&mut self, wanted: Settings) -> Result<(), AssetError> {
        if wanted == self.ranking && !self.outweighed {
            return Ok(());
        }
        let ranker = match self.resting.iter().position(|(resting, _)| *resting == wanted) {
            Some(place) => self.resting.swap_remove(place).1,
            None => self.read_ranker(&wanted).await?,
        };
        let before = std::mem::replace(&mut self.ranker, ranker);
        let ranking = std::mem::replace(&mut self.ranking, wanted);
        if !std::mem::take(&mut self.outweighed) {
            self.resting.push((ranking, before));
        }
        Ok(())
    }

    /// The ranker that is chosen, of learned weights or of those that ship.
    pub(super) async fn read_ranker(
        &mut self,
        wanted: &Settings,
    ) -> Result<Box<dyn Ranks>, AssetError> {
        let learned = rank::file(wanted).filter(|_| is_learned(wanted));
        let Some((name, bytes)) = learned.and_then(|name| self.brought.remove_entry(&name)) else {
            let bytes = weights_of(wanted, &self.manifest, &self.source).await?;
            return ranker_of(wanted, &bytes, &self.stock, &self.device);
        };
        // Those that can't be read are not kept.
        let read = ranker_of(wanted, &bytes, &self.stock, &self.device);
        if read.is_ok() {
            self.brought.insert(name, bytes);
        }
        read
    }

    pub(super) async fn fetch_words(&mut self) -> Result<(), AssetError> {
        if self.stock.words.len() == self.stock.words.vocabulary_len() {
            return Ok(());
        }
        let name = stock::MORE_WORD_VECTORS;
        let more = self.manifest.file(&self.source, name).await?;
        self.stock.words.extend(&more).map_err(|error| damaged(name, error))?;
        self.retriever.words_changed();
        self.coarse.words_changed();
        self.ranker.words_changed();
        self.resting.iter_mut().for_each(|(_, ranker)| ranker.words_changed());
        Ok(())
    }
}

impl<S> Funnel<S> {
    /// Brings learned weights in place of a file's, for states that ask for such; without any, takes back
    /// those that were brought. Those that can't be read are told of when they are asked for.
    pub fn weigh(&mut self, file: &str, weights: Option<Vec<u8>>) {
        match weights {
            Some(weights) => drop(self.brought.insert(file.into(), weights)),
            None => drop(self.brought.remove(file)),
        }
        let was_read = |settings: &Settings| {
            is_learned(settings) && rank::file(settings).as_deref() == Some(file)
        };
        self.resting.retain(|(settings, _)| !was_read(settings));
        self.outweighed |= was_read(&self.ranking);
        self.retriever.unlearn(file);
    }

    /// What a file of weights is of: a ranker's, or those of a retriever that learns.
    ///
    /// # Errors
    /// A notice that says what is wrong with it.
    pub fn open(&self, bytes: &[u8]) -> Result<Opened, Notice> {
        let opened = match rank::open(bytes, &self.stock, &self.device) {
            Err(WeightsError::Model { .. }) => retrieve::open(bytes, &self.stock, &self.device),
            opened => opened,
        };
        opened.map_err(|error| rank::refused(bytes, &error))
    }

    /// What a file of a ranker's weights is of.
    ///
    /// # Errors
    /// As [`Self::open`], and where it is of no ranker.
    pub fn open_ranker(&self, bytes: &[u8]) -> Result<Opened, Notice> {
        rank::open(bytes, &self.stock, &self.device).map_err(|error| rank::refused(bytes, &error))
    }

    /// Whether there are learned towers for the retriever that is chosen. They are for the shop that ships: a
    /// larger one's vectors take seconds, and would be laid out anew at each look at a model that learns.
    pub(super) fn has_towers_here(&self, settings: &Settings) -> bool {
        let is_brought = |file: &str| self.brought.contains_key(file);
        self.stock.catalogue.newcomers == 0 && retrieve::file(settings).is_some_and(is_brought)
    }

    /// Whether there are such and they are asked for.
    fn has_towers(&self, settings: &Settings) -> bool {
        asks_towers(settings) && self.has_towers_here(settings)
    }

    /// That learned towers are asked for and can't be had, if so.
    fn lacks_towers(&self, settings: &Settings) -> Option<Notice> {
        let learns = retrieve::file(settings).is_some();
        let lacks = asks_towers(settings) && learns && !self.has_towers_here(settings);
        lacks.then(|| match self.stock.catalogue.newcomers {
            0 => Notice::new(word!("notices.towers-missing")),
            _ => Notice::new(word!("notices.towers-shop")),
        })
    }

    /// With whose towers a state is retrieved, where it asks for learned ones.
    pub(super) fn about_towers(&self, settings: &Settings) -> Option<Notice> {
        let learned = self.has_towers(settings).then(|| Notice::new(word!("notices.towers")));
        learned.or_else(|| self.lacks_towers(settings))
    }

    /// Whether there are learned weights for the ranker that is chosen.
    pub(super) fn is_learned_here(&self, settings: &Settings) -> bool {
        rank::file(settings).is_some_and(|file| self.brought.contains_key(&file))
    }

    /// Whether there are such and they are asked for.
    fn has_learned(&self, settings: &Settings) -> bool {
        is_learned(settings) && self.is_learned_here(settings)
    }

    /// That learned weights are asked for and there are none, if so.
    pub(super) fn lacks_weights(&self, settings: &Settings) -> Option<Notice> {
        let lacks = is_learned(settings)
            && rank::file(settings).is_some()
            && !self.is_learned_here(settings);
        lacks.then(|| Notice::new(word!("notices.learned-missing")))
    }

    /// With whose weights a state is ranked, where it asks for learned ones.
    pub(super) fn about_weights(&self, settings: &Settings) -> Option<Notice> {
        let learned = self.has_learned(settings).then(|| Notice::new(word!("notices.learned")));
        learned.or_else(|| self.lacks_weights(settings))
    }

    /// Settings of the systems and networks in use: others may not have arrived.
    pub(super) fn settings_in_use(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for (in_use, knobs) in [
            (&self.retrieving, of_retriever(&self.retrieving)),
            (&self.ranking, of_ranker(&self.ranking)),
        ] {
            knobs.into_iter().for_each(|knob| settings.set(knob, in_use.number(knob)));
        }
        settings
    }
}

/// Whether learned towers are asked for.
fn asks_towers(settings: &Settings) -> bool {
    Weights::of_retriever(settings) == Weights::Learned
}

/// What decides which retriever is in use, which of its networks, and with which weights.
fn of_retriever(settings: &Settings) -> Vec<&'static Knob> {
    [&[&RETRIEVER, &RETRIEVER_WEIGHTS], registry::retriever(settings).networks].concat()
}

/// Whether learned weights are asked for.
fn is_learned(settings: &Settings) -> bool {
    Weights::of(settings) == Weights::Learned
}

/// What decides which ranker is in use, which of its networks, and with which weights.
fn of_ranker(settings: &Settings) -> Vec<&'static Knob> {
    [&[&RANKER, &WEIGHTS], registry::ranker(settings).networks].concat()
}

/// Weights of the ranker that is chosen; nothing where there is none.
async fn weights_of(
    settings: &Settings,
    manifest: &Manifest,
    source: &impl AssetSource,
) -> Result<Vec<u8>, AssetError> {
    match rank::file(settings) {
        Some(name) => manifest.file(source, &name).await,
        None => Ok(Vec::new()),
    }
}

/// The ranker that is chosen, of its weights.
fn ranker_of(
    settings: &Settings,
    bytes: &[u8],
    stock: &Stock,
    device: &Device,
) -> Result<Box<dyn Ranks>, AssetError> {
    rank::read(settings, bytes, stock, device)
        .map_err(|error| refused(&rank::file(settings).unwrap_or_default(), error))
}

pub(super) fn notice_of_asset(error: AssetError) -> Notice {
    Notice { key: format!("asset-{}", error.name()), says: error.said() }
}
