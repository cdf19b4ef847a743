//! A run of a training as it was seen: its recipe, its losses, and every look at its model.

use link::State;
use link::differences::knob_in_words;
use link::recipe::{Learning, Recipe, Setting};
use market::language::{Message, Value};
use protocol::learn::{Begun, FromTrainer, Look};
use systems::knob::Settings;

/// Points that a curve of losses has at most.
const POINTS: usize = 160;

/// Runs that are kept.
pub const KEPT: usize = 8;

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number.
    pub number: u64,
    /// Which of the [`KEPT`] runs it is: its letter, colour and pattern.
    pub slot: usize,
    /// What it was told.
    pub recipe: Recipe,
    /// Which variant of the system learns, or what for: as [`variant`] has it.
    pub variant: Settings,
    /// Shoppers gathered, and of how many; none before and after.
    pub gathered: Option<(u32, u32)>,
    /// What there is of it but for steps; none before its first.
    pub begun: Option<Begun>,
    /// Loss before each step.
    pub losses: Vec<f32>,
    /// Page views a second, of late.
    pub speed: f32,
    /// The model after some steps, the newest last.
    pub looks: Vec<Look>,
    /// Why it stands still.
    pub halted: Option<Message>,
}

impl Record {
    /// How it looks among others, as the style sheet knows it.
    pub fn class(&self) -> String {
        format!("run-{}", self.slot)
    }

    /// The look that is on show: of this number, or the newest.
    pub fn look_at(&self, at: Option<usize>) -> Option<&Look> {
        at.map_or_else(|| self.looks.last(), |at| self.looks.get(at))
    }

    /// A run that was only asked for, beside these.
    pub fn new(number: u64, state: &State, recipe: &Recipe, others: &[Self]) -> Self {
        let is_free = |slot: &usize| others.iter().all(|other| other.slot != *slot);
        Self {
            number,
            slot: (0..KEPT).find(is_free).unwrap_or(0),
            recipe: recipe.clone(),
            variant: variant(state, recipe),
            gathered: None,
            begun: None,
            losses: Vec::new(),
            speed: 0.0,
            looks: Vec::new(),
            halted: None,
        }
    }

    /// Its letter.
    pub fn letter(&self) -> char {
        char::from(b'A' + self.slot as u8)
    }

    /// Steps made.
    pub fn step(&self) -> u32 {
        self.losses.len() as u32
    }

    /// Steps in all; 0 before that is known.
    pub fn steps(&self) -> u32 {
        self.begun.as_ref().map_or(0, |begun| begun.steps)
    }

    /// Whether all steps are made.
    pub fn is_over(&self) -> bool {
        self.begun.is_some() && self.step() >= self.steps()
    }

    /// Whether its model was seen, and not its weights alone.
    pub fn is_seen(&self) -> bool {
        self.looks.iter().any(|look| !look.measures.is_empty())
    }

    /// Whether it is the run that such a state and recipe ask for.
    pub fn is_of(&self, state: &State, recipe: &Recipe) -> bool {
        self.recipe == *recipe && self.variant == variant(state, recipe)
    }

    /// Takes in what the trainer says of it; what is of another run is left.
    pub fn hear(&mut self, said: FromTrainer) {
        match said {
            FromTrainer::Gathered(gathered) if gathered.run == self.number => {
                self.gathered = Some((gathered.done, gathered.of));
            }
            FromTrainer::Begun(begun) if begun.run == self.number => {
                self.gathered = None;
                self.begun = Some(begun);
            }
            FromTrainer::Went(went) if went.run == self.number => {
                self.losses.extend(went.losses);
                self.speed = went.speed;
                self.halted = None;
            }
            FromTrainer::Looked(look) if look.run == self.number => {
                // The same step is looked at again after going back, and once everyone is there whom it is
                // tested on, while others have been looked at.
                let place = self.looks.partition_point(|before| before.step < look.step);
                let is_again = self.looks.get(place).is_some_and(|known| known.step == look.step);
                self.looks.splice(place..place + usize::from(is_again), [*look]);
            }
            FromTrainer::Halted { run, step, notice } if run == self.number => {
                self.gathered = None;
                self.losses.truncate(step as usize);
                self.looks.retain(|look| look.step <= step);
                self.halted = Some(notice.says);
            }
            _ => {}
        }
    }

    /// Leaves go of all weights but the last, which are large.
    pub fn lighten(&mut self) {
        let last = self.looks.len().saturating_sub(1);
        for look in &mut self.looks[..last] {
            look.weights = String::new();
        }
    }

    /// Losses by step, each point the mean of so many that few are left: a single step's says little.
    pub fn smoothed(&self) -> Vec<(f64, f64)> {
        let width = self.losses.len().div_ceil(POINTS).max(1).max(self.losses.len().min(8));
        let pieces = self.losses.chunks(width).enumerate();
        let mean = |(number, piece): (usize, &[f32])| {
            let sum: f64 = piece.iter().map(|&loss| f64::from(loss)).sum();
            let at = number as f64 * width as f64 + piece.len() as f64 / 2.0;
            (at, sum / piece.len() as f64)
        };
        pieces.map(mean).collect()
    }

    /// Which system learns.
    pub fn learning(&self) -> &'static Learning {
        self.recipe.learning()
    }

    /// A measure by step: on what it learns from, and on what is held out.
    pub fn measured(&self, key: &str) -> [Vec<(f64, f64)>; 2] {
        let training = self.curve(|look| look.measure(key)?.training);
        [training, self.curve(|look| look.held_out(key))]
    }

    /// A measure of the weights that ship, on what is held out; none where none ship.
    pub fn shipped(&self, key: &str) -> Option<f32> {
        let shipped = &self.begun.as_ref()?.shipped;
        shipped.iter().find(|measure| measure.key == key)?.held_out
    }

    /// A number of each look by its step.
    pub fn curve(&self, of: impl Fn(&Look) -> Option<f32>) -> Vec<(f64, f64)> {
        let point = |look: &Look| Some((f64::from(look.step), f64::from(of(look)?)));
        self.looks.iter().filter_map(point).collect()
    }

    /// The gate of a task as bands, one an expert: lower and upper edge at each look, from 0 to 1, and
    /// where the look is between the first and the last. None without gates.
    pub fn bands(&self, task: usize) -> Vec<Vec<(f64, f64, f64)>> {
        let gate = |look: &Look| look.gates.get(task).map(|gate| gate.shares.clone());
        let last = f64::from(self.looks.last().map_or(1, |look| look.step).max(1));
        let experts = self.looks.first().and_then(gate).map_or(0, |gate| gate.len());
        let band = |expert: usize| {
            let edge = |look: &Look| {
                let gate = gate(look)?;
                let below: f32 = gate.iter().take(expert).sum();
                let own = gate.get(expert)?;
                Some((f64::from(look.step) / last, f64::from(below), f64::from(below + own)))
            };
            self.looks.iter().filter_map(edge).collect()
        };
        (0..experts).map(band).collect()
    }

    /// Its losses, and the steps after which it was looked at, as JSON.
    pub fn to_json(&self) -> String {
        let steps: Vec<String> = self.looks.iter().map(|look| look.step.to_string()).collect();
        let losses: Vec<String> = self.losses.iter().map(f32::to_string).collect();
        format!("{{\"losses\":[{}],\"looks\":[{}]}}", losses.join(","), steps.join(","))
    }

    /// A measure at the last look, on what is held out.
    pub fn reached(&self, key: &str) -> Option<f32> {
        self.looks.last()?.held_out(key)
    }

    /// What it differs in from another run of the same system, a message each: "Experts: 2".
    pub fn differences(&self, from: &Self) -> Vec<Message> {
        let stands = |settings: &Settings, knob| settings.number(knob);
        let knobs = self.learning().knobs.iter();
        let turned = knobs
            .filter(|knob| stands(&self.variant, knob) != stands(&from.variant, knob))
            .map(|knob| knob_in_words(knob, &self.variant));
        turned.chain(recipe_in_words(&self.recipe, &from.recipe)).collect()
    }
}

/// What a recipe differs in from another of the same system, a message each: "Step size: 0.01".
pub fn recipe_in_words(recipe: &Recipe, from: &Recipe) -> Vec<Message> {
    let other = recipe.each().filter(|(setting, value)| *value != from.get(setting));
    let said = |(setting, value): (&'static Setting, f32)| {
        let name = Message::new(word!("learn.setting.{}", setting.key));
        let value = value_name(setting, value);
        Message::new(word!("studio.differs.knob")).with("name", name).with("value", value)
    };
    other.map(said).collect()
}

/// What a value of a setting is called.
pub fn value_name(setting: &Setting, value: f32) -> Value {
    match setting.name_of(value) {
        Some(name) => Value::Message(Message::new(word!("learn.{}.{}", setting.key, name))),
        None => Value::Text(value.to_string()),
    }
}

/// Which of these runs of a system, by number, came furthest in a measure on what is held out; none where
/// that is no comparison.
pub fn best(runs: &[Record], learning: &Learning, key: &str) -> Option<u64> {
    let of_system = runs.iter().filter(|run| run.learning() == learning);
    let reached = of_system.filter_map(|run| Some((run.number, run.reached(key)?)));
    let reached: Vec<(u64, f32)> = reached.filter(|(_, value)| value.is_finite()).collect();
    let best = reached.iter().copied().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (reached.len() > 1).then_some(best.0)
}

/// Which variant of the system learns, or what for, as a state's knobs have it, with the system in use.
pub fn variant(state: &State, recipe: &Recipe) -> Settings {
    recipe.learning().variant(&state.settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use languages::english;
    use link::recipe::{EXPERTS, SHIPPED};
    use protocol::Notice;
    use protocol::learn::{Gate, Measure, Went};
    use systems::registry::LEARNERS;
    use systems::{dmt, mlpr, moppr};

    fn look(run: u64, step: u32, gates: &[&[f32]]) -> FromTrainer {
        FromTrainer::Looked(Box::new(Look {
            run,
            step,
            measures: vec![],
            gates: gates
                .iter()
                .map(|gate| Gate {
                    key: "click".into(),
                    shares: gate.to_vec(),
                    departments: vec![vec![], gate.to_vec()],
                })
                .collect(),
            curves: vec![],
            weights: "AA==".into(),
        }))
    }

    fn went(run: u64, step: u32, losses: &[f32]) -> FromTrainer {
        FromTrainer::Went(Went { run, step, losses: losses.to_vec(), speed: 100.0 })
    }

    fn record() -> Record {
        Record::new(2, &State::default(), &Recipe::default(), &[])
    }

    #[test]
    fn only_its_own_run_is_heard() {
        let mut record = record();
        record.hear(went(1, 2, &[9.0, 9.0]));
        record.hear(look(1, 2, &[]));
        assert_eq!((record.step(), record.looks.len()), (0, 0));
        record.hear(went(2, 2, &[3.0, 2.0]));
        assert_eq!(record.losses, [3.0, 2.0]);
    }

    #[test]
    fn a_run_that_was_taken_back_forgets_what_came_after() {
        let mut record = record();
        record.hear(look(2, 0, &[]));
        record.hear(went(2, 3, &[3.0, 2.0, 1.0]));
        record.hear(look(2, 3, &[]));
        let notice = Notice::new("notices.no-number");
        record.hear(FromTrainer::Halted { run: 2, step: 1, notice });
        assert_eq!(record.losses, [3.0]);
        assert_eq!(record.looks.iter().map(|look| look.step).collect::<Vec<_>>(), [0]);
        assert!(record.halted.is_some());
        record.hear(went(2, 2, &[2.5]));
        assert!(record.halted.is_none());
    }

    #[test]
    fn a_look_that_had_weights_alone_is_made_whole_in_its_place() {
        let mut record = record();
        for step in [0, 1, 2] {
            record.hear(look(2, step, &[]));
        }
        record.hear(look(2, 0, &[&[0.25, 0.75]]));
        record.hear(look(2, 1, &[&[0.5, 0.5]]));
        let stands = record.looks.iter().map(|look| (look.step, look.gates.len()));
        assert_eq!(stands.collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 0)]);
        // What is drawn is of those that are whole.
        assert_eq!(record.bands(0)[0], [(0.0, 0.0, 0.25), (0.5, 0.0, 0.5)]);
    }

    #[test]
    fn bands_lie_on_each_other_and_fill_the_whole() {
        let mut record = record();
        record.hear(look(2, 0, &[&[0.25, 0.75], &[0.5, 0.5]]));
        record.hear(look(2, 10, &[&[0.5, 0.5], &[1.0, 0.0]]));
        let bands = record.bands(0);
        assert_eq!(bands[0], [(0.0, 0.0, 0.25), (1.0, 0.0, 0.5)]);
        assert_eq!(bands[1], [(0.0, 0.25, 1.0), (1.0, 0.5, 1.0)]);
        assert!(record.bands(2).is_empty());
    }

    #[test]
    fn runs_are_told_apart_by_letter_words_and_what_they_reached() {
        let mut runs: Vec<Record> = Vec::new();
        for number in 1..=3 {
            let run = Record::new(number, &State::default(), &Recipe::default(), &runs);
            runs.push(run);
        }
        assert_eq!(runs.iter().map(Record::letter).collect::<String>(), "ABC");
        runs.remove(1);
        let mut recipe = Recipe::default();
        recipe.set(&EXPERTS, 2.0);
        recipe.set(&SHIPPED, 1.0);
        let state = State::default().with(&dmt::MULTI_TASK, 1.0);
        let other = Record::new(4, &state, &recipe, &runs);
        assert_eq!(other.letter(), 'B');
        let said: Vec<String> = other.differences(&runs[0]).iter().map(english).collect();
        let expected = ["Tasks share: Bottom", "Begins with: the weights that ship", "Experts: 2"];
        assert_eq!(said, expected);
        assert_eq!(other.differences(&other), []);
    }

    #[test]
    fn the_best_is_that_of_its_system_and_measure() {
        let looked = |number, learning, measures: &[(&str, f32)]| {
            let mut run = Record::new(number, &State::default(), &Recipe::new(learning), &[]);
            let measure = |(key, value): &(&str, f32)| Measure {
                key: (*key).into(),
                training: None,
                held_out: Some(*value),
            };
            run.hear(look(number, 0, &[]));
            run.looks[0].measures = measures.iter().map(measure).collect();
            run
        };
        let (dmt, mlpr) = (&dmt::LEARNING, &mlpr::LEARNING);
        let mut runs = vec![looked(1, dmt, &[("auc-click", 0.6), ("auc-order", 0.7)])];
        assert_eq!(best(&runs, dmt, "auc-click"), None, "one alone is no comparison");
        runs.push(looked(2, mlpr, &[("auc-click", 0.9)]));
        assert_eq!(best(&runs, dmt, "auc-click"), None, "nor is another system");
        runs.push(looked(3, dmt, &[("auc-click", 0.65), ("auc-order", f32::NAN)]));
        let bests = ["auc-click", "auc-order", "truth-click"].map(|key| best(&runs, dmt, key));
        assert_eq!(bests, [Some(3), None, None]);
    }

    #[test]
    fn a_variant_has_the_system_that_learns_in_use() {
        let state = State::default().with(&dmt::MULTI_TASK, 1.0).with(&moppr::WEIGHT_CLICK, 0.5);
        for learning in LEARNERS {
            let variant = variant(&state, &Recipe::new(learning));
            assert_eq!(variant.number(learning.knob), learning.value());
            let reads =
                |knob: &systems::knob::Knob| learning.knobs.iter().any(|own| own.key == knob.key);
            for knob in [&dmt::MULTI_TASK, &moppr::WEIGHT_CLICK] {
                assert_eq!(variant.is_default(knob), !reads(knob), "{learning:?} {}", knob.key);
            }
        }
    }

    #[test]
    fn what_ships_is_told_by_its_measures() {
        let mut run = record();
        assert_eq!(run.shipped("auc-click"), None);
        let shipped =
            vec![Measure { key: "auc-click".into(), training: None, held_out: Some(0.75) }];
        let file = "dmt.safetensors".into();
        let begun = Begun { run: 2, views: 9, held_out: 3, steps: 8, file, shipped };
        run.hear(FromTrainer::Begun(begun));
        assert_eq!([run.shipped("auc-click"), run.shipped("auc-order")], [Some(0.75), None]);
    }

    #[test]
    fn a_value_with_a_name_is_called_by_it() {
        let said = |learning| {
            let mut recipe = Recipe::new(learning);
            for setting in recipe.learning().settings {
                recipe.set(setting, setting.values[setting.values.len() - 1]);
            }
            let said: Vec<String> =
                recipe_in_words(&recipe, &Recipe::new(learning)).iter().map(english).collect();
            said
        };
        assert!(
            said(&mlpr::LEARNING).contains(&"Model: MLP".into()),
            "{:?}",
            said(&mlpr::LEARNING)
        );
        assert!(said(&moppr::LEARNING).contains(&"Parts that learn: the towers".into()));
    }

    #[test]
    fn weights_but_the_last_are_let_go() {
        let mut record = record();
        record.lighten();
        record.hear(look(2, 0, &[]));
        record.hear(look(2, 4, &[]));
        record.lighten();
        let weights: Vec<&str> = record.looks.iter().map(|look| look.weights.as_str()).collect();
        assert_eq!(weights, ["", "AA=="]);
    }

    #[test]
    fn a_curve_of_losses_has_few_points_and_keeps_the_mean() {
        let mut record = record();
        let losses: Vec<f32> = (0..1000).map(|n| (n % 10) as f32).collect();
        record.hear(went(2, 1000, &losses));
        let points = record.smoothed();
        assert!(points.len() <= POINTS);
        let mean = points.iter().map(|(_, loss)| loss).sum::<f64>() / points.len() as f64;
        assert!((mean - 4.5).abs() < 0.1, "{mean}");
    }
}
