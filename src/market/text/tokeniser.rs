//! Text to word pieces: BERT's normaliser and WordPiece.

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    Model, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer,
};

use super::error::TextError;

/// Line of a word piece in the vocabulary, from 0.
pub type PieceId = u32;

/// Pieces read of one text; what comes after them is ignored.
pub const MAX_PIECES: usize = 64;
/// Characters read of one text; what comes after them is ignored.
pub const MAX_CHARACTERS: usize = 1_000;

/// WordPiece needs a piece for words that it cannot spell. It is none of the vocabulary's.
const UNKNOWN: (&str, PieceId) = ("[UNK]", PieceId::MAX);

/// Splits text into word pieces: lower case, accents stripped, longest match first. Words that
/// the vocabulary cannot spell, and punctuation, give no piece.
pub struct Tokeniser {
    // Concrete types: the `tokenizers::Tokenizer` over them can also be any other model, and
    // would bring all of them into the browser.
    normaliser: BertNormalizer,
    model: WordPiece,
    len: usize,
}

impl Tokeniser {
    /// A tokeniser over a vocabulary of one piece a line; pieces that continue a word begin
    /// with `##`.
    pub fn new(vocabulary: &str) -> Result<Self, TextError> {
        let damaged = |pieces| TextError::Vocabulary { lines: vocabulary.lines().count(), pieces };
        let mut pieces = WordPiece::read_bytes(vocabulary.as_bytes()).map_err(|_| damaged(0))?;
        pieces.remove("");
        let len = pieces.len();
        if len == 0 || len != vocabulary.lines().count() {
            return Err(damaged(len));
        }
        pieces.insert(UNKNOWN.0.to_owned(), UNKNOWN.1);
        let model = WordPiece::builder()
            .vocab(pieces)
            .unk_token(UNKNOWN.0.to_owned())
            .build()
            .expect("a builder fails only where it is given a file to read");
        Ok(Self { normaliser: BertNormalizer::default(), model, len })
    }

    /// Pieces of a text, in its order: at most [`MAX_PIECES`], from its first
    /// [`MAX_CHARACTERS`] characters.
    pub fn pieces(&self, text: &str) -> Vec<PieceId> {
        let end = text.char_indices().nth(MAX_CHARACTERS).map_or(text.len(), |(at, _)| at);
        // The steps return errors for kinds of tokeniser that this is none of.
        self.tokenise(&text[..end]).unwrap_or_default()
    }

    fn tokenise(&self, text: &str) -> tokenizers::Result<Vec<PieceId>> {
        let mut normalised = NormalizedString::from(text);
        self.normaliser.normalize(&mut normalised)?;
        let mut words = PreTokenizedString::from(normalised);
        BertPreTokenizer.pre_tokenize(&mut words)?;
        let mut pieces = Vec::new();
        for (word, ..) in words.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            let tokens = self.model.tokenize(word)?;
            pieces.extend(tokens.iter().map(|token| token.id).filter(|&id| id != UNKNOWN.1));
        }
        pieces.truncate(MAX_PIECES);
        Ok(pieces)
    }

    /// The piece with this id, as the vocabulary writes it.
    pub fn piece(&self, id: PieceId) -> Option<String> {
        if id == UNKNOWN.1 { None } else { self.model.id_to_token(id) }
    }

    /// Number of pieces in the vocabulary.
    #[allow(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VOCABULARY: &str = "sofa\nbed\n##s\ncafe\na\n##a\nb\n##b\n3\n";

    fn spelled(text: &str) -> Vec<String> {
        let tokeniser = Tokeniser::new(VOCABULARY).unwrap();
        tokeniser.pieces(text).into_iter().map(|id| tokeniser.piece(id).unwrap()).collect()
    }

    #[test]
    fn takes_the_longest_piece_first() {
        assert_eq!(spelled("sofas"), ["sofa", "##s"]);
        assert_eq!(spelled("bab"), ["b", "##a", "##b"]);
    }

    #[test]
    fn lowers_case_and_strips_accents() {
        assert_eq!(spelled("Sofa CAFÉS cafe\u{301}"), ["sofa", "cafe", "##s", "cafe"]);
    }

    #[test]
    fn skips_what_it_cannot_spell() {
        assert_eq!(spelled("3-bed, \"sofa\"!"), ["3", "bed", "sofa"]);
        assert_eq!(spelled("sofax 沙发 🛋 диван bed"), ["bed"]);
        assert_eq!(spelled(""), [""; 0]);
        // The unknown word's own name is no piece.
        assert_eq!(spelled("[UNK] unk"), [""; 0]);
    }

    #[test]
    fn cuts_long_texts() {
        assert_eq!(spelled(&"sofa ".repeat(10_000)).len(), MAX_PIECES);
        assert_eq!(spelled(&format!("{}sofa", "-".repeat(MAX_CHARACTERS - 4))), ["sofa"]);
        assert_eq!(spelled(&format!("{}sofa", "-".repeat(MAX_CHARACTERS))), [""; 0]);
    }

    #[test]
    fn refuses_damaged_vocabularies() {
        for damaged in ["", "\n", "a\n\nb", "a\nb\na", "a\n  \n"] {
            assert!(Tokeniser::new(damaged).is_err(), "{damaged:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_pieces_of_the_vocabulary(text in any::<String>()) {
            let tokeniser = Tokeniser::new(VOCABULARY).unwrap();
            let pieces = tokeniser.pieces(&text);
            prop_assert!(pieces.len() <= MAX_PIECES);
            prop_assert!(pieces.iter().all(|&id| tokeniser.piece(id).is_some()));
        }

        #[test]
        fn words_of_known_letters_are_spelled_whole(word in "[ab]{1,60}") {
            prop_assert_eq!(spelled(&word).concat().replace("##", ""), word);
        }
    }
}
