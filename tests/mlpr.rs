//! The shipped search ranker, with the files that it is served with.

use std::path::Path;

use burn::tensor::Device;
use market::catalogue::{Catalogue, ProductId};
use market::features::dense::QueryMatch;
use market::features::wide::WideTables;
use market::text::TokenVectors;
use nets::models::mlpr::bert::Text;
use nets::models::mlpr::ranker::Ranker;
use nets::models::query_category::CategoryPredictor;

fn asset(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn shop() -> (Catalogue, TokenVectors) {
    let catalogue = serde_json::from_slice(&asset("catalogue.json")).expect("the catalogue");
    let vocabulary = String::from_utf8(asset("words.txt")).expect("UTF-8");
    let words = TokenVectors::new(&vocabulary, &asset("words.safetensors")).expect("the words");
    (catalogue, words)
}

/// Item vectors may be computed before the second file of word vectors has arrived, so next to
/// nothing of an item may be in that file.
#[test]
fn the_words_of_products_are_in_the_first_file() {
    let (catalogue, words) = shop();
    let products = 0..catalogue.products.len() as ProductId;
    let is_whole = |product: &ProductId| {
        let pieces = Text::product(&words, &catalogue, *product).0;
        pieces.into_iter().all(|(piece, _)| words.vector(piece).is_some())
    };
    let whole = products.clone().filter(is_whole).count();
    assert!(200 * whole >= 199 * products.len(), "{whole} of {}", products.len());
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-6)
}

#[test]
fn what_is_asked_for_comes_before_what_is_not() {
    let (catalogue, words) = shop();
    let device = Device::flex();
    let ranker = Ranker::load(&asset("mlpr.safetensors"), &catalogue, &device).expect("the model");
    let tables = WideTables::new(&catalogue);
    let types = catalogue.product_types.len();
    let predictor = CategoryPredictor::load(&asset("query-category.safetensors"), types, &device);
    let predictor = predictor.expect("the predictor");
    for (query, product_type) in
        [("sofa", "sofa"), ("couch", "sofa"), ("headphones", "headphones"), ("milk", "milk")]
    {
        let is_wanted = |product: ProductId| {
            let of = catalogue.products[product as usize].product_type;
            catalogue.product_types[usize::from(of)].name == product_type
        };
        let candidates: Vec<ProductId> = (0..catalogue.products.len() as ProductId)
            .filter(|&product| is_wanted(product) || product.is_multiple_of(10))
            .collect();
        let mean = words.mean(&words.pieces(query));
        let titles = candidates.iter().map(|&product| &catalogue.products[product as usize].title);
        let cosine: Vec<f32> =
            titles.map(|title| cosine(&mean, &words.mean(&words.pieces(title)))).collect();
        let product_types =
            predictor.probabilities(mean).try_into_vec_as::<f32>().expect("the CPU");
        let matching = QueryMatch { cosine: &cosine, product_types: &product_types };
        let wide = tables.request(&catalogue, query, 6, matching, &candidates);
        let items = ranker.items(&words, &catalogue, &candidates);
        let output = ranker.rank(&ranker.query(&words, query), items, &wide, [1.0, 1.0]);
        let scores = output.engagement.narrow(1, 0, 1).try_into_vec_as::<f32>().expect("the CPU");
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let found = order.iter().take(5).filter(|&&place| is_wanted(candidates[place])).count();
        assert!(found >= 4, "{query}: {found} of the first five");
    }
}
