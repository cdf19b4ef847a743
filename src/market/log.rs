//! What the shop's log says: page views with their impressions, shopper by shopper.

use serde::{Deserialize, Serialize};

use super::catalogue::ProductId;
use super::history::{Event, Minutes, PageDevice, Profile, WebSearch};
use super::wish::Wish;

/// One shopper's whole log. A stream yields one of these after another, so that a log of any
/// length is read in the memory of one shopper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShopperLog {
    /// Number of the shopper in the market.
    pub shopper: u32,
    /// Profile features.
    pub profile: Profile,
    /// Every behaviour, oldest first; a year of carts and orders lies before the logged days.
    pub events: Vec<Event>,
    /// Web searches, oldest first.
    pub web_searches: Vec<WebSearch>,
    /// Page views, oldest first.
    pub views: Vec<PageView>,
}

/// One page of results as it was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// When the page was asked for; `time / DAY` is the day that splits are made by.
    pub time: Minutes,
    /// Number of [`ShopperLog::events`] that had happened before: the history a model may see.
    pub events_before: u32,
    /// Query as typed, or none on the feed.
    pub query: Option<String>,
    /// Page number, from 0.
    pub page: u16,
    /// Device.
    pub device: PageDevice,
    /// Products shown, in their order on the page.
    pub impressions: Vec<Impression>,
    /// Products that the retrieval took for answers and that were ranked too low to be shown; none
    /// on the feed.
    pub under_impressions: Vec<UnderImpression>,
    /// What the shopper wishes for, by type: truth, never a model's input.
    pub needs: Vec<Wish>,
}

/// One product shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impression {
    /// Which product.
    pub product: ProductId,
    /// Index in the whole list, over all pages, from 0.
    pub index: u16,
    /// Relevance to the query as the noisy judge sees it (MOPPR 4.3.1); true on the feed.
    pub judged_relevant: bool,
    /// Labels.
    pub clicked: bool,
    /// Marked as favourite.
    pub favourited: bool,
    /// Put in the cart.
    pub carted: bool,
    /// Bought.
    pub ordered: bool,
    /// What the generator knows: for evaluation and lessons, never a model's input.
    pub truth: ImpressionTruth,
}

/// A product retrieved but not shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderImpression {
    /// Which product.
    pub product: ProductId,
    /// Relevance as the noisy judge sees it.
    pub judged_relevant: bool,
}

/// Truth behind one impression.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpressionTruth {
    /// Whether the product truly answers the query.
    pub relevant: bool,
    /// Probability that this place on this page and device is looked at.
    pub examination: f32,
    /// Probability of a click once looked at, without the neighbours' competition.
    pub attraction: f32,
    /// Factor (at most 1) that the neighbours' competition puts on the click.
    pub competition: f32,
    /// Probability of an order once clicked.
    pub conversion: f32,
}

impl ImpressionTruth {
    /// Probability of a click, place and neighbours included.
    pub fn click(&self) -> f32 {
        self.examination * self.attraction * self.competition
    }

    /// Probability of an order.
    pub fn order(&self) -> f32 {
        self.click() * self.conversion
    }
}
