//! What a training in the tab is told. It is in the link, so that who opens that learns the same run
//! to the same numbers.

use std::ops::{Deref, DerefMut};

use super::knobs::decimal;
use market::language::Message;
pub use systems::learning::*;
use systems::registry::LEARNERS;

/// The name of the system in links.
const SYSTEM: &str = "system";

/// Which system learns, and a value of every setting of its training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe(Chosen);

impl Deref for Recipe {
    type Target = Chosen;

    fn deref(&self) -> &Chosen {
        &self.0
    }
}

impl DerefMut for Recipe {
    fn deref_mut(&mut self) -> &mut Chosen {
        &mut self.0
    }
}

impl Recipe {
    /// A system's training as it comes.
    pub fn new(learning: &'static Learning) -> Self {
        Self(Chosen::new(learning))
    }

    /// Its part of a link, `system:moppr,rate:0.01`; an empty text where all is as it comes.
    pub fn write(&self) -> String {
        let system = Some(self.learning()).filter(|learning| *learning != LEARNERS[0]);
        let system = system.map(|learning| format!("{SYSTEM}:{}", learning.key));
        let written = self.each().filter(|(setting, value)| *value != setting.default);
        let written = written.map(|(setting, value)| match setting.name_of(value) {
            Some(name) => format!("{}:{name}", setting.key),
            None => format!("{}:{value}", setting.key),
        });
        system.into_iter().chain(written).collect::<Vec<_>>().join(",")
    }

    /// Reads its part of a link as far as that goes: what is of no setting of the system, is no number
    /// and no name, or is none of a setting's values is said, and for the last the nearest is taken.
    pub fn read(text: &str) -> (Self, Vec<Message>) {
        let mut wrong = Vec::new();
        let parts = || text.split(',').filter(|part| !part.is_empty());
        let of_system = |part: &str| part.split_once(':').is_some_and(|(key, _)| key == SYSTEM);
        let mut recipe = Self::default();
        for part in parts().filter(|part| of_system(part)) {
            let known =
                LEARNERS.into_iter().find(|known| part.ends_with(&[":", known.key].concat()));
            match known {
                Some(learning) => recipe = Self::new(learning),
                None => wrong.push(Message::new(word!("link.recipe")).with("value", part)),
            }
        }
        for part in parts().filter(|part| !of_system(part)) {
            let found = part.split_once(':').and_then(|(key, value)| {
                let (setting, _) = recipe.each().find(|(setting, _)| setting.key == key)?;
                let named = setting.names.iter().position(|name| *name == value);
                let named = named.map(|place| setting.values[place]);
                Some((setting, named.or_else(|| Some(decimal(value)? as f32))?))
            });
            let Some((setting, value)) = found else {
                wrong.push(Message::new(word!("link.recipe")).with("value", part));
                continue;
            };
            recipe.set(setting, value);
            let taken = recipe.get(setting);
            if taken != value {
                let taken = taken.to_string();
                let says = Message::new(word!("link.recipe-range")).with("value", part);
                wrong.push(says.with("taken", taken));
            }
        }
        (recipe, wrong)
    }

    /// The number of its system and all values, in the order of the system's settings.
    pub fn values(&self) -> Vec<f32> {
        self.numbers()
    }

    /// The recipe of such values; those that there are none of stand as they come.
    pub fn of(values: &[f32]) -> Self {
        Self(Chosen::of(values))
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
        recipe.set(&SHIPPED, 1.0);
        assert_eq!(recipe.write(), "from:shipped,experts:2,rate:0.01");
        assert_eq!(Recipe::read(&recipe.write()), (recipe.clone(), vec![]));
        assert_eq!(Recipe::of(&recipe.values()), recipe);
    }

    #[test]
    fn a_link_from_before_there_were_other_systems_reads_as_before() {
        let (recipe, wrong) = Recipe::read("from:1,experts:2,rate:0.01");
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(recipe.learning(), LEARNERS[0]);
        assert_eq!(recipe.get(&SHIPPED), 1.0);
        assert_eq!((recipe.get(&EXPERTS), recipe.get(&RATE)), (2.0, 0.01));
    }

    #[test]
    fn every_system_is_in_the_link_with_its_settings() {
        for learning in LEARNERS {
            let mut recipe = Recipe::new(learning);
            for setting in learning.settings {
                recipe.set(setting, setting.values[setting.values.len() - 1]);
            }
            assert_eq!(Recipe::read(&recipe.write()), (recipe.clone(), vec![]));
            let (read, wrong) = Recipe::read(&format!("seed:2,system:{}", learning.key));
            assert!(wrong.is_empty(), "{wrong:?}");
            assert_eq!((read.learning(), read.get(&SEED)), (learning, 2.0));
        }
    }

    #[test]
    fn the_impossible_is_said_and_the_nearest_taken() {
        let text = "experts:1000000,rate:NaN,glue:3,shoppers:0,epochs,system:none";
        let (recipe, wrong) = Recipe::read(text);
        assert_eq!(recipe.get(&EXPERTS), 8.0);
        assert_eq!(recipe.get(&SHOPPERS), 50.0);
        assert_eq!(recipe.get(&RATE), RATE.default);
        assert_eq!(recipe.learning(), LEARNERS[0]);
        assert_eq!(wrong.len(), 6);
    }
}
