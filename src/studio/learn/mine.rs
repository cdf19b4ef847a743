//! Learned weights as something that a state can rank with: which there are, and which are meant.

use std::collections::BTreeMap;

use link::State;
use systems::knob::Settings;
use systems::learning::of_ranker;
use systems::registry::{self, LEARNERS};
use systems::shared::Weights;

use super::kept::{Kept, held_out};
use super::record::Record;
use link::recipe::{Learning, Recipe};
use protocol::Opened;
use protocol::learn::{Measured, ToTrainer};

/// Weights that no run of this visit made: of a file, or of a run of the last visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Brought {
    /// Its number, which no run has.
    pub number: u64,
    /// What the file is called; empty where it was none.
    pub name: String,
    /// Name of the file that they take the place of.
    pub file: String,
    /// Which ranker, and which variant of it.
    pub variant: Settings,
    /// What made them, as they say themselves.
    pub command: String,
    /// What made them, where that is known.
    pub recipe: Option<Recipe>,
    /// Steps made, where that is known.
    pub step: Option<u32>,
    /// Measures by name, on what is held out; empty where they are not known.
    pub held_out: BTreeMap<String, f32>,
    /// Whether they are being measured.
    pub waits: bool,
    /// They themselves, in base 64.
    pub weights: String,
}

impl Brought {
    /// Of a file.
    pub fn of_file(number: u64, name: String, opened: Opened, weights: String) -> Self {
        let Opened { file, settings: variant, command } = opened;
        Self {
            number,
            name,
            file,
            variant,
            command,
            recipe: None,
            step: None,
            held_out: BTreeMap::new(),
            waits: false,
            weights,
        }
    }

    /// Of a run of the last visit.
    pub fn of_run(number: u64, kept: Kept) -> Self {
        let Kept { variant, recipe, step, file, held_out, weights, .. } = kept;
        Self {
            number,
            name: String::new(),
            file,
            variant,
            command: String::new(),
            recipe: Some(recipe),
            step: Some(step),
            held_out,
            waits: false,
            weights,
        }
    }

    /// Asks the trainer what they come to.
    pub fn question(&self) -> ToTrainer {
        let state = State { settings: self.variant.clone(), ..State::default() };
        ToTrainer::Measure {
            number: self.number,
            state: Box::new(state),
            recipe: Recipe::new(self.learning()).values(),
            weights: self.weights.clone(),
        }
    }

    /// Takes in what they come to, if it is theirs.
    pub fn hear(&mut self, measured: &Measured) {
        if measured.number == self.number {
            self.held_out = held_out(&measured.measures);
            self.waits = false;
        }
    }

    /// The ranker that they are of.
    pub fn learning(&self) -> &'static Learning {
        of_ranker(&self.variant).unwrap_or(LEARNERS[0])
    }
}

/// Whether a state asks for learned weights.
pub fn asks(state: &State) -> bool {
    Weights::of(&state.settings) == Weights::Learned
}

/// Learned weights, with the file that they take the place of.
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    /// Number of the run, or of what was brought.
    pub number: u64,
    /// Name of the file.
    pub file: String,
    /// They themselves, in base 64.
    pub weights: String,
}

/// The weights that are meant: of this number, where there still are such, or of a ranker's newest run. Of
/// the newest of all, at the look that is on show.
pub fn meant(
    runs: &[Record],
    brought: &[Brought],
    number: Option<u64>,
    at: Option<usize>,
) -> Option<Meant> {
    let newest = runs.last().map(|run| run.number);
    let rankers = runs.iter().rev().find(|run| run.learning().ranks()).map(|run| run.number);
    let is_there = |number: &u64| {
        runs.iter().any(|run| run.number == *number) || brought.iter().any(|b| b.number == *number)
    };
    let number = number.filter(is_there).or(rankers)?;
    if let Some(Brought { file, weights, .. }) = brought.iter().find(|b| b.number == number) {
        return Some(Meant { number, file: file.clone(), weights: weights.clone() });
    }
    let run = runs.iter().find(|run| run.number == number)?;
    let look = run.look_at(at.filter(|_| newest == Some(number)))?;
    let (file, weights) = (run.begun.as_ref()?.file.clone(), look.weights.clone());
    (!weights.is_empty()).then_some(Meant { number, file, weights })
}

/// Whether a state ranks with the weights of this variant, were they meant.
pub fn is_of(state: &State, of: &Settings) -> bool {
    let ranker = registry::ranker(of);
    let mut networks = ranker.networks.iter();
    asks(state)
        && state.ranker() == ranker
        && networks.all(|knob| state.settings.number(knob) == of.number(knob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::record::variant;
    use protocol::learn::{Begun, FromTrainer, Look, Measure};
    use systems::dmt::{BIAS_PAGE, MULTI_TASK, MultiTask};
    use systems::learning::rank_with;
    use systems::{dmt, mlpr, moppr};

    fn run(number: u64, weights: &[&str]) -> Record {
        run_of(&dmt::LEARNING, number, weights)
    }

    fn run_of(learning: &'static Learning, number: u64, weights: &[&str]) -> Record {
        let mut run = Record::new(number, &State::default(), &Recipe::new(learning), &[]);
        let (file, shipped) = (format!("{number}.safetensors"), vec![]);
        let begun = Begun { run: number, views: 9, held_out: 3, steps: 8, file, shipped };
        run.hear(FromTrainer::Begun(begun));
        for (step, weights) in weights.iter().enumerate() {
            run.hear(FromTrainer::Looked(Box::new(Look {
                run: number,
                step: step as u32,
                measures: vec![],
                gates: vec![],
                curves: vec![],
                weights: (*weights).into(),
            })));
        }
        run
    }

    #[test]
    fn the_newest_run_is_meant_unless_another_is_chosen() {
        let runs = [run(1, &["", "B=="]), run(2, &["C==", "D=="])];
        let kept = Kept::of(&runs[0]).expect("it has begun");
        let brought = [Brought::of_run(7, kept)];
        let weights = |number, at| meant(&runs, &brought, number, at).map(|meant| meant.weights);
        assert_eq!(weights(None, None).as_deref(), Some("D=="));
        assert_eq!(weights(None, Some(0)).as_deref(), Some("C=="));
        // Going back in the newest run is not going back in another.
        assert_eq!(weights(Some(1), Some(0)).as_deref(), Some("B=="));
        assert_eq!(weights(Some(7), None).as_deref(), Some("B=="));
        assert_eq!(weights(Some(9), None).as_deref(), Some("D=="), "it is gone by now");
        assert_eq!(meant(&[run(3, &[])], &[], None, None), None);
        assert_eq!(meant(&[], &[], None, None), None);
    }

    #[test]
    fn what_was_brought_takes_in_its_own_measures() {
        let settings = variant(&State::default(), &Recipe::new(&mlpr::LEARNING));
        let opened = Opened { file: "mlpr".into(), settings, command: "learned".into() };
        let mut brought = Brought::of_file(7, "mine".into(), opened, "B==".into());
        let ToTrainer::Measure { number, state, recipe, weights } = brought.question() else {
            panic!("it asks for measures")
        };
        assert_eq!((number, weights.as_str()), (7, "B=="));
        assert_eq!(Recipe::of(&recipe).learning(), &mlpr::LEARNING);
        assert_eq!(state.ranker().key, mlpr::RANKER.key);
        brought.waits = true;
        let measure = |key: &str, held_out| Measure { key: key.into(), training: None, held_out };
        let measured = |number| Measured {
            number,
            measures: vec![measure("auc-click", Some(0.75)), measure("auc-cart", None)],
            notice: None,
        };
        brought.hear(&measured(8));
        assert!(brought.waits && brought.held_out.is_empty());
        brought.hear(&measured(7));
        assert!(!brought.waits);
        assert_eq!(brought.held_out, BTreeMap::from([("auc-click".into(), 0.75)]));
    }

    #[test]
    fn what_a_retriever_learned_is_not_meant() {
        let runs = [run(1, &["B=="]), run_of(&moppr::LEARNING, 2, &["C==", "D=="])];
        let weights = |at| meant(&runs, &[], None, at).map(|meant| meant.weights);
        // Nor is going back in it going back in the ranker's run.
        assert_eq!([weights(None), weights(Some(0))], [Some("B==".into()), Some("B==".into())]);
        assert_eq!(meant(&runs[1..], &[], None, None), None);
    }

    #[test]
    fn a_state_takes_the_variant_of_what_it_ranks_with() {
        let learned = State::default().with(&MULTI_TASK, MultiTask::SharedBottom.value());
        let mut state = State { query: "couch".into(), ..State::default() };
        state = state.ranked_by(&mlpr::RANKER).with(&BIAS_PAGE, 1.0);
        let as_it_comes = Recipe::default();
        let variant = |state: &State| variant(state, &as_it_comes);
        rank_with(&mut state.settings, &variant(&learned));
        assert_eq!(state.to_link(), "#v=1&q=couch&weights=learned&multi-task=shared-bottom");
        assert!(asks(&state) && is_of(&state, &variant(&learned)));
        assert!(!is_of(&state, &variant(&State::default())));
        assert!(!is_of(&learned, &variant(&learned)));
        assert!(!asks(&learned));
    }
}
