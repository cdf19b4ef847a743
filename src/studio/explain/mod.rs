//! One product taken apart: why it stands where it stands, what would change it, and its way
//! through the funnel.

pub mod changes;
pub mod find;
#[cfg(feature = "studio")]
mod found;
#[cfg(feature = "studio")]
mod panel;
pub mod shapley;
#[cfg(feature = "studio")]
mod texts;
#[cfg(feature = "studio")]
mod tries;
#[cfg(feature = "studio")]
mod way;

#[cfg(feature = "studio")]
pub(super) use panel::Explain;
