//! The commands as a shell runs them.

use std::process::{Command, Output, Stdio};

use lab::online::kept::Kept;

/// `vitrine rank` of a link.
fn rank(link: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["rank", link]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it printed, without the times that it took, and its notes.
fn said(output: &Output) -> (Vec<String>, Vec<String>) {
    assert!(output.status.success(), "{output:?}");
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().filter(|line| !line.ends_with(" ms")).map(String::from).collect()
    };
    (lines(&output.stdout), lines(&output.stderr))
}

#[test]
fn a_whole_address_ranks_as_its_link_does_and_notes_stand_apart() {
    let (clean, notes) = said(&rank("#q=couch&w-order=0.3").output().expect("it runs"));
    assert!(clean.len() > 10 && notes.is_empty(), "{clean:?} {notes:?}");
    let of_the_page = "lang=zh&embed=shelf&panel=nowhere&lesson=03-temperature.2&lecture=on\
                       &metrics=none&bench=1,x&a=q:sofa;colour:red";
    let address = format!(
        "https://shop.example/vitrine/?utm_source=mail#v=1&q=couch&{of_the_page}&w-order=0.3&shoe=red)."
    );
    let (found, notes) = said(&rank(&address).output().expect("it runs"));
    assert_eq!(found, clean);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("shoe"), "{notes:?}");
}

/// `vitrine ab` of the production shop against an arm; its table, row by row, without the times.
fn ab(b: &str, more: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["ab", "--a", "shop", "--b", b]);
    let output = command.args(["--days", "7", "--shoppers", "8"]).args(more).output();
    let (lines, notes) = said(&output.expect("it runs"));
    assert_eq!(notes, [""; 0]);
    let cells = |line: &String| line.split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.iter().filter(|line| line.starts_with('|')).map(cells).collect()
}

fn row<'a>(table: &'a [Vec<String>], name: &str) -> &'a [String] {
    table.iter().find(|row| row[1] == name).unwrap_or_else(|| panic!("no {name} in {table:?}"))
}

#[test]
fn the_shop_is_tried_against_the_playground_and_beside_its_retriever() {
    let playground = ab("#w-order=0.5", &["--twins"]);
    assert_eq!(row(&playground, "P_exposure")[2..4], ["0.00 %", "100.00 %"]);
    assert_eq!(playground, ab("#w-order=0.5", &["--twins", "--threads", "1"]), "the same seed");
    let folder = std::env::temp_dir().join(format!("vitrine-ab-{}", std::process::id()));
    let work = folder.to_string_lossy();
    let beside =
        ab("shop+#candidates=60", &["--on", "search", "--keep", "a-test", "--work", &work]);
    let share = row(&beside, "P_exposure")[3].trim_end_matches(" %").parse::<f64>();
    assert!(share.as_ref().is_ok_and(|share| (5.0..100.0).contains(share)), "{share:?}");
    assert_ne!(row(&beside, "transactions"), row(&beside, "transactions, whole shop"));
    // What is printed is what is kept.
    let kept = Kept::read(&folder, "a-test").expect("a file").expect("it is there");
    let moved = kept.measures.iter().find(|moved| moved.measure == "P_exposure");
    let exposure = moved.expect("it is measured").expected;
    assert_eq!(format!("{:.2} %", 100.0 * exposure.b), row(&beside, "P_exposure")[3]);
    assert_eq!((&*kept.setup.b, kept.setup.shoppers), ("shop+#candidates=60", 8));
    std::fs::remove_dir_all(&folder).expect("it was made");
}

#[test]
fn a_test_is_kept_under_a_plain_name_or_not_begun() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    let output = command.args(["ab", "--b", "shop", "--keep", "../x"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("letters, digits and dashes"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_ends_a_command_in_silence() {
    let mut command = rank("#q=couch").spawn().expect("it runs");
    drop(command.stdout.take());
    let output = command.wait_with_output().expect("it ends");
    assert_ne!(output.status.code(), Some(101));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// `vitrine index`: what it printed, or else what it said of an error.
fn index(arguments: &[&str]) -> Result<Vec<String>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("index").args(arguments);
    let output = command.env("RUST_BACKTRACE", "0").output().expect("it runs");
    match output.status.code() {
        Some(0) => Ok(said(&output).0),
        Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        other => panic!("{other:?}: {output:?}"),
    }
}

/// A path for a file of this test run.
fn beside(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("vitrine-{}-{name}", std::process::id()));
    path.to_string_lossy().into_owned()
}

/// The same vectors, as NumPy, safetensors and pandas write them.
#[test]
fn vectors_of_every_format_are_indexed_and_searched() {
    let mut found = Vec::new();
    for format in ["npy", "safetensors", "parquet"] {
        let vectors = format!("tests/vectors/small.{format}");
        let tree = beside(&format!("{format}.index"));
        let built = index(&["build", &vectors, "--to", &tree, "--leaf", "3"]).expect("it is built");
        assert!(built[0].starts_with("tree of 12 vectors: "), "{built:?}");
        let search = ["search", &tree, "--queries", &vectors, "--top", "2"];
        found.push(index(&search).expect("it is searched"));
        let exact = [search.as_slice(), &["--exact"]].concat();
        assert_eq!(index(&exact), Ok(found[0].clone()), "a beam of 32 is wider than this tree");
        std::fs::remove_file(tree).expect("the tree");
    }
    assert!(found.iter().all(|lines| *lines == found[0]), "{found:?}");
    assert_eq!(found[0].len(), 1 + 24);
    for (number, lines) in found[0][1..].chunks(2).enumerate() {
        let itself = format!("{number} 1 {number} 1.0");
        assert!(
            lines[0].starts_with(&itself) || lines[0].starts_with(&itself.replace("1.0", "0.99"))
        );
    }
    let bench = ["bench", "tests/vectors/small.npy", "--leaf", "2", "--queries", "3", "--top", "4"];
    let said = index(&[bench.as_slice(), &["--beams", "1,99"]].concat()).expect("it is measured");
    assert!(said[0].starts_with("9 vectors of 5 values, of tests/vectors/small.npy; 3 queries"));
    assert!(said.last().is_some_and(|line| line.starts_with("| 99 | 1.0000 | ")), "{said:?}");
}

#[test]
fn files_that_are_no_vectors_are_told_by_name() {
    let to = beside("none.index");
    let build = |path: &str, more: &[&str]| {
        let told = index(&[&["build", path, "--to", &to], more].concat()).expect_err(path);
        assert!(told.contains(path), "{told}");
        told
    };
    assert!(build("tests/vectors/none.npy", &[]).contains("No such file"));
    assert!(build("README.md", &[]).contains(".npy, .safetensors and .parquet"));
    for format in ["npy", "safetensors", "parquet"] {
        let whole = std::fs::read(format!("tests/vectors/small.{format}")).expect("the sample");
        let path = beside(&format!("cut.{format}"));
        for bytes in [&whole[..whole.len() - 8], b"something else altogether"] {
            std::fs::write(&path, bytes).expect("the file");
            let told = build(&path, &[]);
            assert!(told.contains("cut short") || told.contains("it is no "), "{told}");
        }
        std::fs::remove_file(path).expect("the file");
    }
    let wrong = build("tests/vectors/small.parquet", &["--name", "title"]);
    assert!(wrong.contains("only embedding"), "{wrong}");
    // A value that is no number is told by its row.
    let mut bytes = std::fs::read("tests/vectors/small.npy").expect("the sample");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let path = beside("nan.npy");
    std::fs::write(&path, bytes).expect("the file");
    assert!(build(&path, &[]).contains("vector 11: value 4 is NaN"));
    std::fs::remove_file(path).expect("the file");
    let queries = ["search", "README.md", "--queries", "tests/vectors/small.npy"];
    let told = index(&queries).expect_err("it is no tree");
    assert!(told.contains("README.md") && told.contains("not a clustering tree"), "{told}");
    assert!(
        index(&["bench", "tests/vectors/small.npy"]).is_err_and(|told| told.contains("too few"))
    );
}
