//! Which product types a query means: the predictor behind category filtering (MOPPR 4.1.2).
//!
//! The mean of the query's token vectors goes through one hidden layer to a softmax over product
//! types. Trained on the product types that were clicked after each query, and calibrated: the
//! logits are divided by a temperature, and the categories kept are the most likely ones whose
//! probabilities reach a threshold, both chosen on queries held out from training.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::weights::{Weights, WeightsError};

/// What its files say they hold.
pub const MODEL: &str = "query-category";

/// Sizes and calibration of a [`QueryCategory`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryCategoryConfig {
    /// Size of a token vector.
    pub token: usize,
    /// Size of the hidden layer.
    pub hidden: usize,
    /// Number of product types.
    pub product_types: usize,
    /// What the logits are divided by.
    pub temperature: f32,
    /// Probability that the predicted categories must reach together.
    pub threshold: f32,
}

impl QueryCategoryConfig {
    /// The playground's, not calibrated yet.
    pub fn playground(product_types: usize) -> Self {
        Self { token: 128, hidden: 64, product_types, temperature: 1.0, threshold: 0.9 }
    }

    /// A predictor with random weights.
    pub fn init(&self, device: &Device) -> QueryCategory {
        QueryCategory {
            hidden: LinearConfig::new(self.token, self.hidden).init(device),
            output: LinearConfig::new(self.hidden, self.product_types).init(device),
        }
    }
}

/// FC, ReLU, FC.
#[derive(Module, Debug)]
pub struct QueryCategory {
    hidden: Linear,
    output: Linear,
}

impl QueryCategory {
    /// Logits by product type: `[B, token]` to `[B, product_types]`.
    pub fn logits(&self, mean: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(mean)))
    }

    /// Probabilities by product type: `[B, token]` to `[B, product_types]`.
    pub fn probabilities(&self, mean: Tensor<2>, temperature: f32) -> Tensor<2> {
        softmax(self.logits(mean) / temperature, 1)
    }
}

/// The trained predictor with its calibration.
#[derive(Clone, Debug)]
pub struct CategoryPredictor {
    network: QueryCategory,
    config: QueryCategoryConfig,
    device: Device,
}

impl CategoryPredictor {
    /// A trained network.
    pub fn new(network: QueryCategory, config: QueryCategoryConfig, device: &Device) -> Self {
        Self { network, config, device: device.clone() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where the file is not one of this model for this number of product types.
    pub fn load(file: &[u8], product_types: usize, device: &Device) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: QueryCategoryConfig = weights.config()?;
        if config.product_types != product_types {
            return Err(WeightsError::Catalogue {
                found: format!("{} product types", config.product_types),
                expected: product_types.to_string(),
            });
        }
        Ok(Self::new(weights.apply(config.init(device))?, config, device))
    }

    /// Calibrated probabilities by product type, `[B, product_types]`, for queries with these mean
    /// token vectors, one after another.
    pub fn probabilities(&self, means: Vec<f32>) -> Tensor<2> {
        let shape = [means.len() / self.config.token, self.config.token];
        let means = Tensor::from_data(TensorData::new(means, shape), &self.device);
        self.network.probabilities(means, self.config.temperature)
    }

    /// Sizes and calibration.
    pub fn config(&self) -> &QueryCategoryConfig {
        &self.config
    }
}
