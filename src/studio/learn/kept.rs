//! The last run as the browser remembers it, so that a tab that is closed over it, or a trainer that dies,
//! loses neither its recipe nor its last weights.

use std::collections::BTreeMap;

use super::record::{Record, variant};
use crate::browser::{forget, recall, remember};
use link::State;
use link::recipe::Recipe;
use protocol::learn::Measure;
use systems::knob::Settings;

/// Under which the browser remembers it.
const KEY: &str = "vitrine-run";
/// Raised whenever what is remembered is of another form.
const FORM: &str = "2";

/// What is kept of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which variant of the system learned, or what for, with the system in use.
    pub variant: Settings,
    /// What it was told.
    pub recipe: Recipe,
    /// Steps made when it was looked at last.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
    /// Name of the file that weights of the variant lie in.
    pub file: String,
    /// Measures at that look by name, on what is held out; empty before the first.
    pub held_out: BTreeMap<String, f32>,
    /// Its weights then, in base 64; empty before the first.
    pub weights: String,
}

impl Kept {
    /// Of a run; none of one that has not begun.
    pub fn of(run: &Record) -> Option<Self> {
        let begun = run.begun.as_ref()?;
        let look = run.looks.last();
        Some(Self {
            variant: run.variant.clone(),
            recipe: run.recipe.clone(),
            step: look.map_or(0, |look| look.step),
            steps: begun.steps,
            file: begun.file.clone(),
            held_out: look.map(|look| held_out(&look.measures)).unwrap_or_default(),
            weights: look.map_or_else(String::new, |look| look.weights.clone()),
        })
    }

    /// The one that the browser remembers.
    pub fn recall() -> Option<Self> {
        recall(KEY).and_then(|text| Self::read(&text))
    }

    /// Lets the browser remember it in place of the one before; whether it does.
    pub fn remember(&self) -> bool {
        remember(KEY, &self.write())
    }

    /// Lets the browser forget the one that it remembers.
    pub fn forget() {
        forget(KEY);
    }

    fn write(&self) -> String {
        let state = State { settings: self.variant.clone(), ..State::default() };
        let held_out = self.held_out.iter().map(|(key, value)| format!("{key}:{value}"));
        let held_out: Vec<String> = held_out.collect();
        let (step, steps) = (self.step.to_string(), self.steps.to_string());
        let (variant, recipe, held_out) =
            (state.to_link(), self.recipe.write(), held_out.join(","));
        let parts = [FORM, &variant, &recipe, &step, &steps, &self.file, &held_out, &self.weights];
        parts.join("\n")
    }

    /// Reads what was written; none where it is of another form.
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('\n').collect();
        let [FORM, link, recipe, step, steps, file, held_out, weights] = parts[..] else {
            return None;
        };
        let measured = held_out.split(',').filter(|measured| !measured.is_empty());
        let measured = measured.map(|measured| {
            let (key, value) = measured.split_once(':')?;
            Some((key.to_owned(), value.parse().ok()?))
        });
        let recipe = Recipe::read(recipe).0;
        Some(Self {
            variant: variant(&State::from_link(link).0, &recipe),
            recipe,
            step: step.parse().ok()?,
            steps: steps.parse().ok()?,
            file: file.into(),
            held_out: measured.collect::<Option<_>>()?,
            weights: weights.into(),
        })
    }
}

/// What is measured on what is held out, by name.
pub fn held_out(measures: &[Measure]) -> BTreeMap<String, f32> {
    let measures = measures.iter();
    measures.filter_map(|measure| Some((measure.key.clone(), measure.held_out?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::recipe::{RATE, SEED};
    use systems::registry::LEARNERS;

    #[test]
    fn what_is_kept_comes_back_and_what_is_of_another_form_does_not() {
        for learning in LEARNERS {
            let mut recipe = Recipe::new(learning);
            recipe.set(&SEED, 2.0);
            recipe.set(&RATE, 0.01);
            let mut state = State::default();
            learning
                .knobs
                .iter()
                .take(1)
                .for_each(|knob| state.settings.turn(knob, 1.0 - knob.default));
            let kept = Kept {
                variant: variant(&state, &recipe),
                recipe,
                step: 20,
                steps: 58,
                file: "dmt.safetensors".into(),
                held_out: [("auc-click".into(), 0.71), ("auc-order".into(), 0.8)].into(),
                weights: "AA==".into(),
            };
            assert_eq!(Kept::read(&kept.write()), Some(kept.clone()));
            let early =
                Kept { held_out: [].into(), weights: String::new(), step: 0, ..kept.clone() };
            assert_eq!(Kept::read(&early.write()), Some(early));
            let written = kept.write();
            for bad in ["", "1", &written.replace("0.71", "much"), &written.replacen(FORM, "0", 1)]
            {
                assert_eq!(Kept::read(bad), None, "{bad}");
            }
        }
    }

    #[test]
    fn a_run_that_has_not_begun_is_not_kept() {
        let run = Record::new(1, &State::default(), &Recipe::default(), &[]);
        assert_eq!(Kept::of(&run), None);
    }
}
