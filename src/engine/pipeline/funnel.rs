//! One state through all stages to an answer.

use burn::tensor::Device;

use super::StageError;
use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::caller::Caller;
use super::coarse::Coarse;
use super::evaluate::{Outcome, Views};
use super::rank::{self, Asked, Prepared, Ranks, Shares};
use super::request::{Request, unknown_product};
use super::retrieve::{self, Retrieval, Retriever};
use super::stock::{self, Stock};
use link::State;
use market::catalogue::ProductId;
use market::examination;
use market::features::dense::QueryMatch;
use market::history::PageDevice;
use market::language::Message;
use market::metrics::measure::Values;
use protocol::blend::{self, Predicted, Ranked};
use protocol::{
    Answer, Backend, Candidate, Evaluated, Examination, Gating, HistoryEntry, Notice, Parts,
    Question, Reply, Seat, Shop, StageTime, Told, Trace,
};
use systems::knob::{Knob, Settings};
use systems::registry;
use systems::shared::{BIAS_AT_SERVING, COARSE, RANKER, RETRIEVER};

/// Places for which the examination curve is shown.
const EXAMINED: usize = 60;

/// Names of the files that a first ranking needs, in the order in which they are read.
pub fn first_files() -> Vec<String> {
    let names = stock::FILES.iter().chain(&retrieve::FILES).map(|name| (*name).to_owned());
    names.chain(rank::file(&Settings::default())).collect()
}

/// The funnel: the shop, the models, and the last answer of each stage.
pub struct Funnel<S> {
    backend: Backend,
    device: Device,
    source: S,
    manifest: Manifest,
    stock: Stock,
    retriever: Retriever,
    /// Which retriever is in use, and which of its networks.
    retrieving: Settings,
    coarse: Coarse,
    /// Which ranker is in use, and which of its networks.
    ranking: Settings,
    ranker: Box<dyn Ranks>,
    /// Rankers that were in use before: going back to one need not wait for its weights again.
    resting: Vec<(Settings, Box<dyn Ranks>)>,
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
            views: None,
        })
    }

    /// What is sold and who shops.
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Fetches what later runs will want: called when nothing else is waited for.
    pub async fn fetch_behind(&mut self) {
        // What fails here is said when it is asked for.
        let _ = self.fetch_objectives(&self.retrieving.clone(), true).await;
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
        let (request, about) = self.request(state)?;
        notices.extend(about);
        let mut clock = Clock::new(caller);
        let Some(retrieved) = self.retrieve(&request, state, &mut clock).await? else {
            return Ok(None);
        };
        if retrieved.is_unlikely {
            notices.push(Notice::new(word!("notices.unlikely")).with("query", &*state.query));
        }
        let Some(ranking) = self.rank(&request, retrieved, state, None, &mut clock).await? else {
            return Ok(None);
        };
        if !caller.still_wanted().await {
            return Ok(None);
        }
        let Ranking { retrieved, gatings, mut candidates } = ranking;

        clock.start();
        let size = state.page_size();
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
            if !self.stock.knows(product) {
                notices.push(unknown_product(product));
            } else if !self.stock.catalogue.is_on_sale(product, request.day()) {
                let title = &*self.stock.catalogue.products[product as usize].title;
                notices.push(Notice::new(word!("notices.sold-out")).with("title", title));
            }
            clock.stage("explain", false);
        }

        Ok(Some(Answer {
            run,
            backend: self.backend,
            retriever: registry::retriever(&self.retrieving),
            ranker: registry::ranker(&self.ranking),
            base_rates: self.stock.base_rates(registry::ranker(&self.ranking).tasks),
            timings: clock.stages,
            notices,
            history: history(&request, &retrieved),
            retrieval: retrieved.insides,
            gatings,
            candidates,
            examination: Examination { learned, truth: true_examination(size, state.device()) },
            detail,
        }))
    }

    /// The request that a state makes, its query mended, and what the person should know about it.
    fn request(&self, state: &State) -> Result<(Request, Vec<Notice>), Notice> {
        let (shoppers, catalogue) = (&self.stock.shoppers, &self.stock.catalogue);
        let Some((mut request, mut about)) = Request::new(state, shoppers, catalogue) else {
            return Err(notice_of_asset(damaged(stock::SHOPPERS, "it holds no shopper")));
        };
        if let Some(query) = request.query.take() {
            match self.stock.read(&query) {
                None => request.query = Some(query),
                Some(reading) if reading.text.is_empty() => {
                    about.push(Notice::new(word!("notices.query-unknown")).with("query", query));
                }
                Some(reading) => {
                    about.push(read_as(&query, &reading.text));
                    request.query = Some(reading.text);
                }
            }
        }
        Ok((request, about))
    }

    /// Answers a question about a state. What is missing or fails is said in the answer, which
    /// then holds nothing else: what another system says would be taken for this one's.
    pub async fn ask(
        &mut self,
        job: u64,
        state: &State,
        question: &Question,
        caller: &impl Caller,
    ) -> Told {
        let mut told = Told { job, reply: None, notices: self.fetch_what_is_asked(state).await };
        if told.notices.is_empty() {
            match self.reply(state, question, caller).await {
                Ok(reply) => told.reply = reply,
                Err(notice) => told.notices.push(notice),
            }
        }
        told
    }

    /// The answer to a question; none if the caller lost interest on the way.
    async fn reply(
        &mut self,
        state: &State,
        question: &Question,
        caller: &impl Caller,
    ) -> Result<Option<Reply>, Notice> {
        let (request, _) = self.request(state)?;
        let settings = self.settings(state);
        let unknown = match question {
            Question::Trace { product, .. } | Question::Parts(product) => Some(*product),
            Question::Seats(order) => order.iter().copied().find(|p| !self.stock.knows(*p)),
            Question::Map => None,
        };
        if let Some(product) = unknown.filter(|product| !self.stock.knows(*product)) {
            return Err(unknown_product(product));
        }
        let clock = &mut Clock::new(caller);
        Ok(match question {
            Question::Trace { product, held } => {
                let traced = self.trace(&request, state, *product, *held, clock).await?;
                traced.map(|(trace, _)| Reply::Trace(trace))
            }
            Question::Parts(product) => {
                let parts = self.parts(&request, state, *product, clock).await?;
                parts.map(|parts| Reply::Parts(Box::new(parts)))
            }
            Question::Seats(order) => Some(Reply::Seats(self.seats(&request, state, order).await?)),
            Question::Map => {
                let map = self.retriever.map(&self.stock, &request, &settings);
                let map = map.await.map_err(failed)?;
                Some(Reply::Map(map.ok_or_else(|| Notice::new(word!("notices.no-vectors")))?))
            }
        })
    }

    /// A product's way through the funnel, and what was ranked, with the product among it.
    async fn trace<C: Caller>(
        &mut self,
        request: &Request,
        state: &State,
        product: ProductId,
        held: Option<u32>,
        clock: &mut Clock<'_, C>,
    ) -> Result<Option<(Trace, Ranking)>, Notice> {
        let settings = self.settings(state);
        let retrieved = self.retriever.retrieve(&self.stock, request, &settings);
        let retrieved = retrieved.await.map_err(failed)?;
        let mut passages = retrieved.passages(&self.stock, &settings, product).to_vec();
        if settings.is_on(&COARSE) {
            let (stock, retriever) = (&self.stock, &mut self.retriever);
            let passage =
                self.coarse.passage(stock, retriever, request, &settings, &retrieved, product);
            passages.extend(passage.await.map_err(failed)?);
        }
        let Some(mut retrieved) = self.retrieve(request, state, clock).await? else {
            return Ok(None);
        };
        let lost = retrieved.let_through(product);
        let Some(mut ranking) = self.rank(request, retrieved, state, held, clock).await? else {
            return Ok(None);
        };
        self.place(&mut ranking.candidates, state).await?;
        let candidates = &ranking.candidates;
        let order = self.blend(candidates, &state.settings);
        let is_it = |place: &Ranked| candidates[place.candidate].product == product;
        let rank = order.iter().position(is_it).unwrap_or(order.len());
        let trace = Trace {
            product,
            passages,
            rank: rank as u32,
            ranked: (order.len() - usize::from(lost)) as u32,
            score: order.get(rank).map_or(f32::NAN, |place| place.score),
        };
        Ok(Some((trace, ranking)))
    }

    /// What a product's scores are made of.
    async fn parts<C: Caller>(
        &mut self,
        request: &Request,
        state: &State,
        product: ProductId,
        clock: &mut Clock<'_, C>,
    ) -> Result<Option<Parts>, Notice> {
        let settings = self.settings(state);
        let Some((_, mut ranking)) = self.trace(request, state, product, None, clock).await? else {
            return Ok(None);
        };
        let (order, _) = self.place(&mut ranking.candidates, state).await?;
        let size = state.page_size();
        let detail = self.ranker.explain(&self.stock, request, product, &order, size);
        let detail = detail.await.map_err(failed)?;
        let candidate = ranking.candidates.into_iter().find(|c| c.product == product);
        // It was let through to the ranker.
        let Some(candidate) = candidate else { return Ok(None) };
        if !clock.caller.still_wanted().await {
            return Ok(None);
        }
        let coalitions = self.retriever.coalitions(&self.stock, request, &settings, product);
        let (groups, coalitions) = coalitions.await.map_err(failed)?;
        let retrieved = &ranking.retrieved;
        let cosines = retrieved.cosines_of(&[product]);
        let asked = Asked {
            query: QueryMatch { cosine: &cosines, product_types: &retrieved.product_types },
            candidates: &[product],
            held: None,
        };
        let shares = self.ranker.shares(&self.stock, request, asked, &settings);
        let Shares { base, features } = shares.await.map_err(failed)?;
        Ok(Some(Parts {
            candidate,
            gatings: ranking.gatings,
            detail,
            groups: groups.iter().map(|group| (*group).into()).collect(),
            coalitions,
            base,
            features,
        }))
    }

    /// What the places of the page on show do to the products of an order.
    async fn seats(
        &mut self,
        request: &Request,
        state: &State,
        order: &[ProductId],
    ) -> Result<Vec<Seat>, Notice> {
        let size = state.page_size();
        let from = state.page_number().saturating_mul(size);
        let (bias, _) = self.ranker.bias(&self.stock, order, size).await.map_err(failed)?;
        let views = self.fetch_views().await.map_err(notice_of_asset)?;
        let truth = views.truths(&self.stock, request, state, order);
        self.views = Some(views);
        let neighbours = self.ranker.neighbours(&self.stock, order, size).await.map_err(failed)?;
        let seat = |(place, (&product, &bias)): (usize, (&ProductId, &f32))| Seat {
            product,
            bias,
            neighbours: neighbours.get(place).copied(),
            truth: truth.get(place).map(|truth| truth.to_vec()).unwrap_or_default(),
        };
        Ok(order.iter().zip(&bias).enumerate().skip(from).take(size).map(seat).collect())
    }

    /// The held-out page views, out of their place.
    async fn fetch_views(&mut self) -> Result<Views, AssetError> {
        match self.views.take() {
            Some(views) => Ok(views),
            None => Views::fetch(&self.manifest, &self.source, &self.stock).await,
        }
    }

    /// What a state sets, of the systems and networks in use: others may not have arrived.
    fn settings(&self, state: &State) -> Settings {
        let mut settings = state.settings.clone();
        for (in_use, knobs) in [
            (&self.retrieving, of_retriever(&self.retrieving)),
            (&self.ranking, of_ranker(&self.ranking)),
        ] {
            knobs.into_iter().for_each(|knob| settings.set(knob, in_use.number(knob)));
        }
        settings
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
        evaluated.notices = self.fetch_all(state).await;
        let mut views = match self.fetch_views().await {
            Ok(views) => views,
            Err(error) => {
                evaluated.notices.push(notice_of_asset(error));
                return evaluated;
            }
        };
        let on_surface = views.on(state.surface());
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
        let request = views.request(view);
        let Some((candidates, order)) = self.order(request, state, caller).await? else {
            return Ok(None);
        };
        let tasks = registry::ranker(&self.ranking).tasks;
        let outcome = Outcome { candidates: &candidates, order: &order, tasks };
        Ok(Some(views.measure(&self.stock.catalogue, view, outcome, state)))
    }

    /// Fetches whatever a state may need: what was asked before must change no answer, so everything
    /// is here from the first on. Says what is missing.
    async fn fetch_all(&mut self, state: &State) -> Vec<Notice> {
        let mut notices = self.fetch_what_is_asked(state).await;
        let objectives = self.fetch_objectives(&self.retrieving.clone(), true).await;
        let words = self.fetch_words().await;
        let missing = [objectives, words].into_iter().filter_map(Result::err);
        notices.extend(missing.map(notice_of_asset));
        notices
    }

    /// Makes ready to answer many requests as a state does.
    ///
    /// # Errors
    /// A notice where something that the state needs is missing or damaged.
    pub async fn make_ready(&mut self, state: &State) -> Result<(), Notice> {
        self.fetch_all(state).await.into_iter().next().map_or(Ok(()), Err)
    }

    /// The products that a state answers a request with, best first: ranked, or as they were retrieved. [`Self::make_ready`] comes before.
    /// None if the caller lost interest on the way.
    ///
    /// # Errors
    /// A notice where the device failed.
    pub async fn serve(
        &mut self,
        request: Request,
        state: &State,
        ranked: bool,
        caller: &impl Caller,
    ) -> Result<Option<Vec<ProductId>>, Notice> {
        if ranked {
            let order = self.order(request, state, caller).await;
            let listed = |(candidates, order): (Vec<Candidate>, Vec<Ranked>)| {
                order.iter().map(|ranked| candidates[ranked.candidate].product).collect()
            };
            Ok(order?.map(listed))
        } else {
            let request = self.mended(request);
            let retrieved = self.retrieve(&request, state, &mut Clock::new(caller)).await;
            let listed = |retrieved: Retrieval| {
                retrieved.candidates.iter().map(|candidate| candidate.product).collect()
            };
            Ok(retrieved?.map(listed))
        }
    }

    /// A request with its query as the shop can read it.
    fn mended(&self, mut request: Request) -> Request {
        if let Some(reading) = request.query.as_ref().and_then(|query| self.stock.read(query)) {
            request.query = Some(reading.text).filter(|text| !text.is_empty());
        }
        request
    }

    /// What reaches the ranker for a request, and its blended order; none if the caller lost interest
    /// on the way.
    async fn order(
        &mut self,
        request: Request,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<(Vec<Candidate>, Vec<Ranked>)>, Notice> {
        let request = self.mended(request);
        let clock = &mut Clock::new(caller);
        let Some(retrieved) = self.retrieve(&request, state, clock).await? else {
            return Ok(None);
        };
        let Some(ranking) = self.rank(&request, retrieved, state, None, clock).await? else {
            return Ok(None);
        };
        let mut candidates = ranking.candidates;
        if state.settings.is_on(&BIAS_AT_SERVING) {
            self.place(&mut candidates, state).await?;
        }
        let order = self.blend(&candidates, &state.settings);
        Ok(Some((candidates, order)))
    }

    /// Retrieves and cuts for a request, with the systems in use; none if the caller lost
    /// interest on the way.
    async fn retrieve<C: Caller>(
        &mut self,
        request: &Request,
        state: &State,
        clock: &mut Clock<'_, C>,
    ) -> Result<Option<Retrieval>, Notice> {
        let settings = self.settings(state);
        let scored = self.retriever.score(&self.stock, request, &settings);
        clock.stage("score", scored.await.map_err(failed)?);
        let drawn = self.retriever.draw(&self.stock, request, &settings);
        let (mut retrieved, kept) = drawn.map_err(failed)?;
        clock.stage("retrieve", kept);
        if !clock.caller.still_wanted().await {
            return Ok(None);
        }
        if settings.is_on(&COARSE) {
            clock.start();
            let (stock, retriever) = (&self.stock, &mut self.retriever);
            let cut = self.coarse.cut(stock, retriever, request, &settings, &mut retrieved);
            let kept = cut.await.map_err(failed)?;
            clock.stage("coarse", kept);
        }
        Ok(Some(retrieved))
    }

    /// Ranks what was retrieved for a request, a feature held where one is named; none if the
    /// caller lost interest on the way. The bias is not there yet.
    async fn rank<C: Caller>(
        &mut self,
        request: &Request,
        retrieved: Retrieval,
        state: &State,
        held: Option<u32>,
        clock: &mut Clock<'_, C>,
    ) -> Result<Option<Ranking>, Notice> {
        clock.start();
        let settings = self.settings(state);
        loop {
            match self.ranker.prepare(&self.stock, &settings) {
                Prepared::Ready => break,
                Prepared::Done => break clock.stage("prepare", false),
                Prepared::More if clock.caller.still_wanted().await => {}
                // It goes on from there the next time.
                Prepared::More => return Ok(None),
            }
        }
        let ranks = !registry::ranker(&self.ranking).tasks.is_empty();
        let kept = self.ranker.encode(&self.stock, request);
        if ranks {
            clock.stage("encode", kept);
        }
        let candidates: Vec<_> = retrieved.candidates.iter().map(|c| c.product).collect();
        let cosines = retrieved.cosines_of(&candidates);
        let query = QueryMatch { cosine: &cosines, product_types: &retrieved.product_types };
        let asked = Asked { query, candidates: &candidates, held };
        let ranked = self.ranker.rank(&self.stock, request, asked, &settings);
        let (scored, kept) = ranked.await.map_err(failed)?;
        if ranks {
            clock.stage("rank", kept);
        }
        let gatings = scored.gatings.clone();
        let candidates = joined(&retrieved, scored);
        Ok(Some(Ranking { retrieved, gatings, candidates }))
    }

    /// The blended order of candidates of the ranker in use.
    fn blend(&self, candidates: &[Candidate], settings: &Settings) -> Vec<Ranked> {
        let tasks = registry::ranker(&self.ranking).tasks;
        let base_rates = &self.stock.base_rates(tasks);
        blend::order(candidates, Predicted { tasks, base_rates }, settings)
    }

    /// Gives each candidate the bias of the place it takes; the order that says which place that
    /// is, and whether the last run's bias served.
    async fn place(
        &mut self,
        candidates: &mut [Candidate],
        state: &State,
    ) -> Result<(Vec<ProductId>, bool), Notice> {
        // The place a product stands at follows from the order without the bias (equation 6).
        let unbiased = state.settings.clone().with(&BIAS_AT_SERVING, 0.0);
        let places = self.blend(candidates, &unbiased);
        let order: Vec<_> =
            places.iter().map(|place| candidates[place.candidate].product).collect();
        let size = state.page_size();
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
        if let Err(error) = self.fetch_objectives(&state.settings, false).await {
            notices.push(notice_of_asset(error));
        }
        let read = self.stock.read(&state.query);
        let query = read.as_ref().map_or(&*state.query, |reading| &reading.text);
        if self.retriever.waits_for_words(query, &self.stock)
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

    /// Puts a retriever to use.
    async fn choose_retriever(&mut self, settings: &Settings) -> Result<(), AssetError> {
        let files = (&self.manifest, &self.source);
        self.retriever.fetch(settings, files, &self.stock, &self.device).await?;
        self.retrieving = settings.only(&of_retriever(settings));
        Ok(())
    }

    /// Fetches what the weights of a retriever's objectives hang on; with `all`, however they stand.
    async fn fetch_objectives(&mut self, settings: &Settings, all: bool) -> Result<(), AssetError> {
        let files = (&self.manifest, &self.source);
        self.retriever.fetch_behind(settings, all, files, &self.stock, &self.device).await
    }

    /// Puts a ranker to use; the one before rests.
    async fn choose_ranker(&mut self, settings: &Settings) -> Result<(), AssetError> {
        let wanted = settings.only(&of_ranker(settings));
        if wanted == self.ranking {
            return Ok(());
        }
        let ranker = match self.resting.iter().position(|(resting, _)| *resting == wanted) {
            Some(place) => self.resting.swap_remove(place).1,
            None => {
                let bytes = weights_of(&wanted, &self.manifest, &self.source).await?;
                ranker_of(&wanted, &bytes, &self.stock, &self.device)?
            }
        };
        let before = std::mem::replace(&mut self.ranker, ranker);
        self.resting.push((std::mem::replace(&mut self.ranking, wanted), before));
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

/// What decides which retriever is in use, and which of its networks.
fn of_retriever(settings: &Settings) -> Vec<&'static Knob> {
    [&[&RETRIEVER], registry::retriever(settings).networks].concat()
}

/// What decides which ranker is in use, and which of its networks.
fn of_ranker(settings: &Settings) -> Vec<&'static Knob> {
    [&[&RANKER], registry::ranker(settings).networks].concat()
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
        .map_err(|error| damaged(&rank::file(settings).unwrap_or_default(), error))
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
            tier: candidate.tier,
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
    let at =
        |index: usize| examination::examination((index / page_size) as u16, index as u16, device);
    (0..EXAMINED).map(|index| at(index) / at(0)).collect()
}

fn notice_of_asset(error: AssetError) -> Notice {
    Notice { key: format!("asset-{}", error.name()), says: error.said() }
}

fn read_as(query: &str, mended: &str) -> Notice {
    Notice::new(word!("notices.query-mended")).with("query", query).with("mended", mended)
}

fn failed(error: StageError) -> Notice {
    Notice::new(word!("notices.device-failed")).with("why", error.to_string())
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
