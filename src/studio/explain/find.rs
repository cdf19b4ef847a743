//! Finding a product by its title.

use market::catalogue::ProductId;
use protocol::Shop;

/// Products whose titles hold all the words of a text, in any case; a text that is a number is
/// the product's own number. `most` of them at most, and how many there are in all. Of a larger shop than
/// the one that ships those are found that answers named.
pub fn find(shop: &Shop, text: &str, most: usize) -> (Vec<ProductId>, usize) {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return (Vec::new(), 0);
    }
    let number = text.trim().parse::<ProductId>().ok();
    let others = shop.others.iter().map(|listed| (listed.product, &listed.row));
    let products = (0..).zip(&shop.catalogue.products).chain(others);
    let found = products.filter(|(product, row)| {
        let title = row.title.to_lowercase();
        Some(*product) == number || words.iter().all(|word| title.contains(word))
    });
    let mut all: Vec<ProductId> = found.map(|(product, _)| product).collect();
    let count = all.len();
    // The number means the product itself before any title that holds it.
    all.sort_by_key(|product| Some(*product) != number);
    all.truncate(most);
    (all, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::catalogue::{Catalogue, Product};
    use protocol::Listed;

    #[test]
    fn every_word_must_be_in_the_title_and_a_number_is_a_product() {
        let product = |title: &str| Product {
            title: title.into(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents: 100,
            rating: 4.0,
            reviews: 3,
        };
        let titles = ["Oak Table", "Oak Chair 3 legs", "Pine Table", "Lamp"];
        let catalogue = Catalogue {
            seed: 1,
            departments: vec![],
            product_types: vec![],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            products: titles.map(product).into(),
            newcomers: 0,
        };
        let others = vec![Listed { product: 40, row: product("Oak Bench") }];
        let shop = Shop { catalogue, shoppers: vec![], queries: vec![], others };
        assert_eq!(find(&shop, " OAK ", 9), (vec![0, 1, 40], 3));
        assert_eq!(find(&shop, "table oak", 9), (vec![0], 1));
        assert_eq!(find(&shop, "table", 1), (vec![0], 2));
        assert_eq!(find(&shop, "3", 9), (vec![3, 1], 2));
        assert_eq!(find(&shop, "  ", 9), (vec![], 0));
        assert_eq!(find(&shop, "40", 9), (vec![40], 1));
        assert_eq!(find(&shop, "99", 9), (vec![], 0));
    }
}
