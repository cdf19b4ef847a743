//! One request through the funnel: assets, stages with their cache.

pub mod assets;
pub mod caller;
mod coarse;
mod funnel;
pub mod kept;
pub mod rank;
pub mod request;
pub mod retrieve;
pub mod stage;
pub mod stock;
pub mod views;
mod watch;

pub use funnel::{Funnel, first_files};

use burn::tensor::{ExecutionError, TensorData, Transaction};

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
    /// Vectors that no index can hold.
    #[error(transparent)]
    Index(#[from] index::IndexError),
    /// A system was asked before its weights were fetched.
    #[error("the weights {0} were not fetched")]
    NotFetched(&'static str),
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

/// Tensors that were read from the device at once, to be taken in the order in which they were
/// registered.
struct Numbers(std::vec::IntoIter<TensorData>);

impl Numbers {
    async fn read(registered: Transaction) -> Result<Self, StageError> {
        Ok(Self(registered.execute_async().await?.into_iter()))
    }

    /// The numbers of the next one.
    fn take(&mut self) -> Result<Vec<f32>, StageError> {
        numbers(self.next()?)
    }

    /// The numbers of the next one, a matrix, row after row, and how many there are in a row.
    fn take_matrix(&mut self) -> Result<(usize, Vec<f32>), StageError> {
        let data = self.next()?;
        let width = data.shape().last().copied().unwrap_or(0);
        Ok((width, numbers(data)?))
    }

    fn next(&mut self) -> Result<TensorData, StageError> {
        let missing = || StageError::Device("it gave fewer tensors than were read".into());
        self.0.next().ok_or_else(missing)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
