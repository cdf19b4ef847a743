//! From utilities to an order: DMT's equations 5 and 6, and the experts' utilisation.
//!
//! Pure functions over what the engine sent, so that the page can reorder a thousand candidates
//! within a frame without asking the engine.

use crate::protocol::Candidate;
use crate::share::{RankingKnobs, Task};

/// The logistic function.
pub fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// A candidate's place: the order is a list of these, best first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Index in the list of candidates.
    pub candidate: usize,
    /// Blended score, 0 to 1.
    pub score: f32,
}

/// Probability of a task, by its number among the ranker's, that the blend mixes: sigmoid(u_k),
/// equation 6, or, serving with the bias, sigmoid(u_k + y_b), equation 5. 0 where the ranker has
/// no such task.
pub fn probability(candidate: &Candidate, task: usize, knobs: &RankingKnobs) -> f32 {
    let bias = if knobs.bias_at_serving { candidate.bias } else { 0.0 };
    candidate.utility.get(task).map_or(0.0, |utility| sigmoid(utility + bias))
}

/// What each of the tasks puts into the blended score: w_k y_k / sum(w_k), equation 6. Where all
/// weights are zero nothing is asked for, and every share is zero.
pub fn shares<'a>(
    candidate: &'a Candidate,
    tasks: &'a [Task],
    knobs: &'a RankingKnobs,
) -> impl Iterator<Item = f32> + 'a {
    let total: f32 = tasks.iter().map(|&task| knobs.weight(task)).sum();
    tasks.iter().enumerate().map(move |(number, &task)| {
        if total == 0.0 {
            0.0
        } else {
            knobs.weight(task) * probability(candidate, number, knobs) / total
        }
    })
}

/// Blended score of one candidate, 0 to 1: the sum of its [`shares`].
pub fn score(candidate: &Candidate, tasks: &[Task], knobs: &RankingKnobs) -> f32 {
    shares(candidate, tasks, knobs).sum()
}

/// Orders candidates by relevance tier and within each by blended score, best first. Equal scores
/// keep the retriever's order, so with all weights at zero the retriever's order stands; scores
/// that are no numbers go last in their tier.
pub fn order(candidates: &[Candidate], tasks: &[Task], knobs: &RankingKnobs) -> Vec<Ranked> {
    let mut order: Vec<_> = candidates
        .iter()
        .enumerate()
        .map(|(candidate, values)| Ranked { candidate, score: score(values, tasks, knobs) })
        .collect();
    let key = |ranked: &Ranked| {
        if ranked.score.is_nan() { f32::NEG_INFINITY } else { ranked.score }
    };
    let tier = |ranked: &Ranked| candidates[ranked.candidate].tier;
    order.sort_by(|a, b| tier(a).cmp(&tier(b)).then(key(b).total_cmp(&key(a))));
    order
}

/// Mean of each gate weight over some candidates (DMT figure 3), laid out as
/// [`Candidate::gates`]; empty where the ranker has no gates.
pub fn expert_utilisation<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Vec<f32> {
    let mut sums: Vec<f32> = Vec::new();
    let mut count = 0.0;
    for candidate in candidates {
        sums.resize(candidate.gates.len(), 0.0);
        for (sum, weight) in sums.iter_mut().zip(&candidate.gates) {
            *sum += weight;
        }
        count += 1.0;
    }
    for sum in &mut sums {
        *sum /= count;
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::share::State;

    const TASKS: &[Task] = &[Task::Click, Task::Order];

    fn candidate(product: u32, utility: [f32; 2], bias: f32) -> Candidate {
        Candidate {
            product,
            retrieval_score: 0.0,
            probability: 0.0,
            tier: 0,
            utility: utility.into(),
            gates: vec![],
            bias,
        }
    }

    fn knobs(click: f32, order: f32, bias_at_serving: bool) -> RankingKnobs {
        RankingKnobs {
            weight_click: click,
            weight_order: order,
            bias_at_serving,
            ..State::default().ranking
        }
    }

    fn products(candidates: &[Candidate], knobs: &RankingKnobs) -> Vec<u32> {
        order(candidates, TASKS, knobs).iter().map(|r| candidates[r.candidate].product).collect()
    }

    #[test]
    fn the_score_is_equation_6() {
        let c = candidate(1, [0.5, -2.0], 3.0);
        let by_hand = (0.7 / (1.0 + (-0.5_f32).exp()) + 0.2 / (1.0 + 2.0_f32.exp())) / 0.9;
        assert!((score(&c, TASKS, &knobs(0.7, 0.2, false)) - by_hand).abs() < 1e-6);
        let with_bias = (0.7 / (1.0 + (-3.5_f32).exp()) + 0.2 / (1.0 + (-1.0_f32).exp())) / 0.9;
        assert!((score(&c, TASKS, &knobs(0.7, 0.2, true)) - with_bias).abs() < 1e-6);
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
            assert_eq!(score(&all[0], TASKS, &knobs(click, order, false)), 0.0);
        }
    }

    #[test]
    fn a_score_that_is_no_number_goes_last() {
        let all = [candidate(1, [f32::NAN, 0.0], 0.0), candidate(2, [-50.0, -50.0], 0.0)];
        assert_eq!(products(&all, &knobs(1.0, 1.0, false)), [2, 1]);
    }

    #[test]
    fn utilisation_is_the_mean_over_the_products() {
        let mut a = candidate(1, [0.0; 2], 0.0);
        a.gates = vec![1.0, 0.0, 0.5, 0.5];
        let mut b = candidate(2, [0.0; 2], 0.0);
        b.gates = vec![0.0, 1.0, 0.25, 0.75];
        assert_eq!(expert_utilisation([&a, &b]), [0.5, 0.5, 0.375, 0.625]);
        assert!(expert_utilisation([]).is_empty());
    }

    proptest! {
        #[test]
        fn the_order_is_a_falling_permutation(
            utilities in prop::collection::vec((any::<f32>(), any::<f32>(), -5.0..5.0_f32), 0..60),
            click in 0.0..1.0_f32, order_weight in 0.0..1.0_f32, served: bool,
        ) {
            let all: Vec<_> = utilities.iter().zip(0..)
                .map(|(&(click, order, bias), product)| candidate(product, [click, order], bias))
                .collect();
            let ranked = order(&all, TASKS, &knobs(click, order_weight, served));
            let mut seen: Vec<_> = ranked.iter().map(|r| r.candidate).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..all.len()).collect::<Vec<_>>());
            for pair in ranked.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score || pair[1].score.is_nan());
            }
        }
    }
}
