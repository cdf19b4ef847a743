//! What a shopper wishes for: a product type to buy or to look at, and the product in mind, which
//! steers queries, clicks and the order while the wish lasts.

use serde::{Deserialize, Serialize};

use super::catalogue::{Product, ProductTypeId};
use super::product::{ProductTruth, STYLE_DIMENSIONS};

/// The product that someone has in mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct Target {
    /// Brand, if one is meant.
    pub brand: Option<u16>,
    /// Colour, if one is meant.
    pub colour: Option<u8>,
    /// Index of an attribute of the type and of its value, if one is meant.
    pub attribute: Option<(u8, u8)>,
    /// Place in the type's range of prices, -1 to 1.
    pub price: f32,
    /// Place on the axes of style.
    pub style: [f32; STYLE_DIMENSIONS],
}

impl Target {
    /// How near a product comes to what is meant: 0 in the middle, some 2 for the very thing.
    pub fn nearness(&self, item: &Product, truth: &ProductTruth) -> f32 {
        let mut near = 0.3 - 0.9 * (truth.price_position - self.price).abs();
        if let Some(brand) = self.brand {
            near += if item.brand == brand { 0.8 } else { -0.25 };
        }
        if let Some(colour) = self.colour {
            near += if item.colour == Some(colour) { 0.6 } else { -0.2 };
        }
        if let Some((attribute, value)) = self.attribute {
            let same = truth.attributes.get(usize::from(attribute)) == Some(&value);
            near += if same { 0.8 } else { -0.3 };
        }
        let style: f32 = truth.style.iter().zip(self.style).map(|(one, other)| one * other).sum();
        near + 0.2 * style
    }
}

/// A [`Target`] as files hold it: brand, colour, attribute and its value, each -1 where none is
/// meant; price and style in hundredths.
#[derive(Serialize, Deserialize)]
struct Written([i32; 4], [i16; 1 + STYLE_DIMENSIONS]);

impl From<Target> for Written {
    fn from(target: Target) -> Self {
        let number = |given: Option<i32>| given.unwrap_or(-1);
        let [a, b, c, d] = target.style;
        let hundredths = |value: f32| libm::roundf(100.0 * value) as i16;
        Self(
            [
                number(target.brand.map(i32::from)),
                number(target.colour.map(i32::from)),
                number(target.attribute.map(|(attribute, _)| i32::from(attribute))),
                number(target.attribute.map(|(_, value)| i32::from(value))),
            ],
            [target.price, a, b, c, d].map(hundredths),
        )
    }
}

impl From<Written> for Target {
    fn from(Written([brand, colour, attribute, value], values): Written) -> Self {
        let [price, style @ ..] = values.map(|value| f32::from(value) / 100.0);
        let attribute = u8::try_from(attribute).ok().zip(u8::try_from(value).ok());
        let (brand, colour) = (u16::try_from(brand).ok(), u8::try_from(colour).ok());
        Self { brand, colour, attribute, price, style }
    }
}

/// A wish at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// Product type.
    pub product_type: ProductTypeId,
    /// To buy it, not just to look.
    pub buys: bool,
    /// How settled it is on its target, 0 to 1: the more was looked at, the more.
    pub settled: f32,
    /// What is in mind.
    pub target: Target,
}

impl Wish {
    /// The wish for a type among some; one to buy before one to look.
    pub fn of(wishes: &[Wish], product_type: ProductTypeId) -> Option<&Wish> {
        let same = wishes.iter().filter(|wish| wish.product_type == product_type);
        same.max_by_key(|wish| wish.buys)
    }
}
