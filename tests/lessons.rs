//! The shipped lessons: they are there, they point at what exists, and the engine's numbers say
//! what they say.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use vitrine::cli::lessons::{outcome, read_all};
use vitrine::share::State;
use vitrine::share::knobs::KNOBS;
use vitrine::share::view::{Link, Panel};
use vitrine::studio::lessons::lesson::{INDEX, LAST_HEADING, Lesson, write_index};

use support::funnel;

mod support;

/// What the lessons together have to teach.
const THEMES: [&str; 14] = [
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
];

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
    let mut found: HashSet<String> = KNOBS.iter().map(|knob| knob.testid.into()).collect();
    gather(Path::new("src/app"), &mut found);
    found
}

#[test]
fn the_engine_confirms_every_check() {
    let mut funnel = funnel();
    let mut wrong = Vec::new();
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            for check in &step.checks {
                match outcome(&mut funnel, check) {
                    Ok(outcome) if outcome.holds => {}
                    Ok(outcome) => wrong.push(format!(
                        "{name}, “{}”: {}: expected {}, found {}",
                        step.heading,
                        outcome.about,
                        outcome.expected,
                        outcome.found.join(" -> ")
                    )),
                    Err(why) => wrong.push(format!("{name}, “{}”: {why}", step.heading)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
                let (_, dropped) = State::from_link(link);
                assert_eq!(dropped, [], "{name}, “{}”: {link}", step.heading);
            }
        }
        let own = format!("?panel=lessons&lesson={name}.{}", lesson.steps.len());
        let (link, dropped) = Link::read(&own);
        assert_eq!(dropped, [], "{own}");
        assert_eq!(link.view.panel, Some(Panel::Lessons));
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
            let Some(point) = &step.point else { continue };
            assert!(testids.contains(point), "{name}, “{}”: {point}", step.heading);
            if let Some(knob) = KNOBS.iter().find(|knob| knob.testid == point) {
                let said = format!("{name}, “{}”: {point} is not in use", step.heading);
                assert!(knob.is_in_use(&state), "{said}");
            }
        }
    }
}

#[test]
fn the_list_is_up_to_date() {
    let lessons = lessons();
    let index = write_index(lessons.iter().map(|(name, lesson)| (name.as_str(), lesson)));
    let shipped = fs::read_to_string(Path::new("assets/lessons").join(INDEX));
    assert_eq!(shipped.ok(), Some(index), "`vitrine manifest` brings it up to date");
}

#[test]
fn no_first_ranking_waits_for_lessons() {
    let manifest = fs::read_to_string("assets/manifest.json").expect("it is shipped");
    assert!(!manifest.contains("lessons"), "{manifest}");
}
