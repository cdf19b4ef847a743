//! Learned weights as something that a state can rank or retrieve with: which there are, and which are meant.

use std::collections::BTreeMap;

use link::State;
use systems::knob::Settings;
use systems::learning::Role;
use systems::registry::LEARNERS;

use super::kept::{Kept, held_out};
use super::record::Record;
use link::recipe::{Learning, Recipe};
use protocol::learn::{Measured, ToTrainer};
use protocol::{Answer, Opened};

/// Weights that no run of this visit made: of a file, or of a run of the last visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Brought {
    /// Its number, which no run has.
    pub number: u64,
    /// What the file is called; empty where it was none.
    pub name: String,
    /// Name of the file that they take the place of.
    pub file: String,
    /// Which system.
    pub learning: &'static Learning,
    /// Which variant of it.
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
        let Opened { file, system, settings: variant, command } = opened;
        let learning = LEARNERS.into_iter().find(|learning| learning.key == system);
        Self {
            number,
            name,
            file,
            learning: learning.unwrap_or(LEARNERS[0]),
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
            learning: recipe.learning(),
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
            recipe: Recipe::new(self.learning).values(),
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
}

/// Whether a state asks for learned weights that an answer to it says there are none of.
pub fn lacks(state: &State, answer: &Answer) -> bool {
    let lacks = |role: Role| role.asks(&state.settings) && !has(answer, role);
    Role::ALL.into_iter().any(lacks)
}

/// Whether an engine has learned weights for who does this.
pub fn has(answer: &Answer, role: Role) -> bool {
    match role {
        Role::Retrieves => answer.learned_towers,
        Role::Ranks => answer.learned,
    }
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

/// The weights of a ranker or a retriever that are meant: of this number, where there still are such, or of the
/// newest run of one. Of the newest of all, at the look that is on show.
pub fn meant(
    role: Role,
    runs: &[Record],
    brought: &[Brought],
    number: Option<u64>,
    at: Option<usize>,
) -> Option<Meant> {
    let newest = runs.last().map(|run| run.number);
    let own = runs.iter().rev().find(|run| run.learning().role() == role).map(|run| run.number);
    let is_there = |number: &u64| {
        runs.iter().any(|run| run.number == *number) || brought.iter().any(|b| b.number == *number)
    };
    let number = number.filter(is_there).or(own)?;
    if let Some(Brought { file, weights, .. }) = brought.iter().find(|b| b.number == number) {
        return Some(Meant { number, file: file.clone(), weights: weights.clone() });
    }
    let run = runs.iter().find(|run| run.number == number)?;
    let look = run.look_at(at.filter(|_| newest == Some(number)))?;
    let (file, weights) = (run.begun.as_ref()?.file.clone(), look.weights.clone());
    (!weights.is_empty()).then_some(Meant { number, file, weights })
}

/// Whether a state ranks or retrieves with the weights of this variant of a system, were they meant.
pub fn is_of(state: &State, role: Role, of: &Settings) -> bool {
    let mut chosen = role.chosen(of).into_iter();
    role.asks(&state.settings) && chosen.all(|knob| state.settings.number(knob) == of.number(knob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::record::variant;
    use protocol::learn::{Begun, FromTrainer, Look, Measure};
    use systems::dmt::{BIAS_PAGE, MULTI_TASK, MultiTask};
    use systems::yandex::{self, STAGE};
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
        let meant = |number, at| meant(Role::Ranks, &runs, &brought, number, at);
        let weights = |number, at| meant(number, at).map(|meant| meant.weights);
        assert_eq!(weights(None, None).as_deref(), Some("D=="));
        assert_eq!(weights(None, Some(0)).as_deref(), Some("C=="));
        // Going back in the newest run is not going back in another.
        assert_eq!(weights(Some(1), Some(0)).as_deref(), Some("B=="));
        assert_eq!(weights(Some(7), None).as_deref(), Some("B=="));
        assert_eq!(weights(Some(9), None).as_deref(), Some("D=="), "it is gone by now");
        for runs in [&[run(3, &[])][..], &[]] {
            assert_eq!(super::meant(Role::Ranks, runs, &[], None, None), None);
        }
    }

    #[test]
    fn what_was_brought_takes_in_its_own_measures() {
        let settings = variant(&State::default(), &Recipe::new(&mlpr::LEARNING));
        let opened = Opened {
            file: "mlpr.safetensors".into(),
            system: "mlpr".into(),
            settings,
            command: "learned".into(),
        };
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
    fn what_a_retriever_learned_is_meant_beside_what_a_ranker_learned() {
        let runs = [run(1, &["B=="]), run_of(&moppr::LEARNING, 2, &["C==", "D=="])];
        let weights = |role, at| meant(role, &runs, &[], None, at).map(|meant| meant.weights);
        // Going back in the one is not going back in the other.
        let ranks = [None, Some(0)].map(|at| weights(Role::Ranks, at));
        assert_eq!(ranks, [Some("B==".into()), Some("B==".into())]);
        let retrieves = [None, Some(0)].map(|at| weights(Role::Retrieves, at));
        assert_eq!(retrieves, [Some("D==".into()), Some("C==".into())]);
        assert_eq!(meant(Role::Ranks, &runs[1..], &[], None, None), None);
        assert_eq!(meant(Role::Retrieves, &runs[..1], &[], None, None), None);
    }

    #[test]
    fn what_an_opened_file_is_of_is_what_it_says_of_itself() {
        // The settings of MOPPR and of DMT as they come are the same: no knob is turned.
        for (system, role) in [("moppr", Role::Retrieves), ("dmt", Role::Ranks)] {
            let opened = Opened {
                file: format!("{system}.safetensors"),
                system: system.into(),
                settings: Settings::default(),
                command: String::new(),
            };
            let brought = Brought::of_file(7, "mine".into(), opened, "B==".into());
            assert_eq!((brought.learning.key, brought.learning.role()), (system, role));
        }
    }

    #[test]
    fn a_state_takes_the_stage_of_what_it_retrieves_with() {
        let mut state = State::default().with(&STAGE, 1.0);
        let variant = yandex::LEARNING.variant(&state.settings);
        Role::Retrieves.serve_with(&mut state.settings, &variant);
        assert_eq!(state.to_link(), "#v=1&retriever=yandex&retriever-weights=learned");
        assert!(is_of(&state, Role::Retrieves, &variant));
        assert!(!is_of(&state, Role::Ranks, &variant));
        let moppr = moppr::LEARNING.variant(&state.settings);
        assert!(!is_of(&state, Role::Retrieves, &moppr));
    }

    #[test]
    fn a_state_takes_the_variant_of_what_it_ranks_with() {
        let learned = State::default().with(&MULTI_TASK, MultiTask::SharedBottom.value());
        let mut state = State { query: "couch".into(), ..State::default() };
        state = state.ranked_by(&mlpr::RANKER).with(&BIAS_PAGE, 1.0);
        let as_it_comes = Recipe::default();
        let variant = |state: &State| variant(state, &as_it_comes);
        Role::Ranks.serve_with(&mut state.settings, &variant(&learned));
        assert_eq!(state.to_link(), "#v=1&q=couch&weights=learned&multi-task=shared-bottom");
        let is_of = |state: &State, of: &State| is_of(state, Role::Ranks, &variant(of));
        assert!(is_of(&state, &learned));
        assert!(!is_of(&state, &State::default()));
        assert!(!is_of(&learned, &learned));
    }
}
