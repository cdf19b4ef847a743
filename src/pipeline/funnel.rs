//! One state through all stages to an answer.

use burn::tensor::Device;

use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::blend;
use super::caller::Caller;
use super::coarse::Coarse;
use super::evaluate::{Outcome, Views};
use super::rank::{Ranker, Variant};
use super::request::{Request, unknown_product};
use super::retrieve::{self, Retrieval, Retriever};
use super::stock::{self, QueryCount, Stock};
use super::{StageError, rank};
use crate::features::dense::QueryMatch;
use crate::language::Message;
use crate::market::catalogue::ProductId;
use crate::market::history::PageDevice;
use crate::market::truth;
use crate::metrics::measure::Values;
use crate::protocol::{
    Answer, Backend, Candidate, Evaluated, Examination, Gating, HistoryEntry, Notice, Shop,
    StageTime,
};
use crate::share::{self, RankingKnobs, RetrievalKnobs, State, TrainingStage};

/// Places for which the examination curve is shown.
const EXAMINED: usize = 60;

/// Names of the files that a first ranking needs, in the order in which they are read.
pub fn first_files() -> Vec<String> {
    let names = stock::FILES.iter().chain(&retrieve::FILES).map(|name| (*name).to_owned());
    names.chain([Variant::of(&State::default()).file()]).collect()
}

/// The funnel: what is on sale, the models, and the last answer of each stage.
pub struct Funnel<S> {
    backend: Backend,
    device: Device,
    source: S,
    manifest: Manifest,
    stock: Stock,
    retriever: Retriever,
    /// The retriever in use, and at which stage of training.
    retrieving: (share::Retriever, TrainingStage),
    coarse: Coarse,
    variant: Variant,
    ranker: Ranker,
    /// Rankers that were in use before: going back to one need not wait for its weights again.
    resting: Vec<(Variant, Ranker)>,
    /// The held-out page views, once they were asked for.
    views: Option<Views>,
}

/// What retrieval and ranking made of a request.
struct Ranking {
    retrieved: Retrieval,
    gatings: Vec<Gating>,
    candidates: Vec<Candidate>,
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
        let variant = Variant::of(&State::default());
        let file = variant.file();
        let stock = async {
            let stock = Stock::fetch(&manifest, &source).await?;
            on_shop(shop(&stock));
            Ok(stock)
        };
        // What can be laid out is, while the rest is on its way.
        let retrieval = async {
            let files = manifest.all(&source, retrieve::FILES);
            let (stock, files) = futures::try_join!(stock, files).map_err(notice_of_asset)?;
            let mut retriever =
                Retriever::read(&files, &stock, &device).map_err(notice_of_asset)?;
            retriever.lay_out(&stock, &State::default().retrieval).await.map_err(failed)?;
            Ok((stock, retriever))
        };
        let ranker = async { manifest.file(&source, &file).await.map_err(notice_of_asset) };
        let ((stock, retriever), bytes) = futures::try_join!(retrieval, ranker)?;
        let ranker = Ranker::read(variant, &bytes, &stock, &device)
            .map_err(|error| notice_of_asset(damaged(&file, error)))?;
        Ok(Self {
            backend,
            device,
            source,
            manifest,
            stock,
            retriever,
            retrieving: (share::Retriever::Moppr, TrainingStage::default()),
            coarse: Coarse::default(),
            variant,
            ranker,
            resting: Vec::new(),
            views: None,
        })
    }

    /// What is on sale and who shops.
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Fetches what later runs will want: called when nothing else is waited for.
    pub async fn fetch_behind(&mut self) {
        // What fails here is said when it is asked for.
        let _ = self.retriever.fetch_objectives(&self.manifest, &self.source).await;
        let _ = self.fetch_words().await;
    }

    /// Computes a state; none if the caller lost interest on the way.
    ///
    /// # Errors
    /// A notice for the person where the device failed.
    pub async fn run(
        &mut self,
        run: u64,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<Answer>, Notice> {
        let mut notices = self.fetch_what_is_asked(state).await;
        let products = self.stock.catalogue.products.len();
        let Some((mut request, about)) = Request::new(state, &self.stock.shoppers, products) else {
            return Err(notice_of_asset(damaged(stock::SHOPPERS, "it holds no shopper")));
        };
        notices.extend(about);
        if let Some(query) = &request.query
            && let Some(mended) = self.stock.mended(query)
        {
            notices.push(read_as(query, &mended));
            request.query = Some(mended);
        }
        let mut clock = Clock::new(caller);
        let Some(ranking) = self.rank(&request, state, &mut clock).await? else {
            return Ok(None);
        };
        if !caller.still_wanted().await {
            return Ok(None);
        }
        let Ranking { retrieved, gatings, mut candidates } = ranking;

        clock.start();
        let size = state.page.size.max(1) as usize;
        let (order, kept) = self.place(&mut candidates, state).await?;
        let shown = &order[..order.len().min(size)];
        let ranker = &mut self.ranker;
        let learned =
            ranker.examination(&self.stock, shown, EXAMINED, size).await.map_err(failed)?;
        clock.stage("bias", kept);

        clock.start();
        let mut detail = None;
        if let Some(product) = state.selected {
            detail = self
                .ranker
                .explain(&self.stock, &request, product, &order, size)
                .await
                .map_err(failed)?;
            if !self.stock.sells(product) {
                notices.push(unknown_product(product));
            }
            clock.stage("explain", false);
        }

        Ok(Some(Answer {
            run,
            backend: self.backend,
            retriever: self.retrieving.0,
            ranker: self.variant.system(),
            timings: clock.stages,
            notices,
            history: history(&request, &retrieved),
            retrieval: retrieved.insides,
            gatings,
            candidates,
            examination: Examination { learned, truth: true_examination(size, state.page.device) },
            detail,
        }))
    }

    /// Measures a state on some held-out page views: those on its surface from number `from` on,
    /// `count` of them at most. What is missing or fails is said in the answer, which then has no
    /// values: those of another system would be taken for this one's.
    pub async fn evaluate(
        &mut self,
        job: u64,
        state: &State,
        from: u32,
        count: u32,
        caller: &impl Caller,
    ) -> Evaluated {
        let mut evaluated = Evaluated { job, ..Evaluated::default() };
        evaluated.notices = self.fetch_what_is_asked(state).await;
        // What was asked before must change no value: everything is here from the first view on.
        let objectives = self.retriever.fetch_objectives(&self.manifest, &self.source).await;
        let words = self.fetch_words().await;
        let missing = [objectives, words].into_iter().filter_map(Result::err);
        evaluated.notices.extend(missing.map(notice_of_asset));
        let mut views = match self.views.take() {
            Some(views) => views,
            None => match Views::fetch(&self.manifest, &self.source, &self.stock).await {
                Ok(views) => views,
                Err(error) => {
                    evaluated.notices.push(notice_of_asset(error));
                    return evaluated;
                }
            },
        };
        let on_surface = views.on(state.surface);
        evaluated.views = on_surface.len() as u32;
        if evaluated.notices.is_empty() {
            for &view in on_surface.iter().skip(from as usize).take(count as usize) {
                match self.evaluate_view(&mut views, view, state, caller).await {
                    Ok(Some(values)) => evaluated.values.push(values),
                    // Nobody waits any more.
                    Ok(None) => break,
                    Err(notice) => {
                        evaluated.notices.push(notice);
                        evaluated.values.clear();
                        break;
                    }
                }
            }
        }
        self.views = Some(views);
        evaluated
    }

    async fn evaluate_view(
        &mut self,
        views: &mut Views,
        view: usize,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<Values>, Notice> {
        let mut request = views.request(view);
        if let Some(mended) = request.query.as_ref().and_then(|query| self.stock.mended(query)) {
            request.query = Some(mended);
        }
        let Some(ranking) = self.rank(&request, state, &mut Clock::new(caller)).await? else {
            return Ok(None);
        };
        let mut candidates = ranking.candidates;
        if state.ranking.bias_at_serving {
            self.place(&mut candidates, state).await?;
        }
        let tasks = self.variant.system().tasks();
        let order = blend::order(&candidates, tasks, &state.ranking);
        let outcome = Outcome { candidates: &candidates, order: &order, tasks };
        Ok(Some(views.measure(&self.stock.catalogue, view, outcome, state)))
    }

    /// Retrieves, cuts and ranks for a request, with the systems in use; none if the caller lost
    /// interest on the way. The bias is not there yet.
    async fn rank<C: Caller>(
        &mut self,
        request: &Request,
        state: &State,
        clock: &mut Clock<'_, C>,
    ) -> Result<Option<Ranking>, Notice> {
        let (system, stage) = self.retrieving;
        let knobs = RetrievalKnobs { stage, ..state.retrieval.clone() };
        let (mut retrieved, kept) =
            self.retriever.retrieve(&self.stock, request, system, &knobs).await.map_err(failed)?;
        clock.stage("retrieve", kept);
        if !clock.caller.still_wanted().await {
            return Ok(None);
        }
        if knobs.coarse {
            clock.start();
            let (stock, retriever) = (&self.stock, &mut self.retriever);
            let cut = self.coarse.cut(stock, retriever, request, &knobs, &mut retrieved);
            let kept = cut.await.map_err(failed)?;
            clock.stage("coarse", kept);
        }

        clock.start();
        match self.ranker.prepare(&self.stock, &state.ranking, clock.caller).await {
            Some(true) => clock.stage("prepare", false),
            Some(false) => {}
            None => return Ok(None),
        }
        let kept = self.ranker.encode(&self.stock, request);
        clock.stage("encode", kept);
        let candidates: Vec<_> = retrieved.candidates.iter().map(|c| c.product).collect();
        let query =
            QueryMatch { cosine: &retrieved.cosines, product_types: &retrieved.product_types };
        let (scored, kept) = self
            .ranker
            .rank(&self.stock, request, query, &candidates, &state.ranking)
            .await
            .map_err(failed)?;
        clock.stage("rank", kept);
        let gatings = scored.gatings.clone();
        let candidates = joined(&retrieved, scored);
        Ok(Some(Ranking { retrieved, gatings, candidates }))
    }

    /// Gives each candidate the bias of the place it takes; the order that says which place that
    /// is, and whether the last run's bias served.
    async fn place(
        &mut self,
        candidates: &mut [Candidate],
        state: &State,
    ) -> Result<(Vec<ProductId>, bool), Notice> {
        // The place a product stands at follows from the order without the bias (equation 6).
        let unbiased = RankingKnobs { bias_at_serving: false, ..state.ranking.clone() };
        let places = blend::order(candidates, self.variant.system().tasks(), &unbiased);
        let order: Vec<_> =
            places.iter().map(|place| candidates[place.candidate].product).collect();
        let size = state.page.size.max(1) as usize;
        let (bias, kept) = self.ranker.bias(&self.stock, &order, size).await.map_err(failed)?;
        for (place, bias) in places.iter().zip(bias) {
            candidates[place.candidate].bias = bias;
        }
        Ok((order, kept))
    }

    /// Fetches the weights and words that a state needs and that are not here yet. What cannot
    /// be had is said, and the last that worked goes on.
    async fn fetch_what_is_asked(&mut self, state: &State) -> Vec<Notice> {
        let mut notices = Vec::new();
        let [first, others @ ..] = state.retrieval.weights;
        if others.iter().any(|&weight| weight != first)
            && let Err(error) = self.retriever.fetch_objectives(&self.manifest, &self.source).await
        {
            notices.push(notice_of_asset(error));
        }
        if !self.stock.words.has_all(&state.query)
            && let Err(error) = self.fetch_words().await
        {
            notices.push(notice_of_asset(error));
        }
        let mut going_on = |system: &str, result: Result<(), AssetError>| {
            if let Err(error) = result {
                let Notice { key, says } = notice_of_asset(error);
                let system = Message::new(system);
                let says =
                    Message::new("notices.goes-on").with("said", says).with("system", system);
                notices.push(Notice { key, says });
            }
        };
        going_on(
            "systems.retriever",
            self.choose_retriever(state.retriever, &state.retrieval).await,
        );
        if state.retrieval.coarse {
            let (manifest, source, stock) = (&self.manifest, &self.source, &self.stock);
            let (retriever, device) = (&self.retriever, &self.device);
            let fetched = self.coarse.fetch(manifest, source, stock, retriever, device).await;
            going_on("systems.cascade", fetched);
        }
        going_on("systems.ranker", self.choose_ranker(Variant::of(state)).await);
        notices
    }

    /// Puts a retriever to use.
    async fn choose_retriever(
        &mut self,
        retriever: share::Retriever,
        knobs: &RetrievalKnobs,
    ) -> Result<(), AssetError> {
        let files = (&self.manifest, &self.source);
        self.retriever.fetch(retriever, knobs, files, &self.stock, &self.device).await?;
        self.retrieving = (retriever, knobs.stage);
        Ok(())
    }

    /// Puts a ranker to use; the one before rests.
    async fn choose_ranker(&mut self, variant: Variant) -> Result<(), AssetError> {
        if variant == self.variant {
            return Ok(());
        }
        let ranker = match self.resting.iter().position(|(resting, _)| *resting == variant) {
            Some(place) => self.resting.swap_remove(place).1,
            None => {
                let name = variant.file();
                let bytes = self.manifest.file(&self.source, &name).await?;
                Ranker::read(variant, &bytes, &self.stock, &self.device)
                    .map_err(|error| damaged(&name, error))?
            }
        };
        let before = std::mem::replace(&mut self.ranker, ranker);
        self.resting.push((std::mem::replace(&mut self.variant, variant), before));
        Ok(())
    }

    async fn fetch_words(&mut self) -> Result<(), AssetError> {
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

/// What the page needs to show products and shoppers.
fn shop(stock: &Stock) -> Shop {
    Shop {
        catalogue: stock.catalogue.clone(),
        shoppers: stock.shoppers.clone(),
        queries: stock
            .queries
            .iter()
            .filter(|QueryCount(_, _, suggest)| *suggest)
            .map(|QueryCount(query, ..)| query.clone())
            .collect(),
    }
}

fn joined(retrieved: &Retrieval, scored: rank::Scored) -> Vec<Candidate> {
    let mut gates = scored.gates.into_iter();
    retrieved
        .candidates
        .iter()
        .zip(scored.utilities)
        .map(|(candidate, utility)| Candidate {
            product: candidate.product,
            retrieval_score: candidate.score,
            probability: candidate.probability,
            utility,
            gates: gates.next().unwrap_or_default(),
            bias: 0.0,
        })
        .collect()
}

fn history(request: &Request, retrieved: &Retrieval) -> Vec<HistoryEntry> {
    let history = &request.history;
    history
        .events
        .iter()
        .zip(&history.entries)
        .zip(&retrieved.behaviours)
        .map(|((&event, &entry), &attention)| HistoryEntry {
            entry,
            event,
            kept: attention.is_some(),
            attention: attention.unwrap_or(0.0),
        })
        .collect()
}

/// Examination of each place relative to the first, as the market has it.
fn true_examination(page_size: usize, device: PageDevice) -> Vec<f32> {
    let at = |index: usize| truth::examination((index / page_size) as u16, index as u16, device);
    (0..EXAMINED).map(|index| at(index) / at(0)).collect()
}

fn notice_of_asset(error: AssetError) -> Notice {
    Notice { key: format!("asset-{}", error.name()), says: error.said() }
}

fn read_as(query: &str, mended: &str) -> Notice {
    Notice::new("query-mended").with("query", query).with("mended", mended)
}

fn failed(error: StageError) -> Notice {
    Notice::new("device-failed").with("why", error.to_string())
}

/// Times stages by the caller's clock.
struct Clock<'a, C> {
    caller: &'a C,
    since: f64,
    stages: Vec<StageTime>,
}

impl<'a, C: Caller> Clock<'a, C> {
    fn new(caller: &'a C) -> Self {
        Self { caller, since: caller.milliseconds(), stages: Vec::new() }
    }

    fn start(&mut self) {
        self.since = self.caller.milliseconds();
    }

    fn stage(&mut self, stage: &str, cached: bool) {
        let now = self.caller.milliseconds();
        let milliseconds = (now - self.since) as f32;
        self.stages.push(StageTime { stage: stage.into(), milliseconds, cached });
        self.since = now;
    }
}
