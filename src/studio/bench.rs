//! The workbench of positions: the order of a page, and what is expected of a product at its place.

use market::catalogue::ProductId;
use protocol::Seat;
use protocol::blend::sigmoid;

/// The products of a page in the order that is wanted, as far as it names products of the page; the
/// others keep their order, behind.
pub fn arranged(page: &[ProductId], wanted: &[ProductId]) -> Vec<ProductId> {
    let mut order: Vec<ProductId> = Vec::with_capacity(page.len());
    for product in wanted.iter().chain(page) {
        if page.contains(product) && !order.contains(product) {
            order.push(*product);
        }
    }
    order
}

/// The order with the product at one place taken to another.
pub fn moved(order: &[ProductId], from: usize, to: usize) -> Vec<ProductId> {
    let mut order = order.to_vec();
    if from < order.len() {
        let product = order.remove(from);
        order.insert(to.min(order.len()), product);
    }
    order
}

/// A whole order with the page that begins at a place put in.
pub fn with_page(order: &[ProductId], from: usize, page: &[ProductId]) -> Vec<ProductId> {
    let mut order = order.to_vec();
    for (slot, product) in order.iter_mut().skip(from).zip(page) {
        *slot = *product;
    }
    order
}

/// What is expected of a product at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chances {
    /// sigmoid(u), the same at every place (DMT equation 6).
    pub without_bias: f32,
    /// sigmoid(u + y_b), with the bias network (equation 5).
    pub with_bias: f32,
    /// What the network makes of the neighbours: the logit, and what it does to the click.
    pub neighbours: Option<(f32, f32)>,
    /// The market's chance of a click; none where the market does not know.
    pub market: Option<f32>,
    /// What the neighbours do to it.
    pub market_neighbours: Option<f32>,
}

impl Chances {
    /// Of a product with this utility of the click task.
    pub fn new(utility: f32, seat: &Seat) -> Self {
        let with_bias = sigmoid(utility + seat.bias);
        let market = match seat.truth[..] {
            [examination, attraction, competition] => {
                let alone = examination * attraction;
                Some((alone * competition, alone * competition - alone))
            }
            _ => None,
        };
        Self {
            without_bias: sigmoid(utility),
            with_bias,
            neighbours: seat
                .neighbours
                .map(|logit| (logit, with_bias - sigmoid(utility + seat.bias - logit))),
            market: market.map(|(click, _)| click),
            market_neighbours: market.map(|(_, less)| less),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_order_is_kept_as_far_as_the_page_has_it() {
        let page = [4, 7, 9, 2];
        assert_eq!(arranged(&page, &[]), page);
        assert_eq!(arranged(&page, &[9, 1, 9, 4]), [9, 4, 7, 2]);
        assert_eq!(arranged(&[], &[9]), [0; 0]);
    }

    #[test]
    fn a_product_goes_where_it_is_dropped() {
        let order = [4, 7, 9, 2];
        assert_eq!(moved(&order, 0, 2), [7, 9, 4, 2]);
        assert_eq!(moved(&order, 3, 0), [2, 4, 7, 9]);
        assert_eq!(moved(&order, 1, 1), order);
        assert_eq!(moved(&order, 1, 99), [4, 9, 2, 7]);
        assert_eq!(moved(&order, 9, 0), order);
        assert_eq!(with_page(&[1, 2, 3, 4, 5], 2, &[4, 3]), [1, 2, 4, 3, 5]);
        assert_eq!(with_page(&[1, 2], 9, &[4, 3]), [1, 2]);
    }

    #[test]
    fn chances_are_the_papers_equations_and_the_markets_product() {
        let seat =
            Seat { product: 1, bias: -0.5, neighbours: Some(0.2), truth: vec![0.8, 0.25, 0.5] };
        let chances = Chances::new(-1.0, &seat);
        assert_eq!(chances.without_bias, sigmoid(-1.0));
        assert_eq!(chances.with_bias, sigmoid(-1.5));
        let (logit, click) = chances.neighbours.expect("the network reads them");
        assert!((logit, sigmoid(-1.5) - sigmoid(-1.7)) == (0.2, click));
        assert_eq!(chances.market, Some(0.1));
        assert_eq!(chances.market_neighbours, Some(0.1 - 0.2));

        let nothing = Seat { neighbours: None, truth: vec![], bias: 0.0, ..seat };
        let chances = Chances::new(-1.0, &nothing);
        assert_eq!(chances.with_bias, chances.without_bias);
        assert_eq!((chances.neighbours, chances.market), (None, None));
    }
}
