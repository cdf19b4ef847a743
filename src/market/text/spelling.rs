//! Reads a query as the shop can: slips of the fingers mended, words that were run together taken
//! apart and the other way round, and words that nobody here knows left out.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxHashSet;
use strsim::osa_distance;

use super::key_words::stem;
use super::normalise::folded;
use super::parts::Parts;

/// Shorter words are left alone: too many others are one letter away.
const SHORTEST: usize = 4;
/// Words of at least this many letters may have two slips, shorter ones one.
const LONG: usize = 8;
/// A form of a word is rare if the most used one is used more than this many times as often.
const RARE: u32 = 4;
/// Least letters of a word that another was run together with.
const SHORTEST_PART: usize = 3;

/// The words of the shop, with how often they are used.
#[derive(Clone, Debug, Default)]
pub struct Spelling {
    words: HashMap<String, u32>,
    /// Of the words with the same stem the most used.
    stems: HashMap<String, String>,
    /// Words that are written as two as well.
    apart: HashSet<String>,
}

/// A text as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The text that is read in its place: empty if no word of it is known.
    pub text: String,
    /// Whether words were left out because nobody knows them.
    pub left_out: bool,
}

/// What is to be made of a word.
enum Word {
    Known,
    Mended(String),
    Unknown,
}

impl Spelling {
    /// Knows the words of these titles, and of other texts, each of which counts as often as it was used.
    pub fn new<'a>(titles: &Parts, others: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        // Words are numbers until all are known.
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut numbers_of = |text: &str| -> Vec<usize> {
            let number = |word| {
                let next = numbers.len();
                *numbers.entry(folded(word)).or_insert(next)
            };
            words(text).map(number).collect()
        };
        let of_parts: Vec<Vec<usize>> = titles.different().map(&mut numbers_of).collect();
        let other = |(text, count)| (numbers_of(text), count);
        let of_others: Vec<(Vec<usize>, u32)> = others.into_iter().map(other).collect();
        // How often each part is used, and which of them stand beside each other, signs left out.
        let mut counts = vec![0_u32; of_parts.len()];
        let mut beside: FxHashSet<u64> = FxHashSet::default();
        for title in titles.texts() {
            let mut last = None;
            for &part in title.iter().filter(|part| !of_parts[**part as usize].is_empty()) {
                counts[part as usize] += 1;
                if let Some(last) = last.replace(part) {
                    beside.insert((u64::from(last) << 32) | u64::from(part));
                }
            }
        }
        let mut uses = vec![0_u32; numbers.len()];
        let mut pairs: FxHashSet<[usize; 2]> = FxHashSet::default();
        let of_others = of_others.iter().map(|(of_text, count)| (of_text, *count));
        for (of_text, count) in of_parts.iter().zip(counts).chain(of_others) {
            of_text.iter().for_each(|word| uses[*word] += count);
            pairs.extend(of_text.array_windows::<2>().copied());
        }
        pairs.extend(beside.into_iter().filter_map(|both| {
            let part = |number: u64| &of_parts[(number & u64::from(u32::MAX)) as usize];
            Some([*part(both >> 32).last()?, *part(both).first()?])
        }));
        let mut texts = vec![""; numbers.len()];
        numbers.iter().for_each(|(word, &number)| texts[number] = word);
        let together = pairs.into_iter().map(|pair| pair.map(|word| texts[word]));
        // An accent alone is no word.
        let together = together.filter(|[one, _]| !one.is_empty()).map(|pair| pair.concat());
        let apart = together.filter(|both| numbers.contains_key(both)).collect();
        let known: HashMap<String, u32> =
            numbers.into_iter().map(|(word, number)| (word, uses[number])).collect();
        let mut by_use: Vec<(&String, &u32)> = known.iter().collect();
        by_use.sort_unstable_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        let stems = by_use.into_iter().map(|(word, _)| (stem(word), word.clone())).collect();
        Self { words: known, stems, apart }
    }

    /// The text as it can be read; none where that is as it stands. `is_word` says of a word that
    /// the shop does not use whether it is one all the same.
    pub fn read(&self, text: &str, is_word: impl Fn(&str) -> bool) -> Option<Reading> {
        // Each word with what stands before it.
        let mut said: Vec<(&str, String)> = Vec::new();
        let (mut rest, mut left_out) = (text, false);
        for word in words(text) {
            let (before, after) = rest.split_once(word).unwrap_or((rest, ""));
            let read = match self.look_up(word, &is_word) {
                Word::Known => word.to_owned(),
                Word::Mended(mended) => mended,
                Word::Unknown => String::new(),
            };
            left_out |= read.is_empty();
            match said.last_mut() {
                Some((_, last)) if before == " " && self.are_one(last, &read) => *last += &read,
                _ => said.push((before, read)),
            }
            rest = after;
        }
        let mut read: String = said.iter().flat_map(|(before, word)| [*before, word]).collect();
        read += rest;
        if left_out {
            let any = read.chars().any(char::is_alphanumeric);
            let parts = read.split_whitespace().filter(|_| any);
            read = parts.collect::<Vec<_>>().join(" ");
        }
        (read != text).then_some(Reading { text: read, left_out })
    }

    /// The form in which the shop uses a word, where the one at hand is rare beside it: "torch" for "torches",
    /// but "shorts" for "shorts". The word in small letters without accents; one that the shop uses in no form
    /// stays as it is, and so does one that has no other form, as in Chinese.
    pub fn usual<'a>(&'a self, word: &'a str) -> &'a str {
        let uses = |form: &str| self.words.get(form).copied().unwrap_or(0);
        match self.stems.get(&stem(word)) {
            Some(usual) if uses(word).saturating_mul(RARE) < uses(usual) => usual.as_str(),
            _ => word,
        }
    }

    /// Whether the shop writes two words as one, and never apart: "smart watch" is "smartwatch"
    /// there, and "lawn mower" not "lawnmower".
    fn are_one(&self, one: &str, other: &str) -> bool {
        let are_long = [one, other].iter().all(|word| word.len() >= SHORTEST_PART);
        let both = folded(&format!("{one}{other}"));
        are_long && self.words.contains_key(&both) && !self.apart.contains(&both)
    }

    /// The other number of a word is the word; two words that were run together are the two; else
    /// the nearest word wins, of several one that takes no other letters, then the most used. The
    /// first letter is taken to be right, as it nearly always is: "rouch" may be anything.
    fn look_up(&self, word: &str, is_word: &impl Fn(&str) -> bool) -> Word {
        let lower = folded(word);
        let letters = lower.chars().count();
        // Numbers, sizes and names of models are what they are.
        if self.words.contains_key(&lower)
            || lower.chars().any(|c| !c.is_alphabetic())
            || is_word(&lower)
        {
            return Word::Known;
        }
        if letters < SHORTEST {
            return Word::Unknown;
        }
        if let Some(same) = self.stems.get(&stem(&lower)) {
            return Word::Mended(same.clone());
        }
        let known = |word: &str| word.len() >= SHORTEST_PART && self.words.contains_key(word);
        let cuts = lower.char_indices().map(|(cut, _)| lower.split_at(cut));
        let mut apart = cuts.filter(|(one, other)| known(one) && known(other));
        if let Some((one, other)) = apart.next() {
            return Word::Mended(format!("{one} {other}"));
        }
        // Letters are left out, doubled and swapped more often than others are typed for them.
        let takes_others = |known: &str| {
            let sorted = |word: &str| {
                let mut letters: Vec<char> = word.chars().collect();
                letters.sort_unstable();
                letters
            };
            known.chars().count() == letters && sorted(known) != sorted(&lower)
        };
        let slips = if letters < LONG { 1 } else { 2 };
        let nearest = self
            .words
            .iter()
            .filter(|(known, _)| known.chars().next() == lower.chars().next())
            .filter(|(known, _)| known.chars().count().abs_diff(letters) <= slips)
            .map(|(known, count)| (osa_distance(&lower, known), count, known))
            .filter(|(distance, ..)| *distance <= slips)
            // The last comparison only settles ties the same way every time.
            .min_by(|a, b| {
                let others = || takes_others(a.2).cmp(&takes_others(b.2));
                a.0.cmp(&b.0).then_with(others).then(b.1.cmp(a.1)).then(a.2.cmp(b.2))
            });
        nearest.map_or(Word::Unknown, |(_, _, nearest)| Word::Mended(nearest.clone()))
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
        let titles = Parts::new(["canapé", "scarf"]);
        let others = [
            ("coffee maker", 50),
            ("Coffee machine", 30),
            ("couch", 20),
            ("coach", 2),
            ("dishwasher", 5),
            ("toffee", 90),
            ("wash watch", 9),
            ("wash", 50),
        ];
        Spelling::new(&titles, others)
    }

    fn read(text: &str) -> Option<Reading> {
        shop().read(text, |word| word == "couched")
    }

    fn mended(text: &str) -> String {
        let reading = read(text).expect(text);
        assert!(!reading.left_out, "{text}");
        reading.text
    }

    #[test]
    fn slips_are_mended() {
        assert_eq!(mended("cofee maker"), "coffee maker");
        assert_eq!(mended("Cofefe, mahcine"), "coffee, machine");
        assert_eq!(mended("dishwashr"), "dishwasher");
        assert_eq!(mended("dihswaser"), "dishwasher");
    }

    #[test]
    fn of_two_as_near_the_more_used_wins_unless_it_takes_other_letters() {
        assert_eq!(mended("coch"), "couch");
        assert_eq!(mended("wach"), "watch");
    }

    #[test]
    fn the_other_number_of_a_word_is_the_word() {
        assert_eq!(mended("Scarves, couches"), "scarf, couch");
        assert_eq!(mended("toffees"), "toffee");
    }

    #[test]
    fn a_rare_form_is_usually_another() {
        let others =
            [("torch", 50), ("head torches", 9), ("short", 60), ("swim shorts", 50), ("沙发", 3)];
        let shop = Spelling::new(&Parts::new(["lamp"]), others);
        assert_eq!(shop.usual("torches"), "torch");
        assert_eq!(shop.usual("lamps"), "lamp");
        for word in ["torch", "shorts", "short", "head", "沙发", "xylophones", ""] {
            assert_eq!(shop.usual(word), word);
        }
    }

    #[test]
    fn what_was_run_together_is_taken_apart() {
        assert_eq!(mended("couch Coffeemaker"), "couch coffee maker");
        assert_eq!(mended("couchtoffee!"), "couch toffee!");
    }

    #[test]
    fn what_was_taken_apart_is_put_together() {
        let reading = shop().read("couch dish washer 3", |word| ["dish", "washer"].contains(&word));
        assert_eq!(reading.expect("it is one word here").text, "couch dishwasher 3");
        let both = Spelling::new(&Parts::new(["lawn mower"]), [("lawnmower", 1)]);
        assert_eq!(both.read("lawn mower", |_| false), None);
    }

    #[test]
    fn what_may_be_right_is_left_alone() {
        for text in
            ["coach", "couched", "coffe3", "", "CANAPE cánape", "cofffee1 3 1.5", "  couch  "]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn words_that_nobody_knows_are_left_out() {
        let left = |text: &str| (read(text).expect(text).text, read(text).expect(text).left_out);
        assert_eq!(left("xylophone couch"), ("couch".into(), true));
        assert_eq!(left("couch, xylophone-coch 5"), ("couch, -couch 5".into(), true));
        for text in ["offee", "cof", "沙发", "xylophone", "zzz yyy!"] {
            assert_eq!(left(text), (String::new(), true), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked_about(text in any::<String>()) {
            if let Some(reading) = read(&text) {
                prop_assert_ne!(reading.text, text);
            }
        }

        /// However texts are taken apart, the words are those of one after another.
        #[test]
        fn words_are_known_as_if_read_one_by_one(
            texts in prop::collection::vec(("[ab É.\u{345}-]{0,9}", 1..3_u32), 0..9),
        ) {
            let mut known: HashMap<String, u32> = HashMap::new();
            let mut apart = HashSet::new();
            for (text, count) in &texts {
                let mut last = String::new();
                for word in words(text).map(folded) {
                    if !last.is_empty() {
                        apart.insert(last + &word);
                    }
                    *known.entry(word.clone()).or_default() += count;
                    last = word;
                }
            }
            apart.retain(|both| known.contains_key(both));
            // What counts once may be a title.
            let texts = texts.iter().map(|(text, count)| (&**text, *count));
            let (titles, others): (Vec<_>, Vec<_>) = texts.partition(|(_, count)| *count == 1);
            let read = Spelling::new(&Parts::new(titles.into_iter().map(|(text, _)| text)), others);
            prop_assert_eq!((read.words, read.apart), (known, apart));
        }
    }
}
