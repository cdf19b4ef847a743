//! Words to numbers: normaliser, WordPiece and token vectors.
//!
//! The vectors are distilled from a sentence encoder (`tools/distil_words.py`), so that words mean
//! something before any model is trained: "couch" lies next to "sofa" though no title says couch.
//! They come in two files: the pieces that the shop itself uses, and behind them all the others.
//! The vocabulary is one and whole from the start, so a piece's id never changes.

mod error;
mod key_words;
mod normalise;
mod parts;
mod spelling;
mod tokeniser;
mod vectors;

pub use error::TextError;
pub use key_words::{KeyWord, key_words};
pub use normalise::{folded, normalised};
pub use parts::{PartId, Parts};
pub use spelling::{Reading, Spelling};
pub use tokeniser::{MAX_CHARACTERS, MAX_PIECES, PieceId, Tokeniser};
pub use vectors::TokenVectors;
