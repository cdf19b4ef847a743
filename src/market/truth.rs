//! What a shopper makes of a product, though no model sees it: attraction and conversion.
//!
//! A click is examination x attraction x competition; an order needs a cart, a cart a click. The
//! three share what the product is worth, how it is liked and how it answers; a click follows
//! picture and curiosity besides, an order need, price and what was bought before (DMT 1, 6.2.1;
//! MLPR 3.4).

use super::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use super::hidden::Hidden;
use super::history::{Minutes, PageDevice, hour_of, is_weekend};
use super::product::ProductTruth;
use super::random::{mix, share, sigmoid};
use super::relevance::Relevance;
use super::shopper::Taste;

/// Where and when a product is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    /// How well it answers the query; none on the feed.
    pub relevance: Option<Relevance>,
    /// On what it is seen: a phone shows a picture, a large screen the reviews too.
    pub device: PageDevice,
    /// When.
    pub time: Minutes,
}

/// Where a shopper stands with a product at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// How much the shopper needs one of its type, 0 to 1.
    pub need: f32,
    /// How much the shopper is taken up with its type at the moment, needed or not, 0 to 1.
    pub interest: f32,
    /// How near it comes to what is in mind, as far as that is settled; 0 where nothing is.
    pub nearness: f32,
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

/// Logit of a click on a product that means nothing in particular.
const CLICK: f32 = -3.5;
/// What an answer adds to it: exact, partial, related, irrelevant, and on the feed.
const ANSWERS_CLICK: [f32; 5] = [0.3, -0.05, -1.3, -3.0, -1.75];
/// Logits of a cart after a click and of an order after a cart.
const CART: f32 = -3.1;
const ORDER: f32 = -3.15;

/// From this price, in cents, a product is rather bought on a large screen.
const DEAR_CENTS: f32 = 8_000.0;

/// What hour and weekday add to the interest in a type: each has its own time of the day, and is
/// either for the week or for the weekend. Near 0 on average.
pub(crate) fn season(product_type: ProductTypeId, time: Minutes) -> f32 {
    const PEAKS: [f32; 4] = [8.5, 12.5, 17.5, 21.0];
    let bits = mix(0x5ea5 ^ u64::from(product_type));
    let peak = PEAKS[(bits & 3) as usize];
    let turn = (hour_of(time) - peak) * (core::f32::consts::TAU / 24.0);
    let weekend = if is_weekend(time) == (bits & 4 == 0) { 0.2 } else { -0.1 };
    0.35 * libm::cosf(turn) + weekend * (0.5 + share(bits))
}

impl Hidden {
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
        let (picture, stars, small) = match context.device {
            PageDevice::Phone => (0.85, 0.1, 1.0),
            PageDevice::Desktop => (0.55, 0.3, 0.0),
        };
        let item = &catalogue.products[product as usize];
        let truth = &self.products[product as usize];
        let liking = self.liking(taste, item, truth);
        // Above 0: dearer than the shopper is used to.
        let stretch = truth.price_position - taste.budget;
        let reviews = 0.2 * (libm::log1pf(item.reviews as f32) - 4.0);
        let rating = 1.3 * (item.rating - 4.2) + reviews;
        // What the product is worth to anyone: click, cart and order share it.
        let worth = 0.5 * truth.quality + rating;
        let season = season(item.product_type, context.time);
        let night = if matches!(hour_of(context.time), 0.0..5.0 | 22.5..24.0) { 1.0 } else { 0.0 };
        // People look at what is attractive, be it not quite what they asked for.
        let answers = match relevance {
            Some(Relevance::Exact) => ANSWERS_CLICK[0],
            Some(Relevance::Partial) => ANSWERS_CLICK[1],
            Some(Relevance::Related) => ANSWERS_CLICK[2],
            Some(Relevance::Irrelevant) => ANSWERS_CLICK[3],
            None => {
                0.45 * taste.types[usize::from(item.product_type)].clamp(-3.0, 3.0)
                    + season
                    + ANSWERS_CLICK[4]
            }
        };
        let attraction = sigmoid(
            CLICK
                + answers
                + 0.8 * liking
                + 0.9 * standing.nearness
                + picture * truth.appeal
                + 0.3 * worth
                + stars * rating
                + 0.35 * stretch * taste.aspiration
                + 0.9 * standing.need.max(standing.interest)
                + 0.6 * standing.curiosity
                + 0.1 * night
                - 0.1 * small,
        );
        let favourite = sigmoid(-2.4 + 0.5 * liking + 0.4 * truth.appeal + 0.8 * stretch);
        let dear = libm::tanhf(item.price_cents as f32 / DEAR_CENTS);
        let loyalty = if standing.bought_before { 0.9 } else { 0.0 };
        let answers = match relevance {
            // What was searched for is compared with its like: a click chooses less than one on what
            // was not looked for.
            Some(Relevance::Exact) => -0.4,
            Some(Relevance::Partial) => -0.9,
            Some(Relevance::Related | Relevance::Irrelevant) => -1.3,
            None => 0.6,
        };
        let buy = 2.1 * standing.need + 0.2 * standing.interest
            - 3.0 * standing.satisfied
            - 0.5 * standing.curiosity
            + 0.5 * season
            - 0.5 * small * dear
            - 0.3 * night;
        let shared = 0.6 * worth - 0.8 * taste.price_sensitivity * stretch
            + 0.45 * liking
            + 0.9 * standing.nearness
            + loyalty
            + answers;
        let cart = |bonus: f32| sigmoid(CART + 0.8 * buy + 0.7 * shared + bonus);
        let order = sigmoid(ORDER + buy + 0.8 * shared);
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
