//! The sizes that networks are trained at.

/// Sizes of a system's networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// What the page ships.
    #[default]
    Playground,
    /// The papers'. The page does not take them.
    Paper,
}

impl Preset {
    /// Of a system's two sizes the one that is meant.
    pub fn of<T>(self, playground: T, paper: T) -> T {
        match self {
            Self::Playground => playground,
            Self::Paper => paper,
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
