//! The two-stage extraction networks (MLPR 3.2): experts, and gates that weigh them for each task.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use crate::nn::layer::{batch_norm_relu, linear, small_products};

/// What the values of a layer of experts, so many rows of so many, are multiplied by while they learn: 0 for
/// one that is left out. Asked for layer after layer of whoever trains; none where all stay.
pub type Kept<'a> = dyn FnMut([usize; 2]) -> Option<Tensor<2>> + 'a;

/// An expert network: {FC, BatchNorm, ReLU} x n, with dropout behind each while it learns.
#[derive(Module, Debug)]
pub struct Expert {
    layers: Vec<Layer>,
}

/// (FC, BatchNorm).
#[derive(Module, Debug)]
struct Layer {
    linear: Linear,
    norm: BatchNorm,
}

impl Expert {
    /// An expert through `sizes`, input first; at least two of them.
    pub fn new(sizes: &[usize], device: &Device) -> Self {
        let layer = |pair: &[usize]| Layer {
            linear: LinearConfig::new(pair[0], pair[1]).init(device),
            norm: BatchNormConfig::new(pair[1]).init(device),
        };
        Self { layers: sizes.windows(2).map(layer).collect() }
    }

    /// `[n, sizes[0]]` to `[n, sizes[last]]`.
    pub fn forward(&self, x: Tensor<2>, kept: &mut Kept<'_>) -> Tensor<2> {
        self.layers.iter().fold(x, |x, layer| {
            let x = batch_norm_relu(&layer.norm, linear(&layer.linear, x));
            match kept(x.dims()) {
                Some(kept) => x * kept,
                None => x,
            }
        })
    }
}

/// Sizes of an [`Extraction`].
#[derive(Clone, Copy, Debug)]
pub struct ExtractionSizes<'a> {
    /// Width of the input.
    pub input: usize,
    /// Widths of an expert's layers.
    pub expert: &'a [usize],
    /// Number of tasks.
    pub tasks: usize,
    /// Experts of each task's own.
    pub specific: usize,
    /// Experts that all tasks share.
    pub shared: usize,
}

/// What a stage made of n inputs, for K tasks.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// g^k for each task, `[n, d]`.
    pub outputs: Vec<Tensor<2>>,
    /// w^k, `[n, K, experts]`: a task's own experts first, then the shared ones.
    pub gates: Tensor<3>,
    /// What those experts made for each task, `[n, experts, d]`.
    pub experts: Vec<Tensor<3>>,
}

/// Experts under a gate a task: equation 3 where all are shared, equation 4 where some are not.
#[derive(Module, Debug)]
pub struct Extraction {
    /// By task, none where all are shared.
    specific: Vec<Vec<Expert>>,
    shared: Vec<Expert>,
    gates: Vec<Linear>,
}

impl Extraction {
    /// A stage with at least one expert.
    pub fn new(sizes: ExtractionSizes<'_>, device: &Device) -> Self {
        let widths: Vec<usize> =
            [sizes.input].into_iter().chain(sizes.expert.iter().copied()).collect();
        let experts =
            |count| -> Vec<Expert> { (0..count).map(|_| Expert::new(&widths, device)).collect() };
        let gate = || {
            LinearConfig::new(sizes.input, sizes.specific + sizes.shared)
                .with_bias(false)
                .init(device)
        };
        Self {
            specific: (0..sizes.tasks).map(|_| experts(sizes.specific)).collect(),
            shared: experts(sizes.shared),
            gates: (0..sizes.tasks).map(|_| gate()).collect(),
        }
    }

    /// Equation 3: every task reads the same `x`, `[n, input]`. While the gates learn there may be noise
    /// on their logits, `[n, K, experts]`, and not all of the experts' values are kept.
    pub fn of_one(
        &self,
        x: &Tensor<2>,
        temperature: f32,
        noise: Option<&Tensor<3>>,
        kept: &mut Kept<'_>,
    ) -> Extracted {
        let shared: Vec<Tensor<2>> =
            self.shared.iter().map(|expert| expert.forward(x.clone(), kept)).collect();
        self.weigh((temperature, noise, kept), |_| x.clone(), |_| shared.clone())
    }

    /// Equation 4: task k reads `inputs[k]`, what the stage before made for it, `[n, input]`.
    ///
    /// The paper writes the shared experts as E^s(x) with x the task's own g^k, so they are one
    /// set of weights that is applied to each task's input in turn. While they learn, the inputs
    /// of all tasks are one batch to them: their running statistics are then those of the inputs
    /// that they will be served with. Chance as in [`Self::of_one`].
    pub fn of_each(
        &self,
        inputs: &[Tensor<2>],
        temperature: f32,
        noise: Option<&Tensor<3>>,
        kept: &mut Kept<'_>,
    ) -> Extracted {
        let [n, _] = inputs[0].dims();
        let together = Tensor::cat(inputs.to_vec(), 0);
        let shared: Vec<Tensor<2>> =
            self.shared.iter().map(|expert| expert.forward(together.clone(), kept)).collect();
        let of_task =
            |task: usize| shared.iter().map(|e| e.clone().narrow(0, task * n, n)).collect();
        self.weigh((temperature, noise, kept), |task| inputs[task].clone(), of_task)
    }

    fn weigh(
        &self,
        (temperature, noise, kept): (f32, Option<&Tensor<3>>, &mut Kept<'_>),
        input: impl Fn(usize) -> Tensor<2>,
        shared: impl Fn(usize) -> Vec<Tensor<2>>,
    ) -> Extracted {
        let mut outputs = Vec::with_capacity(self.gates.len());
        let mut gates = Vec::with_capacity(self.gates.len());
        let mut experts = Vec::with_capacity(self.gates.len());
        for (task, (gate, specific)) in self.gates.iter().zip(&self.specific).enumerate() {
            let x = input(task);
            let mut logits = gate.forward(x.clone());
            if let Some(noise) = noise {
                let [n, experts] = logits.dims();
                logits = logits + noise.clone().narrow(1, task, 1).reshape([n, experts]);
            }
            let w = softmax(logits / temperature, 1);
            let own = specific.iter().map(|expert| expert.forward(x.clone(), kept));
            let h: Tensor<3> = Tensor::stack(own.chain(shared(task)).collect(), 1);
            let [n, _, d] = h.dims();
            let w = w.unsqueeze_dim::<3>(1);
            outputs.push(small_products(w.clone(), h.clone()).reshape([n, d]));
            gates.push(w);
            experts.push(h);
        }
        Extracted { outputs, gates: Tensor::cat(gates, 1), experts }
    }
}
