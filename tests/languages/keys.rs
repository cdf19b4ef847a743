//! The keys of words: each is listed once, said by somebody, and has words.

use std::collections::BTreeSet;
use std::fs;

use lab::tables::page::slug;
use lessons::quantity::QUANTITIES;
use link::view::PARTS;
use market::features::{dense, wide};
use market::metrics::measure::Measure;
use regex::Regex;
use systems::knob::Control;
use systems::registry::{LEARNERS, RANKERS, RETRIEVERS, knobs};
use systems::served;

use super::glossary::met;
use super::programs::{scripts, sources};
use super::words;

/// Keys that the programs put together from the names of things.
fn families() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut add = |key: String| {
        keys.insert(key);
    };
    for knob in knobs() {
        add(knob.words("name"));
        add(knob.words("about"));
        if let Control::Choice(options) = knob.control {
            options.iter().for_each(|option| add(knob.words(option)));
        }
        if !knob.section.is_empty() {
            add(format!("sections.{}", knob.section));
        }
        if !knob.unit.is_empty() {
            add(format!("units.{}", knob.unit));
        }
    }
    for task in RANKERS.iter().flat_map(|ranker| ranker.tasks) {
        add(format!("tasks.{}", task.name()));
        add(format!("tasks.{}.inline", task.name()));
    }
    for (name, kind) in dense::FEATURES {
        add(format!("features.{name}"));
        add(format!("feature-kinds.{}", kind.name()));
    }
    for (name, kind) in wide::FEATURES {
        add(format!("features.{name}"));
        add(format!("feature-kinds.{}", kind.name()));
    }
    for stage in ["score", "retrieve", "coarse", "prepare", "encode", "rank", "bias", "explain"] {
        add(format!("stages.{stage}"));
    }
    for name in ["expert", "own", "shared", "stage-1", "stage-2"] {
        add(format!("experts.{name}"));
    }
    for name in nets::models::dmt::SEQUENCE_NAMES {
        add(format!("attention.{name}"));
        add(format!("studio.sequences.{name}"));
    }
    add("bias.together".into());
    for name in ["read", "own-attention", "temperature", "surface", "device"] {
        add(format!("towers.{name}"));
    }
    for name in ["title", "note", "products", "centroids", "opened", "clusters", "recall"] {
        add(format!("tree.{name}"));
    }
    for name in ["title", "note", "tree", "exact", "recall", "searches"] {
        add(format!("measured.{name}"));
    }
    let of_retrievers = RETRIEVERS.iter().flat_map(|retriever| retriever.blocks);
    for block in RANKERS.iter().flat_map(|ranker| ranker.blocks).chain(of_retrievers) {
        add(format!("{block}.title"));
        add(format!("{block}.note"));
    }
    for of in ["learned", "no-network", "true", "label", "empty"] {
        add(format!("examination.{of}"));
    }
    for name in ["position", "page", "neighbours"] {
        add(format!("bias.{name}"));
        add(format!("studio.bias-features.{name}"));
    }
    for deed in ["click", "favourite", "cart", "order"] {
        ["", ".about", "-it"].iter().for_each(|of| add(format!("shelf.{deed}{of}")));
    }
    for (_, measure) in Measure::ALL {
        add(format!("studio.measures.{measure}"));
        add(format!("studio.measures.{measure}.truth"));
        add(format!("studio.measures.{measure}.log"));
    }
    for figure in ["overlap", "tau", "rbo", "clicks", "orders", "gmv"] {
        add(format!("studio.compare.{figure}"));
        add(format!("studio.compare.{figure}.about"));
    }
    PARTS.iter().for_each(|part| add(format!("studio.parts.{part}")));
    for cells in ["comma", "semicolon", "tab"] {
        add(format!("studio.share.cells.{cells}"));
    }
    for stage in ["stock", "relevance", "index", "retrieve", "coarse"] {
        add(format!("studio.explain.stage.{stage}"));
        add(format!("studio.explain.judged.{stage}"));
    }
    for retriever in RETRIEVERS {
        let key = retriever.key;
        add(format!("request.reads-{key}"));
        add(format!("studio.explain.retrieval-{key}"));
        add(format!("studio.explain.attention-{key}"));
        for group in retriever.reads {
            add(format!("studio.explain.groups.{}", group.replace(' ', "-")));
        }
        for objective in retriever.objectives {
            add(format!("studio.scatter.objectives.{}", objective.key));
        }
    }
    let machines = RETRIEVERS.map(|system| (system.key, system.parts)).into_iter();
    for (system, parts) in machines.chain(RANKERS.map(|system| (system.key, system.parts))) {
        if !parts.is_empty() {
            add(format!("machine.{system}"));
        }
        for part in parts {
            add(format!("machine.{system}.{}", part.key));
            add(format!("machine.{system}.{}.about", part.key));
            for term in part.terms {
                add(format!("machine.terms.{term}"));
                add(format!("machine.terms.{term}.about"));
            }
        }
    }
    // A ranker without parts is drawn, too: as what stands behind it.
    RANKERS.iter().for_each(|ranker| add(format!("machine.{}", ranker.key)));
    for part in served::PARTS.iter().chain(&served::COARSE_PARTS) {
        add(format!("machine.served.{}", part.key));
        add(format!("machine.served.{}.about", part.key));
        for term in part.terms {
            add(format!("machine.terms.{term}"));
            add(format!("machine.terms.{term}.about"));
        }
    }
    for learning in LEARNERS {
        add(format!("learn.unit.{}", learning.unit));
        for setting in learning.settings {
            add(format!("learn.setting.{}", setting.key));
            add(format!("learn.setting.{}.about", setting.key));
            setting.names.iter().for_each(|name| add(format!("learn.{}.{name}", setting.key)));
        }
        for measure in learning.measures {
            add(format!("learn.measure.{measure}"));
            add(format!("learn.measure.{measure}.about"));
        }
        learning.gates.iter().for_each(|gate| add(format!("learn.gate.{gate}")));
        learning.curves.iter().for_each(|curve| add(format!("learn.curve.{curve}")));
    }
    for term in met().values().flatten() {
        add(format!("machine.terms.{term}"));
        add(format!("machine.terms.{term}.about"));
    }
    for span in ["real-time", "short-term", "long-term"] {
        add(format!("machine.spans.{span}"));
    }
    let heads = [
        "place",
        "product",
        "without",
        "with",
        "neighbours",
        "learned",
        "truly",
        "market",
        "neighbours-truly",
    ];
    heads.iter().for_each(|head| add(format!("studio.positions.heads.{head}.about")));
    for table in lab::registry::tables() {
        for said in ["title", "note", "why"].into_iter().chain(table.rows.iter().map(|r| r.variant))
        {
            add(format!("tables.{}.{said}", table.id));
        }
        table.metrics.iter().for_each(|metric| add(format!("tables.metrics.{}", slug(metric))));
    }
    QUANTITIES.iter().for_each(|quantity| add(quantity.about().key));
    ["on", "off"].iter().for_each(|value| add(format!("studio.{value}")));
    keys
}

/// The keys as `languages/keys.txt` lists them.
fn listed() -> Vec<String> {
    let text = fs::read_to_string("languages/keys.txt").expect("the list of keys");
    let keys = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    keys.map(String::from).collect()
}

#[test]
fn the_list_of_keys_has_those_of_the_languages_each_once() {
    let (english, _) = words("en");
    let mut listed = listed();
    listed.sort();
    assert!(listed.iter().eq(english.keys()), "languages/keys.txt and languages/en.json differ");
}

/// Names of quantities that are keys of words, too.
const QUANTITY_NAMES: &[&str] =
    &["examination.learned", "examination.true", "towers.read", "towers.surface", "towers.device"];

/// That a key is there, and that keys of a form are, is known to the compiler wherever a program says it
/// with `word!`. Here: that all say it so, and that what is listed is said by somebody. No compiler
/// could tell that, for a key may be said by any of ten crates and by the scripts.
#[test]
fn every_key_is_said_and_checked() {
    let (english, _) = words("en");
    let mut said = families();
    let missing: Vec<_> = said.iter().filter(|key| !english.contains_key(*key)).collect();
    assert!(missing.is_empty(), "no words for {missing:?}, whose names come from tables");
    let pattern = |pattern: &str| Regex::new(pattern).expect("a pattern");
    let checked = pattern(r#"word!\(\s*"([^"]+)""#);
    let unchecked = pattern(
        r#"(?:^|[^.\w])(?:say|say_with|text|Message::new|Notice::new)\(\s*&?(?:format!\()?\s*"[^"]*""#,
    );
    let literal = pattern(r#""([a-z0-9][a-z0-9.-]*)""#);
    for (file, text) in sources(&["src"]) {
        said.extend(checked.captures_iter(&text).map(|found| found[1].to_string()));
        let text = checked.replace_all(&text, "");
        assert_eq!(
            unchecked.find(&text).map(|found| found.as_str()),
            None,
            "{file}: without word!"
        );
        for found in literal.captures_iter(&text) {
            let key = &found[1];
            let is_key = key.contains('.') && english.contains_key(key);
            assert!(!is_key || QUANTITY_NAMES.contains(&key), "{file}: {key} without word!");
        }
    }
    let notice = pattern(r#"\bfail\(\s*"([^"]+)""#);
    for (_, text) in scripts() {
        let notices = notice.captures_iter(&text).map(|found| format!("notices.{}", &found[1]));
        said.extend(notices.chain(literal.captures_iter(&text).map(|found| found[1].to_string())));
    }
    let unsaid: Vec<_> = english.keys().filter(|key| !said.contains(*key)).collect();
    assert!(unsaid.is_empty(), "nothing says {unsaid:?}");
}

/// A panel of knobs is drawn with the first ranking, and what has no name then gets none later.
#[test]
fn the_names_of_knobs_and_their_options_come_with_the_first_ranking() {
    let keys = fs::read_to_string("languages/keys.txt").expect("the list of keys");
    let (first, _) = keys.split_once("# more:").expect("what comes behind");
    let first: BTreeSet<&str> = first.lines().collect();
    for knob in knobs() {
        let options = match knob.control {
            Control::Choice(options) => options,
            _ => &[],
        };
        for part in ["name"].iter().chain(options) {
            let key = knob.words(part);
            assert!(first.contains(&*key) || !keys.lines().any(|line| line == key), "{key}");
        }
    }
}
