//! The market as a whole: its goods, the production shop, and the people who use it.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::channels::Channels;
use super::goods::Goods;
use super::history::PageDevice;
use super::life::{Life, Span, Trial};
use super::log::ShopperLog;
use super::ranker::Ranker;
use super::shop::{Listing, Shop, Shopfront};
use super::wish::Wish;

/// What to generate. Two equal configurations give the same bytes on every platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketConfig {
    /// Seed of everything.
    pub seed: u64,
    /// Products in the catalogue; each type has a few at least, whatever this says.
    pub products: u32,
    /// Shoppers whose logs models are trained on.
    pub shoppers: u32,
    /// Days of page views.
    pub days: u16,
    /// Days of carts and orders before the first page view.
    pub earlier_days: u16,
    /// How much chance is in the production ranker's order: 0 is none, so that a product's place
    /// follows from what is known of it.
    pub ranker_noise: f32,
    /// Under-impressions of a page on top of one for each impression (MOPPR 7.1.2). They leave
    /// everything else as it is.
    #[serde(default)]
    pub more_under_impressions: u16,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            products: 4_000,
            shoppers: 16_000,
            days: 28,
            earlier_days: 365,
            ranker_noise: 1.0,
            more_under_impressions: 0,
        }
    }
}

/// A generated market: goods, and people as they are asked for. It reads like its [`Goods`].
pub struct World {
    /// What it was generated from.
    pub config: MarketConfig,
    goods: Goods,
    /// The production shop's indices, once a shopper comes in.
    channels: OnceLock<Channels>,
    rankers: [Ranker; 2],
}

impl Deref for World {
    type Target = Goods;

    fn deref(&self) -> &Goods {
        &self.goods
    }
}

impl World {
    /// Generates catalogue, truth and queries. Shoppers are generated as they are asked for.
    pub fn generate(config: &MarketConfig) -> Self {
        Self::with_rankers(config, Ranker::fitted())
    }

    /// The same with other production rankers, of search and feed.
    pub(crate) fn with_rankers(config: &MarketConfig, rankers: [Ranker; 2]) -> Self {
        let goods = Goods::generate(config.seed, config.products as usize);
        Self { config: config.clone(), goods, channels: OnceLock::new(), rankers }
    }

    /// Every shopper's log, one after another; holds one at a time.
    pub fn shopper_logs(&self) -> impl Iterator<Item = ShopperLog> + '_ {
        (0..self.config.shoppers).map(|shopper| self.shopper_log(shopper))
    }

    /// The log of one shopper: the same whenever and in whatever order it is asked for.
    pub fn shopper_log(&self, shopper: u32) -> ShopperLog {
        self.live(shopper, self.shop()).0
    }

    /// Numbers of shoppers that no model is trained on.
    pub fn fresh_shoppers(&self, count: u32) -> Range<u32> {
        self.config.shoppers..self.config.shoppers + count
    }

    /// The log of a shopper who is answered by another shop, which is handed back: the same person
    /// with the same wishes as in [`Self::shopper_log`], as far as what is shown does not change
    /// them.
    pub fn live<S: Shopfront>(&self, shopper: u32, shop: S) -> (ShopperLog, S) {
        Life::new(&self.goods, shop, self.span(), shopper).live()
    }

    /// The same in a trial: what is wished for from its first day on is the same in all its arms, as
    /// far as what is bought does not change it; the rest of chance is each arm's own.
    pub fn live_in<S: Shopfront>(&self, trial: Trial, shopper: u32, shop: S) -> (ShopperLog, S) {
        let span = Span { trial: Some(trial), ..self.span() };
        Life::new(&self.goods, shop, span, shopper).live()
    }

    /// What a shopper wishes for when the log ends, by type.
    pub fn needs(&self, shopper: u32) -> Vec<Wish> {
        Life::new(&self.goods, self.shop(), self.span(), shopper).wishes_at_the_end()
    }

    /// What the production shop answers a shopper who asks these queries, by number, when the log
    /// ends: as it ranks where nothing is left to chance.
    pub fn production_pages(
        &self,
        shopper: u32,
        queries: &[u32],
        device: PageDevice,
    ) -> Vec<Listing> {
        let life = Life::new(&self.goods, self.shop(), self.span(), shopper);
        life.answers_at_the_end(self.shop_with(0.0), queries, device)
    }

    /// What is for sale, and the truth of it.
    pub fn goods(&self) -> &Goods {
        &self.goods
    }

    /// The production shop, as it stands.
    pub fn shop(&self) -> Shop<'_> {
        self.shop_with(self.config.ranker_noise)
    }

    fn shop_with(&self, ranker_noise: f32) -> Shop<'_> {
        let channels = self.channels.get_or_init(|| Channels::new(&self.goods, self.rankers));
        Shop::new(&self.goods, channels, ranker_noise)
    }

    fn span(&self) -> Span {
        Span {
            seed: self.config.seed,
            days: i32::from(self.config.days),
            earlier_days: i32::from(self.config.earlier_days),
            more_under_impressions: usize::from(self.config.more_under_impressions),
            trial: None,
        }
    }
}
