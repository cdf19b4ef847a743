//! The page: what a person sees and turns.
//!
//! The page holds the [`State`](crate::share::State) and shows the engine's last
//! [`Answer`](crate::protocol::Answer); it computes nothing but the blend. What needs no browser
//! ([`undo`], [`moves`], [`icons`]) is built and tested everywhere, the
//! rest with the feature `app`.

pub mod icons;
pub mod moves;
pub mod undo;

#[cfg(feature = "app")]
pub(crate) mod bridge;

#[cfg(feature = "app")]
pub(crate) mod browser;
#[cfg(feature = "app")]
pub(crate) mod code;
#[cfg(feature = "app")]
mod effect;
#[cfg(feature = "app")]
mod engine;
#[cfg(feature = "app")]
mod flip;
#[cfg(feature = "app")]
mod funnel;
#[cfg(feature = "app")]
mod header;
#[cfg(feature = "app")]
mod hint;
#[cfg(feature = "app")]
pub(crate) mod insides;
#[cfg(feature = "app")]
mod keeping;
#[cfg(feature = "app")]
mod kept;
#[cfg(feature = "app")]
pub(crate) mod knobs;
#[cfg(feature = "app")]
pub(crate) mod language;
#[cfg(feature = "app")]
pub(crate) mod lasting;
#[cfg(feature = "app")]
mod notices;
#[cfg(feature = "app")]
mod page;
#[cfg(feature = "app")]
pub(crate) mod parts;
#[cfg(feature = "app")]
pub(crate) mod picture;
#[cfg(feature = "app")]
mod print;
#[cfg(feature = "app")]
pub(crate) mod rows;
#[cfg(feature = "app")]
pub(crate) mod screen;
#[cfg(feature = "app")]
mod shelf;
#[cfg(feature = "app")]
mod shopper;
#[cfg(feature = "app")]
pub(crate) mod store;
#[cfg(feature = "app")]
mod studio;
#[cfg(feature = "app")]
pub(crate) mod wire;

#[cfg(feature = "app")]
pub use page::mount;
