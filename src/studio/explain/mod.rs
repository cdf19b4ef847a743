//! One product taken apart: why it stands where it stands, what would change it, and its way
//! through the funnel.

pub mod changes;
pub mod find;
mod found;
mod panel;
pub mod shapley;
mod texts;
mod tries;
mod way;

pub(super) use panel::PANEL;
pub(super) use texts::unnamed;
