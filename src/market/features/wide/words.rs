//! Words and letters of queries and titles, in the form in which they are compared.

use std::collections::HashMap;

/// Number of a word in the catalogue.
pub(super) type Word = u32;

/// Stands in a newcomer's title for every word without a number, which no query's known word is equal to.
pub(super) const UNNUMBERED: Word = Word::MAX;

/// Words of the catalogue by number.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// Number of each.
    pub words: HashMap<String, Word>,
    /// Whether each holds a digit.
    pub number: Vec<bool>,
}

impl Vocabulary {
    /// The words of a text, numbered as they come.
    pub fn of(&mut self, text: &str) -> Vec<Word> {
        stems(text)
            .map(|word| {
                let next = self.words.len() as Word;
                let number = word.chars().any(|c| c.is_ascii_digit());
                *self.words.entry(word).or_insert_with(|| {
                    self.number.push(number);
                    next
                })
            })
            .collect()
    }
}

/// Words of a text in lower case, without the ending of the plural.
pub(super) fn stems(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        let mut word = word.to_lowercase();
        if word.chars().count() > 3 && word.ends_with('s') && !word.ends_with("ss") {
            word.pop();
        }
        word
    })
}

/// Letter trigrams of a text's words, a blank on either side of each, sorted and each once.
pub(super) fn trigrams(text: &str) -> Vec<u32> {
    let mut trigrams: Vec<u32> = stems(text)
        .flat_map(|word| {
            let letters: Vec<u32> =
                [' '].into_iter().chain(word.chars()).chain([' ']).map(u32::from).collect();
            // Letters beyond Latin may meet in one number; that is no harm.
            let number = |w: &[u32]| w.iter().fold(0, |sum, letter| (sum << 8) ^ letter);
            letters.windows(3).map(number).collect::<Vec<_>>()
        })
        .collect();
    trigrams.sort_unstable();
    trigrams.dedup();
    trigrams
}

/// How many numbers two sorted lists share.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|number| b.binary_search(number).is_ok()).count()
}
