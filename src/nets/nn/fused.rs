//! Layers on the CPU as one operation each, forward and, where something is trained, backward.
//!
//! Burn takes a layer apart into operations over whole tensors and differentiates each of them: a
//! normalisation is ten and their derivatives twenty more, each a pass through memory. Here a layer
//! is a single pass over its rows, with the derivative written out. What is computed is the same,
//! but for the order of a few sums. On any other device layers stay the operations that Burn makes
//! of them.
//!
//! Serving takes [`linear`], [`norm`], [`small`], [`mod@unit`] and [`padded`]; the others are of rows without
//! padding, which training alone has. The passes themselves are in the crate `kernels`.
//!
//! Rows are dealt to threads in parts whose size hangs on nothing but the data, and what the parts
//! sum to is added up in their order: the same bytes come out whatever the number of threads.

#[cfg(any(test, feature = "examples"))]
pub mod alike;
#[cfg(feature = "training")]
pub mod attention;
#[cfg(feature = "training")]
pub mod embedding;
pub mod linear;
pub mod norm;
pub mod padded;
#[cfg(feature = "training")]
pub mod segments;
pub mod small;
#[cfg(feature = "training")]
pub mod softmax;
#[cfg(test)]
mod tests;
mod threads;
#[cfg(feature = "training")]
mod track;
pub mod unit;

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};
use burn_flex::FlexTensor;

#[cfg(feature = "training")]
pub(crate) use self::track::tracked;
#[cfg(feature = "training")]
use self::track::{Tracked, record, tensor};

/// A tensor on the CPU.
enum OnCpu {
    /// Nothing is trained.
    Plain(FlexTensor),
    #[cfg(feature = "training")]
    Tracked(Tracked),
}

impl OnCpu {
    /// None where it is on another device.
    fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        #[cfg(feature = "training")]
        if tensor.device().is_autodiff() {
            return tracked(tensor).map(Self::Tracked);
        }
        tensor.clone().try_into_primitive::<Flex>().ok().map(Self::Plain)
    }

    fn primitive(&self) -> &FlexTensor {
        match self {
            Self::Plain(tensor) => tensor,
            #[cfg(feature = "training")]
            Self::Tracked(tracked) => tracked.primitive(),
        }
    }

    /// Whether something is trained.
    fn is_tracked(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

/// The tensor that was computed from these inputs; where something is trained, part of what is
/// differentiated.
fn output<const N: usize, const D: usize>(
    inputs: [&OnCpu; N],
    output: FlexTensor,
    derivative: impl Fn(FlexTensor, [bool; N]) -> [Option<FlexTensor>; N] + Send + Sync + 'static,
) -> Tensor<D> {
    #[cfg(feature = "training")]
    {
        let tracked = inputs.into_iter().filter_map(|input| match input {
            OnCpu::Plain(_) => None,
            OnCpu::Tracked(tracked) => Some(tracked),
        });
        if let Ok(inputs) = <[&Tracked; N]>::try_from(tracked.collect::<Vec<_>>()) {
            return tensor(record(inputs, output, derivative));
        }
    }
    #[cfg(not(feature = "training"))]
    let (_, _) = (inputs, derivative);
    plain(output)
}

/// A tensor that nothing is differentiated by.
fn plain<const D: usize>(primitive: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(primitive)
}

/// The numbers of a tensor, in the order of rows.
fn numbers(tensor: &FlexTensor) -> FlexTensor {
    tensor.to_contiguous()
}

/// The same as a slice: `tensor` is what [`numbers`] gave.
fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("numbers in the order of rows")
}

fn from_vec<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
