//! What answers in an arm: the production shop, a state of the playground, or one beside the other.

use anyhow::{Result, anyhow, bail};
use burn::tensor::Device;
use futures::executor::block_on;
use serde::{Deserialize, Serialize};

use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use engine::pipeline::request::{EditedHistory, Request as Asked};
use languages::english;
use link::State;
use market::World;
use market::catalogue::ProductId;
use market::history::{DAY, Minutes};
use market::shop::{Listing, Request, Shop, Shopfront};
use protocol::{Backend, Notice};
use systems::shared::SEED;

/// Most products of a list: as many as anyone pages through, which is what the production shop puts
/// in order.
const LONGEST: usize = 60;

/// What answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Arm {
    /// The production shop, as it wrote the log: none of what it shows is retrieved by embeddings.
    Shop,
    /// The production shop with one more channel, a state's retriever: its ranker orders what comes
    /// from either (MOPPR figure 1).
    Beside(Box<State>),
    /// A state of the playground, all of it.
    Playground(Box<State>),
}

/// Learned weights that an arm ranks with in place of those that ship: its state asks for such.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Name of the file of the same variant that ships, or would.
    pub file: String,
    /// The weights, in the form of that file.
    pub bytes: Vec<u8>,
}

/// Where an arm answers; elsewhere the production shop does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Searches and feed.
    #[default]
    Both,
    /// Searches alone (MOPPR 6).
    Search,
    /// The feed alone (DMT 6.3, Yandex 4.4).
    Feed,
}

impl On {
    /// Whether a page is among those, by whether it was searched for.
    pub fn covers(self, is_search: bool) -> bool {
        match self {
            Self::Both => true,
            Self::Search => is_search,
            Self::Feed => !is_search,
        }
    }
}

impl Arm {
    /// The state behind it, if there is one.
    pub fn state(&self) -> Option<&State> {
        match self {
            Self::Shop => None,
            Self::Beside(state) | Self::Playground(state) => Some(state),
        }
    }

    /// A funnel that is ready to answer as its state does, with the weights that it was brought; none
    /// where no state answers.
    ///
    /// # Errors
    /// Where an asset or the weights are missing, damaged, or of another market than this.
    pub fn funnel(
        &self,
        world: &World,
        assets: &Folder,
        weights: Option<&Weights>,
    ) -> Result<Option<Funnel<Folder>>> {
        let Some(state) = self.state() else { return Ok(None) };
        let load = Funnel::load(Backend::Cpu, Device::flex(), assets.clone(), |_| ());
        let mut funnel = block_on(load).map_err(said)?;
        if funnel.stock().catalogue != world.catalogue {
            bail!("the assets in {} are of another market", assets.0.display());
        }
        if let Some(Weights { file, bytes }) = weights {
            funnel.weigh(file, Some(bytes.clone()));
        }
        block_on(funnel.make_ready(state)).map_err(said)?;
        if funnel.stock().catalogue.newcomers > 0 {
            bail!(
                "the link asks for a larger shop than the people of the test live in: take `products` out of it"
            );
        }
        Ok(Some(funnel))
    }
}

/// A notice as an error.
pub(super) fn said(notice: Notice) -> anyhow::Error {
    anyhow!(english(&notice.says))
}

/// A list that was asked for, and which of its products embeddings retrieved.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// When.
    pub time: Minutes,
    /// By place; nothing where embeddings retrieved none.
    pub embedded: Vec<bool>,
}

/// An arm at work: up to the first day of the test, and where it is not on trial, the production shop
/// answers.
pub struct Front<'a, S> {
    /// What answers.
    pub arm: &'a Arm,
    /// Where.
    pub on: On,
    /// First day of the test.
    pub from: i32,
    goods: &'a World,
    shop: Shop<'a>,
    funnel: Option<&'a mut Funnel<S>>,
    /// What was listed so far, oldest first.
    pub listed: Vec<Listed>,
    /// What went wrong first.
    pub failed: Option<Notice>,
}

impl<'a, S: AssetSource> Front<'a, S> {
    /// Of an arm, with a funnel that is ready where the arm needs one.
    pub fn new(
        world: &'a World,
        arm: &'a Arm,
        funnel: Option<&'a mut Funnel<S>>,
        on: On,
        from: i32,
    ) -> Self {
        let (listed, failed) = (Vec::new(), None);
        Self { arm, on, from, goods: world, shop: world.shop(), funnel, listed, failed }
    }

    /// What the state's pipeline says to a request: ranked, or as it was retrieved.
    fn ask(&mut self, request: &Request<'_>, ranked: bool) -> Vec<ProductId> {
        let (Some(funnel), Some(state)) = (&mut self.funnel, self.arm.state()) else {
            return Vec::new();
        };
        let asked = Asked {
            profile: *request.profile,
            history: EditedHistory {
                entries: (0..request.events.len() as u32).collect(),
                events: request.events.to_vec(),
                now: request.time,
            },
            web_searches: request.web_searches.to_vec(),
            query: request.query.map(|query| self.goods.queries[query as usize].text.clone()),
            device: request.device,
        };
        let mut state = state.clone();
        // A sampled page is another one each time.
        let seed = state.settings.count(&SEED) ^ request.lot as u32;
        // As much of it as a setting holds.
        state.settings.set(&SEED, (seed & 0xff_ffff) as f32);
        match block_on(funnel.serve(asked, &state, ranked, &Patient::default())) {
            Ok(products) => products.unwrap_or_default(),
            Err(notice) => {
                self.failed.get_or_insert(notice);
                Vec::new()
            }
        }
    }
}

impl<S: AssetSource> Shopfront for Front<'_, S> {
    fn list(&mut self, request: &Request<'_>) -> Listing {
        let is_tested = request.time.div_euclid(DAY) >= self.from
            && self.on.covers(request.query.is_some())
            && self.failed.is_none();
        let (listing, embedded) = match self.arm {
            Arm::Playground(_) if is_tested => {
                let mut top = self.ask(request, true);
                top.truncate(LONGEST);
                let embedded = vec![true; top.len()];
                (Listing { top, below: Vec::new() }, embedded)
            }
            Arm::Beside(_) if is_tested => {
                let mut own = self.ask(request, false);
                let listing = self.shop.list_beside(request, &own);
                own.sort_unstable();
                let is_own = |product| own.binary_search(product).is_ok();
                let embedded = listing.top.iter().map(is_own).collect();
                (listing, embedded)
            }
            _ => (self.shop.list(request), Vec::new()),
        };
        self.listed.push(Listed { time: request.time, embedded });
        listing
    }
}
