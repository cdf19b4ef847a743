//! Mends slips of the fingers: a word of a query that nobody knows becomes the nearest word of
//! the shop.

use std::collections::HashMap;

use strsim::osa_distance;

/// Shorter words are left alone: too many others are one letter away.
const SHORTEST: usize = 4;
/// Words of at least this many letters may have two slips, shorter ones one.
const LONG: usize = 8;

/// The words of the shop, with how often they are used.
#[derive(Clone, Debug, Default)]
pub struct Spelling {
    words: HashMap<String, u32>,
}

impl Spelling {
    /// Knows the words of these texts; each text counts as often as it was used.
    pub fn new<'a>(texts: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        for (text, count) in texts {
            for word in words(text) {
                *known.entry(word.to_lowercase()).or_default() += count;
            }
        }
        Self { words: known }
    }

    /// The text with its unknown words mended; none if there is nothing to mend. `is_word` says
    /// of a word that the shop does not use whether it is one all the same.
    ///
    /// The nearest word wins, of several the most used. The first letter is taken to be right, as
    /// it nearly always is: "rouch" may be anything.
    pub fn mend(&self, text: &str, is_word: impl Fn(&str) -> bool) -> Option<String> {
        let mut mended = text.to_owned();
        for word in words(text) {
            let lower = word.to_lowercase();
            let letters = lower.chars().count();
            if letters < SHORTEST
                || lower.chars().any(|c| !c.is_alphabetic())
                || self.words.contains_key(&lower)
                || is_word(&lower)
            {
                continue;
            }
            let slips = if letters < LONG { 1 } else { 2 };
            let nearest = self
                .words
                .iter()
                .filter(|(known, _)| known.chars().next() == lower.chars().next())
                .filter(|(known, _)| known.chars().count().abs_diff(letters) <= slips)
                .map(|(known, count)| (osa_distance(&lower, known), count, known))
                .filter(|(distance, ..)| *distance <= slips)
                // The last comparison only settles ties the same way every time.
                .min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1)).then(a.2.cmp(b.2)));
            if let Some((_, _, nearest)) = nearest {
                mended = mended.replacen(word, nearest, 1);
            }
        }
        (mended != text).then_some(mended)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shop() -> Spelling {
        Spelling::new([
            ("coffee maker", 50),
            ("Coffee machine", 30),
            ("couch", 20),
            ("coach", 2),
            ("dishwasher", 5),
            ("toffee", 90),
        ])
    }

    fn mend(text: &str) -> Option<String> {
        shop().mend(text, |word| word == "couched")
    }

    #[test]
    fn slips_are_mended() {
        assert_eq!(mend("cofee maker").as_deref(), Some("coffee maker"));
        assert_eq!(mend("Cofefe, mahcine").as_deref(), Some("coffee, machine"));
        assert_eq!(mend("dishwashr").as_deref(), Some("dishwasher"));
        assert_eq!(mend("dihswaser").as_deref(), Some("dishwasher"));
    }

    #[test]
    fn of_two_as_near_the_more_used_wins() {
        assert_eq!(mend("coch").as_deref(), Some("couch"));
    }

    #[test]
    fn what_may_be_right_is_left_alone() {
        for text in
            ["coach", "couched", "cof", "offee", "coffe3", "xylophone", "", "沙发", "cofffee1 x"]
        {
            assert_eq!(mend(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked_about(text in any::<String>()) {
            if let Some(mended) = mend(&text) {
                prop_assert_ne!(mended, text);
            }
        }
    }
}
