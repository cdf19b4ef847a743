//! What can be turned: what a knob is, how links write it, and the way back to its default.

mod table;

pub use table::KNOBS;

use super::{Ranker, Retriever, State};
use market::language::Message;

/// Where on the page a knob belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Which surface, where it is computed.
    Setting,
    /// The retrieval stage.
    Retrieval,
    /// The ranking stage.
    Ranking,
    /// The page on which results are shown.
    Page,
}

/// One thing that can be turned.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// Name in links, for example `w-click`.
    pub key: &'static str,
    /// `data-testid` of its control.
    pub testid: &'static str,
    /// Symbol in the paper; empty if it has none.
    pub symbol: &'static str,
    /// What its unit's words are under, "units." aside; empty for a pure number.
    pub unit: &'static str,
    /// Stage it belongs to.
    pub group: Group,
    /// What the words of the heading above it are under, "sections." aside, where a new section of
    /// its group begins; else empty.
    pub section: &'static str,
    /// Whose setting it is.
    pub of: Of,
    /// What it can be set to.
    pub control: Control,
    /// Where turning it would change no product, place or score, and why.
    pub idle: fn(&State, &Facts) -> Option<Idle>,
}

/// That turning a knob would change no product, place or score of the shelf, with the key of what
/// is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Wherever it is turned to.
    Wholly(&'static str),
    /// Wherever it is turned to beyond where it stands.
    Beyond(&'static str),
}

impl Idle {
    /// Key of the words that say why, and what would make the knob count.
    pub fn words(self) -> &'static str {
        let (Self::Wholly(why) | Self::Beyond(why)) = self;
        why
    }
}

/// What only an answer can say of how much there is for a knob to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The query has words.
    pub asked: bool,
    /// The query is predicted to mean some product types.
    pub understood: bool,
    /// Behaviours in the history.
    pub history: u32,
    /// Web searches are among the behaviours that Yandex's user tower has room for.
    pub web_searches: bool,
    /// Products that were retrieved.
    pub retrieved: u32,
    /// Products that came to the ranker.
    pub ranked: u32,
}

/// Whose setting a knob is: it is shown while that system is in use, and kept meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Every system's.
    All,
    /// One retriever's.
    Retriever(Retriever),
    /// Every ranker's: there is nothing to it where retrieval alone orders.
    AnyRanker,
    /// One ranker's.
    Ranker(Ranker),
}

/// What a knob can be set to, with the way to its place in the [`State`].
#[derive(Clone, Copy, Debug)]
pub enum Control {
    /// A number within bounds.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Step of its slider; links may carry values between.
        step: f64,
        /// Only whole numbers.
        whole: bool,
        /// Reads it.
        get: fn(&State) -> f64,
        /// Sets it; the value is within the bounds.
        set: fn(&mut State, f64),
    },
    /// On or off.
    Switch {
        /// Reads it.
        get: fn(&State) -> bool,
        /// Sets it.
        set: fn(&mut State, bool),
    },
    /// One of a few.
    Choice {
        /// Names in links.
        options: &'static [&'static str],
        /// Number of the option that is chosen.
        get: fn(&State) -> usize,
        /// Chooses the option of this number, which exists.
        set: fn(&mut State, usize),
    },
}

impl Knob {
    /// The knob with this name in links.
    pub fn by_key(key: &str) -> Option<&'static Knob> {
        KNOBS.iter().find(|knob| knob.key == key)
    }

    /// Key of its words: of its "name", of what it is "about", of one of its options.
    pub fn words(&self, part: &str) -> String {
        format!("knobs.{}.{part}", self.key)
    }

    /// Whether it does anything to the systems in use.
    pub fn is_in_use(&self, state: &State) -> bool {
        match self.of {
            Of::All => true,
            Of::Retriever(retriever) => state.retriever == retriever,
            Of::AnyRanker => state.ranker != Ranker::None,
            Of::Ranker(ranker) => state.ranker == ranker,
        }
    }

    /// Its value as links write it.
    pub fn value(&self, state: &State) -> String {
        match self.control {
            // Through f32, which the state holds: shortest text that reads back the same.
            Control::Number { get, .. } => (get(state) as f32).to_string(),
            Control::Switch { get, .. } => if get(state) { "on" } else { "off" }.into(),
            Control::Choice { options, get, .. } => options[get(state)].into(),
        }
    }

    /// Sets it from text as links write it.
    ///
    /// # Errors
    /// Says what is wrong with the value; the state stays as it was.
    pub fn set_text(&self, state: &mut State, text: &str) -> Result<(), Message> {
        let wrong = |key: &str| Message::new(key).with("value", clip(text));
        match self.control {
            Control::Number { min, max, whole, set, .. } => {
                let value = decimal(text.trim()).ok_or_else(|| wrong("link.why.not-a-number"))?;
                if !(min..=max).contains(&value) {
                    return Err(wrong("link.why.outside")
                        .with("min", min.to_string())
                        .with("max", max.to_string()));
                }
                if whole && value.fract() != 0.0 {
                    return Err(wrong("link.why.not-whole"));
                }
                set(state, value);
            }
            Control::Switch { set, .. } => match text {
                "on" => set(state, true),
                "off" => set(state, false),
                _ => return Err(wrong("link.why.not-on-off")),
            },
            Control::Choice { options, set, .. } => {
                match options.iter().position(|name| *name == text) {
                    Some(option) => set(state, option),
                    None => {
                        let options = options.join(", ");
                        return Err(wrong("link.why.none-of").with("options", options));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether it stands at its default.
    pub fn is_default(&self, state: &State) -> bool {
        self.value(state) == self.value(&State::default())
    }

    /// Back to its default.
    pub fn reset(&self, state: &mut State) {
        let default = State::default();
        match self.control {
            Control::Number { get, set, .. } => set(state, get(&default)),
            Control::Switch { get, set } => set(state, get(&default)),
            Control::Choice { get, set, .. } => set(state, get(&default)),
        }
    }
}

/// A number as links write it: digits, perhaps a sign, a point and more digits. The standard
/// library reads every other way to write one too, and would be a twentieth of the page.
fn decimal(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    // Digits behind these say nothing that the state could hold.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits().fold(0.0, |number, digit| 10.0 * number + f64::from(digit - b'0'));
    // Whole numbers that a double holds exactly have a quotient that is the nearest double.
    Some(sign * number / fraction.bytes().fold(1.0, |ten, _| 10.0 * ten))
}

/// A piece of foreign text short enough to be quoted in a sentence.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 24;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use languages::english;
    use systems::dmt::{BiasFeatures, MultiTask};

    #[test]
    fn keys_and_testids_are_unique() {
        let keys: HashSet<_> = KNOBS.iter().map(|k| k.key).collect();
        let testids: HashSet<_> = KNOBS.iter().map(|k| k.testid).collect();
        assert_eq!((keys.len(), testids.len()), (KNOBS.len(), KNOBS.len()));
    }

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in ["0", "7", "-1.5", "0.1", ".5", "3.", "0.30000001192092896", "123456.789"] {
            // The state holds no more than an f32.
            assert_eq!(decimal(text).map(|x| x as f32), text.parse().ok(), "{text}");
        }
        for text in ["", ".", "-", "--1", "1e3", "NaN", "Infinity", "0x1", "1.2.3", "½", "1.½"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn every_default_is_within_its_bounds_and_reads_back() {
        for knob in KNOBS {
            let mut state = State::default();
            let text = knob.value(&state);
            knob.set_text(&mut state, &text).expect(knob.key);
            assert_eq!(state, State::default(), "{}", knob.key);
            assert!(knob.is_default(&state));
        }
    }

    #[test]
    fn every_default_is_a_step_that_a_slider_can_stand_on() {
        for knob in KNOBS {
            if let Control::Number { min, step, get, .. } = knob.control {
                let steps = (get(&State::default()) - min) / step;
                assert!((steps - steps.round()).abs() < 1e-3, "{}: {steps} steps", knob.key);
            }
        }
    }

    #[test]
    fn every_knob_has_a_place_of_its_own_and_a_way_back() {
        for knob in KNOBS {
            let mut state = State::default();
            match knob.control {
                Control::Number { min, max, get, set, .. } => {
                    let other = if get(&state) == max { min } else { max };
                    set(&mut state, other);
                    assert!((get(&state) - other).abs() < 1e-6, "{}", knob.key);
                }
                Control::Switch { get, set } => {
                    let other = !get(&state);
                    set(&mut state, other);
                    assert_eq!(get(&state), other, "{}", knob.key);
                }
                Control::Choice { options, get, set } if options.len() > 1 => {
                    let other = (get(&state) + 1) % options.len();
                    set(&mut state, other);
                }
                Control::Choice { .. } => continue,
            }
            assert!(!knob.is_default(&state), "{}", knob.key);
            for another in KNOBS.iter().filter(|another| another.key != knob.key) {
                assert!(another.is_default(&state), "{} moves {}", knob.key, another.key);
            }
            knob.reset(&mut state);
            assert_eq!(state, State::default(), "{}", knob.key);
        }
    }

    #[test]
    fn only_variants_of_dmt_that_are_trained_can_be_chosen() {
        let set = |state: &mut State, key: &str, text: &str| {
            Knob::by_key(key).expect(key).set_text(state, text).expect(key);
        };
        let mut state = State::default();
        set(&mut state, "bias-page", "on");
        set(&mut state, "multi-task", "single-task");
        assert_eq!(state.ranking.bias, BiasFeatures::SHIPPED);
        assert_eq!(state.ranking.multi_task, MultiTask::SingleTask);
        set(&mut state, "bias-neighbours", "off");
        assert_eq!(state.ranking.multi_task, MultiTask::Mmoe);
        assert!(!state.ranking.bias.neighbours);
    }

    #[test]
    fn a_wrong_value_leaves_the_state_alone_and_says_why() {
        let mut state = State::default();
        for (key, text, why) in [
            ("tau", "NaN", "not a number"),
            ("tau", "7", "outside 0.005 to 0.2"),
            ("tau", "-0.1", "outside"),
            ("tau", "-inf", "not a number"),
            ("candidates", "100.5", "whole"),
            ("gmv", "yes", "neither on nor off"),
            ("multi-task", "ple", "none of mmoe, shared-bottom, single-task"),
        ] {
            let said = Knob::by_key(key).expect(key).set_text(&mut state, text).expect_err(key);
            let said = english(&said);
            assert!(said.contains(why), "{key}={text}: {said}");
        }
        assert_eq!(state, State::default());
    }
}
