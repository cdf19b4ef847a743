//! Every system there is, each on a line: what is not here is nowhere. The first is the one that
//! opens.

use crate::knob::{Knob, Needs, Settings};
use crate::learning::Learning;
use crate::shared::{self, BACKEND, RANKER, RETRIEVER, RETRIEVER_WEIGHTS, SURFACE};
use crate::{Ranker, Retriever, bm25, dmt, mlpr, moppr, retrieval_alone, yandex};

/// Systems that retrieve, in the order in which the page offers them.
pub static RETRIEVERS: [&Retriever; 3] = [&moppr::RETRIEVER, &yandex::RETRIEVER, &bm25::RETRIEVER];

/// Systems that rank.
pub static RANKERS: [&Ranker; 3] = [&dmt::RANKER, &mlpr::RANKER, &retrieval_alone::RANKER];

/// What those of them that learn in the tab say of it, in the order in which the studio offers them: who ranks,
/// then who retrieves.
pub static LEARNERS: [&Learning; LEARN] = {
    let mut all = [learning(0); LEARN];
    let mut n = 1;
    while n < LEARN {
        all[n] = learning(n);
        n += 1;
    }
    all
};

/// How many systems learn.
const LEARN: usize = {
    let (mut count, mut n) = (0, 0);
    while n < RANKERS.len() + RETRIEVERS.len() {
        count += learns(n).is_some() as usize;
        n += 1;
    }
    count
};

/// What a system says of its training, rankers counted before retrievers.
const fn learns(number: usize) -> Option<&'static Learning> {
    if number < RANKERS.len() {
        RANKERS[number].learns
    } else {
        RETRIEVERS[number - RANKERS.len()].learns
    }
}

/// The training of this number; where there is none, nothing compiles.
const fn learning(mut number: usize) -> &'static Learning {
    let mut n = 0;
    loop {
        if let Some(learning) = learns(n) {
            if number == 0 {
                return learning;
            }
            number -= 1;
        }
        n += 1;
    }
}

/// Names of the retrievers in links.
pub static RETRIEVER_KEYS: [&str; RETRIEVERS.len()] = {
    let mut keys = [""; RETRIEVERS.len()];
    let mut n = 0;
    while n < keys.len() {
        keys[n] = RETRIEVERS[n].key;
        n += 1;
    }
    keys
};

/// Names of the rankers in links.
pub static RANKER_KEYS: [&str; RANKERS.len()] = {
    let mut keys = [""; RANKERS.len()];
    let mut n = 0;
    while n < keys.len() {
        keys[n] = RANKERS[n].key;
        n += 1;
    }
    keys
};

/// The retriever that is chosen.
pub fn retriever(settings: &Settings) -> &'static Retriever {
    RETRIEVERS[settings.option(&RETRIEVER)]
}

/// The ranker that is chosen.
pub fn ranker(settings: &Settings) -> &'static Ranker {
    RANKERS[settings.option(&RANKER)]
}

/// How many knobs there are.
const COUNT: usize = {
    let mut count = 4 + shared::RETRIEVAL.len() + 1 + shared::RANKING.len();
    let mut n = 0;
    while n < RETRIEVERS.len() {
        count += RETRIEVERS[n].knobs.len();
        n += 1;
    }
    n = 0;
    while n < RANKERS.len() {
        count += RANKERS[n].knobs.len();
        n += 1;
    }
    count + shared::SERVING.len() + shared::PAGE.len()
};

/// Every knob, in the order in which the page shows them.
pub static KNOBS: [&Knob; COUNT] = {
    let mut all = [&SURFACE; COUNT];
    let mut end = with(&mut all, 0, &[&SURFACE, &BACKEND, &RETRIEVER, &RETRIEVER_WEIGHTS]);
    let mut n = 0;
    while n < RETRIEVERS.len() {
        end = with(&mut all, end, RETRIEVERS[n].knobs);
        n += 1;
    }
    end = with(&mut all, end, &shared::RETRIEVAL);
    end = with(&mut all, end, &[&RANKER]);
    end = with(&mut all, end, &shared::RANKING);
    n = 0;
    while n < RANKERS.len() {
        end = with(&mut all, end, RANKERS[n].knobs);
        n += 1;
    }
    end = with(&mut all, end, &shared::SERVING);
    with(&mut all, end, &shared::PAGE);
    all
};

/// Puts knobs into a list from a place on; where they end.
const fn with(all: &mut [&'static Knob; COUNT], from: usize, more: &[&'static Knob]) -> usize {
    let mut n = 0;
    while n < more.len() {
        all[from + n] = more[n];
        n += 1;
    }
    from + n
}

/// Every knob, in the order in which the page shows them.
pub fn knobs() -> impl Iterator<Item = &'static Knob> + Clone {
    KNOBS.iter().copied()
}

/// The knob with this name in links.
pub fn knob(key: &str) -> Option<&'static Knob> {
    knobs().find(|knob| knob.key == key)
}

/// Whether a knob does anything to the systems in use.
pub fn is_in_use(knob: &Knob, settings: &Settings) -> bool {
    let has = |knobs: &[&Knob]| knobs.iter().any(|own| own.key == knob.key);
    let of_retriever = RETRIEVERS.iter().find(|system| has(system.knobs));
    let of_ranker = RANKERS.iter().find(|system| has(system.knobs));
    let tasks = ranker(settings).tasks;
    of_retriever.is_none_or(|system| **system == *retriever(settings))
        && of_ranker.is_none_or(|system| **system == *ranker(settings))
        && match knob.needs {
            Needs::Nothing => true,
            Needs::AnyTask => !tasks.is_empty(),
            Needs::Task(task) => tasks.contains(&task),
            Needs::Bias => ranker(settings).bias.is_some(),
        }
}
