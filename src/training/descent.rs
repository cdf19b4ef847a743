//! The loop that every training is: epochs of steps, each a little down the gradient of a loss, with a
//! checkpoint after each epoch.

use anyhow::Result;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;

use super::checkpoint::Checkpoint;
use nets::models::weights::About;

/// How long a training is, and where it is kept.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// Times that everything is seen.
    pub epochs: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Where it is saved after each epoch, and goes on from after the last one saved; none means
    /// nowhere. A parameter's name there is its number, which the model must have:
    /// [`numbered`](nets::nn::numbers::numbered).
    pub checkpoint: Option<(&'a Checkpoint, &'a About)>,
}

/// A step: its number from 0, and how many there are in all.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Number of the step over all epochs.
    pub step: usize,
    /// Steps of all epochs.
    pub steps: usize,
}

/// Where a step goes.
pub struct Descent {
    loss: Tensor<1>,
    gradients: GradientsParams,
    rate: ModuleLearningRate,
}

impl Descent {
    /// Down the gradient of a loss, `[1]`, by a step size.
    pub fn of<M: Module>(model: &M, loss: Tensor<1>, rate: impl Into<ModuleLearningRate>) -> Self {
        let gradients = GradientsParams::from_grads(loss.backward(), model);
        Self { loss, gradients, rate: rate.into() }
    }

    /// With something done to the gradients.
    pub fn map(self, change: impl FnOnce(GradientsParams) -> GradientsParams) -> Self {
        Self { gradients: change(self.gradients), ..self }
    }
}

impl Course<'_> {
    /// Trains a model, which learns already, and gives it back as it serves.
    ///
    /// `epoch` says what the steps of an epoch, by its number, learn from, and what they share, such as
    /// chance that goes on from step to step; `step` where one goes, or none if there is nothing to be
    /// learned from it. `watch` is told the step, the number of steps and the loss.
    ///
    /// # Errors
    /// Where a checkpoint cannot be read or written.
    pub fn run<M: Module, Shared, Batch>(
        self,
        model: M,
        optimiser: ModuleOptimizer,
        mut epoch: impl FnMut(usize) -> (Shared, Vec<Batch>),
        mut step: impl FnMut(&M, &Batch, &mut Shared, At) -> Option<Descent>,
        mut watch: impl FnMut(usize, usize, f32),
    ) -> Result<M> {
        let (mut learner, mut finished) = (Learner { model, optimiser }, 0);
        if let Some((checkpoint, about)) = self.checkpoint {
            let Learner { model, optimiser } = learner;
            let (model, optimiser, before) = checkpoint.resume(model, optimiser, about)?;
            (learner, finished) = (Learner { model, optimiser }, before);
        }
        let steps = self.epochs * self.steps;
        for number in finished..self.epochs {
            let (mut shared, batches) = epoch(number);
            for (place, batch) in batches.iter().enumerate() {
                let at = At { step: number * self.steps + place, steps };
                let Some(descent) = step(&learner.model, batch, &mut shared, at) else { continue };
                let loss;
                (learner, loss) = learner.descend(descent);
                watch(at.step, steps, loss);
            }
            if let Some((checkpoint, about)) = self.checkpoint {
                // Running statistics (of Dice) are brought up to date on the way out of training.
                checkpoint.save(&learner.model.valid(), &learner.optimiser, about, number + 1)?;
            }
        }
        Ok(learner.model.valid())
    }
}

/// A model that learns, and what its optimiser remembers.
#[derive(Clone)]
pub struct Learner<M> {
    /// The model.
    pub model: M,
    /// Its optimiser.
    pub optimiser: ModuleOptimizer,
}

impl<M: Module> Learner<M> {
    /// One step, and the loss from before it.
    pub fn descend(self, descent: Descent) -> (Self, f32) {
        let Self { model, mut optimiser } = self;
        let Descent { loss, gradients, rate } = descent;
        let model = optimiser.step(rate, model, gradients);
        (Self { model, optimiser }, loss.inner().into_scalar())
    }
}
