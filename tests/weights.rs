//! The tables of docs/weights.md against the files in assets/.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::braces::{expanded, quoted};
use nets::models::weights::Weights;
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// What a table says of a tensor.
struct Row {
    shapes: Vec<Vec<usize>>,
    stored: Dtype,
}

/// A chapter: the files that it is about, and their tensors by name.
struct Chapter {
    files: Vec<String>,
    rows: BTreeMap<String, Row>,
}

/// "[2, 3], [4]" as numbers.
fn shapes(cell: &str) -> Vec<Vec<usize>> {
    cell.split('[')
        .skip(1)
        .map(|shape| {
            let (inside, _) = shape.split_once(']').expect("a bracket that closes");
            inside.split(',').map(|n| n.trim().parse().expect("a number")).collect()
        })
        .collect()
}

fn chapters() -> Vec<Chapter> {
    let text = fs::read_to_string(root().join("docs/weights.md")).expect("docs/weights.md");
    let mut chapters = Vec::new();
    for chapter in text.split("\n## ").filter(|chapter| chapter.contains("\nFiles: ")) {
        let (_, files) = chapter.split_once("\nFiles: ").expect("its files");
        let (files, table) = files.split_once("\n\n").expect("its text");
        let mut rows = BTreeMap::new();
        for line in table.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let stored = match cells[3] {
                "I8" => Dtype::I8,
                "F16" => Dtype::F16,
                other => panic!("{other}: stored as I8 or F16"),
            };
            for name in expanded(&quoted(cells[1])[0]) {
                let row = Row { shapes: shapes(cells[2]), stored };
                assert!(!row.shapes.is_empty(), "{name} has no shape");
                assert!(rows.insert(name.clone(), row).is_none(), "{name} is there twice");
            }
        }
        assert!(!rows.is_empty());
        chapters.push(Chapter { files: quoted(files), rows });
    }
    chapters
}

fn asset(file: &str) -> Option<Vec<u8>> {
    fs::read(root().join("assets").join(file)).ok()
}

#[test]
fn names_in_braces_stand_for_several() {
    assert_eq!(expanded("a.{0-2}.b"), ["a.0.b", "a.1.b", "a.2.b"]);
    assert_eq!(expanded("{a,b}.{1,2}"), ["a.1", "a.2", "b.1", "b.2"]);
    assert_eq!(shapes("[2, 3], [4]"), [vec![2, 3], vec![4]]);
}

#[test]
fn every_file_is_described_and_every_described_tensor_is_there() {
    let mut described = BTreeSet::new();
    for Chapter { files, rows } in chapters() {
        let mut unseen: BTreeMap<&String, BTreeSet<Vec<usize>>> = BTreeMap::new();
        for (name, row) in &rows {
            unseen.insert(name, row.shapes.iter().cloned().collect());
        }
        let mut found = 0;
        for file in files {
            described.insert(file.clone());
            // A file that nobody has trained yet is no fault of the text's.
            let Some(bytes) = asset(&file) else { continue };
            found += 1;
            let tensors = SafeTensors::deserialize(&bytes).expect("a weights file");
            for (name, tensor) in tensors.iter() {
                if let Some(of) = name.strip_suffix(".scale") {
                    let matrix = tensors.tensor(of).expect("what the scales are of");
                    assert_eq!(tensor.dtype(), Dtype::F32, "{file}: {name}");
                    assert_eq!(tensor.shape(), &matrix.shape()[..1], "{file}: {name}");
                    continue;
                }
                let row = rows.get(name).unwrap_or_else(|| panic!("{file}: {name} is not listed"));
                let shape = tensor.shape().to_vec();
                assert!(row.shapes.contains(&shape), "{file}: {name} is {shape:?}");
                assert_eq!(tensor.dtype(), row.stored, "{file}: {name}");
                unseen.get_mut(&name.to_owned()).expect("a row").remove(&shape);
            }
        }
        assert!(found > 0, "none of the chapter's files is there");
        unseen.retain(|_, shapes| !shapes.is_empty());
        assert!(unseen.is_empty(), "listed, but in no file: {unseen:?}");
    }
    for entry in fs::read_dir(root().join("assets")).expect("assets") {
        let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
        assert!(!name.ends_with(".safetensors") || described.contains(&name), "{name}");
    }
}

#[test]
fn integers_times_the_scale_of_their_row_are_the_weights() {
    let mut held = 0;
    for file in chapters().into_iter().flat_map(|chapter| chapter.files) {
        let Some(bytes) = asset(&file) else { continue };
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a weights file");
        let metadata = header.metadata().clone().expect("metadata");
        let Some(about) = metadata.get("vitrine") else { continue };
        let about: Value = serde_json::from_str(about).expect("JSON");
        for field in ["format", "model", "market_seed", "command", "config"] {
            assert!(about.get(field).is_some(), "{file}: {field}");
        }
        let model = about["model"].as_str().expect("a name");
        let read = Weights::from_bytes(&bytes, model).expect("sound weights");
        let tensors = SafeTensors::deserialize(&bytes).expect("a weights file");
        for (name, tensor) in tensors.iter().filter(|(_, tensor)| tensor.dtype() == Dtype::I8) {
            let scales = tensors.tensor(&format!("{name}.scale")).expect("scales");
            let scales = scales.data().as_chunks::<4>().0;
            let row = tensor.data().len() / scales.len();
            for (n, (&q, value)) in tensor.data().iter().zip(&read.arrays[name].values).enumerate()
            {
                let expected = f32::from_le_bytes(scales[n / row]) * f32::from(q.cast_signed());
                assert_eq!(expected, *value, "{file}: {name}");
                held += 1;
            }
        }
    }
    assert!(held > 100_000, "{held}");
}
