//! Messages in words, for the command line and for tests.
//!
//! It has the words of every language in it, which is why it is a crate of its own: a change of a word
//! builds nothing that the page is made of.
//!
//! It knows messages alone. The page does without it: it fetches the words of one language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use market::language::{Language, Message};

/// A message in a language, for the command line and for tests: the page fetches its words.
pub fn worded(message: &Message, language: Language) -> String {
    static WORDS: LazyLock<[BTreeMap<String, String>; Language::ALL.len()]> = LazyLock::new(|| {
        [include_str!("../../languages/en.json"), include_str!("../../languages/zh.json")]
            .map(|words| serde_json::from_str(words).unwrap_or_default())
    });
    let words = &WORDS[language as usize];
    message.worded(&|key| words.get(key).cloned().unwrap_or_else(|| key.into()))
}

/// A message in English.
pub fn english(message: &Message) -> String {
    worded(message, Language::English)
}
