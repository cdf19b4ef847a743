//! The loop that every training is: epochs of steps, each a little down the gradient of a loss, with a
//! checkpoint after each epoch.

use std::rc::Rc;

use anyhow::Result;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;

use super::checkpoint::Checkpoint;
use super::work::Speed;
use nets::models::weights::About;

/// What a training is: the same for whoever runs it through and whoever makes it step by step.
pub trait Lesson {
    /// What learns.
    type Model: Module;
    /// What the steps of an epoch share, such as chance that goes on from step to step.
    type Shared: Clone;
    /// What a step learns from.
    type Batch: Clone;

    /// Times that everything is seen, and the steps of each that the rate goes by.
    fn length(&self) -> (usize, usize);

    /// What the steps of an epoch, by its number, learn from, and what they share.
    fn epoch(&self, number: usize) -> (Self::Shared, Vec<Self::Batch>);

    /// Where a step goes.
    fn step(
        &self,
        model: &Self::Model,
        batch: &Self::Batch,
        shared: &mut Self::Shared,
        at: At,
    ) -> Step;
}

/// A step of a [`Lesson`].
pub struct Step {
    /// Where it goes.
    pub descent: Descent,
    /// How many samples it learns from.
    pub samples: usize,
    /// Multiplications and additions of its forward pass: see [`super::work`].
    pub products: f64,
}

/// Runs a lesson through: see [`Course::run`].
///
/// # Errors
/// Where a checkpoint cannot be read or written.
pub fn run<L: Lesson>(
    lesson: &L,
    Learner { model, optimiser }: Learner<L::Model>,
    checkpoint: Option<(&Checkpoint, &About)>,
    speed: &mut Speed,
    watch: impl FnMut(usize, usize, f32),
) -> Result<L::Model> {
    let (epochs, steps) = lesson.length();
    let step = |model: &L::Model, batch: &L::Batch, shared: &mut L::Shared, at| {
        let Step { descent, samples, products } = lesson.step(model, batch, shared, at);
        speed.step(samples, products);
        Some(descent)
    };
    let course = Course { epochs, steps, checkpoint };
    course.run(model, optimiser, |number| lesson.epoch(number), step, watch)
}

/// A lesson that is made one step after another, to the same weights.
pub struct Stepwise<L: Lesson> {
    lesson: Rc<L>,
    learner: Learner<L::Model>,
    /// Epochs that were begun.
    begun: usize,
    /// What the steps of this epoch share.
    shared: Option<L::Shared>,
    /// What is left of this epoch, the next one last, and how much there was.
    ahead: Vec<L::Batch>,
    whole: usize,
    at: At,
}

impl<L: Lesson> Clone for Stepwise<L> {
    fn clone(&self) -> Self {
        let Self { lesson, learner, begun, shared, ahead, whole, at } = self;
        // Clones of a model share the running means of its normalisations, which go on in place.
        let model = learner.model.valid().train();
        Self {
            lesson: lesson.clone(),
            learner: Learner { model, optimiser: learner.optimiser.clone() },
            begun: *begun,
            shared: shared.clone(),
            ahead: ahead.clone(),
            whole: *whole,
            at: *at,
        }
    }
}

impl<L: Lesson> Stepwise<L> {
    /// Before the first step of a model that learns already.
    pub fn new(lesson: L, learner: Learner<L::Model>) -> Self {
        let (epochs, _) = lesson.length();
        // An epoch may be a step longer than another.
        let steps = (0..epochs).map(|number| lesson.epoch(number).1.len()).sum();
        Self {
            lesson: Rc::new(lesson),
            learner,
            begun: 0,
            shared: None,
            ahead: Vec::new(),
            whole: 0,
            at: At { step: 0, steps },
        }
    }

    /// Steps that were made, and that there are in all.
    pub fn at(&self) -> At {
        self.at
    }

    /// What it is that is learned.
    pub fn lesson(&self) -> &L {
        &self.lesson
    }

    /// The model as it stands, learning no more.
    pub fn model(&self) -> L::Model {
        self.learner.model.valid()
    }

    /// One step, and its loss from before it; none after the last.
    ///
    /// A loss that is no number leaves weights that are none either: whoever steps looks at it, and keeps
    /// a point to go back to.
    pub fn step(mut self) -> (Self, Option<f32>) {
        let (epochs, steps) = self.lesson.length();
        while self.ahead.is_empty() && self.begun < epochs {
            let (shared, batches) = self.lesson.epoch(self.begun);
            self.begun += 1;
            (self.shared, self.whole, self.ahead) = (Some(shared), batches.len(), batches);
            self.ahead.reverse();
        }
        let place = self.whole - self.ahead.len();
        let (Some(shared), Some(batch)) = (&mut self.shared, self.ahead.pop()) else {
            return (self, None);
        };
        let at = At { step: (self.begun - 1) * steps + place, steps: epochs * steps };
        let Step { descent, .. } = self.lesson.step(&self.learner.model, &batch, shared, at);
        let loss;
        (self.learner, loss) = self.learner.descend(descent);
        self.at.step += 1;
        (self, Some(loss))
    }
}

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
