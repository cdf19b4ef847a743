//! A minibatch of page views as tensors.

use std::collections::BTreeSet;
use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::Settings;
use super::loss::Labels;
use super::samples::Sample;
use crate::ABSENT;
use crate::work::mlp;
use market::catalogue::{ProductId, ProductTypeId};
use market::features::search::SearchFeatures;
use market::text::TokenVectors;
use nets::models::moppr::input::UserQuery;

/// B page views with P candidates of their own each, padded, and L random negatives they share.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Requests.
    pub inputs: UserQuery,
    /// The products that take part, each once: those of the next two first, `items` of them, then
    /// those of the behaviours alone. Everything else names products by their place in it, `[n]`.
    pub products: Tensor<1, Int>,
    /// How many of the products are scored.
    pub items: usize,
    /// Impressions, under-impressions and random negatives of the view alone, `[B, P]`.
    pub own: Tensor<2, Int>,
    /// Random negatives, `[L]`, if there are any.
    pub negatives: Option<Tensor<1, Int>>,
    /// -1e9 where a candidate is padding, or a random negative that is none: one that the view has
    /// of its own, that the shopper is known to have dealt with, which is noise (MOPPR 5.5.4), or
    /// that was not on sale, so that it could not be chosen; else 0, `[B, P + L]`.
    pub absent: Tensor<2>,
    /// Labels of the views' own candidates.
    pub labels: Labels,
    /// 1 for products whose id may be known, 0 for those that do without, `[n, 1]`.
    pub ids: Tensor<2>,
}

/// Products as they are met, each once.
struct Used {
    /// Place of each product of the catalogue; any where it was not met.
    places: Vec<i32>,
    met: Vec<bool>,
    products: Vec<i32>,
}

impl Used {
    fn new(catalogue: usize) -> Self {
        Self { places: vec![0; catalogue], met: vec![false; catalogue], products: Vec::new() }
    }

    fn place(&mut self, product: i32) -> i32 {
        let at = product as usize;
        if !std::mem::replace(&mut self.met[at], true) {
            self.places[at] = self.products.len() as i32;
            self.products.push(product);
        }
        self.places[at]
    }
}

/// The catalogue by product type, and when what is on sale.
#[derive(Clone, Debug)]
pub struct Shelves {
    types: Vec<ProductTypeId>,
    sale_days: Vec<Range<i32>>,
    of_type: Vec<Vec<ProductId>>,
}

impl Shelves {
    /// From the product type of each product, and the days on which it is on sale.
    pub fn new(types: &[ProductTypeId], sale_days: &[Range<i32>]) -> Self {
        let count = types.iter().max().map_or(0, |&last| usize::from(last) + 1);
        let mut of_type = vec![Vec::new(); count];
        for (product, &product_type) in (0..).zip(types) {
            of_type[usize::from(product_type)].push(product);
        }
        Self { types: types.into(), sale_days: sale_days.into(), of_type }
    }

    /// Any product of the categories that a view is about: those that its query is predicted to
    /// mean, or where it means none those of the products shown. None where what is drawn was not on
    /// sale.
    fn draw(&self, view: &Sample, random: &mut ChaCha8Rng) -> Option<ProductId> {
        let categories = &view.features.query.categories.0;
        let product_type = if categories.is_empty() {
            let shown: Vec<_> = view.candidates.iter().filter(|c| c.labels[1]).collect();
            self.types[shown.choose(random)?.product as usize]
        } else {
            let size = |&(category, _): &(ProductTypeId, f32)| self.of(category).len();
            categories.choose_weighted(random, size).ok()?.0
        };
        let drawn = self.of(product_type).choose(random).copied();
        drawn.filter(|&product| self.is_on_sale(product, view.day))
    }

    /// Whether a product was on sale on a day.
    fn is_on_sale(&self, product: ProductId, day: i32) -> bool {
        self.sale_days[product as usize].contains(&day)
    }

    /// The products of a type.
    fn of(&self, product_type: ProductTypeId) -> &[ProductId] {
        self.of_type.get(usize::from(product_type)).map_or(&[], Vec::as_slice)
    }
}

/// Products that are no random negative of a view.
fn known(view: &Sample) -> BTreeSet<ProductId> {
    let behaviour = view.features.behaviours.iter().flatten().map(|behaviour| behaviour.product);
    view.candidates.iter().map(|candidate| candidate.product).chain(behaviour).collect()
}

impl Batch {
    /// Multiplications and additions of a forward pass, through towers of these widths, that of
    /// requests first: see [`crate::work`]. What is below the towers is little and left
    /// out.
    pub fn products(&self, [user_query, item]: &[Vec<usize>; 2]) -> f64 {
        let [views, scored] = self.absent.dims();
        let output = user_query[user_query.len() - 1];
        views as f64 * (mlp(user_query) + mlp(&[output, scored])) + self.items as f64 * mlp(item)
    }

    /// Draws the negatives uniformly from the catalogue, without repetition, and the products that
    /// do without their id.
    pub fn new(
        views: &[&Sample],
        words: &TokenVectors,
        shelves: &Shelves,
        settings: &Settings,
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let products = shelves.types.len();
        let drawn = sample(random, products, settings.negatives.min(products)).into_vec();
        let mut column_of = vec![None; products];
        for (column, &product) in drawn.iter().enumerate() {
            column_of[product] = Some(column);
        }

        let b = views.len();
        let mut known: Vec<BTreeSet<ProductId>> = views.iter().map(|view| known(view)).collect();
        // Each of them once: what is drawn is known from then on.
        let related: Vec<Vec<ProductId>> = views
            .iter()
            .zip(&mut known)
            .map(|(view, known)| {
                let drawn = (0..settings.related).filter_map(|_| shelves.draw(view, random));
                drawn.filter(|&product| known.insert(product)).collect()
            })
            .collect();
        let lengths = views.iter().zip(&related).map(|(view, r)| view.candidates.len() + r.len());
        let p = lengths.max().unwrap_or(0).max(1);
        let width = p + drawn.len();
        let mut own = vec![0_i32; b * p];
        let mut absent = vec![0.0; b * width];
        let mut labels = [(); 4].map(|()| vec![0.0; b * p]);
        for (row, ((view, related), known)) in views.iter().zip(&related).zip(&known).enumerate() {
            let absent = &mut absent[row * width..][..width];
            let shown = view.candidates.len();
            absent[shown + related.len()..p].fill(ABSENT);
            for (column, &product) in related.iter().enumerate() {
                own[row * p + shown + column] = product as i32;
            }
            for (column, candidate) in view.candidates.iter().enumerate() {
                own[row * p + column] = candidate.product as i32;
                for (labels, positive) in labels.iter_mut().zip(candidate.labels) {
                    labels[row * p + column] = if positive { 1.0 } else { 0.0 };
                }
            }
            for (column, &product) in drawn.iter().enumerate() {
                if !shelves.is_on_sale(product as ProductId, view.day) {
                    absent[p + column] = ABSENT;
                }
            }
            // A catalogue of thousands has, unlike one of millions, many chances to draw them.
            for &product in known {
                if let Some(column) = column_of[product as usize] {
                    absent[p + column] = ABSENT;
                }
            }
        }

        let ids: Vec<f32> = (0..products)
            .map(|_| if random.random_bool(settings.id_dropout) { 0.0 } else { 1.0 })
            .collect();
        let features: Vec<&SearchFeatures> = views.iter().map(|view| &view.features).collect();
        let mut drawn: Vec<i32> = drawn.into_iter().map(|product| product as i32).collect();
        let mut used = Used::new(products);
        own.iter_mut().chain(&mut drawn).for_each(|product| *product = used.place(*product));
        let items = used.products.len();
        let behaviours = features.iter().flat_map(|f| f.behaviours.iter().flatten());
        behaviours.for_each(|behaviour| {
            used.place(behaviour.product.cast_signed());
        });
        let ids: Vec<f32> = used.products.iter().map(|&product| ids[product as usize]).collect();
        let mut inputs =
            UserQuery::new(&features, words.dimensions(), |piece| words.vector(piece), device);
        let places: Tensor<1, Int> = Tensor::from_ints(used.places.as_slice(), device);
        for sequence in &mut inputs.behaviours {
            let [rows, columns] = sequence.products.dims();
            let named = sequence.products.clone().reshape([rows * columns]);
            sequence.products = places.clone().select(0, named).reshape([rows, columns]);
        }
        let floats =
            |values, columns| Tensor::from_data(TensorData::new(values, [b, columns]), device);
        Self {
            inputs,
            items,
            own: Tensor::from_data(TensorData::new(own, [b, p]), device),
            negatives: (!drawn.is_empty()).then(|| Tensor::from_ints(drawn.as_slice(), device)),
            absent: floats(absent, width),
            labels: Labels(labels.map(|values| floats(values, p))),
            ids: Tensor::from_data(TensorData::new(ids, [used.products.len(), 1]), device),
            products: Tensor::from_ints(used.products.as_slice(), device),
        }
    }
}
