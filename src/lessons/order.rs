//! What a state makes of an answer: the order, what is expected of its page, and how far two
//! orders agree.

use link::State;
use market::catalogue::{Catalogue, ProductId};
use market::metrics::{kendall_tau, overlap_at, rank_biased_overlap};
use protocol::Answer;
use protocol::blend::{self, probability};
use systems::Task;

/// K of overlap@K.
const TOP: usize = 10;
/// Persistence of rank-biased overlap: the tenth place weighs two fifths of the first.
pub const PERSISTENCE: f64 = 0.9;

/// An order of products, with what the ranker expects of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Best first.
    pub products: Vec<ProductId>,
    /// What the ranker expects of the page; nothing without one.
    pub expected: Option<Expected>,
}

/// What a ranker expects of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Clicks.
    pub clicks: f64,
    /// Orders.
    pub orders: f64,
    /// Orders, times prices, in cents.
    pub gross_value: f64,
}

/// How far two orders agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// overlap@10.
    pub overlap: f64,
    /// Kendall's tau over the products that both have; none where those are fewer than two.
    pub kendall_tau: Option<f64>,
    /// Rank-biased overlap.
    pub rank_biased_overlap: f64,
}

impl Order {
    /// Of an answer, as a state blends it. Prices are the catalogue's, or what the answer tells beside it.
    pub fn new(answer: &Answer, state: &State, catalogue: Option<&Catalogue>) -> Self {
        let tasks = answer.ranker.tasks;
        let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let page = order.iter().take(state.page_size());
        let (mut clicks, mut orders, mut gross_value) = (0.0, 0.0, 0.0);
        for ranked in page {
            let candidate = &answer.candidates[ranked.candidate];
            let chance = |wanted| {
                let number = tasks.iter().position(|task| *task == wanted);
                number.map_or(0.0, |n| f64::from(probability(candidate, n, &state.settings)))
            };
            let product = catalogue.and_then(|all| answer.product(all, candidate.product));
            clicks += chance(Task::Click);
            orders += chance(Task::Order);
            gross_value +=
                chance(Task::Order) * product.map_or(0.0, |product| f64::from(product.price_cents));
        }
        let products = order.iter().map(|r| answer.candidates[r.candidate].product).collect();
        let expected = Expected { clicks, orders, gross_value };
        Self { products, expected: (!tasks.is_empty()).then_some(expected) }
    }

    /// Place of a product, from 0.
    pub fn rank(&self, product: ProductId) -> Option<usize> {
        self.products.iter().position(|other| *other == product)
    }

    /// How far another order agrees with this.
    pub fn agreement(&self, other: &Self) -> Agreement {
        let both = self
            .products
            .iter()
            .enumerate()
            .filter_map(|(rank, product)| Some((rank as f32, other.rank(*product)? as f32)));
        let (mine, others): (Vec<f32>, Vec<f32>) = both.unzip();
        Agreement {
            overlap: overlap_at(TOP, &self.products, &other.products),
            kendall_tau: kendall_tau(&mine, &others),
            rank_biased_overlap: rank_biased_overlap(PERSISTENCE, &self.products, &other.products),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::catalogue::Product;
    use protocol::{Backend, Candidate, Listed, RetrievalInsides};
    use systems::{dmt, moppr};

    fn order(products: &[ProductId]) -> Order {
        Order { products: products.into(), expected: None }
    }

    #[test]
    fn orders_agree_by_what_both_have() {
        let (a, b) = (order(&[1, 2, 3, 4]), order(&[3, 1, 2, 9]));
        let Agreement { overlap, kendall_tau, rank_biased_overlap } = a.agreement(&b);
        assert_eq!(overlap, 0.75);
        // Of 1, 2 and 3, one pair of three stands the same way round.
        assert!((kendall_tau.unwrap() + 1.0 / 3.0).abs() < 1e-12);
        assert!(rank_biased_overlap > 0.3 && rank_biased_overlap < 0.75);
        let same = a.agreement(&a);
        assert_eq!(
            (same.overlap, same.kendall_tau, same.rank_biased_overlap),
            (1.0, Some(1.0), 1.0)
        );
        assert_eq!(a.agreement(&order(&[7])).kendall_tau, None);
    }
    #[test]
    fn a_product_of_a_larger_shop_brings_its_price() {
        let row = |price_cents| Product {
            title: "Lamp".into(),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents,
            rating: 4.0,
            reviews: 3,
        };
        let catalogue = Catalogue {
            seed: 1,
            departments: vec![],
            product_types: vec![],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            newcomers: 0,
            products: vec![row(1_000)],
        };
        // An even chance of either task.
        let candidate = |product| Candidate {
            product,
            retrieval_score: 0.0,
            probability: 0.0,
            tier: 0,
            utility: vec![0.0, 0.0],
            bias: 0.0,
        };
        let answer = Answer {
            run: 1,
            backend: Backend::Cpu,
            retriever: &moppr::RETRIEVER,
            ranker: &dmt::RANKER,
            base_rates: vec![0.07, 0.002],
            timings: vec![],
            notices: vec![],
            history: vec![],
            retrieval: RetrievalInsides {
                pieces: vec![],
                attention: None,
                categories: vec![],
                entropy: 0.0,
                effective_candidates: 1.0,
                softmax: vec![],
                searched: 0,
                relevant: 0,
                admitted: 0,
                retrieved: 0,
                recent_searches: None,
                blocks: vec![],
            },
            blocks: vec![],
            learned: false,
            learned_towers: false,
            candidates: [0, 7].map(candidate).into(),
            products: 8,
            others: vec![Listed { product: 7, row: row(3_000) }],
            detail: None,
        };
        let expected = |catalogue| Order::new(&answer, &State::default(), catalogue).expected;
        let found = expected(Some(&catalogue)).expect("it is ranked");
        assert_eq!(found, Expected { clicks: 1.0, orders: 1.0, gross_value: 2_000.0 });
        assert_eq!(expected(None).expect("it is ranked").gross_value, 0.0);
    }
}
