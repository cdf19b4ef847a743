//! Experts, gates and utility networks: how tasks share parameters (DMT 4.3 and table 4).

use burn::module::Module;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor};

use super::layer::small_products;
use super::mlp::Mlp;

/// Sizes of a multi-task layer.
#[derive(Clone, Copy, Debug)]
pub struct TaskSizes<'a> {
    /// Width of the input.
    pub input: usize,
    /// Widths of an expert's layers.
    pub expert: &'a [usize],
    /// Widths of a utility network's hidden layers.
    pub utility: &'a [usize],
    /// Number of tasks.
    pub tasks: usize,
}

impl TaskSizes<'_> {
    /// A bottom, and a utility network over it for each task.
    fn bottom(&self, width: usize, device: &Device) -> Mlp {
        let last = self.expert.len() - 1;
        let hidden = self.expert[..last].iter().map(|size| size * width);
        let sizes: Vec<usize> =
            [self.input].into_iter().chain(hidden).chain([self.expert[last]]).collect();
        Mlp::new(&sizes, device)
    }

    fn utilities(&self, device: &Device) -> Vec<Mlp> {
        let sizes: Vec<usize> = self.expert[self.expert.len() - 1..]
            .iter()
            .chain(self.utility)
            .copied()
            .chain([1])
            .collect();
        (0..self.tasks).map(|_| Mlp::new(&sizes, device)).collect()
    }
}

/// What a multi-task layer computed, for `items` inputs.
#[derive(Clone, Debug)]
pub struct TaskOutput {
    /// Utility logits u_k, `[items, tasks]`.
    pub utilities: Tensor<2>,
    /// Gate weights w^k, `[items, tasks, experts]`; a single one where nothing is gated.
    pub gates: Tensor<3>,
    /// Expert outputs e_i(x), `[items, experts, d]`.
    pub experts: Tensor<3>,
}

impl TaskOutput {
    /// f^k(x), the experts weighed by each task's gate, `[items, tasks, d]`.
    pub fn weighed(&self) -> Tensor<3> {
        self.gates.clone().matmul(self.experts.clone())
    }
}

/// Chance that a layer meets while it learns, drawn by whoever trains it; a layer that serves meets none.
#[derive(Clone, Debug, Default)]
pub struct Chance {
    /// What is added to the gates' logits, `[items, tasks, experts]`.
    pub noise: Option<Tensor<3>>,
    /// What the experts' values are multiplied by, `[items, experts, d]`: 0 for one that is left out.
    pub kept: Option<Tensor<3>>,
}

/// Multi-gate mixture of experts, or one bottom under all tasks.
///
/// Without gates this is a shared bottom, and with a single task besides a plain network.
#[derive(Module, Debug)]
pub struct TaskLayer {
    experts: Vec<Mlp>,
    gates: Vec<Mlp>,
    utilities: Vec<Mlp>,
}

impl TaskLayer {
    /// Multi-gate mixture of `experts` experts, with a gate a task.
    pub fn mixture(sizes: TaskSizes<'_>, experts: usize, device: &Device) -> Self {
        Self {
            experts: (0..experts).map(|_| sizes.bottom(1, device)).collect(),
            gates: (0..sizes.tasks).map(|_| Mlp::new(&[sizes.input, experts], device)).collect(),
            utilities: sizes.utilities(device),
        }
    }

    /// One bottom for all tasks, its hidden layers `width` experts wide.
    pub fn shared_bottom(sizes: TaskSizes<'_>, width: usize, device: &Device) -> Self {
        Self {
            experts: vec![sizes.bottom(width, device)],
            gates: Vec::new(),
            utilities: sizes.utilities(device),
        }
    }

    /// The same with so much more in each utility.
    pub fn raised(self, levels: impl IntoIterator<Item = f32>) -> Self {
        let utilities = self.utilities.into_iter().zip(levels);
        Self {
            utilities: utilities.map(|(utility, level)| utility.raised(level)).collect(),
            ..self
        }
    }

    /// Whether there is more than one expert to weigh.
    pub fn is_gated(&self) -> bool {
        !self.gates.is_empty()
    }

    /// Equation 3 for `[items, input]`, by chance where there is any. A gate temperature of one is the
    /// paper.
    pub fn forward(
        &self,
        x: Tensor<2>,
        gate_temperature: f32,
        chance: Option<&Chance>,
    ) -> TaskOutput {
        let experts: Vec<Tensor<2>> =
            self.experts.iter().map(|expert| relu(expert.forward(x.clone()))).collect();
        let mut experts: Tensor<3> = Tensor::stack(experts, 1);
        if let Some(kept) = chance.and_then(|chance| chance.kept.clone()) {
            experts = experts * kept;
        }
        let gates = self.gate(x, gate_temperature, chance.and_then(|chance| chance.noise.clone()));
        let utilities = self.utilities(small_products(gates.clone(), experts.clone()));
        TaskOutput { utilities, gates, experts }
    }

    /// w^k = softmax(NN_G^k(x)), `[items, tasks, experts]`, with noise on what the softmax is of.
    fn gate(&self, x: Tensor<2>, temperature: f32, noise: Option<Tensor<3>>) -> Tensor<3> {
        if !self.is_gated() {
            return Tensor::ones([x.dims()[0], self.utilities.len(), 1], &x.device());
        }
        let gates: Vec<Tensor<2>> = self.gates.iter().map(|gate| gate.forward(x.clone())).collect();
        let mut logits: Tensor<3> = Tensor::stack(gates, 1);
        if let Some(noise) = noise {
            logits = logits + noise;
        }
        softmax(logits / temperature, 2)
    }

    /// u_k = NN_U^k(f^k) for `[items, tasks, d]`.
    fn utilities(&self, f: Tensor<3>) -> Tensor<2> {
        let [items, _, d] = f.dims();
        let utilities: Vec<Tensor<2>> = self
            .utilities
            .iter()
            .enumerate()
            .map(|(task, utility)| {
                let f = f.clone().narrow(1, task, 1).reshape([items, d]);
                utility.forward(f)
            })
            .collect();
        Tensor::cat(utilities, 1)
    }

    /// What each expert adds to each utility: u_k less the utility without the expert, that is
    /// with its gate weight set to zero. `[items, tasks, experts]`.
    pub fn contributions(&self, output: &TaskOutput) -> Tensor<3> {
        let [items, count, d] = output.experts.dims();
        let whole = output.weighed();
        let parts: Vec<Tensor<3>> = (0..count)
            .map(|expert| {
                let gate = output.gates.clone().narrow(2, expert, 1);
                let value = output.experts.clone().narrow(1, expert, 1);
                let without = whole.clone() - gate.matmul(value.reshape([items, 1, d]));
                (output.utilities.clone() - self.utilities(without)).unsqueeze_dim(2)
            })
            .collect();
        Tensor::cat(parts, 2)
    }
}
