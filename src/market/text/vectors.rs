//! Word vectors: a row for each piece of the vocabulary, in two files.

use std::collections::HashMap;

use half::f16;
use half::slice::HalfFloatSliceExt;
use safetensors::{Dtype, SafeTensors};

use super::error::TextError;
use super::tokeniser::{PieceId, Tokeniser};

/// Format written by `tools/distil_words.py` that is read here.
const FORMAT: &str = "1";

/// Vocabulary and vectors of its pieces, [V, D] in f16.
///
/// The vectors of the pieces that the shop uses come first; [`TokenVectors::extend`] adds the
/// others when they have arrived. Until then a piece without a vector counts as nothing.
pub struct TokenVectors {
    tokeniser: Tokeniser,
    fingerprint: String,
    dimensions: usize,
    rows: Vec<f16>,
}

impl TokenVectors {
    /// Reads `words.txt` and `words.safetensors`.
    pub fn new(vocabulary: &str, first: &[u8]) -> Result<Self, TextError> {
        let mut vectors = Self {
            tokeniser: Tokeniser::new(vocabulary)?,
            fingerprint: fingerprint(vocabulary.as_bytes()),
            dimensions: 0,
            rows: Vec::new(),
        };
        vectors.extend(first)?;
        Ok(vectors)
    }

    /// Reads the rows that come next, from `words-more.safetensors`. On an error nothing changes.
    pub fn extend(&mut self, more: &[u8]) -> Result<(), TextError> {
        let (_, header) = SafeTensors::read_metadata(more)?;
        let entry = |key: &'static str| {
            let found = header.metadata().as_ref().and_then(|entries| entries.get(key));
            found.map(String::as_str).ok_or(TextError::Metadata { key })
        };
        let found = entry("format")?;
        if found != FORMAT {
            return Err(TextError::Format { found: found.to_owned(), expected: FORMAT });
        }
        if entry("vocabulary")? != self.fingerprint {
            return Err(TextError::OtherVocabulary);
        }
        let found = entry("first")?.parse().map_err(|_| TextError::Metadata { key: "first" })?;
        if found != self.len() {
            return Err(TextError::OutOfOrder { expected: self.len(), found });
        }

        let file = SafeTensors::deserialize(more)?;
        let tensor = file.tensor("vectors")?;
        let missing = self.tokeniser.len() - self.len();
        let dimensions = match (tensor.dtype(), tensor.shape()) {
            (Dtype::F16, &[rows, columns])
                if rows <= missing
                    && columns > 0
                    && (self.rows.is_empty() || columns == self.dimensions) =>
            {
                columns
            }
            (dtype, shape) => {
                return Err(TextError::Shape {
                    found: format!("{dtype:?} {shape:?}"),
                    expected: match self.dimensions {
                        0 => format!("F16 [at most {missing}, any]"),
                        columns => format!("F16 [at most {missing}, {columns}]"),
                    },
                });
            }
        };
        self.dimensions = dimensions;
        let values = tensor.data().chunks_exact(2);
        self.rows.extend(values.map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]])));
        Ok(())
    }

    /// Pieces of a text; see [`Tokeniser::pieces`].
    pub fn pieces(&self, text: &str) -> Vec<PieceId> {
        self.tokeniser.pieces(text)
    }

    /// The piece with this id, as the vocabulary writes it.
    pub fn piece(&self, id: PieceId) -> Option<String> {
        self.tokeniser.piece(id)
    }

    /// Number D of values in a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of pieces that have a vector: those with the ids below.
    #[allow(clippy::len_without_is_empty, reason = "a file without rows serves nobody")]
    pub fn len(&self) -> usize {
        self.rows.len().checked_div(self.dimensions).unwrap_or(0)
    }

    /// Number of pieces in the vocabulary, with a vector or without.
    pub fn vocabulary_len(&self) -> usize {
        self.tokeniser.len()
    }

    /// All rows that have arrived, in id order: [`TokenVectors::len`] by D.
    pub fn rows(&self) -> &[f16] {
        &self.rows
    }

    /// Vector of a piece; none if it has not arrived.
    pub fn vector(&self, id: PieceId) -> Option<Vec<f32>> {
        self.row(id).map(HalfFloatSliceExt::to_f32_vec)
    }

    /// Mean of the pieces' vectors; zeros if none of them has one.
    pub fn mean(&self, pieces: &[PieceId]) -> Vec<f32> {
        let mut sum = Sum::new(self.dimensions);
        self.add(pieces, &mut sum);
        sum.mean()
    }

    /// [`TokenVectors::mean`] of each text's pieces, one after another. Texts that share their
    /// words, as titles do, cost little more than their different words.
    ///
    /// Texts are taken whole; where one has more than
    /// [`MAX_PIECES`](super::tokeniser::MAX_PIECES), all of them count.
    pub fn means<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<f32> {
        self.each(texts).into_iter().flat_map(Sum::mean).collect()
    }

    /// As [`TokenVectors::means`], but the sums.
    pub fn sums<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<f32> {
        self.each(texts).into_iter().flat_map(|sum| sum.values).collect()
    }

    fn each<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<Sum> {
        let mut words: HashMap<&str, Sum> = HashMap::new();
        let mut sums = Vec::new();
        for text in texts {
            let mut sum = Sum::new(self.dimensions);
            // White space always ends a piece.
            for word in text.split_whitespace() {
                let of_word = words.entry(word).or_insert_with(|| {
                    let mut sum = Sum::new(self.dimensions);
                    self.add(&self.pieces(word), &mut sum);
                    sum
                });
                sum.add(&of_word.values, of_word.count);
            }
            sums.push(sum);
        }
        sums
    }

    fn add(&self, pieces: &[PieceId], sum: &mut Sum) {
        for row in pieces.iter().filter_map(|&id| self.row(id)) {
            sum.add(&row.to_f32_vec(), 1.0);
        }
    }

    /// Whether every piece of the text has its vector: otherwise the second file is worth
    /// waiting for.
    pub fn has_all(&self, text: &str) -> bool {
        self.pieces(text).into_iter().all(|id| self.row(id).is_some())
    }

    fn row(&self, id: PieceId) -> Option<&[f16]> {
        let start = usize::try_from(id).ok()?.checked_mul(self.dimensions)?;
        self.rows.get(start..start.checked_add(self.dimensions)?)
    }
}

/// Vectors added up, and how many.
struct Sum {
    values: Vec<f32>,
    count: f32,
}

impl Sum {
    fn new(dimensions: usize) -> Self {
        Self { values: vec![0.0; dimensions], count: 0.0 }
    }

    fn add(&mut self, values: &[f32], count: f32) {
        self.values.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        self.count += count;
    }

    /// Zeros where nothing was added.
    fn mean(mut self) -> Vec<f32> {
        let count = self.count.max(1.0);
        self.values.iter_mut().for_each(|sum| *sum /= count);
        self.values
    }
}

/// FNV-1a, 64 bits, as hexadecimal digits: ties vectors to the vocabulary they were made for.
fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    const VOCABULARY: &str = "sofa\ncouch\nbed\n";

    /// A file as the distiller writes it, with one entry of its metadata replaced.
    fn file(first: usize, rows: &[[f32; 2]], change: Option<(&str, &str)>) -> Vec<u8> {
        let bytes: Vec<u8> =
            rows.iter().flatten().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F16, vec![rows.len(), 2], &bytes).unwrap();
        let mut metadata = HashMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("vocabulary".to_owned(), fingerprint(VOCABULARY.as_bytes())),
            ("first".to_owned(), first.to_string()),
        ]);
        metadata.extend(change.map(|(key, value)| (key.to_owned(), value.to_owned())));
        safetensors::serialize([("vectors", tensor)], Some(metadata)).unwrap()
    }

    fn two_of_three() -> TokenVectors {
        TokenVectors::new(VOCABULARY, &file(0, &[[1.0, 2.0], [3.0, -4.0]], None)).unwrap()
    }

    #[test]
    fn a_piece_without_a_vector_counts_as_nothing() {
        let mut vectors = two_of_three();
        assert_eq!((vectors.len(), vectors.vocabulary_len(), vectors.dimensions()), (2, 3, 2));
        assert_eq!(vectors.vector(1), Some(vec![3.0, -4.0]));
        assert_eq!(vectors.vector(2), None);
        assert_eq!(vectors.mean(&[0, 1, 2]), [2.0, -1.0]);
        assert_eq!(vectors.mean(&[2]), [0.0, 0.0]);
        assert_eq!(vectors.mean(&[PieceId::MAX]), [0.0, 0.0]);
        assert!(vectors.has_all("Sofa, couch") && !vectors.has_all("sofa bed"));

        vectors.extend(&file(2, &[[6.0, 7.0]], None)).unwrap();
        assert_eq!(vectors.vector(2), Some(vec![6.0, 7.0]));
        assert!(vectors.has_all("sofa bed"));
    }

    #[test]
    fn means_of_many_texts_are_those_of_each() {
        let vectors = two_of_three();
        let texts = ["Sofa, couch", "bed", "", "sofa couch\tsofa", "couch-sofa sofa"];
        let each: Vec<f32> =
            texts.iter().flat_map(|text| vectors.mean(&vectors.pieces(text))).collect();
        assert_eq!(vectors.means(texts), each);
        assert_eq!(vectors.sums(texts)[..2], [4.0, -2.0]);
        assert_eq!(vectors.sums(texts)[8..], [5.0, 0.0]);
    }

    #[test]
    fn refuses_files_that_do_not_fit_and_stays_as_it_was() {
        let row = [[6.0, 7.0]];
        let mut vectors = two_of_three();
        let refused = |vectors: &mut TokenVectors, bytes: &[u8]| {
            let error = vectors.extend(bytes).unwrap_err();
            assert_eq!(vectors.len(), 2, "{error}");
            error
        };
        let whole = file(2, &row, None);
        for end in [0, 4, 20, whole.len() - 1] {
            let error = refused(&mut vectors, &whole[..end]);
            assert!(matches!(error, TextError::Damaged(_)), "{error}");
        }
        let format = file(2, &row, Some(("format", "0")));
        assert!(matches!(refused(&mut vectors, &format), TextError::Format { .. }));
        let other = file(2, &row, Some(("vocabulary", "1234")));
        assert!(matches!(refused(&mut vectors, &other), TextError::OtherVocabulary));
        let again = file(1, &row, None);
        assert!(matches!(refused(&mut vectors, &again), TextError::OutOfOrder { .. }));
        let unreadable = file(2, &row, Some(("first", "two")));
        assert!(matches!(refused(&mut vectors, &unreadable), TextError::Metadata { .. }));
        let long = file(2, &[row[0]; 2], None);
        assert!(matches!(refused(&mut vectors, &long), TextError::Shape { .. }));
    }

    #[test]
    fn the_fingerprint_is_fnv_1a() {
        // Published test vectors of the algorithm.
        assert_eq!(fingerprint(b""), "cbf29ce484222325");
        assert_eq!(fingerprint(b"foobar"), "85944171f73967e8");
    }
}
