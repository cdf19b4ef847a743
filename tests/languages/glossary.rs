//! The words of the field: each has a name and a definition, is met on the page, and has room there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use lessons::sources::linked;
use market::language::Language;
use systems::registry::{RANKERS, RETRIEVERS, knobs};
use systems::served;

use super::{Words, words, words_of};

/// The glossary of a language: words of the field and what they mean, and the keys as they stand in it.
pub fn glossary(language: &str) -> (Words, Vec<String>) {
    words_of(&format!("languages/glossary/{language}.json"))
}

/// Words of the field by where they are met: a panel of the studio, "all" of them, the hint of a knob, or the
/// introduction of a ranker's block.
pub fn met() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string("languages/glossary/met.txt").expect("where words are met");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let line = |line: &str| {
        let (place, terms) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        (place.to_owned(), terms.split(' ').map(String::from).collect::<Vec<_>>())
    };
    lines.map(line).collect()
}

/// At the machine, words of the field and the systems are linked to their papers: by their names.
#[test]
fn what_the_machine_says_can_be_read_up() {
    let is_linked = |text: &str| linked(text).contains("<a href=\"https://");
    let of_retrievers = RETRIEVERS.iter().flat_map(|retriever| retriever.parts);
    let of_rankers = RANKERS.iter().flat_map(|ranker| ranker.parts);
    let parts = of_rankers.chain(of_retrievers).chain(&served::PARTS).chain(&served::COARSE_PARTS);
    let terms: BTreeSet<&str> = parts.flat_map(|part| part.terms.iter().copied()).collect();
    assert!(terms.len() > 10, "{terms:?}");
    for (_, language) in Language::ALL {
        let (words, _) = words(language);
        for term in &terms {
            let about = &words[&format!("machine.terms.{term}.about")];
            assert!(is_linked(about), "{language}: {term}: {about}");
        }
        let retrievers = RETRIEVERS.iter().filter(|retriever| !retriever.parts.is_empty());
        let rankers = RANKERS.iter().filter(|ranker| !ranker.parts.is_empty());
        let names = retrievers
            .map(|retriever| format!("knobs.retriever.{}", retriever.key))
            .chain(rankers.map(|ranker| format!("knobs.ranker.{}", ranker.key)));
        for name in names {
            assert!(is_linked(&words[&name]), "{language}: {name}");
        }
    }
}

/// Every word of the field has a name and a definition in every language, and is met on the page: in the list
/// of all, and at a part of a machine, in a panel or in a hint besides.
#[test]
fn every_word_of_the_field_is_explained_and_met() {
    let met = met();
    let all = &met["all"];
    let of_retrievers = RETRIEVERS.iter().flat_map(|retriever| retriever.parts);
    let of_rankers = RANKERS.iter().flat_map(|ranker| ranker.parts);
    let parts = of_rankers.chain(of_retrievers).chain(&served::PARTS).chain(&served::COARSE_PARTS);
    let at_parts = parts.flat_map(|part| part.terms.iter().map(|term| (*term).to_owned()));
    let elsewhere = met.iter().filter(|(place, _)| *place != "all");
    let places: BTreeSet<String> =
        elsewhere.flat_map(|(_, terms)| terms.clone()).chain(at_parts).collect();
    let known: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(known.len(), all.len(), "each once");
    let unknown: Vec<_> = places.difference(&known).collect();
    assert!(unknown.is_empty(), "met, and not among all: {unknown:?}");
    let keys: Vec<String> = all
        .iter()
        .flat_map(|term| [format!("machine.terms.{term}"), format!("machine.terms.{term}.about")])
        .collect();
    for (_, language) in Language::ALL {
        let (terms, in_order) = glossary(language);
        assert_eq!(in_order, keys, "{language}: a name and a definition each, as they are listed");
        for term in all {
            let (name, about) = (
                &terms[&format!("machine.terms.{term}")],
                &terms[&format!("machine.terms.{term}.about")],
            );
            assert!(
                !name.trim().is_empty() && !name.contains(['<', '>', '&']),
                "{language}: {term}"
            );
            // Short.
            let length = about.chars().count();
            let bounds = if language == "zh" { 12..=70 } else { 40..=160 };
            assert!(bounds.contains(&length), "{language}: {term}: {length} characters");
            assert!(about.ends_with(['.', '。']), "{language}: {term}: {about}");
        }
    }
}

/// Definitions stand behind hints, which they leave about as long as the longest is without, and behind the
/// introductions of what is known of a chosen product: both are shown as HTML.
#[test]
fn a_hint_has_room_for_what_a_word_in_it_means() {
    let met = met();
    let explained = met.iter().filter(|(place, _)| place.contains('.'));
    let (hints, notes): (Vec<_>, Vec<_>) =
        explained.partition(|(place, _)| place.starts_with("knobs."));
    assert!(hints.len() > 10 && !notes.is_empty(), "{hints:?} {notes:?}");
    let of_rankers = RANKERS.iter().flat_map(|ranker| ranker.blocks);
    let blocks: BTreeSet<String> = of_rankers.map(|block| format!("{block}.note")).collect();
    for (note, _) in notes {
        assert!(blocks.contains(note), "{note} introduces no block of a ranker");
    }
    let abouts: BTreeSet<String> = knobs().map(|knob| knob.words("about")).collect();
    // Characters of a line.
    for (language, line) in [("en", 44), ("zh", 20)] {
        let (words, _) = words(language);
        let long = |key: &str| words[key].chars().count();
        let longest = abouts.iter().map(|about| long(about)).max().expect("knobs");
        for (hint, terms) in &hints {
            assert!(abouts.contains(*hint), "{hint} is the hint of no knob");
            let terms: usize = terms
                .iter()
                .map(|term| format!("machine.terms.{term}"))
                .map(|name| long(&name) + long(&format!("{name}.about")) + 2)
                .sum();
            let length = long(hint) + terms;
            assert!(
                length <= longest + line,
                "{language}: {hint}: {length}, the longest is {longest}"
            );
        }
    }
}
