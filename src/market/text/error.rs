//! What can be wrong with the files of this room.

use safetensors::SafeTensorError;

/// Why a vocabulary or its vectors were refused.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// Empty, or a line is blank or stands there twice.
    #[error("the vocabulary is damaged: {pieces} different pieces on {lines} lines")]
    Vocabulary {
        /// Lines of the text.
        lines: usize,
        /// Different pieces on them.
        pieces: usize,
    },
    /// The file is no safetensors file, or a part of it is missing.
    #[error("the word vectors are damaged: {0}")]
    Damaged(#[from] SafeTensorError),
    /// The metadata lacks an entry or holds a value that cannot be read.
    #[error("the word vectors do not say their \"{key}\"")]
    Metadata {
        /// Name of the entry.
        key: &'static str,
    },
    /// The file was written by another version of the distiller.
    #[error("the word vectors are of format {found}; this program reads format {expected}")]
    Format {
        /// Format of the file.
        found: String,
        /// Format that is read here.
        expected: &'static str,
    },
    /// The vectors belong to another vocabulary.
    #[error("the word vectors belong to another vocabulary")]
    OtherVocabulary,
    /// The rows are not those that come next.
    #[error("expected word vectors from piece {expected} on, found them from piece {found} on")]
    OutOfOrder {
        /// First piece that has no vector yet.
        expected: usize,
        /// First piece of the file.
        found: usize,
    },
    /// The tensor is not a matrix of f16 of the right size.
    #[error("the word vectors are {found}; expected {expected}")]
    Shape {
        /// Type and shape found.
        found: String,
        /// Type and shape expected.
        expected: String,
    },
}
