//! Texts as what they are made of: some thousand parts make a million titles.

use rustc_hash::FxHashMap;

/// Number of a part.
pub type PartId = u32;

/// Many texts, each as the numbers of its parts, which are what stands between spaces. Whoever reads their
/// words reads each part once.
///
/// ```
/// use market::text::Parts;
///
/// let parts = Parts::new(["red sofa", "red lamp"]);
/// assert_eq!(parts.different().collect::<Vec<_>>(), ["red", "sofa", "lamp"]);
/// assert_eq!(parts.texts().collect::<Vec<_>>(), [[0, 1], [0, 2]]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    different: Vec<Box<str>>,
    /// Parts of one text after another.
    of_texts: Vec<PartId>,
    /// Where those of each text end.
    ends: Vec<u32>,
}

impl Parts {
    /// Those of some texts. They are numbered in the order in which they come first.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut numbers: FxHashMap<&str, PartId> = FxHashMap::default();
        let mut parts = Self::default();
        for text in texts {
            for part in text.split(' ') {
                let next = parts.different.len() as PartId;
                let number = *numbers.entry(part).or_insert_with(|| {
                    parts.different.push(part.into());
                    next
                });
                parts.of_texts.push(number);
            }
            parts.ends.push(parts.of_texts.len() as u32);
        }
        parts
    }

    /// The different parts, in the order of their numbers.
    pub fn different(&self) -> impl ExactSizeIterator<Item = &str> {
        self.different.iter().map(|part| &**part)
    }

    /// Parts of each text.
    pub fn texts(&self) -> impl Iterator<Item = &[PartId]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.of_texts[start as usize..*end as usize])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_their_parts_with_spaces_between(
            texts in prop::collection::vec("[ab é]{0,7}", 0..9),
        ) {
            let parts = Parts::new(texts.iter().map(String::as_str));
            let different: Vec<&str> = parts.different().collect();
            let again = parts.texts().map(|text| {
                let parts: Vec<&str> = text.iter().map(|part| different[*part as usize]).collect();
                parts.join(" ")
            });
            prop_assert_eq!(again.collect::<Vec<_>>(), texts);
            for (number, part) in different.iter().enumerate() {
                prop_assert!(!different[..number].contains(part));
            }
            // Whatever has a lower number comes before.
            let mut met = 0;
            for &part in parts.texts().flatten() {
                prop_assert!(part <= met);
                met = met.max(part + 1);
            }
        }
    }
}
