//! The commands as a shell runs them.

use std::process::{Command, Output, Stdio};

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
    let beside = ab("shop+#candidates=60", &["--on", "search"]);
    let share = row(&beside, "P_exposure")[3].trim_end_matches(" %").parse::<f64>();
    assert!(share.as_ref().is_ok_and(|share| (5.0..100.0).contains(share)), "{share:?}");
    assert_ne!(row(&beside, "transactions"), row(&beside, "transactions, whole shop"));
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
