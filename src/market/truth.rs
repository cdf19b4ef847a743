//! What is so, though no model sees it: quality and appeal of products, relevance, attraction,
//! conversion, examination.
//!
//! A click is examination x attraction x competition; an order needs a cart, a cart a click.
//! Clicks and orders want partly different things (DMT 6.2.1): clicks follow picture, brand and
//! curiosity, orders need, price and reviews.

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use super::hidden::{Hidden, Written};
use super::history::PageDevice;
use super::query::Intent;
use super::random::{key, noise, sigmoid};
use super::shopper::Taste;

/// Axes of style that brands and products lie on and shoppers have a taste in.
pub(crate) const STYLE_DIMENSIONS: usize = 4;

/// Hidden side of a product. Files hold it to the hundredth, without its popularity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct ProductTruth {
    /// How good it is; near a standard normal.
    pub quality: f32,
    /// How good its picture looks; near a standard normal.
    pub appeal: f32,
    /// How long and loudly it has been sold; a standard normal.
    pub popularity: f32,
    /// Place of its price in the type's range, -1 (lowest) to 1 (highest), in logarithms.
    pub price_position: f32,
    /// Place on the axes of style.
    pub style: [f32; STYLE_DIMENSIONS],
    /// Index of its value for each attribute of its type.
    pub attributes: Vec<u8>,
}

/// How well a product answers a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relevance {
    /// Something else.
    Irrelevant,
    /// A type that people may take instead.
    Related,
    /// The right type, but not all that was asked for.
    Partial,
    /// The right type with everything that was asked for.
    Exact,
}

impl Relevance {
    /// Whether it counts as relevant: the right type.
    pub fn is_relevant(self) -> bool {
        self >= Relevance::Partial
    }
}

/// Probability that a place is looked at.
///
/// `index` counts from 0 over all pages. Places fall off with the depth of their row, faster on
/// a large screen, where a row holds five products, than on a phone with two.
pub fn examination(page: u16, index: u16, device: PageDevice) -> f32 {
    let (columns, slope, power) = match device {
        PageDevice::Phone => (2.0, 0.16, 0.95),
        PageDevice::Desktop => (5.0, 0.5, 0.9),
    };
    let index = f32::from(index);
    let row = libm::floorf(index / columns);
    let column = index - row * columns;
    // Within a row the eye moves left to right, by a quarter of a row's worth.
    let depth = row + 0.25 * column / columns;
    let reach = libm::powf(1.0 + slope * depth, -power);
    0.96 * reach * libm::powf(0.94, f32::from(page))
}

/// Factor that competition from neighbours of the same category puts on a click: at most 1.
///
/// `types` are the categories of the list in order; the six nearest neighbours of `index` count,
/// the nearer the more (DMT 4.4).
pub fn competition(types: &[ProductTypeId], index: usize) -> f32 {
    let own = types[index];
    let mut pressure = 0.0;
    for neighbour in neighbours(types.len(), index) {
        if types[neighbour] == own {
            pressure += match neighbour.abs_diff(index) {
                1 => 0.16,
                2 => 0.11,
                _ => 0.07,
            };
        }
    }
    1.0 / (1.0 + pressure)
}

/// Indices of the six places nearest to `index` in a list of `length`: three on each side, and
/// more of the other side at an end.
pub fn neighbours(length: usize, index: usize) -> impl Iterator<Item = usize> {
    const NEIGHBOURS: usize = 6;
    let window = (NEIGHBOURS + 1).min(length);
    let first = index.saturating_sub(NEIGHBOURS / 2).min(length - window);
    (first..first + window).filter(move |place| *place != index)
}

/// Where a product is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    /// How well it answers the query; none on the feed.
    pub relevance: Option<Relevance>,
    /// On what it is seen: a phone shows a picture, a large screen the reviews too.
    pub device: PageDevice,
}

/// Where a shopper stands with a product type at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// How much the shopper needs one now, 0 to 1.
    pub need: f32,
    /// How recently one was bought in proportion to its repurchase period: 1 just now, 0 long ago.
    pub satisfied: f32,
    /// How much the shopper still looks at the type out of curiosity, 0 to 1: after clicks on it,
    /// and after buying one.
    pub curiosity: f32,
    /// The very product was bought before.
    pub bought_before: bool,
}

/// Probabilities behind what a shopper does with a product that is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Utility {
    /// P(click | looked at), without the neighbours' competition.
    pub attraction: f32,
    /// P(favourite | click).
    pub favourite: f32,
    /// P(cart | click), not marked and marked as favourite.
    pub cart: [f32; 2],
    /// P(order | cart).
    pub order: f32,
}

impl Utility {
    /// P(order | click).
    pub fn conversion(&self) -> f32 {
        let cart = (1.0 - self.favourite) * self.cart[0] + self.favourite * self.cart[1];
        cart * self.order
    }
}

impl Hidden {
    /// How well a product answers an intent.
    ///
    /// # Panics
    /// If the product is not in the catalogue.
    pub fn relevance(
        &self,
        catalogue: &Catalogue,
        intent: &Intent,
        product: ProductId,
    ) -> Relevance {
        let item = &catalogue.products[product as usize];
        if !intent.types.contains(&item.product_type) {
            let related = intent.types.iter().any(|t| self.are_related(*t, item.product_type));
            return if related { Relevance::Related } else { Relevance::Irrelevant };
        }
        let truth = &self.products[product as usize];
        let exact = intent.brand.is_none_or(|brand| brand == item.brand)
            && intent.colour.is_none_or(|colour| item.colour == Some(colour))
            && intent.attributes.iter().all(|(attribute, value)| {
                truth.attributes.get(usize::from(*attribute)) == Some(value)
            });
        if exact { Relevance::Exact } else { Relevance::Partial }
    }

    /// Relevance as the noisy judge of MOPPR 4.3.1 labels it, given what it truly is; the same
    /// for the same query and product.
    pub fn judge(&self, query: u32, product: ProductId, relevance: Relevance) -> bool {
        // Borderline products are misjudged more often than clear ones.
        let miss = match relevance {
            Relevance::Exact => 1.65,
            Relevance::Partial => 1.05,
            Relevance::Related => 0.75,
            Relevance::Irrelevant => 1.55,
        };
        let pair = key(u64::from(query) << 32 | u64::from(product), self.seed);
        (noise(pair) > miss) != relevance.is_relevant()
    }

    /// What a shopper of this taste makes of a product that is looked at.
    ///
    /// # Panics
    /// If the product is not in the catalogue.
    pub fn utility(
        &self,
        catalogue: &Catalogue,
        taste: &Taste,
        product: ProductId,
        context: Context,
        standing: Standing,
    ) -> Utility {
        let relevance = context.relevance;
        let (picture, stars) = match context.device {
            PageDevice::Phone => (0.9, 0.1),
            PageDevice::Desktop => (0.6, 0.3),
        };
        let item = &catalogue.products[product as usize];
        let truth = &self.products[product as usize];
        let liking = self.liking(taste, item, truth);
        // Above 0: dearer than the shopper is used to.
        let stretch = truth.price_position - taste.budget;
        let reviews = 0.2 * (libm::log1pf(item.reviews as f32) - 4.0);
        let rating = 1.6 * (item.rating - 4.2) + reviews;
        let fit = match relevance {
            Some(Relevance::Exact) => 0.35,
            Some(Relevance::Partial) => -0.35,
            Some(Relevance::Related) => -1.9,
            Some(Relevance::Irrelevant) => -3.4,
            None => 0.45 * taste.types[usize::from(item.product_type)].clamp(-3.0, 3.0) - 0.6,
        };
        let attraction = sigmoid(
            -2.85
                + fit
                + liking
                + picture * truth.appeal
                + 0.45 * stretch * taste.aspiration
                + stars * rating
                + 0.8 * standing.need
                + 0.7 * standing.curiosity,
        );
        let favourite = sigmoid(-2.4 + 0.5 * liking + 0.4 * truth.appeal + 0.8 * stretch);
        let value = 0.5 * truth.quality + rating - taste.price_sensitivity * stretch;
        let loyalty = if standing.bought_before { 0.9 } else { 0.0 };
        let buy = 2.2 * standing.need - 3.0 * standing.satisfied - 0.5 * standing.curiosity;
        let relevant = if relevance == Some(Relevance::Exact) { 0.3 } else { 0.0 };
        let cart = |bonus: f32| {
            sigmoid(-3.1 + buy + 0.7 * value + 0.25 * liking + loyalty + relevant + bonus)
        };
        let order = sigmoid(-2.5 + 0.8 * buy + 0.8 * value + loyalty);
        Utility { attraction, favourite, cart: [cart(0.0), cart(1.0)], order }
    }

    /// How much a shopper likes a product for its brand, colour, style and make.
    pub(crate) fn liking(&self, taste: &Taste, item: &Product, truth: &ProductTruth) -> f32 {
        let brand = taste.brands[usize::from(item.brand)];
        let colour = item.colour.map_or(0.0, |colour| taste.colours[usize::from(colour)]);
        let style: f32 = truth.style.iter().zip(&taste.style).map(|(p, s)| p * s).sum();
        let row = &self.types[usize::from(item.product_type)];
        let make = taste.make(row, item.product_type, &truth.attributes);
        0.7 * brand + 0.5 * colour + 0.35 * style + make
    }
}
