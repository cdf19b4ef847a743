//! One way to write what reads the same: before words are looked for in a text.

use tokenizers::NormalizedString;

/// The text in Unicode's NFKC, without what is never seen, with every space a plain one and every
/// quotation mark a straight one.
///
/// ```
/// use market::text::normalised;
///
/// assert_eq!(normalised("so\u{200B}fa\u{3000}ｂｅｄ “5½’s”"), "sofa bed \"51/2's\"");
/// ```
pub fn normalised(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    // First what is not seen: it stands between letters and the accents that they compose with.
    let seen: String = text.chars().filter(|c| !is_ignorable(*c)).collect();
    let mut composed = NormalizedString::from(seen);
    composed.nfkc();
    let plain = |c: char| match c {
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2039}' | '\u{203A}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2044}' => '/',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    composed.get().chars().map(plain).collect()
}

/// Small letters without their accents.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut decomposed = NormalizedString::from(text.to_lowercase());
    decomposed.nfd();
    decomposed.get().chars().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).collect()
}

/// Unicode's property Default_Ignorable_Code_Point, which is stable.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_letter_is_one() {
        for (text, expected) in [
            ("so\u{200B}fa", "sofa"),
            ("\u{FEFF}sofa\u{AD}", "sofa"),
            ("sofa\u{A0}bed\u{2003}red\u{3000}", "sofa bed red "),
            ("ｓｏｆａ", "sofa"),
            ("oﬃce", "office"),
            ("men’s ‘red’ “dress” «big»", "men's 'red' \"dress\" \"big\""),
            ("cafe\u{301}", "café"),
            ("usb‑c – 5 m²", "usb-c - 5 m2"),
            ("sofa", "sofa"),
        ] {
            assert_eq!(normalised(text), expected, "{text:?}");
        }
    }

    #[test]
    fn folding_takes_off_accents_and_case() {
        assert_eq!(folded("Vélo CAFE\u{301} Größe"), "velo cafe große");
    }

    proptest! {
        #[test]
        fn once_is_enough(text in any::<String>()) {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }
    }
}
