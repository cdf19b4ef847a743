//! What can be turned: what a knob is, and what all knobs together are set to.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use wire::{Sink, Source, Wire, Wrong};

use crate::Task;
use crate::registry;

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

/// What a knob can be set to. Its value is a number whatever it is: 0 or 1 for a switch, the number
/// of the option for a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    },
    /// On or off.
    Switch,
    /// One of a few, by their names in links.
    Choice(&'static [&'static str]),
}

/// One thing that can be turned: declared once, and taken up from there by page, link, protocol,
/// command line and tests.
#[derive(Debug)]
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
    /// What a ranker must predict for it to be of use; a knob that a system declares for itself is
    /// of use with that system alone.
    pub needs: Needs,
    /// What it can be set to.
    pub control: Control,
    /// Where it stands when nobody has turned it.
    pub default: f32,
    /// Where turning it would change no product, place or score, and why.
    pub idle: fn(&Settings, &Facts) -> Option<Idle>,
    /// What else changes when it is turned.
    pub brings: fn(&mut Settings),
    /// Whether all that it changes is the time that ranking takes.
    pub for_time_alone: bool,
    /// Whether what it changes is made anew for seconds: whoever tries out every knob tries the next place of
    /// this one alone.
    pub takes_long: bool,
}

/// What a ranker must predict for a knob that all of them share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Something.
    AnyTask,
    /// This task.
    Task(Task),
    /// What the place does to a product.
    Bias,
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
    /// There are learned weights for the ranker that is chosen.
    pub learned: bool,
    /// There are learned weights for the retriever that is chosen, in this shop.
    pub learned_towers: bool,
}

/// Does nothing at all while this holds.
pub fn wholly(holds: bool, why: &'static str) -> Option<Idle> {
    holds.then_some(Idle::Wholly(why))
}

/// A number that bounds how many there are, of `all` that there are: beyond them it bounds nothing.
pub fn enough(value: u32, least: u32, all: u32, why: &'static str) -> Option<Idle> {
    match all {
        all if all <= least => Some(Idle::Wholly(why)),
        all => (value >= all).then_some(Idle::Beyond(why)),
    }
}

/// A weight among others: only the proportions count, so the size of one that stands alone does
/// not.
pub fn alone(weights: &[f32], own: usize) -> Option<Idle> {
    let others = weights.iter().enumerate().all(|(n, &weight)| n == own || weight <= 0.0);
    (others && weights[own] > 0.0).then_some(Idle::Beyond(word!("idle.alone")))
}

impl Knob {
    const fn new(key: &'static str, group: Group, control: Control, default: f32) -> Self {
        Self {
            key,
            testid: key,
            symbol: "",
            unit: "",
            group,
            section: "",
            needs: Needs::Nothing,
            control,
            default,
            idle: |_, _| None,
            brings: |_| {},
            for_time_alone: false,
            takes_long: false,
        }
    }

    /// A number from `min` to `max`.
    pub const fn number(key: &'static str, group: Group, bounds: [f64; 2], step: f64) -> Self {
        let [min, max] = bounds;
        Self::new(key, group, Control::Number { min, max, step, whole: false }, 0.0)
    }

    /// A whole number from `min` to `max`.
    pub const fn whole(key: &'static str, group: Group, bounds: [f64; 2], step: f64) -> Self {
        let [min, max] = bounds;
        Self::new(key, group, Control::Number { min, max, step, whole: true }, 0.0)
    }

    /// On or off; off by default.
    pub const fn switch(key: &'static str, group: Group) -> Self {
        Self::new(key, group, Control::Switch, 0.0)
    }

    /// One of these; the first by default.
    pub const fn choice(key: &'static str, group: Group, options: &'static [&'static str]) -> Self {
        Self::new(key, group, Control::Choice(options), 0.0)
    }

    /// With another default.
    pub const fn at(self, default: f32) -> Self {
        Self { default, ..self }
    }

    /// On by default.
    pub const fn on(self) -> Self {
        self.at(1.0)
    }

    /// With a name of its own for tests.
    pub const fn testid(self, testid: &'static str) -> Self {
        Self { testid, ..self }
    }

    /// With a symbol.
    pub const fn symbol(self, symbol: &'static str) -> Self {
        Self { symbol, ..self }
    }

    /// With a unit.
    pub const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// The first of a section.
    pub const fn section(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    /// Of use where a ranker predicts this.
    pub const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    /// Of no use where this says so.
    pub const fn idle(self, idle: fn(&Settings, &Facts) -> Option<Idle>) -> Self {
        Self { idle, ..self }
    }

    /// Changes something else when it is turned.
    pub const fn brings(self, brings: fn(&mut Settings)) -> Self {
        Self { brings, ..self }
    }

    /// Changes nothing but the time that ranking takes.
    pub const fn for_time_alone(self) -> Self {
        let idle = |_: &Settings, _: &Facts| Some(Idle::Wholly(word!("idle.time-alone")));
        Self { for_time_alone: true, idle, ..self }
    }

    /// Changes something that is made anew for seconds.
    pub const fn takes_long(self) -> Self {
        Self { takes_long: true, ..self }
    }

    /// Key of its words: of its "name", of what it is "about", of one of its options.
    pub fn words(&self, part: &str) -> String {
        word!("knobs.{}.{}", self.key, part)
    }
}

/// What every knob is set to. Only what stands elsewhere than at its default is kept, so that equal
/// settings are equal, and a system brings no setting that others would have to name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Vec<(&'static str, f32)>);

impl Settings {
    /// Where a knob's value is kept, if it is; otherwise where it would be.
    fn found(&self, knob: &Knob) -> Result<usize, usize> {
        self.0.binary_search_by(|(key, _)| (*key).cmp(knob.key))
    }

    /// What a number stands at.
    pub fn number(&self, knob: &Knob) -> f32 {
        self.found(knob).map_or(knob.default, |place| self.0[place].1)
    }

    /// What a whole number stands at.
    pub fn count(&self, knob: &Knob) -> u32 {
        self.number(knob) as u32
    }

    /// Whether a switch is on.
    pub fn is_on(&self, knob: &Knob) -> bool {
        self.number(knob) != 0.0
    }

    /// Number of the option that is chosen; the first where there is no such option.
    pub fn option(&self, knob: &Knob) -> usize {
        let option = self.number(knob) as usize;
        match knob.control {
            Control::Choice(options) if option < options.len() => option,
            _ => 0,
        }
    }

    /// Sets a knob to a value, and nothing else.
    pub fn set(&mut self, knob: &'static Knob, value: f32) {
        match (self.found(knob), value == knob.default) {
            (Ok(place), true) => {
                self.0.remove(place);
            }
            (Ok(place), false) => self.0[place].1 = value,
            (Err(_), true) => {}
            (Err(place), false) => self.0.insert(place, (knob.key, value)),
        }
    }

    /// Turns a switch on or off, and nothing else.
    pub fn switch(&mut self, knob: &'static Knob, on: bool) {
        self.set(knob, f32::from(u8::from(on)));
    }

    /// Turns a knob as a person does, with what that brings.
    pub fn turn(&mut self, knob: &'static Knob, value: f32) {
        self.set(knob, value);
        (knob.brings)(self);
    }

    /// With a knob set.
    pub fn with(mut self, knob: &'static Knob, value: f32) -> Self {
        self.set(knob, value);
        self
    }

    /// Whether a knob stands at its default.
    pub fn is_default(&self, knob: &Knob) -> bool {
        self.found(knob).is_err()
    }

    /// Of these knobs alone, the others at their defaults: what a stage that reads no other goes by.
    pub fn only(&self, knobs: &[&'static Knob]) -> Self {
        let named = |key: &str| knobs.iter().any(|knob| knob.key == key);
        Self(self.0.iter().filter(|(key, _)| named(key)).copied().collect())
    }

    /// What stands elsewhere than at its default, by key.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, f32)> + '_ {
        self.0.iter().copied()
    }
}

impl Wire for Settings {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        let mut settings = Self::default();
        for knob in registry::knobs() {
            let set = value.field(knob.key).filter(|value| !value.is_nothing());
            if let Some(set) = set {
                settings.set(knob, f32::read(&set, wrong));
            }
        }
        settings
    }

    fn write<S: Sink>(&self) -> S {
        S::object(self.changed().map(|(key, value)| (key, value.write())).collect())
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.changed())
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number for each knob")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut settings = Settings::default();
                while let Some((key, value)) = map.next_entry::<String, f32>()? {
                    let knob = registry::knob(&key);
                    settings.set(knob.ok_or_else(|| A::Error::custom("no such knob"))?, value);
                }
                Ok(settings)
            }
        }

        deserializer.deserialize_map(Read)
    }
}
