//! The word vectors that are shipped mean what they should.

use std::path::Path;

use link::State;
use market::text::TokenVectors;

fn asset(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name))
        .expect("the shipped words")
}

fn first() -> TokenVectors {
    let vocabulary = String::from_utf8(asset("words.txt")).expect("the shipped words");
    TokenVectors::new(&vocabulary, &asset("words.safetensors")).expect("the shipped words")
}

fn whole() -> TokenVectors {
    let mut vectors = first();
    vectors.extend(&asset("words-more.safetensors")).expect("the shipped words");
    vectors
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn every_piece_has_a_vector_once_both_files_are_there() {
    let vectors = whole();
    assert!(vectors.vocabulary_len() >= 8_000);
    assert_eq!(vectors.len(), vectors.vocabulary_len());
    assert_eq!(vectors.dimensions(), 128);
    assert!(vectors.rows().iter().all(|value| value.is_finite()));
    assert!(first().len() < vectors.len() / 4);
}

/// What models read of products and of the shoppers' web searches is read with the first file
/// alone, and so are the queries that are asked most and the one that the page opens with: a link
/// then gives the same ranking whatever has arrived behind it.
#[test]
fn the_first_file_has_every_word_of_the_first_rankings() {
    let first = first();
    let read = |name: &str| serde_json::from_slice::<serde_json::Value>(&asset(name)).unwrap();
    assert!(first.has_all(&State::default().query));
    let catalogue = read("catalogue.json");
    let texts = |of: &serde_json::Value, name: &str| -> Vec<String> {
        let of = of.as_array().unwrap().iter();
        of.map(|one| one.get(name).unwrap_or(one).as_str().unwrap().to_owned()).collect()
    };
    let mut all = texts(&catalogue["products"], "title");
    for named in ["departments", "product_types", "brands", "colours"] {
        all.extend(texts(&catalogue[named], "name"));
    }
    for shopper in read("shoppers.json").as_array().unwrap() {
        all.extend(texts(&shopper["web_searches"], "query"));
    }
    for text in all {
        assert!(first.has_all(&text), "{text}");
    }
    for query in read("queries.json").as_array().unwrap().iter().take(300) {
        assert!(first.has_all(query[0].as_str().unwrap()), "{query}");
    }
}

#[test]
fn any_latin_word_can_be_spelled() {
    let vectors = whole();
    for word in ["qzxjvkw", "5g", "zyx987", "Übergrößenträger", "naïve"] {
        assert!(!vectors.pieces(word).is_empty(), "{word}");
    }
}

/// The nearest pieces of a word hold the word that means the same.
#[test]
fn words_of_one_meaning_are_neighbours() {
    let vectors = whole();
    for (word, other) in [
        ("couch", "sofa"),
        ("sneakers", "shoes"),
        ("trash", "garbage"),
        ("fridge", "refrigerator"),
        ("cheap", "affordable"),
        ("kids", "children"),
        ("tv", "television"),
    ] {
        let of = |word: &str| vectors.mean(&vectors.pieces(word));
        let (query, answer) = (of(word), cosine(&of(word), &of(other)));
        let nearer = (0..vectors.len() as u32)
            .filter(|&id| cosine(&query, &vectors.vector(id).expect("the shipped words")) > answer)
            .count();
        // The word itself and its forms ("bike", "bikes") may come before it.
        assert!(nearer <= 5, "{nearer} pieces are nearer to {word} than {other}");
    }
}

/// Queries find titles that share no word with them.
#[test]
fn a_query_finds_titles_in_other_words() {
    let vectors = whole();
    let titles = [
        "Nordhem 3-Seater Fabric Sofa, Grey",
        "Brightline LED Desk Lamp with Dimmer",
        "Cotton Bath Towel Set, 4 Pieces",
        "Wireless Over-Ear Headphones, Noise Cancelling",
        "Stainless Steel Kettle 1.7 l",
        "Men's Running Shoes, Lightweight",
        "Whole Milk 1 l, Organic",
        "Garden Hose 25 m with Spray Gun",
        "Children's Mountain Bicycle 20 inch",
        "Fountain Pen Gift Set",
    ];
    for (query, answer) in [
        ("couch", 0),
        ("living room furniture", 0),
        ("earbuds music", 3),
        ("sneakers", 5),
        ("kids bike", 8),
        ("watering the lawn", 7),
        ("dairy", 6),
        ("reading light", 1),
    ] {
        let of = |text: &str| vectors.mean(&vectors.pieces(text));
        let query_vector = of(query);
        let best = (0..titles.len())
            .max_by(|&a, &b| {
                let score = |i: usize| cosine(&query_vector, &of(titles[i]));
                score(a).total_cmp(&score(b))
            })
            .expect("the shipped words");
        assert_eq!(titles[best], titles[answer], "{query}");
    }
}
