//! Groups of parameters with rates and clipping of their own (Yandex 4.2).

use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{Module, ModuleVisitor, Param, ParamGroup};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use nets::models::yandex::Yandex;

/// What the names of a group's parameters contain.
const GROUPS: [&[&str]; 4] = [
    // Word pieces, types of behaviour, positions and [CLS].
    &["content.", "kinds.", "positions", "cls"],
    // The encoders; [`group_of`] looks for the embeddings in them first.
    &["user."],
    &["item."],
    // The context tower learns with the losses' scalars: it is two scalars itself.
    &["loss.", "context."],
];

/// Group of a parameter by its path in the model.
fn group_of(path: &str) -> usize {
    GROUPS.iter().position(|names| names.iter().any(|name| path.contains(name))).unwrap_or(1)
}

/// Adam's step size for each group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Embedding matrices.
    pub embeddings: f64,
    /// Transformer.
    pub transformer: f64,
    /// Item tower.
    pub item: f64,
    /// Parameters of the losses and of the context tower.
    pub loss: f64,
}

impl Rates {
    /// Those of a table of word pieces that is learned from nothing: each piece is in few texts, so
    /// that its row moves seldom.
    pub fn with_pieces(self) -> Self {
        Self { embeddings: 2.5 * self.embeddings, ..self }
    }

    /// One rate for the model, another for the scalars of the losses.
    pub fn new(model: f64, loss: f64) -> Self {
        Self { embeddings: model, transformer: model, item: model, loss }
    }

    /// The rates of a step at a share of the full rate.
    pub(super) fn times(&self, share: f64) -> ModuleLearningRate {
        // The last group that matches counts: the transformer's names take in the embeddings'.
        let mut scheduler = ModuleLrScheduler::new(self.transformer * share);
        for (rate, group) in [(self.embeddings, 0), (self.item, 2), (self.loss, 3)] {
            let group = ParamGroup::from_any_predicates(GROUPS[group].to_vec());
            scheduler = scheduler.with_group(group, rate * share);
        }
        scheduler.step()
    }
}

/// Gradients of which each group's is made shorter where its norm is above `most`.
pub(super) fn clip_by_group(
    model: &Yandex,
    gradients: GradientsParams,
    most: f32,
) -> GradientsParams {
    let mut squares = Squares { path: Vec::new(), gradients: &gradients, sums: Default::default() };
    model.visit(&mut squares);
    let factors = squares.sums.map(|sum| {
        let norm = sum?.sqrt().add_scalar(f32::MIN_POSITIVE);
        Some((norm.recip() * most).clamp_max(1.0))
    });
    let mut shorter =
        Shorter { path: Vec::new(), gradients, factors, scaled: GradientsParams::new() };
    model.visit(&mut shorter);
    shorter.scaled
}

/// Adds up the squares of each group's gradients.
struct Squares<'a> {
    path: Vec<String>,
    gradients: &'a GradientsParams,
    sums: [Option<Tensor<1>>; GROUPS.len()],
}

impl ModuleVisitor for Squares<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else { return };
        let sum = &mut self.sums[group_of(&self.path.join("."))];
        let own = gradient.square().sum();
        *sum = Some(match sum.take() {
            Some(sum) => sum + own,
            None => own,
        });
    }
}

/// Multiplies each gradient by its group's factor.
struct Shorter {
    path: Vec<String>,
    gradients: GradientsParams,
    factors: [Option<Tensor<1>>; GROUPS.len()],
    scaled: GradientsParams,
}

impl ModuleVisitor for Shorter {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return };
        if let Some(factor) = &self.factors[group_of(&self.path.join("."))] {
            self.scaled.register(param.id, gradient * factor.clone().unsqueeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use burn::optim::{GradientsParams, SgdConfig};
    use burn::tensor::Device;

    use super::*;
    use nets::models::weights::{About, FORMAT, Weights};
    use nets::models::yandex::YandexConfig;
    use nets::nn::numbers::seeded;

    fn model() -> Yandex {
        let config = YandexConfig { d: 8, d_f: 8, item_width: 8, ..YandexConfig::playground() };
        let device = Device::flex().autodiff();
        seeded(&device, 1, || config.init(&device))
    }

    /// Weights by name.
    fn weights(model: &Yandex) -> BTreeMap<String, Vec<f32>> {
        let about = About {
            format: FORMAT,
            model: String::new(),
            market_seed: 1,
            command: String::new(),
            config: serde_json::Value::Null,
        };
        let arrays = Weights::of(&model.valid(), about).unwrap().arrays;
        arrays.into_iter().map(|(name, array)| (name, array.values)).collect()
    }

    /// A gradient of 1 for every weight.
    fn ones(model: &Yandex) -> GradientsParams {
        struct Ones(GradientsParams);
        impl ModuleVisitor for Ones {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.register(param.id, param.val().inner().ones_like());
            }
        }
        let mut ones = Ones(GradientsParams::new());
        model.visit(&mut ones);
        ones.0
    }

    /// How far one step of plain gradient descent moves the weights, by name.
    fn moved(gradients: GradientsParams, rates: Rates) -> BTreeMap<String, f32> {
        let before = model();
        let mut optimiser = SgdConfig::new().init();
        let after = optimiser.step(rates.times(0.5), before.clone(), gradients);
        let (before, after) = (weights(&before), weights(&after));
        let step =
            |(name, values): (&String, &Vec<f32>)| (name.clone(), values[0] - after[name][0]);
        before.iter().map(step).collect()
    }

    const RATES: Rates = Rates { embeddings: 0.02, transformer: 0.04, item: 0.06, loss: 0.08 };

    #[test]
    fn every_group_has_its_own_rate() {
        for (name, step) in moved(ones(&model()), RATES) {
            let expected = match name.split('.').next() {
                Some("content") => 0.01,
                Some("item") => 0.03,
                Some("loss" | "context") => 0.04,
                _ if ["kinds", "positions", "cls"].iter().any(|part| name.contains(part)) => 0.01,
                _ => 0.02,
            };
            assert!((step - expected).abs() < 1e-6, "{name} moved by {step}");
        }
    }

    #[test]
    fn gradients_are_clipped_by_the_norm_of_their_group() {
        let model = model();
        let mut sizes = [0; GROUPS.len()];
        for (name, values) in weights(&model) {
            sizes[group_of(&name)] += values.len();
        }
        // Every gradient is 1, so a group's norm is the root of its size.
        let most = 4.0;
        let rates = Rates { embeddings: 2.0, transformer: 2.0, item: 2.0, loss: 2.0 };
        for (name, step) in moved(clip_by_group(&model, ones(&model), most), rates) {
            let expected = (most / (sizes[group_of(&name)] as f32).sqrt()).min(1.0);
            assert!((step - expected).abs() < 1e-5, "{name} moved by {step}, not {expected}");
        }
    }
}
