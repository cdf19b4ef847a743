//! What a shopper is known by: profile and behaviour.

use serde::{Deserialize, Serialize};
use wire::message;

use super::catalogue::ProductId;

/// Minutes since the market's first midnight; negative before the logged month.
pub type Minutes = i32;

/// Minutes in a day.
pub const DAY: Minutes = 24 * 60;

/// Hour of the day, 0 up to 24.
pub fn hour_of(time: Minutes) -> f32 {
    time.rem_euclid(DAY) as f32 / 60.0
}

/// Whether a minute falls on one of the two days of the weekend; day 0 is a Monday.
pub fn is_weekend(time: Minutes) -> bool {
    time.div_euclid(DAY).rem_euclid(7) >= 5
}

message! {
    /// Kinds of behaviour, from the weakest signal to the strongest.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum EventKind {
        /// Opened a product's page.
        Click = "click",
        /// Marked a product as favourite.
        Favourite = "favourite",
        /// Put a product in the cart.
        Cart = "cart",
        /// Bought a product.
        Order = "order",
    }
}

message! {
    /// One behaviour on one product.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Event {
        /// What was done.
        pub kind: EventKind,
        /// To which product.
        pub product: ProductId,
        /// When.
        pub time: Minutes,
    }
}

message! {
    /// A web search made outside the shop, before a need is taken to it (Yandex 3.2).
    #[derive(Clone, Debug, PartialEq)]
    pub struct WebSearch {
        /// Text as typed.
        pub query: String,
        /// When.
        pub time: Minutes,
    }
}

message! {
    /// Profile features, all of them visible to models.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct Profile {
        /// Age band, 0 (under 20) to 5 (60 and over).
        pub age_band: u8,
        /// 0 woman, 1 man, 2 not said.
        pub gender: u8,
        /// Purchase power, 0 (lowest) to 4 (highest).
        pub purchase_power: u8,
        /// Kind of household: 0 single, 1 couple, 2 family with children, 3 shared flat.
        pub household: u8,
        /// Size of the town, 0 (village) to 3 (metropolis).
        pub town: u8,
        /// Years as a member, 0 to 9 (9 and over).
        pub member_years: u8,
    }
}

/// Device a page is seen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PageDevice {
    /// Small screen, two products a row.
    Phone,
    /// Large screen, five products a row.
    Desktop,
}
