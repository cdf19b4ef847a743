//! The systems against an implementation of their papers in another language: the numbers in
//! `tests/reference/` come from the scripts beside them, which share no code with this program.

#[path = "support/braces.rs"]
mod braces;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use braces::{expanded, quoted};
use serde_json::{Value, json};
use vitrine::cli::score::{System, score};
use vitrine::models::weights::{About, Array, FORMAT, Precision, Weights};

const SYSTEMS: [(&str, System); 4] = [
    ("moppr", System::Moppr),
    ("dmt", System::Dmt),
    ("mlpr", System::Mlpr),
    ("yandex", System::Yandex),
];

/// How far a number may be from the reference's, as a share of it.
const RELATIVE: f64 = 1e-4;
/// And besides, for those near zero, as a share of the largest of its array.
const OF_LARGEST: f64 = 2e-6;

/// The cases of a system: `config`, `weights`, `input` and `insides` each.
fn cases(system: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/{system}.json"));
    let text = fs::read_to_string(path).expect("the reference's numbers");
    let Value::Array(cases) = serde_json::from_str(&text).expect("the reference's numbers") else {
        panic!("{system}: no list of cases");
    };
    assert!(!cases.is_empty());
    cases
}

/// The bytes of a weights file.
fn file(model: &str, case: &Value) -> Vec<u8> {
    let arrays: BTreeMap<String, Array> = case["weights"]
        .as_object()
        .expect("weights by name")
        .iter()
        .map(|(name, nested)| {
            let (mut shape, mut values) = (Vec::new(), Vec::new());
            flatten(nested, 0, &mut shape, &mut values);
            let values = values.into_iter().map(|value| value as f32).collect();
            (name.clone(), Array { shape, values })
        })
        .collect();
    let about = About {
        format: FORMAT,
        model: model.into(),
        market_seed: 1,
        command: "the reference".into(),
        config: case["config"].clone(),
    };
    Weights { about, arrays }.to_bytes(Precision::F32).expect("finite weights")
}

/// Shape and numbers of nested arrays.
fn flatten(value: &Value, depth: usize, shape: &mut Vec<usize>, numbers: &mut Vec<f64>) {
    let Value::Array(rows) = value else {
        return numbers.push(value.as_f64().expect("a number"));
    };
    if shape.len() == depth {
        shape.push(rows.len());
    }
    assert_eq!(shape[depth], rows.len(), "ragged");
    for row in rows {
        flatten(row, depth + 1, shape, numbers);
    }
}

fn hold(system: &str, case: usize, name: &str, found: &Value, expected: &Value) {
    let read = |value: &Value| {
        let (mut shape, mut numbers) = (Vec::new(), Vec::new());
        flatten(value, 0, &mut shape, &mut numbers);
        (shape, numbers)
    };
    let ((found_shape, found), (expected_shape, expected)) = (read(found), read(expected));
    assert_eq!(found_shape, expected_shape, "{system} {case}: shape of {name}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let tolerance = RELATIVE * expected.abs() + OF_LARGEST * largest;
        assert!(
            (found - expected).abs() <= tolerance,
            "{system} {case}: {name}, number {at}: {found}, by the reference {expected}"
        );
    }
}

#[track_caller]
fn agrees(name: &str, system: System) {
    for (number, case) in cases(name).iter().enumerate() {
        let input = case["input"].to_string();
        let insides = score(system, &file(name, case), &input).expect("a sound input");
        // What is printed is what is compared.
        let printed: Value = serde_json::from_str(&insides.to_string()).expect("JSON");
        let expected = case["insides"].as_object().expect("insides by name");
        for (inside, expected) in expected {
            let found = printed.get(inside);
            hold(name, number, inside, found.unwrap_or_else(|| panic!("no {inside}")), expected);
        }
        for inside in insides.names() {
            assert!(expected.contains_key(inside), "{name} {number}: {inside} is not held");
        }
    }
}

#[test]
fn moppr_agrees_with_the_reference() {
    agrees("moppr", System::Moppr);
}

#[test]
fn dmt_agrees_with_the_reference() {
    agrees("dmt", System::Dmt);
}

#[test]
fn mlpr_agrees_with_the_reference() {
    agrees("mlpr", System::Mlpr);
}

#[test]
fn yandex_agrees_with_the_reference() {
    agrees("yandex", System::Yandex);
}

#[test]
fn every_inside_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/score.md");
    let text = fs::read_to_string(path).expect("docs/score.md");
    for ((name, _), chapter) in SYSTEMS.into_iter().zip(text.split("\n## ").skip(1)) {
        let (_, table) = chapter.split_once("| inside |").expect("a table of insides");
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let first = |row: &str| row.split('|').nth(1).map(quoted).expect("names");
        let described: BTreeSet<String> =
            rows.flat_map(first).flat_map(|name| expanded(&name)).collect();
        let mut found = BTreeSet::new();
        for case in cases(name) {
            let single_task = case["config"]["multi_task"] == "single-task";
            for inside in case["insides"].as_object().expect("insides by name").keys() {
                let ends = ["_click", "_order"].iter().filter(|_| single_task);
                let shared = ends.filter_map(|end| inside.strip_suffix(end)).next();
                found.insert(shared.unwrap_or(inside).to_owned());
            }
        }
        assert_eq!(found, described, "{name}");
    }
}

/// What is said of an input, or of weights, that will not do.
fn refusal(system: System, weights: &[u8], input: &Value) -> String {
    format!("{:#}", score(system, weights, &input.to_string()).expect_err("it is refused"))
}

/// Every array and object of an input, as the path that leads to it.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(format!("{path}/{name}"));
                places(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(rows) => {
            for (n, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_number()) {
                found.push(format!("{path}/{n}"));
                places(row, &format!("{path}/{n}"), found);
            }
        }
        _ => {}
    }
}

/// The input with another value at a path.
fn spoil(input: &Value, path: &str, spoilt: Value) -> Value {
    let mut input = input.clone();
    *input.pointer_mut(path).expect("it is there") = spoilt;
    input
}

#[test]
fn whatever_is_wrong_with_an_input_is_said_and_never_panics() {
    for (name, system) in SYSTEMS {
        let case = &cases(name)[0];
        let (weights, input) = (file(name, case), &case["input"]);
        let mut found = Vec::new();
        places(input, "", &mut found);
        let mut refused = 0;
        for path in &found {
            let here = input.pointer(path).expect("it is there");
            let field = path.rsplit('/').find(|part| part.parse::<usize>().is_err());
            // A word, an empty list, one entry too many, a huge number in the place of any.
            let mut spoilt = vec![json!("a word"), json!([]), json!([[[[[1]]]]])];
            if let Value::Array(rows) = here {
                let mut longer = rows.clone();
                longer.push(rows[0].clone());
                longer.push(json!([1, [2]]));
                spoilt.push(Value::Array(longer));
                let mut huge = rows.clone();
                huge[0] = json!(1e300);
                spoilt.push(Value::Array(huge));
            }
            for spoilt in spoilt {
                let said = refusal(system, &weights, &spoil(input, path, spoilt));
                let field = field.expect("a field");
                let outer = path.split('/').nth(1).expect("a field");
                assert!(said.contains(field) || said.contains(outer), "{path}: {said}");
                refused += 1;
            }
        }
        assert!(refused > 50, "{name}: {refused}");
    }
}

#[test]
fn fields_that_are_missing_or_unknown_are_named() {
    for (name, system) in SYSTEMS {
        let case = &cases(name)[0];
        let (weights, input) = (file(name, case), &case["input"]);
        let fields = input.as_object().expect("an object");
        let mut needed = 0;
        for field in fields.keys() {
            let mut less = fields.clone();
            less.remove(field);
            if let Err(error) = score(system, &weights, &Value::Object(less).to_string()) {
                assert!(format!("{error:#}").contains(field.as_str()), "{error:#}");
                needed += 1;
            }
        }
        assert!(needed >= 2, "{name}");
        let mut more = fields.clone();
        more.insert("tokenz".into(), json!(1));
        assert!(refusal(system, &weights, &Value::Object(more)).contains("tokenz"));
        assert!(refusal(system, &weights, &json!([1])).contains("no JSON object"));
        let said = format!("{:#}", score(system, &weights, "{").expect_err("it is cut"));
        assert!(said.contains("no JSON"), "{said}");
    }
}

#[test]
fn ids_and_masks_out_of_range_are_refused() {
    let out = [
        ("moppr", "/products/id/0", json!(100_000), "products.id[0]"),
        ("moppr", "/products/brand/1", json!(-1), "products.brand[1]"),
        ("moppr", "/requests/profile/0/1", json!(3), "requests.profile[0][1]"),
        ("moppr", "/requests/token_mask/0/0", json!(0.5), "neither 0 nor 1"),
        ("moppr", "/requests/behaviours/1/products/0/0", json!(99), "behaviours[1].products[0][0]"),
        ("moppr", "/loss/candidates/0/0", json!(1.5), "whole number"),
        ("moppr", "/loss/temperature", json!(0), "above 0"),
        ("dmt", "/candidates/product/0/0", json!(100_000), "candidates.product[0][0]"),
        ("dmt", "/sequences/2/shop/0/0", json!(100), "sequences[2].shop[0][0]"),
        ("dmt", "/places/index/0/0", json!(400), "places.index[0][0]"),
        ("mlpr", "/queries/fields/0/0", json!(5), "queries.fields[0][0]"),
        ("mlpr", "/pairs/item/0", json!(50), "pairs.item[0]"),
        ("mlpr", "/loss/impressions/0", json!(-2), "below 0"),
        ("yandex", "/items/0", json!(1000), "items[0]"),
        ("yandex", "/histories/kinds/0/0", json!(5), "histories.kinds[0][0]"),
        ("yandex", "/finetune/surface/0", json!(2), "finetune.surface[0]"),
    ];
    for (name, path, value, expected) in out {
        let system = SYSTEMS.iter().find(|(own, _)| *own == name).expect("a system").1;
        let case = &cases(name)[0];
        let said = refusal(system, &file(name, case), &spoil(&case["input"], path, value));
        assert!(said.contains(expected), "{path}: {said}");
    }
}

#[test]
fn weights_of_another_model_or_shape_are_refused() {
    for (n, (name, system)) in SYSTEMS.into_iter().enumerate() {
        let case = &cases(name)[0];
        let other = SYSTEMS[(n + 1) % SYSTEMS.len()].0;
        let said = refusal(system, &file(other, &cases(other)[0]), &case["input"]);
        assert!(said.contains(other) && said.contains(name), "{said}");
        let file_of = |case: &Value| file(name, case);
        assert!(refusal(system, b"none", &case["input"]).contains("damaged"));
        let mut short = case.clone();
        let weights = short["weights"].as_object_mut().expect("weights by name");
        let first = weights.keys().next().expect("a tensor").clone();
        let tensor = weights.remove(&first).expect("it is there");
        assert!(refusal(system, &file_of(&short), &case["input"]).contains(&first));
        let weights = short["weights"].as_object_mut().expect("weights by name");
        weights.insert(first.clone(), json!([tensor]));
        assert!(refusal(system, &file_of(&short), &case["input"]).contains(&first));
    }
}
