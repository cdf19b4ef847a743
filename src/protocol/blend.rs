//! From utilities to an order: DMT's equations 5 and 6, and two blends that practice uses in place of
//! the latter.
//!
//! Pure functions over what the engine sent, so that the page can reorder a thousand candidates
//! within a frame without asking the engine.

use crate::{Answer, Candidate};
use systems::Task;
use systems::knob::Settings;
use systems::shared::{BIAS_AT_SERVING, BLEND, Blend, task_weight};

/// The logistic function.
pub fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// What a ranker predicts, and how usual it is: what a blend mixes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted<'a> {
    /// The tasks, in the order of [`Candidate::utility`].
    pub tasks: &'a [Task],
    /// Base rate of each: the share of what the shop shows that it happens to.
    pub base_rates: &'a [f32],
}

impl Answer {
    /// What its ranker predicts.
    pub fn predicted(&self) -> Predicted<'_> {
        Predicted { tasks: self.ranker.tasks, base_rates: &self.base_rates }
    }
}

/// A candidate's place: the order is a list of these, best first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Index in the list of candidates.
    pub candidate: usize,
    /// Blended score: see [`score`].
    pub score: f32,
}

/// Probability of a task, by its number among the ranker's, that the blend mixes: sigmoid(u_k),
/// equation 6, or, serving with the bias, sigmoid(u_k + y_b), equation 5. 0 where the ranker has
/// no such task.
pub fn probability(candidate: &Candidate, task: usize, settings: &Settings) -> f32 {
    let bias = if settings.is_on(&BIAS_AT_SERVING) { candidate.bias } else { 0.0 };
    candidate.utility.get(task).map_or(0.0, |utility| sigmoid(utility + bias))
}

/// What the blend mixes of a task: y_k for the sum, and for the others the lift y_k / b_k, which
/// is how many times as probable as usual it is.
pub fn mixed(
    candidate: &Candidate,
    task: usize,
    predicted: Predicted<'_>,
    settings: &Settings,
) -> f32 {
    let probability = probability(candidate, task, settings);
    match (Blend::of(settings), predicted.base_rates.get(task)) {
        // What never happens in the shop has no usual rate to be held against.
        (Blend::Lift | Blend::Product, Some(&base_rate)) if base_rate > 0.0 => {
            probability / base_rate
        }
        _ => probability,
    }
}

/// w_k / sum(w), the share of each task's weight; none where all weights are zero.
pub fn weights<'a>(
    tasks: &'a [Task],
    settings: &'a Settings,
) -> Option<impl Fn(usize) -> f32 + 'a> {
    let total: f32 = tasks.iter().map(|&task| task_weight(settings, task)).sum();
    (total > 0.0).then_some(move |number: usize| task_weight(settings, tasks[number]) / total)
}

/// What each task brings to the blended score, with w the weights' shares: for [`Blend::Sum`] the
/// addend w_k y_k of equation 6, for [`Blend::Lift`] the addend w_k y_k / b_k, for
/// [`Blend::Product`] the factor (y_k / b_k)^w_k. Where all weights are zero nothing is asked for,
/// and every term is zero.
pub fn terms(candidate: &Candidate, predicted: Predicted<'_>, settings: &Settings) -> Vec<f32> {
    let Some(weight) = weights(predicted.tasks, settings) else {
        return vec![0.0; predicted.tasks.len()];
    };
    let term = |number| {
        let (weight, mixed) = (weight(number), mixed(candidate, number, predicted, settings));
        match Blend::of(settings) {
            Blend::Sum | Blend::Lift => weight * mixed,
            Blend::Product => mixed.powf(weight),
        }
    };
    (0..predicted.tasks.len()).map(term).collect()
}

/// Blended score of one candidate: the sum of its [`terms`], or their product. For the sum it is
/// a probability, for lift and product a number of times the usual. Where nothing is predicted it
/// is the retriever's.
pub fn score(candidate: &Candidate, predicted: Predicted<'_>, settings: &Settings) -> f32 {
    if predicted.tasks.is_empty() {
        return candidate.retrieval_score;
    }
    let terms = terms(candidate, predicted, settings);
    match Blend::of(settings) {
        Blend::Sum | Blend::Lift => terms.iter().sum(),
        Blend::Product => terms.iter().product(),
    }
}

/// How much of the score is each task's, for a bar with a part for each: its addend. Factors have
/// no part of their product, so there the score is split as the lifts weigh.
pub fn shares(candidate: &Candidate, predicted: Predicted<'_>, settings: &Settings) -> Vec<f32> {
    if Blend::of(settings) != Blend::Product {
        return terms(candidate, predicted, settings);
    }
    let as_lift = settings.clone().with(&BLEND, Blend::Lift.value());
    let (score, mut parts) =
        (score(candidate, predicted, settings), terms(candidate, predicted, &as_lift));
    let whole: f32 = parts.iter().sum();
    if whole > 0.0 {
        parts.iter_mut().for_each(|part| *part *= score / whole);
    }
    parts
}

/// Orders candidates by relevance tier and within each by blended score, best first. Equal scores
/// keep the retriever's order, so with all weights at zero the retriever's order stands, and so it
/// does where nothing is predicted, be it drawn by lot; scores that are no numbers go last in their
/// tier.
pub fn order(
    candidates: &[Candidate],
    predicted: Predicted<'_>,
    settings: &Settings,
) -> Vec<Ranked> {
    let mut order: Vec<_> = candidates
        .iter()
        .enumerate()
        .map(|(candidate, values)| Ranked { candidate, score: score(values, predicted, settings) })
        .collect();
    let key = |ranked: &Ranked| match ranked.score {
        _ if predicted.tasks.is_empty() => 0.0,
        score if score.is_nan() => f32::NEG_INFINITY,
        score => score,
    };
    let tier = |ranked: &Ranked| candidates[ranked.candidate].tier;
    order.sort_by(|a, b| tier(a).cmp(&tier(b)).then(key(b).total_cmp(&key(a))));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use systems::shared::{WEIGHT_CLICK, WEIGHT_ORDER};

    const PREDICTED: Predicted<'_> =
        Predicted { tasks: &[Task::Click, Task::Order], base_rates: &[0.05, 0.002] };

    fn candidate(product: u32, utility: [f32; 2], bias: f32) -> Candidate {
        Candidate {
            product,
            retrieval_score: 0.0,
            probability: 0.0,
            tier: 0,
            utility: utility.into(),
            bias,
        }
    }

    fn knobs(click: f32, order: f32, bias_at_serving: bool) -> Settings {
        let mut settings = blended(Blend::Sum, click, order);
        settings.switch(&BIAS_AT_SERVING, bias_at_serving);
        settings
    }

    fn blended(blend: Blend, click: f32, order: f32) -> Settings {
        let weighted = Settings::default().with(&WEIGHT_CLICK, click).with(&WEIGHT_ORDER, order);
        weighted.with(&BLEND, blend.value())
    }

    /// The utility whose probability this is.
    fn logit(probability: f32) -> f32 {
        (probability / (1.0 - probability)).ln()
    }

    fn products(candidates: &[Candidate], settings: &Settings) -> Vec<u32> {
        order(candidates, PREDICTED, settings)
            .iter()
            .map(|r| candidates[r.candidate].product)
            .collect()
    }

    #[test]
    fn the_score_is_equation_6() {
        let c = candidate(1, [0.5, -2.0], 3.0);
        let by_hand = (0.7 / (1.0 + (-0.5_f32).exp()) + 0.2 / (1.0 + 2.0_f32.exp())) / 0.9;
        assert!((score(&c, PREDICTED, &knobs(0.7, 0.2, false)) - by_hand).abs() < 1e-6);
        let with_bias = (0.7 / (1.0 + (-3.5_f32).exp()) + 0.2 / (1.0 + (-1.0_f32).exp())) / 0.9;
        assert!((score(&c, PREDICTED, &knobs(0.7, 0.2, true)) - with_bias).abs() < 1e-6);
    }

    #[test]
    fn lift_and_product_measure_against_what_is_usual() {
        // Clicked half as often as usual, bought eight times as often.
        let c = candidate(1, [logit(0.025), logit(0.016)], 0.0);
        let close = |found: f32, expected: f32| assert!((found / expected - 1.0).abs() < 1e-4);
        close(score(&c, PREDICTED, &blended(Blend::Lift, 1.0, 1.0)), (0.5 + 8.0) / 2.0);
        close(score(&c, PREDICTED, &blended(Blend::Lift, 0.6, 0.2)), (0.6 * 0.5 + 0.2 * 8.0) / 0.8);
        close(score(&c, PREDICTED, &blended(Blend::Product, 1.0, 1.0)), 2.0);
        let exponents = 0.5_f32.powf(0.75) * 8.0_f32.powf(0.25);
        close(score(&c, PREDICTED, &blended(Blend::Product, 0.6, 0.2)), exponents);
        // Alone, a weight leaves the lift of its task.
        for blend in [Blend::Lift, Blend::Product] {
            close(score(&c, PREDICTED, &blended(blend, 0.3, 0.0)), 0.5);
            close(score(&c, PREDICTED, &blended(blend, 0.0, 0.3)), 8.0);
        }
    }

    #[test]
    fn a_rare_task_has_a_say_where_rates_are_held_against_the_usual() {
        let clicked = candidate(1, [logit(0.08), logit(0.001)], 0.0);
        let bought = candidate(2, [logit(0.06), logit(0.01)], 0.0);
        let all = [clicked, bought];
        assert_eq!(products(&all, &blended(Blend::Sum, 1.0, 1.0)), [1, 2]);
        assert_eq!(products(&all, &blended(Blend::Lift, 1.0, 1.0)), [2, 1]);
        assert_eq!(products(&all, &blended(Blend::Product, 1.0, 1.0)), [2, 1]);
    }

    #[test]
    fn terms_make_the_score_and_shares_sum_to_it() {
        let c = candidate(1, [-2.0, -5.0], 0.3);
        for &blend in Blend::ALL {
            let knobs = blended(blend, 0.7, 0.2).with(&BIAS_AT_SERVING, 1.0);
            let (score, terms) = (score(&c, PREDICTED, &knobs), terms(&c, PREDICTED, &knobs));
            let made: f32 = match blend {
                Blend::Product => terms.iter().product(),
                _ => terms.iter().sum(),
            };
            assert!((made - score).abs() < 1e-6 && score > 0.0);
            let shares: f32 = shares(&c, PREDICTED, &knobs).iter().sum();
            assert!((shares / score - 1.0).abs() < 1e-5, "{blend:?}: {shares} of {score}");
        }
    }

    #[test]
    fn without_a_base_rate_the_probability_itself_is_mixed() {
        let c = candidate(1, [0.0, 0.0], 0.0);
        for base_rates in [&[][..], &[0.0, 0.0]] {
            let predicted = Predicted { base_rates, ..PREDICTED };
            assert_eq!(score(&c, predicted, &blended(Blend::Lift, 1.0, 1.0)), 0.5);
        }
    }

    #[test]
    fn each_weight_alone_orders_by_its_task() {
        let all = [candidate(1, [2.0, -5.0], 0.0), candidate(2, [-1.0, -3.0], 0.0)];
        assert_eq!(products(&all, &knobs(1.0, 0.0, false)), [1, 2]);
        assert_eq!(products(&all, &knobs(0.0, 1.0, false)), [2, 1]);
    }

    #[test]
    fn the_bias_orders_only_when_it_is_asked_for() {
        let all = [candidate(1, [0.0, -3.0], -2.0), candidate(2, [-0.5, -3.5], 0.0)];
        assert_eq!(products(&all, &knobs(1.0, 1.0, false)), [1, 2]);
        assert_eq!(products(&all, &knobs(1.0, 1.0, true)), [2, 1]);
    }

    #[test]
    fn without_weights_the_retrievers_order_stands() {
        let all = [candidate(7, [-1.0, 0.0], 0.0), candidate(3, [1.0, 0.0], 0.0)];
        for (click, order) in [(0.0, 0.0), (-1.0, f32::NAN)] {
            assert_eq!(products(&all, &knobs(click, order, false)), [7, 3]);
            assert_eq!(score(&all[0], PREDICTED, &knobs(click, order, false)), 0.0);
            for blend in [Blend::Lift, Blend::Product] {
                assert_eq!(products(&all, &blended(blend, click, order)), [7, 3]);
                assert_eq!(score(&all[0], PREDICTED, &blended(blend, click, order)), 0.0);
            }
        }
    }

    #[test]
    fn where_nothing_is_predicted_the_retrievers_order_and_scores_stand() {
        let retrieved = |product, tier, retrieval_score| Candidate {
            tier,
            retrieval_score,
            utility: vec![],
            ..candidate(product, [0.0; 2], 0.0)
        };
        let all = [
            retrieved(7, 0, 0.2),
            retrieved(3, 1, -0.4),
            retrieved(5, 0, 0.6),
            retrieved(2, 0, 0.1),
        ];
        let nothing = Predicted { tasks: &[], base_rates: &[] };
        for &blend in Blend::ALL {
            let order = order(&all, nothing, &blended(blend, 1.0, 1.0));
            let stands = |r: &Ranked| (all[r.candidate].product, r.score);
            // A draw puts a lower score before a higher one; relevance control does not.
            let expected = [(7, 0.2), (5, 0.6), (2, 0.1), (3, -0.4)];
            assert_eq!(order.iter().map(stands).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_score_that_is_no_number_goes_last() {
        let all = [candidate(1, [f32::NAN, 0.0], 0.0), candidate(2, [-50.0, -50.0], 0.0)];
        assert_eq!(products(&all, &knobs(1.0, 1.0, false)), [2, 1]);
    }

    proptest! {
        #[test]
        fn the_order_is_a_falling_permutation(
            utilities in prop::collection::vec((any::<f32>(), any::<f32>(), -5.0..5.0_f32), 0..60),
            click in 0.0..1.0_f32, order_weight in 0.0..1.0_f32, served: bool, blend in 0..3_usize,
        ) {
            let mut knobs = blended(Blend::ALL[blend], click, order_weight);
            knobs.switch(&BIAS_AT_SERVING, served);
            let all: Vec<_> = utilities.iter().zip(0..)
                .map(|(&(click, order, bias), product)| candidate(product, [click, order], bias))
                .collect();
            let ranked = order(&all, PREDICTED, &knobs);
            let mut seen: Vec<_> = ranked.iter().map(|r| r.candidate).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..all.len()).collect::<Vec<_>>());
            for pair in ranked.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score || pair[1].score.is_nan());
            }
        }
    }
}
