//! BM25 over titles: lexical retrieval, which all four papers are held against. Where nothing is
//! typed it asks for the titles of the newest behaviours.

use crate::{Attends, Retriever};

/// What all who name it know of it.
pub static RETRIEVER: Retriever = Retriever {
    key: "bm25",
    knobs: &[],
    networks: &[],
    objectives: &[],
    attends: Attends::Whole,
    has_vectors: false,
    reads_device: false,
    reads: &["query", "behaviour"],
    blocks: &[],
};
