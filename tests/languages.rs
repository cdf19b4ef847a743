//! The words of every language: all there, all used, none left in the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lab::tables::page::slug;
use lessons::quantity::QUANTITIES;
use lessons::sources::linked;
use link::view::PARTS;
use market::features::{dense, wide};
use market::language::Language;
use market::metrics::measure::Measure;
use regex::Regex;
use systems::knob::Control;
use systems::registry::{LEARNERS, RANKERS, RETRIEVERS, knobs};
use systems::served;

type Words = BTreeMap<String, String>;

/// A language's words by key, and the keys as they stand in its two files, the glossary last.
fn words(language: &str) -> (Words, Vec<String>) {
    let (mut words, mut keys) = words_of(&format!("languages/{language}.json"));
    let (terms, in_order) = glossary(language);
    let twice: Vec<_> = terms.keys().filter(|key| words.contains_key(*key)).collect();
    assert!(twice.is_empty(), "{language}: in both files: {twice:?}");
    words.extend(terms);
    keys.extend(in_order);
    (words, keys)
}

/// The glossary of a language: words of the field and what they mean, and the keys as they stand in it.
fn glossary(language: &str) -> (Words, Vec<String>) {
    words_of(&format!("languages/glossary/{language}.json"))
}

/// Words of the field by where they are met: a panel of the studio, "all" of them, the hint of a knob, or the
/// introduction of a ranker's block.
fn met() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string("languages/glossary/met.txt").expect("where words are met");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let line = |line: &str| {
        let (place, terms) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        (place.to_owned(), terms.split(' ').map(String::from).collect::<Vec<_>>())
    };
    lines.map(line).collect()
}

/// The words of a file by key, and the keys as they stand in it.
fn words_of(path: &str) -> (Words, Vec<String>) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let words: Words =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    // A line each, so that nobody's key is lost under another's.
    let keys: Vec<String> = text
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix('"')?.split_once("\": ")?.0.to_string()))
        .collect();
    assert_eq!(keys.len(), words.len(), "{path} has a key twice, or not a line each");
    (words, keys)
}

fn files_in(folder: &str, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_in(path.to_str().expect("a name"), ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The sources under some folders, without their tests and comments.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in folders {
        files_in(folder, ".rs", &mut paths);
    }
    // What runs when the page is built is not the page.
    paths.retain(|path| !path.ends_with("tests.rs") && !path.ends_with("build.rs"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        (path.to_string_lossy().into_owned(), lines.collect::<Vec<_>>().join("\n"))
    };
    paths.into_iter().map(read).collect()
}

/// Scripts and the page that they stand in, without comments.
fn scripts() -> Vec<(String, String)> {
    let names = [
        "index.html",
        "www/early.js",
        "www/engine-loader.js",
        "www/offline.js",
        "www/studio-loader.js",
        "www/watchdog.js",
    ];
    let read = |name: &str| {
        let text = fs::read_to_string(name).expect("a script");
        let lines = text.lines().filter(|line| {
            let line = line.trim_start();
            !["//", "/*", "*", "<!--", "<meta", "<link", "<p"]
                .iter()
                .any(|mark| line.starts_with(mark))
        });
        (name.into(), lines.collect::<Vec<_>>().join("\n"))
    };
    names.map(read).into()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let found = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    found.map(|(name, _)| name).collect()
}

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

#[test]
fn every_language_has_the_same_keys_and_placeholders() {
    let (english, order) = words("en");
    for (language, key) in Language::ALL {
        let (words, keys) = words(key);
        assert_eq!(
            keys, order,
            "{key}: the same keys in the same order, so that files can be read side by side"
        );
        for (name, text) in &words {
            let (found, wanted) = (placeholders(text), placeholders(&english[name]));
            assert_eq!(found, wanted, "{key}: {name}");
            // What stands between sentences is nothing in Chinese.
            assert!(!text.is_empty() || name == "sentences.between", "{key}: {name} is empty");
            assert!(!text.contains('\n'), "{key}: {name} is handed on as a line");
        }
        assert_eq!(Language::by_key(key), Some(language));
    }
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

/// Reasons that stand beside a knob which counts for something that is no order: nothing makes it count
/// for that.
const NO_REMEDY: &[&str] = &["idle.time-alone", "idle.curves-alone"];

/// Why a knob does nothing is one line beside it, five words or so, and what would make it count is in
/// it: eight words in all, and what the narrowest panel has room for.
#[test]
fn why_a_knob_does_nothing_is_a_line_with_what_would_make_it_count() {
    let (english, chinese) = (words("en").0, words("zh").0);
    let reasons: Vec<&String> = english.keys().filter(|key| key.starts_with("idle.")).collect();
    assert!(reasons.len() >= 20, "{reasons:?}");
    for key in reasons {
        let (said, meant) = (&english[key], &chinese[key]);
        let count = said.split_whitespace().count();
        assert!((3..=8).contains(&count) && said.len() <= 40, "{key}: {count} words, {said}");
        assert!(meant.chars().count() <= 16, "{key}: {meant}");
        if !NO_REMEDY.contains(&key.as_str()) {
            assert!(said.contains(": ") || said.contains(" until "), "{key}: {said}");
            assert!(meant.contains('：') || meant.contains("后才"), "{key}: {meant}");
        }
    }
}

/// Literals in page, studio and scripts that look like something to read and are not shown to the
/// person at the page, by the end of the file's name.
const NOT_SHOWN: &[(&str, &[&str])] = &[
    ("page/language.rs", &["The words of this page could not be fetched. Load the page again. "]),
    // The product's own name, and keys of the keyboard.
    ("page/header.rs", &["Vitrine", "Enter", "Escape", "Key"]),
    ("page/hint.rs", &["Escape"]),
    ("studio/frame.rs", &["Escape"]),
    ("explain/panel.rs", &["Enter", "Escape"]),
    ("map/hand.rs", &["Enter", "Escape"]),
    // Keys that others append to links.
    ("link/arrived.rs", &["\\\n    adtag"]),
    // Said to the console, or asked of the engine.
    ("page/worker.rs", &["it did not load"]),
    ("protocol/supervisor/trial.rs", &["running shoes"]),
    // Styles.
    ("machine/heat.rs", &["color-mix(in oklab,var({name}) {}%,var(--sunk))"]),
    // What a link promises, and why a name is written as it is.
    ("machine/opened.rs", &["noopener noreferrer"]),
    ("link/panels.rs", &["a panel is called as its file is"]),
    // Keys of a keyboard.
    ("machine/tree.rs", &["Home", "End"]),
    // Classes.
    ("learn/seen.rs", &["key band-{}"]),
    ("page/knobs.rs", &["knob number", "knob switch", "knob choice"]),
    ("page/picture.rs", &["picture pale", "picture light", "picture deep"]),
    ("page/shelf.rs", &["move up", "move down", "move new"]),
    ("www/offline.js", &["newer solid"]),
    ("www/engine-loader.js", &["Content-Type"]),
    // As papers are called in every language.
    ("lessons/sources.rs", &["Yandex", "Gumbel", "Kendall", "Shapley"]),
    ("www/watchdog.js", &["WebAssembly SIMD", "module workers"]),
    // Names that tests hold on to.
    ("studio/compare.rs", &["Now", "Kendall’s τ"]),
    // For those who write lessons.
    (
        "lessons/check.rs",
        &[
            "“{text}” is no number.",
            "“{text}” is no bound.",
            "“{text}” is none of: rises, rises above a number,",
            "“{quantity}” that “{expect}” can’t be judged on {} state{}.",
        ],
    ),
    (
        "lessons/quantity.rs",
        &[
            "a product type",
            "the number of a product",
            "a task, then the number of a product",
            "a task, then a product type",
            "a task, then the number of an expert",
            "a place on the page",
            "a place on the list",
            "position, page or neighbours",
            "clicks, carts or orders, then a product type",
            "there is no quantity “{name}”.",
            "{name} takes nothing after its name.",
            "{name} wants {} after its name.",
            "a task and the number of a product",
            "a task and a product type",
            "a task and the number of an expert",
            "a sequence and a product type",
        ],
    ),
];

/// Files of the page and the studio in which no literal is shown to the person at the page: names of
/// drawings, messages of the protocol, what is written into files, and what is wrong with a lesson.
const NOTHING_SHOWN: &[&str] =
    &["page/icons.rs", "page/wire.rs", "studio/export.rs", "lessons/lesson.rs"];

/// Literals of a file that look like words for a person.
fn left_in(file: &str, text: &str) -> Vec<String> {
    let pattern = |pattern: &str| Regex::new(pattern).expect("a pattern");
    // Classes, and what only the console hears.
    let other = pattern(r#"class="[^"]*"|(?:error!|expect)\(\s*"[^"]*""#);
    let text = other.replace_all(text, "");
    let literal = pattern(r#""((?:[^"\\]|\\[\s\S])*)""#);
    let quasi = pattern(r"`([^`]*)`");
    // Words with a space between, one that begins like a sentence, or a few in other letters.
    let looks = pattern(r"[A-Za-z’']{2,} [A-Za-z’']{2,}|^[A-Z][a-z]{2,}|[^\x00-\x7F]{4,}");
    // Written for machines: style, selectors, drawings, documents.
    let machine = pattern(
        r"(?:^|[ (\[])(?:#|\[|\.|M\{|M0)|[<>=]|:\w|px|cubic-bezier|\{[a-z_]+\}:|^[A-Z][a-z]+[A-Z]",
    );
    let scripted = file.ends_with("js") || file.ends_with("html");
    let quoted = literal.captures_iter(&text).map(|found| found[1].to_string());
    let quasis = quasi.captures_iter(&text).filter(|_| scripted);
    quoted
        .chain(quasis.map(|found| found[1].to_string()))
        .filter(|said| looks.is_match(said) && !machine.is_match(said))
        .filter(|said| {
            let of_file = NOT_SHOWN.iter().filter(|(of, _)| file.ends_with(of));
            !of_file.flat_map(|(_, known)| *known).any(|known| said.starts_with(known))
        })
        .collect()
}

#[test]
fn no_words_are_left_in_the_programs() {
    let files = sources(&["src/page", "src/lessons", "src/protocol", "src/link", "src/studio"])
        .into_iter()
        .chain(scripts());
    let shown = files.filter(|(file, _)| !NOTHING_SHOWN.iter().any(|known| file.ends_with(known)));
    let left: Vec<_> = shown
        .flat_map(|(file, text)| {
            left_in(&file, &text).into_iter().map(move |said| format!("{file}: {said:?}"))
        })
        .collect();
    assert!(left.is_empty(), "words belong in languages/, with a key:\n{}", left.join("\n"));
}

#[test]
fn words_in_a_program_are_found() {
    for text in [
        r#"<p class="note">"Look inside"</p>"#,
        r#"aria-label="Studio""#,
        r#"format!("{count} products took {took}")"#,
        r#"let said = "Who’s looked at \
                       and who is not";"#,
        r#"<span>"重新加载"</span>"#,
    ] {
        assert_eq!(left_in("src/page/page.rs", text).len(), 1, "{text}");
    }
    for text in [
        r#"say(word!("studio.name"))"#,
        r#"data-testid="effective-candidates""#,
        r#"class="knob number""#,
        r#"error!("a message could not be sent")"#,
        r#""CPU""#,
    ] {
        assert_eq!(left_in("src/page/page.rs", text), Vec::<String>::new(), "{text}");
    }
}

/// Terms and names that a Chinese engineer writes in Latin letters.
const LATIN: &[&str] = &[
    "AUC",
    "AVR",
    "AdaGrad",
    "BERT",
    "BM25",
    "CLS",
    "CPU",
    "CSV",
    "CTR",
    "CVR",
    "TSV",
    "Chrome",
    "Content-Security-Policy",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Resource-Policy",
    "DMT",
    "Dice",
    "Edge",
    "Firefox",
    "GMV",
    "GPU",
    "Adam",
    "Gumbel",
    "HTTP",
    "JSON",
    "Kendall",
    "MLPR",
    "MMoE",
    "MOPPR",
    "PLE",
    "P_good",
    "RBO",
    "Safari",
    "Spearman",
    "Transformer",
    "V100",
    "Vitrine",
    "WebAssembly",
    "WebGPU",
    "XGBoost",
    "Yandex",
    "b_k",
    "y_b",
    "y_k",
    "allow-same-origin",
    "credentialless",
    "idf",
    "sigmoid",
    "cross-origin",
    "f32",
    "int8",
    "lecture",
    "ln",
    "logit",
    "ms",
    "nDCG",
    "off",
    "on",
    "overlap",
    "pAVR",
    "pCTR",
    "pCVR",
    "price",
    "recall",
    "require-corp",
    "safetensors",
    "sandbox",
    "softmax",
    "Softmax",
    "temperature",
    "top-K",
    "wasm-unsafe-eval",
    "K",
    "p",
    "AITM",
    "Ctrl",
    "DIEN",
    "DIN",
    "DMT_trans",
    "DNN",
    "ESM",
    "ESM2",
    "GBDT",
    "MGDSPR",
    "MLP",
    "MLP_MTL",
    "MLP_Single",
    "MRR",
    "NCI",
    "Precision",
    "UI",
    "nDCG_p",
    "pos_learn",
    "pos_sincos",
    "position_index",
    "position_page",
    "recall_p",
];

#[test]
fn nothing_in_chinese_was_left_in_english() {
    let word = Regex::new(r"[A-Za-z][A-Za-z_0-9-]+").expect("a pattern");
    // What stands in its place is said elsewhere; a command is a command in every language.
    let placeholder = Regex::new(r"\{[^}]*\}|`[^`]*`").expect("a pattern");
    let (chinese, _) = words("zh");
    let (english, _) = words("en");
    for (key, text) in &chinese {
        let bare = placeholder.replace_all(text, "");
        for found in word.find_iter(&bare) {
            assert!(LATIN.contains(&found.as_str()), "{key}: {:?} in {text:?}", found.as_str());
        }
        let has_letters = |text: &str| text.chars().any(char::is_alphabetic);
        if text == &english[key] && has_letters(&bare) {
            assert!(word.find_iter(&bare).next().is_some(), "{key} is not translated");
        }
    }
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

#[test]
fn the_languages_are_those_that_have_a_file() {
    let files =
        fs::read_dir("languages").expect("the words").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let mut files: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    files.sort();
    // In this order the build tells the page of them, which begins with the first where it knows no other.
    assert_eq!(files, Language::ALL.map(|(_, key)| key));
    assert_eq!(files[0], Language::default().key());
}

#[test]
fn what_shoppers_are_like_is_said_in_every_language() {
    let text = fs::read_to_string("assets/shoppers.json").expect("the shoppers");
    let shoppers: Vec<protocol::Shopper> = serde_json::from_str(&text).expect("shoppers");
    for (_, key) in Language::ALL {
        let (words, _) = words(key);
        for shopper in &shoppers {
            assert!(!shopper.about.is_empty(), "{}", shopper.key);
            for message in &shopper.about {
                let said = message.worded(&|key| {
                    words.get(key).cloned().unwrap_or_else(|| panic!("no words for {key}"))
                });
                assert!(placeholders(&said).is_empty(), "{}: {said}", shopper.key);
            }
        }
    }
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
