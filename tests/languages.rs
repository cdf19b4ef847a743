//! The words of every language: all there, all used, none left in the programs.

mod glossary;
mod keys;
mod left;
mod programs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use market::language::Language;
use regex::Regex;

use self::glossary::glossary;

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

fn placeholders(text: &str) -> BTreeSet<&str> {
    let found = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    found.map(|(name, _)| name).collect()
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
