//! The commands as a shell runs them.

use std::fs;
use std::process::{Command, Output, Stdio};

use futures::executor::block_on;
use lab::native::Folder;
use lab::online::kept::Kept;
use link::recipe::{Recipe, SHOPPERS};
use nets::models::weights::Precision;
use systems::dmt::ORDERS;
use systems::knob::Settings;
use trainer::run::Ground;
use training::learning::Asked;
use training::slices::whole;

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
fn an_arm_is_ranked_with_weights_from_a_file() {
    let shipped = ab("#", &[]);
    // Those that ship are what ships, by their own ranker and variant.
    let same = "assets/dmt-mmoe-position-neighbours.safetensors";
    assert_eq!(ab("#ranker=mlpr", &["--weights-b", same]), shipped);
    let path = saved("tried");
    let folder = beside("tried");
    let keep = ["--weights-b", &path, "--keep", "tried", "--work", &folder];
    assert_ne!(ab("#", &keep), shipped);
    // What is kept says what it was ranked with, so that it is not taken for what ships.
    let kept = Kept::read(folder.as_ref(), "tried").expect("a file").expect("it is there");
    let [a, b] = kept.setup.assets;
    assert_eq!((&*a, b), ("assets", format!("assets with the weights of {path}")));
    fs::remove_dir_all(folder).expect("it was made");

    let told = |more: &[&str]| {
        let asked = ["ab", "--b", "#", "--shoppers", "8", "--days", "7"];
        vitrine(&[&asked[..], more].concat()).expect_err("it is refused")
    };
    let wrong = told(&["--weights-b", "README.md"]);
    assert!(wrong.contains("README.md") && wrong.contains("no file of weights"), "{wrong}");
    let retriever = told(&["--weights-a", "assets/moppr.safetensors"]);
    assert!(retriever.contains("weights of “moppr”"), "{retriever}");
    for arm in ["shop", "shop+#candidates=60"] {
        let own = told(&["--a", arm, "--weights-a", &path]);
        assert!(own.contains(&path) && own.contains("the production shop's own ranker"), "{own}");
    }
    fs::remove_file(path).expect("it was made");
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

/// `vitrine index`.
fn index(arguments: &[&str]) -> Result<Vec<String>, String> {
    vitrine(&[&["index"], arguments].concat())
}

/// What a command printed, or else what it said of an error.
fn vitrine(arguments: &[&str]) -> Result<Vec<String>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
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

/// A file of weights as a training in the tab saves them: DMT after two steps, without the sequence of orders.
fn saved(name: &str) -> String {
    let ground = block_on(Ground::fetch(&Folder("assets".into()))).expect("the shop's files");
    let mut recipe = Recipe::default();
    recipe.set(&SHOPPERS, 50.0);
    recipe.set(&ORDERS, 1.0);
    let data = whole(ground.learned(&recipe, |_, _| ())).expect("the CPU");
    let settings = Settings::default();
    let asked = Asked { settings: &settings, chosen: &recipe };
    let mut steps = data.samples().begin(asked, &[]).expect("networks");
    assert!((0..2).all(|_| steps.step().is_some_and(f32::is_finite)));
    let looked = whole(steps.look("learned in a test")).expect("numbers");
    let bytes = looked.weights.to_bytes(Precision::Int8).expect("numbers");
    let path = beside(&format!("{name}.safetensors"));
    fs::write(&path, bytes).expect("the file");
    path
}

#[test]
fn weights_that_a_tab_saved_are_measured_and_ranked_with() {
    let path = saved("learned");
    let own = ["--weights", &*path];
    // What stands behind each value of the knob.
    let measure = |more: &[&str]| -> Vec<Vec<String>> {
        let lines = vitrine(&[&["measure", "--views", "6"], more].concat()).expect("measures");
        let cells = |line: &String| {
            line.split('|').skip(2).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        };
        lines[2..].iter().map(cells).collect()
    };
    let shipped = measure(&[]);
    assert!(shipped.len() == 1 && shipped[0].len() > 5, "{shipped:?}");
    let turned = [&own[..], &["--knob", "weights", "--values", "shipped,learned"]].concat();
    let both = measure(&turned);
    assert_eq!(both[0], shipped[0]);
    assert_ne!(both[1], shipped[0]);
    assert_eq!(measure(&own), both[1..]);

    let rank =
        |link: &str, more: &[&str]| vitrine(&[&["rank", link], more].concat()).expect("a ranking");
    let couch = rank("#q=couch", &[]);
    assert_ne!(rank("#q=couch", &own), couch);
    // Who opens what ships ranks as what ships does; its ranker and variant come with a file.
    let same = "assets/dmt-mmoe-position-neighbours.safetensors";
    assert_eq!(rank("#q=couch&ranker=mlpr", &["--weights", same]), couch);
    let mlpr = rank("#q=couch&ranker=mlpr", &[]);
    assert_eq!(rank("#q=couch", &["--weights", "assets/mlpr.safetensors"]), mlpr);

    // What the tab's table says of it, beside what ships.
    let lines = vitrine(&["evaluate", "weights", &path]).expect("measures");
    assert!(lines[0].ends_with("learned.safetensors: learned in a test"), "{lines:?}");
    let auc = lines.iter().find(|line| line.starts_with("| AUC of clicks |")).expect("its row");
    let numbers = auc.split('|').skip(2).filter_map(|cell| cell.trim().parse().ok());
    let numbers: Vec<f32> = numbers.collect();
    let [learned, ships] = numbers[..] else { panic!("{auc}") };
    assert!(ships > 0.7 && ships > learned + 0.05, "{auc}");
    fs::remove_file(path).expect("it was made");
}

#[test]
fn weights_that_are_none_of_this_shops_are_told_by_name() {
    let told = |path: &str, says: &str| {
        let told = vitrine(&["measure", "--views", "1", "--weights", path]).expect_err(path);
        assert!(told.contains(path) && told.contains(says), "{told}");
    };
    told("assets/none.safetensors", "No such file");
    told("README.md", "no file of weights");
    told("assets/moppr.safetensors", "weights of “moppr”");
    let whole = fs::read("assets/dmt-mmoe-position-neighbours.safetensors").expect("what ships");
    let with = |from: &str, to: &str| {
        let (from, to) = (from.as_bytes(), to.as_bytes());
        let place = whole.windows(from.len()).position(|part| part == from).expect("it says so");
        [&whole[..place], to, &whole[place + from.len()..]].concat()
    };
    let path = beside("other.safetensors");
    for (bytes, says) in [
        (whole[..whole.len() / 2].to_vec(), "cut short or damaged"),
        (with(r#"market_seed\":1"#, r#"market_seed\":7"#), "another catalogue"),
        (with(r#"heads\":2"#, r#"heads\":4"#), "networks of other sizes"),
        (with(r#""shape":[36,32]"#, r#""shape":[32,36]"#), "has shape [36] in place of [32]"),
    ] {
        fs::write(&path, bytes).expect("the file");
        told(&path, says);
    }
    let ranked = vitrine(&["evaluate", "weights", &path]).expect_err("it is damaged");
    assert!(ranked.contains(&path), "{ranked}");
    fs::remove_file(path).expect("it was made");
}
