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

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_ends_a_command_in_silence() {
    let mut command = rank("#q=couch").spawn().expect("it runs");
    drop(command.stdout.take());
    let output = command.wait_with_output().expect("it ends");
    assert_ne!(output.status.code(), Some(101));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
