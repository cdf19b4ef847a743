//! What a page view is measured by, against the log and against the truth. `docs/metrics.md` has
//! the definitions at length.

use crate::catalogue::ProductId;

/// What is measured. More of each is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// nDCG@[`TOP`] of clicks over the final order.
    NdcgClicks,
    /// The same of orders.
    NdcgOrders,
    /// Recall of clicks among the candidates that reach the ranker.
    RecallClicks,
    /// The same of orders.
    RecallOrders,
    /// P_good@[`GOOD`] over the final order (MOPPR 21).
    Good,
    /// Clicks expected on the page.
    Clicks,
    /// Orders expected on the page.
    Orders,
    /// What the orders expected on the page are worth, in dollars.
    Gmv,
    /// Effective number of product types on the page.
    Diversity,
}

/// What a measure is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Against {
    /// What only the market knows.
    #[default]
    Truth,
    /// What the shop saw and what its ranker expects.
    Log,
}

/// K of nDCG@K.
pub const TOP: usize = 10;
/// K of P_good@K.
pub const GOOD: usize = 20;
/// How many of the truly best products of the catalogue recall looks for.
pub const BEST: usize = 10;
/// Length of what [`place`] counts over.
pub const PLACES: usize = 2 * Measure::ALL.len();

/// A measure's value for one page view, in its [`place`]; none where it does not exist, such as a
/// recall of orders on a page without one.
pub type Values = Vec<Option<f32>>;

/// Place of a measure among [`Values`].
pub fn place(against: Against, measure: Measure) -> usize {
    let first = match against {
        Against::Truth => 0,
        Against::Log => Measure::ALL.len(),
    };
    first + Measure::ALL.iter().position(|(other, _)| *other == measure).unwrap_or(0)
}

impl Measure {
    /// Every measure, with its name in links.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::NdcgClicks, "ndcg-clicks"),
        (Self::NdcgOrders, "ndcg-orders"),
        (Self::RecallClicks, "recall-clicks"),
        (Self::RecallOrders, "recall-orders"),
        (Self::Good, "p-good"),
        (Self::Clicks, "clicks"),
        (Self::Orders, "orders"),
        (Self::Gmv, "gmv"),
        (Self::Diversity, "diversity"),
    ];

    /// Its name in links.
    pub fn key(self) -> &'static str {
        Self::ALL.iter().find(|(measure, _)| *measure == self).map_or("", |(_, key)| key)
    }
}

/// What one place of a page is expected to bring.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Probability of a click.
    pub click: f64,
    /// Probability of an order.
    pub order: f64,
    /// Price, in dollars.
    pub price: f64,
}

/// Clicks, orders and dollars expected of a page: sums over its places.
pub fn expected(page: impl IntoIterator<Item = Expected>) -> [f64; 3] {
    page.into_iter().fold([0.0; 3], |[clicks, orders, gmv], place| {
        [clicks + place.click, orders + place.order, gmv + place.order * place.price]
    })
}

/// Products with what each is truly worth, best first: the first `most` of all.
pub fn best(worth: impl IntoIterator<Item = f64>, most: usize) -> Vec<(ProductId, f64)> {
    let mut best: Vec<(ProductId, f64)> = Vec::with_capacity(most + 1);
    for (product, worth) in (0..).zip(worth) {
        if best.len() < most || best.last().is_some_and(|(_, least)| worth > *least) {
            let place = best.partition_point(|(_, other)| *other >= worth);
            best.insert(place, (product, worth));
            best.truncate(most);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_measure_has_places_of_its_own() {
        let both = [Against::Truth, Against::Log];
        let places: HashSet<usize> = both
            .iter()
            .flat_map(|against| Measure::ALL.map(|(measure, _)| place(*against, measure)))
            .collect();
        assert_eq!(places, (0..PLACES).collect());
    }

    #[test]
    fn the_best_are_found_in_order() {
        assert_eq!(best([0.2, 0.9, 0.1, 0.9, 0.5], 3), [(1, 0.9), (3, 0.9), (4, 0.5)]);
        assert_eq!(best([0.2], 3), [(0, 0.2)]);
        assert_eq!(best([], 3), []);
    }

    #[test]
    fn a_page_brings_what_its_places_bring() {
        let place = |click, order, price| Expected { click, order, price };
        let [clicks, orders, gmv] = expected([place(0.5, 0.1, 20.0), place(0.25, 0.2, 5.0)]);
        assert!((clicks - 0.75).abs() < 1e-12 && (orders - 0.3).abs() < 1e-12);
        assert!((gmv - 3.0).abs() < 1e-12);
    }
}
