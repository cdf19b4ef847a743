//! BM25 over titles: the lexical baseline that retrieval is measured against.

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};
use rust_stemmers::{Algorithm, Stemmer};

use super::Hit;
use market::catalogue::ProductId;

/// BM25 (k1 = 1.2, b = 0.75) over the titles of the catalogue, words stemmed by Snowball.
pub struct Lexical {
    embedder: Embedder<u32, Words>,
    scorer: Scorer<ProductId, u32>,
}

impl Lexical {
    /// An index over titles in product order.
    pub fn new(titles: &[&str]) -> Self {
        let embedder: Embedder<u32, Words> =
            EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Words::default(), titles)
                .k1(1.2)
                .b(0.75)
                .build();
        let mut scorer = Scorer::new();
        for (product, title) in (0..).zip(titles) {
            scorer.upsert(&product, embedder.embed(title));
        }
        Self { embedder, scorer }
    }

    /// The best `k` products that are on sale and share a word with the query, falling; of equal
    /// scores the lower product first.
    pub fn search(&self, query: &str, k: usize, on_sale: impl Fn(ProductId) -> bool) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self
            .scorer
            .matches(&self.embedder.embed(query))
            .into_iter()
            .filter(|found| on_sale(found.id))
            .map(|found| Hit { product: found.id, score: found.score })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.product.cmp(&b.product)));
        hits.truncate(k);
        hits
    }
}

/// Lower-cased runs of letters and digits, stemmed.
struct Words(Stemmer);

impl Default for Words {
    fn default() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }
}

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| self.0.stem(word).into_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: [&str; 4] = [
        "Fabric Sofa, Grey",
        "Leather Sofa with Leather Footstool, Brown, for Large Living Rooms",
        "Desk Lamp, Grey",
        "Sofa Bed",
    ];

    fn found(query: &str, k: usize) -> Vec<ProductId> {
        Lexical::new(&TITLES).search(query, k, |_| true).iter().map(|hit| hit.product).collect()
    }

    #[test]
    fn finds_titles_that_share_words_shorter_ones_first() {
        assert_eq!(found("SOFAS!", 10), [3, 0, 1]);
        assert_eq!(found("sofa", 2), [3, 0]);
        assert_eq!(found("grey lamp", 10), [2, 0]);
    }

    #[test]
    fn finds_nothing_that_is_not_on_sale() {
        let hits = Lexical::new(&TITLES).search("sofa", 2, |product| product != 3);
        assert_eq!(hits.iter().map(|hit| hit.product).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn knows_no_other_words_for_a_thing() {
        assert_eq!(found("couch", 10), [0; 0]);
        assert_eq!(found("", 10), [0; 0]);
    }
}
