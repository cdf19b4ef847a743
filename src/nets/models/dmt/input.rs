//! From products, histories and places to the tensors that DMT reads.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Items, SEQUENCES, Sequence};
use crate::nn::bias::{MAX_INDEX, MAX_PAGE, Places};
use market::catalogue::{Catalogue, ProductId};
use market::features::Moment;
use market::features::places::{NEIGHBOURHOOD, nearest};
use market::features::windows;

/// Positions in `moment.events` of the behaviours in each of the sequences, newest first.
pub fn behaviours(moment: &Moment<'_>) -> [Vec<usize>; SEQUENCES] {
    windows::DMT.map(|window| {
        let mut positions = window.select(moment.events, moment.now);
        positions.reverse();
        positions
    })
}

impl Items {
    /// Items of `products`, `rows` rows of them.
    ///
    /// # Panics
    /// If a product is not in the catalogue, or the rows are not of one length.
    pub fn new(
        catalogue: &Catalogue,
        products: &[ProductId],
        rows: usize,
        device: &Device,
    ) -> Self {
        let shape = [rows, products.len() / rows.max(1)];
        let column = |of: &dyn Fn(ProductId) -> i32| {
            let ids: Vec<i32> = products.iter().map(|&product| of(product)).collect();
            integers(ids, shape, device)
        };
        let product = |id: ProductId| &catalogue.products[id as usize];
        Self {
            product: column(&|id| catalogue.row(id) as i32),
            product_type: column(&|id| i32::from(product(id).product_type)),
            brand: column(&|id| i32::from(product(id).brand)),
            shop: column(&|id| i32::from(product(id).shop)),
        }
    }
}

impl Sequence {
    /// One row for each history, newest first, padded to the longest.
    pub fn new<'a>(
        catalogue: &Catalogue,
        histories: impl Iterator<Item = &'a [ProductId]> + Clone,
        device: &Device,
    ) -> Self {
        // A tensor has no axis of length zero: without any behaviour there is one of padding.
        let longest = histories.clone().map(<[ProductId]>::len).max().unwrap_or(0).max(1);
        let mut products = Vec::new();
        let mut mask = Vec::new();
        let mut rows = 0;
        for history in histories {
            products.extend(history);
            mask.extend(history.iter().map(|_| 1.0));
            rows += 1;
            products.resize(rows * longest, 0);
            mask.resize(rows * longest, 0.0_f32);
        }
        Self {
            items: Items::new(catalogue, &products, rows, device),
            mask: Tensor::from_data(TensorData::new(mask, [rows, longest]), device),
        }
    }
}

/// Where one product stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Index on the list, from 0.
    pub index: usize,
    /// Page, from 0.
    pub page: usize,
    /// Product types of the product and of its nearest neighbours; `None` beyond the list.
    pub types: [Option<u16>; NEIGHBOURHOOD],
}

impl Place {
    /// The same place at another index and page.
    pub fn moved(mut self, index: usize, page: usize) -> Self {
        (self.index, self.page) = (index, page);
        self
    }

    /// The same place among the neighbours of another, and as a product of its type.
    pub fn among(mut self, other: &Place) -> Self {
        self.types = other.types;
        self
    }

    /// Places of a page: products in their order, the first at `first_index`.
    pub fn of_page(
        catalogue: &Catalogue,
        products: &[ProductId],
        first_index: usize,
        page: usize,
    ) -> Vec<Place> {
        let product_type = |id: ProductId| catalogue.products[id as usize].product_type;
        (0..products.len())
            .map(|place| {
                let mut types = [None; NEIGHBOURHOOD];
                types[0] = Some(product_type(products[place]));
                for (slot, neighbour) in types[1..].iter_mut().zip(nearest(place, products.len())) {
                    *slot = Some(product_type(products[neighbour]));
                }
                Place { index: first_index + place, page, types }
            })
            .collect()
    }
}

impl Places {
    /// Places as the bias network reads them; `product_types` is the number of types.
    pub fn new(places: &[Place], product_types: usize, device: &Device) -> Self {
        let n = places.len();
        let clamped = |value: usize, end: usize| value.min(end - 1) as i32;
        let index = places.iter().map(|place| clamped(place.index, MAX_INDEX)).collect();
        let page = places.iter().map(|place| clamped(place.page, MAX_PAGE)).collect();
        let types = places
            .iter()
            .flat_map(|place| place.types)
            .map(|product_type| product_type.map_or(product_types as i32, i32::from))
            .collect();
        Self {
            index: integers(index, [n, 1], device),
            page: integers(page, [n, 1], device),
            types: integers(types, [n, NEIGHBOURHOOD], device),
        }
    }
}

fn integers(values: Vec<i32>, shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
