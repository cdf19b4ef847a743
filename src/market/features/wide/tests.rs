use super::*;
use crate::catalogue::{Colour, Department, ProductType};

fn product(title: &str, product_type: u16, brand: u16, colour: Option<u8>) -> Product {
    Product {
        title: title.into(),
        product_type,
        brand,
        shop: 0,
        colour,
        price_cents: 4_095,
        rating: 4.4,
        reviews: 17,
    }
}

/// Two lamps, two sofas, two bowls.
fn catalogue() -> Catalogue {
    let product_type = |name: &str| ProductType {
        name: name.into(),
        department: 0,
        icon: "box".into(),
        repurchase_days: 900.0,
    };
    Catalogue {
        seed: 1,
        departments: vec![Department { name: "Home".into() }],
        product_types: ["desk lamp", "sofa", "bowl"].map(product_type).into(),
        brands: ["Glowyn", "Marrow & Pine", "Nordvik"].map(String::from).into(),
        shops: vec!["Shop".into()],
        colours: ["grey", "navy"]
            .map(|name| Colour { name: name.into(), hex: "#000000".into() })
            .into(),
        newcomers: 0,
        products: vec![
            product("Glowyn Aura Desk Lamp with Clamp, 12 W, Grey", 0, 0, Some(0)),
            product("Marrow & Pine Harlow 3-Seater Sofa", 1, 1, None),
            product("Nordvik Juno Bowl", 2, 2, None),
            product("Nordvik Desk Lamp", 0, 2, None),
            product("Nordvik Fjord Sofa", 1, 2, None),
            product("Nordvik Mila Bowl", 2, 2, None),
        ],
    }
}

fn tables() -> WideTables {
    WideTables::new(&catalogue())
}

fn value(row: &[f32], name: &str) -> f32 {
    let at = FEATURES.iter().position(|(other, _)| *other == name);
    row[at.unwrap_or_else(|| panic!("no {name}"))]
}

/// Features of products 0, 1 and 3.
fn rows(query: &str) -> Vec<Vec<f32>> {
    let matching = QueryMatch { cosine: &[0.9, 0.1, 0.8], product_types: &[0.7, 0.2, 0.1] };
    let all = tables().request(&catalogue(), query, 3, matching, &[0, 1, 3]);
    all.chunks(COUNT).map(<[f32]>::to_vec).collect()
}

/// The catalogue with two newcomers: a copy of the plain lamp, and a bowl with a word of its own.
fn grown() -> Catalogue {
    let mut catalogue = catalogue();
    let copy = catalogue.products[3].clone();
    catalogue.products.extend([copy, product("Nordvik Quasar Bowl", 2, 2, None)]);
    catalogue.newcomers = 2;
    catalogue
}

/// Features of the first so many products of a catalogue, by tables that are laid out of `tables`.
fn rows_of(tables: &Catalogue, catalogue: &Catalogue, query: &str, first: u32) -> Vec<Vec<f32>> {
    let matching = QueryMatch { cosine: &[], product_types: &[0.7, 0.2, 0.1] };
    let candidates: Vec<ProductId> = (0..first).collect();
    let all = WideTables::new(tables).request(catalogue, query, 3, matching, &candidates);
    all.chunks(COUNT).map(<[f32]>::to_vec).collect()
}

fn bits(rows: &[Vec<f32>]) -> Vec<u32> {
    rows.iter().flatten().map(|value| value.to_bits()).collect()
}

#[test]
fn every_feature_has_a_name_of_its_own() {
    let mut names: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == COUNT && COUNT >= 30 && !names.contains(&""));
    let kinds = FEATURES.map(|(_, kind)| kind);
    assert_eq!(kinds.iter().filter(|&&kind| kind == Kind::Item).count(), ITEM);
    assert_eq!(kinds.iter().filter(|&&kind| kind == Kind::Query).count(), QUERY);
}

#[test]
fn nothing_counts_what_came_of_showing_an_item() {
    let counted = ["click", "cart", "order", "impression", "conversion"];
    for (name, kind) in FEATURES {
        assert!(!counted.iter().any(|word| name.contains(word)), "{name}");
        assert!(kind != Kind::Item || !name.is_empty());
    }
    assert_eq!(FEATURES[0].0, "rating");
    assert_eq!(value(&rows("lamp")[0], "rating"), 4.4);
}

#[test]
fn words_are_matched_field_by_field() {
    let rows = rows("grey desk lamps");
    let [lamp, sofa, plain] = [&rows[0], &rows[1], &rows[2]];
    assert_eq!(value(lamp, "words-of-the-query-in-the-title"), 3.0);
    assert_eq!(value(plain, "words-of-the-query-in-the-title"), 2.0);
    assert_eq!(value(sofa, "words-of-the-query-in-the-title"), 0.0);
    assert_eq!(value(lamp, "share-of-the-querys-words-in-the-title"), 1.0);
    assert_eq!(value(plain, "share-of-the-titles-words-in-the-query"), 2.0 / 3.0);
    assert_eq!(value(lamp, "the-querys-last-word-is-in-the-title"), 1.0);
    assert_eq!(value(lamp, "the-querys-last-word-is-in-the-product-type"), 1.0);
    assert_eq!(value(sofa, "the-querys-last-word-is-in-the-product-type"), 0.0);
    let neighbours = "neighbouring-words-of-the-query-that-are-neighbours-in-the-title";
    assert_eq!(value(lamp, neighbours), 1.0);
    assert_eq!(value(plain, "nearness-of-the-first-shared-word-to-the-titles-start"), 1.0 / 2.0);
    let bm25 = "bm25-of-the-title";
    assert!(value(lamp, bm25) > value(plain, bm25) && value(plain, bm25) > 0.0);
    assert_eq!(value(sofa, bm25), 0.0);
    assert!(value(lamp, "bm25-of-product-type-and-department") > 0.0);
}

#[test]
fn bm25_by_hand() {
    let tables = tables();
    let word = |text: &str| tables.words[text];
    // Two of six products hold "lamp".
    let idf = (1.0 + (6.0_f32 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
    assert!((tables.idf[word("lamp") as usize] - idf).abs() < 1e-6);
    let title = [word("lamp"), word("desk"), word("lamp")];
    let found = tables.bm25(&[word("lamp")], &[&title], 6.0);
    let expected = idf * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 3.0 / 6.0));
    assert!((found - expected).abs() < 1e-5);
}

#[test]
fn brands_colours_and_numbers_that_are_asked_for_are_seen() {
    let of_brand = "the-brand-is-the-one-asked-for";
    let rows_of = |query: &str| rows(query);
    assert_eq!(value(&rows_of("marrow & pine couch")[1], of_brand), 1.0);
    assert_eq!(value(&rows_of("marrow & pine couch")[0], of_brand), -1.0);
    assert_eq!(value(&rows_of("pine couch")[1], of_brand), 0.0);
    assert_eq!(value(&rows_of("pine couch")[1], "the-query-names-a-brand"), 0.0);
    let of_colour = "the-colour-is-the-one-asked-for";
    assert_eq!(value(&rows_of("grey lamp")[0], of_colour), 1.0);
    assert_eq!(value(&rows_of("navy lamp")[0], of_colour), -1.0);
    assert_eq!(value(&rows_of("navy lamp")[1], of_colour), -1.0);
    assert_eq!(value(&rows_of("lamp 12 w")[0], "a-number-of-the-query-is-in-the-title"), 1.0);
    assert_eq!(value(&rows_of("lamp 13 w")[0], "a-number-of-the-query-is-in-the-title"), 0.0);
}

#[test]
fn misspelled_queries_share_trigrams() {
    let name = "share-of-the-querys-letter-trigrams-in-title-and-product-type";
    let rows = rows("dsk lampp");
    assert!(value(&rows[0], name) > 0.3 && value(&rows[1], name) < 0.1);
}

#[test]
fn predictions_are_those_of_the_products_own_type() {
    let rows = rows("lamp");
    assert_eq!(value(&rows[0], "predicted-probability-of-the-product-type"), 0.7);
    assert_eq!(value(&rows[1], "one-over-the-rank-of-the-predicted-product-type"), 0.5);
    assert!((value(&rows[0], "predicted-probability-of-the-department") - 1.0).abs() < 1e-6);
    assert_eq!(value(&rows[2], "cosine-of-query-and-title"), 0.8);
    assert_eq!(value(&rows[0], "frequency-of-the-query"), 3.0);
}

#[test]
fn any_query_gives_finite_features() {
    for query in ["", " ", "\u{0}", "沙发 🛋", "&&&", "lamp lamp lamp lamp", &"x ".repeat(5000)]
    {
        let features = tables().request(&catalogue(), query, 0, QueryMatch::default(), &[0, 5]);
        assert_eq!(features.len(), 2 * COUNT);
        assert!(features.iter().all(|value| value.is_finite()), "{query:?}");
    }
}

#[test]
fn newcomers_change_nothing_of_the_others_and_are_not_laid_out() {
    for query in ["", "grey desk lamps", "quasar bowl", "nordvik 12 w"] {
        let without = rows_of(&catalogue(), &catalogue(), query, 6);
        let with = rows_of(&grown(), &grown(), query, 8);
        assert_eq!(bits(&with[..6]), bits(&without), "{query}");
        // Nor need they have been there when the tables were laid out.
        assert_eq!(bits(&rows_of(&catalogue(), &grown(), query, 8)), bits(&with), "{query}");
    }
    let tables = WideTables::new(&grown());
    assert_eq!(tables.items.len(), 6);
    assert!(!tables.words.contains_key("quasar"));
}

#[test]
fn a_newcomer_is_as_a_product_that_a_log_tells_of() {
    for query in ["", "grey desk lamps", "nordvik", "quasar"] {
        let rows = rows_of(&grown(), &grown(), query, 8);
        assert_eq!(bits(&rows[6..7]), bits(&rows[3..4]), "{query}");
        assert!(rows.iter().flatten().all(|value| value.is_finite()), "{query}");
    }
}

#[test]
fn a_word_that_only_a_newcomer_has_is_unknown_but_counts_in_its_title() {
    let rows = rows_of(&grown(), &grown(), "quasar bowl", 8);
    let bowl = &rows[7];
    assert_eq!(value(bowl, "share-of-the-querys-words-that-no-product-has"), 0.5);
    assert_eq!(value(bowl, "words-of-the-query-in-the-title"), 1.0);
    assert_eq!(value(bowl, "words-in-the-title"), 3.0);
    assert_eq!(value(bowl, "share-of-the-titles-words-in-the-query"), 1.0 / 3.0);
    // Two bowls are known.
    assert_eq!(value(bowl, "products-of-the-product-type"), 2.0_f32.ln_1p());
    // Ten trigrams of the query, all of them among the seventeen of the title.
    let dice = value(bowl, "dice-coefficient-of-the-letter-trigrams-of-query-and-title");
    assert!((dice - 20.0 / 27.0).abs() < 1e-6);
}
