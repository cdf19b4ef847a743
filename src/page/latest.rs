//! Work that waits for something, of which only what was begun last may still say anything.

use leptos::prelude::*;

/// Counts what is begun. It lives as long as the component that made it.
#[derive(Clone, Copy)]
pub struct Latest(StoredValue<u32>);

/// A piece of work.
#[derive(Clone, Copy)]
pub struct Turn {
    of: StoredValue<u32>,
    number: Option<u32>,
}

impl Latest {
    /// Nothing is begun yet.
    pub fn new() -> Self {
        Self(StoredValue::new(0))
    }

    /// Begins a piece of work; what was begun before is no longer wanted.
    pub fn begin(self) -> Turn {
        let number = self.0.try_update_value(|number| {
            *number += 1;
            *number
        });
        Turn { of: self.0, number }
    }
}

impl Default for Latest {
    fn default() -> Self {
        Self::new()
    }
}

impl Turn {
    /// Nothing was begun since, and the component is still there.
    pub fn is_latest(self) -> bool {
        self.number.is_some() && self.of.try_get_value() == self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_last_is_wanted_until_its_component_is_gone() {
        let owner = Owner::new();
        let (latest, first) = owner.with(|| {
            let latest = Latest::new();
            (latest, latest.begin())
        });
        assert!(first.is_latest());
        let second = latest.begin();
        assert_eq!([first, second].map(Turn::is_latest), [false, true]);
        owner.cleanup();
        assert!(!second.is_latest() && !latest.begin().is_latest());
    }
}
