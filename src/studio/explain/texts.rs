//! What the panel says: keys of the words, and sentences that depend on numbers.

use page::language::{say, say_with};
use protocol::words::{count, place};
use protocol::{Passage, Trace};

pub const FIND: &str = word!("studio.explain.find");
pub const FIND_HINT: &str = word!("studio.explain.find-hint");
pub const NONE_CHOSEN: &str = word!("studio.explain.none-chosen");
pub const FIRST: &str = word!("studio.explain.first");
pub const UNKNOWN: &str = word!("studio.explain.unknown");
pub const ASKING: &str = word!("studio.explain.asking");
pub const STARTING: &str = word!("studio.engine.starting");
pub const WAY: &str = word!("studio.explain.way");
pub const WAY_ABOUT: &str = word!("studio.explain.way-about");
pub const WAY_TABLE: &str = word!("studio.explain.way-table");
pub const RANKER: &str = word!("studio.explain.ranker");
pub const NO_RANKER: &str = word!("studio.explain.no-ranker");
pub const NO_FEATURES: &str = word!("studio.explain.no-features");
pub const PAGE: &str = word!("studio.explain.page");
pub const SCORE: &str = word!("studio.explain.score");
pub const NOT_RANKED: &str = word!("studio.explain.not-ranked");
pub const GATES: &str = word!("studio.explain.gates");
pub const GATES_ABOUT: &str = word!("studio.explain.gates-about");
pub const RETRIEVAL: &str = word!("studio.explain.retrieval");
pub const BASE: &str = word!("studio.explain.base");
pub const SUM: &str = word!("studio.explain.sum");
pub const ATTENTION: &str = word!("studio.explain.attention");
/// The stage that lets nothing through that is sold out.
const STOCK: &str = "stock";
/// The stage that loses what is in a cluster that stays shut.
pub const INDEX: &str = "index";
/// MOPPR's windows over the history, in their order.
pub const SPANS: [&str; 3] = [
    word!("studio.explain.spans.day"),
    word!("studio.explain.spans.days"),
    word!("studio.explain.spans.month"),
];
pub const FEATURES: &str = word!("studio.explain.features");
pub const FEATURES_ABOUT: &str = word!("studio.explain.features-about");
pub const FEATURES_TABLE: &str = word!("studio.explain.features-table");
pub const TASK: &str = word!("studio.explain.task");
pub const ALL_AT_MEAN: &str = word!("studio.explain.all-at-mean");
pub const UTILITY: &str = word!("studio.explain.utility");
pub const CHANGE: &str = word!("studio.explain.change");
pub const CHANGE_ABOUT: &str = word!("studio.explain.change-about");
pub const WORDS: &str = word!("studio.explain.words");
pub const ENTRIES: &str = word!("studio.explain.entries");
pub const HELD: &str = word!("studio.explain.held");
pub const HELD_HEAD: &str = word!("studio.explain.held-head");
pub const STOP: &str = word!("studio.explain.stop");
pub const GO_ON: &str = word!("studio.explain.go-on");
pub const GO_THERE: &str = word!("studio.explain.go-there");
pub const NOTHING_TRIED: &str = word!("studio.explain.nothing-tried");
pub const NOTHING_TO_TRY: &str = word!("studio.explain.nothing-to-try");
pub const PROGRESS: &str = word!("studio.explain.progress");
pub const WAY_HEADS: [&str; 6] = [
    word!("studio.explain.way-heads.1"),
    word!("studio.explain.way-heads.2"),
    word!("studio.explain.way-heads.3"),
    word!("studio.explain.way-heads.4"),
    word!("studio.explain.way-heads.5"),
    word!("studio.explain.way-heads.6"),
];
pub const FEATURES_HEADS: [&str; 4] = [
    word!("studio.explain.features-heads.1"),
    word!("studio.explain.features-heads.2"),
    word!("studio.explain.features-heads.3"),
    word!("studio.explain.features-heads.4"),
];
pub const CHANGE_HEADS: [&str; 3] = [
    word!("studio.explain.change-heads.1"),
    word!("studio.explain.change-heads.2"),
    word!("studio.explain.change-heads.3"),
];

/// What the retriever reads, a group of it.
pub fn group(name: &str) -> &'static str {
    say(&word!("studio.explain.groups.{}", name.replace(' ', "-")))
}

/// How much of the history the retriever reads.
pub fn attends(read: usize, of: usize) -> String {
    match read {
        0 => say(word!("studio.explain.attends.none")).into(),
        read => {
            say_with(word!("studio.explain.attends"), &[("read", &count(read)), ("of", &count(of))])
        }
    }
}

/// What is read beside what is listed.
pub fn others(number: usize) -> String {
    match number {
        1 => say(word!("studio.explain.others.one")).into(),
        number => say_with(word!("studio.explain.others"), &[("count", &count(number))]),
    }
}

/// How far the changes are.
pub fn tried(done: usize, all: usize) -> String {
    match (done, all) {
        (_, 0) => String::new(),
        (done, all) if done == all => {
            say_with(word!("studio.explain.tried.all"), &[("all", &count(all))])
        }
        (done, all) => {
            say_with(word!("studio.explain.tried"), &[("done", &count(done)), ("all", &count(all))])
        }
    }
}

/// Products that were found.
pub fn found(shown: usize, all: usize) -> String {
    let of = &[("all", &*count(all)), ("shown", &*count(shown))];
    match all {
        0 => say(word!("studio.explain.found.none")).into(),
        1 => say(word!("studio.explain.found.one")).into(),
        all if all > shown => say_with(word!("studio.explain.found.some"), of),
        _ => say_with(word!("studio.explain.found.all"), of),
    }
}

/// A product that the shop has and of which no answer has told.
pub fn unnamed(product: u32) -> String {
    say_with(word!("studio.unnamed"), &[("number", &product.to_string())])
}

/// A stage's name.
pub fn stage(key: &str) -> &'static str {
    say(&word!("studio.explain.stage.{}", key))
}

/// What a stage judges by.
pub fn judged_by(key: &str) -> &'static str {
    say(&word!("studio.explain.judged.{}", key))
}

/// What became of the product at a stage.
pub fn verdict(passage: &Passage, first_loss: bool, value: &str) -> String {
    if passage.passed {
        return match first_loss {
            true => say(word!("studio.explain.verdict.goes-on")).into(),
            false => say(word!("studio.explain.verdict.would-go-on")).into(),
        };
    }
    if passage.stage == STOCK {
        return say(word!("studio.explain.verdict.sold-out")).into();
    }
    let end = match first_loss {
        true => say(word!("studio.explain.verdict.lost")),
        false => say(word!("studio.explain.verdict.would-be-lost")),
    };
    if passage.stage == INDEX {
        return say_with(word!("studio.explain.verdict.not-looked"), &[("end", end)]);
    }
    let short = passage.place.map(|place| place.saturating_sub(passage.left) + 1);
    let places = count(short.unwrap_or_default() as usize);
    let values = &[("end", end), ("value", value), ("places", &places)];
    match short {
        Some(_) if passage.least.is_nan() => say_with(word!("studio.explain.verdict.late"), values),
        Some(_) => say_with(word!("studio.explain.verdict.places"), values),
        None => say_with(word!("studio.explain.verdict.short"), values),
    }
}

/// Where a product stands, in short.
pub fn standing(trace: &Trace, lost: Option<&Passage>) -> String {
    match lost {
        None => place(trace.rank as usize + 1),
        Some(passage) => match passage.place {
            Some(at) => say_with(
                word!("studio.explain.standing.lost-at"),
                &[("place", &place(at as usize + 1))],
            ),
            None => say(word!("studio.explain.standing.lost")).into(),
        },
    }
}

/// What became of the product at the ranker.
pub fn at_ranker(trace: &Trace, lost: bool) -> String {
    let (place, ranked) = (place(trace.rank as usize + 1), count(trace.ranked as usize + 1));
    match lost {
        false => say_with(word!("studio.explain.ranker.stands"), &[("place", &place)]),
        true => say_with(
            word!("studio.explain.ranker.would-stand"),
            &[("place", &place), ("ranked", &ranked)],
        ),
    }
}

/// Where a product stands, as a sentence about it.
pub fn stands(trace: &Trace, lost: Option<&Passage>) -> String {
    let (place, ranked) = (place(trace.rank as usize + 1), trace.ranked as usize);
    match lost {
        None => say_with(
            word!("studio.explain.stands"),
            &[("place", &place), ("ranked", &count(ranked))],
        ),
        Some(passage) if passage.stage == STOCK => say_with(
            word!("studio.explain.stands.sold-out"),
            &[("place", &place), ("ranked", &count(ranked + 1))],
        ),
        Some(passage) => say_with(
            word!("studio.explain.stands.lost"),
            &[("stage", stage(&passage.stage)), ("place", &place), ("ranked", &count(ranked + 1))],
        ),
    }
}

/// What became of the product on the page.
pub fn on_page(rank: usize, size: usize) -> String {
    let places = count(rank.saturating_sub(size) + 1);
    match rank / size + 1 {
        1 => say(word!("studio.explain.page.first")).into(),
        page => say_with(
            word!("studio.explain.page.later"),
            &[("page", &count(page)), ("places", &places)],
        ),
    }
}
