//! What is differentiated while something is trained on the CPU.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// A tensor as training on the CPU has it.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// The tensor as training on the CPU has it; none where it is on another device, or where nothing is
/// trained.
pub(crate) fn tracked<const D: usize>(tensor: &Tensor<D>) -> Option<Tracked> {
    if !tensor.device().is_autodiff() {
        return None;
    }
    tensor.clone().try_into_primitive::<Autodiff<Flex>>().ok()
}

/// Back to a tensor of layers.
pub(super) fn tensor<const D: usize>(tracked: Tracked) -> Tensor<D> {
    Tensor::from_primitive::<Autodiff<Flex>>(tracked)
}

/// From the gradient of an operation's output to those of its inputs, of which those that are not
/// wanted may be left out.
type Derivative<const N: usize> =
    dyn Fn(FlexTensor, [bool; N]) -> [Option<FlexTensor>; N] + Send + Sync;

#[derive(Clone)]
struct Step<const N: usize>(Arc<Derivative<N>>);

impl<const N: usize> fmt::Debug for Step<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "derivative by {N} inputs")
    }
}

#[derive(Debug)]
struct Operation;

impl<const N: usize> Backward<Flex, N> for Operation {
    type State = Step<N>;

    fn backward(self, ops: Ops<Step<N>, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let Step(derivative) = ops.state;
        for (parent, found) in ops.parents.into_iter().zip(derivative(gradient, wanted)) {
            if let (Some(parent), Some(found)) = (parent, found) {
                gradients.register::<Flex>(parent.id, found);
            }
        }
    }
}

/// Makes an output that was computed from these inputs part of what is differentiated.
pub(super) fn record<const N: usize>(
    inputs: [&Tracked; N],
    output: FlexTensor,
    derivative: impl Fn(FlexTensor, [bool; N]) -> [Option<FlexTensor>; N] + Send + Sync + 'static,
) -> Tracked {
    let nodes = inputs.map(Tracked::node);
    match Operation.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(Step(Arc::new(derivative)), output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}
