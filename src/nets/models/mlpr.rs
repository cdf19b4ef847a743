//! MLPR: multi-task learning for product ranking with BERT (Wu et al., WWW 2022), a ranker for
//! search.
//!
//! Sizes in the comments: `n` pairs of a query and an item, `d` the width of their vectors, `F`
//! wide features, `K` tasks, `E` shared experts of stage 1, `S` own and `H` shared ones of
//! stage 2.
//!
//! ```text
//! query -> phi, item -> psi   (bert)             once a query; items once a catalogue, or on the spot
//! x = phi, psi, their interactions, wide features (2)
//!   -> stage 1: experts under a gate a task (3)
//!   -> stage 2: each task's own experts and shared ones (4)
//!   -> towers (5) -> attention units, click to cart to order (6) -> probabilities (7)
//!   -> probability transfer: y_click, y_cart, y_order (8)
//! ```
//!
//! The other models of the paper's tables are this one with parts left out: see [`Sharing`],
//! [`MlprConfig::attention`] and [`MlprConfig::transfer`].

pub mod bert;
#[cfg(any(test, feature = "examples"))]
pub mod example;
pub mod extraction;
pub mod ranker;
#[cfg(feature = "training")]
pub mod rows;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_sigmoid, relu, sigmoid, softmax};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::models::weights::WeightsError;
use crate::nn::layer::raised;
use crate::nn::mlp::Mlp;
use crate::nn::normaliser::Normaliser;
use bert::{Bert, BertConfig};
use extraction::{Expert, Extracted, Extraction, ExtractionSizes, Kept};

/// The tasks, in the order in which one leads to the next.
pub const TASKS: [&str; 3] = ["click", "cart", "order"];

/// Number of tasks K.
pub const K: usize = TASKS.len();

/// What lies between the features and the towers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// A network for each task: "MLP Single" of table 2, and AITM, whose tasks share their inputs'
    /// embeddings alone.
    SingleTask,
    /// One bottom under all tasks: "MLP MTL" and ESM2.
    SharedBottom,
    /// Stage 1 alone: MMoE.
    Mixture,
    /// Stage 2 alone, over the features: PLE, with one level of extraction.
    Customised,
    /// Stage 1 and stage 2: MLPR.
    TwoStage,
}

/// Sizes and choices of an MLPR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MlprConfig {
    /// The query and item encoders.
    pub bert: BertConfig,
    /// F, number of wide features.
    pub wide: usize,
    /// What lies between the features and the towers.
    pub sharing: Sharing,
    /// Attention units above the towers (equation 6).
    pub attention: bool,
    /// AITM's transfer in place of attention units: what the former task hands over, through a
    /// network of its own, and what the task knows itself, weighed by attention.
    #[serde(default)]
    pub adaptive: bool,
    /// Probability transfer (equation 8); without it each task predicts on its own.
    pub transfer: bool,
    /// E, experts of stage 1; a bottom in their place is as many times as wide.
    pub experts: usize,
    /// Widths of the layers of an expert of stage 1, and of a bottom.
    pub expert: Vec<usize>,
    /// S, experts of each task's own in stage 2.
    pub specific: usize,
    /// H, experts of stage 2 that the tasks share.
    pub shared: usize,
    /// Widths of the layers of an expert of stage 2.
    pub stage_2: Vec<usize>,
    /// Widths of a tower's layers.
    pub tower: Vec<usize>,
    /// Share of an expert's values that are dropped while it learns.
    pub dropout: f64,
}

impl MlprConfig {
    /// The size that the playground ships.
    pub fn playground(wide: usize) -> Self {
        Self {
            bert: BertConfig::playground(),
            wide,
            sharing: Sharing::TwoStage,
            attention: true,
            adaptive: false,
            transfer: true,
            experts: 4,
            expert: vec![96, 48],
            specific: 2,
            shared: 2,
            stage_2: vec![32],
            tower: vec![32, 16],
            dropout: 0.2,
        }
    }

    /// The paper's sizes (3.1 and 5.5); the numbers of experts and the towers, which it leaves
    /// open, are the playground's and in proportion.
    pub fn paper(wide: usize) -> Self {
        Self {
            bert: BertConfig::paper(),
            expert: vec![512, 256, 128],
            stage_2: vec![512, 256, 128],
            tower: vec![128, 64],
            ..Self::playground(wide)
        }
    }

    /// Whether these are the playground's sizes, which a page can be expected to have memory and time for;
    /// what a network reads and how it is put together may differ.
    ///
    /// # Errors
    /// [`WeightsError::Sizes`] where they are not.
    pub fn as_shipped(&self) -> Result<(), WeightsError> {
        let Self { sharing, attention, adaptive, transfer, dropout, .. } = *self;
        let shipped = Self::playground(self.wide);
        let shipped = Self { sharing, attention, adaptive, transfer, dropout, ..shipped };
        if *self == shipped { Ok(()) } else { Err(WeightsError::Sizes) }
    }

    /// Experts that the gates of each stage choose among; none where there is no such stage.
    pub fn gated(&self) -> [Option<usize>; 2] {
        let own = self.specific + self.shared;
        match self.sharing {
            Sharing::SingleTask | Sharing::SharedBottom => [None, None],
            Sharing::Mixture => [Some(self.experts), None],
            Sharing::Customised => [Some(own), None],
            Sharing::TwoStage => [Some(self.experts), Some(own)],
        }
    }

    /// Width of x (equation 2). The concatenation among the interactions is phi and psi
    /// themselves: they are in x once.
    fn input(&self) -> usize {
        3 * self.bert.output + 1 + self.wide
    }

    /// Whether there can be a model of these sizes; settings from a file need not be sound.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), &'static str> {
        let bert = &self.bert;
        if bert.heads == 0 || bert.width == 0 || !bert.width.is_multiple_of(bert.heads) {
            return Err("the heads do not divide the BERT's width");
        }
        if [bert.token, bert.length, bert.d_f, bert.output, self.wide].contains(&0) {
            return Err("a size is zero");
        }
        if self.experts == 0 || self.specific + self.shared == 0 {
            return Err("there is no expert");
        }
        for widths in [&self.expert, &self.stage_2, &self.tower] {
            if widths.is_empty() || widths.contains(&0) {
                return Err("a network has no layer, or an empty one");
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err("the dropout is no share");
        }
        Ok(())
    }

    /// A model of these sizes with random weights.
    pub fn init(&self, device: &Device) -> Mlpr {
        let stage_1 = |specific, shared| ExtractionSizes {
            input: self.input(),
            expert: &self.expert,
            tasks: K,
            specific,
            shared,
        };
        let last = |widths: &[usize]| widths[widths.len() - 1];
        let stage_2 = ExtractionSizes {
            input: last(&self.expert),
            expert: &self.stage_2,
            ..stage_1(self.specific, self.shared)
        };
        let bottoms = |count: usize| (0..count).map(|_| self.bottom(device)).collect();
        let (bottoms, stage_1, stage_2) = match self.sharing {
            Sharing::SingleTask => (bottoms(K), None, None),
            Sharing::SharedBottom => (bottoms(1), None, None),
            Sharing::Mixture => (Vec::new(), Some(stage_1(0, self.experts)), None),
            Sharing::Customised => (Vec::new(), Some(stage_1(self.specific, self.shared)), None),
            Sharing::TwoStage => (Vec::new(), Some(stage_1(0, self.experts)), Some(stage_2)),
        };
        let v = last(if stage_2.is_some() { &self.stage_2 } else { &self.expert });
        let tower: Vec<usize> = [v].into_iter().chain(self.tower.iter().copied()).collect();
        let d_t = last(&self.tower);
        let unit = |task| AttentionUnit::new(d_t, task > 0, device);
        Mlpr {
            bert: self.bert.init(device),
            normaliser: Normaliser::identity(self.wide, device),
            bottoms,
            stage_1: stage_1.map(|sizes| Extraction::new(sizes, device)),
            stage_2: stage_2.map(|sizes| Extraction::new(sizes, device)),
            towers: (0..K).map(|_| Mlp::new(&tower, device)).collect(),
            attention: (0..if self.attention { K } else { 0 }).map(unit).collect(),
            adaptive: (1..if self.adaptive { K } else { 1 })
                .map(|_| InformationTransfer::new(d_t, device))
                .collect(),
            predictions: (0..K).map(|_| LinearConfig::new(d_t, 1).init(device)).collect(),
            transfer: self.transfer,
        }
    }

    /// A bottom, its hidden layers E experts wide.
    fn bottom(&self, device: &Device) -> Expert {
        let last = self.expert.len() - 1;
        let hidden = self.expert[..last].iter().map(|size| size * self.experts);
        let sizes: Vec<usize> =
            [self.input()].into_iter().chain(hidden).chain([self.expert[last]]).collect();
        Expert::new(&sizes, device)
    }
}

/// n pairs of a query and an item.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// phi(q) of each, `[n, d]`.
    pub query: Tensor<2>,
    /// psi(i) of each, `[n, d]`.
    pub item: Tensor<2>,
    /// r, the wide features as they are counted, `[n, F]`.
    pub wide: Tensor<2>,
}

/// Predictions for n pairs, and what they came from.
#[derive(Clone, Debug)]
pub struct Output {
    /// Logits of p^k, `[n, K]`.
    pub logits: Tensor<2>,
    /// p^k (equation 7), `[n, K]`: with probability transfer the conditional pCTR, pAVR, pCVR.
    pub probabilities: Tensor<2>,
    /// y^k (equation 8), `[n, K]`: the probabilities that an impression is clicked, put in the
    /// cart, ordered.
    pub engagement: Tensor<2>,
    /// What stage 1 made (equation 3): gates `[n, K, E]`. [`Sharing::Customised`] has its only
    /// stage here, with gates `[n, K, S + H]`. None where there is a bottom.
    pub stage_1: Option<Extracted>,
    /// What stage 2 made (equation 4): gates `[n, K, S + H]`, the task's own experts first. None
    /// without stage 2.
    pub stage_2: Option<Extracted>,
    /// What each attention unit attends to, `[n, K, 2]`: its own task's tower, then the former
    /// task; nothing comes before the first. None without attention units.
    pub attention: Option<Tensor<3>>,
    /// Cosine of phi(q) and psi(i), `[n, 1]`.
    pub cosine: Tensor<2>,
    /// Wide features after z-scoring, `[n, F]`.
    pub wide: Tensor<2>,
}

/// Multi-task learning for product ranking.
#[derive(Module, Debug)]
pub struct Mlpr {
    /// phi and psi.
    pub bert: Bert,
    normaliser: Normaliser,
    /// One for all tasks or one for each; none where there are stages.
    bottoms: Vec<Expert>,
    stage_1: Option<Extraction>,
    stage_2: Option<Extraction>,
    towers: Vec<Mlp>,
    /// One a task, or none.
    attention: Vec<AttentionUnit>,
    /// One a task but for the first, or none.
    adaptive: Vec<InformationTransfer>,
    /// MLP^k of equation 7.
    predictions: Vec<Linear>,
    transfer: bool,
}

impl Mlpr {
    /// Equations 2 to 8 for every pair. Gate temperatures, of stage 1 and of stage 2, of one are
    /// the paper.
    pub fn forward(&self, pairs: &Pairs, temperatures: [f32; 2]) -> Output {
        self.forward_by_chance(pairs, temperatures, [None, None], &mut |_| None)
    }

    /// The same while it learns: with noise on the logits of the gates of each stage, `[n, K, experts]`, and
    /// with what is kept of the experts' values.
    pub fn forward_by_chance(
        &self,
        pairs: &Pairs,
        temperatures: [f32; 2],
        [noise_1, noise_2]: [Option<&Tensor<3>>; 2],
        kept: &mut Kept<'_>,
    ) -> Output {
        let (x, cosine, wide) = self.features(pairs); // (2)

        let [flat_1, flat_2] = temperatures;
        let stage_1 = self.stage_1.as_ref();
        let stage_1 = stage_1.map(|stage| stage.of_one(&x, flat_1, noise_1, kept)); // (3)
        let v: Vec<Tensor<2>> = match &stage_1 {
            Some(stage) => stage.outputs.clone(),
            None => self.bottoms_by_chance(&x, kept),
        };
        let stage_2 = self.stage_2.as_ref();
        let stage_2 = stage_2.map(|stage| stage.of_each(&v, flat_2, noise_2, kept)); // (4)
        let v = stage_2.as_ref().map_or(v, |stage| stage.outputs.clone());

        let (logits, attention) = self.heads(&v); // (5), (6)
        let probabilities = sigmoid(logits.clone()); // (7)
        let engagement = match self.transfer {
            true => log_transfer(&logits).exp(), // (8)
            false => probabilities.clone(),
        };
        Output { logits, probabilities, engagement, stage_1, stage_2, attention, cosine, wide }
    }

    /// Towers, attention units and last layers over what was extracted for each task, `[n, d]`, or
    /// for all of them: logits, `[n, K]`, and what the units attend to, `[n, K, 2]`.
    fn heads(&self, v: &[Tensor<2>]) -> (Tensor<2>, Option<Tensor<3>>) {
        let (a, attention) = self.units(&self.towers(v));
        let predictions = self.predictions.iter().zip(a);
        let logits = predictions.map(|(prediction, a)| prediction.forward(a)).collect();
        (Tensor::cat(logits, 1), attention)
    }

    /// What the bottoms make of x in place of stages: for each task, or for all of them.
    pub fn bottoms(&self, x: &Tensor<2>) -> Vec<Tensor<2>> {
        self.bottoms_by_chance(x, &mut |_| None)
    }

    fn bottoms_by_chance(&self, x: &Tensor<2>, kept: &mut Kept<'_>) -> Vec<Tensor<2>> {
        self.bottoms.iter().map(|bottom| bottom.forward(x.clone(), kept)).collect()
    }

    /// t^k of each task (equation 5), over what was extracted for each or for all of them.
    pub fn towers(&self, v: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let towers = self.towers.iter().enumerate();
        towers.map(|(task, tower)| tower.forward(v[task % v.len()].clone())).collect()
    }

    /// a^k of each task (equation 6) and what the units attend to, `[n, K, 2]`; without units t^k.
    pub fn units(&self, t: &[Tensor<2>]) -> (Vec<Tensor<2>>, Option<Tensor<3>>) {
        if !self.adaptive.is_empty() {
            return self.informed(t);
        }
        if self.attention.is_empty() {
            return (t.to_vec(), None);
        }
        let mut attention = Vec::with_capacity(K);
        let mut a: Vec<Tensor<2>> = Vec::with_capacity(K);
        for (unit, t) in self.attention.iter().zip(t) {
            let (own, weights) = unit.forward(t.clone(), a.last().cloned());
            a.push(own);
            attention.push(weights);
        }
        (a, Some(Tensor::stack(attention, 1)))
    }

    /// The same by AITM's transfer.
    fn informed(&self, t: &[Tensor<2>]) -> (Vec<Tensor<2>>, Option<Tensor<3>>) {
        let mut z = vec![t[0].clone()];
        let mut attention = vec![only_own(&t[0])];
        for (transfer, own) in self.adaptive.iter().zip(&t[1..]) {
            let (informed, weights) = transfer.forward(own.clone(), z[z.len() - 1].clone());
            z.push(informed);
            attention.push(weights);
        }
        (z, Some(Tensor::stack(attention, 1)))
    }

    /// What each expert of the last stage adds to each logit, `[n, K, experts]`: the logit less
    /// what it is with the expert's gate weight for that task set to zero. None without gates.
    pub fn expert_contributions(&self, output: &Output) -> Option<Tensor<3>> {
        let stage = output.stage_2.as_ref().or(output.stage_1.as_ref())?;
        let [n, _, experts] = stage.gates.dims();
        let by_task = (0..K).map(|task| {
            let [_, _, d] = stage.experts[task].dims();
            let logit = output.logits.clone().narrow(1, task, 1);
            let of_expert = |expert| {
                let weight = stage.gates.clone().narrow(1, task, 1).narrow(2, expert, 1);
                let value = stage.experts[task].clone().narrow(1, expert, 1);
                let mut v = stage.outputs.clone();
                v[task] = v[task].clone() - (weight * value).reshape([n, d]);
                logit.clone() - self.heads(&v).0.narrow(1, task, 1)
            };
            Tensor::cat((0..experts).map(of_expert).collect(), 1)
        });
        Some(Tensor::stack(by_task.collect(), 1))
    }

    /// Equation 2: x, `[n, 3 d + 1 + F]`, and of it the cosine, `[n, 1]`, and the wide features
    /// after z-scoring, `[n, F]`.
    pub fn features(&self, pairs: &Pairs) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let Pairs { query, item, wide } = pairs;
        let wide = self.normaliser.forward(wide.clone());
        let cosine = cosine(query, item);
        let hadamard = query.clone() * item.clone();
        let x = vec![query.clone(), item.clone(), cosine.clone(), hadamard, wide.clone()];
        (Tensor::cat(x, 1), cosine, wide)
    }

    /// Training mean of each wide feature, `[F]`.
    pub fn feature_means(&self) -> Tensor<1> {
        self.normaliser.mean()
    }

    /// Whether y is a product of conditional probabilities.
    pub fn transfers(&self) -> bool {
        self.transfer
    }

    /// Whether information is transferred as in AITM, which is trained with a calibrator.
    pub fn is_adaptive(&self) -> bool {
        !self.adaptive.is_empty()
    }

    /// The same model with mean and standard deviation of its wide features, each of length F.
    pub fn with_normalisation(mut self, mean: &[f32], deviation: &[f32], device: &Device) -> Self {
        self.normaliser = Normaliser::new(mean, deviation, device);
        self
    }

    /// The same model with so much more in the logit of each p^k.
    pub fn with_logits_raised(mut self, levels: [f32; K]) -> Self {
        let predictions = self.predictions.into_iter().zip(levels);
        self.predictions = predictions.map(|(layer, level)| raised(layer, level)).collect();
        self
    }

    /// The same model with another's encoders.
    pub fn with_bert(mut self, bert: Bert) -> Self {
        self.bert = bert;
        self
    }
}

/// ln y^k of equation 8 from the logits of p^k, `[n, K]` to the same: finite for every logit.
pub fn log_transfer(logits: &Tensor<2>) -> Tensor<2> {
    let ln_p = log_sigmoid(logits.clone());
    let mut sum = ln_p.clone().narrow(1, 0, 1);
    let mut sums = vec![sum.clone()];
    for task in 1..K {
        sum = sum + ln_p.clone().narrow(1, task, 1);
        sums.push(sum.clone());
    }
    Tensor::cat(sums, 1)
}

/// Cosine of rows, `[n, d]` twice to `[n, 1]`; 0 for a row of zeros.
pub fn cosine(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    let dot = |a: &Tensor<2>, b: &Tensor<2>| (a.clone() * b.clone()).sum_dim(1);
    let lengths = (dot(a, a) * dot(b, b)).clamp_min(1e-12).sqrt();
    dot(a, b) / lengths
}

/// An attention unit (equation 6): what a task takes from its own tower and from the former task.
///
/// The paper's t^k and a^(k-1) are two vectors, as in AITM, on which its units build: were they
/// one long vector, the softmax would be over a single number. Of the two rows that
/// self-attention gives, the task's own is its output.
#[derive(Module, Debug)]
pub struct AttentionUnit {
    /// W_Q and W_K; the first task attends to nothing but itself and needs neither.
    choice: Option<(Linear, Linear)>,
    values: Linear,
}

impl AttentionUnit {
    fn new(d: usize, has_former: bool, device: &Device) -> Self {
        let linear = || LinearConfig::new(d, d).init(device);
        Self { choice: has_former.then(|| (linear(), linear())), values: linear() }
    }

    /// a^k, `[n, d]`, and the weights of t^k and of a^(k-1), `[n, 2]`.
    fn forward(&self, t: Tensor<2>, former: Option<Tensor<2>>) -> (Tensor<2>, Tensor<2>) {
        let [n, d] = t.dims();
        let (Some((queries, keys)), Some(former)) = (&self.choice, former) else {
            let weights = only_own(&t);
            return (self.values.forward(t), weights);
        };
        let query = queries.forward(t.clone()).unsqueeze_dim::<3>(1);
        let both: Tensor<3> = Tensor::stack(vec![t, former], 1);
        let scores = query.matmul(keys.forward(both.clone()).transpose());
        let weights = softmax(scores / (d as f32).sqrt(), 2);
        let a = weights.clone().matmul(self.values.forward(both));
        (a.reshape([n, d]), weights.reshape([n, 2]))
    }
}

/// Attention of the first task, `[n, 2]`: a softmax over one vector is one.
fn only_own(t: &Tensor<2>) -> Tensor<2> {
    let [n, _] = t.dims();
    Tensor::<2>::from_floats([[1.0, 0.0]], &t.device()).expand([n, 2])
}

/// AITM's adaptive information transfer (Xi et al., KDD 2021): z_k = sum over u of w_u h_3(u), where
/// u is what the task's tower says, q_k, or what the former task hands over, p_k = g(z_(k-1)), and w
/// the softmax of <h_1(u), h_2(u)> / sqrt(d).
#[derive(Module, Debug)]
pub struct InformationTransfer {
    /// g.
    transfer: Linear,
    /// h_1, h_2 and h_3.
    queries: Linear,
    keys: Linear,
    values: Linear,
}

impl InformationTransfer {
    fn new(d: usize, device: &Device) -> Self {
        let linear = || LinearConfig::new(d, d).init(device);
        Self { transfer: linear(), queries: linear(), keys: linear(), values: linear() }
    }

    /// z_k, `[n, d]`, and the weights of q_k and of p_k, `[n, 2]`.
    fn forward(&self, own: Tensor<2>, former: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [n, d] = own.dims();
        let handed_over = relu(self.transfer.forward(former));
        let both: Tensor<3> = Tensor::stack(vec![own, handed_over], 1);
        let (queries, keys) = (self.queries.forward(both.clone()), self.keys.forward(both.clone()));
        let weights = softmax((queries * keys).sum_dim(2) / (d as f32).sqrt(), 1);
        let z = (self.values.forward(both) * weights.clone()).sum_dim(1);
        (z.reshape([n, d]), weights.reshape([n, 2]))
    }
}
