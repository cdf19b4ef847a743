//! The funnel: the stages in their order, which [`serve`], [`explain`] and [`evaluate`] put states
//! through. [`fetch`] sees to it that the stages have the weights for what is asked.

mod evaluate;
mod explain;
mod fetch;
mod resize;
mod serve;

use std::collections::BTreeMap;

use burn::tensor::Device;

pub use self::fetch::first_files;
use self::fetch::notice_of_asset;
use self::resize::Unfinished;
use super::StageError;
use super::assets::{AssetError, Manifest, damaged};
use super::caller::Caller;
use super::coarse::Coarse;
use super::kept::Storage;
use super::rank::{Asked, Prepared, Ranks, Scored};
use super::request::Request;
use super::retrieve::{Retrieval, Retriever};
use super::stock::{self, Stock};
use super::views::Views;
use link::State;
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use protocol::blend::{self, Predicted, Ranked};
use protocol::block::Block;
use protocol::{Backend, Candidate, Notice, StageTime};
use systems::knob::Settings;
use systems::registry;
use systems::shared::{BIAS_AT_SERVING, COARSE, ShopSize};

/// The funnel: the shop, the models, and the last answer of each stage.
pub struct Funnel<S> {
    backend: Backend,
    device: Device,
    source: S,
    manifest: Manifest,
    stock: Stock,
    retriever: Retriever,
    /// Which retriever is in use, which of its networks, and with which weights.
    retrieving: Settings,
    coarse: Coarse,
    /// Which ranker is in use, and which of its networks.
    ranking: Settings,
    ranker: Box<dyn Ranks>,
    /// Rankers that were in use before: going back to one need not wait for its weights again.
    resting: Vec<(Settings, Box<dyn Ranks>)>,
    /// Learned weights, by the name of the file that they take the place of where a state asks for them.
    brought: BTreeMap<String, Vec<u8>>,
    /// The learned weights of the ranker in use are others by now.
    outweighed: bool,
    /// The held-out page views, once they were asked for.
    views: Option<Views>,
    /// How large the shop is.
    size: ShopSize,
    /// A larger shop that is being made.
    unfinished: Option<Unfinished>,
    /// Where what was made of one is kept for the next visit.
    storage: Storage,
}

/// A request on its way through the stages.
struct Pass<'a, C> {
    request: Request,
    /// The state that it is answered as.
    state: &'a State,
    /// What the state sets, of the systems and networks in use: others may not have arrived.
    settings: Settings,
    clock: Clock<'a, C>,
}

/// What retrieval and ranking made of a request.
struct Ranking {
    retrieved: Retrieval,
    /// What the ranker shows of all candidates together.
    blocks: Vec<Block>,
    candidates: Vec<Candidate>,
}

/// Why a request did not come to its end.
enum Halt {
    /// The caller lost interest on the way.
    Unwanted,
    /// Something is missing or failed.
    Failed(Notice),
}

impl<S> Funnel<S> {
    /// What is sold and who shops.
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    /// The request that a state makes, its query mended, and what the person should know about it.
    fn request(&self, state: &State) -> Result<(Request, Vec<Notice>), Notice> {
        let (shoppers, catalogue) = (&self.stock.shoppers, &self.stock.catalogue);
        let Some((request, mut about)) = Request::new(state, shoppers, catalogue) else {
            return Err(notice_of_asset(damaged(stock::SHOPPERS, "it holds no shopper")));
        };
        let (request, mended) = self.mended(request);
        about.extend(mended);
        Ok((request, about))
    }

    /// A request with its query as the shop can read it, and what the person should know about that.
    fn mended(&self, mut request: Request) -> (Request, Option<Notice>) {
        let Some(query) = request.query.take() else { return (request, None) };
        let notice = match self.stock.read(&query) {
            None => {
                request.query = Some(query);
                None
            }
            Some(reading) if reading.text.is_empty() => {
                Some(Notice::new(word!("notices.query-unknown")).with("query", query))
            }
            Some(reading) => {
                let notice = Notice::new(word!("notices.query-mended")).with("query", query);
                let notice = notice.with("mended", &*reading.text);
                request.query = Some(reading.text);
                Some(notice)
            }
        };
        (request, notice)
    }

    /// A request that is answered as a state does, with the systems in use.
    fn pass<'a, C: Caller>(
        &self,
        request: Request,
        state: &'a State,
        caller: &'a C,
    ) -> Pass<'a, C> {
        let settings = self.settings_in_use(&state.settings);
        Pass { request, state, settings, clock: Clock::new(caller) }
    }

    /// Makes the retriever ready for a request: it meets the newcomers that are named, and lays out the
    /// vectors that are searched.
    async fn lay_out<C: Caller>(&mut self, pass: &Pass<'_, C>) -> Result<(), Halt> {
        let Pass { request, settings, clock, .. } = pass;
        self.stock.meet(request.history.events.iter().map(|event| event.product));
        self.retriever.meet(&self.stock, settings);
        let (stock, storage) = (&self.stock, &mut self.storage);
        while let Some(growing) = self.retriever.prepare(stock, settings, storage).await? {
            // What ships is there in no time.
            if stock.catalogue.newcomers > 0 {
                clock.caller.growing(growing);
            }
            clock.still_wanted().await?;
        }
        Ok(())
    }

    /// Retrieves, and cuts what was retrieved.
    async fn retrieve<C: Caller>(&mut self, pass: &mut Pass<'_, C>) -> Result<Retrieval, Halt> {
        self.lay_out(pass).await?;
        let Pass { request, settings, clock, .. } = pass;
        clock.start();
        let (stock, retriever) = (&self.stock, &mut self.retriever);
        let kept = retriever.score(stock, request, settings).await?;
        clock.stage("score", kept);
        let (mut retrieved, kept) = retriever.draw(stock, request, settings).await?;
        clock.stage("retrieve", kept);
        clock.still_wanted().await?;
        if settings.is_on(&COARSE) {
            clock.start();
            let cut = self.coarse.cut(stock, retriever, request, settings, &mut retrieved);
            let kept = cut.await?;
            clock.stage("coarse", kept);
        }
        Ok(retrieved)
    }

    /// Ranks what was retrieved, a feature held where one is named. The bias is not there yet.
    async fn rank<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
        retrieved: Retrieval,
        held: Option<u32>,
    ) -> Result<Ranking, Halt> {
        let Pass { request, settings, clock, .. } = pass;
        clock.start();
        loop {
            match self.ranker.prepare(&self.stock, settings) {
                Prepared::Ready => break,
                Prepared::Done => break clock.stage("prepare", false),
                // It goes on from there the next time.
                Prepared::More => clock.still_wanted().await?,
            }
        }
        let ranks = !registry::ranker(&self.ranking).tasks.is_empty();
        let kept = self.ranker.encode(&self.stock, request);
        if ranks {
            clock.stage("encode", kept);
        }
        let candidates: Vec<_> = retrieved.candidates.iter().map(|c| c.product).collect();
        let cosines = retrieved.cosines_of(&self.stock, &candidates);
        let query = QueryMatch { cosine: &cosines, product_types: &retrieved.product_types };
        let asked = Asked { query, candidates: &candidates, held };
        let (scored, kept) = self.ranker.rank(&self.stock, request, asked, settings).await?;
        if ranks {
            clock.stage("rank", kept);
        }
        let Scored { utilities, blocks } = scored;
        let candidates = joined(&retrieved, utilities);
        Ok(Ranking { retrieved, blocks, candidates })
    }

    /// Gives each candidate the bias of the place it takes; the order that says which place that
    /// is, and whether the last run's bias served.
    async fn place(
        &mut self,
        candidates: &mut [Candidate],
        state: &State,
    ) -> Result<(Vec<ProductId>, bool), Halt> {
        // The place a product stands at follows from the order without the bias (equation 6).
        let unbiased = state.settings.clone().with(&BIAS_AT_SERVING, 0.0);
        let places = self.blend(candidates, &unbiased);
        let order: Vec<_> =
            places.iter().map(|place| candidates[place.candidate].product).collect();
        let (bias, kept) = self.ranker.bias(&self.stock, &order, state.page_size()).await?;
        for (place, bias) in places.iter().zip(bias) {
            candidates[place.candidate].bias = bias;
        }
        Ok((order, kept))
    }

    /// The order that a state gives candidates, best first; those that hang on their places are placed.
    async fn order(
        &mut self,
        candidates: &mut [Candidate],
        state: &State,
    ) -> Result<Vec<Ranked>, Halt> {
        if state.settings.is_on(&BIAS_AT_SERVING) {
            self.place(candidates, state).await?;
        }
        Ok(self.blend(candidates, &state.settings))
    }

    /// Through all stages: what reaches the ranker, and its order.
    async fn ordered<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
    ) -> Result<(Vec<Candidate>, Vec<Ranked>), Halt> {
        let retrieved = self.retrieve(pass).await?;
        let Ranking { mut candidates, .. } = self.rank(pass, retrieved, None).await?;
        let order = self.order(&mut candidates, pass.state).await?;
        Ok((candidates, order))
    }

    /// The blended order of candidates of the ranker in use.
    fn blend(&self, candidates: &[Candidate], settings: &Settings) -> Vec<Ranked> {
        let tasks = registry::ranker(&self.ranking).tasks;
        let base_rates = &self.stock.base_rates(tasks);
        blend::order(candidates, Predicted { tasks, base_rates }, settings)
    }
}

fn joined(retrieved: &Retrieval, utilities: Vec<Vec<f32>>) -> Vec<Candidate> {
    retrieved
        .candidates
        .iter()
        .zip(utilities)
        .map(|(candidate, utility)| Candidate {
            product: candidate.product,
            retrieval_score: candidate.score,
            probability: candidate.probability,
            tier: candidate.tier,
            utility,
            bias: 0.0,
        })
        .collect()
}

impl From<Notice> for Halt {
    fn from(notice: Notice) -> Self {
        Self::Failed(notice)
    }
}

impl From<AssetError> for Halt {
    fn from(error: AssetError) -> Self {
        Self::Failed(notice_of_asset(error))
    }
}

impl From<StageError> for Halt {
    fn from(error: StageError) -> Self {
        Self::Failed(failed(error))
    }
}

impl Halt {
    /// What came of a request; none if nobody waits for it any more.
    fn told<T>(result: Result<T, Self>) -> Result<Option<T>, Notice> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(Self::Unwanted) => Ok(None),
            Err(Self::Failed(notice)) => Err(notice),
        }
    }
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

    /// Goes on only if the caller still waits.
    async fn still_wanted(&self) -> Result<(), Halt> {
        if self.caller.still_wanted().await { Ok(()) } else { Err(Halt::Unwanted) }
    }
}
