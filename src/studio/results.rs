//! What was measured of which state: kept by state, so that going back costs nothing, and summed
//! up over page views.

use link::State;
use market::metrics::Mean;
use market::metrics::measure::Values;
use systems::registry;
use systems::shared::{BACKEND, BackendChoice, DEVICE, PAGE_NUMBER, Surface};

/// States whose values are kept.
const KEPT: usize = 240;

/// What was measured, by state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    measured: Vec<(State, Vec<Values>)>,
    /// How many page views there are, for searches and for the feed, once that is known.
    views: Vec<(Surface, usize)>,
}

/// A mean over page views, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Standard error of the mean: the deviation between page views over the root of their
    /// number. None of a single one.
    pub error: Option<f64>,
    /// Page views in which the measure exists.
    pub count: u64,
}

/// The state as it is measured: what changes no measure is as it comes. Query, shopper, history
/// and device are those of the held-out page views.
pub fn measured(state: &State) -> State {
    let default = State::default();
    let mut measured = State {
        query: default.query,
        shopper: default.shopper,
        history: default.history,
        selected: None,
        ..state.clone()
    };
    let settings = &mut measured.settings;
    settings.set(&BACKEND, BackendChoice::Cpu.value());
    let unread = |knob: &&_| !registry::is_in_use(knob, &state.settings);
    for knob in registry::knobs().filter(unread).chain([&PAGE_NUMBER, &DEVICE]) {
        settings.set(knob, knob.default);
    }
    measured
}

impl Results {
    /// The values of a state, view by view from the first, as far as they have been measured.
    pub fn of(&self, state: &State) -> &[Values] {
        self.measured.iter().find(|(of, _)| of == state).map_or(&[], |(_, values)| values)
    }

    /// How many views there are on a state's surface, once an answer has said so.
    pub fn views(&self, state: &State) -> Option<usize> {
        self.views.iter().find(|(of, _)| *of == state.surface()).map(|(_, views)| *views)
    }

    /// Keeps the values of a state from view number `from` on. What does not go on where the
    /// state's values end is not taken: it was asked for twice.
    pub fn keep(&mut self, state: &State, views: usize, from: usize, values: Vec<Values>) {
        match self.views.iter_mut().find(|(of, _)| *of == state.surface()) {
            Some((_, known)) => *known = views,
            None => self.views.push((state.surface(), views)),
        }
        let place = match self.measured.iter().position(|(of, _)| of == state) {
            Some(place) => place,
            None => {
                if self.measured.len() >= KEPT {
                    self.measured.remove(0);
                }
                self.measured.push((state.clone(), Vec::new()));
                self.measured.len() - 1
            }
        };
        let kept = &mut self.measured[place].1;
        if kept.len() == from {
            kept.extend(values);
        }
    }
}

/// The estimate of a measure over some views.
pub fn estimate(values: &[Values], place: usize) -> Option<Estimate> {
    estimate_of(values.iter().map(|view| of_view(view, place)))
}

/// The estimate of how much more the second has of a measure than the first, view by view: what
/// both share of a view's luck falls out.
pub fn difference(first: &[Values], second: &[Values], place: usize) -> Option<Estimate> {
    let pairs = first.iter().zip(second);
    estimate_of(pairs.map(|(first, second)| Some(of_view(second, place)? - of_view(first, place)?)))
}

fn of_view(view: &Values, place: usize) -> Option<f64> {
    view.get(place).copied().flatten().map(f64::from)
}

fn estimate_of(values: impl Iterator<Item = Option<f64>> + Clone) -> Option<Estimate> {
    let all: Mean = values.clone().collect();
    let (mean, count) = (all.value()?, all.count());
    let squares: f64 = values.flatten().map(|value| (value - mean).powi(2)).sum();
    let error = (count > 1).then(|| (squares / (count - 1) as f64 / count as f64).sqrt());
    Some(Estimate { mean, error, count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::mlpr;
    use systems::shared::{SEED, SURFACE, WEIGHT_CART, WEIGHT_CLICK};

    fn views(values: &[f32]) -> Vec<Values> {
        values.iter().map(|value| vec![value.is_finite().then_some(*value)]).collect()
    }

    #[test]
    fn an_estimate_is_the_mean_and_its_error() {
        let values = views(&[1.0, 3.0, f32::NAN, 5.0]);
        let Estimate { mean, error, count } = estimate(&values, 0).unwrap();
        assert_eq!((mean, count), (3.0, 3));
        // A deviation of 2 over the root of three views.
        assert!((error.unwrap() - 2.0 / 3.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(estimate(&views(&[2.0]), 0).unwrap().error, None);
        assert_eq!(estimate(&views(&[f32::NAN]), 0), None);
        assert_eq!(estimate(&values, 7), None);
    }

    #[test]
    fn a_difference_is_taken_view_by_view() {
        let (one, other) = (views(&[1.0, 9.0, 4.0, 7.0]), views(&[2.0, 10.0, f32::NAN]));
        let Estimate { mean, error, count } = difference(&one, &other, 0).unwrap();
        assert_eq!((mean, error, count), (1.0, Some(0.0), 2));
    }

    #[test]
    fn values_are_kept_by_what_is_measured() {
        let mut results = Results::default();
        let mut state = State { query: "couch".into(), ..State::default() };
        results.keep(&measured(&state), 9, 0, views(&[1.0, 2.0]));
        state.query = "lamp".into();
        state.settings.set(&PAGE_NUMBER, 3.0);
        // Only MLPR reads it.
        state.settings.set(&WEIGHT_CART, 0.5);
        assert_eq!(results.of(&measured(&state)).len(), 2);
        assert_eq!(results.views(&state), Some(9));
        results.keep(&measured(&state), 9, 2, views(&[3.0]));
        results.keep(&measured(&state), 9, 2, views(&[3.0]));
        assert_eq!(results.of(&measured(&state)), views(&[1.0, 2.0, 3.0]));
        state.settings.set(&WEIGHT_CLICK, 0.5);
        assert!(results.of(&measured(&state)).is_empty());
        let feed = State::default().with(&SURFACE, Surface::Feed.value());
        assert_eq!(results.views(&feed), None);
        let mlpr = State::default().ranked_by(&mlpr::RANKER);
        assert_ne!(measured(&mlpr), measured(&State::default()));
    }

    #[test]
    fn what_is_oldest_is_forgotten_first() {
        let mut results = Results::default();
        let state = |number: usize| {
            let mut state = State::default();
            state.settings.set(&SEED, number as f32);
            state
        };
        for number in 0..=KEPT {
            results.keep(&state(number), 1, 0, views(&[1.0]));
        }
        assert!(results.of(&state(0)).is_empty());
        assert_eq!(results.of(&state(KEPT)).len(), 1);
    }
}
