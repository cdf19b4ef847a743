//! Counts over past page views: the statistics features of both papers (MOPPR 5.1, DMT 4.1.2).

use serde::{Deserialize, Serialize};

use crate::log::PageView;

/// Counts of one product over the days before the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Times shown.
    pub impressions: u32,
    /// Times clicked.
    pub clicks: u32,
    /// Times put in a cart.
    pub carts: u32,
    /// Times bought.
    pub orders: u32,
}

impl Counts {
    /// Never shown.
    const NONE: Self = Self { impressions: 0, clicks: 0, carts: 0, orders: 0 };

    /// Clicks an impression, drawn towards `prior` by the weight of 50 impressions.
    pub fn ctr(&self, prior: f32) -> f32 {
        smoothed(self.clicks, self.impressions, prior, 50.0)
    }

    /// Orders a click, drawn towards `prior` by the weight of 20 clicks.
    pub fn cvr(&self, prior: f32) -> f32 {
        smoothed(self.orders, self.clicks, prior, 20.0)
    }

    fn add(&mut self, other: &Counts) {
        self.impressions += other.impressions;
        self.clicks += other.clicks;
        self.carts += other.carts;
        self.orders += other.orders;
    }
}

fn smoothed(part: u32, whole: u32, prior: f32, weight: f32) -> f32 {
    (part as f32 + prior * weight) / (whole as f32 + weight)
}

/// Counts of every product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// By product id.
    pub products: Vec<Counts>,
}

impl Statistics {
    /// No counts yet for `products` products.
    pub fn new(products: usize) -> Self {
        Self { products: vec![Counts::default(); products] }
    }

    /// Counts of every product of a catalogue, in id order: of one that no log tells of there are none.
    pub fn of_all(&self) -> impl Iterator<Item = &Counts> {
        self.products.iter().chain(std::iter::repeat(&Counts::NONE))
    }

    /// Adds one page view. The caller leaves out views of days that may not be known.
    pub fn add(&mut self, view: &PageView) {
        for impression in &view.impressions {
            self.products[impression.product as usize].add(&Counts {
                impressions: 1,
                clicks: impression.clicked.into(),
                carts: impression.carted.into(),
                orders: impression.ordered.into(),
            });
        }
    }

    /// Adds the counts of another set over the same products.
    pub fn merge(&mut self, other: &Statistics) {
        for (mine, theirs) in self.products.iter_mut().zip(&other.products) {
            mine.add(theirs);
        }
    }

    /// Counts over all products.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in &self.products {
            total.add(counts);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_never_shown_has_the_prior_rate() {
        assert!((Counts::default().ctr(0.07) - 0.07).abs() < 1e-6);
        assert!((Counts::default().cvr(0.03) - 0.03).abs() < 1e-6);
    }

    #[test]
    fn many_impressions_outweigh_the_prior() {
        let counts = Counts { impressions: 100_000, clicks: 20_000, carts: 0, orders: 0 };
        assert!((counts.ctr(0.07) - 0.2).abs() < 1e-3);
    }
}
