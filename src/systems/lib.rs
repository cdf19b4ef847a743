//! The systems of the papers as all who name them know them: what they predict, and in which variants
//! they were trained. No tensor is here, so that a link and a network mean the same by a name.
//!
//! It knows nothing: no tensor, no product and no link.

pub mod dmt;

/// What a ranker predicts for a product that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// It is clicked (CTR).
    Click,
    /// It is put in the cart (CTR times AVR).
    Cart,
    /// It is ordered (CTCVR).
    Order,
}

impl Task {
    /// Its name; its words are under "tasks." and this.
    pub fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Cart => "cart",
            Self::Order => "order",
        }
    }
}
