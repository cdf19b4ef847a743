//! The sweep of the objective weights, the Pareto front of what it finds, and what is measured
//! next.

use super::results::Results;
use link::State;
use systems::Task;
use systems::shared::{Surface, weight_of};

/// Page views on which points of the chart are measured: the first ones, the same for all.
pub const SHARE: usize = 100;
/// Page views in a slice, at most.
const LONGEST: usize = 16;
/// Milliseconds that a slice should take.
const SLICE: f64 = 80.0;

/// Weights of a retriever's objectives that are tried: all alike, each alone, and the last two, which
/// are what brings the shop its clicks and its money.
fn objective_weights(count: usize) -> Vec<Vec<f32>> {
    let only = |of: std::ops::Range<usize>| {
        (0..count).map(|n| f32::from(u8::from(of.contains(&n)))).collect()
    };
    let alone = (0..count).map(|n| only(n..n + 1));
    let mut tried: Vec<Vec<f32>> = [only(0..count)].into_iter().chain(alone).collect();
    if count > 2 {
        tried.push(only(count - 2..count));
    }
    tried.dedup();
    tried
}

/// Weights of click and order that are tried. An order is some thirty times rarer than a click:
/// what lies between the two lies where the click's weight is small.
const CLICK_ORDER: [[f32; 2]; 6] =
    [[1.0, 0.0], [1.0, 1.0], [0.3, 1.0], [0.1, 1.0], [0.03, 1.0], [0.0, 1.0]];

/// Weights of click, cart and order that are tried.
const CLICK_CART_ORDER: [[f32; 3]; 6] = [
    [1.0, 0.0, 0.0],
    [0.3, 0.3, 1.0],
    [0.1, 0.3, 1.0],
    [0.03, 0.1, 1.0],
    [0.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
];

/// Every setting that a sweep tries around a state, in groups that retrieve alike: what has been
/// ranked for one serves the others of its group.
pub fn settings(state: &State) -> Vec<Vec<State>> {
    let objectives = state.retriever().objectives;
    let ranked = |state: State| -> Vec<State> {
        let set = |tasks: &[Task], weights: &[f32]| {
            let weights = tasks.iter().zip(weights);
            weights.fold(state.clone(), |state, (&task, &w)| state.with(weight_of(task), w))
        };
        match state.ranker().tasks {
            tasks @ [Task::Click, Task::Order] => CLICK_ORDER.map(|w| set(tasks, &w)).into(),
            tasks @ [Task::Click, Task::Cart, Task::Order] => {
                CLICK_CART_ORDER.map(|w| set(tasks, &w)).into()
            }
            // There is nothing to weigh.
            _ => vec![state],
        }
    };
    let of = |weights: Vec<f32>| {
        let weights = objectives.iter().zip(weights);
        ranked(weights.fold(state.clone(), |state, (of, weight)| state.with(of.weight, weight)))
    };
    objective_weights(objectives.len()).into_iter().map(of).collect()
}

/// A state with the weights of a setting, as far as its systems read them.
pub fn with_weights_of(state: &State, setting: &State) -> State {
    let objectives = state.retriever().objectives.iter().map(|of| of.weight);
    let tasks = state.ranker().tasks.iter().map(|&task| weight_of(task));
    let weights = objectives.chain(tasks);
    weights.fold(state.clone(), |state, knob| state.with(knob, setting.settings.number(knob)))
}

/// A part of the work.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// What to measure.
    pub state: State,
    /// On which views.
    pub from: usize,
    /// How many of them.
    pub count: usize,
}

/// What is to be measured: states on all views, and groups of states on the first [`SHARE`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In this order.
    pub whole: Vec<State>,
    /// After them.
    pub groups: Vec<Vec<State>>,
}

impl Plan {
    /// The next slice, a view taking about so many milliseconds; none when all is measured.
    pub fn next(&self, results: &Results, milliseconds: f64) -> Option<Slice> {
        let count = (SLICE / milliseconds.max(1.0)) as usize;
        let slice = |state: &State, from, most: usize| Slice {
            state: state.clone(),
            from,
            count: most.min(count.clamp(1, LONGEST)),
        };
        for state in &self.whole {
            let from = results.of(state).len();
            // The first slice tells how many there are.
            let left = results.views(state).map_or(1, |views| views.saturating_sub(from));
            if left > 0 {
                return Some(slice(state, from, left));
            }
        }
        for group in &self.groups {
            // View by view, so that what is ranked for one state is at hand for the next.
            let behind = group.iter().map(|state| (results.of(state).len(), state));
            let (from, state) = behind.min_by_key(|(from, _)| *from)?;
            if from < share(results, state) {
                return Some(slice(state, from, 1));
            }
        }
        None
    }

    /// Views measured, and all that are to be measured.
    pub fn progress(&self, results: &Results) -> (usize, usize) {
        let whole = self.whole.iter().map(|state| {
            let views = results.views(state).unwrap_or(1);
            (results.of(state).len().min(views), views)
        });
        let groups = self.groups.iter().flatten().map(|state| {
            let views = share(results, state);
            (results.of(state).len().min(views), views)
        });
        whole.chain(groups).fold((0, 0), |(done, all), (more, of)| (done + more, all + of))
    }
}

/// How many views a point of the chart is measured on.
pub fn share(results: &Results, state: &State) -> usize {
    results.views(state).map_or(SHARE, |views| views.min(SHARE))
}

/// Key of what the page views of a surface are called.
pub fn surface_name(surface: Surface) -> &'static str {
    match surface {
        Surface::Search => word!("studio.views.search"),
        Surface::Feed => word!("studio.views.feed"),
    }
}

/// Places of the points that no other is better than in one objective without being worse in
/// the other, from the left to the right. Of equal points the first counts.
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..points.len()).filter(|&i| points[i].0.is_finite() && points[i].1.is_finite()).collect();
    order.sort_by(|&a, &b| {
        let (a_point, b_point) = (points[a], points[b]);
        b_point.0.total_cmp(&a_point.0).then(b_point.1.total_cmp(&a_point.1)).then(a.cmp(&b))
    });
    let mut highest = f64::NEG_INFINITY;
    order.retain(|&i| {
        let rises = points[i].1 > highest;
        highest = highest.max(points[i].1);
        rises
    });
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::results::measured;
    use systems::shared::WEIGHT_CLICK;
    use systems::{mlpr, moppr, retrieval_alone, yandex};

    fn dominates(a: (f64, f64), b: (f64, f64)) -> bool {
        a.0 >= b.0 && a.1 >= b.1 && a != b
    }

    #[test]
    fn a_front_by_hand() {
        let points = [(1.0, 3.0), (2.0, 2.0), (1.5, 2.0), (3.0, 1.0), (3.0, 0.5), (f64::NAN, 9.0)];
        assert_eq!(front(&points), [0, 1, 3]);
        assert_eq!(front(&[(1.0, 1.0), (1.0, 1.0)]), [0]);
        assert!(front(&[]).is_empty());
    }

    #[test]
    fn a_sweep_tries_what_the_systems_weigh() {
        let mut state = State::default();
        let dmt = settings(&state);
        assert_eq!((dmt.len(), dmt.iter().flatten().count()), (6, 36));
        for group in &dmt {
            let weights = |s: &State| moppr::weights(&s.settings);
            assert!(group.iter().all(|s| weights(s) == weights(&group[0])));
        }
        let all: Vec<State> = dmt.into_iter().flatten().map(|s| measured(&s)).collect();
        for (number, one) in all.iter().enumerate() {
            assert!(!all[..number].contains(one), "{number} is tried twice");
        }
        // Wherever one stands, the same settings are tried.
        state.settings.set(&WEIGHT_CLICK, 0.2);
        state.settings.set(&moppr::WEIGHT_RELEVANCE, 0.5);
        state.settings.set(&moppr::WEIGHT_EXPOSURE, 0.0);
        assert_eq!(settings(&state).into_iter().flatten().collect::<Vec<_>>(), all_of(&state));
        let counts = |state: &State| settings(state).iter().flatten().count();
        let yandex = |state: &State| state.clone().retrieved_by(&yandex::RETRIEVER);
        assert_eq!(counts(&yandex(&state)), 6);
        state = state.ranked_by(&retrieval_alone::RANKER);
        assert_eq!((counts(&yandex(&state)), counts(&state)), (1, 6));
        assert_eq!(settings(&state).into_iter().flatten().collect::<Vec<_>>(), all_of(&state));
        let state = yandex(&state).ranked_by(&mlpr::RANKER);
        let retrievers = settings(&state).into_iter().flatten().map(|s| s.retriever().key);
        assert!(retrievers.eq(["yandex"; 6]));
    }

    /// Each once: without a ranker, settings that differ in its weights alone are one.
    fn all_of(state: &State) -> Vec<State> {
        let default = settings(&State::default()).into_iter().flatten();
        let mut all: Vec<State> = default.map(|setting| with_weights_of(state, &setting)).collect();
        all.dedup();
        all
    }

    /// Does what a plan says until it says no more; the slices, in order.
    fn pursue(plan: &Plan, results: &mut Results, views: usize, milliseconds: f64) -> Vec<Slice> {
        let mut done = Vec::new();
        while let Some(slice) = plan.next(results, milliseconds) {
            assert!(slice.count > 0 && done.len() < 10_000);
            let count = slice.count.min(views - slice.from);
            results.keep(&slice.state, views, slice.from, vec![vec![Some(1.0)]; count]);
            done.push(slice);
        }
        done
    }

    #[test]
    fn a_plan_measures_everything_once() {
        let groups = settings(&State::default());
        let now = measured(&State::default());
        let pin = now.clone().ranked_by(&mlpr::RANKER);
        let plan = Plan { whole: vec![now.clone(), pin.clone()], groups: groups.clone() };
        let mut results = Results::default();
        assert_eq!(plan.progress(&results).0, 0);
        let slices = pursue(&plan, &mut results, 200, 30.0);
        assert_eq!((results.of(&now).len(), results.of(&pin).len()), (200, 200));
        for state in groups.iter().flatten() {
            // All weights alike is where one stands.
            assert!(results.of(state).len() == SHARE || *state == now);
        }
        let (done, all) = plan.progress(&results);
        assert_eq!(done, all);
        // Slices take about as long as they should, and those of a group go view by view.
        assert!(slices.iter().all(|slice| slice.count <= 2));
        let of_group: Vec<&Slice> =
            slices.iter().filter(|s| groups[1].contains(&s.state)).collect();
        assert_eq!(of_group.len(), 6 * SHARE);
        assert!(of_group.windows(2).all(|pair| pair[0].from <= pair[1].from));
        assert_eq!(plan.next(&results, 30.0), None);
    }

    #[test]
    fn few_views_are_all_measured() {
        let plan = Plan { whole: vec![], groups: settings(&State::default()) };
        let mut results = Results::default();
        pursue(&plan, &mut results, 7, 1.0);
        assert!(plan.groups.iter().flatten().all(|state| results.of(state).len() == 7));
    }

    proptest! {
        #[test]
        fn a_front_is_what_nothing_dominates(
            points in prop::collection::vec((0_u8..12, 0_u8..12), 0..30),
        ) {
            let points: Vec<(f64, f64)> =
                points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let found = front(&points);
            for (place, point) in points.iter().enumerate() {
                let beaten = points.iter().any(|other| dominates(*other, *point));
                let on_it = found.iter().any(|&i| points[i] == *point);
                prop_assert_eq!(on_it, !beaten, "{}", place);
            }
            for pair in found.windows(2) {
                let (left, right) = (points[pair[0]], points[pair[1]]);
                prop_assert!(left.0 < right.0 && left.1 > right.1);
            }
        }
    }
}
