//! The systems against an implementation of their papers in another language: the numbers in
//! `tests/reference/` come from the scripts beside them, which share no code with this program. What an input may
//! hold stands there, too, in a file a system (`*.input.json`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::braces::{expanded, quoted};
use lab::cli::score::score;
use lab::registry::{SYSTEMS, system};
use lab::system::System;
use nets::models::weights::{About, Array, FORMAT, Precision, Weights};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How far a number may be from the reference's, as a share of it.
const RELATIVE: f64 = 1e-4;
/// And besides, for those near zero, as a share of the largest of its array.
const OF_LARGEST: f64 = 2e-6;

/// A system's file beside the scripts.
fn beside<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The cases of a system: `config`, `weights`, `input` and `insides` each.
fn cases(system: &str) -> Vec<Value> {
    let cases: Vec<Value> = beside(&format!("{system}.json"));
    assert!(!cases.is_empty());
    cases
}

/// What a system's input may hold, and what stands under its masks. Places are paths in the input.
#[derive(Deserialize)]
struct Input {
    /// A place, a value that is refused there, and what is said of it.
    out: Vec<(String, Value, String)>,
    /// A place, and a number that is refused there by its field.
    numbers: Vec<(String, Value)>,
    /// Numbers that may be left out, and are in no case of the reference.
    left_out: BTreeMap<String, Value>,
    /// A mask, and by its place what stands under it: ids below a bound, or numbers where that is 0.
    under_masks: Vec<(String, Vec<(String, i32)>)>,
}

impl Input {
    fn of(system: &str) -> Self {
        beside(&format!("{system}.input.json"))
    }

    /// A case's input with every number that may be left out.
    fn whole(&self, case: &Value) -> Value {
        let mut input = case["input"].clone();
        for (path, value) in &self.left_out {
            let (parent, field) = path.rsplit_once('/').expect("a field");
            if let Some(fields) = input.pointer_mut(parent).and_then(Value::as_object_mut) {
                fields.entry(field).or_insert(value.clone());
            }
        }
        input
    }
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

#[test]
fn every_system_agrees_with_the_reference() {
    for system in SYSTEMS {
        let name = system.key;
        for (number, case) in cases(name).iter().enumerate() {
            let input = case["input"].to_string();
            let insides = score(system, &file(name, case), &input).expect("a sound input");
            // What is printed is what is compared.
            let printed: Value = serde_json::from_str(&insides.to_string()).expect("JSON");
            let expected = case["insides"].as_object().expect("insides by name");
            for (inside, expected) in expected {
                let found = printed.get(inside);
                let found = found.unwrap_or_else(|| panic!("no {inside}"));
                hold(name, number, inside, found, expected);
            }
            for inside in insides.names() {
                assert!(expected.contains_key(inside), "{name} {number}: {inside} is not held");
            }
        }
    }
}

#[test]
fn every_inside_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/score.md");
    let text = fs::read_to_string(path).expect("docs/score.md");
    let chapters: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert_eq!(chapters.len(), SYSTEMS.len());
    for name in SYSTEMS.map(|system| system.key) {
        let of_it = chapters.iter().find(|chapter| chapter.to_lowercase().starts_with(name));
        let chapter = of_it.unwrap_or_else(|| panic!("no chapter on {name}"));
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
fn refusal(system: &System, weights: &[u8], input: &Value) -> String {
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
    for system in SYSTEMS {
        let name = system.key;
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
    for system in SYSTEMS {
        let name = system.key;
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
    for system in SYSTEMS {
        let name = system.key;
        let case = &cases(name)[0];
        let out = Input::of(name).out;
        assert!(!out.is_empty(), "{name}");
        for (path, value, expected) in out {
            let said = refusal(system, &file(name, case), &spoil(&case["input"], &path, value));
            assert!(said.contains(&expected), "{path}: {said}");
        }
    }
}

#[test]
fn weights_of_another_model_or_shape_are_refused() {
    for (n, system) in SYSTEMS.into_iter().enumerate() {
        let name = system.key;
        let case = &cases(name)[0];
        let other = SYSTEMS[(n + 1) % SYSTEMS.len()].key;
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

/// Everything in a nested array whose place in the mask's is 0.
fn fill(value: &mut Value, mask: &Value, with: &Value) {
    match (value, mask) {
        (Value::Array(rows), Value::Array(masks)) => {
            rows.iter_mut().zip(masks).for_each(|(row, mask)| fill(row, mask, with));
        }
        (Value::Array(rows), _) => rows.iter_mut().for_each(|row| fill(row, mask, with)),
        (value, mask) if mask.as_f64() == Some(0.0) => *value = with.clone(),
        _ => {}
    }
}

#[test]
fn what_stands_under_a_mask_is_not_read() {
    for system in SYSTEMS {
        let name = system.key;
        let under_masks = Input::of(name).under_masks;
        for case in &cases(name) {
            let weights = file(name, case);
            let mut input = case["input"].clone();
            let mut masks = Vec::new();
            for (mask, under) in &under_masks {
                for n in ["0", "1", "2"] {
                    let mask = mask.replace('*', n);
                    // The last of each row is padding, so that there is some.
                    let Some(Value::Array(rows)) = input.pointer_mut(&mask) else { continue };
                    for row in rows {
                        let row = row.as_array_mut().expect("a row");
                        *row.last_mut().expect("a column") = json!(0);
                    }
                    masks.push((mask, under, n));
                }
            }
            let expected = score(system, &weights, &input.to_string()).expect("a sound input");
            for garbage in [1e20, -3e38, 2.0] {
                let mut spoilt = input.clone();
                for (mask, under, n) in &masks {
                    let mask = input.pointer(mask).expect("a mask");
                    for (path, below) in under.iter() {
                        let with = if *below == 0 { json!(garbage) } else { json!(below - 1) };
                        let value = spoilt.pointer_mut(&path.replace('*', n)).expect("a field");
                        fill(value, mask, &with);
                    }
                }
                assert_ne!(spoilt, input, "{name}: there is no padding");
                let found =
                    score(system, &weights, &spoilt.to_string()).expect("padding may be anything");
                assert_eq!(found, expected, "{name}");
            }
        }
    }
}

#[test]
fn labels_of_a_candidate_that_is_absent_are_not_read() {
    let system = system("moppr").expect("MOPPR");
    for case in &cases(system.key) {
        let weights = file(system.key, case);
        let with = |labels: u8| {
            let mut input = spoil(&case["input"], "/loss/present/0/0", json!(0));
            for objective in ["relevance", "exposure", "click", "purchase"] {
                let path = format!("/loss/labels/{objective}/0/0");
                input = spoil(&input, &path, json!(labels));
            }
            score(system, &weights, &input.to_string()).expect("a sound input")
        };
        assert_eq!(with(1), with(0));
    }
}

/// Every number of an input, as the path that leads to it.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, value)| numbers(value, &format!("{path}/{name}"), found));
        }
        Value::Array(rows) => {
            let rows = rows.iter().enumerate();
            rows.for_each(|(n, value)| numbers(value, &format!("{path}/{n}"), found));
        }
        Value::Number(_) => found.push(path.into()),
        _ => {}
    }
}

/// The name of a path's field, as a refusal has it: `requests.tokens`.
fn field(path: &str) -> String {
    let mut name = String::new();
    for part in path.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(number) => name += &format!("[{number}]"),
            Err(_) if name.is_empty() => name += part,
            Err(_) => name += &format!(".{part}"),
        }
    }
    name
}

#[test]
fn a_number_that_will_not_do_is_refused_by_its_field() {
    for system in SYSTEMS {
        let name = system.key;
        let (cases, about) = (cases(name), Input::of(name));
        for case in &cases {
            let (weights, input) = (file(name, case), about.whole(case));
            let mut found = Vec::new();
            numbers(&input, "", &mut found);
            // Of a long array one number in so many: all are read alike.
            let step = (found.len() / 150).max(1);
            let loose = found
                .iter()
                .filter(|path| about.left_out.keys().any(|own| path.starts_with(own.as_str())));
            for path in loose.chain(found.iter().step_by(step)) {
                for number in [1e-38, 1e-45, 1e-7, -1e-7, -1.0, 1e7, -1e7, 1e20, -3e38, 1e39, 1e300]
                {
                    let result =
                        score(system, &weights, &spoil(&input, path, json!(number)).to_string());
                    if let Err(error) = result {
                        let said = format!("{error:#}");
                        assert!(said.starts_with(&field(path)), "{path} = {number}: {said}");
                    }
                }
            }
        }
        assert!(!about.numbers.is_empty(), "{name}");
        for (path, number) in &about.numbers {
            let spoilt = spoil(&about.whole(&cases[0]), path, number.clone());
            let said = refusal(system, &file(name, &cases[0]), &spoilt);
            assert!(said.starts_with(&field(path)), "{path}: {said}");
        }
    }
}

#[test]
fn numbers_as_large_as_they_may_be_give_insides() {
    for system in SYSTEMS {
        let name = system.key;
        for case in &cases(name) {
            let (weights, mut input) = (file(name, case), Input::of(name).whole(case));
            let mut found = Vec::new();
            numbers(&input, "", &mut found);
            for path in found {
                for number in [1e6, -1e6] {
                    let spoilt = spoil(&input, &path, json!(number));
                    // As large as it may be with all those before it.
                    if score(system, &weights, &spoilt.to_string()).is_ok() {
                        input = spoilt;
                        break;
                    }
                }
            }
            score(system, &weights, &input.to_string()).expect("every inside is finite");
        }
    }
}
