//! The hidden side of a product.

use serde::{Deserialize, Serialize};

/// Axes of style that brands and products lie on and shoppers have a taste in.
pub(crate) const STYLE_DIMENSIONS: usize = 4;

/// Hidden side of a product. Files hold it to the hundredth, without its popularity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct ProductTruth {
    /// How good it is; near a standard normal.
    pub quality: f32,
    /// How good its picture looks; near a standard normal.
    pub appeal: f32,
    /// How long and loudly it has been sold; a standard normal.
    pub popularity: f32,
    /// Place of its price in the type's range, -1 (lowest) to 1 (highest), in logarithms.
    pub price_position: f32,
    /// Place on the axes of style.
    pub style: [f32; STYLE_DIMENSIONS],
    /// Index of its value for each attribute of its type.
    pub attributes: Vec<u8>,
}

/// A [`ProductTruth`] as files hold it: its seven numbers without popularity, which only the
/// production shop sees a shadow of, in hundredths, and its attributes.
#[derive(Serialize, Deserialize)]
struct Written([i16; 3 + STYLE_DIMENSIONS], Vec<u8>);

impl From<ProductTruth> for Written {
    fn from(truth: ProductTruth) -> Self {
        let [a, b, c, d] = truth.style;
        let values = [truth.quality, truth.appeal, truth.price_position, a, b, c, d];
        Self(values.map(|value| libm::roundf(100.0 * value) as i16), truth.attributes)
    }
}

impl From<Written> for ProductTruth {
    fn from(Written(values, attributes): Written) -> Self {
        let [quality, appeal, price_position, style @ ..] =
            values.map(|value| f32::from(value) / 100.0);
        Self { quality, appeal, popularity: 0.0, price_position, style, attributes }
    }
}
