//! The losses of both stages (Yandex 3.5).

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

use crate::ABSENT;
use nets::models::yandex::{LossParameters, SIGNALS, Sigmoids};

/// L_pretrain, `[1]`: the mean over the positives of the sampled softmax with in-batch negatives.
///
/// The negatives of a positive are the positives of all other shoppers of the batch, each as
/// often as it occurs; what is positive for the shopper too is none.
///
/// - `similarity`: r_ui, `[B, M]`, of the batch's different products;
/// - `positives`: how often each product is positive for each shopper, `[B, M]`;
/// - `temperature`: tau, `[1]`.
pub fn sampled_softmax(
    similarity: Tensor<2>,
    positives: Tensor<2>,
    temperature: Tensor<1>,
) -> Tensor<1> {
    let logits = similarity * temperature.unsqueeze::<2>();
    let own = positives.clone().clamp_max(1.0);
    // A product that occurs n times is n terms of the sum.
    let occurrences = positives.clone().sum_dim(0);
    let negatives = logits.clone() + occurrences.log() + own * ABSENT;
    let negatives = log_sum_exp(negatives);
    // -ln (e^p / (e^p + e^n)) = -ln sigmoid(p - n).
    let losses = log_sigmoid(logits - negatives).neg();
    let count = positives.clone().sum();
    (losses * positives).sum() / count
}

/// ln of the sum of exp over each row, `[B, 1]`.
fn log_sum_exp(logits: Tensor<2>) -> Tensor<2> {
    let most = logits.clone().max_dim(1).detach();
    (logits - most.clone()).exp().sum_dim(1).log() + most
}

/// Form of the pairwise losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairwise {
    /// Equation 1: exponents of gamma_k r_ui.
    Plain,
    /// Sigmoids in place of exponents, which bring ranking and regression together and read the
    /// context.
    Calibrated,
}

/// Which pointwise losses there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointwise {
    /// One for each signal.
    EachSignal,
    /// Of clicks alone.
    Clicks,
}

/// What the fine-tuning's objective is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Form of the pairwise losses.
    pub pairwise: Pairwise,
    /// Which pointwise losses there are.
    pub pointwise: Pointwise,
    /// Weight of the pointwise losses (table 1, line 6).
    pub pointwise_weight: f32,
    /// Let a context tower explain what surface and device do (3.4).
    pub context_debiasing: bool,
}

/// Page views with their similarities.
#[derive(Clone, Debug)]
pub struct Page {
    /// r_ui, `[V, C]`.
    pub similarity: Tensor<2>,
    /// r_ctx, `[V, 1]`.
    pub context: Tensor<2>,
    /// For each signal 1 or 0, `[V, C]`; what stands where there is padding is not read.
    pub labels: [Tensor<2>; SIGNALS],
    /// 1 for an impression, 0 for padding, `[V, C]`.
    pub present: Tensor<2>,
}

impl Page {
    /// Logit of f_ui for one signal, `[V, C]`.
    pub fn logit(&self, signal: usize, sigmoids: &Sigmoids, objective: &Objective) -> Tensor<2> {
        let context = objective.context_debiasing.then(|| self.context.clone());
        sigmoids.logit(signal, self.similarity.clone(), context)
    }

    /// Labels of one signal, `[V, C]`: 0 where there is padding, whatever stands there. To multiply
    /// by `present` would not do: NaN times 0 is NaN.
    fn label(&self, signal: usize) -> Tensor<2> {
        let padding = self.present.clone().equal_elem(0.0);
        self.labels[signal].clone().mask_fill(padding, 0.0)
    }
}

/// L_finetune (equation 2), `[1]`: summed over the pairs and impressions of each page view, mean
/// over page views.
pub fn fine_tuning(page: &Page, parameters: &LossParameters, objective: &Objective) -> Tensor<1> {
    let [views, _] = page.similarity.dims();
    let mut loss = Tensor::zeros([1], &page.similarity.device());
    for signal in 0..SIGNALS {
        loss = loss + pairwise(page, signal, &parameters.pairwise, objective);
    }
    let signals = match objective.pointwise {
        Pointwise::EachSignal => 0..SIGNALS,
        Pointwise::Clicks => 0..1,
    };
    if objective.pointwise_weight != 0.0 {
        for signal in signals {
            let own = pointwise(page, signal, &parameters.pointwise, objective);
            loss = loss + own * objective.pointwise_weight;
        }
    }
    loss / views as f32
}

/// Sum of BPR_k over the pairs of an impression with the signal and one without, `[1]`.
pub fn pairwise(
    page: &Page,
    signal: usize,
    sigmoids: &Sigmoids,
    objective: &Objective,
) -> Tensor<1> {
    // ln of what stands in the fraction: of e^(gamma r_ui), to a factor, or of f_ui.
    let score = match objective.pairwise {
        Pairwise::Plain => sigmoids.logit(signal, page.similarity.clone(), None),
        Pairwise::Calibrated => log_sigmoid(page.logit(signal, sigmoids, objective)),
    };
    let label = page.label(signal);
    let negative: Tensor<2> = (1.0 - label.clone()) * page.present.clone();
    let pairs = label.unsqueeze_dim::<3>(2) * negative.unsqueeze_dim::<3>(1);
    let ahead = score.clone().unsqueeze_dim::<3>(2) - score.unsqueeze_dim::<3>(1);
    // -ln (f_p / (f_p + f_n)) = -ln sigmoid(ln f_p - ln f_n).
    (log_sigmoid(ahead).neg() * pairs).sum()
}

/// Sum of BCE_k over the impressions, `[1]`.
pub fn pointwise(
    page: &Page,
    signal: usize,
    sigmoids: &Sigmoids,
    objective: &Objective,
) -> Tensor<1> {
    let logit = page.logit(signal, sigmoids, objective);
    // ln (1 - f) = ln f - logit: finite for every logit.
    let ln_f = log_sigmoid(logit.clone());
    let label = page.label(signal);
    (((label - 1.0) * logit + ln_f).neg() * page.present.clone()).sum()
}

#[cfg(test)]
mod tests;
