//! The optimisers of training: on the CPU in a single pass over each parameter, in place.

use burn::backend::Flex;
use burn::optim::{
    AdamConfig, AdamState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer,
    RecordState, StateSink, StateSource,
};
use burn::tensor::{Device, Tensor};
use burn_flex::FlexTensor;
use kernels::optimiser::{ADAGRAD_EPSILON, BETA_1, BETA_2, adagrad_step, adam_step};
use systems::learning;

/// Whether there may be tensors elsewhere than on the CPU. A browser trains on nothing else, and is spared
/// what steps there would take.
const IS_ELSEWHERE: bool = cfg!(not(target_family = "wasm"));

/// Which optimiser a training begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// [`Adam`].
    Adam,
    /// [`AdaGrad`].
    AdaGrad(AdaGrad),
}

impl Optimiser {
    /// One that has seen no gradient.
    pub fn begin(self) -> ModuleOptimizer {
        match self {
            Self::Adam => adam(),
            Self::AdaGrad(AdaGrad { accumulator }) => adagrad(accumulator),
        }
    }
}

/// Where AdaGrad's sums of squares start: as in TensorFlow.
pub(crate) const ACCUMULATOR: f32 = 0.1;

/// What follows the gradient; AdaGrad's sums start at `accumulator`.
pub(crate) fn optimiser(which: learning::Optimiser, accumulator: f32) -> Optimiser {
    match which {
        learning::Optimiser::Adam => Optimiser::Adam,
        learning::Optimiser::AdaGrad => Optimiser::AdaGrad(AdaGrad { accumulator }),
    }
}

/// Adam with Burn's settings.
#[derive(Clone)]
pub struct Adam(burn::optim::Adam);

/// An optimiser of a whole model by [`Adam`].
pub fn adam() -> ModuleOptimizer {
    ModuleOptimizer::from(Adam(AdamConfig::new().build()))
}

const ADAM_EPSILON: f32 = 1e-5;

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let of_gradient = match on_cpu(&gradient) {
            Some(of_gradient) => of_gradient,
            None if IS_ELSEWHERE => return self.0.step(rate, tensor, gradient, state),
            None => return (tensor, state),
        };
        drop(gradient);
        let momentum = state.map_or_else(
            || AdaptiveMomentumState::new(0, tensor.zeros_like(), tensor.zeros_like()),
            |state| state.momentum,
        );
        let time = momentum.time + 1;
        let [mut values, mut first, mut second] =
            [tensor, momentum.moment_1, momentum.moment_2].map(owned);
        let second_bias = (1.0 - BETA_2.powi(time as i32)).sqrt();
        let factor = second_bias / (1.0 - BETA_1.powi(time as i32));
        adam_step(
            values.storage_mut(),
            slice(&of_gradient),
            first.storage_mut(),
            second.storage_mut(),
            [factor, ADAM_EPSILON * second_bias, rate as f32],
        );
        let momentum = AdaptiveMomentumState::new(time, back(first), back(second));
        (back(values), Some(AdamState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        burn::optim::Adam::to_device(state, device)
    }
}

/// AdaGrad: the sum of a parameter's squared gradients starts at `accumulator`, which is 0.1 in
/// TensorFlow. A row whose gradient is zero stays as it is, and costs next to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaGrad {
    /// Where the sum of squares starts.
    pub accumulator: f32,
}

/// An optimiser of a whole model by [`AdaGrad`].
pub fn adagrad(accumulator: f32) -> ModuleOptimizer {
    ModuleOptimizer::from(AdaGrad { accumulator })
}

/// Sums of the squares of a parameter's gradients.
#[derive(Clone, Debug)]
pub struct AdaGradState<const D: usize> {
    sum: Tensor<D>,
}

impl<const D: usize> RecordState for AdaGradState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "sum", self.sum.to_data());
    }

    fn state_unflatten(prefix: &str, from: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self { sum: Tensor::from_data(from.take_tensor(prefix, "sum")?, device) })
    }
}

impl Optimizer for AdaGrad {
    type State<const D: usize> = AdaGradState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdaGradState<D>>,
    ) -> (Tensor<D>, Option<AdaGradState<D>>) {
        let sum = state.map_or_else(|| tensor.full_like(self.accumulator), |state| state.sum);
        let of_gradient = match on_cpu(&gradient) {
            Some(of_gradient) => of_gradient,
            None if IS_ELSEWHERE => {
                let sum = sum + gradient.clone().square();
                let step = gradient / (sum.clone().sqrt() + ADAGRAD_EPSILON) * rate;
                return (tensor - step, Some(AdaGradState { sum }));
            }
            None => return (tensor, Some(AdaGradState { sum })),
        };
        drop(gradient);
        // Asked of the data, which knows no rank as a type does: so steps of all ranks are the same code.
        let width = of_gradient.layout().shape().to_vec().last().copied().unwrap_or(1);
        let [mut values, mut sum] = [tensor, sum].map(owned);
        adagrad_step(
            values.storage_mut(),
            slice(&of_gradient),
            sum.storage_mut(),
            rate as f32,
            width,
        );
        (back(values), Some(AdaGradState { sum: back(sum) }))
    }

    fn to_device<const D: usize>(state: AdaGradState<D>, device: &Device) -> AdaGradState<D> {
        AdaGradState { sum: state.sum.to_device(device) }
    }
}

/// The tensor's numbers in the order of rows, where it is on the CPU.
fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> Option<FlexTensor> {
    Some(tensor.clone().try_into_primitive::<Flex>().ok()?.to_contiguous())
}

/// A tensor on the CPU that can be written over.
fn owned<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let tensor = tensor.try_into_primitive::<Flex>().expect("the gradient is on the CPU");
    match tensor.as_slice::<f32>().is_some_and(|values| values.len() == whole(&tensor)) {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// Numbers in the memory behind a tensor.
fn whole(tensor: &FlexTensor) -> usize {
    tensor.storage::<f32>().len()
}

fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("numbers in the order of rows")
}

fn back<const D: usize>(tensor: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(tensor)
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::{AdaGradConfig, GradientsParams};
    use burn::tensor::Distribution;

    use super::*;

    /// Weights after some steps, with the optimiser written and read again on the way.
    fn trained(mut optimiser: ModuleOptimizer, fresh: impl Fn() -> ModuleOptimizer) -> Vec<f32> {
        let device = Device::flex().autodiff();
        device.seed(3);
        let mut model: Linear = LinearConfig::new(19, 5).init(&device);
        let inputs = Tensor::<2>::random([7, 19], Distribution::Default, &device);
        for step in 0..6 {
            let loss = model.forward(inputs.clone()).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimiser.step(0.05, model, gradients);
            if step == 2 {
                optimiser = fresh().from_bytes(optimiser.into_bytes().unwrap()).unwrap();
            }
        }
        model.valid().weight.val().try_into_vec_as().unwrap()
    }

    fn assert_near(found: &[f32], expected: &[f32]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn adam_is_burns() {
        let burns = || AdamConfig::new().init();
        assert_near(&trained(adam(), adam), &trained(burns(), burns));
    }

    #[test]
    fn adagrad_from_nothing_is_burns() {
        let burns = || AdaGradConfig::new().init();
        let own = || adagrad(0.0);
        assert_near(&trained(own(), own), &trained(burns(), burns));
    }

    #[test]
    fn adagrad_starts_at_its_accumulator() {
        let device = Device::flex();
        let weights = Tensor::<2>::from_floats([[1.0, 1.0], [2.0, 2.0]], &device);
        let gradient = Tensor::<2>::from_floats([[0.4, -0.2], [0.0, 0.0]], &device);
        let (weights, state) = AdaGrad { accumulator: 0.1 }.step(0.01, weights, gradient, None);
        let weights: Vec<f32> = weights.try_into_vec_as().unwrap();
        let moved = |g: f32| 1.0 - 0.01 * g / (0.1 + g * g).sqrt();
        assert_near(&weights, &[moved(0.4), moved(-0.2), 2.0, 2.0]);
        let sums: Vec<f32> = state.unwrap().sum.try_into_vec_as().unwrap();
        assert_near(&sums, &[0.26, 0.14, 0.1, 0.1]);
    }
}
