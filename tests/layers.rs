//! The layers as ARCHITECTURE.md draws them, held against the crates' manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use systems::registry::{RANKER_KEYS, RETRIEVER_KEYS};
use systems::retrieval_alone;

/// Row by row, a crate and what is said there that it knows.
fn rows() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("the map");
    let table = text.split("| crate | what it is for | knows |").nth(1).expect("the layers");
    let rows = table.lines().take_while(|row| row.is_empty() || row.starts_with('|'));
    let read = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (name, _) = cells.get(1)?.strip_prefix("`src/")?.split_once('/').expect("a folder");
        let known = cells[3].split('`').skip(1).step_by(2).map(String::from);
        Some((name.to_owned(), known.collect::<Vec<String>>()))
    };
    rows.filter_map(read).collect()
}

/// By crate, what its rows say that it knows.
fn drawn() -> BTreeMap<String, BTreeSet<String>> {
    let mut layers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, known) in rows() {
        layers.entry(name).or_default().extend(known);
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

#[test]
fn a_crate_stands_below_those_that_it_knows() {
    let rows = rows();
    for (place, (name, known)) in rows.iter().enumerate() {
        for known in known.iter().filter(|known| *known != name) {
            let before = rows[..place].iter().any(|(other, _)| other == known);
            assert!(before, "{name} knows {known}, which the map has no row of before its own");
        }
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

/// Files of the systems in `src/systems/`: the registry's keys, and the ranker that ranks nothing.
fn systems() -> Vec<&'static str> {
    let keys = RETRIEVER_KEYS.into_iter().chain(RANKER_KEYS);
    keys.map(|key| if key == retrieval_alone::RANKER.key { "retrieval_alone" } else { key })
        .collect()
}

/// Where every system of a layer has its line.
const REGISTRIES: [&str; 5] = [
    "src/systems/registry.rs",
    "src/engine/pipeline/retrieve.rs",
    "src/engine/pipeline/rank.rs",
    "src/training/lib.rs",
    "src/lab/registry.rs",
];

/// Who names a system all the same, and why.
const NAMING: [(&str, &str); 6] = [
    ("src/engine/pipeline/coarse.rs", "the coarse ranker stands on MOPPR's towers (MOPPR 7.3)"),
    ("src/nets/models/coarse_ranker.rs", "the same network"),
    ("src/training/coarse_ranker.rs", "and its training"),
    ("src/lab/cli/coarse_ranker.rs", "and its command"),
    ("src/lab/cli/samples.rs", "counts the samples of each paper, by its own rules"),
    ("src/engine/retrieval/lexical.rs", "the package of that name, not the system"),
];

/// What of a file is compiled for more than tests, without comments: an item behind `#[cfg(test)]` ends as
/// rustfmt has it, with a brace or a semicolon as far from the margin as it began.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let told = line.trim_start();
        if told == "#[cfg(test)]" {
            let margin = &line[..line.len() - told.len()];
            let ends = |line: &str| {
                line.strip_prefix(margin).is_some_and(|rest| {
                    rest == "}" || (rest.ends_with(';') && !rest.starts_with([' ', '#']))
                })
            };
            lines.by_ref().find(|line| ends(line));
        } else if !told.starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

#[test]
fn code_is_what_stands_between_tests_and_behind_them() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\n// b\nfn c() {\n    d();\n}\n\
                impl E {\n    #[cfg(test)]\n    fn f() {\n        g();\n    }\n    fn h() {}\n}\n\
                #[cfg(test)]\n#[allow(dead_code)]\nmod more {\n    fn i() {}\n}\nfn j() {}\n";
    let code = "use a;\nfn c() {\n    d();\n}\nimpl E {\n    fn h() {}\n}\nfn j() {}\n";
    assert_eq!(code_of(text), code);
}

/// Nor does a system's own file decide by another's.
#[test]
fn nobody_outside_a_systems_own_files_decides_by_its_name() {
    let systems = systems();
    for system in &systems {
        let file = format!("src/systems/{system}.rs");
        assert!(fs::exists(&file).is_ok_and(|there| there), "{file}");
    }
    let named = |line: &str, system: &str| {
        let constant = format!("::{}", system.to_uppercase());
        let used = [format!("{system}::"), format!("\"{system}\""), constant];
        used.iter().any(|used| line.contains(used.as_str()))
    };
    let mut naming = BTreeMap::new();
    for file in files("src") {
        if REGISTRIES.contains(&file.as_str())
            || file.ends_with("/tests.rs")
            || file.contains("/tests/")
        {
            continue;
        }
        let is_own = |system: &str| {
            file.ends_with(&format!("/{system}.rs")) || file.contains(&format!("/{system}/"))
        };
        let others: Vec<&str> = systems.iter().copied().filter(|of| !is_own(of)).collect();
        let code = code_of(&fs::read_to_string(&file).expect("a file"));
        let lines = code.lines().filter(|line| others.iter().any(|other| named(line, other)));
        let lines: Vec<String> = lines.map(String::from).collect();
        if !lines.is_empty() {
            naming.insert(file, lines);
        }
    }
    for (file, why) in NAMING {
        assert!(naming.remove(file).is_some(), "{file} names no system any more ({why})");
    }
    assert!(naming.is_empty(), "these name a system: {naming:#?}");
}

/// The names that stand behind a prefix of paths: of `super::a::B` and `super::{c::{D, E}, f}` a, c and f.
fn named_behind(code: &str, prefix: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        // The end of a longer path is none.
        if code[..at].ends_with(|c: char| c == ':' || c == '_' || c.is_alphanumeric()) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (end, sign) in list.char_indices() {
            if depth == 0 && (sign == ',' || sign == '}') {
                found.insert(name(&list[start..end]));
                start = end + 1;
            }
            match sign {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    // Behind the last comma of a list there is none.
    found.remove("");
    found
}

#[test]
fn a_path_names_what_stands_first_in_it() {
    let found = |code| named_behind(code, "super::").into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(found("use super::a::B;\nuse super::{\n    c::{D, E},\n    f,\n};"), "a c f");
    assert_eq!(found("let g = super::h(super::super::i());"), "h super");
}

/// Who needs whom among the files of a folder has an order, as crates have.
#[test]
fn of_two_files_side_by_side_one_needs_the_other_at_most() {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files("src") {
        let (folder, name) = file.rsplit_once('/').expect("a folder");
        let name = name.strip_suffix(".rs").expect("a source");
        if !["lib", "main", "mod", "tests"].contains(&name) {
            folders.entry(folder.into()).or_default().insert(name.into());
        }
    }
    let mut circles = BTreeSet::new();
    for (folder, names) in &folders {
        let mut above = Path::new(folder).ancestors();
        let root = above.find(|of| of.join("Cargo.toml").is_file()).expect("a crate");
        let within = Path::new(folder).strip_prefix(root).expect("a folder of its crate");
        let within = within.iter().map(|part| format!("{}::", part.to_string_lossy()));
        let prefixes = ["super::".to_owned(), format!("crate::{}", within.collect::<String>())];
        let needs = |name: &String| {
            let text = fs::read_to_string(format!("{folder}/{name}.rs")).expect("a source");
            let code = code_of(&text);
            let named = prefixes.iter().flat_map(|prefix| named_behind(&code, prefix));
            // Whoever wants every system asks the registry, which names each.
            let needed = named.filter(|of| of != name && of != "registry" && names.contains(of));
            (name.clone(), needed.collect::<BTreeSet<String>>())
        };
        let graph: BTreeMap<String, BTreeSet<String>> = names.iter().map(needs).collect();
        for name in names {
            let mut known = BTreeSet::new();
            reach(&graph, name, &mut known);
            if known.contains(name) {
                circles.insert(format!("{folder}/{name}.rs"));
            }
        }
    }
    assert!(circles.is_empty(), "these need each other: {circles:#?}");
}

/// The one file that draws what systems show of themselves, shape by shape.
const RENDERER: &str = "src/page/insides/blocks.rs";

/// Page and studio show shapes, and no system: one of their files tells the shapes apart, and in no message
/// is there a field for what one system shows of itself.
#[test]
fn one_file_draws_the_shapes_and_no_message_has_a_systems_own_insides() {
    let code = |file: &str| {
        let text = fs::read_to_string(file).expect("a file");
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    };
    let rooms: Vec<String> = ["src/page", "src/studio"].map(files).concat();
    assert!(rooms.len() > 50, "{rooms:?}");
    let telling: Vec<String> =
        rooms.into_iter().filter(|file| code(file).contains("Shape::")).collect();
    assert_eq!(telling, [RENDERER]);
    // Whoever wants more of a system than a block has to say so here.
    let mut shapes = BTreeSet::new();
    for file in files("src/protocol").iter().filter(|file| !file.ends_with("/block.rs")) {
        let code = code(file);
        let named = code.lines().filter(|line| line.contains("block::"));
        shapes.extend(named.map(String::from));
    }
    assert_eq!(shapes.into_iter().collect::<Vec<_>>(), ["use crate::block::Block;"]);
}

/// What a manifest's table holds, line by line, comments left out.
fn table_of(manifest: &str, table: &str) -> Vec<String> {
    let text = fs::read_to_string(manifest).expect(manifest);
    let lines = text.lines().skip_while(|line| line.trim() != format!("[{table}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let told = |line: &&str| !line.is_empty() && !line.starts_with('#');
    lines.filter(told).map(String::from).collect()
}

/// The features of every crate as ARCHITECTURE.md lists them are those of the manifests.
#[test]
fn the_map_names_every_feature() {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("the map");
    let listed = text.split("| crate | feature | what for |").nth(1).expect("the features");
    let rows = listed.lines().take_while(|row| row.is_empty() || row.starts_with('|'));
    let quoted =
        |row: &str| row.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
    let listed: BTreeSet<(String, String)> = rows
        .map(|row| row.split('|').collect::<Vec<_>>())
        .filter(|cells| cells.len() > 3 && cells[1].contains('`'))
        .flat_map(|cells| {
            let (of, features) = (quoted(cells[1]), quoted(cells[2]));
            let pairs = move |of: String| {
                let features = features.clone();
                features.into_iter().map(move |feature| (of.clone(), feature))
            };
            of.into_iter().flat_map(pairs).collect::<Vec<_>>()
        })
        .collect();
    let mut declared = BTreeSet::new();
    let mut manifests = vec![("vitrine".to_owned(), "Cargo.toml".to_owned())];
    let workspace = fs::read_to_string("Cargo.toml").expect("the workspace");
    let members = workspace.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    for member in members.expect("the members").split('"').skip(1).step_by(2) {
        let name = member.strip_prefix("src/").expect("a crate");
        manifests.push((name.into(), format!("{member}/Cargo.toml")));
    }
    for (name, manifest) in manifests {
        for line in table_of(&manifest, "features") {
            let (feature, _) = line.split_once(" =").expect("a feature");
            declared.insert((name.clone(), feature.to_owned()));
        }
    }
    assert_eq!(listed, declared);
}

/// So page and studio are built on the same, and what one has compiled the other takes.
#[test]
fn page_and_studio_ask_nothing_more_of_a_package_than_the_workspace_does() {
    let layers = drawn();
    let mut known = BTreeSet::from(["studio".to_owned()]);
    reach(&layers, "studio", &mut known);
    assert!(known.contains("page") && known.contains("market"), "{known:?}");
    for layer in known {
        for line in table_of(&format!("src/{layer}/Cargo.toml"), "dependencies") {
            assert!(!line.contains("features"), "{layer}: {line}");
        }
    }
}

/// Examples in docs are run where there are some; elsewhere nothing is compiled in search of them.
#[test]
fn a_crate_with_examples_in_its_docs_runs_them() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    // The first line of every other fence opens a block; one that says "text" is none to run.
    let has_example = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a source");
        let told = text.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
        });
        let fences = told.filter_map(|told| told.trim().strip_prefix("```"));
        fences.step_by(2).any(|kind| kind != "text")
    };
    for name in drawn().keys() {
        let is_run = !table_of(&format!("src/{name}/Cargo.toml"), "lib")
            .contains(&"doctest = false".to_owned());
        let mut files = Vec::new();
        sources(Path::new(&format!("src/{name}")), &mut files);
        let example = files.iter().find(|path| has_example(path));
        assert_eq!(is_run, example.is_some(), "{name}: doctest in its manifest, {example:?}");
    }
}
