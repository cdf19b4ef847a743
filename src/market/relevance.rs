//! How well a product answers a query, as search engines judge it, and the noisy judge of the shop.

use super::catalogue::{Catalogue, ProductId};
use super::hidden::Hidden;
use super::query::Intent;
use super::random::{key, noise};

/// How well a product answers a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relevance {
    /// Something else.
    Irrelevant,
    /// A type that people may take instead.
    Related,
    /// The right type, but not all that was asked for: another brand, colour or make.
    Partial,
    /// The right type with everything that was asked for.
    Exact,
}

impl Relevance {
    /// Whether it counts as relevant: type, brand, colour and attributes as asked. A near miss
    /// does not, however attractive (MOPPR 1, 5.5.2).
    pub fn is_relevant(self) -> bool {
        self == Relevance::Exact
    }

    /// Whether it is at least of a type that was asked for.
    pub fn is_right_type(self) -> bool {
        self >= Relevance::Partial
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
            Relevance::Exact => 1.32,
            Relevance::Partial => 0.95,
            Relevance::Related => 1.4,
            Relevance::Irrelevant => 1.7,
        };
        let pair = key(u64::from(query) << 32 | u64::from(product), self.seed);
        (noise(pair) > miss) != relevance.is_relevant()
    }
}
