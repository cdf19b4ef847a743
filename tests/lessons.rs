//! The shipped lessons: they are there, they point at what exists, and the engine's numbers say
//! what they say.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use lab::cli::lessons::runs::Runs;
use lab::cli::lessons::{outcome, read_all, read_translated};
use lab::native::Folder;
use languages::english;
use lessons::check::{Check, runs_of};
use lessons::lesson::{INDEX, LAST_HEADING, Lesson, in_language, write_index};
use link::State;
use link::view::Link;
use market::language::Language;
use systems::registry::{RANKERS, RETRIEVERS, is_in_use, knobs};

use crate::support::funnel;

/// What the lessons together have to teach.
const THEMES: [&str; 18] = [
    "vocabulary-gap",
    "tower",
    "temperature",
    "four-objectives",
    "relevance",
    "position",
    "neighbours",
    "context",
    "experts",
    "sharing",
    "probability-transfer",
    "two-stage",
    "repurchase",
    "gmv",
    "sharing-learned",
    "position-learned",
    "temperature-learned",
    "index",
];

/// Longest that the runs of a step may take in the tab, in seconds.
const PATIENCE: u32 = 60;

fn lessons() -> Vec<(String, Lesson)> {
    read_all(Path::new("assets")).expect("the shipped lessons")
}

/// Every `data-testid` that the page's source writes out, and those of the knobs.
fn testids() -> HashSet<String> {
    fn gather(folder: &Path, found: &mut HashSet<String>) {
        for entry in fs::read_dir(folder).expect("the source") {
            let path = entry.expect("the source").path();
            if path.is_dir() {
                gather(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).expect("the source");
            let after = text.split("data-testid=\"").skip(1);
            found.extend(after.filter_map(|rest| Some(rest.split_once('"')?.0.to_string())));
        }
    }
    let mut found: HashSet<String> = knobs().map(|knob| knob.testid.into()).collect();
    gather(Path::new("src/page"), &mut found);
    // What a system shows of itself stands under its name.
    let of_retrievers = RETRIEVERS.iter().flat_map(|retriever| retriever.blocks);
    let blocks = RANKERS.iter().flat_map(|ranker| ranker.blocks).chain(of_retrievers);
    found.extend(blocks.map(|block| (*block).to_string()));
    // So do the curve of the whole answer, what a tree of clusters looked at, and what that took.
    found.extend(["examination", "tree", "measured"].map(String::from));
    found
}

/// What is wrong with the checks of the lessons, of those that learn or of the others.
fn wrong(learns: bool) -> Vec<String> {
    let (mut funnel, lessons) = (funnel(), lessons());
    let steps = || {
        lessons.iter().flat_map(|(name, lesson)| lesson.steps.iter().map(move |step| (name, step)))
    };
    let of_step = |check: &&Check| check.learns() == learns;
    let checks = steps().flat_map(|(_, step)| step.checks.iter().filter(of_step));
    let runs = Runs::make(&Folder("assets".into()), checks);
    let runs = runs.unwrap_or_else(|why| panic!("{}", english(&why)));
    let mut wrong = Vec::new();
    for (name, step) in steps() {
        for check in step.checks.iter().filter(of_step) {
            let said = format!("{name}, “{}”", step.heading);
            match outcome(&mut funnel, &runs, check) {
                Ok(outcome) => {
                    let found = format!(
                        "{said}: {}: expected {}, found {}",
                        english(&outcome.about),
                        english(&outcome.expected),
                        outcome.found.join(" -> ")
                    );
                    if learns {
                        println!("{found}");
                    }
                    if !outcome.holds {
                        wrong.push(found);
                    }
                }
                Err(why) => wrong.push(format!("{said}: {}", english(&why))),
            }
        }
    }
    wrong
}

#[test]
fn the_engine_confirms_every_check() {
    let wrong = wrong(false);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn runs_of_the_trainer_confirm_every_check_that_learns() {
    let wrong = wrong(true);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_learns_says_how_long_it_takes_and_is_not_waited_for_longer_than_a_minute() {
    let mut learning = 0;
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            let said = format!("{name}, “{}”", step.heading);
            assert!(step.seconds.is_none_or(|seconds| seconds <= PATIENCE), "{said}");
            // The first run waits for the samples; each more for its own steps.
            assert!(runs_of(&step.checks).len() <= 2, "{said}: too many runs for one press");
        }
        learning += usize::from(lesson.steps.iter().any(|step| step.seconds.is_some()));
    }
    assert!(learning >= 3, "{learning} lessons train");
}

#[test]
fn every_theme_has_a_lesson_of_five_to_ten_minutes() {
    let lessons = lessons();
    let themes: HashSet<&str> = lessons.iter().map(|(_, lesson)| lesson.theme.as_str()).collect();
    for theme in THEMES {
        assert!(themes.contains(theme), "no lesson has the theme {theme}");
    }
    for (name, lesson) in &lessons {
        assert!((5..=10).contains(&lesson.minutes), "{name} takes {} minutes", lesson.minutes);
        let last = lesson.steps.last().map(|step| step.heading.as_str());
        assert_eq!(last, Some(LAST_HEADING), "{name}");
        assert!(lesson.steps.iter().any(|step| step.question.is_some()), "{name} asks nothing");
        assert!(lesson.steps.iter().any(|step| !step.checks.is_empty()), "{name} checks nothing");
        assert!(lesson.steps[0].state.is_some(), "{name} starts nowhere");
    }
}

#[test]
fn every_question_is_checked() {
    for (name, lesson) in lessons() {
        for step in lesson.steps.iter().filter(|step| step.question.is_some()) {
            assert!(!step.checks.is_empty(), "{name}, “{}”: nothing settles it", step.heading);
        }
    }
}

#[test]
fn every_link_opens_without_anything_dropped() {
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            let links = step.checks.iter().flat_map(|check| &check.links).chain(&step.state);
            for link in links {
                // A recipe of a training, too.
                let (_, dropped) = Link::read(link);
                assert_eq!(dropped, [], "{name}, “{}”: {link}", step.heading);
            }
        }
        let own = format!("?panel=lessons&lesson={name}.{}", lesson.steps.len());
        let (link, dropped) = Link::read(&own);
        assert_eq!(dropped, [], "{own}");
        assert_eq!(link.view.panel, Some("lessons"));
    }
}

#[test]
fn every_step_points_at_something_that_is_there_and_in_use() {
    let testids = testids();
    for (name, lesson) in lessons() {
        let mut state = State::default();
        for step in &lesson.steps {
            if let Some(link) = &step.state {
                state = State::from_link(link).0;
            }
            for looked_at in step.point.iter().chain(&step.look) {
                assert!(testids.contains(looked_at), "{name}, “{}”: {looked_at}", step.heading);
            }
            if let Some(place) = step.machine {
                let parts = match place.of_ranker {
                    true => state.ranker().parts,
                    false => state.retriever().parts,
                };
                let part = parts.iter().find(|part| part.key == place.key);
                let used = part.is_some_and(|part| (part.is_there)(&state.settings));
                assert!(used, "{name}, “{}”: {place:?} is not in use", step.heading);
            }
            let Some(point) = &step.point else { continue };
            if let Some(knob) = knobs().find(|knob| knob.testid == point) {
                let said = format!("{name}, “{}”: {point} is not in use", step.heading);
                assert!(is_in_use(knob, &state.settings), "{said}");
            }
        }
    }
}

/// A number that is shown twice in a step says less than once.
#[test]
fn no_step_shows_a_number_twice() {
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            let mut shown = HashSet::new();
            for check in &step.checks {
                // What compares two states is one number of both.
                let numbers = match check.name().starts_with("agreement.") {
                    true => vec![check.links.join(" ")],
                    false => check.links.clone(),
                };
                for of in numbers {
                    let said = format!("{name}, “{}”: {} of {of}", step.heading, check.name());
                    assert!(shown.insert((check.name(), of)), "{said} is shown twice");
                }
            }
        }
    }
}

/// What a lesson sets in bold with a capital is a knob, and what it calls a panel is one, by the
/// name that stands on the page.
#[test]
fn knobs_and_panels_are_called_by_their_names() {
    let words: HashMap<String, String> =
        serde_json::from_str(&fs::read_to_string("languages/en.json").expect("the words"))
            .expect("the words");
    let title = |key: &&String| key.ends_with(".title") || key.ends_with(".panel");
    let panels: HashSet<&str> = words.keys().filter(title).map(|key| words[key].as_str()).collect();
    let knobs: HashSet<&str> = words
        .iter()
        .filter(|(key, _)| key.starts_with("knobs."))
        .map(|(_, name)| &**name)
        .collect();
    let marked = |html: &str, mark: &str| -> Vec<String> {
        let (open, close) = (format!("<{mark}>"), format!("</{mark}>"));
        let parts = html.split(&open).skip(1);
        // A name may be broken over two lines.
        let text = |part: &str| {
            Some(part.split_once(&close)?.0.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        parts.filter_map(text).collect()
    };
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            let queried = step.state.as_deref().unwrap_or_default();
            for bold in marked(&step.html, "strong") {
                let query = queried.contains(&format!("q={}", bold.to_lowercase()));
                if bold.starts_with(|c: char| c.is_ascii_uppercase()) && !query {
                    assert!(knobs.contains(&*bold), "{name}, “{}”: **{bold}**", step.heading);
                }
            }
            for panel in step.html.split("panel <em>").skip(1) {
                let panel = panel.split('<').next().unwrap_or_default();
                assert!(panels.contains(panel), "{name}, “{}”: *{panel}*", step.heading);
            }
        }
    }
}

/// The lessons in a language.
fn lessons_in(language: Language) -> Vec<(String, Lesson)> {
    match language {
        Language::English => lessons(),
        other => read_translated(Path::new("assets"), &lessons(), other).expect("its lessons"),
    }
}

#[test]
fn the_lists_are_up_to_date() {
    for (language, _) in Language::ALL {
        let lessons = lessons_in(language);
        let index = write_index(lessons.iter().map(|(name, lesson)| (name.as_str(), lesson)));
        let shipped =
            fs::read_to_string(Path::new("assets/lessons").join(in_language(language, INDEX)));
        assert_eq!(shipped.ok(), Some(index), "`vitrine manifest` brings {language:?} up to date");
    }
}

#[test]
fn every_lesson_is_in_every_language_with_the_same_steps_choices_and_checks() {
    let lessons = lessons();
    for (language, key) in Language::ALL.into_iter().skip(1) {
        let translated = lessons_in(language);
        let names = |all: &[(String, Lesson)]| -> Vec<String> {
            all.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&translated), names(&lessons), "{key}");
        // Nobody reads what is left over.
        let folder = Path::new("assets/lessons").join(key);
        let files = fs::read_dir(folder).expect("its folder").count();
        assert_eq!(files, lessons.len() + 1, "{key}: a file for each lesson, and their list");
        let last: HashSet<&str> = translated
            .iter()
            .filter_map(|(_, lesson)| lesson.steps.last())
            .map(|step| step.heading.as_str())
            .collect();
        assert_eq!(last.len(), 1, "{key}: every lesson ends alike: {last:?}");
        for ((name, lesson), (_, original)) in translated.iter().zip(&lessons) {
            let said = format!("{key}/{name}");
            assert!(
                !lesson.title.is_empty() && lesson.title != original.title || lesson.title == "GMV",
                "{said}"
            );
            assert_eq!((lesson.minutes, &lesson.theme), (original.minutes, &original.theme));
            assert_eq!(lesson.steps.len(), original.steps.len(), "{said}");
            for (step, english) in lesson.steps.iter().zip(&original.steps) {
                let said = format!("{said}, “{}”", step.heading);
                assert_eq!(
                    (&step.state, &step.point, &step.look, &step.checks),
                    (&english.state, &english.point, &english.look, &english.checks),
                    "{said}"
                );
                assert_ne!(step.heading, english.heading, "{said}");
                assert_eq!(numbers(&step.html), numbers(&english.html), "{said}");
                let (Some(question), Some(asked)) = (&step.question, &english.question) else {
                    assert_eq!(step.question, english.question, "{said}");
                    continue;
                };
                assert_eq!(question.right, asked.right, "{said}");
                assert_eq!(question.choices.len(), asked.choices.len(), "{said}");
            }
        }
    }
}

/// The figures of a text that have a point in them: a translation has the same, in some order.
fn numbers(html: &str) -> Vec<String> {
    let words = html.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut found: Vec<String> = words
        .map(|word| word.trim_matches('.').to_string())
        .filter(|word| word.contains('.'))
        .collect();
    found.sort();
    found
}

#[test]
fn no_first_ranking_waits_for_lessons() {
    let manifest = fs::read_to_string("assets/manifest.json").expect("it is shipped");
    assert!(!manifest.contains("lessons"), "{manifest}");
}
