//! What a training in the tab can be told, and what is seen while it learns: plain data that each
//! system that learns declares of itself, from which link, panel and trainer take it.

use std::fmt;

use crate::knob::{Control, Knob, Settings};
use crate::registry::{self, LEARNERS};
use crate::shared::{RANKER, RETRIEVER, RETRIEVER_WEIGHTS, WEIGHTS, Weights};

/// A setting of a training: one of a few values. The same key may have other values and another
/// default for each system.
#[derive(Debug)]
pub struct Setting {
    /// Its name in links and words.
    pub key: &'static str,
    /// What it is called in papers; an empty text where it is nothing there.
    pub symbol: &'static str,
    /// What it may be, in rising order.
    pub values: &'static [f32],
    /// What the values are called where they are no quantities: one for each, and words under
    /// "learn.", the key and the name.
    pub names: &'static [&'static str],
    /// What it is unless something else is said.
    pub default: f32,
    /// On which side of its default it may have made a loss that is no number any more.
    pub breaks: Option<Side>,
    /// Another setting, and the value at which alone this one does anything.
    pub only_at: Option<(&'static Setting, f32)>,
}

/// A side of a setting's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Larger values.
    Above,
    /// Smaller ones.
    Below,
}

/// Values of what is chosen by name.
const NUMBERS: &[f32] = &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

impl Setting {
    /// A quantity.
    pub const fn new(
        key: &'static str,
        symbol: &'static str,
        values: &'static [f32],
        default: f32,
    ) -> Self {
        Self { key, symbol, values, names: &[], default, breaks: None, only_at: None }
    }

    /// One of a few things, the first unless something else is said.
    pub const fn choice(key: &'static str, names: &'static [&'static str]) -> Self {
        Self { names, ..Self::new(key, "", NUMBERS.split_at(names.len()).0, 0.0) }
    }

    /// The same with another default.
    pub const fn at(self, default: f32) -> Self {
        Self { default, ..self }
    }

    /// The same with other values and another default.
    pub const fn of(self, values: &'static [f32], default: f32) -> Self {
        Self { values, default, ..self }
    }

    /// The same, which on this side of its default may make a loss that is no number.
    pub const fn breaks(self, side: Side) -> Self {
        Self { breaks: Some(side), ..self }
    }

    /// The same, which does something only where another stands at this value.
    pub const fn only_at(self, other: &'static Setting, value: f32) -> Self {
        Self { only_at: Some((other, value)), ..self }
    }

    /// How many values it stands from its default, on the side on which it may break a loss.
    fn far(&self, value: f32) -> usize {
        let place = |of: f32| self.values.iter().position(|known| *known == of).unwrap_or(0);
        let (own, usual) = (place(value), place(self.default));
        match self.breaks {
            Some(Side::Above) => own.saturating_sub(usual),
            Some(Side::Below) => usual.saturating_sub(own),
            None => 0,
        }
    }

    /// What a value is called, where it has a name.
    pub fn name_of(&self, value: f32) -> Option<&'static str> {
        let place = self.values.iter().position(|known| *known == value)?;
        self.names.get(place).copied()
    }

    /// The nearest value that it may have.
    pub fn nearest(&self, value: f32) -> f32 {
        let near = |known: &&f32| (**known - value).abs();
        let nearest = self.values.iter().min_by(|one, other| near(one).total_cmp(&near(other)));
        nearest.copied().unwrap_or(self.default)
    }
}

/// Shoppers whose page views are learned from.
pub const SHOPPERS: Setting =
    Setting::new("shoppers", "", &[50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0], 400.0);
/// What it begins with: nothing, or weights that ship.
pub const SHIPPED: Setting = Setting::choice("from", &["nothing", "shipped"]);
/// E, number of experts.
pub const EXPERTS: Setting = Setting::new("experts", "E", &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0], 4.0);
/// Times that everything is seen.
pub const EPOCHS: Setting = Setting::new("epochs", "", &[1.0, 2.0, 4.0, 8.0], 2.0);
/// Samples a step.
pub const BATCH: Setting = Setting::new("batch", "B", &[8.0, 16.0, 32.0, 64.0, 128.0], 32.0);
/// The optimiser's step size.
pub const RATE: Setting =
    Setting::new("rate", "η", &[0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 1.0], 0.002)
        .breaks(Side::Above);
/// Weight of the last task's loss; that of the click task is 1.
pub const LAMBDA: Setting =
    Setting::new("lambda", "λ", &[0.0, 1.0, 4.0, 16.0, 64.0], 4.0).breaks(Side::Above);
/// Weight of the loss that keeps all experts in use.
pub const BALANCE: Setting = Setting::new("balance", "", &[0.0, 0.005, 0.05, 0.5], 0.005);
/// Deviation of the noise on the gates' logits while they learn.
pub const NOISE: Setting =
    Setting::new("noise", "σ", &[0.0, 0.25, 0.5, 1.0, 2.0], 0.0).breaks(Side::Above);
/// Share of an expert's values that are left out of a step while it learns.
pub const DROPOUT: Setting = Setting::new("dropout", "p", &[0.0, 0.1, 0.2, 0.4, 0.6, 0.8], 0.0);
/// What follows the gradient: [`Optimiser`].
pub const OPTIMISER: Setting = Setting::choice("optimiser", Optimiser::KEYS);
/// Seed of weights and order.
pub const SEED: Setting = Setting::new("seed", "", &[1.0, 2.0, 3.0, 4.0, 5.0], 1.0);

/// What follows the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimiser {
    /// Adam: steps of about the same size for every parameter.
    Adam,
    /// AdaGrad: steps that become smaller the more a parameter has moved.
    AdaGrad,
}

impl Optimiser {
    /// Their names in links, in the order of their values.
    pub const KEYS: &[&str] = &["adam", "adagrad"];

    /// The one that is chosen.
    pub fn of(chosen: &Chosen) -> Self {
        if chosen.get(&OPTIMISER) > 0.0 { Self::AdaGrad } else { Self::Adam }
    }
}

/// What a system that learns does in the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It retrieves.
    Retrieves,
    /// It ranks what was retrieved.
    Ranks,
}

impl Role {
    /// Both, in the order in which a request comes by them.
    pub const ALL: [Self; 2] = [Self::Retrieves, Self::Ranks];

    /// The knob that says with which weights it does so.
    pub fn weights(self) -> &'static Knob {
        match self {
            Self::Retrieves => &RETRIEVER_WEIGHTS,
            Self::Ranks => &WEIGHTS,
        }
    }

    /// The knobs that say who does it, and with which of its networks.
    pub fn chosen(self, settings: &Settings) -> Vec<&'static Knob> {
        match self {
            Self::Retrieves => [&[&RETRIEVER], registry::retriever(settings).networks].concat(),
            Self::Ranks => [&[&RANKER], registry::ranker(settings).networks].concat(),
        }
    }

    /// Whether learned weights are asked for.
    pub fn asks(self, settings: &Settings) -> bool {
        settings.number(self.weights()) == Weights::Learned.value()
    }

    /// Has a state with these settings do it with learned weights of this variant of a system.
    pub fn serve_with(self, settings: &mut Settings, variant: &Settings) {
        for knob in self.chosen(variant) {
            settings.set(knob, variant.number(knob));
        }
        settings.set(self.weights(), Weights::Learned.value());
    }
}

/// Has a state with these settings rank with learned weights of this variant of a ranker.
pub fn rank_with(settings: &mut Settings, variant: &Settings) {
    Role::Ranks.serve_with(settings, variant);
}

/// The training of the ranker that such settings choose; none of a ranker that learns nothing.
pub fn of_ranker(settings: &Settings) -> Option<&'static Learning> {
    registry::ranker(settings).learns
}

/// A system's training in the tab.
pub struct Learning {
    /// Name of the system in links, files and words.
    pub key: &'static str,
    /// The knob that puts it to use.
    pub knob: &'static Knob,
    /// Knobs that say what learns, or what for.
    pub knobs: &'static [&'static Knob],
    /// What its samples are; words under "learn.unit.".
    pub unit: &'static str,
    /// What it can be told, in the order in which it is shown.
    pub settings: &'static [&'static Setting],
    /// What is measured of it, that which it learns for first; words under "learn.measure.".
    pub measures: &'static [&'static str],
    /// Gates whose weights are seen; words under "learn.gate.".
    pub gates: &'static [&'static str],
    /// Curves beside the truth; words under "learn.curve.".
    pub curves: &'static [&'static str],
}

impl Learning {
    /// What its knob stands at where it is in use.
    pub fn value(&self) -> f32 {
        match self.knob.control {
            Control::Choice(options) => {
                options.iter().position(|option| *option == self.key).unwrap_or(0) as f32
            }
            _ => 0.0,
        }
    }

    /// Which variant of it such settings choose, or what it learns for, with the system in use.
    pub fn variant(&self, settings: &Settings) -> Settings {
        settings.only(self.knobs).with(self.knob, self.value())
    }

    /// What it does in the funnel.
    pub fn role(&self) -> Role {
        if self.knob.key == RANKER.key { Role::Ranks } else { Role::Retrieves }
    }

    /// Whether it ranks.
    pub fn ranks(&self) -> bool {
        self.role() == Role::Ranks
    }
}

impl PartialEq for Learning {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.key)
    }
}

/// Which system learns, and a value of every setting that its training has.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    learning: &'static Learning,
    values: Vec<f32>,
}

impl Default for Chosen {
    fn default() -> Self {
        Self::new(LEARNERS[0])
    }
}

impl Chosen {
    /// A system as its training comes.
    pub fn new(learning: &'static Learning) -> Self {
        let values = learning.settings.iter().map(|setting| setting.default).collect();
        Self { learning, values }
    }

    /// Which system learns.
    pub fn learning(&self) -> &'static Learning {
        self.learning
    }

    /// The value of the system's setting of this key; where it has none, the default.
    pub fn get(&self, setting: &Setting) -> f32 {
        self.place(setting).map_or(setting.default, |place| self.values[place])
    }

    /// The number that is meant, and not the nearest of single precision.
    pub fn exact(&self, setting: &Setting) -> f64 {
        let value = self.get(setting);
        value.to_string().parse().unwrap_or(f64::from(value))
    }

    /// A whole number.
    pub fn count(&self, setting: &Setting) -> usize {
        self.get(setting) as usize
    }

    /// Sets the system's setting of this key to the nearest value that it may have.
    pub fn set(&mut self, setting: &Setting, value: f32) {
        if let Some(place) = self.place(setting) {
            self.values[place] = self.learning.settings[place].nearest(value);
        }
    }

    /// Whether a setting does anything as the others stand.
    pub fn counts(&self, setting: &Setting) -> bool {
        setting.only_at.is_none_or(|(other, value)| self.get(other) == value)
    }

    /// The setting that is likeliest to have made a loss that is no number any more: of those that can, the
    /// one that is most values away from its default. The step size where none is further.
    pub fn suspect(&self) -> &'static Setting {
        let suspects = self.each().filter(|(setting, _)| self.counts(setting));
        let worst =
            suspects.max_by_key(|(setting, value)| (setting.far(*value), setting.key == RATE.key));
        worst.map_or(self.learning.settings[0], |(setting, _)| setting)
    }

    /// Settings with their values, in their order.
    pub fn each(&self) -> impl Iterator<Item = (&'static Setting, f32)> {
        self.learning.settings.iter().copied().zip(self.values.iter().copied())
    }

    /// The number of the system among those that learn, and all values.
    pub fn numbers(&self) -> Vec<f32> {
        let number = LEARNERS.iter().position(|known| *known == self.learning).unwrap_or(0);
        [number as f32].into_iter().chain(self.values.iter().copied()).collect()
    }

    /// What such numbers choose; what there are none of stands as it comes.
    pub fn of(numbers: &[f32]) -> Self {
        let number = numbers.first().map_or(0, |&number| number as usize);
        let mut chosen = Self::new(LEARNERS.get(number).copied().unwrap_or(LEARNERS[0]));
        let settings = chosen.learning.settings;
        let values = numbers.iter().skip(1);
        settings.iter().zip(values).for_each(|(setting, &value)| chosen.set(setting, value));
        chosen
    }

    fn place(&self, setting: &Setting) -> Option<usize> {
        self.learning.settings.iter().position(|known| known.key == setting.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mlpr, yandex};

    #[test]
    fn every_default_may_be_chosen_and_every_name_has_a_value() {
        for setting in LEARNERS.into_iter().flat_map(|learning| learning.settings) {
            assert!(setting.values.contains(&setting.default), "{}", setting.key);
            assert!(setting.values.is_sorted(), "{}", setting.key);
            assert!([0, setting.values.len()].contains(&setting.names.len()), "{}", setting.key);
        }
    }

    #[test]
    fn every_system_has_shoppers_a_batch_and_a_seed_and_each_key_once() {
        for learning in LEARNERS {
            let keys: Vec<&str> = learning.settings.iter().map(|setting| setting.key).collect();
            for common in [SHOPPERS, EPOCHS, BATCH, RATE, SEED] {
                let count = keys.iter().filter(|key| **key == common.key).count();
                assert_eq!(count, 1, "{learning:?} {}", common.key);
            }
        }
    }

    #[test]
    fn what_broke_a_loss_is_what_stands_furthest_from_its_default() {
        let suspect = |key: &str, told: &[(&str, f32)]| {
            let learning = LEARNERS.into_iter().find(|of| of.key == key).expect("it learns");
            let mut chosen = Chosen::new(learning);
            for (key, value) in told {
                let setting = learning.settings.iter().find(|of| of.key == *key).expect("its own");
                chosen.set(setting, *value);
            }
            chosen.suspect()
        };
        for learning in LEARNERS {
            assert_eq!(suspect(learning.key, &[]).key, "rate", "{learning:?}");
        }
        type Told = &'static [(&'static str, f32)];
        let cases: [(&str, Told, &str); 8] = [
            ("dmt", &[("rate", 1.0), ("noise", 0.5)], "rate"),
            ("dmt", &[("rate", 0.005), ("noise", 2.0)], "noise"),
            // Two values each: the step size.
            ("dmt", &[("rate", 0.01), ("lambda", 64.0)], "rate"),
            ("dmt", &[("rate", 0.0002), ("lambda", 16.0), ("dropout", 0.8)], "lambda"),
            ("moppr", &[("tau", 0.005), ("rate", 0.02)], "tau"),
            ("moppr", &[("tau", 0.5)], "rate"),
            ("mlpr", &[("weighting", 1.0), ("lambda-cart", 64.0)], "lambda-cart"),
            // By their uncertainty, tasks have no fixed weights.
            ("mlpr", &[("weighting", 0.0), ("lambda-cart", 64.0)], "rate"),
        ];
        for (system, told, cause) in cases {
            assert_eq!(suspect(system, told).key, cause, "{system} {told:?}");
        }
        assert_eq!(suspect("moppr", &[("tau", 0.005)]).breaks, Some(Side::Below));
        assert_eq!(suspect("dmt", &[]).breaks, Some(Side::Above));
    }

    #[test]
    fn its_knob_chooses_it() {
        let chosen = |learning: &Learning| match learning.knob.control {
            Control::Choice(options) => options[learning.value() as usize],
            _ => "",
        };
        assert_eq!(LEARNERS.map(chosen), LEARNERS.map(|learning| learning.key));
    }

    #[test]
    fn whoever_says_that_it_learns_is_listed_once_rankers_first() {
        let rankers =
            registry::RANKERS.into_iter().filter_map(|of| Some((of.key, true, of.learns?)));
        let retrievers = registry::RETRIEVERS.into_iter();
        let retrievers = retrievers.filter_map(|of| Some((of.key, false, of.learns?)));
        let said: Vec<(&str, bool, &Learning)> = rankers.chain(retrievers).collect();
        assert_eq!(said.iter().map(|(.., learning)| *learning).collect::<Vec<_>>(), LEARNERS);
        for (key, ranks, learning) in said {
            assert_eq!((learning.key, learning.ranks()), (key, ranks));
        }
    }

    #[test]
    fn learned_weights_of_both_roles_are_asked_for_side_by_side() {
        let mut settings = Settings::default().with(&yandex::STAGE, 1.0);
        assert_eq!(Role::ALL.map(|role| role.asks(&settings)), [false, false]);
        let variant = yandex::LEARNING.variant(&settings);
        Role::Retrieves.serve_with(&mut settings, &variant);
        assert_eq!(registry::retriever(&settings), &yandex::RETRIEVER);
        assert_eq!(settings.number(&yandex::STAGE), 0.0, "its variant is the one that learns");
        assert_eq!(Role::ALL.map(|role| role.asks(&settings)), [true, false]);
        rank_with(&mut settings, &mlpr::LEARNING.variant(&Settings::default()));
        assert_eq!(registry::ranker(&settings), &mlpr::RANKER);
        assert_eq!(Role::ALL.map(|role| role.asks(&settings)), [true, true]);
    }

    #[test]
    fn numbers_are_read_as_they_were_chosen() {
        for learning in LEARNERS {
            let mut chosen = Chosen::new(learning);
            chosen.set(&SEED, 3.0);
            chosen.set(&SHOPPERS, 1e9);
            assert_eq!(chosen.get(&SEED), 3.0);
            assert_eq!(Chosen::of(&chosen.numbers()), chosen);
        }
        assert_eq!(Chosen::of(&[1e9, f32::NAN]).learning(), LEARNERS[0]);
        assert_eq!(Chosen::of(&[]), Chosen::default());
    }
}
