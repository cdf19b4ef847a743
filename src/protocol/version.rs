//! Which version of the messages a program speaks.

use systems::Ranker;
use systems::knob::Control;
use systems::learning::{Learning, Setting};
use systems::registry::{KNOBS, LEARNERS, RANKERS};

/// A hash of the files that declare what messages hold, of the knobs and of what trainings are told, both of
/// which travel as numbers, and of the rankers' tasks, whose scores do: a cached engine of another version is
/// refused, and nobody has to remember to raise a number.
pub const PROTOCOL_VERSION: u32 = {
    let files = hash(&[
        include_bytes!("lib.rs"),
        include_bytes!("answer.rs"),
        include_bytes!("question.rs"),
        include_bytes!("shop.rs"),
        include_bytes!("trace.rs"),
        include_bytes!("block.rs"),
        include_bytes!("learn.rs"),
        include_bytes!("machine.rs"),
        include_bytes!("prepared.rs"),
        include_bytes!("../link/recipe.rs"),
        include_bytes!("../wire/lib.rs"),
        include_bytes!("../link/state.rs"),
        include_bytes!("../market/catalogue.rs"),
        include_bytes!("../market/history.rs"),
        include_bytes!("../market/product.rs"),
        include_bytes!("../market/language/mod.rs"),
        include_bytes!("../market/metrics/measure.rs"),
        include_bytes!("../systems/knob.rs"),
        include_bytes!("../systems/lib.rs"),
        include_bytes!("../systems/registry.rs"),
    ]);
    with_learners(with_rankers(with_knobs(files), &RANKERS), &LEARNERS)
};

/// FNV-1a over the bytes of all files.
const fn hash(files: &[&[u8]]) -> u32 {
    let (mut hash, mut file) = (0x811c_9dc5, 0);
    while file < files.len() {
        hash = hashed(hash, files[file]);
        file += 1;
    }
    hash
}

/// FNV-1a over more bytes.
const fn hashed(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut byte = 0;
    while byte < bytes.len() {
        hash = (hash ^ bytes[byte] as u32).wrapping_mul(0x0100_0193);
        byte += 1;
    }
    hash
}

/// With every knob as it is declared: its name, where it stands while no setting travels, and what its
/// options are, which travel as their numbers. The systems are options.
const fn with_knobs(mut hash: u32) -> u32 {
    let mut knob = 0;
    while knob < KNOBS.len() {
        hash = hashed(hash, KNOBS[knob].key.as_bytes());
        hash = hashed(hash, &KNOBS[knob].default.to_bits().to_le_bytes());
        if let Control::Choice(options) = KNOBS[knob].control {
            let mut option = 0;
            while option < options.len() {
                hash = hashed(hash, options[option].as_bytes());
                option += 1;
            }
        }
        knob += 1;
    }
    hash
}

/// With the tasks of each ranker, in the order in which scores have them.
const fn with_rankers(mut hash: u32, rankers: &[&Ranker]) -> u32 {
    let mut ranker = 0;
    while ranker < rankers.len() {
        let Ranker { key, tasks, .. } = rankers[ranker];
        hash = hashed(hash, key.as_bytes());
        let mut task = 0;
        while task < tasks.len() {
            hash = hashed(hash, &[tasks[task] as u8]);
            task += 1;
        }
        ranker += 1;
    }
    hash
}

/// With what each system that learns can be told, which travels by its place: names, defaults, and which values
/// there are.
const fn with_learners(mut hash: u32, learners: &[&Learning]) -> u32 {
    let mut learner = 0;
    while learner < learners.len() {
        let Learning { key, settings, .. } = learners[learner];
        hash = hashed(hash, key.as_bytes());
        let mut setting = 0;
        while setting < settings.len() {
            let Setting { key, default, values, names, .. } = settings[setting];
            hash = hashed(hash, key.as_bytes());
            hash = hashed(hash, &default.to_bits().to_le_bytes());
            let mut value = 0;
            while value < values.len() {
                hash = hashed(hash, &values[value].to_bits().to_le_bytes());
                value += 1;
            }
            let mut name = 0;
            while name < names.len() {
                hash = hashed(hash, names[name].as_bytes());
                name += 1;
            }
            setting += 1;
        }
        learner += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::Task;

    #[test]
    fn the_version_hangs_on_the_order_of_a_rankers_tasks() {
        let of = |tasks: &'static [Task]| with_rankers(1, &[&Ranker { tasks, ..*RANKERS[0] }]);
        let one: &'static [Task] = &[Task::Click, Task::Order];
        let other: &'static [Task] = &[Task::Order, Task::Click];
        assert_eq!(of(one), of(one));
        assert_ne!(of(one), of(other));
        assert_ne!(of(one), of(&one[..1]));
        assert_ne!(of(&[]), with_rankers(1, &[]));
    }

    #[test]
    fn the_version_hangs_on_what_a_training_can_be_told() {
        const RATE: Setting = Setting::new("rate", "", &[0.1, 0.2], 0.1);
        const LATER: Setting = RATE.at(0.2);
        const MORE: Setting = RATE.of(&[0.1, 0.2, 0.3], 0.1);
        const SEED: Setting = Setting::new("seed", "", &[0.1, 0.2], 0.1);
        const WAY: Setting = Setting::choice("way", &["up", "down"]);
        const BACK: Setting = Setting::choice("way", &["down", "up"]);
        let of = |settings: &'static [&'static Setting]| {
            with_learners(1, &[&Learning { settings, ..*LEARNERS[0] }])
        };
        let known = of(&[&RATE, &WAY]);
        assert_eq!(of(&[&RATE, &WAY]), known);
        let others: [&'static [&'static Setting]; 6] = [
            &[&WAY, &RATE],
            &[&LATER, &WAY],
            &[&MORE, &WAY],
            &[&SEED, &WAY],
            &[&RATE, &BACK],
            &[&RATE],
        ];
        for (number, other) in others.into_iter().enumerate() {
            assert_ne!(of(other), known, "{number}");
        }
        let named = |key| with_learners(1, &[&Learning { key, ..*LEARNERS[0] }]);
        assert_ne!(named("one"), named("other"));
    }
}
