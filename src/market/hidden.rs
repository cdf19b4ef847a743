//! The hidden side of a market: all that, beside the catalogue, decides what is true of a shopper
//! and a product. A [`World`](super::World) draws it; whoever evaluates may read it from a file.

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, ProductTypeId};
use super::product::ProductTruth;
use super::table::{People, Table};

/// What no model sees of a market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// Seed of the market, which tastes are drawn from.
    pub seed: u64,
    /// Hidden side of each product, by id.
    pub products: Vec<ProductTruth>,
    /// Hidden side of each product type.
    pub(crate) types: Vec<TypeTruth>,
    /// Price tier of each brand: -1, 0 or 1.
    pub(crate) brand_tiers: Vec<f32>,
    /// Types that share a broad query with each type, rising: what people may take instead.
    pub(crate) related: Vec<Vec<ProductTypeId>>,
}

/// Who needs a product type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TypeTruth {
    /// Bit set of [`Ownership`](super::table::Ownership): only households that own one of these
    /// need it often; none where it takes nothing.
    pub owners: u16,
    /// Groups of people that need it more often, and how many times.
    pub people: Vec<(People, f32)>,
    /// Which of its attributes says for whom a product is made, and what each value means.
    pub audience: Option<(u8, Vec<Audience>)>,
}

/// For whom a product is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Audience {
    Women,
    Men,
    Kids,
    Anyone,
}

impl Audience {
    /// As titles say it.
    pub fn of(text: &str) -> Self {
        match text {
            "Women's" => Self::Women,
            "Men's" => Self::Men,
            "Kids'" => Self::Kids,
            _ => Self::Anyone,
        }
    }
}

impl Hidden {
    /// The hidden side of a market made from a table.
    pub(crate) fn new(
        seed: u64,
        products: Vec<ProductTruth>,
        table: &Table,
        catalogue: &Catalogue,
        related: Vec<Vec<ProductTypeId>>,
    ) -> Self {
        let types = table.types.iter().map(|row| {
            let audience = row.attributes.iter().position(|attribute| attribute.name == "audience");
            let means = |place: usize| {
                let values = row.attributes[place].values.iter();
                (place as u8, values.map(|value| Audience::of(&value.text)).collect())
            };
            TypeTruth {
                owners: row.owners.iter().fold(0, |owners, what| owners | 1 << *what as u16),
                people: row.people.clone(),
                audience: audience.map(means),
            }
        });
        let brands = || table.groups.iter().flat_map(|group| &group.brands);
        let tier = |name: &String| brands().find(|row| row.name == *name).map_or(0, |row| row.tier);
        Self {
            seed,
            products,
            types: types.collect(),
            brand_tiers: catalogue.brands.iter().map(|name| f32::from(tier(name))).collect(),
            related,
        }
    }

    /// Whether it is of the products of this catalogue that a log tells of, and nothing in it points beyond
    /// its end.
    pub fn fits(&self, catalogue: &Catalogue) -> bool {
        let types = catalogue.product_types.len();
        let known = |related: &Vec<ProductTypeId>| related.iter().all(|t| usize::from(*t) < types);
        let counts = [self.products.len(), self.brand_tiers.len(), self.types.len()];
        counts == [catalogue.logged(), catalogue.brands.len(), types]
            && self.seed == catalogue.seed
            && self.related.len() == types
            && self.related.iter().all(known)
            && self.products.iter().zip(&catalogue.products).all(|(truth, product)| {
                let audience = &self.types[usize::from(product.product_type)].audience;
                audience.as_ref().is_none_or(|(place, means)| {
                    let value = truth.attributes.get(usize::from(*place));
                    value.is_none_or(|value| usize::from(*value) < means.len())
                })
            })
    }

    pub(crate) fn are_related(&self, a: ProductTypeId, b: ProductTypeId) -> bool {
        self.related[usize::from(a)].binary_search(&b).is_ok()
    }
}
