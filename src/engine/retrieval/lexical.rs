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
    use std::collections::HashMap;

    use market::catalogue::Catalogue;
    use market::growth::{Growth, shelves};

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

    /// Buckets of a table of so many entries: it is filled to seven eighths.
    fn buckets(entries: usize) -> usize {
        match entries {
            0 => 0,
            1..=3 => 4,
            4..=7 => 8,
            _ => (entries * 8 / 7).next_power_of_two(),
        }
    }

    /// Bytes that the lists over a shop take in a browser, where an address has four, if it has so many times
    /// as many products as there are titles, of the same words.
    fn bytes(titles: &[String], times: usize) -> usize {
        let tokenizer = Words::default();
        let mut products_of: HashMap<String, usize> = HashMap::new();
        let mut of_titles = 0;
        for title in titles {
            let mut words = tokenizer.tokenize(title);
            // Number and weight of each, as the allocator gives room for them.
            of_titles += (8 * words.len() + 4).next_multiple_of(8).max(16);
            words.sort_unstable();
            words.dedup();
            for word in words {
                *products_of.entry(word).or_default() += 1;
            }
        }
        // By product, its number and where its words are; by word, the products that have it. Each bucket has
        // a byte more.
        let by_product = buckets(times * titles.len()) * (4 + 12 + 1);
        let by_word = products_of.values().map(|count| buckets(times * count) * (4 + 1));
        by_product + times * of_titles + by_word.sum::<usize>()
    }

    /// What docs/index.md says that they take, counted on a shop of 40,000.
    #[test]
    fn the_lists_of_a_million_titles_take_some_170_bytes_a_product() {
        let json = include_str!("../../../assets/catalogue.json");
        let catalogue: Catalogue = serde_json::from_str(json).unwrap();
        let growth = Growth::new(&shelves(), &catalogue, &[4_000, 40_000]).unwrap();
        let newcomers = growth.map(|(product, _)| product.title);
        let titles: Vec<String> = catalogue.titles().map(String::from).chain(newcomers).collect();
        assert_eq!(titles.len(), 40_000);
        let [now, million] = [1, 25].map(|times| bytes(&titles, times) / (times * titles.len()));
        println!("BM25's lists: {now} bytes a product of 40,000, {million} of a million");
        assert!((150..190).contains(&now) && (150..190).contains(&million), "{now} {million}");
    }
}
