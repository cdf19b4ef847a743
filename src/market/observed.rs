//! What the production shop has counted about a shopper.

use super::catalogue::{Catalogue, ProductId};
use super::hidden::Hidden;
use super::history::EventKind;

/// What is left of a count after a day: half of it after five and a half days.
const LEFT: f32 = 0.88;
/// Products that were clicked last, at most.
const LATEST: usize = 20;

/// Decaying counts of what a shopper did, and the products looked at last.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub brands: Vec<f32>,
    pub types: Vec<f32>,
    pub colours: Vec<f32>,
    /// Latest first.
    pub latest: Vec<ProductId>,
    /// Sum of the places in their types' price ranges, and their number.
    prices: (f32, f32),
}

impl Observed {
    pub fn new(catalogue: &Catalogue) -> Self {
        Self {
            brands: vec![0.0; catalogue.brands.len()],
            types: vec![0.0; catalogue.product_types.len()],
            colours: vec![0.0; catalogue.colours.len()],
            latest: Vec::with_capacity(LATEST + 1),
            prices: (0.0, 0.0),
        }
    }

    /// Counts an event.
    pub fn count(
        &mut self,
        catalogue: &Catalogue,
        hidden: &Hidden,
        kind: EventKind,
        product: ProductId,
    ) {
        let item = &catalogue.products[product as usize];
        let weight = match kind {
            EventKind::Click | EventKind::Order => 1.0,
            EventKind::Favourite | EventKind::Cart => 0.5,
        };
        self.brands[usize::from(item.brand)] += weight;
        self.types[usize::from(item.product_type)] += weight;
        if let Some(colour) = item.colour {
            self.colours[usize::from(colour)] += weight;
        }
        // A price and its type's range are there for all to see.
        self.prices.0 += weight * hidden.products[product as usize].price_position;
        self.prices.1 += weight;
        if self.latest.first() != Some(&product) {
            self.latest.insert(0, product);
            self.latest.truncate(LATEST);
        }
    }

    /// A day goes by.
    pub fn age(&mut self) {
        for counts in [&mut self.brands, &mut self.types, &mut self.colours] {
            counts.iter_mut().for_each(|count| *count *= LEFT);
        }
        self.prices.0 *= 0.97;
        self.prices.1 *= 0.97;
    }

    /// Where in their types' price ranges the shopper looks, 0 in the middle; drawn to it where
    /// little is known.
    pub fn price(&self) -> f32 {
        self.prices.0 / (self.prices.1 + 3.0)
    }
}
