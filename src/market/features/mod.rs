//! What a moment in the shop looks like to a model. Training and serving call the same code.

pub mod dense;
pub mod places;
pub mod search;
pub mod split;
pub mod statistics;
pub mod wide;
pub mod windows;

use crate::history::{Event, Minutes, PageDevice, Profile};

/// What the shop knows when a page is asked for, and no more.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Profile of the shopper.
    pub profile: &'a Profile,
    /// Behaviour up to now, oldest first.
    pub events: &'a [Event],
    /// Query as typed, or none on the feed.
    pub query: Option<&'a str>,
    /// Time of the request.
    pub now: Minutes,
    /// Device the page is seen on.
    pub device: PageDevice,
}
