//! The words of a text in the form in which a query is held against titles.

use super::normalise::folded;

/// Words that say nothing of what is asked for.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "i", "in", "is", "it", "its", "me", "my",
    "of", "on", "or", "set", "that", "the", "this", "to", "with", "x", "your",
];

/// Of these, those behind which stands what a thing is for or where it is, and not what it is: "something to
/// sleep on in a tent". "Of" is none of them: a set of knives is knives.
const PREPOSITIONS: &[&str] = &["at", "by", "for", "from", "in", "on", "to", "with"];

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyWord {
    /// In small letters, without accents.
    pub text: String,
    /// The same without the ending of the plural: what two texts have in common.
    pub stem: String,
    /// It stands behind a preposition.
    pub behind: bool,
}

/// The words of a text that say something, in its order. A number and its unit are two words,
/// however they are written.
///
/// ```
/// use market::text::key_words;
///
/// let stems: Vec<String> = key_words("The chef's knives, 16GB").map(|word| word.stem).collect();
/// assert_eq!(stems, ["chef", "knif", "16", "gb"]);
/// ```
pub fn key_words(text: &str) -> impl Iterator<Item = KeyWord> {
    let words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    let mut behind = false;
    words.flat_map(split_unit).filter_map(move |word| {
        let text = folded(word.trim_matches(['\'', '’']));
        let text = text.strip_suffix("'s").or(text.strip_suffix("’s")).unwrap_or(&text);
        let text = text.replace(['\'', '’'], "");
        behind |= PREPOSITIONS.contains(&text.as_str());
        if text.is_empty() || STOP_WORDS.contains(&text.as_str()) {
            return None;
        }
        let stem = stem(&text);
        Some(KeyWord { text, stem, behind })
    })
}

/// "16gb" is 16 and gb; "a4" and "4k" are names.
fn split_unit(word: &str) -> [&str; 2] {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let unit = &word[digits..];
    if digits > 0 && unit.len() > 1 && unit.bytes().all(|b| b.is_ascii_alphabetic()) {
        [&word[..digits], unit]
    } else {
        [word, ""]
    }
}

/// A word without its ending of the plural, the same for both numbers: "knives" and "knife" are
/// "knif". It need not be a word.
pub(super) fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() {
        return word.to_owned();
    }
    let one = match word.strip_suffix('s') {
        Some(one) if !one.ends_with(['s', 'u', 'i']) => one,
        _ => word,
    };
    for (ending, instead) in [
        ("ve", "f"),
        ("fe", "f"),
        ("ie", "y"),
        ("che", "ch"),
        ("she", "sh"),
        ("sse", "ss"),
        ("xe", "x"),
    ] {
        if one.len() > ending.len() + 1
            && let Some(start) = one.strip_suffix(ending)
        {
            return format!("{start}{instead}");
        }
    }
    one.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        key_words(text).map(|word| word.stem).collect()
    }

    #[test]
    fn both_numbers_of_a_word_are_one() {
        for (one, many) in [
            ("knife", "knives"),
            ("glove", "gloves"),
            ("shelf", "shelves"),
            ("torch", "torches"),
            ("dress", "dresses"),
            ("box", "boxes"),
            ("battery", "batteries"),
            ("shoe", "shoes"),
            ("dish", "dishes"),
        ] {
            assert_eq!(stems(one), stems(many), "{one}");
        }
        for (one, other) in [("glass", "gla"), ("bus", "bu"), ("torch", "tor")] {
            assert_ne!(stems(one), stems(other), "{one}");
        }
    }

    #[test]
    fn what_a_thing_is_for_stands_behind_a_preposition() {
        let behind = |text| -> Vec<(String, bool)> {
            key_words(text).map(|word| (word.text, word.behind)).collect()
        };
        let expected = [("something", false), ("sleep", true), ("tent", true)];
        let expected = expected.map(|(text, behind)| (text.to_owned(), behind));
        assert_eq!(behind("something to sleep on in a tent"), expected);
        assert!(key_words("a set of kitchen knives").all(|word| !word.behind));
    }

    #[test]
    fn words_without_a_meaning_and_signs_are_left_out() {
        assert_eq!(stems("A gift for the Men's room!"), ["gift", "men", "room"]);
        assert_eq!(
            stems("\"Café\" – 2-in-1, 500ml A4 4k"),
            ["caf", "2", "1", "500", "ml", "a4", "4k"]
        );
        assert_eq!(stems("the ' x !!!"), [""; 0]);
        assert_eq!(stems("沙发"), ["沙发"]);
    }
}
