//! What is on sale and who shops, as the page is told of it.

use wire::message;

use market::catalogue::{Catalogue, Product, ProductId};
use market::history::{Event, Profile, WebSearch};
use market::language::Message;

message! {
    /// What the page needs to show products and shoppers.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Shop {
        /// What is on sale.
        pub catalogue: Catalogue,
        /// Who can be played.
        pub shoppers: Vec<Shopper>,
        /// Queries for suggestions, most frequent first.
        pub queries: Vec<String>,
        /// Products of a larger shop that answers named, by their numbers, rising. An engine has none to
        /// tell of as it loads.
        pub others: Vec<Listed>,
    }
}

impl Shop {
    /// A product that is known here: of those that ship each is, of others those that were named.
    pub fn product(&self, product: ProductId) -> Option<&Product> {
        let shipped = self.catalogue.products.get(product as usize);
        shipped.or_else(|| listed(&self.others, product))
    }

    /// Which of these products are not known yet.
    pub fn unknown<'a>(&self, others: &'a [Listed]) -> Vec<&'a Listed> {
        others.iter().filter(|listed| self.product(listed.product).is_none()).collect()
    }

    /// Takes in products that were not known.
    pub fn learn(&mut self, others: Vec<Listed>) {
        self.others.extend(others);
        self.others.sort_unstable_by_key(|listed| listed.product);
        self.others.dedup_by_key(|listed| listed.product);
    }
}

message! {
    /// A product of a larger shop than the one that ships.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Listed {
        /// Its number, behind those of the catalogue that ships.
        pub product: ProductId,
        /// The product.
        pub row: Product,
    }
}

/// The product of a number among some that are listed by their numbers, rising.
pub(crate) fn listed(others: &[Listed], product: ProductId) -> Option<&Product> {
    let place = others.binary_search_by_key(&product, |listed| listed.product);
    place.ok().map(|place| &others[place].row)
}

message! {
    /// A shopper one can take the place of.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Shopper {
        /// Key in links, for example "mara".
        pub key: String,
        /// Name, for example "Mara".
        pub name: String,
        /// A few sentences about the person.
        pub about: Vec<Message>,
        /// Profile features.
        pub profile: Profile,
        /// Behaviour, oldest first.
        pub events: Vec<Event>,
        /// Web searches made outside the shop, oldest first.
        #[serde(default)]
        pub web_searches: Vec<WebSearch>,
        /// "Now" for this shopper, in minutes.
        pub now: i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str) -> Product {
        Product {
            title: title.into(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents: 100,
            rating: 4.0,
            reviews: 3,
        }
    }

    fn other(product: ProductId, title: &str) -> Listed {
        Listed { product, row: row(title) }
    }

    #[test]
    fn a_shop_knows_what_ships_and_of_a_larger_one_what_was_named() {
        let catalogue = Catalogue {
            seed: 1,
            departments: vec![],
            product_types: vec![],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            products: ["lamp", "rug"].map(row).into(),
            newcomers: 0,
        };
        let mut shop = Shop { catalogue, shoppers: vec![], queries: vec![], others: vec![] };
        let named = [other(3, "desk"), other(9, "sofa")];
        assert_eq!(shop.unknown(&named).len(), 2);
        shop.learn(named.to_vec());
        let title = |shop: &Shop, product| shop.product(product).map(|row| row.title.clone());
        assert_eq!(title(&shop, 1).as_deref(), Some("rug"));
        assert_eq!(title(&shop, 9).as_deref(), Some("sofa"));
        assert_eq!([2, 4, 10].map(|product| title(&shop, product)), [None, None, None]);

        // What comes later may stand between them, and be known in part.
        let more = [other(3, "desk"), other(5, "vase")];
        let new: Vec<Listed> = shop.unknown(&more).into_iter().cloned().collect();
        assert_eq!(new, more[1..]);
        shop.learn(more.to_vec());
        let known: Vec<ProductId> = shop.others.iter().map(|listed| listed.product).collect();
        assert_eq!(known, [3, 5, 9]);
        assert_eq!(title(&shop, 5).as_deref(), Some("vase"));
        assert!(shop.unknown(&more).is_empty());
    }
}
