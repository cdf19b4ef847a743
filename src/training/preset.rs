//! The sizes that networks are trained at.

use nets::models::dmt::DmtConfig;
use nets::models::mlpr::MlprConfig;
use nets::models::moppr::MopprConfig;
use nets::models::vocabulary::Vocabulary;
use nets::models::yandex::YandexConfig;

/// Sizes of all systems' networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// What the page ships.
    #[default]
    Playground,
    /// The papers'. The page does not take them.
    Paper,
}

impl Preset {
    /// MOPPR's sizes.
    pub fn moppr(self, vocabulary: Vocabulary) -> MopprConfig {
        match self {
            Self::Playground => MopprConfig::playground(vocabulary),
            Self::Paper => MopprConfig::paper(vocabulary),
        }
    }

    /// DMT's sizes, with so many dense features.
    pub fn dmt(self, vocabulary: Vocabulary, dense: usize) -> DmtConfig {
        match self {
            Self::Playground => DmtConfig::playground(vocabulary, dense),
            Self::Paper => DmtConfig::paper(vocabulary, dense),
        }
    }

    /// Sizes of Yandex's towers.
    pub fn yandex(self) -> YandexConfig {
        match self {
            Self::Playground => YandexConfig::playground(),
            Self::Paper => YandexConfig::paper(),
        }
    }

    /// MLPR's sizes, its BERT's among them, with so many wide features.
    pub fn mlpr(self, wide: usize) -> MlprConfig {
        match self {
            Self::Playground => MlprConfig::playground(wide),
            Self::Paper => MlprConfig::paper(wide),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use burn::module::Module;
    use nets::models::weights::{About, Weights};

    /// Names of the arrays that are the same in two models, and how many numbers a model has.
    pub fn still<M: Module>(before: &M, after: &M) -> (Vec<String>, usize) {
        let about = About::new("", 0, "", &()).unwrap();
        let weights = |model: &M| Weights::of(model, about.clone()).unwrap().arrays;
        let (before, after) = (weights(before), weights(after));
        let count = after.values().map(|array| array.values.len()).sum();
        let same = after.into_iter().filter(|(name, array)| before[name] == *array);
        (same.map(|(name, _)| name).collect(), count)
    }
}
