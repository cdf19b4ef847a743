//! MOPPR's inputs as tensors: rows of ids and numbers, padded, with masks of ones and zeros.

use burn::tensor::{Device, Int, Tensor, TensorData};

use market::catalogue::{Catalogue, ProductId};
use market::features::search::{
    Behaviour, PRODUCT_DENSE, PROFILE_SIZES, ProductFeatures, SIDE_CATEGORIES, SearchFeatures,
};

/// What is known of N products.
#[derive(Clone, Debug)]
pub struct Products {
    /// Row of each in the table of ids, `[N]`; none where they are the whole catalogue in its order.
    pub rows: Option<Tensor<1, Int>>,
    /// Product type, `[N]`.
    pub product_type: Tensor<1, Int>,
    /// Brand, `[N]`.
    pub brand: Tensor<1, Int>,
    /// Shop, `[N]`.
    pub shop: Tensor<1, Int>,
    /// 0 without a colour, else its index and 1, `[N]`.
    pub colour: Tensor<1, Int>,
    /// Bucket of the price, `[N]`.
    pub price: Tensor<1, Int>,
    /// Mean of the token vectors of the title, `[N, token]`.
    pub title: Tensor<2>,
    /// z-scored statistics and numbers, `[N, PRODUCT_DENSE]`.
    pub dense: Tensor<2>,
}

impl Products {
    /// `titles` holds the mean token vector of each title, one after another.
    pub fn new(features: &ProductFeatures, titles: &[f32], device: &Device) -> Self {
        let n = features.len();
        let token = titles.len() / n.max(1);
        let dense: Vec<f32> = features.dense.iter().flatten().copied().collect();
        Self {
            rows: None,
            product_type: ids(&features.product_type, device),
            brand: ids(&features.brand, device),
            shop: ids(&features.shop, device),
            colour: ids(&features.colour, device),
            price: ids(&features.price, device),
            title: Tensor::from_data(TensorData::new(titles.to_vec(), [n, token]), device),
            dense: Tensor::from_data(TensorData::new(dense, [n, PRODUCT_DENSE.len()]), device),
        }
    }
}

impl Products {
    /// Some products that no log tells of, by their numbers: the table of ids has no row for them, and the
    /// one that is named in its place must not be read
    /// ([`Embeddings::newcomers`](super::Embeddings::newcomers)). `titles` holds the mean token vector of
    /// each of their titles, one after another.
    pub fn newcomers(
        features: &ProductFeatures,
        catalogue: &Catalogue,
        products: &[ProductId],
        titles: &[f32],
        device: &Device,
    ) -> Self {
        let some = features.of(products, catalogue);
        let rows = ids(&vec![0_u8; products.len()], device);
        Self { rows: Some(rows), ..Self::new(&some, titles, device) }
    }

    /// Number of products.
    #[allow(clippy::len_without_is_empty, reason = "a catalogue is never empty")]
    pub fn len(&self) -> usize {
        self.product_type.dims()[0]
    }

    /// Some of the whole catalogue, by their row, `[n]`.
    pub fn select(&self, rows: &Tensor<1, Int>) -> Self {
        let ids = |ids: &Tensor<1, Int>| ids.clone().select(0, rows.clone());
        let floats = |values: &Tensor<2>| values.clone().select(0, rows.clone());
        Self {
            rows: Some(rows.clone()),
            product_type: ids(&self.product_type),
            brand: ids(&self.brand),
            shop: ids(&self.shop),
            colour: ids(&self.colour),
            price: ids(&self.price),
            title: floats(&self.title),
            dense: floats(&self.dense),
        }
    }

    /// The first of them.
    pub fn first(&self, count: usize) -> Self {
        let ids = |ids: &Tensor<1, Int>| ids.clone().narrow(0, 0, count);
        let floats = |values: &Tensor<2>| values.clone().narrow(0, 0, count);
        Self {
            rows: self.rows.as_ref().map(ids),
            product_type: ids(&self.product_type),
            brand: ids(&self.brand),
            shop: ids(&self.shop),
            colour: ids(&self.colour),
            price: ids(&self.price),
            title: floats(&self.title),
            dense: floats(&self.dense),
        }
    }

    /// The same on another device.
    pub fn to_device(&self, device: &Device) -> Self {
        Self {
            rows: self.rows.clone().map(|rows| rows.to_device(device)),
            product_type: self.product_type.clone().to_device(device),
            brand: self.brand.clone().to_device(device),
            shop: self.shop.clone().to_device(device),
            colour: self.colour.clone().to_device(device),
            price: self.price.clone().to_device(device),
            title: self.title.clone().to_device(device),
            dense: self.dense.clone().to_device(device),
        }
    }
}

/// B requests.
#[derive(Clone, Debug)]
pub struct UserQuery {
    /// Profile features, `[B, 6]`.
    pub profile: Tensor<2, Int>,
    /// Token vectors of the query's word pieces, `[B, L, token]`.
    pub tokens: Tensor<3>,
    /// Which of them are there, `[B, L]`.
    pub token_mask: Tensor<2>,
    /// Most likely categories, `[B, SIDE_CATEGORIES]`.
    pub categories: Tensor<2, Int>,
    /// Their probabilities; 0 for none, `[B, SIDE_CATEGORIES]`.
    pub category_weights: Tensor<2>,
    /// Bucket of the query's length, `[B]`.
    pub length: Tensor<1, Int>,
    /// Bucket of the query's frequency, `[B]`.
    pub frequency: Tensor<1, Int>,
    /// Real-time, short-term and long-term behaviour.
    pub behaviours: Vec<Sequence>,
}

/// A sequence of behaviours for each of B requests, padded to the longest.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Product of each, `[B, L]`.
    pub products: Tensor<2, Int>,
    /// Kind of each, `[B, L]`.
    pub kinds: Tensor<2, Int>,
    /// Which of them are there, `[B, L]`.
    pub mask: Tensor<2>,
}

impl UserQuery {
    /// Inputs for a batch of requests.
    ///
    /// `vector` gives the frozen vector of a word piece, `token` numbers; a piece without one counts
    /// as not there. Sequences are padded to the longest of the batch, and to one where all are
    /// empty.
    pub fn new(
        batch: &[&SearchFeatures],
        token: usize,
        vector: impl Fn(u32) -> Option<Vec<f32>>,
        device: &Device,
    ) -> Self {
        let b = batch.len();
        let longest = batch.iter().map(|f| f.query.pieces.len()).max().unwrap_or(0).max(1);
        let mut tokens = vec![0.0; b * longest * token];
        let mut token_mask = vec![0.0; b * longest];
        let mut categories = vec![0; b * SIDE_CATEGORIES];
        let mut category_weights = vec![0.0; b * SIDE_CATEGORIES];
        for (row, features) in batch.iter().enumerate() {
            for (column, &piece) in features.query.pieces.iter().enumerate() {
                if let Some(vector) = vector(piece) {
                    let at = row * longest + column;
                    tokens[at * token..][..token].copy_from_slice(&vector);
                    token_mask[at] = 1.0;
                }
            }
            let ranked = &features.query.categories.0;
            for (column, &(category, probability)) in
                ranked.iter().take(SIDE_CATEGORIES).enumerate()
            {
                let at = row * SIDE_CATEGORIES + column;
                categories[at] = i32::from(category);
                category_weights[at] = probability;
            }
        }
        let profile: Vec<i32> = batch.iter().flat_map(|f| f.profile.map(i32::from)).collect();
        let length: Vec<u8> = batch.iter().map(|f| f.query.length).collect();
        let frequency: Vec<u8> = batch.iter().map(|f| f.query.frequency).collect();
        let windows = batch.first().map_or(0, |features| features.behaviours.len());
        Self {
            profile: matrix(profile, b, PROFILE_SIZES.len(), device),
            tokens: Tensor::from_data(TensorData::new(tokens, [b, longest, token]), device),
            token_mask: Tensor::from_data(TensorData::new(token_mask, [b, longest]), device),
            categories: matrix(categories, b, SIDE_CATEGORIES, device),
            category_weights: Tensor::from_data(
                TensorData::new(category_weights, [b, SIDE_CATEGORIES]),
                device,
            ),
            length: ids(&length, device),
            frequency: ids(&frequency, device),
            behaviours: (0..windows)
                .map(|n| Sequence::new(batch.iter().map(|f| f.behaviours[n].as_slice()), device))
                .collect(),
        }
    }
}

impl Sequence {
    fn new<'a>(rows: impl Iterator<Item = &'a [Behaviour]> + Clone, device: &Device) -> Self {
        let b = rows.clone().count();
        let longest = rows.clone().map(<[_]>::len).max().unwrap_or(0).max(1);
        let mut products = vec![0; b * longest];
        let mut kinds = vec![0; b * longest];
        let mut mask = vec![0.0; b * longest];
        for (row, behaviours) in rows.enumerate() {
            for (column, behaviour) in behaviours.iter().enumerate() {
                let at = row * longest + column;
                products[at] = behaviour.product as i32;
                kinds[at] = behaviour.kind as i32;
                mask[at] = 1.0;
            }
        }
        Self {
            products: matrix(products, b, longest, device),
            kinds: matrix(kinds, b, longest, device),
            mask: Tensor::from_data(TensorData::new(mask, [b, longest]), device),
        }
    }
}

fn ids<T: Copy + Into<i32>>(ids: &[T], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| id.into()).collect();
    let n = ids.len();
    Tensor::from_data(TensorData::new(ids, [n]), device)
}

fn matrix(ids: Vec<i32>, rows: usize, columns: usize, device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(ids, [rows, columns]), device)
}
