//! What a training in the tab is told. It is in the link, so that who opens that learns the same run
//! to the same numbers.

use super::knobs::decimal;
use market::language::Message;

/// A setting of a training: one of a few values.
#[derive(Debug)]
pub struct Setting {
    /// Its name in links.
    pub key: &'static str,
    /// What it is called in papers; an empty text where it is nothing there.
    pub symbol: &'static str,
    /// What it may be, in rising order.
    pub values: &'static [f32],
    /// What it is unless something else is said.
    pub default: f32,
}

impl Setting {
    const fn new(
        key: &'static str,
        symbol: &'static str,
        values: &'static [f32],
        default: f32,
    ) -> Self {
        Self { key, symbol, values, default }
    }
}

/// Shoppers whose page views are learned from.
pub static SHOPPERS: Setting =
    Setting::new("shoppers", "", &[50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0], 400.0);
/// What it begins with: nothing (0), or the weights that ship (1).
pub static SHIPPED: Setting = Setting::new("from", "", &[0.0, 1.0], 0.0);
/// E, number of experts.
pub static EXPERTS: Setting = Setting::new("experts", "E", &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0], 4.0);
/// Times that every page view is seen.
pub static EPOCHS: Setting = Setting::new("epochs", "", &[1.0, 2.0, 4.0, 8.0], 2.0);
/// Page views a step.
pub static BATCH: Setting = Setting::new("batch", "B", &[8.0, 16.0, 32.0, 64.0, 128.0], 32.0);
/// Adam's step size.
pub static RATE: Setting =
    Setting::new("rate", "η", &[0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 1.0], 0.002);
/// lambda of the order task (DMT equation 5); that of the click task is 1.
pub static LAMBDA: Setting = Setting::new("lambda", "λ", &[0.0, 1.0, 4.0, 16.0], 4.0);
/// Weight of the loss that keeps all experts in use.
pub static BALANCE: Setting = Setting::new("balance", "", &[0.0, 0.005, 0.05, 0.5], 0.005);
/// Seed of weights and order.
pub static SEED: Setting = Setting::new("seed", "", &[1.0, 2.0, 3.0, 4.0, 5.0], 1.0);

/// All of them, in the order in which they are shown.
pub static SETTINGS: [&Setting; 9] =
    [&SHOPPERS, &SHIPPED, &EXPERTS, &EPOCHS, &BATCH, &RATE, &LAMBDA, &BALANCE, &SEED];

/// A value of every setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe([f32; SETTINGS.len()]);

impl Default for Recipe {
    fn default() -> Self {
        Self(SETTINGS.map(|setting| setting.default))
    }
}

impl Recipe {
    /// The value of a setting.
    pub fn get(&self, setting: &Setting) -> f32 {
        self.place(setting).map_or(setting.default, |place| self.0[place])
    }

    /// Sets it to the nearest value that it may have.
    pub fn set(&mut self, setting: &Setting, value: f32) {
        if let Some(place) = self.place(setting) {
            let near = |known: &&f32| (**known - value).abs();
            let values = setting.values.iter();
            let nearest = values.min_by(|one, other| near(one).total_cmp(&near(other)));
            self.0[place] = nearest.copied().unwrap_or(setting.default);
        }
    }

    fn place(&self, setting: &Setting) -> Option<usize> {
        SETTINGS.iter().position(|known| known.key == setting.key)
    }

    /// Its part of a link, `rate:0.01,experts:2`; an empty text where all is as it comes.
    pub fn write(&self) -> String {
        let written =
            SETTINGS.iter().zip(self.0).filter(|(setting, value)| *value != setting.default);
        written
            .map(|(setting, value)| format!("{}:{value}", setting.key))
            .collect::<Vec<_>>()
            .join(",")
    }

    /// Reads its part of a link as far as that goes: what is of no setting, is no number, or is none
    /// of a setting's values is said, and for the last the nearest is taken.
    pub fn read(text: &str) -> (Self, Vec<Message>) {
        let (mut recipe, mut wrong) = (Self::default(), Vec::new());
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let found = part.split_once(':').and_then(|(key, value)| {
                let setting = SETTINGS.into_iter().find(|setting| setting.key == key)?;
                Some((setting, decimal(value)? as f32))
            });
            let Some((setting, value)) = found else {
                wrong.push(Message::new(word!("link.recipe")).with("value", part));
                continue;
            };
            recipe.set(setting, value);
            if recipe.get(setting) != value {
                let taken = recipe.get(setting).to_string();
                let says = Message::new(word!("link.recipe-range")).with("value", part);
                wrong.push(says.with("taken", taken));
            }
        }
        (recipe, wrong)
    }

    /// All values, in the order of [`SETTINGS`].
    pub fn values(&self) -> Vec<f32> {
        self.0.to_vec()
    }

    /// The recipe of such values; those that there are none of stand as they come.
    pub fn of(values: &[f32]) -> Self {
        let mut recipe = Self::default();
        SETTINGS.iter().zip(values).for_each(|(setting, &value)| recipe.set(setting, value));
        recipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut recipe = Recipe::default();
        assert_eq!(recipe.write(), "");
        recipe.set(&RATE, 0.01);
        recipe.set(&EXPERTS, 2.0);
        assert_eq!(recipe.write(), "experts:2,rate:0.01");
        assert_eq!(Recipe::read(&recipe.write()), (recipe.clone(), vec![]));
        assert_eq!(Recipe::of(&recipe.values()), recipe);
    }

    #[test]
    fn the_impossible_is_said_and_the_nearest_taken() {
        let (recipe, wrong) = Recipe::read("experts:1000000,rate:NaN,glue:3,shoppers:0,epochs");
        assert_eq!(recipe.get(&EXPERTS), 8.0);
        assert_eq!(recipe.get(&SHOPPERS), 50.0);
        assert_eq!(recipe.get(&RATE), RATE.default);
        assert_eq!(wrong.len(), 5);
    }

    #[test]
    fn every_default_may_be_chosen() {
        for setting in SETTINGS {
            assert!(setting.values.contains(&setting.default), "{}", setting.key);
            assert!(setting.values.is_sorted(), "{}", setting.key);
        }
    }
}
