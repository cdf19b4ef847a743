//! What the page shows before its engine has answered is what the engine answers.

use std::path::PathBuf;

use lab::cli::prepare::{FILE, prepared};
use lab::native::Folder;
use link::State;
use protocol::prepared::Prepared;
use serde_json::Value;

/// How far numbers may differ between two machines, relatively.
const ROUNDING: f64 = 1e-3;

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets")
}

fn shipped() -> Prepared {
    let file = std::fs::read(assets().join(FILE)).expect("vitrine prepare");
    serde_json::from_slice(&file).expect("a prepared page")
}

/// Where two values differ, if they do.
fn difference(one: &Value, other: &Value, at: &str) -> Option<String> {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64()?, b.as_f64()?);
            let near = (a - b).abs() <= ROUNDING * a.abs().max(b.abs()).max(1e-2);
            (!near).then(|| format!("{at}: {a} and {b}"))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| difference(a, b, &format!("{at}/{i}"))),
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().find_map(|(key, a)| difference(a, &b[key], &format!("{at}/{key}")))
        }
        _ => (one != other).then(|| format!("{at}: {one} and {other}")),
    }
}

#[test]
fn the_prepared_page_is_the_engines_answer() {
    let now =
        serde_json::to_value(prepared(Folder(assets())).expect("an answer")).expect("plain data");
    let then = serde_json::to_value(shipped()).expect("plain data");
    assert_eq!(difference(&then, &now, ""), None, "make it anew: vitrine prepare");
}

#[test]
fn opened_it_has_every_product_of_the_page_at_its_number() {
    let (shop, answer) = shipped().open();
    let catalogue = std::fs::read(assets().join("catalogue.json")).expect("the catalogue");
    let catalogue: market::catalogue::Catalogue =
        serde_json::from_slice(&catalogue).expect("a catalogue");
    assert_eq!(shop.catalogue.products.len(), catalogue.products.len());
    assert!(answer.candidates.len() >= State::default().page_size());
    for candidate in &answer.candidates {
        let product = candidate.product as usize;
        assert_eq!(shop.catalogue.products[product], catalogue.products[product]);
    }
    for entry in &answer.history {
        let product = entry.event.product as usize;
        assert_eq!(shop.catalogue.products[product], catalogue.products[product]);
    }
    assert!(shop.shoppers.iter().any(|shopper| shopper.key == State::default().shopper));
}
