//! A larger shop around one that there is: the products that a market of the same seed and more products
//! has, behind those that are sold already.
//!
//! An offer hangs on nothing but seed, type and number, so every offer of the smaller market is one of the
//! larger, too. What is sold already keeps its number, and of several sizes each sells all of the smaller
//! ones under the same numbers. No log tells of the newcomers: what is counted of them is nothing.

use std::ops::Range;

use super::catalogue::{Catalogue, Product, ProductTypeId};
use super::product::ProductTruth;
use super::stock::Shelves;
use super::table::Table;

/// Why a shop can't be made larger.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GrowthError {
    /// The text of the shelves breaks its format.
    #[error("the shelves can't be read: {0}")]
    Shelves(String),
    /// The catalogue is not one that these shelves make.
    #[error("the catalogue is of other shelves")]
    OtherCatalogue,
}

/// The text of the shelves that the project carries, for programs that do not: who makes and sells what,
/// and how much of it there is.
pub fn shelves() -> String {
    Table::text()
}

/// The newcomers of a larger shop, made in slices.
pub struct Growth {
    table: Table,
    shelves: Shelves,
    /// Offers that are still to be made, by type.
    left: Vec<(ProductTypeId, Range<usize>)>,
}

impl Growth {
    /// What the products of a catalogue that a log tells of lack to be as many as the last of `sizes`. They
    /// rise; `shelves` is [`shelves`]'s text.
    ///
    /// # Errors
    /// Where the text can't be read, or these products are not the market's of the first size.
    pub fn new(shelves: &str, catalogue: &Catalogue, sizes: &[u32]) -> Result<Self, GrowthError> {
        let table =
            Table::read(shelves).map_err(|error| GrowthError::Shelves(error.to_string()))?;
        let of = |size: &u32| Shelves::new(catalogue.seed, *size as usize, &table);
        let [first, others @ ..] = sizes else { return Err(GrowthError::OtherCatalogue) };
        let (mut put_up, empty) = of(first);
        let same = empty.brands == catalogue.brands
            && empty.shops == catalogue.shops
            && empty.colours == catalogue.colours
            && empty.product_types == catalogue.product_types
            && put_up.len() == catalogue.logged();
        if !same {
            return Err(GrowthError::OtherCatalogue);
        }
        let mut there: Vec<usize> = put_up.counts().collect();
        let mut left = Vec::new();
        for size in others {
            put_up = of(size).0;
            for ((product_type, count), there) in (0..).zip(put_up.counts()).zip(&mut there) {
                let more = *there..count.max(*there);
                *there = more.end;
                left.push((product_type, more));
            }
        }
        left.reverse();
        Ok(Self { table, shelves: put_up, left })
    }

    /// Products that are still to be made.
    pub fn left(&self) -> usize {
        self.left.iter().map(|(_, offers)| offers.len()).sum()
    }

    /// Leaves out the next `count` products, which are there already.
    pub fn pass_over(&mut self, mut count: usize) {
        while let Some((_, offers)) = self.left.last_mut() {
            let passed = count.min(offers.len());
            offers.start += passed;
            count -= passed;
            if offers.start < offers.end {
                break;
            }
            self.left.pop();
        }
    }

    /// Newcomers as bytes, one after another: a fraction of the time that making them takes is enough to
    /// read them.
    pub fn bytes_of(products: &[Product]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for product in products {
            bytes.extend((product.title.len() as u32).to_le_bytes());
            bytes.extend(product.title.as_bytes());
            for number in [product.product_type, product.brand, product.shop] {
                bytes.extend(number.to_le_bytes());
            }
            // No catalogue has as many colours.
            bytes.push(product.colour.unwrap_or(u8::MAX));
            bytes.extend(product.price_cents.to_le_bytes());
            bytes.extend(product.rating.to_le_bytes());
            bytes.extend(product.reviews.to_le_bytes());
        }
        bytes
    }

    /// The newcomers of such bytes; none where they are not products of this catalogue.
    pub fn products_of(mut bytes: &[u8], catalogue: &Catalogue) -> Option<Vec<Product>> {
        let bytes = &mut bytes;
        let mut products = Vec::new();
        while !bytes.is_empty() {
            let length = u32::from_le_bytes(next(bytes)?);
            let (title, rest) = bytes.split_at_checked(length as usize)?;
            *bytes = rest;
            let product = Product {
                title: str::from_utf8(title).ok()?.to_owned(),
                product_type: u16::from_le_bytes(next(bytes)?),
                brand: u16::from_le_bytes(next(bytes)?),
                shop: u16::from_le_bytes(next(bytes)?),
                colour: Some(u8::from_le_bytes(next(bytes)?)).filter(|colour| *colour < u8::MAX),
                price_cents: u32::from_le_bytes(next(bytes)?),
                rating: f32::from_le_bytes(next(bytes)?),
                reviews: u32::from_le_bytes(next(bytes)?),
            };
            let is_of_it = usize::from(product.product_type) < catalogue.product_types.len()
                && usize::from(product.brand) < catalogue.brands.len()
                && usize::from(product.shop) < catalogue.shops.len()
                && product.colour.is_none_or(|c| usize::from(c) < catalogue.colours.len())
                && product.rating.is_finite();
            if !is_of_it {
                return None;
            }
            products.push(product);
        }
        Some(products)
    }
}

/// The first bytes, which are taken off.
fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

impl Iterator for Growth {
    type Item = (Product, ProductTruth);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((product_type, offers)) = self.left.last_mut() {
            match offers.next() {
                Some(offer) => {
                    let (mut product, truth) =
                        self.shelves.offer(&self.table, *product_type, offer);
                    // Of a million, what titles could still hold would be half of all memory.
                    product.title.shrink_to_fit();
                    return Some((product, truth));
                }
                None => drop(self.left.pop()),
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goods::Goods;

    fn grown(mut catalogue: Catalogue, sizes: &[u32]) -> Catalogue {
        let growth = Growth::new(&shelves(), &catalogue, sizes).unwrap();
        let expected = growth.left();
        let before = catalogue.products.len();
        catalogue.products.extend(growth.map(|(product, _)| product));
        assert_eq!(catalogue.products.len() - before, expected);
        catalogue.newcomers += expected as u32;
        catalogue
    }

    fn titles(products: &[Product]) -> Vec<String> {
        let mut titles: Vec<String> =
            products.iter().map(|p| format!("{} {} {}", p.title, p.shop, p.price_cents)).collect();
        titles.sort_unstable();
        titles
    }

    #[test]
    fn a_shop_grows_into_the_larger_market_of_its_seed() {
        let small = Goods::generate(7, 4_000).catalogue;
        let large = Goods::generate(7, 20_000).catalogue;
        let grown = grown(small.clone(), &[4_000, 20_000]);
        assert_eq!(grown.products[..4_000], small.products);
        assert_eq!((grown.products.len(), grown.logged()), (20_000, 4_000));
        assert_eq!(titles(&grown.products), titles(&large.products));
    }

    #[test]
    fn every_size_sells_the_smaller_ones_under_the_same_numbers() {
        let small = Goods::generate(3, 2_000).catalogue;
        let middle = grown(small.clone(), &[2_000, 5_000]);
        let at_once = grown(small, &[2_000, 5_000, 9_000]);
        assert_eq!(at_once.products[..5_000], middle.products);
    }

    #[test]
    fn newcomers_that_are_there_are_left_out() {
        let catalogue = Goods::generate(7, 4_000).catalogue;
        let made = || Growth::new(&shelves(), &catalogue, &[4_000, 6_000, 9_000]).unwrap();
        let all: Vec<Product> = made().map(|(product, _)| product).collect();
        for passed in [0, 1, 700, 2_000, 4_999, 5_000, 9_000] {
            let mut growth = made();
            growth.pass_over(passed);
            let there = passed.min(all.len());
            assert_eq!(growth.left(), all.len() - there);
            assert!(
                growth.map(|(product, _)| product).eq(all[there..].iter().cloned()),
                "{passed}"
            );
        }
    }

    #[test]
    fn newcomers_are_the_same_behind_bytes() {
        let catalogue = Goods::generate(7, 4_000).catalogue;
        let growth = Growth::new(&shelves(), &catalogue, &[4_000, 6_000]).unwrap();
        let products: Vec<Product> = growth.map(|(product, _)| product).collect();
        assert!(products.iter().any(|product| product.colour.is_none()));
        let bytes = Growth::bytes_of(&products);
        assert_eq!(Growth::products_of(&bytes, &catalogue), Some(products.clone()));
        assert_eq!(Growth::products_of(&[], &catalogue), Some(vec![]));
        for cut in [1, 3, 40, bytes.len() - 1] {
            assert_eq!(Growth::products_of(&bytes[..cut], &catalogue), None, "{cut}");
        }
        let refused = |change: fn(&mut Product)| {
            let mut product = products[0].clone();
            change(&mut product);
            Growth::products_of(&Growth::bytes_of(&[product]), &catalogue).is_none()
        };
        assert!(!refused(|_| ()));
        assert!(refused(|product| product.product_type = u16::MAX));
        assert!(refused(|product| product.brand = u16::MAX));
        assert!(refused(|product| product.shop = u16::MAX));
        assert!(refused(|product| product.colour = Some(254)));
        assert!(refused(|product| product.rating = f32::NAN));
        // What stands there as text is none.
        let mut other = bytes.clone();
        other[4] = 0xff;
        assert_eq!(Growth::products_of(&other, &catalogue), None);
    }

    #[test]
    fn a_catalogue_of_other_shelves_is_refused() {
        let goods = Goods::generate(7, 4_000);
        let other = |sizes: &[u32]| Growth::new(&shelves(), &goods.catalogue, sizes).err();
        assert_eq!(other(&[3_000, 5_000]), Some(GrowthError::OtherCatalogue));
        assert_eq!(other(&[]), Some(GrowthError::OtherCatalogue));
        let cut = &shelves()[..20_000];
        let refused = Growth::new(cut, &goods.catalogue, &[4_000, 5_000]).err();
        assert!(refused.is_some(), "shelves that were cut");
        let mut renamed = goods.catalogue.clone();
        renamed.brands[0].push('!');
        let refused = Growth::new(&shelves(), &renamed, &[4_000, 5_000]).err();
        assert_eq!(refused, Some(GrowthError::OtherCatalogue));
    }
}
