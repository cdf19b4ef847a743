//! What the panel says.

use crate::app::words::{self, count};
use crate::protocol::{Passage, Trace};

pub const FIND: &str = "Find a product of the catalogue";
pub const FIND_HINT: &str = "Title or number";
pub const NONE_CHOSEN: &str = "No product is chosen. Find any product of the catalogue above, or choose “Look inside” on a card of the shelf.";
pub const FIRST: &str = "The first on the shelf";
pub const UNKNOWN: &str = "There is no such product in this catalogue. Find another one above.";
pub const ASKING: &str = "The studio’s engine takes it apart…";
pub const STARTING: &str = "The studio’s engine is starting…";
pub const AGAIN: &str = "Try again";

pub const WAY: &str = "Its way through the funnel";
pub const WAY_ABOUT: &str = "At each stage: how many come in and go on, what the product is judged by, and the least that is enough. Behind the stage that loses it stands what would have become of it.";
pub const WAY_HEADS: [&str; 6] =
    ["Stage", "So", "This product", "Least that goes on", "Come in", "Go on"];
pub const WAY_TABLE: &str = "Stages of the funnel";
pub const RANKER: &str = "Ranker and blend";
pub const PAGE: &str = "Page";

pub const SCORE: &str = "Score and ranker";
pub const NOT_RANKED: &str =
    "It never reached the ranker. These are the numbers that it would have had there.";
pub const GATES: &str = "Gates of this product";
pub const GATES_ABOUT: &str = "Weight that each task’s gate gives each expert.";

pub const RETRIEVAL: &str = "Retrieval score, split";
pub const RETRIEVAL_MOPPR: &str = "Exact Shapley values of three groups: the tower is run on all eight of their subsets, and a value is what a group adds, the mean over all orders of adding them. Without the query none was typed; without the behaviour there is none; without the profile the score is the mean over the profiles of all shoppers here.";
pub const RETRIEVAL_YANDEX: &str = "Exact Shapley values of three groups: the user tower is run on all eight of their subsets, and a value is what a group adds, the mean over all orders of adding them. A group that is left out was never done or typed. These towers read no profile.";
pub const BASE: &str = "nothing of it read";
pub const SUM: &str = "score";

pub const ATTENTION: &str = "What the retriever attends to";

pub const FEATURES: &str = "What each feature adds";
pub const FEATURES_ABOUT: &str = "Sampled Shapley values: what a feature adds to the task’s utility where it takes the place of its training mean, the mean over 32 orders of putting all features in (16 and the same backwards), ± standard error. They sum to the utility.";
pub const FEATURES_TABLE: &str = "Features";
pub const FEATURES_HEADS: [&str; 4] = ["Feature", "Value", "z", "Adds"];
pub const TASK: &str = "Task";
pub const ALL_AT_MEAN: &str = "all features at their training mean";
pub const UTILITY: &str = "utility";

pub const CHANGE: &str = "What would change it";
pub const CHANGE_ABOUT: &str = "Each change is computed: the funnel is run again without one word, without one entry of the history, or with one feature of the ranker held at its training mean for every candidate (the training mean, for it is the same whatever is retrieved). Where the product is lost, its place in the stage that loses it stands in brackets.";
pub const WORDS: &str = "Without one word of the query";
pub const ENTRIES: &str = "Without one entry of the history";
pub const HELD: &str = "With one feature held at its mean";
pub const CHANGE_HEADS: [&str; 3] = ["Without", "Place", "Score, points"];
pub const HELD_HEAD: &str = "Held";
pub const STOP: &str = "Stop";
pub const GO_ON: &str = "Go on";
pub const GO_THERE: &str = "Go there";
pub const NOTHING_TRIED: &str = "None yet.";
pub const NOTHING_TO_TRY: &str = "There is none.";
pub const PROGRESS: &str = "Changes tried";

/// How much of the history the retriever reads.
pub fn attends(read: usize, of: usize) -> String {
    match read {
        0 => "It reads nothing of the history for this request.".into(),
        read => format!(
            "It reads {} of {} entries of the history; those with most attention. It looks at none of them for one product: the attention is the request’s.",
            count(read),
            count(of),
        ),
    }
}

/// How far the changes are.
pub fn tried(done: usize, all: usize) -> String {
    match (done, all) {
        (_, 0) => String::new(),
        (done, all) if done == all => format!("All {} changes tried.", count(all)),
        (done, all) => format!("{} of {} changes tried", count(done), count(all)),
    }
}

/// Products that were found.
pub fn found(shown: usize, all: usize) -> String {
    match all {
        0 => "No title holds all of these words.".into(),
        1 => "1 product found.".into(),
        all if all > shown => format!("{} products found, the first {shown} shown.", count(all)),
        all => format!("{all} products found."),
    }
}

/// A stage's name.
pub fn stage(key: &str) -> &'static str {
    match key {
        "retrieve" => "Retrieval",
        "relevance" => "Relevance control",
        _ => "Coarse ranker",
    }
}

/// What a stage judges by.
pub fn judged_by(key: &str) -> &'static str {
    match key {
        "retrieve" => "score",
        "relevance" => "probability of its category",
        _ => "coarse score",
    }
}

/// What became of the product at a stage.
pub fn verdict(passage: &Passage, first_loss: bool, value: &str) -> String {
    if passage.passed {
        return if first_loss { "goes on".into() } else { "would go on".into() };
    }
    let end = if first_loss { "lost here" } else { "would be lost" };
    match passage.place {
        Some(place) if passage.least.is_nan() => {
            let short = place.saturating_sub(passage.left) + 1;
            format!("{end}: drawn {} places too late", count(short as usize))
        }
        Some(place) => {
            let short = place.saturating_sub(passage.left) + 1;
            format!("{end}: {value} and {} places short", count(short as usize))
        }
        None => format!("{end}: {value} short"),
    }
}

/// Where a product stands, in short.
pub fn standing(trace: &Trace, lost: Option<&Passage>) -> String {
    match lost {
        None => words::place(trace.rank as usize + 1),
        Some(passage) => match passage.place {
            Some(place) => format!("lost ({})", words::place(place as usize + 1)),
            None => "lost".into(),
        },
    }
}

/// What became of the product at the ranker.
pub fn at_ranker(trace: &Trace, lost: bool) -> String {
    let place = words::place(trace.rank as usize + 1);
    match lost {
        false => format!("stands {place}"),
        true => format!("would stand {place} among {}", count(trace.ranked as usize + 1)),
    }
}

/// Where a product stands, as a sentence about it.
pub fn stands(trace: &Trace, lost: Option<&Passage>) -> String {
    let place = words::place(trace.rank as usize + 1);
    match lost {
        None => format!("Stands {place} of {} ranked.", count(trace.ranked as usize)),
        Some(passage) => format!(
            "{} loses it. Let through, it would stand {place} among {}.",
            stage(&passage.stage),
            count(trace.ranked as usize + 1),
        ),
    }
}

/// What became of the product on the page.
pub fn on_page(rank: usize, size: usize) -> String {
    let page = rank / size + 1;
    match page {
        1 => "on the first page".into(),
        page => format!("on page {page}, {} places short of the first", count(rank + 1 - size)),
    }
}
