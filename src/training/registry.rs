//! Every system that learns in the tab, a line each.

use super::learning::Learns;
use super::{dmt, mlpr, moppr, yandex};
use systems::learning::Chosen;
use systems::registry;

/// Every system that learns in the tab, in the order of [`registry::LEARNERS`].
pub static LEARNERS: [&dyn Learns; registry::LEARNERS.len()] =
    [&dmt::learn::Dmt, &moppr::learn::Moppr, &yandex::learn::Yandex, &mlpr::learn::Mlpr];

/// The one that was chosen.
pub fn learner(chosen: &Chosen) -> &'static dyn Learns {
    // All that the registry has have a line: a test holds the two lists together.
    let known = LEARNERS.into_iter().find(|system| system.learning() == chosen.learning());
    known.unwrap_or(LEARNERS[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::learning::Learning;

    #[test]
    fn who_declares_to_learn_learns() {
        let known: Vec<&Learning> = LEARNERS.iter().map(|system| system.learning()).collect();
        assert_eq!(known, registry::LEARNERS);
        for learning in registry::LEARNERS {
            assert_eq!(learner(&Chosen::new(learning)).learning(), learning);
        }
    }
}
