//! Messages in words, for the command line and for tests.
//!
//! It has the words of every language in it, which is why it is a crate of its own: a change of a word
//! builds nothing that the page is made of.
//!
//! It knows messages alone. The page does without it: it fetches the words of one language. What holds
//! throughout: every language of [`Language::ALL`] is here, by the two files that have its name (words, and the
//! glossary), with a sentence for every key (`tests/languages.rs` holds the files to each other); a key that
//! none has is said as it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use market::language::{Language, Message};

macro_rules! files {
    ($($language:ident = $key:literal, $($told:literal),+;)+) => {
        [$([
            include_str!(concat!("../../languages/", $key, ".json")),
            include_str!(concat!("../../languages/glossary/", $key, ".json")),
        ]),+]
    };
}

/// Keys and words of a file.
fn words(file: &str) -> BTreeMap<String, String> {
    serde_json::from_str(file).unwrap_or_default()
}

/// A message in a language, for the command line and for tests: the page fetches its words.
pub fn worded(message: &Message, language: Language) -> String {
    static WORDS: LazyLock<[BTreeMap<String, String>; Language::ALL.len()]> = LazyLock::new(|| {
        market::languages!(files).map(|files| files.into_iter().flat_map(words).collect())
    });
    let words = &WORDS[language as usize];
    message.worded(&|key| words.get(key).cloned().unwrap_or_else(|| key.into()))
}

/// A message in English.
pub fn english(message: &Message) -> String {
    worded(message, Language::English)
}
