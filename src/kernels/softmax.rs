//! Losses over a softmax with many candidates.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::{greatest, sum, update, update_by};

/// Loss of a row of scores under a softmax with several weighted labels, each clamped, and its gradient by them:
/// `sum_o w_o sum_c y_oc min(ln p_c + ln n_o, 0)`, negated, with `p` the softmax of `scores / temperature + absent` and
/// `n_o` the number of an objective's positives.
#[inline(never)]
pub fn of_one(
    scores: &[f32],
    absent: &[f32],
    labels: &[(&[f32], f32)],
    temperature: f32,
    by_scores: &mut [f32],
) -> f32 {
    of_one_dispatched(scores, absent, labels, temperature, by_scores)
}

#[pulp::with_simd(of_one_dispatched = pulp::Arch::new())]
#[inline(always)]
fn of_one_with<'a, S: Simd>(
    _simd: S,
    scores: &'a [f32],
    absent: &'a [f32],
    labels: &'a [(&'a [f32], f32)],
    temperature: f32,
    by_scores: &'a mut [f32],
) -> f32 {
    let scale = 1.0 / temperature;
    let of_all = Lanes::all(scale);
    update_by(by_scores, [scores, absent], |_, [score, absent]| score * of_all + absent);
    let most = greatest(by_scores);
    let first = labels.first().map_or(0, |(labels, _)| labels.len());
    let logits = by_scores[..first].to_vec();
    update(by_scores, |z| (z - Lanes::all(most)).exp());
    let all = sum(by_scores, |e| e);
    let ln_all = all.ln();
    let (mut loss, mut together) = (0.0, 0.0);
    let mut pulled = vec![0.0; first];
    for (labels, weight) in labels {
        let positives: f32 = labels.iter().sum();
        if positives == 0.0 {
            continue;
        }
        let ln_positives = positives.ln();
        for ((pulled, &label), logit) in pulled.iter_mut().zip(*labels).zip(&logits) {
            let clamped = logit - most - ln_all + ln_positives;
            if label != 0.0 && clamped < 0.0 {
                loss -= weight * label * clamped;
                *pulled += weight * label;
                together += weight * label;
            }
        }
    }
    let share = together / all * scale;
    update(by_scores, |e| e * Lanes::all(share));
    by_scores.iter_mut().zip(pulled).for_each(|(g, pulled)| *g -= pulled * scale);
    loss
}
