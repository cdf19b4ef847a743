//! What the page shows before its engine has answered: the answer to the state it opens with, as the
//! same engine gave it on the command line (`vitrine prepare`).

use wire::message;

use super::{Answer, Shop};
use market::catalogue::{Product, ProductId};

message! {
    /// The page as it opens.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Prepared {
        /// The shop, of whose products only those are there that the answer names, and of whose
        /// shoppers no behaviour.
        pub shop: Shop,
        /// Which products these are, in their order.
        pub products: Vec<ProductId>,
        /// How many the shop has in all.
        pub of: u32,
        /// The answer, with number 0 and without times.
        pub answer: Answer,
    }
}

impl Prepared {
    /// What is worth preparing of an answer and the shop that it is of.
    pub fn of(mut shop: Shop, mut answer: Answer) -> Self {
        let named = answer.candidates.iter().map(|candidate| candidate.product);
        let mut products: Vec<_> =
            named.chain(answer.history.iter().map(|entry| entry.event.product)).collect();
        products.sort_unstable();
        products.dedup();
        let of = shop.catalogue.products.len() as u32;
        // The rows of others come with the answer.
        products.retain(|product| *product < of);
        let row = |product: &ProductId| shop.catalogue.products[*product as usize].clone();
        shop.catalogue.products = products.iter().map(row).collect();
        for shopper in &mut shop.shoppers {
            shopper.events.clear();
            shopper.web_searches.clear();
        }
        shop.queries.clear();
        (answer.run, answer.timings) = (0, vec![]);
        Self { shop, products, of, answer }
    }

    /// Shop and answer, with every product at its number; in the place of one that is not there stands
    /// one without a title.
    pub fn open(self) -> (Shop, Answer) {
        let Self { mut shop, products, of, answer } = self;
        let blank = Product {
            title: String::new(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents: 0,
            rating: 0.0,
            reviews: 0,
        };
        let mut all = vec![blank; of as usize];
        for (product, row) in products.into_iter().zip(shop.catalogue.products) {
            if let Some(place) = all.get_mut(product as usize) {
                *place = row;
            }
        }
        shop.catalogue.products = all;
        (shop, answer)
    }
}
