//! Runs of a training that checks are judged on: a link asks for one as it does for the panel that
//! learns, and what is seen of its model after the last step is what is measured.

use link::State;
use link::recipe::Recipe;
use link::view::Link;
use market::language::Message;
use market::metrics::{effective_number, spearman};
use protocol::learn::{Curve, Look};

/// A run, as a link asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The knobs that say which variant learns, or what for; all else as it comes, so that links which
    /// ask for the same ask for one run.
    pub state: State,
    /// What its training is told.
    pub recipe: Recipe,
}

impl Told {
    /// The run that a link asks for: by its `learn=`, and by its knobs.
    pub fn read(link: &str) -> Self {
        let Link { state, view } = Link::read(link).0;
        let recipe = view.recipe;
        let settings = recipe.learning().variant(&state.settings);
        Self { state: State { settings, ..State::default() }, recipe }
    }
}

/// A measure over what is held out.
pub(crate) fn measure(look: &Look, name: &str) -> Result<f64, Message> {
    look.held_out(name)
        .map(f64::from)
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-measure")).with("measure", name))
}

/// The curve of this name.
fn curve<'a>(look: &'a Look, name: &str) -> Result<&'a Curve, Message> {
    let found = look.curves.iter().find(|curve| curve.key == name);
    found.ok_or_else(|| Message::new(word!("studio.unmeasured.no-curve")).with("curve", name))
}

/// A curve's value at a place, from 1: of these two.
fn at(values: &[f32], place: &str) -> Result<f64, Message> {
    let place = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    let value = place.and_then(|place| values.get(place));
    value.map(|v| f64::from(*v)).ok_or_else(|| Message::new(word!("studio.unmeasured.no-place")))
}

/// A curve's name, and a place.
fn placed(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// What was found out of a place.
pub(crate) fn found_out(look: &Look, text: &str) -> Result<f64, Message> {
    let (name, place) = placed(text);
    at(&curve(look, name)?.learned, place)
}

/// What is so of a place.
pub(crate) fn truth(look: &Look, text: &str) -> Result<f64, Message> {
    let (name, place) = placed(text);
    at(&curve(look, name)?.truth, place)
}

/// Spearman's rho between what was found out and what is so.
pub(crate) fn agreement(look: &Look, name: &str) -> Result<f64, Message> {
    let Curve { learned, truth, .. } = curve(look, name)?;
    let both = learned.len().min(truth.len());
    spearman(&learned[..both], &truth[..both])
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-curve")).with("curve", name))
}

/// Effective number of experts of a gate's mean weights.
pub(crate) fn mixed(look: &Look, name: &str) -> Result<f64, Message> {
    let gate = look.gates.iter().find(|gate| gate.key == name);
    let gate = gate.ok_or_else(|| Message::new(word!("studio.unmeasured.no-gates")))?;
    let shares: Vec<f64> = gate.shares.iter().map(|&share| share.into()).collect();
    Ok(effective_number(&shares))
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::recipe::{RATE, SHOPPERS};
    use protocol::learn::{Gate, Measure};
    use systems::registry::LEARNERS;

    /// A look with a measure, a gate of two experts, and a curve of four places.
    fn look(auc: f32) -> Look {
        let measure = |key: &str, held_out| Measure { key: key.into(), training: None, held_out };
        Look {
            run: 1,
            step: 9,
            measures: vec![measure("auc-click", Some(auc)), measure("auc-order", None)],
            gates: vec![Gate { key: "click".into(), shares: vec![0.5, 0.5], departments: vec![] }],
            curves: vec![Curve {
                key: "examination".into(),
                learned: vec![1.0, 0.9, 0.4, 0.5],
                truth: vec![1.0, 0.8, 0.6, 0.4],
            }],
            weights: String::new(),
        }
    }

    #[test]
    fn links_that_ask_for_the_same_ask_for_one_run() {
        let told =
            Told::read("?q=couch&tau=0.1&multi-task=single-task&learn=shoppers:50,rate:0.01");
        assert_eq!(told, Told::read("?multi-task=single-task&learn=rate:0.01,shoppers:50"));
        assert_ne!(told, Told::read("?learn=rate:0.01,shoppers:50"));
        assert_eq!((told.recipe.get(&SHOPPERS), told.recipe.get(&RATE)), (50.0, 0.01));
        assert_eq!(told.recipe.learning(), LEARNERS[0]);
        // A knob that is nothing to the system makes no other run.
        let other = Told::read("?multi-task=single-task&learn=system:moppr");
        assert_eq!(other, Told::read("?learn=system:moppr"));
    }

    #[test]
    fn a_look_is_measured() {
        let look = look(0.7);
        let near = |found: Result<f64, Message>, expected: f64| {
            let found = found.expect("it is there");
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        };
        near(measure(&look, "auc-click"), 0.7);
        near(found_out(&look, "examination 3"), 0.4);
        near(truth(&look, "examination 3"), 0.6);
        // One pair of four stands the other way round: 1 - 6 * 2 / (4 * 15).
        near(agreement(&look, "examination"), 0.8);
        near(mixed(&look, "click"), 2.0);
        for missing in [
            measure(&look, "auc-order"),
            measure(&look, "auc"),
            found_out(&look, "examination 5"),
            found_out(&look, "examination 0"),
            found_out(&look, "examination"),
            truth(&look, "attention 1"),
            agreement(&look, "attention"),
            mixed(&look, "order"),
        ] {
            assert!(missing.is_err(), "{missing:?}");
        }
    }
}
