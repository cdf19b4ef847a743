//! One request through the funnel: assets, stages with their cache.

pub mod assets;
pub mod caller;
mod coarse;
pub mod evaluate;
mod funnel;
pub mod rank;
pub mod request;
pub mod retrieve;
pub mod stage;
pub mod stock;

pub use funnel::{Funnel, first_files};

use burn::tensor::{ExecutionError, TensorData};

use crate::retrieval::RetrievalError;

/// Why a stage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The device failed: it was lost, or has no memory left.
    #[error("the device failed: {0}")]
    Device(String),
    /// The weights of two files do not fit together.
    #[error(transparent)]
    Weights(#[from] nets::models::weights::WeightsError),
    /// A stage was asked for what the one before it has not prepared.
    #[error("the stages ran out of order")]
    OutOfOrder,
}

impl From<ExecutionError> for StageError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}

impl From<RetrievalError> for StageError {
    fn from(RetrievalError::Device(why): RetrievalError) -> Self {
        Self::Device(why)
    }
}

/// The numbers of a tensor that was read.
fn numbers(data: TensorData) -> Result<Vec<f32>, StageError> {
    data.try_into_vec().map_err(|error| StageError::Device(format!("{error:?}")))
}
