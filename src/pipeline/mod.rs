//! One request through the funnel: assets, stages with their cache, blend.

#[cfg(feature = "models")]
pub mod assets;
pub mod blend;
#[cfg(feature = "models")]
pub mod caller;
#[cfg(feature = "models")]
mod coarse;
#[cfg(feature = "models")]
pub mod evaluate;
#[cfg(feature = "models")]
mod funnel;
#[cfg(feature = "models")]
pub mod rank;
#[cfg(feature = "models")]
pub mod request;
#[cfg(feature = "models")]
pub mod retrieve;
#[cfg(feature = "models")]
pub mod stage;
#[cfg(feature = "models")]
pub mod stock;

#[cfg(feature = "models")]
pub use funnel::{Funnel, first_files};

#[cfg(feature = "models")]
use burn::tensor::{ExecutionError, TensorData};

#[cfg(feature = "models")]
use crate::retrieval::RetrievalError;

/// Why a stage gave no answer.
#[cfg(feature = "models")]
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The device failed: it was lost, or has no memory left.
    #[error("the device failed: {0}")]
    Device(String),
    /// The weights of two files do not fit together.
    #[error(transparent)]
    Weights(#[from] crate::models::weights::WeightsError),
    /// A stage was asked for what the one before it has not prepared.
    #[error("the stages ran out of order")]
    OutOfOrder,
}

#[cfg(feature = "models")]
impl From<ExecutionError> for StageError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}

#[cfg(feature = "models")]
impl From<RetrievalError> for StageError {
    fn from(RetrievalError::Device(why): RetrievalError) -> Self {
        Self::Device(why)
    }
}

/// The numbers of a tensor that was read.
#[cfg(feature = "models")]
fn numbers(data: TensorData) -> Result<Vec<f32>, StageError> {
    data.try_into_vec().map_err(|error| StageError::Device(format!("{error:?}")))
}
