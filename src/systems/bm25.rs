//! BM25 over titles: lexical retrieval, which all four papers are held against. Where nothing is
//! typed it asks for the titles of the newest behaviours.

use crate::part::Part;
use crate::{Attends, Retriever};

/// What all who name it know of it.
pub static RETRIEVER: Retriever = Retriever {
    key: "bm25",
    knobs: &[],
    networks: &[],
    objectives: &[],
    attends: Attends::Whole,
    has_vectors: false,
    reads: &["query", "behaviour"],
    blocks: &[],
    parts: PARTS,
    coarse_stands_on: [&[], &[]],
    learns: None,
};

const SOURCE: &str = "src/engine/retrieval/lexical.rs";

/// Words in, a sum out.
const PARTS: &[Part] = &[
    Part::input("words", "q", "", SOURCE),
    Part::input("title", "d", "", SOURCE),
    Part::of(&["words", "title"], "score", "s", "", SOURCE)
        .formula("s = Σ_q idf(q) · f(q,d)(k₁+1) / (f(q,d) + k₁(1 − b + b|d|/avg|d|))")
        .terms(&["idf"]),
];
