//! Z-score normalisation of features (DMT 4.1.2, MLPR 3.1).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// Takes the mean off each feature and divides by its deviation. Measured once, not trained.
#[derive(Module, Debug)]
pub struct Normaliser {
    mean: Param<Tensor<1>>,
    deviation: Param<Tensor<1>>,
}

/// Z-scores are kept this near to zero: a history that was edited by hand, or a query that nobody
/// typed before, can hold what no day of training did.
const FURTHEST: f32 = 6.0;

impl Normaliser {
    /// Leaves features as they are, but for those that are very far from zero.
    pub fn identity(features: usize, device: &Device) -> Self {
        Self::new(&vec![0.0; features], &vec![1.0; features], device)
    }

    /// With mean and standard deviation of each feature.
    pub fn new(mean: &[f32], deviation: &[f32], device: &Device) -> Self {
        let fixed = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Param::from_tensor(Tensor::from_data(data, device)).set_require_grad(false)
        };
        Self { mean: fixed(mean), deviation: fixed(deviation) }
    }

    /// Mean of each feature, `[features]`.
    pub fn mean(&self) -> Tensor<1> {
        self.mean.val()
    }

    /// `[..., features]` to the same.
    pub fn forward<const D: usize>(&self, features: Tensor<D>) -> Tensor<D> {
        let centred = features - self.mean.val().unsqueeze();
        (centred / self.deviation.val().unsqueeze()).clamp(-FURTHEST, FURTHEST)
    }
}
