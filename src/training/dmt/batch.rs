//! Page views as tensors.

use burn::tensor::{Device, Tensor, TensorData};

use super::samples::Samples;
use market::catalogue::Catalogue;
use market::features::dense;
use nets::models::dmt::input::Place;
use nets::models::dmt::rows::{ItemRows, Rows, SequenceRows};
use nets::models::dmt::{Candidates, Items, SEQUENCES, Sequence};
use nets::nn::bias::Places;

/// Some page views. A view with fewer impressions than the longest is padded.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The three sequences of each view.
    pub sequences: Vec<Sequence>,
    /// Impressions of each view, `[R, C]`.
    pub candidates: Candidates,
    /// Where each impression stood, `[R * C]`.
    pub places: Places,
    /// Clicked, ordered; `[R * C, 2]`.
    pub labels: Tensor<2>,
    /// 1 for an impression, 0 for padding, `[R * C, 1]`.
    pub present: Tensor<2>,
    /// 1 for what stood at a place, 0 for what was not shown and for padding, `[R * C, 1]`.
    pub shown: Tensor<2>,
    /// C.
    pub width: usize,
}

/// The same page views without padding, as they are trained on on the CPU.
#[derive(Clone, Debug)]
pub struct RowBatch {
    /// Impressions, n in all, and the sequences of their views.
    pub rows: Rows,
    /// Where each impression stood, `[n]`.
    pub places: Places,
    /// Clicked, ordered; `[n, 2]`.
    pub labels: Tensor<2>,
    /// 1 for what stood at a place, 0 for what was not shown, `[n, 1]`.
    pub shown: Tensor<2>,
}

impl RowBatch {
    /// Views by their number in `samples`.
    pub fn new(samples: &Samples, views: &[usize], catalogue: &Catalogue, device: &Device) -> Self {
        let counts: Vec<usize> =
            views.iter().map(|&view| samples.impressions_of(view).len()).collect();
        let sequences = (0..SEQUENCES).map(|sequence| {
            let histories: Vec<_> =
                views.iter().map(|&view| samples.history(view, sequence)).collect();
            SequenceRows::new(catalogue, &histories, &counts, device)
        });
        let (mut products, mut dense, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let (mut labels, mut placed) = (Vec::new(), Vec::new());
        for &view in views {
            let impressions = samples.impressions_of(view);
            let own = samples.products(impressions.clone());
            products.extend_from_slice(own);
            let shown = samples.places(view, catalogue);
            places.extend(&shown);
            places.resize(products.len(), Place::default());
            placed.extend(shown.iter().map(|_| 1.0));
            placed.resize(products.len(), 0.0);
            dense.extend_from_slice(samples.dense(impressions.clone()));
            let of_view = samples.labels(impressions);
            labels.extend(of_view.iter().flatten().map(|&label| f32::from(u8::from(label))));
        }
        let n = products.len();
        let floats = |values: Vec<f32>, width| {
            Tensor::<2>::from_data(TensorData::new(values, [n, width]), device)
        };
        Self {
            rows: Rows {
                sequences: sequences.collect(),
                items: ItemRows::new(catalogue, &products),
                dense: floats(dense, dense::COUNT),
            },
            places: Places::new(&places, catalogue.product_types.len(), device),
            labels: floats(labels, 2),
            shown: floats(placed, 1),
        }
    }
}

impl Batch {
    /// Views by their number in `samples`.
    pub fn new(samples: &Samples, views: &[usize], catalogue: &Catalogue, device: &Device) -> Self {
        let sequences = (0..SEQUENCES)
            .map(|sequence| {
                let histories = views.iter().map(|&view| samples.history(view, sequence));
                Sequence::new(catalogue, histories, device)
            })
            .collect();
        let rows = views.len();
        let width = views.iter().map(|&view| samples.impressions_of(view).len()).max().unwrap_or(1);
        let items = rows * width;
        let mut products = Vec::with_capacity(items);
        let mut dense = Vec::with_capacity(items * dense::COUNT);
        let mut places = Vec::with_capacity(items);
        let mut labels = Vec::with_capacity(items * 2);
        let mut present = Vec::with_capacity(items);
        let mut placed = Vec::with_capacity(items);
        for (row, &view) in views.iter().enumerate() {
            let impressions = samples.impressions_of(view);
            let own = samples.products(impressions.clone());
            let shown = samples.places(view, catalogue);
            places.extend(&shown);
            placed.extend(shown.iter().map(|_| 1.0));
            products.extend_from_slice(own);
            dense.extend_from_slice(samples.dense(impressions.clone()));
            let of_view = samples.labels(impressions);
            labels.extend(of_view.iter().flatten().map(|&label| f32::from(u8::from(label))));
            present.extend(own.iter().map(|_| 1.0));

            let end = (row + 1) * width;
            places.resize(end, Place::default());
            products.resize(end, 0);
            dense.resize(end * dense::COUNT, 0.0);
            labels.resize(end * 2, 0.0);
            present.resize(end, 0.0);
            placed.resize(end, 0.0);
        }
        let shape = [rows, width, dense::COUNT];
        Self {
            sequences,
            candidates: Candidates {
                items: Items::new(catalogue, &products, rows, device),
                dense: Tensor::from_data(TensorData::new(dense, shape), device),
            },
            places: Places::new(&places, catalogue.product_types.len(), device),
            labels: Tensor::from_data(TensorData::new(labels, [items, 2]), device),
            present: Tensor::from_data(TensorData::new(present, [items, 1]), device),
            shown: Tensor::from_data(TensorData::new(placed, [items, 1]), device),
            width,
        }
    }
}
