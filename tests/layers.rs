//! The layers as ARCHITECTURE.md draws them, held against the crates' manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// By crate, what its rows say that it knows.
fn drawn() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("the map");
    let mut layers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let table = text.split("| crate | what it is for | knows |").nth(1).expect("the layers");
    for row in table.lines().take_while(|row| row.is_empty() || row.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Some(name) = cells.get(1).and_then(|cell| cell.strip_prefix("`src/")) else { continue };
        let (name, _) = name.split_once('/').expect("a folder");
        let known = cells[3].split('`').skip(1).step_by(2).map(String::from);
        layers.entry(name.into()).or_default().extend(known);
    }
    layers
}

/// The crates that a manifest depends on, other than for tests.
fn depended_on(name: &str) -> BTreeSet<String> {
    let path = format!("src/{name}/Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let dependencies = text.split("[dependencies]").nth(1).expect("dependencies");
    let dependencies = dependencies.lines().skip(1).take_while(|line| !line.starts_with('['));
    let inner = dependencies.filter(|line| line.contains("path = "));
    inner.filter_map(|line| Some(line.split_once(' ')?.0.to_string())).collect()
}

/// What a crate knows, and what that knows in its turn.
fn reach(layers: &BTreeMap<String, BTreeSet<String>>, of: &str, found: &mut BTreeSet<String>) {
    for known in layers.get(of).into_iter().flatten().filter(|known| *known != of) {
        if found.insert(known.clone()) {
            reach(layers, known, found);
        }
    }
}

#[test]
fn a_crate_knows_what_the_map_says_and_no_more() {
    let layers = drawn();
    let crates = fs::read_dir("src").expect("the crates").map(|entry| entry.expect("an entry"));
    let crates = crates.filter(|entry| entry.path().join("Cargo.toml").is_file());
    let crates: BTreeSet<String> =
        crates.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(layers.keys().cloned().collect::<BTreeSet<_>>(), crates);
    for name in &crates {
        let mut may = BTreeSet::new();
        reach(&layers, name, &mut may);
        let known = depended_on(name);
        assert!(known.is_subset(&may), "{name} depends on {known:?}, and may on {may:?}");
        for said in layers[name].iter().filter(|said| *said != name) {
            assert!(known.contains(said), "{name} is said to know {said}, and does not");
        }
    }
}

#[test]
fn no_layer_knows_one_above_it() {
    let layers = drawn();
    for name in layers.keys() {
        let mut known = BTreeSet::new();
        reach(&layers, name, &mut known);
        assert!(!known.contains(name), "{name} knows itself by others");
    }
}

/// Rust files under a folder.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect(folder) {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&name));
        } else if name.ends_with(".rs") {
            found.push(name);
        }
    }
    found
}

#[test]
fn nobody_outside_a_systems_own_files_decides_by_its_name() {
    // Where each engine's system has its line, and the coarse ranker, which stands on MOPPR's towers.
    let registries = [
        "src/engine/pipeline/retrieve.rs",
        "src/engine/pipeline/rank.rs",
        "src/engine/pipeline/coarse.rs",
    ];
    let systems = ["moppr", "yandex", "bm25", "dmt", "mlpr", "retrieval_alone"];
    for system in systems {
        assert!(
            fs::exists(format!("src/systems/{system}.rs")).is_ok_and(|there| there),
            "{system}"
        );
    }
    let named = |line: &str| {
        systems.iter().any(|system| {
            let used =
                [format!("{system}::"), format!("\"{system}\""), format!("systems::{system}")];
            used.iter().any(|used| line.contains(used.as_str()))
        })
    };
    let folders =
        ["page", "studio", "protocol", "link", "lessons", "worker", "trainer", "engine/pipeline"];
    for file in folders.iter().flat_map(|folder| files(&format!("src/{folder}"))) {
        let own = systems.iter().any(|system| file.ends_with(&format!("/{system}.rs")));
        if own || registries.contains(&file.as_str()) || file.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a file");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let naming: Vec<&str> = text.lines().filter(|line| named(line)).collect();
        assert!(naming.is_empty(), "{file} names a system: {naming:#?}");
    }
}
